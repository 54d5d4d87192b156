"""What a kind of mail is made of: its name, its words by default, and the placeholders that these words may use."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.utils.functional import Promise

#: A text, or one that is translated when it is read.
Words = str | Promise
Shape = Literal["text", "url", "email", "lines", "blocks"]


@dataclass(frozen=True)
class Placeholder:
    """What stands between braces in a mail: `{name}`.

    `trusted` is False for what applicants, or others whom no organiser chose, have written: it may stand in running text alone.
    `may_be_empty`: a line and a paragraph that hold nothing else vanish then. `shape`: one line of text, a whole address of a
    page, an address for mail, several lines, or blocks: whole paragraphs and lists, which stand in a paragraph of their own.
    """

    name: str
    label: Words
    example: Words
    trusted: bool = True
    may_be_empty: bool = False
    #: A sentence in which addresses for mail are links in HTML: on phones nobody wants to copy them.
    names_addresses: bool = False
    shape: Shape = "text"

    @property
    def written(self) -> str:
        """As it is typed into a mail."""
        return f"{{{self.name}}}"


@dataclass(frozen=True)
class MessageKind:
    """A kind of mail. `subject` and the `paragraphs` are the site's own words; `required` must stand in the text of every session.

    `sent_as` is the kind of the row in the outbox where it is another one: two texts can say the same thing at different times.
    """

    key: str
    label: Words
    #: What it is for and when it is sent, in a sentence or two.
    purpose: Words
    category: Literal["transactional", "reminders", "meetings", "replies", "announcements", "digest"]
    subject: Words
    paragraphs: Sequence[Words]
    placeholders: Sequence[Placeholder]
    required: Sequence[str] = ("link",)
    sent_as: str = ""
    #: The placeholders by name.
    by_name: dict[str, Placeholder] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {one.name: one for one in self.placeholders})

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def message_kind(self) -> str:
        """The kind of the message that is queued."""
        return self.sent_as or self.key

    @property
    def default_subject(self) -> str:
        """The site's own subject, in the active language."""
        return str(self.subject)

    @property
    def default_body(self) -> str:
        """The site's own text as Markdown, in the active language."""
        return "\n\n".join(str(paragraph) for paragraph in self.paragraphs) + "\n"
