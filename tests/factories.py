"""Rows for tests, each believable on its own. Dates are relative to now: a session is in its fourth week unless told otherwise."""

import datetime

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import GitHubIdentity, User
from accounts.terms import TERMS_VERSION
from cohorts.models import (
    Accommodation,
    Announcement,
    AnswerFile,
    Application,
    CheckIn,
    Cohort,
    Concern,
    Criterion,
    EligibilityRule,
    Feedback,
    FeedbackForm,
    FeedbackQuestion,
    LateAccess,
    LateCode,
    Membership,
    Nudge,
    Project,
    Question,
    Repository,
    Review,
    ReviewPhase,
    Session,
    SessionRole,
    TrainingTask,
    Volunteer,
)
from cohorts.weeks import generate_weeks
from contributions.models import Contribution, WorkItem

PASSWORD = "a-long-test-password"


class UserFactory(DjangoModelFactory):
    """A person who can log in: verified address, password `PASSWORD`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    name = factory.Sequence(lambda n: f"Person {n}")
    time_zone = "Europe/Rome"
    terms_version = TERMS_VERSION
    terms_accepted_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def password(self, create, extracted, **kwargs):
        self.set_password(extracted or PASSWORD)
        self.save()

    @factory.post_generation
    def verified_email(self, create, extracted, **kwargs):
        if extracted is False:
            return
        from allauth.account.models import EmailAddress

        EmailAddress.objects.create(user=self, email=self.email, verified=True, primary=True)


class GitHubIdentityFactory(DjangoModelFactory):
    class Meta:
        model = GitHubIdentity

    user = factory.SubFactory(UserFactory)
    login = factory.Sequence(lambda n: f"login{n}")


class ProjectFactory(DjangoModelFactory):
    class Meta:
        model = Project

    slug = factory.Sequence(lambda n: f"project-{n}")
    name = factory.Sequence(lambda n: f"Project {n}")
    url = factory.LazyAttribute(lambda o: f"https://{o.slug}.example.org/")


class RepositoryFactory(DjangoModelFactory):
    class Meta:
        model = Repository

    project = factory.SubFactory(ProjectFactory)
    full_name = factory.Sequence(lambda n: f"owner/repository-{n}")


class SessionFactory(DjangoModelFactory):
    """Published and running, in week 4. Traits: `open`, `reviewing`, `draft`, `finished`."""

    class Meta:
        model = Session
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda n: f"session-{n}")
    name = factory.Sequence(lambda n: f"Session {n}")
    starts_on = factory.LazyFunction(lambda: timezone.now().date() - datetime.timedelta(days=24))
    announced_at = factory.LazyFunction(lambda: timezone.now() - datetime.timedelta(days=120))
    applications_open_at = factory.LazyFunction(lambda: timezone.now() - datetime.timedelta(days=110))
    applications_close_at = factory.LazyFunction(lambda: timezone.now() - datetime.timedelta(days=80))
    review_closed_at = factory.LazyFunction(lambda: timezone.now() - datetime.timedelta(days=60))
    published_at = factory.LazyFunction(lambda: timezone.now() - datetime.timedelta(days=50))

    class Params:
        open = factory.Trait(
            starts_on=factory.LazyFunction(lambda: timezone.now().date() + datetime.timedelta(days=60)),
            applications_open_at=factory.LazyFunction(lambda: timezone.now() - datetime.timedelta(days=5)),
            applications_close_at=factory.LazyFunction(lambda: timezone.now() + datetime.timedelta(days=9)),
            review_closed_at=None,
            published_at=None,
        )
        reviewing = factory.Trait(
            starts_on=factory.LazyFunction(lambda: timezone.now().date() + datetime.timedelta(days=40)),
            applications_open_at=factory.LazyFunction(lambda: timezone.now() - datetime.timedelta(days=30)),
            applications_close_at=factory.LazyFunction(lambda: timezone.now() - datetime.timedelta(days=3)),
            review_closed_at=None,
            published_at=None,
        )
        draft = factory.Trait(
            starts_on=factory.LazyFunction(lambda: timezone.now().date() + datetime.timedelta(days=90)),
            announced_at=None,
            applications_open_at=None,
            applications_close_at=None,
            review_closed_at=None,
            published_at=None,
        )
        finished = factory.Trait(starts_on=factory.LazyFunction(lambda: timezone.now().date() - datetime.timedelta(days=120)))

    @factory.post_generation
    def calendar(self, create, extracted, **kwargs):
        if extracted is not False:
            generate_weeks(self)


class SessionRoleFactory(DjangoModelFactory):
    class Meta:
        model = SessionRole

    session = factory.SubFactory(SessionFactory)
    user = factory.SubFactory(UserFactory)
    role = SessionRole.Role.ORGANISER


class CohortFactory(DjangoModelFactory):
    class Meta:
        model = Cohort

    session = factory.SubFactory(SessionFactory)
    name = factory.Sequence(lambda n: f"Cohort {n}")
    project = factory.SubFactory(ProjectFactory)


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    cohort = factory.SubFactory(CohortFactory)
    user = factory.SubFactory(UserFactory)


class QuestionFactory(DjangoModelFactory):
    class Meta:
        model = Question

    session = factory.SubFactory(SessionFactory, open=True)
    order = factory.Sequence(lambda n: n)
    label = factory.Sequence(lambda n: f"Question {n}?")


class CriterionFactory(DjangoModelFactory):
    class Meta:
        model = Criterion

    session = factory.SubFactory(SessionFactory, reviewing=True)
    order = factory.Sequence(lambda n: n)
    name = factory.Sequence(lambda n: f"Criterion {n}")
    anchors = "Nothing\nA little\nGood\nVery good"


class ApplicationFactory(DjangoModelFactory):
    """Submitted, in a session under review. Pass `status="draft", submitted_at=None` for one that is being written."""

    class Meta:
        model = Application

    session = factory.SubFactory(SessionFactory, reviewing=True)
    applicant = factory.SubFactory(UserFactory)
    status = Application.Status.SUBMITTED
    version = 1
    submitted_version = 1
    submitted_at = factory.LazyFunction(lambda: timezone.now() - datetime.timedelta(days=5))


class ReviewFactory(DjangoModelFactory):
    class Meta:
        model = Review

    application = factory.SubFactory(ApplicationFactory)
    reviewer = factory.SubFactory(UserFactory)
    handed_in_at = factory.LazyFunction(timezone.now)


class CheckInFactory(DjangoModelFactory):
    class Meta:
        model = CheckIn

    membership = factory.SubFactory(MembershipFactory)
    week = factory.LazyAttribute(lambda o: o.membership.cohort.session.calendar.first())
    did = "Read the contributing guide."
    written_at = factory.LazyFunction(timezone.now)


class WorkItemFactory(DjangoModelFactory):
    """An open pull request of ten days ago that waits for a reviewer."""

    class Meta:
        model = WorkItem

    host = "github.com"
    kind = WorkItem.Kind.PULL_REQUEST
    database_id = factory.Sequence(lambda n: 900_000 + n)
    node_id = factory.Sequence(lambda n: f"PR_test{n}")
    repository = "owner/repository"
    number = factory.Sequence(lambda n: 100 + n)
    title = factory.Sequence(lambda n: f"Make thing {n} clearer")
    url = factory.LazyAttribute(lambda o: f"https://github.com/{o.repository}/pull/{o.number}")
    author_login = "member"
    created_at = factory.LazyFunction(lambda: timezone.now() - datetime.timedelta(days=10))
    updated_at = factory.LazyFunction(lambda: timezone.now() - datetime.timedelta(days=2))
    turn = WorkItem.Turn.REVIEWER
    turn_since = factory.LazyFunction(lambda: timezone.now() - datetime.timedelta(days=10))
    turn_reason = "nothing_said"
    fetched_at = factory.LazyFunction(timezone.now)


class ContributionFactory(DjangoModelFactory):
    class Meta:
        model = Contribution

    membership = factory.SubFactory(MembershipFactory)
    work_item = factory.SubFactory(WorkItemFactory)


class LateCodeFactory(DjangoModelFactory):
    """For one person, in a session under review, for two days."""

    class Meta:
        model = LateCode

    session = factory.SubFactory(SessionFactory, reviewing=True)
    code = factory.Sequence(lambda n: f"ABCD-EFGH-{2222 + n}")
    expires_at = factory.LazyFunction(lambda: timezone.now() + datetime.timedelta(days=2))


class LateAccessFactory(DjangoModelFactory):
    class Meta:
        model = LateAccess

    code = factory.SubFactory(LateCodeFactory)
    person = factory.SubFactory(UserFactory)


class ReviewPhaseFactory(DjangoModelFactory):
    """Open since two days, for five more, in a session under review."""

    class Meta:
        model = ReviewPhase

    session = factory.SubFactory(SessionFactory, reviewing=True)
    name = factory.Sequence(lambda n: f"Phase {n}")
    opens_at = factory.LazyFunction(lambda: timezone.now() - datetime.timedelta(days=2))
    closes_at = factory.LazyFunction(lambda: timezone.now() + datetime.timedelta(days=5))


class EligibilityRuleFactory(DjangoModelFactory):
    """Asks for “yes” to a question of the session."""

    class Meta:
        model = EligibilityRule

    question = factory.SubFactory(QuestionFactory, kind="yes_no")
    session = factory.SelfAttribute("question.session")
    condition = "is_not"
    value = "yes"
    outcome = "not_eligible"
    reason = "You need to be of age."


class AnswerFileFactory(DjangoModelFactory):
    """A PDF that lies in the storage; an answer or a draft names it when the test says so."""

    class Meta:
        model = AnswerFile

    application = factory.SubFactory(ApplicationFactory)
    question = factory.SubFactory(QuestionFactory, session=factory.SelfAttribute("..application.session"), kind="file")
    name = "cv.pdf"
    content_type = "application/pdf"
    size = 9
    file = factory.django.FileField(data=b"%PDF-1.7\n", filename="cv.pdf")


class AccommodationFactory(DjangoModelFactory):
    class Meta:
        model = Accommodation

    application = factory.SubFactory(ApplicationFactory)
    text = "Captions in calls, please."


class FeedbackFormFactory(DjangoModelFactory):
    """In use, for members at the start."""

    class Meta:
        model = FeedbackForm

    session = factory.SubFactory(SessionFactory)
    key = factory.Sequence(lambda n: f"form-{n}")
    title = factory.Sequence(lambda n: f"Form {n}")
    checkpoint = "start"


class FeedbackQuestionFactory(DjangoModelFactory):
    class Meta:
        model = FeedbackQuestion

    form = factory.SubFactory(FeedbackFormFactory)
    label = factory.Sequence(lambda n: f"Asked {n}")


class FeedbackFactory(DjangoModelFactory):
    """Asked, not begun; until in a week from now."""

    class Meta:
        model = Feedback

    form = factory.SubFactory(FeedbackFormFactory, session=factory.SelfAttribute("..membership.cohort.session"))
    membership = factory.SubFactory(MembershipFactory)
    due_on = factory.LazyFunction(lambda: timezone.now().date() + datetime.timedelta(days=7))


class AnnouncementFactory(DjangoModelFactory):
    """A draft for everybody."""

    class Meta:
        model = Announcement

    session = factory.SubFactory(SessionFactory)
    subject = factory.Sequence(lambda n: f"Announcement {n}")
    body = "Words for everybody."
    send_on = factory.LazyFunction(lambda: timezone.now().date() + datetime.timedelta(days=7))


class NudgeFactory(DjangoModelFactory):
    """That a member has gone silent, noticed just now."""

    class Meta:
        model = Nudge

    membership = factory.SubFactory(MembershipFactory)
    kind = "silent"
    key = factory.Sequence(lambda n: f"checkin-{n}")


class VolunteerFactory(DjangoModelFactory):
    """Somebody who handed in an offer to navigate."""

    class Meta:
        model = Volunteer

    session = factory.SubFactory(SessionFactory, open=True)
    user = factory.SubFactory(UserFactory)
    role = Volunteer.Role.NAVIGATOR
    state = Volunteer.State.SUBMITTED
    submitted_at = factory.LazyFunction(timezone.now)


class TrainingTaskFactory(DjangoModelFactory):
    """For everybody who helps, until the day before the session begins."""

    class Meta:
        model = TrainingTask

    session = factory.SubFactory(SessionFactory, open=True)
    title = factory.Sequence(lambda n: f"Read page {n}")


class ConcernFactory(DjangoModelFactory):
    """Reported in confidence, and not read yet. `read_by`: a person who was chosen to read it."""

    class Meta:
        model = Concern
        skip_postgeneration_save = True

    reporter = factory.SubFactory(UserFactory)
    token_hash = factory.Sequence(lambda n: f"{n:064}")
    text = "Somebody crossed a line."

    @factory.post_generation
    def read_by(self, create, extracted, **kwargs):
        if extracted is not None:
            self.reading.create(user=extracted)
