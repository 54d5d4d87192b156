"""What each token may still ask of GitHub: which of them can be used now, what is kept for people, and how it was over time.

The decisions are pure functions of a row, the time and who asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import log2

from django.utils import timezone
from django.utils.translation import gettext as _

from .github.limits import FIRST_WAIT
from .models import ApiBudget, BudgetSample

#: So much of an hour's points is left alone by what runs by itself: people who press “sync now” shall not wait for the reset.
KEPT_FOR_PEOPLE_PERCENT = 15

#: A token that was refused is tried again after this time: by itself, and sooner where a person waits who may have mended it.
REFUSED_FOR = timedelta(hours=1)
REFUSED_FOR_PEOPLE = timedelta(minutes=1)

#: An installation of a GitHub App that was not tried for so long is there no more.
FORGOTTEN_AFTER = timedelta(days=1)

#: What a refusal of the token itself is called; other failures are GitHub's, or of one question alone.
REFUSALS = ("unauthorized", "app_refused", "bad_private_key", "installation_gone", "installation_suspended")

#: Between two samples of one budget.
SAMPLE_EVERY = timedelta(minutes=5)


class Standing(StrEnum):
    """Whether a token can be used at a moment. Only the first one says yes."""

    FREE = "free"
    IN_USE = "in use"
    BLOCKED = "blocked"
    USED_UP = "used up"
    KEPT = "kept for people"
    REFUSED = "refused"


@dataclass(frozen=True)
class Sample:
    """The points that a token had left at one moment, of `limit` an hour."""

    at: datetime
    limit: int
    remaining: int


def reserve_of(limit: int) -> int:
    """How many of `limit` points are kept for people."""
    return limit * KEPT_FOR_PEOPLE_PERCENT // 100


def points_left(budget: ApiBudget, now: datetime) -> int:
    """The points of this hour: all of them where the hour that we know of is over."""
    return budget.limit if budget.reset_at is not None and budget.reset_at <= now else budget.remaining


def failure_code(budget: ApiBudget) -> str:
    """The short code of the last failure, empty where there was none."""
    return budget.failure.partition(": ")[0] if budget.failed_at else ""


def failure_text(budget: ApiBudget) -> str:
    """The last failure in words."""
    return budget.failure.partition(": ")[2] if budget.failed_at else ""


def is_refused(budget: ApiBudget) -> bool:
    """Whether GitHub did not accept this token when it was last used. Heals with the next success."""
    if budget.failed_at is None or failure_code(budget) not in REFUSALS:
        return False
    return budget.succeeded_at is None or budget.succeeded_at <= budget.failed_at


def standing(budget: ApiBudget, now: datetime, *, by_person: bool) -> tuple[Standing, datetime | None]:
    """Whether a token can be used at `now`, and if not, when it is worth another look."""
    if is_refused(budget) and budget.failed_at is not None:
        again = budget.failed_at + (REFUSED_FOR_PEOPLE if by_person else REFUSED_FOR)
        if again > now:
            return Standing.REFUSED, again
    if budget.blocked_until is not None and budget.blocked_until > now:
        return Standing.BLOCKED, budget.blocked_until
    left = points_left(budget, now)
    if budget.reset_at is not None and budget.reset_at > now:
        if left <= 0:
            return Standing.USED_UP, budget.reset_at
        if not by_person and left <= reserve_of(budget.limit):
            return Standing.KEPT, budget.reset_at
    if budget.leased_until is not None and budget.leased_until > now:
        return Standing.IN_USE, budget.leased_until
    return Standing.FREE, None


def limits_in_a_row(budget: ApiBudget) -> int:
    """How many limits without a time this token met since its last success, by how long the last one blocked it.

    Each waits twice as long as the one before, from a minute on, and a run ends with the first: so no client knows of them.
    """
    until, reset_at = budget.blocked_until, budget.reset_at
    if until is None or (budget.succeeded_at is not None and budget.succeeded_at > until):
        return 0
    if reset_at is not None and abs(until - reset_at) <= timedelta(seconds=2):
        # The points of an hour were used up, which says nothing about bursts.
        return 0
    times = (until - budget.seen_at) / FIRST_WAIT
    return round(log2(times)) + 1 if times > 0.75 else 0


def budgets_for(keys: Sequence[str], kind: str) -> dict[str, ApiBudget]:
    """The rows of these tokens by key; they are made where there are none. One statement where all are there."""
    found = {budget.key: budget for budget in ApiBudget.objects.filter(key__in=keys)}
    missing = [key for key in keys if key not in found]
    if missing:
        now = timezone.now()
        ApiBudget.objects.bulk_create([ApiBudget(key=key, kind=kind, seen_at=now) for key in missing], ignore_conflicts=True)
        found |= {budget.key: budget for budget in ApiBudget.objects.filter(key__in=missing)}
    return found


def take_sample(budget_pk: int, *, limit: int, remaining: int, at: datetime) -> bool:
    """Keep how many points a token has left, at most every five minutes. Returns whether it was kept."""
    if BudgetSample.objects.filter(budget=budget_pk, at__gt=at - SAMPLE_EVERY).exists():
        return False
    BudgetSample.objects.create(budget_id=budget_pk, at=at, limit=limit, remaining=remaining)
    return True


def samples_of(budget: ApiBudget, since: datetime) -> list[Sample]:
    """What a token had left over time, oldest first. Between two samples it may have been used, and filled up again."""
    rows = BudgetSample.objects.filter(budget=budget, at__gte=since).order_by("at").values_list("at", "limit", "remaining")
    return [Sample(*row) for row in rows]


def refused_budgets() -> list[ApiBudget]:
    """Tokens that GitHub did not accept when they were last used, of those that are set up still."""
    from .github.access import in_use

    rows = [budget for budget in ApiBudget.objects.filter(in_use()).order_by("pk") if is_refused(budget)]
    # Where an App was uninstalled nobody tries again. What is tried again is so within hours.
    long_ago = timezone.now() - FORGOTTEN_AFTER
    return [row for row in rows if row.kind == ApiBudget.Kind.TOKEN or (row.failed_at and row.failed_at > long_ago)]


def problems() -> list[str]:
    """What an operator should mend about the access to GitHub, a sentence each."""
    found = []
    for budget in refused_budgets():
        text = _("GitHub refuses %(token)s: %(failure)s It is tried again by itself; see Admin, GitHub budgets.")
        found.append(text % {"token": name_of(budget), "failure": failure_text(budget)})
    return found


def name_of(budget: ApiBudget) -> str:
    """What a token is called where an operator reads it. The token itself is not known here."""
    if budget.kind == ApiBudget.Kind.APP:
        return _("the GitHub App (%(key)s)") % {"key": budget.key}
    return _("the token %(key)s") % {"key": budget.key[:8]}
