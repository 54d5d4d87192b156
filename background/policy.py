"""How a task is run: how often it is tried, when, and what it may count on. Declared beside the task, kept here."""

import contextlib
import datetime
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.tasks import Task, TaskResult
from django.utils import timezone
from django.utils.module_loading import import_string

#: How long a failed task waits at most before it is tried again (seconds), whatever its back-off says.
LONGEST_BACKOFF = 7 * 24 * 3600.0

#: More are no limit at all: an alarm of the machine takes so many seconds, and the columns of a run such a number and such a path.
LONGEST_LIMIT, MOST_ATTEMPTS, LONGEST_PATH = 366 * 24 * 3600.0, 2**31 - 1, 200


class PolicyError(ImproperlyConfigured):
    """A task was declared with something that cannot be. The text names the task, and says what to do."""


class Retry(Exception):
    """Raised by a task that should run again later, without having failed: for example at a rate limit.

    `after` is a number of seconds, a `timedelta`, or an aware `datetime`. It does not count as an attempt. `reason` is shown
    to the operator. Raises `ValueError` for a naive `datetime` or a time that is no number.
    """

    def __init__(self, after: float | datetime.timedelta | datetime.datetime, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = _moment(after)

    def __str__(self) -> str:
        return self.reason or f"Again at {self.at:%Y-%m-%d %H:%M:%S %Z}"


class TimeLimitExceeded(BaseException):
    """The task ran for longer than its time limit. No `Exception`, so that no task takes it for an error of one item."""


class LostWorker(Exception):
    """The worker that ran the task stopped giving signs of life."""


@dataclass(frozen=True)
class Backoff:
    """Seconds between attempts: `first`, then `factor` times more each, up to `longest`, give or take `jitter` (a share)."""

    first: float = 5
    longest: float = 600
    factor: float = 2
    jitter: float = 0.2

    def __post_init__(self) -> None:
        if not (0 < self.first <= self.longest <= LONGEST_BACKOFF and self.factor >= 1 and 0 <= self.jitter < 1):
            raise PolicyError(
                f"{self} makes no sense: it needs 0 < first ≤ longest ≤ {LONGEST_BACKOFF:.0f} seconds, factor ≥ 1 and 0 ≤ jitter < 1."
            )

    def seconds(self, attempt: int) -> float:
        """How long to wait after this attempt (1 for the first)."""
        # The power is bounded before it is taken: 2 ** 5000 is no float.
        steps = min(attempt - 1, 64)
        plain = min(self.longest, self.first * self.factor**steps)
        return plain * random.uniform(1 - self.jitter, 1 + self.jitter)  # noqa: S311 (spreads retries, guards nothing)


#: Or: seconds to wait after this exception of this task, None for “do not try again”.
BackoffFunction = Callable[[BaseException, TaskResult], float | None]


@dataclass(frozen=True)
class Policy:
    """How a task is run. The defaults are those of a task that was declared with Django's own decorator."""

    max_attempts: int = 1
    backoff: Backoff | BackoffFunction = field(default_factory=Backoff)
    retry_on: tuple[type[BaseException], ...] = (Exception,)
    unique: bool | Callable[..., str] = False
    #: Seconds.
    time_limit: float | None = None
    #: The function, its outcome and its record are one transaction: what it does to the database happens exactly once.
    atomic: bool = False
    #: A task whose worker was lost fails, in place of running again.
    at_most_once: bool = False
    #: What the first argument is the primary key of: “accounts.message”.
    about: str = ""

    def wait(self, error: BaseException | None, attempt: int, result: TaskResult) -> float | None:
        """Seconds until the attempt after this one; None where there is none. `error` is None where it is not known."""
        if attempt >= self.max_attempts:
            return None
        if error is not None and not isinstance(error, (*self.retry_on, TimeLimitExceeded)):
            return None
        if isinstance(self.backoff, Backoff):
            return self.backoff.seconds(attempt)
        seconds = self.backoff(error if error is not None else Exception(), result)
        if seconds is None:
            return None
        if not isinstance(seconds, int | float) or not math.isfinite(seconds):
            raise PolicyError(f"The backoff of {result.task.module_path} must return seconds or None, not {seconds!r}.")
        return min(max(0.0, float(seconds)), LONGEST_BACKOFF)


#: By the dotted path of the task.
policies: dict[str, Policy] = {}

_DEFAULT = Policy()


def policy_of(task: Task | str) -> Policy:
    """The policy of a task or of its dotted path; the default one for a task that declares none, and for one that is gone."""
    name = task if isinstance(task, str) else task.module_path
    if name not in policies:
        # Declared where nobody looked yet: a process that has just begun knows a path from the database alone.
        with contextlib.suppress(Exception):
            import_string(name)
    return policies.get(name, _DEFAULT)


def is_known(task_path: str) -> bool:
    """Whether this version of the site has the task. Another process may run a newer one, or an older."""
    try:
        return isinstance(import_string(task_path), Task)
    # Whatever a module raises that cannot be imported.
    except Exception:
        return False


def checked_policy(
    name: str,
    *,
    max_attempts: int,
    backoff: Any,
    retry_on: Any,
    unique: Any,
    time_limit: Any,
    atomic: bool,
    at_most_once: bool,
    about: str,
) -> Policy:
    """A policy for the task `name`. Raises `PolicyError` that names the task, what is wrong and what to write instead."""

    def refuse(text: str) -> PolicyError:
        return PolicyError(f"The task {name} cannot be declared: {text}")

    if len(name) > LONGEST_PATH:
        raise refuse(f"its dotted path has {len(name)} characters, and {LONGEST_PATH} are stored. Give it a shorter name.")
    if isinstance(max_attempts, bool) or not isinstance(max_attempts, int) or not 1 <= max_attempts <= MOST_ATTEMPTS:
        raise refuse(f"max_attempts={max_attempts!r} must be a whole number from 1 to {MOST_ATTEMPTS}.")
    if isinstance(backoff, int | float | datetime.timedelta) and not isinstance(backoff, bool):
        first = _seconds(backoff)
        if not first or not 0 < first <= LONGEST_BACKOFF:
            raise refuse(f"backoff={backoff!r} must be more than nothing and at most {LONGEST_BACKOFF:.0f} seconds.")
        backoff = Backoff(first=first, longest=max(first, Backoff.longest))
    if not isinstance(backoff, Backoff) and not callable(backoff):
        raise refuse(f"backoff={backoff!r} must be seconds, a Backoff(…), or a function of the exception and the task result.")
    classes = tuple(retry_on) if isinstance(retry_on, Sequence) else (retry_on,)
    for one in classes:
        if not (isinstance(one, type) and issubclass(one, BaseException)):
            raise refuse(f"retry_on={one!r} must be an exception class, or several.")
    if not isinstance(unique, bool) and not callable(unique):
        raise refuse(f"unique={unique!r} must be True, or a function of the task's arguments that returns a text.")
    limit = None if time_limit is None else _seconds(time_limit)
    if time_limit is not None and (limit is None or not 0 < limit <= LONGEST_LIMIT):
        raise refuse(f"time_limit={time_limit!r} must be seconds or a timedelta, more than nothing and at most a year.")
    if at_most_once and max_attempts > 1:
        raise refuse("at_most_once and max_attempts > 1 contradict each other; leave one of them out.")
    if at_most_once and atomic:
        raise refuse("atomic means exactly once for the database; at_most_once is for work outside it. Leave one of them out.")
    if about and about.count(".") != 1:
        raise refuse(f"about={about!r} must be the label of a model, such as “accounts.message”.")
    return Policy(max_attempts, backoff, classes, unique, limit, atomic, at_most_once, about.lower())


def _seconds(value: Any) -> float | None:
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _moment(after: float | datetime.timedelta | datetime.datetime) -> datetime.datetime:
    if isinstance(after, datetime.datetime):
        if timezone.is_naive(after):
            raise ValueError("Retry(after=…) needs an aware datetime: use django.utils.timezone.")
        return after
    seconds = _seconds(after)
    if seconds is None:
        raise ValueError(f"Retry(after={after!r}) needs seconds, a timedelta, or an aware datetime.")
    return timezone.now() + datetime.timedelta(seconds=min(max(0.0, seconds), LONGEST_BACKOFF))
