"""Keeping members' work on GitHub up to date. The order of things stands in `run`, and each step in a module of its name."""

from .due import looked
from .pasted import paste_link
from .requested import request_sync
from .run import run_sync

__all__ = ["looked", "paste_link", "request_sync", "run_sync"]
