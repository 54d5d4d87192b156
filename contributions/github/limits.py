"""GitHub's rules about rate limits, read from its answers.

The hourly points are the primary limit: `x-ratelimit-remaining: 0` and `x-ratelimit-reset`. Secondary limits guard against
bursts and come with status 200, 403 or 429; `retry-after` says how long, and where it is missing it is a minute at first
and twice as long each time after.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

POINTS_AN_HOUR = 5000
FIRST_WAIT = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=1)
# Between a Date header and us lies the way here; only more than this is a clock that is wrong.
TOLERATED_SKEW = timedelta(seconds=10)

LIMIT_WORDS = re.compile(r"rate limit|abuse detection|submitted too quickly", re.IGNORECASE)
SECONDARY_WORDS = re.compile(r"secondary rate|abuse detection|submitted too quickly", re.IGNORECASE)


def speaks_of_limit(message: str) -> bool:
    """Whether the words of an error are about a rate limit."""
    return LIMIT_WORDS.search(message) is not None


def message_of(response: httpx2.Response) -> str:
    """The `message` of an error's JSON body, or an empty string."""
    try:
        body = response.json()
    except ValueError:
        return ""
    return str(body.get("message") or "") if isinstance(body, dict) else ""


def is_limit(response: httpx2.Response) -> bool:
    """Whether a 403 or 429 is a rate limit. Every 429 is; a 403 only with one of its three marks."""
    return (
        response.status_code == 429
        or "retry-after" in response.headers
        or response.headers.get("x-ratelimit-remaining") == "0"
        or speaks_of_limit(message_of(response))
    )


def is_secondary(response: httpx2.Response, message: str) -> bool:
    """Whether a limit is a secondary one: it says so, or asks to wait although points are left."""
    if SECONDARY_WORDS.search(message):
        return True
    if response.headers.get("x-ratelimit-remaining") == "0":
        return False
    return "retry-after" in response.headers or ("x-ratelimit-reset" not in response.headers and response.status_code != 200)


def retry_at(response: httpx2.Response, *, secondary: bool, in_a_row: int = 0) -> datetime:
    """When to ask again, by our clock. `in_a_row`: secondary limits met just before this one."""
    now = datetime.now(UTC)
    wait = _retry_after(response)
    if wait is not None:
        return now + wait
    if not secondary:
        reset_at = our_time(response, _epoch(response.headers.get("x-ratelimit-reset")))
        if reset_at is not None:
            # A second more: GitHub gives whole seconds.
            return max(reset_at, now) + timedelta(seconds=1)
    return now + min(FIRST_WAIT * 2 ** min(in_a_row, 10), LONGEST_WAIT)


def our_time(response: httpx2.Response, moment: datetime | None) -> datetime | None:
    """`moment` of GitHub's clock on ours, for machines whose clock is wrong."""
    return None if moment is None else moment + clock_ahead(response)


def clock_ahead(response: httpx2.Response) -> timedelta:
    """How far our clock is before GitHub's, by the `Date` of an answer; nothing where they agree, or where it does not say."""
    try:
        theirs = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return timedelta()
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    ahead = datetime.now(UTC) - theirs
    return ahead if abs(ahead) > TOLERATED_SKEW else timedelta()


def budget_of(response: httpx2.Response) -> tuple[int, int, datetime | None] | None:
    """`(limit, remaining, reset_at)` of the GraphQL points in the headers, or None."""
    headers = response.headers
    if headers.get("x-ratelimit-resource", "graphql") != "graphql":
        return None
    try:
        limit, remaining = int(headers["x-ratelimit-limit"]), int(headers["x-ratelimit-remaining"])
    except (KeyError, ValueError):
        return None
    return limit, remaining, our_time(response, _epoch(headers.get("x-ratelimit-reset")))


def parse_time(value: Any) -> datetime | None:
    """A GraphQL `DateTime` as an aware datetime; None for anything else."""
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _retry_after(response: httpx2.Response) -> timedelta | None:
    value = response.headers.get("retry-after", "")
    try:
        return timedelta(seconds=min(max(int(value), 1), 24 * 3600))
    except ValueError:
        return None


def _epoch(value: str | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(value or ""), UTC)
    except (ValueError, OverflowError, OSError):
        return None
