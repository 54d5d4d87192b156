"""Settings of the tests: the site's own, with an environment of their own so that a developer's variables change nothing.

COHORTS_TEST_DATABASE_URL chooses the database (default: SQLite, in files that `tests/conftest.py` makes and removes); CI runs
the suite on PostgreSQL as well.
"""

import os
import tempfile

KEEP = (
    "PATH",
    "HOME",
    "LANG",
    "LC_",
    "PYTHON",
    "VIRTUAL_ENV",
    "UV",
    "SSL_CERT_",
    "COHORTS_TEST",
    "COHORTS_GITHUB_SCHEMAS",
    "COHORTS_GITHUB_WEBHOOKS",
    "TMP",
    "CI",
    "DJANGO_",
    "HYPOTHESIS_",
    "PYTEST",
    "COVERAGE",
    "COV_",
)
for name in list(os.environ):
    if not name.startswith(KEEP):
        del os.environ[name]
os.environ["DEBUG"] = "1"
os.environ["DATABASE_URL"] = os.environ.get("COHORTS_TEST_DATABASE_URL", "sqlite://:memory:")
# A folder of this process alone; `tests/conftest.py` removes it.
os.environ["MEDIA_ROOT"] = os.path.join(tempfile.gettempdir(), f"cohorts-test-media-{os.getpid()}")
os.environ["GITHUB_URL"] = "https://github.com"
os.environ["GITHUB_TOKENS"] = "test-token"
os.environ["GITHUB_CLIENT_ID"] = "test-client"
os.environ["GITHUB_CLIENT_SECRET"] = "test-secret"
os.environ["GITHUB_WEBHOOK_SECRETS"] = "It's a Secret to Everybody"

from config.settings import *  # noqa: F403
from config.settings import DATABASES

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # As in production, but a test's database is thrown away: nothing has to wait for the disk.
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"handlers": [], "level": "WARNING"}}
# False is allauth's word for none at all.
ACCOUNT_RATE_LIMITS = False  # type: ignore[assignment]
# Tests log people in by hand and fill forms in within no time. Those of the locks themselves close them: tests/accounts/test_access*.py.
MFA_REQUIRED_FOR_ROLES = False
PROOF_FOR_SENSITIVE_ACTIONS = False
SIGNUP_GUARD = False
LAST_SEEN_MINUTES = 0
GITHUB_CLIENT_GUARD = "contributions.github.guard.forbid_transactions"
# A delivery goes straight to the database, inside of the test's transaction. Tests of the spool have one of their own.
WEBHOOK_SPOOL = None  # type: ignore[assignment]
# Keeps what is queued, for the fixture `tasks`. Tests of the worker ask for `database_backend`.
TASKS = {"default": {"BACKEND": "background.testing.TestBackend", "QUEUES": []}}
