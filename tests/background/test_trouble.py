"""A database that cannot do its work is told apart from a statement that is wrong, and the log says what to do."""

import sqlite3

import pytest
from django.db import DataError, IntegrityError, InterfaceError, InternalError, OperationalError, ProgrammingError, connection

from background.trouble import in_words, is_unavailable, is_unready, is_unwritable


def of_driver(kind, cause):
    error = kind("something")
    error.__cause__ = cause
    return error


def sqlite(code, text="something"):
    cause = sqlite3.OperationalError(text)
    cause.sqlite_errorcode = code
    error = OperationalError(text)
    error.__cause__ = cause
    return error


def postgresql(kind, state):
    cause = Exception()
    cause.sqlstate = state
    return of_driver(kind, cause)


READ_ONLY = [postgresql(InternalError, "25006"), sqlite(sqlite3.SQLITE_READONLY), sqlite(sqlite3.SQLITE_READONLY_DBMOVED)]
FULL = [postgresql(OperationalError, "53100"), sqlite(sqlite3.SQLITE_FULL)]
BROKEN = [postgresql(OperationalError, "58030"), sqlite(sqlite3.SQLITE_IOERR_WRITE)]
AWAY = [
    OperationalError("gone"),
    InterfaceError("closed"),
    postgresql(OperationalError, "57P01"),
    postgresql(OperationalError, None),
]
LOCKED = [sqlite(sqlite3.SQLITE_BUSY), sqlite(sqlite3.SQLITE_LOCKED), postgresql(OperationalError, "55P03")]
OTHERS = [
    DataError("x"),
    IntegrityError("x"),
    ValueError("x"),
    None,
    postgresql(InternalError, "25P02"),
    postgresql(OperationalError, "54000"),
]


@pytest.mark.parametrize("error", [*READ_ONLY, *FULL, *BROKEN, *AWAY, *LOCKED], ids=repr)
def test_the_database_is_at_fault(error):
    assert is_unavailable(error)
    assert is_unready(error)


@pytest.mark.parametrize("error", OTHERS, ids=repr)
def test_the_statement_is_at_fault(error):
    assert not is_unavailable(error)
    assert not is_unready(error)
    assert not is_unwritable(error)


def test_before_the_migrations_nothing_is_ready():
    assert is_unready(ProgrammingError("relation does not exist"))
    assert not is_unavailable(ProgrammingError("relation does not exist"))
    assert "migrate" in in_words(postgresql(ProgrammingError, "42P01"))
    assert "migrate" in in_words(sqlite(sqlite3.SQLITE_ERROR, "no such table: x"))


@pytest.mark.parametrize("error", [*READ_ONLY, *FULL, *BROKEN], ids=repr)
def test_nothing_can_be_written(error):
    assert is_unwritable(error)


@pytest.mark.parametrize("error", [*AWAY, *LOCKED], ids=repr)
def test_a_lock_or_a_restart_is_not_the_same(error):
    assert not is_unwritable(error)


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        (READ_ONLY, "it is read-only. Let it be written to"),
        (FULL, "its disk is full. Make room"),
        (BROKEN, "its disk cannot be read or written"),
        (LOCKED, "somebody else has held its lock"),
        (AWAY, "it does not answer"),
        ([postgresql(OperationalError, "53300")], "it takes no more connections"),
        ([sqlite(sqlite3.SQLITE_CANTOPEN)], "its file cannot be opened"),
        ([sqlite(sqlite3.SQLITE_ERROR), sqlite(sqlite3.SQLITE_CORRUPT)], "it does not answer"),
    ],
)
def test_the_words_say_what_to_do(errors, words):
    assert all(in_words(error).startswith(words) for error in errors)


@pytest.mark.django_db(transaction=True)
def test_a_real_database_that_is_full_is_told():
    if connection.vendor != "sqlite":
        pytest.skip("SQLite has a limit that a connection may set.")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        try:
            with pytest.raises(OperationalError) as full:
                cursor.execute("CREATE TABLE large AS SELECT randomblob(1000000)")
        finally:
            cursor.execute("PRAGMA max_page_count = 4294967294")
    assert in_words(full.value).startswith("its disk is full")


@pytest.mark.django_db(transaction=True)
def test_a_real_database_that_is_read_only_is_told():
    with connection.cursor() as cursor:
        switch = {"sqlite": "PRAGMA query_only = {}", "postgresql": "SET default_transaction_read_only = {}"}[connection.vendor]
        cursor.execute(switch.format("on"))
        try:
            with pytest.raises((OperationalError, InternalError)) as refused:
                cursor.execute("UPDATE background_workerbeat SET pid = 1")
        finally:
            cursor.execute(switch.format("off"))
    assert in_words(refused.value).startswith("it is read-only")
