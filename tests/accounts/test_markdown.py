"""Markdown that people write."""

import re

import pytest

from accounts.markdown import render_markdown


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("# A\n## B\n# C", "343"),
        ("## A\n### B", "34"),
        ("#### A", "3"),
        ("# A\n#### B\n##### C\n# D", "3453"),
        ("### A\n# B\n## C", "334"),
        ("# A\n## B\n### C\n#### D\n##### E\n###### F", "345666"),
    ],
)
def test_headings_begin_below_those_of_the_page_and_skip_no_level(text, levels):
    html = render_markdown(text)
    assert "".join(re.findall(r"<h(\d)>", html)) == levels == "".join(re.findall(r"</h(\d)>", html))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,hello)",
        "![x](https://example.org/track.png)",
        '<a href="x" onclick="alert(1)">x</a>',
    ],
)
def test_nothing_that_hurts_comes_out(text):
    html = render_markdown(text)
    assert not re.search(r"<script|href=\"(javascript|data)|<img|<a [^>]*onclick", html)


def test_links_give_nothing_away():
    assert 'rel="nofollow noopener noreferrer"' in render_markdown("[x](https://example.org/)")


def test_nothing_is_nothing():
    assert render_markdown("") == render_markdown(None) == ""
