"""When people can meet: midnight, clock changes, half and quarter hours, and nobody in common."""

import datetime

import pytest

from accounts.availability import instants
from cohorts.meeting_heat import heat_of
from cohorts.meeting_times import Comer, Trouble, best_times, free_half_hours, half_hours, judge

MONDAY = datetime.date(2026, 11, 23)


def utc(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def slots(day, begin, end):
    """Half hours of a day of the week, of hours such as 18 to 20.5."""
    return {day * 48 + slot for slot in range(int(begin * 2), int(end * 2))}


def comer(key, zone, *spans, busy=()):
    found = frozenset().union(*(slots(*span) for span in spans)) if spans else None
    return Comer(key, f"Person {key}", zone, found, zone, busy)


ROME = comer(1, "Europe/Rome", (0, 18, 21), (2, 18, 21))
NEPAL = comer(2, "Asia/Kathmandu", (0, 22.5, 24), (1, 0, 2))
LIMA = comer(3, "America/Lima", (0, 9, 15), (2, 12, 15))


def test_the_best_time_is_the_first_one_that_suits_everybody():
    found = best_times([ROME, LIMA], minutes=60, after=utc("2026-11-22T10:00"), time_zone="Europe/Rome")
    assert (found[0].starts_at, found[0].can, found[0].suits_all) == (utc("2026-11-23T17:00"), 2, True)
    assert [hitch.comer for hitch in found[-1].hitches] == [] or found[-1].cost >= found[0].cost
    assert sorted(one.cost for one in found) == [one.cost for one in found]


def test_quarter_hours_and_midnight_are_no_trouble():
    # 18:00 in Rome is 22:45 in Kathmandu, and Tuesday there when the meeting ends.
    found = judge([ROME, NEPAL], utc("2026-11-23T17:00"), 90)
    assert found.suits_all
    assert found.can == 2
    assert judge([NEPAL], utc("2026-11-23T16:30"), 30).hitches[0].trouble == Trouble.LATE
    assert judge([NEPAL], utc("2026-11-23T19:00"), 75).suits_all
    assert not judge([NEPAL], utc("2026-11-23T19:00"), 90).suits_all


@pytest.mark.parametrize(
    ("start", "minutes", "trouble", "local"),
    [
        ("2026-11-23T12:00", 60, Trouble.OUTSIDE, "13:00"),
        ("2026-11-23T05:30", 60, Trouble.EARLY, "06:30"),
        ("2026-11-23T20:30", 60, Trouble.LATE, "21:30"),
        ("2026-11-23T22:30", 60, Trouble.LATE, "23:30"),
        ("2026-11-23T22:30", 120, Trouble.NIGHT, "23:30"),
        ("2026-11-24T02:00", 30, Trouble.NIGHT, "03:00"),
    ],
)
def test_what_it_would_mean_for_who_cannot(start, minutes, trouble, local):
    (hitch,) = judge([ROME], utc(start), minutes).hitches
    assert (hitch.trouble, f"{hitch.local:%H:%M}") == (trouble, local)


def test_another_meeting_is_in_the_way_and_the_end_of_one_is_not():
    busy = comer(1, "Europe/Rome", (0, 18, 21), busy=((utc("2026-11-23T17:00"), utc("2026-11-23T18:00")),))
    assert judge([busy], utc("2026-11-23T17:45"), 30).hitches[0].trouble == Trouble.BUSY
    assert judge([busy], utc("2026-11-23T18:00"), 30).suits_all


def test_the_clock_of_each_person_counts_in_each_week():
    # From 25 October Rome is an hour behind its summer; Lima has no summer time.
    both = [comer(1, "Europe/Rome", (0, 18, 19)), comer(2, "America/Lima", (0, 11, 12))]
    assert judge(both, utc("2026-10-19T16:00"), 60).suits_all
    assert [hitch.comer.key for hitch in judge(both, utc("2026-10-26T16:00"), 60).hitches] == [1]


def test_nobody_in_common_shows_the_least_bad_times_first():
    people = [
        comer(1, "Europe/Rome", (0, 9, 12)),
        comer(2, "Pacific/Auckland", (0, 9, 12)),
        comer(3, "America/Los_Angeles", (0, 9, 12)),
    ]
    found = best_times(people, minutes=60, after=utc("2026-11-22T00:00"), time_zone="Europe/Rome")
    assert len(found) == 6
    assert not any(one.suits_all for one in found)
    assert all(hitch.trouble != Trouble.NIGHT for hitch in found[0].hitches)
    assert found[0].cost == min(one.cost for one in found)


def test_who_never_said_when_counts_for_the_time_of_day_alone():
    assert best_times([ROME, comer(9, "Africa/Lagos")], minutes=60, after=utc("2026-11-22T10:00"))[0].suits_all
    assert [hitch.trouble for hitch in judge([ROME, comer(9, "Asia/Tokyo")], utc("2026-11-23T17:00"), 60).hitches] == [
        Trouble.NIGHT
    ]
    assert best_times([comer(9, "Asia/Tokyo")], minutes=60, after=utc("2026-11-22T10:00")) == []
    assert best_times([], minutes=60, after=utc("2026-11-22T10:00")) == []


@pytest.mark.parametrize("zone", ["Europe/Rome", "Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns"])
@pytest.mark.parametrize("monday", ["2026-03-23", "2026-10-19", "2026-10-26", "2026-03-30"])
def test_half_hours_are_those_of_availability_in_weeks_with_clock_changes(zone, monday):
    day = datetime.date.fromisoformat(monday)
    every = frozenset(range(336))
    begins = min(instants(every, zone, day))
    starts = [begins + number * datetime.timedelta(minutes=30) for number in range(350)]
    person = Comer(1, "Ada", zone, frozenset(range(0, 336, 3)), zone)
    found = {start for start, free in zip(starts, free_half_hours([person], starts), strict=True) if free}
    week_before, week_after = day - datetime.timedelta(days=7), day + datetime.timedelta(days=7)
    said = {start for one in (week_before, day, week_after) for start in instants(person.slots, zone, one)}
    assert found == said & set(starts)


def test_half_hours_are_those_of_the_clock_of_who_looks():
    import zoneinfo

    starts = half_hours(utc("2026-11-23T10:01"), 1, zoneinfo.ZoneInfo("Asia/Kathmandu"))
    assert starts[0] == utc("2026-11-23T10:15")
    assert len(starts) == 48


def test_the_table_has_the_days_and_counts_of_who_looks():
    heat = heat_of([ROME, LIMA, comer(4, "UTC")], first=MONDAY, time_zone="Europe/Rome", now=utc("2026-11-23T17:15"))
    rows = dict(heat.rows)
    assert (heat.known, heat.most, heat.days[0]) == (2, 2, MONDAY)
    assert [cell.people for cell in rows["18:00"]] == [2, 0, 2, 0, 0, 0, 0]
    assert [cell.step for cell in rows["15:00"]] == [2, 0, 0, 0, 0, 0, 0]
    assert [rows["18:00"][0].is_over, rows["18:30"][0].is_over] == [True, False]


def test_the_table_leaves_out_what_the_clock_jumps_over():
    night = Comer(1, "Ada", "Europe/Rome", frozenset(range(336)), "Europe/Rome")
    heat = heat_of([night], first=datetime.date(2026, 3, 23), time_zone="Europe/Rome", now=utc("2026-03-01T00:00"))
    assert dict(heat.rows)["02:30"][6] is None
    assert dict(heat.rows)["03:00"][6] is not None
