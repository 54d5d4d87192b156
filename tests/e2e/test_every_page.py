"""Every page of the site and of the admin, with the longest words: as `looking` looks at it."""

import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib import admin
from django.db.models import Value
from django.db.models.functions import Concat
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import User
from cohorts.models import Announcement, CheckIn, CheckInReply, Cohort, Feedback, FeedbackForm, Meeting, Session, Week
from contributions.models import LearningEntry, WorkItem
from tests.test_addresses import ADMIN_SITE, SITE, Entry, make_world

from .looking import Look

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

#: As which of them each page is looked at: the first who may.
READERS = ("navigator", "member", "organiser", "applicant", "captain", "operator")
#: What no browser shows as a page, and pieces of pages that are shown in others.
FILES = {
    "session_figures_csv", "session_figures_json", "session_picture", "compare_picture", "session_feedback_csv", "learning_export",
    "answer_file", "healthz", "apply_login", "cohorts_application_export", "accounts_auditentry_export", "cohorts_review_export",
    "cohorts_moving_in_template", "cohorts_session_ranking_export", "cohorts_session_import_scores_template",
    "cohorts_session_import_scores_reviews", "cohorts_session_announcement_html", "cohorts_session_mail_html",
    "accounts_message_html",
}  # fmt: skip
#: Of these the admin has no page of one.
LISTS_ALONE = {"admin:accounts_auditentry"}
LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrente"


def lengthen() -> None:
    """Give everything the longest names that people give."""
    zone = "America/Argentina/ComodRivadavia"
    User.objects.update(name=Concat(Value(f"{LONG} "), "name"), time_zone=zone, pronouns="they/them", reach_me=f"@{LONG}")
    Session.objects.update(name=Concat(Value(f"{LONG} "), "name"))
    Cohort.objects.update(name=Concat(Value(LONG), "name"))
    Week.objects.update(title=LONG, announcement=LONG, before_tasks=f"- {LONG}")
    Meeting.objects.update(title=f"{LONG} meeting", agenda=LONG, link=f"https://meet.example.org/{LONG}")
    CheckIn.objects.update(did=LONG, stuck=LONG)
    CheckInReply.objects.update(text=LONG)
    FeedbackForm.objects.update(title=f"{LONG} feedback")
    Feedback.objects.update(values={})
    Announcement.objects.update(subject=f"{LONG} news")
    LearningEntry.objects.update(title=f"{LONG} learned", text=LONG)
    WorkItem.objects.update(title=Concat(Value(f"{LONG} "), "url"))


def pages(entries: dict[str, Entry], prefix: str = "") -> Iterator[tuple[str, str, Entry]]:
    for name, entry in entries.items():
        if name not in FILES and not entry.post and entry.status == 200 and entry.ok:
            yield next(one for one in READERS if one in entry.ok), f"{prefix}{name}", entry


def enter(page: Page, world: SimpleNamespace, role: str, server: str) -> None:
    page.context.clear_cookies()
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": world.cookies[role], "url": server}])


def look_at(page: Page, server: str, world: SimpleNamespace, found) -> Look:
    look = Look(page)
    for role in READERS:
        enter(page, world, role, server)
        for reader, name, entry in found:
            if reader == role:
                answer = page.goto(server + reverse(name, args=entry.arguments(world)))
                assert answer.status == 200, name
                look.at(name)
    return look


def test_pages_of_the_site(page: Page, live_server):
    world = make_world()
    lengthen()
    look = look_at(page, live_server.url, world, list(pages(SITE)))
    assert not look.found, look.report()


def test_pages_of_the_admin(page: Page, live_server):
    world = make_world()
    lengthen()
    look = look_at(page, live_server.url, world, list(pages(ADMIN_SITE, "admin:")))
    enter(page, world, "operator", live_server.url)
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        addresses = [reverse(f"{name}_changelist")]
        if name not in LISTS_ALONE and (one := model._default_manager.first()) is not None:
            addresses.append(reverse(f"{name}_change", args=[one.pk]))
        for address in addresses:
            answer = page.goto(live_server.url + address)
            assert answer.status == 200, address
            look.at(address)
    assert not look.found, look.report()
