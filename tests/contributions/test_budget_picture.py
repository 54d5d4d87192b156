"""Where the lines of the picture of a budget go."""

import datetime

import pytest

from contributions.budget_picture import COLUMNS, picture_of
from contributions.budgets import Sample

NOW = datetime.datetime(2027, 2, 24, 12, 0, tzinfo=datetime.UTC)
DAY = datetime.timedelta(hours=24)


def at(hours, remaining, limit=5000):
    """A sample so many hours ago."""
    return Sample(NOW - datetime.timedelta(hours=hours), limit, remaining)


def span(begins, ends):
    return NOW - datetime.timedelta(hours=begins), NOW - datetime.timedelta(hours=ends)


@pytest.mark.parametrize(
    ("samples", "line", "resets"),
    [
        ([], "", []),
        # Points become fewer; the last ones stay until now.
        ([at(12, 5000), at(6, 2500)], "M50 0 L75 50 L100 50", []),
        # More points than before: full again in between.
        ([at(12, 1000), at(6, 5000)], "M50 80 L75 80 L75 0 L100 0", [75.0]),
        # One older sample leads in; those before it and those ahead do not.
        ([at(30, 0), at(25, 5000), at(12, 2500), at(-1, 0)], "M0 0 L50 50 L100 50", []),
        # A limit of nothing is no sample, and more points than the limit are no more than all.
        ([at(12, 0, 0), at(6, 9000)], "M75 0 L100 0", []),
    ],
)
def test_the_line(samples, line, resets):
    picture = picture_of(samples, now=NOW, span=DAY)
    assert (picture.line, picture.resets, picture.is_empty) == (line, resets, not line)
    assert picture.area == (f"{line} L100 100 L{line[1:].split()[0]} 100 Z" if line else "")


@pytest.mark.parametrize(
    ("hours", "line"), [(3, "M50 60 L87.5 60 L87.5 0 L100 0"), (-1, "M50 60 L100 60"), (13, "M50 60 L100 60")]
)
def test_after_its_last_sample_a_token_is_full_again_at_the_reset(hours, line):
    reset_at = NOW - datetime.timedelta(hours=hours)
    assert picture_of([at(12, 2000)], now=NOW, span=DAY, reset_at=reset_at).line == line


def test_blocked_times_are_joined_and_cut_to_the_picture():
    blocked = [span(30, 23), span(10, 8), span(9, 7), span(1, -5), span(50, 40), span(-1, -2)]
    picture = picture_of([], now=NOW, span=DAY, blocked=blocked)
    assert [(round(one.x, 1), round(one.width, 1)) for one in picture.blocked] == [(0.0, 4.2), (58.3, 12.5), (95.8, 4.2)]


def test_many_samples_keep_the_lowest_points_and_the_refills():
    samples = [at(24 - number / 60, 5000 - number % 60 * 80) for number in range(24 * 60)]
    picture = picture_of(samples, now=NOW, span=DAY)
    assert picture.line.count("L") < COLUMNS * 2
    assert len(picture.resets) == 23
    lowest = max(float(point.split()[1]) for point in picture.line[1:].split(" L"))
    assert lowest == pytest.approx(100 - (5000 - 59 * 80) / 50)


def test_the_table_tells_the_same():
    hours = picture_of([at(3.5, 4000), at(3.2, 3000), at(2.9, 5000), at(2.5, 4900)], now=NOW, span=DAY).hours
    assert [(hour.begins.hour, hour.lowest, hour.used) for hour in hours] == [(9, 4900, 100), (8, 3000, 1000)]


def test_five_moments_stand_below():
    picture = picture_of([], now=NOW, span=DAY)
    assert [tick.hour for tick in picture.ticks] == [12, 18, 0, 6, 12]
