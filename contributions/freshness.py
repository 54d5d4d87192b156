"""How fresh the data is, why it is not fresher, and when the next try comes: for a session and for its members."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Max, Min
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.days import short_day
from accounts.templatetags.interface import ago
from background.models import WorkerBeat
from background.overview import ALIVE_FOR
from cohorts.models import Membership, Session
from contributions.models import MemberSync, SyncRun
from contributions.sync.due import interval_of

#: Data that is older than this many turns of the schedule is stale.
STALE_AFTER_TURNS = 3
#: A sync that waited so long, or is late by so much, makes one ask whether there is a worker.
WAITS_LONG = timedelta(minutes=2)
#: One that runs shows a sign of life at each answer; GitHub gives one within ten seconds, or none.
SLOW_AFTER = timedelta(seconds=15)
OVERDUE_AFTER = timedelta(minutes=10)

_GITHUB_TROUBLE = gettext_lazy("GitHub has trouble answering")
_APP_TROUBLE = gettext_lazy("GitHub does not accept this site's GitHub App")

#: What each code means, in plain words that can stand before "since 14:02".
REASONS = {
    "unauthorized": gettext_lazy("GitHub does not accept this site's token any more"),
    "access_denied": gettext_lazy("GitHub refused"),
    "rate_limited": gettext_lazy("This hour's requests to GitHub have been used up"),
    "secondary_limit": gettext_lazy("GitHub asked us to slow down"),
    "timeout": gettext_lazy("GitHub did not answer in time"),
    "unreachable": gettext_lazy("GitHub cannot be reached"),
    "server_error": _GITHUB_TROUBLE,
    "too_heavy": _GITHUB_TROUBLE,
    "timed_out": _GITHUB_TROUBLE,
    "resource_limits_exceeded": _GITHUB_TROUBLE,
    "not_json": gettext_lazy("Something other than GitHub answered"),
    "wrong_address": gettext_lazy("Something other than GitHub answered"),
    "truncated": gettext_lazy("GitHub's answer broke off"),
    "malformed": gettext_lazy("GitHub's answer made no sense"),
    "kept_for_people": gettext_lazy("What is left of this hour's requests has been kept for people who press “Sync now”"),
    "token_busy": gettext_lazy("Other syncs use all access to GitHub"),
    "lease_lost": gettext_lazy("Another worker took the sync over"),
    "no_token": gettext_lazy("No GitHub token is set up"),
    "app_refused": _APP_TROUBLE,
    "bad_private_key": _APP_TROUBLE,
    "no_installation": gettext_lazy("The GitHub App of this site is installed nowhere"),
    "installation_gone": gettext_lazy("The GitHub App of this site was uninstalled"),
    "installation_suspended": gettext_lazy("The GitHub App of this site was suspended"),
    "invalid_query": gettext_lazy("GitHub did not understand this site"),
    "internal": gettext_lazy("The sync broke off by an error of this site"),
    "lost": gettext_lazy("The background worker did not finish the sync"),
    "worker_away": gettext_lazy("The background worker is away"),
    "no_login": gettext_lazy("No GitHub login is given"),
    "unknown_login": gettext_lazy("GitHub does not know this login"),
    "account_gone": gettext_lazy("This GitHub account is gone, or we may not see it"),
    "not_a_person": gettext_lazy("This GitHub account is not a person's"),
    "too_many": gettext_lazy("There are more items than a sync can look through"),
    "not_told": gettext_lazy("GitHub did not tell us about this account"),
    "incomplete": gettext_lazy("GitHub answered with a part only"),
}

#: Problems that the member can mend: the page says how.
MENDED_BY_THE_MEMBER = ("no_login", "unknown_login", "account_gone", "not_a_person")
#: Problems that only who runs the site can mend. All others pass by themselves.
MENDED_BY_THE_OPERATOR = (
    "unauthorized", "access_denied", "not_json", "wrong_address", "no_token", "app_refused", "bad_private_key", "no_installation",
    "installation_gone", "installation_suspended", "invalid_query", "internal", "lost", "worker_away",
)  # fmt: skip
#: Limits, after which the rest comes by itself at a certain moment.
LIMITS = ("rate_limited", "secondary_limit", "kept_for_people", "token_busy", "lease_lost")


@dataclass(frozen=True)
class Freshness:
    """How fresh some data is. All times are aware.

    `synced_at`: the last success. `code` and `reason`: what stands in the way since `since`, empty where nothing does.
    `next_at`: when the next try comes by itself. `run`: the sync that waits or runs now. `stale`: much older than planned.
    `worker_is_away`: nobody is there who could try; only looked at where something is late.
    """

    synced_at: datetime | None = None
    code: str = ""
    reason: str = ""
    since: datetime | None = None
    next_at: datetime | None = None
    run: SyncRun | None = None
    stale: bool = False
    worker_is_away: bool = False

    @property
    def has_problem(self) -> bool:
        return bool(self.code)

    @property
    def member_can_mend(self) -> bool:
        return self.code in MENDED_BY_THE_MEMBER

    @property
    def advice(self) -> str:
        """What the reader needs to do about a problem, which is mostly nothing. Empty where the page says it, or all is well."""
        if not self.code or self.member_can_mend:
            return ""
        if self.code in MENDED_BY_THE_OPERATOR or self.worker_is_away:
            return _("You need do nothing: it is for whoever runs this site.")
        return _("You need do nothing: it goes on by itself.")

    @property
    def waiting(self) -> str:
        """What the sync waits for that has not begun; empty where none waits."""
        return waiting_words(self.run, timezone.now(), worker_is_away=self.worker_is_away)

    @property
    def slow(self) -> str:
        """What a sync that runs waits for, where that takes long."""
        return slow_words(self.run, timezone.now())

    def __str__(self) -> str:
        """One sentence, times in the current zone: "GitHub refused since 14:02, next try 14:30; data from 13:55"."""
        now = timezone.now()
        if not self.code:
            return _("Synced %(time)s") % {"time": ago(self.synced_at)} if self.synced_at else _("Not synced yet")
        parts = [self.reason]
        if self.since:
            parts = [_("%(reason)s since %(time)s") % {"reason": self.reason, "time": clock(self.since, now)}]
        if next_try := self._next_try(now):
            parts.append(next_try)
        data = _("data from %(time)s") % {"time": clock(self.synced_at, now)} if self.synced_at else _("no data yet")
        return "; ".join([", ".join(parts), data])

    def _next_try(self, now: datetime) -> str:
        if self.next_at is None or self.member_can_mend or self.code == "worker_away":
            return ""
        if self.worker_is_away:
            return _("and no next try, because the background worker is away")
        if self.next_at <= now:
            return _("next try in a moment")
        return _("next try %(time)s") % {"time": clock(self.next_at, now)}


def waiting_words(run: SyncRun | None, now: datetime, *, worker_is_away: bool = False) -> str:
    """What a sync waits for that has not begun, in a sentence or two; empty for one that runs, and for none."""
    if run is None or run.state != SyncRun.State.QUEUED:
        return ""
    time = {"time": clock(run.queued_at, now)}
    waited = _("The sync has waited for its turn since %(time)s.") % time
    if worker_is_away:
        return " ".join([waited, _("The background worker is away. What you see stays right, only older.")])
    if run.retry_at is not None:
        return " ".join([waited, _("Other syncs use all access to GitHub; it begins as soon as one of them is done.")])
    if now - run.queued_at > WAITS_LONG:
        return " ".join([waited, _("The background worker has much to do. What you see stays right, only older.")])
    return waited


def slow_words(run: SyncRun | None, now: datetime) -> str:
    """That a sync which runs has been waiting for an answer for a while, and that nothing is lost by it; else empty."""
    if run is None or run.state != SyncRun.State.RUNNING or run.progress_at is None or now - run.progress_at < SLOW_AFTER:
        return ""
    return _("GitHub takes long to answer. You need not wait here: the sync goes on without you.")


def clock(moment: datetime | None, now: datetime) -> str:
    """A time of day, with its date where that is not today, in the current zone."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    time = time_format(local, "H:i")
    if local.date() == timezone.localtime(now).date():
        return time
    return f"{short_day(local, year=local.year != timezone.localtime(now).year)} {time}"


def reason_of(code: str, message: str = "") -> str:
    """A code in plain words; `message` for one that has none."""
    return str(REASONS[code]) if code in REASONS else message.rstrip(".") or _("The sync failed")


def freshness_of_session(session: Session) -> Freshness:
    """How fresh a session's data is. Four statements, and one more where something is late."""
    runs = SyncRun.objects.whole().filter(session=session)
    last_good = runs.went_through().order_by("-finished_at").first()
    synced_at = last_good.finished_at if last_good else None
    last = runs.finished().order_by("-queued_at", "-pk").first()
    now = timezone.now()
    interval = interval_of(session, now)
    next_at = None
    if interval is not None:
        next_at = last.retry_at or last.queued_at + interval if last else now
    fresh = Freshness(
        synced_at=synced_at,
        next_at=next_at,
        run=runs.waiting_or_running().first(),
        stale=_is_stale(synced_at, interval, session, now),
    )
    fresh = _with_worker(fresh, now)
    if last is None or last.retry_at is None:
        return fresh
    failed = runs.finished().exclude(retry_at=None)
    if last_good is not None:
        failed = failed.filter(queued_at__gt=last_good.queued_at)
    first_failed = failed.order_by("queued_at", "pk").first() or last
    # The error that stopped a run is the last one that it wrote.
    error = last.errors[-1] if last.errors else {}
    code = error.get("code", "internal")
    since = first_failed.finished_at or first_failed.queued_at
    return replace(fresh, code=code, reason=reason_of(code, error.get("message", "")), since=since)


def freshness_of_members(session: Session, memberships: Iterable[Membership]) -> dict[int, Freshness]:
    """Freshness by membership id, for members of one session. Six statements, however many members; one more while something
    is late, and one where a limit stands in the way.
    """
    of_session = freshness_of_session(session)
    ids = [membership.pk for membership in memberships]
    syncs = MemberSync.objects.in_bulk(ids, field_name="membership_id")
    runs = {run.membership_id: run for run in SyncRun.objects.waiting_or_running().filter(membership__in=ids)}
    now = timezone.now()
    interval = interval_of(session, now)
    again = _own_tries(ids, now) if any(sync.problem_code in LIMITS for sync in syncs.values()) else {}
    found = {}
    for pk in ids:
        sync = syncs.get(pk)
        stale = _is_stale(sync.synced_at if sync else None, interval, session, now)
        next_at = min(filter(None, (again.get(pk), of_session.next_at)), default=None)
        fresh = Freshness(run=runs.get(pk) or of_session.run, next_at=next_at, stale=stale)
        found[pk] = _of_member(sync, fresh, of_session, now)
    return found


def freshness_of_membership(membership: Membership) -> Freshness:
    """How fresh one member's data is."""
    return freshness_of_members(membership.cohort.session, [membership])[membership.pk]


def _of_member(sync: MemberSync | None, fresh: Freshness, of_session: Freshness, now: datetime) -> Freshness:
    synced_at = sync.synced_at if sync else None
    fresh = replace(fresh, synced_at=synced_at, worker_is_away=of_session.worker_is_away)
    if fresh.run is not None and fresh.run is not of_session.run:
        fresh = _with_worker(fresh, now)
    if sync is not None and sync.problem_code:
        reason = reason_of(sync.problem_code, sync.problem)
        return replace(fresh, code=sync.problem_code, reason=reason, since=sync.problem_since)
    if of_session.code and (synced_at is None or of_session.since is None or synced_at < of_session.since):
        return replace(fresh, code=of_session.code, reason=of_session.reason, since=of_session.since)
    return fresh


def _own_tries(membership_ids: list[int], now: datetime) -> dict[int, datetime]:
    """When the rest of a member's own sync comes by itself that a limit stopped, by membership id; one statement."""
    stopped = SyncRun.objects.finished().filter(membership__in=membership_ids, retry_at__gt=now)
    return dict(stopped.order_by().values_list("membership").annotate(at=Min("retry_at")))


def _with_worker(fresh: Freshness, now: datetime) -> Freshness:
    """Note that no worker is there, where something is so late that one has to ask. A worker tells of itself every 3 seconds."""
    run = fresh.run
    waits_long = run is not None and run.state == SyncRun.State.QUEUED and now - run.queued_at > WAITS_LONG
    overdue = run is None and fresh.next_at is not None and now - fresh.next_at > OVERDUE_AFTER
    if not waits_long and not overdue:
        return fresh
    seen_at = WorkerBeat.objects.aggregate(at=Max("seen_at"))["at"]
    if seen_at is not None and seen_at > now - ALIVE_FOR:
        return fresh
    if fresh.synced_at is None and run is None:
        # A session that was never synced: nothing is older than it should be.
        return replace(fresh, worker_is_away=True)
    return replace(
        fresh, worker_is_away=True, code="worker_away", reason=reason_of("worker_away"), since=seen_at or fresh.next_at
    )


def _is_stale(synced_at: datetime | None, interval: timedelta | None, session: Session, now: datetime) -> bool:
    if interval is None:
        return False
    return (synced_at or session.begins_at) < now - interval * STALE_AFTER_TURNS
