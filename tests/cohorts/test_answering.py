"""What an applicant reads and can press: each status at each instant, and whatever else may have happened meanwhile."""

import datetime

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.messages import queue_message, send_message
from accounts.models import Message, User
from cohorts.applications import accept_offer, decline_offer, expire_offers
from cohorts.models import Application, Membership, Session
from cohorts.moves import MoveError
from cohorts.offers import place_in_words
from cohorts.public_status import history, public_status
from tests.factories import ApplicationFactory, CohortFactory, MembershipFactory, SessionFactory

UTC = datetime.UTC
SECOND = datetime.timedelta(seconds=1)
#: The session of the table: results on 1 February, answers until 8 February, 15 February to 28 March.
ANSWER_BY = datetime.datetime(2027, 2, 8, 23, 59, tzinfo=UTC)
BEGINS = datetime.datetime(2027, 2, 15, tzinfo=UTC)
ENDS = datetime.datetime(2027, 3, 29, tzinfo=UTC)
WITHIN = datetime.datetime(2027, 2, 3, tzinfo=UTC)


def made(status, *, part_leads="", part_place="", **fields):
    """An application as `with_public_status` gives it, without a database."""
    session = Session(
        name="Spring", slug="spring", starts_on=BEGINS.date(), weeks=6, time_zone="UTC",
        announced_at=WITHIN - datetime.timedelta(days=60),
        applications_open_at=WITHIN - datetime.timedelta(days=50),
        applications_close_at=WITHIN - datetime.timedelta(days=30),
        review_closed_at=WITHIN - datetime.timedelta(days=5),
        published_at=WITHIN - datetime.timedelta(days=2),
        archived_at=fields.pop("archived_at", None),
    )  # fmt: skip
    answer_by = ANSWER_BY if status in ("offered", "expired", "accepted", "declined") else None
    fields = {"answer_by": answer_by} | fields
    application = Application(pk=1, session=session, applicant=User(pk=7), status=status, **fields)
    application.codes_until = None
    application.part_leads, application.part_cohort, application.part_place = part_leads, "Ember", part_place
    return application


NAVIGATOR, CAPTAIN = {"part_leads": "navigator"}, {"part_leads": "captain"}
ANSWER = {"accept", "decline"}


@pytest.mark.parametrize(
    ("status", "case", "at", "label", "says", "may"),
    [
        ("offered", {}, WITHIN, "You are offered a place", "kept for you", ANSWER),
        ("offered", {}, ANSWER_BY - SECOND, "You are offered a place", "kept for you", ANSWER),
        ("offered", {}, ANSWER_BY, "The offer has ended", "not answered by", set()),
        ("expired", {}, ANSWER_BY + SECOND, "The offer has ended", "not answered by", set()),
        ("expired", {"answer_by": None}, WITHIN, "The offer has ended", "not answered in time", set()),
        ("expired", {}, ENDS, "The offer has ended", "not answered by", set()),
        ("offered", {"answer_by": None}, WITHIN, "You are offered a place", "kept for you", ANSWER),
        ("offered", {"answer_by": None}, ENDS, "The offer has ended", "session is over", set()),
        ("offered", {"archived_at": WITHIN}, WITHIN, "The offer has ended", "session is over", set()),
        ("offered", NAVIGATOR, WITHIN, "You take part as navigator", "navigator of Ember", {"decline"}),
        ("accepted", {"part_place": "active"}, WITHIN, "You are in", "begins on", {"decline"}),
        ("accepted", {}, WITHIN, "You are in", "not settled yet", {"decline"}),
        ("accepted", {"part_place": "active"}, BEGINS - SECOND, "You are in", "begins on", {"decline"}),
        ("accepted", {"part_place": "active"}, BEGINS, "You are in", "began on", set()),
        ("accepted", {"part_place": "left"}, BEGINS, "Your place has ended", "Write to the organisers", set()),
        ("accepted", {"part_place": "completed"}, ENDS, "You took part", "began on", set()),
        ("declined", {}, WITHIN, "You declined", "change your mind", set()),
        ("declined", {}, ENDS, "You declined", "somebody else", set()),
        ("waitlisted", {"waitlist_rank": 2}, WITHIN, "On the waitlist", "number 2", {"withdraw"}),
        ("waitlisted", {}, BEGINS, "On the waitlist", "may be offered", {"withdraw"}),
        ("waitlisted", {"waitlist_rank": 2}, ENDS, "The waitlist is closed", "no place came free", {"withdraw"}),
        ("waitlisted", CAPTAIN, WITHIN, "You take part as captain", "captain of Ember", {"withdraw"}),
        ("withdrawn", {}, WITHIN, "Withdrawn", "took it back", set()),
        ("not_selected", {}, WITHIN, "Not selected this time", "apply again", set()),
        ("not_selected", NAVIGATOR, WITHIN, "You take part as navigator", "nothing more is decided", set()),
        ("submitted", {}, WITHIN, "In review", "organisers decide now", {"withdraw"}),
        ("submitted", {}, ENDS, "Not decided", "session is over", {"withdraw"}),
        ("submitted", {"archived_at": WITHIN}, WITHIN, "Not decided", "session is over", {"withdraw"}),
        ("submitted", NAVIGATOR, WITHIN, "You take part as navigator", "nothing more is decided", {"withdraw"}),
    ],
)
def test_words_and_buttons(status, case, at, label, says, may):
    found = public_status(made(status, **case), at)
    assert found.label == label
    assert says in found.detail
    assert found.may == may
    assert bool(found.until) == bool(found.until_label)
    assert "not selected" not in f"{found.label} {found.detail}".lower() or not case.get("part_leads")


@pytest.fixture
def offered(db):
    """Offered a place in a cohort whose navigator is known; the answer is due in three days."""
    session = SessionFactory(name="Spring", starts_on=timezone.localdate() + datetime.timedelta(days=20))
    application = ApplicationFactory(session=session, status="offered", answer_by=timezone.now() + datetime.timedelta(days=3))
    cohort = CohortFactory(session=session, name="Ember")
    MembershipFactory(cohort=cohort, user=application.applicant, state="invited")
    MembershipFactory(cohort=cohort, role="navigator", user__name="Nadia Guide")
    return application


def page(client, application):
    return client.get(reverse("application", args=[application.pk])).content.decode()


def test_the_offer_says_what_it_means_and_who_guides_only_once_it_is_taken(client, offered):
    client.force_login(offered.applicant)
    before = page(client, offered)
    assert "What taking it means" in before
    assert "Ember" in before
    assert "At least 5 a week" in before
    assert "Nadia Guide" not in before
    asked = client.get(reverse("accept", args=[offered.pk])).content.decode()
    assert "Take the place?" in asked
    assert "Nadia Guide" not in asked
    offered.refresh_from_db()
    assert offered.status == "offered"
    client.post(reverse("accept", args=[offered.pk]))
    assert "Nadia Guide" in page(client, offered)


def test_nothing_of_a_place_before_publishing_nor_in_other_statuses(offered):
    offered.session.published_at = None
    assert place_in_words(offered) is None
    assert place_in_words(ApplicationFactory(session=SessionFactory(), status="declined")) is None


def test_the_page_and_the_button_agree_at_the_instant_and_the_task_changes_no_word(client, offered):
    client.force_login(offered.applicant)
    with time_machine.travel(offered.answer_by - SECOND, tick=False):
        assert reverse("accept", args=[offered.pk]) in page(client, offered)
    with time_machine.travel(offered.answer_by, tick=False):
        before = page(client, offered)
        assert reverse("accept", args=[offered.pk]) not in before
        assert "What taking it means" not in before
        client.post(reverse("accept", args=[offered.pk]))
        client.post(reverse("decline", args=[offered.pk]))
        offered.refresh_from_db()
        assert offered.status == "offered"
        client.get(reverse("application", args=[offered.pk]))
        known = public_status(offered)
        assert expire_offers() == 1
        offered.refresh_from_db()
        assert (known.label, known.detail) == (public_status(offered).label, public_status(offered).detail)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("accept", "accept", "You took the place already."),
        ("decline", "accept", "You declined this place already."),
        ("decline", "decline", "You declined the place already."),
    ],
)
def test_two_clicks_and_two_tabs(client, offered, first, second, words):
    client.force_login(offered.applicant)
    client.post(reverse(first, args=[offered.pk]))
    assert words in client.post(reverse(second, args=[offered.pk]), follow=True).content.decode()
    assert Message.objects.filter(recipient=offered.applicant).count() == 1


def test_the_cohort_was_deleted_meanwhile(client, offered):
    Membership.objects.all().delete()
    client.force_login(offered.applicant)
    assert "Named later" in page(client, offered)
    client.post(reverse("accept", args=[offered.pk]))
    text = page(client, offered)
    assert "You are in" in text
    assert "Your cohort is not settled yet" in text


def test_who_leads_by_now_takes_no_place_beside_it(offered):
    MembershipFactory(cohort=CohortFactory(session=offered.session), user=offered.applicant, role="captain")
    with pytest.raises(MoveError, match="one person has one part"):
        accept_offer(offered, by=offered.applicant)
    offered.refresh_from_db()
    assert offered.status == "offered"
    decline_offer(offered, by=offered.applicant)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("decision_not_selected", "not_selected"),
        ("decision_waitlist", "waitlisted"),
        ("decision_offer", "offered"),
        ("offer_expired", "expired"),
        ("offer_accepted", "accepted"),
    ],
)
@pytest.mark.parametrize("leads", [True, False])
def test_who_leads_by_now_is_sent_nothing_about_the_application(db, kind, status, leads):
    application = ApplicationFactory(session=SessionFactory(), status=status)
    if leads:
        MembershipFactory(cohort=CohortFactory(session=application.session), user=application.applicant, role="navigator")
    message = queue_message(application.applicant, kind=kind, about=application, subject="Words", body="More words")
    send_message(message.pk)
    message.refresh_from_db()
    assert message.state == ("dropped" if leads and kind != "offer_accepted" else "sent")


def test_the_history_tells_where_an_offer_came_from_and_no_rejection_to_who_leads(db):
    application = ApplicationFactory(session=SessionFactory(), status="not_selected")
    moves = [("waitlisted", "offered"), ("offered", "declined"), ("declined", "offered"), ("submitted", "not_selected")]
    for number, (before, after) in enumerate(moves):
        application.events.create(from_status=before, to_status=after, at=timezone.now() + number * SECOND)
    assert [words for _at, words in history(application)][1:] == [
        "You were offered a place from the waitlist.",
        "You declined the place.",
        "You were offered a place again.",
        "You were not selected this time.",
    ]
    MembershipFactory(cohort=CohortFactory(session=application.session), user=application.applicant, role="navigator")
    assert "not selected" not in " ".join(words for _at, words in history(application))
