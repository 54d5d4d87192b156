"""What a task was given, without what it might tell: ids are shown, texts are only measured."""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

#: How much of a long list, and how deep, is shown.
LONGEST, DEEPEST = 20, 5


def shown(value: Any, depth: int = 0) -> str:
    """Numbers, booleans, None and UUIDs as they are; any other text as its length; lists and dictionaries of these alike."""
    if value is None or isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, str):
        return value if _is_uuid(value) else _length(value)
    if not isinstance(value, list | dict):
        return type(value).__name__
    if depth >= DEEPEST and value:
        return "[…]" if isinstance(value, list) else "{…}"
    if isinstance(value, list):
        parts = [shown(one, depth + 1) for one in value[:LONGEST]]
        return f"[{', '.join(parts + _rest(value))}]"
    parts = [f"{shown(key, depth + 1)}: {shown(one, depth + 1)}" for key, one in list(value.items())[:LONGEST]]
    return f"{{{', '.join(parts + _rest(value))}}}"


def arguments_of(stored: Any, names: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Name and value of each argument of a run, `names` being those of the task's parameters. What stands there in another form than a task's is told as such."""
    if not isinstance(stored, dict):
        return [("?", shown(stored))]
    return list(_pairs(stored, names))


def _pairs(stored: dict, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    args, kwargs = stored.get("args", []), stored.get("kwargs", {})
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        yield "?", shown(stored)
        return
    for number, value in enumerate(args[:LONGEST]):
        name = names[number] if number < len(names) else _("argument %(number)s") % {"number": number + 1}
        yield name, shown(value)
    for name, value in list(kwargs.items())[:LONGEST]:
        # The names of a function's parameters; anything else came from somewhere else.
        yield name if name.isidentifier() and len(name) <= 60 else _length(name), shown(value)
    if rest := max(0, len(args) - LONGEST) + max(0, len(kwargs) - LONGEST):
        yield "…", _more(rest)


def _rest(value: list | dict) -> list[str]:
    return [_more(len(value) - LONGEST)] if len(value) > LONGEST else []


def _more(number: int) -> str:
    return ngettext("%(number)s more", "%(number)s more", number) % {"number": number}


def _length(text: str) -> str:
    return ngettext("text of %(number)s character", "text of %(number)s characters", len(text)) % {"number": len(text)}


def _is_uuid(text: str) -> bool:
    try:
        # Only as UUIDs are written: any 32 hexadecimal digits could be a secret.
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
