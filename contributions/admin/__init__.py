"""The admin of tracked work and syncs: read-only, for organisers and the operator."""

from . import budgets, deliveries, fresh, runs, work

__all__ = ["budgets", "deliveries", "fresh", "runs", "work"]
