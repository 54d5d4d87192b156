"""Where in which transaction something was queued, and whether that was rolled back since.

Django tells nobody of a rollback. A function given to `transaction.on_commit` would vanish with it, but tests count and call
those functions themselves; so the connection's own methods are listened to.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

_ATTRIBUTE = "_background_testing_places"


@dataclass
class Place:
    """`connection` is None where there was no transaction."""

    connection: Any = None
    savepoints: frozenset[str] = field(default_factory=frozenset)
    is_open: bool = False
    undone: bool = False

    def is_visible(self, alias: str) -> bool:
        """Whether this thread sees it: it is committed, or this thread's own."""
        return not self.undone and (not self.is_open or self.connection is connections[alias])


def here(alias: str) -> Place:
    """The place of what happens now. Asks nothing of the database."""
    connection = connections[alias]
    if not connection.in_atomic_block:
        return Place()
    place = Place(connection, frozenset(sid for sid in connection.savepoint_ids if sid is not None), is_open=True)
    _places(connection).append(place)
    return place


def _places(connection: Any) -> list[Place]:
    if not hasattr(connection, _ATTRIBUTE):
        setattr(connection, _ATTRIBUTE, [])
        _listen(connection, "commit", lambda: _settle(connection, undone=False))
        _listen(connection, "rollback", lambda: _settle(connection, undone=True))
        # With a transaction open, which the server rolls back then.
        _listen(connection, "close", lambda: _settle(connection, undone=True))
        _listen(connection, "savepoint_rollback", lambda sid: _undo_since(connection, sid))
    return getattr(connection, _ATTRIBUTE)


def _listen(connection: Any, name: str, react: Callable) -> None:
    original = getattr(connection, name)

    def listening(*args: Any) -> Any:
        value = original(*args)
        react(*args)
        return value

    setattr(connection, name, listening)


def _settle(connection: Any, *, undone: bool) -> None:
    places = getattr(connection, _ATTRIBUTE)
    for place in places:
        place.is_open, place.undone = False, undone
        place.connection = None
    places.clear()


def _undo_since(connection: Any, sid: str) -> None:
    places = getattr(connection, _ATTRIBUTE)
    for place in list(places):
        if sid in place.savepoints:
            place.is_open, place.undone = False, True
            places.remove(place)
