"""Phases of a review: which one is in force, what it lets people see and write, to the second; and how they are set up."""

import datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cohorts.applicant_identity import may_see_applicant
from cohorts.assigning import obstacle_to_assigning
from cohorts.models import Application, Review, ReviewAssignment, ReviewPhase, Session
from cohorts.models.phase_switches import sessions_being_reviewed, sessions_in_sight
from cohorts.pending import DecisionError, set_pending_decision
from cohorts.phases import (
    Writing,
    obstacle_by,
    obstacles_to_phases,
    promise_about_names,
    switches_from,
    switches_of,
)
from cohorts.reviews import ReviewError, hand_in, save_review
from cohorts.stages import Stage, stage_of
from tests.cohorts.world import make_world
from tests.factories import ReviewFactory, ReviewPhaseFactory, SessionFactory
from tests.page_forms import form_of

UTC = datetime.UTC
SECOND = datetime.timedelta(seconds=1)


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


CLOSE = at("2027-03-01T12:00")
DATES = {
    "starts_on": datetime.date(2027, 5, 3),
    "announced_at": at("2027-01-01T00:00"),
    "applications_open_at": at("2027-02-01T00:00"),
    "applications_close_at": CLOSE,
    "review_closed_at": None,
    "published_at": None,
}
#: Blind from 5 to 10 March; open from 12 to 20 March, where organisers decide too.
BLIND = {
    "name": "Blind",
    "opens_at": at("2027-03-05T09:00"),
    "closes_at": at("2027-03-10T18:00"),
    "names_hidden": True,
    "others_scores": "never",
    "assigned_only": True,
    "decisions": "nobody",
}
OPEN = {
    "name": "Open",
    "opens_at": at("2027-03-12T00:00"),
    "closes_at": at("2027-03-20T00:00"),
    "names_hidden": False,
    "others_scores": "always",
    "assigned_only": False,
    "decisions": "organisers",
}
CLOSED_EARLY = {"review_closed_at": at("2027-03-11T00:00")}
PUBLISHED = {"review_closed_at": at("2027-03-21T00:00"), "published_at": at("2027-03-25T00:00")}

#: (dates of the session, now) → (can it be written, the phase in force, is anything seen).
MOMENTS = [
    ({}, "2027-01-15T00:00:00", Writing.TOO_EARLY, None),
    ({}, "2027-03-01T11:59:59", Writing.TOO_EARLY, None),
    ({}, "2027-03-01T12:00:00", Writing.BEFORE_FIRST, None),
    ({}, "2027-03-05T08:59:59", Writing.BEFORE_FIRST, None),
    ({}, "2027-03-05T09:00:00", Writing.OPEN, "Blind"),
    ({}, "2027-03-10T17:59:59", Writing.OPEN, "Blind"),
    ({}, "2027-03-10T18:00:00", Writing.BETWEEN, "Blind"),
    ({}, "2027-03-11T23:59:59", Writing.BETWEEN, "Blind"),
    ({}, "2027-03-12T00:00:00", Writing.OPEN, "Open"),
    ({}, "2027-03-19T23:59:59", Writing.OPEN, "Open"),
    ({}, "2027-03-20T00:00:00", Writing.AFTER_LAST, "Open"),
    ({"review_closed_at": at("2027-03-08T00:00")}, "2027-03-07T23:59:59", Writing.OPEN, "Blind"),
    ({"review_closed_at": at("2027-03-08T00:00")}, "2027-03-08T00:00:00", Writing.CLOSED, "Blind"),
    # A review that is closed stays as it was: no later phase opens names.
    (CLOSED_EARLY, "2027-03-12T00:00:00", Writing.CLOSED, "Blind"),
    ({"review_closed_at": at("2027-03-12T00:00")}, "2027-03-12T00:00:00", Writing.CLOSED, "Blind"),
    ({"review_closed_at": at("2027-03-02T00:00")}, "2027-03-15T00:00:00", Writing.CLOSED, None),
    (PUBLISHED, "2027-04-01T00:00:00", Writing.CLOSED, "Open"),
    # Applications were prolonged into a phase: it counts from their close.
    ({"applications_close_at": at("2027-03-07T00:00")}, "2027-03-06T23:59:59", Writing.TOO_EARLY, None),
    ({"applications_close_at": at("2027-03-07T00:00")}, "2027-03-07T00:00:00", Writing.OPEN, "Blind"),
]


def two_phases() -> list[ReviewPhase]:
    return [ReviewPhase(**OPEN), ReviewPhase(**BLIND)]


@pytest.mark.parametrize(("dates", "now", "writing", "phase"), MOMENTS)
def test_which_phase_is_in_force(dates, now, writing, phase):
    session = Session(slug="x", name="X", **DATES | dates)
    found = switches_from(session, two_phases(), at(now))
    assert (found.writing, found.phase and found.phase.name) == (writing, phase)
    assert found.is_open is (writing == Writing.OPEN)
    assert (obstacle_by(found) is None) is found.is_open
    if phase is None:
        assert (found.names_hidden, found.others_scores, found.assigned_only) == (True, "never", True)
    else:
        wanted = BLIND if phase == "Blind" else OPEN
        assert all(getattr(found, name) == wanted[name] for name in ("names_hidden", "others_scores", "assigned_only"))
        assert (found.opens_at, found.closes_at) == (wanted["opens_at"], wanted["closes_at"])
    assert found.decisions == ("nobody" if writing != Writing.CLOSED and phase != "Open" else "organisers")


@pytest.mark.parametrize(
    ("dates", "now", "writing"),
    [
        ({}, "2027-03-01T11:59:59", Writing.TOO_EARLY),
        ({}, "2027-03-01T12:00:00", Writing.OPEN),
        (CLOSED_EARLY, "2027-03-10T23:59:59", Writing.OPEN),
        (CLOSED_EARLY, "2027-03-11T00:00:00", Writing.CLOSED),
    ],
)
def test_without_phases_the_switches_of_the_session_hold_throughout(dates, now, writing):
    session = Session(slug="x", name="X", review_names_hidden=False, review_others_scores="always", **DATES | dates)
    found = switches_from(session, [], at(now))
    assert (found.writing, found.phase, found.names_hidden, found.others_scores) == (writing, None, False, "always")
    assert (found.assigned_only, found.decisions) == (False, "organisers")


@pytest.mark.django_db
def test_the_database_says_the_same_as_python_at_every_moment():
    for dates, now, writing, phase in MOMENTS:
        session = SessionFactory(calendar=False, **DATES | dates)
        for one in (BLIND, OPEN):
            ReviewPhase.objects.create(session=session, **one)
        moment = at(now)
        here = {"pk": session.pk}
        assert sessions_being_reviewed(moment).filter(**here).exists() is (writing == Writing.OPEN), (dates, now)
        assert sessions_in_sight(moment).filter(**here).exists() is (phase is not None), (dates, now)
        found = switches_of(session, moment)
        for name in ("names_hidden", "others_scores", "assigned_only"):
            value = getattr(found, name)
            same = sessions_in_sight(moment, **{name: value}).filter(**here).exists()
            assert same is (phase is not None), (dates, now, name)


def test_between_phases_the_session_is_still_in_review_and_reviews_can_be_assigned():
    session = Session(slug="x", name="X", **DATES)
    for now in ("2027-03-02T00:00", "2027-03-11T00:00", "2027-03-21T00:00"):
        assert stage_of(session, at(now)) == Stage.REVIEWING
        with time_machine.travel(at(now), tick=False):
            assert obstacle_to_assigning(session) is None


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2027-03-02T00:00", "begins with “Blind”, on Friday 5 March 2027, 09:00 (UTC)"),
        ("2027-03-11T00:00", "“Blind” is over. You can write again in “Open”, from Friday 12 March 2027, 00:00 (UTC)"),
        ("2027-03-20T00:00", "The review is over."),
        ("2027-02-20T00:00", "begins when applications close"),
    ],
)
def test_reviewers_read_why_they_cannot_write(now, words):
    assert words in obstacle_by(switches_from(Session(slug="x", name="X", **DATES), two_phases(), at(now)))


# What people see


@pytest.fixture
def world(db):
    """A world whose session has the dates above and both phases; the first application is assigned to the reviewer."""
    world = make_world()
    Session.objects.filter(pk=world.session.pk).update(**DATES)
    world.session.refresh_from_db()
    for one in (BLIND, OPEN):
        ReviewPhase.objects.create(session=world.session, **one)
    ReviewAssignment.objects.create(application=world.applications[0], reviewer=world.reviewer)
    return world


def test_what_a_reviewer_sees_changes_by_itself_to_the_second(world):
    first, second = world.applications
    other = ReviewFactory(application=first, reviewer=world.navigator, handed_in_at=at("2027-03-06T00:00"))

    def seen(now):
        with time_machine.travel(now, tick=False):
            applications = Application.objects.reviewable_by(world.reviewer).order_by("pk")
            reviews = Review.objects.visible_to(world.reviewer).filter(pk=other.pk)
            return list(applications), may_see_applicant(world.reviewer, first), reviews.exists()

    assert seen(BLIND["opens_at"] - SECOND) == ([], False, False)
    assert seen(BLIND["opens_at"]) == ([first], False, False)
    assert seen(OPEN["opens_at"] - SECOND) == ([first], False, False)
    assert seen(OPEN["opens_at"]) == ([first, second], True, True)
    assert seen(OPEN["closes_at"] + SECOND) == ([first, second], True, True)


def test_a_review_is_written_in_an_open_phase_only_and_stays_as_it_was_written(world):
    first, scores = world.applications[0], world.scores(1, 2)
    for now in (BLIND["opens_at"] - SECOND, BLIND["closes_at"], OPEN["closes_at"]):
        with time_machine.travel(now, tick=False), pytest.raises(ReviewError):
            save_review(first, by=world.reviewer, scores=scores)
    with time_machine.travel(BLIND["closes_at"] - SECOND, tick=False):
        review = hand_in(first, by=world.reviewer, scores=scores, private_comment="Written blind")
    with time_machine.travel(OPEN["opens_at"], tick=False):
        assert may_see_applicant(world.reviewer, first)
        review.refresh_from_db()
        assert review.private_comment == "Written blind"
        hand_in(first, by=world.reviewer, scores=world.scores(0, 0))


@pytest.mark.parametrize(
    ("others_scores", "before_own", "after_own"), [("never", False, False), ("after_own", False, True), ("always", True, True)]
)
def test_others_reviews_follow_the_phase_and_not_the_session(world, others_scores, before_own, after_own):
    Session.objects.filter(pk=world.session.pk).update(review_others_scores="always" if others_scores == "never" else "never")
    ReviewPhase.objects.filter(name="Blind").update(others_scores=others_scores)
    first = world.applications[0]
    other = ReviewFactory(application=first, reviewer=world.navigator, handed_in_at=at("2027-03-06T00:00"))
    with time_machine.travel("2027-03-07T00:00Z", tick=False):
        visible = Review.objects.visible_to(world.reviewer).filter(pk=other.pk)
        assert visible.exists() is before_own
        hand_in(first, by=world.reviewer, scores=world.scores(1, 1))
        assert Review.objects.visible_to(world.reviewer).filter(pk=other.pk).exists() is after_own


def test_assignments_wait_only_while_a_phase_is_open(world):
    def waiting(now):
        with time_machine.travel(now, tick=False):
            return ReviewAssignment.objects.waiting().exists()

    assert [waiting(now) for now in (BLIND["opens_at"] - SECOND, BLIND["opens_at"], BLIND["closes_at"])] == [False, True, False]


def test_what_is_not_eligible_costs_no_reviewer_time(world):
    first, second = world.applications
    Application.objects.update(eligibility="not_eligible")
    with time_machine.travel(OPEN["opens_at"], tick=False):
        assert not Application.objects.reviewable_by(world.reviewer).exists()
        assert not ReviewAssignment.objects.waiting().exists()
        # Whoever has begun a review still finds it.
        ReviewFactory(application=second, reviewer=world.reviewer)
        assert list(Application.objects.reviewable_by(world.reviewer)) == [second]
        Application.objects.update(eligibility="needs_a_look")
        assert set(Application.objects.reviewable_by(world.reviewer)) == {first, second}


# Decisions


def test_while_nobody_decides_a_decision_is_refused_with_the_day_on_which_that_changes(world):
    first = world.applications[0]
    for now in (CLOSE, BLIND["opens_at"], OPEN["opens_at"] - SECOND):
        with time_machine.travel(now, tick=False):
            with pytest.raises(DecisionError, match="from Friday 12 March 2027, 00:00"):
                set_pending_decision(first, "offer", by=world.organiser)
            # Saving the page with the decision as it is changes nothing, and may.
            set_pending_decision(first, "none", by=world.organiser)
    with time_machine.travel(OPEN["opens_at"], tick=False):
        set_pending_decision(first, "offer", by=world.organiser)
    ReviewPhase.objects.update(decisions="nobody")
    with (
        time_machine.travel(OPEN["closes_at"], tick=False),
        pytest.raises(DecisionError, match="once the review is closed"),
    ):
        set_pending_decision(first, "none", by=world.organiser)
    Session.objects.filter(pk=world.session.pk).update(review_closed_at=OPEN["closes_at"])
    with time_machine.travel(OPEN["closes_at"], tick=False):
        set_pending_decision(first, "waitlist", by=world.organiser)


# Setting them up


def phase(name, opens, closes) -> ReviewPhase:
    return ReviewPhase(name=name, opens_at=at(f"2027-03-{opens}"), closes_at=at(f"2027-03-{closes}"))


@pytest.mark.parametrize(
    ("phases", "words"),
    [
        ([phase("A", "05T00:00", "10T00:00"), phase("B", "10T00:00", "12T00:00")], []),
        ([phase("B", "09T23:59:59", "12T00:00"), phase("A", "05T00:00", "10T00:00")], ["“A” and “B” overlap"]),
        ([phase("A", "05T00:00", "20T00:00"), phase("B", "06T00:00", "07T00:00"), phase("C", "08T00:00", "09T00:00")],
         ["“A” and “B” overlap", "“A” and “C” overlap"]),
        ([phase("A", "05T00:00", "10T00:00"), phase("B", "05T00:00", "10T00:00")], ["overlap"]),
        ([phase("A", "01T11:59:59", "10T00:00")], ["“A” opens before applications close, which is on Monday 1 March 2027, 12:00"]),
        ([phase("A", "01T12:00", "10T00:00")], []),
        ([phase("A", "05T00:00", "05T00:00")], ["“A” must open before it closes"]),
    ],
)  # fmt: skip
def test_phases_that_cannot_be_are_refused_by_name(phases, words):
    found = obstacles_to_phases(Session(slug="x", name="X", **DATES), phases)
    assert len(found) == len(words)
    assert all(one in text for one, text in zip(words, found, strict=True))


@pytest.mark.parametrize(
    ("hidden", "promise"), [([True, True], "hidden"), ([True, False], "at_first"), ([False, True], "shown"), ([], "hidden")]
)
def test_applicants_are_promised_what_holds(db, hidden, promise):
    session = SessionFactory(open=True, calendar=False)
    for number, one in enumerate(hidden):
        opens = session.applications_close_at + datetime.timedelta(days=number)
        ReviewPhaseFactory(session=session, names_hidden=one, opens_at=opens, closes_at=opens + datetime.timedelta(hours=1))
    assert promise_about_names(session) == promise


# Pages


def inline(prefix: str, rows: list[dict[str, str]]) -> dict[str, str]:
    """The management form and the new rows of an inline."""
    data = {f"{prefix}-TOTAL_FORMS": str(len(rows)), f"{prefix}-INITIAL_FORMS": "0"}
    for number, row in enumerate(rows):
        data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data


def test_organisers_add_phases_on_the_page_of_the_session(client, world):
    ReviewPhase.objects.all().delete()
    page = reverse("admin:cohorts_session_change", args=[world.session.pk])
    with time_machine.travel("2027-03-02T00:00Z", tick=False):
        client.force_login(world.organiser)
        shown = client.get(page)
        assert "Without phases, the review is one phase by these switches" in shown.text
        row = {"others_scores": "never", "decisions": "nobody", "names_hidden": "on"}
        first = row | {"name": "First", **window("2027-03-05", "2027-03-10")}
        second = row | {"name": "Second", **window("2027-03-09", "2027-03-12")}
        data = form_of(shown) | inline("review_phases", [first, second])
        refused = client.post(page, data)
        assert "“First” and “Second” overlap" in refused.text
        # The part with the trouble is not folded, and the links at the top name it.
        assert 'class="module  introduced"' in refused.text
        assert "to be corrected" in refused.text
        assert not world.session.review_phases.exists()
        second |= window("2027-03-10", "2027-03-12")
        client.post(page, form_of(shown) | inline("review_phases", [first, second]))
        assert [one.name for one in world.session.review_phases.all()] == ["First", "Second"]
        assert "Now in force: none. “First” opens on Friday 5 March 2027" in client.get(page).text
    with time_machine.travel("2027-03-06T00:00Z", tick=False):
        # Somebody else has added one since this page was loaded.
        client.force_login(world.organiser)
        shown = client.get(page)
        assert "Now in force: “First”, until Wednesday 10 March 2027" in shown.text
        third = {"opens_at": at("2027-03-12T00:00"), "closes_at": at("2027-03-14T00:00")}
        ReviewPhaseFactory(session=world.session, name="Third", **third)
        data = form_of(shown)
        data["review_phases-1-closes_at_0"] = "2027-03-13"
        assert "“Second” and “Third” overlap" in client.post(page, data).text


def window(opens: str, closes: str) -> dict[str, str]:
    return {"opens_at_0": opens, "opens_at_1": "00:00:00", "closes_at_0": closes, "closes_at_1": "00:00:00"}


def test_the_queue_says_which_phase_it_is_and_asks_once_for_the_phases_of_all_sessions(client, world):
    queue = reverse("admin:cohorts_review_queue")
    with time_machine.travel("2027-03-06T00:00Z", tick=False):
        client.force_login(world.reviewer)
        text = client.get(queue).text
        assert "Blind</span></h2>" in text
        assert "You can write until" in text
        assert "Names are hidden from reviewers. Others’ reviews are not shown. Each reviewer reads what is assigned." in text
        with CaptureQueriesContext(connection) as queries:
            client.get(queue)
        phases = [one for one in queries if one["sql"].lstrip().startswith('SELECT "cohorts_reviewphase"')]
        assert len(phases) == 1
    with time_machine.travel("2027-03-11T00:00Z", tick=False):
        client.force_login(world.reviewer)
        assert "You can write again in “Open”" in client.get(queue).text


def test_phases_cost_a_list_no_query_a_row(world):
    with time_machine.travel("2027-03-13T00:00Z", tick=False), CaptureQueriesContext(connection) as queries:
        list(Application.objects.reviewable_by(world.reviewer))
        assert timezone.now() < OPEN["closes_at"]
    assert len(queries) == 1
