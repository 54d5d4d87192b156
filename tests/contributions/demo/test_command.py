"""`manage.py demo` as a visitor runs it: real processes, every account, one signal to end it all."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).resolve().parents[3]
#: For each account of the demonstration: a page, and words on it that say that the job is there.
JOBS = {
    "admin": ("/admin/", "Task"),
    "organiser": ("/admin/cohorts/application/", "103 applications"),
    "navigator": ("/admin/cohorts/review/queue/", "Next application"),
    "captain": ("/cohorts/1/", "Who could use you"),
    "member": ("/progress/", "Your week 4"),
    "applicant": ("/applications/", "Go on writing"),
}

pytestmark = pytest.mark.real_process


def free_port() -> int:
    """A port that is free and whose neighbour is free, for the sandbox."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


@pytest.fixture
def environment(tmp_path):
    """A folder of its own, and variables of a real installation that must not be used."""
    return os.environ | {"COHORTS_DEMO_FOLDER": str(tmp_path), "GITHUB_API_URL": "https://api.github.com", "GITHUB_TOKEN": "real"}


def run(environment, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "manage.py", "demo", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)


def log_in(address: str, part: str) -> httpx2.Client:
    client = httpx2.Client(base_url=address, follow_redirects=True, timeout=120)
    form = client.get("/accounts/login/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)[1]
    answer = client.post(
        "/accounts/login/",
        data={"login": f"{part}@example.org", "password": "cohorts", "csrfmiddlewaretoken": token},
        headers={"Referer": f"{address}/accounts/login/"},
    )
    assert answer.status_code == 200
    assert "/login/" not in str(answer.url)
    return client


def test_every_account_finds_its_job_and_one_signal_ends_everything(environment):
    port = free_port()
    address = f"http://localhost:{port}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", str(port)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        said = ""
        while "Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            said += line
        assert address in said
        assert all(f"{part}@example.org" in said for part in JOBS)
        for part, (page, words) in JOBS.items():
            with contextlib.closing(log_in(address, part)) as client:
                assert words in client.get(page).text, part
        health = httpx2.get(f"{address}/healthz").json()
        assert health["database"] == "ok"
        assert health["last_sync"]
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors
    until = time.monotonic() + 60
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)) == 0:
            assert time.monotonic() < until, "The web server stayed."
            time.sleep(0.2)


def test_seeding_alone_and_going_on_in_a_later_week(environment, tmp_path):
    first = run(environment, "--seed-only")
    assert (first.returncode, first.stderr) == (0, "")
    state_file = tmp_path / "state.json"
    state = json.loads(state_file.read_text())
    # As if it had been made three weeks ago.
    three_weeks = 21 * 24 * 3600
    made = time.mktime(time.strptime(state["anchor"], "%Y-%m-%d")) - three_weeks
    state_file.write_text(json.dumps(state | {"anchor": time.strftime("%Y-%m-%d", time.localtime(made + 12 * 3600))}))
    again = run(environment, "--seed-only")
    assert (again.returncode, again.stderr) == (0, "")
    assert json.loads(state_file.read_text())["anchor"] == state["anchor"]


@pytest.mark.parametrize("port", ["0", "99999", "many"])
def test_a_port_that_cannot_be_is_refused_by_name(environment, port):
    answer = run(environment, "--port", port)
    assert answer.returncode == 2
    assert "a port is a number" in answer.stderr


def test_a_busy_port_is_named_and_another_one_offered(environment):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        answer = run(environment, "--port", str(port))
    assert answer.returncode == 1
    assert f"Port {port} is in use" in answer.stderr
