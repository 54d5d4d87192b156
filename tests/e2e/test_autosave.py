"""Forms that save themselves lose nothing, not even what was typed before the script that saves them had arrived."""

import re
import time

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from cohorts.models import Application, CheckIn
from tests import factories

from .browser import log_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

HTMX, OWN = re.compile(r"/htmx[^/]*\.js"), re.compile(r"/js/[^/]*\.js")
TEXT = "How to answer a review"
LEARN, DAY, WEEKS = "What would you like to learn?", "Which day suits you?", "Which weeks?"
DAYS = ["Monday", "Tuesday"]


class Held:
    """Scripts on a line so slow that they arrive when the test says so: htmx, or whatever `pattern` names."""

    def __init__(self, page: Page, pattern: re.Pattern = HTMX) -> None:
        self.page = page
        self.held: list[Route] = []
        self.arrived = False
        page.route(pattern, self._on_the_way)

    def _on_the_way(self, route: Route) -> None:
        if self.arrived:
            route.continue_()
        else:
            self.held.append(route)

    def arrive(self) -> None:
        deadline = time.monotonic() + 30
        while not self.held:
            assert time.monotonic() < deadline, "the page asked for none of them"
            self.page.wait_for_timeout(50)
        self.arrived = True
        for route in self.held:
            route.continue_()


def wait_for_the_saves(page: Page) -> None:
    """Until the browser has nothing left to send: what waits in line is sent in the moment in which an answer arrives."""
    expect(page.locator("#saved")).to_contain_text("Saved")
    page.wait_for_function("() => !document.querySelector('.htmx-request')")


def posts(page: Page) -> list[str]:
    """The addresses that the page posts to from now on."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    return sent


@pytest.fixture
def session():
    session = factories.SessionFactory(open=True)
    factories.QuestionFactory(session=session, label=LEARN, min_words=3)
    factories.QuestionFactory(session=session, label=DAY, kind="choice", choices="\n".join(DAYS))
    factories.QuestionFactory(session=session, label=WEEKS, kind="choice", choices="\n".join(map(str, range(1, 13))))
    return session


@pytest.fixture
def membership():
    return factories.MembershipFactory()


def check_in_address(membership) -> str:
    return reverse("checkin", args=[membership.pk, 4])


def test_an_application_typed_before_the_script_came_is_saved(page, live_server, session):
    log_in(page, live_server.url, factories.UserFactory().email)
    htmx = Held(page)
    page.goto(live_server.url + reverse("apply", args=[session.slug]), wait_until="commit")
    page.get_by_label(LEARN).fill(TEXT)
    page.get_by_role("radio", name="Tuesday").check()
    page.get_by_label(WEEKS).select_option("7")
    page.get_by_label(WEEKS).blur()
    htmx.arrive()
    wait_for_the_saves(page)
    draft = Application.objects.get().draft
    assert {draft[str(question.pk)] for question in session.questions.all()} == {TEXT, "Tuesday", "7"}


def test_words_typed_before_logging_in_and_before_the_script_came_are_kept(page, live_server, session):
    htmx = Held(page)
    page.goto(live_server.url + reverse("apply", args=[session.slug]), wait_until="commit")
    page.get_by_label(LEARN).fill(TEXT)
    page.get_by_label(LEARN).blur()
    htmx.arrive()
    expect(page.locator("#saved")).to_contain_text("Kept")
    page.reload()
    expect(page.get_by_label(LEARN)).to_have_value(TEXT)


def test_words_that_could_not_be_sent_are_kept_and_private_ones_are_asked_about(page, live_server, session):
    page.route(HTMX, lambda route: route.fulfill(body=""))
    scripts = Held(page, OWN)
    address = live_server.url + reverse("apply", args=[session.slug])
    page.goto(address, wait_until="commit")
    page.get_by_label(LEARN).click()
    page.keyboard.type(TEXT)
    scripts.arrive()
    page.wait_for_load_state()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(live_server.url + reverse("privacy"))
    page.goto(address)
    expect(page.get_by_label(LEARN)).to_have_value(TEXT)
    assert asked == []
    # What only few may read goes with its tab, so the browser asks before that.
    page.locator("details.accommodations > summary").click()
    page.locator("[name=accommodations]").fill("Captions")
    page.goto(live_server.url + reverse("privacy"))
    assert asked == ["beforeunload"]
    assert "Captions" not in page.evaluate("JSON.stringify(localStorage)")


def test_a_check_in_typed_before_the_script_came_is_saved(page, live_server, membership):
    log_in(page, live_server.url, membership.user.email)
    htmx = Held(page)
    page.goto(live_server.url + check_in_address(membership), wait_until="commit")
    page.get_by_label("What did you do?").fill("Read the guide.")
    page.get_by_label("What comes next?").fill("Ask about the tests.")
    page.get_by_role("radio", name="4: good").check()
    page.get_by_label("I would like to talk").check()
    htmx.arrive()
    wait_for_the_saves(page)
    saved = CheckIn.objects.get()
    assert (saved.did, saved.next, saved.energy, saved.wants_to_talk) == ("Read the guide.", "Ask about the tests.", 4, True)
    assert saved.written_at is None


def test_what_is_still_being_typed_when_the_script_comes_is_saved_whole(page, live_server, membership):
    log_in(page, live_server.url, membership.user.email)
    htmx = Held(page)
    page.goto(live_server.url + check_in_address(membership), wait_until="commit")
    page.get_by_label("What did you do?").click()
    page.keyboard.type("Read ")
    htmx.arrive()
    wait_for_the_saves(page)
    page.keyboard.type("the guide.")
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.get_by_label("What did you do?").blur()
    assert CheckIn.objects.get().did == "Read the guide."


def test_pages_on_which_nobody_typed_save_nothing(page, live_server, session, membership):
    person = membership.user
    log_in(page, live_server.url, person.email)
    first, day, weeks = session.questions.all()
    texts = {str(first.pk): "\n  Two lines,\r\nthe first one empty ", str(day.pk): "Tuesday", str(weeks.pk): "7"}
    factories.ApplicationFactory(session=session, applicant=person, status="draft", submitted_at=None, draft=texts)
    week = membership.cohort.session.calendar.get(number=4)
    factories.CheckInFactory(
        membership=membership, week=week, did="\n\nRead\r\n", hours="2.0", energy=3, wants_to_talk=True, written_at=None
    )
    sent = posts(page)
    for address in (reverse("apply", args=[session.slug]), check_in_address(membership)):
        page.goto(live_server.url + address)
        page.wait_for_function("() => window.htmx")
        page.wait_for_timeout(500)
    assert sent == []
