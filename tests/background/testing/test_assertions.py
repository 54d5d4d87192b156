"""Assertions about what is queued: they hold, or say what was queued instead."""

import datetime
from unittest.mock import ANY

import pytest
from django.db import transaction
from django.utils import timezone

from background import task as background_task

from . import sample_tasks
from .sample_tasks import note, plain, tell

MOMENT = datetime.datetime(2030, 5, 1, 12, tzinfo=datetime.UTC)
NOTE = "tests.background.testing.sample_tasks.note"


@pytest.fixture
def says():
    """Calls an assertion that must fail, and gives the lines of what it says."""

    def call(assertion, *args, **kwargs):
        with pytest.raises(AssertionError) as raised:
            assertion(*args, **kwargs)
        return str(raised.value).splitlines()

    return call


class TestEnqueued:
    def test_of_one_task_or_of_all_in_their_order(self, tasks):
        note.enqueue("a")
        plain.enqueue(1)
        note.enqueue("b")
        assert [run.args for run in tasks.enqueued()] == [["a"], [1], ["b"]]
        assert [run.args for run in tasks.enqueued(note)] == [["a"], ["b"]]
        assert [str(run) for run in tasks.enqueued(note)] == [f"{NOTE}('a')", f"{NOTE}('b')"]

    def test_what_is_no_task(self, tasks):
        for wrong in ("note", note.func, None.__class__):
            with pytest.raises(TypeError, match="is no task"):
                tasks.enqueued(wrong)
            with pytest.raises(TypeError, match="is no task"):
                tasks.assert_enqueued(wrong)


class TestAssertEnqueued:
    def test_it_holds_and_gives_the_run(self, tasks):
        note.enqueue("a", loud=True)
        run = tasks.assert_enqueued(note, "a", loud=True)
        assert run is tasks.enqueued()[0]

    def test_without_arguments_it_holds_for_any(self, tasks, says):
        assert says(tasks.assert_enqueued, note) == [f"{NOTE}(…) is not queued.", "Nothing is queued."]
        note.enqueue("a")
        tasks.assert_enqueued(note)

    def test_it_lists_what_is_queued(self, tasks, says):
        note.enqueue("a")
        plain.using(run_after=MOMENT).enqueue(number=3)
        assert says(tasks.assert_enqueued, note, "b") == [
            f"{NOTE}('b') is not queued.",
            "Queued:",
            f"  {NOTE}('a')",
            "  tests.background.testing.sample_tasks.plain(number=3)"
            "  [queue “mail”, priority 10, not before 2030-05-01 12:00:00+00:00]",
        ]

    def test_it_tells_what_has_run_already(self, tasks, says):
        note.enqueue("a")
        tasks.run()
        assert says(tasks.assert_enqueued, note, "a") == [
            f"{NOTE}('a') is not queued.",
            "Nothing is queued.",
            "Run already:",
            f"  {NOTE}('a')  [succeeded]",
        ]

    @pytest.mark.django_db
    def test_it_tells_what_waits_for_the_commit(self, tasks, says):
        transaction.on_commit(lambda: note.enqueue("a"))
        assert says(tasks.assert_enqueued, note, "a")[2].startswith(
            "Functions that wait for the commit (transaction.on_commit): 1."
        )

    def test_positional_and_named_are_the_same(self, tasks):
        note.enqueue("a")
        plain.enqueue(number=1)
        tasks.assert_enqueued(note, what="a")
        tasks.assert_enqueued(plain, 1)

    def test_the_context_is_no_argument(self, tasks):
        tell.enqueue("a")
        tasks.assert_enqueued(tell, "a")
        tasks.assert_enqueued(tell, what="a")

    def test_matchers(self, tasks, says):
        class Even:
            def __eq__(self, other):
                return other % 2 == 0

        plain.enqueue(4)
        note.enqueue(["a", {"b": 1}])
        tasks.assert_enqueued(plain, Even())
        tasks.assert_enqueued(note, [ANY, {"b": ANY}])
        tasks.assert_enqueued(note, ("a", ANY))
        assert says(tasks.assert_enqueued, note, ["b", ANY])[0] == f"{NOTE}(['b', <ANY>]) is not queued."

    def test_tuples_and_keys_as_json_gives_them_back(self, tasks):
        note.enqueue({1: (2, 3)})
        tasks.assert_enqueued(note, {1: (2, 3)})

    def test_arguments_that_the_task_does_not_have_are_a_mistake_of_the_test(self, tasks):
        with pytest.raises(TypeError, match="unexpected keyword argument 'number'"):
            tasks.assert_enqueued(note, "a", number=1)

    def test_how_often(self, tasks, says):
        note.enqueue("a")
        note.enqueue("a")
        tasks.assert_enqueued(note, "a", times=2)
        assert says(tasks.assert_enqueued, note, "a", times=1)[:2] == [f"{NOTE}('a') is queued 2 times, not 1.", "Queued:"]

    def test_queue_and_priority(self, tasks, says):
        plain.enqueue()
        tasks.assert_enqueued(plain, queue_name="mail", priority=10)
        tasks.assert_enqueued(plain, queue_name=ANY)
        assert says(tasks.assert_enqueued, plain, queue_name="default")[0].endswith(
            "plain(…) with queue_name=default is not queued."
        )
        assert says(tasks.assert_enqueued, plain, priority=0)

    def test_when(self, tasks, says):
        tasks.travel_to(MOMENT)
        note.using(run_after=MOMENT + datetime.timedelta(minutes=5)).enqueue("later")
        note.enqueue("now")
        tasks.assert_enqueued(note, "later", run_after=MOMENT + datetime.timedelta(minutes=5))
        tasks.assert_enqueued(note, "later", run_after=datetime.timedelta(minutes=5))
        tasks.assert_enqueued(note, "now", run_after=None)
        assert says(tasks.assert_enqueued, note, "later", run_after=datetime.timedelta(minutes=6))
        assert says(tasks.assert_enqueued, note, "now", run_after=datetime.timedelta())
        assert says(tasks.assert_enqueued, note, "later", run_after=None)

    def test_a_clock_that_runs_is_no_hindrance(self, tasks):
        note.using(run_after=timezone.now() + datetime.timedelta(minutes=5)).enqueue("later")
        tasks.assert_enqueued(note, run_after=datetime.timedelta(minutes=5))

    def test_an_argument_of_that_name_is_an_argument(self, tasks, says):
        named.enqueue(priority="high")
        tasks.assert_enqueued(named, priority="high")
        assert says(tasks.assert_enqueued, named, priority="low")


@background_task
def named(priority):
    """Has an argument that is called as an option is."""


class TestAssertNotEnqueued:
    def test_it_holds_where_none_is_like_it(self, tasks):
        plain.enqueue(1)
        tasks.assert_not_enqueued(note)
        tasks.assert_not_enqueued(plain, 2)
        tasks.assert_not_enqueued(plain, 1, queue_name="default")

    def test_it_says_what_is_queued(self, tasks, says):
        note.enqueue("a")
        assert says(tasks.assert_not_enqueued, note) == [f"{NOTE}(…) is queued.", "Queued:", f"  {NOTE}('a')"]
        assert says(tasks.assert_not_enqueued, note, "a")[0] == f"{NOTE}('a') is queued."
        assert says(tasks.assert_not_enqueued, note, ANY)


class TestAssertNothingEnqueued:
    def test_it_holds_before_and_after(self, tasks):
        tasks.assert_nothing_enqueued()
        note.enqueue("a")
        tasks.run()
        tasks.assert_nothing_enqueued()

    def test_it_says_what_is_queued(self, tasks, says):
        sample_tasks.pay.enqueue()
        assert says(tasks.assert_nothing_enqueued) == [
            "Something is queued.",
            "Queued:",
            "  tests.background.testing.sample_tasks.pay()",
        ]
