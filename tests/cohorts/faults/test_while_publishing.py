"""A worker that dies in the middle of publishing, wherever that is: nobody is told twice, nobody is forgotten, and what nobody can know
is said."""

import datetime
import subprocess
from contextlib import ExitStack, contextmanager, suppress

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.mails import MailLine
from accounts.models import Message
from cohorts.models import Application, ApplicationEvent, Publication, Session
from cohorts.pending import set_pending_decision
from cohorts.placing import place
from cohorts.publishing import carry_on, publish
from tests.cohorts.world import make_world
from tests.factories import MembershipFactory
from tests.other_process import start_process

pytestmark = pytest.mark.django_db(transaction=True)

#: After so long whoever was told to send is taken for dead (`accounts.sending.SENDING_LIMIT`).
GIVEN_UP = datetime.timedelta(minutes=11)


class Killed(BaseException):
    """Like `SIGKILL`: nothing of ours may catch it, and nothing of ours runs after it."""


class Moments:
    """The moments at which a worker can die: between any two statements, around each commit and each step with the mail server."""

    def __init__(self, last: int | None) -> None:
        self.last, self.passed, self.is_dead = last, 0, False

    def moment(self) -> None:
        self.passed += 1
        if self.is_dead or self.passed - 1 == self.last:
            self.is_dead = True
            raise Killed

    def statement(self, execute, *arguments):
        # That after it is the one before the next.
        self.moment()
        return execute(*arguments)

    @contextmanager
    def watched(self, monkeypatch):
        with ExitStack() as stack, monkeypatch.context() as patch:
            stack.enter_context(connection.execute_wrapper(self.statement))
            commit = connection.commit

            def commit_unless_dead():
                try:
                    self.moment()
                except Killed:
                    # What the database does when its client is gone.
                    connection.connection.rollback()
                    raise
                commit()

            def around(function):
                def step(line, *arguments, **options):
                    self.moment()
                    if "before_content" in options:
                        ask = options["before_content"]
                        options["before_content"] = lambda: (ask(), self.moment())
                    result = function(line, *arguments, **options)
                    self.moment()
                    return result

                return step

            patch.setattr(connection, "commit", commit_unless_dead)
            patch.setattr(MailLine, "send", around(MailLine.send))
            patch.setattr(MailLine, "open", around(MailLine.open))
            yield self


def decided():
    """A session in which one gets an offer, one the waitlist, and somebody who leads by now is held back."""
    world = make_world(applications=3, review_closed_at=timezone.now() - datetime.timedelta(hours=1))
    place(world.applications[0], world.cohort, by=world.organiser)
    for application, decision in zip(world.applications, ["offer", "waitlist", "not_selected"], strict=True):
        set_pending_decision(application, decision, by=world.organiser, rank=3 if decision == "waitlist" else None)
    MembershipFactory(cohort=world.cohort, user=world.applications[2].applicant, role="captain")
    return world


def outcome(world, publication) -> dict:
    """All that publishing leaves behind, without what differs from run to run."""
    applications = Application.objects.filter(session=world.session).order_by("pk")
    events = ApplicationEvent.objects.filter(application__in=applications).order_by("application")
    messages = Message.objects.filter(batch=publication.batch).order_by("about_id")
    publication = Publication.objects.get(pk=publication.pk)
    return {
        "applications": list(applications.values_list("status", "pending_decision", "pending_rank", "waitlist_rank")),
        "offers end": [one.answer_by is not None for one in applications],
        "events": list(events.values_list("from_status", "to_status", "note")),
        "by": {event.actor == world.organiser for event in events},
        "messages": list(messages.values_list("kind", "round")),
        "published": Session.objects.get(pk=world.session.pk).published_at is not None,
        "publication": (publication.state, publication.offers, publication.waitlisted, publication.not_selected),
    }


def test_a_worker_that_dies_anywhere_tells_nobody_twice_and_forgets_nobody(mail_sink, monkeypatch):
    # The first time some things are looked up that are known afterwards: how many depends on the tests before this one.
    world = decided()
    carry_on(publish(world.session, by=world.organiser).pk)
    mail_sink.mails.clear()
    world = decided()
    publication = publish(world.session, by=world.organiser)
    with Moments(None).watched(monkeypatch) as undisturbed:
        carry_on(publication.pk)
    expected = outcome(world, publication)
    assert expected["publication"] == ("done", 1, 1, 0)
    assert len(mail_sink.mails) == 2
    assert undisturbed.passed > 40

    unsure_moments = 0
    for last in range(undisturbed.passed):
        mail_sink.mails.clear()
        world = decided()
        publication = publish(world.session, by=world.organiser)
        with Moments(last).watched(monkeypatch) as moments, suppress(Killed):
            carry_on(publication.pk)
        if not moments.is_dead:
            # Where a run takes a step less than the one that was counted, only the very end is missing.
            assert last >= undisturbed.passed - 3
            break
        connection.close()
        batch = Message.objects.filter(batch=publication.batch)
        # Never a mail before everybody can see what was decided.
        if mail_sink.mails:
            assert Publication.objects.get(pk=publication.pk).decided_at is not None
        in_hand = set(batch.filter(state="sending").values_list("address", flat=True))
        assert len(in_hand) <= 1
        # The worker that comes next, and one that comes when the first is surely gone.
        carry_on(publication.pk)
        with time_machine.travel(timezone.now() + GIVEN_UP):
            carry_on(publication.pk)
        assert outcome(world, publication) == expected, f"at moment {last}"
        unsure = set(batch.filter(state="unsure").values_list("address", flat=True))
        assert unsure == in_hand, f"at moment {last}"
        sent = set(batch.filter(state="sent").values_list("address", flat=True))
        everybody = {one.applicant.email for one in world.applications[:2]}
        assert sent | unsure == everybody
        assert not mail_sink.twice()
        # Whoever counts as told was told; of those in doubt nobody knows.
        assert sent <= set(mail_sink.recipients()) <= everybody
        unsure_moments += bool(unsure)
    # Between the claim of a message and the note that it went out: a few moments a message, and no others.
    assert 0 < unsure_moments < undisturbed.passed / 2


#: Carries a publication on; `deciding`: it stands still in the middle of the transaction.
WORKER = """
import sys, time
import django
django.setup()
from cohorts import publishing
if sys.argv[2] == "deciding":
    def stands_still(messages):
        print("in the middle", flush=True)
        time.sleep(600)
    publishing.queue_messages = stands_still
publishing.carry_on(int(sys.argv[1]))
"""


@pytest.mark.real_process
def test_the_kernel_kills_it_while_it_decides_and_while_it_sends(mail_sink):
    world = decided()
    publication = publish(world.session, by=world.organiser)

    worker = start_process(WORKER, str(publication.pk), "deciding", EMAIL_URL=mail_sink.url)
    assert worker.stdout is not None
    assert worker.stdout.readline().strip() == "in the middle"
    worker.kill()
    worker.communicate(timeout=120)
    assert not Application.objects.exclude(status="submitted").exists()
    assert not Message.objects.exists()
    assert not ApplicationEvent.objects.exists()

    # The server has the whole first mail, and its answer finds nobody.
    killed: list[subprocess.Popen] = []
    mail_sink.on("dot", "stall", times=1, then=lambda: killed[0].kill())
    killed.append(start_process(WORKER, str(publication.pk), "sending", EMAIL_URL=mail_sink.url))
    killed[0].communicate(timeout=120)
    assert killed[0].returncode == -9
    assert Application.objects.filter(status__in=["offered", "waitlisted"]).count() == 2

    carry_on(publication.pk)
    with time_machine.travel(timezone.now() + GIVEN_UP):
        carry_on(publication.pk)
    assert Publication.objects.get(pk=publication.pk).state == "done"
    assert sorted(Message.objects.values_list("state", flat=True)) == ["sent", "unsure"]
    assert len(mail_sink.mails) == 2
    assert not mail_sink.twice()
