"""What visitors typed before they logged in, kept on the server in their browser session until it can be saved as a draft."""

from collections.abc import MutableMapping

from .entries import Entry, EntryTooLarge
from .models import Session

KEY = "typed_applications"

#: In characters. Anybody can send this without an account, so it is less than a draft may hold.
LARGEST_KEPT = 120_000
#: Of so many sessions of the program at once; the oldest goes first.
MOST_KEPT = 3


def keep_entry(store: MutableMapping, session: Session, entry: Entry) -> None:
    """Keep `entry` in `store`, the browser session (`request.session`). Raises `EntryTooLarge`."""
    draft = entry.as_draft() | {"accommodations": entry.accommodations}
    if entry.length > LARGEST_KEPT:
        raise EntryTooLarge
    kept = {slug: one for slug, one in store.get(KEY, {}).items() if slug != session.slug}
    kept[session.slug] = draft
    store[KEY] = dict(list(kept.items())[-MOST_KEPT:])


def kept_entry(store: MutableMapping, session: Session) -> Entry | None:
    """What is kept for `session`, or None."""
    draft = store.get(KEY, {}).get(session.slug)
    return Entry.from_draft(draft, accommodations=str(draft.get("accommodations", ""))) if draft else None


def forget_entry(store: MutableMapping, session: Session) -> None:
    kept = dict(store.get(KEY, {}))
    if kept.pop(session.slug, None) is not None:
        store[KEY] = kept
