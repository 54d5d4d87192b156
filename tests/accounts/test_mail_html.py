"""The HTML part: what was typed, with paragraphs, lists and links, and nothing that it could do."""

import re

import pytest

from accounts.mail_html import html_from_text, html_of
from accounts.models import Message


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("One\ntwo\n\nThree", "<p>One<br>\ntwo</p>\n<p>Three</p>"),
        ("One\r\n\r\n  \r\nTwo\n", "<p>One</p>\n<p>Two</p>"),
        ("- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>"),
        ("Bring:\n* a\n* b\nThanks", "<p>Bring:</p>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<p>Thanks</p>"),
        ("1. one\n2. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>"),
        ("2026. That was a year.", "<p>2026. That was a year.</p>"),
        ("a\n\n--\n\nb", "<p>a</p>\n<hr>\n<p>b</p>"),
        ("-5 degrees", "<p>-5 degrees</p>"),
        ("<b>&\"'", "<p>&lt;b&gt;&amp;&quot;&#x27;</p>"),
        ("https://a.org/?x=1&y=2.", '<p><a href="https://a.org/?x=1&amp;y=2">https://a.org/?x=1&amp;y=2</a>.</p>'),
        ("(see https://a.org/x_(y))", '<p>(see <a href="https://a.org/x_(y)">https://a.org/x_(y)</a>)</p>'),
        ("javascript:alert(1) ftp://a.org www.a.org", "<p>javascript:alert(1) ftp://a.org www.a.org</p>"),
        ("https://bank.example@evil.org", "<p>https://bank.example@evil.org</p>"),
        ('https://a.org/"onclick=x', '<p><a href="https://a.org/">https://a.org/</a>&quot;onclick=x</p>'),
        ("https://", "<p>https://</p>"),
        ("", ""),
    ],
)
def test_text_becomes_html(text, html):
    assert html_from_text(text) == html


def test_a_long_line_takes_no_time():
    assert len(html_from_text("http://" * 20_000 + ")" * 20_000)) > 100_000


def test_the_document_says_its_language_and_loads_nothing():
    document = html_of(Message(subject="<Hi>", body="Ciao https://a.org/", language="ar"))
    assert '<html lang="ar" dir="rtl">' in document
    assert "<title>&lt;Hi&gt;</title>" in document
    assert "prefers-color-scheme: dark" in document
    assert re.findall(r"<(?:img|script|link|iframe)|\bsrc=|url\(", document) == []


def test_a_message_with_html_of_its_own_keeps_it():
    document = html_of(Message(subject="Hi", body="Text", html="<p>Own <em>words</em></p>"))
    assert "<p>Own <em>words</em></p>" in document
    assert "Text" not in document
    assert '<html lang="en" dir="ltr">' in document
