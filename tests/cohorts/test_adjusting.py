"""The arithmetic of adjusted scores, without a database."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.adjusting import adjust

scores = st.integers(0, 40).map(lambda number: number / 10)
#: Any set of pairs: nobody, one reviewer, parts that nothing joins.
tables = st.dictionaries(st.tuples(st.integers(1, 7), st.integers(1, 5)), scores, max_size=30).map(
    lambda found: [(application, reviewer, score) for (application, reviewer), score in found.items()]
)
examples = settings(max_examples=60, deadline=None)


def means(reviews):
    by_application = {}
    for application, _reviewer, score in reviews:
        by_application.setdefault(application, []).append(score)
    return {application: sum(given) / len(given) for application, given in by_application.items()}


@examples
@given(tables, st.randoms(use_true_random=False))
def test_the_order_changes_nothing_to_the_last_bit(reviews, chance):
    shuffled = list(reviews)
    chance.shuffle(shuffled)
    assert adjust(shuffled) == adjust(reviews)


@examples
@given(tables)
def test_everybody_gets_a_finite_score_and_leanings_add_up_to_nothing(reviews):
    found = adjust(reviews)
    assert set(found.scores) == {application for application, _reviewer, _score in reviews}
    assert set(found.leanings) == {reviewer for _application, reviewer, _score in reviews}
    assert all(map(math.isfinite, [*found.scores.values(), *found.leanings.values()]))
    assert math.fsum(found.leanings.values()) == pytest.approx(0, abs=1e-9)


@examples
@given(tables, st.integers(-20, 20), st.sampled_from([0.5, 2, 10]))
def test_another_scale_moves_all_scores_alike(reviews, shift, stretch):
    found = adjust(reviews)
    moved = adjust([(application, reviewer, stretch * score + shift) for application, reviewer, score in reviews])
    assert moved.scores == pytest.approx({pk: stretch * score + shift for pk, score in found.scores.items()}, abs=1e-9)
    assert moved.leanings == pytest.approx({pk: stretch * one for pk, one in found.leanings.items()}, abs=1e-9)


@examples
@given(tables)
def test_it_solves_the_equations_that_the_documentation_states(reviews):
    """At the minimum the ridge pulls each effect back by as much as what is left of its scores pushes it away."""
    found, level = adjust(reviews), 0.0
    # The level and the applications' effects for these leanings, by going to and fro between them.
    effects = dict.fromkeys(found.scores, 0.0)
    for _round in range(400):
        left = [score - found.leanings[one] - effects[pk] for pk, one, score in reviews]
        level = math.fsum(left) / len(left) if left else 0.0
        for pk in effects:
            own = [score - found.leanings[one] - level for application, one, score in reviews if application == pk]
            effects[pk] = math.fsum(own) / (len(own) + 1)
    for reviewer, leaning in found.leanings.items():
        left = math.fsum(score - level - effects[pk] - leaning for pk, one, score in reviews if one == reviewer)
        assert left == pytest.approx(4 * leaning, abs=1e-6)


@examples
@given(tables.map(lambda reviews: [(application, 1, score) for application, _reviewer, score in reviews]))
def test_one_reviewer_alone_is_not_corrected(reviews):
    reviews = list({application: (application, reviewer, score) for application, reviewer, score in reviews}.values())
    assert adjust(reviews).scores == pytest.approx(means(reviews), abs=1e-9)


#: Five applications that both read, from 1 to 3; the second reviewer gives one less.
STRICT = [(pk, "kind", 1 + pk / 2) for pk in range(5)] + [(pk, "strict", pk / 2) for pk in range(5)]


@pytest.mark.parametrize(
    ("reviews", "expected", "leanings"),
    [
        ([], {}, {}),
        ([(1, 1, 2.0)], {1: 2.0}, {1: 0}),
        ([(1, 1, 3.0), (2, 1, 1.0)], {1: 3.0, 2: 1.0}, {1: 0}),
        ([(1, 1, 2.0), (1, 2, 2.0), (2, 2, 2.0)], {1: 2.0, 2: 2.0}, {1: 0, 2: 0}),
        # By hand: each of two who differ by 1 on n common applications leans n × ½ / (n + 4) away from the middle.
        (STRICT, {pk: 0.5 + pk / 2 for pk in range(5)}, {"kind": 2.5 / 9, "strict": -2.5 / 9}),
        # One common review alone moves little: 1 × ½ / 5.
        ([(1, 1, 3.0), (1, 2, 2.0)], {1: 2.5}, {1: 0.1, 2: -0.1}),
    ],
    ids=["nothing", "one review", "one reviewer", "all alike", "by hand", "few reviews"],
)
def test_known_answers(reviews, expected, leanings):
    found = adjust(reviews)
    assert found.scores == pytest.approx(expected, abs=1e-9)
    assert found.leanings == pytest.approx(leanings, abs=1e-9)


def test_who_was_read_by_a_strict_person_gains_and_the_others_lose():
    found = adjust([*STRICT, (8, "strict", 2.0), (9, "kind", 2.0)])
    assert found.scores[8] > 2 > found.scores[9]


def test_strictness_is_found_among_many_and_the_order_of_applications_improves():
    chance = random.Random(7)
    quality = {pk: chance.gauss(2, 0.6) for pk in range(300)}
    strict = {one: chance.gauss(0, 0.6) for one in range(12)}
    reviews = [
        (pk, one, quality[pk] + strict[one] + chance.gauss(0, 0.3)) for pk in quality for one in chance.sample(sorted(strict), 3)
    ]
    found, raw = adjust(reviews), means(reviews)
    middle = sum(strict.values()) / len(strict)
    assert found.leanings == pytest.approx({one: leaning - middle for one, leaning in strict.items()}, abs=0.15)

    def error(scores):
        return sum((scores[pk] - middle - quality[pk]) ** 2 for pk in quality)

    assert error(found.scores) < error(raw) / 2


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(ValueError):
        adjust([(1, 1, bad), (2, 1, 1.0)])
