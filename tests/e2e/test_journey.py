"""The whole way in a real browser: apply, review, decide, place, publish, accept, sync, progress. Each page is looked at with axe."""

import datetime
import re

import pytest
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker
from playwright.sync_api import Page, expect

from accounts.models import GitHubIdentity, Message, User
from cohorts.models import Application, Cohort, Membership, Session, SessionRole
from cohorts.weeks import generate_weeks
from contributions.models import WorkItem
from contributions.sandbox.transport import sandbox_transport
from contributions.sandbox.world import World
from tests import factories

from .browser import axe_in_both_themes, log_in, press

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def program(settings):
    """A session that takes applications, with what it needs, and a sandbox GitHub on which the applicant is active."""
    world = World()
    repository = world.add_repository("lanternweb/lantern", collaborators=[world.add_user("maintainer")])
    settings.GITHUB_TRANSPORT = sandbox_transport(world)
    project = factories.ProjectFactory(
        name="Lantern", slug="lantern", ai_policy="disclosure", ai_policy_checked_on=timezone.now()
    )
    factories.RepositoryFactory(project=project, full_name="lanternweb/lantern")
    session = factories.SessionFactory(open=True, name="Spring Session", slug="spring")
    session.projects.add(project)
    factories.QuestionFactory(session=session, label="What would you like to learn?", min_words=3)
    factories.QuestionFactory(session=session, label="Can you give four hours a week?", kind="yes_no")
    factories.CriterionFactory(session=session, name="Motivation")
    organiser = factories.UserFactory(email="organiser@example.org", name="Olu Adeyemi")
    navigator = factories.UserFactory(email="navigator@example.org", name="Nadia Petrov")
    factories.UserFactory(email="applicant@example.org", name="Amara Okafor")
    factories.SessionRoleFactory(session=session, user=organiser)
    factories.SessionRoleFactory(session=session, user=navigator, role=SessionRole.Role.REVIEWER)
    cohort = factories.CohortFactory(session=session, name="Venus", project=project)
    factories.MembershipFactory(cohort=cohort, user=navigator, role="navigator")
    return session, world, repository


def run_waiting_tasks() -> None:
    """What the worker does, now and here."""
    worker = Worker(
        queue_names=["*"], interval=0, batch=True, backend_name="default", startup_delay=False, max_tasks=None,
        worker_id="journey", excluded_queue_names=[],
    )  # fmt: skip
    worker.run()


def sync_now(page: Page) -> None:
    """Press the button and let the worker work, while the page asks again and again how far it is."""
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_text("The sync has waited for its turn")).to_be_visible()
    run_waiting_tasks()


def as_person(page: Page, server: str, part: str) -> None:
    page.context.clear_cookies()
    log_in(page, server, f"{part}@example.org")


def apply(page: Page, server: str) -> None:
    page.goto(server)
    axe_in_both_themes(page)
    page.get_by_role("link", name=re.compile("^Apply")).first.click()
    page.get_by_label("What would you like to learn?").fill("How to answer a review")
    page.get_by_label("What would you like to learn?").blur()
    expect(page.locator("#saved")).to_contain_text("Saved")
    axe_in_both_themes(page)
    # What was saved is still there, and an error keeps it.
    page.reload()
    expect(page.get_by_label("What would you like to learn?")).to_have_value("How to answer a review")
    page.get_by_role("button", name="Submit application").click()
    # What is wrong has the focus and is read out, and each field says it again.
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_match_aria_snapshot("""
      - alert:
        - heading "Please check this" [level=2]
        - list:
          - listitem:
            - link "Can you give four hours a week?"
    """)
    expect(page.get_by_role("group", name="Can you give four hours a week?")).to_have_accessible_description(re.compile("."))
    axe_in_both_themes(page)
    page.get_by_role("radio", name="Yes").check()
    page.get_by_label("Your GitHub login").fill("amara-okafor")
    page.get_by_label("Your GitHub login").blur()
    page.get_by_role("button", name="Submit application").click()
    expect(page.get_by_text("Your application is submitted.")).to_be_visible()
    axe_in_both_themes(page)


def review(page: Page, server: str) -> None:
    page.goto(f"{server}/admin/cohorts/review/queue/")
    axe_in_both_themes(page)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("How to answer a review")).to_be_visible()
    assert "Amara" not in page.content()
    axe_in_both_themes(page)
    page.get_by_role("group", name="Motivation").get_by_role("radio", name=re.compile("Good")).first.check()
    page.get_by_label("Private comment").fill("Wants to learn the right thing.")
    page.get_by_role("button", name="Hand in", exact=True).click()
    expect(page.get_by_text("review handed in.")).to_be_visible()


def decide_and_publish(page: Page, server: str, session: Session, application: Application) -> None:
    page.goto(f"{server}/admin/cohorts/application/{application.pk}/change/")
    expect(page.get_by_text("amara", exact=False).first).to_be_visible()
    axe_in_both_themes(page)
    page.get_by_role("radio", name="Offer a place").check()
    page.get_by_label("Cohort").select_option(str(Cohort.objects.get().pk))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    page.goto(f"{server}/admin/cohorts/session/{session.pk}/change/")
    axe_in_both_themes(page)
    press(page, page.get_by_role("link", name="Close the review"))
    page.wait_for_url("**/close-review/")
    axe_in_both_themes(page)
    page.get_by_role("button", name="Close the review").click()
    page.wait_for_url(lambda url: "close-review" not in url)
    page.goto(f"{server}/admin/cohorts/session/{session.pk}/publish/")
    expect(page.get_by_role("heading", name="Every message, as it goes out")).to_be_visible()
    axe_in_both_themes(page)
    page.goto(f"{server}/admin/cohorts/session/{session.pk}/publish/{application.pk}/")
    expect(page.frame_locator("iframe.mail-frame").get_by_text("You are offered a place").first).to_be_visible()
    axe_in_both_themes(page)
    page.get_by_role("link", name="Back to all messages").click()
    press(page, page.get_by_role("button", name=re.compile("^Publish")))
    page.wait_for_url("**/publications/*/")
    expect(page.get_by_role("heading", name="Waiting to begin")).to_be_visible()
    axe_in_both_themes(page)
    run_waiting_tasks()
    # The page asks by itself how it is going.
    expect(page.get_by_role("heading", name="Published", exact=True)).to_be_visible()
    axe_in_both_themes(page)


def accept(page: Page, server: str, application: Application) -> None:
    page.goto(f"{server}/applications/{application.pk}/")
    axe_in_both_themes(page)
    press(page, page.get_by_role("button", name="Take the place"))
    expect(page.get_by_text("You are in. We sent you a mail about it.")).to_be_visible()


def figures(page: Page) -> None:
    """The session in figures: its text to copy, a picture as PNG, on a phone."""
    expect(page.get_by_role("heading", name="The session in figures")).to_be_visible()
    axe_in_both_themes(page)
    page.get_by_role("button", name="Copy as Markdown").click()
    text = page.get_by_label("As Markdown")
    assert text.evaluate("field => field.value.slice(field.selectionStart, field.selectionEnd)").startswith("## Spring Session")
    with page.expect_download() as download:
        page.get_by_role("button", name="as PNG").first.click()
    assert download.value.suggested_filename == "spring-weeks.png"
    with open(download.value.path(), "rb") as file:
        # 1600 pixels wide: twice what the SVG is.
        assert file.read(24)[:20] == b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x06\x40"
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def time_passes(session: Session, *, close: bool = False, start: bool = False) -> None:
    """Move the calendar to the next part, as months would."""
    now = timezone.now()
    if close:
        session.applications_close_at = now - datetime.timedelta(seconds=1)
    if start:
        session.starts_on = now.date() - datetime.timedelta(days=9)
    session.save()
    generate_weeks(session)


def ticket_page(page: Page, server: str, membership: Membership) -> None:
    """A ticket with a stage, flags, a pull request that names it, and a tracker that does not answer."""
    now = timezone.now()
    ticket = factories.WorkItemFactory(
        kind="ticket", host="code.djangoproject.com", database_id=None, node_id="", repository="", number=36877, title="Slow admin",
        url="https://code.djangoproject.com/ticket/36877", tracker="trac", stage="Accepted", flags=["has_patch", "needs_tests"],
        created_at=None, turn="member", turn_reason="patch_needs_work", problem="Trac did not answer", problem_at=now,
    )  # fmt: skip
    pull = WorkItem.objects.get(kind="pull_request")
    linked = {"url": ticket.url, "title": ticket.title, "number": 36877, "repository": "", "state": "open"}
    WorkItem.objects.filter(pk=pull.pk).update(linked=[linked])
    contribution = factories.ContributionFactory(membership=membership, work_item=ticket)
    page.goto(f"{server}/work/{contribution.pk}/")
    expect(page.get_by_text("Trac did not answer since").first).to_be_visible()
    expect(page.get_by_role("link", name="Open on Trac")).to_be_visible()
    axe_in_both_themes(page)


def test_from_applying_to_the_progress_page(page, live_server, program):
    session, world, repository = program
    server = live_server.url

    as_person(page, server, "applicant")
    apply(page, server)
    application = Application.objects.get()
    assert application.status == "submitted"

    session.refresh_from_db()
    time_passes(session, close=True)
    as_person(page, server, "navigator")
    review(page, server)
    assert application.reviews.get().handed_in_at

    as_person(page, server, "organiser")
    decide_and_publish(page, server, session, application)
    run_waiting_tasks()
    application.refresh_from_db()
    assert application.status == "offered"
    assert Message.objects.get(recipient=application.applicant, kind__contains="offer").state == "sent"

    as_person(page, server, "applicant")
    accept(page, server, application)
    assert Membership.objects.get(user=application.applicant).state == "active"

    session.refresh_from_db()
    time_passes(session, start=True)
    amara = world.add_user("amara-okafor")
    pull_request = world.add_pull_request(
        repository, amara, "Keep filters after a bulk action", at=datetime.timedelta(days=5), ci="FAILURE"
    )
    world.add_issue(repository, amara, "The example swallows the error", at=datetime.timedelta(days=3))
    page.goto(f"{server}/progress/")
    axe_in_both_themes(page)
    sync_now(page)
    expect(page.get_by_role("link", name=re.compile("Keep filters after a bulk action")).first).to_be_visible()
    expect(page.get_by_text(re.compile("checks fail")).first).to_be_visible()
    axe_in_both_themes(page)
    assert WorkItem.objects.count() == 2
    assert GitHubIdentity.objects.get().node_id

    world.set_ci(pull_request, "SUCCESS")
    world.review(pull_request, world.account("maintainer"), "APPROVED")
    page.goto(f"{server}/progress/")
    sync_now(page)
    expect(page.get_by_role("heading", name="Waits for the maintainers")).to_be_visible()

    page.get_by_role("link", name=re.compile("Keep filters")).first.click()
    page.wait_for_url("**/work/*/")
    axe_in_both_themes(page)
    ticket_page(page, server, Membership.objects.get(user=application.applicant))

    as_person(page, server, "navigator")
    page.goto(f"{server}/cohorts/{Cohort.objects.get().pk}/")
    expect(page.get_by_role("heading", name="Everybody")).to_be_visible()
    expect(page.get_by_text("Amara Okafor").first).to_be_visible()
    axe_in_both_themes(page)
    page.get_by_role("link", name="Figures", exact=True).click()
    figures(page)
    assert User.objects.count() == 3
