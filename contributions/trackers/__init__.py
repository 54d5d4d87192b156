"""Where projects keep their tickets when that is not GitHub: one file for each kind, behind one interface.

To add a kind: write a subclass of `interface.Tracker` in a file of its own, name it in `TRACKERS`, and offer it in
`cohorts.models.Tracker.Kind`. Pages, tasks and the sync know nothing of single kinds.
"""

from .gitlab import GitLab
from .interface import Place, Reference, Snapshot, Tracker, TrackerAt
from .trac import Trac

TRACKERS: dict[str, Tracker] = {tracker.kind: tracker for tracker in (Trac(), GitLab())}

__all__ = ["TRACKERS", "Place", "Reference", "Snapshot", "Tracker", "TrackerAt", "references_of"]


def references_of(at: TrackerAt | None, *, title: str, text: str) -> list[Reference]:
    """What of this tracker a title and a text name, each once, in order; nothing without a tracker."""
    tracker = TRACKERS.get(at.kind) if at else None
    if at is None or tracker is None:
        return []
    found = tracker.references(at.url.rstrip("/"), title, text)
    return list({reference.url: reference for reference in found}.values())
