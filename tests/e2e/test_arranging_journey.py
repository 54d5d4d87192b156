"""Cohorts put together by hand in a browser: with the keyboard alone, and by dragging."""

import pytest
from playwright.sync_api import expect

from cohorts.arranging import begin
from tests.cohorts.forming_world import MORNINGS, make_forming
from tests.e2e.test_review_journey import fits_a_phone

from .browser import axe_in_both_themes, log_in
from .heard import said

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def drag(page, person, place) -> None:
    """Takes somebody by the dots beside their name."""
    grip, box = page.locator(f"#person-{person.pk} .grip"), place.bounding_box()
    start = grip.bounding_box()
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 20, steps=4)
    expect(place).to_have_class("tile column drop-here")
    page.mouse.up()


def test_by_keyboard_and_by_dragging(page, live_server):
    forming = make_forming()
    first, second = forming.cohorts
    people = [forming.apply(cohort=first), forming.apply(cohort=first)]
    early = forming.apply(MORNINGS, tier=1)
    proposal = begin(forming.session, by=forming.organiser)
    log_in(page, live_server.url, forming.organiser.email)
    page.goto(f"{live_server.url}/admin/cohorts/session/{forming.session.pk}/form-cohorts/{proposal.pk}/arrange/")
    column = page.locator(f'[data-drop="{first.pk}"]')

    # With the keyboard: the window has the focus, what is done is said, and the focus is where it was.
    page.locator(f"#person-{people[0].pk} .name").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#choosing-heading")).to_be_focused()
    axe_in_both_themes(page)
    page.keyboard.press("Escape")
    expect(page.locator("#choosing")).to_be_hidden()
    page.locator(f"#person-{people[0].pk} .name").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#choosing-heading")).to_be_focused()
    page.locator("#choosing li", has_text=first.name).get_by_role("button").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text(f"{people[0].applicant} is in {first}.")
    said(page, f"{people[0].applicant} is in {first}.")
    expect(page.locator(f"#person-{people[0].pk} .name")).to_be_focused()

    # Dragging: what breaks nothing is done at once, the rest asks.
    page.set_viewport_size({"width": 1280, "height": 1500})
    drag(page, people[1], column)
    expect(page.locator("#said")).to_have_text(f"{people[1].applicant} is in {first}. All rules hold.")
    expect(column.locator(".person")).to_have_count(2)
    drag(page, early, column)
    expect(page.get_by_role("heading", name=f"Put {early.applicant} into {first}?")).to_be_focused()
    page.get_by_role("button", name="Do it all the same").click()
    expect(column.locator(".person")).to_have_count(3)
    expect(page.locator("#said")).to_contain_text("1 rule does not hold.")
    page.get_by_role("button", name="Take the last change back").click()
    expect(column.locator(".person")).to_have_count(2)
    axe_in_both_themes(page)
    fits_a_phone(page)
    proposal.refresh_from_db()
    assert proposal.members == {first.pk: sorted(one.pk for one in people), second.pk: []}
