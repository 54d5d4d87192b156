"""What is under way tells how far it is: the place that is read out stays in the page, and its words come only when they changed."""

import datetime
import re
from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from accounts.models import DataRequest, Message
from cohorts.models import Publication, TableImport
from cohorts.publication_progress import Progress

MOMENT = datetime.datetime(2026, 3, 2, 10, tzinfo=datetime.UTC)
SESSION = SimpleNamespace(pk=1)


def publishing(sent: int) -> dict:
    publication = Publication(pk=1, state="running", decided_at=MOMENT, created_at=MOMENT, started_at=MOMENT)
    states = {Message.State.SENT: sent, Message.State.QUEUED: 8 - sent}
    return {"session": SESSION, "publication": publication, "progress": Progress(publication, states, 0)}


def moving_in(done: int) -> dict:
    return {"table": TableImport(pk=1, state="running", rows=8, rows_done=done)}


def forming(step: int) -> dict:
    step = ("", "hours", "wishes")[step // 2]
    return {"session": SESSION, "proposal": SimpleNamespace(pk=1, state="running"), "works_on": step, "phase": f"running-{step}"}


def my_file(done: int) -> dict:
    return {"newest": DataRequest(state="ready" if done == 8 else "running", total=8, done=done)}


PANELS = {
    "publication": ("admin/cohorts/_publication_progress.html", publishing, "2 of 8 messages"),
    "moving-in": ("admin/cohorts/_moving_in_progress.html", moving_in, "2 of 8 rows"),
    "search": ("admin/cohorts/_forming_progress.html", forming, "Now: hours"),
    "my-file": ("accounts/_data_request.html", my_file, "2 of 8 parts"),
}


@pytest.mark.parametrize("name", PANELS)
def test_what_is_read_out_stays_and_says_what_changed(name):
    template, at, words = PANELS[name]

    def answer(url: str, done: int, *, by_htmx: bool = True) -> str:
        request = RequestFactory().get(url)
        request.htmx = by_htmx
        return render_to_string(template, {**at(done), "request": request})

    whole = answer("/", 1, by_htmx=False)
    assert "role=" not in whole
    assert "hx-swap-oob" not in whole
    asks = re.search(r'hx-get="([^"]+\?heard=[^"]+)"', whole)[1]
    assert "hx-swap-oob" not in answer(asks, 1)

    further = answer(asks, 2)
    told = re.search(rf'<p id="{name}-said" hx-swap-oob="innerHTML">([^<]+)</p>', further)[1]
    assert words in told
    asks = re.search(r'hx-get="([^"]+)"', further)[1]
    assert "hx-swap-oob" not in answer(asks, 3)


def test_at_the_end_the_file_says_that_it_is_ready():
    request = RequestFactory().get("/?heard=running-3")
    request.htmx = True
    page = render_to_string("accounts/_data_request.html", {**my_file(8), "request": request})
    assert re.search(r'hx-swap-oob="innerHTML">Your file is ready\.<', page)
