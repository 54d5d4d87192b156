"""The weeks of the demonstration: what a cohort says, meets for, learns and is asked, in the fourth week of a session and after one."""

import datetime

from django.utils import timezone

from accounts.models import Availability, User
from accounts.models.availability import SLOTS_A_DAY
from cohorts import nudges
from cohorts.entries import Entry
from cohorts.feedback.usual import add_usual_forms
from cohorts.models import (
    Announcement,
    CheckIn,
    CheckInReply,
    Cheer,
    Cohort,
    Farewell,
    Feedback,
    FeedbackForm,
    Meeting,
    MeetingNote,
    MeetingPerson,
    MeetingSlot,
    Membership,
    MembershipEvent,
    Nudge,
    Question,
    Session,
    SlotAnswer,
    Testimonial,
    TrainingDone,
    TrainingTask,
    Volunteer,
)
from contributions.models import LearningEntry

from . import weeks_texts as texts

DAY, HOUR = datetime.timedelta(days=1), datetime.timedelta(hours=1)
UTC = datetime.UTC


def at(day: datetime.date, hour: int = 12) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(hour), tzinfo=UTC)


class WeeksSeeder:
    """Writes the weeks of one session that runs. `accounts` are those that visitors log in with, by part."""

    def __init__(self, session: Session, accounts: dict[str, User], now: datetime.datetime | None = None) -> None:
        self.session, self.accounts, self.now = session, accounts, now or timezone.now()
        self.weeks = list(session.calendar.order_by("number"))
        self.cohort = Cohort.objects.get(session=session, memberships__user=accounts["member"])
        places = Membership.objects.filter(cohort=self.cohort).select_related("user", "cohort__session").order_by("pk")
        self.members = [place for place in places if place.role == "member"]
        self.leaders = {place.role: place.user for place in places if place.role != "member"}

    def seed(self) -> None:
        # They came when it was published, not when the demonstration was made.
        came = min((self.session.published_at or self.now) + 3 * DAY, self.now)
        Membership.objects.filter(cohort__session=self.session).update(joined_at=came)
        self._texts()
        self._places()
        self._answers()
        self._hours()
        self._meetings()
        self._one_to_one()
        self._poll()
        self._learning()
        self._feedback()
        self._announcements()
        self._nudges()

    def _texts(self) -> None:
        for week, (title, announcement, before, after) in zip(self.weeks, texts.WEEKS, strict=True):
            week.title, week.announcement, week.before_tasks, week.after_tasks = title, announcement, before, after
            week.save()
        Cohort.objects.filter(pk=self.cohort.pk).update(
            channel_url=texts.CHANNEL, channel_name=texts.CHANNEL_NAME, about=texts.ABOUT
        )
        for part, reach in texts.REACH.items():
            User.objects.filter(pk=self.accounts[part].pk).update(reach_me=reach)

    def _places(self) -> None:
        """In other cohorts: somebody who left, and somebody who goes on for two weeks more."""
        others = (
            Membership.objects.members()
            .filter(cohort__session=self.session)
            .exclude(cohort=self.cohort)
            .order_by("cohort_id", "pk")
        )
        organiser, places = self.accounts["organiser"], list(others)
        left, longer = places[7], places[11]
        Membership.objects.filter(pk=left.pk).update(
            state="left", left_at=self.now - 6 * DAY, leaving_reason="A new job, earlier than I thought."
        )
        MembershipEvent.objects.create(
            membership=left, what="left", actor=left.user, note="A new job, earlier than I thought.", at=self.now - 6 * DAY
        )
        until = self.session.last_day + 14 * DAY
        Membership.objects.filter(pk=longer.pk).update(extended_until=until)
        MembershipEvent.objects.create(
            membership=longer, what="extended", actor=organiser, note="Was ill in weeks 2 and 3.", at=self.now - 2 * DAY
        )

    def _hours(self) -> None:
        """When the people of the cohort have time: mornings and evenings on their own clocks. One has not said it."""
        people = [place.user for place in self.members[:-1]] + list(self.leaders.values())
        said = set(Availability.objects.filter(user__in=people).values_list("user_id", flat=True))
        hours = (*range(14, 22), *range(35, 43))
        slots = [day * SLOTS_A_DAY + slot for day in range(5) for slot in hours]
        Availability.objects.bulk_create(
            Availability(user=user, time_zone=user.time_zone, slots=slots) for user in people if user.pk not in said
        )

    def _answers(self) -> None:
        """Answers and cheers for what the cohort wrote. Who is stuck has no answer yet: that is what its navigator finds."""
        said = CheckIn.objects.written().filter(membership__cohort=self.cohort, stuck="").select_related("membership")
        for number, checkin in enumerate(said.order_by("written_at", "pk")):
            part, text = texts.REPLIES[number % len(texts.REPLIES)]
            mate = next(place.user for place in self.members if place.pk != checkin.membership_id)
            author = mate if part == "mate" else self.leaders[part]
            written = CheckInReply.objects.create(checkin=checkin, author=author, text=text)
            CheckInReply.objects.filter(pk=written.pk).update(
                created_at=min((checkin.written_at or self.now) + 5 * HOUR, self.now)
            )
            for glad in [place.user for place in self.members[: number % 3] if place.pk != checkin.membership_id]:
                Cheer.objects.create(checkin=checkin, user=glad)

    def _meeting(self, starts_at: datetime.datetime, **fields) -> Meeting:
        values = {"session": self.session, "cohort": self.cohort, "time_zone": "UTC", "made_by": self.leaders["navigator"]}
        return Meeting.objects.create(starts_at=starts_at, **{**values, **fields})

    def _meetings(self) -> None:
        """A welcome, a stand-up each Wednesday, a talk for all and a farewell; those that were have notes and say who was there."""
        link = "https://meet.example.org/venus"
        welcome = self._meeting(at(self.weeks[0].starts_on + DAY, 17), kind="welcome", link=link, agenda=texts.AGENDA)
        self._there(welcome, self.members)
        series = welcome.uid
        for week in self.weeks[:-1]:
            held = self._meeting(at(week.starts_on + 2 * DAY, 17), minutes=45, link=link, agenda=texts.AGENDA, series=series)
            if held.ends_at and held.ends_at < self.now:
                held.notes = texts.NOTES[(week.number - 1) % len(texts.NOTES)]
                held.save()
                # The one who went silent missed the last two.
                self._there(
                    held, self.members if week.number == 1 else self.members[:3], absent=self.members[3:] * (week.number > 1)
                )
        self._meeting(at(self.weeks[-1].starts_on + 2 * DAY, 17), kind="closing", link=link)
        self._meeting(
            at(self.weeks[4].starts_on + 3 * DAY, 16), cohort=None, kind="talk", title="How it went on after my session", minutes=40,
            link="https://meet.example.org/talk", made_by=self.accounts["organiser"],
        )  # fmt: skip

    def _there(self, meeting: Meeting, people, absent=()) -> None:
        if meeting.ends_at is None or meeting.ends_at > self.now:
            return
        noted = {"noted_by": self.leaders["navigator"], "noted_at": meeting.ends_at}
        rows = [MeetingPerson(meeting=meeting, user=place.user, attendance="there", **noted) for place in people]
        rows += [MeetingPerson(meeting=meeting, user=place.user, attendance="absent", **noted) for place in absent]
        MeetingPerson.objects.bulk_create(rows)

    def _one_to_one(self) -> None:
        """The captain and two members, with a note that is private and one that is shared."""
        captain = self.leaders["captain"]
        for place, day, text, shared in (
            (self.members[1], self.weeks[1].starts_on + 4 * DAY, texts.PRIVATE_NOTE, False),
            (self.members[0], self.weeks[2].starts_on + 3 * DAY, texts.SHARED_NOTE, True),
        ):
            met = self._meeting(at(day, 18), few=True, kind="one_to_one", minutes=30, made_by=captain)
            MeetingPerson.objects.bulk_create(
                MeetingPerson(meeting=met, user=user, invited=True) for user in (captain, place.user)
            )
            MeetingNote.objects.create(meeting=met, author=captain, text=text, shared=shared)

    def _poll(self) -> None:
        """A time for pairing that is being found; the member who logs in has not answered yet."""
        asked = Meeting.objects.create(
            session=self.session, cohort=self.cohort, state="polling", kind="pairing", few=True, minutes=60, time_zone="UTC",
            title="Read a review together", made_by=self.members[1].user,
        )  # fmt: skip
        people = [self.members[0].user, self.members[1].user, self.leaders["navigator"]]
        MeetingPerson.objects.bulk_create(MeetingPerson(meeting=asked, user=user, invited=True) for user in people)
        first = self.weeks[4].starts_on
        slots = [MeetingSlot.objects.create(meeting=asked, starts_at=at(first + days * DAY, 16)) for days in (1, 3, 4)]
        for user, answers in zip(people[1:], (("yes", "no", "yes"), ("if_needed", "yes", "yes")), strict=True):
            SlotAnswer.objects.bulk_create(
                SlotAnswer(slot=slot, user=user, can=can) for slot, can in zip(slots, answers, strict=True)
            )

    def _learning(self) -> None:
        for title, text, shared, number in texts.LEARNING:
            week = self.weeks[number - 1]
            entry = LearningEntry.objects.create(
                membership=self.members[0], week=week, title=title, text=text, shared=shared, version=1
            )
            written = min(at(week.starts_on + 3 * DAY, 19), self.now - HOUR)
            LearningEntry.objects.filter(pk=entry.pk).update(created_at=written, updated_at=written)

    def _feedback(self) -> None:
        """Everybody said how they began; half of them how it goes in the middle."""
        add_usual_forms(self.session, by=self.accounts["organiser"])
        everybody = list(Membership.objects.members().present().filter(cohort__session=self.session).order_by("pk"))
        for number, place in enumerate(everybody):
            comfort, knows, words = texts.START[number % len(texts.START)]
            self._said("start", place, (comfort, knows, words, ""), due=self.weeks[0].ends_on)
        middle = self.weeks[2]
        for number, place in enumerate(everybody[4:]):
            comfort, pace, help_, words, private = texts.MIDDLE[number % len(texts.MIDDLE)]
            if number % 2 and at(middle.ends_on) < self.now:
                self._said("middle", place, (comfort, pace, help_, words, private), due=middle.ends_on)

    def _said(self, key: str, place: Membership, answers, *, due: datetime.date) -> None:
        say(FeedbackForm.objects.get(session=self.session, key=key, retired_at=None), place, answers, due=due)

    def _announcements(self) -> None:
        organiser = self.accounts["organiser"]
        for (subject, body), week, state in (
            (texts.ANNOUNCED, self.weeks[3], "sent"),
            (texts.ANNOUNCED_LATER, self.weeks[4], "scheduled"),
        ):
            morning = at(week.starts_on, 8)
            Announcement.objects.create(
                session=self.session, week=week, subject=subject, body=body, state=state, send_on=week.starts_on, written_by=organiser,
                scheduled_by=organiser, scheduled_at=min(morning - 3 * DAY, self.now),
                finished_at=min(morning + 12 * HOUR, self.now) if state == "sent" else None,
            )  # fmt: skip

    def _nudges(self) -> None:
        """What was noticed so far; the captain has looked after one of it."""
        nudges.notice(self.now)
        silent = self.members[3]
        missed = Nudge.objects.open().filter(membership=silent).exclude(kind="silent").order_by("pk").first()
        if missed is not None:
            note = "We wrote to each other: the hour is bad for Tomas. We look for another one."
            nudges.handle(silent, missed.kind, missed.key, by=self.leaders["captain"], note=note)


def say(form: FeedbackForm, place: Membership, answers, *, due: datetime.date) -> None:
    """Hand in `answers` to the questions of `form`, in their order; what is empty was left out. A choice is told by its place."""
    values = {}
    for question, answer in zip(form.questions.order_by("order", "pk"), answers, strict=True):
        if answer == "":
            continue
        values[str(question.pk)] = question.choices.splitlines()[answer] if question.kind == "choice" else answer
    written = at(due, 10) - DAY
    said = Feedback.objects.create(form=form, membership=place, due_on=due, values=values, written_at=written, version=1)
    Feedback.objects.filter(pk=said.pk).update(asked_at=written - 5 * DAY)


def seed_the_end(session: Session, organiser: User) -> None:
    """What people of a finished session said of it, and what became public of that."""
    add_usual_forms(session, by=organiser)
    form = FeedbackForm.objects.get(session=session, key="end", retired_at=None)
    begin = FeedbackForm.objects.get(session=session, key="start", retired_at=None)
    last = session.last_day
    members = list(Membership.objects.members().filter(cohort__session=session).select_related("user").order_by("pk"))
    for number, place in enumerate(members):
        comfort, knows, words = texts.START[number % len(texts.START)]
        say(begin, place, (comfort, knows, words, ""), due=session.starts_on + 6 * DAY)
        comfort, more, welcome, goes_on, words = texts.END[number % len(texts.END)]
        say(form, place, (comfort, more, welcome, goes_on, words, "", ""), due=last)
        if number < 8:
            did, proud, thanks = texts.FAREWELLS[number % len(texts.FAREWELLS)]
            Farewell.objects.create(
                membership=place, did=did, proud=proud, thanks=thanks, wants_navigator=number % 4 == 0, wants_captain=number % 5 == 2,
                written_at=at(last), version=1,
            )  # fmt: skip
    User.objects.filter(pk__in=[place.user_id for place in members[:7]]).update(consent_alumni=True)
    for number, (place, text) in enumerate(zip(members, texts.TESTIMONIALS, strict=False)):
        published = number < 2
        Testimonial.objects.create(
            session=session, author=place.user, text=text, signed=place.user.name if number != 1 else "",
            state="published" if published else "waiting", moderated_by=organiser if published else None,
            moderated_at=at(last) if published else None,
        )  # fmt: skip


def seed_volunteers(session: Session, people: list[User], *, organiser: User, navigator: User) -> None:
    """A session that looks for people who help: its forms, three offers, an invitation that was accepted, and what they learn."""
    session.takes_navigators = session.takes_captains = True
    session.save()
    questions = {}
    for order, (role, label, kind, required) in enumerate(texts.VOLUNTEER_QUESTIONS):
        question = Question.objects.create(session=session, asked_of=role, order=order, label=label, kind=kind, required=required)
        questions.setdefault(role, question)
    now = timezone.now()
    for person, (role, state, text) in zip(people, texts.OFFERS, strict=True):
        Volunteer.objects.create(
            session=session, user=person, role=role, state=state, submitted_at=now - 3 * DAY, version=1,
            values=Entry(texts={questions[role].pk: text}).as_draft(),
        )  # fmt: skip
    Volunteer.objects.create(
        session=session, user=navigator, role="navigator", state="accepted", invited_by=organiser, invited_at=now - 9 * DAY,
        submitted_at=now - 8 * DAY, decided_by=organiser, decided_at=now - 7 * DAY, version=1,
        values=Entry(texts={questions["navigator"].pk: "Lantern, as last time."}).as_draft(),
    )  # fmt: skip
    for order, (role, title, text, link) in enumerate(texts.TRAINING):
        task = TrainingTask.objects.create(session=session, order=order, role=role, title=title, text=text, link="")
        if link:
            task.text = f"{text} [Open it]({link})."
            task.save()
        if order == 0:
            TrainingDone.objects.create(task=task, user=navigator)
