"""Figures for Prometheus and its kin, at `/metrics` for whoever has `METRICS_TOKEN`.

What is in the database is asked when somebody asks. What only processes know (requests) each counts for itself, and all are added up:
`counting`. Apps add figures of theirs with `register_figures`.
"""

from .figures import Figure, one, register_figures

__all__ = ["Figure", "one", "register_figures"]
