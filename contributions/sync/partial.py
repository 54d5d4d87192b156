"""Taking a partial answer apart: which of the things asked for came, which did not, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from contributions.github.client import Answer
from contributions.meaning.plain import LARGEST_ID, text_of, whole_of

#: As long as the fields that hold ids, the shortest of what is kept.
LONGEST = 100
#: Where GitHub withholds a part from our token, the rest is still right.
WITHHELD = {"FORBIDDEN", "INSUFFICIENT_SCOPES", "NOT_FOUND"}


def incomplete() -> str:
    """What is kept as the problem of a thing that came with a hole."""
    return _("GitHub answered with a part only. It will be tried again.")


def not_told(word: str) -> str:
    """What is kept as the problem of an item that did not come; `word` is GitHub's for the reason."""
    return _("GitHub did not tell us about this item (%(word)s). It will be tried again.") % {"word": word}


def is_sound(node: Mapping, number: str, *texts: str) -> bool:
    """Whether a node has what is kept of it: an id, GitHub's number under the name `number`, and these texts."""
    ids = [node.get("id"), *(node.get(name) for name in texts)]
    return bool(whole_of(node.get(number), LARGEST_ID)) and all(each and text_of(each, LONGEST) == each for each in ids)


@dataclass(frozen=True)
class Result:
    """One thing of an answer. `error` is GitHub's word for what went wrong with it, or empty."""

    node: dict | None
    error: str

    @property
    def not_found(self) -> bool:
        return self.error == "NOT_FOUND"


def answers_by_index(answer: Answer, count: int) -> list[Result]:
    """The `nodes` of an answer in the order in which they were asked for."""
    nodes = answer.data.get("nodes")
    nodes = nodes if isinstance(nodes, list) else []
    return [_result(answer, nodes[index] if index < len(nodes) else None, ("nodes", index)) for index in range(count)]


def answers_by_alias(answer: Answer, prefix: str, count: int) -> list[Result]:
    """The aliased fields `prefix0`, `prefix1`, … of an answer."""
    return [_result(answer, answer.data.get(f"{prefix}{index}"), (f"{prefix}{index}",)) for index in range(count)]


def _result(answer: Answer, node: object, path: tuple[str | int, ...]) -> Result:
    errors = [error for error in answer.errors if error.path[: len(path)] == path]
    if not isinstance(node, dict):
        # A hole without an explanation is how GitHub answers for what is not there.
        return Result(None, next((error.type or "UNKNOWN" for error in errors), "NOT_FOUND"))
    spoilt = next((error.type or "UNKNOWN" for error in errors if error.type not in WITHHELD), "")
    return Result(node, spoilt)
