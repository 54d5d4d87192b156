"""A backup while others write, put back, and compared row by row and file by file: on SQLite and on PostgreSQL."""

import hashlib
import re
import subprocess
import sys
from collections import Counter

import pytest

pytestmark = pytest.mark.real_process

#: Writes pairs of rows and a file to each, and deletes older ones, until its input ends; prints how often, and each error.
WRITER = """
import hashlib, os, sys, threading, pathlib, time
import django
django.setup()
from django.conf import settings
from django.db import transaction
from accounts.models import User
name, done, errors = sys.argv[1], 0, 0
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
folder = pathlib.Path(settings.MEDIA_ROOT) / "answers" / name
folder.mkdir(parents=True, exist_ok=True)
while not stop.is_set():
    done += 1
    mark, old = f"{name}-{done}", f"{name}-{done - 20}"
    try:
        (folder / mark).write_bytes(hashlib.sha256(mark.encode()).digest() * 50)
        with transaction.atomic():
            for side in "ab":
                User(email=f"{mark}.{side}@example.org", password="!", name=mark).save()
        if done > 20 and done % 3 == 0:
            with transaction.atomic():
                User.objects.filter(name=old).delete()
            (folder / old).unlink()
    except Exception as error:
        errors += 1
        print(type(error).__name__, error, flush=True)
    if done == 40:
        print("began", flush=True)
    stop.wait(0.01)
print("done", done, "errors", errors, flush=True)
"""


def start_writer(site, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, name],
        env=site.environment() | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_backup_under_load_comes_back_as_it_was_and_is_brought_to_this_version(site):
    site.manage("migrate", "contributions", "0006", "-v0")
    writers = [start_writer(site, name) for name in ("one", "two")]
    try:
        for writer in writers:
            assert writer.stdout.readline() == "began\n"
        site.manage("backup")
        path = site.the_backup()
        assert "has the database open" in site.refused("restore", str(path), "--yes-replace")
    finally:
        ends = [writer.communicate(timeout=60)[0] for writer in writers]
    for writer, end in zip(writers, ends, strict=True):
        assert writer.returncode == 0
        assert re.fullmatch(r"done \d+ errors 0\n", end), end
    assert path.stat().st_mode & 0o777 == 0o600
    later = site.rows()
    (site.files / "stray").write_bytes(b"came after the backup")

    said = site.manage("restore", str(path), "--yes-replace", "--without-backup")

    assert re.search(r"\b\d+ migrations have brought it to this version", said)
    assert re.search(r"\d+ accounts were deleted after this backup, and are back: \d+", said)
    restored = site.rows()
    people = site.statement("SELECT name FROM accounts_user")
    # Of one moment: of each pair both are there or neither, and with them the file, to the last byte.
    assert set(Counter(people).values()) == {2}
    assert len(people) < len(later["accounts_user"])
    for (mark,) in people:
        file = site.files / "answers" / mark.partition("-")[0] / mark
        assert file.read_bytes() == hashlib.sha256(mark.encode()).digest() * 50
    assert not (site.files / "stray").exists()
    # Row by row: what was not deleted since is what it is in the database that was copied.
    kept = {row[0]: row for row in later["accounts_user"]}
    assert all(kept[row[0]] == row for row in restored["accounts_user"] if row[0] in kept)
    for table in later.keys() - {
        "accounts_user",
        "accounts_auditentry",
        "django_migrations",
        "django_content_type",
        "auth_permission",
    }:
        assert restored[table] == later[table], table
