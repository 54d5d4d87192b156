"""Where projects keep their tickets when that is not GitHub: one file for each kind, behind one interface.

To add a kind, write a subclass of `interface.Tracker` in a file of its own in this folder. It is found by itself: pages, tasks,
forms and the sync know nothing of single kinds.
"""

from importlib import import_module
from inspect import isabstract
from pkgutil import iter_modules

from .interface import Place, Reference, Snapshot, Tracker, TrackerAt


def _found() -> dict[str, Tracker]:
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    classes = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    trackers = [each() for each in classes if issubclass(each, Tracker) and not isabstract(each)]
    # In an order that does not change: Trac was the first.
    return {tracker.kind: tracker for tracker in sorted(trackers, key=lambda tracker: (tracker.kind != "trac", tracker.name))}


TRACKERS: dict[str, Tracker] = _found()

__all__ = ["TRACKERS", "Place", "Reference", "Snapshot", "Tracker", "TrackerAt", "references_of"]


def references_of(at: TrackerAt | None, *, title: str, text: str) -> list[Reference]:
    """What of this tracker a title and a text name, each once, in order; nothing without a tracker."""
    tracker = TRACKERS.get(at.kind) if at else None
    if at is None or tracker is None:
        return []
    found = tracker.references(at.url.rstrip("/"), title, text)
    return list({reference.url: reference for reference in found}.values())
