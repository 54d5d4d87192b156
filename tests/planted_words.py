"""Words that stand in one field of one row and nowhere else, so that any page that tells one tells where it leaks."""

import re
from collections.abc import Iterator

from allauth.account.models import EmailAddress
from django.db import connection
from django.db.models import CharField, EmailField, F, Field, Model, SlugField, TextField, URLField, Value
from django.db.models.functions import Concat

from accounts.models import AuditEntry, User

#: A word as pages show it, whatever stands around it.
WORD = re.compile(r"zq\d+qz")
#: What programs read, and what would change the meaning of a row.
NO_WORDS = (
    "about_key", "about_type", "action", "anchors", "author_node_id", "batch", "choices", "code", "content_hash", "content_type",
    "error", "event", "failure", "file_name", "header_key", "host", "key", "kind", "language", "leased_by", "login", "measure",
    "node_id", "password", "plan_fingerprint", "problem_code", "reason", "repository", "resolution", "role", "saved_by_form",
    "stage", "state", "terms_version", "time_zone", "token_hash", "turn_reason", "value", "version",
)  # fmt: skip
#: What is no text, and holds one.
IN_JSON = {("cohorts.Answer", "value"): str, ("cohorts.Application", "draft"): lambda word: {"1": word, "tab": word}}
#: Rows made after `elsewhere` was called have keys that begin here, in every table: one number names a row of each kind.
FIRST_KEY = 7_000_001


def _fields(row: Model) -> Iterator[Field]:
    for field in row._meta.concrete_fields:
        if (row._meta.label, field.name) in IN_JSON:
            yield field
        plain = type(field) in (CharField, TextField) and not isinstance(field, EmailField | SlugField | URLField)
        room = field.max_length is None or field.max_length >= 40
        if plain and room and not field.choices and not field.unique and field.name not in NO_WORDS:
            yield field


def plant(rows: dict[str, Model], first: int = 1000) -> dict[str, str]:
    """Put a word into each text of `rows`: by name. Answers word → “name.field”; the words are numbered from `first`."""
    planted = {}
    for name, row in rows.items():
        # What is written there stays as it was, whoever asks.
        for field in [] if isinstance(row, AuditEntry) else _fields(row):
            word = f"zq{first + len(planted)}qz"
            shape = IN_JSON.get((row._meta.label, field.name), str)
            type(row)._base_manager.filter(pk=row.pk).update(**{field.name: shape(word)})
            planted[word] = f"{name}.{field.name}"
    return planted


def elsewhere(make_world):
    """What `make_world` makes beside what is there: with other addresses, and with keys that nothing else has. On SQLite."""
    before = Concat(Value("before."), F("email"))
    User.objects.update(email=before)
    EmailAddress.objects.update(email=before)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%' AND name != 'sqlite_sequence'")
        names = [name for (name,) in cursor.fetchall()]
        cursor.execute("DELETE FROM sqlite_sequence")
        cursor.executemany("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [(name, FIRST_KEY - 1) for name in names])
    return make_world()
