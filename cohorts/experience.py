"""How much applicants have done before: levels from 0 up, from their answers to one question that the session names.

Forming cohorts mixes levels, and the recap of a proposal shows them. The question is one that `Question.tells_experience` finds
fitting; answers to a question that is no longer asked still count. Only organisers read any of it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from .models import Answer, Question, Session

Kind = Question.Kind

#: The largest number of each level but the last, which is above all of them.
BANDS = (0, 2, 5, 10)


@dataclass(frozen=True)
class Experience:
    """Levels of a session's applicants by the id of the application. `levels` are their words, from least to most.

    Whoever did not answer, or chose what is no longer offered, is not among `of`.
    """

    question: Question
    levels: list[str]
    of: dict[int, int]


def experience_in(session: Session, *, among: Collection[int] | None = None) -> Experience | None:
    """What is known of the experience of those who applied to `session`, or of the applications `among` (ids).

    None where the session names no question, or one that does not fit any more. Two queries.
    """
    question = question_of(session)
    if question is None:
        return None
    answers = Answer.objects.filter(question=question)
    if among is not None:
        answers = answers.filter(application__in=among)
    levels = {pk: level_of(question, value) for pk, value in answers.values_list("application_id", "value")}
    return Experience(question, levels_of(question), {pk: level for pk, level in levels.items() if level is not None})


def known_levels(session: Session) -> Mapping[int, int]:
    """The level of each application to `session` of which one is known, for the solver. Two queries, none without a question."""
    found = experience_in(session)
    return found.of if found is not None else {}


def question_of(session: Session) -> Question | None:
    """The question that `session` balances by; None where it names none, or one that does not fit any more. One query at most."""
    if session.experience_question_id is None:
        return None
    question = Question.objects.filter(session=session.pk, pk=session.experience_question_id).first()
    return question if question is not None and question.tells_experience else None


def fitting_questions(session: Session) -> list[Question]:
    """The questions of `session` by which cohorts can be balanced, in order, also those that are no longer asked. One query."""
    return [one for one in Question.objects.of_form().filter(session=session.pk).order_by("order", "pk") if one.tells_experience]


def levels_of(question: Question) -> list[str]:
    """The words of each level, from least to most."""
    match Kind(question.kind):
        case Kind.NUMBER:
            words = [_("up to %(number)s") % {"number": edge} if edge else _("none") for edge in BANDS]
            return [*words, _("more than %(number)s") % {"number": BANDS[-1]}]
        case Kind.RATING:
            steps = question.steps
            plain = _("%(step)s of %(steps)s")
            return [f"{step}: {words}" if words else plain % {"step": step, "steps": len(steps)} for step, words in steps]
        case Kind.YES_NO:
            return [_("No"), _("Yes")]
        case _other:
            return question.choice_list


def level_of(question: Question, value: Any) -> int | None:
    """The level of an answer as it is stored; None where there is none, whatever became of the question since.

    Of several choices the highest counts, and nothing chosen says nothing.
    """
    match Kind(question.kind):
        case Kind.NUMBER:
            return _band(value)
        case Kind.RATING:
            is_step = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= len(question.steps)
            return value - 1 if is_step else None
        case Kind.YES_NO:
            return int(value) if isinstance(value, bool) else None
        case _other:
            chosen = value if isinstance(value, list) else [value]
            places = [place for place, choice in enumerate(question.choice_list) if choice in chosen]
            return max(places, default=None)


def _band(value: Any) -> int | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    return next((level for level, edge in enumerate(BANDS) if number <= edge), len(BANDS))
