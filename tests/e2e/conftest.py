"""Chromium for all browser tests. `page` fails the test at its end when the browser's console complained about anything."""

import os
import shutil
import threading
import time

import pytest
from playwright.sync_api import expect

from tests.conftest import require_or_skip

from .browser import Complaints
from .heard import LISTEN

expect.set_options(timeout=20_000)

# Playwright keeps an event loop in the thread of the tests until the session ends, and Django refuses the database beside a
# running loop. Nothing here is asynchronous, so this is for the whole session: fixtures and later tests use the database too.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

#: No window, no sandbox of its own (tests run in containers), and no talk with servers of its maker.
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Tells roles and names as screen readers get them: see `heard.py`.
    "--enable-blink-features=ComputedAccessibilityInfo",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        require_or_skip("no Chromium on this machine")
    return {**browser_type_launch_args, "executable_path": executable, "args": ARGUMENTS, "timeout": 180_000}


@pytest.fixture(scope="session")
def base_url():
    """None: tests name whole addresses. The plugin's own fixture is written in a way that the next pytest refuses."""
    return


@pytest.fixture(autouse=True)
def server_threads_end_first():
    """Threads of `live_server` may write until they end: wait for those of the browser before the next test empties the database."""
    yield
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and any("process_request_thread" in each.name for each in threading.enumerate()):
        time.sleep(0.02)


@pytest.fixture
def page(page):
    """A fresh page. At the end of the test its console must be without errors and without refused content."""
    complaints = Complaints(page)
    page.add_init_script(LISTEN)
    page.set_default_timeout(45_000)
    yield page
    assert complaints.found == []


@pytest.fixture(autouse=True)
def real_queue(database_backend):
    """Tasks wait in the database, from which a worker takes them."""
