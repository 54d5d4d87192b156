"""What else is in a process that runs tasks: receivers of other people, which may be broken."""

import sys
import time
from pathlib import Path

from django.apps import AppConfig
from django.tasks.signals import task_finished, task_started


class FaultsConfig(AppConfig):
    name = "tests.background.faults"

    def ready(self):
        task_started.connect(raise_or_dawdle, weak=False)
        task_finished.connect(raise_or_exit, weak=False)


def raise_or_dawdle(task_result, **kwargs):
    if task_result.task.name == "with_broken_receivers":
        raise RuntimeError("a broken receiver")
    if task_result.task.name == "atomic_effect_behind_a_receiver":
        Path(task_result.args[1]).touch()
        time.sleep(2)


def raise_or_exit(task_result, **kwargs):
    if task_result.task.name == "with_broken_receivers":
        raise RuntimeError("a broken receiver")
    if task_result.task.name == "with_a_receiver_that_exits":
        sys.exit(9)
