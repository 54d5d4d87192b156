"""The pages on which organisers write the words of their session's mails."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Message
from cohorts.message_templates import stamp_of
from cohorts.models import MessageTemplate, Session
from tests.cohorts.world import make_world
from tests.factories import SessionRoleFactory

pytestmark = pytest.mark.django_db

BODY = "Dear {name},\n\nsay yes: [here]({link})\n\nBy {answer_by}.\n"
GOOD = {"subject": "A place in {session}", "body": BODY}


@pytest.fixture
def world():
    return make_world(applications=2, name="Spring")


@pytest.fixture
def organiser(client, world):
    client.force_login(world.organiser)
    return client


def url(world, name="cohorts_session_mail", kind="decision_offer"):
    return reverse(f"admin:{name}", args=[world.session.pk, kind, "en"])


def own(world, **fields):
    return MessageTemplate.objects.create(
        session=world.session, kind="decision_offer", language="en", updated_by=world.operator, **{**GOOD, **fields}
    )


def test_the_session_leads_to_a_list_that_says_whose_words_each_mail_has(organiser, world):
    listed = reverse("admin:cohorts_session_mails", args=[world.session.pk])
    assert listed in organiser.get(reverse("admin:cohorts_session_change", args=[world.session.pk])).text
    with CaptureQueriesContext(connection) as none:
        organiser.get(listed)
    own(world)
    page = organiser.get(listed).text
    assert page.count("the session’s own") == 1
    assert f"changed by {world.operator.get_full_name()}" in page
    MessageTemplate.objects.create(session=world.session, kind="offer_declined", language="en", **GOOD)
    with CaptureQueriesContext(connection) as two:
        organiser.get(listed)
    assert len(two) == len(none)


def test_the_editor_shows_the_words_the_placeholders_and_the_mail(organiser, world):
    page = organiser.get(url(world))
    assert "You are offered a place in {session}" in page.text
    assert "<code>{cohort_sentence}</code>" in page.text
    assert "(must be in the text)" in page.text
    assert "Action required: you are offered a place in Spring" in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "What differs" not in page.text
    own(world)
    page = organiser.get(url(world)).text
    assert "What differs" in page
    assert "<ins>Dear {name},</ins>" in page


def test_saving_keeps_the_words_and_goes_into_the_history(organiser, world):
    page = organiser.post(url(world), GOOD, follow=True)
    assert "Saved." in page.text
    saved = MessageTemplate.objects.get()
    assert (saved.body, saved.updated_by) == (BODY, world.organiser)
    assert LogEntry.objects.get().get_change_message() == "Changed the words of the mail “Offer of a place”."
    # The same again is no change.
    organiser.post(url(world), {**GOOD, "seen": stamp_of(saved)})
    assert LogEntry.objects.count() == 1


def test_what_is_wrong_stays_in_the_form_with_its_line(organiser, world):
    page = organiser.post(url(world), {"subject": "Dear {name}", "body": "a\n{nam} <b>\n"})
    assert page.status_code == 422
    assert "Line 2: There is no placeholder {nam} in this mail. Did you mean {name}?" in page.text
    assert "cannot stand in the subject" in page.text
    assert "{nam} &lt;b&gt;" in page.text
    assert not MessageTemplate.objects.exists()


def test_a_second_organiser_sees_both_texts_and_loses_none(organiser, world):
    theirs = own(world, subject="Theirs in {session}")
    page = organiser.post(url(world), {**GOOD, "subject": "Mine in {session}", "seen": ""})
    assert page.status_code == 409
    assert "Theirs in {session}" in page.text
    assert "Mine in {session}" in page.text
    assert f'value="{stamp_of(theirs)}"' in page.text
    assert MessageTemplate.objects.get().subject == "Theirs in {session}"
    organiser.post(url(world), {**GOOD, "subject": "Mine in {session}", "seen": stamp_of(theirs)})
    assert MessageTemplate.objects.get().subject == "Mine in {session}"


def test_the_preview_is_of_what_is_typed_and_saves_nothing(organiser, world):
    address = url(world, "cohorts_session_mail_preview")
    part = organiser.post(address, {**GOOD, "subject": "Typed {session}"}, headers={"HX-Request": "true"})
    assert "Typed Spring" in part.text
    assert "Dear Ada Example," in part.text
    assert "<html" not in part.text
    whole = organiser.post(address, {**GOOD, "subject": "Typed {session}"})
    assert "Typed Spring" in whole.text
    assert 'value="Typed {session}"' in whole.text
    wrong = organiser.post(address, {**GOOD, "body": "{nam}"}, headers={"HX-Request": "true"})
    assert "Did you mean {name}?" in wrong.text
    assert "data-fits" not in wrong.text
    assert not MessageTemplate.objects.exists()


def test_the_frame_holds_the_mail_and_nothing_can_run_in_it(organiser, world):
    own(world)
    address = url(world, "cohorts_session_mail_html")
    for page in (organiser.get(address), organiser.post(address, GOOD)):
        assert "A place in Spring" in page.text
        assert '<a href="https://cohorts.example.org/applications/1/">here</a>' in page.text
        policy = page.headers["Content-Security-Policy"]
        assert "sandbox" in policy
        assert "script-src" not in policy
        assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "<a href" not in organiser.post(address, {**GOOD, "body": "{nam}"}).text


def test_it_can_be_shown_for_a_person_of_the_session_and_of_no_other(organiser, world):
    applicant = world.applications[0].applicant
    applicant.name, applicant.time_zone = "<b>Zoë</b> [x](https://evil.example)", "Asia/Tokyo"
    applicant.save()
    address, html = url(world, "cohorts_session_mail_preview"), url(world, "cohorts_session_mail_html")
    data = {**GOOD, "person": applicant.email.upper()}
    part = organiser.post(address, data, headers={"HX-Request": "true"}).text
    assert f"/applications/{world.applications[0].pk}/" in part
    assert "(Tokyo)" in part
    assert "<b>Zoë" not in part
    assert "&lt;b&gt;Zoë" in organiser.post(html, data).text
    other = make_world(applications=1).applications[0].applicant
    part = organiser.post(address, {**GOOD, "person": other.email}, headers={"HX-Request": "true"}).text
    assert "Nobody who applied to this session" in part
    assert other.name not in part
    # For every kind there is something to show.
    for kind in ("application_submitted", "application_withdrawn", "offer_expired", "reminder_offer", "reminder_checkin"):
        default = organiser.get(url(world, kind=kind)).context["form"].initial
        part = organiser.post(
            url(world, "cohorts_session_mail_preview", kind),
            {**default, "person": applicant.email},
            headers={"HX-Request": "true"},
        )
        assert "data-fits" in part.text, kind
    assert 'name="person"' not in organiser.get(url(world, kind="places_free")).text


def test_one_can_be_sent_to_oneself_and_what_was_typed_stays(organiser, world):
    page = organiser.post(url(world, "cohorts_session_mail_test"), {**GOOD, "subject": "Typed {session}"})
    assert 'value="Typed {session}"' in page.text
    message = Message.objects.get()
    assert (message.recipient, message.kind, message.subject) == (world.organiser, "template_test", "Test: Typed Spring")
    assert (message.about_id, message.secret) == (None, False)
    assert "<a href" in message.html
    organiser.post(url(world, "cohorts_session_mail_test"), {**GOOD, "person": world.applications[0].applicant.email})
    assert Message.objects.order_by("pk").last().secret
    page = organiser.post(url(world, "cohorts_session_mail_test"), {**GOOD, "body": "{nam}"})
    assert page.status_code == 422
    assert Message.objects.count() == 2


def test_going_back_to_the_words_of_the_site_asks_first(organiser, world):
    template = own(world)
    address = url(world, "cohorts_session_mail_reset")
    page = organiser.get(address).text
    assert "<del>Dear {name},</del>" in page
    organiser.post(address, {"seen": "0.0"})
    assert MessageTemplate.objects.exists()
    assert "the words of the site again" in organiser.post(address, {"seen": stamp_of(template)}, follow=True).text
    assert not MessageTemplate.objects.exists()
    assert "Went back" in LogEntry.objects.get().get_change_message()
    assert "already" in organiser.get(address).text


def test_an_archived_session_is_read_only(organiser, world):
    own(world)
    SessionRoleFactory(user=world.organiser)  # opens the administration still
    Session.objects.filter(pk=world.session.pk).update(archived_at=timezone.now())
    page = organiser.get(url(world)).text
    assert "archived" in page
    assert ">Save<" not in page
    assert "disabled" in page
    assert "archived" in organiser.post(url(world), {**GOOD, "subject": "x", "seen": ""}, follow=True).text
    assert "archived" in organiser.get(url(world, "cohorts_session_mail_reset")).text
    assert "archived" in organiser.post(url(world, "cohorts_session_mail_reset"), follow=True).text
    assert MessageTemplate.objects.get().subject == GOOD["subject"]


@pytest.mark.parametrize(("kind", "language"), [("unheard_of", "en"), ("decision_offer", "xx")])
def test_other_kinds_and_languages_are_not_there(organiser, world, kind, language):
    assert organiser.get(reverse("admin:cohorts_session_mail", args=[world.session.pk, kind, language])).status_code == 404
