"""Switches that must not open a real installation, and what leaves the site with an error."""

import io
import json
import logging
import logging.config

import pytest

from accounts.logs import mask_event, mask_tokens
from config import settings

from .test_environment import PRODUCTION, manage

OUTSIDE = {"ALLOWED_HOSTS": "cohorts.example.org"}


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        (PRODUCTION | {"COHORTS_DEMO": "1"}, "COHORTS_DEMO"),
        ({"COHORTS_DEMO": "1", "ALLOWED_HOSTS": "*"}, "COHORTS_DEMO"),
        ({"COHORTS_DEMO": "1", "ALLOWED_HOSTS": "localhost,cohorts.example.org"}, "COHORTS_DEMO"),
        (OUTSIDE | {"DEBUG": "1"}, "SECRET_KEY"),
    ],
)
def test_the_switches_for_this_machine_do_not_open_an_installation(variables, named):
    done = manage("check", **variables)
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Cannot start: {named}")


def test_development_for_other_machines_needs_only_a_key_of_its_own():
    assert manage("check", DEBUG="1", SECRET_KEY=PRODUCTION["SECRET_KEY"], **OUTSIDE).returncode == 0


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET /feeds/SECRET.ics 200", "SECRET"),
        ("Not Found: /accounts/password/reset/key/1-SECRET/", "SECRET"),
        ("GET /volunteering/invitation/12.SECRET/ 200", "SECRET"),
        ("GET /accounts/github/login/callback/?code=SECRET&state=OTHER HTTP/1.1", "SECRET"),
        ("GET /accounts/github/login/callback/?code=OTHER&state=SECRET HTTP/1.1", "SECRET"),
    ],
)
def test_what_logs_in_is_masked_wherever_an_address_is_written_down(text, secret):
    assert secret not in mask_tokens(text)
    event = {"request": {"url": text, "query_string": "state=SECRET"}, "breadcrumbs": {"values": [{"message": text}]}, "n": 1}
    masked = mask_event(event, {})
    assert secret not in json.dumps(masked)
    assert masked["n"] == 1


def test_ordinary_addresses_stay_as_they_are():
    for text in ("/feeds/", "/accounts/password/reset/key/1-set-password/", "/applications/7/?q=code", "progress of 3"):
        assert mask_tokens(text) == text


def test_what_an_error_quotes_does_not_leave_the_site():
    event = {
        "event_id": "0123456789abcdef0123456789abcdef",
        "exception": {"values": [{"type": "SMTPRecipientsRefused", "value": "{'ada@example.org': (450, b'Ada')}"}]},
        "logentry": {"message": "500 for Ada Lovelace <ada@example.org>"},
    }
    masked = mask_event(event)
    assert masked["event_id"] == event["event_id"]
    assert masked["exception"]["values"][0]["type"] == "SMTPRecipientsRefused"
    assert "ada@" not in json.dumps(masked)
    assert "Lovelace" not in json.dumps(masked)


def test_tracebacks_in_the_log_hide_what_an_error_quotes():
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.config.DictConfigurator({}).configure_formatter(dict(settings.LOGGING["formatters"]["text"])))
    logger = logging.Logger("a logger of its own")
    logger.addHandler(handler)
    try:
        try:
            raise ValueError("Failing row contains (1, Ada\nLovelace).")
        except ValueError as cause:
            raise ConnectionError("550 ada@example.org at smtp://ada:hunter2@mail.example.org, /feeds/opensesame.ics") from cause
    except ConnectionError:
        logger.exception("A mail could not be sent")
    text = written.getvalue()
    assert "A mail could not be sent" in text
    assert "ConnectionError: 550" in text
    assert [
        secret for secret in ("ada", "Ada", "Lovelace", "hunter2", "opensesame") if secret in text.replace("Failing row", "")
    ] == []
