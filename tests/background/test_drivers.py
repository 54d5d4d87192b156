"""Drivers of PostgreSQL other than the one that the tests have: Django allows psycopg 2, and psycopg 3 from 3.1 on."""

import pytest
from django.db import connection, connections
from django.db.backends.postgresql import base, psycopg_any

from background import limits
from background.current import Work
from background.policy import TimeLimitExceeded
from background.waiting import Asking, Listening, bell


@pytest.mark.parametrize(
    ("is_psycopg3", "version", "kind"),
    [(True, (3, 3, 1), Listening), (True, (3, 2), Listening), (True, (3, 1, 20), Asking), (False, (2, 9, 9), Asking)],
)
def test_a_worker_listens_where_its_driver_can_and_asks_where_not(monkeypatch, is_psycopg3, version, kind):
    monkeypatch.setattr(connection, "vendor", "postgresql")
    monkeypatch.setattr(psycopg_any, "is_psycopg3", is_psycopg3)
    monkeypatch.setattr(base, "psycopg_version", lambda: version)
    assert type(bell()) is kind


class Old:
    """A connection as older drivers make it."""

    def __init__(self):
        self.cancelled = 0

    def cancel(self):
        self.cancelled += 1


class Wrapper:
    vendor, alias, in_atomic_block, Database = "postgresql", "default", False, base.Database

    def __init__(self):
        self.connection = Old()
        self.closed = False

    def close(self):
        self.closed = True


def test_a_time_limit_cancels_what_the_server_does_for_nobody_any_more(monkeypatch):
    wrapper = Wrapper()
    monkeypatch.setattr(connections, "all", lambda initialized_only=False: [wrapper])
    with pytest.raises(TimeLimitExceeded), limits.limited(Work("id", "path"), 60):
        raise TimeLimitExceeded
    assert (wrapper.connection.cancelled, wrapper.closed) == (1, True)
