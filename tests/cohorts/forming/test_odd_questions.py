"""Questions that nobody has asked yet and somebody will: each gets a clear verdict that keeps the rules, and reasons."""

import highspy
import pytest

from cohorts.forming import Applicant, CohortPlan, Instance, check, explain, explain_empty, form, measure

from .test_solving import assert_keeps_the_rules, many

ALL = ((1 << 40) - 1,)
NONE, ONE_SLOT = (0,), (1 << 7,)


def same(number, hours=ALL, **more):
    return [Applicant(one, hours, **more) for one in range(number)]


def cohorts(number, smallest=3, largest=4, project=None, **more):
    return [CohortPlan(1000 + one, project, smallest, largest, **more) for one in range(number)]


#: People, cohorts, limits, the verdict, and how many people have a place.
ODD = {
    "nobody and nothing": ([], [], {}, "optimal", 0),
    "nobody": ([], cohorts(2), {}, "optimal", 0),
    "no cohort": (same(3), [], {}, "optimal", 0),
    "everybody is the same": (same(60), cohorts(8), {}, "optimal", 32),
    "everybody is the same, and too many for one tier": (same(40, tier=5), cohorts(3, 2, 2), {}, "optimal", 6),
    "nobody has time": (same(50, NONE), cohorts(5), {}, "impossible", 0),
    "nobody has time, and no time is needed": (same(9, NONE), cohorts(2), {"cohort_slots": 0, "captain_slots": 0}, "optimal", 8),
    "one cohort": (same(30), cohorts(1), {}, "optimal", 4),
    "one cohort of one": (same(1), cohorts(1, 1, 1), {}, "optimal", 1),
    "smallest is largest": (same(11), cohorts(4, 3, 3), {}, "optimal", 9),
    "more cohorts than people": (same(7), cohorts(40, 3, 4), {}, "optimal", 7),
    "as many cohorts as people, of one each": (same(20), cohorts(20, 1, 1), {}, "optimal", 20),
    "larger than all people": (same(5), cohorts(2, 6, 9), {}, "impossible", 0),
    "a single half hour": (same(8, ONE_SLOT), cohorts(2), {"cohort_slots": 1, "captain_slots": 1}, "optimal", 8),
    "a single half hour is not enough": (same(8, ONE_SLOT), cohorts(2), {"cohort_slots": 2}, "impossible", 0),
    "captains without hours": (same(8), cohorts(2, captains=(NONE,)), {}, "impossible", 0),
    "captains without hours, and none are needed": (same(8), cohorts(2, captains=(NONE,)), {"captain_slots": 0}, "optimal", 8),
    "navigators without hours": (same(8), cohorts(2, navigators=(ALL, NONE)), {}, "impossible", 0),
    "all are banned": (same(8, banned=frozenset({1000, 1001})), cohorts(2), {}, "impossible", 0),
    "nobody wants the project": (same(8, projects=(3,)), cohorts(2, project=4), {}, "impossible", 0),
    "all are pinned to one, who fit": (same(4, pinned=1000), cohorts(2), {}, "optimal", 4),
    "all are pinned to one, who do not fit": (same(5, pinned=1000), cohorts(2), {}, "impossible", 0),
    "sixty tiers": ([Applicant(one, ALL, tier=one) for one in range(60)], cohorts(3), {}, "optimal", 12),
    "tiers far apart": ([Applicant(one, ALL, tier=10**6 * one) for one in range(9)], cohorts(2), {}, "optimal", 8),
    "three hundred projects": (
        [Applicant(one, ALL, projects=tuple(range(one, one + 30))) for one in range(90)],
        [CohortPlan(1000 + one, one, 3, 4) for one in range(0, 300, 20)],
        {}, "optimal", 20,
    ),
    "weeks in which different people have time": (
        [Applicant(one, (ALL[0] if one % 2 else 0, 0 if one % 2 else ALL[0])) for one in range(8)], cohorts(2), {}, "impossible", 0,
    ),
    "cohorts of ten": (same(24), cohorts(2, 8, 10), {}, "optimal", 20),
}  # fmt: skip


@pytest.mark.parametrize(("people", "plans", "limits", "verdict", "placed"), ODD.values(), ids=ODD)
def test_an_odd_question_has_a_clear_answer(people, plans, limits, verdict, placed):
    instance = Instance(people, plans, **limits)
    formation = form(instance, seconds=60)
    assert_keeps_the_rules(instance, formation)
    assert (formation.verdict, len(people) - len(formation.left_out)) == (verdict, placed)
    if verdict == "impossible":
        assert formation.impossible
    else:
        assert [goal.reached for goal in formation.goals] == list(measure(instance, formation.members).values())
    assert list(explain(instance, formation)) == formation.left_out
    empty = explain_empty(instance, formation)
    assert list(empty) == [one for one, inside in formation.members.items() if not inside]


@pytest.mark.parametrize("after", [0, 1, 3, 8])
def test_a_solver_that_fails_leaves_an_answer_that_keeps_the_rules_and_claims_nothing(monkeypatch, after):
    runs, run = [], highspy.Highs.run

    def fails(self):
        runs.append(self)
        return run(self) if len(runs) <= after else highspy.HighsStatus.kError

    instance = many(60, 14)
    monkeypatch.setattr(highspy.Highs, "run", fails)
    formation = form(instance, seconds=5)
    assert check(instance, formation.members) == []
    assert formation.verdict == "within"
    assert formation.placed > 0
    assert [goal.reached for goal in formation.goals] == list(measure(instance, formation.members).values())
    assert all(goal.bound is None or goal.bound >= goal.reached for goal in formation.goals)
    assert list(explain(instance, formation)) == formation.left_out


def test_parts_formed_anew_reach_what_trying_all_at_once_reaches(monkeypatch):
    instance = many(70, 14, seed=3)
    anew = form(instance, seconds=60)
    monkeypatch.setattr("cohorts.forming.solving.LARGE", 100)
    whole = form(instance, seconds=60)
    assert check(instance, anew.members) == []
    assert (anew.verdict, anew.goals) == (whole.verdict, whole.goals) == ("optimal", whole.goals)
    assert anew.most_placed == anew.placed
    assert anew.gap_in_people == 0


def test_without_proof_the_places_that_are_possible_at_most_are_named(monkeypatch):
    instance = many(120, 14)
    best = form(instance, seconds=60)
    # The search for a better answer finds nothing: what was found first stays, with its bound.
    monkeypatch.setattr("cohorts.forming.solving._Work._improve", lambda *_values: False)
    monkeypatch.setattr("cohorts.forming.answering._dive", lambda *_values: [])
    formation = form(instance, seconds=60)
    assert formation.verdict == "within"
    assert formation.unproven.name.startswith("tier")
    assert formation.unproven.bound >= {goal.name: goal.reached for goal in best.goals}[formation.unproven.name]
    assert formation.most_placed >= best.placed >= formation.placed
    assert 0 <= formation.gap_in_people < 1
