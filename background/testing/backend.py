"""A backend of `django.tasks` that keeps what is queued until a test looks at it, or runs it."""

from typing import Any

from django.tasks import Task, TaskResult
from django.tasks.backends.base import BaseTaskBackend
from django.tasks.exceptions import TaskResultDoesNotExist
from django.tasks.signals import task_enqueued

from .database import can_record
from .recording import recorded_where_possible
from .store import store


class TestBackend(BaseTaskBackend):
    """Behaves as one whose queue is a table of the site's database: what is rolled back was never queued."""

    #: Not a class of tests, whatever pytest thinks of its name.
    __test__ = False

    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True
    #: Read by `background.queueing`.
    shares_transaction = True

    @property
    def can_record(self) -> bool:
        """Read by `background.queueing`: False in a test without a database."""
        return can_record()

    def enqueue(self, task: Task, args: Any, kwargs: Any) -> TaskResult:
        """Keep it. Raises `TypeError`, which names the task, for arguments that are not JSON or do not fit the function."""
        self.validate_task(task)
        result = store.add(task, args, kwargs).as_result()
        with recorded_where_possible():
            task_enqueued.send(type(self), task_result=result)
        return result

    def get_result(self, result_id: str) -> TaskResult:
        run = store.find(result_id)
        if run is None:
            raise TaskResultDoesNotExist(result_id)
        return run.as_result()
