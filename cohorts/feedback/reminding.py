"""Whom a mail asks for feedback that they have not handed in: once for each form, some days before their own day."""

import datetime
from collections.abc import Iterator
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.urls import reverse

from accounts.links import absolute_url
from accounts.models import Message
from cohorts.due_reminders import Due
from cohorts.models import CheckIn, Feedback, FeedbackForm, Membership

from .dates import days
from .writing import end_of

KIND = "reminder_feedback"

#: So many days before one's day, and not on the day on which one is asked: the front page has said it, and most answer there.
AHEAD = 2
SETTLED = datetime.timedelta(hours=24)
#: Not at night: hours of the person's own zone.
FIRST_HOUR, LAST_HOUR = 9, 20


def _open(now: datetime.datetime) -> QuerySet[Any]:
    """What is asked, not handed in, and of people who want reminders and do not rest; with `first_version`, the id of the first
    version of its form: a reminder is about the form in all its versions."""
    versions = FeedbackForm.objects.filter(session=OuterRef("form__session"), key=OuterRef("form__key")).order_by("version")
    rests = CheckIn.objects.filter(
        membership=OuterRef("membership"), resting=True, week__starts_on__lte=now.date(), week__ends_on__gte=now.date()
    )
    return (
        Feedback.objects.filter(
            written_at=None,
            excused_at=None,
            form__session__archived_at=None,
            membership__state__in=[Membership.State.ACTIVE, Membership.State.COMPLETED],
            membership__user__is_active=True,
            membership__user__reminders_by_mail=True,
            due_on__gte=(now - datetime.timedelta(days=1)).date(),
        )
        .exclude(Exists(rests))
        .annotate(first_version=Subquery(versions.values("pk")[:1]))
    )


def _is_time(feedback: Feedback, now: datetime.datetime) -> bool:
    session = feedback.form.session
    return feedback.due_on - days(AHEAD) <= now.astimezone(session.zone).date() and now <= end_of(feedback.due_on, session)


def due_feedback(now: datetime.datetime) -> Iterator[Due]:
    """One for each person and form; what is about several people is one mail. Two queries."""
    told = Message.objects.filter(
        kind=KIND,
        about_type=ContentType.objects.get_for_model(Membership),
        about_id=OuterRef("membership_id"),
        recipient=OuterRef("membership__user_id"),
        round=OuterRef("first_version"),
    )
    rows = (
        _open(now)
        .filter(due_on__lte=(now + datetime.timedelta(days=AHEAD + 1)).date(), asked_at__lte=now - SETTLED)
        .exclude(Exists(told))
        .select_related("form__session", "membership__user")
        .order_by("due_on", "pk")
    )
    seen: set[tuple[int, int]] = set()
    for feedback in rows:
        user = feedback.membership.user
        key = (feedback.membership_id, feedback.first_version)
        if key in seen or not _is_time(feedback, now) or not FIRST_HOUR <= now.astimezone(user.zone).hour < LAST_HOUR:
            continue
        seen.add(key)
        yield Due(
            recipient=user,
            about=feedback.membership,
            session=feedback.form.session,
            link=absolute_url(reverse("my_feedback")),
            round=feedback.first_version,
            moments={"due": end_of(feedback.due_on, feedback.form.session)},
            context={"form": feedback.form.title},
        )


def still_true(message: Message, now: datetime.datetime) -> bool:
    """Whether something of the form still waits for that person, and its day is not over."""
    waiting = _open(now).filter(membership_id=message.about_id, first_version=message.round)
    return any(now <= end_of(each.due_on, each.form.session) for each in waiting.select_related("form__session"))
