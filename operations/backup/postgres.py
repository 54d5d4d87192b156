"""PostgreSQL: its own pg_dump and pg_restore. A restored database comes into a new schema, and the old one goes when all is well."""

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection, connections
from django.db.backends.postgresql.client import DatabaseClient
from psycopg import sql

from background.masking import mask

from .engines import Copied
from .errors import BackupError
from .programs import program

#: The schema's name while the new one is filled.
ASIDE = "before_restore"


class PostgreSQL:
    vendor = "postgresql"
    part = "database.pgdump"

    def copy_to(self, path: Path) -> Copied:
        """pg_dump and our own counting see the same moment: they share a snapshot."""
        with self._connected() as database:
            major = database.info.server_version // 10_000
            dump = program("pg_dump", at_least=major)
            database.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            database.read_only = True
            with database.transaction():
                (snapshot,) = _one(database, "SELECT pg_export_snapshot()")
                (schema,) = _one(database, "SELECT current_schema()")
                path.touch(mode=0o600)
                _run(
                    [
                        dump,
                        "--format=custom",
                        "--no-owner",
                        "--no-privileges",
                        f"--snapshot={snapshot}",
                        f"--schema={schema}",
                        f"--file={path}",
                    ],
                    "copied",
                )
                return Copied(str(major), _counts(database), _migrations(database))

    def check(self, path: Path, tables: dict[str, int]) -> None:
        self._contents(path)

    def in_use(self) -> bool:
        with self._connected() as database:
            (others,) = _one(
                database,
                "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
            )
        return bool(others)

    def was_broken_off(self) -> bool:
        with self._connected() as database:
            return _one(database, "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = %s)", ASIDE)[0]

    def put_back(self) -> None:
        with self._connected() as database, database.transaction():
            schema = sql.Identifier(self._schema())
            database.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
            database.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(ASIDE), schema))

    @contextlib.contextmanager
    def replaced(self, path: Path, tables: dict[str, int]) -> Iterator[None]:
        contents = self._contents(path)
        connections.close_all()
        self._make_room()
        try:
            self._fill(path, contents)
            with self._connected() as database:
                if (found := _counts(database)) != tables:
                    raise BackupError(
                        f"The restored database has {sum(found.values())} rows, and should have {sum(tables.values())}. Nothing was changed."
                    )
            yield
        except BaseException:
            connections.close_all()
            self.put_back()
            raise
        connections.close_all()
        with self._connected() as database:
            database.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(ASIDE)))

    def _make_room(self) -> None:
        """Give the schema another name, and make an empty one of its old name, with its old owner."""
        name = self._schema()
        schema = sql.Identifier(name)
        try:
            with self._connected() as database, database.transaction():
                (owner,) = _one(database, "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = %s", name)
                database.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(schema, sql.Identifier(ASIDE)))
                database.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
                database.execute(sql.SQL("ALTER SCHEMA {} OWNER TO {}").format(schema, sql.Identifier(owner)))
        except psycopg.errors.InsufficientPrivilege as error:
            raise BackupError(
                "The database belongs to another role, so it cannot be replaced. Let it belong to the site's own"
                " (ALTER DATABASE … OWNER TO …), or restore into a new, empty database of that role."
            ) from error

    def _fill(self, path: Path, contents: str) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".list") as chosen:
            chosen.write(contents)
            chosen.flush()
            _run(
                [
                    self._restore_program(path),
                    "--no-owner",
                    "--no-privileges",
                    "--exit-on-error",
                    "--single-transaction",
                    f"--use-list={chosen.name}",
                    f"--dbname={connection.settings_dict['NAME']}",
                    str(path),
                ],
                "restored",
            )

    def _contents(self, path: Path) -> str:
        """The dump's own list of what is in it, without the schema itself, which is there."""
        listed = _run([self._restore_program(path), "--list", str(path)], "read")
        return "\n".join(line for line in listed.splitlines() if not re.search(r"\d SCHEMA - |COMMENT - SCHEMA ", line)) + "\n"

    def _restore_program(self, path: Path) -> str:
        """One that reads what this dump's pg_dump wrote: not older than the server that it comes from, nor than ours."""
        with self._connected() as database:
            return program("pg_restore", at_least=database.info.server_version // 10_000)

    def _schema(self) -> str:
        """The one that the site works in: the first of the role's search path, whatever is there at the moment."""
        with self._connected() as database:
            (name,) = _one(database, "SELECT current_schema()")
            return name or "public"

    @contextlib.contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection of our own, outside of Django's: each statement is committed unless there is a transaction."""
        given = connection.get_connection_params()
        kept = {key: value for key, value in given.items() if key not in {"cursor_factory", "context", "prepare_threshold"}}
        try:
            database = psycopg.connect(**kept, autocommit=True)
        except psycopg.OperationalError as error:
            raise BackupError(f"The database does not answer: {mask(str(error)).strip()[:300]}") from error
        try:
            yield database
        finally:
            database.close()


def _one(database: psycopg.Connection[Any], query: str, *values: object) -> tuple[Any, ...]:
    row = database.execute(query.encode(), values).fetchone()
    if row is None:
        raise BackupError("The database gave no answer.")
    return row


def _counts(database: psycopg.Connection[Any]) -> dict[str, int]:
    names = database.execute(
        "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
        " WHERE nspname = current_schema() AND relkind IN ('r', 'p') ORDER BY relname"
    ).fetchall()
    found = {}
    for (name,) in names:
        row = database.execute(sql.SQL("SELECT COUNT(*) FROM {}").format(sql.Identifier(name))).fetchone()
        found[name] = row[0] if row else 0
    return found


def _migrations(database: psycopg.Connection[Any]) -> list[str]:
    try:
        rows = database.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
    except psycopg.errors.UndefinedTable as error:
        raise BackupError("The database has no tables yet: run “manage.py migrate” first.") from error
    return [f"{app}.{name}" for app, name in rows]


def _run(command: list[str], done: str) -> str:
    """What a program of PostgreSQL's prints. Where the server is goes by its environment: arguments can be read by everybody."""
    of = connection.settings_dict
    _arguments, extra = DatabaseClient.settings_to_cmd_args_env(of, [])
    place = {"PGHOST": of["HOST"], "PGPORT": str(of["PORT"]), "PGUSER": of["USER"], "PGDATABASE": of["NAME"]}
    environment = os.environ | {name: value for name, value in place.items() if value} | (extra or {})
    try:
        said = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, errors="replace")
    except OSError as error:
        raise BackupError(f"{command[0]} cannot be run: {error.strerror}.") from error
    if said.returncode:
        raise BackupError(f"The database could not be {done}: {mask(said.stderr).strip()[-600:]}")
    return said.stdout
