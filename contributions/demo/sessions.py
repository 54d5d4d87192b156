"""The four sessions of the demonstration: open, in review, running in week 4, finished."""

import datetime
import random
from dataclasses import dataclass, field

from django.utils import timezone

from accounts.models import GitHubIdentity, User
from cohorts.models import (
    Answer,
    Application,
    ApplicationEvent,
    CheckIn,
    Cohort,
    Membership,
    Project,
    Review,
    Session,
    SessionRole,
)
from cohorts.weeks import generate_weeks

from . import answers, texts
from .confidence import seed_confidence
from .decided import DecisionSeeder
from .past import write_past_work
from .people import create_people, made_up_people
from .review import ReviewSeeder, write_form
from .weeks import WeeksSeeder, seed_the_end, seed_volunteers

UTC = datetime.UTC
COHORT_NAMES = ("Venus", "Mars", "Juno", "Ceres", "Vesta", "Pallas")
COHORT_PROJECTS = ("lantern", "tidewater", "quillstack", "marigold", "harbour", "lantern")
APPLICATIONS_IN_REVIEW = 60


@dataclass
class Seeded:
    """What was made, for what comes after: cohorts of the running session as (project's slug, members' logins)."""

    running: Session
    finished: Session
    cohorts: list[tuple[str, list[str]]] = field(default_factory=list)
    people: dict[str, User] = field(default_factory=dict)


class Seeder:
    """Writes the sessions. `anchor` is the Monday of the week in which the demonstration is shown."""

    def __init__(self, anchor: datetime.date, accounts: dict[str, User], projects: dict[str, Project]) -> None:
        self.anchor = anchor
        self.accounts = accounts
        self.projects = projects
        self.chance = random.Random(2)  # noqa: S311 (a made-up world, the same each time)
        self.made_up = made_up_people(150, seed=1)
        self.people = create_people(self.made_up)

    def seed(self) -> Seeded:
        names = self._names()
        finished = self._session(names[0], weeks_from_now=-20, published=True, projects=3)
        running = self._session(names[1], weeks_from_now=-3, published=True, projects=5)
        review = self._session(names[2], weeks_from_now=6, closes_in_days=-5, projects=5)
        opened = self._session(names[3], weeks_from_now=14, closes_in_days=16, projects=5)
        seeded = Seeded(running, finished, people=self.people)
        SessionRole.objects.create(session=running, user=self.accounts["storyteller"], role="storyteller")
        self._running(running, seeded)
        self._finished(finished)
        write_form(finished)
        for session in (running, review, opened):
            write_form(session, copied_from=finished)
        deciding = DecisionSeeder(running, organiser=self.accounts["organiser"], people=self.people)
        # Most of them try again in the next session.
        deciding.seed(self.made_up[80:86], self.made_up[86:96], self.made_up[138:140])
        projects = list(self.projects.values())
        reading = ReviewSeeder(review, accounts=self.accounts, people=self.people, projects=projects)
        reading.seed(self.made_up[80 : 80 + APPLICATIONS_IN_REVIEW], self.made_up[:2], self.made_up[140:146])
        self._open(opened, finished)
        WeeksSeeder(running, self.accounts).seed()
        seed_confidence(running, self.accounts)
        seed_the_end(finished, self.accounts["organiser"])
        offering = [self.people[person.login] for person in self.made_up[60:63]]
        seed_volunteers(opened, offering, organiser=self.accounts["organiser"], navigator=self.accounts["navigator"])
        return seeded

    def _names(self) -> list[tuple[str, str]]:
        """Slug and name of each session: numbered inside the year in which it starts."""
        count: dict[int, int] = {}
        names = []
        for weeks in (-20, -3, 6, 14):
            year = (self.anchor + datetime.timedelta(weeks=weeks)).year
            count[year] = count.get(year, 0) + 1
            names.append((f"{year}-{count[year]}", f"{year} Session {count[year]}"))
        return names

    def _session(
        self,
        name: tuple[str, str],
        *,
        weeks_from_now: int,
        projects: int,
        published: bool = False,
        closes_in_days: int | None = None,
    ) -> Session:
        starts_on = self.anchor + datetime.timedelta(weeks=weeks_from_now)
        closes = (self._noon(starts_on) if closes_in_days is None else self._noon(self.anchor)) + datetime.timedelta(
            days=-70 if closes_in_days is None else closes_in_days
        )
        session = Session.objects.create(
            slug=name[0],
            name=name[1],
            description=texts.DESCRIPTION,
            contact_email="hello@example.org",
            starts_on=starts_on,
            applications_open_at=closes - datetime.timedelta(days=28),
            applications_close_at=closes,
            hear_by=(closes + datetime.timedelta(days=30)).date(),
            announced_at=closes - datetime.timedelta(days=40),
            review_closed_at=closes + datetime.timedelta(days=20) if published else None,
            published_at=closes + datetime.timedelta(days=25) if published else None,
        )
        session.projects.set(list(self.projects.values())[:projects])
        generate_weeks(session)
        SessionRole.objects.create(session=session, user=self.accounts["organiser"], role="organiser", reads_accommodations=True)
        return session

    def _noon(self, day: datetime.date) -> datetime.datetime:
        return datetime.datetime.combine(day, datetime.time(12), tzinfo=UTC)

    # The running session

    def _running(self, session: Session, seeded: Seeded) -> None:
        pool = iter(self.made_up)
        for number, (name, slug) in enumerate(zip(COHORT_NAMES, COHORT_PROJECTS, strict=True)):
            cohort = Cohort.objects.create(session=session, name=name, project=self.projects[slug])
            first = number == 0
            navigator = self.accounts["navigator"] if first else self.people[next(pool).login]
            captain = self.accounts["captain"] if first else self.people[next(pool).login]
            Membership.objects.create(cohort=cohort, user=navigator, role="navigator")
            Membership.objects.create(cohort=cohort, user=captain, role="captain")
            logins = ["amara-okafor"] if first else []
            members = [Membership(cohort=cohort, user=self.accounts["member"])] if first else []
            while len(members) < (3 if number == 4 else 4):
                person = next(pool)
                members.append(Membership(cohort=cohort, user=self.people[person.login]))
                logins.append(person.login)
            Membership.objects.bulk_create(members)
            GitHubIdentity.objects.bulk_create(
                [GitHubIdentity(user=member.user, login=login) for member, login in zip(members, logins, strict=True)]
            )
            seeded.cohorts.append((slug, logins))
            self._check_ins(session, members, first)
        # One login that GitHub does not know, so that the page shows what happens then.
        unknown = self.people[next(pool).login]
        Membership.objects.create(cohort=Cohort.objects.get(session=session, name="Vesta"), user=unknown)
        GitHubIdentity.objects.create(user=unknown, login="nobody-has-this-login")

    def _check_ins(self, session: Session, members: list[Membership], first: bool) -> None:
        rows = []
        weeks = list(session.calendar.filter(number__lte=4))
        for position, member in enumerate(members):
            quiet_since = 2 if position == 3 else 4
            for week in weeks:
                resting = first and position == 2 and week.number == 4
                if not resting and (week.number > quiet_since or (week.number == 4 and position % 2)):
                    continue
                did, learned, stuck, next_ = texts.CHECK_INS[(week.number - 1 + position * 2) % len(texts.CHECK_INS)]
                written = self._noon(week.starts_on) + datetime.timedelta(days=3, hours=position)
                if first and position == 0 and week.number == 4:
                    continue  # what the visitor writes
                rows.append(
                    CheckIn(
                        membership=member,
                        week=week,
                        did="" if resting else did,
                        learned="" if resting else learned,
                        stuck="" if resting else stuck,
                        next="" if resting else next_,
                        hours=None if resting else self.chance.choice([3, 4, 4, 5, 6]),
                        energy=None if resting else self.chance.choice([2, 3, 4, 4, 5]),
                        wants_to_talk=not resting and position == 1 and week.number == 4,
                        resting=resting,
                        written_at=None if resting else min(written, timezone.now() - datetime.timedelta(hours=2)),
                    )
                )
        CheckIn.objects.bulk_create(rows)

    # The finished session

    def _finished(self, session: Session) -> None:
        pool = self.made_up[60:]
        for number, name in enumerate(("Io", "Europa", "Titan")):
            cohort = Cohort.objects.create(session=session, name=name, project=list(self.projects.values())[number])
            group = pool[number * 6 : number * 6 + 6]
            roles = ["navigator", "captain", *["member"] * 4]
            people = [self.people[person.login] for person in group]
            if number == 0:
                people[0] = self.accounts["navigator"]
            Membership.objects.bulk_create(
                [
                    Membership(cohort=cohort, user=user, role=role, state="completed")
                    for user, role in zip(people, roles, strict=True)
                ]
            )
        write_past_work(session)

    # Applications

    def _open(self, session: Session, finished: Session) -> None:
        """Somebody who was not selected last time writes again."""
        applicant = self.accounts["applicant"]
        self._earlier_application(finished, applicant)
        questions = list(session.questions.of_form())
        Application.objects.create(
            session=session,
            applicant=applicant,
            draft={str(questions[0].pk): "I would like to fix a small bug in Marigold, which I use at work, and"},
            version=3,
        )

    def _earlier_application(self, session: Session, applicant: User) -> None:
        closes = session.applications_close_at
        application = Application.objects.create(
            session=session, applicant=applicant, status="not_selected", version=1, submitted_version=1,
            submitted_at=closes - datetime.timedelta(days=3),
        )  # fmt: skip
        Application.objects.filter(pk=application.pk).update(created_at=closes - datetime.timedelta(days=9))
        given = answers.answers_for(self.chance, list(session.questions.of_form()))
        Answer.objects.bulk_create(
            [
                Answer(application=application, question=question, value=value, asked=question.label)
                for question, value in given.items()
            ]
        )
        ApplicationEvent.objects.bulk_create(
            [
                ApplicationEvent(
                    application=application, from_status="draft", to_status="submitted", actor=applicant,
                    at=closes - datetime.timedelta(days=3),
                ),
                ApplicationEvent(
                    application=application, from_status="submitted", to_status="not_selected",
                    actor=self.accounts["organiser"], at=session.published_at,
                ),
            ]
        )  # fmt: skip
        Review.objects.create(
            application=application, reviewer=self.accounts["organiser"], application_version=1, version=1, confidence=2,
            shareable_comment=texts.SHAREABLE_COMMENTS[1], handed_in_at=closes + datetime.timedelta(days=9),
        )  # fmt: skip
