"""The answers of the solver: against trying everything on small questions, and on questions with known answers."""

import random

import pytest
from hypothesis import example, given, settings
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
@settings(max_examples=120, deadline=None)
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
