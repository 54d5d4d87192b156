"""What is kept where between a broker and the database, without any worker: each step looked at by itself."""

import base64
import contextlib
import datetime
import json

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections, transaction
from django.tasks.exceptions import TaskResultDoesNotExist
from django.tasks.signals import task_finished
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from background import actions, enqueue
from background.beat import Heart
from background.engines import handling, moving, stop
from background.engines.broker import BrokerBackend
from background.engines.handling import Handler
from background.engines.losses import put_back
from background.engines.message import message_of, seal, waiting_result
from background.models import Schedule, TaskRun
from background.queueing import resend_unsent
from tests.background.conftest import ALIAS

from . import sample_tasks as tasks

pytestmark = pytest.mark.real_process

LATER = datetime.timedelta(minutes=2)


@pytest.fixture
def handler(broker_world):
    """As a worker's process has it, in this one."""
    return Handler("a-worker", stop.Stop("a-worker"), Heart("a-worker"))


def message_for(run: TaskRun, task=tasks.write_line):
    run.refresh_from_db()
    args, kwargs = run.arguments["args"], run.arguments["kwargs"]
    return message_of(waiting_result(task, args, kwargs, result_id=run.result_id, enqueued_at=run.queued_at))


def test_what_is_sent_has_the_id_of_its_run(broker_world):
    backend = broker_world.backend()
    with transaction.atomic():
        run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
        assert backend.size() == 0, "nothing is sent before the commit"
    run.refresh_from_db()
    assert backend.size() == 1
    assert backend.ids() == {run.result_id}
    assert run.sent_at is not None


def test_what_is_for_later_waits_in_the_database(broker_world):
    backend = broker_world.backend()
    soon = timezone.now() + LATER
    run = enqueue(tasks.write_line.using(run_after=soon), broker_world.path("line"), "hello")
    plain = tasks.write_line.using(run_after=soon).enqueue(broker_world.path("line"), "hello")

    assert resend_unsent() == 0
    assert (backend.size(), TaskRun.objects.waiting().count()) == (0, 2)
    assert resend_unsent(now=soon + LATER) == 0, "the clock of the machine decides"

    TaskRun.objects.update(run_after=timezone.now() - datetime.timedelta(seconds=1))
    assert resend_unsent() == 2
    run.refresh_from_db()
    assert backend.ids() == {run.result_id, plain.id}


def test_what_the_broker_has_lost_is_sent_again(broker_world):
    backend = broker_world.backend()
    run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
    kept = enqueue(tasks.write_line, broker_world.path("line"), "kept")
    assert backend.resend_missing(timezone.now() + LATER) == 0

    broker_world.redis.client().flushall()
    TaskRun.objects.filter(pk=kept.pk).update(sent_at=None)
    resend_unsent(timezone.now() + LATER)

    assert backend.resend_missing() == 0, "it may just be on its way"
    assert backend.resend_missing(timezone.now() + LATER) == 1
    assert resend_unsent(timezone.now() + LATER) == 1
    run.refresh_from_db()
    kept.refresh_from_db()
    assert backend.ids() == {run.result_id, kept.result_id}


def test_a_message_that_comes_twice_starts_nothing_twice(broker_world, handler):
    run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
    message = message_for(run)
    handler(message)
    handler(message)
    run.refresh_from_db()
    assert run.state == "succeeded"
    assert broker_world.lines("line") == ["hello"]
    assert TaskRun.objects.count() == 1


def test_a_message_that_was_kept_until_its_record_was_forgotten_starts_nothing(broker_world, handler):
    run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
    TaskRun.objects.filter(pk=run.pk).update(queued_at=timezone.now() - datetime.timedelta(days=2))
    message = message_for(run)
    handler(message)
    assert broker_world.lines("line") == ["hello"], "one that waited for long runs"
    TaskRun.objects.all().delete()
    handler(message)
    assert broker_world.lines("line") == ["hello"]
    assert not TaskRun.objects.exists()


def test_a_message_of_a_run_that_runs_elsewhere_is_left_alone(broker_world, handler):
    run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
    message = message_for(run)
    TaskRun.objects.filter(pk=run.pk).update(state="running", worker_id="another", started_at=timezone.now())
    handler(message)
    assert broker_world.lines("line") == []


def test_what_was_discarded_does_not_run(broker_world, handler):
    run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
    message = message_for(run)
    actions.discard(run)
    handler(message)
    assert broker_world.lines("line") == []


def test_what_waits_for_later_can_be_run_now(broker_world):
    later = tasks.write_line.using(run_after=timezone.now() + LATER)
    run = enqueue(later, broker_world.path("line"), "hello")
    plain = TaskRun.objects.get(result_id=later.enqueue(broker_world.path("line"), "hello").id)
    for one in (run, plain):
        actions.run_now(one)
    resend_unsent(timezone.now() + LATER)
    assert broker_world.backend().size() == 2


def test_what_waits_in_the_broker_can_be_put_in_front(broker_world, handler):
    """By a second message: the first then finds nothing to do."""
    run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
    actions.run_now(run)
    assert broker_world.backend().size() == 2
    for _ in range(2):
        handler(message_for(run))
    assert broker_world.lines("line") == ["hello"]


def test_a_task_that_is_gone_fails_and_says_so(broker_world, handler):
    run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
    message = message_for(run) | {"path": "tests.background.engines.sample_tasks.removed"}
    handler(message)
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "background.engines.message.TaskIsGone")
    assert "removed" in run.message


def test_a_text_that_the_database_does_not_take_fails_the_task_and_not_the_worker(broker_world, handler, monkeypatch):
    run = enqueue(tasks.fail_with_a_secret)
    message = message_for(run, tasks.fail_with_a_secret)

    def refuse(run, error, result):
        if type(error).__name__ != "OutcomeNotStored":
            raise ValueError("A string literal cannot contain NUL (0x00) characters.")
        return end_badly(run, error, result)

    end_badly = handling.end_badly
    monkeypatch.setattr(handling, "end_badly", refuse)
    handler(message)
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "background.worker.OutcomeNotStored")


class TestWithoutItsDatabase:
    """What happens to a message while the database is away; the broker has none of it any more."""

    @pytest.fixture(autouse=True)
    def no_waiting(self, monkeypatch):
        monkeypatch.setattr(stop, "SHORTEST_WAIT", 0.01)
        monkeypatch.setattr(stop, "LONGEST_WAIT", 0.02)
        # The connection is the test's own.
        monkeypatch.setattr(handling.connections, "close_all", lambda: None)

    def fail_first(self, monkeypatch, name, times=2, after=False):
        """Let a function of the handler find no database at first; `after`: its work was done, and the answer did not come."""
        real, left = getattr(handling, name), [times]

        def function(*args, **kwargs):
            if after and left[0]:
                real(*args, **kwargs)
            if left[0]:
                left[0] -= 1
                raise OperationalError("the connection is closed")
            return real(*args, **kwargs)

        monkeypatch.setattr(handling, name, function)

    @pytest.mark.parametrize("name", ["start", "mark_done"])
    @pytest.mark.parametrize("after", [False, True])
    def test_it_waits_and_runs_the_task_once(self, broker_world, handler, monkeypatch, name, after):
        run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
        self.fail_first(monkeypatch, name, after=after)
        handler(message_for(run))
        run.refresh_from_db()
        assert (run.state, broker_world.lines("line")) == ("succeeded", ["hello"])

    def test_a_failure_is_recorded_when_it_is_back(self, broker_world, handler, monkeypatch):
        run = enqueue(tasks.fail_with_a_secret)
        self.fail_first(monkeypatch, "end_badly", after=True)
        handler(message_for(run, tasks.fail_with_a_secret))
        run.refresh_from_db()
        assert (run.state, TaskRun.objects.count()) == ("failed", 1)

    def test_told_to_end_meanwhile_it_leaves_the_run_to_others(self, broker_world, handler, monkeypatch):
        run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
        self.fail_first(monkeypatch, "start", times=100)
        handler.stop.set()
        handler(message_for(run))
        run.refresh_from_db()
        assert (run.state, broker_world.lines("line")) == ("waiting", [])

    def test_a_task_that_was_in_the_middle_is_sent_again(self, broker_world, handler, monkeypatch):
        run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
        monkeypatch.setattr(handling, "_is_down", lambda error: True)
        monkeypatch.setattr(handling.Handler, "_call", lambda self, result: OperationalError("the connection is closed"))
        handler(message_for(run))
        run.refresh_from_db()
        assert run.state == "lost"
        again = TaskRun.objects.open().get()
        assert (again.state, again.sent_at, again.result_id, again.losses) == ("waiting", None, run.result_id, 1)

    def test_an_atomic_task_is_undone_and_sent_again(self, broker_world, handler, monkeypatch):
        broker_world.folder.joinpath("mark").write_text("not the first time\n")
        run = enqueue(tasks.leave_a_mark_and_die_the_first_time, broker_world.path("mark"), "mark")
        self.fail_first(monkeypatch, "mark_done", times=1)
        message = message_for(run, tasks.leave_a_mark_and_die_the_first_time)
        handler(message)
        assert not Schedule.objects.filter(name="mark").exists()
        assert TaskRun.objects.open().get().sent_at is None
        handler(message)
        assert Schedule.objects.filter(name="mark").count() == 1
        assert list(TaskRun.objects.order_by("pk").values_list("state", flat=True)) == ["lost", "succeeded"]

    def test_a_worker_that_was_taken_for_lost_has_its_atomic_work_undone(self, broker_world, handler, monkeypatch):
        broker_world.folder.joinpath("mark").write_text("not the first time\n")
        run = enqueue(tasks.leave_a_mark_and_die_the_first_time, broker_world.path("mark"), "mark")
        monkeypatch.setattr(handling, "mark_done", lambda result_id: False)
        handler(message_for(run, tasks.leave_a_mark_and_die_the_first_time))
        assert not Schedule.objects.filter(name="mark").exists()


def test_a_receiver_that_raises_changes_nothing(broker_world, handler):
    def receiver(**kwargs):
        raise RuntimeError("no")

    task_finished.connect(receiver)
    try:
        run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
        handler(message_for(run))
    finally:
        task_finished.disconnect(receiver)
    run.refresh_from_db()
    assert run.state == "succeeded"


def test_what_follows_an_atomic_tasks_commit_and_raises_undoes_nothing(broker_world, handler, caplog):
    told = []

    def note(task_result, **kwargs):
        told.append(task_result.status)

    run = enqueue(tasks.follow_its_commit_badly, "a mark")
    task_finished.connect(note)
    try:
        handler(message_for(run, tasks.follow_its_commit_badly))
    finally:
        task_finished.disconnect(note)
    assert (broker_world.states(tasks.follow_its_commit_badly), told) == (["succeeded"], ["SUCCESSFUL"])
    assert Schedule.objects.filter(name="a mark").exists()
    assert "raised ZeroDivisionError" in caplog.text


def test_a_transaction_that_a_task_left_open_is_undone_and_its_outcome_is_committed(broker_world, handler):
    run = enqueue(tasks.begin_a_transaction, "a mark")
    handler(message_for(run, tasks.begin_a_transaction))
    connections["default"].close()
    assert broker_world.states(tasks.begin_a_transaction) == ["failed"]
    assert not Schedule.objects.filter(name="a mark").exists()


def test_a_task_that_kills_its_worker_each_time_fails_in_the_end(broker_world):
    run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
    for _ in range(4):
        last = TaskRun.objects.open().get()
        TaskRun.objects.filter(pk=last.pk).update(state="running", worker_id="gone", started_at=timezone.now())
        last.refresh_from_db()
        assert put_back(last, at_most=3)
    assert list(TaskRun.objects.order_by("pk").values_list("state", flat=True)) == ["lost", "lost", "lost", "failed"]
    assert TaskRun.objects.exclude(pk=run.pk).exclude(first=run).count() == 0
    assert "4 times" in TaskRun.objects.order_by("pk").last().message


def test_results_are_read_from_the_runs(broker_world, handler):
    backend = broker_world.backend()
    run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
    run.refresh_from_db()
    assert backend.get_result(run.result_id).status == "READY"
    handler(message_for(run))
    result = tasks.write_line.get_result(run.result_id)
    assert (result.status, result.attempts, result.errors) == ("SUCCESSFUL", 1, [])
    with pytest.raises(TaskResultDoesNotExist):
        backend.get_result("nothing")


def take_one(world) -> None:
    """As a consumer takes the next message and gives it to `BrokerBackend.handle`."""
    backend = world.backend()
    if world.name == "huey":
        backend._execute(backend.huey.dequeue())
        return
    (key,) = world.redis.client().keys("background*")
    body = json.loads(base64.b64decode(json.loads(world.redis.client().rpop(key))["body"]))
    backend.app.tasks["background.run"](*body[0])


def test_messages_of_another_key_are_not_read(broker_world, handler, settings, monkeypatch):
    """A message names the task that runs: what is not signed with the site's key is never opened."""
    monkeypatch.setattr(BrokerBackend, "handle", staticmethod(handler))
    backend = broker_world.backend()
    enqueue(tasks.write_line, broker_world.path("line"), "ours")
    take_one(broker_world)
    with override_settings(SECRET_KEY="somebody else's"):
        _forget_engines()
        forged = enqueue(tasks.write_line, broker_world.path("line"), "forged")
    _forget_engines()
    with contextlib.suppress(ValueError):
        take_one(broker_world)
    forged.refresh_from_db()
    assert broker_world.lines("line") == ["ours"]
    assert forged.state == "waiting"
    assert backend.resend_missing(timezone.now() + LATER) == 1, "by nobody else's hand"


def test_a_message_without_a_seal_runs_nothing(broker_world, handler, monkeypatch, caplog):
    if broker_world.name != "celery":
        pytest.skip("huey opens nothing that is not signed.")
    monkeypatch.setattr(BrokerBackend, "handle", staticmethod(handler))
    run = broker_world.backend().app.tasks["background.run"]
    plain = message_for(enqueue(tasks.write_line, broker_world.path("line"), "forged"))
    TaskRun.objects.all().delete()
    for sealed in (plain, json.dumps(plain), seal(plain)[:-1] + "-", "", None, ["x"]):
        run(sealed)
    assert broker_world.lines("line") == []
    assert not TaskRun.objects.exists()
    assert "BadSignature" in caplog.text
    assert "write_line" not in caplog.text


def test_what_somebody_else_wrote_into_the_queue_hides_nothing_that_is_missing(broker_world):
    backend = broker_world.backend()
    lost = enqueue(tasks.write_line, broker_world.path("line"), "lost")
    client = broker_world.redis.client()
    client.flushall()
    for number in range(3):
        enqueue(tasks.write_line, broker_world.path("line"), str(number))
    if broker_world.name == "huey":
        client.zadd(backend.huey.storage.queue_key, {b"junk": 0})
    else:
        for junk in (b"junk", b"[]", b'{"headers": {}}', b'{"headers": {"id": ["x"]}}'):
            client.lpush("background", junk)
    TaskRun.objects.exclude(pk=lost.pk).filter(arguments__args__1="2").update(sent_at=None)
    assert lost.result_id not in backend.ids()
    assert set(TaskRun.objects.exclude(pk=lost.pk).values_list("result_id", flat=True)) <= backend.ids()


def _forget_engines() -> None:
    """Each process has one, made with its key."""
    from background.engines import celery, huey

    huey.huey_of.cache_clear()
    celery.app_of.cache_clear()


class TestChangeOfEngine:
    def rows(self):
        return DBTaskResult.objects.filter(status="READY")

    def test_what_waits_in_the_database_is_sent_to_the_broker(self, broker_world):
        soon = timezone.now() + LATER
        with_database(enqueue, tasks.write_line, broker_world.path("line"), "now")
        with_database(enqueue, tasks.write_line.using(run_after=soon), broker_world.path("line"), "later")
        assert self.rows().count() == 2

        assert moving.take_over_rows("default") == 2
        assert moving.take_over_rows("default") == 0
        resend_unsent(timezone.now() + LATER)

        assert self.rows().count() == 0
        assert broker_world.backend().ids() == {TaskRun.objects.get(run_after=None).result_id}
        assert TaskRun.objects.get(run_after=soon).sent_at is None

    def test_and_back(self, broker_world, handler):
        soon = timezone.now() + LATER
        run = enqueue(tasks.write_line, broker_world.path("line"), "now")
        enqueue(tasks.write_line.using(run_after=soon), broker_world.path("line"), "later")
        done = enqueue(tasks.write_line, broker_world.path("line"), "done")
        handler(message_for(done))

        assert moving.take_over_messages("default") == 2
        assert moving.take_over_messages("default") == 0

        run.refresh_from_db()
        assert {str(row.pk) for row in self.rows()} == set(TaskRun.objects.waiting().values_list("result_id", flat=True))
        assert self.rows().get(run_after=soon).args_kwargs["args"][1] == "later"
        left_behind = message_for(run)
        TaskRun.objects.filter(pk=run.pk).update(state="succeeded")
        handler(left_behind)
        assert broker_world.lines("line") == ["done"], "what stays in the broker starts nothing"


def with_database(queue, *args):
    """As a web server does that still has the old setting."""
    with override_settings(TASKS={"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}):
        return queue(*args)


def test_a_backend_without_an_address_says_what_it_needs():
    from background.engines.huey import HueyBackend

    with pytest.raises(ImproperlyConfigured, match="url"):
        HueyBackend("default", {"OPTIONS": {}})


def test_queueing_writes_once_and_sending_not_at_all(broker_world):
    with CaptureQueriesContext(connections[ALIAS]) as queries:
        enqueue(tasks.write_line, broker_world.path("line"), "hello")
    statements = [query["sql"] for query in queries if query["sql"].split()[0] in {"SELECT", "INSERT", "UPDATE", "DELETE"}]
    assert [statement.split()[0] for statement in statements] == ["INSERT"]
    assert broker_world.backend().size() == 1


def test_a_run_whose_task_is_gone_does_not_keep_others_from_being_sent(broker_world):
    gone = enqueue(tasks.write_line, broker_world.path("line"), "gone")
    other = enqueue(tasks.write_line, broker_world.path("line"), "other")
    TaskRun.objects.update(sent_at=None)
    TaskRun.objects.filter(pk=gone.pk).update(task_path="tests.background.engines.sample_tasks.removed")
    resend_unsent(timezone.now() + LATER)
    gone.refresh_from_db()
    other.refresh_from_db()
    assert (gone.state, gone.error) == ("failed", "builtins.ImportError")
    assert other.sent_at is not None


def test_after_going_back_what_a_killed_worker_left_can_be_given_up_and_retried(broker_world):
    run = enqueue(tasks.write_line, broker_world.path("line"), "hello")
    TaskRun.objects.filter(pk=run.pk).update(state="running", worker_id="killed", started_at=timezone.now())

    def give_up_and_retry():
        return actions.retry(actions.discard(TaskRun.objects.get(pk=run.pk)))

    again = with_database(give_up_and_retry)
    assert DBTaskResult.objects.filter(pk=again.result_id, status="READY").exists()
