"""The page of a meeting: who sees it, who comes, who was there, and what is written on it without losing a word."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.personal_data import delete_account, export
from cohorts import attendance, meeting_notes
from cohorts.meeting_notes import NotesStale, stamp_of
from cohorts.models import Meeting, MeetingNote, MeetingPerson
from tests.cohorts.meeting_world import DAY, NOW, MeetingWorld
from tests.factories import UserFactory
from tests.icalendar_rules import problems

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return MeetingWorld()


def page(meeting, name="meeting") -> str:
    return reverse(name, args=[meeting.pk])


def see(client, person, address) -> int:
    client.force_login(person)
    return client.get(address).status_code


# Who sees it


def test_pages_are_for_those_whose_meeting_it_is(world, client):
    meeting, few = world.meeting(), world.meeting(world.navigator, world.member, kind="one_to_one")
    addresses = [page(meeting), page(meeting, "meeting_file"), page(few), reverse("meetings", args=[world.cohort.pk])]
    seen = {
        person.name: [see(client, person, address) for address in addresses]
        for person in (world.member, world.mate, world.captain, world.organiser, world.other, world.stranger)
    }
    assert seen == {
        "Ada": [200, 200, 200, 200],
        "Ben": [200, 200, 404, 200],
        "Carl": [200, 200, 404, 200],
        "Olga": [200, 200, 200, 200],
        "Otto": [404, 404, 404, 404],
        "Sten": [404, 404, 404, 404],
    }
    client.logout()
    assert client.get(page(meeting)).status_code == 302


def test_times_are_the_readers_and_each_persons_own(world, client):
    meeting = world.meeting(starts_at=datetime.datetime(2027, 3, 9, 20, 0, tzinfo=datetime.UTC), minutes=90)
    client.force_login(world.member)
    text = client.get(page(meeting)).text
    assert "Wednesday 10 March" in text
    assert "01:30 to 03:00" in text
    assert "9 March, 20:00 UTC" in text
    assert "21:00 the day before, Rome" in text
    client.force_login(world.navigator)
    assert "21:00 to 22:30" in client.get(page(meeting)).text
    late = world.meeting(starts_at=datetime.datetime(2027, 3, 9, 22, 30, tzinfo=datetime.UTC))
    assert "23:30 to Wednesday, 00:30" in client.get(page(late)).text


def test_the_file_is_a_calendar(world, client):
    client.force_login(world.member)
    response = client.get(page(world.meeting(), "meeting_file"))
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert problems(response.content) == []
    assert see(client, world.member, page(world.meeting(state="polling", starts_at=None), "meeting_file")) == 404


def test_lists_say_what_comes_what_was_and_what_is_off(world, client):
    world.meeting(title="Ahead"), world.meeting(title="Running", starts_at=NOW - HOUR / 2)
    world.meeting(title="Over", starts_at=NOW - DAY), world.meeting(title="Everybody", cohort=None)
    world.meeting(title="Off", state="cancelled"), world.meeting(title="Asked", state="polling", starts_at=None)
    world.meeting(title="Long off", state="cancelled", starts_at=NOW - DAY)
    world.meeting(world.navigator, world.mate, title="Not mine")
    client.force_login(world.member)
    for address in (reverse("meetings", args=[world.cohort.pk]), reverse("my_meetings")):
        context = client.get(address).context
        names = {part: [str(row.meeting) for row in context[part]] for part in ("polls", "upcoming", "past")}
        assert sorted(names["upcoming"]) == ["Ahead", "Everybody", "Off", "Running"]
        assert (names["polls"], names["past"]) == (["Asked"], ["Over"])


def test_statements_do_not_grow_with_meetings_and_people(world, client):
    client.force_login(world.navigator)
    world.meeting(world.navigator, world.member, starts_at=NOW - DAY)
    meeting = world.meeting(starts_at=NOW - DAY)

    def statements(address) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    addresses = (page(meeting), reverse("meetings", args=[world.cohort.pk]))
    before = [statements(address) for address in addresses]
    for number in range(5):
        person = world.person(f"More{number}")
        MeetingPerson.objects.create(meeting=meeting, user=person, answer="yes", attendance="there")
        world.meeting(world.navigator, person, starts_at=NOW - DAY)
        world.meeting()
    assert [statements(address) for address in addresses] == before


# Who comes, who was there


def test_people_say_whether_they_come_and_take_it_back(world, client):
    meeting = world.meeting()
    client.force_login(world.member)
    assert client.post(page(meeting, "meeting_answer"), {"answer": "yes"}).status_code == 302
    client.force_login(world.mate)
    assert "Comes" in client.get(page(meeting)).text
    client.force_login(world.member)
    response = client.post(page(meeting, "meeting_answer"), {"answer": "no"}, headers=HTMX)
    assert 'id="people"' in response.text
    assert "<html" not in response.text
    client.post(page(meeting, "meeting_answer"), {"answer": ""})
    assert MeetingPerson.objects.get(meeting=meeting, user=world.member).answer == ""
    assert client.post(page(meeting, "meeting_answer"), {"answer": "sure"}).status_code == 404


@pytest.mark.parametrize(("hours", "state"), [(-2, "confirmed"), (24, "cancelled")])
def test_nothing_is_said_about_what_is_over_or_off(world, hours, state):
    meeting = world.meeting(starts_at=NOW + hours * HOUR, state=state)
    with pytest.raises(attendance.AttendanceRefused):
        attendance.say_whether_one_comes(meeting, by=world.member, answer="yes")
    with pytest.raises(PermissionDenied):
        attendance.say_whether_one_comes(meeting, by=world.stranger, answer="yes")


def test_attendance_is_one_press_for_those_who_lead(world, client):
    meeting = world.meeting(starts_at=NOW - HOUR)
    noted = {"person": world.member.pk, "attendance": "absent"}
    operator = UserFactory(is_superuser=True)
    for person, status in (
        (world.member, 404), (world.mate, 404), (world.stranger, 404), (operator, 404), (world.captain, 302),
    ):  # fmt: skip
        client.force_login(person)
        assert client.post(page(meeting, "meeting_attended"), noted).status_code == status, person
    client.force_login(world.organiser)
    response = client.post(page(meeting, "meeting_attended"), noted | {"attendance": "excused"}, headers=HTMX)
    assert response.text.lstrip().startswith(f'<li id="comer-{world.member.pk}"')
    row = MeetingPerson.objects.get(meeting=meeting, user=world.member)
    assert (row.attendance, row.noted_by, row.noted_at) == ("excused", world.organiser, NOW)
    client.post(page(meeting, "meeting_attended"), {"everybody": "1"})
    assert sorted(MeetingPerson.objects.filter(meeting=meeting).values_list("user__name", "attendance")) == [
        ("Ada", "excused"), ("Ben", "there"), ("Carl", "there"), ("Nora", "there"),
    ]  # fmt: skip
    for bad in ({"person": "x", "attendance": "there"}, {"person": world.member.pk, "attendance": "late"}, {"person": "9" * 30}):
        assert client.post(page(meeting, "meeting_attended"), bad).status_code == 404


def test_members_read_their_own_attendance_and_nobody_elses(world, client):
    meeting = world.meeting(starts_at=NOW - HOUR)
    for person, value in ((world.member, "there"), (world.mate, "absent")):
        MeetingPerson.objects.create(meeting=meeting, user=person, attendance=value)
    client.force_login(world.member)
    text = client.get(page(meeting)).text
    assert "Noted about you: There" in text
    assert "Absent" not in text
    assert attendance.attendance_of(world.mate, meeting) == "absent"


def test_attendance_waits_for_the_meeting(world):
    meeting = world.meeting()
    with pytest.raises(attendance.AttendanceRefused):
        attendance.note_attendance(meeting, world.member, "there", by=world.navigator)
    attendance.note_attendance(meeting, world.member, "there", by=world.navigator, now=meeting.starts_at)
    with pytest.raises(attendance.AttendanceRefused):
        attendance.note_attendance(meeting, world.stranger, "there", by=world.navigator, now=meeting.starts_at)
    assert attendance.note_everybody(meeting, by=world.navigator, now=meeting.starts_at) == 3
    assert attendance.note_everybody(meeting, by=world.navigator, now=meeting.starts_at) == 0


# What is written


def test_agenda_and_notes_save_themselves_and_overwrite_nobody(world, client):
    meeting = world.meeting()
    client.force_login(world.member)
    first = {"part": "agenda", "text": "1. Hello\r\n2. <b>Bye</b>", "seen": stamp_of(""), "tab": "one"}
    response = client.post(page(meeting, "meeting_write"), first, headers=HTMX)
    assert "Saved" in response.text
    assert "&lt;b&gt;Bye" in response.text
    # The answer was lost on its way: the same page writes on from what it knew.
    assert "Saved" in client.post(page(meeting, "meeting_write"), first | {"text": "1. Hello all"}, headers=HTMX).text
    client.force_login(world.mate)
    theirs = {"part": "agenda", "text": "Something else", "seen": stamp_of(""), "tab": "two"}
    refused = client.post(page(meeting, "meeting_write"), theirs, headers=HTMX)
    assert "1. Hello all" in refused.text
    assert "Saved" not in refused.text
    plain = client.post(page(meeting, "meeting_write"), theirs)
    assert plain.status_code == 409
    assert "Something else" in plain.text
    assert "1. Hello all" in plain.text
    meeting.refresh_from_db()
    assert meeting.agenda == "1. Hello all"
    client.post(page(meeting, "meeting_write"), theirs | {"replaces": stamp_of("1. Hello all")})
    meeting.refresh_from_db()
    assert (meeting.agenda, meeting.version) == ("Something else", 3)


def test_what_a_page_saved_in_one_field_lets_it_overwrite_nothing_in_another(world):
    meeting = world.meeting()
    empty = stamp_of("")
    meeting_notes.write_text(meeting, by=world.mate, field="notes", text="Theirs", seen=empty, form="two")
    meeting_notes.write_text(meeting, by=world.member, field="agenda", text="Mine", seen=empty, form="one")
    with pytest.raises(NotesStale):
        meeting_notes.write_text(meeting, by=world.member, field="notes", text="Mine", seen=empty, form="one")


def test_too_much_is_refused_and_stays_in_the_form(world, client):
    meeting = world.meeting()
    client.force_login(world.member)
    much = "x" * 20_001
    response = client.post(page(meeting, "meeting_write"), {"part": "notes", "text": much, "seen": stamp_of("")})
    assert response.status_code == 422
    assert much in response.text
    with pytest.raises(ValidationError):
        meeting_notes.write_text(meeting, by=world.member, field="notes", text="x" * 500_000, seen=stamp_of(""))


def test_who_writes_where(world):
    cohorts, everybodys, off = world.meeting(), world.meeting(cohort=None), world.meeting(state="cancelled")
    MeetingPerson.objects.create(meeting=everybodys, user=world.other, invited=True)
    may = {
        person.name: [meeting_notes.may_write(person, one) for one in (cohorts, everybodys, off)]
        for person in (world.member, world.navigator, world.organiser, world.other, world.stranger)
    }
    assert may == {
        "Ada": [True, False, False],
        "Nora": [True, False, False],
        "Olga": [True, True, False],
        "Otto": [False, True, False],
        "Sten": [False, False, False],
    }
    with pytest.raises(PermissionDenied):
        meeting_notes.write_text(everybodys, by=world.member, field="notes", text="x", seen=stamp_of(""))


def test_private_notes_are_their_authors_alone_until_they_are_shared(world, client, admin_user):
    meeting = world.meeting(world.navigator, world.member, kind="one_to_one")
    client.force_login(world.navigator)
    form = {"part": "private", "text": "Has exams until Friday", "seen": stamp_of(""), "tab": "one"}
    assert "Saved" in client.post(page(meeting, "meeting_write"), form, headers=HTMX).text
    assert "Has exams" in client.get(page(meeting)).text
    lists = reverse("meetings", args=[world.cohort.pk])
    readers = (world.member, world.captain, world.organiser, world.other, admin_user)

    def who_reads() -> set[str]:
        found = set()
        for person in readers:
            client.force_login(person)
            texts = [client.get(address).text for address in (page(meeting), lists)]
            found |= {person.name for text in texts if "Has exams" in text}
        return found

    assert who_reads() == set()
    client.force_login(world.navigator)
    client.post(page(meeting, "meeting_write"), form | {"shared": "1", "seen": stamp_of("Has exams until Friday")})
    assert who_reads() == {"Carl", "Olga"}
    client.force_login(world.member)
    assert client.post(page(meeting, "meeting_write"), form).status_code == 404
    client.force_login(world.navigator)
    client.post(page(meeting, "meeting_write"), form | {"text": " ", "seen": stamp_of("Has exams until Friday")})
    assert not MeetingNote.objects.exists()


def test_a_second_tab_loses_no_private_note(world):
    meeting = world.meeting()
    write = {"by": world.navigator, "shared": False, "seen": stamp_of("")}
    meeting_notes.write_note(meeting, text="First", form="one", **write)
    with pytest.raises(NotesStale) as refused:
        meeting_notes.write_note(meeting, text="Second", form="two", **write)
    assert refused.value.stored == "First"
    assert meeting_notes.write_note(meeting, text="First and more", form="one", **write).version == 2


# What is a person's own


def test_ones_export_has_ones_own_and_nobody_elses_notes(world):
    meeting = world.meeting(world.navigator, world.member)
    MeetingPerson.objects.filter(meeting=meeting, user=world.member).update(answer="yes", attendance="there")
    MeetingNote.objects.create(meeting=meeting, author=world.navigator, text="Very private", shared=True)
    assert "Very private" not in str(export(world.member))
    mine = export(world.member)["meetings"]
    assert mine["meetings"][0] | {"answer": "yes", "attendance": "there"} == mine["meetings"][0]
    assert "Very private" in str(export(world.navigator)["meetings"]["notes"])


def test_deleting_an_account_takes_answers_attendance_and_notes_along_and_leaves_the_meeting(world):
    meeting = world.meeting(world.navigator, world.member, agenda="What we planned")
    MeetingNote.objects.create(meeting=meeting, author=world.navigator, text="Very private", shared=True)
    delete_account(world.navigator, by=world.navigator)
    meeting.refresh_from_db()
    assert not MeetingNote.objects.exists()
    assert list(meeting.people.values_list("user", flat=True)) == [world.member.pk]
    assert Meeting.objects.get(pk=meeting.pk).agenda == "What we planned"
