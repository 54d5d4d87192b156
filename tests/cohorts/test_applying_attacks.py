"""What somebody tries with the application form and with what comes of it, and in vain."""

import csv
import datetime
import io

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from cohorts.applications import save_draft
from cohorts.csv_cells import harmless_cell, plain_cell
from cohorts.entries import Entry
from cohorts.models import Answer
from cohorts.reusing import reusable_answers
from tests.factories import ApplicationFactory, QuestionFactory, SessionFactory, UserFactory

FORM = "multipart/form-data; boundary=xx; charset="


@pytest.mark.parametrize("charset", ["unicode_escape", "raw_unicode_escape", "zlib", "undefined", "utf-16"])
@pytest.mark.django_db
def test_a_form_is_read_as_utf_8_whatever_it_says_it_is(client, charset):
    session = SessionFactory(open=True)
    name = f"question_{QuestionFactory(session=session).pk}"
    client.force_login(UserFactory())
    part = '--xx\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = part.format(name, r"half a letter: \ud800") + part.format("action", "save") + "--xx--\r\n"
    address = reverse("apply", args=[session.slug])
    assert client.generic("POST", address, body.encode(), FORM + charset).status_code == 302
    assert client.get(address).context["form"][name].value() == r"half a letter: \ud800"


@pytest.mark.django_db
def test_nothing_in_a_draft_holds_what_no_database_takes():
    session = SessionFactory(open=True)
    application = save_draft(
        session, Entry({QuestionFactory(session=session).pk: "Why"}), by=UserFactory(), version=0, tab="a\0b"
    )
    assert application.draft["tab"] == "ab"


@pytest.mark.parametrize(("hours", "is_there"), [(23, True), (25, False)])
@pytest.mark.django_db
def test_the_next_person_at_a_shared_computer_does_not_find_what_a_visitor_typed_days_ago(client, hours, is_there):
    session = SessionFactory(open=True)
    address, name = reverse("apply", args=[session.slug]), f"question_{QuestionFactory(session=session).pk}"
    with time_machine.travel(timezone.now(), tick=False) as now:
        client.post(address, {name: "Mine alone", "accommodations": "A quiet room", "action": "save"})
        now.shift(datetime.timedelta(hours=hours))
        page = client.get(address).content.decode()
    assert ("Mine alone" in page, "A quiet room" in page) == (is_there, is_there)


@pytest.mark.parametrize("private", [{"sensitive": True}, {"shown_to_reviewers": False}])
@pytest.mark.django_db
def test_what_only_organisers_read_is_not_taken_over_into_what_reviewers_read(private):
    earlier, session = ApplicationFactory(session=SessionFactory()), SessionFactory(open=True)
    told = QuestionFactory(session=earlier.session, label="Your health?", **private)
    Answer.objects.create(application=earlier, question=told, value="Told to few")
    open_one = QuestionFactory(session=session, label="Your health?", copied_from=told)
    assert reusable_answers(session, earlier.applicant, Entry()) == []
    open_one.sensitive = True
    open_one.save()
    assert [one.number for one in reusable_answers(session, earlier.applicant, Entry())] == [1]


@pytest.mark.parametrize("text", ['Hello;"=1+1', 'Hello\n"@SUM(1)', 'Hello;" +1;""=2'])
def test_no_quotation_mark_hides_what_runs_from_a_spreadsheet_that_separates_by_semicolons(text):
    safe, table = harmless_cell(text), io.StringIO()
    csv.writer(table).writerow([7, safe])
    cells = [cell for row in csv.reader(table.getvalue().splitlines(), delimiter=";") for cell in row]
    assert not [cell for cell in cells if cell.strip().startswith(("=", "@", "+"))]
    assert plain_cell(safe) == text
