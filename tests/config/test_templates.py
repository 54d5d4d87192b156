"""Rules for every template of ours, so that the strict content security policy never breaks a page."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines

FOLDERS = [settings.BASE_DIR / "templates"] + [
    settings.BASE_DIR / app / "templates" for app in ("accounts", "background", "cohorts", "contributions")
]
TEMPLATES = sorted(
    path for folder in FOLDERS if folder.is_dir() for path in folder.rglob("*") if path.suffix in {".html", ".txt", ".svg"}
)
NAMES = [str(path.relative_to(settings.BASE_DIR)) for path in TEMPLATES]

COMMENT = re.compile(r"\{#.*?#\}|\{% comment.*?%\}.*?\{% endcomment %\}|<!--.*?-->", re.DOTALL)
FORBIDDEN = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc\s*=)(?![^>]*type=[\"']application/(?:ld\+)?json)[^>]*>", re.I),
    "an inline stylesheet": re.compile(r"<style\b", re.I),
    "a style attribute": re.compile(r"\sstyle\s*=", re.I),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "hx-on": re.compile(r"\b(?:data-)?hx-on[:\s=-]", re.I),
    "evaluated htmx values": re.compile(r"hx-(?:vals|headers|vars)\s*=\s*[\"']\s*(?:js|javascript):|\bhx-vars\b", re.I),
    "an evaluated htmx filter": re.compile(r"hx-trigger\s*=\s*(\"[^\"]*\[|'[^']*\[)", re.I),
    "a javascript address": re.compile(r"(?:href|src|action)\s*=\s*[\"']?\s*javascript:", re.I),
    "text marked safe": re.compile(r"\|\s*safe(?:seq)?\b|\{%\s*autoescape\s+off"),
}
#: Plain-text mails have no markup to escape; help texts of forms are markup by Django's own rule, escaped where people write them.
MAY_BE_UNESCAPED = re.compile(r"\.txt$|^field\.html$")
#: A mail brings its styles along, and none of our policies.
MAY_BE_STYLED = {"templates/emails/layout.html"}


def without_comments(text: str) -> str:
    return COMMENT.sub("", text)


def test_there_are_templates_to_look_at():
    assert len(TEMPLATES) > 5


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_it_holds_nothing_that_the_policy_forbids(path: Path):
    text = without_comments(path.read_text())
    found = [
        what
        for what, pattern in FORBIDDEN.items()
        if pattern.search(text)
        and not (what == "text marked safe" and MAY_BE_UNESCAPED.search(path.name))
        and not (what == "an inline stylesheet" and str(path.relative_to(settings.BASE_DIR)) in MAY_BE_STYLED)
    ]
    assert found == []


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_it_compiles(path: Path):
    engines["django"].from_string(path.read_text())


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_every_form_that_changes_something_has_a_token(path: Path):
    for form in re.findall(r"<form\b.*?</form>", without_comments(path.read_text()), re.DOTALL | re.I):
        if re.search(r"method\s*=\s*[\"']?post", form.split(">", 1)[0], re.I):
            assert "csrf_token %}" in form or "{{ csrf_token }}" in form or "element" in form, form[:200]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<script>alert(1)</script>", "an inline script"),
        ("<STYLE>p {}</STYLE>", "an inline stylesheet"),
        ('<p style="color: red">', "a style attribute"),
        ('<button onclick="x()">', "an event handler"),
        ('<button hx-on:click="x()">', "hx-on"),
        ("""<div hx-vals='js:{a: 1}'>""", "evaluated htmx values"),
        ("""<div hx-trigger="click[ctrlKey]">""", "an evaluated htmx filter"),
        ("<a href='javascript:x()'>", "a javascript address"),
        ("{{ text|safe }}", "text marked safe"),
    ],
)
def test_the_rules_see_what_they_are_for(text, what):
    assert FORBIDDEN[what].search(text)


@pytest.mark.parametrize(
    "text",
    [
        '<script src="{% static "js/site.js" %}" nonce="{{ csp_nonce }}" defer></script>',
        '<script type="application/json" id="data">{}</script>',
        '<link rel="stylesheet" href="x.css">',
        """<div hx-vals='{"a": 1}' hx-trigger="every 2s">""",
    ],
)
def test_the_rules_leave_the_rest_alone(text):
    assert not any(pattern.search(text) for pattern in FORBIDDEN.values())
