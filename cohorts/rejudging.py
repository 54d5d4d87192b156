"""Applying a session's rules to everybody who has submitted, after the rules have changed: shown first, then written as shown."""

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .eligibility import Verdict, judge, rules_of, store_verdict, trouble_with
from .locking import lock_applications, locked_session
from .models import Answer, Application, EligibilityRule, Session
from .stages import Stage, stage_of

#: Rows written by one statement.
BATCH = 500

Eligibility = Application.Eligibility


class RejudgingError(Exception):
    """Rules that cannot be applied to all, or not any more. The text is for the organiser."""


@dataclass(frozen=True)
class Change:
    """One application for which the rules say something else by now."""

    application: Application
    before: str
    verdict: Verdict

    @property
    def before_label(self) -> str:
        return str(Eligibility(self.before).label)

    @property
    def after_label(self) -> str:
        return str(Eligibility(self.verdict.outcome).label)


@dataclass
class Plan:
    """What `apply_to_all` would do at this moment. `fingerprint` changes whenever any of it does."""

    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    by_hand: int = 0
    #: Own applications and declared conflicts: somebody else decides on them.
    left_out: int = 0
    #: Rules that decide nothing at present, with the reason.
    troubles: list[tuple[EligibilityRule, str]] = field(default_factory=list)

    def counts(self) -> list[tuple[str, int]]:
        """How many become what, in words."""
        return [
            (str(one.label), count)
            for one in Eligibility
            if (count := sum(change.verdict.outcome == one and change.before != one for change in self.changes))
        ]

    @property
    def only_reasons(self) -> int:
        """How many keep their eligibility and get other reasons."""
        return sum(change.before == change.verdict.outcome for change in self.changes)

    @property
    def fingerprint(self) -> str:
        parts = [
            (one.application.pk, one.before, one.verdict.outcome, one.verdict.reasons, one.verdict.note) for one in self.changes
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def obstacle_to_rejudging(session: Session) -> str | None:
    """Why the rules of `session` are not applied to all now, or None."""
    if stage_of(session) in (Stage.OPEN, Stage.REVIEWING, Stage.DECIDING):
        return None
    return _("Rules are applied between the opening of applications and the publishing of decisions.")


def plan_rules(session: Session, *, by) -> Plan:
    """What applying the rules would change, for the page that asks. Five queries, whatever the number of applications."""
    rules = rules_of(session)
    under_review = Application.objects.filter(session=session, status__in=Application.UNDER_REVIEW)
    mine = under_review.filter(pk__in=Application.objects.decided_by(by).values("pk"))
    applications = list(mine.select_related("applicant").defer("draft").order_by("pk"))
    values: dict[int, dict[int, object]] = defaultdict(dict)
    asked = {rule.question_id for rule in rules}
    answers = Answer.objects.filter(application__in=mine.values("pk"), question__in=asked).order_by()
    for pk, question, value in answers.values_list("application_id", "question_id", "value"):
        values[pk][question] = value
    plan = Plan(
        left_out=under_review.count() - len(applications),
        troubles=[(rule, why) for rule in rules if (why := trouble_with(rule))],
    )
    for application in applications:
        if application.eligibility_by_hand:
            plan.by_hand += 1
            continue
        before, verdict = application.eligibility, judge(rules, values[application.pk])
        if store_verdict(application, verdict):
            plan.changes.append(Change(application, before, verdict))
        else:
            plan.unchanged += 1
    return plan


def apply_to_all(session: Session, *, by, expected: str) -> Plan:
    """Write what the plan with the fingerprint `expected` said, in one transaction; returns what was done.

    Raises `RejudgingError` where `by` does not organise the session, the stage forbids it, or the plan is a different one by now.
    Then nothing is written.
    """
    with transaction.atomic():
        locked = locked_session(session, by=by)
        if locked is None:
            raise RejudgingError(_("Only the organisers of this session apply its rules."))
        against = obstacle_to_rejudging(locked)
        if against is not None:
            raise RejudgingError(against)
        # Whoever submits, or sets an eligibility by hand, locks the application first.
        lock_applications(locked)
        plan = plan_rules(locked, by=by)
        if plan.fingerprint != expected:
            raise RejudgingError(
                _("Something has changed since you looked. Nothing was written. Below is what the rules would change now.")
            )
        now = timezone.now()
        changed = [change.application for change in plan.changes]
        for application in changed:
            application.updated_at = now
        fields = ["eligibility", "eligibility_reason", "rule_reasons", "updated_at"]
        Application.objects.bulk_update(changed, fields, batch_size=BATCH)
    return plan
