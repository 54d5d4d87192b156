"""`@task`: Django's own decorator, with a policy beside the task."""

import datetime
import functools
import inspect
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.tasks import Task
from django.tasks import task as django_task
from django.tasks.exceptions import InvalidTask, InvalidTaskBackend

from . import schedules
from .current import Work, current_work
from .limits import limited, limited_async
from .naming import named_errors
from .policy import Backoff, BackoffFunction, Policy, PolicyError, checked_policy, policies


def task(
    function: Callable | None = None,
    *,
    max_attempts: int = 1,
    backoff: Backoff | BackoffFunction | float | datetime.timedelta | None = None,
    retry_on: type[BaseException] | tuple[type[BaseException], ...] = (Exception,),
    every: datetime.timedelta | str | None = None,
    jitter: datetime.timedelta | None = None,
    unique: bool | Callable[..., str] = False,
    time_limit: float | datetime.timedelta | None = None,
    atomic: bool = False,
    at_most_once: bool = False,
    about: str = "",
    **options: Any,
) -> Any:
    """Declare a task of Django's with a policy. Use it as `@task` or as `@task(max_attempts=5, …)`.

    - `max_attempts`: how often it is tried where it raises one of `retry_on`, with `backoff` between: seconds for the first
      wait (they double, up to ten minutes), a `Backoff`, or a function of the exception and the task result that returns
      seconds, or None for “do not try again”.
    - `every`: runs again and again, each `timedelta` or by a line of cron (“*/15 * * * *”, in the site's time zone), give or
      take `jitter`. Such a task takes no arguments.
    - `unique`: while one waits or runs, `enqueue` queues no second one with the same arguments (True), or with the same
      key, which a function of the arguments returns.
    - `time_limit`: seconds or a `timedelta`, after which it is interrupted and has failed.
    - `atomic`: one transaction holds what it does, its outcome and its record, so the database has its effects exactly
      once. For short work without any network: on SQLite nobody else writes meanwhile.
    - `at_most_once`: where its worker is lost it fails, in place of running again.
    - `about`: the label of the model whose primary key the first argument is, to show what it is about.

    All else goes to `django.tasks.task`: `priority`, `queue_name`, `backend`, `takes_context`. What comes back is a plain
    `Task`, which any backend runs. Raises `PolicyError` for what cannot be, and names the task.
    """

    def declare(function: Callable) -> Task:
        if isinstance(function, Task):
            raise PolicyError(f"The task {function.module_path} is declared twice: use one decorator, `@task` from `background`.")
        if not inspect.isfunction(function):
            raise PolicyError(f"@task stands above a function of a module, not above {function!r}.")
        name = f"{function.__module__}.{function.__qualname__}"
        if "run_after" in options:
            raise PolicyError(f"The task {name} cannot be declared with run_after: use {function.__name__}.using(run_after=…).")
        policy = checked_policy(
            name,
            max_attempts=max_attempts,
            backoff=Backoff() if backoff is None else backoff,
            retry_on=retry_on,
            unique=unique,
            time_limit=time_limit,
            atomic=atomic,
            at_most_once=at_most_once,
            about=about,
        )
        if atomic and inspect.iscoroutinefunction(function):
            raise PolicyError(f"The task {name} cannot be atomic: transactions do not reach across `await`. Write it with `def`.")
        if every is not None:
            _check_no_arguments(name, function, options.get("takes_context", False))
            timing = schedules.timing_of(name, every, jitter)
        elif jitter is not None:
            raise PolicyError(f"The task {name} has jitter and no schedule: say `every` as well.")
        try:
            declared = named_errors(django_task(**options)(_with_policy(function, name, policy)))
        # A function inside another, a priority out of range, a backend that is not set up, an option that nobody knows.
        except (InvalidTask, InvalidTaskBackend, TypeError) as error:
            raise PolicyError(f"The task {name} cannot be declared: {error}") from error
        policies[name] = policy
        if every is not None:
            schedules.declare(declared, timing)
        return declared

    return declare if function is None else declare(function)


def _check_no_arguments(name: str, function: Callable, takes_context: bool) -> None:
    parameters = list(inspect.signature(function).parameters.values())[1 if takes_context else 0 :]
    needed = [
        one.name for one in parameters if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    if needed:
        raise PolicyError(
            f"The task {name} cannot run by a schedule, which gives it no arguments, and it needs {', '.join(needed)}. "
            "Schedule a task that queues it for each."
        )


def _with_policy(function: Callable, name: str, policy: Policy) -> Callable:
    """The function that the engine calls: keeps the time limit, the transaction, and what the function raised.

    Called by anything but an engine it is the plain function.
    """
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run_async(*args, **kwargs):
            work = _enter(name)
            if work is None:
                return await function(*args, **kwargs)
            if work.already_done:
                return None
            try:
                async with limited_async(work, policy.time_limit):
                    return await function(*args, **kwargs)
            except BaseException as error:
                work.error = error
                raise

        return run_async

    @functools.wraps(function)
    def run(*args, **kwargs):
        work = _enter(name)
        if work is None:
            return function(*args, **kwargs)
        if work.already_done:
            return None
        try:
            with limited(work, policy.time_limit):
                if policy.atomic and not work.owned:
                    return _once(work, function, args, kwargs)
                return function(*args, **kwargs)
        except BaseException as error:
            work.error = error
            raise

    return run


def _enter(name: str) -> Work | None:
    """The work of the engine's call; None for a call from anywhere else, for example from within another task."""
    work = current_work()
    if work is None or work.entered or work.task_path != name:
        return None
    work.entered = True
    return work


def _once(work: Work, function: Callable, args: tuple, kwargs: dict) -> Any:
    """For engines with a store of their own: what the function does, and that it did it, in one transaction."""
    from .runs import mark_done

    with transaction.atomic():
        if not mark_done(work.result_id):
            work.already_done = True
            return None
        return function(*args, **kwargs)
