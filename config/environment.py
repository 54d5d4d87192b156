"""Settings read from environment variables, with a clear error that names the variable.

Every value is checked, and what is wrong with it is one line that a person can act on. No error repeats a value that may hold
a password.
"""

import importlib.util
import os
from collections.abc import Collection, Mapping
from email.utils import parseaddr
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from . import mail_providers

#: Ours for SMTP: it knows whether a mail was handed over when a connection broke.
SMTP_BACKEND = "accounts.mail_backend.EmailBackend"
#: Longer, and a stalling server could keep a worker from noticing in time that its message was given up (`accounts.sending`).
LONGEST_MAIL_TIMEOUT = 60

#: What can run background tasks besides the database, and the Python packages that each needs.
ENGINES = {"huey": ("huey", "redis"), "celery": ("celery", "redis")}


class SettingError(ImproperlyConfigured):
    """A variable is missing or holds a value that cannot be used. The text is one line and names the variable."""


class Environment:
    """Typed reading of a mapping of variables (default: `os.environ`).

    Every method takes the variable's name and raises `SettingError` for a value of the wrong form. Empty counts as unset.
    """

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        source = os.environ if variables is None else variables
        self.variables = {name: value.strip() for name, value in source.items() if value.strip()}
        self.reader = environ.Env()
        self.reader.ENVIRON = self.variables

    def text(self, name: str, default: str = "") -> str:
        return self.variables.get(name, default)

    def required(self, name: str, why: str) -> str:
        value = self.text(name)
        if not value:
            raise SettingError(f"{name} is required: {why}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.text(name).lower()
        if not value:
            return default
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        raise SettingError(f"{name} must be 1 or 0, not “{value}”.")

    def whole(self, name: str, default: int | None = None) -> int | None:
        value = self.text(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit() and len(value) <= 9):
            raise SettingError(f"{name} must be a whole number, not “{value}”.")
        return int(value)

    def words(self, name: str) -> list[str]:
        """A comma-separated list; blanks are left out."""
        return [part.strip() for part in self.text(name).split(",") if part.strip()]

    def hosts(self, name: str) -> list[str]:
        """A comma-separated list of host names, such as `cohorts.example.org` or `.example.org`."""
        found = self.words(name)
        for value in found:
            if any(character in value for character in "/@ ") or (":" in value and not value.startswith("[")):
                raise SettingError(
                    f"{name} must list names such as cohorts.example.org, without https:// and port, not “{value}”."
                )
        return found

    def email(self, name: str, default: str = "", *, with_name: bool = False) -> str:
        """An email address; `with_name` allows `Cohorts <mail@example.org>` as well."""
        value = self.text(name, default)
        if value:
            try:
                validate_email(parseaddr(value)[1] if with_name else value)
            except ValidationError:
                raise SettingError(f"{name} must be an email address, not “{value}”.") from None
        return value

    def choice(self, name: str, choices: Collection[str], default: str) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise SettingError(f"{name} must be one of {', '.join(choices)}, not “{value}”.")
        return value

    def origin(self, name: str, default: str, *, user: bool = False) -> str:
        """An http or https address with a host and no query, without its trailing slash. `user` allows a user name in it."""
        value = self.text(name, default).rstrip("/")
        if not value:
            return ""
        parts = self._split(name, value)
        if parts.password is not None or (parts.username is not None and not user):
            raise SettingError(f"{name} must not hold a user name or a password.")
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.query
            or parts.fragment
            or not _port_is_fine(parts)
        ):
            raise SettingError(f"{name} must be an address such as {default or 'https://example.org'}, not “{value}”.")
        return value

    def origin_list(self, name: str, default: str) -> list[str]:
        """A comma-separated list of what `origin` takes."""
        return [type(self)({name: value}).origin(name, "") for value in self.words(name)] or [default]

    def secrets_by_origin(self, name: str, origins: Collection[str]) -> dict[str, str]:
        """A comma-separated list of `origin=secret`, each for one of `origins`. The error never shows a secret."""
        found = {}
        for value in self.words(name):
            origin, _equals, secret = value.rpartition("=")
            if origin.rstrip("/") not in origins or not secret:
                raise SettingError(f"{name} must list address=token, each with one of these addresses: {', '.join(origins)}.")
            found[origin.rstrip("/")] = secret
        return found

    def origins(self, name: str) -> list[str]:
        """A comma-separated list of origins such as `https://example.org`."""
        found = self.words(name)
        for value in found:
            parts = self._split(name, value)
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/") or "@" in parts.netloc:
                raise SettingError(f"{name} must list origins such as https://example.org, not “{value}”.")
        return found

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Django's entry for `sqlite:///path` or `postgres://user:password@host:port/name?option=value`.

        Two slashes more than in a web address begin a path: `sqlite:////var/lib/db.sqlite3` is absolute, with three slashes
        it is relative. The error never shows the value, since that may hold a password.
        """
        value = self.text(name, default)
        if value == "sqlite://:memory:":
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
        parts = self._split(name, value)
        if parts.scheme == "sqlite":
            if parts.netloc or len(parts.path) < 2 or parts.path.endswith("/"):
                raise SettingError(f"{name} must name a file, as in sqlite:////var/lib/cohorts/db.sqlite3.")
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": unquote(parts.path[1:])}
        if parts.scheme not in {"postgres", "postgresql"}:
            raise SettingError(f"{name} must begin with sqlite:/// or postgres://.")
        database = unquote(parts.path[1:])
        if not database or "/" in database or parts.fragment or not _port_is_fine(parts):
            raise SettingError(
                f"{name} must be like postgres://user:password@host:5432/name, with %23 for a # in the password,"
                " %2F for a / and %40 for an @."
            )
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": database,
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": parts.port or "",
            # Without a limit, a host that does not answer holds a request for minutes.
            "OPTIONS": {"connect_timeout": "10", **dict(parse_qsl(parts.query))},
        }

    def cache(self, name: str, default: str) -> dict[str, Any]:
        """Django's entry for `locmemcache://`, `dbcache://table`, `filecache:///folder` or `redis://host:port/number`."""
        value = self.text(name, default)
        parts = self._split(name, value)
        understood = ("locmemcache", "dbcache", "filecache", "dummycache", "redis", "rediss")
        if parts.scheme not in understood:
            raise SettingError(f"{name} must begin with one of {', '.join(understood)}, each followed by ://.")
        if parts.scheme in {"redis", "rediss"}:
            self.redis(name)
            if importlib.util.find_spec("redis") is None:
                raise SettingError(f"{name} asks for Redis, for which the Python package “redis” must be installed.")
            return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": value}
        if parts.scheme in {"dbcache", "filecache"} and not (parts.netloc or parts.path.strip("/")):
            raise SettingError(f"{name} must name a table (dbcache://table) or a folder (filecache:///folder).")
        return self.reader.cache_url_config(value)

    def redis(self, name: str) -> str:
        """The address of a Redis: `redis://host:6379/0`, or `rediss://` with TLS. Empty where unset."""
        value = self.text(name)
        if value:
            parts = self._split(name, value)
            if parts.scheme not in {"redis", "rediss"} or not parts.hostname or not _port_is_fine(parts):
                raise SettingError(f"{name} must be like redis://host:6379/0.")
        return value

    def tasks(self, name: str, *, redis: str) -> str:
        """What runs background tasks: `database`, or an engine that needs packages of its own and the Redis of `redis`."""
        value = self.choice(name, ("database", *ENGINES), "database")
        if value == "database":
            return value
        missing = [package for package in ENGINES[value] if importlib.util.find_spec(package) is None]
        if missing:
            raise SettingError(
                f"{name}={value} needs the Python package “{missing[0]}”, which is not installed:"
                f" run uv sync --no-dev --extra {value}, or leave {name} unset to run tasks from the database."
            )
        self.required(redis, f"{name}={value} keeps its queue in Redis; set {redis}=redis://host:6379/0.")
        self.redis(redis)
        return value

    def private_key(self, name: str) -> str:
        """A private key in PEM format; line breaks may be written as \\n."""
        value = self.text(name).replace("\\n", "\n").strip()
        if value and not (value.startswith("-----BEGIN ") and "PRIVATE KEY-----" in value and value.endswith("-----")):
            raise SettingError(f"{name} must be a private key in PEM format, from -----BEGIN to -----END with its last line.")
        return value

    def mailer(self, name: str, default: str) -> dict[str, Any]:
        """Django's `MAILERS` entry for `smtp://`, `smtp+tls://`, `smtp+ssl://`, `consolemail://`, `filemail:///folder` …

        And for `anymail+PROVIDER://KEY@`, with the provider's own interface.
        """
        value = self.text(name, default)
        backends = environ.Env.EMAIL_SCHEMES
        parts = self._split(name, value)
        if parts.scheme.startswith(mail_providers.SCHEME):
            return self._provider(name, parts)
        if parts.scheme not in backends:
            raise SettingError(f"{name} must begin with one of {', '.join(sorted(backends))}, not “{parts.scheme}”.")
        backend = backends[parts.scheme]
        if parts.scheme == "filemail":
            return {"BACKEND": backend, "OPTIONS": {"file_path": unquote(parts.path)}}
        if not parts.scheme.startswith("smtp"):
            return {"BACKEND": backend}
        if not parts.hostname:
            raise SettingError(f"{name} must name a mail server, as in smtp+tls://user:password@mail.example.org:587.")
        if not _port_is_fine(parts) or parts.fragment:
            raise SettingError(f"{name} must have a port that is a number; write a # in the password as %23.")
        options: dict[str, Any] = {"host": parts.hostname, "timeout": 30}
        if parts.port:
            options["port"] = parts.port
        if parts.username:
            options |= {"username": unquote(parts.username), "password": unquote(parts.password or "")}
        if parts.scheme in {"smtps", "smtp+tls"}:
            options["use_tls"] = True
        elif parts.scheme == "smtp+ssl":
            options["use_ssl"] = True
        for key, text in parse_qsl(parts.query):
            if key != "timeout" or not text.isdigit():
                raise SettingError(f"{name} understands ?timeout=SECONDS only, not “{key}”.")
            options["timeout"] = int(text)
            if not 1 <= options["timeout"] <= LONGEST_MAIL_TIMEOUT:
                raise SettingError(f"{name} must have a timeout from 1 to {LONGEST_MAIL_TIMEOUT} seconds.")
        return {"BACKEND": SMTP_BACKEND, "OPTIONS": options}

    def _provider(self, name: str, parts: SplitResult) -> dict[str, Any]:
        called = parts.scheme.removeprefix(mail_providers.SCHEME)
        known = mail_providers.PROVIDERS.get(called)
        if known is None:
            raise SettingError(f"{name} must name one of the providers {', '.join(mail_providers.PROVIDERS)}, not “{called}”.")
        self.needs_anymail(name)
        options: dict[str, Any] = {"provider": called}
        for key, text in zip(known.keys, (parts.username, parts.password), strict=False):
            if not text:
                example = ":".join(["KEY", "OTHER-KEY"][: len(known.keys)])
                raise SettingError(f"{name} must hold the provider's key: anymail+{called}://{example}@.")
            options[key] = unquote(text)
        if parts.hostname and not known.host:
            raise SettingError(f"{name} must end with the @ behind the key: anymail+{called}://KEY@.")
        if parts.hostname:
            options[known.host] = parts.hostname
        for key, text in parse_qsl(parts.query):
            if key not in mail_providers.OPTIONS:
                raise SettingError(f"{name} understands {' and '.join(mail_providers.OPTIONS)} after the ?, not “{key}”.")
            options[key] = text
        return {"BACKEND": mail_providers.BACKEND, "OPTIONS": options}

    def mail_events(self, provider: str, secrets: str, signing: str, *, default: str) -> tuple[str, dict[str, Any]]:
        """Whose words on sent mail are taken, and django-anymail's settings for it; empty where no secret is set.

        The arguments are the names of three variables; `default` is the provider that mail is sent through.
        """
        values = self.words(secrets)
        called = self.choice(provider, ("", *mail_providers.PROVIDERS), default)
        if not values:
            return "", {}
        if not called:
            raise SettingError(f"{provider} is required: {secrets} is set, and nothing says whose webhooks are to be taken.")
        if any(not user or len(password) < 12 for user, _colon, password in (value.partition(":") for value in values)):
            raise SettingError(f"{secrets} must list NAME:PASSWORD, each password with 12 letters or more.")
        if mail_providers.PROVIDERS[called].is_signed and not self.text(signing):
            raise SettingError(f"{signing} is required: the webhooks of {called} are taken only with its signature.")
        self.needs_anymail(provider)
        return called, mail_providers.webhook_settings(called, values, self.text(signing))

    @staticmethod
    def needs_anymail(name: str) -> None:
        if importlib.util.find_spec("anymail") is None:
            raise SettingError(
                f"{name} asks for a mail provider, for which the Python package “django-anymail” must be installed:"
                " run uv sync --no-dev --extra anymail."
            )

    def _split(self, name: str, value: str) -> SplitResult:
        try:
            return urlsplit(value)
        except ValueError:
            # Python's own words repeat parts of the value, which may hold a password.
            raise SettingError(f"{name} cannot be read as an address.") from None


def _port_is_fine(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False
