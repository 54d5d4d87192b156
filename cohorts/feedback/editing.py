"""Changing the forms of a session. What somebody has begun to answer keeps its words: a change then makes a new version."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from cohorts.locking import locked_session
from cohorts.models import Feedback, FeedbackForm, FeedbackQuestion, Session

from .values import STEPS, lines_of

Kind = FeedbackQuestion.Kind

#: What organisers give a form, besides its questions.
OF_A_FORM = ("title", "intro", "checkpoint", "week_number", "direction", "days_to_answer")
OF_A_QUESTION = ("label", "help_text", "kind", "choices", "required", "organisers_only", "measure")
#: Longer forms are not answered.
MOST_QUESTIONS = 40


@dataclass(frozen=True)
class Asked:
    """A question as organisers write it; the order is that of the form."""

    label: str
    help_text: str = ""
    kind: str = Kind.SCALE
    choices: str = ""
    required: bool = False
    organisers_only: bool = False
    measure: str = ""


class FeedbackFormError(Exception):
    """Why a form cannot be saved so. `errors` are texts for the organiser by field (“” for the whole), `questions` by place and field."""

    def __init__(self, errors: Mapping[str, list[str]], questions: Mapping[int, Mapping[str, list[str]]] | None = None):
        self.errors, self.questions = errors, questions or {}
        super().__init__(" ".join(text for texts in errors.values() for text in texts))


class FormChangedElsewhere(FeedbackFormError):
    """Somebody else saved the form since it was opened."""


def stamp_of(form: FeedbackForm | None) -> str:
    """What a page carries to say which words it was opened with; empty for a new form."""
    if form is None:
        return ""
    words = [getattr(form, name) for name in OF_A_FORM], [asdict(each) for each in asked_by(form)]
    return f"{form.pk}.{hashlib.sha256(json.dumps(words).encode()).hexdigest()[:16]}"


def asked_by(form: FeedbackForm) -> list[Asked]:
    """The questions of a form, without their rows."""
    return [Asked(**{name: getattr(question, name) for name in OF_A_QUESTION}) for question in form.questions.all()]


def is_answered(form: FeedbackForm) -> bool:
    """Whether somebody has begun to answer this version: then its words stay."""
    return Feedback.objects.filter(form=form).exclude(Q(values={}) & Q(written_at=None)).exists()


def locked_for_forms(session: Session, *, by) -> Session:
    """The session under a lock. Raises `FeedbackFormError` where `by` may not change its forms, or nobody any more."""
    locked = locked_session(session, by=by)
    if locked is None:
        raise FeedbackFormError({"": [_("Only the organisers of this session change its feedback forms.")]})
    if locked.archived_at is not None:
        raise FeedbackFormError({"": [_("This session is archived: its forms stay as they are.")]})
    return locked


def save_form(
    session: Session,
    *,
    by,
    values: Mapping[str, Any],
    questions: Sequence[Asked],
    form: FeedbackForm | None = None,
    seen: str = "",
) -> FeedbackForm:
    """Save a form: a new one, or the words of `form`. `values` are those of `OF_A_FORM`, `seen` the stamp of the words it was opened with.

    Where somebody has begun to answer, the change makes a new version: who has typed nothing yet gets that one, all others keep
    theirs. Saving what is saved already changes nothing. Raises `FeedbackFormError`, and `FormChangedElsewhere` where somebody else
    was quicker; then nothing is written.
    """
    _check(session, values, questions)
    with transaction.atomic():
        locked = locked_for_forms(session, by=by)
        if form is None:
            made = FeedbackForm(session=locked, key=_free_key(locked, values["title"]), **values)
            return _saved(made, questions)
        current = FeedbackForm.objects.select_for_update().filter(session=locked, pk=form.pk, retired_at=None).first()
        if current is None or stamp_of(current) != seen:
            raise FormChangedElsewhere(
                {"": [_("Somebody else changed this form since you opened it. What you typed is still here: look at both.")]}
            )
        if asked_by(current) == list(questions) and all(getattr(current, name) == values[name] for name in OF_A_FORM):
            return current
        if not is_answered(current):
            for name in OF_A_FORM:
                setattr(current, name, values[name])
            current.questions.all().delete()
            return _saved(current, questions)
        current.retired_at = timezone.now()
        current.save(update_fields=["retired_at"])
        number = FeedbackForm.objects.filter(session=locked, key=current.key).aggregate(last=Max("version"))["last"] + 1
        made = _saved(FeedbackForm(session=locked, key=current.key, version=number, **values), questions)
        Feedback.objects.filter(form=current, values={}, written_at=None).update(form=made)
    return made


def retire_form(form: FeedbackForm, *, by) -> None:
    """Ask it no longer. What was said stays; whoever was asked already may still answer. Raises `FeedbackFormError`."""
    with transaction.atomic():
        locked = locked_for_forms(form.session, by=by)
        FeedbackForm.objects.filter(session=locked, pk=form.pk, retired_at=None).update(retired_at=timezone.now())


def use_again(form: FeedbackForm, *, by) -> None:
    """Ask a form again that was put away. Raises `FeedbackFormError` where a newer version is in use."""
    with transaction.atomic():
        locked = locked_for_forms(form.session, by=by)
        if FeedbackForm.objects.filter(session=locked, key=form.key, retired_at=None).exclude(pk=form.pk).exists():
            raise FeedbackFormError({"": [_("A newer version of this form is in use.")]})
        FeedbackForm.objects.filter(session=locked, pk=form.pk).update(retired_at=None)


def copy_forms(forms: Sequence[FeedbackForm], target: Session) -> list[FeedbackForm]:
    """`forms` of another session as first versions in `target`. Whoever calls it has checked that this may be done."""
    made = []
    for form in forms:
        values = {name: getattr(form, name) for name in OF_A_FORM}
        copy = FeedbackForm.objects.create(session=target, key=form.key, **values)
        write_questions(copy, asked_by(form))
        made.append(copy)
    return made


def copyable_forms(source: Session) -> list[FeedbackForm]:
    """The forms in use, with their questions."""
    return list(source.feedback_forms.filter(retired_at=None).prefetch_related("questions").order_by("pk"))


def write_questions(form: FeedbackForm, questions: Sequence[Asked]) -> None:
    """Give a form that has none its questions."""
    FeedbackQuestion.objects.bulk_create(
        FeedbackQuestion(form=form, order=order, **asdict(asked)) for order, asked in enumerate(questions, 1)
    )


def _saved(form: FeedbackForm, questions: Sequence[Asked]) -> FeedbackForm:
    form.save()
    write_questions(form, questions)
    return form


def _free_key(session: Session, title: str) -> str:
    """A short name that no form of the session has."""
    stem = slugify(title)[:30] or "form"
    taken = set(FeedbackForm.objects.filter(session=session).values_list("key", flat=True))
    return next(key for key in [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))] if key not in taken)


def _check(session: Session, values: Mapping[str, Any], questions: Sequence[Asked]) -> None:
    errors: dict[str, list[str]] = {}
    wrong: dict[int, dict[str, list[str]]] = {}
    try:
        FeedbackForm(session=session, key="key", **values).clean_fields()
    except ValidationError as error:
        errors |= error.message_dict
    if values["checkpoint"] == FeedbackForm.Checkpoint.WEEK:
        first = 0 if session.has_week_zero else 1
        if values["week_number"] is None or not first <= values["week_number"] <= session.weeks:
            words = _("Give the number of a week, from %(first)s to %(last)s.")
            errors["week_number"] = [words % {"first": first, "last": session.weeks}]
    if not questions:
        errors[""] = [_("A form needs at least one question.")]
    elif len(questions) > MOST_QUESTIONS:
        errors[""] = [_("At most %(most)s questions: longer forms are not answered.") % {"most": MOST_QUESTIONS}]
    measures: set[str] = set()
    for place, asked in enumerate(questions):
        found = _wrong_with(asked, measures)
        measures.add(asked.measure)
        if found:
            wrong[place] = found
    if errors or wrong:
        raise FeedbackFormError(errors, wrong)


def _wrong_with(asked: Asked, measures: set[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        FeedbackQuestion(**asdict(asked)).clean_fields(exclude=["form"])
    except ValidationError as error:
        found |= error.message_dict
    lines = lines_of(asked.choices)
    if asked.kind == Kind.CHOICE and len(lines) < 2:
        found["choices"] = [_("Give at least two choices, one a line.")]
    elif asked.kind == Kind.CHOICE and any(len(line) > 200 for line in lines):
        found["choices"] = [_("A choice has at most 200 characters.")]
    elif asked.kind == Kind.SCALE and len(lines) not in (0, 2, len(STEPS)):
        found["choices"] = [_("Give the words of all five steps, of the first and the last, or none.")]
    elif asked.kind in (Kind.TEXT, Kind.YES_NO) and lines:
        found["choices"] = [_("This kind of answer has no choices: leave it empty.")]
    if asked.measure and asked.kind != Kind.SCALE:
        found["measure"] = [_("Only a scale measures something.")]
    elif asked.measure and asked.measure in measures:
        found["measure"] = [_("Another question of this form measures this.")]
    return found
