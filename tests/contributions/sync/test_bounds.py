"""What a sync may cost at most: the bounds of the benchmark, for a session of 32 members."""

import datetime

import pytest

from bench.github.alone import Alone
from bench.github.worlds import SMALL, Bounds, Size
from bench.sync import Cost, Growth, Measured, Searched, growth_table, measure, table


@pytest.mark.django_db
def test_a_session_of_32_members_stays_within_its_bounds():
    measured = measure(SMALL)
    assert (measured.items, measured.searched.requests) == (160, 96)
    assert measured.reviews >= 30
    assert measured.missed() == []
    # Every six hours the reviews that members gave are one request more.
    assert measured.reviewed.requests == 3
    assert "7 (≤ 7)" in table([measured])


def test_a_missed_bound_is_named():
    measured = Measured(
        Size(1, 1, Bounds(1, 1, 1, 1, 3)), first=Cost(2, 1, 5.0), second=Cost(writes=3), changed=Cost(4),
        statements={1: {5}, 50: {7}}, searched=Searched(3, 1.0, datetime.timedelta()),
    )  # fmt: skip
    assert measured.missed() == [
        "requests of the first sync: 2, at most 1",
        "rows written by the second sync: 3, at most 0",
        "requests after one item changed: 4, at most 3",
        "statements a batch: [5, 7], always the same number",
        "times fewer requests than searches: 3.0, at least 15",
        "times less time than searches: 0.5, at least 10",
    ]


def test_growth_is_told_by_medians():
    small, large = Size(10, 1), Size(100, 1)
    runs = {
        small: [Alone(50, 1, 1, cpu, cpu, 80.0) for cpu in (0.1, 0.1, 9.0)],
        large: [Alone(500, 9, 9, 1.2, 2.0, 140.0), Alone(500, 9, 9, 1.3, 2.0, 151.0), Alone(500, 9, 9, 1.5, 2.0, 140.0)],
    }
    growth = Growth(runs)
    assert growth.missed() == ["memory: 151 MB, at most 150"]
    assert "1.30 times" in growth_table(growth)
    growth.runs[small] = [Alone(50, 1, 1, 0.05, 1.0, 80.0)]
    assert growth.missed()[0] == "time a member grows 2.60 times, at most 1.3"
