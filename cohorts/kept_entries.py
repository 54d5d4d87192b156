"""What was typed while nobody was logged in, kept on the server in the browser session until it can be saved as a draft.

Where somebody was logged out while typing, the text waits for that person and shows to nobody else who uses the same browser.
Of what was typed by nobody in particular the site cannot know that, so it waits for a day only, as long as the browser keeps such
text: the next person at a shared computer should not find it in the form.
"""

import time
from collections.abc import MutableMapping
from dataclasses import dataclass

from .entries import Entry, EntryTooLarge
from .models import Session

KEY = "typed_applications"

#: In characters. Anybody can send this without an account, so it is less than a draft may hold.
LARGEST_KEPT = 120_000
#: In seconds, what nobody in particular typed.
LONGEST_WAIT = 24 * 60 * 60
#: Of so many sessions of the program at once; the oldest goes first.
MOST_KEPT = 3


@dataclass(frozen=True)
class KeptEntry:
    """What was typed, and the version of the application that the form was made from (0 for none)."""

    entry: Entry
    version: int = 0


def keep_entry(store: MutableMapping, session: Session, entry: Entry, *, person: int | None = None, version: int = 0) -> None:
    """Keep `entry` in `store`, the browser session (`request.session`); with `person` for the one with that id alone.

    Raises `EntryTooLarge`.
    """
    draft = entry.as_draft() | {"accommodations": entry.accommodations, "person": person, "version": version, "at": time.time()}
    if entry.length > LARGEST_KEPT:
        raise EntryTooLarge
    kept = {slug: one for slug, one in store.get(KEY, {}).items() if slug != session.slug}
    kept[session.slug] = draft
    store[KEY] = dict(list(kept.items())[-MOST_KEPT:])


def kept_entry(store: MutableMapping, session: Session, user) -> KeptEntry | None:
    """What is kept for `session`, or None. What waits for a person shows to that person alone."""
    draft = store.get(KEY, {}).get(session.slug)
    if not draft or not _is_for(draft, user):
        return None
    if draft.get("person") is None and time.time() - draft.get("at", time.time()) > LONGEST_WAIT:
        forget_entry(store, session, user)
        return None
    entry = Entry.from_draft(draft, accommodations=str(draft.get("accommodations", "")))
    return KeptEntry(entry, draft.get("version") or 0)


def forget_entry(store: MutableMapping, session: Session, user) -> None:
    """Drop what is kept for `session`, unless it waits for somebody else."""
    kept = dict(store.get(KEY, {}))
    if session.slug in kept and _is_for(kept[session.slug], user):
        del kept[session.slug]
        store[KEY] = kept


def _is_for(draft: dict, user) -> bool:
    return draft.get("person") in (None, user.pk)
