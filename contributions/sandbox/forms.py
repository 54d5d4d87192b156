"""The forms under the sandbox's pages, with which a visitor of the demonstration makes things happen."""

from collections import Counter
from collections.abc import Mapping
from html import escape

from .actions import AUTHOR, CHECKS, MAINTAINER, Action, actors, can_open, open_repositories, possible
from .entities import Account, Item


def item_forms(item: Item, kept: Mapping[str, str]) -> str:
    """The forms for what can happen to an item now; empty where nothing can. `kept` is what was typed in vain."""
    maintainers, authors = actors(item, MAINTAINER), actors(item, AUTHOR)
    sheets = [
        _sheet(item, MAINTAINER, "As a maintainer", _choose(maintainers, kept), kept) if maintainers else "",
        _sheet(item, AUTHOR, f"As {authors[0].login}, the author", _hidden("by", authors[0].login), kept) if authors else "",
        _sheet(item, CHECKS, "As the checks and the branch", "", kept),
    ]
    shown = "".join(sheets)
    if not shown:
        return ""
    return (
        '<section id="act" tabindex="-1"><h2>Make something happen</h2>'
        "<p>Press a button, then go back to the site and press <strong>Sync now</strong>.</p>"
        f'<div class="forms">{shown}</div></section>'
    )


def opening_form(account: Account, kept: Mapping[str, str]) -> str:
    """The form with which an account opens something new; empty for those who cannot."""
    repositories = open_repositories(account.world)
    if not can_open(account) or not repositories:
        return ""
    usual = Counter(each.repository.name_with_owner for each in account.world.items_by(account)).most_common(1)
    chosen = kept.get("repository") or (usual[0][0] if usual else "")
    options = "".join(_option(each.name_with_owner, each.name_with_owner, chosen) for each in repositories)
    kinds = "".join(
        _option(value, words, kept.get("kind", "pull_request"))
        for value, words in (("pull_request", "Pull request"), ("issue", "Issue"))
    )
    draft = " checked" if kept.get("draft") else ""
    return (
        f'<section class="sheet narrow"><h2>Open something new as {escape(account.login)}</h2>'
        f'<form method="post" action="{escape(account.resource_path)}">'
        f'<div class="pair"><div class="field"><label for="kind">What</label><select id="kind" name="kind">{kinds}</select></div>'
        '<div class="field"><label for="repository">Where</label>'
        f'<select id="repository" name="repository">{options}</select></div></div>'
        '<div class="field"><label for="title">Title</label><input type="text" id="title" name="title" required maxlength="256" '
        f'autocomplete="off" value="{escape(kept.get("title", ""))}"></div>'
        '<div class="field"><label for="body">Description (you may leave it empty)</label>'
        f'<textarea id="body" name="body" rows="3">{escape(kept.get("body", ""))}</textarea></div>'
        '<div class="field"><label for="closes">Closes the issue number (pull requests only; you may leave it empty)</label>'
        '<input type="text" id="closes" name="closes" inputmode="numeric" autocomplete="off" '
        f'value="{escape(kept.get("closes", ""))}"></div>'
        f'<div class="field"><label class="check"><input type="checkbox" name="draft" value="1"{draft}>'
        " As a draft (pull requests only)</label></div>"
        '<button class="button main">Open it</button></form></section>'
    )


def _sheet(item: Item, role: str, title: str, who: str, kept: Mapping[str, str]) -> str:
    actions = possible(item, role)
    if not actions:
        return ""
    text = _text(role, kept) if role != CHECKS and item.state != "MERGED" else ""
    buttons = "".join(_button(action, is_main=number == 0 and role != CHECKS) for number, action in enumerate(actions))
    return (
        f'<form class="sheet" method="post" action="{escape(item.resource_path)}"><h3>{escape(title)}</h3>'
        f'{_hidden("role", role)}{who}{text}<div class="buttons">{buttons}</div></form>'
    )


def _text(role: str, kept: Mapping[str, str]) -> str:
    label = "Comment, or words of the review" if role == MAINTAINER else "Comment, or message of the commit"
    value = kept.get("text", "") if kept.get("role") == role else ""
    return (
        f'<div class="field"><label for="text-{role}">{label}</label>'
        f'<textarea id="text-{role}" name="text" rows="3" maxlength="10000">{escape(value)}</textarea></div>'
    )


def _choose(accounts: list[Account], kept: Mapping[str, str]) -> str:
    options = "".join(_option(each.login, each.login, kept.get("by", "")) for each in accounts)
    return f'<div class="field"><label for="by">Who</label><select id="by" name="by">{options}</select></div>'


def _option(value: str, words: str, chosen: str) -> str:
    return f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(words)}</option>'


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _button(action: Action, *, is_main: bool) -> str:
    look = " danger" if action.is_danger else " main" if is_main else ""
    return f'<button class="button{look}" name="action" value="{action.name}">{action.label}</button>'
