"""One look at a page in everything that people need of it: on a narrow screen, enlarged, in both themes, at rest, on paper, and by axe.

A page is loaded once and turned into each of its states; what is wrong comes back as lines. `looking.js` does the looking.
"""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 320, "height": 700}
#: A window of 1280 pixels, enlarged to 200 %, and the width of A4 without its margins.
ENLARGED, PAPER = {"width": 640, "height": 400}, {"width": 700, "height": 990}
SCRIPTS = (Path(axe_playwright_python.__file__).with_name("axe.min.js"), Path(__file__).with_name("looking.js"))


class Look:
    """Looks at one page after the other. Keeps in `titles` whose title is whose, and in `found` what is wrong where."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.titles: dict[str, str] = {}
        self.found: dict[str, list[str]] = {}
        self._measured: dict[str, set[str]] = {"light": set(), "dark": set()}
        for path in SCRIPTS:
            page.add_init_script(path=path)
        page.emulate_media(reduced_motion="reduce", color_scheme="light")
        page.set_viewport_size(NARROW)

    def at(self, name: str) -> None:
        """Look at the page that is open. Leaves it narrow and light."""
        page = self.page
        page.wait_for_load_state()
        title, *found = page.evaluate("looking.narrow()")
        place = page.url.partition("?")[0]
        if self.titles.setdefault(title, place) != place:
            found.append([f"the title is also that of {self.titles[title]}: {title}"])
        page.set_viewport_size(ENLARGED)
        found.append(page.evaluate("looking.sideways()"))
        page.set_viewport_size(WIDE)
        found += page.evaluate("looking.atTwice()")
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            looks, lines = page.evaluate("known => looking.contrast(known)", [*self._measured[theme]])
            self._measured[theme].update(looks)
            found.append([f"{theme}: {line}" for line in lines])
        # As it is printed by somebody who reads in the dark.
        page.set_viewport_size(PAPER)
        page.emulate_media(media="print")
        found.append(page.evaluate("looking.paper()"))
        page.emulate_media(media="screen", color_scheme="light")
        page.set_viewport_size(NARROW)
        lines = [line for each in found for line in each]
        if lines:
            self.found[name] = lines

    def report(self) -> str:
        """What was found, each thing once with its pages."""
        pages: dict[str, list[str]] = {}
        for name, lines in self.found.items():
            for line in lines:
                pages.setdefault(line, []).append(name)
        return "\n".join(f"{line}\n    {', '.join(names)}" for line, names in pages.items())
