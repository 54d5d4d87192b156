"""The one function that moves applications: random histories against a table written down a second time, and the lock."""

import datetime
import itertools
import threading

import pytest
import time_machine
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from cohorts.models import Application, ApplicationEvent, SessionRole
from cohorts.moves import MOVES, Actor, MoveError, actor_kind, move, move_all, obstacle
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, SessionFactory, SessionRoleFactory, UserFactory

Status = Application.Status
DAY = datetime.timedelta(days=1)
BEGIN = datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)
OPENS, CLOSES, STARTS, ENDS = BEGIN + 2 * DAY, BEGIN + 10 * DAY, BEGIN + 30 * DAY, BEGIN + 72 * DAY

ANY, WHILE_OPEN, WHILE_OFFERED, AFTER_OFFER, BEFORE_START, BEFORE_END = "any", "open", "offered", "late", "start", "end"

#: from → to → who, and when: written from the design, not taken from the code.
RULES = {
    ("draft", "submitted"): ("applicant", WHILE_OPEN),
    ("submitted", "submitted"): ("applicant", WHILE_OPEN),
    ("withdrawn", "submitted"): ("applicant", WHILE_OPEN),
    ("submitted", "withdrawn"): ("applicant", ANY),
    ("waitlisted", "withdrawn"): ("applicant", ANY),
    ("submitted", "offered"): ("organiser", BEFORE_END),
    ("submitted", "waitlisted"): ("organiser", ANY),
    ("submitted", "not_selected"): ("organiser", ANY),
    ("waitlisted", "offered"): ("organiser site", BEFORE_END),
    ("waitlisted", "not_selected"): ("organiser", ANY),
    ("offered", "accepted"): ("applicant", WHILE_OFFERED),
    ("offered", "declined"): ("applicant", WHILE_OFFERED),
    ("offered", "expired"): ("site", AFTER_OFFER),
    ("accepted", "declined"): ("applicant", BEFORE_START),
    ("declined", "offered"): ("organiser", BEFORE_END),
    ("expired", "offered"): ("organiser", BEFORE_END),
    ("not_selected", "offered"): ("organiser", BEFORE_END),
}
PEOPLE = ("applicant", "organiser", "operator", "site", "stranger", "reviewer", "organiser of another session")


class Histories(RuleBasedStateMachine):
    """One application, anybody who might touch it, and a clock that only goes forward."""

    @initialize(applicant_organises=st.booleans())
    def begin(self, applicant_organises):
        # Everything of one history is rolled back at its end.
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.now = BEGIN
        self.session = SessionFactory(
            starts_on=STARTS.date(),
            announced_at=BEGIN - DAY,
            applications_open_at=OPENS,
            applications_close_at=CLOSES,
            review_closed_at=None,
            published_at=None,
        )
        self.application = ApplicationFactory(session=self.session, status="draft", submitted_at=None, submitted_version=None)
        self.people = {
            "applicant": self.application.applicant,
            "organiser": SessionRoleFactory(session=self.session).user,
            "operator": UserFactory(is_superuser=True),
            "site": None,
            "stranger": UserFactory(),
            "reviewer": SessionRoleFactory(session=self.session, role=SessionRole.Role.REVIEWER).user,
            "organiser of another session": SessionRoleFactory(session=SessionFactory(calendar=False)).user,
        }
        if applicant_organises:
            SessionRoleFactory(session=self.session, user=self.application.applicant)
        self.status, self.moves = "draft", 0

    def teardown(self):
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @rule(hours=st.sampled_from([1, 24, 24 * 3, 24 * 9, 24 * 30]))
    def wait(self, hours):
        self.now += datetime.timedelta(hours=hours)

    @rule()
    def publish(self):
        self.session.published_at = self.session.published_at or self.now
        self.session.save()

    @rule(to=st.sampled_from(sorted(Status.values)), who=st.sampled_from(PEOPLE))
    def anybody_tries_anything(self, to, who):
        self.attempt(to, who)

    @rule(data=st.data())
    def somebody_makes_a_likely_move(self, data):
        ways = sorted(to for source, to in RULES if source == self.status)
        if ways:
            to = data.draw(st.sampled_from(ways))
            self.attempt(to, data.draw(st.sampled_from(RULES[self.status, to][0].split())))

    def attempt(self, to, who):
        allowed = self.is_allowed(to, who)
        changes = {"submitted_at": self.now} if to == "submitted" else {}
        if to == "offered":
            changes = {"answer_by": self.now + 7 * DAY}
        before = Application.objects.filter(pk=self.application.pk).values().get()
        calls = []
        with time_machine.travel(self.now, tick=False):
            if not allowed:
                with pytest.raises(MoveError):
                    move(self.application, to, by=self.people[who], changes=changes, after=calls.append)
                assert Application.objects.filter(pk=self.application.pk).values().get() == before
                assert not calls
                return
            event = move(self.application, to, by=self.people[who], note="why", changes=changes, after=calls.append)
        assert (event.from_status, event.to_status, event.note) == (self.status, to, "why")
        assert (event.actor, event.at) == (self.people[who], self.now)
        assert [row.pk for row in calls] == [self.application.pk]
        self.status = to
        self.moves += 1

    def is_allowed(self, to, who):
        if (self.status, to) not in RULES:
            return False
        actors, when = RULES[self.status, to]
        part = "organiser" if who == "operator" else who
        if part not in actors.split():
            return False
        answer_by = Application.objects.get(pk=self.application.pk).answer_by
        return {
            ANY: True,
            WHILE_OPEN: OPENS <= self.now < CLOSES and self.session.published_at is None,
            WHILE_OFFERED: (answer_by is None or self.now < answer_by) and self.now < ENDS,
            AFTER_OFFER: answer_by is None or self.now >= answer_by,
            BEFORE_START: self.now < STARTS,
            BEFORE_END: self.now < ENDS,
        }[when]

    @invariant()
    def the_events_tell_the_whole_story(self):
        if not hasattr(self, "application"):
            return
        assert Application.objects.get(pk=self.application.pk).status == self.application.status == self.status
        events = list(ApplicationEvent.objects.filter(application=self.application).order_by("at", "pk"))
        assert len(events) == self.moves
        path = ["draft", *(event.to_status for event in events)]
        assert [(event.from_status, event.to_status) for event in events] == list(itertools.pairwise(path))
        assert path[-1] == self.status


@pytest.mark.django_db
def test_every_history_keeps_to_the_table():
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Histories, settings=settings(max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=checks)
    )


def test_the_table_is_the_designed_one():
    assert set(MOVES) == set(RULES)
    for way, (actors, _when) in RULES.items():
        assert MOVES[way].actors == frozenset(actors.split())


@pytest.mark.django_db
def test_an_applicant_who_organises_stays_the_applicant():
    application = ApplicationFactory()
    SessionRoleFactory(session=application.session, user=application.applicant)
    assert actor_kind(application, application.applicant) == Actor.APPLICANT
    with pytest.raises(MoveError, match="You cannot make this change"):
        move(application, Status.OFFERED, by=application.applicant)


@pytest.mark.django_db
def test_an_operator_who_applied_cannot_decide_on_themselves():
    application = ApplicationFactory(applicant=UserFactory(is_superuser=True))
    with pytest.raises(MoveError):
        move(application, Status.OFFERED, by=application.applicant)


@pytest.mark.django_db
def test_what_runs_after_a_move_is_undone_with_it():
    application = ApplicationFactory()

    def fail(row):
        row.tier = 3
        row.save()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        move(application, Status.WITHDRAWN, by=application.applicant, after=fail)
    application.refresh_from_db()
    assert (application.status, application.tier) == (Status.SUBMITTED, None)
    assert not application.events.exists()


@pytest.mark.django_db
def test_the_move_is_judged_by_the_stored_status_not_by_the_one_in_memory():
    application = ApplicationFactory()
    stale = Application.objects.get(pk=application.pk)
    move(application, Status.WITHDRAWN, by=application.applicant)
    assert stale.status == Status.SUBMITTED
    with pytest.raises(MoveError):
        move(stale, Status.WITHDRAWN, by=application.applicant)


@pytest.mark.django_db
def test_an_obstacle_is_told_in_words():
    application = ApplicationFactory()
    against = obstacle(application, Status.ACCEPTED, by=application.applicant)
    assert str(against) == "An application that is “Submitted” cannot become “Accepted”."
    assert obstacle(application, Status.WITHDRAWN, by=application.applicant) is None


@pytest.mark.django_db(transaction=True)
def test_of_two_moves_at_once_one_wins():
    application = ApplicationFactory()
    results, barrier = [], threading.Barrier(2)

    def withdraw():
        mine = Application.objects.select_related("session").get(pk=application.pk)
        barrier.wait()
        try:
            move(mine, Status.WITHDRAWN, by=application.applicant)
            results.append("moved")
        except MoveError:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=withdraw) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["moved", "refused"]
    assert application.events.count() == 1


@pytest.mark.django_db
def test_an_offer_stands_until_its_date():
    application = ApplicationFactory(status=Status.OFFERED, answer_by=CLOSES)
    assert "stands until its date" in str(obstacle(application, Status.EXPIRED, by=None, now=CLOSES - DAY))
    assert obstacle(application, Status.EXPIRED, by=None, now=CLOSES) is None


@pytest.mark.django_db
def test_nobody_is_offered_a_place_in_a_session_that_is_over():
    application = ApplicationFactory(session=SessionFactory(finished=True), status=Status.WAITLISTED)
    organiser = SessionRoleFactory(session=application.session).user
    assert "The session is over" in str(obstacle(application, Status.OFFERED, by=organiser))


class TestManyAtOnce:
    @staticmethod
    def waiting(count):
        world = make_world(applications=count)
        return world, list(Application.objects.filter(session=world.session).order_by("pk"))

    def test_all_move_by_the_same_table_and_each_is_recorded(self, db):
        world, applications = self.waiting(3)
        Application.objects.filter(pk=applications[0].pk).update(pending_decision="waitlist", pending_rank=7)
        changes = {"waitlist_rank": F("pending_rank"), "pending_rank": None, "pending_decision": "none"}
        events = move_all(applications, "waitlisted", by=world.organiser, note="Published", changes=changes)
        assert [(event.application_id, event.from_status, event.actor) for event in events] == [
            (one.pk, "submitted", world.organiser) for one in applications
        ]
        rows = Application.objects.filter(session=world.session).order_by("pk")
        assert list(rows.values_list("status", "waitlist_rank", "pending_rank")) == [
            ("waitlisted", 7, None),
            ("waitlisted", None, None),
            ("waitlisted", None, None),
        ]

    def test_one_that_cannot_move_keeps_all_where_they_are(self, db):
        world, applications = self.waiting(3)
        Application.objects.filter(pk=applications[1].pk).update(status="withdrawn")
        for by in (world.organiser, world.reviewer, world.applications[0].applicant):
            with pytest.raises(MoveError):
                move_all(applications, "offered", by=by)
        assert not ApplicationEvent.objects.exists()
        assert Application.objects.filter(status="submitted").count() == 2

    def test_the_statements_do_not_grow(self, db):
        counts = set()
        for count in (2, 30):
            world, applications = self.waiting(count)
            with CaptureQueriesContext(connection) as captured:
                move_all(applications, "not_selected", by=world.organiser)
            counts.add(len(captured))
        assert len(counts) == 1
