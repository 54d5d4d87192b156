"""Take the pictures of README and tour anew: `uv run docs/images/take.py [NAME …]`.

Starts a demonstration of its own in a temporary folder, logs in as the people of the tour, takes the pictures into this folder
and stops it again. It needs Chromium (`CHROMIUM=…` names another place than the path, or Playwright's own is taken). With
`--address http://localhost:8000` it takes them of a demonstration that runs already, as it stands.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PASSWORD = "cohorts"
#: Pictures larger than this make the pages that show them slow, and the repository heavy.
LARGEST = 150_000
#: How long the demonstration may take to be ready, in seconds.
PATIENCE = 600
#: What is seen first on a small laptop; a phone.
LAPTOP, PHONE = (1100, 760), (390, 780)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


class Looking:
    """A browser of somebody at the site: logged in as `who`, or as nobody."""

    def __init__(self, browser: Browser, address: str, who: str, *, size: tuple[int, int], dark: bool, language: str) -> None:
        self.address = address
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale=language,
        )
        self.page = self.context.new_page()
        if who:
            self.go("/accounts/login/")
            self.page.locator("[name=login]").fill(f"{who}@example.org")
            self.page.locator("[name=password]").fill(PASSWORD)
            self.page.locator("[name=password]").press("Enter")
            self.page.locator(".main-nav form[action*=logout]").wait_for()

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path, wait_until="networkidle")
        return self.page

    def follow(self, text: str) -> Page:
        """The first link with these words."""
        self.page.get_by_role("link", name=re.compile(text)).first.click()
        self.page.wait_for_load_state("networkidle")
        return self.page

    def show(self, selector: str, *, above: int = 24) -> None:
        """Scroll so that the first `selector` stands `above` pixels below the upper edge."""
        self.page.locator(selector).first.evaluate(
            "(node, above) => window.scrollTo({top: node.getBoundingClientRect().top + scrollY - above, behavior: 'instant'})",
            above,
        )


def home(look: Looking) -> None:
    look.go("/")


def apply(look: Looking) -> None:
    look.go("/")
    page = look.follow("Go on writing")
    answer = page.get_by_label(re.compile("something that you learned"))
    answer.fill("Type hints. I added them to one small module, asked for a review, and rewrote half of it after the comments.")
    answer.press("Tab")
    page.get_by_text(re.compile(r"^\s*Saved\b.*\d:\d\d")).first.wait_for()
    look.show("h2:has-text('Questions')", above=32)


def review(look: Looking) -> None:
    look.go("/")
    page = look.follow("Review applications")
    page.get_by_role("button", name=re.compile("Begin|Next application|Go on with")).first.click()
    page.wait_for_load_state("networkidle")


def ranking(look: Looking) -> None:
    look.go("/admin/")
    look.follow("See the applications")
    look.follow("^Ranking")
    look.show("#result_list, table", above=150)


def forming(look: Looking) -> None:
    look.go("/admin/cohorts/session/")
    page = look.page
    page.locator("#result_list tr", has_text="In review").get_by_role("link").first.click()
    page.get_by_role("link", name="Form cohorts").click()
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name=re.compile("Ask for a proposal|Look for")).first.click()
    page.get_by_role("link", name=re.compile("^Accept")).or_(
        page.get_by_role("button", name=re.compile("^Accept"))
    ).first.wait_for(timeout=120_000)


def progress(look: Looking) -> None:
    look.go("/progress/")


def weeks(look: Looking) -> None:
    look.go("/progress/")
    look.show("h2:has-text('Your weeks')")


def check_in(look: Looking) -> None:
    look.go("/progress/")
    page = look.follow("Write it")
    page.get_by_label(re.compile("What did you learn")).fill("A test that fails says more than my description.")
    page.keyboard.press("Tab")
    page.get_by_text(re.compile(r"^\s*Saved\b.*\d:\d\d")).first.wait_for()
    look.show("h1", above=8)


def cohort(look: Looking) -> None:
    look.go("/")
    look.follow("Open the cohort")
    look.show("h2:has-text('Who could use you')", above=100)


def times(look: Looking) -> None:
    look.go("/")
    look.follow("Open the cohort")
    look.follow("^Meetings")
    look.follow("New meeting")
    look.show("h2:has-text('When')")


def figures(look: Looking) -> None:
    look.go("/")
    look.follow("See the session in figures")
    look.show("h2:has-text('Week by week')", above=32)


def report(look: Looking) -> None:
    look.go("/report/")
    look.show("h2:has-text('Who reads')", above=40)


def data(look: Looking) -> None:
    page = look.go("/me/data/delete/")
    page.locator("main [name=password]").fill(PASSWORD)
    page.locator("main [name=password]").press("Enter")
    page.get_by_role("heading", name="This goes").wait_for()


def background(look: Looking) -> None:
    look.go("/admin/")
    look.follow("^Task runs")


def italian(look: Looking) -> None:
    look.go("/progress/")


#: Name of the picture: how to come there, as whom, and how it looks.
PICTURES: dict[str, tuple[Callable[[Looking], None], str, dict]] = {
    "home": (home, "", {}),
    "apply": (apply, "applicant", {}),
    "review": (review, "navigator", {"size": (1280, 760)}),
    "ranking": (ranking, "organiser", {}),
    "forming": (forming, "organiser", {}),
    "progress": (progress, "member", {}),
    "weeks": (weeks, "member", {}),
    "check-in": (check_in, "member", {"size": PHONE}),
    "cohort": (cohort, "navigator", {"size": (1100, 660)}),
    "times": (times, "navigator", {"size": (1100, 560)}),
    "figures": (figures, "storyteller", {"size": (1100, 700)}),
    "report": (report, "", {}),
    "data": (data, "member", {}),
    "background": (background, "admin", {}),
    "italian": (italian, "member", {"dark": True, "language": "it-IT"}),
}


def free_port() -> int:
    """A port that is free, and the one above it, which the made-up GitHub takes."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@contextmanager
def demonstration() -> Iterator[str]:
    """A demonstration that lives as long as the block; its address."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "output"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", "--port", str(port)],
                cwd=ROOT,
                env={**os.environ, "COHORTS_DEMO_FOLDER": folder, "PYTHONUNBUFFERED": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            until = time.monotonic() + PATIENCE
            while "is ready" not in log.read_text():
                if process.poll() is not None or time.monotonic() > until:
                    sys.exit(f"The demonstration did not start:\n{log.read_text()}")
                time.sleep(0.5)
            yield f"http://localhost:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def take(browser: Browser, address: str, name: str) -> bool:
    """Take one picture into this folder, and say its size; False where it is too large."""
    come, who, looks = PICTURES[name]
    look = Looking(browser, address, who, **{"size": LAPTOP, "dark": False, "language": "en-GB", **looks})
    come(look)
    look.page.evaluate("document.fonts.ready")
    path = HERE / f"{name}.png"
    look.page.screenshot(path=path, animations="disabled", caret="hide")
    look.context.close()
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}  {size / 1000:.0f} kB{'  TOO LARGE' if size > LARGEST else ''}")
    return size <= LARGEST


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PICTURES)}; all where none is given")
    parser.add_argument("--address", help="a demonstration that runs already")
    chosen = parser.parse_args()
    for name in chosen.names:
        if name not in PICTURES:
            parser.error(f"There is no picture “{name}”.")
    names = chosen.names or list(PICTURES)
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        if chosen.address:
            small = [take(browser, chosen.address.rstrip("/"), name) for name in names]
        else:
            with demonstration() as address:
                small = [take(browser, address, name) for name in names]
        browser.close()
    return 0 if all(small) else 1


if __name__ == "__main__":
    sys.exit(main())
