"""A restore changes everything or nothing: what is refused, what is put back when it fails, and what a backup must be."""

import contextlib
import gzip
import io
import json
import sqlite3
import tarfile
import types

import pytest
from django.core.management import CommandError, call_command

from operations.backup import BackupError, restoring
from operations.backup.archive import MANIFEST, Manifest, Writer, unpack
from operations.backup.places import ASIDE, STAGED, Folder
from operations.backup.programs import program
from operations.backup.sqlite import SQLite


def manifest(**changes) -> Manifest:
    given = {
        "made_at": "2026-11-23T03:15:00+00:00",
        "version": "2026.11",
        "vendor": "sqlite",
        "vendor_version": "3",
        "database": "database.sqlite3",
        "tables": {"people": 2},
        "migrations": ["accounts.0001_initial"],
    }
    return Manifest(**given | changes)


def database_at(path, people: int = 2):
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE people (name text)")
        database.executemany("INSERT INTO people VALUES (?)", [(f"person {number}",) for number in range(people)])
    return path


def people_at(path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT COUNT(*) FROM people").fetchone()[0]


@pytest.fixture
def backup(tmp_path):
    """The bytes of a small one."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "letter").write_bytes(b"from the backup")
    stream = io.BytesIO()
    with Writer(stream) as writer:
        writer.add("files/answers/letter", source / "letter")
        writer.add("database.sqlite3", database_at(source / "db"))
        assert writer.add("files/gone", source / "nothing") is False
        writer.finish(manifest())
    return stream.getvalue()


@pytest.fixture
def site(tmp_path, settings, monkeypatch):
    """A site with three people and two files. Migrating and what Django would be asked are left out here."""
    settings.MEDIA_ROOT, settings.BACKUP_FOLDER = tmp_path / "media", tmp_path / "backups"
    here = types.SimpleNamespace(
        path=database_at(tmp_path / "db.sqlite3", 3), media=tmp_path / "media", resets=[], people={1, 2, 3}
    )
    (here.media / "answers").mkdir(parents=True)
    (here.media / "answers" / "old").write_bytes(b"old")
    (here.media / "letter").write_bytes(b"here before")
    here.engine = SQLite(here.path)
    monkeypatch.setattr(restoring, "engine", lambda: here.engine)
    monkeypatch.setattr(restoring, "folders", lambda: [Folder("files", lambda: here.media)])
    monkeypatch.setattr(restoring, "resets", lambda: here.resets)
    monkeypatch.setattr(restoring, "_people", lambda: here.people)
    monkeypatch.setattr(restoring, "_migrate", lambda: 0)
    monkeypatch.setattr(restoring, "WorkerBeat", types.SimpleNamespace(objects=Nobody()))
    return here


class Nobody:
    def filter(self, **_conditions):
        return self

    def exists(self):
        return False


def restore(data: bytes, **options):
    return restoring.restore(io.BytesIO(data), **{"replace": True, "keep_first": False} | options)


def files_of(site) -> dict[str, bytes]:
    return {str(path.relative_to(site.media)): path.read_bytes() for path in site.media.rglob("*") if path.is_file()}


def is_untouched(site) -> bool:
    return people_at(site.path) == 3 and files_of(site) == {"answers/old": b"old", "letter": b"here before"}


def test_what_is_there_changes_places_with_the_backup(site, backup):
    site.resets = [lambda: "Something is set right.", lambda: None]
    done = restore(backup)
    assert people_at(site.path) == 2
    assert files_of(site) == {"answers/letter": b"from the backup"}
    assert done.told == ["Something is set right."]
    assert not site.engine.was_broken_off()


def test_a_site_with_people_is_not_replaced_by_accident(site, backup):
    with pytest.raises(BackupError, match="--yes-replace"):
        restore(backup, replace=False)
    site.people = set()
    with pytest.raises(BackupError, match="--yes-replace"):
        restore(backup, replace=False)
    assert is_untouched(site)


def test_a_database_that_somebody_has_open_is_left_alone(site, backup):
    with contextlib.closing(sqlite3.connect(site.path)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("SELECT * FROM people").fetchall()
        with pytest.raises(BackupError, match="has the database open"):
            restore(backup)
    assert is_untouched(site)
    restore(backup)


@pytest.mark.parametrize(
    "error", [BackupError("no"), RuntimeError("no"), KeyboardInterrupt(), OSError(28, "No space left on device")]
)
def test_whatever_fails_at_the_end_everything_is_put_back(site, backup, error):
    def fail():
        assert people_at(site.path) == 2
        raise error

    site.resets = [fail]
    with pytest.raises((BackupError, RuntimeError, KeyboardInterrupt)):
        restore(backup)
    assert is_untouched(site)
    assert not (site.media / ASIDE).exists()
    assert not (site.media / STAGED).exists()


@pytest.mark.parametrize("moved", [0, 1, 2, 3])
def test_a_restore_that_was_killed_is_undone_by_the_next_one(site, backup, monkeypatch, moved):
    """Killed is told apart from failed by nothing having been put back."""

    class Killed(BaseException):
        pass

    real, left = restoring._move_entries, [moved]

    def move(*arguments, **options):
        if not left[0]:
            raise Killed
        left[0] -= 1
        real(*arguments, **options)

    def kill():
        raise Killed

    with monkeypatch.context() as patched:
        # After so many folders' entries, or with the migrations.
        patched.setattr(restoring, "_move_entries", move)
        patched.setattr(restoring, "_migrate", kill)
        patched.setattr(SQLite, "put_back", lambda self: None)
        patched.setattr(restoring, "_put_files_back", lambda: None)
        patched.setattr(restoring, "_remove", lambda folder: None)
        with pytest.raises(Killed):
            restore(backup)
    assert not is_untouched(site)
    said = []
    with pytest.raises(BackupError, match="--yes-replace"):
        restore(backup, replace=False, say=said.append)
    assert "broken off" in said[0]
    assert people_at(site.path) == 3
    restore(backup)
    assert people_at(site.path) == 2
    assert files_of(site) == {"answers/letter": b"from the backup"}


def rewritten(data: bytes, change) -> bytes:
    """The backup with its parts as `change` gives them: it takes and returns a list of name and content."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        parts = [(entry.name, tar.extractfile(entry).read()) for entry in tar]
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in change(parts):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            if content == b"LINK":
                entry.type, entry.linkname, entry.size, content = tarfile.SYMTYPE, "/etc/passwd", 0, b""
            tar.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def with_manifest(**changes):
    def change(parts):
        return [
            (name, json.dumps(json.loads(content) | changes).encode() if name == MANIFEST else content) for name, content in parts
        ]

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data[: len(data) // 2], "to its end|no manifest"),
        (lambda data: b"", "to its end"),
        (lambda data: b"no backup", "to its end"),
        (lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:], "to its end|missing or were changed"),
        (lambda data: gzip.compress(b"no tar at all" * 100), "to its end|no manifest"),
        (lambda data: rewritten(data, lambda parts: parts[:-1]), "no manifest"),
        (lambda data: rewritten(data, lambda parts: parts[1:]), "missing or were changed: files/answers/letter"),
        (lambda data: rewritten(data, lambda parts: [("files/answers/letter", b"changed"), *parts[1:]]), "were changed"),
        (lambda data: rewritten(data, lambda parts: [("files/more", b"more"), *parts]), "were changed: files/more"),
        (lambda data: rewritten(data, lambda parts: [("../../outside", b"x"), *parts]), "does not belong there"),
        (lambda data: rewritten(data, lambda parts: [("/etc/outside", b"x"), *parts]), "does not belong there"),
        (lambda data: rewritten(data, lambda parts: [("files/link", b"LINK"), *parts]), "does not belong there"),
        (lambda data: rewritten(data, lambda parts: [parts[0], *parts]), "does not belong there"),
        (lambda data: rewritten(data, lambda parts: [*parts, ("files/late", b"x")]), "follows the manifest"),
        (lambda data: rewritten(data, with_manifest(format=2)), "later version"),
        (lambda data: rewritten(data, with_manifest(parts="none")), "cannot be read"),
        (lambda data: rewritten(data, with_manifest(made_at="yesterday")), "cannot be read"),
        (lambda data: rewritten(data, with_manifest(vendor="postgresql")), "backup of a site on postgresql"),
        (lambda data: rewritten(data, with_manifest(migrations=["accounts.9999_later"])), "later version of the site"),
        (lambda data: rewritten(data, with_manifest(tables={"people": 3})), "has 2 rows, and should have 3"),
    ],
)
def test_what_is_no_whole_backup_of_this_site_changes_nothing(site, backup, tmp_path, change, said):
    with pytest.raises(BackupError, match=said):
        restore(change(backup))
    assert is_untouched(site)
    assert not list(tmp_path.glob("*.restoring"))


def test_nothing_is_written_outside_of_where_it_is_unpacked(backup, tmp_path):
    into = tmp_path / "into"
    found = unpack(io.BytesIO(backup), into)
    assert {part.path for part in found.parts} == {"files/answers/letter", "database.sqlite3"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in into.rglob("*"))


def test_the_programs_of_postgresql_are_found_in_the_version_that_does(settings, tmp_path):
    for major in (15, 17, 18):
        folder = tmp_path / str(major) / "bin"
        folder.mkdir(parents=True)
        (folder / "pg_dump").write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {major}.2'\n")
        (folder / "pg_dump").chmod(0o755)
    settings.POSTGRESQL_PROGRAMS = str(tmp_path / "17" / "bin")
    assert program("pg_dump", at_least=16) == str(tmp_path / "17" / "bin" / "pg_dump")
    with pytest.raises(BackupError, match="postgresql-client-18"):
        program("pg_dump", at_least=18)
    settings.POSTGRESQL_PROGRAMS = ""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("operations.backup.programs.USUAL", (f"{tmp_path}/*/bin",))
        patched.setattr("operations.backup.programs.shutil.which", lambda name: None)
        assert program("pg_dump", at_least=16) == str(tmp_path / "17" / "bin" / "pg_dump")


def test_only_old_backups_of_ours_go(tmp_path, settings):
    settings.BACKUP_FOLDER = tmp_path
    from operations.backup import remove_old_backups

    names = [f"cohorts-2026112{day}-031500.tar.gz" for day in range(5)]
    for name in [*names, "cohorts-old.tar.gz", "notes.txt"]:
        (tmp_path / name).write_text("")
    assert [path.name for path in remove_old_backups(tmp_path, keep=2)] == names[:3]
    assert {path.name for path in tmp_path.iterdir()} == {*names[3:], "cohorts-old.tar.gz", "notes.txt"}
    with pytest.raises(BackupError):
        remove_old_backups(tmp_path, keep=0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["backup", "--keep", "0"], "from 1"),
        (["backup", "--to", "-", "--keep", "3"], "standard output"),
        (["backup", "--check", "/nowhere/backup"], "cannot be read"),
        (["restore", "/nowhere/backup"], "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command(*arguments)
