"""What was decided about the running session of the demonstration: offers with their answers, a waitlist, and the mails that went out."""

import datetime
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType

from accounts.models import AddressTrouble, Message, User
from cohorts.decision_messages import write_message
from cohorts.models import (
    Answer,
    Application,
    ApplicationEvent,
    Cohort,
    Membership,
    ProjectPreference,
    Publication,
    Session,
)

from . import answers
from .people import MadeUp

HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)

#: How an application goes on after it was submitted: the status that was published, and what came of it.
ACCEPTED = ("offered", "accepted")
DECLINED = ("offered", "declined")
EXPIRED = ("offered", "expired")
FOLLOWED = ("waitlisted", "offered", "accepted")
WAITING = ("waitlisted",)
REFUSED = ("not_selected",)
DECISIONS = {"offered": "offer", "waitlisted": "waitlist", "not_selected": "not_selected"}


@dataclass
class Decided:
    """One application and the way it took; `cohort` is that of the offer."""

    person: User
    way: tuple[str, ...]
    cohort: Cohort | None = None
    rank: int | None = None


class DecisionSeeder:
    """Writes applications to a session whose results are published, as publishing and answering leave them."""

    def __init__(self, session: Session, *, organiser: User, people: Mapping[str, User]) -> None:
        self.session, self.organiser, self.people = session, organiser, people
        self.chance = random.Random(11)  # noqa: S311 (a made-up world, the same each time)
        self.questions = list(session.questions.of_form())
        self.projects = list(session.projects.all())

    def seed(self, waiting: Sequence[MadeUp], refused: Sequence[MadeUp], gone: Sequence[MadeUp]) -> None:
        """All members were offered their place; `gone` (two) did not take one, and the last two members came in for them from the
        waitlist; `waiting` wait, in this order; the others were refused."""
        members = Membership.objects.filter(cohort__session=self.session, role="member").select_related("user", "cohort__project")
        cohorts = list(self.session.cohorts.select_related("project"))
        decided = [Decided(one.user, ACCEPTED, one.cohort) for one in members]
        for one in decided[-2:]:
            one.way = FOLLOWED
        decided += [
            Decided(self.people[one.login], way, cohort)
            for one, way, cohort in zip(gone, (DECLINED, EXPIRED), cohorts, strict=False)
        ]
        decided += [Decided(self.people[one.login], WAITING, rank=rank) for rank, one in enumerate(waiting, 1)]
        decided += [Decided(self.people[one.login], REFUSED) for one in refused]
        applications = self._applications(decided)
        self._answers(applications)
        self._moves(decided, applications)
        self._mails(decided, applications)

    def _applications(self, decided: Sequence[Decided]) -> list[Application]:
        closes, published = self.session.applications_close_at, self.session.published_at
        rows = Application.objects.bulk_create(
            [
                Application(
                    session=self.session,
                    applicant=one.person,
                    status=one.way[-1],
                    version=1,
                    submitted_version=1,
                    submitted_at=closes - 5 * HOUR * number - HOUR,
                    tier={"offered": number % 2, "waitlisted": 1}.get(one.way[0], 2),
                    answer_by=published + (self.session.reply_days + 8 * one.way.index("offered")) * DAY
                    if "offered" in one.way
                    else None,
                    waitlist_rank=one.rank,
                )
                for number, one in enumerate(decided)
            ]
        )
        for row in rows:
            row.created_at = row.submitted_at - 20 * HOUR
        Application.objects.bulk_update(rows, ["created_at"])
        return rows

    def _answers(self, applications: Sequence[Application]) -> None:
        rows, preferences = [], []
        for application in applications:
            given = answers.answers_for(self.chance, self.questions)
            rows += [
                Answer(application=application, question=question, value=value, asked=question.label)
                for question, value in given.items()
            ]
            chosen = self.chance.sample(self.projects, self.chance.choice([0, 1, 2]))
            preferences += [
                ProjectPreference(application=application, project=project, rank=rank) for rank, project in enumerate(chosen, 1)
            ]
        Answer.objects.bulk_create(rows)
        ProjectPreference.objects.bulk_create(preferences)

    def _moves(self, decided: Sequence[Decided], applications: Sequence[Application]) -> None:
        published = self.session.published_at
        events = []
        for number, (one, application) in enumerate(zip(decided, applications, strict=True)):
            moves: list[tuple[str, User | None, datetime.datetime]] = [("submitted", one.person, application.submitted_at)]
            moves.append((one.way[0], self.organiser, published))
            if one.way == FOLLOWED:
                moves.append(("offered", self.organiser, published + 8 * DAY))
            if one.way[-1] == "expired":
                moves.append(("expired", None, application.answer_by))
            elif one.way[-1] != one.way[0]:
                moves.append((one.way[-1], one.person, moves[-1][2] + DAY + number * HOUR))
            before = "draft"
            for status, actor, at in moves:
                events.append(ApplicationEvent(application=application, from_status=before, to_status=status, actor=actor, at=at))
                before = status
        ApplicationEvent.objects.bulk_create(events)

    def _mails(self, decided: Sequence[Decided], applications: Sequence[Application]) -> None:
        """One address took no mail, and one mail was under way when the worker was stopped: an organiser has something to look at."""
        published = self.session.published_at
        publication = Publication.objects.create(
            session=self.session,
            made_by=self.organiser,
            state=Publication.State.DONE,
            offers=sum(one.way[0] == "offered" for one in decided),
            waitlisted=sum(one.way == WAITING for one in decided),
            not_selected=sum(one.way == REFUSED for one in decided),
            started_at=published,
            decided_at=published,
            finished_at=published + HOUR,
        )
        Publication.objects.filter(pk=publication.pk).update(created_at=published)
        about = ContentType.objects.get_for_model(Application)
        rows: list[Message] = []
        for number, (one, application) in enumerate(zip(decided, applications, strict=True)):
            application.pending_decision, application.pending_rank = DECISIONS[one.way[0]], one.rank
            written: Any = write_message(
                application, cohort=one.cohort, answer_by=application.answer_by or published + self.session.reply_days * DAY
            )
            rows.append(
                Message(
                    recipient=one.person, address=one.person.email, kind=written.kind, about_type=about, about_id=application.pk,
                    subject=written.subject, body=written.body, html=written.html, language=written.language,
                    batch=publication.batch, state=Message.State.SENT, attempts=1,
                    tried_at=published + number * datetime.timedelta(seconds=1),
                    sent_at=published + number * datetime.timedelta(seconds=1),
                )
            )  # fmt: skip
        refused, unsure = rows[-1], rows[-2]
        refused.state, refused.trouble, refused.sent_at = Message.State.FAILED, Message.Trouble.ADDRESS, None
        refused.error = "The mail server says that this address does not exist or takes no mail."
        unsure.state, unsure.sent_at = Message.State.UNSURE, None
        created = Message.objects.bulk_create(rows)
        Message.objects.filter(pk__in=[row.pk for row in created]).update(created_at=published)
        AddressTrouble.objects.create(
            address=refused.address, reason=AddressTrouble.Reason.REFUSED, detail="550 5.1.1 No such user here",
            first_at=published, last_at=published,
        )  # fmt: skip
