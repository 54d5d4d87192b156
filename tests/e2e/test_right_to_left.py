"""Pages in a language that is written from right to left: they turn round, nothing sticks out, and pictures agree with their words."""

import itertools

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import User
from cohorts.models import Session
from tests.test_addresses import make_world

from .browser import enter

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

#: Django's own texts are in Arabic then, ours in English: the two directions meet on each page.
ARABIC = ("ar", "العربية")
#: The last things that stick out, where the page is wider than the screen.
OUT = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  return [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().left < -1)
    .slice(-4).map((one) => one.outerHTML.slice(0, 120));
}"""
#: How far the middle of the weeks above lies from that of the grid below, in pixels, and on which side of its section the names stand.
STRIP = """() => {
  const box = (what) => document.querySelector(what).getBoundingClientRect();
  const [scale, grid, name, track] = ['.strip .scale > svg', '.strip svg.grid', '.lane a', '.lane .track'].map(box);
  return {apart: Math.abs(scale.left - grid.left) + Math.abs(scale.right - grid.right), begins: name.right >= track.right - 1};
}"""


def test_pages_turn_round_and_nothing_sticks_out(live_server, page: Page, settings):
    settings.LANGUAGES = [*settings.LANGUAGES, ARABIC]
    world = make_world()
    Session.objects.filter(pk=world.session.pk).update(name="2026 Session (2)")
    User.objects.filter(pk=world.people["organiser"].pk).update(language="ar")
    enter(page, live_server.url, world.people["organiser"])
    addresses = [
        reverse("progress", args=[world.membership.pk]),
        reverse("session", args=[world.session.slug]),
        reverse("cohort", args=[world.cohort.pk]),
        reverse("session_figures", args=[world.session.slug]),
        reverse("availability"),
        reverse("me"),
        reverse("admin:cohorts_session_changelist"),
    ]
    wrong = []
    for width, address in itertools.product((390, 1280), addresses):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(live_server.url + address)
        if page.locator("html").get_attribute("dir") != "rtl":
            wrong.append((address, "is not turned round"))
        # Django's own lists scroll in themselves on a phone.
        wrong += [(address, one) for one in page.evaluate(OUT)]
        if address == addresses[0]:
            assert page.evaluate(STRIP) == {"apart": 0, "begins": True}
        if address == addresses[1]:
            # The brackets of a name stay where its writer put them.
            assert page.locator("h1").evaluate("one => getComputedStyle(one).unicodeBidi") == "plaintext"
    assert not wrong
