"""Questions with their rules, and criteria, of an earlier session, copied into the next one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from .models import Criterion, EligibilityRule, Question, Session

#: What a copy takes over. Not the order (copies come last), nor whether it is retired: what is no longer asked is not copied.
_OF_A_QUESTION = (
    "asked_of", "label", "help_text", "kind", "required", "min_words", "max_words", "choices", "at_least", "at_most", "not_before", "not_after",
    "sensitive", "shown_to_reviewers",
)  # fmt: skip
_OF_A_RULE = ("condition", "value", "outcome", "reason")
_OF_A_CRITERION = ("name", "help_text", "weight", "required", "independent", "anchors")

#: The column holds no larger number; what shares one stands in the order in which it was made.
LARGEST_ORDER = 32767


class CopyingError(Exception):
    """Something that cannot be copied. The text is for the organiser."""


@dataclass(frozen=True)
class Copyable[Part: (Question, Criterion)]:
    """A question or criterion of an earlier session, and whether the other session has one with the same words."""

    part: Part
    is_there: bool


def sources_for(target: Session, user) -> list[Session]:
    """Sessions whose questions and criteria `user` may copy into `target`, the latest first."""
    if not _organises_both(user, target, target):
        return []
    return list(Session.objects.organised_by(user).exclude(pk=target.pk).order_by("-starts_on", "-pk"))


def copyable_questions(source: Session, target: Session | None) -> list[Copyable[Question]]:
    """The questions of all forms of `source`, in order: first those of applicants. `target` is None for a session that is not made yet."""
    there = {_words(question) for question in target.questions.all()} if target else set()
    asked = source.questions.filter(retired_at__isnull=True).prefetch_related("eligibility_rules")
    return sorted((Copyable(question, _words(question) in there) for question in asked), key=_by_form)


def _by_form(each: Copyable[Question]) -> int:
    return Question.AskedOf.values.index(each.part.asked_of)


def copyable_criteria(source: Session, target: Session | None) -> list[Copyable[Criterion]]:
    """The criteria of `source`, in order. `target` is None for a session that is not made yet."""
    there = {_words(criterion) for criterion in target.criteria.all()} if target else set()
    return [Copyable(criterion, _words(criterion) in there) for criterion in source.criteria.all()]


def copy_questions(source: Session, target: Session, *, by, questions: Iterable[Question]) -> list[Question]:
    """Add copies of `questions` of `source` to the end of the same forms of `target`, with the eligibility rules about them, and return them.

    Left out are those that `target` has with the same words, so copying twice copies once. Raises `CopyingError` where `by` does
    not organise both sessions, or a question is not one that `source` asks.
    """
    with transaction.atomic():
        _lock(source, target, by)
        parts = _chosen(copyable_questions(source, target), questions)
        copies = Question.objects.bulk_create(
            Question(session=target, order=number, copied_from=part, **_values(part, _OF_A_QUESTION))
            for number, part in zip(_orders(target.questions), parts, strict=False)
        )
        rules = [(copy, rule) for copy, part in zip(copies, parts, strict=True) for rule in part.eligibility_rules.all()]
        rules.sort(key=lambda pair: (pair[1].order, pair[1].pk))
        EligibilityRule.objects.bulk_create(
            EligibilityRule(session=target, order=number, question=copy, **_values(rule, _OF_A_RULE))
            for number, (copy, rule) in zip(_orders(target.eligibility_rules), rules, strict=False)
        )
        return copies


def copy_criteria(source: Session, target: Session, *, by, criteria: Iterable[Criterion]) -> list[Criterion]:
    """Add copies of `criteria` of `source` to the end of those of `target`, and return them; as `copy_questions` does."""
    with transaction.atomic():
        _lock(source, target, by)
        parts = _chosen(copyable_criteria(source, target), criteria)
        return Criterion.objects.bulk_create(
            Criterion(session=target, order=number, **_values(part, _OF_A_CRITERION))
            for number, part in zip(_orders(target.criteria), parts, strict=False)
        )


def _lock(source: Session, target: Session, by) -> None:
    """One copy at a time, so that two presses of a button do not make two copies."""
    if source.pk == target.pk:
        raise CopyingError(_("Choose another session to copy from."))
    if not _organises_both(by, source, target):
        raise CopyingError(_("Only people who organise both sessions can do that."))
    Session.objects.select_for_update().get(pk=target.pk)


def _organises_both(user, source: Session, target: Session) -> bool:
    wanted = {source.pk, target.pk}
    return Session.objects.organised_by(user).filter(pk__in=wanted).count() == len(wanted)


def _chosen[Part: (Question, Criterion)](offered: Sequence[Copyable[Part]], wanted: Iterable[Part]) -> list[Part]:
    """The wanted ones in the order of the earlier session, each wording once."""
    pks = {part.pk for part in wanted}
    if pks - {each.part.pk for each in offered}:
        raise CopyingError(_("The earlier session has changed meanwhile. Look at the list again."))
    return worth_copying([each for each in offered if each.part.pk in pks])


def worth_copying[Part: (Question, Criterion)](offered: Iterable[Copyable[Part]]) -> list[Part]:
    """Those that are not there yet, each wording once: what is copied of `offered` where all of it is wanted."""
    chosen: dict[tuple[str, str], Part] = {}
    for each in offered:
        if not each.is_there:
            chosen.setdefault(_words(each.part), each.part)
    return list(chosen.values())


def _orders(parts) -> Iterator[int]:
    """Numbers after the last one, as far as the column goes."""
    last = parts.aggregate(last=Max("order"))["last"] or 0
    return (min(number, LARGEST_ORDER) for number in count(last + 1))


def _words(part: Question | Criterion) -> tuple[str, str]:
    """What is the same where two say the same in one form. Words are compared as people do: not by case, nor by spaces."""
    return getattr(part, "asked_of", ""), " ".join(str(part).split()).casefold()


def _values(part, names: tuple[str, ...]) -> dict:
    return {name: getattr(part, name) for name in names}
