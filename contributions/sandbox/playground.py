"""The web side of the sandbox: pages for everybody and, in the demonstration, forms that change the world.

Forms are taken from the sandbox's own pages alone. A page elsewhere can make a browser send one, and by giving its own
name this computer's address (DNS rebinding) even read the answer: so the Host must be ours, and the Origin as well.
"""

from pathlib import Path
from urllib.parse import urlsplit

from . import pages
from .actions import BY_NAME, Refused, act, open_item
from .entities import Account, Item, Repository
from .forms import item_forms, opening_form
from .journal import Journal
from .layout import note, page
from .messages import Reply, Request, redirect_reply
from .world import World

AFTERWARDS = " The site learns of it at its next sync."
OPENED = "opened"


class Playground:
    """`is_open`: whether there are forms. `site_url`: where visitors come from, for a link back, or empty.

    `journal`: a file to which everything is written that visitors do, or None.
    """

    def __init__(self, world: World, *, is_open: bool = False, site_url: str = "", journal: Path | None = None) -> None:
        self.world = world
        self.is_open = is_open
        self.site_url = site_url
        self.journal = Journal(journal)

    def takes(self, request: Request) -> bool:
        """Whether this is for us: a page, or a form from one."""
        return pages.is_page(request) or (self.is_open and _is_form(request))

    def handle(self, request: Request) -> Reply:
        own = urlsplit(self.world.web_url)
        if self.is_open and request.headers.get("host", "").lower() != own.netloc.lower():
            if request.method == "GET":
                return redirect_reply(302, self.world.web_url + request.path)
            return self._refuse(f"Open {self.world.web_url} and send the form from there.")
        if request.method == "GET":
            return self._show(request)
        for name in ("origin", "referer"):
            sender = request.headers.get(name)
            if sender is not None and (urlsplit(sender).scheme, urlsplit(sender).netloc) != (own.scheme, own.netloc):
                return self._refuse("This form was sent from a page of somebody else. Nothing has happened.")
        return self._take(request)

    # Reading

    def _show(self, request: Request, *, above: str = "", kept: dict[str, str] | None = None) -> Reply:
        above = above or self._done(request.query.get("done", ""))
        number = request.query.get("page", "")
        on = int(number) if number.isdecimal() and len(number) < 10 else 1
        if request.path == "/":
            return pages.front_page(self.world, site_url=self.site_url, above=above)
        found = self._at(request.path)
        if isinstance(found, Repository):
            return self._moved(found, request) or pages.repository_page(found, on, site_url=self.site_url, above=above)
        if isinstance(found, Account):
            below = opening_form(found, kept or {}) if self.is_open else ""
            return pages.account_page(found, on, site_url=self.site_url, above=above, below=below)
        if isinstance(found, Item):
            below = item_forms(found, kept or {}) if self.is_open else ""
            return self._moved(found, request) or pages.item_page(found, site_url=self.site_url, above=above, below=below)
        return pages.not_found_page(site_url=self.site_url)

    def _at(self, path: str) -> Account | Repository | Item | None:
        pieces = path.strip("/").split("/")
        if len(pieces) == 2 and pieces[0] == "apps":
            return self.world.account(pieces[1])
        return self.world.resource(self.world.web_url + path)

    def _moved(self, found: Repository | Item, request: Request) -> Reply | None:
        if found.resource_path.lower() == request.path.rstrip("/").lower():
            return None
        return redirect_reply(301, found.resource_path)

    def _done(self, name: str) -> str:
        """The sentence after something happened."""
        if not self.is_open or (name != OPENED and name not in BY_NAME):
            return ""
        return note("good", (BY_NAME[name].done if name in BY_NAME else "It is open.") + AFTERWARDS)

    # Changing

    def _take(self, request: Request) -> Reply:
        form = {name: value.strip() for name, value in request.form.items()}
        found = self._at(request.path)
        try:
            if isinstance(found, Item):
                return self._act(found, form)
            if isinstance(found, Account):
                return self._open(found, form)
        except Refused as refusal:
            reply = self._show(request, above=note("bad", str(refusal)), kept=form)
            reply.status = refusal.status
            return reply
        return pages.not_found_page(site_url=self.site_url)

    def _act(self, item: Item, form: dict[str, str]) -> Reply:
        path, at, name = item.resource_path, self.world.now, form.get("action", "")
        arguments = {"name": name, "role": form.get("role", ""), "by": form.get("by", ""), "text": form.get("text", "")}
        act(self.world, item, at=at, **arguments)
        self.journal.add(at, path, arguments)
        return redirect_reply(303, f"{path if item.is_visible else item.repository.resource_path}?done={name}")

    def _open(self, account: Account, form: dict[str, str]) -> Reply:
        at = self.world.now
        arguments = {name: form.get(name, "") for name in ("kind", "repository", "title", "body", "closes")}
        is_draft = bool(form.get("draft"))
        item = open_item(self.world, account, at=at, is_draft=is_draft, **arguments)
        self.journal.add(at, account.resource_path, arguments | {"is_draft": is_draft})
        return redirect_reply(303, f"{item.resource_path}?done={OPENED}")

    def _refuse(self, words: str) -> Reply:
        return page("Refused", f"<h1>Refused</h1><p>{words}</p>", status=403)


def _is_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return request.method == "POST" and "/api/" not in request.url and kind == "application/x-www-form-urlencoded"
