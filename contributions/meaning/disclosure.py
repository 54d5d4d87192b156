"""What the description of a pull request says about the use of AI, where its project's template has a place for that.

Projects ask in many ways: a heading with check boxes below it, of which people tick one; a line to fill in; a free text.
What people wrote there is kept in their words. Nothing is looked for outside of that place, and nothing is judged.
"""

import re

LONGEST = 2000
LONGEST_LINE = 1000
#: A heading or a label of this place. "AI" is told by its capitals: it is a word in other languages.
AI = r"(?:\bA\.?I\b|\b(?i:llms?|gen-?ai|generative|artificial intelligence|language models?|copilot|chatgpt)\b)"
ABOUT_AI = re.compile(AI)
ONLY_AI = re.compile(rf"\W*(?:(?:{AI})\W*)+")
DISCLOSES = re.compile(
    r"\b(?:disclos|assist|use[ds]?\b|using\b|usage|tool|generated|polic|statement|attest|declar|contribut|involve)", re.IGNORECASE
)
#: A label stands among other text, so it has to say more.
LABELS = re.compile(r"\b(?:disclos|assist|used\b|usage)", re.IGNORECASE)
#: Of a disclosure without a word about AI: these are about something else.
OTHER_DISCLOSURE = re.compile(r"\b(?:vulnerabilit|securit|conflict|financial|responsible)", re.IGNORECASE)

HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+")
#: The level of a line in bold that stands for a heading: below all others.
BOLD = 7
UNDERLINE = re.compile(r"[ ]{0,3}(?:=+|-{2,})[ \t]*")
BOLD_LINE = re.compile(r"[ ]{0,3}(?:\*\*|__)([^*_]{2,120})(?:\*\*|__):?[ \t]*")
LABEL = re.compile(r"[ ]{0,3}(?:[-*+][ \t]+)?(?:\*\*|__)?([^:*_\n]{2,60}?)(?:\*\*|__)?[ \t]*:(?:\*\*|__)?[ \t]*(\S.*)?")
FENCE = re.compile(r"[ ]{0,3}(?:```|~~~)")
BOX = re.compile(r"([ \t]*)(?:[-*+]|[0-9]{1,3}[.)])?[ \t]*\[([^\[\]]{0,3})\][ \t]*(.*)")
MARKED = re.compile(r"([ \t]*)(?:[-*+][ \t]*)?([☑✅☒☐⬜])[ \t]*(.*)")
BULLET = re.compile(r"\A([ \t]*)(?:[-*+]|[0-9]{1,3}[.)])[ \t]+")
TICKS = {"x", "y", "*", "✓", "✔", "✅", "☑", "☒"}
EMPTY_BOXES = {"☐", "⬜"}
#: An answer that says nothing without its question.
SHORT = re.compile(r"(?:yes|no|none|y|n|true|false|n/?a)\b[.!]?", re.IGNORECASE)
LINK = re.compile(r"!?\[([^\[\]]{0,200})\]\([^()\s]{0,500}\)")
EMPHASIS = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)")
#: Words of a template: what stands there before anybody answers.
PLACEHOLDER = re.compile(r"\be\.\s?g\.|\bfor example\b|\bplease\b", re.IGNORECASE)
REQUEST = re.compile(r"(?:please|describe|if (?:so|yes|ai)\b)", re.IGNORECASE)


def disclosure_in(body: str) -> str:
    """What stands in the place for it in a description (Markdown without comments), one line each, at most 2,000 characters.

    Of check boxes the ticked ones are told, of other lines those that are more than a question or the template's words.
    Empty where there is no such place, or where nobody filled it in.
    """
    lines = [line[:LONGEST_LINE] for line in body.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    told: list[str] = []
    for block in _blocks(lines):
        told += _answers(block)
    return "\n".join(dict.fromkeys(told))[:LONGEST].rstrip()


def _blocks(lines: list[str]) -> list[list[str]]:
    """The lines of each place that is about AI: below a heading up to the next one, or from a label to the next empty line."""
    blocks: list[list[str]] = []
    block: list[str] | None = None
    until_level, until_empty, fenced = 0, False, False
    for at, line in enumerate(lines):
        if FENCE.match(line):
            fenced = not fenced
            continue
        level, title = (0, "") if fenced else _heading(line, lines[at + 1] if at + 1 < len(lines) else "")
        inside = block is not None and not until_empty and level > until_level and not _is_about_ai(title)
        if level and not inside:
            block, until_empty = None, False
            if _is_about_ai(title):
                block, until_level = [], level
                blocks.append(block)
            continue
        if level and level < BOLD:
            # A heading inside of it, such as "Tools used".
            continue
        if UNDERLINE.fullmatch(line) and at and lines[at - 1].strip():
            continue
        if block is not None:
            if until_empty and not line.strip():
                block = None
            else:
                block.append(line)
            continue
        label = None if fenced else LABEL.fullmatch(line)
        if label and not BOX.fullmatch(line) and _is_label(label[1]):
            block, until_empty = [label[2] or ""], True
            blocks.append(block)
    return blocks


def _heading(line: str, next_line: str) -> tuple[int, str]:
    """Level and text of a heading in one of its three spellings; 0 for other lines. A line in bold is one of the lowest."""
    found = HEADING.match(line)
    if found:
        return len(found[1]), line[found.end() :].rstrip(" \t#")
    if line.strip() and UNDERLINE.fullmatch(next_line) and not BULLET.match(line) and not BOX.fullmatch(line):
        return (1 if "=" in next_line else 2), line.strip()
    bold = BOLD_LINE.fullmatch(line)
    return (BOLD, bold[1]) if bold else (0, "")


def _is_about_ai(title: str) -> bool:
    """Whether a heading asks about AI. One that only has the word in it may be about the change itself."""
    if ABOUT_AI.search(title):
        return bool(DISCLOSES.search(title) or ONLY_AI.fullmatch(title))
    return bool(re.search(r"\bdisclosure\b", title, re.IGNORECASE)) and not OTHER_DISCLOSURE.search(title)


def _is_label(words: str) -> bool:
    return bool(ABOUT_AI.search(words) and (LABELS.search(words) or ONLY_AI.fullmatch(words)))


def _answers(lines: list[str]) -> list[str]:
    boxes = [box for line in lines if (box := _box(line))]
    some_ticked = any(ticked for _indent, ticked, _text in boxes)
    answers: list[str] = []
    questions: list[tuple[int, str]] = []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        box = _box(line)
        text = _plain(box[2] if box else BULLET.sub("", line, count=1))
        while questions and questions[-1][0] >= indent and (box or not text):
            questions.pop()
        if box:
            if box[1] and text:
                question = next((each for _indent, each in reversed(questions)), "")
                answers.append(f"{question} {text}" if question and SHORT.fullmatch(text) else text)
            questions.append((indent, text))
        elif text.endswith(("?", ":")):
            questions.append((indent - 1, text))
        elif text and not _is_the_templates(line, text, boxes=bool(boxes), some_ticked=some_ticked):
            answers.append(text)
    return answers


def _is_the_templates(line: str, text: str, *, boxes: bool, some_ticked: bool) -> bool:
    """Whether a line is what the template says to who fills it in. Sure is nobody: what a person wrote should stay."""
    if line.lstrip().startswith(">") or REQUEST.match(text):
        return True
    return boxes and not some_ticked and bool(PLACEHOLDER.search(text))


def _box(line: str) -> tuple[int, bool, str] | None:
    """Indentation, whether it is ticked, and the text of a line with a check box."""
    found = BOX.fullmatch(line)
    if found and (not found[2].strip() or found[2].strip().lower() in TICKS) and not found[3].startswith("("):
        return len(found[1]), bool(found[2].strip()), found[3]
    marked = MARKED.fullmatch(line)
    return (len(marked[1]), marked[2] not in EMPTY_BOXES, marked[3]) if marked else None


def _plain(text: str) -> str:
    """A line of Markdown as plain words."""
    text = EMPHASIS.sub("", LINK.sub(r"\1", text))
    text = " ".join(text.split())
    return "" if set(text) <= set("-*_=. ") else text
