"""What a change by hand breaks, mends and gains, without a database."""

import random

import pytest

from cohorts.forming import Applicant, Arrangement, CohortPlan, Instance, check, measure

EVENING, MORNING = (0b111100,), (0b001111,)


def world() -> Arrangement:
    """Two cohorts of two; the first has one person too few, who has time in the evening as its navigator has."""
    people = [
        Applicant(1, EVENING, projects=(7,)),
        Applicant(2, EVENING, tier=1, projects=(8, 7)),
        Applicant(3, MORNING),
        Applicant(4, EVENING, tier=1, projects=(8,), pinned=20),
        Applicant(5, EVENING, banned=frozenset({10})),
    ]
    cohorts = [CohortPlan(10, 7, 2, 2, (EVENING,)), CohortPlan(20, 8, 2, 2, (EVENING,))]
    return Arrangement(Instance(people, cohorts, cohort_slots=3), {10: [1], 20: [4]})


@pytest.mark.parametrize(
    ("places", "breaks", "mends", "stays", "measures"),
    [
        ({2: 10}, [], ["too few"], [], {"tier 1": 1, "complete": 1, "wishes": 2, "hours": 0}),
        ({3: 10}, ["cohort hours"], ["too few"], [], {"tier 0": 1, "complete": 1, "wishes": 2, "hours": -2}),
        ({1: None}, [], ["too few"], [], {"tier 0": -1, "wishes": -3, "hours": -4}),
        # Whoever is moved is not fixed any more, and is let in where they were ruled out.
        ({4: 10}, ["project"], ["too few", "too few"], [], {"complete": 1, "wishes": -3, "hours": -4}),
        ({5: 10}, [], ["too few"], [], {"tier 0": 1, "complete": 1, "wishes": 2}),
        ({2: 10, 5: 10}, ["too many"], ["too few"], [], {"tier 0": 1, "tier 1": 1, "complete": 1, "wishes": 4}),
        ({1: 20, 4: 10}, ["project", "project"], [], ["too few", "too few"], {"wishes": -6}),
    ],
)
def test_what_a_change_does(places, breaks, mends, stays, measures):
    found = world().difference(places)
    assert [one.code for one in found.breaks] == breaks
    assert [one.code for one in found.mends] == mends
    assert [one.code for one in found.stays] == stays
    assert found.measures == {name: count for name, count in measures.items() if count}
    assert found.is_possible == ("too many" not in breaks)


def test_the_best_come_first():
    found = world()
    assert [one for one, _change in found.candidates(10, found.left_out())] == [5, 2, 3]
    assert [cohort for cohort, _change in found.targets(1)] == [20, None]


@pytest.mark.parametrize("seed", range(20))
def test_a_difference_is_what_looking_at_everything_anew_finds(seed):
    chance = random.Random(seed)
    people = [
        Applicant(
            pk,
            tuple(chance.getrandbits(16) | chance.getrandbits(16) for _ in range(2)),
            chance.randrange(3),
            (chance.choice([7, 8]),),
            chance.randrange(3),
        )
        for pk in range(1, 13)
    ]
    hours = [tuple(chance.getrandbits(16) | chance.getrandbits(16) for _ in range(2)) for _ in range(6)]
    cohorts = [CohortPlan(10 + one, 7 + one % 2, 2, 3, (hours[one],), (hours[one + 3],)) for one in range(3)]
    instance = Instance(people, cohorts, cohort_slots=4, captain_slots=6)
    where = {pk: chance.choice([10, 11, 12, None]) for pk in range(1, 13)}
    change = {pk: chance.choice([10, 11, 12, None]) for pk in chance.sample(range(1, 13), 2)}

    def members(places):
        return {plan.id: [pk for pk, there in places.items() if there == plan.id] for plan in cohorts}

    def keys(found):
        return {(one.code, one.cohort, one.applicant, one.captain) for one in found}

    before, after = members(where), members(where | change)
    found = Arrangement(instance, before).difference(change)
    was, now = measure(instance, before), measure(instance, after)
    assert found.measures == {name: now[name] - was[name] for name in now if now[name] != was[name]}
    assert keys(found.mends) == keys(check(instance, before)) - keys(check(instance, after))
    assert keys(found.breaks) >= keys(check(instance, after)) - keys(check(instance, before))
