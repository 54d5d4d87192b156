"""What a place given by hand breaks, said before and after."""

import pytest
from django.urls import reverse

from cohorts.models import Application
from cohorts.place_checks import checks_for_place, warnings_of_cohort
from cohorts.placing import place
from tests.cohorts.forming_world import EVENINGS, MORNINGS, available, make_forming, places
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def forming():
    return make_forming()


def test_what_a_place_breaks(forming):
    first, second = forming.cohorts
    by = forming.organiser
    fitting, other, early, silent = (
        forming.apply(cohort=first),
        forming.apply(cohort=second),
        forming.apply(MORNINGS),
        forming.apply(slots=None),
    )
    available(MembershipFactory(cohort=second, role="captain").user, EVENINGS)
    assert checks_for_place(fitting, first, by=by) == []
    assert checks_for_place(other, first, by=by) == [f"{other.applicant} named projects, and that of {first} is not one of them."]
    found = checks_for_place(early, second, by=by)
    assert found[0].startswith(f"{second} has 0 hours a week in common and needs 5 hours.")
    assert "0 hours a week in common with" in found[1]
    assert checks_for_place(silent, first, by=by) == [f"{silent.applicant} has not said when they have time."]
    # Whatever the status; nothing for somebody who does not decide, and of a full cohort `place` speaks.
    Application.objects.filter(pk=other.pk).update(status="accepted", pending_decision="not_selected")
    assert len(checks_for_place(other, first, by=by)) == 1
    assert checks_for_place(other, first, by=UserFactory()) == []
    for _ in range(3):
        MembershipFactory(cohort=first)
    assert checks_for_place(other, first, by=by) == []


def test_hours_that_nobody_said_break_nothing(forming):
    first = forming.cohorts[0]
    MembershipFactory(cohort=first, role="navigator")
    assert checks_for_place(forming.apply(MORNINGS), first, by=forming.organiser) == []


def test_a_cohort_says_what_does_not_hold(forming, client):
    first = forming.cohorts[0]
    early = forming.apply(MORNINGS)
    place(early, first, by=forming.organiser)
    found = warnings_of_cohort(first, by=forming.organiser)
    assert found[0] == f"{first} has 1 people and needs at least 2."
    assert "0 hours a week in common" in found[1]
    assert warnings_of_cohort(first, by=early.applicant) == []
    client.force_login(forming.organiser)
    assert found[0] in client.get(reverse("admin:cohorts_cohort_change", args=[first.pk])).text
    assert (
        "None: all that can be judged hold."
        in client.get(reverse("admin:cohorts_cohort_change", args=[forming.cohorts[1].pk])).text
    )


def test_the_page_of_an_application_asks_before_a_rule_is_broken(forming, client):
    first, second = forming.cohorts
    early = forming.apply(MORNINGS)
    client.force_login(forming.organiser)
    page = reverse("admin:cohorts_application_change", args=[early.pk])
    data = {"eligibility": "eligible", "tier": 0, "decision": "offer", "cohort": first.pk}
    answer = client.post(page, data)
    assert f"{first} has 0 hours a week in common and needs 5 hours." in answer.text
    assert f'name="anyway" value="{first.pk}"' in answer.text
    assert not places()
    # A yes to another cohort is none to this one.
    assert client.post(page, data | {"anyway": second.pk}).status_code == 200
    assert client.post(page, data | {"anyway": first.pk}).status_code == 302
    assert places() == {early.applicant_id: first.pk}
