"""Files of applicants: what is taken, under which name, who gets it, and what becomes of it."""

import datetime
import logging
import shutil
import uuid
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts import people_registry
from cohorts import files, upload_limits
from cohorts.applications import begin, discard_changes, save_draft, submit
from cohorts.entries import Entry, EntryInvalid
from cohorts.file_types import JPEG, LONGEST_NAME, MARKDOWN, PDF, PNG, TEXT, clean_name, kind_of, largest_size
from cohorts.files import delete_unnamed_files, named_files, open_url, store_file
from cohorts.models import Answer, AnswerFile, Application, Conflict
from cohorts.models.file import private_storage
from tests.factories import QuestionFactory, SessionFactory, SessionRoleFactory, UserFactory

PDF_BYTES = b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n"
PNG_BYTES = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01"
JPEG_BYTES = b"\xff\xd8\xff\xe0\x00\x10JFIF"


# Pure: kinds and names


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("cv.pdf", PDF_BYTES, PDF),
        ("CV.PDF", PDF_BYTES, PDF),
        ("C:\\Users\\Ada\\cv.pdf", PDF_BYTES, PDF),
        ("me.png", PNG_BYTES, PNG),
        ("me.jpeg", JPEG_BYTES, JPEG),
        ("me.JPG", JPEG_BYTES, JPEG),
        ("notes.txt", "Grüße, مرحبا\r\n\tend\f".encode(), TEXT),
        ("notes.txt", b"\xef\xbb\xbfwith a mark", TEXT),
        ("notes.md", b"# Title\n\n<b>bold</b>", MARKDOWN),
        ("notes.txt", b"not <html> at the start", TEXT),
        ("empty.pdf", b"", "empty"),
        ("blank.txt", b" \n\t ", "empty"),
        ("page.html", b"<html></html>", "kind"),
        ("drawing.svg", b"<svg></svg>", "kind"),
        ("letter.docx", b"PK\x03\x04", "kind"),
        ("program.exe", b"MZ", "kind"),
        ("no-ending", PDF_BYTES, "kind"),
        (".pdf", PDF_BYTES, "kind"),
        ("", PDF_BYTES, "kind"),
        ("cv.pdf/..", PDF_BYTES, "kind"),
        ("harmless\u202efdp.exe", b"MZ", "kind"),
        ("page.html\u202e.pdf", b"<html>", "disguised"),
        ("page.pdf", b"<!DOCTYPE html><script>alert(1)</script>%PDF-1.7", "disguised"),
        ("page.pdf", b" %PDF-1.7", "disguised"),
        ("page.png", b"GIF89a", "disguised"),
        ("cut.png", b"\x89PNG\r\n\x1a\n", "disguised"),
        ("page.jpg", PNG_BYTES, "disguised"),
        ("page.txt", b"  <!DocType HTML>", "disguised"),
        ("page.md", b"\xef\xbb\xbf<script>alert(1)</script>", "disguised"),
        ("page.txt", b"<?xml version='1.0'?><svg/>", "disguised"),
        ("run.txt", b"#!/bin/sh", "disguised"),
        ("data.txt", b"text\x00with a NUL", "disguised"),
        ("escape.txt", b"\x1b[31mred", "disguised"),
        ("latin.txt", "Grüße".encode("latin-1"), "encoding"),
        ("wide.txt", "wide".encode("utf-16"), "encoding"),
    ],
)
def test_a_kind_is_believed_where_ending_and_content_agree(name, content, expected):
    if not isinstance(expected, str):
        assert kind_of(name, content) == expected
        return
    with pytest.raises(ValidationError) as refused:
        kind_of(name, content)
    assert refused.value.code == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cv.pdf", "cv.pdf"),
        ("CV.PDF", "CV.pdf"),
        ("Lebenslauf Ünïcödé 履歴書.pdf", "Lebenslauf Ünïcödé 履歴書.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\temp\\cv.pdf", "cv.pdf"),
        ("a\x00b\r\nSet-Cookie: x.pdf", "abSet-Cookie- x.pdf"),
        ("cv\u202egnp.pdf", "cvgnp.pdf"),
        ("می\u200cخواهم.pdf", "می\u200cخواهم.pdf"),
        ("e\u0301.pdf", "é.pdf"),
        ('a<b>"c"|d?*.pdf', "a-b--c--d.pdf"),
        ("  .. cv ..  .pdf", "cv.pdf"),
        ("...pdf", "file.pdf"),
        ("\u202e\u200b.pdf", "pdf.pdf"),
        ("CON.pdf", "file CON.pdf"),
        ("lpt1.old.pdf", "file lpt1.old.pdf"),
        ("-rf.pdf", "rf.pdf"),
        ("\ud800cv.pdf", "cv.pdf"),
        ("cv.html.pdf", "cv.html.pdf"),
        ("b.pdf. ", "b.pdf"),
        ("x" * 500 + ".pdf", "x" * (LONGEST_NAME - 4) + ".pdf"),
        ("履" * 119 + ".pdf", "履" * 80 + ".pdf"),
    ],
)
def test_names_are_cleaned_and_stay_readable(name, expected):
    assert clean_name(name, PDF) == expected


@pytest.mark.parametrize(("asked", "megabytes"), [(None, 5), (Decimal("0.5"), 0.5), (Decimal(10), 10), (Decimal(99), 10)])
def test_a_size_has_a_usual_limit_and_a_last_one(asked, megabytes):
    assert largest_size(asked) == megabytes * 1024 * 1024


# Storing


def uploaded(name="cv.pdf", content=PDF_BYTES):
    return SimpleUploadedFile(name, content, content_type="text/html")


@pytest.fixture(autouse=True)
def empty_storage():
    shutil.rmtree(private_storage().location, ignore_errors=True)


@pytest.fixture
def session(db):
    return SessionFactory(open=True)


@pytest.fixture
def question(session):
    return QuestionFactory(session=session, kind="file", label="Your CV", at_most=Decimal("0.01"), required=False)


@pytest.fixture
def why(session):
    return QuestionFactory(session=session, kind="short_text", label="Why?", required=False)


@pytest.fixture
def person(db):
    return UserFactory(name="Ada Lovelace")


@pytest.fixture
def draft(session, person):
    return begin(session, by=person)


def stored_paths():
    return [path for path in Path(private_storage().location).rglob("*") if path.is_file()]


def test_a_stored_file_is_named_by_nothing_and_readable_by_the_site_alone(draft, question, person):
    found = store_file(draft, question, uploaded("Ada Lovelace\u202e.pdf"), by=person)
    assert (found.name, found.content_type, found.size) == ("Ada Lovelace.pdf", "application/pdf", len(PDF_BYTES))
    (path,) = stored_paths()
    assert path.name == found.key.hex
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert str(found).startswith("PDF, ")
    assert found.name not in str(found)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("cv.pdf", PDF_BYTES + b"x" * 10_486, "too_large"), ("cv.pdf", b"", "empty"), ("cv.html", b"<html>", "kind")],
)
def test_a_refused_file_leaves_nothing(draft, question, person, name, content, code):
    with pytest.raises(ValidationError) as refused:
        store_file(draft, question, uploaded(name, content), by=person)
    assert refused.value.code == code
    assert not AnswerFile.objects.exists()
    assert stored_paths() == []


def test_the_rules_of_writing_hold_for_files_to_the_second(draft, question, why, person):
    with pytest.raises(ValidationError):
        store_file(draft, question, uploaded(), by=UserFactory())
    with pytest.raises(ValidationError):
        store_file(draft, why, uploaded(), by=person)
    with pytest.raises(ValidationError):
        store_file(draft, QuestionFactory(kind="file"), uploaded(), by=person)
    with time_machine.travel(question.session.applications_close_at - datetime.timedelta(seconds=1), tick=False):
        store_file(draft, question, uploaded(), by=person)
    with time_machine.travel(question.session.applications_close_at, tick=False):
        with pytest.raises(ValidationError) as refused:
            store_file(draft, question, uploaded(), by=person)
        assert refused.value.code == "closed"
    assert len(stored_paths()) == 1


def test_an_application_holds_so_many_files(draft, question, person, monkeypatch):
    monkeypatch.setattr(files, "MOST_FILES", 1)
    store_file(draft, question, uploaded(), by=person)
    with pytest.raises(ValidationError) as refused:
        store_file(draft, question, uploaded(), by=person)
    assert refused.value.code == "too_many"


def test_a_disk_that_refuses_is_no_reason_to_lose_the_form(draft, question, person, monkeypatch, caplog):
    monkeypatch.setattr(private_storage(), "save", lambda *args, **kwargs: Path("/dev/null/nowhere").touch())
    with pytest.raises(ValidationError) as refused:
        store_file(draft, question, uploaded("Ada.pdf"), by=person)
    assert refused.value.code == "not_stored"
    assert "could not be stored" in caplog.text
    assert "Ada" not in caplog.text


def test_bytes_go_again_where_the_row_is_not_written(draft, question, person, monkeypatch):
    monkeypatch.setattr(AnswerFile, "save", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store_file(draft, question, uploaded(), by=person)
    assert stored_paths() == []


# Submitting


def test_a_submitted_answer_holds_the_file_until_a_newer_one_is_submitted(draft, session, question, person):
    first = store_file(draft, question, uploaded(), by=person)
    save_draft(session, Entry({question.pk: str(first.pk)}), by=person, version=0)
    submit(draft, by=person)
    answer = Answer.objects.get()
    assert (answer.value, answer.file, answer.display) == (first.pk, first, str(first))
    assert Entry.of(draft).texts == {question.pk: str(first.pk)}

    second = store_file(draft, question, uploaded("new.txt", b"words"), by=person)
    save_draft(session, Entry({question.pk: str(second.pk)}), by=person, version=1)
    answer.refresh_from_db()
    assert answer.file == first
    submit(draft, by=person)
    answer.refresh_from_db()
    assert answer.file == second


def test_a_file_of_another_application_or_question_cannot_be_submitted(draft, session, question, person):
    elsewhere = begin(session, by=UserFactory())
    foreign = store_file(elsewhere, question, uploaded(), by=elsewhere.applicant)
    other = QuestionFactory(session=session, kind="file", required=False)
    misplaced = store_file(draft, other, uploaded(), by=person)
    for number, text in enumerate([str(foreign.pk), str(misplaced.pk), "999999", "9" * 18]):
        save_draft(session, Entry({question.pk: text}), by=person, version=number)
        with pytest.raises(EntryInvalid) as invalid:
            submit(draft, by=person)
        assert list(invalid.value.errors) == [f"question_{question.pk}"]
    assert named_files(draft, {question.pk: str(foreign.pk), other.pk: "x" * 30}) == {}


# Serving


@pytest.fixture
def answered(question, draft, session, person):
    """The file of a submitted answer, in a session under review."""
    found = store_file(draft, question, uploaded("Ada Lovelace CV.pdf"), by=person)
    save_draft(session, Entry({question.pk: str(found.pk)}), by=person, version=0)
    submit(draft, by=person)
    session.applications_close_at = timezone.now() - datetime.timedelta(days=1)
    session.save()
    return found


def headers(client, found):
    """The answer without what it holds: nothing stays open."""
    response = client.get(open_url(found))
    response.getvalue()
    return response.headers


def test_a_file_is_served_as_a_download_that_no_browser_runs(client, answered, person):
    client.force_login(person)
    response = client.get(open_url(answered))
    assert response.getvalue() == PDF_BYTES
    assert response["Content-Disposition"] == 'attachment; filename="Ada Lovelace CV.pdf"'
    assert response["Content-Type"] == "application/pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"] == "private, no-store"


def test_names_and_kinds_on_the_way_out(client, draft, question, person):
    client.force_login(person)
    found = store_file(draft, question, uploaded('履歴"書.md', b"# words"), by=person)
    response = headers(client, found)
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''%E5%B1%A5%E6%AD%B4-%E6%9B%B8.md"
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    AnswerFile.objects.update(content_type="text/html")
    assert headers(client, found)["Content-Type"] == "application/octet-stream"


def test_reviewers_get_a_neutral_name_while_names_are_hidden(client, answered, session):
    reviewer = SessionRoleFactory(session=session, role="reviewer").user
    client.force_login(reviewer)
    header = headers(client, answered)["Content-Disposition"]
    assert f"application-{answered.application_id}-file" in header
    assert "Ada" not in header
    client.force_login(SessionRoleFactory(session=session, role="organiser").user)
    assert "Ada" in headers(client, answered)["Content-Disposition"]


def test_a_file_follows_its_answer(client, answered, session, question):
    reviewer = SessionRoleFactory(session=session, role="reviewer").user
    organiser = SessionRoleFactory(session=session, role="organiser").user

    def statuses():
        seen = []
        for user in (None, UserFactory(), reviewer, organiser):
            client.logout()
            if user:
                client.force_login(user)
            response = client.get(open_url(answered))
            # Read to its end: nothing stays open.
            assert response.getvalue()
            seen.append(response.status_code)
        return seen

    assert statuses() == [404, 404, 200, 200]
    question.sensitive = True
    question.save()
    assert statuses() == [404, 404, 404, 200]
    Conflict.objects.create(application=answered.application, reviewer=organiser)
    assert statuses() == [404, 404, 404, 404]


def test_a_file_of_a_draft_is_its_owners_alone(client, draft, question, person, session):
    found = store_file(draft, question, uploaded(), by=person)
    for user in (UserFactory(is_superuser=True), SessionRoleFactory(session=session).user):
        client.force_login(user)
        assert client.get(open_url(found)).status_code == 404
    client.force_login(person)
    assert client.get(reverse("answer_file", args=[uuid.uuid4()])).status_code == 404


def test_missing_bytes_are_said_and_logged_without_a_name(client, answered, person, caplog):
    stored_paths()[0].unlink()
    client.force_login(person)
    with caplog.at_level(logging.ERROR):
        response = client.get(open_url(answered))
    assert response.status_code == 404
    assert "cannot be opened" in response.content.decode()
    assert str(answered.key) in caplog.text
    assert "Lovelace" not in caplog.records[0].getMessage()


# In the form


@pytest.fixture
def url(session):
    return reverse("apply", args=[session.slug])


def post(question, why, file=None, **more):
    data = {f"question_{why.pk}": "typed", f"question_{question.pk}": "", "version": "0", "tab": "t", "action": "save"} | more
    return data | ({f"file_{question.pk}": file} if file else {})


def test_the_form_takes_a_file_without_javascript(client, url, question, why, person):
    client.force_login(person)
    assert client.post(url, post(question, why, uploaded())).status_code == 302
    found = AnswerFile.objects.get()
    application = Application.objects.get()
    assert application.draft[str(question.pk)] == str(found.pk)
    page = client.get(url).content.decode()
    assert open_url(found) in page
    assert "cv.pdf" in page

    new = {f"question_{question.pk}": str(found.pk), "version": "1", "action": "submit"}
    response = client.post(url, post(question, why, uploaded("page.txt", b"<html>"), **new))
    page = response.content.decode()
    assert "web page or a program" in page
    assert 'value="typed"' in page
    assert open_url(found) in page
    assert not Answer.objects.exists()
    assert Application.objects.get().draft[str(question.pk)] == str(found.pk)

    client.post(url, post(question, why, remove_file=str(question.pk), **new))
    assert Application.objects.get().draft[str(question.pk)] == ""
    assert not Answer.objects.exists()


def test_a_file_too_large_for_any_form_is_dropped_on_the_way_in(client, url, question, why, person, monkeypatch):
    monkeypatch.setattr(upload_limits, "LARGEST_FILE", 100_000)
    client.force_login(person)
    response = client.post(url, post(question, why, uploaded(content=PDF_BYTES + b"x" * 200_000)))
    assert "This file is too large" in response.content.decode()
    assert Application.objects.get().draft[str(why.pk)] == "typed"
    assert stored_paths() == []


def test_a_chosen_file_is_stored_at_once_and_the_form_told(client, session, question, person):
    client.force_login(person)
    address = reverse("apply_file", args=[session.slug, question.pk])
    response = client.post(address, {f"file_{question.pk}": uploaded()})
    found = AnswerFile.objects.get()
    assert f'name="question_{question.pk}" value="{found.pk}"' in response.content.decode()
    assert response["HX-Trigger-After-Settle"] == "file-chosen"

    refused = client.post(address, {f"file_{question.pk}": uploaded("a.exe", b"MZ"), f"question_{question.pk}": str(found.pk)})
    assert refused.status_code == 422
    assert f'value="{found.pk}"' in refused.content.decode()
    assert "HX-Trigger-After-Settle" not in refused

    removed = client.post(address, {"remove": "1", f"question_{question.pk}": str(found.pk)})
    assert open_url(found) not in removed.content.decode()
    client.logout()
    assert client.post(address, {f"file_{question.pk}": uploaded()}).status_code == 422
    assert AnswerFile.objects.count() == 1


def test_another_persons_file_is_not_shown_in_the_form(client, url, session, question, why, person):
    elsewhere = begin(session, by=UserFactory())
    foreign = store_file(elsewhere, question, uploaded("theirs.pdf"), by=elsewhere.applicant)
    client.force_login(person)
    client.post(url, post(question, why, **{f"question_{question.pk}": str(foreign.pk)}))
    page = client.get(url).content.decode()
    assert "theirs.pdf" not in page
    assert "not here any more" in page


def test_a_visitor_logs_in_before_adding_a_file_and_loses_nothing_typed(client, url, question, why, person):
    assert 'type="file"' not in client.get(url).content.decode()
    assert client.post(url, post(question, why, uploaded())).status_code == 302
    assert not AnswerFile.objects.exists()
    client.force_login(person)
    assert 'value="typed"' in client.get(url).content.decode()


def test_a_file_of_another_tab_is_not_lost(client, url, question, why, person):
    client.force_login(person)
    client.post(url, post(question, why, uploaded()))
    found = AnswerFile.objects.get()
    stale = client.post(url, post(question, why, tab="older", **{f"question_{why.pk}": "other"}))
    assert stale.status_code == 409
    assert f'name="question_{question.pk}" value="{found.pk}"' in stale.content.decode()


def test_a_late_file_is_refused_and_what_was_typed_stays_readable(client, url, session, question, why, person):
    client.force_login(person)
    with time_machine.travel(session.applications_close_at, tick=False):
        response = client.post(url, post(question, why, uploaded()))
        assert response.status_code == 403
        assert "typed" in response.content.decode()
        address = reverse("apply_file", args=[session.slug, question.pk])
        assert client.post(address, {f"file_{question.pk}": uploaded()}).status_code == 422
    assert not AnswerFile.objects.exists()


# Deleting


def test_files_that_nobody_names_go_after_a_day(draft, session, question, person):
    kept = store_file(draft, question, uploaded(), by=person)
    save_draft(session, Entry({question.pk: str(kept.pk)}), by=person, version=0)
    submit(draft, by=person)
    _replaced, in_draft = (store_file(draft, question, uploaded(), by=person) for _ in range(2))
    save_draft(session, Entry({question.pk: str(in_draft.pk)}), by=person, version=1)
    private_storage().save("answers/aa/orphan", uploaded())
    now = timezone.now()
    assert delete_unnamed_files(now + datetime.timedelta(hours=23)) == 0
    assert delete_unnamed_files(now + datetime.timedelta(hours=25)) > 0
    assert set(AnswerFile.objects.all()) == {kept, in_draft}
    assert {path.name for path in stored_paths()} == {kept.key.hex, in_draft.key.hex}
    assert delete_unnamed_files(now + datetime.timedelta(hours=25)) == 0


def test_deleting_an_application_or_an_account_deletes_the_bytes_after_the_commit(
    answered, person, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        for eraser in people_registry.erasers:
            eraser(person)
        assert stored_paths() != []
    assert stored_paths() == []
    assert not AnswerFile.objects.exists()


def test_a_discarded_draft_takes_its_files_along_and_a_failing_disk_is_told(
    draft, question, person, django_capture_on_commit_callbacks, monkeypatch, caplog
):
    store_file(draft, question, uploaded(), by=person)

    def fail(path):
        raise OSError("disk")

    monkeypatch.setattr(private_storage(), "delete", fail)
    with django_capture_on_commit_callbacks(execute=True):
        discard_changes(draft, by=person)
    assert not AnswerFile.objects.exists()
    assert "could not be deleted" in caplog.text
