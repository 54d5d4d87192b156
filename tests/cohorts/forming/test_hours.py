"""People's weeks in the weeks of a session, around clock changes."""

import datetime

import pytest

from accounts.availability import common_hours
from cohorts.forming import Applicant, CohortPlan, Instance, common
from cohorts.forming.hours import session_hours
from cohorts.forming.rules import fewest


def slot(day, clock):
    """The number of the half hour on a wall clock: day 0 is Monday."""
    hour, minute = map(int, clock.split(":"))
    return day * 48 + hour * 2 + minute // 30


#: zone of the session, a day of its first week, weeks; zone of the person, day and time on their wall; where it lies in each week of the
#: session, as day and time of its clock without changes inside the week.
CASES = [
    # Europe falls back on 25 October 2026, America a week later: New York is an hour nearer for one week.
    ("Europe/Berlin", "2026-10-19", 3, "America/New_York", (1, "12:00"), [(1, "18:00"), (1, "17:00"), (1, "18:00")]),
    # Spring 2026: America changes on 8 March, Europe on 29 March.
    ("Europe/Berlin", "2026-03-02", 5, "America/Los_Angeles", (2, "09:00"), [(2, "18:00"), *[(2, "17:00")] * 3, (2, "18:00")]),
    # India has no changes: seen from Europe an evening there moves, seen from there Europe's moves.
    ("Europe/Berlin", "2026-10-19", 2, "Asia/Kolkata", (0, "21:30"), [(0, "18:00"), (0, "17:00")]),
    ("Asia/Kolkata", "2026-10-19", 2, "Europe/Berlin", (0, "18:00"), [(0, "21:30"), (0, "22:30")]),
    # South of the equator clocks go the other way: Sydney on 4 October, Europe on 25 October.
    ("Europe/London", "2026-09-28", 5, "Australia/Sydney", (3, "19:00"), [(3, "10:00"), *[(3, "09:00")] * 3, (3, "08:00")]),
    # Half an hour: Adelaide with its change, Lord Howe whose clock moves by half an hour only.
    ("UTC", "2026-09-28", 2, "Australia/Adelaide", (4, "18:00"), [(4, "08:30"), (4, "07:30")]),
    ("UTC", "2026-09-28", 2, "Australia/Lord_Howe", (4, "18:00"), [(4, "07:30"), (4, "07:00")]),
    # Brazil has no changes any more, Chile has: 6 September 2026.
    ("America/Sao_Paulo", "2026-08-31", 2, "America/Santiago", (0, "18:00"), [(0, "19:00"), (0, "18:00")]),
    # Over the end of a week: Sunday evening in Honolulu is Monday in Tokyo, and the other way round.
    ("Asia/Tokyo", "2026-06-01", 1, "Pacific/Honolulu", (6, "20:00"), [(0, "15:00")]),
    ("Pacific/Honolulu", "2026-06-01", 1, "Asia/Tokyo", (0, "15:00"), [(6, "20:00")]),
    # Any day of the first week will do.
    ("UTC", "2026-06-04", 1, "UTC", (0, "00:00"), [(0, "00:00")]),
]


@pytest.mark.parametrize(("zone", "first", "weeks", "place", "wall", "expected"), CASES)
def test_a_half_hour_lies_where_the_clocks_of_that_week_put_it(zone, first, weeks, place, wall, expected):
    found = session_hours({1: ([slot(*wall)], place)}, time_zone=zone, first=datetime.date.fromisoformat(first), weeks=weeks)
    numbers = [week for day in range(weeks) for week, mondays in enumerate(found.mondays) if _monday(first, day) in mondays]
    assert [found.hours[1][week] for week in numbers] == [1 << slot(*one) for one in expected]
    assert len(found.begins) == len(set(expected))


def _monday(first, number):
    day = datetime.date.fromisoformat(first)
    return day - datetime.timedelta(days=day.weekday()) + datetime.timedelta(weeks=number)


#: Slots of a person in a zone with three quarters of an hour, and the half hours of a session that they cover as a whole.
QUARTERS = [
    ("UTC", "Asia/Kathmandu", [slot(0, "18:00")], []),
    ("UTC", "Asia/Kathmandu", [slot(0, "18:00"), slot(0, "18:30")], [slot(0, "12:30")]),
    ("UTC", "Asia/Kathmandu", [slot(0, "18:00"), slot(0, "19:00")], []),
    ("Asia/Kathmandu", "Asia/Kathmandu", [slot(0, "18:00"), slot(6, "23:30")], [slot(0, "18:00"), slot(6, "23:30")]),
    ("Asia/Kathmandu", "Asia/Kolkata", [slot(0, "18:00"), slot(0, "18:30")], [slot(0, "18:30")]),
    ("Pacific/Chatham", "Pacific/Auckland", [slot(2, "18:00"), slot(2, "18:30")], [slot(2, "19:00")]),
    ("UTC", "Australia/Eucla", [slot(1, "09:00"), slot(1, "09:30"), slot(1, "10:00")], [slot(1, "00:30"), slot(1, "01:00")]),
]


@pytest.mark.parametrize(("zone", "place", "slots", "expected"), QUARTERS)
def test_a_quarter_of_an_hour_is_never_counted_as_a_half(zone, place, slots, expected):
    found = session_hours({1: (slots, place)}, time_zone=zone, first=datetime.date(2026, 6, 1), weeks=1)
    assert found.hours[1] == (sum(1 << one for one in expected),)


def test_the_night_of_a_change_is_shorter_or_longer():
    week = range(336)
    berlin = {1: (week, "Europe/Berlin"), 2: (week, "UTC")}
    longer = session_hours(berlin, time_zone="Europe/Berlin", first=datetime.date(2026, 10, 19), weeks=1).hours
    # The hour that the clock shows twice counts once for who says their hours by that clock; who has time always has it.
    assert (longer[1][0].bit_count(), longer[2][0].bit_count(), longer[2][0].bit_length()) == (336, 338, 338)
    shorter = session_hours(berlin, time_zone="Europe/Berlin", first=datetime.date(2026, 3, 23), weeks=1).hours
    assert (shorter[1][0].bit_count(), shorter[2][0].bit_count()) == (334, 334)


def test_weeks_in_which_everybody_has_the_same_hours_stand_there_once():
    evening = [slot(day, "19:00") for day in range(5)]
    people = {"a": (evening, "Europe/Paris"), "b": (evening, "Africa/Lagos"), "c": ([], "Asia/Tokyo")}
    found = session_hours(people, time_zone="Europe/Paris", first=datetime.date(2026, 9, 7), weeks=12)
    assert [len(mondays) for mondays in found.mondays] == [7, 5]
    assert found.hours["c"] == (0, 0)
    assert found.at(1, slot(0, "19:00")) == datetime.datetime(2026, 10, 26, 18, tzinfo=datetime.UTC)


def test_hours_in_common_are_those_that_the_pages_of_a_person_show():
    first, weeks = datetime.date(2026, 10, 12), 4
    people = {
        1: ([slot(day, clock) for day in range(5) for clock in ("17:00", "17:30", "18:00", "18:30", "19:00")], "Europe/Vienna"),
        2: ([slot(day, clock) for day in range(5) for clock in ("11:00", "11:30", "12:00", "12:30")], "America/Toronto"),
        3: ([slot(day, clock) for day in range(5) for clock in ("21:00", "21:30", "22:00", "22:30", "23:00")], "Asia/Kolkata"),
    }
    found = session_hours(people, time_zone="Europe/Vienna", first=first, weeks=weeks)
    cohort = CohortPlan(1, None, 1, 3, navigators=(found.hours[3],))
    applicants = [Applicant(one, found.hours[one]) for one in (1, 2)]
    shared = fewest(common(Instance(applicants, [cohort]), cohort, applicants))
    mondays = [first + datetime.timedelta(weeks=number) for number in range(weeks)]
    assert shared / 2 == common_hours(people.values(), mondays, "Europe/Vienna")


def test_no_weeks_and_unknown_zones_are_errors():
    with pytest.raises(ValueError, match="one week"):
        session_hours({}, time_zone="UTC", first=datetime.date(2026, 6, 1), weeks=0)
    with pytest.raises(KeyError):
        session_hours({1: ([1], "Mars/Olympus")}, time_zone="UTC", first=datetime.date(2026, 6, 1), weeks=1)
