"""Which token asks: one of several, or an installation of a GitHub App, leased so that each has one user at a time.

`client_for` gives a client that asks with the token that has most points left. It keeps a part of the points for people, renews
its lease while it works, and goes on with another token where GitHub refuses one or wants it to rest. It never sleeps: where no
token can be used now, it raises what says when to come back. This module alone in this package knows a model.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from contributions.budgets import (
    REFUSALS,
    REFUSED_FOR,
    Standing,
    budgets_for,
    is_refused,
    limits_in_a_row,
    points_left,
    reserve_of,
    standing,
    take_sample,
)
from contributions.models import ApiBudget

from .app_auth import AppAuth, Installation, app_from_settings
from .client import Answer, GitHubClient, RestAnswer, options_from_settings, token_key
from .errors import GitHubError, LeaseLost, RateLimited, TokenBusy, Unauthorized
from .leases import Lease

logger = logging.getLogger(__name__)

#: Whoever finds all tokens in use comes again after this time, or sooner where a lease ends before.
COME_AGAIN_AFTER = timedelta(seconds=15)

Result = TypeVar("Result")


@dataclass(frozen=True)
class Access:
    """One token that may be used: by itself, or of an installation of the App."""

    key: str
    token: str | Callable[[], str]
    app: AppAuth | None = None
    installation: Installation | None = None

    def renewed(self) -> bool:
        """Whether a refused token can be replaced by a new one at once: those of an App can."""
        return self.app is not None and self.installation is not None and self.app.forget(self.installation.id)

    def __repr__(self) -> str:
        return f"<Access {self.key}>"


@contextmanager
def client_for(*, by_person: bool, holder: str, repositories: Iterable[str] = ()) -> Iterator["LeasedClient"]:
    """A client to ask GitHub with, until the end of the block; its token is nobody else's meanwhile.

    `by_person`: somebody waits for it, so it may use the points that are kept for people. `holder` says who uses the token, in
    a few words without personal data. `repositories`: the `owner/name`s that it is about; with a GitHub App they decide which
    installation asks (see `accesses`).

    Raises `RateLimited` where all tokens are used up for now, with the earliest time at which one is not; `TokenBusy` where
    all that could be used are in use; `Unauthorized` where all are refused; `GitHubError` with code `no_token` or
    `no_installation`. The client raises the same in the middle of the work.
    """
    client = LeasedClient(accesses(repositories), by_person=by_person, holder=holder)
    error: GitHubError | None = None
    try:
        yield client
    except GitHubError as raised:
        error = raised
        raise
    finally:
        remember(client, error)
        client.close()


def accesses(repositories: Iterable[str] = ()) -> list[Access]:
    """The tokens that may ask about these repositories, by the settings: those of the GitHub App where one is set up.

    Any installation can read what is public. What is private only the one of its owner can, so where an owner among
    `repositories` has an installation, that one asks and no other: to another one a private repository would seem to be gone.
    Where several owners have one, it is that with most of the repositories.
    """
    app = app_from_settings()
    if app is None:
        return [Access(token_key(token), token) for token in dict.fromkeys(settings.GITHUB_TOKENS)]
    found = _installations(app)
    installation = _serving(found, repositories)
    chosen = [installation] if installation else [each for each in found if not each.is_suspended]
    return [Access(_key(app, each), partial(app.token, each.id), app, each) for each in chosen]


def apart(names: Mapping[int, str]) -> list[set[int]]:
    """Keys of `names` (such as primary keys of items by their `owner/name`) by who must ask about them; one set where all are one."""
    app = app_from_settings()
    if app is None or not names:
        return [set(names)] if names else []
    found = _installations(app)
    groups: defaultdict[int, set[int]] = defaultdict(set)
    for key, name in names.items():
        installation = _serving(found, [name])
        groups[installation.id if installation else 0].add(key)
    return [groups[key] for key in sorted(groups)]


def in_use() -> Q:
    """Which budgets are those of the settings, without asking GitHub: rows of former tokens stay for their history."""
    if settings.GITHUB_APP_ID:
        return Q(kind=ApiBudget.Kind.APP, key=f"app-{settings.GITHUB_APP_ID}") | Q(
            kind=ApiBudget.Kind.APP, key__startswith=f"app-{settings.GITHUB_APP_ID}-"
        )
    return Q(kind=ApiBudget.Kind.TOKEN, key__in=[token_key(token) for token in settings.GITHUB_TOKENS])


class LeasedClient(GitHubClient):
    """A client whose token is leased, and changed for another one where it can be used no more.

    `budget_pk` is the primary key of the `ApiBudget` whose token asks now.
    """

    def __init__(self, candidates: Sequence[Access], *, by_person: bool, holder: str) -> None:
        if not candidates:
            raise _nothing_set_up()
        self._by_person = by_person
        self._holder = holder
        self._candidates = list(candidates)
        self._lease: Lease | None = None
        self._access, self._lease = self._choose()
        super().__init__(token=self._access.token, key=self._access.key, **options_from_settings())
        self._secondary_limits = limits_in_a_row(self._lease.budget)

    @property
    def budget_pk(self) -> int | None:
        return self._lease.budget.pk if self._lease else None

    def query(self, document: str, variables: Mapping[str, Any] | None = None) -> Answer:
        return self._through(lambda: GitHubClient.query(self, document, variables))

    def get(self, path_or_url: str) -> RestAnswer:
        return self._through(lambda: GitHubClient.get(self, path_or_url))

    def _through(self, ask: Callable[[], Result]) -> Result:
        """Ask, with another token where this one is refused or at a limit. Ends: no token is taken twice."""
        renewed = False
        while True:
            try:
                return ask()
            except Unauthorized as error:
                if not renewed and error.code == "unauthorized" and self._access.renewed():
                    renewed = True
                    continue
                self._change(error)
            except RateLimited as error:
                self._change(error)
            renewed = False

    def _before_request(self) -> None:
        super()._before_request()
        if self._lease is None:
            raise LeaseLost(_("The token was given back already."))
        self._lease.keep()
        self._keep_reserve()

    def _keep_reserve(self) -> None:
        """What runs by itself stops where only people's points are left, also in the middle."""
        budget = self.budget
        if self._by_person or budget is None or budget.reset_at is None or budget.reset_at <= timezone.now():
            return
        if budget.remaining <= reserve_of(budget.limit):
            raise _kept_for_people(budget.reset_at)

    def _change(self, error: Unauthorized | RateLimited) -> None:
        """Go on with another token, or raise what says when to come back."""
        remember(self, error)
        self._candidates = [each for each in self._candidates if each.key != self._access.key]
        try:
            self._access, self._lease = self._choose()
        except RateLimited as others:
            if isinstance(error, RateLimited):
                error.retry_at = _earliest(error.retry_at, others.retry_at)
                raise error from None
            raise others from error
        except Unauthorized:
            raise error from None
        logger.warning("GitHub is asked with %s from now on: %s", self._access.key, error.message)
        self.use(self._access.token, self._access.key)
        self._secondary_limits = limits_in_a_row(self._lease.budget)

    def _choose(self) -> tuple[Access, Lease]:
        """The access with most points that can be used now, and its lease."""
        now = timezone.now()
        kind = ApiBudget.Kind.APP if any(each.app for each in self._candidates) else ApiBudget.Kind.TOKEN
        rows = budgets_for([each.key for each in self._candidates], kind)
        standings = {each.key: standing(rows[each.key], now, by_person=self._by_person) for each in self._candidates}
        free = [each for each in self._candidates if standings[each.key][0] == Standing.FREE]
        # One that was refused when it was last used is tried where there is nothing better.
        free.sort(key=lambda each: (is_refused(rows[each.key]), -points_left(rows[each.key], now), each.key))
        for each in free:
            lease = Lease.take(rows[each.key], self._holder)
            if lease is None:
                standings[each.key] = (Standing.IN_USE, None)
                continue
            # Whoever had it until just now may have used it up.
            found = standing(lease.budget, now, by_person=self._by_person)
            if found[0] == Standing.IN_USE:
                return each, lease
            lease.give_back()
            standings[each.key] = found
        raise _none_left(list(standings.values()), now)


def remember(client: LeasedClient, error: GitHubError | None = None) -> None:
    """Write what is known of a client's token now, with a sample, and give the token back. The second time it does nothing.

    `error`: what ended the use. A refusal of the token is told to the operator once, and stays on the budget until the next
    success. Where the lease was lost nothing is written: others know better.
    """
    lease, client._lease = client._lease, None
    if lease is None:
        return
    if isinstance(error, LeaseLost):
        logger.warning("%s lost its token to another worker, and stopped.", client._holder)
        return
    now = timezone.now()
    values: dict[str, Any] = {"seen_at": now} if client.requests else {}
    seen = client.budget
    if seen is not None:
        values |= {"limit": seen.limit, "remaining": seen.remaining, "reset_at": seen.reset_at, "seen_at": seen.seen_at}
    if client.answered_at is not None:
        values["succeeded_at"] = client.answered_at
    if isinstance(error, RateLimited):
        if error.code != "kept_for_people":
            values |= {"blocked_until": error.retry_at, "seen_at": now}
    elif error is not None and not isinstance(error, TokenBusy):
        values |= {"failed_at": now, "failure": f"{error.code}: {error.message}"[:300]}
    was_refused = is_refused(lease.budget)
    if not lease.give_back(**values):
        logger.warning("%s lost its token to another worker.", client._holder)
        return
    if seen is not None:
        take_sample(lease.budget.pk, limit=seen.limit, remaining=seen.remaining, at=now)
    if error is not None and error.code in REFUSALS and not was_refused:
        logger.error("GitHub refuses %s: %s", lease.budget.key, error.message)


def _installations(app: AppAuth) -> list[Installation]:
    """Where the App is installed. That the App itself is refused is kept on a budget of its own, told once, and heals."""
    key = f"app-{app.app_id}"
    row = ApiBudget.objects.filter(key=key).first()
    try:
        found = app.installations()
    except Unauthorized as error:
        now = timezone.now()
        budget = row or budgets_for([key], ApiBudget.Kind.APP)[key]
        if not is_refused(budget):
            logger.error("GitHub refuses %s: %s", key, error.message)
        ApiBudget.objects.filter(pk=budget.pk).update(failed_at=now, failure=f"{error.code}: {error.message}"[:300], seen_at=now)
        raise
    if row is not None and is_refused(row):
        ApiBudget.objects.filter(pk=row.pk).update(succeeded_at=timezone.now())
    if not found:
        message = _("The GitHub App is installed nowhere. Install it for an organisation or an account.")
        raise GitHubError(message, code="no_installation")
    return found


def _serving(installations: Iterable[Installation], repositories: Iterable[str]) -> Installation | None:
    """The installation that has most of these repositories by their owner; None where none has any."""
    owners = Counter(name.partition("/")[0].lower() for name in repositories)
    having = [each for each in installations if each.account and owners[each.account]]
    return min(having, key=lambda each: (-owners[each.account], each.account, each.id), default=None)


def _key(app: AppAuth, installation: Installation) -> str:
    return f"app-{app.app_id}-{installation.id}"


def _none_left(standings: Sequence[tuple[Standing, datetime | None]], now: datetime) -> GitHubError:
    """What to say where no token can be used: that of those that are in use, else of those that are used up, else refused."""
    times: defaultdict[Standing, list[datetime]] = defaultdict(list)
    for found, again in standings:
        times[found].append(again or now + COME_AGAIN_AFTER)
    if times[Standing.IN_USE]:
        soonest = min(*times[Standing.IN_USE], now + COME_AGAIN_AFTER)
        return TokenBusy(_("All access to GitHub is in use by other syncs."), retry_at=max(soonest, now + timedelta(seconds=1)))
    limits = [*times[Standing.BLOCKED], *times[Standing.USED_UP], *times[Standing.KEPT]]
    if limits:
        if not times[Standing.BLOCKED] and not times[Standing.USED_UP]:
            return _kept_for_people(min(limits))
        return RateLimited(_("GitHub asked us to wait."), retry_at=min(limits))
    again = min(times[Standing.REFUSED], default=now + REFUSED_FOR)
    return Unauthorized(_("GitHub does not accept the token."), retry_at=again)


def _kept_for_people(retry_at: datetime) -> RateLimited:
    message = _("What is left of this hour's requests is kept for people who press “sync now”.")
    return RateLimited(message, retry_at=retry_at, code="kept_for_people")


def _nothing_set_up() -> GitHubError:
    if settings.GITHUB_APP_ID:
        return Unauthorized(_("Each installation of the GitHub App is suspended."), code="installation_suspended")
    return GitHubError("No GitHub token is set up. The operator sets GITHUB_TOKEN.", code="no_token")


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)
