"""A week of a cohort on a phone, with the keyboard alone: a check-in, an answer from the board, and an entry of the learning log."""

import pytest
from playwright.sync_api import Browser, Page, expect

from cohorts.models import CheckIn, CheckInReply
from contributions.models import LearningEntry
from tests import factories

from .browser import Complaints, axe_in_both_themes, log_in, press, reach
from .heard import said

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 390, "height": 800}


@pytest.fixture
def cohort():
    """Venus in its fourth week, with Amara and her navigator."""
    cohort = factories.CohortFactory(name="Venus")
    rosa = factories.UserFactory(email="navigator@example.org", name="Rosa Lindqvist")
    factories.MembershipFactory(cohort=cohort, role="navigator", user=rosa)
    amara = factories.MembershipFactory(
        cohort=cohort, user=factories.UserFactory(email="member@example.org", name="Amara Okafor")
    )
    item = factories.WorkItemFactory(title="Keep filters after a bulk action")
    factories.ContributionFactory(membership=amara, work_item=item)
    return cohort


def fits(page: Page) -> None:
    """Nothing is cut off or has to be pushed aside on a phone."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    axe_in_both_themes(page)


def test_a_week_on_a_phone(page: Page, browser: Browser, live_server, cohort):
    page.set_viewport_size(PHONE)
    log_in(page, live_server.url, "member@example.org")

    # From the front page to the check-in; it saves itself while it is typed, and never takes itself for another tab.
    page.goto(f"{live_server.url}/")
    press(page, page.get_by_role("link", name="Write it Check-in of week 4"))
    page.wait_for_url("**/check-in/4/")
    fits(page)
    saved = page.locator("#saved")
    reach(page, page.get_by_label("What did you do?"))
    page.keyboard.insert_text("Read the guide")
    expect(saved).to_contain_text("Saved")
    said(page, "Saved")
    page.keyboard.insert_text(" and ran the tests.")
    reach(page, page.get_by_label("Where are you stuck?"))
    page.keyboard.insert_text("How do I run one backend only?")
    press(page, page.get_by_role("button", name="Hand in"))
    page.wait_for_url("**/progress/*/")
    expect(page.get_by_text("Your cohort can read it now.")).to_be_visible()
    stored = CheckIn.objects.get()
    assert (stored.did, stored.stuck) == ("Read the guide and ran the tests.", "How do I run one backend only?")

    # The navigator answers from the board, and stays there.
    context = browser.new_context(viewport=PHONE)
    board = context.new_page()
    board.set_default_timeout(45_000)
    complaints = Complaints(board)
    log_in(board, live_server.url, "navigator@example.org")
    board.goto(f"{live_server.url}/cohorts/{cohort.pk}/")
    press(board, board.locator(".people .answer summary").first)
    fits(board)
    words = board.locator(".people .answer textarea").first
    reach(board, words)
    board.keyboard.insert_text("Try **one** test alone first.")
    # A look elsewhere loses no word.
    board.reload()
    expect(words).to_have_value("Try **one** test alone first.")
    press(board, board.locator(".people .answer button").first)
    expect(board.get_by_text("You replied to Amara.")).to_be_focused()
    assert board.url == f"{live_server.url}/cohorts/{cohort.pk}/"
    assert complaints.found == []
    context.close()
    assert CheckInReply.objects.get().text == "Try **one** test alone first."

    # The member reads it and says thank you, in place.
    press(page, page.get_by_role("link", name="Check-ins", exact=True))
    page.wait_for_url("**/check-ins/")
    fits(page)
    press(page, page.get_by_role("link", name="Reply to week 4"))
    page.wait_for_url("**/check-in/4/#replies")
    expect(page.get_by_role("article").get_by_text("Try one test alone first.")).to_be_visible()
    reach(page, page.get_by_label("Your reply"))
    page.keyboard.insert_text("That helped.")
    press(page, page.get_by_role("button", name="Reply", exact=True))
    expect(page.get_by_role("article").get_by_text("That helped.")).to_be_visible()
    fits(page)

    # What was learned, with the work that it is about, shared by a press.
    press(page, page.get_by_role("link", name="Learning log", exact=True))
    page.wait_for_url("**/learning/")
    press(page, page.get_by_role("link", name="Write an entry"))
    page.wait_for_url("**/learning/new/")
    reach(page, page.get_by_label("Title"))
    page.keyboard.insert_text("One backend")
    reach(page, page.get_by_label("What did you learn?"))
    page.keyboard.insert_text("A test can be run alone.")
    reach(page, page.get_by_label("Keep filters after a bulk action"))
    page.keyboard.press("Space")
    expect(saved).to_contain_text("Saved")
    page.wait_for_url(lambda url: "/new/" not in url)
    reach(page, page.get_by_label("Share it with my cohort"))
    page.keyboard.press("Space")
    fits(page)
    press(page, page.get_by_role("button", name="Save", exact=True))
    page.wait_for_url("**/learning/")
    expect(page.get_by_role("heading", name="One backend")).to_be_visible()
    fits(page)
    entry = LearningEntry.objects.get()
    assert (entry.title, entry.text, entry.shared) == ("One backend", "A test can be run alone.", True)
    assert [one.work_item.title for one in entry.contributions.all()] == ["Keep filters after a bulk action"]
