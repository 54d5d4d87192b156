"""What somebody wrote as plain Markdown, without placeholders, as a part of a mail: braces in it are braces."""

from .blocks import fill_blocks
from .reading import read
from .values import Passage


def passage_of(text: str) -> Passage:
    """Markdown as whole paragraphs of a mail. `checks.problems_of_passage` says before what cannot stand in one."""
    plain, html = fill_blocks(read("", with_plain_braces(text)).blocks, {})
    return Passage(plain, html)


def with_plain_braces(text: str) -> str:
    """`text` as a template that says the same: a brace for itself is typed twice."""
    return text.replace("{", "{{").replace("}", "}}")
