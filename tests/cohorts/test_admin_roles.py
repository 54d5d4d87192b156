"""Each role sees in the admin what the table of the design grants, and can do nothing else."""

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import Message
from cohorts.models import Application, Conflict, Membership, Review, Session, SessionRole
from cohorts.review_queue import waiting_for
from cohorts.reviews import declare_conflict, hand_in
from tests.cohorts.world import make_world
from tests.factories import (
    ApplicationFactory,
    CohortFactory,
    ContributionFactory,
    MembershipFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

ORGANISERS = {
    "cohorts.concerncontact",
    "cohorts.session",
    "cohorts.project",
    "cohorts.application",
    "cohorts.review",
    "cohorts.reviewassignment",
    "cohorts.conflict",
    "cohorts.cohort",
    "cohorts.testimonial",
    "accounts.user",
    "accounts.githubidentity",
    "accounts.message",
    "accounts.auditentry",
    "contributions.workitem",
    "contributions.contribution",
    "contributions.syncrun",
    "contributions.membersync",
    "contributions.reviewgiven",
}
OURS = ("cohorts", "accounts", "contributions")
LISTS = {
    "organiser": ORGANISERS,
    "reviewer": {"cohorts.review"},
    "navigator": {"cohorts.review"},
    "captain": set(),
}


@pytest.fixture
def world():
    return make_world()


def lists_of(client) -> set[str]:
    response = client.get(reverse("admin:index"))
    assert response.status_code == 200
    return {
        f"{app['app_label']}.{model['object_name'].lower()}"
        for app in response.context["app_list"]
        for model in app["models"]
        if app["app_label"] in OURS
    }


@pytest.mark.parametrize("who", list(LISTS))
def test_the_index_offers_what_the_role_can_use_and_the_rest_does_not_open(client, world, who):
    client.force_login(getattr(world, who))
    assert lists_of(client) == LISTS[who]
    for model in admin.site._registry:
        label = f"{model._meta.app_label}.{model._meta.model_name}"
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        expected = 200 if label in LISTS[who] else 403
        assert client.get(address).status_code in ({200} if expected == 200 else {403, 404}), label
        add = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
        may_add = who == "organiser" and label in {
            "cohorts.session",
            "cohorts.project",
            "cohorts.cohort",
            "cohorts.reviewassignment",
            "cohorts.concerncontact",
        }
        assert (client.get(add).status_code == 200) == may_add, label


def test_the_operator_has_every_list(client, world):
    client.force_login(world.operator)
    found = lists_of(client)
    assert found >= ORGANISERS | {"contributions.apibudget", "contributions.webhookdelivery"}


def test_nobody_sees_what_other_packages_show_of_secrets(client, world):
    client.force_login(world.operator)
    names = {f"{model._meta.app_label}.{model.__name__}" for model in admin.site._registry}
    assert not names & {"auth.Group", "socialaccount.SocialToken", "socialaccount.SocialApp"}


class TestTheDoor:
    def test_visitors_are_led_to_the_site_s_own_log_in(self, client):
        response = client.get("/admin/", follow=True)
        assert response.request["PATH_INFO"] == reverse("account_login")

    def test_whoever_has_no_role_is_told_so(self, client, world):
        client.force_login(world.stranger)
        assert client.get("/admin/", follow=True).status_code == 403

    def test_a_role_in_an_archived_session_opens_nothing(self, client, world):
        Session.objects.filter(pk=world.session.pk).update(archived_at=world.session.applications_close_at)
        client.force_login(world.reviewer)
        assert client.get("/admin/", follow=True).status_code == 403

    def test_the_log_in_page_leads_on_whoever_may_enter(self, client, world):
        client.force_login(world.reviewer)
        assert client.get(reverse("admin:login")).url == reverse("admin:index")

    def test_passwords_and_log_out_are_the_site_s_own(self, client, world):
        client.force_login(world.reviewer)
        assert client.get(reverse("admin:password_change")).url == reverse("account_change_password")
        assert client.post(reverse("admin:logout")).url == reverse("account_logout")

    def test_a_captain_finds_a_word_instead_of_an_empty_page(self, client, world):
        client.force_login(world.captain)
        assert b"Nothing waits for you here" in client.get("/admin/").content


class TestOtherSessions:
    """Organisers and reviewers of one session see nothing of another."""

    @pytest.fixture
    def other(self):
        return make_world(applications=1)

    def test_an_organiser_sees_the_own_rows_alone(self, client, world, other):
        MembershipFactory(cohort=other.cohort, user=other.applications[0].applicant)
        client.force_login(world.organiser)
        for name, own, foreign in (
            ("session", world.session, other.session),
            ("cohort", world.cohort, other.cohort),
            ("application", world.applications[0], other.applications[0]),
        ):
            rows = client.get(reverse(f"admin:cohorts_{name}_changelist")).context["cl"].queryset
            assert foreign not in rows
            assert own in rows
            assert client.get(reverse(f"admin:cohorts_{name}_change", args=[foreign.pk])).status_code == 404
            assert client.get(reverse(f"admin:cohorts_{name}_change", args=[own.pk])).status_code == 200

    def test_people_and_messages_of_other_sessions_stay_hidden(self, client, world, other):
        applicant = other.applications[0].applicant
        Message.objects.create(
            recipient=applicant,
            address=applicant.email,
            kind="k",
            subject="Foreign subject",
            body="b",
            about=other.applications[0],
        )
        client.force_login(world.organiser)
        assert client.get(reverse("admin:accounts_user_change", args=[applicant.pk])).status_code == 404
        assert "Foreign subject" not in client.get(reverse("admin:accounts_message_changelist")).content.decode()

    def test_filters_and_choices_name_no_other_session(self, client, world, other):
        client.force_login(world.organiser)
        for name in ("application_changelist", "cohort_changelist", "cohort_add", "reviewassignment_add", "conflict_changelist"):
            page = client.get(reverse(f"admin:cohorts_{name}")).content.decode()
            assert f">{other.session.name}<" not in page, name
            assert other.reviewer.name not in page, name

    def test_a_foreign_application_cannot_be_assigned(self, client, world, other):
        client.force_login(world.organiser)
        response = client.post(
            reverse("admin:cohorts_reviewassignment_add"),
            {"application": other.applications[0].pk, "reviewer": world.reviewer.pk},
        )
        assert response.context["errors"]

    def test_a_reviewer_reaches_no_application_of_another_session(self, client, world, other):
        client.force_login(world.reviewer)
        foreign = other.applications[0].pk
        for name in ("application", "skip", "conflict"):
            address = reverse(f"admin:cohorts_review_{name}", args=[foreign])
            answer = client.get(address) if name == "application" else client.post(address)
            assert answer.status_code == 404
        assert client.post(reverse("admin:cohorts_review_next"), {"session": other.session.slug}).status_code == 404

    @pytest.mark.parametrize("step", ["publish", "close_review", "announce", "reopen_review", "archive"])
    def test_steps_of_another_session_answer_404(self, client, world, other, step):
        client.force_login(world.organiser)
        address = reverse(f"admin:cohorts_session_{step}", args=[other.session.pk])
        assert client.get(address).status_code == 404
        assert client.post(address).status_code == 404


class TestWrongRole:
    @pytest.mark.parametrize("who", ["reviewer", "navigator", "captain"])
    def test_nothing_of_the_organisers_can_be_posted(self, client, world, who):
        client.force_login(getattr(world, who))
        application = world.applications[0]
        before = Application.objects.filter(pk=application.pk).values().get()
        posts = [
            (
                reverse("admin:cohorts_application_change", args=[application.pk]),
                {"decision": "offer", "eligibility": "eligible"},
            ),
            (reverse("admin:cohorts_application_changelist"), {"action": "decide_offer", "_selected_action": [application.pk]}),
            (reverse("admin:cohorts_session_publish", args=[world.session.pk]), {}),
            (reverse("admin:cohorts_session_close_review", args=[world.session.pk]), {}),
            (reverse("admin:cohorts_session_change", args=[world.session.pk]), {"name": "Taken over"}),
            (reverse("admin:cohorts_session_add"), {"name": "Mine"}),
            (reverse("admin:cohorts_cohort_change", args=[world.cohort.pk]), {"name": "Taken over"}),
            (reverse("admin:cohorts_application_conflict", args=[application.pk]), {}),
        ]
        for address, data in posts:
            assert client.post(address, data).status_code in (403, 404), address
        assert client.get(reverse("admin:cohorts_application_export")).status_code == 404
        assert Application.objects.filter(pk=application.pk).values().get() == before
        assert Session.objects.get(pk=world.session.pk).name == world.session.name

    def test_a_captain_reviews_nothing(self, client, world):
        client.force_login(world.captain)
        assert client.get(reverse("admin:cohorts_review_application", args=[world.applications[0].pk])).status_code == 404
        assert client.get(reverse("admin:cohorts_review_changelist")).status_code == 404
        assert client.get(reverse("admin:cohorts_review_export")).status_code == 404

    def test_visitors_are_sent_to_the_log_in_from_everywhere(self, client, world):
        for address in (
            reverse("admin:cohorts_review_queue"),
            reverse("admin:cohorts_review_application", args=[world.applications[0].pk]),
            reverse("admin:cohorts_session_publish", args=[world.session.pk]),
            reverse("admin:cohorts_application_export"),
        ):
            assert client.get(address).status_code == 302

    def test_changes_need_post(self, client, world):
        client.force_login(world.organiser)
        pk = world.applications[0].pk
        for name in ("cohorts_review_skip", "cohorts_review_conflict", "cohorts_application_conflict"):
            assert client.get(reverse(f"admin:{name}", args=[pk])).status_code == 405
        assert not Conflict.objects.exists()

    def test_posts_need_the_token(self, world):
        from django.test import Client

        strict = Client(enforce_csrf_checks=True)
        strict.force_login(world.organiser)
        assert strict.post(reverse("admin:cohorts_session_publish", args=[world.session.pk])).status_code == 403


class TestOrganisersWhoAreInvolved:
    def test_the_own_application_is_nowhere(self, client, world):
        own = ApplicationFactory(session=world.session, applicant=world.organiser)
        hand_in(own, by=world.reviewer, scores=world.scores(3, 3))
        client.force_login(world.organiser)
        assert own not in client.get(reverse("admin:cohorts_application_changelist")).context["cl"].queryset
        assert client.get(reverse("admin:cohorts_application_change", args=[own.pk])).status_code == 404
        assert client.get(reverse("admin:cohorts_review_application", args=[own.pk])).status_code == 404

    def test_a_conflict_of_interest_takes_it_off_list_page_search_and_export(self, client, world):
        application = world.applications[0]
        client.force_login(world.organiser)
        client.post(reverse("admin:cohorts_application_conflict", args=[application.pk]))
        assert Conflict.objects.filter(reviewer=world.organiser, application=application).exists()
        name = application.applicant.name
        assert client.get(reverse("admin:cohorts_application_change", args=[application.pk])).status_code == 404
        for address in (
            reverse("admin:cohorts_application_changelist"),
            reverse("admin:cohorts_application_changelist") + f"?q={name}",
            reverse("admin:cohorts_application_export"),
            reverse("admin:cohorts_review_changelist"),
            reverse("admin:cohorts_review_export"),
        ):
            assert f">{name}<" not in client.get(address).content.decode().replace(f",{name},", f">{name}<"), address

    def test_drafts_belong_to_the_applicant(self, client, world):
        draft = ApplicationFactory(session=world.session, status="draft", submitted_at=None)
        client.force_login(world.organiser)
        assert client.get(reverse("admin:cohorts_application_change", args=[draft.pk])).status_code == 404


class TestPeople:
    def test_organisers_read_people_and_change_nobody(self, client, world):
        applicant = world.applications[0].applicant
        address = reverse("admin:accounts_user_change", args=[applicant.pk])
        client.force_login(world.organiser)
        page = client.get(address)
        assert applicant.email in page.content.decode()
        assert "is_superuser" not in page.content.decode()
        assert client.post(address, {"name": "Changed", "is_superuser": "on"}).status_code == 403
        applicant.refresh_from_db()
        assert (applicant.name, applicant.is_superuser) != ("Changed", True)

    @pytest.mark.parametrize(("who", "leads"), [("organiser", False), ("operator", True)])
    def test_the_history_is_linked_where_it_opens(self, client, world, who, leads):
        client.force_login(getattr(world, who))
        person = world.applications[0].applicant
        history = reverse("admin:accounts_user_history", args=[person.pk])
        page = client.get(reverse("admin:accounts_user_change", args=[person.pk])).content.decode()
        assert (history in page) == leads
        assert client.get(history).status_code == (200 if leads else 404)

    def test_the_operator_changes_people_but_not_the_own_rights(self, client, world):
        client.force_login(world.operator)
        address = reverse("admin:accounts_user_change", args=[world.reviewer.pk])
        data = {
            "name": "New Name",
            "email": world.reviewer.email,
            "pronouns": "",
            "time_zone": "UTC",
            "bio": "",
            "is_active": "on",
        }
        assert client.post(address, data).status_code == 302
        world.reviewer.refresh_from_db()
        assert world.reviewer.name == "New Name"
        own = reverse("admin:accounts_user_change", args=[world.operator.pk])
        client.post(own, {**data, "email": world.operator.email, "is_active": ""})
        world.operator.refresh_from_db()
        assert world.operator.is_active
        assert world.operator.is_superuser

    def test_secret_texts_are_not_shown_to_anybody(self, client, world):
        secret = Message.objects.create(
            recipient=world.operator,
            address=world.operator.email,
            kind="code",
            subject="Your code",
            body="code 123456",
            secret=True,
        )
        client.force_login(world.operator)
        page = client.get(reverse("admin:accounts_message_change", args=[secret.pk])).content.decode()
        assert "Your code" in page
        assert "123456" not in page


class TestContributions:
    def test_organisers_see_work_and_syncs_of_their_sessions_alone(self, client, world):
        Session.objects.filter(pk=world.session.pk).update(published_at=world.session.announced_at)
        mine = ContributionFactory(membership=MembershipFactory(cohort=world.cohort), work_item__title="Mine to see")
        foreign = ContributionFactory(membership=MembershipFactory(cohort=CohortFactory()), work_item__title="Not mine to see")
        hidden = ContributionFactory(membership=mine.membership, hidden=True, work_item__title="A wrong match")
        client.force_login(world.organiser)
        for name in ("workitem", "contribution"):
            page = client.get(reverse(f"admin:contributions_{name}_changelist")).content.decode()
            assert mine.work_item.title in page
            assert foreign.work_item.title not in page
            assert hidden.work_item.title not in page
        assert client.get(reverse("admin:contributions_workitem_change", args=[mine.work_item.pk])).status_code == 200
        assert client.post(reverse("admin:contributions_workitem_change", args=[mine.work_item.pk]), {}).status_code == 403

    def test_the_installation_is_the_operator_s(self, client, world):
        for user, status in ((world.organiser, 403), (world.operator, 200)):
            client.force_login(user)
            for name in ("apibudget", "webhookdelivery"):
                assert client.get(reverse(f"admin:contributions_{name}_changelist")).status_code == status


def test_reviews_are_shown_to_others_as_the_session_allows(client):
    for switch, before, after in (("never", False, False), ("after_own", False, True), ("always", True, True)):
        world = make_world(applications=1, review_others_scores=switch)
        application = world.applications[0]
        hand_in(application, by=world.navigator, scores=world.scores(3, 3), private_comment="A very telling remark")
        client.force_login(world.reviewer)
        address = reverse("admin:cohorts_review_application", args=[application.pk])
        assert ("A very telling remark" in client.get(address).content.decode()) == before
        hand_in(application, by=world.reviewer, scores=world.scores(1, 1))
        assert ("A very telling remark" in client.get(address).content.decode()) == after


def test_drafts_of_others_are_shown_to_nobody(client, world):
    from cohorts.reviews import save_review

    save_review(world.applications[0], by=world.navigator, scores={}, private_comment="Still thinking aloud")
    for who in ("organiser", "operator", "reviewer"):
        client.force_login(getattr(world, who))
        for address in (
            reverse("admin:cohorts_review_application", args=[world.applications[0].pk]),
            reverse("admin:cohorts_review_changelist"),
        ):
            assert "Still thinking aloud" not in client.get(address).content.decode()


def test_the_address_of_a_review_leads_to_its_application(client, world):
    review = hand_in(world.applications[0], by=world.reviewer, scores=world.scores(1, 1))
    client.force_login(world.reviewer)
    answer = client.get(reverse("admin:cohorts_review_change", args=[review.pk]))
    assert answer.url == reverse("admin:cohorts_review_application", args=[world.applications[0].pk])
    declare_conflict(world.applications[0], by=world.reviewer)
    Review.objects.filter(pk=review.pk).update(reviewer=world.navigator)
    assert client.get(reverse("admin:cohorts_review_change", args=[review.pk])).status_code == 404


def test_roles_and_leaders_are_named_by_address(client, world):
    newcomer = UserFactory(email="new@example.org")
    client.force_login(world.organiser)
    cohort = reverse("admin:cohorts_cohort_change", args=[world.cohort.pk])
    forms = {
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 0,
        "memberships-2-TOTAL_FORMS": 0,
        "memberships-2-INITIAL_FORMS": 0,
    }
    data = {
        "name": world.cohort.name,
        "project": world.cohort.project.pk,
        **forms,
        "memberships-0-role": "navigator",
        "memberships-0-state": "active",
    }
    assert client.post(cohort, {**data, "memberships-0-person_email": "nobody@example.org"}).status_code == 302
    assert not Membership.objects.filter(cohort=world.cohort, role="navigator", user__email="nobody@example.org").exists()
    # Somebody of the organiser's sessions has the part at once.
    SessionRoleFactory(session=world.session, user=newcomer, role="storyteller")
    assert client.post(cohort, {**data, "memberships-0-person_email": "NEW@example.org"}).status_code == 302
    assert Membership.objects.get(user=newcomer).role == "navigator"


def test_whoever_leads_one_cohort_leads_no_other_of_the_session(client, world):
    second = CohortFactory(session=world.session)
    client.force_login(world.organiser)
    forms = {
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 0,
        "memberships-2-TOTAL_FORMS": 0,
        "memberships-2-INITIAL_FORMS": 0,
    }
    response = client.post(
        reverse("admin:cohorts_cohort_change", args=[second.pk]),
        {
            "name": second.name,
            "project": second.project.pk,
            **forms,
            "memberships-0-role": "captain",
            "memberships-0-state": "active",
            "memberships-0-person_email": world.navigator.email,
        },
    )
    assert "one person has one cohort" in response.content.decode()
    assert not second.memberships.exists()


def test_somebody_whose_session_is_not_running_syncs_nothing(client, world):
    other = SessionFactory()
    client.force_login(world.organiser)
    assert client.get(reverse("admin:contributions_syncrun_now", args=[other.pk])).status_code == 404
    assert SessionRole.objects.filter(user=world.organiser).count() == 1


class TestAssignments:
    def test_an_assignment_is_served_first(self, client, world):
        client.force_login(world.organiser)
        address = reverse("admin:cohorts_reviewassignment_add")
        last = list(waiting_for(world.reviewer, world.session))[-1]
        assert client.post(address, {"application": last.pk, "reviewer": world.reviewer.pk}).status_code == 302
        assert waiting_for(world.reviewer, world.session)[0] == last

    def test_only_those_who_may_review_are_asked(self, client, world):
        other = SessionRoleFactory(session=SessionFactory(reviewing=True), user=world.organiser).session
        elsewhere = SessionRoleFactory(session=other, role="reviewer").user
        own = ApplicationFactory(session=world.session, applicant=world.reviewer)
        declare_conflict(world.applications[0], by=world.navigator)
        client.force_login(world.organiser)
        for application, reviewer in (
            (world.applications[0], elsewhere),
            (own, world.reviewer),
            (world.applications[0], world.navigator),
        ):
            data = {"application": application.pk, "reviewer": reviewer.pk}
            response = client.post(reverse("admin:cohorts_reviewassignment_add"), data)
            assert response.context["adminform"].form.errors["reviewer"]
