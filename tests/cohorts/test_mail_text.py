"""Words of mails: what is refused with which advice, what they look like when filled, and that no value becomes markup or a link."""

import pathlib
import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.models import User
from cohorts.mail_text.blocks import fill_blocks
from cohorts.mail_text.checks import BODY_MOST, SUBJECT_MOST, problems_of
from cohorts.mail_text.passages import passage_of
from cohorts.mail_text.reading import read
from cohorts.mail_text.values import TemplateFailed, value_of
from cohorts.message_kinds import KINDS, kind_named
from cohorts.message_kinds.placeholders import COMMON
from cohorts.message_templates import Words, default_words, fill, language_for
from cohorts.models import Session

OFFER = kind_named("decision_offer")
#: What every offer must have.
NEEDED = "\n\n{link} {answer_by}\n"


def filled(body: str, kind=OFFER, **values) -> tuple[str, str]:
    """Text and HTML of `body`, with examples for what `values` leave out."""
    letter = read("x", body)
    examples = {
        one.name: passage_of(str(one.example)) if one.shape == "blocks" else str(one.example) for one in kind.placeholders
    }
    given_values = examples | values
    return fill_blocks(letter.blocks, {name: value_of(kind.by_name[name], given_values[name]) for name in letter.names})


# What is refused


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("Hello {nam},", 1, "Did you mean {name}?"),
        ("Hello\n\n{Name}", 3, "Did you mean {name}?"),
        ("Hello { name }", 1, "Did you mean {name}?"),
        ("by {deadline_to_answer}", 1, "There is no placeholder {deadline_to_answer}"),
        ("by {xyzzy}", 1, "The list beside the text has all of them."),
        ("Hello {name.password}", 1, "There is no placeholder {name.password}"),
        ("Hello {name!r}", 1, "There is no placeholder {name!r}"),
        ("Hello {}", 1, "There is no placeholder {}"),
        ("Hello {{ name }}", 1, "Write {name}."),
        ("Hello {{ person.name|title }}", 1, "one pair of braces too many"),
        ("a\n{% if name %}b{% endif %}", 2, "and no tags"),
        ("a\n{# a comment #}", 2, "and no tags"),
        ("a {name", 1, "does not close"),
        ("a\nb name}", 2, "that nobody opened"),
        (r"a \{name}", 1, "A backslash"),
        ("`{nam}`", 1, "Did you mean {name}?"),
        ("[x]({nam})", 1, "Did you mean {name}?"),
        ("a\n[x](https://example.org/?to={name})", 2, "cannot be part of the target of a link"),
        ("[x]({name})", 1, "cannot be part of the target of a link"),
        ("a\n\n[x][1]\n\n[1]: https://example.org/{name}", 3, "cannot be part of the target of a link"),
        ("https://example.org/{name}", 1, "cannot be part of an address"),
        ("www.example.org/{name}", 1, "cannot be part of an address"),
        ("go to {name}.example.org", 1, "cannot be part of an address"),
        ("{name}@example.org", 1, "cannot be part of an address"),
        ("{name}://example.org", 1, "cannot be part of an address"),
        ("mailto:{name}", 1, "cannot be part of an address"),
        ("https:{name}", 1, "cannot be part of an address"),
        ("a\n[x](ftp://example.org)", 2, "Links begin with https://"),
        ("[x](javascript:alert(1))", 1, "Links begin with https://"),
        ("[x](JaVaScRiPt:alert%281%29)", 1, "Links begin with https://"),
        ("[x](data:text/html,y)", 1, "Links begin with https://"),
        ("<javascript:alert(1)>", 1, "Links begin with https://"),
        ("[x](/me/)", 1, "Links begin with https://"),
        ("[x]({session}/y)", 1, "is no address"),
        ("[x]({link}?y)", 1, "it is a whole address"),
        ("[x](https://)", 1, "is not a whole address"),
        ("[x]()", 1, "has no address"),
        ("a\nb ![alt](https://example.org/x.png)", 2, "Pictures cannot be part of a mail"),
        ("a\n\n<b>bold</b>", 3, "“<b>” is HTML"),
        ("a\nb <img src=x onerror=y>", 2, "is HTML"),
        ("<div>\nx\n</div>", 1, "“<div>” is HTML"),
        ("- one\n- two <script>alert(1)</script>", 2, "is HTML"),
        ("a\u202eb", 1, "U+202E"),
        ("a\n\x00b", 2, "U+0000"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_what_to_do(body, line, words):
    found = problems_of(OFFER, "Subject", body + NEEDED)
    assert {problem.line for problem in found if words in problem.text} == {line}, [str(one) for one in found]
    assert str(next(problem for problem in found if words in problem.text)).startswith(f"Line {line}: ")


@pytest.mark.parametrize(
    "body",
    [
        "{{ literally, braces }} and {{{name}}}",
        "a < b, 3 > 2, <3 & more",
        "**bold** *slanted* `code {name}`",
        "[words]({link}) <https://example.org/a?b=c> [mail us](mailto:{contact}) [write](mailto:a@example.org)",
        "[x](https://example.org/?s={session}&r={cohort})",
        "# Title\n\n1. one\n2. two\n   - three\n\n> quoted\n\n---\n\n```\nas typed {name}\n```",
        "[{name}](https://example.org)",
        "{name}, {name}: {name}. ({name}) “{name}”",
        "Ciao {name}! 你好 مرحبا",
    ],
)
def test_what_is_right_is_taken(body):
    assert problems_of(OFFER, "Place in {session}", body + NEEDED) == []


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("", "Write a subject."),
        ("  ", "Write a subject."),
        ("Dear {name}", "cannot stand in the subject"),
        ("{sesion}", "Did you mean {session}?"),
        ("a\nBcc: b@example.org", "is one line"),
        ("a\u2028b", "is one line"),
        ("x" * (SUBJECT_MOST + 1), f"at most {SUBJECT_MOST} characters"),
        ("{#" * 100_000, f"at most {SUBJECT_MOST} characters"),
        ("a {", "does not close"),
        ("a \u202e b", "U+202E"),
    ],
)
def test_a_subject_is_checked_as_well(subject, words):
    assert any(words in problem.text and problem.field == "subject" for problem in problems_of(OFFER, subject, NEEDED))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "Write a text."),
        ("\n \n", "Write a text."),
        ("Answer by {answer_by}", "{link} is missing"),
        ("[yes]({link})", "{answer_by} is missing"),
        (r"\{link} {answer_by}", "{link} is missing"),
        ("x" * (BODY_MOST + 1), f"at most {BODY_MOST} characters"),
    ],
)
def test_what_is_missing_or_too_much_is_said_of_the_whole_text(body, words):
    assert any(words in problem.text and problem.line is None for problem in problems_of(OFFER, "x", body))


@pytest.mark.parametrize(
    "body", ["{" * 9000, "[" * 9000, "> " * 4000, "*" * 9000, "- " * 4000, "`" * 9000, "<a" * 4000, "{name}" * 1500]
)
def test_no_text_keeps_the_check_busy(body):
    problems_of(OFFER, "x", body)
    read("x", body)


# The site's own words


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_words_of_the_site_keep_their_own_rules(kind, language):
    words = default_words(kind, language)
    assert problems_of(kind, words.subject, words.body) == []
    assert set(kind.required) <= set(kind.by_name)
    assert {placeholder.name for placeholder in COMMON} <= set(kind.by_name)
    text, html = filled(words.body, kind)
    assert "{" not in text + html
    assert not re.search(r"\*\*|\]\(|^#", text, re.MULTILINE)
    assert [one.name for one in kind.placeholders if not one.trusted and one.name in read(words.subject, "").names] == []


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_placeholder_that_may_be_empty_leaves_no_gap(kind):
    empty = {one.name: "" for one in kind.placeholders if one.may_be_empty}
    text, html = filled(default_words(kind, "en").body, kind, **empty)
    assert "\n\n\n" not in text
    assert "  " not in text
    assert "<p></p>" not in html
    assert not re.search(r"<br>\s*</p>|<p>\s*<br>", html)


def test_the_reference_names_every_placeholder_of_every_mail():
    pages = (pathlib.Path(__file__).parents[2] / "docs/reference/placeholders.md").read_text().split("\n## ")
    said = {page.split("\n")[0]: set(re.findall(r"^\| `\{(\w+)\}`", page, re.MULTILINE)) for page in pages}
    common = said.pop("In every mail")
    assert common == {placeholder.name for placeholder in COMMON}
    assert {str(kind.label): set(kind.by_name) - common for kind in KINDS.values()} == {
        label: names for label, names in said.items() if label in {str(kind.label) for kind in KINDS.values()}
    }


# How it looks


@pytest.mark.parametrize(
    ("body", "text", "html"),
    [
        ("one\ntwo", "one\ntwo", "<p>one<br>\ntwo</p>"),
        ("**one** *two* `three`", "one two three", "<p><strong>one</strong> <em>two</em> <code>three</code></p>"),
        ("[words](https://example.org)", "words: https://example.org", '<p><a href="https://example.org">words</a></p>'),
        ("Words: [words:](https://example.org)", "Words: words: https://example.org", None),
        ("see [words](https://example.org).", "see words (https://example.org).", None),
        (
            "https://example.org/a_b_c, or",
            "https://example.org/a_b_c, or",
            '<p><a href="https://example.org/a_b_c">https://example.org/a_b_c</a>, or</p>',
        ),
        ("(https://x.org/a_(b))", "(https://x.org/a_(b))", '<p>(<a href="https://x.org/a_(b)">https://x.org/a_(b)</a>)</p>'),
        ("<https://example.org>", "https://example.org", '<p><a href="https://example.org">https://example.org</a></p>'),
        ("[us](mailto:a@example.org)", "us: a@example.org", '<p><a href="mailto:a@example.org">us</a></p>'),
        ("[us](mailto:{contact})", "us: hello@example.org", '<p><a href="mailto:hello@example.org">us</a></p>'),
        ("{contact}", "hello@example.org", '<p><a href="mailto:hello@example.org">hello@example.org</a></p>'),
        ("[{link}]({link})", "https://cohorts.example.org/applications/1/", None),
        ("# Title\n\ntext", "Title\n\ntext", "<h2>Title</h2>\n<p>text</p>"),
        ("Best,\n--\nus", "Best,\n--\nus", "<p>Best,<br>\n--<br>\nus</p>"),
        ("    indented", "indented", "<p>indented</p>"),
        ("- a\n- b\n  c", "- a\n- b\n  c", "<ul>\n<li>a</li>\n<li>b<br>\nc</li>\n</ul>"),
        ("3. a\n4. b", "3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("- a\n  - b", "- a\n  - b", "<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul></li>\n</ul>"),
        ("> a\n> b", "> a\n> b", "<blockquote>\n<p>a<br>\nb</p>\n</blockquote>"),
        ("```\n{{a}}  b\n```", "{a}  b", "<pre><code>{a}  b\n</code></pre>"),
        ("a {{b, c}} {{{session}}}", "a {b, c} {2027 Session 1}", None),
        ("a < b & c", "a < b & c", "<p>a &lt; b &amp; c</p>"),
        ("a\n{project}\nb", "a\nb", "<p>a<br>\nb</p>"),
        ("a\n\n{project} {cohort}\n\nb", "a\n\nb", "<p>a</p>\n<p>b</p>"),
        ("a\n\n- {project}\n\n> {project}\n\n# {project}\n\n`{project}` [{project}](https://x.org)", "a\n\nhttps://x.org", None),
        ("[x](https://x.org/?s={session}&n=1)", "x: https://x.org/?s=2027%20Session%201&n=1", None),
    ],
)
def test_text_and_html_of_markdown(body, text, html):
    made = filled(body + "\n", project="", cohort="")
    assert made[0] == text
    assert html is None or made[1] == html


def test_lines_of_a_value_are_lines_of_the_mail():
    kind = kind_named("application_changed")
    text, html = filled("{changes}", kind, changes=["one", "two <b>", ""])
    assert text == "one\ntwo <b>"
    assert html == "<p><bdi>one</bdi><br>\n<bdi>two &lt;b&gt;</bdi></p>"


def test_the_address_for_questions_can_be_tapped():
    text, html = filled("{questions_sentence}", questions_sentence="Questions? Write to o'b&@example.org.")
    assert text == "Questions? Write to o'b&@example.org."
    assert html == "<p>Questions? Write to o&#x27;b&amp;@example.org.</p>"
    _text, html = filled("{questions_sentence}")
    assert html == '<p>Questions? Write to <a href="mailto:hello@example.org">hello@example.org</a>.</p>'


@pytest.mark.parametrize(
    ("name", "given_value", "words"),
    [
        ("link", "", "is empty"),
        ("link", None, "Nothing is known"),
        ("link", "javascript:alert(1)", "is no address"),
        ("link", "https://example.org/ x", "is no address"),
        ("link", 'https://example.org/"onclick="x', "is no address"),
        ("contact", "a@b@c", "is no address"),
        ("contact", "a@example.org?bcc=b@example.org", "is no address"),
        ("answer_by", " \n ", "is empty"),
    ],
)
def test_a_value_that_cannot_stand_there_fails_the_mail_of_one_person(name, given_value, words):
    with pytest.raises(TemplateFailed, match=words):
        value_of(OFFER.by_name[name], given_value)


# Hostile values

HOSTILE = [
    "[x](javascript:alert(1))",
    "<b>bold</b><script>alert(1)</script>",
    "*a* _b_ `c` # d ~~e~~ > f",
    "two\nlines\r\nBcc: everybody@example.org",
    "a\u2028b\u2029c\x85d\x0be",
    "\u202egnp.exe",
    "\u2066\u200f\u061cx",
    "x" * 150,
    "https://evil.example/path",
    "www.evil.example",
    "evil.example",
    "//evil.example",
    "///evil.example",
    "mailto:a@evil.example",
    "{link}",
    "{{link}}",
    '"><a href="https://evil.example">x</a>',
    "&lt;b&gt; &amp; &#60;",
    "<!-- -->",
    "![x](https://evil.example/x.png)",
    "</p></div></body>",
    "a\x00b\x1b[31m",
    "＜b＞ evil。example",
    "evil\u00ad.example",
    "evil.\u200bexample",
    "evil\u2024example",
]


class _Seen(HTMLParser):
    """The tags of a piece of HTML with their attributes, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, attrs))

    def handle_endtag(self, tag):
        self.tags.append(tag)

    def handle_comment(self, data):
        self.tags.append("comment")

    def handle_data(self, data):
        self.words += data


SESSION = Session(pk=1, name="Spring", contact_email="team@example.org")
SESSION._prefetched_objects_cache = {"message_templates": []}  # type: ignore[attr-defined]
#: What mail programs make links of, in plain text.
LINKS = re.compile(r"\b(?:https?://|mailto:|www\.)\S+|\b[\w-]+\.(?:[a-z]{2,})\b", re.IGNORECASE)


def as_mail(name: str, words: Words | None = None):
    person = User(name=name, email="ada@example.org", time_zone="Europe/Rome")
    values = {one.name: str(one.example) for one in OFFER.placeholders if one not in COMMON}
    return fill(OFFER, words or default_words(OFFER, "en"), SESSION, person, lambda: values, "en")


PLACES = Words(
    "About {session}", "Hi **{name}**, [{name}]({link})\n\n- {name}\n\n> {name} `{name}`\n\n# {name}\n\n({name}) {answer_by}\n"
)
PLAIN = {words: as_mail("Ada", words) for words in (default_words(OFFER, "en"), PLACES)}


def as_addresses_read(text: str) -> str:
    """Without what nobody sees, and with each dot as the dot of an address: so a browser reads one."""
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf").translate(
        dict.fromkeys(map(ord, "．。｡․﹒"), ".")
    )


def same_but_for_the_name(name: str) -> None:
    for words, plain in PLAIN.items():
        mail = as_mail(name, words)
        assert mail.subject == plain.subject
        seen, expected = _Seen(mail.html), _Seen(plain.html)
        assert seen.tags == expected.tags
        assert len(mail.body.split("\n")) == len(plain.body.split("\n"))
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x85\u2028\u2029]", mail.body + mail.html)
        found = LINKS.findall(as_addresses_read(mail.body))
        assert len(found) == len(LINKS.findall(plain.body)), found


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_words_and_nothing_else(name):
    same_but_for_the_name(name)


@given(
    st.text(
        alphabet=st.one_of(st.characters(), st.sampled_from("[]()<>{}*_`#&;:/.@!\\\"'|-~ \n\r\u202e\u2028")),
        min_size=1,
        max_size=150,
    )
)
@example("a://b.c")
def test_no_name_at_all_makes_a_tag_a_link_or_a_line(name):
    try:
        same_but_for_the_name(name)
    except TemplateFailed:
        # Nothing of it can be seen: then there is no mail, and the page of publishing says so.
        assert value_of_name_is_empty(name)


def value_of_name_is_empty(name: str) -> bool:
    try:
        value_of(OFFER.by_name["name"], name)
    except TemplateFailed:
        return True
    return False


def test_a_name_keeps_its_letters_and_its_direction_to_itself():
    mail = as_mail("عائشة O’Neill & J.R. <3")
    assert "Hello عائشة O’Neill & J. R. <3," in mail.body
    assert "<bdi>عائشة O’Neill &amp; J. R. &lt;3</bdi>" in mail.html


def test_a_template_that_was_saved_under_other_rules_fails_with_its_reason():
    for words, reason in [
        (Words("x", "{unheard_of}"), "no placeholder"),
        (Words("{name}", "x"), "subject"),
        (Words("x", "[x](https://example.org/{name})"), "target of a link"),
        (Words("x", "[x]({session})"), "cannot begin with"),
        (Words("x", "{project}"), None),
    ]:
        if reason is None:
            assert as_mail("Ada", words)
            continue
        with pytest.raises(TemplateFailed, match=reason):
            as_mail("Ada", words)
    with pytest.raises(TemplateFailed, match="Nothing is left"):
        fill(OFFER, Words("x", "{cohort}"), SESSION, User(email="a@b.org"), lambda: {"cohort": ""}, "en")


def test_a_date_that_no_calendar_has_fails_the_mail_of_one_person():
    def values():
        raise OverflowError("date value out of range")

    with pytest.raises(TemplateFailed, match="out of range"):
        fill(OFFER, PLACES, SESSION, User(email="a@b.org"), values, "en")


def test_the_language_is_the_readers_where_the_site_speaks_it(settings):
    settings.LANGUAGES = [("en", "English"), ("it", "Italiano")]
    assert language_for(User(language="it")) == "it"
    assert language_for(User(language="xx")) == "en"
    assert language_for(User()) == language_for(None) == "en"
