"""Moving in: what would happen, what is refused and where, what is written, and the way back."""

import csv
import datetime
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, GitHubIdentity, Message, User
from cohorts.models import Answer, Application, Cohort, ImportedRow, Membership, RetentionRule, Session, SessionRole, TableImport
from cohorts.moving_in import writing
from cohorts.moving_in.keeping import GoneError, content_of, delete_old_files
from cohorts.moving_in.mapping import change_header, change_mapping, upload
from cohorts.moving_in.planning import plan_import
from cohorts.moving_in.table import REASON, TableError
from cohorts.moving_in.undoing import carry_out_undo, start_undo
from cohorts.moving_in.writing import ImportRefused, carry_on, carry_on_imports, start_import
from cohorts.retention.kinds import LONGEST
from cohorts.stages import Stage, stage_of
from tests.cohorts.test_moving_in_tables import GOOGLE
from tests.factories import ApplicationFactory, MembershipFactory, ProjectFactory, SessionFactory, SessionRoleFactory, UserFactory


@pytest.fixture(scope="module")
def made(kept):
    def make():
        past = SessionFactory(finished=True, name="2024 Session 1", slug="2024-1", member_label="Djangonaut")
        organiser = SessionRoleFactory(session=past, role="organiser").user
        projects = [ProjectFactory(name="Django", slug="django"), ProjectFactory(name="Wagtail", slug="wagtail")]
        return past, organiser, projects

    return kept(make)


@pytest.fixture
def world(db, made):
    return made()


def bring(text, kind, session, by, **choices):
    row = upload(kind, session, text if isinstance(text, bytes) else text.encode(), name="table.csv", by=by)
    if choices:
        change_mapping(row, list(plan_import(row, by=by).columns), choices, by=by)
    return row


def carry_out(row, by, *, without_refused=False):
    plan = plan_import(row, by=by)
    start_import(row, by=by, expected=plan.fingerprint, without_refused=without_refused)
    carry_on(row.pk)
    row.refresh_from_db()
    return plan


def test_applications_of_a_form_come_in_once_with_answers_wishes_and_logins(world):
    session, organiser, (_django, wagtail) = world
    UserFactory(email="Bob@example.org", name="Bob as he says")
    row = bring(GOOGLE, "applications", session, organiser, status="accepted")
    plan = carry_out(row, organiser)
    assert plan.problems == []
    assert plan.made == {"question": 3, "application": 2}
    assert plan.people == 2
    assert plan.notices()[0].startswith("1 row is an earlier application")
    assert (row.state, row.rows_done, row.refused, bool(row.file), row.file_name) == ("done", 2, 0, False, "")
    ada = Application.objects.get(session=session, applicant__email="ada@example.org")
    assert (ada.status, ada.submitted_at.isoformat(), ada.submitted_version) == ("accepted", "2024-05-03T21:03:22+00:00", 1)
    assert [event.to_status for event in ada.events.all()] == ["accepted"]
    assert {one.question.label: one.value for one in ada.answers.select_related("question")} == {
        "Why do you want to join?": "A better text", "Which topics? (choose all)": ["Admin"], "Do you need accommodations?": False,
    }  # fmt: skip
    assert [one.project for one in ada.project_preferences.all()] == [wagtail]
    person = ada.applicant
    assert (person.name, person.has_usable_password(), person.terms_version, person.github.login) == (
        "Ada Lovelace",
        False,
        "",
        "ada-l",
    )
    # Who was here keeps what they say of themselves.
    bob = Application.objects.get(session=session, applicant__email="Bob@example.org")
    assert (bob.applicant.name, GitHubIdentity.objects.filter(user=bob.applicant).exists()) == ("Bob as he says", False)
    assert bob.answers.get(question__label__startswith="Why").value == "=2+2"
    question = session.questions.get(label="Do you need accommodations?")
    assert (question.required, question.sensitive, question.shown_to_reviewers, question.kind) == (False, True, False, "yes_no")
    assert not Message.objects.exists()
    assert AuditEntry.objects.filter(action="table.imported", actor_key=organiser.pk, about_key=str(row.pk)).exists()

    again = bring(GOOGLE, "applications", session, organiser)
    plan = plan_import(again, by=organiser)
    assert (plan.entries, plan.problems, plan.count("there"), plan.new_questions) == ([], [], 2, [])
    with pytest.raises(ImportRefused):
        start_import(again, by=organiser, expected=plan.fingerprint)


def test_sessions_then_their_people_then_back(world):
    _session, organiser, (django, _wagtail) = world
    sessions = (
        "Session;Start date;Weeks;Deadline;Opens;Slug\n2022 A;05/09/2022;8;01/08/2022;01/07/2022;\n2022 B;19/09/2022;6;;;2022-b\n"
    )
    first = bring(sessions, "sessions", None, organiser)
    carry_out(first, organiser)
    one = Session.objects.get(slug="2022-a")
    assert (stage_of(one), one.weeks, one.calendar.count()) == (Stage.FINISHED, 8, 8)
    assert one.applications_close_at.date() == datetime.date(2022, 8, 1)
    assert SessionRole.objects.filter(user=organiser, role="organiser", session__slug__startswith="2022-").count() == 2
    assert AuditEntry.objects.filter(action="role.given", subject_key=organiser.pk, scope_key=one.pk).exists()

    people = (
        "Email,Name,Session,Role,Team,Project,Outcome,Date left\n"
        "ada@x.org,Ada,2022 A,Mentor,Venus,django,,\n"
        "bob@x.org,Bob,2022 A,Participant,Venus,Django,Graduated,\n"
        "cyd@x.org,Cyd,2022-b,member,venus,,Dropped out,2022-10-01\n"
        "dan@x.org,Dan,2022 A,Organizer,,,,\n"
    )
    second = bring(people, "people", None, organiser)
    plan = carry_out(second, organiser)
    assert plan.problems == []
    assert plan.made == {"role": 1, "cohort": 2, "membership": 3}
    places = {
        one.user.email: one for one in Membership.objects.filter(cohort__session__slug__startswith="2022-").select_related("user")
    }
    assert {key: (one.role, one.state) for key, one in places.items()} == {
        "ada@x.org": ("navigator", "completed"), "bob@x.org": ("member", "completed"), "cyd@x.org": ("member", "left"),
    }  # fmt: skip
    assert places["bob@x.org"].joined_at == one.begins_at
    assert [event.what for event in places["cyd@x.org"].events.all()] == ["joined", "left"]
    assert places["cyd@x.org"].left_at.date() == datetime.date(2022, 10, 1)
    assert Cohort.objects.get(session=one, name="Venus").project == django
    again = plan_import(bring(people, "people", None, organiser), by=organiser)
    assert (again.entries, again.count("there")) == ([], 4)

    # Bob has logged in since: his account and his place stay, and with them the cohort and the session.
    User.objects.filter(email="bob@x.org").update(last_login=timezone.now())
    MembershipFactory(user=User.objects.get(email="bob@x.org"))
    start_undo(second, by=organiser)
    carry_out_undo(second.pk)
    second.refresh_from_db()
    assert (second.state, second.kept) == ("undone", {"person": 1})
    assert set(User.objects.filter(email__endswith="@x.org").values_list("email", flat=True)) == {"bob@x.org"}
    assert not Cohort.objects.filter(session__slug__startswith="2022-").exists()
    start_undo(first, by=organiser)
    carry_out_undo(first.pk)
    assert not Session.objects.filter(slug__startswith="2022-").exists()
    assert Session.objects.filter(slug="2024-1").exists()


def test_each_thing_that_is_wrong_is_named_by_row_and_column_and_the_good_rows_can_come(world):
    session, organiser, _projects = world
    text = (
        "Applicants of 2024,,,,,\n"
        "email,name,status,submitted,1st choice,Why?\n"
        "ada@x.org,Ada,accepted,2024-01-02,Django,x\n"
        "nobody,Bob,hurra,2024-13-01,Flask,x\n"
        ",Cyd,offered,2999-01-01,,x\n"
        'dan@x.org,"Dan\nof two lines",rejected,,,x\n'
        f"eve@x.org,{'E' * 151},no,,,x\n"
    )
    row = bring(text, "applications", session, organiser)
    plan = plan_import(row, by=organiser)
    assert [(one.row, one.column, one.shown) for one in plan.problems] == [
        (4, "email", "nobody"), (4, "status", "hurra"), (4, "submitted", "2024-13-01"), (4, "1st choice", "Flask"),
        (5, "email", ""), (5, "status", "offered"), (5, "submitted", "2999-01-01"), (7, "name", "E" * 59 + "…"),
    ]  # fmt: skip
    with pytest.raises(ImportRefused, match="leave those rows out"):
        start_import(row, by=organiser, expected=plan.fingerprint)
    with pytest.raises(ImportRefused, match="changed since"):
        start_import(row, by=organiser, expected="another", without_refused=True)
    assert not Application.objects.filter(session=session).exists()
    carry_out(row, organiser, without_refused=True)
    assert (row.state, row.rows_done, row.refused, bool(row.file)) == ("done", 2, 3, True)
    assert Application.objects.get(session=session, applicant__email="dan@x.org").applicant.name == "Dan of two lines"
    # A file of which rows are left waits for its owner, and no longer than 30 days.
    assert delete_old_files(row.created_at + datetime.timedelta(days=29)) == 0
    assert delete_old_files(row.created_at + datetime.timedelta(days=31)) == 1
    row.refresh_from_db()
    with pytest.raises(GoneError):
        content_of(row)


def test_nobody_is_put_into_what_still_goes_on_without_having_been_asked(world):
    past, organiser, _projects = world
    running = SessionRoleFactory(session=SessionFactory(name="Running"), role="organiser", user=organiser).session
    MembershipFactory(cohort__session=past, user=UserFactory(email="mine@example.org"))
    UserFactory(email="known@example.org")
    table = "email,cohort\nmine@example.org,Venus\nknown@example.org,Venus\nnobody@example.org,Venus\n"
    for kind, choices in (("people", {"role": "member"}), ("applications", {"status": "accepted"})):
        row = bring(table, kind, running, organiser, **choices)
        told = [(one.row, one.column) for one in plan_import(row, by=organiser).problems]
        assert told == [(3, "email"), (4, "email")], "with an account or without, all the same"
        by_operator = bring(table, kind, running, UserFactory(is_superuser=True), **choices)
        assert plan_import(by_operator, by=by_operator.made_by).problems == []


def test_a_word_is_explained_once_and_remembered_for_the_next_file(world):
    session, organiser, _projects = world
    row = bring("email,decision,Why?\na@x.org,Hurra!,x\nb@x.org,Leider nein,y\n", "applications", session, organiser)
    columns = plan_import(row, by=organiser).columns
    columns[1].words.update({"hurra": "accepted", "leider nein": "not_selected"})
    change_mapping(row, columns, {}, by=organiser)
    carry_out(row, organiser)
    statuses = Application.objects.filter(session=session).order_by("applicant__email").values_list("status", flat=True)
    assert list(statuses) == ["accepted", "not_selected"]
    other = SessionFactory(finished=True)
    SessionRoleFactory(session=other, user=organiser, role="organiser")
    later = bring("email,decision,Why?\nc@x.org,HURRA,x\n", "applications", other, organiser)
    assert plan_import(later, by=organiser).problems == []


def test_what_is_not_decided_yet_is_decided_here(world):
    past, organiser, _projects = world
    session = SessionFactory(reviewing=True)
    SessionRoleFactory(session=session, user=organiser, role="organiser")
    text = f"email,status,cohort\na@x.org,submitted,\nb@x.org,accepted,\nc@x.org,,Venus\n{organiser.email},,\n"
    plan = plan_import(bring(text, "applications", session, organiser), by=organiser)
    assert [(one.row, one.column) for one in plan.problems] == [(3, "status"), (4, "cohort"), (5, "email")]
    assert [one.status for one in plan.entries] == ["submitted"]
    MembershipFactory(cohort__session=past, user=UserFactory(email="b@x.org"))
    people = plan_import(
        bring("email,role,team\na@x.org,member,Venus\nb@x.org,mentor,Venus\n", "people", session, organiser), by=organiser
    )
    assert [(one.row, one.column) for one in people.problems] == [(2, "role")]
    assert people.notices() == [f"{session} is not over: its people get its reminders and digests from now on."]


def test_rows_without_a_date_can_be_imported_while_people_still_apply(world):
    _session, organiser, _projects = world
    session = SessionFactory(open=True)
    SessionRoleFactory(session=session, user=organiser, role="organiser")
    row = bring("email,tier\na@x.org,007\nb@x.org,100\nc@x.org," + "9" * 5000 + "\n", "applications", session, organiser)
    plan = carry_out(row, organiser, without_refused=True)
    assert [(one.row, one.column) for one in plan.problems] == [(3, "tier"), (4, "tier")]
    application = Application.objects.get(session=session)
    assert (application.submitted_at, application.tier) == (row.created_at, 7)


def test_numbers_of_weeks_that_are_none(world):
    _session, organiser, _projects = world
    numbers = ["8", "8.0", "8 weeks", "1.5,3", "9" * 400, "0", "eight"]
    rows = "\n".join(f"S {place};2022-09-05;{text}" for place, text in enumerate(numbers))
    plan = plan_import(bring(f"Session;Start date;Weeks\n{rows}\n", "sessions", None, organiser), by=organiser)
    assert [one.values["weeks"] for one in plan.entries] == [8, 8, 8]
    assert [(one.row, one.column) for one in plan.problems] == [(row, "Weeks") for row in (5, 6, 7, 8)]


@pytest.mark.parametrize("ends", [1, None])
def test_somebody_else_who_wrote_the_same_is_met_once_and_no_import_goes_on_for_ever(world, monkeypatch, ends):
    session, organiser, _projects = world
    row = bring("email,Why?\na@x.org,x\n", "applications", session, organiser)
    start_import(row, by=organiser, expected=plan_import(row, by=organiser).fingerprint)
    write, calls = writing.write_batch, []

    def meets_others(*args, **kwargs):
        calls.append(1)
        if ends is None or len(calls) <= ends:
            raise IntegrityError("there already")
        return write(*args, **kwargs)

    monkeypatch.setattr(writing, "write_batch", meets_others)
    if ends is None:
        with pytest.raises(IntegrityError):
            carry_on(row.pk)
    else:
        carry_on(row.pk)
    row.refresh_from_db()
    assert (row.state, len(calls)) == ("stopped" if ends is None else "done", 2)


def test_a_crash_between_two_batches_is_carried_on_and_people_count_once(world, monkeypatch):
    session, organiser, _projects = world
    monkeypatch.setattr("cohorts.moving_in.writing.BATCH", 3)
    lines = [f"p{number}@x.org,P{number},x{number}" for number in range(7)]
    row = bring("\n".join(["email,name,Why?", *lines]), "applications", session, organiser)
    plan = plan_import(row, by=organiser)
    start_import(row, by=organiser, expected=plan.fingerprint)
    write, calls = writing.write_batch, []

    def fails_once(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("gone")
        return write(*args, **kwargs)

    monkeypatch.setattr(writing, "write_batch", fails_once)
    with pytest.raises(RuntimeError):
        carry_on(row.pk)
    row.refresh_from_db()
    assert (row.state, row.rows_done, Application.objects.filter(session=session).count()) == ("stopped", 3, 3)
    carry_out(row, organiser)
    assert (row.state, row.counts) == ("done", {"application": 7, "person": 7, "question": 1})
    assert Answer.objects.filter(application__session=session).count() == 7
    start_undo(row, by=organiser)
    carry_out_undo(row.pk)
    assert not Application.objects.filter(session=session).exists()
    assert not ImportedRow.objects.filter(table=row).exists()
    assert not session.questions.exists()


def test_statements_do_not_grow_with_the_rows(world):
    session, organiser, _projects = world

    def statements(count):
        lines = [f"q{count}-{number}@x.org,P,venus{number % 3},accepted,x" for number in range(count)]
        row = bring("\n".join(["email,name,cohort,status,Why?", *lines]), "applications", session, organiser)
        with CaptureQueriesContext(
            connection,
        ) as found:
            carry_out(row, organiser)
        assert row.rows_done == count
        return len(found)

    assert statements(4) >= statements(150) - 2


def test_our_own_export_comes_back(world, client):
    session, organiser, _projects = world
    carry_out(bring(GOOGLE, "applications", session, organiser, status="accepted"), organiser)
    client.force_login(organiser)
    exported = client.get(reverse("admin:cohorts_application_export") + f"?session__id__exact={session.pk}").content
    other = SessionFactory(finished=True)
    SessionRoleFactory(session=other, user=organiser, role="organiser")
    row = bring(exported, "applications", other, organiser)
    plan = carry_out(row, organiser)
    assert plan.problems == []
    assert row.rows_done == 2

    def told(of):
        return {
            (one.application.applicant.email, one.application.status, one.question.label, str(one.value).strip("[]'"))
            for one in Answer.objects.filter(application__session=of).select_related("application__applicant", "question")
        }

    assert told(session) == told(other)


# --- the pages


def test_the_way_through_the_pages(world, client):
    session, organiser, _projects = world
    client.force_login(organiser)
    start = reverse("admin:cohorts_moving_in")
    assert client.get(start).status_code == 200
    refused = client.post(start, {"kind": "applications", "session": ""})
    assert "Choose a file." in refused.text
    assert "Choose the session of these applications." in refused.text
    file = SimpleUploadedFile("Ada's.csv", b"email,decision,Score\na@x.org,Hurra,3\nb,no,=1+1\n")
    answer = client.post(start, {"kind": "applications", "session": session.pk, "file": file}, follow=True)
    row = TableImport.objects.get()
    page = reverse("admin:cohorts_moving_in_table", args=[row.pk])
    assert answer.redirect_chain[-1][0] == page
    assert "What these words mean" in answer.text
    data = {
        "header": "1",
        "to-0": "email",
        "to-1": "status",
        "to-2": "new:number",
        "only-2": "1",
        "word-1-hurra": "accepted",
        "look": "1",
    }
    plan = client.post(page, data, follow=True)
    assert "Import the 1 good row" in plan.text
    assert "1 row cannot be imported" in plan.text
    download = client.get(reverse("admin:cohorts_moving_in_refused", args=[row.pk]))
    header, line = csv.reader(io.StringIO(download.content.decode("utf-8-sig")))
    assert header == ["email", "decision", "Score", REASON]
    assert line[:3] == ["b", "no", "'=1+1"]
    fingerprint = plan.context["plan"].fingerprint
    client.post(reverse("admin:cohorts_moving_in_start", args=[row.pk]), {"fingerprint": fingerprint, "without_refused": "1"})
    row.refresh_from_db()
    assert row.state == "waiting"
    assert "Waiting for a worker" in client.get(page).text
    assert client.get(page, headers={"HX-Request": "true"}).text.startswith("<div")
    carry_on(row.pk)
    done = client.get(page)
    assert "1 row is in." in done.text
    assert "1 row was left out." in done.text
    # Those who organise with them read that it was done, and nothing of the file.
    other = SessionRoleFactory(session=session, role="organiser").user
    client.force_login(other)
    assert "Ada" not in client.get(page).text
    for name in ("start", "undo", "discard"):
        assert client.post(reverse(f"admin:cohorts_moving_in_{name}", args=[row.pk])).status_code == 404
    assert client.get(reverse("admin:cohorts_moving_in_refused", args=[row.pk])).status_code == 404
    client.force_login(organiser)
    undo = reverse("admin:cohorts_moving_in_undo", args=[row.pk])
    client.post(undo)
    row.refresh_from_db()
    assert row.state == "done"
    client.post(undo, {"sure": "1"})
    carry_out_undo(row.pk)
    assert "It was taken back." in client.get(page).text
    assert carry_on_imports() == 0


def test_the_line_with_the_names_can_be_another(world):
    session, organiser, _projects = world
    row = bring("a,b,c\nemail,name,why\nx@x.org,X,y\n", "applications", session, organiser)
    change_header(row, 2, by=organiser)
    assert [column.to for column in plan_import(row, by=organiser).columns][:2] == ["email", "name"]
    with pytest.raises(TableError):
        change_header(row, 9, by=organiser)


def test_no_table_tells_who_has_begun_to_write(world):
    _session, organiser, _projects = world
    session = SessionFactory(open=True)
    SessionRoleFactory(session=session, user=organiser, role="organiser")
    begun = ApplicationFactory(session=session, applicant=UserFactory(email="ada@example.org"), status="draft", draft={"1": "x"})
    row = bring("email\nada@example.org\nben@example.org\n", "applications", session, organiser)
    plan = plan_import(row, by=organiser)
    assert {entry.outcome for entry in plan.judged.entries} == {"new"}
    carry_out(row, organiser)
    assert (row.state, row.counts["application"]) == ("done", 1)
    begun.refresh_from_db()
    assert (begun.status, begun.draft) == ("draft", {"1": "x"})


def test_whoever_brings_in_what_is_kept_no_longer_is_told_before(client, world):
    session, organiser, _projects = world
    client.force_login(organiser)
    row = bring(GOOGLE, "applications", session, organiser, status="accepted")
    page = reverse("admin:cohorts_moving_in_table", args=[row.pk])
    notice = "what you bring in of it goes within a day"
    for days, told in ((1, True), (LONGEST, False)):
        RetentionRule.objects.update_or_create(session=session, kind="answers_accepted", defaults={"days": days})
        RetentionRule.objects.update_or_create(session=session, kind="answers_not_accepted", defaults={"days": LONGEST})
        assert (notice in client.get(page, {"look": "1"}).text) is told
