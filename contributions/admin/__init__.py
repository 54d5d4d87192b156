"""The admin of tracked work and syncs: read-only, for organisers and the operator."""

from . import syncs, work

__all__ = ["syncs", "work"]
