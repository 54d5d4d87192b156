"""Whether the site is well: named checks that each app registers, read by `/healthz` and by `manage.py health`."""

import logging
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponseNotAllowed, JsonResponse
from django.views.decorators.cache import never_cache

from .overview import overview
from .trouble import DATABASE_ERRORS, in_words

logger = logging.getLogger(__name__)

#: From the best to the worst; the whole is as well as its worst part.
STATUSES = ("ok", "degraded", "down")

#: Returns a status and a value that is ready for JSON. Sentences under `problems` in a value are shown to the operator on the first
#: page of the admin as well. May use the database: checks run only while it answers.
Check = Callable[[], tuple[str, Any]]
_checks: dict[str, Check] = {}


def register_check(name: str, function: Check) -> None:
    """Add a check to the report under `name`, or replace it."""
    _checks[name] = function


def report() -> dict[str, Any]:
    """The state of the site: `status`, `database`, and a value for each registered check. Never raises.

    Without a database the status is `down` and nothing else is asked, so the values of the other checks are None. A
    check that raises makes the whole `degraded` and is None too; the log says why.
    """
    found: dict[str, Any] = {"status": "ok", "database": "ok"}
    if not _database_answers():
        return found | {"status": "down", "database": "down"} | dict.fromkeys(_checks)
    for name, function in _checks.items():
        status, value = _run(name, function)
        found[name] = value
        found["status"] = max(found["status"], status, key=STATUSES.index)
    return found


def problems_of_others() -> list[str]:
    """What the registered checks but the worker's say an operator should look at: the `problems` of their values, in their order."""
    found: list[str] = []
    for name, function in _checks.items():
        if name == "worker":
            continue
        _status, value = _run(name, function)
        if isinstance(value, dict) and isinstance(value.get("problems"), list):
            found += value["problems"]
    return found


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    # Whatever goes wrong here (a driver's own error, a file that is no database) means the same.
    except Exception as error:
        words = in_words(error) if isinstance(error, DATABASE_ERRORS) else "it does not answer"
        logger.warning("The database is not available: %s (%s).", words, type(error).__name__)
        _forget_broken_connection()
        return False
    return True


def _forget_broken_connection() -> None:
    """So that the next look begins with a new connection. One inside a transaction belongs to somebody else."""
    if connection.in_atomic_block:
        return
    try:
        connection.close()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("The broken connection could not be closed: %s", type(error).__name__)


def _run(name: str, function: Check) -> tuple[str, Any]:
    try:
        status, value = function()
    except DATABASE_ERRORS as error:
        # For example before the migrations: a sentence that helps, in place of a traceback.
        logger.error("The health check “%s” failed: the database is not available: %s.", name, in_words(error))
        return "degraded", None
    # A check of any app must not take the report down with it.
    except Exception:
        logger.exception("The health check “%s” failed.", name)
        return "degraded", None
    return (status, value) if status in STATUSES else ("degraded", value)


def check_worker() -> tuple[str, dict[str, Any]]:
    """The background work, whatever engine runs it. `problems` says in words what is not as it should be.

    Durations in seconds; `oldest_waiting_seconds` is None where nothing waits.
    """
    found = overview()
    oldest, problems = found.oldest_waiting, found.problems
    return (
        "degraded" if problems else "ok",
        {
            "alive": found.alive,
            "waiting": found.waiting,
            "oldest_waiting_seconds": None if oldest is None else round(oldest.total_seconds()),
            "running": found.running,
            "failed_today": found.failed_today,
            "unsent": found.unsent,
            "problems": problems,
        },
    )


@never_cache
def healthz(request: HttpRequest) -> JsonResponse | HttpResponseNotAllowed:
    """The report as JSON: 200, or 503 without a database. For load balancers and monitors; needs no log-in."""
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    found = report()
    return JsonResponse(found, status=503 if found["status"] == "down" else 200)
