"""The Markdown to copy: names only of people who agreed, and no text of theirs that does anything."""

import datetime
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from accounts.web_addresses import web_address
from contributions.figures.counting import count
from contributions.figures.facts import Facts, Given, Person, Work
from contributions.figures.telling import link, markdown, plain, story_of
from contributions.figures.withholding import public

from .test_counting import CALENDAR, at, pull

HOUR = datetime.timedelta(hours=1)
PEOPLE = {1: Person("Amara Okafor", True), 2: Person("Jun Tanaka", True), 3: Person("Leila Haddad"), 4: Person("", False)}


def told(pk, *by, **values):
    return replace(
        pull(pk, at(2, 9), by=by, state="merged", ended=at(2, 16), waited=pk * HOUR, answered=True),
        **{"project": None, "title": f"Title {pk}", "url": f"https://github.com/o/r/pull/{pk}", **values},
    )


def tell(facts, key=None):
    seen = public(count(facts, CALENDAR), facts.agreed)
    slot = next((slot for slot in CALENDAR.slots if slot.key == key), None)
    line = seen.line(key) if key else seen.total
    return markdown("2027 Session 1", line, story_of(facts, CALENDAR, slot), others=None if key else seen.others)


@pytest.mark.parametrize(
    ("by", "listed"),
    [((1,), True), ((1, 2), True), ((3,), False), ((1, 3), False), ((4,), False)],
)
def test_work_is_listed_where_everybody_with_a_part_in_it_agreed(by, listed):
    facts = Facts([told(1, *by)], people=PEOPLE)
    assert ("[Title 1]" in tell(facts)) is listed
    for pk in by:
        assert (bool(PEOPLE[pk].name) and PEOPLE[pk].name in tell(facts)) is listed


def test_who_only_reviewed_or_helped_is_not_named_with_it():
    text = tell(Facts([told(1, 1, people=frozenset({1, 2, 3}))], people=PEOPLE))
    assert "[Title 1](https://github.com/o/r/pull/1) by Amara Okafor\n" in text


def test_other_work_is_everybodys_who_has_a_part_in_it():
    talk = Work(
        20, "other", "open", "talk", opened_at=at(2, 9), people=frozenset({1, 3}), makers=frozenset({1}), title="On tests"
    )
    assert "On tests" not in tell(Facts([talk], people=PEOPLE))


def test_a_whole_session_in_words():
    talk = Work(
        20, "other", "open", "talk", opened_at=at(2, 9), people=frozenset({1}), title="On tests", url="https://talk.example.org/"
    )
    works = [told(pk, pk) for pk in (1, 2, 3)] + [told(4, 3), told(5, 2, first=True, project=7), talk]
    reviews = [Given(at(2, 9), pk, 1) for pk in (1, 2, 3)]
    text = tell(Facts(works, reviews, PEOPLE, {7: "Lumen"}))
    assert text == (
        "## 2027 Session 1\n\n"
        "- 5 pull requests opened\n- 5 pull requests merged\n- 3 reviews given\n- 1 first contribution to a repository\n"
        "- Other work: 1 talk\n"
        "- First answers to pull requests: half within 3 hours, nine of ten within 5 hours (5 answers)\n\n"
        "### Merged\n\n"
        "- [Title 1](https://github.com/o/r/pull/1) by Amara Okafor\n- [Title 2](https://github.com/o/r/pull/2) by Jun Tanaka\n"
        "- [Title 5](https://github.com/o/r/pull/5) by Jun Tanaka, Lumen\n\n"
        "### First contributions\n\n- [Title 5](https://github.com/o/r/pull/5) by Jun Tanaka, Lumen\n\n"
        "### Other work\n\n- Talk: [On tests](https://talk.example.org/) by Amara Okafor\n\n"
        "Thank you for reviewing: Amara Okafor, Jun Tanaka.\n"
    )


def test_a_week_tells_of_that_week_alone_and_small_numbers_are_a_few():
    facts = Facts([told(1, 1), told(2, 3)], people=PEOPLE)
    opened, merged = tell(facts, "week-1"), tell(facts, "week-2")
    assert "Pull requests opened: some" in opened
    assert "Title 1" not in opened
    assert "Pull requests merged: some" in merged
    assert "Title 1" in merged
    assert "[" not in tell(facts, "week-3")


def test_a_very_long_list_is_cut_and_says_so():
    assert "and 5 more" in tell(Facts([told(pk, 1) for pk in range(1, 66)], people=PEOPLE))


HOSTILE = [
    "<script>alert(1)</script>",
    "[click](https://evil.example.org)",
    "![](https://evil.example.org/x.png)",
    "`code` **bold** _it_ ~~no~~ | cell",
    "x](https://evil.example.org) y",
    "line\n# heading\n- list",
    "https://evil.example.org www.evil.example.org",
    "&lt;b&gt; \\",
    "\u202egnp.exe",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_typed_stays_text(text):
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(f"- {link(text, 'https://github.com/o/r/pull/1')} by {plain(text)}\n")
    inline = [child for token in tokens for child in token.children or []]
    assert {token.type for token in tokens} == {
        "bullet_list_open", "list_item_open", "paragraph_open", "inline", "paragraph_close", "list_item_close", "bullet_list_close",
    }  # fmt: skip
    assert {child.type for child in inline} <= {"text", "link_open", "link_close", "text_special"}
    assert [child.attrs for child in inline if child.type == "link_open"] == [{"href": "https://github.com/o/r/pull/1"}]
    assert "\u202e" not in plain(text)


def test_nobody_is_called_by_a_name():
    """Code hosts and chats make mentions and references of these."""
    assert plain("@everyone #12") == "@\u2060everyone \\#12"
    assert plain("https://x.example") == "https:\u2060//x.example"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/o/r/pull/1", True),
        ("http://code.example.org/ticket/1?x=1#c", True),
        ("javascript:alert(1)", False),
        (" jaVascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example.org", False),
        ("https://", False),
        ("https://github.com@evil.example.org/", False),
        ("https:\\\\evil.example.org", False),
        ("https://example.org/a b", False),
        ("https://example.org/\nSet-Cookie: x", False),
        ("https://[::1", False),
        ("", False),
        (None, False),
    ],
)
def test_only_plain_addresses_of_the_web_become_links(url, expected):
    assert bool(web_address(url)) is expected
