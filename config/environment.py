"""Settings read from environment variables, with a clear error that names the variable.

django-environ parses; this module adds what it leaves out: a check of every value, all in one line a person can act on.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured


class SettingError(ImproperlyConfigured):
    """A variable is missing or holds a value that cannot be used. The text is one line and names the variable."""


class Environment:
    """Typed reading of a mapping of variables (default: `os.environ`).

    Every method takes the variable's name and raises `SettingError` for a value of the wrong form. An empty value counts as unset.
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
        if not value.isdigit():
            raise SettingError(f"{name} must be a whole number, not “{value}”.")
        return int(value)

    def words(self, name: str) -> list[str]:
        """A comma-separated list; blanks are left out."""
        return [part.strip() for part in self.text(name).split(",") if part.strip()]

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise SettingError(f"{name} must be one of {', '.join(choices)}, not “{value}”.")
        return value

    def origin(self, name: str, default: str) -> str:
        """An http or https address with a host and no query, without its trailing slash."""
        value = self.text(name, default).rstrip("/")
        parts = self._split(name, value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
            raise SettingError(f"{name} must be an address such as {default or 'https://example.org'}, not “{value}”.")
        return value

    def origins(self, name: str) -> list[str]:
        """A comma-separated list of origins such as `https://example.org`."""
        found = self.words(name)
        for value in found:
            parts = self._split(name, value)
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/"):
                raise SettingError(f"{name} must list origins such as https://example.org, not “{value}”.")
        return found

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Django's entry for `sqlite:///path` or `postgres://user:password@host:port/name`."""
        value = self.text(name, default)
        scheme = value.partition(":")[0]
        if scheme not in {"sqlite", "postgres", "postgresql"}:
            raise SettingError(f"{name} must begin with sqlite:/// or postgres://, not “{scheme}:”.")
        return self._parsed(name, lambda: self.reader.db_url_config(value))

    def cache(self, name: str, default: str) -> dict[str, Any]:
        value = self.text(name, default)
        return self._parsed(name, lambda: self.reader.cache_url_config(value))

    def mailer(self, name: str, default: str) -> dict[str, Any]:
        """Django's `MAILERS` entry for `smtp://`, `smtp+tls://`, `smtp+ssl://`, `consolemail://`, `filemail:///folder` …"""
        value = self.text(name, default)
        backends = environ.Env.EMAIL_SCHEMES
        parts = self._split(name, value)
        if parts.scheme not in backends:
            raise SettingError(f"{name} must begin with one of {', '.join(sorted(backends))}, not “{parts.scheme}”.")
        backend = backends[parts.scheme]
        if parts.scheme == "filemail":
            return {"BACKEND": backend, "OPTIONS": {"file_path": unquote(parts.path)}}
        if not parts.scheme.startswith("smtp"):
            return {"BACKEND": backend}
        if not parts.hostname:
            raise SettingError(f"{name} must name a mail server, as in smtp+tls://user:password@mail.example.org:587.")
        try:
            port = parts.port
        except ValueError:
            raise SettingError(f"{name} must have a port that is a number.") from None
        options: dict[str, Any] = {"host": parts.hostname, "timeout": 30}
        if port:
            options["port"] = port
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
        return {"BACKEND": backend, "OPTIONS": options}

    def _split(self, name: str, value: str):
        try:
            return urlsplit(value)
        except ValueError as error:
            raise SettingError(f"{name} cannot be read as an address: {error}.") from None

    def _parsed(self, name: str, parse: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            parsed = parse()
        # The library raises many kinds of error for a malformed address; each means the same to the operator.
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise SettingError(f"{name} cannot be read: {reason}") from None
        if not parsed:
            raise SettingError(f"{name} cannot be read.")
        return parsed
