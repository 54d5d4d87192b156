"""That somebody should be looked after, as rows: noticed once, told once, handled with a note, and not forgotten for a week.

`cohorts.attention` says at any moment whom to look after; a `Nudge` remembers since when, who was told, and who looked after it.
`noticing` writes and ends them in bulk, `handling` is what people do about them, `unanswered` finds out about whom nobody has done
anything for a week, and `telling` writes the mails. A run that was missed is made up for by the next one, with one mail for each reader.
"""

import datetime

from django.utils import timezone

from . import personal_data
from .handling import AlreadyHandled, NothingToHandle, handle, handle_several, may_handle, take_back
from .noticing import notice, standing
from .telling import escalate, register_mails, tell
from .unanswered import Unanswered, unanswered

__all__ = [
    "AlreadyHandled",
    "NothingToHandle",
    "Unanswered",
    "escalate",
    "handle",
    "handle_several",
    "look_after",
    "may_handle",
    "notice",
    "register",
    "standing",
    "take_back",
    "tell",
    "unanswered",
]


def look_after(now: datetime.datetime | None = None) -> int:
    """What the schedule does: notice, tell those who lead, and tell organisers of what nobody looked after. Returns the mails written.

    What fails keeps the other steps from nothing; it is raised at the end, so that the next run makes up for it.
    """
    now = now or timezone.now()
    errors: list[Exception] = []
    written = 0
    for step in (notice, tell, escalate):
        try:
            done = step(now)
            written += 0 if step is notice else done
        except ExceptionGroup as group:
            errors += group.exceptions
        except Exception as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("Some nudges could not be looked after", errors)
    return written


def register() -> None:
    """What the site needs to know of nudges: what is checked before their mails go, and whose data they are."""
    register_mails()
    personal_data.register()
