"""What kinds of mail there are: their names, who may refuse them, and what must still be true when they go out.

Each app registers its own kinds in its `AppConfig.ready`. A kind that nobody registered is mail that everybody gets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from .models import Message
from .unsubscribing import CATEGORIES

#: Mail that comes in any case. All other categories stand in `unsubscribing.CATEGORIES`.
TRANSACTIONAL = "transactional"
REMINDERS = "reminders"


@dataclass(frozen=True)
class Kind:
    """One kind of mail, as people read of it in the outbox."""

    name: str
    label: Any
    category: str = TRANSACTIONAL


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail. `alternative` is the type under which its text is a part of the mail as well: mail programs show an
    invitation by that (“text/calendar; method=REQUEST”); empty: a file and nothing else."""

    filename: str
    content: bytes
    content_type: str
    alternative: str = ""


_kinds: dict[str, Kind] = {}
_still_true: dict[str, Callable[[Message], bool]] = {}
_replies: dict[str, Callable[[Message], str]] = {}
_abouts: dict[str, Callable[[], QuerySet[Any]]] = {}
_attachments: dict[str, Callable[[Message], Attachment | None]] = {}


def register_kind(kind: str, *, label: Any, category: str = TRANSACTIONAL) -> None:
    """Name a kind of mail and say of which category it is. Raises `KeyError` for a category that does not exist."""
    if category != TRANSACTIONAL and category not in CATEGORIES:
        raise KeyError(category)
    _kinds[kind] = Kind(kind, label, category)


def kinds() -> list[Kind]:
    """All registered kinds, in the order in which they were registered."""
    return list(_kinds.values())


def kind_label(kind: str) -> Any:
    """The name of a kind, in words where somebody registered it."""
    return _kinds[kind].label if kind in _kinds else kind


def category_of(kind: str) -> str:
    """The name of a kind's category; mail of an unknown kind comes in any case."""
    return _kinds[kind].category if kind in _kinds else TRANSACTIONAL


def is_wanted(message: Message) -> bool:
    """Whether its recipient still takes mail of this category."""
    category = category_of(message.kind)
    return category == TRANSACTIONAL or message.recipient is None or getattr(message.recipient, CATEGORIES[category].field)


def register_still_true(kind: str, function: Callable[[Message], bool]) -> None:
    """Ask `function(message)` right before a message of `kind` is sent; where it answers False, the message is dropped."""
    _still_true[kind] = function


def is_still_true(message: Message) -> bool:
    """Whether `message` should go out now: what it is about is there, it still holds, and the person still wants such mail."""
    if message.about_id is not None and message.about is None:
        return False
    if not is_wanted(message):
        return False
    check = _still_true.get(message.kind)
    return check is None or check(message)


def register_replies(kind: str, function: Callable[[Message], str]) -> None:
    """Have answers to mails of `kind` go to the address `function(message)`; where it is empty, to that of the site."""
    _replies[kind] = function


def replies_to(message: Message) -> str:
    """The address to which an answer to `message` goes; empty where the site names none: then to the sender."""
    if message.reply_to:
        return message.reply_to
    function = _replies.get(message.kind)
    return (function(message) if function is not None else "") or settings.CONTACT_EMAIL or ""


def register_attachment(kind: str, function: Callable[[Message], Attachment | None]) -> None:
    """Have `function(message)` make what goes with a mail of `kind`, at the moment at which it goes out; None: nothing goes with it."""
    _attachments[kind] = function


def attachment_of(message: Message) -> Attachment | None:
    """What goes with `message`."""
    function = _attachments.get(message.kind)
    return function(message) if function is not None else None


def register_about(model: str, rows: Callable[[], QuerySet[Any]]) -> None:
    """Have what many messages are about read as `rows()` reads it, one way for each model (“app.model”): with what the functions
    above look at."""
    _abouts[model] = rows


def about_rows() -> list[QuerySet[Any]]:
    """The registered ways to read what messages are about."""
    return [rows() for rows in _abouts.values()]
