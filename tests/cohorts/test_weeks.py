"""Weeks are made from the session's dates, and what people wrote survives a change of dates."""

import datetime
import itertools

import pytest
from django.utils import timezone

from cohorts.models import Week
from cohorts.weeks import generate_weeks
from tests.factories import CheckInFactory, CohortFactory, MembershipFactory, SessionFactory

pytestmark = pytest.mark.django_db
MONDAY = datetime.date(2027, 5, 3)


def dates(session):
    return [(week.number, week.starts_on, week.ends_on) for week in session.calendar.order_by("number")]


@pytest.mark.parametrize("number", [1, 6, 8, 52])
def test_each_week_has_seven_days_and_follows_the_one_before(number):
    session = SessionFactory(starts_on=MONDAY, weeks=number)
    weeks = dates(session)
    assert [week[0] for week in weeks] == list(range(1, number + 1))
    assert weeks[0][1] == MONDAY
    assert weeks[-1][2] == session.last_day
    for before, after in itertools.pairwise(weeks):
        assert before[2] + datetime.timedelta(days=1) == after[1]
    assert all(end - start == datetime.timedelta(days=6) for _number, start, end in weeks)


def test_week_zero_comes_before_the_start():
    session = SessionFactory(starts_on=MONDAY, has_week_zero=True)
    assert dates(session)[0] == (0, datetime.date(2027, 4, 26), datetime.date(2027, 5, 2))
    assert len(dates(session)) == 7


def test_making_the_weeks_again_changes_nothing(django_assert_num_queries):
    session = SessionFactory(starts_on=MONDAY)
    before = list(Week.objects.order_by("pk").values())
    assert generate_weeks(session) == list(session.calendar.order_by("number"))
    assert list(Week.objects.order_by("pk").values()) == before


def test_moving_the_start_moves_the_weeks_and_keeps_their_texts():
    session = SessionFactory(starts_on=MONDAY)
    session.calendar.filter(number=2).update(title="Find something small", announcement="Hello")
    session.starts_on = MONDAY + datetime.timedelta(days=7)
    session.save()
    generate_weeks(session)
    second = session.calendar.get(number=2)
    assert second.starts_on == datetime.date(2027, 5, 17)
    assert (second.title, second.announcement) == ("Find something small", "Hello")


def test_a_shorter_session_drops_the_weeks_that_nobody_wrote_in():
    session = SessionFactory(starts_on=MONDAY)
    membership = MembershipFactory(cohort=CohortFactory(session=session))
    CheckInFactory(membership=membership, week=session.calendar.get(number=6), written_at=timezone.now())
    session.weeks = 4
    session.save()
    generate_weeks(session)
    assert list(session.calendar.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4, 6]


def test_a_longer_session_adds_weeks_at_the_end():
    session = SessionFactory(starts_on=MONDAY, weeks=6)
    kept = set(session.calendar.values_list("pk", flat=True))
    session.weeks = 8
    session.save()
    generate_weeks(session)
    assert kept < set(session.calendar.values_list("pk", flat=True))
    assert session.calendar.count() == 8
