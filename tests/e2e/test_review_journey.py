"""A reviewer's evening, with the keyboard alone: begin, score with keys, be saved, hand in and go on, skip, step back."""

import re

import pytest
from playwright.sync_api import Page, expect

from cohorts.models import Application, Conflict, Review
from cohorts.review_queue import waiting_for
from tests.cohorts.world import make_world
from tests.e2e.test_board_journey import press_to

from .browser import axe_in_both_themes, log_in
from .heard import said

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def has_focus(page: Page, selector: str) -> bool:
    return page.locator(selector).first.evaluate("element => element === document.activeElement")


def fits_a_phone(page: Page) -> None:
    """Nothing sticks out sideways at 390 pixels. Leaves the page wide."""
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.url
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_reviewers_evening(page, live_server):
    world = make_world(applications=4)
    Application.objects.filter(session=world.session).update(content_warning="Mentions an illness.")
    first, second, third, _fourth = waiting_for(world.reviewer, world.session)
    log_in(page, live_server.url, world.reviewer.email)

    page.goto(f"{live_server.url}/admin/cohorts/review/queue/")
    expect(page.get_by_text("0 of 4 by you")).to_be_visible()
    axe_in_both_themes(page)
    fits_a_phone(page)
    page.keyboard.press("n")

    # The heading has the focus. The warning stands before the answers, which open with Enter.
    page.wait_for_url(f"**/application/{first.pk}/")
    expect(page.locator("#application-heading")).to_be_focused()
    expect(page.get_by_text("Because I want to learn.")).to_be_hidden()
    for _press in range(20):
        page.keyboard.press("Tab")
        if has_focus(page, ".behind-warning > summary"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("Because I want to learn.")).to_be_visible()

    # A number scores the criterion that is open and goes to the next one; it is saved without a click.
    page.keyboard.press("3")
    page.keyboard.press("c")
    page.keyboard.type("3 x n s?")
    page.keyboard.press("Escape")
    expect(page.locator("#saved")).to_contain_text("Draft saved")
    said(page, "Draft saved")
    expect(page.locator("#review-version")).not_to_have_value("0")
    page.keyboard.press("Control+Enter")

    # One criterion was left open: the summary says so, and everything is still there.
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.get_by_label("Private comment")).to_have_value("3 x n s?")
    axe_in_both_themes(page)
    fits_a_phone(page)
    page.keyboard.press("x")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/application/{second.pk}/")
    expect(page.locator("#application-heading")).to_be_focused()
    expect(page.get_by_text(f"Application {first.pk}: review handed in.")).to_be_visible()
    review = Review.objects.get(application=first)
    assert (review.score, review.private_comment, review.handed_in_at is not None) == (3.0, "3 x n s?", True)

    # For later.
    page.keyboard.press("n")
    page.wait_for_url(f"**/application/{third.pk}/")

    # Single keys switched off do nothing, also on the next page.
    page.keyboard.press("?")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.reload()
    page.keyboard.press("n")
    page.keyboard.press("2")
    expect(page.locator(".criterion input:checked")).to_have_count(0)
    page.evaluate("localStorage.clear()")

    # Stepping back, with a reason.
    for _press in range(60):
        page.keyboard.press("Tab")
        if has_focus(page, ".conflict > summary"):
            break
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("We share a desk")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Application {third.pk} is off your list.", exact=False)).to_be_visible()
    assert Conflict.objects.get().reason == "We share a desk"

    # The list leads through itself, and all answers to one question stand side by side.
    page.goto(f"{live_server.url}/admin/cohorts/review/?state=todo")
    axe_in_both_themes(page)
    press_to(page, re.compile("^Application"))
    expect(page.get_by_role("navigation", name="In your list")).to_be_visible()
    page.goto(f"{live_server.url}/admin/cohorts/review/question/?session={world.session.slug}")
    expect(page.get_by_role("article")).to_have_count(3)
    axe_in_both_themes(page)
    fits_a_phone(page)
    page.emulate_media(media="print")
    expect(page.get_by_text("Because I want to learn.").first).to_be_visible()
    expect(page.get_by_role("button", name="Show")).to_be_hidden()
