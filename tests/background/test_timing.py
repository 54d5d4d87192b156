"""When a scheduled task runs next: by intervals, by lines of cron, across the change of the clocks."""

import datetime
import itertools
import zoneinfo

import pytest

from background.schedules import Timing, timing_of

UTC = datetime.UTC
HOUR = datetime.timedelta(hours=1)
ROME = zoneinfo.ZoneInfo("Europe/Rome")


@pytest.fixture
def rome(settings):
    settings.TIME_ZONE = "Europe/Rome"


def at(*parts, zone=UTC):
    return datetime.datetime(*parts, tzinfo=zone)


def ticks(timing, start, end):
    found = []
    while (tick := timing.after(start, start)) < end:
        assert tick > start
        found.append(start := tick)
    return found


def test_an_interval_keeps_its_step_however_late_somebody_looks():
    timing = timing_of("t", HOUR)
    last = at(2026, 1, 1, 12)
    assert timing.after(last, last) == at(2026, 1, 1, 13)
    assert timing.after(last, at(2026, 1, 1, 12, 59, 59)) == at(2026, 1, 1, 13)
    assert timing.after(last, at(2026, 1, 1, 13)) == at(2026, 1, 1, 14)
    assert timing.after(last, at(2026, 1, 3, 0, 20)) == at(2026, 1, 3, 1)


def test_a_clock_that_was_set_back_makes_no_tick_in_the_past():
    timing = timing_of("t", HOUR)
    assert timing.after(at(2026, 1, 1, 12), at(2026, 1, 1, 9)) == at(2026, 1, 1, 13)


def test_a_line_of_cron_is_read_in_the_sites_time_zone(rome):
    timing = timing_of("t", "30 4 * * *")
    assert timing.after(at(2026, 1, 1), at(2026, 1, 1)) == at(2026, 1, 1, 4, 30, zone=ROME)
    assert timing.after(at(2026, 7, 1), at(2026, 7, 1)) == at(2026, 7, 1, 2, 30)


def test_a_missed_line_of_cron_comes_next_time(rome):
    timing = timing_of("t", "0 4 * * *")
    assert timing.after(at(2026, 1, 1, 3), at(2026, 1, 20, 12)) == at(2026, 1, 21, 3)


def test_the_hour_that_is_left_out_in_spring_runs_once(rome):
    # In the night of 29 March 2026 it is three o'clock right after two o'clock.
    found = ticks(timing_of("t", "30 2 * * *"), at(2026, 3, 28, 12), at(2026, 3, 31))
    assert len(found) == 2
    assert found[0].astimezone(ROME).date() == datetime.date(2026, 3, 29)
    assert found[1] == at(2026, 3, 30, 0, 30)


def test_the_hour_that_comes_twice_in_autumn_runs_once(rome):
    # In the night of 25 October 2026 it is two o'clock right after three o'clock.
    found = ticks(timing_of("t", "30 2 * * *"), at(2026, 10, 24, 12), at(2026, 10, 27))
    assert len(found) == 2
    assert [one.astimezone(ROME).day for one in found] == [25, 26]


def test_every_quarter_runs_every_quarter_on_the_day_the_clocks_change(rome):
    for day in (at(2026, 3, 28, 23), at(2026, 10, 24, 22)):
        found = ticks(timing_of("t", "*/15 * * * *"), day, day + 6 * HOUR)
        assert all(later - earlier == HOUR / 4 for earlier, later in itertools.pairwise(found)), found


def test_jitter_comes_on_top(monkeypatch):
    timing = timing_of("t", HOUR, datetime.timedelta(minutes=10))
    found = {timing.after(at(2026, 1, 1), at(2026, 1, 1)) for _look in range(100)}
    assert len(found) > 50
    assert at(2026, 1, 1, 1) <= min(found) < max(found) <= at(2026, 1, 1, 1, 10)


@pytest.mark.parametrize(
    ("every", "words"),
    [
        (datetime.timedelta(days=1), "every day"),
        (datetime.timedelta(days=3), "every 3 days"),
        (datetime.timedelta(hours=1), "every hour"),
        (datetime.timedelta(minutes=15), "every 15 minutes"),
        (datetime.timedelta(seconds=90), "every 90 seconds"),
        (datetime.timedelta(seconds=1.5), "every 1.5 seconds"),
        ("0 4 * * *", "0 4 * * *"),
    ],
)
def test_in_words(every, words):
    assert str(timing_of("t", every)) == words
    assert isinstance(timing_of("t", every), Timing)
