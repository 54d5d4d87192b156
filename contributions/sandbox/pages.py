"""Small web pages, so that links to the sandbox's items lead somewhere in the demonstration."""

from html import escape

from .entities import Item
from .messages import Reply, Request, html_reply, redirect_reply
from .world import World


def is_page(request: Request) -> bool:
    """Whether a browser asks for the web, and not somebody for the API."""
    return request.method == "GET" and "/api/" not in request.url and "text/html" in request.headers.get("accept", "")


def page_reply(world: World, request: Request) -> Reply:
    """The page of an item, a repository or an account; a moved item redirects."""
    pieces = request.path.strip("/").split("/")
    if len(pieces) == 1 and (account := world.account(pieces[0])):
        return _page(account.name or account.login, "An account.")
    if len(pieces) == 2 and (repository := world.repository("/".join(pieces))):
        return _page(repository.name_with_owner, "A repository.")
    item = world.item_at(world.web_url + request.path)
    if item is None:
        return _page("Not found", "There is nothing here, or you may not see it.", status=404)
    if item.resource_path.lower() != request.path.lower():
        return redirect_reply(301, item.resource_path)
    return _item_page(item)


def _item_page(item: Item) -> Reply:
    entries = "".join(
        f"<li>{entry.created_at:%Y-%m-%d %H:%M} {escape(entry.by.login)}: {escape(_words(entry.typename, entry.state))}"
        f"{f' <q>{escape(entry.body_text)}</q>' if entry.body_text else ''}</li>"
        for entry in item.entries
    )
    where = f"{item.repository.name_with_owner} #{item.number}"
    return _page(item.title, f"{where}: {item.state.lower()}, opened by {item.by.login}", more=f"<ol>{entries}</ol>")


def _words(typename: str, state: str) -> str:
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in typename).strip()
    return f"{words} ({state.replace('_', ' ').lower()})" if state else words


def _page(title: str, text: str, *, more: str = "", status: int = 200) -> Reply:
    return html_reply(
        status,
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"><p>Sandbox GitHub, for the demonstration.</p>'
        f"<h1>{escape(title)}</h1><p>{escape(text)}</p>{more}</html>",
    )
