"""The follower of the sync's tests, with a small page: what fills a real one would only take time here."""

import pytest

from contributions.sync import discover
from tests.contributions.sync.conftest import follower as follower
from tests.contributions.sync.conftest import sandbox as sandbox
from tests.contributions.sync.conftest import traveller as traveller
from tests.contributions.sync.conftest import world as world

from .busy import Busy


@pytest.fixture
def busy(follower, monkeypatch):
    """A session that was synced once, before much happened at the same time: the next sync takes every step."""
    monkeypatch.setattr(discover, "FIRST_PAGE", 5)
    return Busy(follower, monkeypatch)
