"""For pytest: the fixture `tasks`. Add `pytest_plugins = ["background.testing.plugin"]` to the `conftest.py` at the top."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .controls import Tasks


@pytest.fixture
def tasks() -> "Iterator[Tasks]":
    """What is queued in this test, and what becomes of it. See `background.testing.Tasks`."""
    from .controls import Tasks

    controls = Tasks()
    controls.start()
    yield controls
    controls.stop()


@pytest.fixture(autouse=True)
def _nothing_queued_yet() -> Iterator[None]:
    """Each test begins with an empty queue, also where those before it did not ask for `tasks`."""
    from .store import store

    store.clear()
    yield
    store.clear()
