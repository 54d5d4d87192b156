"""What counts as an answer to a question. The server judges; the browser's word counter only helps."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .models import Question

Kind = Question.Kind

#: Characters that an answer may have. A draft may have more: it is judged when it is submitted.
LONGEST = {Kind.SHORT_TEXT: 300, Kind.LONG_TEXT: 20_000}

YES, NO = "yes", "no"


def clean_text(text: str) -> str:
    """Typed text as it is stored: one kind of line end, and without NUL, which no database takes."""
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def count_words(text: str) -> int:
    """How many words: whatever stands between spaces, so it works for any script that has them."""
    return len(text.split())


def parse_answer(question: Question, text: str) -> str | bool | None:
    """The typed value of a raw answer: a bool for yes and no, else text; None where an optional question stays empty.

    “No” and “0” are answers like any other. Raises `ValidationError` with words for the person who typed.
    """
    text = clean_text(text).strip()
    if not text:
        if question.required:
            raise ValidationError(_("This question needs an answer."), code="required")
        return None
    if question.kind == Kind.YES_NO:
        if text not in (YES, NO):
            raise ValidationError(_("Answer yes or no."), code="invalid")
        return text == YES
    if question.kind == Kind.CHOICE:
        if text not in question.choice_list:
            raise ValidationError(_("Choose one of the answers."), code="invalid")
        return text
    if question.kind == Kind.SHORT_TEXT:
        text = " ".join(text.split("\n"))
    _check_length(question, text)
    return text


def _check_length(question: Question, text: str) -> None:
    words, longest = count_words(text), LONGEST[Kind(question.kind)]
    if question.min_words and words < question.min_words:
        raise ValidationError(
            _("%(at_least)s. You wrote %(written)s."),
            code="too_few_words",
            params={"at_least": at_least_words(question.min_words), "written": words},
        )
    if question.max_words and words > question.max_words:
        raise ValidationError(
            _("%(at_most)s. You wrote %(written)s."),
            code="too_many_words",
            params={"at_most": at_most_words(question.max_words), "written": words},
        )
    if len(text) > longest:
        raise ValidationError(
            _("At most %(longest)s characters fit here. You wrote %(written)s."),
            code="too_long",
            params={"longest": longest, "written": len(text)},
        )


def at_least_words(number: int) -> str:
    return ngettext("At least %(number)s word", "At least %(number)s words", number) % {"number": number}


def at_most_words(number: int) -> str:
    return ngettext("At most %(number)s word", "At most %(number)s words", number) % {"number": number}


def word_limits(question: Question) -> str:
    """The limits in words, for the help under a question; empty where there are none."""
    if question.kind not in LONGEST:
        return ""
    if question.min_words and question.max_words:
        return _("%(min)s to %(max)s words.") % {"min": question.min_words, "max": question.max_words}
    if question.min_words:
        return at_least_words(question.min_words) + "."
    if question.max_words:
        return at_most_words(question.max_words) + "."
    return ""
