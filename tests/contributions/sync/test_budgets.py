"""Which token may be used, as a table, and what is kept of its points over time."""

import datetime

import pytest

from contributions import budgets
from contributions.budgets import Standing, points_left, reserve_of, standing
from contributions.models import ApiBudget, BudgetSample

NOW = datetime.datetime(2026, 11, 25, 12, 0, tzinfo=datetime.UTC)


def at(minutes):
    return NOW + datetime.timedelta(minutes=minutes)


REFUSED = {"failure": "unauthorized: GitHub does not accept the token."}
#: What the row says · what holds for a schedule · what holds for a person; times in minutes from now.
CASES = [
    ({}, ("free", None), ("free", None)),
    ({"remaining": 751, "reset_at": at(20)}, ("free", None), ("free", None)),
    ({"remaining": 750, "reset_at": at(20)}, ("kept for people", 20), ("free", None)),
    ({"remaining": 1, "reset_at": at(20)}, ("kept for people", 20), ("free", None)),
    ({"remaining": 0, "reset_at": at(20)}, ("used up", 20), ("used up", 20)),
    ({"remaining": 0, "reset_at": at(0)}, ("free", None), ("free", None)),
    ({"remaining": 0, "reset_at": None}, ("free", None), ("free", None)),
    ({"limit": 12500, "remaining": 1800, "reset_at": at(1)}, ("kept for people", 1), ("free", None)),
    ({"blocked_until": at(3)}, ("blocked", 3), ("blocked", 3)),
    ({"blocked_until": at(-1)}, ("free", None), ("free", None)),
    ({"blocked_until": at(3), "remaining": 0, "reset_at": at(20)}, ("blocked", 3), ("blocked", 3)),
    ({"leased_until": at(1), "leased_by": "sync 1"}, ("in use", 1), ("in use", 1)),
    ({"leased_until": at(0), "leased_by": "sync 1"}, ("free", None), ("free", None)),
    # It is free soon, and cannot be used then either.
    ({"leased_until": at(1), "blocked_until": at(3)}, ("blocked", 3), ("blocked", 3)),
    (REFUSED | {"failed_at": at(-10)}, ("refused", 50), ("free", None)),
    (REFUSED | {"failed_at": at(-0.5)}, ("refused", 59.5), ("refused", 0.5)),
    (REFUSED | {"failed_at": at(-60)}, ("free", None), ("free", None)),
    (REFUSED | {"failed_at": at(-10), "succeeded_at": at(-20)}, ("refused", 50), ("free", None)),
    (REFUSED | {"failed_at": at(-10), "succeeded_at": at(-9)}, ("free", None), ("free", None)),
    # A failure that is GitHub's, or of one question.
    ({"failure": "access_denied: GitHub refuses this.", "failed_at": at(-1)}, ("free", None), ("free", None)),
    ({"failure": "unreachable: GitHub cannot be reached.", "failed_at": at(-1)}, ("free", None), ("free", None)),
]


@pytest.mark.parametrize(("row", "by_itself", "for_people"), CASES)
def test_whether_a_token_can_be_used(row, by_itself, for_people):
    budget = ApiBudget(**row)
    for by_person, (word, minutes) in ((False, by_itself), (True, for_people)):
        assert standing(budget, NOW, by_person=by_person) == (Standing(word), None if minutes is None else at(minutes))


@pytest.mark.parametrize(("limit", "kept"), [(5000, 750), (12500, 1875), (6, 0), (7, 1), (0, 0)])
def test_fifteen_percent_are_kept(limit, kept):
    assert reserve_of(limit) == kept


def test_points_are_full_again_after_the_reset():
    assert points_left(ApiBudget(remaining=3, reset_at=at(-1)), NOW) == 5000
    assert points_left(ApiBudget(remaining=3, reset_at=at(1)), NOW) == 3


def test_a_sample_every_five_minutes_for_each_token(db):
    first, second = (ApiBudget.objects.create(key=key, seen_at=NOW) for key in ("a", "b"))
    for minutes in range(0, 20, 2):
        budgets.take_sample(first.pk, limit=5000, remaining=5000 - minutes, at=at(minutes))
    budgets.take_sample(second.pk, limit=5000, remaining=7, at=at(1))
    assert [sample.remaining for sample in budgets.samples_of(first, NOW)] == [5000, 4994, 4988, 4982]
    assert [sample.at for sample in budgets.samples_of(first, at(7))] == [at(12), at(18)]
    assert BudgetSample.objects.count() == 5


def test_samples_are_kept_for_two_weeks(db):
    from contributions.retention import forget_old_records

    budget = ApiBudget.objects.create(key="a", seen_at=NOW)
    day = datetime.timedelta(days=1)
    for days in (13, 15, 40):
        BudgetSample.objects.create(budget=budget, at=NOW - days * day, limit=5000, remaining=1)
    assert forget_old_records(NOW) == 2
    assert BudgetSample.objects.get().at == NOW - 13 * day


def test_problems_name_refused_tokens_of_the_settings_and_no_former_ones(db, settings):
    from contributions.github.client import token_key

    settings.GITHUB_TOKENS = ["present"]
    failed = {"failed_at": NOW, "seen_at": NOW, **REFUSED}
    ApiBudget.objects.create(key=token_key("former"), **failed)
    row = ApiBudget.objects.create(key=token_key("present"), **failed)
    (problem,) = budgets.problems()
    assert token_key("present")[:8] in problem
    assert "GitHub does not accept the token." in problem
    assert "present" not in problem
    row.succeeded_at = NOW + datetime.timedelta(seconds=1)
    row.save()
    assert budgets.problems() == []
