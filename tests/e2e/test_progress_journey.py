"""A member's way in a real browser, by keyboard: from progress to an item, own words, what is left before asking, and back."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from contributions.models import Contribution, MemberSync
from tests import factories

from .browser import axe, axe_in_both_themes, log_in
from .heard import said

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

TITLE = "Say which locale is missing"
LINK = {
    "url": "https://github.com/lumen/lumen/issues/7",
    "number": 7,
    "repository": "lumen/lumen",
    "title": "Slow",
    "state": "open",
}


@pytest.fixture
def membership():
    """A member with a pull request that lacks two things, twenty more pieces of work, and a ticket."""
    now = timezone.now()
    project = factories.ProjectFactory(
        name="Lumen", ai_policy="disclosure", ai_policy_checked_on=now.date(), large_change_lines=300
    )
    repository = factories.RepositoryFactory(project=project, full_name="lumen/lumen")
    membership = factories.MembershipFactory(cohort=factories.CohortFactory(project=project))
    factories.GitHubIdentityFactory(user=membership.user)
    MemberSync.objects.create(membership=membership, synced_at=now)

    def add(**values):
        item = {"tracked_repository": repository, "repository": "lumen/lumen", **values}
        return factories.ContributionFactory(membership=membership, work_item=factories.WorkItemFactory(**item))

    events = [{"at": (now - datetime.timedelta(days=3)).isoformat(), "what": "changes_requested", "by": "vera", "human": True}]
    add(
        title=TITLE, turn="member", turn_reason="changes_requested", linked=[LINK], additions=20, deletions=2, ci="success",
        events=events, first_response_at=now - datetime.timedelta(days=3),
    )  # fmt: skip
    for number in range(20):
        ended = {"state": "merged", "turn": "", "merged_at": now - datetime.timedelta(days=1)} if number % 2 else {}
        add(created_at=now - datetime.timedelta(days=3 + number), **ended)
    add(kind="ticket", tracker="trac", repository="", stage="Accepted", flags=["needs_tests"], host="code.example.org", events=[])
    return membership


def press_to(page: Page, name: str, key: str = "Tab", most: int = 80) -> None:
    """Press `key` until the element with this text or label has the focus."""
    for _ in range(most):
        page.keyboard.press(key)
        focused = page.evaluate(
            "() => { const e = document.activeElement; return (e.labels?.[0] || e).textContent.trim() || e.value || '' }"
        )
        if focused.startswith(name):
            return
    raise AssertionError(f"{name} was not reached by {key}")


def test_a_member_says_what_it_is_about_before_asking(page, live_server, membership):
    log_in(page, live_server.url, membership.user.email)
    page.goto(live_server.url + reverse("my_progress"))
    axe_in_both_themes(page)
    page.locator("details.as-table > summary").click()
    axe(page)

    press_to_from_top(page, TITLE)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Before you ask maintainers for time")).to_be_visible()
    expect(page.get_by_text("2 things are left.")).to_be_visible()
    axe_in_both_themes(page)

    press_to_from_top(page, "In your own words")
    page.keyboard.type("It names the locale that is missing.")
    press_to(page, "I have not said")
    expect(page.locator("#saved")).to_contain_text("Saved")
    expect(page.get_by_text("1 thing is left.")).to_be_visible()
    said(page, "Saved")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("Nothing is left but")).to_be_visible()
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    contribution = Contribution.objects.get(work_item__title=TITLE)
    assert (contribution.own_words, contribution.ai_use) == ("It names the locale that is missing.", "none")

    # A save that fails is said where one looks, and the words stay.
    page.evaluate("console.error = () => {}")
    page.route("**/work/*/", lambda route: route.fulfill(status=503) if route.request.method == "POST" else route.continue_())
    press_to(page, "Note")
    page.keyboard.type("Ask on Monday.")
    page.keyboard.press("Tab")
    expect(page.locator("#saved")).to_contain_text("Not saved: the site cannot be reached.")
    said(page, "Not saved: the site cannot be reached.")
    expect(page.get_by_label("Note")).to_have_value("Ask on Monday.")
    page.unroute("**/work/*/")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Your cohort can read it.")).to_be_visible()

    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_hidden()
    expect(page.locator(".words-on-paper")).to_contain_text("It names the locale that is missing.")
    page.emulate_media(media="screen")

    press_to_from_top(page, "My progress")
    page.keyboard.press("Enter")
    page.wait_for_url("**/progress/**")
    page.set_viewport_size({"width": 390, "height": 800})
    for address in (reverse("my_progress"), reverse("work", args=[contribution.pk]), reverse("words")):
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), address
    page.goto(live_server.url + reverse("my_progress"))
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(page.get_by_role("link", name=TITLE).first).to_be_visible()
    page.emulate_media(media="screen")

    ticket = Contribution.objects.get(work_item__kind="ticket")
    page.goto(live_server.url + reverse("work", args=[ticket.pk]))
    axe(page)


def press_to_from_top(page: Page, name: str) -> None:
    page.wait_for_load_state()
    page.evaluate("() => { document.activeElement.blur(); window.scrollTo(0, 0); getSelection().removeAllRanges() }")
    page.locator("body").evaluate("e => { e.tabIndex = -1; e.focus(); e.removeAttribute('tabindex') }")
    press_to(page, name)
