"""Sentences for what forming cohorts finds, in the reader's language."""

import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .checking import Problem
from .explaining import Change, EmptyCohort, Explanation, Obstacle
from .formation import Formation
from .hours import SessionHours

#: A sentence names so many times at most.
MOST_TIMES = 3


@dataclass(frozen=True)
class Names:
    """How things are called, by their ids, and the zone in which the reader thinks."""

    applicants: Mapping[int, str]
    cohorts: Mapping[int, str]
    projects: Mapping[int, str]
    hours: SessionHours
    time_zone: str = "UTC"
    #: The navigators and captains of each cohort in the order of its plan.
    navigators: Mapping[int, Sequence[str]] = field(default_factory=dict)
    captains: Mapping[int, Sequence[str]] = field(default_factory=dict)


def hours_words(half_hours: int) -> str:
    """“1 hour”, “2.5 hours”."""
    hours = half_hours / 2
    return ngettext("%(hours)s hour", "%(hours)s hours", 1 if half_hours == 2 else 2) % {"hours": f"{hours:g}"}


def times_words(week: int, slots: Sequence[int], names: Names) -> str:
    """“Tuesday 18:00 to 19:30 or Thursday 20:00 to 21:00” in the reader's zone, the first few."""
    spans = []
    for first, last in _runs(slots):
        begins, ends = (names.hours.at(week, slot).astimezone(zoneinfo.ZoneInfo(names.time_zone)) for slot in (first, last + 1))
        day = date_format(begins, "l")
        spans.append(_("%(day)s %(begins)s to %(ends)s") % {"day": day, "begins": f"{begins:%H:%M}", "ends": f"{ends:%H:%M}"})
    return get_text_list(spans[:MOST_TIMES], _("or"))


def problem_words(problem: Problem, names: Names) -> str:
    """What is wrong, and with whom."""
    known = {
        "person": names.applicants.get(problem.applicant or 0, _("Somebody")),
        "cohort": names.cohorts.get(problem.cohort or 0, _("A cohort")),
        "elsewhere": names.cohorts.get(problem.elsewhere or 0, _("another cohort")),
        "have": problem.have,
        "need": problem.need,
        "shared": hours_words(problem.have),
        "needed": hours_words(problem.need),
        "captain": _leader(names.captains, problem.cohort, problem.captain or 0, _("the captain")),
    }
    texts = {
        "unknown": _("%(cohort)s: somebody or something is here that is no longer part of the session.")
        if problem.applicant is not None
        else _("A cohort is here that is no longer part of the session."),
        "twice": _("%(person)s is in more than one place."),
        "too few": _("%(cohort)s has %(have)s people and needs at least %(need)s."),
        "too many": _("%(cohort)s has %(have)s people and takes at most %(need)s."),
        "project": _("%(person)s named projects, and that of %(cohort)s is not one of them."),
        "banned": _("%(person)s is kept out of %(cohort)s."),
        "pinned": _("%(person)s belongs in %(elsewhere)s and is not there."),
        "cohort hours": _("%(cohort)s has %(shared)s a week in common and needs %(needed)s."),
        "captain hours": _("%(person)s has %(shared)s a week in common with %(captain)s and needs %(needed)s."),
    }
    text = texts[problem.code] % known
    if problem.people:
        people = get_text_list([names.applicants.get(one, _("Somebody")) for one in problem.people], _("or"))
        text += " " + _("Without %(people)s it would be enough.") % {"people": people}
    return text


def obstacle_words(obstacle: Obstacle, names: Names) -> str:
    """What keeps a person out of one cohort."""
    known = {
        "cohort": names.cohorts.get(obstacle.cohort, _("A cohort")),
        "shared": hours_words(obstacle.have),
        "needed": hours_words(obstacle.need),
        "need": obstacle.need,
    }
    texts = {
        "pinned": _("%(cohort)s: belongs in another cohort."),
        "banned": _("%(cohort)s: kept out by an organiser."),
        "project": _("%(cohort)s: did not name its project."),
        "leader hours": _("%(cohort)s: %(shared)s in common with its navigators, and %(needed)s are needed."),
        "captain hours": _("%(cohort)s: %(shared)s in common with its captain, and %(needed)s are needed."),
        "not formed": _("%(cohort)s: fits, but no team could be formed."),
        "team hours": _("%(cohort)s: fits its navigators, and has %(shared)s of %(needed)s in common with all who are in it."),
        "full": _("%(cohort)s: fits, but all %(need)s places are taken."),
        "room": _("%(cohort)s: fits, and there is a place. You can add this person by hand."),
    }
    return texts[obstacle.code] % known


def explanation_words(explanation: Explanation, names: Names) -> list[str]:
    """Why somebody is in no cohort, in one sentence, and in a second one what would help, where a single change would."""
    texts = {
        "no hours": _("Has no time in at least one week of the session."),
        "stopped": _("Fits no cohort."),
        "others first": _("Fits, but others came first."),
        "room": _("There is still a place for this person. You can add them by hand."),
    }
    words = [texts[explanation.code]]
    if explanation.change is not None:
        words.append(change_words(explanation.change, names))
    return words


def change_words(change: Change, names: Names) -> str:
    """What would let a person into a cohort."""
    known = {
        "cohort": names.cohorts.get(change.cohort, _("A cohort")),
        "project": names.projects.get(change.project or 0, _("its project")),
        "hours": hours_words(change.half_hours),
        "times": times_words(change.week, change.times, names),
        "navigator": _leader(names.navigators, change.cohort, change.number, _("its navigator")),
        "captain": _leader(names.captains, change.cohort, change.number, _("its captain")),
    }
    parts = []
    if change.project is not None:
        parts.append(_("they also named %(project)s"))
    if change.half_hours:
        parts.append(
            {
                "applicant": _("they had %(hours)s more when the others have time (%(times)s)"),
                "navigator": _("%(navigator)s had %(hours)s more when the others have time (%(times)s)"),
                "captain": _("%(captain)s had %(hours)s more when this person has time (%(times)s)"),
            }[change.whose]
        )
    if change.place:
        parts.append(_("it had one more place"))
    return _("Could join %(cohort)s if %(changes)s.") % {
        "cohort": known["cohort"],
        "changes": get_text_list([part % known for part in parts], _("and")),
    }


def empty_words(empty: EmptyCohort, names: Names) -> list[str]:
    """Why a cohort has no team."""
    known = {
        "cohort": names.cohorts.get(empty.cohort, _("A cohort")),
        "accepted": empty.accepted,
        "fitting": empty.fitting,
        "need": empty.need,
        "hours": hours_words(empty.slots),
    }
    if empty.accepted < empty.need:
        text = _("%(cohort)s needs %(need)s people, and the wishes of %(accepted)s allow it.")
    elif empty.fitting < empty.need:
        text = _("%(cohort)s needs %(need)s people, and %(fitting)s have enough hours in common with those who lead it.")
    else:
        text = _(
            "%(cohort)s needs %(need)s people with %(hours)s in common all together. %(fitting)s fit those who lead it, but not each other, "
            "or they are needed elsewhere."
        )
    words = [text % known]
    if empty.times:
        slots = sorted(slot for slot, _people in empty.times)
        words.append(_("More hours of its navigators would help most on %(times)s.") % {"times": times_words(0, slots, names)})
    return words


def goal_words(name: str) -> str:
    """What a goal is called on a page."""
    if name.startswith("tier "):
        return _("people of tier %(tier)s placed") % {"tier": name.removeprefix("tier ")}
    texts = {
        "pinned": _("cohorts with fixed people formed"),
        "complete": _("complete cohorts"),
        "wishes": _("wishes met (points)"),
        "balance": _("levels of experience that meet"),
        "hours": _("half hours in common"),
        "start": _("looking at who fits where"),
        "answer": _("finding a first answer"),
    }
    return texts[name]


def verdict_words(formation: Formation) -> str:
    """How good the answer is, in one sentence."""
    goal = formation.unproven
    if formation.verdict == "impossible":
        return _("Impossible: some cohorts cannot be formed as asked.")
    if goal is None:
        return _("Best possible: no other formation is better.")
    if goal.gap is None:
        return _("Good, and not proven best: time ran out at “%(goal)s”.") % {"goal": goal_words(goal.name)}
    return _(
        "Good, and not proven best. All before “%(goal)s” is best possible; there it reaches %(reached)s, and at most %(bound)s are possible."
    ) % {
        "goal": goal_words(goal.name),
        "reached": goal.reached,
        "bound": goal.bound,
    }


def _leader(names: Mapping[int, Sequence[str]], cohort: int | None, number: int, otherwise: str) -> str:
    listed = names.get(cohort or 0, ())
    return listed[number] if number < len(listed) else otherwise


def _runs(slots: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of each row of half hours that follow each other, the longest rows first."""
    runs: list[tuple[int, int]] = []
    for slot in sorted(slots):
        if runs and runs[-1][1] == slot - 1:
            runs[-1] = (runs[-1][0], slot)
        else:
            runs.append((slot, slot))
    yield from sorted(runs, key=lambda run: (run[0] - run[1], run[0]))
