"""Figures for monitors: who gets them, that they can be read, and that several processes add up."""

import errno
import re
import shutil
import subprocess
import sys

import pytest

from operations.metrics.counting import Counting
from operations.metrics.page import metrics
from operations.metrics.text import request_figures, written

TOKEN = "a-token-for-these-tests-alone"


@pytest.fixture
def counting(tmp_path):
    return Counting(tmp_path / "metrics")


def values(text: str) -> dict[str, float]:
    """By name with labels. Every line has to be one that Prometheus reads."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            assert re.fullmatch(r"# (HELP|TYPE) cohorts_[a-z_]+ .+", line), line
            continue
        match = re.fullmatch(r'(cohorts_[a-z_]+(?:\{(?:[a-z]+="(?:[^"\\]|\\.)*",?)+\})?) (-?\d+(?:\.\d+)?(?:e-\d+)?)', line)
        assert match, line
        assert match[1] not in found, line
        found[match[1]] = float(match[2])
    return found


@pytest.mark.parametrize(
    ("setting", "header", "status"),
    [
        (TOKEN, f"Bearer {TOKEN}", 200),
        (TOKEN, f"bearer  {TOKEN} ", 200),
        (TOKEN, f"Bearer {TOKEN}x", 404),
        (TOKEN, "Bearer ä", 404),
        (TOKEN, f"Basic {TOKEN}", 404),
        (TOKEN, "", 404),
        ("", "Bearer ", 404),
        ("", "", 404),
    ],
)
@pytest.mark.django_db
def test_only_who_has_the_token_gets_figures_and_nobody_where_there_is_none(
    client, settings, counting, monkeypatch, setting, header, status
):
    settings.METRICS_TOKEN = setting
    monkeypatch.setattr("operations.metrics.page.counted", counting)
    monkeypatch.setattr("operations.requests.counted", counting)
    answer = client.get(
        "/metrics", headers={"authorization": header, "host": "10.0.0.7"} if status == 200 else {"authorization": header}
    )
    assert answer.status_code == status
    if status == 200:
        found = values(answer.content.decode())
        assert found['cohorts_up{part="site"}'] == found['cohorts_up{part="mail"}'] == found['cohorts_up{part="syncs"}'] == 1
        assert {"cohorts_workers_alive", "cohorts_tasks_due", "cohorts_messages_oldest_waiting_seconds"} <= found.keys()
    else:
        assert b"cohorts_" not in answer.content


@pytest.mark.django_db
def test_what_is_counted_is_the_route_and_never_the_address(client, settings, tmp_path, monkeypatch, counting):
    monkeypatch.setattr("operations.requests.counted", counting)
    client.get("/sessions/a-secret-name/")
    client.get("/nowhere/a-secret-name/")
    client.generic("BREW", "/")
    text = written(request_figures(counting.altogether()))
    assert "secret" not in text
    found = values(text)
    assert found['cohorts_requests_total{method="GET",route="/sessions/<slug:slug>/",status="404"}'] == 1
    assert found['cohorts_requests_total{method="GET",route="unknown",status="404"}'] == 1
    assert any('method="OTHER"' in name for name in found)
    assert found['cohorts_request_seconds_count{route="/sessions/<slug:slug>/"}'] == 1
    assert found['cohorts_request_seconds_bucket{route="/sessions/<slug:slug>/",le="+Inf"}'] == 1


def test_processes_add_up_and_no_count_falls_when_one_ends(counting):
    code = (
        "import sys, pathlib; from operations.metrics.counting import Counting;"
        "c = Counting(pathlib.Path(sys.argv[1])); c.request('GET', '/a/', 200, 0.2); c.request('GET', '/a/', 200, 20);"
        "c.write(); print('written', flush=True); sys.stdin.read()"
    )
    others = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(counting.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _number in range(2)
    ]
    for other in others:
        assert other.stdout.readline() == "written\n"
    counting.request("GET", "/a/", 200, 0.01)
    name = 'cohorts_requests_total{method="GET",route="/a/",status="200"}'

    def counted():
        return values(written(request_figures(counting.altogether())))

    assert counted()[name] == 5
    # A process that has counted nothing yet tells the others' figures all the same.
    assert Counting(counting.folder).altogether()["requests"] == {"GET /a/ 200": 5}
    for other in others:
        other.kill()
        other.communicate()
    assert counted()[name] == 5
    assert counted()[name] == 5
    assert len(list(counting.folder.glob("*.counts.json"))) == 1
    assert counted()['cohorts_request_seconds_bucket{route="/a/",le="10"}'] == 3
    assert counted()['cohorts_request_seconds_bucket{route="/a/",le="+Inf"}'] == 5


def test_a_folder_that_cannot_be_written_leaves_a_process_its_own_figures(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    counting = Counting(tmp_path / "file" / "metrics")
    counting.request("GET", "/a/", 200, 0.1)
    assert counting.altogether()["requests"] == {"GET /a/ 200": 1}
    counting.write()
    assert len(caplog.records) == 1


def test_a_folder_that_somebody_cleared_away_is_made_again(counting):
    counting.request("GET", "/a/", 200, 0.1)
    counting.write()
    shutil.rmtree(counting.folder)
    assert counting.altogether()["requests"] == {"GET /a/ 200": 1}
    assert counting.altogether()["requests"] == {"GET /a/ 200": 1}
    assert len(list(counting.folder.glob("*.counts.json"))) == 1


def test_a_disk_that_was_full_for_a_moment_counts_nothing_twice(counting, monkeypatch):
    counting.request("GET", "/a/", 200, 0.1)
    counting.write()

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("operations.metrics.counting._put", full)
        counting.write()
    counting.request("GET", "/a/", 200, 0.1)
    assert counting.altogether()["requests"] == {"GET /a/ 200": 2}


def test_a_part_that_cannot_tell_its_figures_hides_no_other(rf, monkeypatch, caplog):
    def broken():
        raise ValueError("ada@example.org")

    monkeypatch.setattr("operations.metrics.page.sources", lambda: {"broken": broken, "well": list})
    found = values(metrics(rf.get("/metrics")).content.decode())
    assert (found['cohorts_up{part="broken"}'], found['cohorts_up{part="well"}']) == (0, 1)
