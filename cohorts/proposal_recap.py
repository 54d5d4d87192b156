"""How balanced a proposal is: tiers, wishes, parts of the world and first-time applicants among those who are placed."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from .forming_inputs import availability_of
from .models import Application, Cohort, Proposal

#: Parts of the world by the first part of a time zone's name.
_REGIONS = {
    "Africa": "africa", "America": "americas", "US": "americas", "Canada": "americas", "Brazil": "americas", "Asia": "asia",
    "Europe": "europe", "Australia": "oceania", "Pacific": "oceania",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One line of the recap: of `people` who were considered `placed` have a place."""

    label: str
    people: int
    placed: int


@dataclass(frozen=True)
class Recap:
    """Groups of lines, each with its heading; wishes count only those who are placed."""

    groups: list[tuple[str, list[Line]]]


def recap_of(proposal: Proposal, rows: Mapping[int, Application], cohorts: Mapping[int, Cohort]) -> Recap:
    """The balance of `proposal`, over all applications that were considered and are still there. One query."""
    cohort_of = {pk: cohort for cohort, people in proposal.members.items() for pk in people}
    earlier = set(
        Application.objects.filter(applicant__in=[one.applicant_id for one in rows.values()], submitted_at__isnull=False)
        .exclude(session=proposal.session_id)
        .values_list("applicant_id", flat=True)
    )

    def group(key: Callable[[Application], tuple]) -> list[Line]:
        people = Counter(key(one) for one in rows.values())
        placed = Counter(key(one) for pk, one in rows.items() if pk in cohort_of)
        return [Line(found[-1], people[found], placed[found]) for found in sorted(people)]

    def tier(one: Application) -> tuple:
        return (1, 0, _("No tier")) if one.tier is None else (0, one.tier, _("Tier %(tier)s") % {"tier": one.tier})

    def first_time(one: Application) -> tuple:
        return (1, _("Applied before")) if one.applicant_id in earlier else (0, _("Apply for the first time"))

    projects = {cohort.project_id: cohort.project.name for cohort in cohorts.values() if cohort.project is not None}
    first_wish = {pk: _first_wish(one) for pk, one in rows.items()}
    wished = Counter(first_wish.values())
    met = Counter(
        first_wish[pk]
        for pk, cohort in cohort_of.items()
        if pk in rows and cohort in cohorts and first_wish[pk] is not None and cohorts[cohort].project_id == first_wish[pk]
    )
    wishes = [
        Line(name, wished[pk], met[pk]) for pk, name in sorted(projects.items(), key=lambda item: item[1].lower()) if wished[pk]
    ]
    groups = [
        (_("Tiers"), group(tier)),
        (_("Part of the world, by time zone"), group(_region)),
        (_("First time"), group(first_time)),
    ]
    if wishes:
        groups.append((_("First wish, and how many got it"), wishes))
    return Recap(groups)


def _first_wish(application: Application) -> int | None:
    wishes = sorted(application.project_preferences.all(), key=lambda one: one.rank)
    return wishes[0].project_id if wishes else None


def _region(application: Application) -> tuple:
    said = availability_of(application.applicant)
    zone = said.time_zone if said is not None else application.applicant.time_zone
    names = {
        "africa": _("Africa"),
        "americas": _("The Americas"),
        "asia": _("Asia"),
        "europe": _("Europe"),
        "oceania": _("Australia and the Pacific"),
        "other": _("Elsewhere, or not said"),
    }
    code = _REGIONS.get(zone.partition("/")[0], "other")
    return (code == "other", names[code])
