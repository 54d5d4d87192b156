"""A guard for tests: nothing is asked of GitHub while a database transaction is open."""

from django.db import connections


def forbid_transactions() -> None:
    """Raise `RuntimeError` inside a transaction. The one that a test case wraps around each test does not count."""
    for connection in connections.all(initialized_only=True):
        if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
            raise RuntimeError("GitHub was asked while a database transaction was open.")
