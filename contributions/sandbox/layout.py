"""The frame of the sandbox's web pages, and the words and marks that several of them use."""

from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path

from .entities import Account, Item, PullRequest
from .messages import Reply, html_reply

STYLE_PATH = "/_sandbox/style.css"

#: Nothing runs here, nothing is loaded from elsewhere, nobody frames it, and forms go nowhere else.
POLICY = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

CI_WORDS = {
    "SUCCESS": ("good", "Checks are green"),
    "FAILURE": ("bad", "Checks are red"),
    "ERROR": ("bad", "Checks broke"),
    "PENDING": ("busy", "Checks are running"),
    "EXPECTED": ("busy", "Checks are expected"),
    None: ("quiet", "No checks"),
}


def page(title: str, body: str, *, status: int = 200, site_url: str = "") -> Reply:
    """A whole page. `title` is text, `body` is HTML with everything escaped. `site_url`: where the visitor comes from."""
    back = f'<p><a href="{escape(site_url)}">Back to the site</a></p>' if site_url else ""
    reply = html_reply(
        status,
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)} · Sandbox GitHub</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="{STYLE_PATH}"></head><body><a class="skip" href="#main">Skip to the content</a>'
        '<header class="strip"><p><strong><a href="/">Sandbox GitHub, for the demonstration</a></strong></p>'
        f'<p>Made up, and on this computer only.</p>{back}</header><main id="main" tabindex="-1">{body}</main></body></html>',
    )
    reply.headers |= {
        "content-security-policy": POLICY,
        "cache-control": "no-store",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
    }
    return reply


def style_reply() -> Reply:
    return Reply(200, _style(), {"content-type": "text/css; charset=utf-8", "cache-control": "no-cache"})


@cache
def _style() -> bytes:
    return Path(__file__).with_name("style.css").read_bytes()


def pill(tone: str, text: str) -> str:
    return f'<span class="pill {tone}">{escape(text)}</span>'


def note(tone: str, text: str, *, more: str = "") -> str:
    """A sentence above the page that is read out when it appears; `more` is HTML."""
    return f'<div class="note {tone}" role="{"alert" if tone == "bad" else "status"}"><p>{escape(text)}{more}</p></div>'


def state_pill(item: Item) -> str:
    if item.state == "MERGED":
        return pill("done", "Merged")
    if item.state == "CLOSED":
        return pill("quiet", "Closed")
    if isinstance(item, PullRequest) and item.is_draft:
        return pill("busy", "Draft")
    return pill("good", "Open")


def moment(at: datetime, now: datetime) -> str:
    """A date with the time that has passed beside it."""
    return f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{at:%d %b %Y, %H:%M} UTC ({since(at, now)})</time>'


def since(at: datetime, now: datetime) -> str:
    seconds = (now - at).total_seconds()
    for length, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        count = int(seconds // length)
        if count >= 1:
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "just now"


def account_link(account: Account) -> str:
    """The login, which leads to the account's page; accounts that are gone are a ghost, as on GitHub."""
    if account.deleted:
        return "<strong>ghost</strong>"
    bot = " (bot)" if account.typename == "Bot" else ""
    return f'<a href="{escape(account.resource_path)}">{escape(account.login)}</a>{bot}'


def item_link(item: Item) -> str:
    """The item's title and number as a link."""
    return f'<a href="{escape(item.resource_path)}">{escape(item.title)}</a> <span class="number">#{item.number}</span>'
