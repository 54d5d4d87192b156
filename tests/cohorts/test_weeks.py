"""Weeks are made from the session's dates, and what people wrote survives a change of dates."""

import datetime
import itertools

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from cohorts.checkins import last_minute
from cohorts.models import Session, Week
from cohorts.stages import current_week
from cohorts.weeks import generate_weeks, move_week, obstacles_to_days
from cohorts.working_days import working_days
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


def test_a_pause_moves_the_weeks_after_it_and_the_end():
    session = SessionFactory(starts_on=MONDAY, weeks=6, pause_after=3, pause_weeks=2)
    days = dates(session)
    assert [week[0] for week in days] == [1, 2, 3, 4, 5, 6]
    assert (days[2][2], days[3][1]) == (datetime.date(2027, 5, 23), datetime.date(2027, 6, 7))
    assert session.pause == (datetime.date(2027, 5, 24), datetime.date(2027, 6, 6))
    assert session.last_day == days[-1][2] == datetime.date(2027, 6, 27)
    # A check-in can be written until the week after it is over, and the pause is none.
    open_for = {week.number: (last_minute(week).date() - week.ends_on).days for week in session.calendar.all()}
    assert [open_for[number] for number in (2, 3, 4)] == [7, 21, 7]


@pytest.mark.parametrize(("after", "weeks"), [(6, 6), (7, 6), (1, 1)])
def test_a_pause_lies_between_two_weeks(after, weeks):
    session = SessionFactory(starts_on=MONDAY, weeks=weeks)
    session.pause_after = after
    with pytest.raises(ValidationError, match="between two weeks"):
        session.full_clean()
    assert session.pause is None
    assert session.last_day == MONDAY + datetime.timedelta(days=7 * weeks - 1)


def test_no_day_of_a_pause_counts_for_anybody():
    session = SessionFactory(starts_on=MONDAY, pause_after=1)
    since, now = (datetime.datetime(2027, 5, day, 12, tzinfo=datetime.UTC) for day in (7, 18))
    assert working_days(session, since, now) == 2
    assert current_week(session, datetime.datetime(2027, 5, 12, tzinfo=datetime.UTC)) is None


def test_a_week_that_was_moved_stays_moved_when_the_session_starts_later():
    session = SessionFactory(starts_on=MONDAY)
    second = session.calendar.get(number=2)
    move_week(second, (datetime.date(2027, 5, 12), datetime.date(2027, 5, 15)))
    second.save()
    generate_weeks(session)
    assert dates(session)[1] == (2, datetime.date(2027, 5, 12), datetime.date(2027, 5, 15))
    session.starts_on += datetime.timedelta(days=7)
    session.save()
    generate_weeks(session)
    assert dates(session)[1] == (2, datetime.date(2027, 5, 19), datetime.date(2027, 5, 22))


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ((10, 16), None),
        ((12, 14), None),
        ((14, 12), "before the first"),
        ((9, 16), "follow each other"),
        ((10, 20), "runs from 3 May 2027 to 16 May 2027"),
    ],
)
def test_days_that_cannot_be_are_named(second, words):
    session = Session(starts_on=MONDAY, weeks=2)
    days = {1: (MONDAY, datetime.date(2027, 5, 9)), 2: tuple(datetime.date(2027, 5, day) for day in second)}
    found = obstacles_to_days(session, days)
    assert found == {} if words is None else words in found[2]
