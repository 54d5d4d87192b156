"""What stands against accepting a proposal: what has changed since it was made, and who acts. In words, with names as far as one may know."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User

from .forming import NEVER, Applicant, Problem, check
from .forming.wording import Names, problem_words
from .forming_inputs import AGAINST, Inputs, availability_of, build_instance
from .models import Application, Membership, Proposal, Session
from .phases import obstacle_to_deciding
from .stages import Stage, stage_of

#: At these stages nobody is placed by forming any more, or not yet.
_TOO_EARLY = (Stage.DRAFT, Stage.ANNOUNCED, Stage.OPEN)
_TOO_LATE = (Stage.FINISHED, Stage.ARCHIVED)


def obstacle_to_forming(session: Session) -> str | None:
    """Why cohorts of `session` cannot be formed at this stage, or None."""
    stage = stage_of(session)
    if stage in _TOO_EARLY:
        return _("Cohorts are formed once applications are closed.")
    return _("This session is over.") if stage in _TOO_LATE else None


def inputs_now(proposal: Proposal) -> Inputs:
    """The question about the people whom `proposal` places, or where it places nobody about those who are fixed, as it would be asked now."""
    placed = [one for people in proposal.members.values() for one in people]
    fixed = [*proposal.pins, *map(int, proposal.inputs.get("placed", {}))]
    if proposal.is_by_hand:
        # Whoever had a place and is moved out of it takes none here.
        inputs = build_instance(proposal.session, among=[*placed, *fixed], pins=proposal.pins, bans=proposal.bans)
        return fixed_by_organisers(inputs, proposal)
    return build_instance(proposal.session, among=placed or fixed, pins=proposal.pins, bans=proposal.bans)


def fixed_by_organisers(inputs: Inputs, proposal: Proposal) -> Inputs:
    """`inputs` with what is fixed in a hand-made proposal: a place that somebody has already fixes nobody there, only organisers do."""
    pins, bans, open_ids = proposal.pins, proposal.bans, set(inputs.instance.cohort_by_id)

    def fixed(one: Applicant) -> Applicant:
        pin = pins.get(one.id) if pins.get(one.id) in open_ids else None
        return replace(one, pinned=pin, banned=frozenset(open_ids.intersection(bans.get(one.id, ())) - {pin}))

    inputs.instance = replace(inputs.instance, applicants=[fixed(one) for one in inputs.instance.applicants])
    return inputs


def names_for(inputs: Inputs, applications: Mapping[int, Application]) -> Names:
    """How things are called in sentences for the person whose request this is. `applications` are those whose names that person may know."""

    def leaders(role: str) -> dict[int, list[str]]:
        return {
            pk: [row.user.get_full_name() for row in inputs.leaders[pk] if row.role == role]
            + (
                [row.user.get_full_name() for row in inputs.settled[pk] if availability_of(row.user)]
                if role == "navigator"
                else []
            )
            for pk in inputs.cohorts
        }

    return Names(
        {pk: one.applicant.get_full_name() for pk, one in applications.items()},
        {pk: one.name for pk, one in inputs.cohorts.items()},
        {one.project.pk: one.project.name for one in inputs.cohorts.values() if one.project is not None},
        inputs.hours,
        timezone.get_current_timezone_name(),
        leaders(Membership.Role.NAVIGATOR),
        leaders(Membership.Role.CAPTAIN),
    )


def obstacles_to_accepting(proposal: Proposal, inputs: Inputs, *, by) -> list[str]:
    """Why `by` cannot accept `proposal` now; nothing where it can be accepted. `inputs` is what `inputs_now` gave."""
    session = proposal.session
    placed = {one for people in proposal.members.values() for one in people}
    if not placed:
        return [_("Nobody has a place in this proposal.")]
    found = [against for against in (obstacle_to_forming(session), obstacle_to_deciding(session)) if against is not None]
    if session.published_at is not None and session.published_at > proposal.created_at:
        found.append(_("Decisions were published after this proposal was made."))
    if is_part_of(proposal, by):
        found.append(_("Your own application is part of this proposal. Another organiser accepts it."))
    touched = placed | set(leaving(proposal, inputs))
    conflicts = Application.objects.filter(session=session, pk__in=touched, conflicts__reviewer=by).count()
    if conflicts:
        found.append(
            ngettext(
                "You declared a conflict of interest about %(count)s person who is placed here. Another organiser accepts it.",
                "You declared a conflict of interest about %(count)s people who are placed here. Another organiser accepts it.",
                conflicts,
            )
            % {"count": conflicts}
        )
    return found + changes_since(proposal, inputs, by=by)


@dataclass(frozen=True)
class BrokenRules:
    """Rules that a hand-made proposal breaks and that an organiser may break knowingly, with a fingerprint of exactly these."""

    problems: list[Problem]
    texts: list[str]
    fingerprint: str


def broken_rules(proposal: Proposal, inputs: Inputs, *, by) -> BrokenRules:
    """What `by` has to accept knowingly, in sentences; without problems for a proposal that the search found: there all rules hold.

    `inputs` is what `inputs_now` gave. Two queries.
    """
    found: list[Problem] = []
    if proposal.is_by_hand:
        found = [one for one in check(inputs.instance, _still_there(proposal, inputs)) if one.code not in NEVER]
    known = Application.objects.decided_by(by).filter(pk__in=inputs.applications) if found else ()
    names = names_for(inputs, {one.pk: inputs.applications[one.pk] for one in known})
    told = json.dumps([proposal.version, [asdict(one) for one in found], sorted(leaving(proposal, inputs))])
    return BrokenRules(found, [problem_words(one, names) for one in found], hashlib.sha256(told.encode()).hexdigest()[:20])


def leaving(proposal: Proposal, inputs: Inputs) -> dict[int, int]:
    """Who loses the place that they had when a hand-made proposal was begun: cohort by application, ids."""
    if not proposal.is_by_hand:
        return {}
    placed = {one for people in proposal.members.values() for one in people}
    before = {int(pk): cohort for pk, cohort in proposal.inputs.get("placed", {}).items()}
    return {pk: cohort for pk, cohort in before.items() if pk not in placed and inputs.placed.get(pk) == cohort}


def _still_there(proposal: Proposal, inputs: Inputs) -> dict[int, list[int]]:
    """The members of those cohorts that have free places, without people who are no longer asked about."""
    return {
        cohort: [pk for pk in people if pk in inputs.applications]
        for cohort, people in proposal.members.items()
        if cohort in inputs.instance.cohort_by_id
    }


def is_part_of(proposal: Proposal, user) -> bool:
    """Whether an application of `user` is part of what was asked: then the proposal tells of a decision about that person."""
    own = Application.objects.filter(session=proposal.session_id, applicant=user.pk).values_list("pk", flat=True).first()
    return own is not None and own in proposal.inputs.get("applicants", [])


def changes_since(proposal: Proposal, inputs: Inputs, *, by) -> list[str]:
    """What has changed since `proposal` was made so that it no longer holds, in sentences for `by`. Four queries at most."""
    members = proposal.members
    placed = [one for people in members.values() for one in people]
    rows = Application.objects.filter(pk__in=placed).select_related("applicant").defer("draft").in_bulk()
    may_know = set(Application.objects.decided_by(by).filter(pk__in=placed).values_list("pk", flat=True))
    names = names_for(inputs, {pk: one for pk, one in rows.items() if pk in may_know})
    found = [_why_out(rows.get(pk), names.applicants.get(pk)) for pk in placed if pk not in inputs.applications]
    before = {int(pk): cohort for pk, cohort in proposal.inputs.get("placed", {}).items()}
    for cohort, people in members.items():
        for pk in people:
            now = inputs.placed.get(pk)
            if now is not None and now not in (cohort, before.get(pk)):
                found.append(_("%(person)s has a place in %(cohort)s by now.") % {
                    "person": names.applicants.get(pk, _("Somebody")), "cohort": names.cohorts[now],
                })  # fmt: skip
    found += _of_cohorts(proposal, inputs, names)
    # Who has a place elsewhere by now was said above. Of a hand-made proposal `broken_rules` says the rest.
    problems = [one for one in check(inputs.instance, _still_there(proposal, inputs)) if one.code != "pinned"]
    return found + [problem_words(one, names) for one in problems if not proposal.is_by_hand or one.code in NEVER]


def _why_out(application: Application | None, name: str | None) -> str:
    """Why somebody who was placed cannot be placed now."""
    if application is None:
        return _("Somebody who is placed here has deleted their application.")
    person = {"person": name or _("Somebody on whom another organiser decides")}
    if application.status not in Application.UNDER_REVIEW:
        return _("%(person)s: the application is “%(status)s” by now.") % {**person, "status": application.get_status_display()}
    if application.eligibility == Application.Eligibility.NOT_ELIGIBLE:
        return _("%(person)s is marked as not eligible by now.") % person
    if not application.applicant.is_active:
        return _("%(person)s: the account is closed by now.") % person
    if application.pending_decision in AGAINST:
        return _("%(person)s: the pending decision is “%(decision)s” by now.") % {
            **person,
            "decision": application.get_pending_decision_display(),
        }
    return _("%(person)s leads a cohort of the session by now.") % person


def _of_cohorts(proposal: Proposal, inputs: Inputs, names: Names) -> list[str]:
    """Cohorts that are gone or full, and leaders who left."""
    found = []
    gone_leaders: dict[int, list[int]] = {}
    for key, then in proposal.inputs.get("cohorts", {}).items():
        cohort = int(key)
        if not proposal.members.get(cohort):
            continue
        if cohort not in inputs.cohorts:
            found.append(_("A cohort of this proposal was deleted."))
            continue
        if cohort not in inputs.instance.cohort_by_id:
            found.append(_("%(cohort)s is full by now.") % {"cohort": names.cohorts[cohort]})
        if proposal.is_by_hand:
            # The hours of those who lead it now are among the rules, and changed with each look.
            continue
        lead = {row.user_id for row in inputs.leaders[cohort]}
        gone_leaders[cohort] = [pk for pk in then.get("leaders", []) if pk not in lead]
    ids = {pk for people in gone_leaders.values() for pk in people}
    people = User.objects.in_bulk(ids) if ids else {}
    for cohort, gone in gone_leaders.items():
        for pk in gone:
            name = people[pk].get_full_name() if pk in people else _("Somebody")
            found.append(_("%(person)s no longer leads %(cohort)s.") % {"person": name, "cohort": names.cohorts[cohort]})
    return found
