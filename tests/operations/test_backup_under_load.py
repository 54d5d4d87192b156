"""A backup while others write, put back, and compared row by row and file by file: on SQLite and on PostgreSQL."""

import re
import subprocess
import time

import pytest

pytestmark = pytest.mark.real_process

#: Writes pairs of rows and a file to each, and deletes some, until its input ends; prints how often, and each error.
WRITER = """
import os, sys, threading, pathlib, uuid
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
    mark = f"{name}-{done}"
    try:
        (folder / mark).write_bytes(os.urandom(2000))
        with transaction.atomic():
            for side in "ab":
                User(email=f"{mark}.{side}@example.org", password="!", first_name=mark).save()
        if done % 3 == 0:
            with transaction.atomic():
                User.objects.filter(first_name=mark).delete()
            (folder / mark).unlink()
    except Exception as error:
        errors += 1
        print(type(error).__name__, error, flush=True)
    if done == 5:
        print("began", flush=True)
print("done", done, "errors", errors, flush=True)
"""


def start_writer(site, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*site_python(), "-c", WRITER, name],
        env=site.environment() | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def site_python() -> list[str]:
    import sys

    return [sys.executable]


def all_files(site) -> dict[str, bytes]:
    return {str(path.relative_to(site.files)): path.read_bytes() for path in site.files.rglob("*") if path.is_file()}


def test_a_backup_under_load_comes_back_as_it_was(site):
    writers = [start_writer(site, name) for name in ("one", "two")]
    try:
        for writer in writers:
            assert writer.stdout.readline() == "began\n"
        site.manage("backup")
        # What is written after it must not be in it.
        time.sleep(0.2)
    finally:
        for writer in writers:
            writer.stdin.close()
    ends = [writer.stdout.read() for writer in writers]
    for writer, end in zip(writers, ends, strict=True):
        assert writer.wait(60) == 0
        assert re.fullmatch(r"done \d+ errors 0\n", end), end
    path = site.the_backup()
    assert path.stat().st_mode & 0o777 == 0o600
    later = site.rows()

    said = site.manage("restore", str(path), "--yes-replace", "--without-backup")
    restored, files = site.rows(), all_files(site)
    people = restored["accounts_user"]
    assert 10 <= len(people) < len(later["accounts_user"]) + 100
    # Of one moment: each pair is whole or not there, and the file of each that is there came along.
    marks = {}
    for (mark,) in site.statement("SELECT first_name FROM accounts_user"):
        marks[mark] = marks.get(mark, 0) + 1
    assert set(marks.values()) == {2}
    assert {f"answers/{mark.partition('-')[0]}/{mark}" for mark in marks} <= files.keys()
    assert "rows" in said

    # And nothing is lost on the way: what is there now, through another backup and back, is the same to the last byte.
    path.unlink()
    site.manage("backup", "--keep", "1")
    site.statement("DELETE FROM accounts_user")
    for stray in ("answers/one/stray", "stray"):
        (site.files / stray).write_bytes(b"stray")
    site.manage("restore", str(site.the_backup()), "--yes-replace", "--without-backup")
    again = site.rows()
    # Each restore is noted in the log, which is all that differs.
    assert len(again.pop("accounts_auditentry")) == len(restored.pop("accounts_auditentry")) + 1
    assert again == restored
    assert all_files(site) == files
