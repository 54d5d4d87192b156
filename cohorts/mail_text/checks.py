"""What is wrong with the words of a mail before they are saved, with the line and what to do about it."""

import difflib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from markdown_it.token import Token

from cohorts.message_kinds.kind import MessageKind

from .inlines import Slot
from .passages import with_plain_braces
from .reading import parser, read, split

SUBJECT_MOST, BODY_MOST = 200, 10_000

_SCHEMES = ("http://", "https://", "mailto:")
#: In the order in which they are looked for: what other languages of templates write, pairs, single ones.
_BRACES = re.compile(
    r"(?P<tag>\{%.*?(?:%\}|$)|\{#.*?#\})|(?P<double>\{\{\s*(?P<inner>[\w.]+)\s*(?:\|[^{}]*)?\}\})|(?P<pair>\{\{|\}\})"
    r"|\{(?P<name>[^{}]*)\}|(?P<single>[{}])"
)
_TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Before and after a placeholder: what would make an address of what a stranger wrote.
_ADDRESS_BEFORE = re.compile(r"(?://|\bwww\.|mailto:|https?:|[\w}][.@/])\S*$", re.IGNORECASE)
_ADDRESS_AFTER = re.compile(r"(?:://|[.@/][\w{]|:/)")

_strict = parser(strict=True)


@dataclass(frozen=True)
class Problem:
    """One thing to correct. `line` counts from 1; None: it is about the whole of `field`."""

    field: Literal["subject", "body"]
    line: int | None
    text: str

    def __str__(self) -> str:
        if self.line is None or self.field == "subject":
            return self.text
        return _("Line %(line)s: %(problem)s") % {"line": self.line, "problem": self.text}


def problems_of(kind: MessageKind, subject: str, body: str) -> list[Problem]:
    """All that keeps `subject` and `body` from being the words of mails of `kind`, in the order of the lines. Empty: they can be saved."""
    found = [*_of_subject(kind, subject), *_of_body(kind, body)]
    return sorted(dict.fromkeys(found), key=lambda problem: (problem.field == "body", problem.line or 0))


def problems_of_passage(kind: MessageKind, text: str) -> list[Problem]:
    """All that keeps plain Markdown, without placeholders, from being a part of mails of `kind`. The field of each problem is the body."""
    found = [Problem("body", number, words) for number, line in enumerate(text.split("\n"), start=1) for words in _unseen(line)]
    found += _of_tokens(kind, _strict.parse(with_plain_braces(text)))
    return sorted(dict.fromkeys(found), key=lambda problem: problem.line or 0)


def _of_subject(kind: MessageKind, subject: str) -> Iterator[Problem]:
    def problem(text: str) -> Problem:
        return Problem("subject", 1, text)

    if not subject.strip():
        yield Problem("subject", None, _("Write a subject."))
        return
    if len(subject) > SUBJECT_MOST:
        yield problem(
            _("A subject has at most %(most)s characters; this one has %(length)s.")
            % {"most": SUBJECT_MOST, "length": len(subject)}
        )
        # What is far too long is not searched: that could take the site hours.
        return
    if len(subject.splitlines()) > 1:
        yield problem(_("A subject is one line."))
    yield from (problem(text) for text in _unseen(subject))
    yield from (problem(text) for text in _wrong_braces(kind, subject))
    for part in split(subject):
        if isinstance(part, Slot) and part.name in kind.by_name and kind.by_name[part.name].shape == "blocks":
            yield problem(_("{%(name)s} cannot stand in the subject: it is longer than a line.") % {"name": part.name})
        elif isinstance(part, Slot) and part.name in kind.by_name and not kind.by_name[part.name].trusted:
            yield problem(
                _("{%(name)s} cannot stand in the subject: it is what somebody else wrote. Use it in the text.")
                % {"name": part.name}
            )


def _of_body(kind: MessageKind, body: str) -> Iterator[Problem]:
    if not body.strip():
        yield Problem("body", None, _("Write a text."))
        return
    if len(body) > BODY_MOST:
        yield Problem(
            "body",
            None,
            _("A text has at most %(most)s characters; this one has %(length)s.") % {"most": BODY_MOST, "length": len(body)},
        )
        return
    for number, line in enumerate(body.split("\n"), start=1):
        for text in (*_unseen(line), *_wrong_braces(kind, line), *_addresses_of_strangers(kind, line)):
            yield Problem("body", number, text)
    tokens = _strict.parse(body)
    yield from _of_tokens(kind, tokens)
    yield from _blocks_among_words(kind, body)
    names = read("", body).names
    for name in kind.required:
        if name not in names:
            yield Problem(
                "body",
                None,
                _("{%(name)s} is missing: people need it. It is: %(label)s.") % {"name": name, "label": kind.by_name[name].label},
            )


def _blocks_among_words(kind: MessageKind, body: str) -> Iterator[Problem]:
    """Placeholders for whole paragraphs that share theirs with something else."""
    lines = body.split("\n")
    for number, line in enumerate(lines, start=1):
        for one in kind.placeholders:
            if one.shape != "blocks" or one.written not in line:
                continue
            beside = "".join(lines[max(0, number - 2) : number - 1] + lines[number : number + 1])
            if line.strip() != one.written or beside.strip():
                text = _(
                    "{%(name)s} stands for whole paragraphs: give it a line of its own, with an empty line before and after it."
                )
                yield Problem("body", number, text % {"name": one.name})


def _unseen(line: str) -> Iterator[str]:
    for sign in line:
        if sign in _TURNING or (unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\t\r\n"):
            yield _("There is a character that nobody sees (U+%(code)s). Delete it and type what stands around it again.") % {
                "code": f"{ord(sign):04X}"
            }
            return


def _wrong_braces(kind: MessageKind, line: str) -> Iterator[str]:
    for match in _BRACES.finditer(line):
        written = match[0]
        if match["tag"]:
            yield _(
                "“%(written)s” does nothing here: these mails know placeholders like {name}, and no tags. For a brace, type it twice."
            ) % {"written": written}
        elif match["double"]:
            yield _("“%(written)s” has one pair of braces too many. Write %(placeholder)s. %(advice)s") % {
                "written": written,
                "placeholder": f"{{{match['inner']}}}",
                "advice": _advice(kind, match["inner"]),
            }
        elif match["single"] == "{":
            yield _("A brace opens and does not close. For a brace, type it twice: {{.")
        elif match["single"] == "}":
            yield _("A brace closes that nobody opened. For a brace, type it twice: }}.")
        elif match["name"] is not None and match["name"] not in kind.by_name:
            yield _("There is no placeholder %(written)s in this mail. %(advice)s") % {
                "written": written,
                "advice": _advice(kind, match["name"]),
            }
        elif match["name"] is not None and line[: match.start()].endswith("\\"):
            yield _("A backslash before a placeholder keeps it from being filled. Delete it; for a brace, type the brace twice.")


def _advice(kind: MessageKind, name: str) -> str:
    """The placeholder that was probably meant, or where all of them are."""
    wanted = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")
    near = difflib.get_close_matches(wanted, kind.by_name, n=1, cutoff=0.5)
    if not near:
        near = [known for known in kind.by_name if wanted and (known in wanted.split("_") or wanted in known.split("_"))][:1]
    if near and near[0] == name:
        return ""
    if near:
        return _("Did you mean {%(name)s}?") % {"name": near[0]}
    return _("The list beside the text has all of them.")


def _addresses_of_strangers(kind: MessageKind, line: str) -> Iterator[str]:
    """Placeholders for what strangers wrote where they would be part of an address that mail programs make a link of."""
    for match in _BRACES.finditer(line):
        placeholder = kind.by_name.get(match["name"] or "")
        if placeholder is None or placeholder.trusted:
            continue
        if _ADDRESS_BEFORE.search(line[max(0, match.start() - 300) : match.start()]) or _ADDRESS_AFTER.match(line, match.end()):
            yield _(
                "{%(name)s} cannot be part of an address: it is what somebody else wrote. Put a space around it, or leave it out."
            ) % {"name": placeholder.name}


def _of_tokens(kind: MessageKind, tokens: list[Token]) -> Iterator[Problem]:
    for token in tokens:
        line = token.map[0] + 1 if token.map else 1
        if token.type == "html_block":
            yield _html(line, token.content)
        for child in token.children or []:
            if child.type in ("softbreak", "hardbreak"):
                line += 1
            elif child.type == "html_inline" and not child.content.startswith("</"):
                yield _html(line, child.content)
            elif child.type == "image":
                yield Problem(
                    "body",
                    line,
                    _("Pictures cannot be part of a mail: many mail programs do not show them. Link to the picture instead."),
                )
            elif child.type == "link_open":
                for text in _wrong_target(kind, str(child.attrs.get("href", ""))):
                    yield Problem("body", line, text)


def _html(line: int, content: str) -> Problem:
    shown = content.strip().split("\n")[0][:40]
    return Problem(
        "body", line, _("“%(html)s” is HTML. Write it with Markdown: **bold**, *slanted*, [words](address).") % {"html": shown}
    )


def _wrong_target(kind: MessageKind, target: str) -> Iterator[str]:
    """What is wrong with the target of a link, which may be a placeholder or hold some."""
    parts = split(target)
    for part in parts:
        if isinstance(part, Slot) and part.name in kind.by_name and not kind.by_name[part.name].trusted:
            yield _("{%(name)s} cannot be part of the target of a link: it is what somebody else wrote.") % {"name": part.name}
            return
    if not parts:
        yield _("A link has no address. Write [words](https://…).")
        return
    first = parts[0]
    if isinstance(first, Slot):
        placeholder = kind.by_name.get(first.name)
        if placeholder is not None and placeholder.shape not in ("url", "email"):
            yield _("A link cannot begin with {%(name)s}, which is no address.") % {"name": first.name}
        elif placeholder is not None and len(parts) > 1:
            yield _("Nothing can follow {%(name)s} in the target of a link: it is a whole address.") % {"name": first.name}
        return
    if not first.casefold().startswith(_SCHEMES):
        yield _("“%(target)s” is no address that a mail can lead to. Links begin with https://, http:// or mailto:.") % {
            "target": target[:60]
        }
        return
    scheme, _colon, rest = first.partition(":")
    try:
        has_host = scheme.casefold() == "mailto" or bool(urlsplit(first).hostname)
    except ValueError:
        has_host = False
    if not has_host or (not rest.strip("/") and not (scheme.casefold() == "mailto" and len(parts) > 1)):
        yield _("“%(target)s” is not a whole address.") % {"target": target[:60]}
    elif re.search(r"[\s<>\"]", target):
        yield _("“%(target)s” holds a character that no address has.") % {"target": target[:60]}
