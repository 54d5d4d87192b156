"""A backup while others write, put back, and compared row by row and file by file: on SQLite and on PostgreSQL."""

import hashlib
import re
import subprocess
import sys
from collections import Counter

import pytest
from django.conf import settings

pytestmark = pytest.mark.real_process

#: Writes pairs of rows and a file to each, and deletes older ones, until its input ends; prints each error. A file lives for a day at
#: least on a real site, and here longer than a copy of the database takes, or the backup may rightly lack it.
WRITER = """
import hashlib, sys, threading, pathlib
import django
django.setup()
from django.conf import settings
from django.db import connection, transaction
from accounts.models import User
stop, errors = threading.Event(), []

def work(name):
    done = 0
    folder = pathlib.Path(settings.MEDIA_ROOT) / "answers" / name
    folder.mkdir(parents=True, exist_ok=True)
    while not stop.is_set():
        done += 1
        mark, old = f"{name}-{done}", f"{name}-{done - 60}"
        try:
            (folder / mark).write_bytes(hashlib.sha256(mark.encode()).digest() * 50)
            with transaction.atomic():
                for side in "ab":
                    User(email=f"{mark}.{side}@example.org", password="!", name=mark).save()
            if done > 60 and done % 3 == 0:
                with transaction.atomic():
                    User.objects.filter(name=old).delete()
                (folder / old).unlink()
        except Exception as error:
            errors.append(f"{type(error).__name__} {error}")
        if done == 80:
            print("began", flush=True)
        stop.wait(0.02)
    connection.close()

threads = [threading.Thread(target=work, args=[name]) for name in ("one", "two")]
for thread in threads:
    thread.start()
sys.stdin.read()
stop.set()
for thread in threads:
    thread.join()
print("errors", errors, flush=True)
"""


def test_a_backup_under_load_comes_back_as_it_was_and_is_brought_to_this_version(site):
    site.manage("migrate", "contributions", "0006", "-v0")
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER],
        env=site.environment() | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert [writer.stdout.readline() for _thread in range(2)] == ["began\n"] * 2
        site.manage("backup")
        path = site.the_backup()
    finally:
        end, _error = writer.communicate(timeout=60)
    assert (writer.returncode, end) == (0, "errors []\n")
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
