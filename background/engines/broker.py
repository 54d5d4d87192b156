"""A backend of `django.tasks` whose queue is a broker beside the database.

The run in the database is the truth, the message in the broker only says that it is due. A message that arrives twice starts
nothing twice, and a run whose message was lost is sent again, so it does not matter how carefully a broker keeps its messages.
What is for later waits in the database: brokers are bad at keeping time.
"""

import datetime
import logging
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.tasks import Task, TaskResult, TaskResultStatus
from django.tasks.backends.base import BaseTaskBackend
from django.tasks.base import TaskError
from django.tasks.exceptions import TaskResultDoesNotExist
from django.tasks.signals import task_enqueued
from django.utils import timezone

from background import queueing

from .message import Message, change, message_of, new_id, waiting_result
from .stop import Stop

logger = logging.getLogger(__name__)

#: The one queue in the broker. Queues of Django's are kept in the run: every worker takes from all of them.
QUEUE = "background"

#: Seconds that a web request may lose to a broker that does not answer.
CONNECT_TIMEOUT, SOCKET_TIMEOUT = 2.0, 5.0

#: A run that was sent and has not begun by then is looked for in the broker.
MISSING_AFTER = datetime.timedelta(seconds=30)


def _nobody_consumes(message: Message) -> None:
    raise RuntimeError("Tasks of this site are run by `manage.py worker`.")


class BrokerBackend(BaseTaskBackend):
    """What huey and Celery share. `OPTIONS["url"]` is the broker's address."""

    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True
    #: Read by `background.queueing` and `background.actions`.
    shares_transaction = False
    keeps_time = False
    sends_again = True
    #: What the engine raises while its broker is away.
    unavailable: tuple[type[Exception], ...] = (OSError,)
    #: What `consume` was given, known to the engine's own task: one a process, though Django makes a backend for each thread.
    handle: Callable[[Message], None] = staticmethod(_nobody_consumes)

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        super().__init__(alias, params)
        if "url" not in self.options:
            raise ImproperlyConfigured(f"TASKS[{alias!r}] needs the url of its broker in OPTIONS, such as redis://host:6379/0.")
        self.url: str = self.options["url"]

    @abstractmethod
    def push(self, message: Message) -> None:
        """Put a message into the queue. Raises one of `unavailable`."""

    @abstractmethod
    def size(self) -> int:
        """How many messages the broker holds."""

    @abstractmethod
    def ids(self) -> set[str]:
        """The ids of these messages. Reads all of them."""

    @abstractmethod
    def consume(self, handle: Callable[[Message], None], stop: Stop) -> None:
        """Call `handle`, which never raises, with one message after the other in this thread, until `stop` is set."""

    def enqueue(self, task: Task, args: Any, kwargs: Any) -> TaskResult:
        """Write the run down and send it; later, where it is for later, or the broker is away.

        Called for a run that waits to be sent, it raises one of `unavailable` in that case.
        """
        from background.models import TaskRun
        from background.runs import create, details_for

        self.validate_task(task)
        run_id = queueing.run_in_hand()
        if run_id is None:
            for_later = task.run_after is not None and task.run_after > timezone.now()
            run = create(task, args, kwargs, details_for(task, args), result_id=new_id(), sent=not for_later)
            if for_later:
                return self._announce(self._result(run, task))
            return self.send_run(run, task)
        run = TaskRun.objects.get(pk=run_id)
        if not run.result_id:
            # Before it is sent: a quick worker looks the run up by it.
            run.result_id = new_id()
            TaskRun.objects.filter(pk=run.pk).update(result_id=run.result_id)
        result = self._result(run, task)
        self.push(message_of(result))
        return self._announce(result)

    def send_run(self, run: Any, task: Task) -> TaskResult:
        """Send a run that was written down as sent, so that nothing has to be written where all goes well. Never raises.

        Should this process die before: its message is missing, and found to be so.
        """
        from background.models import TaskRun

        result = self._result(run, task)
        try:
            self.push(message_of(result))
        except self.unavailable as error:
            logger.error("Task %s could not be sent: %s. It is tried again.", task.module_path, type(error).__name__)
            TaskRun.objects.waiting().filter(pk=run.pk).update(sent_at=None)
            run.sent_at = None
        return self._announce(result)

    def _result(self, run: Any, task: Task) -> TaskResult:
        args, kwargs = run.arguments["args"], run.arguments["kwargs"]
        return waiting_result(task, args, kwargs, result_id=run.result_id, enqueued_at=run.queued_at)

    def _announce(self, result: TaskResult) -> TaskResult:
        with queueing.recorded_here(queueing.run_in_hand()):
            task_enqueued.send_robust(type(self), task_result=result)
        return result

    def get_result(self, result_id: str) -> TaskResult:
        """As the last run with this id tells it. What a task returned is not kept. Raises `TaskResultDoesNotExist`."""
        from background.models import TaskRun

        run = TaskRun.objects.filter(result_id=result_id, backend=self.alias).order_by("-pk").first()
        if run is None:
            raise TaskResultDoesNotExist(result_id)
        try:
            task = queueing.task_of(run).using(priority=run.priority)
        except queueing.NO_SUCH_TASK as error:
            raise TaskResultDoesNotExist(result_id) from error
        arguments = run.arguments
        result = waiting_result(
            task, tuple(arguments["args"]), arguments["kwargs"], result_id=result_id, enqueued_at=run.queued_at
        )
        state = TaskRun.State(run.state)
        status = {
            TaskRun.State.WAITING: TaskResultStatus.READY,
            TaskRun.State.RUNNING: TaskResultStatus.RUNNING,
            TaskRun.State.SUCCEEDED: TaskResultStatus.SUCCESSFUL,
        }.get(state, TaskResultStatus.FAILED)
        change(
            result,
            status=status,
            started_at=run.started_at,
            last_attempted_at=run.started_at,
            finished_at=run.finished_at,
            worker_ids=[run.worker_id] * run.attempt if run.worker_id else [],
            errors=[TaskError(exception_class_path=run.error, traceback=run.traceback)] if run.error else [],
        )
        return result

    def resend_missing(self, now: datetime.datetime | None = None) -> int:
        """Have those sent again whose message the broker has lost: its disk, or its worker in the wrong moment. Returns how many."""
        from background.models import TaskRun

        now = now or timezone.now()
        sent = TaskRun.objects.waiting().filter(backend=self.alias, sent_at__isnull=False).exclude(result_id="")
        if not sent.filter(sent_at__lt=now - MISSING_AFTER).exists() or self.size() >= sent.count():
            return 0
        known = self.ids()
        late = sent.filter(sent_at__lt=now - MISSING_AFTER).values_list("pk", "result_id")
        missing = [pk for pk, result_id in late.iterator() if result_id not in known]
        changed = sent.filter(pk__in=missing).update(sent_at=None)
        if changed:
            logger.warning("The broker has lost %s messages; their tasks are sent again.", changed)
        return changed
