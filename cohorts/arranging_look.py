"""What the pages for forming cohorts by hand say: cohorts with their people, who has no place, and what a change would break or better."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User

from .arranging import OPEN, Arranged
from .forming import Difference, Problem, common
from .forming.rules import fewest
from .forming.wording import Names, goal_words, hours_words, problem_words
from .forming_inputs import wishes_of
from .models import Application, Cohort, Membership
from .proposal_changes import names_for
from .proposal_look import by_tier, shared_words, tier_words, wish_words

#: Drawn for the first wishes of a person.
MARKS = "①②③④⑤⑥⑦⑧⑨"
#: Changes that the page lists, the newest first.
LISTED_CHANGES = 20
#: This does not keep anybody out: cohorts are filled one by one.
HARMLESS = frozenset({"too few"})


@dataclass(frozen=True)
class Effect:
    """What a change does, in sentences. It `asks` before it is made where it breaks something."""

    breaks: list[str]
    #: What did not hold before either where somebody comes.
    still: list[str]
    better: list[str]
    worse: list[str]
    is_possible: bool

    @property
    def asks(self) -> bool:
        return bool(self.breaks)


@dataclass(frozen=True)
class Row:
    """Somebody in a cohort, or without one. `application` is None where the person who looks may not know who it is."""

    pk: int
    application: Application | None
    tier: str = ""
    mark: str = ""
    wish: str = ""
    #: Hours in common with those who lead the cohort.
    hours: str = ""
    fixed: bool = False
    warnings: list[str] = field(default_factory=list)
    #: For those without a place: cohorts whose rules all let them in.
    fits: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        if self.application is None:
            return _("Somebody on whom another organiser decides")
        return self.application.applicant.get_full_name()


@dataclass(frozen=True)
class Column:
    """A cohort as it is. `problems` are those of the cohort as a whole; those of one person stand with the person."""

    cohort: Cohort
    rows: list[Row]
    staying: list[Membership]
    leaders: list[Membership]
    places: int
    hours: str
    problems: list[str]
    is_open: bool

    @property
    def size(self) -> int:
        return len(self.rows) + len(self.staying)

    @property
    def free(self) -> int:
        return max(self.places - self.size, 0) if self.is_open else 0


@dataclass(frozen=True)
class ChangeMade:
    """One change, for taking it and all later ones back: `count` of them."""

    text: str
    who: str
    at: object
    count: int


@dataclass(frozen=True)
class Choice:
    """A place that somebody could have: in a cohort, or in none; or that of another person, for a change of places."""

    cohort: Cohort | None
    effect: Effect
    with_whom: Row | None = None


class ArrangedLook:
    """Puts `Arranged` into words. Reads nothing from the database but who made changes."""

    def __init__(self, now: Arranged) -> None:
        self.now, self.inputs, self.proposal = now, now.inputs, now.proposal
        self.names: Names = names_for(now.inputs, now.known)
        self.is_open = now.proposal.state in OPEN
        self.problems = now.arrangement.problems()
        self._of_person: dict[int, list[str]] = defaultdict(list)
        self._of_cohort: dict[int | None, list[str]] = defaultdict(list)
        for one in self.problems:
            if one.applicant is not None:
                self._of_person[one.applicant].append(problem_words(one, self.names))
            else:
                self._of_cohort[one.cohort].append(problem_words(one, self.names))

    # --- the page

    @property
    def placed(self) -> int:
        return len(self.now.arrangement.place_of)

    @property
    def places(self) -> int:
        return sum(plan.largest for plan in self.inputs.instance.cohorts)

    @property
    def is_full(self) -> bool:
        """Whether no cohort has a free place: then nobody fits, whatever they wished for."""
        return self.placed >= self.places

    def columns(self) -> list[Column]:
        """All cohorts of the session by their names."""
        return [self._column(one) for one in sorted(self.inputs.cohorts.values(), key=lambda one: one.name.lower())]

    def column(self, cohort: int) -> Column | None:
        """One cohort, or None where it is not there."""
        return self._column(self.inputs.cohorts[cohort]) if cohort in self.inputs.cohorts else None

    def row(self, pk: int) -> Row:
        """Somebody, wherever they are."""
        here = self.now.arrangement.place_of.get(pk)
        return self._row(pk, self.inputs.cohorts.get(here) if here is not None else None)

    def left_out(self, *, name: str = "", tier: str = "") -> list[Row]:
        """Who has no place and whose name has `name` in it, of a tier (“0”, “none”), the best tiers first. Without what fits."""
        rows = [self._row(pk, None) for pk in self.now.arrangement.left_out() if pk in self.now.known]
        wanted = name.strip().lower()
        found = [one for one in rows if wanted in one.name.lower() and (not tier or tier == _tier_key(self.now.known[one.pk]))]
        return sorted(found, key=lambda one: self._by_tier(one.pk))

    def with_fits(self, rows: Iterable[Row]) -> list[Row]:
        """The same people with the cohorts that they could join without breaking a rule."""
        return [
            Row(one.pk, one.application, one.tier, one.mark, one.wish, one.hours, one.fixed, one.warnings, self._fits(one.pk))
            for one in rows
        ]

    def tiers(self) -> list[tuple[str, str]]:
        """The tiers of those without a place, for the filter."""
        people = [self.now.known[pk] for pk in self.now.arrangement.left_out() if pk in self.now.known]
        return sorted(
            {(_tier_key(one), tier_words(one)) for one in people}, key=lambda each: (each[0] == "none", each[0].zfill(3))
        )

    def meanwhile(self) -> list[str]:
        """What happened outside since it was begun or brought up to date."""
        now = self.now
        found = []
        if now.gone:
            text = ngettext(
                "%(count)s person who is placed here cannot be placed any more: withdrawn, decided otherwise, or not eligible.",
                "%(count)s people who are placed here cannot be placed any more: withdrawn, decided otherwise, or not eligible.",
                len(now.gone),
            )
            found.append(text % {"count": len(now.gone)})
        for pk, cohort in now.placed_elsewhere.items():
            found.append(
                _("%(person)s has a place in %(cohort)s by now.")
                % {"person": self.names.applicants.get(pk, _("Somebody")), "cohort": self.names.cohorts[cohort]}
            )
        if now.closed:
            found.append(_("A cohort with people in it was deleted or filled."))
        if now.newcomers:
            text = ngettext("%(count)s more person can be placed.", "%(count)s more people can be placed.", len(now.newcomers))
            found.append(text % {"count": len(now.newcomers)})
        return found

    def changes(self) -> list[ChangeMade]:
        """What was changed, the newest first. One query."""
        steps = list(enumerate(reversed(self.proposal.moves[-LISTED_CHANGES:]), 1))
        people = User.objects.in_bulk({step["by"] for _count, step in steps}) if steps else {}
        return [
            ChangeMade(
                self._step_words(step),
                people[step["by"]].get_full_name() if step["by"] in people else _("Somebody"),
                parse_datetime(step["at"]),
                count,
            )
            for count, step in steps
        ]

    # --- choosing

    def choices(self, pk: int) -> list[Choice]:
        """Where somebody could go, the best first; out of the cohort comes last."""
        arrangement = self.now.arrangement
        found = sorted(arrangement.targets(pk), key=lambda each: (each[0] is None, *arrangement.rank(each[1]), each[0] or 0))
        return [Choice(self.inputs.cohorts[cohort] if cohort else None, self.effect(change)) for cohort, change in found]

    def choice(self, pk: int, cohort: int | None) -> Choice:
        """What putting somebody there does."""
        there = self.inputs.cohorts[cohort] if cohort is not None else None
        return Choice(there, self.effect(self.now.arrangement.difference({pk: cohort})))

    def swaps(self, pk: int) -> list[Choice]:
        """With whom somebody could change places, the best first: those that break nothing, or mend something."""
        arrangement = self.now.arrangement
        here = arrangement.place_of.get(pk)
        found = []
        for other, there in arrangement.place_of.items():
            if there == here or other not in self.now.known:
                continue
            change = arrangement.difference({pk: there, other: here})
            found.append((arrangement.rank(change), other, there, change))
        return [
            Choice(self.inputs.cohorts[there], self.effect(change), self._row(other, self.inputs.cohorts[there]))
            for _rank, other, there, change in sorted(found, key=lambda each: each[:2])
        ]

    def candidates(self, cohort: int) -> list[tuple[Row, Effect]]:
        """Who without a place could come into a cohort, the best first."""
        free = [pk for pk in self.now.arrangement.left_out() if pk in self.now.known]
        there = self.inputs.cohorts[cohort]
        return [(self._row(pk, there), self.effect(change)) for pk, change in self.now.arrangement.candidates(cohort, free)]

    def effect(self, change: Difference) -> Effect:
        """A change in sentences."""
        better = [_("No longer: %(problem)s") % {"problem": self._words(one)} for one in change.mends]
        worse: list[str] = []
        for name, count in change.measures.items():
            (better if count > 0 else worse).append(self._measure_words(name, count))
        return Effect(
            [self._words(one) for one in change.breaks],
            [self._words(one) for one in change.stays],
            better,
            worse,
            change.is_possible,
        )

    # --- inside

    def _words(self, problem: Problem) -> str:
        return problem_words(problem, self.names)

    def _measure_words(self, name: str, count: int) -> str:
        """“1 more person of tier 0 has a place”."""
        number = abs(count)
        if name.startswith("tier "):
            tier = name.removeprefix("tier ")
            kind = _("without a tier") if tier == str(self.inputs.no_tier) else _("of tier %(tier)s") % {"tier": tier}
            text = (
                ngettext("%(count)s more person %(kind)s has a place.", "%(count)s more people %(kind)s have a place.", number)
                if count > 0
                else ngettext(
                    "%(count)s person %(kind)s fewer has a place.", "%(count)s people %(kind)s fewer have a place.", number
                )
            )
            return text % {"count": number, "kind": kind}
        value = hours_words(number) if name == "hours" else str(number)
        label = {"hours": _("hours in common, all cohorts together")}.get(name) or goal_words(name)
        text = _("%(goal)s: %(value)s more.") if count > 0 else _("%(goal)s: %(value)s fewer.")
        text %= {"goal": label, "value": value}
        return text[0].upper() + text[1:]

    def _column(self, cohort: Cohort) -> Column:
        plan = self.inputs.instance.cohort_by_id.get(cohort.pk)
        inside = self.proposal.members.get(cohort.pk, [])
        return Column(
            cohort,
            rows=sorted((self._row(pk, cohort) for pk in inside), key=lambda one: self._by_tier(one.pk)),
            staying=self.inputs.settled[cohort.pk],
            leaders=self.inputs.leaders[cohort.pk],
            places=self.proposal.session.cohort_size_max,
            hours=shared_words(self.inputs, cohort.pk, inside),
            problems=self._of_cohort[cohort.pk],
            is_open=plan is not None,
        )

    def _row(self, pk: int, cohort: Cohort | None) -> Row:
        application = self.now.known.get(pk)
        if application is None:
            return Row(pk, None, warnings=[] if pk in self.inputs.applications else [_("Cannot be placed any more.")])
        plan = self.inputs.instance.cohort_by_id.get(cohort.pk) if cohort is not None else None
        person = self.inputs.instance.applicant_by_id[pk]
        hours = fewest(common(self.inputs.instance, plan, [person])) if plan is not None else fewest(person.hours)
        return Row(
            pk,
            application,
            tier=tier_words(application),
            mark=_mark(application, cohort) if cohort is not None else "",
            wish=wish_words(application, cohort) if cohort is not None else self._wishes(application),
            hours=hours_words(hours),
            fixed=cohort is not None and self.proposal.pins.get(pk) == cohort.pk,
            warnings=self._of_person.get(pk, []),
        )

    def _wishes(self, application: Application) -> str:
        """The projects that somebody named, as far as cohorts of the session have them, in their order."""
        wishes = wishes_of(application)
        names = [
            f"{MARKS[place] if place < len(MARKS) else place + 1} {self.names.projects[project]}"
            for place, project in enumerate(wishes)
            if project in self.names.projects
        ]
        return ", ".join(names) if names else _("named no project") if not wishes else _("named other projects")

    def _fits(self, pk: int) -> list[str]:
        return [
            self.names.cohorts[cohort]
            for cohort, change in self.now.arrangement.targets(pk)
            if cohort is not None and not {one.code for one in (*change.breaks, *change.stays)} - HARMLESS
        ]

    def _by_tier(self, pk: int) -> tuple:
        return (*by_tier(self.now.known.get(pk)), pk)

    def _step_words(self, step: dict) -> str:
        parts = []
        for pk, was in step["was"].items():
            name = self.names.applicants.get(int(pk), _("Somebody"))
            before, after = was["cohort"], step["to"].get(pk)
            if before == after:
                parts.append(_("%(person)s: fixed, let loose or kept out") % {"person": name})
            else:
                places = (self.names.cohorts.get(one or 0, _("no cohort")) for one in (before, after))
                parts.append(f"{name}: {' → '.join(places)}")
        return "; ".join(parts)


def _mark(application: Application, cohort: Cohort) -> str:
    wishes = wishes_of(application)[: len(MARKS)]
    return MARKS[wishes.index(cohort.project_id)] if cohort.project_id in wishes else ""


def _tier_key(application: Application) -> str:
    return "none" if application.tier is None else str(application.tier)


def state_words(rows: Sequence[Problem]) -> str:
    """“3 rules do not hold.”, or that all do."""
    if not rows:
        return _("All rules hold.")
    return ngettext("%(count)s rule does not hold.", "%(count)s rules do not hold.", len(rows)) % {"count": len(rows)}
