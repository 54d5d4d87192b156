"""What browser tests share: looking at a page with axe, logging in, and hearing what the browser complains about."""

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Locator, Page, expect

from tests.factories import PASSWORD

from .heard import heard, name_of_focus

#: What Chromium says about an answer of 4xx or 5xx; tests look at the answer itself.
_ANSWERS = "Failed to load resource: the server responded with a status of"


#: Waits for colours on their way from one theme to the other (Django's admin moves them), a second at most.
SETTLED = """() => new Promise((done) => {
  setTimeout(done, 1000);
  requestAnimationFrame(() => requestAnimationFrame(() => {
    Promise.allSettled(document.getAnimations().map((each) => each.finished)).then(done);
  }));
})"""


def axe(page: Page) -> None:
    """Assert that axe finds nothing on the page as it stands, once it is all there."""
    page.wait_for_load_state()
    found = Axe().run(page).response["violations"]
    lines = [f"{each['id']}: {each['help']} at {[node['target'] for node in each['nodes']]}" for each in found]
    assert not lines, f"{page.url}\n" + "\n".join(lines)


def axe_in_both_themes(page: Page) -> None:
    """Assert that axe finds nothing, light and dark, and a screen reader all it needs. Leaves the page light."""
    for theme in ("dark", "light"):
        # Without motion: a colour on its way from one theme to the other has no contrast worth measuring.
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.evaluate(SETTLED)
        axe(page)
    heard(page)


def log_in(page: Page, server: str, email: str, password: str = PASSWORD) -> None:
    """Log in by the form, as people do. `server` is the address of the site, e.g. `live_server.url`."""
    page.goto(f"{server}/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


def enter(page: Page, server: str, user) -> None:
    """Be logged in as `user`, whoever the page was logged in as before: without the form, where logging in is not the story."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    page.context.clear_cookies()
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value, "url": server}]
    )


def reach(page: Page, goal: Locator) -> None:
    """Go on with Tab until `goal` has the focus. Whatever has it on the way has a role and a name."""
    expect(goal).to_be_visible()
    for _press in range(120):
        if goal.evaluate("element => element === document.activeElement"):
            name_of_focus(page)
            return
        page.keyboard.press("Tab")
        name_of_focus(page)
    raise AssertionError(f"The focus never came to {goal}.")


def press(page: Page, goal: Locator) -> None:
    """Go there with Tab, and press Enter."""
    reach(page, goal)
    page.keyboard.press("Enter")


class Complaints:
    """What a page's console said: errors, refused content (CSP), uncaught exceptions."""

    def __init__(self, page: Page) -> None:
        self.found: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"{page.url}: {error}"))

    def _console(self, message) -> None:
        if message.text.startswith("Blocked script execution in '"):
            # What tests put into each frame, in those where no script may run.
            return
        refused = "Content Security Policy" in message.text
        if refused or (message.type == "error" and not message.text.startswith(_ANSWERS)):
            self.found.append(f"{message.location.get('url', '')}: {message.text}")
