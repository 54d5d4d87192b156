"""What becomes of a place: resting, leaving, returning, going on longer, handing over, completing. Who may, and who reads why."""

import datetime
from types import SimpleNamespace

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from cohorts import places
from cohorts.applications import accept_offer
from cohorts.completing import complete_due, end_rests, goes_on_until
from cohorts.handing_over import hand_over, hand_overs_of
from cohorts.models import CheckIn, Meeting, MeetingNote, Membership, MembershipEvent
from cohorts.places import PlaceError
from cohorts.resting import rests_of
from tests import factories

State, What = Membership.State, MembershipEvent.What
#: A Wednesday in week 4 of a session that begins on Monday 5 October 2026 and ends on Sunday 15 November.
NOW = datetime.datetime(2026, 10, 28, 12, tzinfo=datetime.UTC)
AFTER = datetime.datetime(2026, 11, 16, 0, 30, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def in_those_days():
    """Rows that are made with the clock of their making belong to the same year, whenever the test runs."""
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def world(in_those_days, db):
    session = factories.SessionFactory(starts_on=datetime.date(2026, 10, 5), time_zone="UTC")
    cohort, other = factories.CohortFactory(session=session), factories.CohortFactory(session=session)
    names = ("member", "mate", "navigator", "organiser", "stranger", "operator", "newcomer")
    people = {name: factories.UserFactory(name=name, email=f"{name}@example.org", verified_email=False) for name in names}
    User.objects.filter(pk=people["operator"].pk).update(is_superuser=True)
    people["operator"].refresh_from_db()
    member = factories.MembershipFactory(cohort=cohort, user=people["member"])
    factories.MembershipFactory(cohort=cohort, user=people["mate"])
    navigator = factories.MembershipFactory(cohort=cohort, user=people["navigator"], role="navigator")
    factories.SessionRoleFactory(session=session, user=people["organiser"])
    places_of = {"member": member, "navigator": navigator}
    return SimpleNamespace(session=session, cohort=cohort, other=other, **people | places_of)


def person():
    return factories.UserFactory(verified_email=False)


def person_of(world, who: str) -> User:
    found = getattr(world, who)
    return found if isinstance(found, User) else found.user


def state_of(membership) -> str:
    return Membership.objects.get(pk=membership.pk).state


def whats(membership) -> list[str]:
    return list(membership.events.order_by("at", "pk").values_list("what", flat=True))


@pytest.mark.parametrize(
    ("who", "state", "expected"),
    [
        ("member", "active", {"rest", "leave"}),
        ("member", "resting", {"rest", "back", "leave"}),
        ("member", "left", set()),
        ("member", "completed", set()),
        ("mate", "active", set()),
        ("stranger", "active", set()),
        ("navigator", "active", {"rest"}),
        ("navigator", "resting", {"rest", "back"}),
        ("navigator", "left", set()),
        ("organiser", "active", {"rest", "leave", "extend"}),
        ("organiser", "left", {"return"}),
        ("organiser", "completed", {"extend"}),
        ("operator", "active", {"rest", "leave", "extend"}),
        ("organiser", "invited", set()),
    ],
)
def test_who_may_do_what(world, who, state, expected):
    Membership.objects.filter(pk=world.member.pk).update(state=state, left_at=NOW)
    world.member.refresh_from_db()
    assert places.may(world.member, by=person_of(world, who), now=NOW) == expected


def test_nobody_changes_places_of_an_archived_session_or_decides_about_themselves(world):
    factories.SessionRoleFactory(session=world.session, user=world.member.user)
    assert places.may(world.member, by=world.member.user, now=NOW) == {"rest", "leave"}
    world.session.archived_at = NOW
    world.session.save()
    world.member.refresh_from_db()
    assert places.may(world.member, by=world.organiser, now=NOW) == frozenset()


def test_a_rest_and_what_counts_meanwhile(world):
    places.rest(world.member, by=world.member.user, until=datetime.date(2026, 10, 30), note="A move", now=NOW - 5 * DAY)
    assert state_of(world.member) == State.RESTING
    # Still resting on its last day, back on the day after, by itself; and once, however often the task runs.
    assert end_rests(datetime.datetime(2026, 10, 30, 23, tzinfo=datetime.UTC)) == 0
    assert end_rests(datetime.datetime(2026, 10, 31, 1, tzinfo=datetime.UTC)) == 1
    assert end_rests(datetime.datetime(2026, 10, 31, 2, tzinfo=datetime.UTC)) == 0
    assert whats(world.member) == [What.RESTING, What.BACK]
    assert world.member.events.get(what=What.BACK).actor is None
    # From Friday 23 to Friday 30 October nothing counted: of these working days only those before and after do.
    rest = rests_of([Membership.objects.select_related("cohort__session").get(pk=world.member.pk)], NOW)[world.member.pk]
    assert rest.age(NOW - 9 * DAY, datetime.datetime(2026, 11, 4, 12, tzinfo=datetime.UTC)) == 3 + 3


def test_a_rest_that_lasts_counts_nothing_at_all(world):
    places.rest(world.member, by=world.navigator.user, now=NOW - 5 * DAY)
    rest = rests_of([Membership.objects.select_related("cohort__session").get(pk=world.member.pk)], NOW)[world.member.pk]
    assert rest.now
    assert rest.age(NOW - 5 * DAY, NOW + 10 * DAY) == 0


@pytest.mark.parametrize("until", [datetime.date(2026, 10, 27), datetime.date(2026, 11, 16)])
def test_a_rest_ends_inside_the_session(world, until):
    with pytest.raises(PlaceError, match="Choose a day"):
        places.rest(world.member, by=world.member.user, until=until, now=NOW)
    assert state_of(world.member) == State.ACTIVE


def test_leaving_needs_no_reason_and_loses_nothing(world):
    checkin = factories.CheckInFactory(membership=world.member, week=world.session.calendar.first(), written_at=NOW)
    leaver = world.member.user
    places.leave(world.member, by=leaver, reason="  \x00My father is ill  ", now=NOW)
    left = Membership.objects.get(pk=world.member.pk)
    assert (left.state, left.left_at, left.leaving_reason) == (State.LEFT, NOW, "My father is ill")
    # Their own words stay theirs to read; the cohort's pages do not.
    assert Membership.objects.visible_to(leaver).filter(pk=left.pk).exists()
    assert CheckIn.objects.visible_to(leaver).filter(pk=checkin.pk).exists()
    assert not type(world.cohort).objects.visible_to(leaver).filter(pk=world.cohort.pk).exists()
    with pytest.raises(PlaceError, match="left the cohort already"):
        places.leave(left, by=leaver, now=NOW)


def test_who_reads_the_reason_is_fixed(world):
    places.leave(world.member, by=world.member.user, reason="Private", now=NOW)
    event = world.member.events.get()
    readers = {
        name
        for name in ("member", "mate", "navigator", "organiser", "stranger", "operator")
        if MembershipEvent.objects.visible_to(person_of(world, name)).filter(pk=event.pk).exists()
    }
    assert readers == {"member", "navigator", "organiser"}
    assert not Membership.objects.visible_to(world.mate).filter(pk=world.member.pk).exists()


def test_coming_back_to_the_same_place(world):
    places.leave(world.member, by=world.member.user, reason="Work", now=NOW)
    with pytest.raises(PlaceError):
        places.return_to(world.member, by=world.member.user, now=NOW)
    back = places.return_to(world.member, by=world.organiser, now=NOW + DAY)
    assert (back.state, back.left_at, back.leaving_reason) == (State.ACTIVE, None, "")
    assert whats(world.member) == [What.LEFT, What.RETURNED]
    assert world.member.events.first().note == "Work"


def test_nobody_comes_back_to_a_full_cohort_or_from_another_one(world):
    places.leave(world.member, by=world.member.user, now=NOW)
    for _ in range(world.session.cohort_size_max - 1):
        factories.MembershipFactory(cohort=world.cohort, user=person())
    with pytest.raises(PlaceError, match="full"):
        places.return_to(world.member, by=world.organiser, now=NOW)
    elsewhere = factories.MembershipFactory(cohort=world.other, user=world.member.user)
    with pytest.raises(PlaceError, match=world.other.name):
        places.return_to(world.member, by=world.organiser, now=NOW)
    assert state_of(elsewhere) == State.ACTIVE


def test_completing_at_the_end_and_after_an_extension(world):
    extended = places.extend(world.member, datetime.date(2026, 11, 29), by=world.organiser, now=NOW)
    places.rest(Membership.objects.get(user=world.mate), by=world.mate, now=NOW)
    kept = factories.MembershipFactory(cohort=world.other, state="invited")
    gone = factories.MembershipFactory(cohort=world.other, state="left", left_at=NOW)
    running = factories.MembershipFactory(cohort__session__starts_on=datetime.date(2026, 11, 2))
    assert complete_due(AFTER - datetime.timedelta(hours=1)) == 0
    assert complete_due(AFTER) == 2
    assert complete_due(AFTER) == 0
    assert state_of(world.navigator) == state_of(Membership.objects.get(user=world.mate)) == State.COMPLETED
    assert (state_of(extended), state_of(kept), state_of(gone), state_of(running)) == ("active", "invited", "left", "active")
    assert goes_on_until(world.session) == datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC)
    assert complete_due(datetime.datetime(2026, 11, 29, 23, 59, tzinfo=datetime.UTC)) == 0
    assert complete_due(datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC)) == 1
    assert whats(world.member) == [What.EXTENDED, What.COMPLETED]


def test_who_had_completed_can_go_on(world):
    complete_due(AFTER)
    places.extend(world.member, datetime.date(2026, 11, 29), by=world.organiser, now=AFTER)
    assert state_of(world.member) == State.ACTIVE
    assert complete_due(AFTER + DAY) == 0


@pytest.mark.parametrize("until", [datetime.date(2026, 11, 15), datetime.date(2027, 11, 15)])
def test_an_extension_lies_after_the_end_and_is_no_new_session(world, until):
    with pytest.raises(PlaceError, match="Choose a day after"):
        places.extend(world.member, until, by=world.organiser, now=NOW)


def test_completing_takes_as_many_statements_for_many(world, django_assert_max_num_queries):
    for _ in range(20):
        factories.MembershipFactory(cohort=world.other, user=person())
    with django_assert_max_num_queries(8):
        assert complete_due(AFTER) == 23


def test_handing_over_keeps_notes_with_their_authors(world):
    meeting = Meeting.objects.create(session=world.session, cohort=world.cohort, kind="one_to_one", starts_at=NOW)
    private = MeetingNote.objects.create(meeting=meeting, author=world.navigator.user, text="Mine")
    other = Meeting.objects.create(session=world.session, cohort=world.cohort, kind="one_to_one", starts_at=NOW)
    shared = MeetingNote.objects.create(meeting=other, author=world.navigator.user, text="Ours", shared=True)
    new = hand_over(world.navigator, world.newcomer, by=world.organiser, note="Holidays", now=NOW)
    assert (new.role, new.state, state_of(world.navigator)) == ("navigator", State.ACTIVE, State.LEFT)
    assert set(MeetingNote.objects.visible_to(world.newcomer)) == {shared}
    assert set(MeetingNote.objects.visible_to(world.navigator.user)) == {private, shared}
    # Mates read who took over, and no reason.
    [line] = hand_overs_of(world.cohort, NOW + DAY)
    assert (line.new.user, line.old.user) == (world.newcomer, world.navigator.user)
    assert not MembershipEvent.objects.visible_to(world.mate).exists()
    assert hand_overs_of(world.cohort, NOW + 30 * DAY) == []
    assert {event.what for event in MembershipEvent.objects.visible_to(world.newcomer)} == {What.TOOK_OVER, What.HANDED_OVER}


def test_who_cannot_take_over(world):
    factories.MembershipFactory(cohort=world.other, user=world.newcomer)
    with pytest.raises(PlaceError, match="one person has one cohort"):
        hand_over(world.navigator, world.newcomer, by=world.organiser, now=NOW)
    with pytest.raises(PlaceError, match="leads this cohort already"):
        hand_over(world.navigator, world.navigator.user, by=world.organiser, now=NOW)
    with pytest.raises(PlaceError, match="Only the organisers"):
        hand_over(world.navigator, world.stranger, by=world.navigator.user, now=NOW)
    factories.ApplicationFactory(session=world.session, applicant=world.stranger)
    with pytest.raises(PlaceError, match="not decided"):
        hand_over(world.navigator, world.stranger, by=world.organiser, now=NOW)
    places.leave(world.member, by=world.member.user, now=NOW)
    with pytest.raises(PlaceError, match="was a member of this cohort"):
        hand_over(world.navigator, world.member.user, by=world.organiser, now=NOW)
    assert state_of(world.navigator) == State.ACTIVE


def test_a_place_that_is_accepted_joins(db):
    session = factories.SessionFactory(starts_on=(timezone.now() + 30 * DAY).date())
    applicant = person()
    kept = factories.MembershipFactory(cohort=factories.CohortFactory(session=session), user=applicant, state="invited")
    application = factories.ApplicationFactory(
        session=session, applicant=applicant, status="offered", answer_by=timezone.now() + 5 * DAY
    )
    accept_offer(application, by=applicant)
    event = kept.events.get()
    assert (event.what, event.actor, state_of(kept)) == (What.JOINED, applicant, State.ACTIVE)
