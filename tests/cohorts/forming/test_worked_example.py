"""The example of docs/explanation/forming-cohorts.md comes out as it says, and in words."""

import datetime

import pytest
from django.utils import translation

from cohorts.forming import Applicant, CohortPlan, Goal, Instance, Problem, explain, explain_empty, form
from cohorts.forming.explaining import OTHERS_FIRST, Change, EmptyCohort, Obstacle
from cohorts.forming.formation import Formation
from cohorts.forming.hours import session_hours
from cohorts.forming.wording import (
    Names,
    change_words,
    empty_words,
    explanation_words,
    goal_words,
    hours_words,
    obstacle_words,
    problem_words,
    times_words,
    verdict_words,
)  # fmt: skip

DJANGO, WAGTAIL = 1, 2
ATLAS, BOREA = 10, 20
TUESDAY, THURSDAY = 1, 3


def at(*spans):
    return [day * 48 + half for day, first, last in spans for half in range(first * 2, last * 2)]


WEEKS = {
    "Ada": (1, (DJANGO,), at((TUESDAY, 18, 22), (THURSDAY, 18, 21))),
    "Ben": (1, (DJANGO, WAGTAIL), at((TUESDAY, 18, 20), (THURSDAY, 18, 21))),
    "Chi": (2, (WAGTAIL,), at((THURSDAY, 19, 21))),
    "Dee": (2, (), at((TUESDAY, 20, 22), (THURSDAY, 18, 20))),
    "Eli": (3, (DJANGO,), at((TUESDAY, 18, 21))),
    "Fay": (3, (WAGTAIL,), at((THURSDAY, 18, 19))),
}
PEOPLE = list(WEEKS)


@pytest.fixture(scope="module")
def example():
    people = {name: (slots, "UTC") for name, (_tier, _wishes, slots) in WEEKS.items()}
    people |= {"Nia": (at((TUESDAY, 18, 22)), "UTC"), "Noé": (at((THURSDAY, 18, 21)), "UTC")}
    hours = session_hours(people, time_zone="UTC", first=datetime.date(2026, 9, 7), weeks=6)
    applicants = [
        Applicant(PEOPLE.index(name), hours.hours[name], tier, wishes) for name, (tier, wishes, _slots) in WEEKS.items()
    ]
    cohorts = [
        CohortPlan(ATLAS, DJANGO, 2, 3, (hours.hours["Nia"],)),
        CohortPlan(BOREA, WAGTAIL, 2, 3, (hours.hours["Noé"],)),
    ]
    names = Names(
        applicants=dict(enumerate(PEOPLE)), cohorts={ATLAS: "Atlas", BOREA: "Borea"}, projects={DJANGO: "Django", WAGTAIL: "Wagtail"},
        hours=hours, navigators={ATLAS: ["Nia"]},
    )  # fmt: skip
    instance = Instance(applicants, cohorts, cohort_slots=4)
    return instance, form(instance, seconds=30), names


def test_the_example_has_the_answer_and_the_reasons_of_the_guide(example):
    instance, formation, names = example
    assert formation.members == {ATLAS: [0, 3], BOREA: [1, 2]}
    assert verdict_words(formation) == "Best possible: no other formation is better."
    reasons = explain(instance, formation)
    eli, fay = (reasons[PEOPLE.index(name)] for name in ("Eli", "Fay"))
    assert obstacle_words(eli.obstacles[0], names) == (
        "Atlas: fits its navigators, and has 1 hour of 2 hours in common with all who are in it."
    )
    assert explanation_words(eli, names) == [
        "Fits, but others came first.",
        "Could join Atlas if they had 1 hour more when the others have time (Tuesday 21:00 to 22:00).",
    ]
    assert obstacle_words(fay.obstacles[1], names) == "Borea: 1 hour in common with its navigators, and 2 hours are needed."
    assert explanation_words(fay, names) == [
        "Fits no cohort.",
        "Could join Borea if they had 2 hours more when the others have time (Thursday 19:00 to 21:00).",
    ]


def test_times_are_those_of_the_reader(example):
    names = example[2]
    there = Names(names.applicants, names.cohorts, names.projects, names.hours, time_zone="Asia/Kolkata")
    assert times_words(0, at((TUESDAY, 18, 19), (THURSDAY, 20, 22)), there) == "Friday 01:30 to 03:30 or Tuesday 23:30 to 00:30"
    assert [hours_words(number) for number in (1, 2, 3, 4)] == ["0.5 hours", "1 hour", "1.5 hours", "2 hours"]


CHANGES = [
    (Change(ATLAS, place=True), "Could join Atlas if it had one more place."),
    (Change(BOREA, project=WAGTAIL), "Could join Borea if they also named Wagtail."),
    (
        Change(ATLAS, True, DJANGO, 3, "navigator", 0, 0, at((TUESDAY, 20, 22))),
        "Could join Atlas if they also named Django, Nia had 1.5 hours more when the others have time (Tuesday 20:00 to 22:00) and it had one "
        "more place.",
    ),
    (
        Change(BOREA, half_hours=2, whose="captain", times=at((TUESDAY, 20, 21))),
        "Could join Borea if its captain had 1 hour more when this person has time (Tuesday 20:00 to 21:00).",
    ),
]


@pytest.mark.parametrize(("change", "text"), CHANGES)
def test_a_change_is_one_sentence(example, change, text):
    assert change_words(change, example[2]) == text


def test_every_code_has_words_in_which_nothing_is_left_open(example):
    names = example[2]
    problems = ["unknown", "twice", "too few", "too many", "project", "banned", "pinned", "cohort hours", "captain hours"]
    texts = [problem_words(Problem(code, ATLAS, 1, 2, 4, BOREA, 0, (2, 3)), names) for code in problems]
    texts += [problem_words(Problem("unknown", cohort=77), names)]
    obstacles = ["pinned", "banned", "project", "leader hours", "captain hours", "room", *sorted(OTHERS_FIRST)]
    texts += [obstacle_words(Obstacle(ATLAS, code, 2, 3), names) for code in obstacles]
    texts += [goal_words(name) for name in ("pinned", "tier 2", "complete", "wishes", "balance", "hours", "start", "answer")]
    for accepted, fitting in [(1, 0), (5, 1), (5, 4)]:
        texts += empty_words(EmptyCohort(ATLAS, accepted, fitting, 3, 4, ((85, 3), (86, 2))), names)
    goals = [Goal("tier 0", 5, 5, True), Goal("wishes", 8, 9, False)]
    texts += [verdict_words(Formation({}, [], goals)), verdict_words(Formation({}, [], [Goal("tier 0", 1, None, False)]))]
    texts += [verdict_words(Formation({}, [], [], [1]))]
    assert all(text and "%" not in text and "None" not in text for text in texts)
    assert "Without Chi or Dee it would be enough." in texts[7]
    assert "at most 9 are possible" in " ".join(texts)
    with translation.override("de"):
        assert times_words(0, at((TUESDAY, 18, 19)), names).startswith("Dienstag")


def test_a_cohort_without_a_team_says_what_it_lacks(example):
    instance, _formation, names = example
    alone = Instance(instance.applicants[4:], instance.cohorts, cohort_slots=4)
    formation = form(alone, seconds=10)
    assert formation.impossible == [ATLAS, BOREA]
    found = explain_empty(alone, formation)
    assert empty_words(found[ATLAS], names) == ["Atlas needs 2 people, and the wishes of 1 allow it."]
