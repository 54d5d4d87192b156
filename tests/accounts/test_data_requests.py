"""Asking for a file of one's data, and for the deletion of the account: done in the background, repeatable, told by mail."""

import datetime
import io
import json
import zipfile

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from accounts import data_archive, data_requests, people_registry
from accounts.data_requests import carry_out_deletion, look_after_requests, make_export, request_deletion, request_export
from accounts.models import AuditEntry, DataRequest, Message, User
from accounts.models.data_request import private_storage
from accounts.people_registry import ExportFile
from accounts.personal_data import preview_deletion
from accounts.tasks import delete_account_task, export_data_task
from cohorts.models import CheckIn, CheckInReply, Membership
from tests.factories import PASSWORD, AnswerFileFactory, CheckInFactory, MembershipFactory, UserFactory

State = DataRequest.State


def prove_it_is_me(client, person):
    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def archive(request) -> zipfile.ZipFile:
    with private_storage().open(request.file.name) as stored:
        return zipfile.ZipFile(io.BytesIO(stored.read()))


def test_from_asking_to_the_download(client, person, tasks):
    client.force_login(person)
    assert client.post(reverse("my_data_export")).url.startswith(reverse("account_reauthenticate"))
    assert not DataRequest.objects.exists()

    prove_it_is_me(client, person)
    AnswerFileFactory(application__applicant=person, name="Über mich.pdf", file__data=b"%PDF-1.4 mine")
    for _press in range(2):
        client.post(reverse("my_data_export"))
    request = DataRequest.objects.get()
    assert "waits for its turn" in client.get(reverse("my_data")).text
    tasks.run()
    request.refresh_from_db()
    assert (request.state, request.done > 20, request.expires_at - request.ended_at) == (
        "ready",
        True,
        datetime.timedelta(days=7),
    )
    mail = Message.objects.get(kind="data_ready")
    assert reverse("my_data") in mail.body
    assert str(request.key) not in mail.body

    page = client.get(reverse("my_data"), HTTP_HX_REQUEST="true").text
    assert "Your file is ready" in page
    assert "every 2s" not in page
    response = client.get(reverse("my_data_download", args=[request.key]))
    assert response["Content-Type"] == "application/zip"
    assert "no-store" in response["Cache-Control"]
    found = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    slug = person.applications.get().session.slug
    assert sorted(found.namelist()) == ["README.txt", "data.json", f"files/applications/{slug}/Über mich.pdf"]
    assert found.read(f"files/applications/{slug}/Über mich.pdf") == b"%PDF-1.4 mine"
    assert json.loads(found.read("data.json"))["profile"]["email"] == person.email
    assert "You downloaded it" in client.get(reverse("my_data")).text
    done = set(AuditEntry.objects.filter(subject_key=person.pk).values_list("action", flat=True))
    assert {"personal_data.asked_for", "personal_data.made", "personal_data.downloaded"} <= done

    # Nobody else, not even the operator.
    operator = UserFactory(is_superuser=True)
    client.logout()
    prove_it_is_me(client, operator)
    assert client.get(reverse("my_data_download", args=[request.key])).status_code == 404
    with pytest.raises(PermissionDenied):
        request_export(person, by=operator)


def test_the_file_goes_after_a_week_and_what_was_lost_begins_again(person):
    request = request_export(person, by=person)
    now = timezone.now()
    # The worker was lost after it had written the bytes, and its task with it.
    path = private_storage().save(f"exports/{request.key.hex}.zip", ContentFile(b"half"))
    make_export(request.pk)
    request.refresh_from_db()
    assert request.file.name == path
    assert archive(request).testzip() is None
    make_export(request.pk)  # A repeated task changes nothing.
    assert Message.objects.filter(kind="data_ready").count() == 1
    look_after_requests(now + datetime.timedelta(days=6))
    assert private_storage().exists(path)
    look_after_requests(now + datetime.timedelta(days=8))
    request.refresh_from_db()
    assert (request.state, request.file.name) == ("expired", "")


def test_bytes_go_with_the_expiry_and_with_the_account(person, django_capture_on_commit_callbacks):
    def end_of_time():
        look_after_requests(timezone.now() + datetime.timedelta(days=8))

    def end_of_account():
        carry_out_deletion(request_deletion(person, by=person).pk)

    for end in (end_of_time, end_of_account):
        request = request_export(person, by=person)
        make_export(request.pk)
        request.refresh_from_db()
        assert private_storage().exists(request.file.name)
        with django_capture_on_commit_callbacks(execute=True):
            end()
        assert not private_storage().exists(request.file.name)


def test_bytes_that_a_crash_left_behind_go(db):
    path = private_storage().save("exports/0123.zip", ContentFile(b"left behind"))
    look_after_requests()
    assert private_storage().exists(path)
    look_after_requests(timezone.now() + datetime.timedelta(days=2))
    assert not private_storage().exists(path)


@pytest.mark.parametrize(("error", "trouble", "words"), [(OSError, "disk", "no room"), (ZeroDivisionError, "site", "went wrong")])
def test_what_fails_is_told(client, person, monkeypatch, error, trouble, words):
    def fail(*args):
        raise error("Noor")

    monkeypatch.setattr(data_requests, "_store", fail)
    request = request_export(person, by=person)
    with pytest.raises(error):
        make_export(request.pk)
    request.refresh_from_db()
    assert (request.state, request.trouble) == ("failed", trouble)
    assert Message.objects.get(recipient=person).kind == "data_failed"
    client.force_login(person)
    assert words in client.get(reverse("my_data")).text
    # Another one can be asked for at once.
    assert request_export(person, by=person) != request


def test_a_file_that_cannot_be_read_is_left_out_and_named(person, monkeypatch):
    def gone():
        raise FileNotFoundError("gone")

    files = [
        ExportFile("a", "x.txt", lambda: io.BytesIO(b"1")),
        ExportFile("a", "X.txt", lambda: io.BytesIO(b"2")),
        ExportFile("a", "../../etc/passwd", gone),
    ]
    monkeypatch.setattr(people_registry, "export_files", [lambda user: files])
    with data_archive.archive_of(person, lambda done, total: None) as made:
        found = zipfile.ZipFile(made)
        assert found.namelist() == ["data.json", "files/a/x.txt", "files/a/X-2.txt", "README.txt"]
        words = found.read("README.txt").decode()
    assert "could not be read" in words
    assert "files/a/_.._etc_passwd" in words


def test_a_deletion_closes_the_account_at_once_and_ends_with_a_mail(client, person, tasks):
    prove_it_is_me(client, person)
    elsewhere = client.__class__()
    elsewhere.force_login(person)
    client.post(reverse("my_data_delete"), {"confirm": "on"})
    request = DataRequest.objects.get()
    assert (request.kind, request.state) == ("deletion", "waiting")
    assert User.objects.filter(pk=person.pk).exists()
    assert authenticate(None, email=person.email, password=PASSWORD) is None
    assert elsewhere.get(reverse("me")).status_code == 302
    tasks.run()
    assert not User.objects.filter(pk=person.pk).exists()
    request.refresh_from_db()
    assert (request.state, request.user, request.address, request.person_key) == ("ready", None, "", person.pk)
    mail = Message.objects.get()
    assert (mail.kind, mail.recipient, mail.address, mail.secret, mail.state) == (
        "account_deleted",
        None,
        "noor@example.org",
        True,
        "sent",
    )
    assert AuditEntry.objects.filter(action="account.deleted", subject_key=person.pk).count() == 1
    carry_out_deletion(request.pk)
    assert Message.objects.count() == 1
    look_after_requests(timezone.now() + datetime.timedelta(days=8))
    assert not Message.objects.exists()


def test_the_operator_deletes_by_number(person, tasks, capsys):
    call_command("delete_account", str(person.pk))
    assert "goes: Your profile" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no account 999"):
        call_command("delete_account", str(person.pk), "999", "--yes")
    assert not DataRequest.objects.exists()
    call_command("delete_account", str(person.pk), "--yes")
    tasks.run()
    assert not User.objects.filter(pk=person.pk).exists()
    with pytest.raises(PermissionDenied):
        request_deletion(UserFactory(), by=UserFactory())


@pytest.mark.parametrize("place", ["delete_account", "data_mail.write_goodbye", "record"])
def test_a_deletion_that_stops_anywhere_ends_at_the_next_try(person, monkeypatch, place):
    operator = UserFactory(is_superuser=True)
    request = request_deletion(person, by=person)
    with monkeypatch.context() as patch:
        patch.setattr(f"accounts.data_requests.{place}", lambda *a, **k: 1 / 0)
        for _try in range(2):
            with pytest.raises(ZeroDivisionError):
                carry_out_deletion(request.pk)
    assert User.objects.filter(pk=person.pk, email="noor@example.org", is_active=False).exists()
    told = sorted(Message.objects.values_list("kind", "address"))
    assert told == [("deletion_late", "noor@example.org"), ("deletion_stuck", operator.email)]
    assert "Noor" not in Message.objects.get(kind="deletion_stuck").body
    carry_out_deletion(request.pk)
    assert not User.objects.filter(pk=person.pk).exists()


def test_a_worker_that_was_taken_for_lost_changes_nothing_that_is_done(person, monkeypatch):
    """Both begin; the other one ends first."""
    export = request_export(person, by=person)
    begun, archive_of = data_requests._begun, data_requests.archive_of

    def quicker(request, progress):
        monkeypatch.setattr(data_requests, "archive_of", archive_of)
        make_export(export.pk)
        return archive_of(request, progress)

    monkeypatch.setattr(data_requests, "archive_of", quicker)
    make_export(export.pk)
    export.refresh_from_db()
    assert archive(export).testzip() is None
    assert Message.objects.filter(kind="data_ready").count() == 1

    deletion = request_deletion(person, by=person)

    def other_is_quicker(*args):
        found = begun(*args)
        monkeypatch.setattr(data_requests, "_begun", begun)
        carry_out_deletion(deletion.pk)
        return found

    monkeypatch.setattr(data_requests, "_begun", other_is_quicker)
    carry_out_deletion(deletion.pk)
    deletion.refresh_from_db()
    assert (deletion.state, deletion.address) == (State.READY, "")
    assert list(Message.objects.values_list("kind", flat=True)) == ["account_deleted"]


def test_a_database_that_is_away_is_tried_again(person, tasks):
    request = request_deletion(person, by=person)
    tasks.fail(delete_account_task, OperationalError("away"))
    tasks.run(until=datetime.timedelta(hours=1))
    assert not User.objects.filter(pk=person.pk).exists()
    request.refresh_from_db()
    assert request.state == "ready"


def test_lost_tasks_are_queued_again(person, tasks):
    # A row whose task never was: the broker lost it, or the table was restored.
    request = DataRequest.objects.create(
        user=person, person_key=person.pk, kind="export", requested_at=timezone.now() - datetime.timedelta(hours=1)
    )
    look_after_requests()
    tasks.assert_enqueued(export_data_task, request.pk)


def test_a_running_cohort_keeps_the_place_and_others_keep_their_words(person, tasks):
    membership = MembershipFactory(user=person, state="active", cohort__session__published_at=timezone.now())
    session = membership.cohort.session
    session.starts_on = timezone.localdate()
    session.save()
    talk = CheckInFactory(membership=membership, did="My own words", hours=5)
    lone = CheckInFactory(membership=membership, did="Nobody answered", week=session.calendar.last())
    mate = MembershipFactory(cohort=membership.cohort).user
    CheckInReply.objects.create(checkin=talk, author=mate, text="Well done")
    CheckInReply.objects.create(checkin=talk, author=person, text="Thank you all")
    stays = " ".join(preview_deletion(person).stays)
    assert "1 running cohort" in stays
    assert "below 1 check-in of yours" in stays
    request_deletion(person, by=person)
    tasks.run()
    place = Membership.objects.get(pk=membership.pk)
    assert (place.user.name, place.state) == ("Deleted account", "left")
    talk.refresh_from_db()
    assert (talk.did, talk.hours) == ("", None)
    assert not CheckIn.objects.filter(pk=lone.pk).exists()
    assert [reply.text for reply in CheckInReply.objects.all()] == ["Well done"]
