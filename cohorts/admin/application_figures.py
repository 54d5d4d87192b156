"""Scores and places of many applications at once."""

from cohorts.earlier_sessions import earlier_sessions
from cohorts.models import Application, Membership
from cohorts.scores import Figures, figures_of


def attach_figures(applications: list[Application], viewer) -> None:
    """Give each application its `figures` and its `placement` (a membership, or None): a constant number of queries."""
    figures = figures_of(applications, viewer=viewer)
    memberships = (
        Membership.objects.filter(
            user__in={one.applicant_id for one in applications}, cohort__session__in={one.session_id for one in applications}
        )
        .exclude(state=Membership.State.LEFT)
        .select_related("cohort")
    )
    placements = {(row.user_id, row.cohort.session_id): row for row in memberships}
    for application in applications:
        application.figures = figures.get(application.pk, Figures())
        application.placement = placements.get((application.applicant_id, application.session_id))


def attach_earlier(applications: list[Application], viewer) -> None:
    """Give each application what became of its applicant in `earlier` sessions (session loaded): a constant number of queries."""
    found = earlier_sessions(applications, viewer=viewer)
    for application in applications:
        application.earlier = found[application.pk]
