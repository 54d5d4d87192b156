"""Every page of the site and of the admin, with the longest words: as `looking` looks at it."""

import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib import admin
from django.db.models import Value
from django.db.models.functions import Concat
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import User
from cohorts.models import Announcement, CheckIn, CheckInReply, Cohort, Feedback, FeedbackForm, Meeting, Session, Week
from contributions.models import LearningEntry, WorkItem
from tests.factories import PASSWORD, GitHubIdentityFactory, QuestionFactory, UserFactory
from tests.test_addresses import ADMIN_SITE, SITE, Entry, make_world

from .browser import enter
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


def look_at(page: Page, server: str, world: SimpleNamespace, found) -> Look:
    look = Look(page)
    for role in READERS:
        enter(page, server, world.people[role])
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
    enter(page, live_server.url, world.people["operator"])
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


#: Of the account, before anybody has logged in.
ENTRANCE = (
    "account_login", "account_signup", "account_request_login_code", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key_done", "account_inactive", "github_login", "socialaccount_login_error",
    "socialaccount_login_cancelled",
)  # fmt: skip
OWN = (
    "account_email", "account_change_password", "account_logout", "mfa_index", "mfa_activate_totp",
    "mfa_add_webauthn", "mfa_list_webauthn", "socialaccount_connections", "my_data_delete", "my_data_export",
)  # fmt: skip
#: With a second step.
SECOND = (
    "mfa_index", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_list_webauthn",
    "mfa_reauthenticate",
)  # fmt: skip
TROUBLE = (400, 403, 404, 413, 429, 500, 499)


def see(page: Page, look: Look, address: str, name: str, *, status: int = 200) -> None:
    answer = page.goto(address)
    assert (answer.status, page.url) == (status, address), name
    look.at(name)


def test_pages_of_the_account_and_of_trouble(page: Page, live_server, settings):
    settings.ROOT_URLCONF = "tests.e2e.broken_urls"
    server, look = live_server.url, Look(page)
    person = UserFactory(email="noor@example.org", name=f"Noor {LONG}")
    GitHubIdentityFactory(user=person, problem="GitHub does not know this login.")
    for name in ENTRANCE:
        see(page, look, server + reverse(name), name, status=401 if name == "socialaccount_login_error" else 200)
    see(page, look, server + reverse("account_reset_password_from_key", args=["a", "set-password"]), "reset_with_an_old_link")
    for status in TROUBLE:
        see(page, look, f"{server}/trouble/{status}/", f"trouble {status}", status=403 if status == 499 else status)
    page.goto(server + reverse("account_request_login_code"))
    page.get_by_label("Email").fill(person.email)
    page.get_by_role("button").filter(has_text=re.compile("code", re.I)).first.click()
    page.wait_for_url("**/code/confirm/")
    look.at("account_confirm_login_code")

    enter(page, server, person)
    see(page, look, server + reverse("account_reauthenticate"), "account_reauthenticate")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Go on").click()
    for name in OWN:
        see(page, look, server + reverse(name), name)
    TOTP.activate(person, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(person)
    key = Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data={"name": LONG, "credential": {}})
    # The second way to say who one is has the title of the first.
    look.titles.clear()
    for name in SECOND:
        see(page, look, server + reverse(name), f"{name} with a second step")
    for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        see(page, look, server + reverse(name, args=[key.pk]), name)
    key.delete()
    page.context.clear_cookies()
    page.goto(server + reverse("account_login"))
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url("**/2fa/authenticate/**")
    look.at("mfa_authenticate")
    assert not look.found, look.report()


#: As whom forms are handed in with nothing in them.
EMPTY = {
    "account_login": "", "account_signup": "", "contact": "", "report": "member", "apply": "member", "me": "member",
    "edit_work": "member", "hand_over": "organiser", "new_meeting": "navigator", "volunteer": "stranger",
    "admin:cohorts_session_late_codes": "organiser", "admin:cohorts_session_feedback_new": "organiser",
    "admin:cohorts_session_announcement_new": "organiser", "admin:cohorts_session_copy": "organiser",
    "admin:cohorts_session_import_scores": "organiser", "admin:cohorts_moving_in": "organiser",
    "admin:cohorts_session_add": "organiser", "admin:cohorts_session_invite": "organiser",
    "admin:cohorts_review_application": "reviewer",
}  # fmt: skip


def test_forms_that_are_refused(page: Page, live_server, settings):
    settings.CONTACT_EMAIL = "cohorts@example.org"
    world = make_world()
    QuestionFactory(session=world.open, asked_of="navigator", required=True)
    look, unsaid = Look(page), []
    for name, role in EMPTY.items():
        entry = SITE.get(name) or ADMIN_SITE.get(name.removeprefix("admin:"))
        page.context.clear_cookies()
        if role:
            enter(page, live_server.url, world.people[role])
        page.goto(live_server.url + reverse(name, args=entry.arguments(world) if entry else []))
        with page.expect_navigation():
            page.evaluate("looking.handInNothing()")
        if not page.evaluate("looking.refused()"):
            unsaid.append(name)
        look.titles.clear()
        look.at(f"{name} refused")
    assert not look.found, look.report()
    assert not unsaid
