"""What somebody with a small part tries in the admin, and in vain: addresses of people elsewhere, keys of sessions, odd input."""

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import User
from cohorts.models import Conflict
from tests.cohorts.world import make_world
from tests.factories import CohortFactory, GitHubIdentityFactory, MembershipFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


class TestAddressesOfPeople:
    """Members of one cohort see each other's names; who organises *another* session reads no more of them in the admin."""

    @pytest.fixture
    def mate(self, world):
        cohort = CohortFactory(session=SessionFactory())
        MembershipFactory(cohort=cohort, user=world.organiser)
        mate = MembershipFactory(cohort=cohort).user
        GitHubIdentityFactory(user=mate, login="mate-login")
        return mate

    def test_a_mate_of_a_cohort_is_visible_on_the_site(self, world, mate):
        assert User.objects.visible_to(world.organiser).contains(mate)

    def test_but_not_in_the_lists_that_show_addresses(self, client, world, mate):
        client.force_login(world.organiser)
        for name in ("user", "githubidentity"):
            page = client.get(reverse(f"admin:accounts_{name}_changelist") + f"?q={mate.email[:8]}")
            assert mate not in [getattr(row, "user", row) for row in page.context["cl"].queryset]
        assert client.get(reverse("admin:accounts_user_change", args=[mate.pk])).status_code == 404
        assert client.get(reverse("admin:accounts_githubidentity_change", args=[mate.github.pk])).status_code == 404

    def test_the_people_whom_one_organises_are_there(self, client, world):
        client.force_login(world.organiser)
        rows = client.get(reverse("admin:accounts_user_changelist")).context["cl"].queryset
        expected = {world.organiser, world.reviewer, world.navigator, world.captain}
        assert set(rows) == expected | {application.applicant for application in world.applications}

    def test_the_operator_reads_all(self, client, world, mate):
        client.force_login(world.operator)
        assert mate in client.get(reverse("admin:accounts_user_changelist")).context["cl"].queryset


def test_not_even_the_operator_is_shown_the_keys_of_sessions():
    assert not [model for model in admin.site._registry if model._meta.app_label in ("usersessions", "sessions")]


def test_each_list_counts_beside_its_filters_or_leaves_it(client, world):
    client.force_login(world.organiser)
    for model in admin.site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert client.get(f"{address}?_facets=True").status_code < 500


def test_what_no_database_stores_is_no_mistake_of_ours(client, world):
    """PostgreSQL refuses NUL, even in a search."""
    client.force_login(world.reviewer)
    for address, expected in (
        (reverse("admin:cohorts_review_changelist") + "?session=%00&state=todo", 200),
        (reverse("admin:cohorts_review_export") + "?session=%00", 200),
        (reverse("admin:cohorts_review_queue") + "?session=%00", 200),
        (reverse("admin:cohorts_review_questions") + "?session=%00", 302),
        (reverse("admin:cohorts_review_changelist") + "?q=%00", 200),
    ):
        assert client.get(address).status_code == expected, address
    address = reverse("admin:cohorts_review_conflict", args=[world.applications[0].pk])
    assert client.post(address, {"reason": "We\x00 share\r\na desk"}).status_code == 302
    assert Conflict.objects.get().reason == "We share a desk"


def test_the_same_person_twice_on_one_page_is_refused_and_two_people_are_not(client, world):
    # Who knows everybody: others ask those whom they do not know by mail.
    client.force_login(world.operator)
    address = reverse("admin:cohorts_cohort_change", args=[world.cohort.pk])

    def save(*emails):
        data = {"name": "Venus", "project": "", "memberships-TOTAL_FORMS": 2 + len(emails), "memberships-INITIAL_FORMS": 2}
        data |= {"memberships-2-TOTAL_FORMS": 0, "memberships-2-INITIAL_FORMS": 0}
        rows = world.cohort.memberships.exclude(role="member").order_by("pk")
        for number, row in enumerate(rows):
            before = f"memberships-{number}"
            data |= {
                f"{before}-id": row.pk,
                f"{before}-cohort": row.cohort_id,
                f"{before}-role": row.role,
                f"{before}-state": "active",
            }
        for number, email in enumerate(emails, start=2):
            before = f"memberships-{number}"
            data |= {f"{before}-person_email": email, f"{before}-role": "navigator", f"{before}-state": "active"}
        return client.post(address, data).status_code

    assert save(world.navigator.email) == 200
    assert save(world.stranger.email, world.stranger.email) == 200
    assert world.cohort.memberships.count() == 2
    assert save(world.stranger.email, world.operator.email) == 302
    assert world.cohort.memberships.filter(role="navigator").count() == 3
