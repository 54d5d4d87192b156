"""People's weeks in the weeks of a session, around clock changes."""

import datetime

import pytest

from cohorts.forming import Applicant, CohortPlan, Instance, common
from cohorts.forming.hours import session_hours
from cohorts.forming.rules import fewest, overlap


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


def shared(people, zone, first, weeks=1):
    """Half hours that all `people` (slots and zone of each) have in common, in each week of a session; nobody shares none."""
    hours = session_hours(dict(enumerate(people)), time_zone=zone, first=datetime.date.fromisoformat(first), weeks=weeks)
    by_week = {monday: number for number, mondays in enumerate(hours.mondays) for monday in mondays}
    together = overlap(hours.hours.values(), len(hours.begins))
    return [together[by_week[monday]].bit_count() for monday in sorted(by_week)]


EVENINGS = [slot(day, f"{hour}:{half}") for day in range(5) for hour in range(18, 22) for half in ("00", "30")]
DAYTIME = [slot(day, f"{hour:02d}:{half}") for day in range(5) for hour in range(9, 17) for half in ("00", "30")]
ALL_WEEK = range(336)

#: People (slots and zone of each), the zone and the first day of a session, and the half hours that they share in its weeks.
TOGETHER = [
    ([(ALL_WEEK, "UTC")], "UTC", "2027-01-04", [336]),
    ([(EVENINGS, "Europe/Rome"), (EVENINGS, "Europe/Rome")], "UTC", "2027-01-04", [40]),
    # The evening in Rome is noon to four in New York, and one to five in the two weeks between their changes.
    ([(EVENINGS, "Europe/Rome"), (DAYTIME, "America/New_York")], "UTC", "2027-03-01", [40]),
    ([([36], "Europe/Rome"), ([24], "America/New_York")], "UTC", "2027-03-08", [1, 0, 0, 1]),
    ([([36], "Europe/Rome"), ([26], "America/New_York")], "UTC", "2027-03-08", [0, 1, 1, 0]),
    # Monday morning in Auckland is Sunday afternoon in New York: of the week before, there.
    ([([18], "Pacific/Auckland"), ([6 * 48 + 30], "America/New_York")], "UTC", "2027-01-04", [1]),
    ([([18], "Pacific/Auckland"), ([6 * 48 + 30], "America/New_York")], "Pacific/Auckland", "2027-01-04", [1]),
    # All the time, everywhere, is one week, also where a week has an hour less or more.
    ([(ALL_WEEK, "Pacific/Kiritimati"), (ALL_WEEK, "Pacific/Pago_Pago")], "UTC", "2027-01-04", [336]),
    ([(ALL_WEEK, "UTC")], "Europe/Rome", "2027-03-22", [334, 336]),
    # By half an hour: Lord Howe on 3 October 2027, with Sydney in the same week by a whole one.
    ([([18], "Australia/Lord_Howe"), ([17], "Australia/Sydney")], "Australia/Sydney", "2027-09-27", [1, 0]),
    ([([18], "Australia/Lord_Howe"), ([18], "Australia/Sydney")], "Australia/Sydney", "2027-09-27", [0, 1]),
    # South and north on the same day: Chile has no time that Spain has twice.
    ([(EVENINGS, "America/Santiago"), (range(336), "Europe/Madrid")], "America/Santiago", "2027-08-30", [40]),
    # A quarter of an hour apart: of one whole hour each, half an hour is common; a half hour lies in no half hour of the session as a whole.
    ([([20, 21], "Asia/Kathmandu"), ([8, 9], "UTC")], "UTC", "2027-01-04", [1]),
    ([([20], "Asia/Kathmandu"), ([8], "UTC")], "UTC", "2027-01-04", [0]),
    ([([20], "Asia/Kathmandu"), ([8, 9], "UTC")], "Asia/Kathmandu", "2027-01-04", [1]),
    ([(ALL_WEEK, "Asia/Kathmandu"), (ALL_WEEK, "Asia/Kolkata")], "UTC", "2027-01-04", [336]),
    ([([36, 37], "Asia/Kathmandu"), ([36, 37], "Pacific/Chatham")], "UTC", "2027-01-04", [0]),
]


@pytest.mark.parametrize(("people", "zone", "first", "expected"), TOGETHER)
def test_what_people_have_in_common_in_each_week(people, zone, first, expected):
    assert shared(people, zone, first, weeks=len(expected)) == expected


def test_of_several_weeks_the_poorest_counts():
    people = {1: ([36, 37], "Europe/Rome"), 2: ([24, 25, 26], "America/New_York")}
    hours = session_hours(people, time_zone="Europe/Rome", first=datetime.date(2027, 3, 8), weeks=4).hours
    cohort = CohortPlan(1, None, 1, 3, navigators=(hours[2],))
    applicant = Applicant(1, hours[1])
    assert common(Instance([applicant], [cohort]), cohort, [applicant]) == tuple(
        one & other for one, other in zip(hours[1], hours[2], strict=True)
    )
    assert fewest(common(Instance([applicant], [cohort]), cohort, [applicant])) == 1


def test_no_weeks_and_unknown_zones_are_errors():
    with pytest.raises(ValueError, match="one week"):
        session_hours({}, time_zone="UTC", first=datetime.date(2026, 6, 1), weeks=0)
    with pytest.raises(KeyError):
        session_hours({1: ([1], "Mars/Olympus")}, time_zone="UTC", first=datetime.date(2026, 6, 1), weeks=1)
