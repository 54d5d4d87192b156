"""The log as JSON, a line each, for programs that collect logs. Imported while settings are read: no models here.

No line holds personal data: texts are masked as those of tasks are, and a request is named by its route, never by its address.
"""

import datetime
import json
import logging
from collections.abc import Callable
from typing import Any

from background.masking import mask

from .request_ids import current_request_id

#: What a line may take along besides its text: numbers and names of ours.
EXTRAS = ("route", "method", "status", "milliseconds", "status_code")
#: Django's words for requests quote their address.
_QUOTES_ADDRESS = ("django.request", "django.security", "django.server", "gunicorn.access")


class JsonLines(logging.Formatter):
    """Each record as one line of JSON: `time`, `level`, `logger`, `message`, `request` and what `EXTRAS` names.

    `mask` is what hides secrets in addresses, as `accounts.logs.mask_tokens` does; given as a dotted path, as in LOGGING.
    """

    def __init__(self, *args: Any, mask_addresses: Callable[[str], str] = str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mask_addresses = mask_addresses

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": self._message(record),
        }
        if request := current_request_id() or getattr(record, "request_id", ""):
            line["request"] = request
        for name in EXTRAS:
            value = getattr(record, name, None)
            if isinstance(value, str | int | float):
                line[name] = value
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = f"{record.exc_info[0].__module__}.{record.exc_info[0].__qualname__}"
            line["traceback"] = self._hide(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)

    def _message(self, record: logging.LogRecord) -> str:
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            # A line with the wrong arguments is a mistake of ours, and no reason to lose it.
            text = str(record.msg)
        request = getattr(record, "request", None)
        if record.name.startswith(_QUOTES_ADDRESS) and (path := getattr(request, "path", "")):
            text = text.replace(path, route_of(request))
        return self._hide(text)

    def _hide(self, text: str) -> str:
        return mask(self.mask_addresses(text))


def route_of(request: Any) -> str:
    """The pattern that the address fits, as `/applications/<int:pk>/`; “unknown” where it fits none."""
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match is not None and isinstance(match.route, str) else "unknown"
