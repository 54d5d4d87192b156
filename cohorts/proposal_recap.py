"""How balanced a proposal is: tiers, experience, wishes, projects, parts of the world and first-time applicants, in all and by cohort."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from .experience import Experience, experience_in
from .forming_inputs import availability_of, wishes_of
from .models import Application, Cohort, Proposal
from .proposal_spread import Spread, spread_over

#: Parts of the world by the first part of a time zone's name.
_REGIONS = {
    "Africa": "africa", "America": "americas", "US": "americas", "Canada": "americas", "Brazil": "americas", "Asia": "asia",
    "Europe": "europe", "Australia": "oceania", "Pacific": "oceania",
}  # fmt: skip
#: What a wish is by its rank; `None` stands for people who named no project.
_WISHES = (1, 2, 3)
UNSAID = -1


@dataclass(frozen=True)
class Line:
    """One line of the recap: of `people` who were considered `placed` have a place."""

    label: str
    people: int
    placed: int


@dataclass(frozen=True)
class Recap:
    """Groups of lines, each with its heading; wishes and projects count only those who named them.

    `spreads` are the same cohort by cohort, as pictures with tables. `notes` say what stands out, in sentences.
    """

    groups: list[tuple[str, list[Line]]]
    spreads: list[Spread] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    #: Whether the session names a question about experience: without one nothing is known of it.
    knows_experience: bool = False


def recap_of(proposal: Proposal, rows: Mapping[int, Application], cohorts: Mapping[int, Cohort]) -> Recap:
    """The balance of `proposal` over the applications `rows` (by id, with applicant and preferences) that one may look at. Three queries."""
    return _Counting(proposal, rows, cohorts).recap()


class _Counting:
    """What is counted, and over whom."""

    def __init__(self, proposal: Proposal, rows: Mapping[int, Application], cohorts: Mapping[int, Cohort]) -> None:
        self.rows, self.cohorts = rows, cohorts
        self.members = {pk: [one for one in people if one in rows] for pk, people in proposal.members.items() if pk in cohorts}
        self.cohort_of = {pk: cohort for cohort, people in self.members.items() for pk in people}
        self.earlier = set(
            Application.objects.filter(applicant__in=[one.applicant_id for one in rows.values()], submitted_at__isnull=False)
            .exclude(session=proposal.session_id)
            .values_list("applicant_id", flat=True)
        )
        self.experience = experience_in(proposal.session, among=rows)

    def recap(self) -> Recap:
        in_order = sorted(self.members, key=lambda pk: self.cohorts[pk].name.lower())
        placed = [(_("All who have a place"), list(self.cohort_of))]
        placed += [(self.cohorts[pk].name, self.members[pk]) for pk in in_order if self.members[pk]]
        everybody = [(_("All who were considered"), list(self.rows))]
        groups, spreads = [], []
        for code, heading, parts, part_of in self._aspects():
            groups.append((heading, self._lines(parts, part_of)))
            spreads.append(spread_over(code, heading, parts, part_of, [*everybody, *placed], unsaid=UNSAID))
        spreads.append(spread_over("wishes", _("Wishes"), _wish_parts(), self._wish, placed, unsaid=UNSAID))
        groups += [(heading, lines) for heading, lines in self._projects() if lines]
        return Recap(
            groups,
            [one for one in spreads if one.says_something] if self.cohort_of else [],
            self._notes(self.experience) if self.experience is not None else [],
            self.experience is not None,
        )

    def _aspects(self) -> Iterable[tuple[str, str, list[tuple[int, str]], Callable[[int], int]]]:
        """What everybody is counted by: a code, a heading, the parts with their words, and the part of an application."""
        if self.experience is not None:
            levels = self.experience.of
            words = [*enumerate(self.experience.levels), (UNSAID, _("Not said"))]
            yield "experience", _("Experience"), words, lambda pk: levels.get(pk, UNSAID)
        tiers = sorted({one.tier for one in self.rows.values() if one.tier is not None})
        words = [(tier, _("Tier %(tier)s") % {"tier": tier}) for tier in tiers]
        yield "tiers", _("Tiers"), [*words, (UNSAID, _("No tier"))], self._tier
        yield "world", _("Part of the world, by time zone"), list(enumerate(_region_words().values())), self._region
        firsts = [(0, _("Apply for the first time")), (1, _("Applied before"))]
        yield "firsts", _("First time"), firsts, lambda pk: int(self.rows[pk].applicant_id in self.earlier)

    def _lines(self, parts: Iterable[tuple[int, str]], part_of: Callable[[int], int]) -> list[Line]:
        people = Counter(map(part_of, self.rows))
        placed = Counter(map(part_of, self.cohort_of))
        return [Line(words, people[part], placed[part]) for part, words in parts if people[part]]

    def _tier(self, pk: int) -> int:
        tier = self.rows[pk].tier
        return UNSAID if tier is None else tier

    def _region(self, pk: int) -> int:
        applicant = self.rows[pk].applicant
        said = availability_of(applicant)
        zone = said.time_zone if said is not None else applicant.time_zone
        return list(_region_words()).index(_REGIONS.get(zone.partition("/")[0], "other"))

    def _wishes(self, pk: int) -> list[int]:
        return wishes_of(self.rows[pk])

    def _wish(self, pk: int) -> int:
        """Which wish of somebody the place is: 1 and up, 0 for none of them, `UNSAID` where there is nothing to go by."""
        wishes, project = self._wishes(pk), self.cohorts[self.cohort_of[pk]].project_id
        if not wishes or project is None:
            return UNSAID
        return min(wishes.index(project) + 1, len(_WISHES)) if project in wishes else 0

    def _projects(self) -> list[tuple[str, list[Line]]]:
        """Who named each project of the cohorts, as the first wish and at all, and who of them is placed in it."""
        names = {one.project.pk: one.project.name for one in self.cohorts.values() if one.project is not None}
        in_order = sorted(names.items(), key=lambda item: item[1].lower())
        project_of = {pk: self.cohorts[cohort].project_id for pk, cohort in self.cohort_of.items()}
        found = []
        for heading, most in (
            (_("First wish, and how many got it"), 1),
            (_("Projects: who named it, and is placed in it"), None),
        ):
            named = {pk: self._wishes(pk)[:most] for pk in self.rows}
            wished = Counter(project for projects in named.values() for project in projects)
            met = Counter(project for pk, project in project_of.items() if project in named[pk])
            found.append((heading, [Line(name, wished[pk], met[pk]) for pk, name in in_order if wished[pk]]))
        return found

    def _notes(self, experience: Experience) -> list[str]:
        """Cohorts in which everybody is at the same level, those at the lowest first."""
        found: list[tuple[int, str, str]] = []
        for pk, people in self.members.items():
            levels = {experience.of[one] for one in people if one in experience.of}
            if len(people) > 1 and len(levels) == 1:
                found.append((min(levels), self.cohorts[pk].name, self._same_level(pk, min(levels), experience)))
        return [words for _level, _name, words in sorted(found)]

    def _same_level(self, cohort: int, level: int, experience: Experience) -> str:
        known = {"cohort": self.cohorts[cohort].name, "level": experience.levels[level]}
        if level == 0:
            return _("%(cohort)s has beginners only: everybody whose experience is known is at “%(level)s”.") % known
        return _("In %(cohort)s everybody whose experience is known is at “%(level)s”.") % known


def _wish_parts() -> list[tuple[int, str]]:
    return [
        (1, _("First wish")), (2, _("Second wish")), (3, _("Third wish or later")), (UNSAID, _("Nothing wished for, or no project yet")),
        (0, _("Not wished for")),
    ]  # fmt: skip


def _region_words() -> dict[str, str]:
    return {
        "africa": _("Africa"),
        "americas": _("The Americas"),
        "asia": _("Asia"),
        "europe": _("Europe"),
        "oceania": _("Australia and the Pacific"),
        "other": _("Elsewhere, or not said"),
    }
