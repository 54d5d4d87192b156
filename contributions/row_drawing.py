"""One piece of work in a list, as HTML. Drawn here and not in a template: a page may hold a hundred of them."""

from collections.abc import Iterator

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.templatetags.interface import icon

from .disclosure import is_told
from .models import WorkItem
from .preflight import preflight, summary
from .reading import Row
from .reviewing import review_words

CI, ReviewState = WorkItem.CI, WorkItem.ReviewState
LINKS_SHOWN, PULL_REQUESTS_SHOWN = 2, 3


def draw_row(row: Row) -> SafeString:
    """A list entry: the title as a link, whose turn it is, what happened, and the facts."""
    waiting = row.waiting
    happened = f'<p class="happened">{escape(row.happened)}</p>' if row.happened else ""
    return mark_safe(  # noqa: S308 (put together of constants and of texts that went through `escape`)
        f'<li class="item"><a class="title" href="{row.address}">{escape(row.item.title)}</a>'
        f'<span class="pill" data-turn="{waiting.tone}">{icon(waiting.icon)}{escape(waiting.text)}</span>'
        f'{happened}<div class="facts">{"".join(_facts(row))}</div></li>'
    )


def ticket_facts(row: Row) -> Iterator[str]:
    """What a tracker says of a ticket, and the pull requests that refer to it."""
    if row.stage:
        yield _fact(row.stage)
    for words in row.flags:
        yield _fact(words)
    before = escape(_("pull request:"))
    for pull_request in row.pull_requests[:PULL_REQUESTS_SHOWN]:
        yield f"<span>{before} {_link(pull_request.url, str(pull_request), pull_request.title)}</span>"


def _facts(row: Row) -> Iterator[str]:
    item = row.item
    yield _fact(row.place)
    if row.is_review:
        if item.author_login:
            yield _fact(_("by %(login)s") % {"login": item.author_login})
        if words := review_words(row.reviews, yours=row.yours, now=row.now):
            yield _fact(words)
    elif row.part:
        yield _fact(row.part)
    yield from ticket_facts(row)
    if row.is_open and not row.is_review:
        yield from _state(row)
    if row.first_response and not row.is_review:
        yield _fact(row.first_response)
    if row.size and not row.is_review:
        large = ": " + _("large for this project") if row.is_large and row.is_open else ""
        yield _fact(f"{row.size}{f', {row.files}' if row.files else ''}{large}")
    linked = escape(_("linked:"))
    for link in row.links[:LINKS_SHOWN]:
        yield f"<span>{linked} {_link(link['url'], link['words'], link['title'])}</span>"
    if row.is_pull_request and not row.is_review and is_told(row):
        yield _fact(_("AI use disclosed"))
    if row.problem:
        yield _fact(row.problem, "bad", "warning")
    if row.asks_first and (words := summary(preflight(row), yours=row.yours)):
        yield f'<a class="ask" href="{row.address}#before">{icon("mine")} {escape(words)}</a>'


def _state(row: Row) -> Iterator[str]:
    """Checks, conflicts and reviews of open work; what the pill says already is not said again."""
    item = row.item
    if item.ci == CI.FAILURE and item.turn_reason != "ci_failing":
        yield _fact(_("checks fail"), "bad", "trouble")
    elif item.ci == CI.SUCCESS:
        yield _fact(_("checks pass"), "good", "done")
    elif item.ci == CI.PENDING:
        yield _fact(_("checks run"), "", "reviewer")
    if item.conflicting and item.turn_reason != "conflict":
        yield _fact(_("conflicts"), "bad", "warning")
    if item.review_state == ReviewState.APPROVED and item.turn_reason != "approved":
        yield _fact(_("approved"), "good", "done")
    elif item.review_state == ReviewState.CHANGES_REQUESTED and item.turn_reason != "changes_requested":
        yield _fact(_("changes were requested"))
    elif item.review_state == ReviewState.COMMENTED and item.turn_reason != "commented":
        yield _fact(_("reviewed, with comments"))


def _fact(words: str, tone: str = "", name: str = "") -> str:
    opening = f'<span class="{tone}">' if tone else "<span>"
    return f"{opening}{icon(name)} {escape(words)}</span>" if name else f"{opening}{escape(words)}</span>"


def _link(url: str, words: str, title: str) -> str:
    titled = f' title="{escape(title)}"' if title else ""
    return f'<a href="{escape(url)}" rel="noopener"{titled}>{escape(words)}</a>'
