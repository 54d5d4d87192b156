"""What a task leaves of a transaction: nothing that its worker writes after it would ever be committed."""

import contextlib
from collections.abc import Iterator

from django.db import connections

from .trouble import DATABASE_ERRORS


class TransactionLeftOpen(Exception):
    """The task began a transaction, or switched autocommit off, and did not end that. What it did in there is undone."""


@contextlib.contextmanager
def no_transaction_left() -> Iterator[None]:
    """Leave each connection in the block as it was found. Raises `TransactionLeftOpen` where that took anything, and nothing else did.

    Happens by hand (`set_autocommit`, `atomic().__enter__()`), and where a time limit interrupts the very begin of a transaction.
    """
    before = {connection.alias: _standing(connection) for connection in connections.all(initialized_only=True)}
    try:
        yield
    except BaseException:
        _restore(before)
        raise
    if aliases := _restore(before):
        raise TransactionLeftOpen(
            f"The task left a transaction open on the database “{', '.join(aliases)}”, so what it did there is undone. "
            "Write “with transaction.atomic():”, and end what set_autocommit(False) began."
        )


def _restore(before: dict[str, tuple]) -> list[str]:
    """The aliases of those that were not as before."""
    changed = []
    for connection in connections.all(initialized_only=True):
        blocks, savepoints, autocommit = before.get(connection.alias, (0, 0, connection.settings_dict["AUTOCOMMIT"]))
        if _standing(connection) == (blocks, savepoints, autocommit):
            continue
        changed.append(connection.alias)
        if blocks:
            # Inside of a transaction of the worker, which undoes all of it.
            del connection.atomic_blocks[blocks:], connection.savepoint_ids[savepoints:]
            continue
        connection.in_atomic_block = connection.closed_in_transaction = False
        # The next connection begins with what the settings say.
        with contextlib.suppress(*DATABASE_ERRORS):
            connection.close()
    return changed


def _standing(connection) -> tuple[int, int, bool]:
    """How deep it is in transactions and savepoints, and whether each statement is committed by itself."""
    if not connection.in_atomic_block:
        return 0, 0, connection.autocommit if connection.connection is not None else connection.settings_dict["AUTOCOMMIT"]
    return len(connection.atomic_blocks), len(connection.savepoint_ids), False
