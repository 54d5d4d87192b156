"""A session's own words for its mails: which are used for whom, who changes them, and that nothing of anybody is lost."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts.mail_kinds import category_of, kind_label
from accounts.messages import NewMessage
from accounts.models import Message
from accounts.personal_data import delete_account, export, preview_deletion
from cohorts.applications import decline_offer
from cohorts.decision_messages import answer_until, write_message
from cohorts.message_kinds import KINDS, kind_named
from cohorts.message_templates import (
    TemplateChanged,
    TemplateFailed,
    TemplateInvalid,
    TemplateRefused,
    default_words,
    load_templates,
    reset_template,
    save_template,
    stamp_of,
    write,
)
from cohorts.models import Application, MessageTemplate, Session
from cohorts.reminders import write_due_reminders
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, SessionFactory, SessionRoleFactory

pytestmark = pytest.mark.django_db

OFFER = kind_named("decision_offer")
BODY = "Dear {name},\n\nsay yes: {link}\n\nBy {answer_by}.\n"


@pytest.fixture
def world():
    return make_world(applications=3, name="Spring")


def save(world, kind=OFFER, subject="A place in {session}", body=BODY, *, by=None, seen="", language="en"):
    return save_template(world.session, kind, language, subject=subject, body=body, by=by or world.organiser, seen=seen)


def offer_to(application: Application):
    application.pending_decision = "offer"
    return write_message(application, cohort=None, answer_by=answer_until(application.session, timezone.now()))


def fresh(world, place=0) -> Application:
    """The application as another request loads it."""
    return Application.objects.select_related("session", "applicant").get(pk=world.applications[place].pk)


# Which words


def test_the_words_of_the_session_are_used_for_its_mails_alone(world):
    save(world)
    mine, other = offer_to(fresh(world)), offer_to(ApplicationFactory())
    assert mine.subject == "A place in Spring"
    assert mine.body.startswith(f"Dear {world.applications[0].applicant.get_full_name()},\n\nsay yes: http")
    assert f'<a href="{mine.url}">' in mine.html
    assert mine.language == "en"
    assert other.subject.startswith("Action required")


def test_the_readers_language_comes_first_then_the_sites_then_the_words_of_the_site(world, settings):
    settings.LANGUAGES = [("en", "English"), ("it", "Italiano")]
    application = fresh(world)
    application.applicant.language = "it"
    assert offer_to(application).language == "it"
    save(world)
    application.session = Session.objects.get(pk=world.session.pk)
    assert (offer_to(application).subject, offer_to(application).language) == ("A place in Spring", "en")
    save(world, subject="Un posto in {session}", language="it")
    application.session = Session.objects.get(pk=world.session.pk)
    assert (offer_to(application).subject, offer_to(application).language) == ("Un posto in Spring", "it")


def test_a_mail_is_written_in_the_readers_language_and_zone_whatever_is_active(world):
    application = fresh(world)
    application.applicant.time_zone = "Asia/Tokyo"
    with translation.override(None), timezone.override("America/New_York"):
        written = write("decision_offer", application.session, application.applicant, lambda: values(application))
    assert "(Tokyo)" in written.body


def values(application):
    from cohorts.decision_messages import decision_values

    answer_by = answer_until(application.session, timezone.now())
    return decision_values(application, cohort=None, answer_by=answer_by, url="https://example.org/1/")


def test_many_mails_of_a_session_ask_for_its_words_once(world):
    save(world)
    rows = [fresh(world, place) for place in range(3)]
    for row in rows:
        row.session = world.session
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for row in rows:
            offer_to(row)
    assert len(queries) == 1
    with CaptureQueriesContext(connection) as queries:
        load_templates([row.session for row in rows])
    assert len(queries) == 0


def test_a_mail_that_fails_for_one_person_says_why_and_leaves_the_others_alone(world):
    for each, link in ((0, "https://example.org/1/"), (1, "javascript:alert(1)")):
        application = fresh(world, each)
        given = {**values(application), "link": link}
        if each == 0:
            assert write("decision_offer", application.session, application.applicant, lambda given=given: given)
            continue
        with pytest.raises(TemplateFailed, match="no address"):
            write("decision_offer", application.session, application.applicant, lambda given=given: given)


def test_an_answer_never_fails_for_the_words_of_a_mail(world, caplog):
    MessageTemplate.objects.create(session=world.session, kind="offer_declined", language="en", subject="x", body="{gone}")
    application = fresh(world)
    Application.objects.filter(pk=application.pk).update(status="offered", answer_by=timezone.now() + datetime.timedelta(days=1))
    Session.objects.update(published_at=timezone.now(), review_closed_at=timezone.now())
    application = fresh(world)
    decline_offer(application, by=application.applicant)
    message = Message.objects.get(kind="offer_declined")
    assert "You declined your place in Spring" in message.body
    assert f"session {world.session.pk}" in caplog.text
    assert application.applicant.name not in caplog.text


def test_reminders_have_the_words_of_the_session_and_html(world):
    session = SessionFactory(open=True)
    ApplicationFactory(session=session, status="draft", submitted_at=None)
    Application.objects.update(updated_at=timezone.now() - datetime.timedelta(days=1))
    organiser = SessionRoleFactory(session=session).user
    body = "Hi {name}, {closes}: {link} [none]({switch_link})"
    save_template(session, kind_named("reminder_draft"), "en", subject="Draft", body=body, by=organiser, seen="")
    write_due_reminders(session.applications_close_at - datetime.timedelta(hours=40))
    message = Message.objects.get(kind="reminder_draft")
    assert (message.subject, message.language) == ("Draft", "en")
    assert 'href="' in message.html
    assert NewMessage.__dataclass_fields__["html"]


def test_every_kind_has_a_name_in_the_outbox_and_says_whether_it_can_be_refused():
    for kind in KINDS.values():
        assert str(kind_label(kind.message_kind)) != kind.message_kind
        assert category_of(kind.message_kind) == kind.category


# Changing them


def test_saving_keeps_who_and_counts_versions(world):
    first = save(world)
    assert (first.version, first.updated_by) == (1, world.organiser)
    second = save(world, subject="Another", seen=stamp_of(first))
    assert (second.pk, second.version) == (first.pk, 2)
    # The same once more is no change.
    assert save(world, subject="Another", seen=stamp_of(second)).version == 2


def test_line_ends_of_browsers_and_space_around_are_no_difference(world):
    default = default_words(OFFER, "en")
    assert save(world, subject=f" {default.subject} ", body="\r\n" + default.body.replace("\n", "\r\n") + "  ") is None
    assert not MessageTemplate.objects.exists()


def test_going_back_to_the_words_of_the_site_deletes_those_of_the_session(world):
    saved = save(world)
    assert reset_template(world.session, OFFER, "en", by=world.organiser, seen=stamp_of(saved))
    assert not reset_template(world.session, OFFER, "en", by=world.organiser, seen="")
    saved = save(world)
    default = default_words(OFFER, "en")
    assert save(world, subject=default.subject, body=default.body, seen=stamp_of(saved)) is None
    assert not MessageTemplate.objects.exists()


def test_what_is_wrong_is_not_saved_and_all_of_it_is_said(world):
    with pytest.raises(TemplateInvalid) as caught:
        save(world, subject="{name}", body="<b>{nam}</b>")
    assert len(caught.value.problems) == 5
    assert not MessageTemplate.objects.exists()


@pytest.mark.parametrize("who", ["reviewer", "navigator", "stranger", "other organiser"])
def test_only_organisers_of_the_session_change_its_mails(world, who):
    person = SessionRoleFactory().user if who == "other organiser" else getattr(world, who)
    with pytest.raises(TemplateRefused):
        save(world, by=person)
    with pytest.raises(TemplateRefused):
        reset_template(world.session, OFFER, "en", by=person, seen="")


def test_an_archived_session_and_an_unknown_language_are_refused(world):
    with pytest.raises(TemplateRefused):
        save(world, language="xx")
    Session.objects.update(archived_at=timezone.now())
    with pytest.raises(TemplateRefused, match="archived"):
        save(world)


def test_of_two_who_save_at_once_the_second_gets_both_texts(world):
    first = save(world)
    with pytest.raises(TemplateChanged) as caught:
        save(world, subject="Mine", seen="")
    assert caught.value.theirs == first
    # Who has seen the other text may replace it.
    assert save(world, subject="Mine", seen=stamp_of(caught.value.theirs)).subject == "Mine"
    with pytest.raises(TemplateChanged):
        reset_template(world.session, OFFER, "en", by=world.organiser, seen=stamp_of(first))


def test_words_that_were_taken_back_meanwhile_are_a_change_as_well(world):
    first = save(world)
    reset_template(world.session, OFFER, "en", by=world.organiser, seen=stamp_of(first))
    with pytest.raises(TemplateChanged) as caught:
        save(world, subject="Mine", seen=stamp_of(first))
    assert caught.value.theirs is None


def test_who_changed_words_last_can_take_them_along_and_leaves_them_without_a_name(world):
    save(world)
    (mine,) = export(world.organiser)["words_of_mails"]
    assert (mine["mail"], mine["text"]) == ("decision_offer", BODY)
    assert any("1 mail of a session that you changed last" in line for line in preview_deletion(world.organiser).stays)
    name = world.organiser.get_full_name()
    delete_account(world.organiser, by=world.organiser)
    assert name not in MessageTemplate.objects.get().updated_by.get_full_name()
