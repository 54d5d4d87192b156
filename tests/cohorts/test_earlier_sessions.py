"""What organisers read of earlier sessions when they decide again, and who does not read it."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cohorts.earlier_sessions import earlier_sessions, in_words, narrowed_by_earlier
from cohorts.models import Application, ApplicationEvent
from cohorts.reviews import declare_conflict
from tests.cohorts.world import make_world
from tests.factories import (
    ApplicationFactory,
    CohortFactory,
    MembershipFactory,
    SessionFactory,
    SessionRoleFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world(applications=3)


def earlier_one(world, name="Autumn", days=300, **session):
    starts_on = world.session.starts_on - datetime.timedelta(days=days)
    session = SessionFactory(name=name, finished=True, starts_on=starts_on, published_at=timezone.now(), **session)
    SessionRoleFactory(session=session, user=world.organiser)
    return session


def words(world, viewer=None, index=0):
    application = world.applications[index]
    return in_words(earlier_sessions([application], viewer=viewer or world.organiser)[application.pk])


@pytest.mark.parametrize(
    ("status", "fields", "waited", "expected"),
    [
        ("waitlisted", {"waitlist_rank": 3}, True, "on the waitlist, rank 3"),
        ("waitlisted", {}, True, "on the waitlist"),
        ("not_selected", {}, False, "not selected"),
        ("not_selected", {}, True, "not selected, after the waitlist"),
        ("not_selected", {"waitlist_rank": 3}, True, "not selected, after rank 3 on the waitlist"),
        ("declined", {}, True, "declined a place, offered from the waitlist"),
        ("expired", {}, False, "did not answer the offer of a place"),
        ("offered", {}, False, "offered a place"),
        ("accepted", {}, True, "took a place, from the waitlist"),
        ("withdrawn", {}, True, "left the waitlist"),
        ("submitted", {}, False, "applied, and nothing was decided"),
    ],
)
def test_each_outcome_in_words(world, status, fields, waited, expected):
    session = earlier_one(world)
    before = ApplicationFactory(session=session, applicant=world.applications[0].applicant, status=status, **fields)
    if waited:
        ApplicationEvent.objects.create(application=before, from_status="submitted", to_status="waitlisted", at=timezone.now())
    assert words(world) == f"Autumn: {expected}"
    waiting = narrowed_by_earlier(Application.objects.filter(session=world.session), "waited", viewer=world.organiser)
    assert list(waiting) == ([world.applications[0]] if waited else [])


def test_several_sessions_the_latest_first_and_what_part_somebody_took(world):
    person = world.applications[0].applicant
    old, older = earlier_one(world), earlier_one(world, "Spring", 500)
    ApplicationFactory(session=old, applicant=person, status="not_selected")
    ApplicationFactory(session=older, applicant=person, status="accepted")
    MembershipFactory(cohort=CohortFactory(session=older, name="Ember"), user=person, state="completed")
    assert words(world) == "Autumn: not selected; Spring: was member of Ember"
    rows = Application.objects.filter(session=world.session)
    for kind, many in (("applied", 1), ("member", 1), ("first", 2), ("waited", 0), ("", 3)):
        assert narrowed_by_earlier(rows, kind, viewer=world.organiser).count() == many


@pytest.mark.parametrize("case", ["conflict", "others", "unpublished", "later", "invited", "draft"])
def test_what_is_no_part_of_it(world, case):
    person = world.applications[0].applicant
    session = earlier_one(world, days=-300 if case == "later" else 300)
    before = ApplicationFactory(session=session, applicant=person, status="draft" if case == "draft" else "accepted")
    state = "invited" if case in ("invited", "draft") else "completed"
    membership = MembershipFactory(cohort=CohortFactory(session=session), user=person, state=state)
    if case == "conflict":
        declare_conflict(before, by=world.organiser)
    elif case == "others":
        session.roles.all().delete()
    elif case == "unpublished":
        type(session).objects.filter(pk=session.pk).update(published_at=None)
    assert words(world) == ("Autumn: took a place" if case == "invited" else "")
    assert membership.user == person


def test_a_constant_number_of_queries(world):
    counts = []
    for many in (1, 20):
        session = earlier_one(world, f"Before {many}", 300 + many)
        rows = [ApplicationFactory(session=world.session) for _ in range(many)]
        for row in rows:
            ApplicationFactory(session=session, applicant=row.applicant, status="waitlisted", waitlist_rank=1)
        rows = list(Application.objects.filter(pk__in=[row.pk for row in rows]).select_related("session"))
        with CaptureQueriesContext(connection) as captured:
            assert all(earlier_sessions(rows, viewer=world.organiser).values())
        counts.append(len(captured))
    assert counts == [2, 2]


def test_on_the_page_in_the_list_the_ranking_and_both_exports(world, client):
    session = earlier_one(world)
    ApplicationFactory(session=session, applicant=world.applications[0].applicant, status="waitlisted", waitlist_rank=3)
    client.force_login(world.organiser)
    query = f"?session__id__exact={world.session.pk}"
    for address in (
        reverse("admin:cohorts_application_change", args=[world.applications[0].pk]),
        reverse("admin:cohorts_application_changelist") + f"{query}&earlier=waited",
        reverse("admin:cohorts_application_export") + query,
        reverse("admin:cohorts_session_ranking", args=[world.session.pk]) + "?show=waited",
        reverse("admin:cohorts_session_ranking_export", args=[world.session.pk]),
    ):
        assert "on the waitlist, rank 3" in client.get(address).content.decode(), address
