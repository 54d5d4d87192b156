"""Why people are left out, whether the change that would help does help, and the words for it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from cohorts.forming import Applicant, CohortPlan, Formation, Instance, check, explain, explain_empty, form

from .brute_force import is_team
from .test_solving import instances


def with_change(instance, explanation):
    """The question as it would be after the change."""
    change, people, cohorts = explanation.change, list(instance.applicants), list(instance.cohorts)
    number = next(place for place, one in enumerate(people) if one.id == explanation.applicant)
    place = next(place for place, one in enumerate(cohorts) if one.id == change.cohort)
    cohort = cohorts[place]
    if change.project is not None:
        people[number] = replace(people[number], projects=(*people[number].projects, change.project))
    if change.place:
        cohort = replace(cohort, largest=cohort.largest + 1)
    more = sum(1 << slot for slot in change.times)
    if change.whose == "applicant":
        people[number] = replace(people[number], hours=added(people[number].hours, change.week, more))
    elif change.whose:
        leaders = list(getattr(cohort, f"{change.whose}s"))
        leaders[change.number] = added(leaders[change.number], change.week, more)
        cohort = replace(cohort, **{f"{change.whose}s": tuple(leaders)})
    cohorts[place] = cohort
    return replace(instance, applicants=people, cohorts=cohorts)


def added(hours, week, more):
    return tuple(one | more if number == week else one for number, one in enumerate(hours))


@given(instances())
@settings(max_examples=100, deadline=None)
def test_the_change_that_is_named_lets_the_person_in(instance):
    formation = form(instance, seconds=60)
    explanations = explain(instance, formation)
    assert list(explanations) == formation.left_out
    assert list(explain_empty(instance, formation)) == [one for one, inside in formation.members.items() if not inside]
    for one, explanation in explanations.items():
        assert [obstacle.cohort for obstacle in explanation.obstacles] == [cohort.id for cohort in instance.cohorts]
        if formation.verdict == "optimal":
            assert explanation.code != "room"
        # With two different weeks the change is named for the one that asks for most: then the other may ask for some, too.
        if explanation.change is not None and instance.weeks == 1:
            inside = [*formation.members[explanation.change.cohort], one]
            after = with_change(instance, explanation)
            cohort = after.cohort_by_id[explanation.change.cohort]
            assert is_team(after, cohort, [person for person in after.applicants if person.id in inside])


FREE, EVENING = ((1 << 100) - 1,), (0b1111 << 10,)
NAVIGATOR = (0b111111 << 10,)

#: What is left out, and why: the person, the cohorts with their members, the codes, and the change.
REASONS = {
    "no hours": (Applicant(9, (0,)), {}, "no hours", ["leader hours"], ("applicant", 4, tuple(range(10, 16)))),
    "two more half hours": (Applicant(9, (0b11 << 10,)), {}, "stopped", ["leader hours"], ("applicant", 2, (12, 13, 14, 15))),
    "another project": (Applicant(9, FREE, projects=(6,)), {}, "stopped", ["project"], ("", 0, ())),
    "banned": (Applicant(9, FREE, banned=frozenset({1})), {}, "stopped", ["banned"], None),
    "captain": (Applicant(9, EVENING), {"captains": ((0b1 << 10,),)}, "stopped", ["captain hours"], ("captain", 1, None)),
    "full": (Applicant(9, FREE), {"largest": 1}, "others first", ["full"], ("", 0, ())),
    "not with who is in it": (Applicant(9, (0b111100 << 10,)), {}, "others first", ["team hours"], ("applicant", 2, (10, 11))),
    "room": (Applicant(9, FREE), {}, "room", ["room"], None),
}


@pytest.mark.parametrize(("person", "plan", "code", "obstacles", "change"), REASONS.values(), ids=REASONS)
def test_each_reason_has_its_code_and_what_would_help(person, plan, code, obstacles, change):
    hours = EVENING if code != "others first" or "largest" in plan else (0b1111 << 10,)
    instance = Instance(
        [Applicant(1, hours), person],
        [replace(CohortPlan(1, 5, 1, 3, navigators=(NAVIGATOR,)), **plan)],
        cohort_slots=4, captain_slots=2,
    )  # fmt: skip
    formation = Formation({1: [1]}, [9], [])
    found = explain(instance, formation)[9]
    assert (found.code, [one.code for one in found.obstacles]) == (code, obstacles)
    if change is None:
        assert found.change is None
    else:
        assert (found.change.whose, found.change.half_hours) == change[:2]
        assert found.change.place == ("largest" in plan)
        assert found.change.project == (5 if obstacles == ["project"] else None)


def test_an_empty_cohort_says_how_many_fit_and_when_its_navigator_would_win_most():
    people = [Applicant(one, ((0b11 << 10) | (0b1100 << one),)) for one in (20, 20 + 1, 20 + 2)]
    people += [Applicant(1, NAVIGATOR), Applicant(2, NAVIGATOR, projects=(4,))]
    instance = Instance(people, [CohortPlan(1, 5, 2, 3, (NAVIGATOR,))], cohort_slots=4)
    formation = form(instance, seconds=10)
    assert formation.verdict == "impossible"
    found = explain_empty(instance, formation)[1]
    assert (found.accepted, found.fitting, found.need, found.slots) == (4, 1, 2, 4)
    assert found.times == ((23, 2), (24, 2), (22, 1), (25, 1))


PROBLEMS = {
    "unknown cohort": ({7: [1]}, ["unknown"]),
    "unknown person": ({1: [1, 77]}, ["unknown"]),
    "twice": ({1: [1, 2], 2: [1]}, ["twice"]),
    "too few": ({2: [2], 1: [1]}, []),
    "too many": ({1: [1, 2, 3, 4]}, ["too many"]),
    "project": ({1: [5]}, ["project"]),
    "hours": ({1: [1, 6]}, ["cohort hours"]),
    "captain": ({2: [6]}, ["captain hours"]),
}


@pytest.mark.parametrize(("members", "codes"), PROBLEMS.values(), ids=PROBLEMS)
def test_each_broken_rule_is_found(members, codes):
    people = [Applicant(one, FREE) for one in (1, 2, 3, 4)]
    people += [Applicant(5, FREE, projects=(4,)), Applicant(6, (0b11111 << 120,))]
    cohorts = [CohortPlan(1, 5, 1, 3), CohortPlan(2, None, 1, 3, captains=(FREE,))]
    found = check(Instance(people, cohorts, cohort_slots=4), members)
    assert [one.code for one in found] == codes
    if codes == ["cohort hours"]:
        assert set(found[0].people) == {1, 6}
