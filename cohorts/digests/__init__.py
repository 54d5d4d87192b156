"""The weekly digest: a mail on Monday mornings with what changed, who waits for whom, and what is next.

Apps register sections (`register_section`), each of which reads a session once (`Look`) and then says its lines to every reader without
another query. `due` says whose Monday morning has come, `writing` makes the mail, `sending` writes the rows and has them sent.
"""

from .lines import Heading, Line, Reader, Role, day_in_words, names_of, quoted, time_in_words
from .look import Look
from .sections import Section, register_section
from .sending import register, send_digests, write_due_digests

__all__ = [
    "Heading",
    "Line",
    "Look",
    "Reader",
    "Role",
    "Section",
    "day_in_words",
    "names_of",
    "quoted",
    "register",
    "register_section",
    "send_digests",
    "time_in_words",
    "write_due_digests",
]
