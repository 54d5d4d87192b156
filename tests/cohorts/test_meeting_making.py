"""The pages on which meetings are made, changed, called off, and their times found."""

import datetime
import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Availability
from cohorts import meeting_polls, meetings
from cohorts.forms.meeting import written
from cohorts.models import Meeting, SlotAnswer
from cohorts.next_steps import next_steps
from tests.factories import MembershipFactory, UserFactory

from .meeting_world import DAY, NOW, MeetingWorld

pytestmark = pytest.mark.django_db

TOMORROW = NOW + DAY


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return MeetingWorld()


@pytest.fixture
def act(client):
    """Ask for a page as somebody, or send something to it: the response."""

    def ask(user, name, *args, **data):
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        address = reverse(name, args=args)
        return client.post(address, data) if data else client.get(address)

    return ask


def fields(**changed):
    return {
        "kind": "standup",
        "minutes": "60",
        "how": "once",
        "time": [written(TOMORROW)],
        "time_zone": "Europe/Rome",
        "step": "check",
    } | changed


def test_a_look_first_and_then_it_is_written_once(world, act):
    page = act(world.navigator, "new_meeting", world.cohort.pk, **fields(title="Kick-off", form="f"))
    assert "Make this meeting?" in page.text
    assert "4 people get a mail" in page.text
    assert not Meeting.objects.exists()
    for _press in range(2):
        answer = act(world.navigator, "new_meeting", world.cohort.pk, **fields(title="Kick-off", form="f", step="write"))
    meeting = Meeting.objects.get()
    assert answer.url == reverse("meeting", args=[meeting.pk])
    assert (meeting.starts_at, meeting.title, meeting.time_zone) == (TOMORROW, "Kick-off", "Europe/Rome")


def test_a_series_says_what_clocks_do_to_whom(world, act):
    page = act(world.navigator, "new_meeting", world.cohort.pk, **fields(how="weekly"))
    assert "Make these 5 meetings?" in page.text
    # Ada lives in Kolkata, where no clock changes: for her the hour moves.
    assert "For Ada (Kolkata) clocks change: 14:30 at first, 13:30 from 30 March on." in page.text
    act(world.navigator, "new_meeting", world.cohort.pk, **fields(how="weekly", step="write"))
    assert Meeting.objects.count() == 5
    page = act(world.navigator, "new_meeting", world.cohort.pk, **fields(how="weekly", time=[written(NOW + 60 * DAY)]))
    assert page.status_code == 422
    assert "No week of the session is left" in page.text


#: What somebody sends, and what the page says of it.
REFUSED = [
    ({"time": []}, "Choose a time."),
    ({"time": [written(TOMORROW), written(TOMORROW + DAY)]}, "You chose 2 times."),
    ({"time": [written(NOW)]}, "This time is over."),
    ({"time": ["tomorrow", "2027-99-99T10:00Z", "9999-12-31T23:59Z"]}, "Choose a time."),
    ({"other_1": "9999-12-31T23:59"}, "more than a year ahead"),
    ({"other_1": "2027-03-28T02:30", "time": []}, "Clocks change at that hour"),
    ({"kind": "one_to_one"}, "A 1:1 is between two people"),
    ({"kind": "pairing", "people": ["999999"]}, "999999 is not one of the available choices"),
    ({"kind": "party"}, "party is not one of the available choices"),
    ({"minutes": "-5"}, "-5 is not one of the available choices"),
    ({"link": "javascript:alert(1)"}, "Enter a valid URL"),
    ({"agenda": "x" * 20_001}, "at most 20000 characters"),
]  # fmt: skip


def test_bad_input_loses_nothing_and_says_why(world, act):
    for sent, words in REFUSED:
        page = act(world.navigator, "new_meeting", world.cohort.pk, **fields(title="Kept", **sent))
        assert page.status_code == 422, sent
        assert words in html.unescape(page.text), sent
        assert 'value="Kept"' in page.text
    assert not Meeting.objects.exists()


def test_what_is_wrong_with_the_times_is_said_where_they_stand(world, act):
    for sent in ({"time": []}, {"time": [written(TOMORROW), written(TOMORROW + DAY)]}):
        page = act(world.navigator, "new_meeting", world.cohort.pk, **fields(**sent)).text
        assert '<a href="#id_time">When</a>' in page
        assert 'id="id_time"' in page
        boxes = re.findall(r'<input type="checkbox" name="time" value="[^"]+"( checked)?([^>]*)>', page)
        ticked = [rest for checked, rest in boxes if checked]
        assert ticked == [' aria-invalid="true" aria-describedby="id_time"'] * len(sent["time"])
        assert re.search(r'<input type="datetime-local" name="other_1"[^>]* aria-invalid="true" aria-describedby="id_time"', page)


def test_members_ask_for_a_talk_and_arrange_pairing(world, act):
    page = act(world.member, "new_meeting", world.cohort.pk)
    assert "Stand-up" not in page.text
    assert "Olga" not in page.text
    talk = {"kind": "one_to_one", "people": [world.navigator.pk], "how": "once"}
    act(world.member, "new_meeting", world.cohort.pk, **fields(step="write", **talk))
    asked = Meeting.objects.get()
    assert (asked.state, asked.kind, asked.few) == ("polling", "one_to_one", True)
    page = act(world.member, "new_meeting", world.cohort.pk, **fields(**talk | {"people": [world.mate.pk]}))
    assert "Ask somebody who leads the cohort" in page.text
    assert act(world.member, "new_meeting", world.cohort.pk, **fields()).status_code == 422
    act(world.member, "new_meeting", world.cohort.pk, **fields(step="write", kind="pairing", people=[world.mate.pk]))
    assert Meeting.objects.get(kind="pairing").state == "confirmed"


def test_times_come_by_themselves_as_people_are_chosen(world, act, client):
    for person, slots in ((world.navigator, range(48 + 20, 48 + 24)), (world.captain, range(48 + 20, 48 + 22))):
        Availability.objects.create(user=person, time_zone="UTC", slots=list(slots))
    page = act(world.navigator, "new_meeting", world.cohort.pk)
    assert "These people have not said when they have time: Ada, Ben" in page.text
    assert "Tuesday 9 March, 11:00" in page.text
    client.force_login(world.navigator, backend="allauth.account.auth_backends.AuthenticationBackend")
    sent = fields(step="look", kind="one_to_one", people=[world.captain.pk])
    part = client.post(reverse("new_meeting", args=[world.cohort.pk]), sent, headers={"HX-Request": "true"})
    assert part.text.count("<section") == 1
    assert "Everybody can" in part.text
    assert f'value="{written(TOMORROW)}" checked' in part.text


def test_a_change_is_looked_at_and_the_later_ones_go_along(world, act):
    first, *_others = meetings.create_series(
        world.session,
        by=world.navigator,
        cohort=world.cohort,
        first_on=datetime.date(2027, 3, 9),
        at=datetime.time(18),
        time_zone="Europe/Rome",
    )
    sent = {
        "title": "",
        "starts_at": "2027-03-10T17:00",
        "minutes": "60",
        "link": "",
        "later": "later",
        "seen": "0",
        "step": "check",
    }
    page = act(world.navigator, "change_meeting", first.pk, **sent)
    assert "instead of Tuesday 9 March, 18:00" in page.text
    assert "Wednesday 31 March, 17:00" in page.text
    answer = act(world.navigator, "change_meeting", first.pk, **sent | {"step": "write"})
    assert answer.url == reverse("meeting", args=[first.pk])
    assert {one.starts_at.weekday() for one in Meeting.objects.all()} == {2}
    # Another page, opened before, overwrites nothing.
    act(world.captain, "change_meeting", first.pk, **sent | {"step": "write", "title": "Older"})
    assert not Meeting.objects.filter(title="Older").exists()
    assert act(world.member, "change_meeting", first.pk).status_code == 404
    act(world.captain, "cancel_meeting", first.pk, reason="Ill", later="this")
    assert Meeting.objects.filter(state="cancelled").count() == 1


def test_people_say_when_they_can_and_one_press_settles(world, act):
    poll = meeting_polls.propose_times(
        world.session, by=world.navigator, cohort=world.cohort, times=[TOMORROW, TOMORROW + DAY], time_zone="Europe/Rome"
    )
    first, second = poll.slots.all()
    assert [step.label for step in next_steps(world.member) if "times" in step.url] == ["When can you?"]
    page = act(world.member, "meeting_times", poll.pk)
    assert "Settle this time" not in page.text
    # Kolkata: half an hour off.
    assert "Tuesday 9 March, 14:30" in page.text
    answer = {f"slot_{first.pk}": "no", f"slot_{second.pk}": "yes"}
    assert act(world.member, "meeting_times", poll.pk, **answer).status_code == 302
    for person in (world.captain, world.mate):
        meeting_polls.answer_times(poll, by=person, answers={second.pk: "if_needed"})
    assert not [step for step in next_steps(world.member) if "times" in step.url]
    assert [step.label for step in next_steps(world.navigator) if "times" in step.url] == ["Settle a time"]
    assert act(world.member, "meeting_times", poll.pk, settle=second.pk).status_code == 404
    page = act(world.navigator, "meeting_times", poll.pk)
    assert "Best so far" in page.text
    assert act(world.navigator, "meeting_times", poll.pk, settle=second.pk).url == reverse("meeting", args=[poll.pk])
    poll.refresh_from_db()
    assert poll.starts_at == second.starts_at
    assert act(world.member, "meeting_times", poll.pk).status_code == 302


def test_what_no_page_of_ours_sends(world, act):
    poll = meeting_polls.propose_times(world.session, by=world.navigator, cohort=world.cohort, times=[TOMORROW])
    slot = poll.slots.get()
    for sent in ({"slot_x": "yes"}, {f"slot_{slot.pk}": "perhaps"}, {"settle": "first"}, {"drop": "9" * 40}):
        assert act(world.navigator, "meeting_times", poll.pk, **sent).status_code == 404
    for person in (world.other, world.stranger):
        assert act(person, "meeting_times", poll.pk, **{f"slot_{slot.pk}": "yes"}).status_code == 404
    assert act(world.member, "meeting_times", poll.pk, add="1", starts_at="2027-03-20T10:00").status_code == 404
    assert act(world.navigator, "meeting_times", poll.pk, add="1", starts_at="yesterday").status_code == 422
    assert act(world.navigator, "meeting_times", poll.pk, drop=slot.pk).status_code == 302
    assert poll.slots.count() == 1
    assert set(SlotAnswer.objects.values_list("user", flat=True)) == {world.navigator.pk}


def test_a_page_for_many_costs_no_more_queries_than_one_for_few(world, act):
    act(world.organiser, "new_session_meeting", world.session.slug)
    with CaptureQueriesContext(connection) as few:
        assert act(world.organiser, "new_session_meeting", world.session.slug).status_code == 200
    for number in range(12):
        person = UserFactory(time_zone=("Asia/Tokyo", "America/Lima")[number % 2])
        MembershipFactory(cohort=world.other_cohort, user=person)
        Availability.objects.create(user=person, time_zone=person.time_zone, slots=list(range(100)))
    with CaptureQueriesContext(connection) as many:
        page = act(world.organiser, "new_session_meeting", world.session.slug)
    assert "how many of 18 have time" in page.text
    assert len(many) == len(few)
