"""Every page that somebody can open, found by itself: what the resolver knows, filled with what lies in the database, and the
links and the search forms on what was found. A page added later is walked without being named here."""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

from django.contrib import admin
from django.urls import get_resolver

from accounts.feeds import create_feed
from accounts.models import User
from cohorts import models
from contributions.models import Contribution

#: Ways out, and what others made: their pages are none of ours.
ELSEWHERE = ("/admin/logout/", "/accounts/", "/admin/password", "/static/", "/admin/jsi18n/", "/__debug__/", "/hooks/")
#: So many rows of each model are tried in its addresses, and so many links that differ in the values of their query alone.
MOST_ROWS, MOST_ALIKE = 3, 1
MOST_PAGES = 2000

#: What the numbers in an address are, by the word before them. Where it is none of these, whatever has a number is tried.
NUMBERED = {
    "applications": models.Application,
    "application": models.Application,
    "progress": models.Membership,
    "cohorts": models.Cohort,
    "session": models.Session,
    "question": models.Question,
    "file": models.Question,
    "conflict": models.Conflict,
    "check-in": models.Week,
    "work": Contribution,
}
ANY_NUMBER = (models.Application, models.Session, models.Membership, models.Cohort, models.Review, models.Question, User)

_PARAMETER = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")
_LINK = re.compile(r"""\s(?:href|src|hx-get|data-[\w-]*url)=["']([^"'#]+)""")
_FORM = re.compile(r"<form\b(?P<attributes>[^>]*)>(?P<inside>.*?)</form>", re.DOTALL)
_FIELD = re.compile(r"""<(input|select|textarea)\b[^>]*\sname=["']?([^"'\s>]+)""")
#: What differs at each load: tokens of forms, nonces, ids of tabs.
_OF_THE_LOAD = re.compile(r'value="[\w-]{12,}"|"[\w-]{64}"|nonce="[^"]+"|nonce-[\w+/=-]+')


@dataclass
class Page:
    """What one address answered: all that reaches the reader's machine."""

    address: str
    status: int
    text: str
    headers: dict[str, str]
    is_html: bool = True

    @property
    def everything(self) -> str:
        """Address, headers and text, as a search for a word wants it: entities and escapes read, in small letters."""
        headers = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return html.unescape(unquote(f"{self.text}\n{headers}")).casefold()

    def unchanging(self) -> tuple:
        """What must be the same at the next load. Lengths and tags of what has a nonce in it differ by themselves."""
        headers = {
            name: _OF_THE_LOAD.sub("", value)
            for name, value in self.headers.items()
            if name not in ("Set-Cookie", "Vary", "X-Request-ID")
        }
        return self.status, _OF_THE_LOAD.sub("", self.text), headers


def read(response, address: str) -> Page:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    led = "\n".join(to for to, _status in getattr(response, "redirect_chain", ()))
    headers = dict(response.headers.items()) | ({"Location": led} if led else {})
    is_html = "html" in response.headers.get("Content-Type", "html")
    return Page(address, response.status_code, content.decode(errors="replace"), headers, is_html)


def routes(patterns=None, prefix: str = "/", model=None) -> Iterator[tuple[str, type | None]]:
    """Each route of the site as a path with its parameters, and the model of the admin that it belongs to."""
    of_models = {f"{one._meta.app_label}/{one._meta.model_name}/": one for one in admin.site._registry}
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        part = str(pattern.pattern)
        if part.startswith("^") or "(?P" in part:
            continue
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, prefix + part, of_models.get(part, model))
        else:
            yield prefix + part, model


def _values(found: re.Match, model, user) -> list:
    """What may stand in a parameter: rows of the admin's model; else whatever of the kind is in the database."""
    converter, name = found["converter"], found["name"]
    if name == "object_id" and model is not None:
        return _keys(model)
    if converter == "uuid":
        return _keys(models.AnswerFile, name)
    if converter == "slug":
        return [*_keys(models.Session, "slug"), *_keys(models.Project, "slug")]
    if converter == "int":
        before = found.string[: found.start()].rstrip("/").rpartition("/")[2]
        return [*dict.fromkeys(key for kind in ([NUMBERED[before]] if before in NUMBERED else ANY_NUMBER) for key in _keys(kind))]
    return [create_feed(user)] if name == "token" else ["x"]


def _keys(model, name: str = "pk") -> list:
    return list(model._default_manager.order_by("pk").values_list(name, flat=True)[:MOST_ROWS])


def alternatives(user) -> Iterator[list[str]]:
    """For each route, the addresses that its values make; with two and more parameters, each value once."""
    for route, model in routes():
        if route.startswith(ELSEWHERE):
            continue
        parameters = list(_PARAMETER.finditer(route))
        values = [_values(found, model, user) for found in parameters]
        if not parameters:
            yield [route]
        elif all(values):
            yield [_filled(route, [each[number % len(each)] for each in values]) for number in range(max(map(len, values)))]


def _filled(route: str, values: list) -> str:
    waiting = iter(values)
    return _PARAMETER.sub(lambda _found: quote(str(next(waiting))), route)


def _onward(page: Page, typed: Iterable[str]) -> Iterator[str]:
    """Addresses that a page leads to by links, and by its search and filter forms with each of `typed` in each field."""
    here = urlsplit(page.address).path
    for link in _LINK.findall(page.text):
        yield urljoin(page.address, html.unescape(link))
    for form in _FORM.finditer(page.text):
        if 'method="post"' in form["attributes"].lower() or "method=post" in form["attributes"].lower():
            continue
        action = re.search(r'action="([^"]*)"', form["attributes"])
        target = urljoin(page.address, html.unescape(action[1])) if action and action[1] else here
        for _kind, name in _FIELD.findall(form["inside"]):
            yield from (f"{target.partition('?')[0]}?{urlencode({name: word})}" for word in typed)


@dataclass
class Walk:
    """A walk of one person through the site. `typed` are words for search fields, `curious` queries for every page that opens.

    Without `follows`, links and forms are left alone.
    """

    client: object
    user: User
    typed: tuple[str, ...] = ()
    curious: tuple[str, ...] = ()
    follows: bool = True
    pages: dict[str, Page] = field(default_factory=dict)
    _alike: dict[tuple, int] = field(default_factory=dict)

    def _wanted(self, address: str) -> bool:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or address in self.pages or parts.path.startswith(ELSEWHERE):
            return False
        if not parts.query:
            return True
        # Lists link to themselves in hundreds of orders and filters: two of each kind tell as much as all.
        alike = (parts.path, tuple(sorted(pair.partition("=")[0] for pair in parts.query.split("&"))))
        self._alike[alike] = self._alike.get(alike, 0) + 1
        return self._alike[alike] <= MOST_ALIKE + len(self.typed)

    def go(self) -> dict[str, Page]:
        waiting = []
        # All at once: the calendar that the list makes belongs to what was there before.
        for alike in list(alternatives(self.user)):
            # What takes no GET, or is not for this person at all, is so for other rows, too.
            if self._open(alike[0], waiting).status not in (403, 405):
                for address in alike[1:]:
                    self._open(address, waiting)
        while waiting and self.follows:
            address = waiting.pop(0)
            if self._wanted(address):
                self._open(address, waiting)
        return self.pages

    def _open(self, address: str, waiting: list[str]) -> Page:
        page = self.pages[address] = read(self.client.get(address, follow=True), address)
        # Pages with a query lead to all others of their kind: following them has no end.
        if page.status == 200 and page.is_html and "?" not in address:
            waiting += _onward(page, self.typed)
            waiting += [address + query for query in self.curious if address.startswith("/admin/")]
        assert len(self.pages) < MOST_PAGES, f"Too many pages to walk: {address}"
        return page
