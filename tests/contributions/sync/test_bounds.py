"""What a sync may cost at most: the bounds of the benchmark, for a session of 32 members."""

import pytest

from bench.sync import SMALL, Bounds, Measured, Size, measure, table


@pytest.mark.django_db
def test_a_session_of_32_members_stays_within_its_bounds():
    measured = measure(SMALL)
    assert measured.items == 160
    assert measured.missed() == []
    assert measured.searches == 96
    assert "6 (≤ 7)" in table([measured])


def test_a_missed_bound_is_named():
    measured = Measured(Size(1, 1, Bounds(1, 1, 1, 1)), first=(2, 1, 0.0), second_writes=3, statements={1: {5}, 50: {7}})
    assert measured.missed() == [
        "requests of the first sync: 2, at most 1",
        "rows written by the second sync: 3, at most 0",
        "statements a batch: [5, 7], always the same number",
    ]
