"""One line of what waits for somebody, on the front page."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """A line with a link. `tone` is that of the pill (mine, reviewer, done, quiet), `label` its word."""

    label: str
    tone: str
    title: str
    text: str
    url: str
    action: str
    until_label: str = ""
    until: datetime.datetime | None = None
    #: A second way, that one press takes at once: where it is posted to, what its button says, and the name of its field.
    press_url: str = ""
    press: str = ""
    press_field: str = ""
