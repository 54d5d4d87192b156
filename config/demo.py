"""The environment of the demonstration, set before Django reads its settings.

Only what `manage.py demo` needs before settings can be loaded; the rest is the command itself.
"""

import argparse
import os
import secrets
import socket
import sys
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
#: Where everything of the demonstration lies; another place by COHORTS_DEMO_FOLDER, for tests.
FOLDER = Path(os.environ.get("COHORTS_DEMO_FOLDER") or BASE_DIR / "var" / "demo").resolve()
#: What visitors did in the sandbox GitHub, to be done again at the next start.
JOURNAL = FOLDER / "playground.jsonl"
HOST = "127.0.0.1"

#: Variables of a real installation that the demonstration must never use.
IGNORED = (
    "DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "MEDIA_ROOT", "TRUSTED_PROXIES", "CONTACT_EMAIL", "SENTRY_DSN", "CSRF_TRUSTED_ORIGINS",
    "SITE_NAME", "LANGUAGE_CODE", "DATABASE_URL", "CACHE_URL", "EMAIL_URL", "DEFAULT_FROM_EMAIL", "TASKS_BACKEND", "REDIS_URL", "TRAC_URL",
    "TRAC_API_URL", "GITLAB_URLS",
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The options of `manage.py demo`, shared with the command."""
    options = argparse.ArgumentParser(prog="manage.py demo", add_help=False)
    add_arguments(options)
    return options


def port_number(text: str) -> int:
    """A port that a site can have, and one above it for the sandbox."""
    if not text.isdigit() or not 1024 <= int(text) <= 65534:
        raise argparse.ArgumentTypeError(f"a port is a number from 1024 to 65534, not “{text}”")
    return int(text)


def add_arguments(options: argparse.ArgumentParser) -> None:
    options.add_argument("--port", type=port_number, default=8000, help="port of the site (default: 8000)")
    options.add_argument("--reset", action="store_true", help="forget everything and begin again")
    options.add_argument("--seed-only", action="store_true", help="make the database and the world, start nothing")


def prepare_environment(arguments: list[str]) -> None:
    """Point every setting at the demonstration, whatever the shell has set."""
    options, _ = parser().parse_known_args(arguments)
    for name in list(os.environ):
        if name in IGNORED or name.startswith("GITHUB_"):
            del os.environ[name]
    FOLDER.mkdir(parents=True, exist_ok=True)
    sandbox = f"http://{HOST}:{sandbox_port(options.port)}"
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "COHORTS_DEMO": "1",
        "SECRET_KEY": secret_key(),
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1],testserver",
        "DATABASE_URL": f"sqlite:///{FOLDER / 'db.sqlite3'}",
        "EMAIL_URL": f"filemail://{FOLDER / 'mail'}",
        "MEDIA_ROOT": str(FOLDER / "media"),
        "CONTACT_EMAIL": "hello@example.org",
        # The address that the command prints: links in mails lead there.
        "SITE_URL": f"http://localhost:{options.port}",
        "GITHUB_URL": sandbox,
        "GITHUB_API_URL": f"{sandbox}/api/v3",
        "GITHUB_TOKENS": "demonstration",
        "GITHUB_CLIENT_ID": "demonstration",
        "GITHUB_CLIENT_SECRET": "demonstration",
        "GITHUB_WEBHOOK_SECRETS": "demonstration",
        "TRAC_URL": f"{sandbox}/trac",
        "TRAC_API_URL": f"{sandbox}/trac/api",
        "DJANGO_RUNSERVER_HIDE_WARNING": "true",
        "PYTHONUNBUFFERED": "1",
    }


def secret_key() -> str:
    """A key of its own for this copy, kept so that a restart logs nobody out."""
    path = FOLDER / "secret_key"
    if not path.exists():
        path.write_text(secrets.token_urlsafe(48), encoding="ascii")
        path.chmod(0o600)
    return path.read_text(encoding="ascii").strip()


def sandbox_port(site_port: int) -> int:
    """The port after the site's for the sandbox GitHub, or any free one."""
    for port in (site_port + 1, 0):
        with socket.socket() as probe:
            if sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port if port < 65536 else 0))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise SystemExit("Cannot start: no port is free on this machine.")


def is_free(port: int) -> bool:
    """Whether the site can listen on this port."""
    with socket.socket() as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True
