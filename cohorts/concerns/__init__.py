"""Reports in confidence: somebody tells people of their choice what happened, and only these read it.

`reporting` takes a report and what its sender adds, `reading` is what its readers do, `contacts` says who can be chosen, `mail` tells people
that something waits (never what), `waiting` looks after what nobody reads and forgets what was closed long ago.
"""

from .contacts import Person, name_contact, people_to_choose, step_down
from .errors import ConcernError
from .reading import add_note, change_state, mark_read, open_as_operator
from .reporting import add_reader, add_words, concern_of, new_key, report, still_choosable
from .waiting import forget_closed, look_after_unread

__all__ = [
    "ConcernError",
    "Person",
    "add_note",
    "add_reader",
    "add_words",
    "change_state",
    "concern_of",
    "forget_closed",
    "look_after_unread",
    "mark_read",
    "name_contact",
    "new_key",
    "open_as_operator",
    "people_to_choose",
    "report",
    "step_down",
    "still_choosable",
]
