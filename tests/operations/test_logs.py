"""The log as JSON: a line each, with the request's name, and without people."""

import json
import logging
import sys

import pytest
from django.test import Client

from accounts.logs import mask_tokens
from operations.logs import JsonLines
from operations.request_ids import HEADER


@pytest.fixture
def lines(monkeypatch):
    """What is logged in the test, as a collector would read it."""
    written = []

    class Handler(logging.Handler):
        def emit(self, record):
            written.append(self.format(record))

    handler = Handler()
    handler.setFormatter(JsonLines(mask_addresses=mask_tokens))
    root = logging.getLogger()
    root.addHandler(handler)
    requests = logging.getLogger("operations.requests")
    before = requests.level
    requests.setLevel(logging.INFO)
    monkeypatch.setattr(logging.getLogger("django"), "propagate", True)
    yield lambda: [json.loads(line) for line in written]
    root.removeHandler(handler)
    requests.setLevel(before)


@pytest.mark.django_db
def test_a_request_is_a_line_with_its_route_and_its_name(lines):
    answer = Client().get("/sessions/a-secret-name/?q=ada@example.org")
    (line,) = [line for line in lines() if line["logger"] == "operations.requests"]
    assert line.items() >= {"level": "INFO", "method": "GET", "route": "/sessions/<slug:slug>/", "status": 404}.items()
    assert line["request"] == answer[HEADER]
    assert line["time"].endswith("Z")
    assert "secret" not in json.dumps(lines())
    assert "ada@" not in json.dumps(lines())


@pytest.mark.parametrize(
    ("proxies", "given", "taken"),
    [
        (1, "0123456789abcdef", True),
        (0, "0123456789abcdef", False),
        (1, 'x" }\n{', False),
        (1, "a" * 65, False),
        (1, "short", False),
    ],
)
@pytest.mark.django_db
def test_only_a_proxy_of_ours_names_requests(settings, proxies, given, taken):
    settings.TRUSTED_PROXIES = proxies
    answer = Client().get("/healthz/nothing", headers={HEADER: given})
    assert (answer[HEADER] == given) is taken
    assert 8 <= len(answer[HEADER]) <= 64


def formatted(**changes) -> dict:
    record = logging.makeLogRecord({"name": "site", "levelname": "ERROR", "msg": "A line", "args": None} | changes)
    text = JsonLines(mask_addresses=mask_tokens).format(record)
    assert "\n" not in text
    return json.loads(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"msg": "Refused: %s", "args": ("Ada <ada@example.org>",)},
        {"msg": "GET /feeds/ada@example.org.ics"},
        {"msg": "two\nlines of ada@example.org"},
        {"msg": "too few: %s %s ada@example.org", "args": (1,)},
        {"msg": b"bytes of ada@example.org"},
    ],
)
def test_whatever_is_logged_becomes_one_line_without_people(changes):
    assert "ada@" not in formatted(**changes)["message"]


def test_an_error_has_its_kind_and_a_masked_traceback():
    try:
        raise ValueError("ada@example.org is wrong")
    except ValueError:
        line = formatted(exc_info=sys.exc_info(), status_code=500, people=["ada@example.org"])
    assert line["error"] == "builtins.ValueError"
    assert line["status_code"] == 500
    assert "test_logs.py" in line["traceback"]
    assert "ada@" not in json.dumps(line)
