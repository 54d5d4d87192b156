"""Keeps secrets that stand in addresses out of the logs. Imported while settings are read: no models here."""

import logging
import re

_TOKEN_IN_ADDRESS = re.compile(r"(/feeds/)[^/\s\"'?]+?(\.ics)")


def mask_tokens(text: str) -> str:
    """`text` with the token of each calendar address replaced."""
    return _TOKEN_IN_ADDRESS.sub(r"\1…\2", text)


class MaskFeedTokens(logging.Filter):
    """Replaces the token of calendar addresses in a record's text."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if "/feeds/" in text:
            record.msg, record.args = mask_tokens(text), ()
        return True
