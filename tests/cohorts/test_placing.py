"""Places in cohorts."""

import pytest
from django.utils import timezone

from cohorts.applications import withdraw
from cohorts.models import Application, Membership
from cohorts.pending import set_pending_decision
from cohorts.placing import PlacingError, place, placement_of, take_out
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, CohortFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def test_a_place_is_kept_until_the_offer_is_accepted(world):
    membership = place(world.applications[0], world.cohort, by=world.organiser)
    assert (membership.state, membership.role) == ("invited", "member")
    assert placement_of(world.applications[0]) == membership


def test_whoever_has_accepted_belongs_at_once(world):
    Application.objects.filter(pk=world.applications[0].pk).update(status="accepted")
    assert place(world.applications[0], world.cohort, by=world.organiser).state == "active"


def test_placing_twice_changes_nothing(world):
    first = place(world.applications[0], world.cohort, by=world.organiser)
    assert place(world.applications[0], world.cohort, by=world.organiser) == first
    assert Membership.objects.members().count() == 1


def test_moving_keeps_one_membership(world):
    other = CohortFactory(session=world.session)
    place(world.applications[0], world.cohort, by=world.organiser)
    moved = place(world.applications[0], other, by=world.organiser)
    assert moved.cohort == other
    assert Membership.objects.members().count() == 1


def test_moving_back_to_a_cohort_that_one_left(world):
    application = world.applications[0]
    Application.objects.filter(pk=application.pk).update(status="accepted")
    other = CohortFactory(session=world.session)
    MembershipFactory(
        cohort=world.cohort, user=application.applicant, state="left", left_at=timezone.now(), leaving_reason="time"
    )
    MembershipFactory(cohort=other, user=application.applicant)
    back = place(application, world.cohort, by=world.organiser)
    assert (back.state, back.left_at, back.leaving_reason) == ("active", None, "")
    assert Membership.objects.get(cohort=other, user=application.applicant).state == "left"


def test_a_full_cohort_takes_nobody_more(world):
    for _ in range(world.session.cohort_size_max):
        MembershipFactory(cohort=world.cohort, state="invited")
    with pytest.raises(PlacingError, match="full"):
        place(world.applications[0], world.cohort, by=world.organiser)


def test_those_who_left_take_no_place(world):
    for _ in range(world.session.cohort_size_max):
        MembershipFactory(cohort=world.cohort, state="left", left_at=timezone.now())
    assert place(world.applications[0], world.cohort, by=world.organiser)


def test_a_cohort_of_another_session_is_refused(world):
    with pytest.raises(PlacingError, match="another session"):
        place(world.applications[0], CohortFactory(), by=world.organiser)


def test_whoever_leads_another_cohort_gets_no_place(world):
    other = CohortFactory(session=world.session)
    MembershipFactory(cohort=other, user=world.applications[0].applicant, role="navigator")
    with pytest.raises(PlacingError, match="navigator"):
        place(world.applications[0], world.cohort, by=world.organiser)


def test_an_applicant_may_become_navigator_whatever_the_size(world):
    for _ in range(world.session.cohort_size_max):
        MembershipFactory(cohort=world.cohort)
    membership = place(world.applications[0], world.cohort, by=world.organiser, role="navigator")
    assert (membership.role, membership.state) == ("navigator", "active")


def test_a_pending_no_gives_no_place(world):
    set_pending_decision(world.applications[0], "not_selected", by=world.organiser)
    with pytest.raises(PlacingError, match="pending decision"):
        place(world.applications[0], world.cohort, by=world.organiser)


@pytest.mark.parametrize("status", ["withdrawn", "declined", "expired", "not_selected"])
def test_without_an_offer_in_sight_there_is_no_place(world, status):
    Application.objects.filter(pk=world.applications[0].pk).update(status=status)
    with pytest.raises(PlacingError):
        place(world.applications[0], world.cohort, by=world.organiser)


def test_a_second_offer_keeps_a_place(world):
    Application.objects.filter(pk=world.applications[0].pk).update(status="declined")
    set_pending_decision(world.applications[0], "offer", by=world.organiser)
    assert place(world.applications[0], world.cohort, by=world.organiser).state == "invited"


@pytest.mark.parametrize("who", ["reviewer", "navigator", "captain", "stranger"])
def test_only_organisers_give_and_take_places(world, who):
    with pytest.raises(PlacingError):
        place(world.applications[0], world.cohort, by=getattr(world, who))
    place(world.applications[0], world.cohort, by=world.organiser)
    with pytest.raises(PlacingError):
        take_out(world.applications[0], by=getattr(world, who))


def test_nobody_places_themselves(world):
    own = ApplicationFactory(session=world.session, applicant=world.organiser)
    with pytest.raises(PlacingError):
        place(own, world.cohort, by=world.organiser)


def test_a_kept_place_goes_and_an_active_member_leaves(world):
    application = world.applications[0]
    place(application, world.cohort, by=world.organiser)
    take_out(application, by=world.organiser)
    assert not Membership.objects.members().exists()
    membership = MembershipFactory(cohort=world.cohort, user=application.applicant)
    take_out(application, by=world.organiser)
    membership.refresh_from_db()
    assert membership.state == "left"
    assert membership.left_at is not None


def test_taking_out_needs_a_place_of_a_member(world):
    with pytest.raises(PlacingError, match="no place"):
        take_out(world.applications[0], by=world.organiser)
    MembershipFactory(cohort=world.cohort, user=world.applications[0].applicant, role="captain")
    with pytest.raises(PlacingError, match="leads"):
        take_out(world.applications[0], by=world.organiser)


def test_who_withdraws_gives_a_kept_place_free(world):
    application = world.applications[0]
    place(application, world.cohort, by=world.organiser)
    withdraw(application, by=application.applicant)
    assert placement_of(application) is None
    assert not Membership.objects.members().exists()


def test_who_withdraws_an_application_stays_where_they_belong_already(world):
    application = world.applications[0]
    MembershipFactory(cohort=world.cohort, user=application.applicant, state="active")
    withdraw(application, by=application.applicant)
    assert placement_of(application).state == "active"
