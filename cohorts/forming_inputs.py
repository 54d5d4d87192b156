"""What the solver is asked for a session: read from the database in a constant number of queries, and what is missing for it."""

import datetime
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import Availability, User

from .experience import known_levels
from .forming import Applicant, CohortPlan, Instance
from .forming.hours import SessionHours, session_hours
from .models import Application, Cohort, Membership, Session
from .placing import TAKING_A_PLACE

Decision = Application.Decision

#: Decisions that an organiser noted against a place: whoever has one is not part of forming.
AGAINST = (Decision.WAITLIST, Decision.NOT_SELECTED)


@dataclass
class Inputs:
    """The question to the solver, with the rows that it was made of. The instance has applications and cohorts by their ids."""

    session: Session
    instance: Instance
    #: When people have time, by the id of the person.
    hours: SessionHours[int]
    #: Applications that the instance asks about, with applicant and preferences, by id.
    applications: dict[int, Application]
    #: All cohorts of the session; those without a free place are not part of the instance.
    cohorts: dict[int, Cohort]
    #: Navigators and captains by cohort, with their users, in the order of the instance.
    leaders: dict[int, list[Membership]]
    #: Members whom forming does not ask about and who keep their places, by cohort.
    settled: dict[int, list[Membership]]
    #: Where applicants of `applications` have a place already.
    placed: dict[int, int]
    #: Under review, and left out because a decision against a place is noted.
    decided_against: list[Application]
    #: The number that stands for “no tier” in the instance; None where everybody has one.
    no_tier: int | None

    def snapshot(self) -> dict[str, Any]:
        """What `Proposal.inputs` keeps of it: JSON without names."""
        return {
            "applicants": [one.id for one in self.instance.applicants],
            "cohorts": {
                str(plan.id): {
                    "project": plan.project,
                    "smallest": plan.smallest,
                    "largest": plan.largest,
                    "leaders": sorted(one.user_id for one in self.leaders[plan.id]),
                }
                for plan in self.instance.cohorts
            },
            "cohort_slots": self.instance.cohort_slots,
            "captain_slots": self.instance.captain_slots,
            "no_tier": self.no_tier,
            "mixes_experience": any(one.experience is not None for one in self.instance.applicants),
            "placed": {str(pk): cohort for pk, cohort in self.placed.items()},
        }


def build_instance(
    session: Session,
    *,
    by=None,
    among: Collection[int] | None = None,
    pins: Mapping[int, int] | None = None,
    bans: Mapping[int, Iterable[int]] | None = None,
    anyone: bool = False,
) -> Inputs:
    """What can be asked of the solver now, about all applications on which `by` decides, or about those of `among` (ids).

    Applications under review or on the waitlist count, those that are not eligible left out, and so are people who lead a cohort of
    the session and those about whom a decision against a place is noted. Whoever has a place is pinned to it, unless `pins` (cohort
    by application, ids) says otherwise; pins and bans about what is not there any more are passed over. People without a tier come
    after all others. With `anyone` the status of an application and what is noted about it do not matter. Raises `InstanceError`
    where limits make no sense. Six queries, and two for the levels of experience.
    """
    cohorts = {one.pk: one for one in session.cohorts.select_related("project")}
    leaders, members = _memberships(cohorts)
    possible = _possible(session, by, among, {one.user_id for rows in leaders.values() for one in rows}, anyone)
    asked = {one.pk: one for one in possible if anyone or one.pending_decision not in AGAINST}
    people = {one.applicant_id for one in asked.values()}
    settled = {pk: [row for row in members[pk] if row.user_id not in people] for pk in cohorts}
    place_of = {row.user_id: pk for pk, rows in members.items() for row in rows}
    placed = {pk: place_of[one.applicant_id] for pk, one in asked.items() if one.applicant_id in place_of}
    hours = _session_hours(
        session,
        [one.applicant for one in asked.values()] + [row.user for rows in (*leaders.values(), *settled.values()) for row in rows],
    )
    plans = [
        plan for one in cohorts.values() if (plan := _plan(session, one, leaders[one.pk], settled[one.pk], hours)) is not None
    ]
    open_ids = {plan.id for plan in plans}
    fixed = {pk: cohort for pk, cohort in {**placed, **(pins or {})}.items() if cohort in open_ids}
    tiers = [one.tier for one in asked.values() if one.tier is not None]
    no_tier = max(tiers, default=-1) + 1 if len(tiers) < len(asked) else None
    levels = known_levels(session)
    instance = Instance(
        [
            Applicant(
                pk,
                hours.hours[one.applicant_id],
                tier=(no_tier or 0) if one.tier is None else one.tier,
                projects=tuple(wishes_of(one)),
                experience=levels.get(pk),
                pinned=fixed.get(pk),
                banned=frozenset(open_ids.intersection((bans or {}).get(pk, ())) - {fixed.get(pk)}),
            )
            for pk, one in asked.items()
        ],
        plans,
        cohort_slots=_half_hours(session.min_cohort_overlap_hours),
        captain_slots=_half_hours(session.min_captain_overlap_hours),
    )
    against = [one for one in possible if one.pending_decision in AGAINST]
    return Inputs(session, instance, hours, asked, cohorts, leaders, settled, placed, against, no_tier)


def availability_of(user: User) -> Availability | None:
    """When somebody has time; None where they have not said so. No query where `availability` was selected with the person."""
    found = getattr(user, "availability", None)
    return found if found is not None and found.slots else None


def wishes_of(application: Application) -> list[int]:
    """The projects that somebody named, by id, the favourite first. Uses `application.project_preferences.all()`."""
    return [one.project_id for one in sorted(application.project_preferences.all(), key=lambda one: one.rank)]


def _memberships(cohorts: Mapping[int, Cohort]) -> tuple[dict[int, list[Membership]], dict[int, list[Membership]]]:
    """Those who lead each cohort, and those who take a place in it."""
    leaders: dict[int, list[Membership]] = defaultdict(list)
    members: dict[int, list[Membership]] = defaultdict(list)
    rows = Membership.objects.filter(cohort__in=list(cohorts), state__in=TAKING_A_PLACE).select_related("user__availability")
    for row in rows.order_by("pk"):
        row.cohort = cohorts[row.cohort_id]
        (leaders if row.leads else members)[row.cohort_id].append(row)
    return leaders, members


def _possible(session: Session, by, among: Collection[int] | None, leading: set[int], anyone: bool = False) -> list[Application]:
    found = session.applications.filter(applicant__is_active=True)
    if not anyone:
        found = found.worth_a_review()
    if by is not None:
        found = found.filter(pk__in=Application.objects.decided_by(by).values("pk"))
    rows = found.select_related("applicant__availability").defer("draft").prefetch_related("project_preferences").order_by("pk")
    wanted = None if among is None else set(among)
    return [one for one in rows if one.applicant_id not in leading and (wanted is None or one.pk in wanted)]


def _session_hours(session: Session, people: Iterable[User]) -> SessionHours[int]:
    hours: dict[int, tuple[list[int], str]] = {}
    for person in people:
        said = availability_of(person)
        hours[person.pk] = (said.slots, said.time_zone) if said is not None else ([], "UTC")
    monday = session.first_day - datetime.timedelta(days=session.first_day.weekday())
    weeks = (session.last_day - monday).days // 7 + 1
    return session_hours(hours, time_zone=session.time_zone, first=session.first_day, weeks=weeks, pause=session.pause)


def _plan(
    session: Session, cohort: Cohort, leaders: list[Membership], settled: list[Membership], hours: SessionHours[int]
) -> CohortPlan | None:
    """The places of a cohort that are free, None without one. Members who stay count like navigators: all have to meet."""
    largest = session.cohort_size_max - len(settled)
    if largest < 1:
        return None
    navigators = [hours.hours[row.user_id] for row in leaders if row.role == Membership.Role.NAVIGATOR]
    staying = [hours.hours[row.user_id] for row in settled if availability_of(row.user) is not None]
    return CohortPlan(
        cohort.pk,
        cohort.project_id,
        smallest=max(1, session.cohort_size_min - len(settled)),
        largest=largest,
        navigators=(*navigators, *staying),
        captains=tuple(hours.hours[row.user_id] for row in leaders if row.role == Membership.Role.CAPTAIN),
    )


def _half_hours(hours) -> int:
    return math.ceil(hours * 2)
