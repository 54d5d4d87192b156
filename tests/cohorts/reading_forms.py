"""The forms of a page, as a browser would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote_from_bytes, urljoin


@dataclass
class SentForm:
    """A form that is sent by POST: where to, its fields with their present values, its buttons, its upload fields."""

    page: str
    action: str
    values: list[tuple[str, str]] = field(default_factory=list)
    #: Names of all fields, also of those that send nothing while they are not ticked.
    names: list[str] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    is_multipart: bool = False
    #: What each field is: the type of an input, `textarea` or `select`.
    kinds: dict[str, str] = field(default_factory=dict)
    #: What can be chosen in each field that offers something, and what hidden ones hold.
    offers: dict[str, list[str]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"{self.page} → {self.action}"


class _Reader(HTMLParser):
    def __init__(self, address: str):
        super().__init__()
        self.address, self.forms, self.form = address, [], None
        self.select, self.options, self.area = None, [], None

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        name = attributes.get("name", "")
        if tag == "form":
            is_post = attributes.get("method", "get").lower() == "post"
            self.form = (
                SentForm(self.address, urljoin(self.address, attributes.get("action") or self.address)) if is_post else None
            )
            if self.form:
                self.form.is_multipart = attributes.get("enctype", "") == "multipart/form-data"
                self.forms.append(self.form)
        elif self.form is None:
            return
        elif tag == "button" and attributes.get("type", "submit") == "submit":
            self.form.buttons.append((name, attributes.get("value", "")))
        elif tag == "input" and name:
            self._input(attributes, name)
        elif tag == "textarea" and name:
            self.area = (name, "")
            self.form.kinds[name] = tag
        elif tag == "select" and name:
            self.select, self.options = name, []
            self.form.kinds[name] = tag
        elif tag == "option" and self.select:
            self.options.append((attributes.get("value", ""), "selected" in attributes))
            self.form.offers.setdefault(self.select, []).append(attributes.get("value", ""))

    def _input(self, attributes, name):
        kind = attributes.get("type", "text")
        if kind == "submit":
            self.form.buttons.append((name, attributes.get("value", "")))
            return
        self.form.names.append(name)
        self.form.kinds[name] = kind
        if kind in ("hidden", "checkbox", "radio"):
            self.form.offers.setdefault(name, []).append(attributes.get("value", ""))
        if kind == "file":
            self.form.uploads.append(name)
        elif kind not in ("checkbox", "radio") or "checked" in attributes:
            self.form.values.append((name, attributes.get("value", "on" if kind == "checkbox" else "")))

    def handle_data(self, data):
        if self.area:
            self.area = (self.area[0], self.area[1] + data)

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None
        elif self.form is None:
            return
        elif tag == "textarea" and self.area:
            self.form.names.append(self.area[0])
            self.form.values.append(self.area)
            self.area = None
        elif tag == "select" and self.select:
            self.form.names.append(self.select)
            chosen = [value for value, selected in self.options if selected] or [value for value, _ in self.options[:1]]
            self.form.values += [(self.select, value) for value in chosen]
            self.select = None


def forms_on(text: str, address: str) -> list[SentForm]:
    """The forms in the page `text` that `address` answered with, those for a log-out left out."""
    reader = _Reader(address)
    reader.feed(text)
    return [form for form in reader.forms if "logout" not in form.action]


def encoded(values: list[tuple[str, str]]) -> bytes:
    """As a browser sends a form; what is no character (half of a pair) becomes bytes that are no UTF-8."""

    def quoted(text: str) -> str:
        return quote_from_bytes(text.encode("utf-8", "surrogatepass"))

    return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in values).encode()
