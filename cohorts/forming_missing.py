"""What organisers should look at before they let cohorts be formed: hours, projects, tiers that are missing, and who is left out."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .experience import question_of
from .forming_inputs import Inputs, availability_of
from .models import Application, Cohort, Membership
from .volunteer_decisions import without_a_place


@dataclass(frozen=True)
class Missing:
    """One thing to look at. `rows` are whom or what it is about: cohorts or applications. `advice` is a page that helps, by a word."""

    text: str
    rows: Sequence[Cohort | Application] = ()
    advice: str = ""


def missing_for(inputs: Inputs, *, by) -> list[Missing]:
    """What is missing for the best answer, the gravest first; empty where nothing is. Three queries at most."""
    return [
        *_of_volunteers(inputs),
        *_of_cohorts(inputs),
        *_of_applicants(inputs),
        *_of_experience(inputs),
        *_left_out(inputs, by),
    ]


def _of_volunteers(inputs: Inputs) -> list[Missing]:
    """Accepted navigators and captains who lead no cohort yet: with them a search comes out otherwise."""
    names = [
        _("%(person)s (%(role)s)") % {"person": one.user, "role": one.get_role_display().lower()}
        for one in without_a_place(inputs.session)
    ]
    if not names:
        return []
    text = ngettext(
        "%(names)s is accepted and leads no cohort yet. Give a place first: the search asks for common hours with those who lead.",
        "%(names)s are accepted and lead no cohort yet. Give them places first: the search asks for common hours with those who lead.",
        len(names),
    )
    return [Missing(text % {"names": ", ".join(names)}, advice="volunteers")]


def _of_cohorts(inputs: Inputs) -> list[Missing]:
    cohorts = sorted(inputs.cohorts.values(), key=lambda one: one.name.lower())
    plans = inputs.instance.cohort_by_id
    texts = [
        (
            _("These cohorts have no navigator. Only the hours of the members count there."),
            [one for one in cohorts if not any(row.role == Membership.Role.NAVIGATOR for row in inputs.leaders[one.pk])],
        ),
        (
            _("Somebody who leads these cohorts has not said when they have time. Nobody fits there until they have."),
            [one for one in cohorts if any(availability_of(row.user) is None for row in inputs.leaders[one.pk])],
        ),
        (
            _("These cohorts have no project. Everybody counts as wanting them."),
            [one for one in cohorts if one.project_id is None],
        ),
        (_("These cohorts are full and are left out."), [one for one in cohorts if one.pk not in plans]),
    ]
    return [Missing(text, rows) for text, rows in texts if rows]


def _of_applicants(inputs: Inputs) -> list[Missing]:
    applications = inputs.applications.values()
    silent = [one for one in applications if availability_of(one.applicant) is None]
    found = []
    if silent:
        text = ngettext(
            "%(count)s person has not said when they have time, and fits nowhere.",
            "%(count)s people have not said when they have time, and fit nowhere.",
            len(silent),
        )
        found.append(Missing(text % {"count": len(silent)}, silent))
    without = sum(one.tier is None for one in applications)
    if without and without == len(applications):
        found.append(Missing(_("Nobody has a tier, so everybody counts the same."), advice="tiers"))
    elif without:
        text = ngettext(
            "%(count)s person has no tier and comes after all others.", "%(count)s people have no tier and come after all others.", without
        )  # fmt: skip
        found.append(Missing(text % {"count": without}, advice="tiers"))
    return found


def _of_experience(inputs: Inputs) -> list[Missing]:
    if inputs.session.experience_question_id is None or question_of(inputs.session) is not None:
        return []
    text = _("The question about experience is sensitive by now, or its answers have no order: experience is not looked at.")
    return [Missing(text, advice="experience")]


def _left_out(inputs: Inputs, by) -> list[Missing]:
    session, found = inputs.session, []
    if inputs.decided_against:
        count = len(inputs.decided_against)
        text = ngettext(
            "%(count)s person is left out, because the waitlist or “not selected” is noted about them.",
            "%(count)s people are left out, because the waitlist or “not selected” is noted about them.",
            count,
        )
        found.append(Missing(text % {"count": count}, inputs.decided_against))
    conflicts = session.applications.worth_a_review().filter(conflicts__reviewer=by).exclude(applicant=by).count()
    if conflicts:
        text = ngettext(
            "%(count)s person is left out, because you declared a conflict of interest. Another organiser can form cohorts with them.",
            "%(count)s people are left out, because you declared a conflict of interest. Another organiser can form cohorts with them.",
            conflicts,
        )
        found.append(Missing(text % {"count": conflicts}))
    if session.applications.worth_a_review().filter(applicant=by).exists():
        found.append(Missing(_("Your own application is left out. Another organiser can form cohorts with it.")))
    return found
