"""Reminders: once for each date, caught up with after a missed run, and never about what is past, answered or secret."""

import datetime
import zoneinfo

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import messages
from accounts.mail_kinds import replies_to
from accounts.messages import NewMessage, queue_message, queue_messages, send_message
from accounts.models import Message, User
from accounts.tasks import send_message_task
from cohorts import reminders
from cohorts.applications import accept_offer, decline_offer
from cohorts.checkin_reminders import choose_reminder
from cohorts.due_reminders import due_checkins
from cohorts.models import Application, ApplicationEvent, ReviewAssignment, ReviewPhase, Session
from cohorts.moves import move
from cohorts.pending import set_pending_decision
from cohorts.reminders import write_due_reminders
from cohorts.reviews import declare_conflict
from cohorts.session_steps import close_review
from cohorts.weeks import generate_weeks
from tests.cohorts.publishing import publish
from tests.cohorts.world import make_world
from tests.factories import (
    ApplicationFactory,
    CheckInFactory,
    CohortFactory,
    LateAccessFactory,
    MembershipFactory,
    ReviewFactory,
    ReviewPhaseFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
Status = Application.Status
#: By their kinds.
REMINDED = {reminder.kind: reminder for reminder in reminders.REMINDERS}


def written(kind) -> list[Message]:
    return list(Message.objects.filter(kind=kind).order_by("pk"))


def deliver(message) -> str:
    """Send what was written, as the worker does. Returns the state that the message has then."""
    send_message(message.pk)
    message.refresh_from_db()
    return message.state


class TestDraft:
    @pytest.fixture
    def session(self):
        return SessionFactory(open=True, name="Spring", slug="spring", time_zone="America/New_York")

    @pytest.fixture
    def draft(self, session):
        row = ApplicationFactory(session=session, status="draft", submitted_at=None)
        Application.objects.update(updated_at=timezone.now() - DAY)
        return row

    @pytest.fixture
    def soon(self, session):
        return session.applications_close_at - 40 * HOUR

    def test_is_called_to_mind_once_shortly_before_the_deadline(self, session, draft, soon):
        assert write_due_reminders(session.applications_close_at - 49 * HOUR) == 0
        assert write_due_reminders(soon) == 1
        assert write_due_reminders(soon + HOUR) == 0
        message = written("reminder_draft")[0]
        assert message.recipient == draft.applicant
        assert message.subject == "Your application to Spring is not submitted yet"
        assert "/sessions/spring/apply/" in message.body
        assert "/me/#mail" in message.body

    def test_says_the_deadline_in_the_readers_zone_and_in_utc(self):
        closes = datetime.datetime(2027, 3, 1, 12, tzinfo=datetime.UTC)
        with time_machine.travel(closes - 9 * DAY, tick=False):
            session = SessionFactory(open=True, name="Spring", applications_close_at=closes, time_zone="America/New_York")
            ApplicationFactory(session=session, status="draft", submitted_at=None, applicant__time_zone="Asia/Tokyo")
        assert write_due_reminders(closes - HOUR) == 1
        body = written("reminder_draft")[0].body
        assert "Monday 1 March 2027, 21:00 (Tokyo), 1 March, 12:00 UTC" in body

    def test_a_run_that_was_missed_is_caught_up_with(self, session, draft):
        assert write_due_reminders(session.applications_close_at - datetime.timedelta(minutes=20)) == 1

    def test_after_the_deadline_there_is_nothing_to_say(self, session, draft):
        assert write_due_reminders(session.applications_close_at) == 0

    def test_who_is_writing_is_left_in_peace(self, session, draft, soon):
        Application.objects.update(updated_at=soon - HOUR)
        assert write_due_reminders(soon) == 0
        assert write_due_reminders(soon + 5 * HOUR) == 1

    def test_a_code_of_the_organisers_brings_a_deadline_and_a_reminder_of_its_own(self, session, draft, soon):
        ApplicationFactory(session=session, status="draft", submitted_at=None)
        Application.objects.update(updated_at=timezone.now() - DAY)
        assert write_due_reminders(soon) == 2
        until = session.applications_close_at + 5 * DAY
        LateAccessFactory(person=draft.applicant, code__session=session, code__expires_at=until)
        assert write_due_reminders(until - 3 * DAY) == 0
        assert write_due_reminders(until - HOUR) == 1
        assert write_due_reminders(until) == 0
        first, late = (one for one in written("reminder_draft") if one.recipient == draft.applicant)
        assert "Your application to Spring" in late.subject
        with time_machine.travel(until - HOUR, tick=False):
            assert (deliver(first), deliver(late)) == ("dropped", "sent")

    def test_one_that_was_submitted_meanwhile_is_not_called_to_mind(self, session, draft, soon):
        with time_machine.travel(soon, tick=False):
            write_due_reminders()
            move(draft, Status.SUBMITTED, by=draft.applicant, changes={"submitted_at": soon})
            assert deliver(written("reminder_draft")[0]) == "dropped"

    def test_a_mail_that_waited_too_long_is_not_sent(self, session, draft, soon):
        write_due_reminders(soon)
        with time_machine.travel(session.applications_close_at, tick=False):
            assert deliver(written("reminder_draft")[0]) == "dropped"

    def test_while_it_is_true_it_is_sent(self, session, draft, soon):
        write_due_reminders(soon)
        with time_machine.travel(soon, tick=False):
            assert deliver(written("reminder_draft")[0]) == "sent"
        assert mail.outbox[0].to == [draft.applicant.email]

    @pytest.mark.parametrize("change", [{"announced_at": None}, {"archived_at": timezone.now()}])
    def test_nothing_about_a_session_that_takes_none(self, session, draft, soon, change):
        Session.objects.update(**change)
        assert write_due_reminders(soon) == 0

    @pytest.mark.parametrize("status", ["submitted", "withdrawn"])
    def test_what_was_submitted_or_taken_back_is_no_draft(self, session, soon, status):
        ApplicationFactory(session=session, status=status)
        assert write_due_reminders(soon) == 0

    def test_who_leads_a_cohort_of_the_session_by_now_hears_nothing(self, session, draft, soon):
        leading = MembershipFactory(cohort=CohortFactory(session=session), user=draft.applicant, role="navigator")
        assert write_due_reminders(soon) == 0
        leading.delete()
        assert write_due_reminders(soon) == 1

    @pytest.mark.parametrize("choice", [{"reminders_by_mail": False}, {"is_active": False}])
    def test_nobody_is_reminded_who_does_not_want_it_or_is_gone(self, session, draft, soon, choice):
        person = draft.applicant
        type(person).objects.filter(pk=person.pk).update(**choice)
        assert write_due_reminders(soon) == 0

    def test_switching_reminders_off_holds_for_those_already_written(self, session, draft, soon):
        write_due_reminders(soon)
        type(draft.applicant).objects.filter(pk=draft.applicant_id).update(reminders_by_mail=False)
        with time_machine.travel(soon, tick=False):
            assert deliver(written("reminder_draft")[0]) == "dropped"


class TestOffer:
    @pytest.fixture
    def world(self):
        return make_world(applications=2, name="Spring", review_closed_at=timezone.now() - HOUR, reply_days=7)

    @pytest.fixture
    def offered(self, world):
        application = world.applications[0]
        application.applicant.time_zone = "Asia/Tokyo"
        application.applicant.save()
        set_pending_decision(application, "offer", by=world.organiser)
        publish(world.session, by=world.organiser)
        application.refresh_from_db()
        return application

    def test_is_called_to_mind_once_before_it_ends(self, offered):
        assert write_due_reminders(offered.answer_by - 49 * HOUR) == 0
        assert write_due_reminders(offered.answer_by - 47 * HOUR) == 1
        assert write_due_reminders(offered.answer_by - HOUR) == 0
        assert write_due_reminders(offered.answer_by) == 0
        message = written("reminder_offer")[0]
        assert message.subject == "Action required: your offer of a place in Spring"
        assert f"/applications/{offered.pk}/" in message.body

    def test_says_when_it_ends_and_in_which_zone(self, offered):
        Application.objects.update(answer_by=datetime.datetime(2030, 1, 10, 23, 59, tzinfo=datetime.UTC))
        write_due_reminders(datetime.datetime(2030, 1, 10, tzinfo=datetime.UTC))
        body = " ".join(written("reminder_offer")[0].body.split())
        assert "stands until Friday 11 January 2030, 08:59 (Tokyo), 10 January, 23:59 UTC." in body

    def test_one_that_is_decided_and_not_published_never_leaks(self, world, offered):
        set_pending_decision(world.applications[1], "offer", by=world.organiser)
        Application.objects.filter(pk=world.applications[1].pk).update(answer_by=offered.answer_by)
        write_due_reminders(offered.answer_by - HOUR)
        assert [message.recipient for message in written("reminder_offer")] == [offered.applicant]

    def test_nothing_while_the_session_is_not_published(self, world, offered):
        Session.objects.update(published_at=None)
        assert write_due_reminders(offered.answer_by - HOUR) == 0

    def test_one_that_was_made_just_now_is_not_called_to_mind(self, offered):
        Application.objects.filter(pk=offered.pk).update(answer_by=timezone.now() + 30 * HOUR)
        assert write_due_reminders() == 0
        assert write_due_reminders(timezone.now() + 25 * HOUR) == 1

    @pytest.mark.parametrize("answer", [accept_offer, decline_offer])
    def test_nothing_is_sent_after_an_answer(self, offered, answer):
        with time_machine.travel(offered.answer_by - HOUR, tick=False):
            write_due_reminders()
            answer(offered, by=offered.applicant)
            assert deliver(written("reminder_offer")[0]) == "dropped"
            assert write_due_reminders() == 0

    def test_a_second_offer_has_a_reminder_of_its_own_and_the_old_one_is_not_sent_for_it(self, world, offered):
        write_due_reminders(offered.answer_by - HOUR)
        decline_offer(offered, by=offered.applicant)
        set_pending_decision(offered, "offer", by=world.organiser)
        publish(world.session, by=world.organiser)
        offered.refresh_from_db()
        before = offered.answer_by - HOUR
        assert write_due_reminders(before) == 1
        first, second = written("reminder_offer")
        with time_machine.travel(before, tick=False):
            assert [deliver(first), deliver(second)] == ["dropped", "sent"]

    def test_an_offer_without_history_is_called_to_mind_as_well(self, offered):
        ApplicationEvent.objects.all().delete()
        assert write_due_reminders(offered.answer_by - HOUR) == 1


class TestCheckIn:
    """A session that begins on Monday 2 November 2026, seen from its second week."""

    @pytest.fixture(autouse=True)
    def in_those_days(self):
        """Rows that are made with the clock of their making belong to the same year, whenever the test runs."""
        with time_machine.travel(self.at("2026-11-11 12:00")):
            yield

    @pytest.fixture
    def session(self, in_those_days):
        return SessionFactory(name="Spring", starts_on=datetime.date(2026, 11, 2), time_zone="America/New_York")

    @pytest.fixture
    def member(self, session):
        membership = MembershipFactory(cohort=CohortFactory(session=session))
        type(membership).objects.update(joined_at=session.begins_at)
        return membership

    @staticmethod
    def at(text) -> datetime.datetime:
        """An instant on the clock of the session."""
        return datetime.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo("America/New_York"))

    def week(self, session, number):
        return session.calendar.get(number=number)

    def test_comes_once_a_week_at_the_hour_that_the_member_chose_on_their_own_clock(self, session, member):
        # Friday noon in Rome is six in the morning where the session is.
        assert write_due_reminders(self.at("2026-11-13 05:59")) == 0
        assert write_due_reminders(self.at("2026-11-13 06:00")) == 1
        assert write_due_reminders(self.at("2026-11-15 23:59")) == 0
        assert write_due_reminders(self.at("2026-11-16 00:00")) == 0
        assert write_due_reminders(self.at("2026-11-21 09:00")) == 1
        first, second = written("reminder_checkin")
        assert (first.subject, second.subject) == ("Your check-in for week 2 of Spring", "Your check-in for week 3 of Spring")
        assert f"/progress/{member.pk}/check-in/2/" in first.body
        assert f"/progress/{member.pk}/\n" in first.body
        assert f"/progress/{member.pk}/reminder/" in first.body
        assert "Monday 23 November 2026, 05:59 (Rome), 23 November, 04:59 UTC" in first.body

    def test_never_is_a_choice(self, member):
        choose_reminder(member, by=member.user, day=None, time=None)
        assert write_due_reminders(self.at("2026-11-14 12:00")) == 0

    def test_a_choice_that_is_made_after_its_hour_begins_with_the_next_week(self, member):
        choose_reminder(member, by=member.user, day=0, time=datetime.time(9), now=self.at("2026-11-12 12:00"))
        assert write_due_reminders(self.at("2026-11-12 12:15")) == 0
        assert write_due_reminders(self.at("2026-11-15 12:00")) == 0
        assert write_due_reminders(self.at("2026-11-16 03:00")) == 1
        assert [message.round for message in written("reminder_checkin")] == [3]

    def test_a_late_hour_far_in_the_west_of_the_session_still_counts(self, session, member):
        User.objects.filter(pk=member.user_id).update(time_zone="Pacific/Honolulu")
        choose_reminder(member, by=member.user, day=6, time=datetime.time(22), now=session.begins_at)
        assert write_due_reminders(self.at("2026-11-16 02:59")) == 0
        assert write_due_reminders(self.at("2026-11-16 03:00")) == 1
        message = written("reminder_checkin")[0]
        assert message.round == 2
        with time_machine.travel(self.at("2026-11-16 03:05"), tick=False):
            assert deliver(message) == "sent"

    def test_nothing_comes_in_the_pause(self, session, member):
        Session.objects.update(pause_after=2, pause_weeks=1)
        session.refresh_from_db()
        generate_weeks(session)
        assert write_due_reminders(self.at("2026-11-21 12:00")) == 0
        assert write_due_reminders(self.at("2026-11-28 12:00")) == 1
        assert [message.round for message in written("reminder_checkin")] == [3]

    def test_a_stop_of_two_days_over_a_weekend_is_caught_up_with_once(self, member):
        assert write_due_reminders(self.at("2026-11-15 20:00")) == 1
        assert write_due_reminders(self.at("2026-11-15 20:15")) == 0

    def test_the_number_of_statements_does_not_grow_with_the_members(self, session, member):
        def statements(number):
            with CaptureQueriesContext(connection) as queries:
                assert len(list(due_checkins(self.at("2026-11-14 12:00")))) == number
            return len(queries)

        # The first round looks up what stays known for as long as the process lives.
        statements(1)
        few = statements(1)
        for _ in range(5):
            MembershipFactory(cohort=member.cohort)
        type(member).objects.update(joined_at=session.begins_at)
        assert statements(6) == few

    def test_an_hour_before_the_week_is_over_is_not_too_late(self, member):
        assert write_due_reminders(self.at("2026-11-15 23:00")) == 1

    @pytest.mark.parametrize("said", [{"resting": True, "written_at": None}, {}])
    def test_who_checked_in_or_rests_is_left_in_peace(self, session, member, said):
        CheckInFactory(membership=member, week=self.week(session, 2), **said)
        assert write_due_reminders(self.at("2026-11-14 12:00")) == 0
        assert write_due_reminders(self.at("2026-11-21 12:00")) == 1

    def test_a_draft_is_not_yet_a_check_in(self, session, member):
        CheckInFactory(membership=member, week=self.week(session, 2), written_at=None)
        assert write_due_reminders(self.at("2026-11-14 12:00")) == 1

    @pytest.mark.parametrize("state", ["resting", "invited", "completed", "left"])
    def test_only_those_who_take_part_are_reminded(self, member, state):
        type(member).objects.update(state=state, left_at=timezone.now())
        assert write_due_reminders(self.at("2026-11-14 12:00")) == 0

    @pytest.mark.parametrize("role", ["navigator", "captain"])
    def test_those_who_lead_write_none(self, member, role):
        type(member).objects.update(role=role)
        assert write_due_reminders(self.at("2026-11-14 12:00")) == 0

    def test_who_joined_just_now_is_left_in_peace(self, member):
        type(member).objects.update(joined_at=self.at("2026-11-13 12:00"))
        assert write_due_reminders(self.at("2026-11-14 12:00")) == 0
        assert write_due_reminders(self.at("2026-11-15 12:00")) == 1

    @pytest.mark.parametrize("moment", ["2026-10-30 12:00", "2026-12-14 12:00"])
    def test_nothing_before_and_after_the_session(self, member, moment):
        type(member).objects.update(joined_at=self.at("2026-10-01 12:00"))
        assert write_due_reminders(self.at(moment)) == 0

    @pytest.mark.parametrize("change", [{"published_at": None}, {"archived_at": timezone.now() - 90 * DAY}])
    def test_nothing_about_a_session_that_is_not_running(self, session, member, change):
        Session.objects.update(**change)
        assert write_due_reminders(self.at("2026-11-14 12:00")) == 0

    def test_week_zero_counts_as_a_week(self):
        session = SessionFactory(starts_on=datetime.date(2026, 11, 2), has_week_zero=True)
        member = MembershipFactory(cohort=CohortFactory(session=session))
        type(member).objects.update(joined_at=session.begins_at)
        assert write_due_reminders(datetime.datetime(2026, 10, 31, 12, tzinfo=datetime.UTC)) == 1
        assert written("reminder_checkin")[0].round == 0

    def test_two_sessions_at_once_keep_their_weeks_apart(self, session, member):
        other = SessionFactory(name="Autumn", starts_on=session.starts_on - 7 * DAY)
        twice = MembershipFactory(cohort=CohortFactory(session=other), user=member.user)
        type(member).objects.update(joined_at=other.begins_at)
        CheckInFactory(membership=twice, week=other.calendar.get(number=2))
        assert write_due_reminders(self.at("2026-11-14 12:00")) == 2
        subjects = {message.subject for message in written("reminder_checkin")}
        assert subjects == {"Your check-in for week 2 of Spring", "Your check-in for week 3 of Autumn"}

    def test_a_mail_that_waited_until_the_next_week_is_not_sent(self, member):
        write_due_reminders(self.at("2026-11-14 12:00"))
        with time_machine.travel(self.at("2026-11-16 00:01"), tick=False):
            assert deliver(written("reminder_checkin")[0]) == "dropped"

    def test_nothing_is_sent_to_whoever_checked_in_meanwhile(self, session, member):
        write_due_reminders(self.at("2026-11-14 12:00"))
        CheckInFactory(membership=member, week=self.week(session, 2))
        with time_machine.travel(self.at("2026-11-14 12:01"), tick=False):
            assert deliver(written("reminder_checkin")[0]) == "dropped"

    def test_while_it_is_true_it_is_sent(self, member):
        write_due_reminders(self.at("2026-11-14 12:00"))
        with time_machine.travel(self.at("2026-11-14 12:01"), tick=False):
            assert deliver(written("reminder_checkin")[0]) == "sent"

    def test_nothing_is_sent_when_the_session_or_the_place_is_gone(self, session, member):
        write_due_reminders(self.at("2026-11-14 12:00"))
        message = written("reminder_checkin")[0]
        with time_machine.travel(self.at("2026-11-14 12:01"), tick=False):
            Session.objects.update(archived_at=self.at("2026-11-14 12:00"))
            message.refresh_from_db()
            assert not REMINDED["reminder_checkin"].still_true(message, timezone.now())
            member.delete()
            assert deliver(message) == "dropped"


class TestReviews:
    @pytest.fixture
    def now(self):
        """Noon: late in the evening, days have another name where the reader is."""
        with time_machine.travel(datetime.datetime(2026, 11, 11, 12, tzinfo=datetime.UTC), tick=False):
            yield timezone.now()

    @pytest.fixture
    def world(self, now):
        world = make_world(applications=3, name="Spring", slug="spring", hear_by=(now + 5 * DAY).date())
        for application in world.applications[:2]:
            ReviewAssignment.objects.create(application=application, reviewer=world.reviewer)
        return world

    def recipients(self):
        return [message.recipient for message in written("reminder_reviews")]

    def test_who_has_not_handed_in_what_was_assigned_is_reminded_once(self, world, now):
        assert write_due_reminders(now - 2 * DAY - 12 * HOUR) == 0
        assert write_due_reminders(now) == 1
        assert write_due_reminders(now + DAY) == 0
        message = written("reminder_reviews")[0]
        assert message.recipient == world.reviewer
        assert message.subject == "Applications to Spring wait for your review"
        assert "?session=spring\n" in message.body
        assert world.session.hear_by.strftime("%Y") in message.body
        assert world.applications[0].applicant.name not in message.body

    def test_nothing_after_the_day_and_nothing_without_one(self, world, now):
        assert write_due_reminders(now + 7 * DAY) == 0
        Session.objects.update(hear_by=None)
        assert write_due_reminders(now) == 0

    def test_with_phases_the_end_of_the_last_one_counts(self, world, now):
        Session.objects.update(hear_by=None)
        first = ReviewPhaseFactory(session=world.session, closes_at=now + DAY)
        last = ReviewPhaseFactory(session=world.session, opens_at=now + 2 * DAY, closes_at=now + 10 * DAY)
        assert write_due_reminders(now) == 0
        last.delete()
        assert write_due_reminders(now) == 1
        message = written("reminder_reviews")[0]
        assert f"until {first.closes_at:%A}" in message.body
        ReviewPhase.objects.update(closes_at=now - DAY)
        assert deliver(message) == "dropped"

    def test_who_handed_in_everything_is_done(self, world, now):
        for application in world.applications[:2]:
            ReviewFactory(application=application, reviewer=world.reviewer)
        assert write_due_reminders(now) == 0

    def test_a_draft_is_not_handed_in(self, world, now):
        ReviewFactory(application=world.applications[0], reviewer=world.reviewer, handed_in_at=None)
        ReviewFactory(application=world.applications[1], reviewer=world.reviewer)
        assert write_due_reminders(now) == 1

    def test_a_conflict_of_interest_takes_the_assignment_away(self, world, now):
        declare_conflict(world.applications[0], by=world.reviewer)
        ReviewFactory(application=world.applications[1], reviewer=world.reviewer)
        assert write_due_reminders(now) == 0

    def test_an_application_that_is_no_longer_under_review_waits_for_nobody(self, world, now):
        Application.objects.update(status="withdrawn")
        assert write_due_reminders(now) == 0

    def test_nobody_reviews_their_own_application(self, world, now):
        ReviewAssignment.objects.all().delete()
        own = ApplicationFactory(session=world.session, applicant=world.navigator)
        ReviewAssignment.objects.create(application=own, reviewer=world.navigator)
        assert write_due_reminders(now) == 0

    def test_navigators_and_the_operator_review_as_well_and_strangers_do_not(self, world, now):
        for person in (world.navigator, world.captain, world.operator, world.stranger):
            ReviewAssignment.objects.create(application=world.applications[2], reviewer=person)
        write_due_reminders(now)
        assert set(self.recipients()) == {world.reviewer, world.navigator, world.operator}

    def test_the_same_applications_wait_as_in_the_reviewers_own_queue(self, world, now):
        """One rule, asked for one reviewer and for all."""
        for person in (world.navigator, world.organiser, world.operator, world.stranger):
            for application in world.applications:
                ReviewAssignment.objects.create(application=application, reviewer=person)
        declare_conflict(world.applications[1], by=world.navigator)
        ReviewFactory(application=world.applications[2], reviewer=world.organiser)
        Application.objects.filter(pk=world.applications[0].pk).update(status="withdrawn")
        for person in (world.reviewer, world.navigator, world.organiser, world.operator, world.stranger):
            mine = Application.objects.reviewable_by(person).filter(assignments__reviewer=person)
            left = {one.pk for one in mine if not one.reviews.handed_in().filter(reviewer=person).exists()}
            waiting = ReviewAssignment.objects.waiting().filter(reviewer=person)
            assert {row.application_id for row in waiting} == left, person

    def test_nothing_is_sent_once_the_review_is_closed(self, world, now):
        write_due_reminders(now)
        close_review(world.session, by=world.organiser)
        assert deliver(written("reminder_reviews")[0]) == "dropped"

    def test_while_it_is_true_it_is_sent_and_afterwards_not(self, world, now):
        write_due_reminders(now)
        message = written("reminder_reviews")[0]
        assert REMINDED["reminder_reviews"].still_true(message, now)
        assert not REMINDED["reminder_reviews"].still_true(message, now + 30 * DAY)
        assert deliver(message) == "sent"
        Session.objects.update(hear_by=None)
        message.refresh_from_db()
        assert not REMINDED["reminder_reviews"].still_true(message, now)


class TestManyAndTrouble:
    def grow(self, number):
        """So many people who are due for a reminder of each kind, in sessions that are there already."""
        for _ in range(number):
            ApplicationFactory(session=self.open, status="draft", submitted_at=None)
            ApplicationFactory(session=self.published, status="offered", answer_by=timezone.now() + 20 * HOUR)
            MembershipFactory(cohort=self.cohort)
            reviewer = SessionRoleFactory(session=self.world.session, role="reviewer").user
            ReviewAssignment.objects.create(application=self.world.applications[0], reviewer=reviewer)
        Application.objects.filter(status="draft").update(updated_at=timezone.now() - DAY)
        type(self.cohort.memberships.first()).objects.update(joined_at=self.published.begins_at)

    @pytest.fixture(autouse=True)
    def sessions(self):
        now = timezone.now()
        self.open = SessionFactory(open=True, applications_close_at=now + 20 * HOUR)
        self.published = SessionFactory(starts_on=now.date() - 6 * DAY)
        self.cohort = CohortFactory(session=self.published)
        self.world = make_world(applications=1, hear_by=(now + DAY).date())

    def count(self):
        with CaptureQueriesContext(connection) as captured:
            written = write_due_reminders()
        return written, len(captured)

    def test_the_number_of_queries_does_not_depend_on_how_many_are_reminded(self, monkeypatch):
        monkeypatch.setattr(messages, "send_after_commit", lambda message_id: None)
        self.grow(1)
        write_due_reminders()
        self.grow(1)
        assert (one := self.count())[0] == 4
        self.grow(30)
        many = self.count()
        assert many == (120, one[1])
        assert self.count()[1] < many[1]

    def test_more_than_one_batch(self, monkeypatch):
        monkeypatch.setattr(reminders, "BATCH", 2)
        self.grow(5)
        assert write_due_reminders() == 20

    def test_each_is_sent_by_a_task_of_its_own(self, tasks, django_capture_on_commit_callbacks):
        self.grow(2)
        with django_capture_on_commit_callbacks(execute=True):
            write_due_reminders()
        tasks.run()
        assert sorted(run.args[0] for run in tasks.runs) == sorted(Message.objects.values_list("pk", flat=True))
        assert len(mail.outbox) == 8

    def test_one_person_whose_mail_cannot_be_written_keeps_no_others_from_theirs(self, monkeypatch, caplog):
        self.grow(2)
        broken = Application.objects.filter(status="draft").first().pk
        real = reminders._written

        def written_for(kind, due):
            if kind == "reminder_draft" and due.about.pk == broken:
                raise ValueError("no")
            return real(kind, due)

        monkeypatch.setattr(reminders, "_written", written_for)
        with pytest.raises(ExceptionGroup) as caught:
            write_due_reminders()
        assert [str(error) for error in caught.value.exceptions] == ["no"]
        assert str(broken) in caplog.text
        assert Message.objects.count() == 7
        monkeypatch.undo()
        assert write_due_reminders() == 1

    def test_one_kind_that_fails_keeps_no_others_from_theirs(self, monkeypatch):
        self.grow(1)

        def due(now):
            raise LookupError

        broken = reminders.Reminder("reminder_draft", due, REMINDED["reminder_draft"].still_true)
        monkeypatch.setattr(reminders, "REMINDERS", [broken, *reminders.REMINDERS[1:]])
        with pytest.raises(ExceptionGroup):
            write_due_reminders()
        assert Message.objects.count() == 3

    def test_a_name_with_markup_is_written_as_it_is(self):
        self.grow(1)
        Session.objects.update(name="<b>Spring & Sun</b>")
        write_due_reminders()
        for message in Message.objects.all():
            assert "<b>Spring & Sun</b>" in message.subject + message.body
            assert "&amp;" not in message.body

    def test_organisers_see_the_reminders_of_their_session_and_nobody_else_does(self):
        self.grow(1)
        write_due_reminders()
        for session in (self.open, self.published, self.world.session):
            organiser = SessionRoleFactory(session=session).user
            seen = Message.objects.visible_to(organiser)
            assert {message.kind for message in seen} <= {message.kind for message in Message.objects.all()}
            assert seen.exists()
        assert Message.objects.visible_to(self.world.organiser).count() == 1
        assert not Message.objects.visible_to(UserFactory()).exists()


class TestManyMessagesAtOnce:
    def test_they_are_like_those_that_are_queued_one_by_one(self):
        first, second = ApplicationFactory(), ApplicationFactory()
        assert queue_messages([NewMessage(one.applicant, "news", one, "Two\nlines", "Text", 3) for one in (first, second)]) == 2
        message = Message.objects.get(recipient=first.applicant)
        assert (message.address, message.subject, message.round) == (first.applicant.email, "Two lines", 3)
        assert queue_message(first.applicant, kind="news", about=first, subject="", body="", round=3) is None

    def test_none_is_written_twice_where_another_process_was_quicker(self, tasks, django_capture_on_commit_callbacks):
        first, second = ApplicationFactory(), ApplicationFactory()
        queue_message(first.applicant, kind="news", about=first, subject="News", body="Text")
        with django_capture_on_commit_callbacks(execute=True):
            assert queue_messages([NewMessage(one.applicant, "news", one, "News", "Text") for one in (first, second)]) == 1
        assert Message.objects.count() == 2
        tasks.assert_enqueued(send_message_task, Message.objects.get(recipient=second.applicant).pk)
        assert len(tasks.enqueued()) == 1

    def test_nothing_at_all(self):
        assert queue_messages([]) == 0


@pytest.mark.parametrize(
    ("kind", "about", "answers"),
    [
        ("reminder_draft", lambda session: ApplicationFactory(session=session), "space@example.org"),
        ("reminder_checkin", lambda session: MembershipFactory(cohort__session=session), "space@example.org"),
        ("reminder_reviews", lambda session: session, "space@example.org"),
        # Organisers are the address of the session themselves.
        ("places_free", lambda session: session, "site@example.org"),
    ],
)
def test_answers_reach_the_organisers_whatever_a_mail_is_about(settings, kind, about, answers):
    settings.CONTACT_EMAIL = "site@example.org"
    session = SessionFactory(contact_email="space@example.org")
    assert replies_to(Message(kind=kind, about=about(session))) == answers
