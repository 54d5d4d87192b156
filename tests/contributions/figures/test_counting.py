"""Weeks, sums, waits and small groups, on plain rows: no database."""

import datetime
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from contributions.figures.comparing import column, compare
from contributions.figures.counting import Cell, Line, count
from contributions.figures.facts import Facts, Given, Person, Work
from contributions.figures.page import comparison_rows, part_rows
from contributions.figures.waits import summary
from contributions.figures.weeks import Weeks
from contributions.figures.withholding import public, told

HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)


def day(month, number):
    return datetime.date(2027, month, number)


def at(month, number, hour=12, zone=UTC):
    return datetime.datetime(2027, month, number, hour, tzinfo=zone)


def weeks(*begins, zone="UTC", first=1, length=7):
    spans = [(first + place, begin, begin + (length - 1) * DAY) for place, begin in enumerate(begins)]
    return Weeks(tuple(spans), ZoneInfo(zone))


#: Week 0 to 2, a pause of a week, week 3: from 1 February to 7 March.
CALENDAR = weeks(day(2, 1), day(2, 8), day(2, 15), day(3, 1), first=0)


@pytest.mark.parametrize(
    ("calendar", "moment", "key"),
    [
        (CALENDAR, at(1, 31, 23), "before"),
        (CALENDAR, at(2, 1, 0), "week-0"),
        (CALENDAR, at(2, 7, 23), "week-0"),
        (CALENDAR, at(2, 8, 0), "week-1"),
        (CALENDAR, at(2, 22, 0), "pause-2"),
        (CALENDAR, at(2, 28, 23), "pause-2"),
        (CALENDAR, at(3, 1, 0), "week-3"),
        (CALENDAR, at(3, 8, 0), "after"),
        # Days begin in the session's zone: the same instant is Sunday here and Monday there.
        (weeks(day(2, 1), day(2, 8), zone="America/Los_Angeles"), at(2, 8, 7), "week-1"),
        (weeks(day(2, 1), day(2, 8), zone="America/Los_Angeles"), at(2, 8, 8), "week-2"),
        (weeks(day(2, 1), day(2, 8), zone="Pacific/Kiritimati"), at(2, 7, 10), "week-2"),
        # The clock goes forward on 28 March in Rome: midnight is an hour earlier in UTC from then on.
        (weeks(day(3, 22), day(3, 29), day(4, 5), zone="Europe/Rome"), at(3, 28, 21), "week-1"),
        (weeks(day(3, 22), day(3, 29), day(4, 5), zone="Europe/Rome"), at(3, 28, 22), "week-2"),
        (weeks(day(3, 22), day(3, 29), day(4, 5), zone="Europe/Rome"), at(4, 4, 22), "week-3"),
        (Weeks((), ZoneInfo("UTC")), at(2, 1), "before"),
    ],
)
def test_in_which_week_a_moment_lies(calendar, moment, key):
    assert calendar.slot_of(moment).key == key


@pytest.mark.parametrize(
    ("hours", "median", "most"),
    [
        ([], None, None),
        ([5], 5, 5),
        ([2, 10], 6, 10),
        ([1, 2, 30], 2, 30),
        (list(range(1, 11)), 5.5, 9),
        ([*range(1, 10), 1000], 5.5, 9),
        (list(range(1, 21)), 10.5, 18),
    ],
)
def test_the_middle_wait_and_that_of_nine_of_ten(hours, median, most):
    found = summary([number * HOUR for number in reversed(hours)])
    assert found.answered == len(hours)
    assert found.median == (None if median is None else median * HOUR)
    assert found.most == (None if most is None else most * HOUR)


def pull(pk, opened, *, by=(1,), state="open", ended=None, **values):
    makers = frozenset(by)
    values = {"own": makers, "people": makers, "project": 7, "first": False, **values}
    closed = values.pop("closed_at", ended)
    return Work(pk, "pull_request", state, opened_at=opened, ended_at=ended, closed_at=closed, makers=makers, **values)


def numbers(line: Line) -> dict[str, int]:
    return {measure: cell.count for measure, cell in line.cells.items() if cell.count}


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        # What was opened counts in the week in which it was opened, what was merged in the week of the merge.
        (pull(1, at(2, 9), waited=DAY), {"week-1": {"opened": 1, "open": 1}}),
        (pull(1, at(2, 9)), {"week-1": {"opened": 1, "open": 1, "waiting": 1}}),
        (pull(1, at(2, 9), state="draft"), {"week-1": {"opened": 1, "open": 1}}),
        (pull(1, at(2, 9), state="merged", ended=at(3, 2)), {"week-1": {"opened": 1}, "week-3": {"merged": 1}}),
        (pull(1, at(2, 9), state="landed", ended=at(2, 23)), {"week-1": {"opened": 1}, "pause-2": {"merged": 1, "landed": 1}}),
        (pull(1, at(2, 9), state="merged", ended=at(3, 20)), {"week-1": {"opened": 1}, "after": {"merged": 1}}),
        (pull(1, at(1, 9), state="merged", ended=at(2, 20)), {"before": {"opened": 1}, "week-2": {"merged": 1}}),
        (pull(1, at(2, 9), state="closed", closed_at=at(2, 10)), {"week-1": {"opened": 1}}),
        # First: of whoever opened it. Where nobody knows, that is said.
        (pull(1, at(2, 9), first=True, answered=True), {"week-1": {"opened": 1, "open": 1, "first": 1}}),
        (pull(1, at(2, 9), first=None, answered=True), {"week-1": {"opened": 1, "open": 1, "first_unknown": 1}}),
        (pull(1, at(2, 9), first=True, answered=True, own=frozenset()), {"week-1": {"opened": 1, "open": 1}}),
        # Two members, one pull request.
        (pull(1, at(2, 9), by=(1, 2), answered=True), {"week-1": {"opened": 1, "open": 1}}),
        # Not of this session.
        (pull(1, at(2, 9), older=True), {}),
        (pull(1, at(3, 9)), {}),
        (pull(1, at(1, 3), state="merged", ended=at(1, 9)), {}),
        (pull(1, None), {}),
        # Helped with, and not written: only its authors' work is counted.
        (pull(1, at(2, 9), by=(), people=frozenset({1})), {}),
        (Work(1, "issue", "open", opened_at=at(2, 9), makers=frozenset({1})), {"week-1": {"issues": 1}}),
        (Work(1, "ticket", "closed", opened_at=at(2, 9), makers=frozenset({1})), {"week-1": {"issues": 1}}),
        (Work(1, "other", "open", "talk", opened_at=at(2, 9), people=frozenset({1})), {"week-1": {"other": 1}}),
    ],
)
def test_what_counts_where(work, expected):
    found = count(Facts([work]), CALENDAR)
    lines = {line.slot.key: numbers(line) for line in [found.before, *found.lines, found.after]}
    assert {key: value for key, value in lines.items() if value} == expected
    inside = [numbers(line) for line in found.lines]
    for measure, cell in found.total.cells.items():
        assert cell.count == sum(line.get(measure, 0) for line in inside)


def test_reviews_count_when_they_were_given_and_projects_by_name():
    reviews = [
        Given(at(2, 9), 1, 5, 7),
        Given(at(2, 9), 2, 5, 8),
        Given(at(1, 1), 1, 5),
        Given(at(3, 20), 1, 5),
        Given(at(3, 1), 1, 6),
    ]
    found = count(Facts([pull(1, at(2, 9))], reviews, projects={7: "Zinnia", 8: "aster"}), CALENDAR)
    assert [(line.slot.key, line["reviews"].count) for line in found.lines if line["reviews"].count] == [
        ("week-1", 2),
        ("week-3", 1),
    ]
    assert found.total["reviews"] == Cell(3, frozenset({1, 2}))
    assert [line.project for line in found.projects] == [8, 7, None]
    assert found.total.share_open == 100


def test_waits_count_with_the_week_in_which_the_pull_request_was_opened():
    works = [pull(pk, at(2, 9), waited=pk * HOUR, answered=True) for pk in (1, 2, 3)] + [pull(9, at(2, 16))]
    found = count(Facts(works), CALENDAR)
    week = found.line("week-1")
    assert (week.waits.answered, week.waits.median, week.waits.most) == (3, 2 * HOUR, 3 * HOUR)
    assert found.line("week-2").waits.median is None
    assert found.total["waiting"].count == 1


def cell(number, people=None):
    return Cell(number, frozenset(range(number if people is None else people)))


def of(number, *people):
    return Cell(number, frozenset(people))


@pytest.mark.parametrize(
    ("parts", "agreed", "hidden"),
    [
        ([cell(3), cell(0), cell(4)], (), []),
        # Four pull requests of two people say what two people did.
        ([of(4, 1, 2)], (), [0]),
        ([of(4, 1, 2)], (1, 2), []),
        ([of(4, 1, 2)], (1,), [0]),
        # One part alone could be worked out from the sum: another one is kept back too, the one with the fewest people.
        ([of(1, 1), of(9, 1, 2, 3, 4), of(5, 1, 2, 3)], (), [0, 2]),
        # Two parts of the same person: their sum would be about that person.
        ([of(1, 1), of(2, 1), of(9, 2, 3, 4), of(9, 1, 2, 3, 4)], (), [0, 1, 2]),
        # Together they are three people: their sum says nothing about one of them.
        ([of(1, 1), of(2, 2, 3), of(9, 2, 3, 4)], (), [0, 1]),
    ],
)
def test_numbers_about_one_or_two_people_are_not_told(parts, agreed, hidden):
    whole = sum(parts, Cell())
    found = told(parts, whole, frozenset(agreed))
    assert [place for place, each in enumerate(found) if each.hidden] == hidden
    assert all(each == parts[place] for place, each in enumerate(found) if place not in hidden)
    assert all((each.count, each.people) == (0, frozenset()) for each in found if each.hidden)


def test_what_everybody_reads():
    people = {pk: Person(f"P{pk}") for pk in range(1, 6)}
    works = [pull(pk, at(2, 9), by=(pk,), waited=pk * HOUR, answered=True, state="merged", ended=at(2, 16)) for pk in people]
    works += [pull(9, at(2, 2), by=(1,), project=8)]
    full = count(Facts(works, people=people), CALENDAR)
    seen = public(full)
    assert seen.total["opened"].count == 6
    assert seen.line("week-1").cells["opened"].hidden, "else week 0 could be worked out from the sum"
    assert seen.line("week-2")["merged"].count == 5
    assert [line["opened"].hidden for line in seen.projects] == [True, True]
    assert seen.line("week-1").waits.hidden, "else its five answers would say the same"
    assert [seen.line("week-0").waits.answered, seen.total.waits.median] == [0, 3 * HOUR]
    assert seen.line("week-0").share_open is None
    # Who reads in full still does: nothing was changed in place.
    assert full.line("week-0")["opened"].count == 1
    assert public(count(Facts(works[:4]), CALENDAR)).total.waits.hidden, "four waits are too few"


def test_the_answers_of_one_person_cannot_be_worked_out_from_the_sum():
    """Three people opened in each week; in the first only one of them was answered."""
    works = [pull(pk, at(2, 2), by=(pk,), waited=HOUR if pk == 1 else None, answered=pk == 1) for pk in (1, 2, 3)]
    works += [pull(pk, at(2, 9), by=(pk % 3,), waited=HOUR, answered=True) for pk in range(10, 16)]
    works += [pull(pk, at(2, 16), by=(pk % 4,), waited=HOUR, answered=True) for pk in range(20, 28)]
    seen = public(count(Facts(works), CALENDAR))
    assert [seen.line(f"week-{number}").waits.hidden for number in (0, 1, 2, 3)] == [True, True, False, False]
    assert [seen.line(f"week-{number}")["opened"].count for number in (0, 1, 2)] == [3, 6, 8]
    assert seen.total.waits.answered == 15


def test_sessions_of_other_lengths_are_compared_by_parts_of_the_way():
    short, long = weeks(day(2, 1), day(2, 8)), weeks(*(day(2, 1) + 7 * place * DAY for place in range(4)))
    facts = Facts([pull(pk, at(2, 1) + pk * DAY, by=(pk,)) for pk in range(14)])
    columns = [
        column(name, "opened", facts, calendar, count(facts, calendar), in_full=True)
        for name, calendar in (("Short", short), ("Long", long))
    ]
    comparison = compare(columns)
    assert comparison.numbers == [1, 2, 3, 4]
    assert comparison.differs
    assert [each.count for each in columns[0].parts] == [4, 3, 4, 3]
    assert [each.count for each in columns[1].parts] == [7, 7, 0, 0]
    assert (columns[0].a_week, columns[1].a_week) == (7.0, 3.5)
    assert not compare(columns[:1]).differs


def test_weeks_to_come_are_no_zeros_beside_another_session():
    calendar = weeks(*(day(2, 1) + 7 * place * DAY for place in range(4)))
    facts = Facts([pull(pk, at(2, 1) + pk * DAY, by=(pk,)) for pk in range(12)])
    counted = count(facts, calendar)
    moments = [None, at(2, 1) - 2 * DAY, at(2, 12), at(4, 1)]
    found = [column("It", "opened", facts, calendar, counted, in_full=True, now=moment) for moment in moments]
    assert [sorted(each.ahead) for each in found] == [[], [1, 2, 3, 4], [3, 4], []]
    assert [each.parts_ahead for each in found] == [4, 0, 2, 4]
    assert [each.a_week for each in found] == [3.0, None, 6.0, 3.0]
    assert [row.cells[0] for row in comparison_rows(compare(found[2:3]))] == ["7", "5", "not yet", "not yet", "12", "6.0"]
    assert [row.cells[0] for row in part_rows(compare(found[2:3]))] == ["7", "5", "not yet", "not yet"]


def test_parts_of_the_way_do_not_divide_a_week_into_days_of_one_person():
    """Three weeks in four parts: the first quarter ends on Saturday, and only one person worked on Sunday."""
    calendar = weeks(day(2, 1), day(2, 8), day(2, 15))
    works = [pull(pk, at(2, 2), by=(pk,)) for pk in range(1, 5)] + [pull(9, at(2, 7), by=(1,))]

    def seen(facts):
        overview = public(count(facts, calendar))
        return column("It", "opened", facts, calendar, overview, in_full=False)

    found = seen(Facts(works))
    assert (found.cells[1].count, found.total.count) == (5, 5)
    assert [part.hidden for part in found.parts] == [True, True, False, False]
    assert [part.count for part in seen(Facts([*works, *(pull(pk, at(2, 7), by=(pk,)) for pk in (2, 3))])).parts] == [4, 3, 0, 0]


def test_parts_of_the_way_tell_no_more_than_the_weeks():
    facts = Facts([pull(1, at(2, 2), by=(1,)), *(pull(pk, at(2, 9), by=(pk,)) for pk in range(2, 7))])
    calendar = weeks(day(2, 1), day(2, 8))
    seen = public(count(facts, calendar))
    found = column("It", "opened", facts, calendar, seen, in_full=False)
    assert all(each.hidden or not each.count for each in [*found.cells.values(), *found.parts])
    assert found.total.count == 6
