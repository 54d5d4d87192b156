"""The session in review and the open one of the demonstration: their forms, sixty applications, what reviewers did so far."""

import datetime
import random
from collections.abc import Mapping, Sequence

from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import Availability, GitHubIdentity, User
from accounts.models.availability import SLOTS_A_DAY
from cohorts.eligibility import apply_rules
from cohorts.models import (
    Accommodation,
    Answer,
    AnswerFile,
    Application,
    ApplicationEvent,
    Cohort,
    Conflict,
    Criterion,
    EligibilityRule,
    LateAccess,
    LateCode,
    Membership,
    Project,
    ProjectPreference,
    Question,
    Review,
    ReviewAssignment,
    ReviewPhase,
    Score,
    Session,
    SessionRole,
)
from cohorts.scores import rescore_session

from . import answers, texts
from .people import MadeUp

#: Cohorts of the session that are planned, without members so far.
PLANNED = ("Halley", "Encke", "Borrelly")
#: Where the two who lead each of them live.
LEADERS_ZONES = ("Europe/Berlin", "America/New_York", "Africa/Lagos")
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


def write_form(session: Session, *, copied_from: Session | None = None) -> None:
    """The questions, rules and criteria of `session`, marked as copied where they come from an earlier one."""
    earlier = list(copied_from.questions.of_form()) if copied_from else [None] * len(texts.QUESTIONS)
    questions = Question.objects.bulk_create(
        [
            Question(session=session, order=order, copied_from=source, **values)
            for order, (values, source) in enumerate(zip(texts.QUESTIONS, earlier, strict=True), 1)
        ]
    )
    session.experience_question = questions[texts.EXPERIENCE]
    session.save(update_fields=["experience_question"])
    EligibilityRule.objects.bulk_create(
        [
            EligibilityRule(
                session=session, order=order, question=questions[place], condition=condition, value=value, outcome=outcome,
                reason=reason,
            )
            for order, (place, condition, value, outcome, reason) in enumerate(texts.RULES, 1)
        ]
    )  # fmt: skip
    Criterion.objects.bulk_create(
        [
            Criterion(session=session, order=order, name=name, help_text=help_text, weight=weight, anchors=anchors)
            for order, (name, help_text, weight, anchors) in enumerate(texts.CRITERIA, 1)
        ]
    )


class ReviewSeeder:
    """Writes a session whose applications are being read: sixty of them, one of them late, and a week of reading."""

    def __init__(
        self, session: Session, *, accounts: Mapping[str, User], people: Mapping[str, User], projects: Sequence[Project]
    ) -> None:
        self.session, self.accounts, self.people, self.projects = session, accounts, people, projects
        self.chance = random.Random(5)  # noqa: S311 (a made-up world, the same each time)
        self.questions = list(session.questions.of_form())
        self.criteria = list(session.criteria.all())

    def seed(self, applicants: Sequence[MadeUp], colleagues: Sequence[MadeUp], leaders: Sequence[MadeUp]) -> None:
        """`applicants` apply; `colleagues` (two) read with the navigator and the organiser; `leaders` (six) have agreed to lead."""
        applications = self._applications(applicants)
        self._late(applications[-1])
        self._availability(applicants, leaders)
        self._planned_cohorts(leaders)
        self._phases()
        self._reviewers = [
            self.accounts["navigator"],
            self.accounts["organiser"],
            *[self.people[colleague.login] for colleague in colleagues],
        ]
        SessionRole.objects.bulk_create(
            [
                SessionRole(session=self.session, user=user, role="reviewer")
                for user in self._reviewers
                if user is not self.accounts["organiser"]
            ]
        )
        self._reviews(applications)
        for application in applications:
            apply_rules(application)

    def _applications(self, applicants: Sequence[MadeUp]) -> list[Application]:
        closes = self.session.applications_close_at
        applications = Application.objects.bulk_create(
            [
                Application(
                    session=self.session,
                    applicant=self.people[person.login],
                    status="submitted",
                    version=1,
                    submitted_version=1,
                    submitted_at=closes - 7 * HOUR * number - HOUR,
                    content_warning=answers.CONTENT_WARNINGS[number // 13 % 3] if number % 13 == 5 else "",
                )
                for number, person in enumerate(applicants)
            ]
        )
        for number, application in enumerate(applications):
            # Begun before it was handed in, not when the demonstration was made: `created_at` sets itself to now.
            application.created_at = application.submitted_at - HOUR * (1 + number % 48)
        Application.objects.bulk_update(applications, ["created_at"])
        rows, preferences, events = [], [], []
        for application in applications:
            given = answers.answers_for(self.chance, self.questions)
            rows += [
                Answer(application=application, question=question, value=value, asked=question.label)
                for question, value in given.items()
            ]
            chosen = self.chance.sample(list(self.projects), self.chance.choice([0, 1, 2, 3]))
            preferences += [
                ProjectPreference(application=application, project=project, rank=rank) for rank, project in enumerate(chosen, 1)
            ]
            events.append(
                ApplicationEvent(
                    application=application, from_status="draft", to_status="submitted", actor=application.applicant,
                    at=application.submitted_at,
                )
            )  # fmt: skip
        Answer.objects.bulk_create(rows)
        ProjectPreference.objects.bulk_create(preferences)
        ApplicationEvent.objects.bulk_create(events)
        GitHubIdentity.objects.bulk_create(
            [GitHubIdentity(user=self.people[person.login], login=person.login) for person in applicants[::3]]
        )
        Accommodation.objects.bulk_create(
            [
                Accommodation(application=application, text=text)
                for application, text in zip(applications[4::15], answers.ACCOMMODATIONS, strict=True)
            ]
        )
        for application in applications[2::20]:
            self._file(application)
        return applications

    def _file(self, application: Application) -> None:
        """A page of text, as some people hand in."""
        question = next(question for question in self.questions if question.kind == Question.Kind.FILE)
        content = "\n\n".join(self.chance.sample(answers.LEARNED, 3)).encode()
        stored = AnswerFile(
            application=application, question=question, name="something-i-made.txt", content_type="text/plain", size=len(content)
        )
        stored.file.save("", ContentFile(content), save=True)
        Answer.objects.create(application=application, question=question, value=stored.pk, file=stored, asked=question.label)

    def _late(self, application: Application) -> None:
        """One person had a good reason to come after the deadline."""
        closes = self.session.applications_close_at
        code = LateCode.objects.create(
            session=self.session,
            code="DEMO2LATE4CODE",
            note="Power cuts in the last days before the deadline",
            most_uses=3,
            expires_at=closes + 6 * DAY,
            made_by=self.accounts["organiser"],
        )
        LateAccess.objects.create(code=code, person=application.applicant)
        Application.objects.filter(pk=application.pk).update(submitted_at=closes + DAY, created_at=closes - DAY)
        application.events.update(at=closes + DAY)

    def _availability(self, applicants: Sequence[MadeUp], leaders: Sequence[MadeUp]) -> None:
        """Evenings, some mornings, week-ends, on everybody's own clock; those who lead keep more of them free, each pair in one region."""
        rows = []
        for person in applicants:
            evenings = [(day, range(35, self.chance.choice((41, 43, 45)))) for day in range(5) if self.chance.random() < 0.8]
            mornings = [(day, range(14, 18)) for day in range(5) if self.chance.random() < 0.2]
            weekend = [(day, range(18, 32)) for day in (5, 6) if self.chance.random() < 0.7]
            slots = {day * SLOTS_A_DAY + slot for day, hours in (*evenings, *mornings, *weekend) for slot in hours}
            rows.append(Availability(user=self.people[person.login], time_zone=person.time_zone, slots=sorted(slots)))
        for number, person in enumerate(leaders):
            days = [*((day, range(34, 46)) for day in range(5)), *((day, range(16, 34)) for day in (5, 6))]
            slots = {day * SLOTS_A_DAY + slot for day, hours in days for slot in hours}
            zone = LEADERS_ZONES[number // 2 % len(LEADERS_ZONES)]
            rows.append(Availability(user=self.people[person.login], time_zone=zone, slots=sorted(slots)))
        Availability.objects.bulk_create(rows)

    def _planned_cohorts(self, leaders: Sequence[MadeUp]) -> None:
        """Cohorts that wait for their members: with them the best cohorts can be formed."""
        for number, (name, project) in enumerate(zip(PLANNED, self.projects, strict=False)):
            cohort = Cohort.objects.create(session=self.session, name=name, project=project)
            for leader, role in zip(leaders[2 * number : 2 * number + 2], ("navigator", "captain"), strict=True):
                Membership.objects.create(cohort=cohort, user=self.people[leader.login], role=role)

    def _phases(self) -> None:
        """Reading alone, then talking about it: at the time of the demonstration people read."""
        closes = self.session.applications_close_at
        shared = {"session": self.session, "names_hidden": True}
        ReviewPhase.objects.bulk_create(
            [
                ReviewPhase(name="First reading", opens_at=closes, closes_at=closes + 14 * DAY, **shared),
                ReviewPhase(
                    name="Talking it over",
                    opens_at=closes + 14 * DAY,
                    closes_at=closes + 21 * DAY,
                    others_scores="always",
                    **shared,
                ),
            ]
        )

    def _reviews(self, applications: Sequence[Application]) -> None:
        navigator = self.accounts["navigator"]
        reviews = Review.objects.bulk_create(
            [
                Review(
                    application=application,
                    reviewer=reviewer,
                    private_comment=self.chance.choice(texts.PRIVATE_COMMENTS),
                    shareable_comment=self.chance.choice(texts.SHAREABLE_COMMENTS),
                    confidence=self.chance.choice((None, 1, 2, 2, 3)),
                    version=1,
                    application_version=1,
                    handed_in_at=timezone.now() - HOUR * self.chance.randint(2, 90),
                )
                for number, application in enumerate(applications)
                for which, reviewer in enumerate(self._reviewers)
                if (number + which) % 4 == 0 or (which > 1 and number % 3 == 0)
            ]
        )
        scores = []
        for review in reviews:
            strictness = self._reviewers.index(review.reviewer) % 2
            for criterion in self.criteria:
                value = max(0, self.chance.randint(1, criterion.highest) - strictness)
                scores.append(Score(review=review, criterion=criterion, value=None if self.chance.random() < 0.06 else value))
        draft = Review.objects.create(
            application=applications[5], reviewer=navigator, private_comment="Read it again tomorrow, with fresh eyes.", version=1,
            application_version=1,
        )  # fmt: skip
        scores.append(Score(review=draft, criterion=self.criteria[0], value=2))
        Score.objects.bulk_create(scores)
        rescore_session(self.session)
        Conflict.objects.create(application=applications[9], reviewer=navigator, reason="We work together.")
        ReviewAssignment.objects.bulk_create(
            [ReviewAssignment(application=application, reviewer=navigator) for application in applications[1:40:4]]
        )
