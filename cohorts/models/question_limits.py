"""Which limits make sense for which kind of question. Pure: nothing is asked of the database."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cohorts.file_types import LARGEST_SIZE

#: Characters that an answer may have, by the kind of question, whatever its organisers say. A draft may have more.
LONGEST = {"short_text": 300, "long_text": 20_000, "url": 2_000, "email": 254}

WORDS = ("min_words", "max_words")
NUMBERS = ("at_least", "at_most")
DAYS = ("not_before", "not_after")

#: The fields that mean something for a kind; the others stay empty.
FITTING: dict[str, tuple[str, ...]] = {
    "short_text": (*WORDS, *NUMBERS),
    "long_text": (*WORDS, *NUMBERS),
    "number": NUMBERS,
    "date": DAYS,
    "choice": ("choices",),
    "choices": ("choices", *NUMBERS),
    "url": (),
    "email": (),
    "rating": ("choices",),
    "yes_no": (),
    "file": ("at_most",),
}

#: More choices than anybody reads, and longer ones than anybody calls a choice.
MOST_CHOICES, LONGEST_CHOICE, MOST_STEPS = 200, 200, 11

_NOT_FITTING = {
    "min_words": _("Only texts are counted in words: leave this empty."),
    "max_words": _("Only texts are counted in words: leave this empty."),
    "at_least": _("This kind of answer has no smallest: leave this empty."),
    "at_most": _("This kind of answer has no largest: leave this empty."),
    "not_before": _("Only dates have a first day: leave this empty."),
    "not_after": _("Only dates have a last day: leave this empty."),
    "choices": _("This kind of answer has no choices: leave this empty, or choose another kind."),
}


def limit_errors(question) -> dict[str, ValidationError]:
    """What is wrong with the choices and limits of `question`, by field, in words for its organisers."""
    fitting = FITTING.get(question.kind, ())
    errors = {
        name: ValidationError(words, code="not_fitting")
        for name, words in _NOT_FITTING.items()
        if name not in fitting and getattr(question, name) not in (None, "")
    }
    for name, words in _wrong(question):
        errors.setdefault(name, ValidationError(words, code="limit"))
    return errors


def _wrong(question):
    choices, least, most = question.choice_list, question.at_least, question.at_most
    if question.kind in ("choice", "choices") and len(choices) < 2:
        yield "choices", _("Give at least two choices, one a line.")
    if question.kind == "rating" and len(choices) == 1:
        yield "choices", _("Give words for at least two steps, one a line, or leave this empty for 1 to 5.")
    if question.kind == "rating" and len(choices) > MOST_STEPS:
        yield "choices", _("Give words for at most %(most)s steps: nobody tells more of them apart.") % {"most": MOST_STEPS}
    if len(choices) > MOST_CHOICES:
        yield "choices", _("Give at most %(most)s choices.") % {"most": MOST_CHOICES}
    if any(len(choice) > LONGEST_CHOICE for choice in choices):
        yield "choices", _("Make each choice shorter: at most %(most)s characters.") % {"most": LONGEST_CHOICE}
    if question.kind in ("number", "file"):
        if question.kind == "file" and most is not None and most <= 0:
            yield "at_most", _("A size in megabytes is above 0.")
        if question.kind == "file" and most is not None and most > LARGEST_SIZE:
            yield "at_most", _("The site takes files of at most %(most)s megabytes.") % {"most": LARGEST_SIZE}
        return
    for name, limit in (("at_least", least), ("at_most", most)):
        if limit is not None and (limit < 0 or limit != int(limit)):
            yield name, _("This counts characters or choices: give a whole number, 0 or more.")
    if most == 0:
        yield "at_most", _("With 0 nobody could answer.")
    if question.max_words == 0:
        yield "max_words", _("With 0 nobody could answer.")
    if question.kind == "choices" and least is not None and least > len(choices):
        yield "at_least", _("There are fewer choices than that.")
    longest = LONGEST.get(question.kind)
    for name, limit in (("at_least", least), ("at_most", most)):
        if longest and limit is not None and limit > longest:
            yield name, _("This kind of answer has at most %(most)s characters.") % {"most": longest}
