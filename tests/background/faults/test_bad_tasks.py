"""Tasks and rows that would take a worker down: each fails by itself, and the worker goes on."""

import datetime
import uuid

import pytest
from django.db import connection, connections
from django.utils import timezone

from background.beat import EXIT_STUCK
from tests.background.conftest import ALIAS, wait_until

from . import tasks

pytestmark = pytest.mark.real_process

#: Before any new version of the site that could still know the task.
LONG_AGO = timezone.now() - datetime.timedelta(hours=1)


def poison(world) -> list[str]:
    """Rows that somebody wrote by hand. Returns their ids, as far as they have one."""
    no_args = world.queue(tasks.effect, "never")
    world.shared.rows().filter(pk=no_args.pk).update(args_kwargs={"nothing": 1})
    a_list = world.queue(tasks.effect, "never")
    world.shared.rows().filter(pk=a_list.pk).update(args_kwargs=[1, 2])
    ids = [no_args.pk.hex, a_list.pk.hex]
    if connections[ALIAS].vendor == "sqlite":
        # PostgreSQL has types, and lets nobody write these.
        no_json, no_uuid, no_list = (world.queue(tasks.effect, "never").pk.hex for _row in range(3))
        table = world.shared.rows().model._meta.db_table
        with connections[ALIAS].cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = on")
            cursor.execute(f"UPDATE {table} SET args_kwargs = '{{not json' WHERE id = %s", [no_json])
            cursor.execute(f"UPDATE {table} SET id = 'no-uuid' WHERE id = %s", [no_uuid])
            cursor.execute("UPDATE background_taskrun SET result_id = 'no-uuid' WHERE result_id = %s", [str(uuid.UUID(no_uuid))])
            cursor.execute(f"UPDATE {table} SET worker_ids = '{{}}' WHERE id = %s", [no_list])
            cursor.execute("PRAGMA ignore_check_constraints = off")
        ids += [no_json, "no-uuid"]
    return ids


def status_of(world, pk: str) -> str:
    # The row may be one that no model can read.
    with connections[ALIAS].cursor() as cursor:
        table = world.shared.rows().model._meta.db_table
        where = "id = %s" if connections[ALIAS].vendor == "sqlite" else "id = %s::uuid"
        cursor.execute(f"SELECT status FROM {table} WHERE {where}", [pk])
        return cursor.fetchone()[0]


def test_one_worker_survives_them_all(world):
    sick = poison(world)
    gone = world.queue(tasks.effect, "never")
    world.shared.rows().filter(pk=gone.pk).update(task_path="tests.background.faults.tasks.removed", enqueued_at=LONG_AGO)
    no_task = world.queue(tasks.effect, "never")
    world.shared.rows().filter(pk=no_task.pk).update(task_path="json.dumps")
    no_module = world.queue(tasks.effect, "never")
    world.shared.rows().filter(pk=no_module.pk).update(task_path="nowhere.at.all", enqueued_at=LONG_AGO)
    failing = {
        world.queue(tasks.answer_with_a_set): "builtins.TypeError",
        world.queue(tasks.fail_with_an_odd_text): "builtins.ValueError",
        world.queue(tasks.leave, "rolled back"): "builtins.SystemExit",
        world.queue(tasks.interrupt): "builtins.KeyboardInterrupt",
        world.queue(tasks.too_slow, "never"): "background.policy.TimeLimitExceeded",
        world.queue(tasks.too_slow_and_atomic, "never"): "background.policy.TimeLimitExceeded",
        world.queue(tasks.too_slow_and_async): "background.policy.TimeLimitExceeded",
        gone: "builtins.ImportError",
        no_task: "django.core.exceptions.SuspiciousOperation",
        no_module: "builtins.ModuleNotFoundError",
    }
    if connection.vendor == "postgresql":
        for row in (
            world.queue(tasks.too_slow_in_the_database),
            world.queue(tasks.too_slow_in_the_database_and_atomic, "rolled back"),
        ):
            failing[row] = "background.policy.TimeLimitExceeded"
    unstorable = [
        world.queue(one) for one in (tasks.answer_with_nan, tasks.answer_with_a_zero_byte, tasks.answer_with_half_a_character)
    ]
    fine = [world.queue(tasks.with_broken_receivers, "broken"), world.queue(tasks.with_a_receiver_that_exits, "exits")]
    last = world.queue(tasks.effect, "last")
    world.start()
    before = world.pids()

    world.wait_for(*failing, *unstorable, *fine, last, seconds=240)

    wait_until(lambda: all(status_of(world, pk) == "FAILED" for pk in sick), what="the poisoned rows")
    for row, error in failing.items():
        assert (world.shared.status(row), world.runs(row).get().error) == ("FAILED", error)
    for row in unstorable:
        # SQLite takes some of them.
        assert world.states(row) in (["failed"], ["succeeded"])
    assert [world.states(row) for row in fine] == [["succeeded"], ["succeeded"]]
    effects = world.effects()
    # The row whose list of workers is none is only odd, and the work whose row was lost is queued anew from its record.
    assert effects.pop("never", 0) <= 2
    assert effects == {"broken": 1, "exits": 1, "last": 1}
    assert world.pids() == before, "the same process from the first to the last"
    assert not world.runs().open().exists()
    assert "example.org" not in world.shared.log(), "no text of an error stands in the log"


def test_a_task_that_takes_no_notice_of_its_limit_ends_its_process(world):
    row, after = world.queue(tasks.stubborn), world.queue(tasks.effect, "after")
    world.start()
    before = world.pids()

    world.wait_for(row, after, seconds=240)

    assert world.states(row) == ["failed"]
    assert world.runs(row).get().error == "background.policy.TimeLimitExceeded"
    assert world.effects()["after"] == 1
    log = world.shared.log()
    assert "takes no notice of its time limit" in log
    assert f"exit code {EXIT_STUCK}" in log
    assert not before & set(
        world.shared.beats().filter(started_at__gt=world.runs(row).get().started_at).values_list("pid", flat=True)
    )
