"""Publishing in the background: what the organiser agreed to, all at once, to everybody once; and what is said where it cannot be."""

import datetime

import pytest
from django.core import mail
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.messages import send_waiting_messages
from accounts.models import Message
from accounts.sending import SENDING_LIMIT
from cohorts import decisions, publishing
from cohorts.decisions import plan_publication
from cohorts.models import Application, ApplicationEvent, Publication, Session, SessionRole
from cohorts.pending import set_pending_decision
from cohorts.publication_progress import progress_of
from cohorts.publishing import PublishError, carry_on, carry_on_publications, publish, send_test
from cohorts.tasks import publish_task
from tests.cohorts.world import make_world
from tests.factories import SessionRoleFactory

pytestmark = pytest.mark.django_db


def make(count: int):
    world = make_world(applications=count, review_closed_at=timezone.now() - datetime.timedelta(hours=1))
    for number, application in enumerate(world.applications):
        kind = ["offer", "not_selected", "waitlist"][number % 3]
        set_pending_decision(application, kind, by=world.organiser, rank=number + 1 if kind == "waitlist" else None)
    return world


@pytest.fixture
def world():
    return make(3)


def as_it_is(publication):
    return Publication.objects.get(pk=publication.pk)


def nothing_happened() -> bool:
    return not (
        Message.objects.exists() or ApplicationEvent.objects.exists() or Application.objects.exclude(status="submitted").exists()
    )


class TestPressing:
    def test_nothing_shows_before_the_task_and_everything_after_it(self, world, tasks):
        seen = plan_publication(world.session, by=world.organiser).fingerprint
        publication = publish(world.session, by=world.organiser, expected=seen)
        tasks.assert_enqueued(publish_task, publication.pk, times=1)
        assert nothing_happened()
        tasks.run(publish_task)
        publication = as_it_is(publication)
        assert (publication.state, publication.offers, publication.waitlisted, publication.not_selected) == ("done", 1, 1, 1)
        assert len(mail.outbox) == Message.objects.filter(state="sent", batch=publication.batch).count() == 3

    def test_a_second_press_is_the_same_publication_during_and_after_it(self, world, tasks):
        seen = plan_publication(world.session, by=world.organiser).fingerprint
        first = publish(world.session, by=world.organiser, expected=seen)
        assert publish(world.session, by=world.organiser, expected=seen) == first
        tasks.run(publish_task)
        assert publish(world.session, by=world.organiser, expected=seen) == first
        assert len(mail.outbox) == 3

    def test_whoever_comes_second_is_told_who_is_publishing(self, world, tasks):
        other = SessionRoleFactory(session=world.session).user
        first = publish(world.session, by=world.organiser)
        with pytest.raises(PublishError, match=str(world.organiser)) as told:
            publish(world.session, by=other)
        assert told.value.publication == first

    def test_a_lost_task_is_queued_again_by_the_schedule(self, world, tasks):
        publication = publish(world.session, by=world.organiser)
        tasks.lose_worker(publish_task, at="start")
        tasks.run(publish_task)
        assert as_it_is(publication).state == "done"
        assert carry_on_publications() == 0


class TestWhatNoLongerHolds:
    def changed_decision(world):
        set_pending_decision(world.applications[0], "not_selected", by=world.organiser)

    def lost_role(world):
        SessionRole.objects.filter(user=world.organiser).delete()

    def closed_account(world):
        type(world.organiser).objects.filter(pk=world.organiser.pk).update(is_active=False)

    def deleted_account(world):
        world.organiser.delete()

    def another_name(world):
        type(world.organiser).objects.filter(pk=world.applications[1].applicant_id).update(name="Somebody Else")

    def waited_for_a_day(world):
        Publication.objects.update(created_at=timezone.now() - datetime.timedelta(days=2))
        type(world.session).objects.update(reply_days=9)

    @pytest.mark.parametrize(
        "change", [changed_decision, lost_role, closed_account, deleted_account, another_name, waited_for_a_day]
    )
    def test_stops_with_the_reason_and_tells_nobody(self, world, tasks, change):
        publication = publish(world.session, by=world.organiser)
        change(world)
        carry_on(publication.pk)
        publication = as_it_is(publication)
        assert publication.state == "stopped"
        assert publication.why_stopped
        assert publication.decided_at is None
        assert nothing_happened()
        assert not mail.outbox
        carry_on(publication.pk)
        assert nothing_happened()

    def test_an_error_of_the_site_stops_it_and_is_raised(self, world, monkeypatch):
        publication = publish(world.session, by=world.organiser)
        monkeypatch.setattr(publishing, "queue_messages", lambda messages: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            carry_on(publication.pk)
        assert "error of this site" in as_it_is(publication).why_stopped
        assert nothing_happened()

    def test_a_database_that_is_away_is_waited_for(self, world, tasks, monkeypatch):
        publication = publish(world.session, by=world.organiser)
        with monkeypatch.context() as patch:
            patch.setattr(publishing, "move_all", lambda *args, **options: (_ for _ in ()).throw(OperationalError("away")))
            with pytest.raises(OperationalError):
                carry_on(publication.pk)
        assert as_it_is(publication).state == "running"
        carry_on(publication.pk)
        assert as_it_is(publication).state == "done"

    def test_a_message_that_cannot_be_written_holds_back_its_person_alone(self, world, monkeypatch):
        write, broken = decisions.write_message, world.applications[1].pk

        def fails_for_one(application, **values):
            if application.pk == broken:
                raise KeyError("{cohort} of nobody")
            return write(application, **values)

        monkeypatch.setattr(decisions, "write_message", fails_for_one)
        (held,) = plan_publication(world.session, by=world.organiser).held
        assert held.application.pk == broken
        assert "of nobody" in held.reason
        carry_on(publish(world.session, by=world.organiser).pk)
        assert list(Application.objects.order_by("pk").values_list("status", flat=True)) == ["offered", "submitted", "waitlisted"]
        assert len(mail.outbox) == 2
        # Once the words are right the last one is told too, and nobody else again.
        monkeypatch.undo()
        carry_on(publish(world.session, by=world.organiser).pk)
        assert len(mail.outbox) == 3
        assert len({one.to[0] for one in mail.outbox}) == 3


class TestTheMailServer:
    def test_one_refused_address_keeps_no_other_from_its_mail(self, world, mail_sink):
        refused = world.applications[1].applicant.email
        mail_sink.on("RCPT", "550 5.1.1 No such user", to=refused)
        publication = publish(world.session, by=world.organiser)
        carry_on(publication.pk)
        assert as_it_is(publication).state == "done"
        message = Message.objects.get(address=refused)
        assert (message.state, message.trouble) == ("failed", "address")
        assert len(mail_sink.mails) == 2

    def test_one_that_is_away_leaves_the_statuses_and_heals_by_itself(self, world, mail_sink, tasks):
        mail_sink.stop()
        publication = publish(world.session, by=world.organiser)
        tasks.run(publish_task)
        publication = as_it_is(publication)
        assert publication.state == "running"
        assert not Application.objects.filter(status="submitted").exists()
        assert "The messages wait" in progress_of(publication).now
        with pytest.raises(PublishError, match="still going out"):
            publish(world.session, by=SessionRoleFactory(session=world.session).user)
        mail_sink.start()
        # As long as nothing is due nothing is over.
        carry_on(publication.pk)
        assert as_it_is(publication).state == "running"
        Message.objects.update(tried_at=timezone.now() - datetime.timedelta(hours=1))
        send_waiting_messages()
        tasks.run(publish_task)
        assert as_it_is(publication).state == "done"
        assert len(mail_sink.mails) == 3
        assert not mail_sink.twice()

    @pytest.mark.parametrize("fault", ["drop", "stall"])
    def test_an_answer_that_never_comes_is_one_person_in_doubt(self, world, mail_sink, fault):
        mail_sink.on("dot", fault, times=1)
        publication = publish(world.session, by=world.organiser)
        carry_on(publication.pk)
        Message.objects.filter(state="sending").update(tried_at=timezone.now() - SENDING_LIMIT * 2)
        carry_on(publication.pk)
        assert as_it_is(publication).state == "done"
        assert sorted(Message.objects.values_list("state", flat=True)) == ["sent", "sent", "unsure"]
        assert not mail_sink.twice()


def test_answers_to_a_decision_reach_the_address_of_the_session(world, settings):
    settings.CONTACT_EMAIL = "site@example.org"
    Session.objects.update(contact_email="space@example.org")
    world.session.refresh_from_db()
    carry_on(publish(world.session, by=world.organiser).pk)
    assert [one.reply_to for one in mail.outbox] == [["space@example.org"]] * 3
    assert all("Write to space@example.org." in one.body for one in mail.outbox)


def test_the_statements_do_not_grow_with_the_decisions():
    def cost(count):
        world = make(count)
        with CaptureQueriesContext(connection) as asking:
            publication = publish(world.session, by=world.organiser)
        with CaptureQueriesContext(connection) as deciding:
            publishing._decide(publication.pk)
        with CaptureQueriesContext(connection) as sending:
            carry_on(publication.pk)
        return len(asking), len(deciding), len(sending)

    cost(3)
    few, many = cost(3), cost(30)
    assert few[:2] == many[:2]
    assert many[2] - few[2] <= 27 * 4


class TestSendingOneToOneself:
    def test_it_goes_to_the_organiser_alone_and_is_marked(self, world, tasks, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            message = send_test(world.session, world.applications[0].pk, by=world.organiser)
        assert message.subject.startswith("Test: ")
        tasks.run()
        assert [one.to for one in mail.outbox] == [[world.organiser.email]]
        assert Message.objects.get().body == ""
        assert not ApplicationEvent.objects.exists()

    def test_only_of_what_is_about_to_go_out_and_only_by_organisers(self, world):
        with pytest.raises(PublishError):
            send_test(world.session, 0, by=world.organiser)
        with pytest.raises(PublishError):
            send_test(world.session, world.applications[0].pk, by=world.reviewer)
