"""Two people, or two tabs, at the same moment: PostgreSQL locks rows, SQLite lets one write at a time."""

import datetime
import threading

import pytest
from django.core import mail
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone

from accounts.data_requests import request_deletion, request_export
from accounts.models import DataRequest, Message, TermsAcceptance
from accounts.personal_data import delete_account
from accounts.terms import accept_terms
from cohorts import applications, publishing
from cohorts.applications import accept_offer, decline_offer, save_draft, submit, withdraw
from cohorts.concerns import new_key, report
from cohorts.decisions import plan_publication
from cohorts.entries import Entry
from cohorts.models import (
    Application,
    ApplicationEvent,
    Concern,
    ConcernContact,
    Conflict,
    Membership,
    Publication,
    Review,
    RoleInvitation,
    Session,
    SessionRole,
)
from cohorts.moves import MoveError
from cohorts.pending import set_pending_decision, set_pending_decisions
from cohorts.placing import PlacingError, place
from cohorts.publishing import PublishError, carry_on
from cohorts.publishing import publish as press
from cohorts.reviews import declare_conflict, hand_in
from cohorts.role_invitations import accept, invite, key_of
from cohorts.waitlist import look_after_free_places
from cohorts.waitlist_offers import offer_place, plan_offer
from tests.cohorts.publishing import publish
from tests.cohorts.world import make_world
from tests.factories import MembershipFactory, QuestionFactory, SessionFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls) -> list:
    """Run the calls in threads that begin together; each answers with its value or its exception."""
    barrier, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def run(number, call):
        try:
            barrier.wait(timeout=60)
            answers[number] = call()
        except Exception as error:
            answers[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, call)) for number, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return answers


def test_of_two_organisers_who_publish_one_wins_and_the_other_is_told():
    world = make_world(applications=3, review_closed_at=timezone.now() - datetime.timedelta(hours=1))
    other = SessionRoleFactory(session=world.session, role="organiser").user
    for application in world.applications:
        set_pending_decision(application, "offer", by=world.organiser)
    answers = at_once(lambda: press(world.session, by=world.organiser), lambda: press(world.session, by=other))
    assert sorted(type(answer).__name__ for answer in answers) == ["Publication", "PublishError"]
    (won,) = [answer for answer in answers if isinstance(answer, Publication)]
    (told,) = [answer for answer in answers if isinstance(answer, PublishError)]
    assert str(won.made_by) in str(told)
    assert told.publication == won
    # And two workers, one of which was taken for lost.
    assert at_once(lambda: carry_on(won.pk), lambda: carry_on(won.pk)) == [None, None]
    assert Message.objects.filter(state="sent").count() == Message.objects.count() == len(mail.outbox) == 3
    assert Application.objects.filter(status="offered").count() == ApplicationEvent.objects.count() == 3


def test_a_button_that_is_pressed_twice_publishes_once():
    world = make_world(applications=2, review_closed_at=timezone.now() - datetime.timedelta(hours=1))
    set_pending_decision(world.applications[0], "offer", by=world.organiser)
    seen = plan_publication(world.session, by=world.organiser).fingerprint
    answers = at_once(*[lambda: press(world.session, by=world.organiser, expected=seen)] * 3)
    assert not [answer for answer in answers if isinstance(answer, Exception)], answers
    assert len({answer.pk for answer in answers}) == Publication.objects.count() == 1


@pytest.mark.parametrize("earlier", [datetime.timedelta(0), datetime.timedelta(seconds=5)], ids=["after", "before"])
def test_a_press_that_commits_while_the_other_one_reads_is_the_same_one(monkeypatch, earlier):
    """Whether its row was written before or after the other press began."""
    world = make_world(applications=2, review_closed_at=timezone.now() - datetime.timedelta(hours=1))
    set_pending_decision(world.applications[0], "offer", by=world.organiser)
    seen, begun = plan_publication(world.session, by=world.organiser).fingerprint, []

    def plan(session, **options):
        found = plan_publication(session, **options)
        if not begun:
            begun.append(None)
            begun.append(press(world.session, by=world.organiser, expected=seen))
            Publication.objects.update(created_at=timezone.now() - earlier)
        return found

    monkeypatch.setattr(publishing, "plan_publication", plan)
    assert press(world.session, by=world.organiser, expected=seen) == begun[1]


def test_two_tabs_that_hand_in_write_one_review():
    world = make_world(applications=1)
    application = world.applications[0]
    answers = at_once(*[lambda: hand_in(application, by=world.reviewer, scores=world.scores(1, 2)) for _ in range(4)])
    assert all(isinstance(answer, Review) for answer in answers), answers
    assert Review.objects.count() == 1


def test_two_clicks_declare_one_conflict():
    world = make_world(applications=1)
    answers = at_once(*[lambda: declare_conflict(world.applications[0], by=world.reviewer) for _ in range(4)])
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert Conflict.objects.count() == 1


def test_the_last_place_goes_to_one():
    world = make_world(applications=2)
    for _ in range(world.session.cohort_size_max - 1):
        MembershipFactory(cohort=world.cohort)
    answers = at_once(*[lambda one=one: place(one, world.cohort, by=world.organiser) for one in world.applications])
    assert sorted(type(answer).__name__ for answer in answers) == ["Membership", "PlacingError"]
    assert any(isinstance(answer, PlacingError) for answer in answers)
    assert Membership.objects.members().count() == world.session.cohort_size_max


def test_what_is_being_published_cannot_be_decided_otherwise_meanwhile(monkeypatch):
    world = make_world(applications=1, review_closed_at=timezone.now() - datetime.timedelta(hours=1))
    application = world.applications[0]
    set_pending_decision(application, "offer", by=world.organiser)
    plan_publication, seen = publishing.plan_publication, []

    def lock():
        with transaction.atomic():
            Application.objects.select_for_update(nowait=True).get(pk=application.pk)

    def lock_without_waiting():
        if connection.vendor == "sqlite":
            # SQLite knows no NOWAIT: its connections wait for the lock, this one not.
            connection.cursor().execute("PRAGMA busy_timeout = 0")
        lock()

    def plan(*args, **kwargs):
        seen.extend(at_once(lock_without_waiting))
        return plan_publication(*args, **kwargs)

    publication = press(world.session, by=world.organiser)
    monkeypatch.setattr(publishing, "plan_publication", plan)
    carry_on(publication.pk)
    assert [type(answer) for answer in seen] == [OperationalError]
    assert lock() is None


@pytest.mark.parametrize("attempt", range(3))
def test_one_place_that_comes_back_goes_to_one_person_whoever_answers_or_leaves_meanwhile(attempt):
    world = make_world(applications=6, review_closed_at=timezone.now() - datetime.timedelta(hours=1))
    Session.objects.update(offers_free_places=True)
    taken = world.session.cohort_size_max - 2
    for _ in range(taken):
        MembershipFactory(cohort=world.cohort)
    offered, waiting = world.applications[:2], world.applications[2:]
    for application in offered:
        set_pending_decision(application, "offer", by=world.organiser)
        place(application, world.cohort, by=world.organiser)
    for rank, application in enumerate(waiting, start=1):
        set_pending_decision(application, "waitlist", by=world.organiser, rank=rank)
    publish(world.session, by=world.organiser)
    # Two workers look; the first in line leaves, somebody accepts, and an organiser wants the place for the last in line.
    decline_offer(Application.objects.get(pk=offered[0].pk), by=offered[0].applicant)
    answers = at_once(
        look_after_free_places,
        look_after_free_places,
        lambda: withdraw(Application.objects.get(pk=waiting[0].pk), by=waiting[0].applicant),
        lambda: accept_offer(Application.objects.get(pk=offered[1].pk), by=offered[1].applicant),
        lambda: place(Application.objects.get(pk=waiting[3].pk), world.cohort, by=world.organiser),
    )
    assert not [
        answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, PlacingError | MoveError)
    ]
    places = Membership.objects.members().filter(state__in=["invited", "active"], cohort=world.cohort)
    assert places.count() <= world.session.cohort_size_max
    assert Application.objects.filter(status="offered").count() <= 1
    assert Message.objects.filter(kind="decision_offer").exclude(recipient__in=[one.applicant for one in offered]).count() <= 1
    assert Application.objects.get(pk=offered[1].pk).status == "accepted"


def test_a_submission_and_the_deletion_of_its_account_do_not_wait_for_each_other_for_ever(monkeypatch):
    session = SessionFactory(open=True)
    question, person = QuestionFactory(session=session), UserFactory()
    application = save_draft(session, Entry({question.pk: "Because"}), by=person, version=0)
    holds, deletes = threading.Event(), threading.Event()
    check = applications._checked

    def checks_while_the_account_is_being_deleted(*args):
        """The application is locked by now; what comes next points to the person."""
        holds.set()
        deletes.wait(timeout=1)
        return check(*args)

    def delete():
        holds.wait(timeout=60)
        threading.Timer(0.2, deletes.set).start()
        delete_account(person, by=person)

    monkeypatch.setattr(applications, "_checked", checks_while_the_account_is_being_deleted)
    answers = at_once(lambda: submit(application, by=person), delete)
    assert answers[1] is None
    assert not isinstance(answers[0], OperationalError)
    assert not Application.objects.exists()


def test_two_organisers_who_note_the_waitlist_give_no_rank_twice():
    world = make_world(applications=4, review_closed_at=timezone.now() - datetime.timedelta(hours=1))
    other = SessionRoleFactory(session=world.session, role="organiser").user
    numbers = [one.pk for one in world.applications]
    at_once(
        lambda: set_pending_decisions(world.session, numbers[:2], "waitlist", by=world.organiser),
        lambda: set_pending_decisions(world.session, numbers[2:], "waitlist", by=other),
    )
    assert sorted(Application.objects.values_list("pending_rank", flat=True)) == [1, 2, 3, 4]


def test_of_two_organisers_who_offer_the_same_person_a_place_one_is_told():
    now = timezone.now()
    world = make_world(applications=1, review_closed_at=now - datetime.timedelta(hours=2), published_at=now)
    other = SessionRoleFactory(session=world.session, role="organiser").user
    Application.objects.update(status="waitlisted", waitlist_rank=1)
    plan = plan_offer(world.session, world.applications[0].pk, by=world.organiser)
    wish = {"expected": plan.fingerprint, "cohort": world.cohort.pk}
    answers = at_once(
        *[lambda by=by: offer_place(world.session, plan.application.pk, by=by, **wish) for by in (world.organiser, other)]
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Application", "OfferError"]
    assert Message.objects.filter(kind="decision_offer").count() == 1
    assert Membership.objects.filter(state="invited").count() == 1


def test_new_forms_that_are_sent_twice_at_once_count_once():
    """A report, a part that is accepted or offered, data that is asked for, terms that are accepted, and an account that goes."""
    role = SessionRoleFactory()
    asked, key = UserFactory(), new_key()
    contact = ConcernContact.objects.create(user=role.user, session=role.session).user
    part = key_of(invite(role.session, "reviewer", asked.email, by=role.user))
    for twice, model, more in (
        (lambda: report(by=asked, text="Said once", readers=[contact.pk], key=key), Concern, 1),
        (lambda: accept(part, by=asked), SessionRole, 1),
        (lambda: invite(role.session, "reviewer", "new@example.org", by=role.user), RoleInvitation, 1),
        (lambda: request_export(asked, by=asked), DataRequest, 1),
        (lambda: accept_terms(asked), TermsAcceptance, None),
        (lambda: request_deletion(asked, by=asked), DataRequest, 1),
    ):
        before = model.objects.count()
        answers = at_once(twice, twice, twice)
        # Whoever comes second is told in words, or gets the same.
        broken = [answer for answer in answers if isinstance(answer, (DatabaseError, AttributeError, KeyError))]
        assert not broken, broken
        assert more is None or model.objects.count() == before + more, (model, answers)
