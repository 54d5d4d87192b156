"""What a place given by hand would break, by the rules that the search keeps: on the page of an application and on that of a cohort."""

from dataclasses import replace

from django.utils.translation import gettext as _

from .forming import Arrangement, Problem
from .forming.wording import problem_words
from .forming_inputs import Inputs, availability_of, build_instance
from .models import Application, Cohort, Membership
from .placing import TAKING_A_PLACE
from .proposal_changes import names_for

#: Cohorts are filled one by one, and a full one refuses by itself.
NOT_SAID = frozenset({"too few", "too many", "pinned"})


def checks_for_place(application: Application, cohort: Cohort, *, by) -> list[str]:
    """Which rules a place of this person in `cohort` breaks, in sentences; nothing where none, or where `by` does not decide on them.

    Hours are judged where everybody concerned has said theirs. Whoever is in the cohort already counts. A constant number of queries.
    """
    if not Application.objects.decided_by(by).filter(pk=application.pk).exists():
        return []
    inputs = build_instance(application.session, among=[application.pk], anyone=True)
    if application.pk not in inputs.applications or cohort.pk not in inputs.instance.cohort_by_id:
        return []
    change = Arrangement(inputs.instance, {}).difference({application.pk: cohort.pk})
    found = _sentences(inputs, cohort, change.breaks, {application.pk: application})
    if availability_of(inputs.applications[application.pk].applicant) is None and any(map(_has_said, inputs.leaders[cohort.pk])):
        found.append(_("%(person)s has not said when they have time.") % {"person": application.applicant.get_full_name()})
    return found


def warnings_of_cohort(cohort: Cohort, *, by) -> list[str]:
    """Which rules `cohort` breaks as it is, in sentences for `by`; nothing for somebody who has a kept place there themselves."""
    members = cohort.memberships.filter(role=Membership.Role.MEMBER, state__in=TAKING_A_PLACE)
    if members.filter(user=by, state=Membership.State.INVITED).exists():
        return []
    among = Application.objects.filter(session=cohort.session_id, applicant__in=members.values("user"))
    inputs = build_instance(cohort.session, among=set(among.values_list("pk", flat=True)), anyone=True)
    if cohort.pk not in inputs.instance.cohort_by_id:
        return []
    loose = replace(inputs.instance, applicants=[replace(one, pinned=None) for one in inputs.instance.applicants])
    here = [pk for pk, place in inputs.placed.items() if place == cohort.pk]
    known = Application.objects.decided_by(by).filter(pk__in=here).values_list("pk", flat=True)
    problems = Arrangement(loose, {cohort.pk: here}).problems()
    return _sentences(inputs, cohort, problems, {pk: inputs.applications[pk] for pk in known}, also={"too few", "too many"})


def _sentences(inputs: Inputs, cohort: Cohort, problems, known, also: set[str] = frozenset()) -> list[str]:  # type: ignore[assignment]
    names = names_for(inputs, known)
    return [
        problem_words(one, names)
        for one in problems
        if one.code not in NOT_SAID - also and (not one.code.endswith("hours") or _can_be_judged(one, inputs, cohort))
    ]


def _can_be_judged(problem: Problem, inputs: Inputs, cohort: Cohort) -> bool:
    """Whether those whose hours are compared have said them."""
    role = Membership.Role.CAPTAIN if problem.code == "captain hours" else Membership.Role.NAVIGATOR
    leaders = all(_has_said(row) for row in inputs.leaders[cohort.pk] if row.role == role)
    asked = [problem.applicant] if problem.applicant is not None else list(inputs.applications)
    return leaders and all(availability_of(inputs.applications[pk].applicant) is not None for pk in asked)


def _has_said(row: Membership) -> bool:
    return availability_of(row.user) is not None
