"""Tests of what runs in the background, for any project with `django.tasks`.

`TestBackend` keeps in memory what is queued, and runs it when a test says so. With pytest, add
`pytest_plugins = ["background.testing.plugin"]` to `conftest.py` and ask for the fixture `tasks`; with `unittest`, put
`TasksMixin` in front of the test case. Nothing here is used outside of tests.
"""

from .backend import TestBackend
from .case import TasksMixin
from .controls import EndlessTasks, Tasks
from .run import Run

__all__ = ["EndlessTasks", "Run", "Tasks", "TasksMixin", "TestBackend"]
