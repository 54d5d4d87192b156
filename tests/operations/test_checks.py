"""What an operator is told: each finding with what to do, and a look that fails is one as well."""

import datetime
import os
import smtplib
import socket
import ssl
import types

import httpx2 as httpx
import pytest
from django.core.checks import Warning
from django.utils import timezone

from operations import room
from operations.backup.record import remember
from operations.checks import live, looks
from operations.checks.settings import check_settings


def numbers(look) -> set[int]:
    return {number for number, _text, _hint in look()}


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"MAILERS": {"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}}, 1),
        ({"DEFAULT_FROM_EMAIL": "Cohorts <cohorts@localhost>"}, 2),
        ({"CONTACT_EMAIL": ""}, 3),
        ({"TRUSTED_PROXIES": 0, "SECURE_SSL_REDIRECT": True}, 4),
        ({"GITHUB_TOKENS": [], "GITHUB_APP_ID": None}, 5),
        ({"SITE_URL": "http://cohorts.example.org"}, 6),
    ],
)
def test_each_setting_that_is_missing_is_told_with_what_to_do(settings, changes, number):
    complete = {
        "MAILERS": {"default": {"BACKEND": "accounts.mail_backend.EmailBackend", "OPTIONS": {"host": "mail.example.org"}}},
        "DEFAULT_FROM_EMAIL": "cohorts@example.org",
        "CONTACT_EMAIL": "cohorts@example.org",
        "TRUSTED_PROXIES": 1,
        "SECURE_SSL_REDIRECT": True,
        "GITHUB_TOKENS": ["x"],
        "SITE_URL": "https://cohorts.example.org",
    }
    for name, value in complete.items():
        setattr(settings, name, value)
    assert check_settings() == []
    for name, value in changes.items():
        setattr(settings, name, value)
    (found,) = check_settings()
    assert found.id == f"operations.W00{number}"
    assert isinstance(found, Warning)
    assert found.hint


def test_nothing_is_asked_unless_a_database_is_named():
    assert live.check_what_runs() == []


def test_a_look_that_fails_is_a_finding_and_the_others_go_on(monkeypatch, caplog):
    def at_stars():
        raise ValueError("no night")
        yield

    monkeypatch.setattr(live, "FIRST", (at_stars,))
    monkeypatch.setattr(live, "OTHERS", ())
    monkeypatch.setattr(live, "ALWAYS", (lambda: iter([(40, "No backup.", "Make one.")]),))
    found = live.check_what_runs(databases=["default"])
    assert [message.id for message in found] == ["operations.W099", "operations.W040"]
    assert "stars" in found[0].msg


def test_without_a_database_it_is_not_asked_again(monkeypatch):
    def asked():
        raise AssertionError("asked")

    monkeypatch.setattr(live, "FIRST", (lambda: iter([(101, "It is away.", "Start it.")]),))
    monkeypatch.setattr(live, "OTHERS", (asked,))
    monkeypatch.setattr(live, "ALWAYS", ())
    assert [message.id for message in live.check_what_runs(databases=["default"])] == ["operations.E101"]


def test_backups_that_stopped_are_told(settings, tmp_path):
    settings.BACKUP_FOLDER = tmp_path
    assert numbers(looks.at_backups) == {40}
    remember(timezone.now() - datetime.timedelta(days=4), 10)
    assert numbers(looks.at_backups) == {41}
    remember(timezone.now(), None)
    assert numbers(looks.at_backups) == set()
    (tmp_path / ".last-backup.json").write_text("{")
    assert numbers(looks.at_backups) == {40}
    # A backup in another folder is one also where this cannot be written down.
    settings.BACKUP_FOLDER = tmp_path / ".last-backup.json" / "folder"
    remember(timezone.now(), None)


def test_folders_that_others_read_or_nobody_writes_are_told(settings, tmp_path):
    settings.MEDIA_ROOT, settings.BACKUP_FOLDER, settings.WEBHOOK_SPOOL = tmp_path / "media", tmp_path / "backups", None
    assert numbers(looks.at_folders) == set()
    os.chmod(tmp_path / "backups", 0o755)
    assert numbers(looks.at_folders) == {36}
    (tmp_path / "file").write_text("")
    settings.MEDIA_ROOT = tmp_path / "file" / "media"
    assert numbers(looks.at_folders) == {36, 105}


def test_a_disk_that_fills_up_is_told_once(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT, settings.BACKUP_FOLDER = tmp_path / "a" / "b", tmp_path
    usage = types.SimpleNamespace(total=50e9, free=30e9)
    monkeypatch.setattr(looks.shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(looks, "connection", types.SimpleNamespace(vendor="postgresql"))
    assert numbers(looks.at_disk) == set()
    usage.free = 0.5e9
    assert len(list(looks.at_disk())) == 1


def test_health_says_which_disk_is_full_or_cannot_be_written(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path / "media"
    usage = types.SimpleNamespace(free=30e9)
    monkeypatch.setattr(room.shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(room, "connection", types.SimpleNamespace(vendor="postgresql"))
    assert room.check_disk() == ("ok", {"problems": []})
    settings.MEDIA_ROOT.mkdir()
    assert room.check_disk()[0] == "ok"
    usage.free = 5_000_000
    words = "The disk with uploaded files is full: 5 MB are left. Make room there."
    assert room.check_disk() == ("degraded", {"problems": [words]})
    monkeypatch.setattr(room.os, "access", lambda path, how: False)
    assert "cannot be written" in room.check_disk()[1]["problems"][0]


def test_stylesheets_of_an_older_version_are_told(settings, tmp_path):
    settings.WHITENOISE_USE_FINDERS, settings.STATIC_ROOT, settings.STATICFILES_DIRS = (
        False,
        tmp_path / "root",
        [tmp_path / "static"],
    )
    for name in ("root", "static"):
        (tmp_path / name).mkdir()
    assert numbers(looks.at_static) == {106}
    manifest, style = tmp_path / "root" / "staticfiles.json", tmp_path / "static" / "site.css"
    for path, at in ((style, 100), (manifest, 200)):
        path.write_text("")
        os.utime(path, (at, at))
    assert numbers(looks.at_static) == set()
    os.utime(style, (300, 300))
    assert numbers(looks.at_static) == {39}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, None),
        (smtplib.SMTPAuthenticationError(535, b"no"), "does not take the site's user name"),
        (ConnectionRefusedError(), "takes no connection on this port"),
        (socket.gaierror(), "is not known by this name"),
        (ssl.SSLError(), "has no certificate that holds"),
        (smtplib.SMTPServerDisconnected(), "does not do what it should (SMTPServerDisconnected)"),
        (TimeoutError(), "does not answer within 10 seconds"),
    ],
)
def test_the_mail_server_is_asked_and_nothing_is_sent(settings, monkeypatch, error, expected):
    options = {"host": "mail.example.org", "port": 587, "use_tls": True, "username": "me", "password": "SECRET"}
    settings.MAILERS = {"default": {"BACKEND": "accounts.mail_backend.EmailBackend", "OPTIONS": options}}

    class Server:
        def __init__(self, *arguments, **options):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return False

        def ehlo(self):
            pass

        def starttls(self, context):
            assert context.check_hostname

        def login(self, name, password):
            if error:
                raise error

    monkeypatch.setattr(looks.smtplib, "SMTP", Server)
    found = list(looks.at_mail())
    assert [number for number, _text, _hint in found] == ([42] if expected else [])
    assert not expected or expected in found[0][1]
    assert "SECRET" not in str(found)


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {}, set()),
        (301, {"location": "https://cohorts.example.org/"}, {44}),
        (400, {}, {45}),
        (502, {}, {46}),
        (None, {}, {43}),
    ],
)
def test_the_site_is_asked_under_its_own_address(settings, monkeypatch, status, headers, expected):
    settings.DEBUG, settings.DEMO, settings.SITE_URL = False, False, "https://cohorts.example.org"

    def get(address, **options):
        if status is None:
            raise httpx.ConnectError("no")
        return httpx.Response(status, headers=headers)

    monkeypatch.setattr(looks.httpx, "get", get)
    assert numbers(looks.at_web) == expected


def test_the_kind_of_a_disk_is_that_of_the_nearest_mount(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text("disk / ext4 rw 0 0\nserver:/share /srv/share nfs4 rw 0 0\nother /srv/sharedfolder xfs rw 0 0\n")
    assert looks.filesystem_of(tmp_path / "x", mounts) == "ext4"
    assert looks.filesystem_of(looks.Path("/srv/share/db.sqlite3"), mounts) in looks.NETWORK
    assert looks.filesystem_of(looks.Path("/srv/sharedfolder/db"), mounts) == "xfs"
    assert looks.filesystem_of(tmp_path, tmp_path / "none") == ""


@pytest.mark.django_db
def test_looks_at_the_database_of_this_run(settings, tmp_path):
    settings.POSTGRESQL_PROGRAMS = ""
    assert numbers(looks.at_database) <= {20}
    assert numbers(looks.at_migrations) == set()
    assert numbers(looks.at_people) == {32}
    assert numbers(looks.at_clock) == set()
    # No worker of a test run, and no schedule that one would have made.
    assert {31} <= numbers(looks.at_background) <= {30, 31}
