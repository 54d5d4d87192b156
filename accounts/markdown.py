"""Markdown that people write, made into HTML that cannot hurt anybody."""

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

#: Raw HTML is off: what somebody types between angle brackets is shown as typed. Images are left out: they would load
#: from elsewhere.
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("strikethrough").disable("image")
_TAGS = {"p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "h3", "h4", "h5", "h6"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


def render_markdown(text: str) -> SafeString:
    """CommonMark to cleaned HTML. Headings begin at level 3, below the page's; links carry a `rel` that gives nothing away."""
    tokens = _parser.parse(text or "")
    _fit_headings(tokens)
    html = _parser.renderer.render(tokens, _parser.options, {})
    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )
    return mark_safe(cleaned)  # noqa: S308 (nh3 has just cleaned it)


def _fit_headings(tokens) -> None:
    """Headings begin at level 3 whatever the first one was typed as, and none skips a level: screen readers go by them."""
    typed = sorted({token.tag for token in tokens if token.tag in _HEADINGS})
    before = 2
    for token in tokens:
        if token.tag not in _HEADINGS:
            continue
        if token.type == "heading_open":
            before = min(typed.index(token.tag) + 3, before + 1, 6)
        token.tag = f"h{before}"
