"""Which actions the audit log knows: each app registers its own."""

import datetime
from dataclasses import dataclass
from typing import Any

from accounts import people_registry

#: How long a line is kept.
KEPT = datetime.timedelta(days=2 * 365)
#: Log-ins are many, and hold the address on the network.
LOG_INS_KEPT = datetime.timedelta(days=90)


@dataclass(frozen=True)
class Action:
    """One kind of line. `label` is a lazy text in the past tense, such as “Published decisions”."""

    key: str
    label: Any
    #: Whether the line is about the log-in of its subject: kept shorter, with the network address, and read by that person.
    is_log_in: bool = False

    @property
    def kept(self) -> datetime.timedelta:
        return LOG_INS_KEPT if self.is_log_in else KEPT


_actions: dict[str, Action] = {}


def register_action(key: str, label: Any, *, is_log_in: bool = False) -> None:
    """Let `record` write lines of `key`, such as `session.archived`: what it is about, a dot, what was done.

    Raises `ValueError` where another action has the key, or it does not fit in its column.
    """
    if "." not in key or len(key) > 60:
        raise ValueError(f"“{key}” is no name for an action: write area.done, in up to 60 characters.")
    action = Action(key, label, is_log_in)
    known = _actions.get(key)
    if known is not None and (str(known.label), known.is_log_in) != (str(label), is_log_in):
        raise ValueError(f"Another action is called “{key}” already.")
    _actions[key] = action
    if is_log_in:
        people_registry.own_audit_actions.add(key)


def action_named(key: str) -> Action:
    """The action of that name. Raises `LookupError` for one that nobody registered."""
    try:
        return _actions[key]
    except KeyError:
        raise LookupError(f"No app registered the action “{key}” with accounts.audit.register_action.") from None


def actions() -> dict[str, Action]:
    """All of them by name, sorted by name."""
    return dict(sorted(_actions.items()))
