"""What a place means: the cohort, its project, the people, the weeks and the hours, for the person to whom it is offered."""

import datetime
from dataclasses import dataclass, field

from .models import Application, Cohort, Membership
from .models.access import PRESENT

Status = Application.Status
State = Membership.State


@dataclass(frozen=True)
class Place:
    """A place that is offered or taken. `leaders` are named once it is taken, and only then: until the answer they are not the person's.

    `hours` is how many hours a week all of the cohort have time together at least, as the session asks for. `has_cohort` is False
    where the cohort is named later.
    """

    application: Application
    cohort: Cohort | None
    first_day: datetime.date
    last_day: datetime.date
    weeks: int
    hours: str
    size: tuple[int, int]
    is_taken: bool
    leaders: list[Membership] = field(default_factory=list)

    @property
    def project(self):
        return self.cohort.project if self.cohort is not None else None


def place_in_words(application: Application) -> Place | None:
    """The place that an application has been offered or that its applicant took; None in every other status. Two queries at most.

    Needs `session` loaded. Nothing of it shows before the results of the session are published.
    """
    session = application.session
    if application.status not in (Status.OFFERED, Status.ACCEPTED) or session.published_at is None:
        return None
    is_taken = application.status == Status.ACCEPTED
    membership = (
        Membership.objects.members()
        .filter(
            cohort__session=session, user=application.applicant_id, state__in=PRESENT if is_taken else (State.INVITED, *PRESENT)
        )
        .select_related("cohort__project")
        .order_by("pk")
        .first()
    )
    leaders: list[Membership] = []
    if is_taken and membership is not None:
        rows = Membership.objects.leading().filter(cohort=membership.cohort_id)
        leaders = list(rows.select_related("user").order_by("-role", "user__name", "pk"))
    return Place(
        application=application,
        cohort=membership.cohort if membership is not None else None,
        first_day=session.first_day,
        last_day=session.last_day,
        weeks=session.weeks,
        hours=f"{session.min_cohort_overlap_hours:f}".rstrip("0").rstrip("."),
        size=(session.cohort_size_min, session.cohort_size_max),
        is_taken=is_taken,
        leaders=leaders,
    )
