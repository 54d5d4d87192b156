"""The forms of a page as a browser would send them back, for tests that change one thing on a page with many fields."""

from html.parser import HTMLParser


def _is_off(kind: str, given: dict) -> bool:
    return kind in ("checkbox", "radio") and "checked" not in given


class _Fields(HTMLParser):
    def __init__(self):
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.select = self.textarea = ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        name, kind = given.get("name") or "", given.get("type") or "text"
        if tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in given:
            self._add(self.select, given.get("value") or "")
        elif tag == "textarea":
            self.textarea = name
            self.values.setdefault(name, [""])
        elif tag == "input" and name and kind not in ("submit", "button", "file") and not _is_off(kind, given):
            self._add(name, given.get("value") or ("on" if kind == "checkbox" else ""))

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = ""
        elif tag == "textarea":
            # A browser leaves out the first line end inside a textarea.
            self.values[self.textarea] = [self.values[self.textarea][0].removeprefix("\n").removeprefix("\r\n")]
            self.textarea = ""

    def handle_data(self, data):
        if self.textarea:
            self.values[self.textarea][0] += data

    def _add(self, name, value):
        self.values.setdefault(name, []).append(value)


def form_of(response) -> dict[str, str | list[str]]:
    """Name → value, or values, of all fields on the page; the empty rows that scripts copy are left out."""
    parser = _Fields()
    parser.feed(response.text)
    found = {name: values for name, values in parser.values.items() if name and "__prefix__" not in name}
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
