"""What counts as an answer to a question of feedback: pure. Values are a number, a text or a truth value, ready for JSON."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from cohorts.models import FeedbackQuestion
from cohorts.questions import clean_text

Kind = FeedbackQuestion.Kind

STEPS = (1, 2, 3, 4, 5)
YES, NO = "yes", "no"
#: More is an essay, or a slip while pasting.
LONGEST_TEXT = 10_000


class WrongValue(Exception):
    """Why something is no answer. The text is for whoever typed it."""


def read_value(question: FeedbackQuestion, typed: str) -> Any:
    """The answer that `typed` is, None for nothing. Raises `WrongValue`."""
    text = clean_text(typed).strip()
    if not text:
        return None
    if question.kind == Kind.TEXT:
        if len(text) > LONGEST_TEXT:
            words = _("At most %(longest)s characters fit here. You wrote %(written)s.")
            raise WrongValue(words % {"longest": LONGEST_TEXT, "written": len(text)})
        return text
    answers = dict(options_of(question))
    if text not in answers:
        raise WrongValue(_("Choose one of the answers."))
    if question.kind == Kind.SCALE:
        return int(text)
    return text == YES if question.kind == Kind.YES_NO else text


def typed_of(value: Any) -> str:
    """What a field shows for a stored value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return YES if value else NO
    return str(value)


def options_of(question: FeedbackQuestion) -> list[tuple[str, str]]:
    """The answers that can be chosen, each as it is sent by the form and in words; none for a text."""
    lines = lines_of(question.choices)
    if question.kind == Kind.SCALE:
        return [(str(step), step_words(step, lines)) for step in STEPS]
    if question.kind == Kind.YES_NO:
        return [(YES, _("Yes")), (NO, _("No"))]
    return [(line, line) for line in lines] if question.kind == Kind.CHOICE else []


def step_words(step: int, lines: Sequence[str]) -> str:
    """A step of a scale with its words: of five lines each has its own, of two the ends have them."""
    words = ""
    if len(lines) == len(STEPS):
        words = lines[step - 1]
    elif len(lines) == 2 and step in (STEPS[0], STEPS[-1]):
        words = lines[0 if step == STEPS[0] else 1]
    return _("%(step)s: %(words)s") % {"step": step, "words": words} if words else str(step)


def lines_of(choices: str) -> list[str]:
    """The lines with something in them, each once, in order."""
    return list(dict.fromkeys(line.strip() for line in choices.splitlines() if line.strip()))


def in_words(question: FeedbackQuestion, value: Any) -> str:
    """An answer as a person reads it."""
    typed = typed_of(value)
    return dict(options_of(question)).get(typed, typed)
