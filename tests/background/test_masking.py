"""What error texts may quote, and must not tell."""

import time

import pytest

from background import masking
from background.masking import LONGEST, mask, register_mask

TOKEN = "ghp_" + "a1B2c3D4e5" * 4


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("550 no such user jane.doe@example.org", ["jane.doe"]),
        ("550 no such user jürgen@exämple.de", ["jürgen"]),
        ("o'brien+cohorts@mail.example.co.uk is full", ["brien", "cohorts@"]),
        ("Unknown: Jane Doe <jane@example.org>, Bob", ["Jane", "Doe", "jane"]),
        ('To: "Doe, Jane" <jane@example.org>', ["Doe", "Jane"]),
        ("next=/x%3Fmail%3Djane%40example.org", ["jane"]),
        (f"401 for {TOKEN}", [TOKEN[4:]]),
        ("401 for github_pat_11ABCDEFG0abcdefghijkl_xyz", ["11ABCDEFG0"]),
        ("xoxb-123456-abcdef, glpat-abc123-def, AKIAIOSFODNN7EXAMPLE", ["123456", "abc123", "IOSFODNN7"]),
        ("sk-proj-abcdefghijklmnop1234 and sk_live_abcdefghijklmnop", ["abcdefghijklmnop"]),
        ("cannot connect to postgres://cohorts:hunter2@db.example.org/cohorts", ["hunter2"]),
        ("cannot connect to redis://:hun/ter2@cache:6379/0", ["hun", "ter2"]),
        ("cannot connect to smtp://u:p@ss@w@mail.example.org", ["p@ss", "ss@w"]),
        ("GET https://api.example.org/x?access=opensesame&page=2 failed", ["opensesame"]),
        ("Cookie: sessionid=abc123; messages=hello; csrftoken=def", ["abc123", "hello", "def"]),
        ("Set-Cookie: x=abc123; HttpOnly", ["abc123"]),
        ("headers={'Cookie': 'x=abc123; y=def456'}", ["abc123", "def456"]),
        ("[(b'authorization', b'Bearer abc 123')]", ["abc", "123"]),
        ("{'Authorization': 'Basic dXNlcjpwdw=='}", ["dXNlcjpwdw"]),
        ("Authorization: Bearer abc.123", ["abc.123"]),
        ('{"password": "a \\"quoted\\" text"}', ["quoted", "text"]),
        ("password=hunter2 and SECRET_KEY = 'not so secret'", ["hunter2", "not so secret"]),
        ("the token is opensesame", ["opensesame"]),
        ("curl -H 'Bearer opensesame99' failed", ["opensesame99"]),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", ["eyJ", "c2lnb"]),
        ("Signed: Jq3x:1vAbCd:" + "aB3-" * 11, ["aB3-aB3"]),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIB\nAAKC\n-----END RSA PRIVATE KEY-----", ["MIIE", "AAKC"]),
        ("-----BEGIN PRIVATE KEY-----\nMIIEpAIB cut off", ["MIIE"]),
        ("DETAIL:  Key (name)=(Jane Doe) already exists.", ["Jane"]),
        ("DETAIL:  Key (a, lower(b))=(1, Jane (Doe)) already exists.", ["Jane", "Doe"]),
        ("DETAIL:  Failing row contains (1, Jane, null, 2026-01-01).", ["Jane"]),
        ("DETAIL:  Failing row contains (1, I am Jane (40).\n\nI live in Ulm).", ["Jane", "40", "live", "Ulm"]),
        ("DETAIL:  Key (note)=(I am Jane.\nI live in Ulm) already exists.", ["Jane", "Ulm"]),
        ("DETAIL:  Key (a)=(Jane) conflicts with existing key (a)=(Doe).", ["Jane", "Doe"]),
        ("GITHUB_TOKENS=opensesame,hunter2 cannot be read", ["opensesame", "hunter2"]),
        ("secrets=['open sesame', 'hunter2']", ["sesame", "hunter2"]),
        ("a-name-of-a-setting-that-is-longer-than-others-password=hunter2", ["hunter2"]),
        ('{"jane doe"@example.org: (550, b"no such user")}', ["jane", "doe"]),
        ("jane@[192.0.2.7] and =?utf-8?q?J=C3=BCrgen?= <j@example.org>", ["jane", "192", "rgen"]),
    ],
)
def test_secrets_and_people_are_hidden(text, secrets):
    masked = mask(text)
    assert [secret for secret in secrets if secret in masked] == []
    assert "•••" in masked
    # What is hidden stays as it is when it is read, and hidden, again.
    assert mask(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "DoesNotExist: Message matching query does not exist.",
        "accounts.tasks.send_message_task failed for message 12",
        "Task 0197a1c2-7a3b-7c4d-8e5f-1234567890ab was set aside",
        "connection to http://localhost:8000/health refused",
        'File "/srv/cohorts/accounts/messages.py", line 12, in send_message',
        "a_function_of_a_test_with_a_very_long_name_that_is_no_secret()",
        "unexpected keyword argument 'key'",
        "KeyError: 'name'",
        "The token has expired.",
        "https://medium.example/@name/story is gone",
        "basic understanding of bearer bonds",
        "3 < 4 and x > y",
    ],
)
def test_what_helps_to_find_the_cause_stays(text):
    assert mask(text) == text


@pytest.mark.parametrize(
    "piece", ["a", "a-", "a.", "token", "a@", "'", "\\'", "cookie:", "eyJa.", "eyJ-", "://", "(", "Key (a)=(", "<a ", "A1b-"]
)
def test_no_text_takes_a_workers_time(piece):
    began = time.perf_counter()
    masked = mask(piece * (2_000_000 // len(piece)))
    assert time.perf_counter() - began < 10
    assert len(masked) <= 4 * LONGEST


def test_what_follows_a_row_in_a_traceback_stays():
    text = (
        "django.db.utils.IntegrityError: a null value\nDETAIL:  Failing row contains (1, Jane\nDoe).\n\n"
        "The above exception was the direct cause of the following exception:\n\nValueError: no such week"
    )
    assert "Doe" not in mask(text)
    assert mask(text).endswith("following exception:\n\nValueError: no such week")


def test_of_a_long_text_the_beginning_and_the_end_stay():
    masked = mask("begin " + f"{TOKEN} " * 20_000 + "end")
    assert masked.startswith("begin")
    assert masked.endswith("end")
    assert "…" in masked
    assert "a1B2" not in masked


def test_an_app_adds_what_it_knows(monkeypatch):
    monkeypatch.setattr(masking, "_patterns", list(masking._patterns))
    register_mask(r"member-\d{1,9}")
    register_mask(r"member-\d{1,9}")
    assert mask("member-77 is away") == "••• is away"
    assert sum(known.pattern.startswith("member") for known, _ in masking._patterns) == 1


def test_the_sites_own_keys_in_addresses_are_hidden():
    assert "opensesame" not in mask("GET /feeds/opensesame.ics")
    assert "opensesame" not in mask("GET /accounts/password/reset/key/opensesame/")
    assert "opensesame" not in mask("GET /accounts/github/login/callback/?code=opensesame&state=opensesame")


def test_what_no_database_stores_goes():
    assert mask("a\x00b\ud800") == "ab?"
