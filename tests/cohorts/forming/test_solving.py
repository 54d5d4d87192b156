"""The answers of the solver: against trying everything on small questions, and on questions with known answers."""

import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.forming import Applicant, Cancelled, CohortPlan, Instance, InstanceError, check, form, measure

from .brute_force import best, is_team

#: Half hours in which small questions take place.
HOURS = 10


def some_hours(weeks):
    rich = st.integers(0, 2**HOURS - 1).map(lambda one: one | one << 3 & (2**HOURS - 1))
    return st.tuples(*[rich] * weeks)


@st.composite
def instances(draw):
    weeks = draw(st.sampled_from([1, 1, 2]))
    hours = some_hours(weeks)
    cohorts = []
    for number in range(draw(st.integers(0, 3))):
        smallest = draw(st.integers(1, 3))
        cohorts.append(
            CohortPlan(
                id=10 + number, project=draw(st.sampled_from([None, 1, 2])), smallest=smallest, largest=draw(st.integers(smallest, 4)),
                navigators=tuple(draw(st.lists(hours, max_size=2))), captains=tuple(draw(st.lists(hours, max_size=1))),
            )
        )  # fmt: skip
    known = [cohort.id for cohort in cohorts]
    people = []
    for number in range(draw(st.integers(0, 7))):
        pinned = draw(st.sampled_from([None, None, None, None, *known]))
        banned = draw(st.frozensets(st.sampled_from(known), max_size=2)) if known else frozenset()
        people.append(
            Applicant(
                id=100 + number, hours=draw(hours), tier=draw(st.integers(0, 2)),
                projects=tuple(draw(st.lists(st.sampled_from([1, 2, 3]), unique=True, max_size=3))),
                experience=draw(st.sampled_from([None, 0, 1, 2])), pinned=pinned, banned=banned - {pinned},
            )
        )  # fmt: skip
    return Instance(people, cohorts, cohort_slots=draw(st.integers(1, 3)), captain_slots=draw(st.integers(0, 2)))


def assert_keeps_the_rules(instance, formation):
    known = {person.id: person for person in instance.applicants}
    placed = [one for inside in formation.members.values() for one in inside]
    assert sorted([*placed, *formation.left_out]) == sorted(known)
    assert list(formation.members) == [cohort.id for cohort in instance.cohorts]
    for cohort in instance.cohorts:
        inside = [known[one] for one in formation.members[cohort.id]]
        assert not inside or is_team(instance, cohort, inside)


@given(instances())
@settings(max_examples=100, deadline=None)
def test_the_answer_is_as_good_as_trying_everything(instance):
    formation = form(instance, seconds=60)
    assert_keeps_the_rules(instance, formation)
    most, there_is_one = best(instance)
    pinned_to = {one.pinned for one in instance.applicants} - {None}
    if pinned_to and most[0] < len(pinned_to):
        assert formation.verdict == "impossible"
        assert set(formation.impossible) & pinned_to
    elif instance.applicants and instance.cohorts and not there_is_one:
        assert formation.verdict == "impossible"
        assert formation.impossible == [cohort.id for cohort in instance.cohorts]
    else:
        assert formation.verdict == "optimal"
        assert tuple(goal.reached for goal in formation.goals) == most
        assert [goal.bound for goal in formation.goals] == list(most)
        assert list(measure(instance, formation.members).values()) == list(most)
        assert check(instance, formation.members) == []


@given(instances(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_check_finds_a_problem_where_the_rules_do_not_hold_and_none_where_they_do(instance, chance):
    members = {cohort.id: [] for cohort in instance.cohorts}
    for person in instance.applicants:
        place = chance.choice([None, *members])
        if place is not None:
            members[place].append(person.id)
    known = {person.id: person for person in instance.applicants}
    fine = all(
        is_team(instance, cohort, [known[one] for one in members[cohort.id]]) for cohort in instance.cohorts if members[cohort.id]
    ) and all(person.id in members[person.pinned] for person in instance.applicants if person.pinned is not None)
    assert (check(instance, members) == []) == fine


def many(people, cohorts, seed=1):
    """A seeded question with evenings all over the world, cohorts of 3 or 4."""
    chance = random.Random(seed)

    def hours():
        zone, found = chance.choice([-8, -5, 0, 1, 1, 2, 5.5]), 0
        for day in range(7):
            if chance.random() < 0.8:
                start = chance.choice([17, 18, 19]) if day < 5 else chance.choice([9, 11, 14])
                for half in range(chance.choice([4, 6, 8])):
                    found |= 1 << int((day * 48 + start * 2 + half - zone * 2) % 336)
        return (found,)

    return Instance(
        [
            Applicant(
                one,
                hours(),
                chance.randint(0, 3),
                tuple(chance.sample(range(3), chance.randint(0, 3))),
                chance.choice([None, 0, 1, 2]),
            )
            for one in range(people)
        ],
        [CohortPlan(one, one % 3, 3, 4, (hours(),), (hours(),)) for one in range(cohorts)],
    )


def test_a_session_of_the_usual_size_is_proven_and_the_same_each_time():
    instance = many(120, 6)
    formation = form(instance, seconds=60)
    assert formation.verdict == "optimal"
    assert formation.unproven is None
    assert check(instance, formation.members) == []
    assert sum(len(inside) for inside in formation.members.values()) >= 6
    again = form(instance, seconds=60)
    assert (again.members, again.goals) == (formation.members, formation.goals)


def test_without_time_there_is_an_answer_that_keeps_the_rules_and_says_what_is_not_proven():
    instance = many(120, 6)
    formation = form(instance, seconds=0)
    assert formation.verdict == "within"
    assert formation.unproven.name == "tier 0"
    assert check(instance, formation.members) == []
    assert any(formation.members.values())
    assert [goal.reached for goal in formation.goals] == list(measure(instance, formation.members).values())


def test_who_asked_can_stop_it_at_any_time():
    for wanted in (0, 1, 5, 40):
        heard = []

        def told(name, heard=heard, wanted=wanted):
            heard.append(name)
            return len(heard) <= wanted

        with pytest.raises(Cancelled):
            form(many(120, 6), seconds=60, told=told)
        assert len(heard) == wanted + 1


def test_progress_names_the_goals_in_their_order():
    heard = []
    formation = form(many(60, 3), seconds=60, told=lambda name: heard.append(name) or True)
    assert list(dict.fromkeys(heard)) == ["start", "answer", *(goal.name for goal in formation.goals)]


ALL = ((1 << 40) - 1,)
EARLY, LATE = ((1 << 20) - 1,), (((1 << 20) - 1) << 20,)

IMPOSSIBLE = {
    "pinned people who never meet": (
        [Applicant(1, EARLY, pinned=1), Applicant(2, LATE, pinned=1)],
        [CohortPlan(1, None, 2, 3)],
        [1],
    ),
    "pinned to a navigator without hours": ([Applicant(1, ALL, pinned=1)], [CohortPlan(1, None, 1, 3, ((0,),))], [1]),
    "more pinned than places": ([Applicant(one, ALL, pinned=1) for one in (1, 2, 3)], [CohortPlan(1, None, 1, 2)], [1]),
    "nobody to bring it to its size": (
        [Applicant(1, EARLY, pinned=1), Applicant(2, LATE), Applicant(3, LATE)],
        [CohortPlan(1, None, 2, 3), CohortPlan(2, None, 1, 2)],
        [1],
    ),
    "two that need the same person": (
        [Applicant(1, ALL, pinned=1), Applicant(2, ALL, pinned=2), Applicant(3, ALL)],
        [CohortPlan(1, None, 2, 3), CohortPlan(2, None, 2, 3)],
        None,
    ),
    "nobody has time": ([Applicant(1, (0,)), Applicant(2, (0,))], [CohortPlan(1, None, 1, 2), CohortPlan(2, None, 1, 2)], [1, 2]),
    "fewer people than a cohort needs": ([Applicant(1, ALL), Applicant(2, ALL)], [CohortPlan(1, None, 3, 4)], [1]),
}


@pytest.mark.parametrize(("people", "cohorts", "impossible"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_cannot_be_is_called_impossible_by_its_cohorts(people, cohorts, impossible):
    formation = form(Instance(people, cohorts), seconds=30)
    assert formation.verdict == "impossible"
    assert formation.impossible == impossible or (impossible is None and len(formation.impossible) == 1)


def test_pinned_people_stay_where_they_are_and_banned_ones_keep_out():
    people = [
        Applicant(1, ALL, tier=3, projects=(7,), pinned=1),
        Applicant(2, ALL, banned=frozenset({1})),
        Applicant(3, ALL, banned=frozenset({1, 2})),
        Applicant(4, ALL),
    ]
    formation = form(Instance(people, [CohortPlan(1, 5, 1, 2), CohortPlan(2, None, 1, 1)]), seconds=30)
    assert formation.verdict == "optimal"
    assert formation.members == {1: [1, 4], 2: [2]}
    assert formation.left_out == [3]


WRONG = [
    (lambda: Instance([Applicant(1, ALL), Applicant(1, ALL)], []), "Listed twice: applicant 1"),
    (lambda: Instance([], [CohortPlan(1, None, 1, 1)] * 2), "Listed twice: cohort 1"),
    (lambda: Instance([Applicant(1, ALL), Applicant(2, (1, 1))], []), "same weeks"),
    (lambda: Instance([Applicant(1, (1 << 400,))], []), "below 338"),
    (lambda: Instance([], [CohortPlan(1, None, 3, 2)]), "smallest size"),
    (lambda: Instance([], [CohortPlan(1, None, 0, 2)]), "smallest size"),
    (lambda: Instance([Applicant(1, ALL, tier=-1)], []), "tier"),
    (lambda: Instance([Applicant(1, ALL, pinned=3)], []), "pinned"),
]


@pytest.mark.parametrize(("make", "text"), WRONG)
def test_a_question_that_contradicts_itself_says_where(make, text):
    with pytest.raises(InstanceError, match=text):
        make()


def test_the_package_loads_no_solver_until_it_is_asked():
    program = "import sys, cohorts.forming; sys.exit('highspy' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
