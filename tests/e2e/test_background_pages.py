"""The operator's pages of the background work in a real browser: read, and worked with by the keyboard alone."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from background import enqueue
from background.beat import beat
from background.models import Schedule, TaskRun
from background.schedules import create_missing_rows
from tests.background import admin_tasks
from tests.factories import UserFactory

from .browser import axe_in_both_themes, log_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

LISTS = ["admin:index", *(f"admin:background_{name}_changelist" for name in ("taskrun", "schedule", "workerbeat"))]


@pytest.fixture
def operator():
    return UserFactory(email="operator@example.org", name="Olga", is_superuser=True)


@pytest.fixture
def failed(operator) -> TaskRun:
    """A run that failed; beside one that runs, one for later, a schedule that is paused, and a worker."""
    beat("worker-1")
    create_missing_rows()
    Schedule.objects.filter(name=admin_tasks.tidy_up.module_path).update(enabled=False)
    now = timezone.now()
    enqueue(admin_tasks.come_later.using(run_after=now + datetime.timedelta(hours=1)), operator.pk)
    running = enqueue(admin_tasks.say)
    TaskRun.objects.filter(pk=running.pk).update(
        state="running", started_at=now, worker_id="worker-1", done=3, total=12, note="letters", progress_at=now
    )
    run = enqueue(admin_tasks.say, 1, note="a text")
    TaskRun.objects.filter(pk=run.pk).update(
        state="failed", started_at=now, finished_at=now, worker_id="worker-1", error="builtins.ValueError",
        message="It is broken. " * 20, traceback="Traceback (most recent call last):\n" + "x" * 300,
    )  # fmt: skip
    return run


def test_every_page_can_be_read(page, live_server, failed):
    log_in(page, live_server.url, "operator@example.org")
    addresses = [reverse(name) for name in LISTS]
    addresses += [reverse("admin:background_taskrun_change", args=[run.pk]) for run in TaskRun.objects.all()]
    addresses += [
        reverse("admin:background_schedule_changelist") + "?is=paused",
        reverse("admin:background_taskrun_history", args=[failed.pk]),
    ]
    for address in addresses:
        page.goto(live_server.url + address)
        for summary in page.locator("details.trace summary").all():
            summary.click()
        axe_in_both_themes(page)
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        page.set_viewport_size({"width": 1280, "height": 800})


def test_from_the_first_page_to_a_retry_by_the_keyboard(page, live_server, failed):
    log_in(page, live_server.url, "operator@example.org")
    page.goto(live_server.url + reverse("admin:index"))
    page.get_by_role("link", name="failed today").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/taskrun/?*")
    page.get_by_role("row").get_by_role("link", name="Say").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="ValueError")).to_be_visible()
    expect(page.get_by_text("text of 6 characters")).to_be_visible()
    page.wait_for_load_state()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "retry":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 task is queued again.")).to_be_visible()
    expect(page.get_by_role("heading", name="Why it waits")).to_be_visible()
    assert TaskRun.objects.filter(first=failed, state="waiting").count() == 1


def test_several_are_discarded_after_a_question(page, live_server, failed):
    log_in(page, live_server.url, "operator@example.org")
    page.goto(live_server.url + reverse("admin:background_taskrun_changelist"))
    page.locator("#action-toggle").check()
    page.get_by_label("Action:").select_option(label="Discard those that wait or failed")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("1 task that waits will never run.")).to_be_visible()
    axe_in_both_themes(page)
    page.get_by_role("button", name="Discard them").click()
    expect(page.get_by_text("2 tasks are discarded.")).to_be_visible()
    expect(page.get_by_text("“say” neither waits nor failed.")).to_be_visible()
