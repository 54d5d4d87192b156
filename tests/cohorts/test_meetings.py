"""Meetings: who makes which, series across clock changes and pauses, what a change counts as, and times that are asked for."""

import datetime
from datetime import UTC

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Availability, Message
from cohorts import meeting_polls, meetings
from cohorts.meeting_hours import busy_spans, comers_of
from cohorts.meeting_mail import write_meeting_mail
from cohorts.meeting_people import may_change, people_of
from cohorts.meeting_poll_look import look_at_poll
from cohorts.meeting_poll_mail import write_questions
from cohorts.meeting_rules import MeetingRefused, MeetingStale
from cohorts.meeting_times import Trouble, judge
from cohorts.models import Meeting, MeetingPerson, Membership, SlotAnswer
from cohorts.reminders import write_due_reminders
from tests.factories import CohortFactory, MembershipFactory, SessionFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db

Kind = Meeting.Kind
#: A Monday. Clocks in Rome change on the last Sunday of March.
NOW = datetime.datetime(2027, 3, 8, 9, 0, tzinfo=UTC)
DAY = datetime.timedelta(days=1)
TOMORROW = NOW + DAY


class World:
    def __init__(self):
        self.session = SessionFactory(
            starts_on=datetime.date(2027, 3, 1),
            time_zone="Europe/Rome",
            pause_after=2,
            pause_weeks=1,
            published_at=NOW - 30 * DAY,
        )
        self.cohort = CohortFactory(session=self.session, name="Venus")
        self.navigator = self.person("navigator")
        self.captain = self.person("captain")
        self.member, self.mate = self.person("member", "Ada"), self.person("member", "Ben")
        self.organiser = UserFactory(name="Olga")
        SessionRoleFactory(session=self.session, user=self.organiser)
        self.other = MembershipFactory(cohort=CohortFactory(session=self.session)).user
        self.stranger = UserFactory()

    def person(self, role, name=None, **fields):
        user = UserFactory(name=name or role, **fields)
        MembershipFactory(cohort=self.cohort, user=user, role=role)
        return user

    def meeting(self, **fields):
        return meetings.create_meeting(
            self.session,
            **{"by": self.navigator, "cohort": self.cohort, "starts_at": TOMORROW, "time_zone": "Europe/Rome"} | fields,
        )

    def series(self, **fields):
        given = {"by": self.navigator, "cohort": self.cohort, "first_on": datetime.date(2027, 3, 9), "at": datetime.time(18)}
        return meetings.create_series(self.session, **given | {"time_zone": "Europe/Rome"} | fields)

    def poll(self, **fields):
        times = [TOMORROW, TOMORROW + DAY, TOMORROW + 2 * DAY]
        return meeting_polls.propose_times(
            self.session, **{"by": self.navigator, "cohort": self.cohort, "times": times, "time_zone": "Europe/Rome"} | fields
        )


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return World()


#: Who, which kind, whether for the whole session; whether they make such a meeting, and whether they may ask when people can.
WHO_MAKES = [
    ("navigator", Kind.STANDUP, False, True, True),
    ("captain", Kind.ONE_TO_ONE, False, True, True),
    ("organiser", Kind.STANDUP, False, True, True),
    ("organiser", Kind.WELCOME, True, True, True),
    ("navigator", Kind.WELCOME, True, False, False),
    ("member", Kind.STANDUP, False, False, False),
    ("member", Kind.PAIRING, False, True, True),
    ("member", Kind.ONE_TO_ONE, False, False, True),
    ("member", Kind.WELCOME, True, False, False),
    ("other", Kind.PAIRING, False, False, False),
    ("stranger", Kind.PAIRING, False, False, False),
]


def test_who_makes_which_meeting(world):
    for who, kind, of_session, makes, asks in WHO_MAKES:
        people = [world.captain if who == "navigator" else world.navigator] if kind in (Kind.PAIRING, Kind.ONE_TO_ONE) else []
        common = {"by": getattr(world, who), "cohort": None if of_session else world.cohort, "kind": kind, "people": people}
        for write, is_allowed in ((world.meeting, makes), (world.poll, asks)):
            if is_allowed:
                assert write(**common).few == bool(people)
            else:
                with pytest.raises(PermissionDenied):
                    write(**common)
    assert Meeting.objects.count() == sum(makes + asks for _who, _kind, _of, makes, asks in WHO_MAKES)


def test_nobody_arranges_in_an_archived_session(world):
    world.session.archived_at = NOW
    world.session.save()
    with pytest.raises(PermissionDenied):
        world.meeting()


def test_who_is_expected(world):
    gone = world.person("member")
    Membership.objects.filter(user=gone).update(state="left", left_at=NOW)
    guest = world.meeting(people=[world.organiser])
    assert [one.name for one in people_of(world.meeting())] == ["Ada", "Ben", "captain", "navigator"]
    assert world.organiser in people_of(guest)
    everybody = people_of(world.meeting(by=world.organiser, cohort=None))
    assert {world.organiser, world.other, world.navigator} <= set(everybody)
    assert gone not in everybody
    pair = world.meeting(by=world.member, kind=Kind.PAIRING, people=[world.mate])
    assert {one.name for one in people_of(pair)} == {"Ada", "Ben"}
    assert not Meeting.objects.visible_to(world.navigator).filter(pk=pair.pk).exists()
    world.session.published_at = None
    world.session.save()
    assert {one.name for one in people_of(Meeting(session=world.session, cohort=world.cohort))} == {"captain", "navigator"}


WRONG = [
    ({"starts_at": NOW}, MeetingRefused),
    ({"starts_at": NOW + 500 * DAY}, MeetingRefused),
    ({"kind": Kind.ONE_TO_ONE}, MeetingRefused),
    ({"kind": Kind.PAIRING, "people": ["stranger"]}, MeetingRefused),
    ({"kind": Kind.ONE_TO_ONE, "people": ["mate", "member"]}, MeetingRefused),
    ({"minutes": 1}, ValidationError),
    ({"minutes": 5000}, ValidationError),
    ({"link": "javascript:alert(1)"}, ValidationError),
    ({"title": "x" * 121}, ValidationError),
    ({"agenda": "x" * 500_000}, ValidationError),
    ({"time_zone": "Europe/Atlantis"}, ValidationError),
]


def test_what_cannot_be_writes_nothing(world):
    for fields, error in WRONG:
        people = [getattr(world, name) for name in fields.get("people", [])]
        with pytest.raises(error):
            world.meeting(**fields | {"people": people})
    assert not Meeting.objects.exists()


def test_a_second_press_makes_nothing(world):
    first = world.meeting(form="once")
    assert world.meeting(form="once") == first
    assert len(world.series(form="week")) == len(world.series(form="week"))
    assert world.poll(form="poll") == world.poll(form="poll")
    assert Meeting.objects.filter(series=None).count() == 2


def test_a_series_keeps_its_hour_when_clocks_change_and_leaves_the_pause_out(world):
    made = world.series()
    # Weeks 2 to 6; the third one is paused. Summer time begins on 28 March.
    assert [f"{one.starts_at:%m-%d %H:%M}" for one in made] == [
        "03-09 17:00",
        "03-23 17:00",
        "03-30 16:00",
        "04-06 16:00",
        "04-13 16:00",
    ]
    assert len({one.series for one in made}) == 1
    assert len(world.series(every=2, at=datetime.time(20))) == 3
    with pytest.raises(MeetingRefused):
        world.series(first_on=datetime.date(2027, 6, 1))


def test_a_meeting_may_lie_across_midnight_and_a_jump_of_the_clock(world):
    night = world.meeting(starts_at=datetime.datetime(2027, 3, 28, 0, 30, tzinfo=UTC), minutes=120)
    assert night.ends_at == datetime.datetime(2027, 3, 28, 2, 30, tzinfo=UTC)
    # 02:30 does not take place on that day: the hour after it does.
    (only,) = world.series(first_on=datetime.date(2027, 3, 28), at=datetime.time(2, 30), until=datetime.date(2027, 3, 28))
    assert only.starts_at == datetime.datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


class TestChanging:
    def test_what_calendars_show_is_counted_and_nothing_else(self, world):
        meeting = world.meeting(title="Stand-up")
        steps = [
            ({"title": "Monday"}, 1),
            ({"title": " Monday "}, 1),
            ({"link": "https://meet.example.org/"}, 2),
            ({"minutes": 30}, 3),
            ({"starts_at": TOMORROW + DAY}, 4),
            ({"starts_at": TOMORROW + DAY, "minutes": 30}, 4),
        ]
        for changes, sequence in steps:
            meetings.change_meeting(meeting, by=world.captain, changes=changes)
            meeting.refresh_from_db()
            assert meeting.sequence == sequence

    def test_another_time_asks_people_anew(self, world):
        meeting = world.meeting()
        for person in (world.member, world.navigator):
            MeetingPerson.objects.create(meeting=meeting, user=person, answer="yes")
        meetings.change_meeting(meeting, by=world.navigator, changes={"title": "New"})
        assert meeting.people.filter(answer="yes").count() == 2
        meetings.change_meeting(meeting, by=world.navigator, changes={"starts_at": TOMORROW + DAY})
        assert [row.user for row in meeting.people.filter(answer="yes")] == [world.navigator]

    def test_one_of_a_series_or_all_later_ones(self, world):
        made = world.series()
        second = made[1]
        # A day later and two hours earlier on the wall, also where the clock has changed.
        (changed,) = meetings.change_meeting(second, by=world.navigator, changes={"starts_at": second.starts_at + DAY})
        assert changed == second
        second.refresh_from_db()
        changed = meetings.change_meeting(
            second,
            by=world.navigator,
            later=True,
            changes={"starts_at": second.starts_at - datetime.timedelta(hours=2), "title": "T"},
        )
        rows = list(Meeting.objects.order_by("starts_at"))
        assert [f"{one.starts_at:%m-%d %H:%M}" for one in rows] == [
            "03-09 17:00",
            "03-24 15:00",
            "03-30 14:00",
            "04-06 14:00",
            "04-13 14:00",
        ]
        assert [one.sequence for one in rows] == [0, 2, 1, 1, 1]
        assert [one.title for one in rows] == ["", "T", "T", "T", "T"]
        assert len(changed) == 4

    def test_who_looked_at_an_older_state_overwrites_nothing(self, world):
        meeting = world.meeting()
        meetings.change_meeting(meeting, by=world.captain, changes={"title": "Newer"}, seen=0)
        with pytest.raises(MeetingStale):
            meetings.change_meeting(meeting, by=world.navigator, changes={"title": "Older"}, seen=0)
        meeting.refresh_from_db()
        assert meeting.title == "Newer"

    def test_what_is_over_or_called_off_stays(self, world, time_machine):
        over, off = world.meeting(), world.meeting(starts_at=TOMORROW + 9 * DAY)
        meetings.cancel_meeting(off, by=world.navigator)
        time_machine.move_to(TOMORROW + DAY)
        for meeting in (over, off):
            with pytest.raises(MeetingRefused):
                meetings.change_meeting(meeting, by=world.navigator, changes={"title": "New"})
        with pytest.raises(MeetingRefused):
            meetings.cancel_meeting(over, by=world.navigator)

    def test_other_people_are_counted_and_who_is_let_go_is_told(self, world):
        third = world.person("member", "Chi")
        meeting = world.meeting(by=world.member, kind=Kind.PAIRING, people=[world.mate])
        write_meeting_mail(meeting.pk)
        Message.objects.update(state="sent")
        meetings.change_meeting(meeting, by=world.member, changes={"people": [third]})
        meeting.refresh_from_db()
        assert (meeting.sequence, {one.name for one in people_of(meeting)}) == (1, {"Ada", "Chi"})
        write_meeting_mail(meeting.pk, [world.mate.pk])
        assert Message.objects.filter(kind="meeting_cancelled", recipient=world.mate).count() == 1
        with pytest.raises(MeetingRefused):
            meetings.change_meeting(meeting, by=world.member, changes={"people": []})

    def test_who_may_and_who_may_not(self, world):
        meeting = world.meeting()
        asked = world.poll(by=world.member, kind=Kind.ONE_TO_ONE, people=[world.navigator])
        pair = world.meeting(by=world.member, kind=Kind.PAIRING, people=[world.mate])
        everybody = ("navigator", "captain", "organiser", "member", "mate", "other", "stranger")
        found = [{who for who in everybody if may_change(getattr(world, who), one)} for one in (meeting, asked, pair)]
        assert found == [{"navigator", "captain", "organiser"}, {"navigator", "organiser"}, {"member", "organiser"}]
        Membership.objects.filter(user=world.member).update(state="left", left_at=NOW)
        assert not may_change(world.member, pair)

    def test_calling_off_one_or_all_later_ones(self, world):
        made = world.series()
        assert [one.pk for one in meetings.cancel_meeting(made[3], by=world.navigator, reason="  Holiday\n")] == [made[3].pk]
        gone = meetings.cancel_meeting(made[2], by=world.navigator, later=True)
        assert [one.pk for one in gone] == [made[2].pk, made[4].pk]
        assert meetings.cancel_meeting(made[3], by=world.navigator) == []
        made[3].refresh_from_db()
        assert (made[3].state, made[3].sequence, made[3].cancelled_because) == ("cancelled", 1, "Holiday")
        with pytest.raises(PermissionDenied):
            meetings.cancel_meeting(made[0], by=world.member)


class TestFindingATime:
    def test_everybody_answers_and_one_press_settles(self, world):
        poll = world.poll()
        first, second, third = poll.slots.all()
        meeting_polls.answer_times(poll, by=world.member, answers={first.pk: "no", second.pk: "yes"})
        meeting_polls.answer_times(poll, by=world.mate, answers={first.pk: "yes", second.pk: "if_needed", third.pk: "no"})
        look = look_at_poll(poll, reader=world.member)
        assert [row.mine for row in look.rows] == ["no", "yes", ""]
        assert (look.best.slot, [one.name for one in look.unanswered]) == (second, ["captain"])
        settled = meeting_polls.settle_time(poll, second.pk, by=world.captain)
        assert (settled.state, settled.starts_at, settled.sequence) == ("confirmed", second.starts_at, 0)
        assert dict(settled.people.values_list("user__name", "answer")) == {"Ada": "yes", "Ben": "yes", "navigator": "yes"}
        assert meeting_polls.settle_time(poll, second.pk, by=world.navigator).starts_at == second.starts_at
        for late in (
            lambda: meeting_polls.settle_time(poll, first.pk, by=world.navigator),
            lambda: meeting_polls.answer_times(poll, by=world.member, answers={first.pk: "yes"}),
        ):
            with pytest.raises(MeetingRefused):
                late()

    def test_an_answer_can_be_taken_back_and_other_keys_are_nobodys(self, world):
        poll, other = world.poll(), world.poll()
        slot, foreign = poll.slots.first(), other.slots.first()
        meeting_polls.answer_times(poll, by=world.member, answers={slot.pk: "yes", foreign.pk: "yes", 10**15: "no"})
        assert meeting_polls.answer_times(poll, by=world.member, answers={slot.pk: ""}) == {}
        assert not SlotAnswer.objects.filter(user=world.member).exists()
        for who in (world.other, world.stranger, world.organiser):
            with pytest.raises(PermissionDenied):
                meeting_polls.answer_times(poll, by=who, answers={slot.pk: "yes"})

    def test_who_asks_for_a_talk_does_not_settle_it(self, world):
        poll = world.poll(by=world.member, kind=Kind.ONE_TO_ONE, people=[world.navigator])
        slot = poll.slots.first()
        with pytest.raises(PermissionDenied):
            meeting_polls.settle_time(poll, slot.pk, by=world.member)
        with pytest.raises(MeetingRefused):
            world.poll(by=world.member, kind=Kind.ONE_TO_ONE, people=[world.mate])
        meeting_polls.change_times(poll, by=world.member, times=[TOMORROW + 5 * DAY])
        assert meeting_polls.settle_time(poll, poll.slots.get().pk, by=world.navigator).state == "confirmed"

    def test_what_is_over_cannot_be_settled_and_others_can_be_proposed(self, world, time_machine):
        poll = world.poll()
        slot = poll.slots.first()
        time_machine.move_to(TOMORROW)
        with pytest.raises(MeetingRefused):
            meeting_polls.settle_time(poll, slot.pk, by=world.navigator)
        meeting_polls.answer_times(poll, by=world.member, answers={one.pk: "yes" for one in poll.slots.all()})
        times = [one.starts_at for one in poll.slots.all()]
        meeting_polls.change_times(poll, by=world.navigator, times=[*times, TOMORROW + 7 * DAY])
        assert poll.slots.count() == 4
        assert SlotAnswer.objects.filter(user=world.member).count() == 3
        for wrong in ([], [*times, TOMORROW - DAY], [TOMORROW + number * DAY for number in range(1, 14)]):
            with pytest.raises(MeetingRefused):
                meeting_polls.change_times(poll, by=world.navigator, times=wrong)

    def test_people_are_asked_once_and_reminded_once(self, world, time_machine):
        poll = world.poll(title="Talk")
        resting, quiet = world.person("member", "Resting"), world.person("member", "Quiet", meetings_by_mail=False)
        Membership.objects.filter(user=resting).update(state="resting")
        assert write_questions(poll.pk) == 4
        assert write_questions(poll.pk) == 0
        asked = Message.objects.filter(kind="meeting_poll")
        assert {one.recipient.name for one in asked} == {"Ada", "Ben", "captain", "Resting"}
        assert "Tuesday 9 March 2027, 10:00 (Rome)" in asked[0].body
        meeting_polls.answer_times(poll, by=world.mate, answers={poll.slots.first().pk: "no"})
        kind = "reminder_meeting_poll"
        write_due_reminders(NOW + datetime.timedelta(hours=2))
        assert not Message.objects.filter(kind=kind).exists()
        time_machine.move_to(NOW + datetime.timedelta(hours=13))
        write_due_reminders()
        write_due_reminders()
        assert {one.recipient.name for one in Message.objects.filter(kind=kind)} == {"Ada", "captain"}
        time_machine.move_to(TOMORROW + 3 * DAY)
        assert quiet not in {one.recipient for one in Message.objects.all()}
        Message.objects.filter(kind=kind).delete()
        write_due_reminders()
        assert not Message.objects.filter(kind=kind).exists()

    def test_many_answers_cost_no_more_queries(self, world):
        poll = world.poll()
        with CaptureQueriesContext(
            connection,
        ) as few:
            look_at_poll(poll, reader=world.member)
        for number in range(5):
            person = world.person("member", f"More {number}")
            meeting_polls.answer_times(poll, by=person, answers={slot.pk: "yes" for slot in poll.slots.all()})
        with CaptureQueriesContext(connection) as many:
            look_at_poll(poll, reader=world.member)
        assert len(many) == len(few)


def test_somebody_in_two_sessions_has_another_meeting_then(world):
    elsewhere = CohortFactory(session=SessionFactory(published_at=NOW - DAY))
    MembershipFactory(cohort=elsewhere, user=world.member)
    leader = MembershipFactory(cohort=elsewhere, role="navigator").user
    meetings.create_meeting(elsewhere.session, by=leader, cohort=elsewhere, starts_at=TOMORROW, minutes=60)
    Availability.objects.create(user=world.member, time_zone="UTC", slots=list(range(336)))
    (comer,) = comers_of([world.member], first=NOW, last=TOMORROW + DAY)
    (hitch,) = judge([comer], TOMORROW + datetime.timedelta(minutes=30), 60).hitches
    assert hitch.trouble == Trouble.BUSY
    assert judge([comer], TOMORROW + datetime.timedelta(minutes=60), 60).suits_all
    # Who cannot come there has time here, and what is called off keeps nobody.
    meeting = Meeting.objects.get()
    MeetingPerson.objects.create(meeting=meeting, user=world.member, answer="no")
    assert world.member.pk not in busy_spans([world.member.pk], first=NOW, last=TOMORROW + DAY)
    meetings.cancel_meeting(meeting, by=leader)
    assert busy_spans([leader.pk], first=NOW, last=TOMORROW + DAY) == {}


def test_who_left_keeps_their_own_talks_and_reads_nothing_that_the_others_go_on_writing(world):
    """Neither what they made, nor that they said they come, nor that they were there, opens a meeting of the cohort to them."""
    made, of_all = world.meeting(), world.meeting(by=world.organiser, cohort=None)
    talk = world.meeting(by=world.navigator, kind=Kind.ONE_TO_ONE, people=[world.member])
    for meeting in (made, of_all):
        MeetingPerson.objects.create(meeting=meeting, user=world.member, answer="yes", attendance="there")
    Membership.objects.filter(user__in=[world.member, world.navigator]).update(state="left", left_at=NOW)
    assert set(Meeting.objects.visible_to(world.member)) == {talk}
    assert set(Meeting.objects.visible_to(world.navigator)) == {talk}
    assert {made, of_all} <= set(Meeting.objects.visible_to(world.captain))
