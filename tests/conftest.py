"""Fixtures and guards for all tests."""

import asyncio
import copy
import os
import shutil
import socket

import pytest

from tests.migrated import postgres_copy, sqlite_file

#: The fixtures `tasks` and `mail_sink`.
pytest_plugins = ["background.testing.plugin", "tests.mail_sink"]

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class NetworkUsed(AssertionError):
    """A test tried to reach another machine."""


@pytest.fixture(autouse=True, scope="session")
def no_network():
    """Fails any connection to another machine. Loopback stays open: live servers, PostgreSQL and the sandbox need it."""
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(address):
        if isinstance(address, tuple) and address[0] not in LOOPBACK:
            raise NetworkUsed(f"A test tried to connect to {address[0]}.")

    def connect(self, address):
        check(address)
        return real_connect(self, address)

    def connect_ex(self, address):
        check(address)
        return real_connect_ex(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", connect)
    patch.setattr(socket.socket, "connect_ex", connect_ex)
    yield
    patch.undo()


def require_or_skip(reason: str) -> None:
    """Skip the test because a real component is missing; fail instead where COHORTS_TEST_REQUIRE=all (as in CI)."""
    if os.environ.get("COHORTS_TEST_REQUIRE") == "all":
        pytest.fail(f"Required here, but missing: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def no_uploads_stay():
    """What tests upload lies in a folder of this process, which goes with it."""
    yield
    from django.conf import settings

    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_keepdb():
    """The database of the run is there and migrated when pytest-django comes: see `django_db_modify_db_settings`."""
    return True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, tmp_path_factory):
    """A copy of a migrated database for this process of this run alone, which goes with it.

    On SQLite it is a file: in memory all threads of a live server would have to share the one connection of the test, in whose
    transactions they would then meddle; with a file each has its own, as in production.
    """
    from django.conf import settings
    from django.db import connection

    database = settings.DATABASES["default"]
    if database["ENGINE"] != "django.db.backends.sqlite3":
        name = connection.creation._get_test_db_name()
        postgres_copy(os.environ["DATABASE_URL"].rpartition("/")[0], name)
        yield
        return
    folder = tmp_path_factory.mktemp("database")
    database.setdefault("TEST", {})["NAME"] = str(folder / "test.sqlite3")
    shutil.copy(sqlite_file(), folder / "test.sqlite3")
    yield
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Removes the database, with connections that a live server's threads keep open: PostgreSQL drops none that somebody uses."""
    yield
    from django.db import connection

    if connection.vendor == "postgresql":
        name = connection.ops.quote_name(connection.settings_dict["NAME"])
        connection.close()
        with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
            # Nobody comes back either: a thread of a test that has ended may try.
            cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def kept(django_db_setup, django_db_blocker):
    """`kept(make)`: the world that `make` makes, once for all tests of a module; it goes with the module.

    Each test that asks for `db` works in a savepoint over it. Give each a copy, so that none changes what the next one sees:

        @pytest.fixture(scope="module")
        def made(kept):
            return kept(make_world)

        @pytest.fixture
        def world(db, made):
            return made()
    """
    from django.db import connection, transaction
    from django.utils import timezone, translation

    whole = transaction.atomic()
    # Django's own tests say so too: nobody takes it for a transaction of the site.
    whole._from_testcase = True

    def make_once(make):
        with django_db_blocker.unblock(), translation.override("en"), timezone.override("UTC"):
            found = make()
            connection.run_on_commit.clear()
        return lambda: copy.deepcopy(found)

    with django_db_blocker.unblock():
        whole.__enter__()
    yield make_once
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        whole.__exit__(None, None, None)


@pytest.fixture(scope="session", autouse=True)
def the_audit_log_can_be_emptied_between_tests():
    """On SQLite Django empties tables with DELETE, which the audit log refuses: its triggers are away for that moment."""
    from django.db import transaction

    # Not from `operations`: that module and `base` import each other, and only this way round works first.
    from django.db.backends.sqlite3.base import DatabaseOperations

    # Of the class: the connection may be made anew once the database of the run is known.
    flush = DatabaseOperations.execute_sql_flush

    def execute_sql_flush(operations, sql_list):
        with transaction.atomic(using=operations.connection.alias), operations.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'accounts_auditentry'")
            triggers = cursor.fetchall()
            for name, _sql in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            flush(operations, sql_list)
            for _name, sql in triggers:
                cursor.execute(sql)

    DatabaseOperations.execute_sql_flush = execute_sql_flush
    yield
    DatabaseOperations.execute_sql_flush = flush


@pytest.fixture(scope="session")
def live_server(django_db_setup, live_server):
    """A server that was made after the database, so that it sees a file: for one in memory it would share the connection."""
    assert not live_server.thread.connections_override
    return live_server


@pytest.fixture
def database_backend(settings):
    """Tasks wait in the database, as in production: for tests of the worker. All others have the test backend."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}


def pytest_runtest_setup(item):
    if item.get_closest_marker("own_loop") and asyncio._get_running_loop() is not None:
        # Playwright's counts as running in this thread from the first browser test on. CI runs the browser tests by themselves.
        pytest.skip("A browser test before it has left an event loop in this process.")


@pytest.fixture(autouse=True)
def plain_language():
    """Each test begins in English and in UTC, whatever the one before it activated."""
    from django.utils import timezone, translation

    with translation.override("en"), timezone.override("UTC"):
        yield


#: What needs one database, whichever it is: CI runs it on SQLite. Pages and forms whose queries other tests put to PostgreSQL, what
#: GitHub may answer, and what waits for browsers and processes. All other tests run on PostgreSQL, which is the stricter one, and those
#: in `BOTH_DATABASES` on both: workers, locks, and what the two sort or compare in ways of their own.
ANY_DATABASE = (
    "tests/attacks/",
    "tests/accounts/test_availability",
    "tests/accounts/test_feeds.py",
    "tests/accounts/test_language.py",
    "tests/accounts/test_limits.py",
    "tests/accounts/test_login",
    "tests/accounts/test_names.py",
    "tests/accounts/test_oauth.py",
    "tests/accounts/test_outbox.py",
    "tests/accounts/test_profile.py",
    "tests/accounts/test_signup.py",
    "tests/accounts/test_theme.py",
    "tests/accounts/test_unsubscribing.py",
    "tests/background/test_admin_secrets.py",
    "tests/background/test_declaring.py",
    "tests/background/test_masking.py",
    "tests/background/test_panel.py",
    "tests/background/test_progress.py",
    "tests/background/test_timing.py",
    "tests/background/testing/",
    "tests/cohorts/test_accommodations.py",
    "tests/cohorts/test_admin_sessions.py",
    "tests/cohorts/test_application_pages.py",
    "tests/cohorts/test_apply_pages.py",
    "tests/cohorts/test_assignment_pages.py",
    "tests/cohorts/test_availability_look.py",
    "tests/cohorts/test_blindness",
    "tests/cohorts/test_checkins.py",
    "tests/cohorts/test_copying.py",
    "tests/cohorts/test_deadlines.py",
    "tests/cohorts/test_end_pages.py",
    "tests/cohorts/test_eligibility.py",
    "tests/cohorts/test_exporting.py",
    "tests/cohorts/test_feedback_counting.py",
    "tests/cohorts/test_feedback_pages.py",
    "tests/cohorts/test_files.py",
    "tests/cohorts/test_forming_pages.py",
    "tests/cohorts/test_mail_text.py",
    "tests/cohorts/test_mail_words_pages.py",
    "tests/cohorts/test_pending_secret",
    "tests/cohorts/test_public_pages.py",
    "tests/cohorts/test_publishing_pages.py",
    "tests/cohorts/test_question_pages.py",
    "tests/cohorts/test_questions.py",
    "tests/cohorts/test_reminders.py",
    "tests/cohorts/test_reusing.py",
    "tests/cohorts/test_review_pages.py",
    "tests/cohorts/test_stages.py",
    "tests/cohorts/test_tiers.py",
    "tests/cohorts/test_weeks.py",
    "tests/config/",
    "tests/contributions/demo/",
    "tests/contributions/faults/",
    "tests/contributions/figures/test_figures_page.py",
    "tests/contributions/figures/test_projects_pages.py",
    "tests/contributions/figures/test_telling.py",
    "tests/contributions/github/",
    "tests/contributions/links/",
    "tests/contributions/meaning/",
    "tests/contributions/pages/",
    "tests/contributions/sandbox/",
    "tests/contributions/sync/test_app.py",
    "tests/contributions/sync/test_asking.py",
    "tests/contributions/sync/test_cadence.py",
    "tests/contributions/sync/test_command.py",
    "tests/contributions/sync/test_freshness.py",
    "tests/contributions/sync/test_odd_answers.py",
    "tests/contributions/sync/test_operator_is_told.py",
    "tests/contributions/sync/test_partial.py",
    "tests/contributions/sync/test_pasting.py",
    "tests/contributions/sync/test_private.py",
    "tests/contributions/sync/test_tokens.py",
    "tests/contributions/sync/test_trouble.py",
    "tests/contributions/test_budget_picture.py",
    "tests/contributions/test_login_check.py",
    "tests/contributions/test_statements.py",
    "tests/contributions/test_story.py",
    "tests/contributions/trackers/",
    "tests/contributions/webhooks/test_any_body.py",
    "tests/contributions/webhooks/test_recorded.py",
    "tests/contributions/webhooks/test_webhooks.py",
    "tests/docs/",
    "tests/operations/test_checks.py",
    "tests/operations/test_logs.py",
    "tests/operations/test_metrics.py",
    "tests/scale/",
    "tests/test_addresses.py",
    "tests/test_csrf.py",
    "tests/test_visibility.py",
)
BOTH_DATABASES = (
    "tests/background/engines/",
    "tests/background/faults/",
    "tests/background/test_claiming.py",
    "tests/background/test_left_behind.py",
    "tests/background/test_lost.py",
    "tests/background/test_other_engines.py",
    "tests/background/test_queueing.py",
    "tests/background/test_statements.py",
    "tests/background/test_trouble.py",
    "tests/background/test_worker",
    "tests/cohorts/faults/test_while_publishing.py",
    "tests/cohorts/test_at_once.py",
    "tests/cohorts/test_late_access.py",
    "tests/cohorts/test_moves.py",
    "tests/cohorts/test_phases.py",
    "tests/cohorts/test_proposals_at_once.py",
    "tests/cohorts/test_ranking.py",
    "tests/cohorts/test_scores.py",
    "tests/contributions/figures/test_counting.py",
    "tests/contributions/sync/test_leases.py",
    "tests/contributions/webhooks/test_deliveries.py",
    "tests/contributions/webhooks/test_spool.py",
    "tests/operations/test_backup_under_load.py",
)


#: Long tests of which CI, with its two cores and twenty minutes, runs a sibling: the same walk by somebody who sees more, the same
#: faults with the other database. `uv run pytest` runs them all.
LONG = (
    # What `test_kills.py` does at chosen moments, at random ones.
    "tests/background/faults/test_soak.py",
    # By-phase walks and the planted words of `tests/test_addresses.py` and `tests/attacks` look for the same.
    "tests/cohorts/test_blindness.py::test_an_organiser_of_one_session_stays_blind_in_another",
    "tests/cohorts/test_blindness.py::test_nothing_planted_answers_a_post",
    "tests/cohorts/test_accommodations.py::test_it_stands_on_no_other_page[organiser]",
    "tests/cohorts/test_accommodations.py::test_it_stands_on_no_other_page[named]",
    "tests/cohorts/test_accommodations.py::test_it_stands_on_no_other_page[operator]",
    "tests/cohorts/test_blindness.py::test_nothing_planted_is_in_any_page_and_pages_are_the_same_for_others_in_its_place[captain]",
    "tests/contributions/demo/test_command.py::test_seeding_alone_and_going_on_in_a_later_week",
    # Of the engines over Redis the other one is tried.
    "tests/background/engines/test_engines.py::test_what_an_engine_promises[huey]",
    "tests/background/engines/test_engines.py::test_a_broker_that_is_away_costs_time_and_no_task[huey]",
    # Answered alike by what is tried with 500, rate_limited, secondary_403, malformed and timeout at the same steps.
    *(
        f"tests/contributions/faults/test_every_error.py::test_an_error_at_a_step_costs_nothing_but_time[{error}-"
        for error in (
            "502",
            "503",
            "504",
            "rate_limited_403",
            "secondary_403_silent",
            "secondary_429",
            "html",
            "truncated",
            "refused",
        )
    ),
)
#: Of these one database is enough in CI: they are about processes, and SQLite is the stricter one.
LONG_ON_POSTGRESQL = (
    "tests/cohorts/faults/test_while_publishing.py::test_a_worker_that_dies_anywhere",
    "tests/background/faults/test_kills.py::test_a_second_signal",
)


def pytest_itemcollected(item):
    on_postgresql = bool(os.environ.get("COHORTS_TEST_DATABASE_URL"))
    if item.nodeid.startswith(LONG) or (on_postgresql and item.nodeid.startswith(LONG_ON_POSTGRESQL)):
        item.add_marker("long")
    # Of the two engines over Redis one is enough to see that their records do well in another database.
    on_celery = item.nodeid.startswith("tests/background/engines/") and item.nodeid.endswith("[celery]")
    if item.nodeid.startswith(ANY_DATABASE) or on_celery or not _asks_for_a_database(item):
        item.add_marker("any_database")
    elif item.nodeid.startswith(BOTH_DATABASES):
        item.add_marker("both_databases")


def _asks_for_a_database(item) -> bool:
    """Those of `background` have databases of their own; all others ask pytest-django for one."""
    asks = {"db", "transactional_db", "live_server"} & set(item.fixturenames) or item.get_closest_marker("django_db")
    return bool(asks) or item.nodeid.startswith("tests/background/") or item.get_closest_marker("real_process") is not None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Let each process of a run begin with its share of the long tests: one that comes last would keep all waiting."""
    shares = 4
    browser = [item for item in items if item.get_closest_marker("e2e")]
    waiting = [item for item in items if item.get_closest_marker("real_process") and item not in browser]
    taken = {*browser, *waiting}
    others = [item for item in items if item not in taken]
    step = -(-len(others) // shares)
    found = [item for share in range(shares) for item in (*waiting[share::shares], *others[share * step : (share + 1) * step])]
    # Browser tests last: an event loop of theirs stays in their process.
    items[:] = found + browser
