"""Logging in with GitHub in a real browser: a real server process, GITHUB_URL set to a fake GitHub before it starts."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.fake_github_login import FakeAccount, FakeGitHubLogin
from tests.migrated import sqlite_file

from .browser import axe

pytestmark = [pytest.mark.e2e, pytest.mark.real_process]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def fake_github():
    with FakeGitHubLogin() as fake:
        yield fake


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def site(tmp_path, fake_github):
    """The address of a server process with an empty database of its own."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "VIRTUAL_ENV"}} | {
        # The demonstration's setting: production's pages over plain http, without the debug toolbar.
        "COHORTS_DEMO": "1",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'site.sqlite3'}",
        "GITHUB_URL": fake_github.url,
        "GITHUB_CLIENT_ID": "client",
        "GITHUB_CLIENT_SECRET": "secret",
    }
    manage = [sys.executable, "manage.py"]
    shutil.copy(sqlite_file(), tmp_path / "site.sqlite3")
    with open(tmp_path / "server.log", "wb") as log:
        server = subprocess.Popen(
            [*manage, "runserver", "--noreload", "--nothreading", f"127.0.0.1:{port}"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/accounts/login/", server, tmp_path / "server.log")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=60)


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"The server did not answer.\n{log.read_text()}")


def test_signs_up_and_logs_in_with_github(page, site, fake_github):
    page.goto(f"{site}/accounts/login/?next=/me/")
    page.get_by_role("button", name="Log in with GitHub").click()

    page.get_by_role("heading", name="Nearly there").wait_for()
    assert page.get_by_label("Your name").input_value() == "Octo Cat"
    axe(page)
    page.get_by_label("I accept").check()
    page.get_by_role("button", name="Sign up").click()

    page.wait_for_url(f"{site}/me/")
    github = page.locator("#github")
    assert "octo" in github.inner_text()
    assert "Proven" in github.inner_text()
    axe(page)

    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{site}/")
    fake_github.account = FakeAccount(login="octo-renamed")
    page.goto(f"{site}/accounts/login/?next=/me/")
    page.get_by_role("button", name="Log in with GitHub").click()
    page.wait_for_url(f"{site}/me/")
    assert "octo-renamed" in page.locator("#github").inner_text()
    assert fake_github.problems == []
    assert [asked["code_challenge_method"] for asked in fake_github.asked] == ["S256", "S256"]


def test_refusing_at_github_leads_back(page, site, fake_github):
    fake_github.denies = True
    page.goto(f"{site}/accounts/login/")
    page.get_by_role("button", name="Log in with GitHub").click()
    page.get_by_role("heading", name="You stopped the log-in").wait_for()
