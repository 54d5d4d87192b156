"""What a page says about a proposal: cohorts with their people, who is left out and why, the verdict and the balance, in words.

Names stand only where the person who looks may know them; about others it says that another organiser decides.
"""

import datetime
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.availability import HALF_HOUR

from .forming import Change, EmptyCohort, Explanation, Hours, Obstacle, check, common
from .forming.hours import SessionHours
from .forming.rules import captain_shares, fewest
from .forming.wording import Names, empty_words, explanation_words, goal_words, hours_words, obstacle_words, problem_words
from .forming_inputs import Inputs, wishes_of
from .models import Application, Cohort, Membership, Proposal
from .proposal_changes import inputs_now, names_for, obstacles_to_accepting
from .proposal_recap import Recap, recap_of


@dataclass(frozen=True)
class Person:
    """Somebody in a proposal. `application` is None where the person who looks may not know who it is."""

    pk: int
    application: Application | None
    tier: str = ""
    wish: str = ""
    #: Why the place was not the solver's choice: fixed by an organiser, or a place that was there before.
    fixed: str = ""
    #: For those left out: why, what would help, and what stands against each cohort.
    reason: str = ""
    help: str = ""
    obstacles: tuple[str, ...] = ()


@dataclass(frozen=True)
class CommonHours:
    """When a cohort can meet, in the zone of the person who looks: half hours that follow each other as one. `begins`: said where weeks differ."""

    begins: str
    spans: list[str]


@dataclass(frozen=True)
class CohortLook:
    """A cohort of a proposal. `hours`: “5 hours”, so many a week do all share, navigators included, in the week with fewest."""

    cohort: Cohort
    people: list[Person]
    staying: list[Membership]
    leaders: list[Membership]
    places: int
    hours: str
    weeks: list[CommonHours]
    #: Captains with the fewest hours that they share with a member.
    captains: list[tuple[Membership, str]]
    empty: list[str]

    @property
    def size(self) -> int:
        return len(self.people) + len(self.staying)


@dataclass
class ProposalLook:
    """Everything that the page of a proposal with a result says."""

    proposal: Proposal
    verdict: str
    #: Where it is impossible: what stands against the people who are fixed.
    against: list[str]
    #: A tone of the site: “done”, “quiet” or “trouble”.
    tone: str
    goals: list[tuple[str, int, str]]
    cohorts: list[CohortLook]
    left_out: list[Person]
    recap: Recap
    #: Why the person who looks cannot accept it now.
    obstacles: list[str]

    @property
    def placed(self) -> int:
        return sum(len(one.people) for one in self.cohorts)


def look_at(proposal: Proposal, *, by) -> ProposalLook:
    """What `by` sees of a proposal that has a result. The number of queries does not depend on the number of people."""
    inputs = inputs_now(proposal)
    asked = Application.objects.filter(pk__in=proposal.inputs.get("applicants", []), session=proposal.session_id)
    rows = {
        one.pk: one
        for one in asked.select_related("applicant__availability").defer("draft").prefetch_related("project_preferences")
    }
    may_know = set(asked.filter(pk__in=Application.objects.decided_by(by).values("pk")).values_list("pk", flat=True))
    known = {pk: one for pk, one in rows.items() if pk in may_know}
    names = names_for(inputs, known)
    verdict, tone = verdict_of(proposal, names)
    cohorts = [_cohort(proposal, inputs, known, pk, names) for pk in proposal.members if pk in inputs.cohorts]
    cohorts.sort(key=lambda one: one.cohort.name.lower())
    return ProposalLook(
        proposal,
        verdict,
        _against(proposal, inputs, names),
        tone,
        goals=[
            (_goal_words(proposal, goal["name"]), goal["reached"], "" if proposal.is_by_hand else _of_goal(goal))
            for goal in proposal.result["goals"]
            # Where nothing is known of experience, there is nothing to mix.
            if goal["name"] != "balance" or proposal.inputs.get("mixes_experience")
        ],
        cohorts=cohorts,
        left_out=_left_out(proposal, known, names),
        recap=recap_of(proposal, known, inputs.cohorts),
        obstacles=obstacles_to_accepting(proposal, inputs, by=by) if proposal.result["verdict"] != "impossible" else [],
    )


# --- the verdict


def verdict_of(proposal: Proposal, names: Names | None = None) -> tuple[str, str]:
    """How good a result is, in a sentence, and its tone. With `names` it says which cohorts are impossible."""
    result = proposal.result
    if proposal.is_by_hand:
        return _("Put together by hand."), "quiet"
    if result["verdict"] == "impossible":
        cohorts = [names.cohorts[pk] for pk in result["impossible"] if pk in names.cohorts] if names else []
        if cohorts:
            text = ngettext(
                "Not possible: %(cohorts)s cannot be formed as asked.", "Not possible: %(cohorts)s cannot be formed as asked.", len(cohorts)
            )  # fmt: skip
            return text % {"cohorts": ", ".join(cohorts)}, "trouble"
        return _("Not possible as asked."), "trouble"
    goal = next((one for one in result["goals"] if not one["proven"]), None)
    if goal is None:
        return _("Nothing better is possible."), "done"
    return _unproven(proposal, goal), "quiet"


def _against(proposal: Proposal, inputs: Inputs, names: Names) -> list[str]:
    """Why the cohorts that are impossible are so: the rules that the people fixed there break among themselves."""
    fixed: dict[int, list[int]] = {pk: [] for pk in proposal.result["impossible"]}
    for person in inputs.instance.applicants:
        if person.pinned in fixed:
            fixed[person.pinned].append(person.id)
    problems = check(inputs.instance, {pk: people for pk, people in fixed.items() if pk in inputs.instance.cohort_by_id})
    return [problem_words(one, names) for one in problems if one.code != "pinned"]


def _unproven(proposal: Proposal, goal: Mapping[str, Any]) -> str:
    name, missing = goal["name"], None if goal["bound"] is None else goal["bound"] - goal["reached"]
    if missing is None:
        text = _("Good, and not proven to be the best: the time ended at the goal “%(goal)s”.")
        return text % {"goal": _goal_words(proposal, name)}
    if name.startswith("tier "):
        tier = name.removeprefix("tier ")
        if _is_no_tier(proposal, name):
            text = ngettext(
                "At most %(count)s more person without a tier could be placed.",
                "At most %(count)s more people without a tier could be placed.",
                missing,
            )
        else:
            text = ngettext(
                "At most %(count)s more person of tier %(tier)s could be placed.",
                "At most %(count)s more people of tier %(tier)s could be placed.",
                missing,
            )
        return text % {"count": missing, "tier": tier}
    if name == "complete":
        text = ngettext(
            "No more people of any tier can be placed. At most %(count)s more cohort could be complete.",
            "No more people of any tier can be placed. At most %(count)s more cohorts could be complete.",
            missing,
        )
        return text % {"count": missing}
    text = _("No more people of any tier can be placed. “%(goal)s” is at %(reached)s, and at most %(bound)s are possible.")
    return text % {"goal": _goal_words(proposal, name), "reached": goal["reached"], "bound": goal["bound"]}


def placed_words(proposal: Proposal) -> str:
    """How many people of which tier a result places, to compare it with others: “11 people (tier 0: 8, tier 1: 3)”."""
    tiers = []
    for goal in proposal.result["goals"]:
        if goal["name"].startswith("tier ") and goal["reached"]:
            tier = goal["name"].removeprefix("tier ")
            name = _("no tier") if _is_no_tier(proposal, goal["name"]) else _("tier %(tier)s") % {"tier": tier}
            tiers.append(f"{name}: {goal['reached']:g}")
    count = sum(len(people) for people in proposal.members.values())
    text = ngettext("%(count)s person", "%(count)s people", count) % {"count": count}
    return f"{text} ({', '.join(tiers)})" if tiers else text


def _is_no_tier(proposal: Proposal, name: str) -> bool:
    none = proposal.inputs.get("no_tier")
    return none is not None and name == f"tier {none}"


def _goal_words(proposal: Proposal, name: str) -> str:
    return _("people without a tier placed") if _is_no_tier(proposal, name) else goal_words(name)


def _of_goal(goal: Mapping[str, Any]) -> str:
    """What is known of a goal, in words."""
    if goal["proven"]:
        return _("more is not possible")
    if goal["bound"] is None:
        return _("not proven")
    return _("at most %(bound)s") % {"bound": goal["bound"]}


def progress_words(proposal: Proposal) -> str:
    """What a search works on."""
    return _goal_words(proposal, proposal.progress or "start")


# --- cohorts and people


def _cohort(proposal: Proposal, inputs: Inputs, known: Mapping[int, Application], pk: int, names: Names) -> CohortLook:
    cohort, plan = inputs.cohorts[pk], inputs.instance.cohort_by_id.get(pk)
    there = [inputs.instance.applicant_by_id[one] for one in proposal.members[pk] if one in inputs.applications]
    hours: Hours = common(inputs.instance, plan, there) if plan is not None and there else ()
    captains = []
    if plan is not None and there:
        shares = zip(*(captain_shares(plan, person) for person in there), strict=True)
        rows = [row for row in inputs.leaders[pk] if row.role == Membership.Role.CAPTAIN]
        captains = [(row, hours_words(min(each))) for row, each in zip(rows, shares, strict=True)]
    empty = next((one for one in proposal.result["empty"] if one["cohort"] == pk), None)
    return CohortLook(
        cohort,
        people=[_member(proposal, inputs, known.get(one), one, cohort) for one in proposal.members[pk]],
        staying=inputs.settled[pk],
        leaders=inputs.leaders[pk],
        places=proposal.session.cohort_size_max,
        hours=hours_words(fewest(hours)) if hours else "",
        weeks=common_times(inputs.hours, hours),
        captains=captains,
        empty=empty_words(_empty_cohort(empty), _as_then(proposal, names)) if empty and not proposal.members[pk] else [],
    )


def _member(proposal: Proposal, inputs: Inputs, application: Application | None, pk: int, cohort: Cohort) -> Person:
    if application is None:
        return Person(pk, None)
    fixed = ""
    if proposal.pins.get(pk) == cohort.pk:
        fixed = _("fixed by an organiser")
    elif proposal.inputs.get("placed", {}).get(str(pk)) == cohort.pk:
        fixed = _("had this place before")
    return Person(pk, application, tier=tier_words(application), wish=wish_words(application, cohort), fixed=fixed)


def tier_words(application: Application) -> str:
    return _("no tier") if application.tier is None else _("tier %(tier)s") % {"tier": application.tier}


def wish_words(application: Application, cohort: Cohort) -> str:
    """Where the cohort's project stands among what the person wished for."""
    wishes = wishes_of(application)
    if not wishes:
        return _("named no project")
    if cohort.project_id is None:
        return _("the cohort has no project yet")
    if cohort.project_id not in wishes:
        return _("did not name this project")
    rank = wishes.index(cohort.project_id) + 1
    return {1: _("first wish"), 2: _("second wish"), 3: _("third wish")}.get(rank) or _("wish number %(rank)s") % {"rank": rank}


def _left_out(proposal: Proposal, known: Mapping[int, Application], names: Names) -> list[Person]:
    """Those who have no place, the best tiers first."""
    then = _as_then(proposal, names)
    explanations = {one["applicant"]: one for one in proposal.result["explanations"]}
    people = []
    for pk in proposal.result["left_out"]:
        application = known.get(pk)
        if application is not None and proposal.is_by_hand:
            # Why not, and where they could go, is shown where cohorts are arranged.
            people.append(Person(pk, application, tier=tier_words(application)))
            continue
        if application is None or pk not in explanations:
            people.append(Person(pk, None))
            continue
        explanation = _explanation(explanations[pk])
        reason, *more = explanation_words(explanation, then)
        people.append(
            Person(
                pk,
                application,
                tier=tier_words(application),
                reason=reason,
                help=" ".join(more),
                obstacles=tuple(obstacle_words(one, then) for one in explanation.obstacles),
            )
        )
    return sorted(people, key=lambda one: (*by_tier(one.application), one.pk))


def by_tier(application: Application | None) -> tuple:
    """To order people: the best tier first, then by name, and in the end those of whom the person who looks may not know who they are."""
    if application is None:
        return (2, 0, "")
    return (application.tier is None, application.tier or 0, application.applicant.get_full_name().lower())


def shared_words(inputs: Inputs, cohort: int, ids: Iterable[int]) -> str:
    """“5 hours”: what a cohort of these people shares in the week in which it shares fewest; empty where nobody is there."""
    plan = inputs.instance.cohort_by_id.get(cohort)
    there = [inputs.instance.applicant_by_id[pk] for pk in ids if pk in inputs.applications]
    return hours_words(fewest(common(inputs.instance, plan, there))) if plan is not None and there else ""


def _as_then(proposal: Proposal, names: Names) -> Names:
    """The names, with the weeks as they were counted when the proposal was made."""
    begins = tuple(datetime.datetime.fromisoformat(one) for one in proposal.result["begins"])
    hours: SessionHours[int] = SessionHours({}, begins, ())
    return Names(names.applicants, names.cohorts, names.projects, hours, names.time_zone, names.navigators, names.captains)


def _explanation(stored: Mapping[str, Any]) -> Explanation:
    change = stored["change"]
    return Explanation(
        stored["applicant"],
        stored["code"],
        tuple(Obstacle(**one) for one in stored["obstacles"]),
        Change(**{**change, "times": tuple(change["times"])}) if change else None,
    )


def _empty_cohort(stored: Mapping[str, Any]) -> EmptyCohort:
    return EmptyCohort(**{**stored, "times": tuple((slot, people) for slot, people in stored["times"])})


# --- common hours


def common_times(hours: SessionHours, shared: Hours) -> list[CommonHours]:
    """The half hours `shared` as the reader's clock shows them; weeks that look the same on it stand here once."""
    zone = zoneinfo.ZoneInfo(timezone.get_current_timezone_name())
    found: dict[tuple[str, ...], str] = {}
    for week, bits in enumerate(shared):
        starts = [hours.at(week, slot) for slot in range(bits.bit_length()) if bits >> slot & 1]
        spans = tuple(spans_of(starts, zone))
        found.setdefault(spans, date_format(hours.mondays[week][0], "j F"))
    return [CommonHours(begins if len(found) > 1 else "", list(spans)) for spans, begins in found.items()]


def spans_of(starts: Iterable[datetime.datetime], zone: zoneinfo.ZoneInfo) -> list[str]:
    """“Tuesday 18:00 to 19:30” for half hours that follow each other, by the days of the reader's week."""
    runs: list[list[datetime.datetime]] = []
    for start in starts:
        if runs and runs[-1][1] == start:
            runs[-1][1] = start + HALF_HOUR
        else:
            runs.append([start, start + HALF_HOUR])
    local = sorted(
        ((begins.astimezone(zone), ends.astimezone(zone)) for begins, ends in runs),
        key=lambda run: (run[0].weekday(), run[0].time()),
    )
    return [
        _("%(day)s %(begins)s to %(ends)s")
        % {"day": date_format(begins, "l"), "begins": f"{begins:%H:%M}", "ends": f"{ends:%H:%M}"}
        for begins, ends in local
    ]
