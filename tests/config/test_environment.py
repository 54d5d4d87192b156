"""Settings from the environment: a wrong value stops the start with one line that names the variable."""

import importlib.util
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from config.environment import Environment, SettingError

PRODUCTION = {
    "SECRET_KEY": "kq8Zs3vXn2Lw9Ty6Rb4Mf7Hd1Jc5Pg0UeAaIiOoQqVvWwXxYyZz12",
    "ALLOWED_HOSTS": "cohorts.example.org",
    "DATABASE_URL": "sqlite:////tmp/cohorts-settings-test/db.sqlite3",
}
#: What docs/how-to/deploy.md asks for.
COMPLETE = PRODUCTION | {
    "CONTACT_EMAIL": "cohorts@example.org",
    "DEFAULT_FROM_EMAIL": "Cohorts <cohorts@example.org>",
    "TRUSTED_PROXIES": "1",
    "GITHUB_TOKENS": "a-token",
}
PEM = "-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----"


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHONWARNINGS": "ignore", **variables}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def environment(**variables: str) -> Environment:
    return Environment(variables)


class TestStart:
    """Through the real command, since only that shows what an operator sees."""

    @pytest.mark.parametrize(
        ("variables", "named"),
        [
            ({}, "SECRET_KEY"),
            ({"SECRET_KEY": "x"}, "ALLOWED_HOSTS"),
            (PRODUCTION | {"TASKS_BACKEND": "rabbit"}, "TASKS_BACKEND"),
            (PRODUCTION | {"TASKS_BACKEND": "huey"}, "REDIS_URL"),
            (PRODUCTION | {"TASKS_BACKEND": "celery"}, "REDIS_URL"),
            (PRODUCTION | {"TASKS_BACKEND": "celery", "REDIS_URL": "http://:SECRET@localhost"}, "REDIS_URL"),
            (PRODUCTION | {"GITHUB_CLIENT_ID": "x"}, "GITHUB_CLIENT_SECRET"),
            (PRODUCTION | {"GITHUB_APP_ID": "1"}, "GITHUB_APP_PRIVATE_KEY"),
            (PRODUCTION | {"GITHUB_APP_PRIVATE_KEY": PEM}, "GITHUB_APP_ID"),
            (PRODUCTION | {"METRICS_TOKEN": "short"}, "METRICS_TOKEN"),
            (PRODUCTION | {"BACKUP_FOLDER": "staticfiles/backups"}, "BACKUP_FOLDER"),
            (PRODUCTION | {"DATABASE_URL": "sqlite:////dev/null/db.sqlite3"}, "DATABASE_URL"),
            (PRODUCTION | {"MEDIA_ROOT": "staticfiles/files"}, "MEDIA_ROOT"),
        ],
    )
    def test_a_wrong_value_is_one_line_that_names_the_variable(self, variables, named):
        done = manage("check", **variables)
        assert done.returncode != 0
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"Cannot start: {named}")
        assert "SECRET@" not in line

    @pytest.mark.parametrize("engine", ["huey", "celery"])
    def test_another_engine_is_a_setting(self, engine):
        """No Redis has to answer for the site to start: what is queued meanwhile waits in the database."""
        variables = COMPLETE | {"TASKS_BACKEND": engine, "REDIS_URL": "redis://localhost:1/0"}
        done = manage("check", "--deploy", "--fail-level", "WARNING", **variables)
        assert done.returncode == 0, done.stderr

    @pytest.mark.parametrize("variables", [{"DEBUG": "1"}, PRODUCTION, PRODUCTION | {"DEBUG": ""}])
    def test_these_are_enough(self, variables):
        assert manage("check", **variables).returncode == 0


READERS = {
    "DEBUG": lambda env: env.flag("DEBUG"),
    "ALLOWED_HOSTS": lambda env: env.hosts("ALLOWED_HOSTS"),
    "DATABASE_URL": lambda env: env.database("DATABASE_URL", ""),
    "CACHE_URL": lambda env: env.cache("CACHE_URL", ""),
    "EMAIL_URL": lambda env: env.mailer("EMAIL_URL", ""),
    "CONTACT_EMAIL": lambda env: env.email("CONTACT_EMAIL"),
    "DEFAULT_FROM_EMAIL": lambda env: env.email("DEFAULT_FROM_EMAIL", with_name=True),
    "CSRF_TRUSTED_ORIGINS": lambda env: env.origins("CSRF_TRUSTED_ORIGINS"),
    "TRUSTED_PROXIES": lambda env: env.whole("TRUSTED_PROXIES"),
    "GITHUB_URL": lambda env: env.origin("GITHUB_URL", "https://github.com"),
    "GITLAB_TOKENS": lambda env: env.secrets_by_origin("GITLAB_TOKENS", ["https://gitlab.com", "https://gitlab.example.org/git"]),
    "SENTRY_DSN": lambda env: env.origin("SENTRY_DSN", "", user=True),
    "REDIS_URL": lambda env: env.redis("REDIS_URL"),
    "LOG_LEVEL": lambda env: env.choice("LOG_LEVEL", ("INFO", "ERROR"), "INFO"),
    "GITHUB_APP_PRIVATE_KEY": lambda env: env.private_key("GITHUB_APP_PRIVATE_KEY"),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("ALLOWED_HOSTS", "https://cohorts.example.org"),
        ("ALLOWED_HOSTS", "cohorts.example.org:8000"),
        ("ALLOWED_HOSTS", "one.example.org two.example.org"),
        ("DATABASE_URL", "mysql://user:SECRET@host/name"),
        ("DATABASE_URL", "postgres://user:SECRET@host"),
        ("DATABASE_URL", "postgres://user:SECRET@host/a/b"),
        ("DATABASE_URL", "postgres://user:SE#SECRET@host/name"),
        ("DATABASE_URL", "postgres://user:SECRET@host:port/name"),
        ("DATABASE_URL", "postgres://user:SECRET@host:0/name"),
        ("DATABASE_URL", "postgres://user:SECRET@[host/name"),
        ("DATABASE_URL", "sqlite://db.sqlite3"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:////var/lib/"),
        ("DATABASE_URL", "/var/lib/db.sqlite3"),
        ("CACHE_URL", "nope://x"),
        ("CACHE_URL", "redis://"),
        ("CACHE_URL", "redis://:SECRET@host:port/1"),
        ("CACHE_URL", "dbcache://"),
        ("CACHE_URL", "filecache:///"),
        ("EMAIL_URL", "mail.example.org"),
        ("EMAIL_URL", "smtp://"),
        ("EMAIL_URL", "smtp://user:SECRET@mail.example.org:port"),
        ("EMAIL_URL", "smtp://user:SE#SECRET@mail.example.org"),
        ("EMAIL_URL", "smtp://mail.example.org?timeout=long"),
        ("EMAIL_URL", "anymail+postmark://"),
        ("EMAIL_URL", "anymail+mailjet://SECRET@"),
        ("EMAIL_URL", "anymail+unknown://SECRET@"),
        ("EMAIL_URL", "anymail+postmark://SECRET@mail.example.org"),
        ("EMAIL_URL", "anymail+postmark://SECRET@?timeout=3"),
        ("EMAIL_URL", "smtp://mail.example.org?timeout=0"),
        ("EMAIL_URL", "smtp://mail.example.org?timeout=600"),
        ("EMAIL_URL", "smtp://mail.example.org?tls=1"),
        ("CONTACT_EMAIL", "us"),
        ("CONTACT_EMAIL", "Us <us@example.org>"),
        ("DEFAULT_FROM_EMAIL", "Us"),
        ("CSRF_TRUSTED_ORIGINS", "example.org"),
        ("CSRF_TRUSTED_ORIGINS", "https://example.org/path"),
        ("CSRF_TRUSTED_ORIGINS", "https://[example.org"),
        ("TRUSTED_PROXIES", "one"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "²"),
        ("TRUSTED_PROXIES", "1" * 5000),
        ("GITHUB_URL", "github.com"),
        ("GITHUB_URL", "ftp://github.com"),
        ("GITHUB_URL", "https://user:SECRET@github.com"),
        ("GITHUB_URL", "https://SECRET@github.com"),
        ("GITHUB_URL", "https://github.com/?a=b"),
        ("GITHUB_URL", "https://github.com:port"),
        ("SENTRY_DSN", "key@sentry.example.org"),
        ("SENTRY_DSN", "https://key:SECRET@sentry.example.org/1"),
        ("GITLAB_TOKENS", "SECRET"),
        ("GITLAB_TOKENS", "https://gitlab.com="),
        ("GITLAB_TOKENS", "https://elsewhere.example.org=SECRET"),
        ("REDIS_URL", "host:6379"),
        ("LOG_LEVEL", "loud"),
        ("GITHUB_APP_PRIVATE_KEY", "SECRET"),
        ("GITHUB_APP_PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----\nSECRET"),
    ],
)
def test_a_wrong_value_is_told_in_one_line_without_secrets(name, value):
    with pytest.raises(SettingError) as error:
        READERS[name](environment(**{name: value}))
    text = str(error.value)
    assert text.startswith(name)
    assert "\n" not in text
    assert "SECRET" not in text


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DEBUG", "ON", True),
        ("DEBUG", "no", False),
        ("DEBUG", " ", False),
        ("ALLOWED_HOSTS", " a.example.org, .example.org ,[::1],", ["a.example.org", ".example.org", "[::1]"]),
        ("CONTACT_EMAIL", "us@example.org", "us@example.org"),
        ("DEFAULT_FROM_EMAIL", "Us <us@example.org>", "Us <us@example.org>"),
        (
            "CSRF_TRUSTED_ORIGINS",
            "https://a.example.org,https://*.example.org",
            ["https://a.example.org", "https://*.example.org"],
        ),
        ("TRUSTED_PROXIES", "2", 2),
        ("TRUSTED_PROXIES", "", None),
        ("GITHUB_URL", "https://git.example.com:8443/", "https://git.example.com:8443"),
        ("GITHUB_URL", "", "https://github.com"),
        ("SENTRY_DSN", "https://key@sentry.example.org/1", "https://key@sentry.example.org/1"),
        ("SENTRY_DSN", "", ""),
        ("REDIS_URL", "redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("LOG_LEVEL", "ERROR", "ERROR"),
        ("GITHUB_APP_PRIVATE_KEY", PEM, PEM.replace("\\n", "\n")),
        ("GITHUB_APP_PRIVATE_KEY", f"{PEM}\\n", PEM.replace("\\n", "\n")),
        ("DATABASE_URL", "sqlite:///var/db.sqlite3", {"ENGINE": "django.db.backends.sqlite3", "NAME": "var/db.sqlite3"}),
        ("DATABASE_URL", "sqlite:////srv/a%20b.sqlite3", {"ENGINE": "django.db.backends.sqlite3", "NAME": "/srv/a b.sqlite3"}),
        ("DATABASE_URL", "sqlite://:memory:", {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}),
        (
            "DATABASE_URL",
            "postgresql://us%40er:p%23%2Fw@db.example.org:5433/name?sslmode=require",
            {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": "name",
                "USER": "us@er",
                "PASSWORD": "p#/w",
                "HOST": "db.example.org",
                "PORT": 5433,
                "OPTIONS": {"connect_timeout": "10", "sslmode": "require"},
            },
        ),
        (
            "DATABASE_URL",
            "postgres:///name",
            {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": "name",
                "USER": "",
                "PASSWORD": "",
                "HOST": "",
                "PORT": "",
                "OPTIONS": {"connect_timeout": "10"},
            },
        ),
        (
            "EMAIL_URL",
            "smtp+tls://us%40er:p%23w@mail.example.org:587?timeout=5",
            {
                "BACKEND": "accounts.mail_backend.EmailBackend",
                "OPTIONS": {
                    "host": "mail.example.org",
                    "timeout": 5,
                    "port": 587,
                    "username": "us@er",
                    "password": "p#w",
                    "use_tls": True,
                },
            },
        ),
        (
            "EMAIL_URL",
            "smtp+ssl://mail.example.org",
            {
                "BACKEND": "accounts.mail_backend.EmailBackend",
                "OPTIONS": {"host": "mail.example.org", "timeout": 30, "use_ssl": True},
            },
        ),
        (
            "EMAIL_URL",
            "filemail:///var/mail%20box",
            {"BACKEND": "django.core.mail.backends.filebased.EmailBackend", "OPTIONS": {"file_path": "/var/mail box"}},
        ),
        ("EMAIL_URL", "consolemail://", {"BACKEND": "django.core.mail.backends.console.EmailBackend"}),
        ("GITLAB_TOKENS", "", {}),
        (
            "GITLAB_TOKENS",
            "https://gitlab.com/=one, https://gitlab.example.org/git=two",
            {"https://gitlab.com": "one", "https://gitlab.example.org/git": "two"},
        ),
    ],
)
def test_a_right_value_is_read(name, value, expected):
    assert READERS[name](environment(**{name: value})) == expected


@pytest.mark.parametrize(
    ("value", "backend"),
    [
        ("locmemcache://", "django.core.cache.backends.locmem.LocMemCache"),
        ("dbcache://cache", "django.core.cache.backends.db.DatabaseCache"),
        ("filecache:///var/cache/cohorts", "django.core.cache.backends.filebased.FileBasedCache"),
        ("dummycache://", "django.core.cache.backends.dummy.DummyCache"),
    ],
)
def test_caches(value, backend):
    assert READERS["CACHE_URL"](environment(CACHE_URL=value))["BACKEND"] == backend


def test_redis_as_cache_needs_its_package(monkeypatch):
    monkeypatch.setattr("config.environment.importlib.util.find_spec", lambda name: None)
    with pytest.raises(SettingError, match="CACHE_URL asks for Redis"):
        READERS["CACHE_URL"](environment(CACHE_URL="redis://localhost/1"))
    monkeypatch.setattr("config.environment.importlib.util.find_spec", lambda name: object())
    found = READERS["CACHE_URL"](environment(CACHE_URL="rediss://:p@localhost:6380/1"))
    assert found == {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "rediss://:p@localhost:6380/1",
    }


@pytest.mark.parametrize(
    ("value", "options"),
    [
        ("anymail+postmark://t%2Fk@", {"provider": "postmark", "server_token": "t/k"}),
        ("anymail+mailjet://a:b@", {"provider": "mailjet", "api_key": "a", "secret_key": "b"}),
        (
            "anymail+mailgun://k@mg.example.org?api_url=https://api.eu.mailgun.net/v3",
            {
                "provider": "mailgun",
                "api_key": "k",
                "sender_domain": "mg.example.org",
                "api_url": "https://api.eu.mailgun.net/v3",
            },
        ),
    ],
)
def test_a_provider_s_own_interface(value, options):
    found = READERS["EMAIL_URL"](environment(EMAIL_URL=value))
    assert found == {"BACKEND": "accounts.provider_mail.EmailBackend", "OPTIONS": options}
    # It can be made of them, as when the first mail goes out.
    import_string(found["BACKEND"])(alias="default", **options)


@pytest.mark.parametrize(
    ("variables", "default", "expected"),
    [
        ({}, "postmark", ("", {})),
        ({"SECRETS": "a:" + "x" * 12}, "postmark", ("postmark", {"WEBHOOK_SECRET": ["a:" + "x" * 12]})),
        (
            {"SECRETS": "a:" + "x" * 12, "WHO": "mailgun", "KEY": "k"},
            "postmark",
            ("mailgun", {"WEBHOOK_SECRET": ["a:" + "x" * 12], "MAILGUN_WEBHOOK_SIGNING_KEY": "k"}),
        ),
        ({"SECRETS": "a:" + "x" * 12}, "", "WHO is required"),
        ({"SECRETS": "a:" + "x" * 12, "WHO": "mailgun"}, "", "KEY is required"),
        ({"SECRETS": "a:short", "WHO": "brevo"}, "", "12 letters"),
        ({"SECRETS": "x" * 20, "WHO": "brevo"}, "", "NAME:PASSWORD"),
        ({"WHO": "unknown"}, "", "WHO must be one of"),
    ],
)
def test_whose_words_on_mail_are_taken(variables, default, expected):
    def read():
        return environment(**variables).mail_events("WHO", "SECRETS", "KEY", default=default)

    if isinstance(expected, str):
        with pytest.raises(SettingError, match=expected):
            read()
    else:
        assert read() == expected


def test_what_is_required_says_why():
    with pytest.raises(SettingError, match="SECRET_KEY is required: a reason"):
        environment().required("SECRET_KEY", "a reason")
    assert environment(SECRET_KEY=" k ").required("SECRET_KEY", "a reason") == "k"


def test_words_are_split_at_commas():
    assert environment(GITHUB_TOKENS="a, b,,").words("GITHUB_TOKENS") == ["a", "b"]


def test_the_reference_names_every_variable_that_is_read():
    reference = (settings.BASE_DIR / "docs" / "reference" / "settings.md").read_text()
    source = (settings.BASE_DIR / "config" / "settings.py").read_text()
    import re

    names = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', source)) - {"COHORTS_DEMO"}
    assert len(names) > 20
    assert {name for name in names if f"`{name}`" not in reference} == set()


class TestEngines:
    def read(self, **variables: str) -> str:
        return Environment(variables).tasks("TASKS_BACKEND", redis="REDIS_URL")

    def test_the_database_needs_nothing(self):
        assert self.read() == "database"

    @pytest.mark.parametrize("engine", ["huey", "celery"])
    def test_a_missing_package_says_what_to_install(self, monkeypatch, engine):
        find_spec = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == engine else find_spec(name))
        with pytest.raises(SettingError, match=rf"^TASKS_BACKEND={engine} .*“{engine}”.* uv sync --no-dev --extra {engine}"):
            self.read(TASKS_BACKEND=engine, REDIS_URL="redis://localhost:6379/0")

    @pytest.mark.parametrize("engine", ["huey", "celery"])
    def test_a_missing_address_says_what_it_looks_like(self, engine):
        with pytest.raises(SettingError, match=r"^REDIS_URL is required: .*redis://host:6379/0"):
            self.read(TASKS_BACKEND=engine)

    @pytest.mark.parametrize("engine", ["huey", "celery"])
    def test_with_both_it_is_taken(self, engine):
        assert self.read(TASKS_BACKEND=engine, REDIS_URL="rediss://:SECRET@redis.example.org:6380/2") == engine
