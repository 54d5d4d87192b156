"""Background tasks that an operator can trust, over any backend of `django.tasks`. Knows no other app.

from background import Retry, enqueue, progress, task
"""

from .current import current_run, lost_before, progress
from .declare import task
from .policy import Backoff, PolicyError, Retry, TimeLimitExceeded
from .queueing import enqueue

__all__ = ["Backoff", "PolicyError", "Retry", "TimeLimitExceeded", "current_run", "enqueue", "lost_before", "progress", "task"]
