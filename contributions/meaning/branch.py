"""How the branch of a pull request stands: its checks, a conflict with its base, and whether it lags behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .entries import PUSHES, Entry
from .plain import part_of

CHECKS = {"SUCCESS": "success", "FAILURE": "failure", "ERROR": "failure", "PENDING": "pending", "EXPECTED": "pending"}
#: What GitHub says before a merge. What blocks one (a missing review, a conflict) hides whether the branch is up to date.
BEHIND = {"BEHIND": True, "CLEAN": False, "HAS_HOOKS": False, "UNSTABLE": False}


@dataclass(frozen=True)
class Previous:
    """What was stored before. GitHub works some things out late and says UNKNOWN meanwhile, and a conflict has no event:
    its beginning is when it was first seen."""

    conflicting: bool = False
    conflicting_since: datetime | None = None
    fetched_at: datetime | None = None
    behind: bool | None = None


def checks_of(item: Mapping) -> str:
    """State of the checks of the latest commit: `success`, `failure`, `pending`, or empty where there are none."""
    return CHECKS.get(str(part_of(item, "statusCheckRollup").get("state")), "")


def conflicting_since(item: Mapping, entries: Sequence[Entry], previous: Previous, now: datetime) -> datetime | None:
    """When the conflict of an open pull request with its base was first seen; None without one.

    While GitHub says UNKNOWN, what was known holds, unless something was pushed since.
    """
    word = item.get("mergeable")
    if item.get("prState") != "OPEN":
        return None
    if word == "CONFLICTING":
        return previous.conflicting_since or now
    if word == "UNKNOWN" and previous.conflicting and not _pushed_since(previous.fetched_at, entries):
        return previous.conflicting_since or now
    return None


def is_behind(item: Mapping, entries: Sequence[Entry], previous: Previous) -> bool | None:
    """Whether GitHub asks to bring the branch of an open pull request up to date with its base before it can be merged.

    It asks only where the project wants that. None: not known. While GitHub says UNKNOWN, what was known holds, unless
    something was pushed since.
    """
    word = item.get("mergeStateStatus")
    if item.get("prState") != "OPEN":
        return None
    if word == "UNKNOWN" and not _pushed_since(previous.fetched_at, entries):
        return previous.behind
    return BEHIND.get(str(word))


def _pushed_since(moment: datetime | None, entries: Sequence[Entry]) -> bool:
    pushed = max((entry.at for entry in entries if entry.what in PUSHES), default=None)
    return pushed is not None and moment is not None and pushed > moment
