"""What reaches Sentry, seen by a transport in its place: that something went wrong and where, and nothing of whom it concerned."""

import json
import subprocess
import sys

from django.conf import settings

from operations.version import version
from tests.config.test_environment import PRODUCTION

#: A site with a page that fails; what would be sent is printed.
SITE = """
import json, sys
import sentry_sdk
from sentry_sdk.transport import Transport
class Kept(Transport):
    def __init__(self, options=None): super().__init__(options)
    def capture_envelope(self, envelope):
        for item in envelope.items:
            print(json.dumps({"type": item.type, "event": item.payload.json}), flush=True)
real = sentry_sdk.init
sentry_sdk.init = lambda **options: real(transport=Kept, **options)
import django
django.setup()
# Whether or not somebody has collected static files here.
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
import logging
from django.http import HttpResponse
from django.test import Client
from django.urls import path
import config.urls
def fail(request, key):
    body, words = request.POST.get("answer"), "SECRET-local"
    logging.getLogger("site").warning("Ada Lovelace <ada@example.org> came by")
    logging.getLogger("site").error("Refused for %s", "ada@example.org")
    raise ValueError(f"{body} of ada@example.org is wrong")
config.urls.urlpatterns.append(path("fail/<key>/", fail))
client = Client(raise_request_exception=False, headers={"cookie": "sessionid=SECRET-cookie", "authorization": "Bearer SECRET-token",
    "user-agent": "SECRET-browser"}, REMOTE_ADDR="203.0.113.9")
from unittest import mock
with mock.patch("django.contrib.sessions.middleware.SessionMiddleware.process_request", lambda self, request: setattr(request, "session", {})):
    client.post("/fail/SECRET-key/?q=SECRET-query", {"answer": "SECRET-answer ada@example.org"}, secure=True, headers={"host": "cohorts.example.org"})
sentry_sdk.flush()
"""


def test_an_error_tells_where_it_happened_and_nothing_of_whom():
    environment = PRODUCTION | {
        "SENTRY_DSN": "https://key@sentry.example.org/1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": "sqlite://:memory:",
        "CACHE_URL": "locmemcache://",
        "PYTHONWARNINGS": "ignore",
    }
    said = subprocess.run(
        [sys.executable, "-c", SITE],
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    sent = [json.loads(line) for line in said.stdout.splitlines()]
    assert {part["type"] for part in sent} == {"event"}, said.stdout
    errors = [part["event"] for part in sent if "exception" in part["event"]]
    assert [error["exception"]["values"][-1]["type"] for error in errors] == ["ValueError"]
    (error,) = errors
    assert error["exception"]["values"][-1]["stacktrace"]["frames"][-1]["function"] == "fail"
    assert error["tags"]["request_id"]
    assert error["release"] == version()
    assert error["request"].keys() <= {"method"}
    told = json.dumps(sent)
    for secret in ("SECRET", "ada@", "Lovelace", "203.0.113.9", "example.org/fail"):
        assert secret not in told, secret
    assert all(not part["event"].get("breadcrumbs", {}).get("values") for part in sent)
    for part in ("user", "server_name", "vars"):
        assert f'"{part}"' not in told, part
