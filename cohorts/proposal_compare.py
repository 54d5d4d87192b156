"""Two proposals of a session side by side, or one and the places as they are now: which is better, and whose place differs.

Both are measured by what holds today, so that an old and a new one can be compared. Names stand only where the person who looks may
know them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .forming import check, measure
from .forming.wording import goal_words, hours_words
from .forming_inputs import Inputs, build_instance, wishes_of
from .models import Application, Cohort, Proposal, Session
from .proposal_look import by_tier, shared_words, tier_words, verdict_of, wish_words

#: Stands for the places as they are, where a proposal would have its number.
NOW = "now"


@dataclass
class Side:
    """One of the two. `letter` is “A” or “B”; `proposal` is None for the places as they are."""

    letter: str
    proposal: Proposal | None
    members: Mapping[int, list[int]]
    verdict: str = ""
    #: How many people are placed who are not under review any more, and count in no measure.
    gone: int = 0
    #: How many rules it breaks by what holds today.
    problems: int = 0
    reached: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.proposal) if self.proposal is not None else _("The places as they are now")

    @property
    def cohort_of(self) -> dict[int, int]:
        return {pk: cohort for cohort, people in self.members.items() for pk in people}

    def considers(self, pk: int) -> bool:
        """Whether this one could have placed somebody."""
        return self.proposal is None or pk in self.proposal.inputs.get("applicants", [])


@dataclass(frozen=True)
class Somebody:
    """A person with the places in both, in words; `application` is None where the person who looks may not know who it is."""

    application: Application | None
    tier: str = ""
    in_a: str = ""
    in_b: str = ""


@dataclass(frozen=True)
class CohortCompared:
    """A cohort: who is in both, and who only in one. Hours are what all of it share, in words."""

    cohort: Cohort
    both: list[Somebody]
    only_a: list[Somebody]
    only_b: list[Somebody]
    hours_a: str
    hours_b: str

    @property
    def is_same(self) -> bool:
        return not self.only_a and not self.only_b


@dataclass(frozen=True)
class Comparison:
    """Everything that the page says. `words` come first; `measures` are (label, A, B, letter of the better one)."""

    a: Side
    b: Side
    words: list[str]
    measures: list[tuple[str, str, str, str]]
    cohorts: list[CohortCompared]
    people: list[Somebody]
    #: People whose place differs and on whom another organiser decides.
    hidden: int

    @property
    def differing(self) -> list[CohortCompared]:
        return [one for one in self.cohorts if not one.is_same]

    @property
    def same(self) -> list[CohortCompared]:
        return [one for one in self.cohorts if one.is_same]


def compare(session: Session, first: Proposal | None, second: Proposal | None, *, by) -> Comparison:
    """Compare two proposals of `session`; None stands for the places as they are. The number of queries does not depend on the people.

    `by` organises the session, and no application of `by` is part of either proposal: see `is_part_of`.
    """
    inputs = build_instance(session)
    own = {pk for pk, one in inputs.applications.items() if one.applicant_id == by.pk}
    a, b = (_side(letter, one, inputs, own) for letter, one in (("A", first), ("B", second)))
    placed = {*a.cohort_of, *b.cohort_of}
    rows = (
        Application.objects.filter(session=session, pk__in=placed)
        .select_related("applicant")
        .defer("draft")
        .prefetch_related("project_preferences")
    )
    known = rows.filter(pk__in=Application.objects.decided_by(by).values("pk")).in_bulk()
    people = {pk: _somebody(pk, known.get(pk), a, b, inputs.cohorts) for pk in placed}
    differ = [pk for pk in placed if a.cohort_of.get(pk) != b.cohort_of.get(pk)]
    return Comparison(
        a,
        b,
        [*_which_is_better(a, b, inputs), *_how_many(a, b), *_not_counted(a, b)],
        _measures(a, b, inputs, known),
        [_cohort(one, a, b, people, inputs) for one in _in_order(inputs.cohorts, a, b)],
        sorted((people[pk] for pk in differ if people[pk].application is not None), key=_in_their_order),
        sum(people[pk].application is None for pk in differ),
    )


def _side(letter: str, proposal: Proposal | None, inputs: Inputs, own: set[int]) -> Side:
    if proposal is not None:
        side = Side(letter, proposal, proposal.members, verdict=verdict_of(proposal)[0])
    else:
        members: dict[int, list[int]] = {pk: [] for pk in inputs.cohorts}
        for pk, cohort in inputs.placed.items():
            if pk not in own:
                members[cohort].append(pk)
        side = Side(letter, None, members)
    there = {
        cohort: [pk for pk in people if pk in inputs.applications]
        for cohort, people in side.members.items()
        if cohort in inputs.instance.cohort_by_id
    }
    side.gone = sum(map(len, side.members.values())) - sum(map(len, there.values()))
    # Whoever has a place now is pinned to it by today's question; that a proposal moves people is no mistake of it.
    side.problems = sum(one.code != "pinned" for one in check(inputs.instance, there))
    side.reached = {name: value for name, value in measure(inputs.instance, there).items() if name != "pinned"}
    return side


# --- words


def _which_is_better(a: Side, b: Side, inputs: Inputs) -> list[str]:
    """The first goal in the order of what counts in which they differ, and whether one of them does not hold any more."""
    found = []
    for side in (a, b):
        if side.problems:
            text = ngettext(
                "%(letter)s breaks %(count)s rule by what holds today; its page says which.",
                "%(letter)s breaks %(count)s rules by what holds today; its page says which.",
                side.problems,
            )
            found.append(text % {"letter": side.letter, "count": side.problems})
    name = next((name for name in a.reached if a.reached[name] != b.reached[name]), None)
    if name is None:
        return [*found, _("By the order of what counts, both are equally good.")]
    better, other = (a, b) if a.reached[name] > b.reached[name] else (b, a)
    text = _("By the order of what counts, %(letter)s is better: %(goal)s, %(more)s instead of %(less)s.")
    goal = _goal(name, inputs)
    return [*found, text % {"letter": better.letter, "goal": goal, "more": better.reached[name], "less": other.reached[name]}]


def _goal(name: str, inputs: Inputs) -> str:
    if inputs.no_tier is not None and name == f"tier {inputs.no_tier}":
        return _("people without a tier placed")
    return goal_words(name)


def _how_many(a: Side, b: Side) -> list[str]:
    """How many people keep their place, change it, or have one in one of the two only."""
    in_a, in_b = a.cohort_of, b.cohort_of
    both = in_a.keys() & in_b.keys()
    same = sum(in_a[pk] == in_b[pk] for pk in both)
    if same == len(in_a) == len(in_b):
        return [_("Everybody is in the same place in both.")]
    words = ngettext("%(count)s person is in the same cohort in both", "%(count)s people are in the same cohort in both", same)
    texts = [words % {"count": same} if same else _("Nobody is in the same cohort in both")]
    moved = len(both) - same
    if moved:
        texts.append(ngettext("%(count)s is in another one", "%(count)s are in another one", moved) % {"count": moved})
    for letter, count in (("A", len(in_a) - len(both)), ("B", len(in_b) - len(both))):
        if count:
            text = ngettext("%(count)s has a place in %(letter)s only", "%(count)s have a place in %(letter)s only", count)
            texts.append(text % {"count": count, "letter": letter})
    return [f"{', '.join(texts)}."]


def _not_counted(a: Side, b: Side) -> list[str]:
    text = _(
        "In %(letter)s people or cohorts have a place that are not part of forming any more: %(count)s. The figures leave them out."
    )
    return [text % {"letter": side.letter, "count": side.gone} for side in (a, b) if side.gone]


# --- measures


def _measures(a: Side, b: Side, inputs: Inputs, known: Mapping[int, Application]) -> list[tuple[str, str, str, str]]:
    """Lines of the table, in the order of what counts. The last of each is the letter of the better one, empty where both are alike."""
    found = [
        (_("Verdict of the search"), a.verdict or "–", b.verdict or "–", ""),
        _line(_("People who have a place"), len(a.cohort_of), len(b.cohort_of)),
    ]
    for name in a.reached:
        if name == "balance" and not any(one.experience is not None for one in inputs.instance.applicants):
            continue
        if name == "hours":
            better = _better(a.reached[name], b.reached[name])
            words = [hours_words(side.reached[name]) for side in (a, b)]
            found.append((_("Hours a week in common, over all cohorts"), words[0], words[1], better))
        else:
            found.append(_line(_goal(name, inputs).capitalize(), a.reached[name], b.reached[name]))
        if name == "complete":
            found.append(
                _line(_("People in the project of their first wish"), *(_first_wishes(one, inputs, known) for one in (a, b)))
            )
    found.append(_line(_("Rules broken by what holds today"), a.problems, b.problems, fewer=True))
    return found


def _line(label: str, in_a: int, in_b: int, *, fewer: bool = False) -> tuple[str, str, str, str]:
    return label, str(in_a), str(in_b), _better(-in_a, -in_b) if fewer else _better(in_a, in_b)


def _better(in_a: int, in_b: int) -> str:
    return "" if in_a == in_b else "A" if in_a > in_b else "B"


def _first_wishes(side: Side, inputs: Inputs, known: Mapping[int, Application]) -> int:
    first = {pk: wishes[0] for pk, one in known.items() if (wishes := wishes_of(one))}
    places = side.cohort_of.items()
    return sum(
        pk in first and cohort in inputs.cohorts and inputs.cohorts[cohort].project_id == first[pk] for pk, cohort in places
    )


# --- cohorts and people


def _in_order(cohorts: Mapping[int, Cohort], a: Side, b: Side) -> list[Cohort]:
    """Cohorts in which anybody has a place, by name."""
    used = [one for pk, one in cohorts.items() if a.members.get(pk) or b.members.get(pk)]
    return sorted(used, key=lambda one: (one.name.lower(), one.pk))


def _cohort(cohort: Cohort, a: Side, b: Side, people: Mapping[int, Somebody], inputs: Inputs) -> CohortCompared:
    in_a, in_b = (list(side.members.get(cohort.pk, ())) for side in (a, b))

    def listed(ids: list[int]) -> list[Somebody]:
        return sorted((people[pk] for pk in ids), key=_in_their_order)

    return CohortCompared(
        cohort,
        listed([pk for pk in in_a if pk in in_b]),
        listed([pk for pk in in_a if pk not in in_b]),
        listed([pk for pk in in_b if pk not in in_a]),
        shared_words(inputs, cohort.pk, in_a),
        shared_words(inputs, cohort.pk, in_b),
    )


def _in_their_order(one: Somebody) -> tuple:
    return by_tier(one.application)


def _somebody(pk: int, application: Application | None, a: Side, b: Side, cohorts: Mapping[int, Cohort]) -> Somebody:
    if application is None:
        return Somebody(None)
    words = [_place(pk, application, side, cohorts) for side in (a, b)]
    return Somebody(application, tier_words(application), *words)


def _place(pk: int, application: Application, side: Side, cohorts: Mapping[int, Cohort]) -> str:
    """“Juno, first wish”, or why somebody has no place."""
    where = side.cohort_of.get(pk)
    if where is None:
        return _("no place") if side.considers(pk) else _("was not part of it")
    if where not in cohorts:
        return _("a cohort that was deleted")
    return f"{cohorts[where].name}, {wish_words(application, cohorts[where])}"
