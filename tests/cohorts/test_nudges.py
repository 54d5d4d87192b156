"""Nudges: noticed once, told once, handled with a note, ended by themselves, and seen by organisers after a week."""

import datetime
from datetime import UTC
from types import SimpleNamespace

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import personal_data
from accounts.messages import send_message
from accounts.models import Message, User
from accounts.personal_data import delete_account
from cohorts import attention, nudges
from cohorts.models import CheckIn, CheckInReply, Meeting, MeetingPerson, Membership, Nudge, Session
from cohorts.nudges.noticing import members_of
from cohorts.nudges.unanswered import days_between
from tests import factories

pytestmark = pytest.mark.django_db

#: A Wednesday in week 4 of a session that began on Monday 1 February 2027.
NOW = datetime.datetime(2027, 2, 24, 10, 0, tzinfo=UTC)
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


def person(cohort, name, role="member", zone="UTC", **values):
    membership = factories.MembershipFactory(
        cohort=cohort, user=factories.UserFactory(name=name, time_zone=zone), role=role, **values
    )
    Membership.objects.filter(pk=membership.pk).update(joined_at=cohort.session.begins_at)
    return Membership.objects.select_related("user", "cohort__session").get(pk=membership.pk)


@pytest.fixture
def world(time_machine):
    """Ada wrote on Tuesday that she is stuck and would like to talk; Jun wrote as well, and is fine."""
    time_machine.move_to(NOW, tick=False)
    session = factories.SessionFactory(name="2027 Session 1", starts_on=datetime.date(2027, 2, 1), time_zone="UTC")
    cohort = factories.CohortFactory(session=session, name="Venus")
    ada, jun = person(cohort, "Ada Lovelace"), person(cohort, "Jun Tanaka")
    week = session.calendar.get(number=4)
    checkin = factories.CheckInFactory(
        membership=ada, week=week, stuck="The tests hang", wants_to_talk=True, written_at=NOW - DAY
    )
    factories.CheckInFactory(membership=jun, week=week, written_at=NOW - DAY)
    return SimpleNamespace(
        session=session,
        cohort=cohort,
        week=week,
        ada=ada,
        jun=jun,
        checkin=checkin,
        navigator=person(cohort, "Grace Hopper", "navigator").user,
        captain=person(cohort, "Kofi Mensah", "captain", zone="America/New_York").user,
        organiser=factories.SessionRoleFactory(session=session, user__name="Olu", user__time_zone="UTC").user,
    )


def reply(world, by, at):
    with time_machine.travel(at, tick=False):
        return CheckInReply.objects.create(checkin=world.checkin, author=by, text="Try -x first.")


def one_to_one(world, by, at, state="confirmed", made_by=None):
    with time_machine.travel(at, tick=False):
        meeting = Meeting.objects.create(
            session=world.session, cohort=world.cohort, few=True, kind="one_to_one", state=state, made_by=made_by or by,
            starts_at=at + DAY,
        )  # fmt: skip
        for user in (world.ada.user, by):
            MeetingPerson.objects.create(meeting=meeting, user=user, invited=True)
    return meeting


def reasons(world, now=NOW):
    return {reason.kind: reason for reason in attention.gather(members_of(world.session, [world.ada.pk]), now)}


def key(world):
    return f"checkin-{world.checkin.pk}"


def stands(**values):
    return sorted(Nudge.objects.open().filter(**values).values_list("kind", flat=True))


def mails(kind="nudges"):
    return list(Message.objects.filter(kind=kind).order_by("pk"))


class TestNoticing:
    def test_a_reason_is_written_once_and_ends_by_itself(self, world):
        assert nudges.notice(NOW) == 2
        assert nudges.notice(NOW + HOUR) == 0
        assert stands(membership=world.ada) == ["stuck", "talk"]
        CheckIn.objects.update(stuck="")
        nudges.notice(NOW + HOUR)
        assert stands() == ["talk"]
        assert Nudge.objects.get(kind="stuck").ended_at == NOW + HOUR

    def test_what_comes_back_soon_is_the_same_and_what_comes_back_later_is_new(self, world):
        nudges.notice(NOW)
        CheckIn.objects.filter(pk=world.checkin.pk).update(stuck="")
        nudges.notice(NOW + HOUR)
        CheckIn.objects.filter(pk=world.checkin.pk).update(stuck="Again")
        assert nudges.notice(NOW + DAY) == 0
        assert stands() == ["stuck", "talk"]
        CheckIn.objects.filter(pk=world.checkin.pk).update(stuck="")
        nudges.notice(NOW + DAY)
        CheckIn.objects.filter(pk=world.checkin.pk).update(stuck="And again")
        assert nudges.notice(NOW + 5 * DAY) == 1
        assert stands() == ["stuck", "talk"]
        assert Nudge.objects.filter(kind="stuck").count() == 2

    def test_a_new_checkin_is_a_new_occurrence(self, world):
        nudges.notice(NOW)
        later = NOW + 6 * DAY
        factories.CheckInFactory(
            membership=world.ada, week=world.session.calendar.get(number=5), stuck="The docs", written_at=later
        )
        assert nudges.notice(later) == 1
        assert stands(membership=world.ada) == ["stuck"]

    @pytest.mark.parametrize("case", ["left", "archived", "after"])
    def test_what_is_over_for_everybody_ends(self, world, case):
        nudges.notice(NOW)
        now = NOW + HOUR
        if case == "left":
            Membership.objects.filter(pk=world.ada.pk).update(state="left", left_at=NOW)
        elif case == "archived":
            Session.objects.update(archived_at=NOW)
        else:
            now = world.session.ends_at
        assert nudges.notice(now) == 0
        assert stands() == []

    def test_nothing_is_noticed_before_the_start_in_a_pause_and_of_who_rests(self, world):
        Session.objects.update(pause_after=3, pause_weeks=2)
        world.session.refresh_from_db()
        assert nudges.notice(NOW) == 0
        paused = reasons(world)
        assert {kind: reason.alarm for kind, reason in paused.items()} == {"talk": False, "stuck": False}
        Session.objects.update(pause_after=None, starts_on=datetime.date(2027, 3, 1))
        assert nudges.notice(NOW) == 0
        Session.objects.update(starts_on=datetime.date(2027, 2, 1))
        Membership.objects.filter(pk=world.jun.pk).update(state="resting")
        CheckIn.objects.filter(membership=world.jun).update(stuck="Everything", energy=1)
        nudges.notice(NOW)
        assert stands(membership=world.jun) == []

    def test_a_pull_request_that_waits_for_a_maintainer_is_never_held_against_anybody(self, world):
        factories.ContributionFactory(
            membership=world.jun, work_item__turn="maintainer", work_item__turn_reason="approved",
            work_item__turn_since=NOW - 20 * DAY, work_item__created_at=NOW - 21 * DAY,
        )  # fmt: skip
        members = members_of(world.session)
        assert "waits_for_maintainer" in {reason.kind for reason in attention.gather(members, NOW)}
        nudges.notice(NOW)
        assert stands(membership=world.jun) == []

    def test_what_fails_in_one_session_keeps_no_other_from_its_turn(self, world, monkeypatch):
        other = factories.MembershipFactory(cohort__session=factories.SessionFactory())
        gather = attention.gather

        def fails(memberships, now):
            if memberships[0].pk == other.pk:
                raise RuntimeError("broken")
            return gather(memberships, now)

        monkeypatch.setattr("cohorts.attention.gather", fails)
        with pytest.raises(ExceptionGroup):
            nudges.look_after(NOW)
        assert stands() == ["stuck", "talk"]
        assert len(mails()) == 1


class TestAnswers:
    def test_a_reply_of_who_leads_answers_being_stuck_and_not_the_wish_to_talk(self, world):
        nudges.notice(NOW)
        reply(world, world.jun.user, NOW + HOUR)
        assert reasons(world, NOW + 2 * HOUR)["stuck"].alarm
        reply(world, world.navigator, NOW + HOUR)
        found = reasons(world, NOW + 2 * HOUR)
        assert (found["stuck"].alarm, found["stuck"].answer.text) == (False, "Grace answered")
        assert found["talk"].alarm
        nudges.notice(NOW + 2 * HOUR)
        assert stands() == ["talk"]

    @pytest.mark.parametrize(
        ("state", "by_member", "answers"),
        [("confirmed", False, True), ("polling", False, True), ("cancelled", False, False), ("polling", True, False),
         ("confirmed", True, True)],
    )  # fmt: skip
    def test_a_1_to_1_that_was_made_since_answers_the_wish_to_talk(self, world, state, by_member, answers):
        one_to_one(world, world.captain, NOW - 2 * DAY)
        assert reasons(world)["talk"].alarm
        one_to_one(world, world.captain, NOW, state, made_by=world.ada.user if by_member else None)
        found = reasons(world, NOW + HOUR)
        assert found["talk"].alarm is not answers
        assert found["stuck"].alarm

    @pytest.mark.parametrize(
        ("attendance", "missed"),
        [
            ("absent absent", 2),
            ("there absent absent absent", 3),
            ("absent excused absent", 0),
            ("absent there", 0),
            ("absent", 0),
        ],
    )
    def test_missing_meetings_in_a_row_without_a_word_is_worth_a_question(self, world, attendance, missed):
        for days, what in zip((14, 9, 7, 2), attendance.split(), strict=False):
            meeting = Meeting.objects.create(
                session=world.session, cohort=world.cohort, starts_at=NOW - days * DAY, made_by=world.navigator
            )
            MeetingPerson.objects.create(meeting=meeting, user=world.ada.user, attendance=what)
        reason = reasons(world).get("missed")
        assert (reason.text if reason else "") == (f"missed the last {missed} meetings" if missed else "")
        assert "missed" not in reasons(world, NOW + 20 * DAY)


class TestHandling:
    def test_handled_with_a_note_stays_so_until_the_reason_ends(self, world):
        nudges.notice(NOW)
        nudge = nudges.handle(world.ada, "talk", key(world), by=world.navigator, note="We talk on Friday.\x00", now=NOW + HOUR)
        assert (nudge.handled_by, nudge.note) == (world.navigator, "We talk on Friday.")
        nudges.notice(NOW + DAY)
        assert stands() == ["stuck"]
        nudges.take_back(nudge, by=world.captain)
        assert stands() == ["stuck", "talk"]
        assert Nudge.objects.get(kind="talk").note == ""

    def test_it_can_be_handled_before_the_worker_has_noticed_it(self, world):
        nudges.handle(world.ada, "stuck", key(world), by=world.organiser, now=NOW)
        assert nudges.notice(NOW) == 1
        assert stands() == ["talk"]

    def test_who_was_quicker_is_named_and_the_same_person_may_change_the_note(self, world):
        nudges.handle(world.ada, "talk", key(world), by=world.navigator, now=NOW)
        with pytest.raises(nudges.AlreadyHandled, match="Grace has handled this already"):
            nudges.handle(world.ada, "talk", key(world), by=world.captain, note="Me, too", now=NOW)
        assert nudges.handle(world.ada, "talk", key(world), by=world.navigator, note="On Friday", now=NOW).note == "On Friday"

    @pytest.mark.parametrize("case", ["over", "answered", "nonsense", "no alarm"])
    def test_what_does_not_call_for_anybody_cannot_be_handled(self, world, case):
        kind, which = "stuck", key(world)
        if case == "over":
            CheckIn.objects.update(stuck="")
        elif case == "answered":
            reply(world, world.navigator, NOW)
        elif case == "nonsense":
            kind, which = "x" * 500, "#" * 500
        else:
            Membership.objects.filter(pk=world.ada.pk).update(state="resting")
            world.ada.refresh_from_db()
            kind, which = "resting", ""
        with pytest.raises(nudges.NothingToHandle):
            nudges.handle(world.ada, kind, which, by=world.navigator, now=NOW + HOUR)
        assert not Nudge.objects.exists()

    def test_only_those_who_lead_handle_and_nobody_themselves(self, world):
        nudges.notice(NOW)
        factories.SessionRoleFactory(session=world.session, user=world.ada.user)
        stranger = factories.UserFactory()
        for user in (world.ada.user, world.jun.user, stranger):
            with pytest.raises(PermissionDenied):
                nudges.handle(world.ada, "talk", key(world), by=user, now=NOW)
            with pytest.raises(PermissionDenied):
                nudges.take_back(Nudge.objects.filter(kind="talk").get(), by=user)
        assert not Nudge.objects.visible_to(world.ada.user).exists()


class TestTelling:
    def test_those_who_lead_get_one_mail_with_all_that_is_new_in_their_own_day(self, world):
        assert nudges.look_after(NOW) == 1
        mail = mails()[0]
        assert mail.recipient == world.navigator
        assert mail.subject == "Somebody in Venus could use a word from you"
        assert "Ada would like to talk. Offer them a time" in mail.body
        assert "Ada is stuck: “The tests hang”." in mail.body
        assert f"/cohorts/{world.cohort.pk}/" in mail.body
        assert "/me/#mail" in mail.body
        # In New York it is five in the morning.
        assert nudges.look_after(NOW + 4 * HOUR) == 1
        assert mails()[-1].recipient == world.captain
        assert nudges.look_after(NOW + DAY) == 0

    def test_no_more_than_one_mail_a_day_and_then_only_what_is_new(self, world):
        nudges.look_after(NOW)
        CheckIn.objects.filter(membership=world.jun).update(stuck="The docs")
        nudges.look_after(NOW + HOUR)
        of_navigator = [mail for mail in mails() if mail.recipient == world.navigator]
        assert len(of_navigator) == 1
        nudges.look_after(NOW + DAY)
        second = [mail for mail in mails() if mail.recipient == world.navigator][-1]
        assert "Jun is stuck" in second.body
        assert "Ada" not in second.body

    def test_after_two_days_without_a_worker_there_is_one_mail_and_not_several(self, world):
        CheckIn.objects.filter(membership=world.jun).update(stuck="The docs", energy=1)
        assert nudges.look_after(NOW + 2 * DAY + 5 * HOUR) == 2
        assert sorted(mail.recipient.name for mail in mails()) == ["Grace Hopper", "Kofi Mensah"]
        for minutes in (15, 30, 45):
            assert nudges.look_after(NOW + 2 * DAY + 5 * HOUR + datetime.timedelta(minutes=minutes)) == 0

    @pytest.mark.parametrize("case", ["handled", "over", "answered", "pause", "night", "unwanted"])
    def test_what_is_settled_or_unwanted_before_it_is_written_is_not_told(self, world, case):
        CheckIn.objects.update(wants_to_talk=False)
        nudges.notice(NOW)
        now = NOW
        if case == "handled":
            nudges.handle(world.ada, "stuck", key(world), by=world.navigator, now=NOW)
        elif case == "over":
            CheckIn.objects.update(stuck="")
        elif case == "answered":
            reply(world, world.navigator, NOW)
        elif case == "pause":
            Session.objects.update(pause_after=3)
        elif case == "night":
            now = NOW + 11 * HOUR
            User.objects.update(time_zone="UTC")
        else:
            User.objects.update(reminders_by_mail=False)
        assert nudges.tell(now) == 0
        assert not mails()

    def test_a_mail_of_which_nothing_is_left_is_dropped_and_else_it_goes(self, world):
        nudges.look_after(NOW)
        mail = mails()[0]
        nudges.handle(world.ada, "talk", key(world), by=world.captain, now=NOW)
        nudges.handle(world.ada, "stuck", key(world), by=world.captain, now=NOW)
        send_message(mail.pk)
        mail.refresh_from_db()
        assert mail.state == Message.State.DROPPED
        Nudge.objects.filter(kind="talk").update(handled_at=None)
        Message.objects.filter(pk=mail.pk).update(state="queued")
        send_message(mail.pk)
        mail.refresh_from_db()
        assert mail.state == Message.State.SENT

    def test_who_takes_over_is_told_what_stands_and_who_left_is_not(self, world):
        nudges.look_after(NOW)
        Membership.objects.filter(user=world.navigator).update(state="left", left_at=NOW)
        send_message(mails()[0].pk)
        assert mails()[0].state == Message.State.DROPPED
        person(world.cohort, "Alan", "navigator")
        assert nudges.tell(NOW + HOUR) == 1
        assert mails()[-1].recipient.name == "Alan"

    def test_a_leader_of_two_sessions_gets_one_mail_for_both(self, world):
        other = factories.CohortFactory(
            session=factories.SessionFactory(starts_on=datetime.date(2027, 2, 8), time_zone="UTC"), name="Mars"
        )
        member = person(other, "Mira Sol")
        factories.CheckInFactory(membership=member, week=other.session.calendar.get(number=3), stuck="x", written_at=NOW - DAY)
        person(other, "Nobody").user.delete()
        factories.MembershipFactory(cohort=other, user=world.navigator, role="navigator")
        nudges.look_after(NOW)
        (mail,) = [one for one in mails() if one.recipient == world.navigator]
        assert mail.subject == "Somebody in Mars and Venus could use a word from you"
        assert "Mars: Mira is stuck" in mail.body
        assert "Venus: Ada would like to talk" in mail.body


class TestEscalating:
    AFTER = NOW + 7 * DAY

    @pytest.fixture
    def waiting(self, world):
        nudges.look_after(NOW)
        return world

    def people(self, world, now):
        members = members_of(world.session)
        return nudges.unanswered(members, attention.gather(members, now), nudges.standing(members), now)

    def test_organisers_are_told_after_a_week_once(self, waiting):
        # Ada wrote a day before, and what she asked counts from then on.
        assert self.people(waiting, NOW + 5 * DAY) == []
        assert [one.text for one in self.people(waiting, self.AFTER)] == ["Nobody has answered Ada for 8 days"]
        nudges.look_after(self.AFTER)
        (mail,) = mails("nudges_unanswered")
        assert mail.recipient == waiting.organiser
        assert "Nobody has answered Ada for 8 days. Venus, navigator: Grace Hopper, captain: Kofi Mensah." in mail.body
        assert f"/sessions/{waiting.session.slug}/board/" in mail.body
        assert set(Nudge.objects.open().values_list("escalated_at", flat=True)) == {self.AFTER}
        nudges.look_after(self.AFTER + DAY)
        assert len(mails("nudges_unanswered")) == 1

    @pytest.mark.parametrize("case", ["reply", "talk", "handled", "pause"])
    def test_a_sign_of_those_who_lead_or_a_pause_keeps_it_from_the_organisers(self, waiting, case):
        if case == "reply":
            reply(waiting, waiting.captain, NOW + 2 * DAY)
        elif case == "talk":
            one_to_one(waiting, waiting.navigator, NOW + 2 * DAY)
        elif case == "handled":
            nudges.handle(waiting.ada, "stuck", key(waiting), by=waiting.navigator, now=NOW + 2 * DAY)
        else:
            Session.objects.update(pause_after=4)
            waiting.session.refresh_from_db()
        assert self.people(waiting, self.AFTER) == []
        assert nudges.escalate(self.AFTER) == 0

    def test_silence_counts_from_when_it_was_noticed(self, waiting):
        CheckIn.objects.filter(membership=waiting.ada).delete()
        noticed = NOW - DAY
        nudges.notice(noticed)
        assert stands(membership=waiting.ada) == ["silent"]
        (found,) = self.people(waiting, noticed + 8 * DAY)
        assert found.text == "Nobody has looked after Ada for 8 days"

    def test_it_is_dropped_where_somebody_answers_before_it_goes(self, waiting):
        nudges.look_after(self.AFTER)
        (mail,) = mails("nudges_unanswered")
        reply(waiting, waiting.navigator, self.AFTER)
        one_to_one(waiting, waiting.navigator, self.AFTER)
        nudges.notice(self.AFTER + HOUR)
        send_message(mail.pk)
        mail.refresh_from_db()
        assert mail.state == Message.State.DROPPED

    def test_an_organiser_who_is_the_member_is_not_told_of_themselves(self, waiting):
        factories.SessionRoleFactory(session=waiting.session, user=waiting.ada.user)
        nudges.look_after(self.AFTER)
        assert [mail.recipient for mail in mails("nudges_unanswered")] == [waiting.organiser]


class TestPersonalData:
    def test_a_deleted_account_is_in_no_mail_and_the_others_are_told_again(self, world):
        CheckIn.objects.filter(membership=world.jun).update(stuck="The docs")
        nudges.look_after(NOW)
        sent = nudges.tell(NOW + 5 * HOUR) and mails()[-1]
        Message.objects.filter(pk=sent.pk).update(state="sent")
        delete_account(world.ada.user, by=world.ada.user)
        assert "Ada" not in " ".join(Message.objects.values_list("body", flat=True))
        assert "account was deleted" in Message.objects.get(pk=sent.pk).body
        assert nudges.tell(NOW + HOUR) == 1
        (again,) = [mail for mail in mails() if mail.recipient == world.navigator]
        assert "Jun is stuck" in again.body

    def test_what_a_leader_noted_is_in_their_export_and_stays_without_their_name(self, world):
        nudges.handle(world.ada, "talk", key(world), by=world.navigator, note="On Friday", now=NOW)
        (entry,) = personal_data.export(world.navigator)["handled"]
        assert (entry["note"], "Ada" in str(entry)) == ("On Friday", False)
        assert "On Friday" not in str(personal_data.export(world.ada.user))
        assert "note on how you looked after" in " ".join(personal_data.preview_deletion(world.navigator).stays)
        delete_account(world.navigator, by=world.navigator)
        assert Nudge.objects.get(kind="talk").handled_by is None


@pytest.mark.parametrize(
    ("since", "now", "days"),
    [((2, 8), (2, 15), 6), ((2, 8), (2, 24), 9), ((2, 17), (2, 23), 2), ((2, 24), (2, 24), 0), ((2, 17), (2, 18), 0)],
)
def test_days_of_the_pause_do_not_count(since, now, days):
    session = Session(starts_on=datetime.date(2027, 2, 1), weeks=6, time_zone="UTC", pause_after=2)
    at = lambda month, day: datetime.datetime(2027, month, day, 12, tzinfo=UTC)  # noqa: E731
    assert days_between(session, at(*since), at(*now)) == days


def test_the_number_of_statements_does_not_grow_with_the_people(world):
    def statements(step, now):
        with CaptureQueriesContext(connection) as captured:
            step(now)
        return len([one for one in captured if "task" not in one["sql"].lower()])

    def grow(number):
        for cohort in range(number):
            of = factories.CohortFactory(session=world.session, name=f"Cohort {number}-{cohort}")
            person(of, "Leader", "navigator")
            member = person(of, f"Member {cohort}")
            factories.CheckInFactory(membership=member, week=world.week, stuck="x", written_at=NOW - DAY)

    def count(number, days):
        grow(number)
        now = NOW + days * DAY
        return [statements(nudges.notice, now), statements(nudges.tell, now), statements(nudges.escalate, now + 7 * DAY)]

    # What is looked up once and kept is known after the first round.
    count(1, 0)
    assert count(2, 1) == count(8, 2)
