"""The stage of a session follows from its dates and stamps, in the session's own zone, to the second."""

import datetime

import pytest

from cohorts.models import Session
from cohorts.stages import Stage, current_week, stage_of, takes_applications
from tests.factories import SessionFactory

UTC = datetime.UTC


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


def session(**fields) -> Session:
    """Not saved: announced in January, open in February, weeks from Monday 3 May to Sunday 13 June 2027."""
    defaults = {
        "slug": "x",
        "name": "X",
        "starts_on": datetime.date(2027, 5, 3),
        "announced_at": at("2027-01-01T00:00"),
        "applications_open_at": at("2027-02-01T00:00"),
        "applications_close_at": at("2027-03-01T12:00"),
    }
    return Session(**defaults | fields)


PUBLISHED = {"review_closed_at": at("2027-03-20T00:00"), "published_at": at("2027-04-01T00:00")}


@pytest.mark.parametrize(
    ("fields", "now", "stage"),
    [
        ({}, "2026-12-31T23:59:59", Stage.DRAFT),
        ({"announced_at": None}, "2027-02-10T00:00", Stage.DRAFT),
        ({}, "2027-01-01T00:00", Stage.ANNOUNCED),
        ({}, "2027-01-31T23:59:59", Stage.ANNOUNCED),
        ({}, "2027-02-01T00:00", Stage.OPEN),
        ({}, "2027-03-01T11:59:59", Stage.OPEN),
        ({}, "2027-03-01T12:00:00", Stage.REVIEWING),
        ({"applications_open_at": None, "applications_close_at": None}, "2027-03-10T00:00", Stage.ANNOUNCED),
        ({"review_closed_at": at("2027-03-20T00:00")}, "2027-03-19T23:59:59", Stage.REVIEWING),
        ({"review_closed_at": at("2027-03-20T00:00")}, "2027-03-20T00:00", Stage.DECIDING),
        (PUBLISHED, "2027-04-01T00:00", Stage.UPCOMING),
        (PUBLISHED, "2027-05-02T23:59:59", Stage.UPCOMING),
        (PUBLISHED, "2027-05-03T00:00", Stage.RUNNING),
        (PUBLISHED, "2027-06-13T23:59:59", Stage.RUNNING),
        (PUBLISHED, "2027-06-14T00:00", Stage.FINISHED),
        (PUBLISHED | {"weeks": 8}, "2027-06-27T23:59:59", Stage.RUNNING),
        (PUBLISHED | {"weeks": 8}, "2027-06-28T00:00", Stage.FINISHED),
        # A week 0 begins seven days earlier.
        (PUBLISHED | {"has_week_zero": True}, "2027-04-25T23:59:59", Stage.UPCOMING),
        (PUBLISHED | {"has_week_zero": True}, "2027-04-26T00:00", Stage.RUNNING),
        # Weeks begin at midnight in the session's zone: in May, Auckland is twelve hours ahead and Los Angeles seven behind.
        (PUBLISHED | {"time_zone": "Pacific/Auckland"}, "2027-05-02T11:59:59", Stage.UPCOMING),
        (PUBLISHED | {"time_zone": "Pacific/Auckland"}, "2027-05-02T12:00", Stage.RUNNING),
        (PUBLISHED | {"time_zone": "America/Los_Angeles"}, "2027-05-03T06:59:59", Stage.UPCOMING),
        (PUBLISHED | {"time_zone": "America/Los_Angeles"}, "2027-05-03T07:00", Stage.RUNNING),
        # Published early: nobody can apply any more.
        ({"published_at": at("2027-02-10T00:00")}, "2027-02-11T00:00", Stage.UPCOMING),
        (PUBLISHED | {"archived_at": at("2027-09-01T00:00")}, "2027-08-31T23:59:59", Stage.FINISHED),
        (PUBLISHED | {"archived_at": at("2027-09-01T00:00")}, "2027-09-01T00:00", Stage.ARCHIVED),
    ],
)
def test_stage(fields, now, stage):
    assert stage_of(session(**fields), at(now)) == stage
    assert takes_applications(session(**fields), at(now)) == (stage == Stage.OPEN)


def test_a_change_to_summer_time_does_not_move_midnight():
    found = session(time_zone="Europe/Rome", starts_on=datetime.date(2027, 3, 22))
    assert found.begins_at == at("2027-03-21T23:00")  # winter time, one hour ahead
    assert found.ends_at == at("2027-05-02T22:00")  # summer time, two hours ahead


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "now", "number"),
    [
        ("UTC", "2027-04-25T23:59:59", None),
        ("UTC", "2027-04-26T00:00", 0),
        ("UTC", "2027-05-03T00:00", 1),
        ("UTC", "2027-05-09T23:59:59", 1),
        ("UTC", "2027-06-13T23:59:59", 6),
        ("UTC", "2027-06-14T00:00", None),
        ("Pacific/Auckland", "2027-05-02T12:00", 1),
        ("America/Los_Angeles", "2027-05-03T06:59:59", 0),
    ],
)
def test_current_week(zone, now, number):
    found = SessionFactory(starts_on=datetime.date(2027, 5, 3), has_week_zero=True, time_zone=zone)
    week = current_week(found, at(now))
    assert (week and week.number) == number
