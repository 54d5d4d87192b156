"""What counts as an answer to a question. The server judges; the browser's counters only help."""

import datetime
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.web_addresses import web_address

from .file_types import allowed_kinds, largest_megabytes
from .models import Question, Session
from .models.question_limits import LONGEST
from .numbers import NumberUnclear, plain_number, read_number

Kind = Question.Kind

#: What a value is once it was judged, ready for JSON: numbers as plain decimals, days as ISO dates, files as their id.
Value = str | bool | int | list[str]

YES, NO = "yes", "no"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BARE_HOST = re.compile(r"[^\s/?#:@]+\.[^\s/?#:@.]{2,}([/?#]\S*)?")
_ID = re.compile(r"[0-9]{1,18}")


def form_questions(session: Session, form: str = Question.AskedOf.MEMBER) -> list[Question]:
    """The questions of one form of `session`, in order, those that are retired among them. Costs nothing where they are prefetched.

    `form` is one of `Question.AskedOf`: a session has a form for applicants, and one for each role in which people offer to help.
    """
    return [question for question in session.questions.all() if question.asked_of == form]


def asked_questions(session: Session, form: str = Question.AskedOf.MEMBER) -> list[Question]:
    """The questions that a form of `session` asks, in order: not those that are retired. Costs nothing where they are prefetched."""
    return [question for question in form_questions(session, form) if question.retired_at is None]


def clean_text(text: str) -> str:
    """Typed text as it is stored: one kind of line end, and without NUL, which no database takes."""
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def count_words(text: str) -> int:
    """How many words: whatever can be seen and stands between spaces, so it works for any script that has them."""
    return sum(map(_can_be_seen, text.split()))


def _can_be_seen(text: str) -> bool:
    """Whether there is anything in it but spaces, controls and marks that only steer how text runs."""
    return any(unicodedata.category(character) not in ("Cc", "Cf", "Zs", "Zl", "Zp") for character in text)


def parse_answer(question: Question, text: str) -> Value | None:
    """The typed value of a raw answer, as JSON holds it; None where an optional question stays empty.

    Texts, choices, web and email addresses are text; a number is a plain decimal as text ("12.5"), a date an ISO date; several
    choices, one a line in `text`, are a list in the order of the question; yes and no are a bool; a rating and the id of an uploaded
    file are an int. “No” and “0” are answers like any other. Raises `ValidationError` with words for the person who typed.
    """
    text = clean_text(text).strip()
    if not _can_be_seen(text):
        if question.required:
            raise ValidationError(_("This question needs an answer."), code="required")
        return None
    return _PARSERS[Kind(question.kind)](question, text)


def as_typed(question: Question, value: Value) -> str:
    """The raw text that `parse_answer` makes `value` from: what the form of a submitted answer holds."""
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return str(value)


def typed_choices(text: str) -> list[str]:
    """The choices in the raw text of a question with several: one a line, each once."""
    return list(dict.fromkeys(line.strip() for line in clean_text(text).split("\n") if line.strip()))


def gone_choices(question: Question, text: str) -> list[str]:
    """What was chosen in `text` and is not among the choices any more: the form still shows it, so that nothing is lost unsaid."""
    if question.kind == Kind.CHOICES:
        chosen = typed_choices(text)
    elif question.kind in (Kind.CHOICE, Kind.RATING):
        chosen = [text.strip()] if text.strip() else []
    else:
        return []
    known = question.choice_list if question.kind != Kind.RATING else [str(step) for step, _words in question.steps]
    return [choice for choice in chosen if choice not in known]


# The kinds


def _parse_text(question: Question, text: str) -> str:
    if question.kind == Kind.SHORT_TEXT:
        text = " ".join(text.split("\n"))
    words, length = count_words(text), len(text)
    if question.min_words and words < question.min_words:
        raise _beyond(at_least_words(question.min_words), words, "too_few_words")
    if question.max_words and words > question.max_words:
        raise _beyond(at_most_words(question.max_words), words, "too_many_words")
    least, most = character_limits(question)
    if length < least:
        raise _beyond(at_least_characters(least), length, "too_short")
    if length > most:
        raise _beyond(at_most_characters(most), length, "too_long")
    return text


def _beyond(limit: str, written: int | str, code: str) -> ValidationError:
    return ValidationError(_("%(limit)s. You wrote %(written)s."), code=code, params={"limit": limit, "written": written})


def _parse_number(question: Question, text: str) -> str:
    try:
        number = read_number(text)
    except NumberUnclear as unclear:
        raise ValidationError(
            _("Is the comma a decimal point here? Write %(decimal)s if it is, and %(whole)s if it is not."),
            code="unclear",
            params={"decimal": unclear.decimal, "whole": unclear.whole},
        ) from unclear
    except ValueError as no_number:
        raise ValidationError(_("Write a number in digits and nothing else, such as 12 or 12.5."), code="invalid") from no_number
    if question.at_least is not None and Decimal(number) < question.at_least:
        raise _beyond(_("At least %(number)s") % {"number": plain_number(question.at_least)}, number, "too_small")
    if question.at_most is not None and Decimal(number) > question.at_most:
        raise _beyond(_("At most %(number)s") % {"number": plain_number(question.at_most)}, number, "too_large")
    return number


def _parse_date(question: Question, text: str) -> str:
    try:
        if not _DAY.fullmatch(text):
            raise ValueError("not an ISO date")
        day = datetime.date.fromisoformat(text)
    except ValueError as no_day:
        raise ValidationError(
            _("Write a day that exists as year, month and day, such as 2027-01-31."), code="invalid"
        ) from no_day
    if question.not_before and day < question.not_before:
        raise ValidationError(
            _("Choose %(day)s or a later day."), code="too_early", params={"day": date_format(question.not_before)}
        )
    if question.not_after and day > question.not_after:
        raise ValidationError(
            _("Choose %(day)s or an earlier day."), code="too_late", params={"day": date_format(question.not_after)}
        )
    return text


def _parse_choice(question: Question, text: str) -> str:
    if text not in question.choice_list:
        raise _not_offered(text)
    return text


def _not_offered(choice: str) -> ValidationError:
    return ValidationError(
        _("“%(choice)s” cannot be chosen, or no longer. Choose again."),
        code="invalid_choice",
        params={"choice": choice if len(choice) <= 80 else choice[:79] + "…"},
    )


def _parse_choices(question: Question, text: str) -> list[str]:
    chosen, offered = typed_choices(text), question.choice_list
    gone = [choice for choice in chosen if choice not in offered]
    if gone:
        raise ValidationError([_not_offered(choice) for choice in gone[:3]])
    least, most = question.at_least or 0, question.at_most
    if len(chosen) < least:
        raise _chosen(at_least_choices(int(least)), chosen, "too_few_choices")
    if most is not None and len(chosen) > most:
        raise _chosen(at_most_choices(int(most)), chosen, "too_many_choices")
    return [choice for choice in offered if choice in chosen]


def _chosen(limit: str, chosen: list[str], code: str) -> ValidationError:
    return ValidationError(_("%(limit)s. You chose %(chosen)s."), code=code, params={"limit": limit, "chosen": len(chosen)})


def _parse_url(question: Question, text: str) -> str:
    if "://" not in text and _BARE_HOST.fullmatch(text):
        text = f"https://{text}"
    if len(text) > LONGEST[Kind.URL]:
        raise _beyond(at_most_characters(LONGEST[Kind.URL]), len(text), "too_long")
    if not text.isprintable() or not web_address(text):
        raise ValidationError(
            _("Write one whole web address that begins with https:// or http://, such as https://example.org/me."),
            code="invalid",
        )
    return text


def _parse_email(question: Question, text: str) -> str:
    if len(text) > LONGEST[Kind.EMAIL]:
        raise _beyond(at_most_characters(LONGEST[Kind.EMAIL]), len(text), "too_long")
    try:
        validate_email(text)
    except ValidationError as invalid:
        raise ValidationError(_("Write one email address, such as you@example.org."), code="invalid") from invalid
    return text


def _parse_rating(question: Question, text: str) -> int:
    if text not in [str(step) for step, _words in question.steps]:
        raise _not_offered(text)
    return int(text)


def _parse_yes_no(question: Question, text: str) -> bool:
    if text not in (YES, NO):
        raise ValidationError(_("Answer yes or no."), code="invalid")
    return text == YES


def _parse_file(question: Question, text: str) -> int:
    if not _ID.fullmatch(text):
        raise ValidationError(_("Choose the file again."), code="invalid")
    return int(text)


_PARSERS: dict[Kind, Callable[[Question, str], Value]] = {
    Kind.SHORT_TEXT: _parse_text,
    Kind.LONG_TEXT: _parse_text,
    Kind.NUMBER: _parse_number,
    Kind.DATE: _parse_date,
    Kind.CHOICE: _parse_choice,
    Kind.CHOICES: _parse_choices,
    Kind.URL: _parse_url,
    Kind.EMAIL: _parse_email,
    Kind.RATING: _parse_rating,
    Kind.YES_NO: _parse_yes_no,
    Kind.FILE: _parse_file,
}


# Limits in words


def character_limits(question: Question) -> tuple[int, int]:
    """The fewest and the most characters of a text."""
    longest = LONGEST[Kind(question.kind)]
    return int(question.at_least or 0), longest if question.at_most is None else min(int(question.at_most), longest)


def at_least_words(number: int) -> str:
    return ngettext("At least %(number)s word", "At least %(number)s words", number) % {"number": number}


def at_most_words(number: int) -> str:
    return ngettext("At most %(number)s word", "At most %(number)s words", number) % {"number": number}


def at_least_characters(number: int) -> str:
    return ngettext("At least %(number)s character", "At least %(number)s characters", number) % {"number": number}


def at_most_characters(number: int) -> str:
    return ngettext("At most %(number)s character", "At most %(number)s characters", number) % {"number": number}


def at_least_choices(number: int) -> str:
    return ngettext("At least %(number)s choice", "At least %(number)s choices", number) % {"number": number}


def at_most_choices(number: int) -> str:
    return ngettext("At most %(number)s choice", "At most %(number)s choices", number) % {"number": number}


def limits_in_words(question: Question) -> str:
    """The limits in sentences, for the help under a question; empty where there are none that an honest answer could meet."""
    sentences = _SENTENCES.get(Kind(question.kind))
    return " ".join(filter(None, sentences(question))) if sentences else ""


def _text_sentences(question: Question) -> list[str]:
    words, characters = _("%(min)s to %(max)s words"), _("%(min)s to %(max)s characters")
    return [
        _between(question.min_words, question.max_words, words, at_least_words, at_most_words),
        _between(question.at_least, question.at_most, characters, at_least_characters, at_most_characters),
    ]


def _number_sentences(question: Question) -> list[str]:
    least, most = (None if limit is None else plain_number(limit) for limit in (question.at_least, question.at_most))
    if least is not None and most is not None:
        return [_("A number from %(min)s to %(max)s.") % {"min": least, "max": most}]
    if least is not None:
        return [_("A number, at least %(min)s.") % {"min": least}]
    if most is not None:
        return [_("A number, at most %(max)s.") % {"max": most}]
    return [_("A number, such as 12 or 12.5.")]


def _date_sentences(question: Question) -> list[str]:
    first, last = (day and date_format(day) for day in (question.not_before, question.not_after))
    if first and last:
        return [_("A day from %(first)s to %(last)s.") % {"first": first, "last": last}]
    if first:
        return [_("%(day)s or a later day.") % {"day": first}]
    if last:
        return [_("%(day)s or an earlier day.") % {"day": last}]
    return []


def _choices_sentences(question: Question) -> list[str]:
    if question.at_least is not None and question.at_least == question.at_most:
        number = int(question.at_least)
        return [ngettext("Choose %(number)s.", "Choose %(number)s.", number) % {"number": number}]
    both = _("%(min)s to %(max)s choices")
    words = _between(question.at_least, question.at_most, both, at_least_choices, at_most_choices)
    return [words or _("Choose as many as you like.")]


def _file_sentences(question: Question) -> list[str]:
    size = plain_number(largest_megabytes(question.at_most))
    return [_("%(kinds)s, at most %(size)s MB.") % {"kinds": allowed_kinds(), "size": size}]


def _between(least, most, both: str, at_least, at_most) -> str:
    if least and most is not None:
        return both % {"min": int(least), "max": int(most)} + "."
    if least:
        return at_least(int(least)) + "."
    return at_most(int(most)) + "." if most is not None else ""


_SENTENCES: dict[Kind, Callable[[Question], list[str]]] = {
    Kind.SHORT_TEXT: _text_sentences,
    Kind.LONG_TEXT: _text_sentences,
    Kind.NUMBER: _number_sentences,
    Kind.DATE: _date_sentences,
    Kind.CHOICES: _choices_sentences,
    Kind.URL: lambda question: [_("One web address that begins with https:// or http://.")],
    Kind.FILE: _file_sentences,
}
