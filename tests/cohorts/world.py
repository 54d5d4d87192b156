"""A session under review with everybody who has a part in it, for the tests of the admin."""

from dataclasses import dataclass, field

from accounts.models import User
from cohorts.models import Answer, Application, Cohort, Criterion, Session
from tests.factories import (
    ApplicationFactory,
    CohortFactory,
    CriterionFactory,
    GitHubIdentityFactory,
    MembershipFactory,
    QuestionFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)


@dataclass
class World:
    session: Session
    organiser: User
    reviewer: User
    navigator: User
    captain: User
    operator: User
    stranger: User
    cohort: Cohort
    applications: list[Application] = field(default_factory=list)
    criteria: list[Criterion] = field(default_factory=list)

    def scores(self, *values) -> dict:
        """Criterion id → value, for the criteria in their order."""
        return {criterion.pk: value for criterion, value in zip(self.criteria, values, strict=False)}


def make_world(applications: int = 2, **session) -> World:
    under_review = SessionFactory(reviewing=True, **session)
    world = World(
        session=under_review,
        organiser=SessionRoleFactory(session=under_review, role="organiser").user,
        reviewer=SessionRoleFactory(session=under_review, role="reviewer").user,
        navigator=UserFactory(),
        captain=UserFactory(),
        operator=UserFactory(is_superuser=True),
        stranger=UserFactory(),
        cohort=CohortFactory(session=under_review),
    )
    MembershipFactory(cohort=world.cohort, user=world.navigator, role="navigator")
    MembershipFactory(cohort=world.cohort, user=world.captain, role="captain")
    world.criteria = [CriterionFactory(session=under_review) for _ in range(2)]
    question = QuestionFactory(session=under_review, label="Why this program?")
    for _ in range(applications):
        application = ApplicationFactory(session=under_review)
        GitHubIdentityFactory(user=application.applicant)
        Answer.objects.create(application=application, question=question, value="Because I want to learn.")
        world.applications.append(application)
    return world
