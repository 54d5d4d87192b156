"""How an item stands: open, draft, merged, closed, or landed by hand."""

import re
from collections.abc import Mapping, Sequence

from .entries import Entry

# "Merged in 0a1b…". Where the comment is given as rendered text, GitHub has shortened the hash to seven characters.
LANDED = re.compile(r"\b(?:merged|fixed)\s+in\s+[`\[(*_]*(?:[\w.-]+/[\w.-]+@)?(?=[0-9]*[a-f])[0-9a-f]{7,40}\b", re.IGNORECASE)


def state_of(item: Mapping, entries: Sequence[Entry]) -> str:
    """`open`, `draft`, `merged`, `closed` or `landed` for a fetched PullRequest or Issue."""
    state = item.get("prState") or item.get("issueState")
    if state == "MERGED":
        return "merged"
    if state == "CLOSED":
        return "landed" if item.get("__typename") == "PullRequest" and landed_by_hand(entries) else "closed"
    return "draft" if item.get("isDraft") else "open"


def landed_by_hand(entries: Sequence[Entry]) -> bool:
    """Whether a closed pull request was committed by a maintainer instead of merged with the button.

    So it was where a commit closed it, or where somebody who may write to the repository said where it was merged.
    What happened before it was opened again does not count.
    """
    for entry in reversed(entries):
        if entry.what == "reopened":
            return False
        if entry.what == "closed" and entry.commit:
            return True
        if entry.what == "commented" and entry.trusted and entry.human and LANDED.search(entry.text):
            return True
    return False
