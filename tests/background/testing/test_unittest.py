"""The same for `unittest`, with Django's test cases."""

# ruff: noqa: PT009, PT027  (unittest is meant)

import unittest

from django.contrib.auth.models import Group
from django.db import transaction
from django.test import SimpleTestCase, TestCase, TransactionTestCase

from background.models import TaskRun
from background.testing import TasksMixin

from . import sample_tasks
from .sample_tasks import done, note


class InATransaction(TasksMixin, TestCase):
    def setUp(self):
        note.enqueue("in setUp")

    def test_it_is_queued_recorded_and_run(self):
        self.tasks.assert_enqueued(note, "in setUp", times=1)
        self.assertEqual(TaskRun.objects.get().state, "waiting")
        self.tasks.run()
        self.assertEqual(TaskRun.objects.get().state, "succeeded")

    def test_what_is_rolled_back_never_was(self):
        with self.assertRaises(LookupError), transaction.atomic():
            note.enqueue("inside")
            raise LookupError
        self.tasks.assert_not_enqueued(note, "inside")

    def test_functions_that_wait_for_the_commit(self):
        with self.captureOnCommitCallbacks(execute=True) as callbacks:
            transaction.on_commit(lambda: note.enqueue("after"))
            with self.assertRaisesMessage(AssertionError, "Functions that wait for the commit"):
                self.tasks.assert_enqueued(note, "after")
        self.assertEqual(len(callbacks), 1)
        self.tasks.assert_enqueued(note, "after")

    def test_an_error_of_a_task(self):
        sample_tasks.fail.enqueue()
        with self.assertRaises(LookupError):
            self.tasks.run(sample_tasks.fail)

    def test_a_worker_that_is_lost(self):
        self.tasks.lose_worker(sample_tasks.write_once)
        sample_tasks.write_once.enqueue("a")
        self.tasks.run()
        self.assertEqual(Group.objects.count(), 1)


class WithoutATransaction(TasksMixin, TransactionTestCase):
    def test_it_is_queued_recorded_and_run(self):
        with transaction.atomic():
            sample_tasks.write.enqueue("a")
        self.tasks.run()
        self.assertEqual(done, ["committed a"])
        self.assertEqual(TaskRun.objects.count(), 2)


class WithoutADatabase(TasksMixin, SimpleTestCase):
    def test_it_is_queued_and_run(self):
        with self.assertNoLogs("background"):
            note.enqueue("a")
            self.tasks.run()
        self.assertEqual(done, ["a"])


class ByPythonAlone(unittest.TestCase):
    def test_a_class_that_is_run_by_unittest(self):
        class Inner(TasksMixin, SimpleTestCase):
            def test_queueing(self):
                note.enqueue("a")
                self.tasks.assert_enqueued(note, "b")

        result = unittest.TestResult()
        Inner("test_queueing").run(result)
        ((_test, text),) = result.failures
        self.assertIn("note('b') is not queued.", text)
        self.assertIn("note('a')", text)
