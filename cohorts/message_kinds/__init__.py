"""The kinds of mail that this app sends, with their words by default and what these may be filled with.

`cohorts.message_templates.write` writes them; a session may have words of its own for each. A kind is added by writing it down in
one of the modules here, each of which has its `KINDS`.
"""

from accounts.messages import register_kind

from . import (
    announcements,
    applications,
    attention,
    checkins,
    decisions,
    digests,
    feedback,
    meeting_polls,
    meetings,
    organisers,
    reminders,
    volunteers,
)
from .kind import MessageKind, Placeholder

__all__ = ["KINDS", "MessageKind", "Placeholder", "kind_named", "register"]

#: By key, in the order in which people get them; what comes only where something is late or free again stands last.
KINDS: dict[str, MessageKind] = {
    kind.key: kind
    for kind in (
        *applications.BEFORE_DECISIONS,
        *decisions.KINDS,
        *applications.AFTER_DECISIONS,
        *reminders.KINDS,
        *checkins.KINDS,
        *feedback.KINDS,
        *announcements.KINDS,
        *digests.KINDS,
        *meeting_polls.KINDS,
        *meetings.KINDS,
        *attention.KINDS,
        *volunteers.KINDS,
        *organisers.KINDS,
    )
}


def kind_named(key: str) -> MessageKind:
    """The kind `key`. Raises `LookupError` where there is none."""
    return KINDS[key]


def register() -> None:
    """Name the kinds in the outbox, and say which of them people can refuse."""
    for kind in KINDS.values():
        if not kind.sent_as:
            register_kind(kind.key, label=kind.label, category=kind.category)
