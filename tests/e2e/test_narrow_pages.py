"""Every page of the site on the narrowest screen, with the longest words: nothing sticks out sideways."""

import pytest
from django.db.models import Value
from django.db.models.functions import Concat
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import User
from cohorts.models import Announcement, CheckIn, CheckInReply, Cohort, Feedback, FeedbackForm, Meeting, Session, Week
from contributions.models import LearningEntry, WorkItem
from tests.test_addresses import ADMIN_SITE, SITE, make_world

from .browser import enter

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

NARROW = 320
#: As which of them each page is looked at: the first who may.
READERS = ("navigator", "member", "organiser", "applicant")
#: What no browser shows as a page.
FILES = {
    "session_figures_csv", "session_figures_json", "session_picture", "compare_picture", "session_feedback_csv", "learning_export",
    "answer_file", "healthz",
}  # fmt: skip
SITE_PAGES = [name for name, entry in SITE.items() if name not in FILES and not entry.post and entry.status == 200 and entry.ok]
#: Of the admin: what prepares the weeks.
ADMIN_PAGES = (
    "cohorts_session_feedback", "cohorts_session_feedback_new", "cohorts_session_feedback_form", "cohorts_session_announcements",
    "cohorts_session_announcement_new", "cohorts_session_announcement", "cohorts_session_announcement_schedule",
    "cohorts_session_volunteers", "cohorts_session_invite", "cohorts_session_training", "cohorts_session_volunteer",
    "cohorts_session_volunteer_organiser",
)  # fmt: skip
LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrente"
#: The last things that stick out, where the page is wider than the screen.
OUT = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  return [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > wide + 1)
    .slice(-4).map((one) => one.outerHTML.slice(0, 120));
}"""


def lengthen() -> None:
    """Give everything the longest names that people give."""
    zone = "America/Argentina/ComodRivadavia"
    User.objects.update(name=Concat(Value(f"{LONG} "), "name"), time_zone=zone, pronouns="they/them", reach_me=f"@{LONG}")
    Session.objects.update(name=LONG)
    Cohort.objects.update(name=Concat(Value(LONG), "name"))
    Week.objects.update(title=LONG, announcement=LONG, before_tasks=f"- {LONG}")
    Meeting.objects.update(title=LONG, agenda=LONG, link=f"https://meet.example.org/{LONG}")
    CheckIn.objects.update(did=LONG, stuck=LONG)
    CheckInReply.objects.update(text=LONG)
    FeedbackForm.objects.update(title=LONG)
    Feedback.objects.update(values={})
    Announcement.objects.update(subject=LONG)
    LearningEntry.objects.update(title=LONG, text=LONG)
    WorkItem.objects.update(title=LONG)


def test_nothing_sticks_out_sideways(page: Page, live_server):
    world = make_world()
    lengthen()
    page.set_viewport_size({"width": NARROW, "height": 700})
    pages = [(name, SITE[name], name) for name in SITE_PAGES] + [
        (name, ADMIN_SITE[name], f"admin:{name}") for name in ADMIN_PAGES
    ]
    found = {}
    for role in READERS:
        enter(page, live_server.url, world.people[role])
        for name, entry, address in pages:
            if next(one for one in READERS if one in entry.ok) != role:
                continue
            answer = page.goto(live_server.url + reverse(address, args=entry.arguments(world)))
            assert answer.status == 200, name
            if out := page.evaluate(OUT):
                found[f"{name} as {role}"] = out
    assert not found, "\n".join(f"{name}: {out}" for name, out in found.items())
