"""A navigator's Monday, with the keyboard alone: whom to look after, one kind of help, an item and back, and a sync meanwhile."""

import datetime
import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from contributions.models import SyncRun, WorkItem
from tests import factories

from .browser import axe_in_both_themes, log_in
from .heard import name_of_focus, said

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def ago(days: float) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(days=days)


@pytest.fixture
def cohort():
    """Venus in its fourth week: Amara's checks fail, Jun is stuck, and one pull request waits for a reviewer."""
    project = factories.ProjectFactory(name="Lantern")
    repository = factories.RepositoryFactory(project=project, full_name="lanternweb/lantern")
    cohort = factories.CohortFactory(name="Venus", project=project)
    cohort.session.projects.add(project)
    factories.MembershipFactory(
        cohort=cohort, role="navigator", user=factories.UserFactory(email="navigator@example.org", name="Rosa Lindqvist")
    )
    members = []
    for name, login in (("Amara Okafor", "amara-o"), ("Jun Tanaka", "juntanaka")):
        member = factories.MembershipFactory(cohort=cohort, user=factories.UserFactory(name=name))
        factories.GitHubIdentityFactory(user=member.user, login=login)
        members.append(member)

    def work(member, title, **values):
        item = factories.WorkItemFactory(tracked_repository=repository, title=title, turn_since=ago(8), **values)
        return factories.ContributionFactory(membership=member, work_item=item)

    work(members[0], "Keep filters after a bulk action", turn="member", turn_reason="ci_failing", ci="failure")
    work(members[0], "Explain the order of signals")
    week = cohort.session.calendar.get(number=4)
    factories.CheckInFactory(membership=members[1], week=week, stuck="How do I run one backend only?", written_at=ago(1))
    return cohort


def press_to(page: Page, name: str | re.Pattern, *, key: str = "Tab") -> None:
    """Go on with Tab until the link of this name has the focus, and press Enter."""
    link = page.get_by_role("link", name=name).first
    for _press in range(60):
        page.keyboard.press(key)
        name_of_focus(page)
        if link.evaluate("element => element === document.activeElement"):
            return page.keyboard.press("Enter")
    raise AssertionError(f"The focus never came to {name}.")


def test_a_navigators_monday(page, live_server, cohort):
    log_in(page, live_server.url, "navigator@example.org")
    board = f"{live_server.url}/cohorts/{cohort.pk}/"
    page.goto(board)
    expect(page.get_by_role("heading", name="Who could use you")).to_be_visible()
    axe_in_both_themes(page)

    # One kind of help: the lists change without a reload, the address keeps it, the focus stays.
    page.evaluate("window.sameDocument = true")
    press_to(page, re.compile("^Checks that fail"))
    expect(page.get_by_text("Is stuck:")).to_have_count(0)
    expect(page.get_by_text("Open the first check that fails together", exact=False)).to_be_visible()
    expect(page).to_have_url(f"{board}?help=checks")
    expect(page.locator("#help-checks")).to_be_focused()
    assert page.evaluate("window.sameDocument")

    # To an item and back: the filter is still there.
    press_to(page, re.compile("^See the work"))
    page.wait_for_url("**/work/*/")
    page.go_back()
    expect(page.locator("#help-checks")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator(".people").get_by_text("Is stuck: “How do I run one backend only?”", exact=True)).to_be_visible()

    # A scheduled sync ends while the page is open: nothing is reloaded, the focus stays where it is, and what changed is said.
    page.evaluate("window.sameDocument = true")
    reading = page.get_by_role("link", name=re.compile("^Read the check-in")).first
    reading.focus()
    WorkItem.objects.filter(ci="failure").update(turn="reviewer", turn_reason="pushed_since", ci="success")
    SyncRun.objects.create(session=cohort.session, state=SyncRun.State.DONE, finished_at=timezone.now())
    with page.expect_response(re.compile("sync/status/.*seen=")):
        page.evaluate("document.body.dispatchEvent(new Event('look'))")
    expect(page.get_by_text("fail since")).to_have_count(0)
    expect(page.locator("#live")).to_contain_text("Changed: Keep filters after a bulk action")
    said(page, "Changed: Keep filters after a bulk action")
    expect(reading).to_be_focused()
    with page.expect_response(re.compile("sync/status/.*seen=")) as nothing_new:
        page.evaluate("document.body.dispatchEvent(new Event('look'))")
    assert nothing_new.value.status == 204
    assert page.evaluate("window.sameDocument")

    # On a phone and on paper.
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    axe_in_both_themes(page)
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Who waits for whom")).to_be_visible()
    expect(page.get_by_role("navigation", name="What I can help with")).to_be_hidden()
