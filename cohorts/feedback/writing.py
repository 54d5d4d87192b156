"""Keeping what somebody says: drafts, and handing in. What is typed in another tab is never overwritten unseen."""

import datetime
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cohorts.models import Feedback, FeedbackQuestion, Session

from .dates import LATE_DAYS, days
from .values import WrongValue, read_value


class FeedbackClosed(Exception):
    """It can no longer be written. The text is for the person."""


class ChangedElsewhere(Exception):
    """Another tab saved something else. `feedback` is what is stored now."""

    def __init__(self, feedback: Feedback):
        super().__init__(_("This form was changed in another tab or on another device."))
        self.feedback = feedback


@dataclass(frozen=True)
class Saved:
    """What is stored now, and by question id why an answer was not taken."""

    feedback: Feedback
    errors: Mapping[int, str]


def end_of(day: datetime.date, session: Session) -> datetime.datetime:
    """The last minute of `day` in the session's zone: people read 23:59 better than midnight."""
    return datetime.datetime.combine(day, datetime.time(23, 59), tzinfo=session.zone)


def last_minute(feedback: Feedback) -> datetime.datetime:
    """Until when it can be written: what was handed in until one's day, what was not some days longer."""
    day = feedback.due_on if feedback.written_at else feedback.due_on + days(LATE_DAYS)
    return end_of(day, feedback.form.session)


def is_open(feedback: Feedback, now: datetime.datetime | None = None) -> bool:
    """Whether its writer may write it now. What was handed in late stays as it was handed in."""
    session = feedback.form.session
    if session.archived_at is not None:
        return False
    return (now or timezone.now()) < last_minute(feedback) + datetime.timedelta(minutes=1)


def save_draft(
    feedback: Feedback,
    *,
    by,
    typed: Mapping[int, str],
    version: int | None = None,
    form: str = "",
    now: datetime.datetime | None = None,
) -> Saved:
    """Keep what was typed, by question id; questions that are not named stay. What is no answer is left out and named in `errors`.

    `version` is that of the feedback which the page was made from, `form` names the page: what the same page saved last never makes it
    out of date. What was handed in stays so: a required answer can be changed in it and not taken away. Raises `PermissionDenied`,
    `FeedbackClosed` and `ChangedElsewhere`; then nothing is written.
    """
    return _write(feedback, by, typed, version, form, now, handing_in=False)


def hand_in(
    feedback: Feedback,
    *,
    by,
    typed: Mapping[int, str],
    version: int | None = None,
    form: str = "",
    now: datetime.datetime | None = None,
) -> Saved:
    """As `save_draft`, and hand it in where every required question has an answer and nothing is wrong.

    Else `errors` says what is missing: what was typed is kept as a draft, and what was handed in before stays as it is.
    """
    return _write(feedback, by, typed, version, form, now, handing_in=True)


def _write(feedback, by, typed, version, form, now, *, handing_in: bool) -> Saved:
    now = now or timezone.now()
    with transaction.atomic():
        locked = (
            Feedback.objects.select_for_update(of=("self",))
            .select_related("form__session", "membership")
            .filter(pk=feedback.pk, membership__user=by)
            .first()
        )
        if locked is None:
            raise PermissionDenied
        if not is_open(locked, now):
            raise FeedbackClosed(_("This form can no longer be changed: its time is over."))
        questions = {question.pk: question for question in locked.form.questions.all()}
        values, errors = _read(questions, typed)
        unsent = {
            str(pk) for pk, question in questions.items() if question.kind == FeedbackQuestion.Kind.TEXT and pk not in typed
        }
        _refuse_to_overwrite(locked, values, unsent, version, form)
        merged = {key: value for key, value in {**locked.values, **values}.items() if value is not None}
        if handing_in or locked.written_at is not None:
            for pk, question in questions.items():
                if question.required and str(pk) not in merged and (handing_in or str(pk) in values):
                    errors.setdefault(pk, _("This question needs an answer."))
            if errors and locked.written_at is not None:
                return Saved(locked, errors)
        if handing_in and not merged and not errors:
            errors = {pk: _("Answer at least one question.") for pk in list(questions)[:1]}
        if handing_in and not errors:
            locked.written_at = locked.written_at or now
        elif merged == locked.values:
            return Saved(locked, errors)
        locked.values, locked.saved_by_form = merged, form
        locked.version += 1
        locked.save()
    return Saved(locked, errors)


def _read(questions: Mapping[int, FeedbackQuestion], typed: Mapping[int, str]) -> tuple[dict[str, Any], dict[int, str]]:
    """Answers by question id as JSON has it, None for an emptied one; and what is wrong."""
    values: dict[str, Any] = {}
    errors: dict[int, str] = {}
    for pk, text in typed.items():
        if pk not in questions:
            continue
        try:
            values[str(pk)] = read_value(questions[pk], text)
        except WrongValue as error:
            errors[pk] = str(error)
    return values, errors


def _refuse_to_overwrite(locked: Feedback, values: Mapping[str, Any], unsent: Set[str], version: int | None, form: str) -> None:
    """`unsent` are texts that the page did not send with `values`. They count as well: once it has saved one answer it is up to date, and
    would hand in the others as it knew them."""
    if version is None or locked.version <= version or (form and locked.saved_by_form == form):
        return
    if unsent & locked.values.keys() or any(
        key in locked.values and locked.values[key] != value for key, value in values.items()
    ):
        raise ChangedElsewhere(locked)
