"""The pages of the account in a real browser, as people use them. What each looks like: `test_every_page.py`."""

import json
import re
import zipfile

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.availability import set_availability
from accounts.data_requests import make_export
from accounts.models import Availability, DataRequest, User
from tests.factories import PASSWORD, GitHubIdentityFactory, MembershipFactory, SessionRoleFactory, UserFactory

from .browser import axe_in_both_themes, log_in
from .heard import said

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def person():
    person = UserFactory(email="noor@example.org", name="Noor Haddad")
    MembershipFactory(user=person)
    GitHubIdentityFactory(user=person, problem="GitHub does not know this login.")
    return person


def test_errors_of_a_form_get_the_focus(page, live_server):
    page.goto(live_server.url + reverse("account_login"))
    page.get_by_label("Email").fill("nobody@example.org")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("Please check this")).to_be_visible()
    expect(page.locator(".error-summary")).to_be_focused()
    assert page.get_by_label("Email").input_value() == "nobody@example.org"
    axe_in_both_themes(page)


def test_signs_up_with_the_zone_of_the_browser(browser, live_server):
    context = browser.new_context(timezone_id="America/Bogota")
    page = context.new_page()
    page.goto(live_server.url + reverse("account_signup"))
    page.get_by_label("Your name").fill("Ada Okafor")
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_label("Password", exact=True).fill("a-long-test-password")
    page.get_by_label("I accept").check()
    page.get_by_role("button", name="Sign up").click()
    page.get_by_role("heading", name="Confirm your address").wait_for()
    axe_in_both_themes(page)
    assert User.objects.get().time_zone == "America/Bogota"
    context.close()


def test_admin_by_the_sites_log_in(page, live_server, person):
    SessionRoleFactory(user=person)
    page.goto(live_server.url + reverse("admin:index"))
    assert reverse("account_login") in page.url
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(live_server.url + reverse("admin:index"))


def test_hours_with_the_keyboard_alone(page, live_server, person):
    log_in(page, live_server.url, person.email)
    page.goto(live_server.url + reverse("availability"))
    page.get_by_label("Monday 07:00").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert page.locator("[data-total]").inner_text() == "1.5"
    page.keyboard.press("Enter")
    page.get_by_text("Saved: 1.5 hours a week.").wait_for()
    assert Availability.objects.get().slots == [14, 15, 48 + 15]


def test_hours_by_dragging_and_by_clicking(page, live_server, person):
    log_in(page, live_server.url, person.email)
    page.goto(live_server.url + reverse("availability"))
    first, last = page.get_by_label("Tuesday 09:00").bounding_box(), page.get_by_label("Tuesday 10:30").bounding_box()
    page.mouse.move(first["x"] + 5, first["y"] + 5)
    page.mouse.down()
    page.mouse.move(last["x"] + 5, last["y"] + 5, steps=12)
    page.mouse.up()
    page.get_by_label("Tuesday 10:00").click()
    page.get_by_label("Friday 08:00").click()
    page.get_by_role("button", name="Save my hours").click()
    page.get_by_text("Saved: 2 hours a week.").wait_for()
    assert Availability.objects.get().slots == [66, 67, 69, 208]


def test_hours_without_javascript_with_the_night(browser, live_server, person):
    set_availability(person, [20], time_zone="Europe/Rome")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, live_server.url, person.email)
    page.goto(live_server.url + reverse("availability"))
    assert page.get_by_label("Monday 02:00").is_hidden()
    page.get_by_label("Show the hours from 23:00").check()
    page.get_by_label("Monday 02:00").check()
    page.get_by_role("button", name="Save my hours").click()
    page.get_by_text("Saved: 1 hour a week.").wait_for()
    assert Availability.objects.get().slots == [4, 20]
    context.close()


def test_theme_by_the_buttons_in_the_footer(page, live_server):
    page.goto(live_server.url + reverse("privacy"))
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page).to_have_url(live_server.url + reverse("privacy"))
    page.get_by_role("button", name="As my device").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", re.compile(""))


def test_data_comes_as_a_file(page, live_server, person):
    log_in(page, live_server.url, person.email)
    page.goto(live_server.url + reverse("my_data"))
    page.get_by_role("link", name="Ask for my data").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Put my data together").click()
    expect(page.get_by_text("Your file waits for its turn.")).to_be_visible()
    make_export(DataRequest.objects.get().pk)
    # The page asks by itself, and what changed is read out.
    said(page, "Your file is ready.")
    assert page.evaluate("window.said.length") == 1
    with page.expect_download() as download:
        page.get_by_role("link", name="Download my data").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert json.loads(archive.read("data.json"))["profile"]["name"] == "Noor Haddad"
