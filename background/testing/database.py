"""Whether the test that runs has a database, and what is different in the transaction that a test case wraps around it."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, router, transaction
from django.test import testcases

logger = logging.getLogger(__name__)


class TransactionBroken(AssertionError):
    """A task went on after an error of the database, which the test's own transaction does not survive."""


_BROKEN = (
    "The task went on after an error of the database. A worker would not mind, but the test runs in a transaction, which is "
    "broken by it. Put `with transaction.atomic():` around what may fail, or run the test without a transaction: "
    "`@pytest.mark.django_db(transaction=True)`, or a TransactionTestCase."
)


def has_database(alias: str = DEFAULT_DB_ALIAS) -> bool:
    """False in a test without the mark `django_db`, in a `SimpleTestCase`, and where the settings name no database."""
    if connections[alias].vendor == "unknown":
        return False
    try:
        # Opens the connection where it is not; sends nothing.
        with connections[alias].cursor():
            return True
    except testcases.DatabaseOperationForbidden:  # type: ignore[attr-defined]
        return False
    except RuntimeError as error:
        # That of pytest-django has no name of its own.
        if "Database access not allowed" not in str(error):
            raise
        return False


def can_record() -> bool:
    """Whether `TaskRun`s can be written: the app is installed, and there is a database."""
    if not apps.is_installed("background"):
        return False
    from background.models import TaskRun

    return has_database(router.db_for_write(TaskRun))


def _is_in_test_case(connection: Any) -> bool:
    """Whether the only transactions around are those that a test case wraps around each test."""
    return connection.in_atomic_block and all(block._from_testcase for block in connection.atomic_blocks)


@contextlib.contextmanager
def as_in_autocommit(alias: str = DEFAULT_DB_ALIAS) -> Iterator[Callable[[], None]]:
    """The block is a worker's, outside of any transaction, though the test may have one around it. Yields what runs the
    functions that wait for a commit.

    What the block writes stays, also where it raises, as without a transaction; where its error was one of the database's
    it is undone, since nothing could be asked of the database after it.
    """
    connection = connections[alias]
    if not has_database(alias) or not connection.in_atomic_block:
        yield lambda: None
        return
    waiting = len(connection.run_on_commit)
    in_test_case = _is_in_test_case(connection)
    raised: BaseException | None = None
    broke: BaseException | None = None
    block = transaction.atomic(using=alias)
    # Django and others do not count such a block as a transaction.
    block._from_testcase = in_test_case  # type: ignore[attr-defined]
    try:
        with block:
            try:
                yield (lambda: _run_commit_hooks(connection, waiting)) if in_test_case else (lambda: None)
            except BaseException as error:
                if connection.needs_rollback or isinstance(error, DatabaseError):
                    broke = error
                    raise
                raised = error
            else:
                if connection.needs_rollback:
                    raise TransactionBroken(_BROKEN)
    except DatabaseError as error:
        if error is broke:
            raise
        # The transaction was broken by an error that the task caught; the end of the block brings it to light.
        raise (raised or TransactionBroken(_BROKEN)) from None
    if raised is not None:
        raise raised


def _run_commit_hooks(connection: Any, since: int) -> None:
    """Call what was given to `transaction.on_commit` since: for the task, its transaction has been committed."""
    while len(connection.run_on_commit) > since and not connection.needs_rollback:
        _savepoints, function, robust = connection.run_on_commit.pop(since)
        try:
            function()
        except Exception:
            if not robust:
                raise
            logger.exception("A function that waited for the commit raised.")
