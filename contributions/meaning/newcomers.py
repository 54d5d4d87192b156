"""Whether a pull request is its author's first in a repository."""

from collections.abc import Mapping

NEW = {"FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR"}
KNOWN = {"COLLABORATOR", "CONTRIBUTOR", "MEMBER", "OWNER"}


def first_of_author(item: Mapping, *, state: str) -> bool | None:
    """True for a pull request of somebody of whom nothing was merged in the repository before; None: not known.

    GitHub says how it is now and not how it was: after a merge every earlier pull request is a contributor's. So a "no"
    counts only while it is open, and what was once stored is kept (`contributions.sync.store`). Of several that somebody
    opened before the first was merged, each is told to be one.
    """
    if item.get("__typename") != "PullRequest":
        return None
    word = str(item.get("authorAssociation"))
    if word in NEW:
        return True
    return False if word in KNOWN and state in ("open", "draft") else None
