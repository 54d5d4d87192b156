"""Keeps secrets that stand in addresses, and what errors quote, out of the logs. Imported while settings are read: no models here."""

import logging
import re
from typing import Any

from background.masking import mask

_TOKEN_IN_ADDRESS = re.compile(r"(/feeds/(?:cohorts/)?)[^/\s\"'?]+?(\.ics)")
#: The link for a new password. `…-set-password` is what allauth leads on to: the key itself is in the session then.
_KEY_IN_ADDRESS = re.compile(r"(/password/reset/key/)(?![^/\s\"'?]*-set-password/)[^/\s\"'?]+")
#: The links in mails that switch mail off.
_STOP_IN_ADDRESS = re.compile(r"(/mail/stop/)[^/\s\"'?]+")
#: Whoever has the link of an invitation can answer it.
_INVITATION_IN_ADDRESS = re.compile(r"(/volunteering/invitation/|/sessions/part/)[^/\s\"'?]+")
#: Whoever has the link follows a report that was sent without a name.
_CONCERN_IN_ADDRESS = re.compile(r"(/report/follow/)[^/\s\"'?]+")
#: What GitHub's log-in sends back with the visitor.
_CODE_IN_QUERY = re.compile(r"([?&](?:code|state)=)[^&\s\"']+")

#: What is hidden, and what stands there then.
SECRETS = [
    (_TOKEN_IN_ADDRESS, r"\1…\2"),
    (_KEY_IN_ADDRESS, r"\1…"),
    (_STOP_IN_ADDRESS, r"\1…"),
    (_INVITATION_IN_ADDRESS, r"\1…"),
    (_CONCERN_IN_ADDRESS, r"\1…"),
    (_CODE_IN_QUERY, r"\1…"),
]


def mask_tokens(text: str) -> str:
    """`text` with the token of each calendar address, and with each key that logs in, replaced."""
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text


def mask_event(event: Any, hint: Any = None) -> Any:
    """An event for Sentry, lists and dictionaries of JSON, with the same done to every text in it; its query string left out."""
    if isinstance(event, str):
        return mask_tokens(event)
    if isinstance(event, list | tuple):
        return [mask_event(part) for part in event]
    if isinstance(event, dict):
        return {key: "" if key == "query_string" else mask_event(_told(key, part)) for key, part in event.items()}
    return event


def _told(key: Any, part: Any) -> Any:
    """What an error or a line of the log says quotes people. The other texts are names and ids, which a mask would break."""
    return mask(part) if key in {"value", "message", "formatted"} and isinstance(part, str) else part


class MaskFeedTokens(logging.Filter):
    """Replaces the tokens of calendar addresses, and keys that log in, in a record's text."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        masked = mask_tokens(text)
        if masked != text:
            record.msg, record.args = masked, ()
        return True


class MaskedTracebacks(logging.Formatter):
    """Hides in the tracebacks of errors what `mask` hides: an error quotes what was worked on, and whoever wrote it."""

    def formatException(self, ei: Any) -> str:
        return mask(mask_tokens(super().formatException(ei)))
