"""Looks at the running site: database, folders, disk, mail, web server, workers, backups, clock. Each gives what it finds."""

import datetime
import shutil
import smtplib
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from background.models import TaskRun
from background.overview import overview
from background.trouble import DATABASE_ERRORS, in_words
from operations.backup import BackupError, last_backup
from operations.backup.places import folders
from operations.backup.programs import program
from operations.room import cache_keeps

Findings = Iterator[tuple[int, str, str]]

#: A site is backed up every night; one night may be missed.
OLDEST_BACKUP = datetime.timedelta(hours=50)
LEAST_FREE, LEAST_SHARE = 1_000_000_000, 0.1
#: Seconds that a server elsewhere may take.
PATIENCE = 10
#: Seconds that clocks of two machines may differ.
DRIFT = 30
#: File systems over a network, on which SQLite's locks do not hold.
NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "glusterfs", "ceph"}


def at_database() -> Findings:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DATABASE_ERRORS as error:
        yield 101, f"The database is not available: {in_words(error)}.", "Look at DATABASE_URL, and whether its server runs."
        return
    if connection.vendor == "sqlite":
        kind = filesystem_of(Path(connection.settings_dict["NAME"]))
        if kind in NETWORK:
            yield (
                102,
                f"SQLite's file lies on a network share ({kind}), where its locks do not hold: it will break.",
                "Put it on a disk of this machine, or use PostgreSQL.",
            )
        return
    try:
        program("pg_dump", at_least=connection.pg_version // 10_000)  # type: ignore[attr-defined]
    except BackupError as error:
        yield 20, f"The site cannot be backed up from this machine: {error}", "Backups can also be made where it is installed."


def at_migrations() -> Findings:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        yield 103, f"{len(waiting)} migrations have not run.", "Run manage.py migrate, then restart web server and workers."
        return
    try:
        kept = cache_keeps()
    except Exception as error:
        yield (
            104,
            f"The cache does not work ({type(error).__name__}), and with it no log-in.",
            "Look at CACHE_URL; a table is made by manage.py migrate.",
        )
        return
    if not kept:
        yield (
            21,
            "The cache keeps nothing, so nobody can log in.",
            "Look at CACHE_URL, and at the disk of the database where it is kept there.",
        )


def at_background() -> Findings:
    found = overview()
    for number, problem in enumerate(found.problems):
        hint = "docs/how-to/operate-background-tasks.md says how to find out more."
        yield 30 if number or found.alive else 31, problem, hint


def at_people() -> Findings:
    operators = get_user_model()._base_manager.filter(is_superuser=True, is_active=True)
    if not operators.exists():
        yield 32, "The site has no operator.", "Make an account for one: manage.py createsuperuser."


def at_clock() -> Findings:
    """Against the database server's, where that is another machine's; and against what was written here before."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())")
            theirs = float(cursor.fetchone()[0])
        if (apart := abs(theirs - time.time())) > DRIFT:
            yield (
                33,
                f"The clocks of this machine and of the database are {apart:.0f} seconds apart.",
                "Let both keep time by NTP (timedatectl).",
            )
    latest = TaskRun.objects.order_by("-pk").values_list("queued_at", flat=True).first()
    if latest and latest > timezone.now() + datetime.timedelta(minutes=5):
        yield (
            34,
            "Tasks were queued in the future: the clock has been set back.",
            "Let the machine keep time by NTP (timedatectl).",
        )


def at_folders() -> Findings:
    for name, place in (
        ("MEDIA_ROOT", settings.MEDIA_ROOT),
        ("BACKUP_FOLDER", settings.BACKUP_FOLDER),
        ("WEBHOOK_SPOOL", settings.WEBHOOK_SPOOL),
    ):
        if not place:
            continue
        try:
            Path(place).mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=place, prefix=".check-"):
                pass
        except OSError as error:
            yield (
                105 if name == "MEDIA_ROOT" else 35,
                f"{name} ({place}) cannot be written: {error.strerror}.",
                "Let it belong to the user that runs the site, and run this check as that user.",
            )
            continue
        if Path(place).stat().st_mode & 0o007:
            yield 36, f"{name} ({place}) is open to every user of this machine.", f"chmod o= {place}"
    for folder in folders():
        root = folder.path()
        if root is not None and (root / ".before-restore").exists():
            yield 37, "A restore was broken off.", "Run manage.py restore again: it begins by putting things back."


def at_disk() -> Findings:
    places = {"uploaded files": settings.MEDIA_ROOT, "backups": settings.BACKUP_FOLDER}
    if connection.vendor == "sqlite" and not connection.is_in_memory_db():  # type: ignore[attr-defined]
        places["the database"] = Path(connection.settings_dict["NAME"]).parent
    seen = set()
    for what, place in places.items():
        path = existing(Path(place))
        if (device := path.stat().st_dev) in seen:
            continue
        seen.add(device)
        usage = shutil.disk_usage(path)
        if usage.free < LEAST_FREE or (usage.free < usage.total * LEAST_SHARE and usage.free < 20 * LEAST_FREE):
            yield (
                38,
                f"The disk with {what} has {usage.free / 1e9:.1f} GB left, of {usage.total / 1e9:.0f}.",
                "Make room: a full disk stops the site. Fewer backups may be kept (manage.py backup --keep).",
            )


def at_static() -> Findings:
    if settings.WHITENOISE_USE_FINDERS:
        return
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if not manifest.exists():
        yield 106, "Stylesheets and scripts are not collected, so no page works.", "Run manage.py collectstatic --no-input."
        return
    newest = max(
        (path.stat().st_mtime for folder in settings.STATICFILES_DIRS for path in Path(folder).rglob("*") if path.is_file()),
        default=0,
    )
    if newest > manifest.stat().st_mtime:
        yield (
            39,
            "Stylesheets or scripts are newer than what was collected.",
            "Run manage.py collectstatic --no-input, then restart the web server.",
        )


def at_backups() -> Findings:
    found = last_backup()
    if found is None:
        yield 40, "No backup was ever made on this machine.", "Run manage.py backup each night: docs/how-to/deploy.md."
    elif (age := timezone.now() - found.at) > OLDEST_BACKUP:
        yield (
            41,
            f"The last backup was made {age.days} days ago.",
            "Look why: journalctl -u cohorts-backup, or run manage.py backup.",
        )


def at_mail() -> Findings:
    """Connects and logs in as sending would, and sends nothing."""
    options = settings.MAILERS["default"].get("OPTIONS", {})
    host = options.get("host")
    if not host or not settings.MAILERS["default"]["BACKEND"].endswith("EmailBackend"):
        return
    hint = "Look at EMAIL_URL; manage.py sendtestemail ADDRESS sends one."
    port = options.get("port") or (465 if options.get("use_ssl") else 25)
    kind = smtplib.SMTP_SSL if options.get("use_ssl") else smtplib.SMTP
    try:
        with kind(host, port, timeout=PATIENCE) as server:
            server.ehlo()
            if options.get("use_tls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if options.get("username"):
                server.login(options["username"], options.get("password", ""))
    except smtplib.SMTPAuthenticationError:
        yield 42, f"The mail server {host} does not take the site's user name and password.", hint
    except (OSError, smtplib.SMTPException) as error:
        yield 42, f"No mail goes out: the mail server {host}:{port} {_what_it_did(error)} ({type(error).__name__}).", hint


def _what_it_did(error: Exception) -> str:
    """The rest of a sentence that begins with the server."""
    if isinstance(error, socket.gaierror):
        return "is not known by this name"
    if isinstance(error, ssl.SSLError):
        return "has no certificate that holds for this name, or speaks no TLS on this port"
    if isinstance(error, ConnectionRefusedError):
        return "takes no connection on this port"
    if isinstance(error, TimeoutError):
        return f"does not answer within {PATIENCE} seconds (the provider of this machine may block the port)"
    return "does not do what it should"


def at_web() -> Findings:
    """Whether the site answers under its own address, with a certificate that holds."""
    if settings.DEBUG or settings.DEMO:
        return
    address = f"{settings.SITE_URL}/"
    hint = "Look at the web server in front, at SITE_URL and at the certificate. (A machine that cannot see itself from outside says this too.)"
    try:
        answer = httpx.get(address, timeout=PATIENCE, follow_redirects=False)
    except httpx.HTTPError as error:
        yield 43, f"{address} cannot be reached from here ({type(error).__name__}).", hint
        return
    if answer.status_code in {301, 302, 307, 308}:
        yield (
            44,
            f"{address} sends visitors elsewhere: to {answer.headers.get('location', 'nowhere')[:200]}.",
            "Let the web server set X-Forwarded-Proto, and set TRUSTED_PROXIES=1.",
        )
    elif answer.status_code == 400:
        yield (
            45,
            f"{address} is refused: its name is not in ALLOWED_HOSTS, or the web server does not pass it on.",
            "Let it pass on Host.",
        )
    elif answer.status_code != 200:
        yield 46, f"{address} answers {answer.status_code}.", hint


def existing(path: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    while not path.exists():
        path = path.parent
    return path


def filesystem_of(path: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """The kind of file system that `path` lies on, as Linux names it; empty where that cannot be told."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return ""
    found = ("", "")
    for line in lines:
        _device, where, kind, *_rest = line.split()
        if path.is_relative_to(where) and len(where) >= len(found[0]):
            found = (where, kind)
    return found[1]
