"""A session whose cohorts are about to be formed, for the tests of proposals and of their pages."""

from dataclasses import dataclass, field

from accounts.models import Availability, User
from cohorts.models import Application, Cohort, Membership, ProjectPreference, Proposal, Session
from cohorts.proposals import propose
from tests.factories import ApplicationFactory, CohortFactory, MembershipFactory, SessionFactory, SessionRoleFactory

#: Half hours from 18:00 to 22:00 on weekdays: 20 hours.
EVENINGS = [day * 48 + slot for day in range(5) for slot in range(36, 44)]
MORNINGS = [day * 48 + slot for day in range(5) for slot in range(14, 22)]


@dataclass
class Forming:
    session: Session
    organiser: User
    cohorts: list[Cohort]
    applications: list[Application] = field(default_factory=list)

    def apply(self, slots=EVENINGS, tier=0, cohort=None, **more) -> Application:
        """Somebody who has time then and wants the project of that cohort alone."""
        application = ApplicationFactory(session=self.session, tier=tier, **more)
        if slots:
            available(application.applicant, slots)
        if cohort is not None:
            ProjectPreference.objects.create(application=application, project=cohort.project, rank=1)
        self.applications.append(application)
        return application

    def proposal(self, tasks, **asked) -> Proposal:
        """A proposal that a worker has made."""
        proposal = propose(self.session, by=self.organiser, seconds=5, **asked)
        tasks.run()
        proposal.refresh_from_db()
        return proposal


def available(person, slots, zone="UTC"):
    Availability.objects.update_or_create(user=person, defaults={"slots": slots, "time_zone": zone})


def make_forming() -> Forming:
    """Two cohorts of two or three, each with a navigator who has time in the evening."""
    session = SessionFactory(reviewing=True, time_zone="UTC", cohort_size_min=2, cohort_size_max=3)
    world = Forming(
        session,
        SessionRoleFactory(session=session, user__time_zone="UTC").user,
        [CohortFactory(session=session) for _ in range(2)],
    )
    for cohort in world.cohorts:
        available(MembershipFactory(cohort=cohort, role="navigator").user, EVENINGS)
    return world


def places() -> dict[int, int]:
    """Cohort by person, of members with a kept place."""
    return dict(Membership.objects.filter(role="member", state="invited").values_list("user_id", "cohort_id"))
