"""What would help people take part: kept with each save, read by few, and gone with the archiving."""

import csv
import io
import json
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts import people_registry
from accounts.models import Message
from accounts.personal_data import export
from cohorts.accommodations import LONGEST_ACCOMMODATIONS, delete_archived_accommodations
from cohorts.applications import save_draft, submit
from cohorts.entries import Entry, EntryTooLarge
from cohorts.exporting import export_session
from cohorts.models import Accommodation, AnswerFile, Application, LateAccess, LateCode, ReviewClaim, SessionRole
from cohorts.session_steps import archive
from tests.factories import ApplicationFactory, QuestionFactory, SessionFactory, SessionRoleFactory, UserFactory

from .reading_forms import forms_on
from .walking import read, routes
from .world import make_world

pytestmark = pytest.mark.django_db
PLANTED = "Quietroomplease"


def text_of(application) -> str | None:
    return Accommodation.objects.filter(application=application).values_list("text", flat=True).first()


# Typing


@pytest.fixture
def session():
    return SessionFactory(open=True)


@pytest.fixture
def why(session):
    return QuestionFactory(session=session, label="Why?", required=False)


@pytest.fixture
def person(client):
    found = UserFactory()
    client.force_login(found)
    return found


@pytest.fixture
def url(session):
    return reverse("apply", args=[session.slug])


def test_each_save_keeps_the_text_apart_from_the_draft_and_emptying_deletes_it(session, person):
    application = save_draft(session, Entry(accommodations=PLANTED), by=person, version=0)
    assert text_of(application) == PLANTED
    assert PLANTED not in json.dumps(application.draft)
    assert Entry.of(application).accommodations == PLANTED
    save_draft(session, Entry(accommodations="other"), by=person, version=1)
    assert text_of(application) == "other"
    save_draft(session, Entry(accommodations=" \n"), by=person, version=2)
    assert not Accommodation.objects.exists()
    with pytest.raises(EntryTooLarge):
        save_draft(session, Entry(accommodations="x" * (LONGEST_ACCOMMODATIONS + 1)), by=person, version=3)


def test_changing_it_alone_makes_no_new_version_of_what_was_submitted(session, person, why):
    save_draft(session, Entry({why.pk: "Because"}), by=person, version=0)
    application = Application.objects.get()
    submit(application, by=person)
    entry = Entry({why.pk: "Because"}, accommodations=PLANTED)
    save_draft(session, entry, by=person, version=1)
    application.refresh_from_db()
    assert application.draft == {}
    assert application.version == 2
    assert text_of(application) == PLANTED
    assert Entry.of(application).accommodations == PLANTED


def test_what_a_visitor_typed_is_there_after_logging_in(client, url, session):
    client.post(url, {"accommodations": PLANTED, "action": "save"})
    assert not Accommodation.objects.exists()
    person = UserFactory()
    client.force_login(person)
    assert PLANTED in client.get(url).content.decode()
    client.post(url, {"accommodations": PLANTED, "action": "save", "version": "0"})
    assert text_of(Application.objects.get()) == PLANTED
    assert PLANTED not in json.dumps(dict(client.session.items()))


def test_the_text_of_another_tab_stands_beside(client, url, person):
    client.post(url, {"accommodations": "newer", "action": "save", "version": "0", "tab": "a"})
    stale = client.post(url, {"accommodations": "older", "action": "save", "version": "0", "tab": "b"})
    page = stale.content.decode()
    assert stale.status_code == 409
    assert ">older</textarea>" in page.replace("\n", "")
    assert "newer" in page
    assert text_of(Application.objects.get()) == "newer"


def test_the_applicant_reads_it_on_the_own_page(client, session, person):
    application = save_draft(session, Entry(accommodations=PLANTED), by=person, version=0)
    assert PLANTED in client.get(reverse("application", args=[application.pk])).content.decode()


# Reading


@pytest.fixture
def world():
    made = make_world(1)
    application = made.applications[0]
    Accommodation.objects.create(application=application, text=PLANTED)
    made.named = SessionRoleFactory(session=made.session, reads_accommodations=True).user
    return made


def page_of(session) -> str:
    return reverse("admin:cohorts_session_accommodations", args=[session.pk])


def test_named_organisers_read_what_belongs_to_submitted_applications(client, world):
    draft = ApplicationFactory(session=world.session, status="draft", submitted_at=None)
    Accommodation.objects.create(application=draft, text="still a draft")
    own = ApplicationFactory(session=world.session, applicant=world.named)
    Accommodation.objects.create(application=own, text="my own")
    client.force_login(world.named)
    page = client.get(page_of(world.session)).content.decode()
    assert PLANTED in page
    assert world.applications[0].applicant.name in page
    assert "still a draft" not in page
    assert "my own" not in page
    assert page_of(world.session) in client.get(reverse("admin:cohorts_session_change", args=[world.session.pk])).content.decode()


def test_nobody_else_gets_the_page(client, world):
    elsewhere = SessionRoleFactory(reads_accommodations=True).user
    not_organising = SessionRoleFactory(session=world.session, role="reviewer", reads_accommodations=True).user
    for user in (world.organiser, world.reviewer, world.navigator, world.operator, elsewhere, not_organising):
        client.force_login(user)
        assert client.get(page_of(world.session)).status_code in (403, 404), user
        assert not Accommodation.objects.visible_to(user).exists()
    client.force_login(world.named)
    assert client.post(page_of(world.session)).status_code == 405
    world.session.archived_at = timezone.now()
    world.session.save()
    assert client.get(page_of(world.session)).status_code == 302


@pytest.mark.parametrize("part", ["reviewer", "organiser", "operator", "named"])
def test_it_stands_on_no_other_page(client, world, part):
    """Each address of this app that tells of the session or of the application; `test_blindness` walks further."""
    client.force_login(getattr(world, part))
    own = {"slug:slug": world.session.slug, "path:object_id": world.session.pk, "int:pk": world.applications[0].pk}
    found = {re.sub("<([^>]+)>", lambda part: str(own.get(part[1], part[0])), route) for route, _model in routes()}
    found = {one for one in found if "<" not in one and one.startswith(("/admin/cohorts/", "/sessions/", "/applications/"))}
    found.add(page_of(world.session))
    lists = [reverse(f"admin:cohorts_{name}_changelist") for name in ("session", "application", "review")]
    telling, opened = set(), 0
    for address in [*sorted(found), *(f"{one}?q={PLANTED[:6]}" for one in lists)]:
        page = read(client.get(address, follow=True), address)
        opened += page.status == 200
        if PLANTED.casefold() in page.everything:
            telling.add(address)
    assert telling == ({page_of(world.session)} if part == "named" else set())
    assert opened >= 5


def test_it_is_in_no_export_mail_log_or_message(client, world, session, person, why, tasks):
    save_draft(session, Entry({why.pk: "Because"}, accommodations=PLANTED), by=person, version=0)
    application = Application.objects.get(applicant=person)
    submit(application, by=person)
    tasks.run()
    said = [repr(message.__dict__) for message in Message.objects.all()] + [one.subject + one.body for one in mail.outbox]
    said += [json.dumps(export_session(one), default=str) for one in (world.session, session)]
    said += [repr(entry.__dict__) for entry in LogEntry.objects.all()]
    said += [repr(event.__dict__) for event in application.events.all()]
    client.force_login(world.named)
    table = client.get(reverse("admin:cohorts_application_export")).content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(table)))) > 1
    assert not [text for text in [*said, table] if PLANTED in text]


# Naming who reads


def send(client, session, role, **changes):
    """The session's page as the browser sends it back, with changes to the row of `role`."""
    page = reverse("admin:cohorts_session_change", args=[session.pk])
    form = next(one for one in forms_on(client.get(page).content.decode(), page) if "roles-TOTAL_FORMS" in dict(one.values))
    data = dict(form.values)
    number = next(
        name.split("-")[1]
        for name, value in form.values
        if name.endswith("-id") and name.startswith("roles-") and value == str(role.pk)
    )
    return client.post(page, data | {f"roles-{number}-{name}": value for name, value in changes.items()} | {"_continue": "1"})


def test_who_may_read_is_set_on_the_sessions_page_and_written_into_its_history(client, world):
    role = world.session.roles.get(user=world.organiser)
    client.force_login(world.organiser)
    assert send(client, world.session, role, reads_accommodations="on").status_code == 302
    assert client.get(page_of(world.session)).status_code == 200
    said = [(entry.user, entry.get_change_message()) for entry in LogEntry.objects.all()]
    assert (world.organiser, f"{world.organiser} reads accommodations from now on.") in said
    reviewer = world.session.roles.get(user=world.reviewer)
    refused = send(client, world.session, reviewer, reads_accommodations="on")
    assert "Only organisers can read them" in refused.content.decode()
    reviewer.refresh_from_db()
    assert not reviewer.reads_accommodations


# Deleting


def test_archiving_deletes_all_of_it_and_answers_stay(world):
    finished = SessionFactory(finished=True)
    organiser = SessionRoleFactory(session=finished).user
    for fields in ({}, {"status": "draft", "submitted_at": None}):
        Accommodation.objects.create(application=ApplicationFactory(session=finished, **fields), text="x")
    archive(finished, by=organiser)
    assert not Accommodation.objects.filter(application__session=finished).exists()
    assert Application.objects.filter(session=finished).count() == 2
    assert text_of(world.applications[0]) == PLANTED


def test_what_was_archived_in_another_way_is_found_by_the_schedule(world):
    assert delete_archived_accommodations() == 0
    world.session.archived_at = timezone.now()
    world.session.save()
    assert delete_archived_accommodations() == 1
    assert not Accommodation.objects.exists()


# A person's data


def test_export_and_deletion_cover_what_belongs_to_applying(world):
    application = world.applications[0]
    person = application.applicant
    question = QuestionFactory(session=world.session, kind="file", label="Your CV")
    AnswerFile.objects.create(application=application, question=question, name="cv.pdf", content_type="application/pdf", size=3)
    Application.objects.update(content_warning="Talks of loss", rule_reasons=["Too few hours"])
    code = LateCode.objects.create(session=world.session, code="SECRET-CODE", made_by=world.organiser, expires_at=timezone.now())
    LateAccess.objects.create(code=code, person=person)
    ReviewClaim.objects.create(application=application, reviewer=world.reviewer, until=timezone.now())

    exported = export(person)
    (mine,) = exported["applications"]
    assert mine["what_would_help"] == PLANTED
    assert (mine["content_warning"], mine["reasons_by_rules"]) == ("Talks of loss", ["Too few hours"])
    assert [file["name"] for file in mine["files"]] == ["cv.pdf"]
    assert len(exported["late_access"]) == 1
    assert export(world.reviewer)["review_claims"][0]["application"] == application.pk
    assert export(world.organiser)["late_codes_made"][0]["session"] == world.session.slug
    assert "SECRET" not in json.dumps([exported, export(world.organiser)], default=str)

    previews = [preview(person) for preview in people_registry.deletion_previews]
    goes = " ".join(str(line) for one in previews for line in one.goes)
    assert all(words in goes for words in ("1 file that", "would help you take part", "apply late"))
    stays = [str(line) for preview in people_registry.deletion_previews for line in preview(world.organiser).stays]
    assert any("code for late applications" in line for line in stays)

    for eraser in people_registry.erasers:
        for user in (person, world.organiser, world.reviewer):
            eraser(user)
    code.refresh_from_db()
    assert code.made_by is None
    for model in (Accommodation, AnswerFile, LateAccess, ReviewClaim):
        assert not model.objects.exists()
    assert not SessionRole.objects.filter(user=world.organiser).exists()
