"""What a description says about AI in the place that the project's template has for it."""

import time

import pytest

from contributions.meaning.disclosure import disclosure_in
from contributions.meaning.references import body_of

#: In the manner of a template with two check boxes.
BOXES = """#### Ticket
ticket-12345

#### What it does
It asks once. [x] is not a box here.

#### AI Assistance Disclosure (REQUIRED)
<!-- Please select exactly ONE of the following: -->
- [{none}] **No AI tools were used** in preparing this PR.
- [{some}] **If AI tools were used**, I have disclosed which ones.
{text}
#### Checklist
- [x] It has tests.
"""
NONE = "No AI tools were used in preparing this PR."
SOME = "If AI tools were used, I have disclosed which ones."


def boxes(none=" ", some=" ", text=""):
    return BOXES.format(none=none, some=some, text=text)


CASES = {
    "nothing": ("", ""),
    "no place for it": ("It uses AI tools.\n\nAnd so on.", ""),
    "no box ticked": (boxes(), ""),
    "none was used": (boxes("x"), NONE),
    "capital X": (boxes("X"), NONE),
    "spaces around": (boxes(" x "), NONE),
    "some was used, and which": (boxes(some="x", text="\nA Model wrote the tests.\n"), f"{SOME}\nA Model wrote the tests."),
    "both ticked": (boxes("x", "x"), f"{NONE}\n{SOME}"),
    "no box ticked, but said": (boxes(text="A Model wrote the tests."), "A Model wrote the tests."),
    "boxes taken away": ("## AI disclosure\nI asked a model how Q objects work.\n\nIt was right.\n## Next\nMore",
                         "I asked a model how Q objects work.\nIt was right."),
    "windows lines": (boxes("x").replace("\n", "\r\n"), NONE),
    "old lines": (boxes("x").replace("\n", "\r"), NONE),
    "underlined heading": ("AI usage\n--------\n* [x] none\n\nOther\n=====\n- [x] tests", "none"),
    "bold heading": ("**AI Disclosure**\n- [x] No AI\n**Checks**\n- [x] tests", "No AI"),
    "bold answer": ("### AI use\n**None at all**\n### Rest\nx", "None at all"),
    "emoji heading, question and answer": (
        "## 🤖 AI Usage\n- [ ] **Did you use an AI tool?**\n  - [x] Yes\n  - [ ] No\n\n**Tool used:** A Model\n",
        "Did you use an AI tool? Yes\nTool used: A Model"),
    "question before the boxes": ("## AI\nDid AI write any of it?\n- [ ] yes\n- [x] no", "Did AI write any of it? no"),
    "details below an unticked box": (
        "### Generative AI Disclosure\n- [x] No generative AI was used.\n- [ ] It was assisted.\n    - Tools used: <!-- which -->\n"
        "    - How were they used? <!-- how -->", "No generative AI was used."),
    "details below a ticked box": (
        "### Generative AI Disclosure\n- [ ] No generative AI was used.\n- [x] It was assisted.\n    - Tools used: A Model",
        "It was assisted.\nTools used: A Model"),
    "headings inside": ("## AI assistance\n### Tools\nA Model\n### How\nFor names\n## Tests\nRun", "A Model\nFor names"),
    "a label in a line": ("Fixed it.\n\nAI tools used: none\n\nThanks", "none"),
    "a label with more below": ("AI disclosure:\nA Model\nfor the tests\n\nThanks", "A Model\nfor the tests"),
    "a label in bold": ("**AI assistance:** A Model", "A Model"),
    "a label in a list": ("- Tests: yes\n- AI usage: no\n", "no"),
    "a disclosure without the word": ("## Disclosure\nA Model helped", "A Model helped"),
    "a disclosure of another kind": ("## Security disclosure\nNone", ""),
    "a heading about the change": ("## Add AI search\nIt is quick", ""),
    "French": ("## J'ai choisi\nCeci", ""),
    "words of the template": ("## AI usage\n> We welcome it.\nPlease describe how (e.g. tests):\n- [ ] used\n- Tools (e.g. A Model)", ""),
    "inside a code block": ("```\n## AI disclosure\n- [x] none\n```", ""),
    "a comment that never ends": ("<!-- \n## AI disclosure\n- [x] none", ""),
    "links and code": ("## AI use\nSee [the log](https://example.org/log) of `a_model`", "See the log of a_model"),
    "a link is no box": ("## AI use\n[x](https://example.org)", "x"),
    "other marks": ("## AI use\n☑ none\n☐ some", "none"),
    "numbered": ("## AI use\n1. [ ] none\n2. [✓] some", "some"),
    "a rule below": ("## AI use\nNone\n\n---\n\nmore", "None\nmore"),
    "twice": ("## AI use\nNone\n## AI use\nNone", "None"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_disclosure(case):
    body, told = CASES[case]
    assert disclosure_in(body_of({"body": body})) == told


@pytest.mark.parametrize(
    "body",
    [
        "# " + " " * 100_000 + "x",
        "#" * 100_000,
        "- [" * 50_000,
        "## AI use\n" + "[" * 100_000,
        "## AI use\n" + "*_`" * 30_000,
        "AI used" + " " * 50_000 + "x",
        "<!--" * 30_000,
        "## AI use\n" + "word " * 50_000,
        "## AI\n" * 20_000,
        "## AI use\n" + "- [x] yes\n" * 20_000,
    ],
)
def test_no_description_takes_long(body):
    started = time.process_time()
    assert len(disclosure_in(body_of({"body": body}))) <= 2000
    assert time.process_time() - started < 2
