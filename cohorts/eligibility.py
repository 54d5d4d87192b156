"""Eligibility by a session's rules: conditions on answers, judged when somebody submits.

`judge` is pure. What it says is written by `apply_rules` for one application, and by `cohorts.rejudging` for all of a session.
What an organiser sets by hand stands until that person lets the rules decide again.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .models import Answer, Application, EligibilityRule, Question
from .numbers import NumberUnclear, read_number

Condition = EligibilityRule.Condition
Eligibility = Application.Eligibility
Kind = Question.Kind
Outcome = EligibilityRule.Outcome

#: Organisers read so many characters about rules that cannot be judged.
LONGEST_NOTE = 300

_TEXTS = (Kind.SHORT_TEXT, Kind.LONG_TEXT, Kind.URL, Kind.EMAIL)
_ORDERED = (Kind.NUMBER, Kind.DATE, Kind.RATING)
_PRESENCE = (Condition.EMPTY, Condition.ANSWERED)

#: Which conditions make sense for which kind of answer.
CONDITIONS: dict[str, tuple[Condition, ...]] = {
    **dict.fromkeys(_TEXTS, (Condition.IS, Condition.IS_NOT, Condition.INCLUDES, Condition.INCLUDES_NOT, *_PRESENCE)),
    **dict.fromkeys(_ORDERED, (Condition.IS, Condition.IS_NOT, Condition.BELOW, Condition.ABOVE, *_PRESENCE)),
    Kind.CHOICE: (Condition.IS, Condition.IS_NOT, *_PRESENCE),
    Kind.YES_NO: (Condition.IS, Condition.IS_NOT, *_PRESENCE),
    Kind.CHOICES: (Condition.INCLUDES, Condition.INCLUDES_NOT, *_PRESENCE),
    Kind.FILE: _PRESENCE,
}


@dataclass(frozen=True)
class Verdict:
    """What the rules say of one application.

    `reasons` are the texts of the rules that hold, in their order; the applicant reads them. `unclear` says for organisers which
    rules could not be judged, and why.
    """

    outcome: str = Eligibility.ELIGIBLE
    reasons: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What is unclear, as it fits beside the application."""
        text = " ".join(self.unclear)
        return text if len(text) <= LONGEST_NOTE else text[: LONGEST_NOTE - 1] + "…"


def judge(rules: Iterable[EligibilityRule], values: Mapping[int, Any]) -> Verdict:
    """What `rules` (each with its question loaded) say of an application with these values by question id. No query.

    “Not eligible” wins over “needs a look”. A question that is no longer asked decides nothing. A rule that cannot be judged, as
    its question has changed, does not hold and makes the application need a look; it never raises.
    """
    reasons, unclear, outcomes = [], [], set()
    for rule in rules:
        if rule.question.retired_at is not None:
            continue
        try:
            holds = _holds(rule, values.get(rule.question_id))
        except ValidationError as error:
            words = {"question": rule.question, "why": " ".join(error.messages)}
            unclear.append(_("The rule about “%(question)s” could not be judged: %(why)s") % words)
            continue
        if holds:
            reasons.append(rule.reason)
            outcomes.add(rule.outcome)
    if Outcome.NOT_ELIGIBLE in outcomes:
        outcome = Eligibility.NOT_ELIGIBLE
    else:
        outcome = Eligibility.NEEDS_A_LOOK if outcomes or unclear else Eligibility.ELIGIBLE
    return Verdict(outcome, tuple(dict.fromkeys(reasons)), tuple(unclear))


def _holds(rule: EligibilityRule, value: Any) -> bool:
    """Whether the rule's condition holds. Where nothing was answered, only “is empty” and what says “not” hold."""
    is_empty = value is None or value == "" or value == []
    wanted = comparable_value(rule)
    if rule.condition in _PRESENCE:
        return is_empty is (rule.condition == Condition.EMPTY)
    if is_empty:
        return rule.condition in (Condition.IS_NOT, Condition.INCLUDES_NOT)
    answered = _read_answer(rule.question, value)
    match rule.condition:
        case Condition.IS:
            return answered == wanted
        case Condition.IS_NOT:
            return answered != wanted
        case Condition.INCLUDES:
            return wanted in answered
        case Condition.INCLUDES_NOT:
            return wanted not in answered
        case Condition.BELOW:
            return answered < wanted
    return answered > wanted


def _read_answer(question: Question, value: Any) -> Any:
    """The stored answer as it is compared. Raises `ValidationError` where it is of another kind than the question is now."""
    try:
        match question.kind:
            case Kind.CHOICES if isinstance(value, list):
                return {_plain(one) for one in value}
            case Kind.YES_NO if isinstance(value, bool):
                return value
            case Kind.RATING if isinstance(value, int) and not isinstance(value, bool):
                return Decimal(value)
            case Kind.NUMBER if isinstance(value, str | int) and not isinstance(value, bool):
                return Decimal(value)
            case Kind.DATE if isinstance(value, str):
                return datetime.date.fromisoformat(value)
            case kind if kind in (*_TEXTS, Kind.CHOICE) and isinstance(value, str):
                return _plain(value)
    except (InvalidOperation, ValueError) as error:
        raise ValidationError(_("the answer is of another kind.")) from error
    raise ValidationError(_("the answer is of another kind."))


def _plain(text: object) -> str:
    """Text as it is compared: without regard to case and to how blanks are set."""
    return " ".join(str(text).split()).casefold()


def comparable_value(rule: EligibilityRule) -> Any:
    """What the rule compares with, by the kind of its question: a Decimal, a date, a bool, or plain text; None for “is empty”.

    Raises `ValidationError` with words for an organiser where the rule makes no sense for its question.
    """
    question = rule.question
    if question.session_id != rule.session_id:
        raise ValidationError({"question": _("This question belongs to another session.")})
    allowed = CONDITIONS.get(question.kind, _PRESENCE)
    if rule.condition not in allowed:
        raise ValidationError(
            {
                "condition": _("An answer of the kind “%(kind)s” can be asked about so: %(conditions)s.")
                % {
                    "kind": question.get_kind_display(),
                    "conditions": ", ".join(str(condition.label) for condition in allowed),
                }
            }
        )
    if rule.condition in _PRESENCE:
        return None
    text = rule.value.strip()
    if not text:
        raise ValidationError({"value": _("Say what the answer is compared with.")})
    try:
        return _READ_VALUE.get(question.kind, _read_text)(question, text)
    except ValueError as error:
        raise ValidationError({"value": str(error)}) from error


def _read_text(question: Question, text: str) -> str:
    return _plain(text)


def _read_number(question: Question, text: str) -> Decimal:
    try:
        return Decimal(read_number(text))
    except (NumberUnclear, ValueError) as error:
        raise ValueError(_("Write a number, such as 12 or 12.5.")) from error


def _read_date(question: Question, text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(_("Write a day as year, month and day, such as 2027-01-31.")) from error


def _read_rating(question: Question, text: str) -> Decimal:
    steps = [number for number, _words in question.steps]
    if text not in map(str, steps):
        raise ValueError(_("Write the number of a step, from 1 to %(highest)s.") % {"highest": steps[-1]})
    return Decimal(text)


def _read_choice(question: Question, text: str) -> str:
    known = {_plain(choice) for choice in question.choice_list}
    if _plain(text) not in known:
        raise ValueError(
            _("“%(value)s” is not among the choices: %(choices)s.")
            % {"value": text, "choices": ", ".join(f"“{choice}”" for choice in question.choice_list)}
        )
    return _plain(text)


def _read_yes_no(question: Question, text: str) -> bool:
    words = {"yes": True, "no": False, _plain(_("Yes")): True, _plain(_("No")): False}
    if _plain(text) not in words:
        raise ValueError(_("Write “yes” or “no”."))
    return words[_plain(text)]


_READ_VALUE: dict[str, Callable[[Question, str], Any]] = {
    Kind.NUMBER: _read_number,
    Kind.DATE: _read_date,
    Kind.RATING: _read_rating,
    Kind.CHOICE: _read_choice,
    Kind.CHOICES: _read_choice,
    Kind.YES_NO: _read_yes_no,
}


def stored_value(rule: EligibilityRule) -> str:
    """The rule's value as it is stored, the same in every language: “yes”, “12.5”, “2027-01-31”. Raises `ValidationError`."""
    value = comparable_value(rule)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal | datetime.date):
        return str(value)
    return "" if value is None else " ".join(rule.value.split())


def trouble_with(rule: EligibilityRule) -> str:
    """Why a rule decides nothing at present, in words for an organiser; empty where it works."""
    if rule.question.retired_at is not None:
        return _("This question is no longer asked: the rule decides nothing.")
    try:
        comparable_value(rule)
    except ValidationError as error:
        return _("This rule cannot be judged, and applications need a look: %(why)s") % {"why": " ".join(error.messages)}
    return ""


def rules_of(session) -> list[EligibilityRule]:
    """The rules of `session` in their order, with their questions. One query."""
    asked = EligibilityRule.objects.filter(session=session, question__asked_of=Question.AskedOf.MEMBER)
    return list(asked.select_related("question").order_by("order", "pk"))


def apply_rules(application: Application) -> Verdict | None:
    """Judge the submitted answers of `application`, and store what the rules say. Two queries, and one that writes.

    Inside a transaction that holds the lock of its row. Where an organiser has set the eligibility by hand, nothing changes and
    the answer is None.
    """
    if application.eligibility_by_hand:
        return None
    values = dict(Answer.objects.filter(application=application).values_list("question_id", "value"))
    verdict = judge(rules_of(application.session_id), values)
    store_verdict(application, verdict)
    application.save(update_fields=["eligibility", "eligibility_reason", "rule_reasons", "updated_at"])
    return verdict


def store_verdict(application: Application, verdict: Verdict) -> bool:
    """Put the verdict on the row, unsaved. Whether it differs from what was there."""
    before = (application.eligibility, application.eligibility_reason, application.rule_reasons)
    application.eligibility = verdict.outcome
    application.eligibility_reason = verdict.note
    application.rule_reasons = list(verdict.reasons)
    return before != (application.eligibility, application.eligibility_reason, application.rule_reasons)
