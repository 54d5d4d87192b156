"""Reads catalogues of texts (`.po`), and says what is wrong with a translation. Knows nothing of Django or of this site."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: What must stand in the translation as it stands in the text: values, HTML tags, targets of Markdown links, doubled percent signs.
KEPT = re.compile(
    r"%\([A-Za-z_0-9]+\)[sd]"  # %(name)s
    r"|%[sd%]"
    r"|\{\{[^}]*\}\}|\{[a-z_0-9.]*\}"  # {{ name }} and {name}
    r"|</?[a-zA-Z][^<>]*>"
    r"|\]\([^)\s]*[/:#%{][^)\s]*\)"  # where a link leads, but not the word that says that an address belongs there
)
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass
class Entry:
    """One text: `ids` is the text, or its singular and its plural; `texts` is the translation, or all its plural forms."""

    context: str | None = None
    ids: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)

    @property
    def key(self) -> tuple[str | None, str, str]:
        return self.context, self.ids[0], self.ids[1] if len(self.ids) > 1 else ""

    @property
    def name(self) -> str:
        """Short enough for a line of a report."""
        text = " ".join(self.ids[0].split())
        return f"“{text[:90]}…”" if len(text) > 90 else f"“{text}”"


def read(path: Path) -> list[Entry]:
    """All entries that are in use; the first one, whose text is empty, is the header."""
    return list(entries_of(path.read_text(encoding="utf-8")))


def entries_of(source: str) -> Iterator[Entry]:
    for block in re.split(r"\n[ \t]*\n", source):
        entry, parts = Entry(), None
        for line in block.splitlines():
            if line.startswith("#,"):
                entry.flags |= {flag.strip() for flag in line[2:].split(",")}
                continue
            found = QUOTED.search(line)
            if line.startswith("#") or not found:
                continue
            text = ast.literal_eval(found.group())
            word = line[: found.start()].strip()
            if word == "msgctxt":
                entry.context, parts = text, None
            elif word in {"msgid", "msgid_plural"}:
                parts = entry.ids
                parts.append(text)
            elif word.startswith("msgstr"):
                parts = entry.texts
                parts.append(text)
            elif parts is None:
                entry.context = (entry.context or "") + text
            else:
                parts[-1] += text
        if entry.ids:
            yield entry


def problems_of(entry: Entry) -> list[str]:
    """What is wrong with one translation, in words; nothing for one that can be used."""
    if "fuzzy" in entry.flags:
        return ["is fuzzy: a guess that somebody must look at"]
    if not entry.texts or not all(text.strip() for text in entry.texts):
        return ["has no translation"]
    wanted = [sorted(KEPT.findall(text)) for text in entry.ids]
    found = []
    for number, text in enumerate(entry.texts):
        got = sorted(KEPT.findall(text))
        # A language says “one” with or without the number, whatever English does.
        if got == wanted[-1] or (number == 0 and set(wanted[0]) <= set(got) <= set(wanted[-1]) and len(wanted) > 1):
            continue
        missing = [one for one in wanted[-1] if one not in got]
        more = [one for one in got if one not in wanted[-1]]
        told = [f"lacks {' '.join(missing)}"] if missing else []
        told += [f"has {' '.join(more)}, which the text does not"] if more else []
        found.append(" and ".join(told) or "repeats or leaves out one of its values")
    whole = entry.ids[0]
    for text in entry.texts:
        if (whole[:1].isspace(), whole[-1:].isspace()) != (text[:1].isspace(), text[-1:].isspace()):
            found.append("begins or ends with a space or a line break where the text does not, or the other way round")
    return found
