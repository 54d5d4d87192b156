import pytest

from . import sample_tasks


@pytest.fixture(autouse=True)
def real_queue():
    """No real queue here: the settings' own backend is the one that is tested."""


@pytest.fixture(autouse=True)
def nothing_done():
    sample_tasks.done.clear()
