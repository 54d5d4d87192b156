"""From the id of a mail back to the message: `<message-12-20261122183000@example.org>`."""

import re
from dataclasses import dataclass

from .models import Message

#: The name under which providers keep the mark for us.
MARK = "message"

_MARK = re.compile(r"(?:^|<?message-)(\d{1,18})-(\d{14})(?:@|$)", re.ASCII)


@dataclass(frozen=True)
class Mark:
    """The number of a message and when it was written, to the second in UTC: another installation's have other times."""

    number: int
    written: str

    def __str__(self) -> str:
        return f"{self.number}-{self.written}"


def mark_in(text: object) -> Mark | None:
    """The mark in a Message-ID, or one that was kept alone. None for anything else."""
    found = _MARK.match(text.strip()) if isinstance(text, str) else None
    return Mark(int(found[1]), found[2]) if found else None


def message_of(mark: Mark) -> Message | None:
    """The message of a mark; None where there is none of that number and time."""
    message = Message.objects.select_related("recipient").filter(pk=mark.number).first()
    return message if message is not None and f"{message.created_at:%Y%m%d%H%M%S}" == mark.written else None
