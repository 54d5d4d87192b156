"""From a file to JSON, with an error in words for everything that a file can be instead."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

from .errors import ImportFailed

#: A session of a thousand people takes less than one.
LARGEST_MEGABYTES = 50


class JSONObject(dict):
    """A JSON object that remembers the keys it was given more than once; plain JSON would keep the last and say nothing."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        times = Counter(key for key, _value in pairs)
        self.repeated = [key for key, number in times.items() if number > 1]


def read_file(path: str | Path) -> Any:
    """The JSON in the file at `path`, its objects as `JSONObject`. Raises `ImportFailed` with one line."""
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_MEGABYTES * 1024 * 1024:
            _fail(path, f"is larger than {LARGEST_MEGABYTES} MB. Is it the right file?")
        content = path.read_bytes()
    except FileNotFoundError:
        _fail(path, "there is no such file.")
    except IsADirectoryError:
        _fail(path, "is a folder, not a file.")
    except (OSError, ValueError) as error:
        _fail(path, f"cannot be read: {getattr(error, 'strerror', None) or error}.")
    return parse(content, str(path))


def parse(content: bytes, name: str = "The file") -> Any:
    """The JSON in UTF-8 `content`, with or without a byte order mark. Raises `ImportFailed` with one line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _fail(name, f"is not UTF-8 text (byte {error.start + 1}). Save it as UTF-8.")
    if not text.strip():
        _fail(name, "is empty.")
    try:
        return json.loads(text, object_pairs_hook=JSONObject, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        _fail(name, f"is not JSON: {error.msg}, line {error.lineno}, column {error.colno}.")
    except RecursionError:
        _fail(name, "is nested too deeply.")
    except ValueError as error:
        # Python refuses to read a number of thousands of digits.
        _fail(name, str(error) if isinstance(error, _Constant) else "holds a number that is too long.")


class _Constant(ValueError):
    pass


def _refuse_constant(text: str) -> NoReturn:
    raise _Constant(f"is not JSON: {text} is not a JSON value.")


def _fail(name: str | Path, problem: str) -> NoReturn:
    raise ImportFailed([f"{name}: {problem}"]) from None
