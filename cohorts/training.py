"""What people who help in a session learn or do before it begins: tasks for a role or for all, ticked by each person."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.links import absolute_url
from accounts.models import Message, User

from .due_reminders import Due
from .models import Membership, Session, SessionRole, TrainingDone, TrainingTask, Volunteer
from .stages import Stage, stage_of

Role = Volunteer.Role

REMINDER = "reminder_training"
#: How many days before its day a task is called to mind.
AHEAD = datetime.timedelta(days=3)
#: Rounds of reminders are days since this one: a reminder for each day on which something is due.
_EPOCH = datetime.date(2020, 1, 1)


class TrainingError(Exception):
    """A task that cannot be ticked. The text is for the person who tried."""


@dataclass
class Task:
    """A task as one person sees it: whether it is done, and until when it should be."""

    task: TrainingTask
    due_on: datetime.date
    done_at: datetime.datetime | None = None


@dataclass
class Helper:
    """Somebody with a part in a session, and what of the training of their roles is done."""

    person: User
    roles: list[str] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)

    @property
    def done(self) -> int:
        return sum(one.done_at is not None for one in self.tasks)

    @property
    def open(self) -> list[Task]:
        return [one for one in self.tasks if one.done_at is None]

    @property
    def role_names(self) -> str:
        return ", ".join(str(Role(role).label) for role in self.roles)


def due_day(task: TrainingTask, session: Session) -> datetime.date:
    """Until when a task should be done: its own day, else the day before the session begins."""
    return task.due_on or session.first_day - datetime.timedelta(days=1)


def roles_of(session: Session, user) -> list[str]:
    """The roles in which `user` helps in `session`: accepted, leading a cohort, or organising. Three queries."""
    return next((one.roles for one in _helpers(session, people=[user.pk])), [])


def _helpers(session: Session, people: Sequence[int] | None = None) -> list[Helper]:
    """Everybody who helps in `session` with an open account (or those of `people`), by name. Three queries."""
    found: dict[int, Helper] = {}

    def note(person: User, role: str) -> None:
        roles = found.setdefault(person.pk, Helper(person)).roles
        if role not in roles:
            roles.append(role)

    here = Q(user__is_active=True) if people is None else Q(user__is_active=True, user__in=people)
    for volunteer in Volunteer.objects.accepted().filter(here, session=session).select_related("user").order_by("pk"):
        if volunteer.user is not None:
            note(volunteer.user, volunteer.role)
    for membership in Membership.objects.leading().filter(here, cohort__session=session).select_related("user").order_by("pk"):
        note(membership.user, membership.role)
    organisers = SessionRole.objects.filter(here, session=session, role=SessionRole.Role.ORGANISER)
    for role in organisers.select_related("user").order_by("pk"):
        note(role.user, Role.ORGANISER)
    for helper in found.values():
        helper.roles.sort(key=Role.values.index)
    return sorted(found.values(), key=lambda one: (one.person.get_full_name().casefold(), one.person.pk))


def progress(session: Session) -> list[Helper]:
    """What everybody who helps in `session` has done of their training, by name. Five queries."""
    return _with_tasks(session, _helpers(session))


def training_of(session: Session, user) -> list[Task]:
    """The training of `user` in `session`, in its order; empty for people who do not help there. Five queries."""
    return next((one.tasks for one in _with_tasks(session, _helpers(session, people=[user.pk]))), [])


def _with_tasks(session: Session, helpers: list[Helper]) -> list[Helper]:
    tasks = list(session.training_tasks.all())
    people = [one.person.pk for one in helpers]
    rows = TrainingDone.objects.filter(task__session=session, user__in=people).values_list("user_id", "task_id", "done_at")
    done = {(user, task): at for user, task, at in rows}
    for helper in helpers:
        helper.tasks = [
            Task(task, due_day(task, session), done.get((helper.person.pk, task.pk)))
            for task in tasks
            if not task.role or task.role in helper.roles
        ]
    return helpers


def tick(task: TrainingTask, *, by) -> None:
    """Note that `by` has done `task`; ticking twice is ticking once. Raises `TrainingError` for people whom it is not for."""
    _check(task, by)
    TrainingDone.objects.get_or_create(task=task, user=by)


def untick(task: TrainingTask, *, by) -> None:
    """Take a tick back. Raises `TrainingError` for people whom it is not for."""
    _check(task, by)
    TrainingDone.objects.filter(task=task, user=by).delete()


def _check(task: TrainingTask, user) -> None:
    roles = roles_of(task.session, user)
    if not roles or (task.role and task.role not in roles):
        raise TrainingError(_("This task is not for you."))


# --- reminders


def _with_training_soon(now: datetime.datetime) -> Iterator[Session]:
    """Sessions with training in which something may be due soon: announced, and not begun."""
    today = now.date()
    near = Q(training_tasks__due_on__range=(today - datetime.timedelta(days=1), today + AHEAD + datetime.timedelta(days=1)))
    # The day before the first one, which may be in week 0.
    near |= Q(training_tasks__due_on=None, starts_on__lte=today + AHEAD + datetime.timedelta(days=10))
    sessions = Session.objects.filter(near, archived_at=None, starts_on__gte=today - datetime.timedelta(days=1)).distinct()
    for session in sessions.prefetch_related("training_tasks").order_by("pk"):
        if stage_of(session, now) != Stage.DRAFT and now < session.begins_at:
            yield session


def _soon(session: Session, tasks: Sequence[Task], now: datetime.datetime) -> dict[datetime.date, list[Task]]:
    """Open tasks whose day comes within the next days and is not over, by that day."""
    found: dict[datetime.date, list[Task]] = {}
    today = now.astimezone(session.zone).date()
    for one in tasks:
        if one.done_at is None and today <= one.due_on <= today + AHEAD:
            found.setdefault(one.due_on, []).append(one)
    return found


def due_training(now: datetime.datetime) -> Iterator[Due]:
    """People with something left of their training whose day comes soon: one reminder for each such day."""
    for session in _with_training_soon(now):
        helpers = [(one, _soon(session, one.tasks, now)) for one in progress(session)]
        soon = {one.person.pk: by_day for one, by_day in helpers if by_day}
        wanting = set(User.objects.filter(pk__in=soon, is_active=True, reminders_by_mail=True).values_list("pk", flat=True))
        told = set(
            Message.objects.filter(kind=REMINDER, recipient__in=wanting, about_type__model="session", about_id=session.pk)
            .values_list("recipient_id", "round")
        )  # fmt: skip
        people = {one.person.pk: one.person for one, _by_day in helpers}
        for pk in sorted(wanting):
            for day, tasks in sorted(soon[pk].items()):
                if (pk, round_of(day)) not in told:
                    yield _due(people[pk], session, day, tasks)


def _due(person: User, session: Session, day: datetime.date, tasks: Sequence[Task]) -> Due:
    context: dict[str, Any] = {"due_day": day, "tasks": [one.task.title for one in tasks]}
    link = absolute_url(reverse("training", args=[session.slug]))
    return Due(recipient=person, about=session, session=session, link=link, round=round_of(day), context=context)


def round_of(day: datetime.date) -> int:
    """The round of the reminder for what is due on `day`."""
    return max((day - _EPOCH).days, 1)


def training_still_true(message: Message, now: datetime.datetime) -> bool:
    session: Any = message.about
    if message.recipient is None or now >= session.begins_at or stage_of(session, now) == Stage.ARCHIVED:
        return False
    by_day = _soon(session, training_of(session, message.recipient), now)
    return message.recipient.reminders_by_mail and any(round_of(day) == message.round for day in by_day)


# --- the front page


def open_training(user, now: datetime.datetime | None = None) -> list[tuple[Session, list[Task]]]:
    """What is left of the training of `user`, by session that has not begun, the next one first. Five queries at most."""
    now = now or timezone.now()
    parts: dict[int, set[str]] = {}
    for session, role in Volunteer.objects.accepted().filter(user=user).values_list("session_id", "role"):
        parts.setdefault(session, set()).add(role)
    for session, role in Membership.objects.leading().filter(user=user).values_list("cohort__session_id", "role"):
        parts.setdefault(session, set()).add(role)
    for session in SessionRole.objects.filter(user=user, role="organiser").values_list("session_id", flat=True):
        parts.setdefault(session, set()).add(Role.ORGANISER)
    coming = Q(session__in=parts, session__archived_at=None, session__starts_on__gte=now.date() - datetime.timedelta(days=1))
    tasks = TrainingTask.objects.filter(coming).exclude(done__user=user).select_related("session")
    found: dict[int, tuple[Session, list[Task]]] = {}
    for task in tasks.order_by("session__starts_on", "session_id", "order", "pk"):
        session = task.session
        if (
            (not task.role or task.role in parts[session.pk])
            and stage_of(session, now) != Stage.DRAFT
            and now < session.begins_at
        ):
            found.setdefault(session.pk, (session, []))[1].append(Task(task, due_day(task, session)))
    return list(found.values())
