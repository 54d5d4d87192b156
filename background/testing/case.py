"""For `unittest`: `self.tasks`."""

import unittest
from typing import Any

from .controls import Tasks
from .store import store


class TasksMixin:
    """Stands in front of a test case: `class TestOrders(TasksMixin, TestCase)`. Gives each test `self.tasks`, from before `setUp`."""

    tasks: Tasks

    def run(self, result: unittest.TestResult | None = None) -> Any:
        store.clear()
        self.tasks = Tasks()
        self.tasks.start()
        try:
            return super().run(result)  # type: ignore[misc]
        finally:
            self.tasks.stop()
