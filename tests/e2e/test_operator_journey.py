"""By keyboard and by ear: the operator reads the audit log, and somebody who was named reads a report and answers it."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.audit import record
from cohorts.models import Concern
from tests import factories

from .browser import axe_in_both_themes, enter, press, reach

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_the_audit_log_is_searched(page: Page, live_server):
    operator = factories.UserFactory(name="Olga Novak", is_superuser=True)
    amara = factories.UserFactory(name="Amara Okafor")
    record("log_in.succeeded", by=amara)
    enter(page, live_server.url, operator)
    page.goto(live_server.url + reverse("admin:index"))
    press(page, page.get_by_role("main").get_by_role("link", name="Audit log").first)
    page.wait_for_url("**/auditentry/")
    axe_in_both_themes(page)
    expect(page.get_by_role("table").get_by_role("columnheader").first).to_be_visible()
    reach(page, page.get_by_role("searchbox").or_(page.get_by_label("Person")).first)
    page.keyboard.type("Amara")
    page.keyboard.press("Enter")
    page.wait_for_url("**/auditentry/?*")
    expect(page.get_by_role("table").get_by_text("Amara Okafor").first).to_be_visible()


def test_a_report_is_read_and_answered(page: Page, live_server):
    reader = factories.UserFactory(name="Carla Fontana")
    concern = factories.ConcernFactory(reporter=factories.UserFactory(name="Jun Tanaka"), read_by=reader)
    enter(page, live_server.url, reader)
    page.goto(live_server.url + reverse("concerns"))
    axe_in_both_themes(page)
    press(page, page.get_by_role("main").locator(f'a[href="{reverse("concern", args=[concern.pk])}"]').first)
    page.wait_for_url(f"**{reverse('concern', args=[concern.pk])}")
    axe_in_both_themes(page)
    field = page.get_by_role("main").get_by_role("textbox").first
    reach(page, field)
    page.keyboard.type("Thank you. I look into it today.")
    send = page.get_by_role("button", name="Write it down")
    press(page, send)
    # Who reads it must be said: the summary has the focus, and the words are still there.
    expect(page.get_by_role("alert")).to_be_focused()
    axe_in_both_themes(page)
    reach(page, page.get_by_role("radio", name="The person who reported it").first)
    page.keyboard.press("Space")
    press(page, send)
    expect(page.get_by_role("article").get_by_text("Thank you. I look into it today.")).to_be_visible()
    assert Concern.objects.get().notes.get().text == "Thank you. I look into it today."
