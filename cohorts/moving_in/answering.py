"""Answers in tables: which question a column answers, and the answer in a cell. Pure.

What people answered elsewhere was judged there: how many words it has is not asked again, what kind of answer it is, is.
"""

import copy
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cohorts.models import Question
from cohorts.models.question_limits import LONGEST, LONGEST_CHOICE
from cohorts.questions import parse_answer

from .fields import Column
from .table import Table
from .values import Unclear, day_of, key_of, parts_of, yes_or_no

Kind = Question.Kind

#: More different values than these are no choices: the column becomes a text.
MOST_CHOICES = 100


def question_of(column: Column, place: int, table: Table, questions: Sequence[Question]) -> Question | None:
    """The question that a column answers: one of `questions`, or a new one that is not saved; None where it answers none.

    A question of the same words and kind is not made again.
    """
    if column.question is not None:
        return next((one for one in questions if one.pk == column.question and one.kind != Kind.FILE), None)
    if not column.new_kind:
        return None
    same = [one for one in questions if key_of(one.label) == key_of(column.name) and one.kind == column.new_kind]
    if same:
        return _with_more_choices(same[0], table.column(place))
    question = Question(
        label=column.name,
        kind=column.new_kind,
        required=False,
        sensitive=column.only_organisers,
        shown_to_reviewers=not column.only_organisers,
    )
    return _with_more_choices(question, table.column(place))


def _with_more_choices(question: Question, values: Sequence[str]) -> Question:
    """A question whose choices come from the table offers all that stand in it. Those that are there keep their order."""
    if question.kind not in (Kind.CHOICE, Kind.CHOICES) or question.pk:
        return question
    each = parts_of if question.kind == Kind.CHOICES else lambda text: [" ".join(text.split())]
    choices = dict.fromkeys(choice for value in values for choice in each(value))
    if len(choices) > MOST_CHOICES or any(len(choice) > LONGEST_CHOICE for choice in choices):
        question.kind = Kind.LONG_TEXT
    else:
        question.choices = "\n".join(choices)
    return question


def without_limits(question: Question) -> Question:
    """The same question, which takes what was handed in elsewhere however long it is."""
    free = copy.copy(question)
    free.required = False
    free.min_words = free.max_words = None
    free.at_least = free.at_most = None
    free.not_before = free.not_after = None
    return free


def answer_of(question: Question, text: str, order: str) -> Any:
    """The answer in a cell that is not empty, as it is stored. `question` is one `without_limits`. Raises `Unclear`."""
    kind = question.kind
    if kind in (Kind.SHORT_TEXT, Kind.LONG_TEXT):
        if len(text) > LONGEST[Kind(kind)]:
            raise Unclear(_("This is longer than %(most)s characters. Shorten it.") % {"most": LONGEST[Kind(kind)]})
        return " ".join(text.split("\n")) if kind == Kind.SHORT_TEXT else text
    if kind == Kind.YES_NO:
        return yes_or_no(text)
    if kind == Kind.DATE:
        return day_of(text, order).isoformat()
    if kind == Kind.CHOICE:
        return _choice(question, text)
    if kind == Kind.CHOICES:
        offered = question.choice_list
        chosen = {_choice(question, part) for part in parts_of(text, offered)}
        return [one for one in offered if one in chosen]
    if kind == Kind.RATING:
        return _step(question, text)
    try:
        return parse_answer(question, text)
    except ValidationError as invalid:
        raise Unclear(" ".join(invalid.messages)) from invalid


def _choice(question: Question, text: str) -> str:
    key = " ".join(text.split()).casefold()
    found = next((one for one in question.choice_list if " ".join(one.split()).casefold() == key), None)
    if found is None:
        raise Unclear(
            _(
                "This is none of the choices of the question. Add it there, write one of them, or take the column for a new question."
            )
        )
    return found


def _step(question: Question, text: str) -> int:
    """“4”, “4.0”, “4: Good”, “4 of 5” and “Good” are the same step."""
    key = text.strip().casefold()
    for number, words in question.steps:
        if key in (str(number), f"{number}.0", f"{number},0") or (words and key == words.casefold()):
            return number
        if key.startswith((f"{number}:", f"{number} ", f"{number}/")):
            return number
    raise Unclear(_("Write a step from 1 to %(highest)s.") % {"highest": len(question.steps)})
