"""Calendars that people subscribe to: read as a calendar program does, and forgotten when the address is revoked."""

import icalendar
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.feeds import create_feed
from accounts.logs import mask_tokens
from accounts.personal_data import delete_account
from cohorts.meeting_feeds import create_cohort_feed, meetings_expecting, revoke_cohort_feed
from cohorts.meeting_people import people_of
from cohorts.models import CohortFeed, Meeting, MeetingPerson, Membership
from tests.cohorts.meeting_world import DAY, NOW, MeetingWorld
from tests.icalendar_rules import problems

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return MeetingWorld()


class Program:
    """A calendar program: asks an address, keeps what it got, and says next time what it has."""

    def __init__(self, client, address):
        self.client, self.address = client, address
        self.headers: dict[str, str] = {}
        self.meetings: dict[str, icalendar.Event] = {}
        self.status = 0

    def ask(self) -> int:
        response = self.client.get(self.address, headers=self.headers)
        self.status = response.status_code
        if self.status == 200:
            assert response["Content-Type"] == "text/calendar; charset=utf-8"
            assert problems(response.content) == []
            calendar = icalendar.Calendar.from_ical(response.content)
            # As programs do: an older state of something never replaces a newer one.
            self.meetings = {str(one["UID"]): one for one in calendar.walk("VEVENT") if "VALUE" not in one["DTSTART"].params}
            self.headers = {"If-None-Match": response["ETag"], "If-Modified-Since": response["Last-Modified"]}
        elif self.status == 304:
            assert response.content == b""
        return self.status

    def states(self) -> dict[str, tuple[int, str]]:
        return {uid: (int(one["SEQUENCE"]), str(one["STATUS"])) for uid, one in self.meetings.items()}


@pytest.fixture
def own(world, client):
    return Program(client, reverse("feed", args=[create_feed(world.member)]))


@pytest.fixture
def shared(world, client):
    return Program(client, reverse("cohort_feed", args=[create_cohort_feed(world.cohort, by=world.navigator)]))


@pytest.mark.parametrize("name", ["own", "shared"])
def test_a_program_subscribes_and_follows(world, name, request, time_machine):
    program, meeting = request.getfixturevalue(name), world.meeting()
    uid = str(meeting.uid)
    assert program.ask() == 200
    assert program.states() == {uid: (0, "CONFIRMED")}
    time_machine.shift(3600)
    assert program.ask() == 304
    Meeting.objects.filter(pk=meeting.pk).update(notes="What we said", version=1)
    assert program.ask() == 304

    Meeting.objects.filter(pk=meeting.pk).update(starts_at=NOW + 3 * DAY, sequence=1)
    assert program.ask() == 200
    assert program.meetings[uid].start == NOW + 3 * DAY
    assert program.ask() == 304

    Meeting.objects.filter(pk=meeting.pk).update(state="cancelled", sequence=2)
    assert program.ask() == 200
    assert program.states() == {uid: (2, "CANCELLED")}
    time_machine.shift(70 * DAY.total_seconds())
    assert program.ask() == 200
    assert program.states() == {}


def test_programs_that_know_dates_alone_miss_nothing(world, own):
    meeting = world.meeting()
    own.ask()
    own.headers.pop("If-None-Match")
    assert own.ask() == 304
    # Nothing that is left tells when this went; and it is the same second.
    meeting.delete()
    assert own.ask() == 200
    assert own.states() == {}


def test_a_revoked_address_is_not_found(world, own, shared, client):
    assert shared.ask() == 200
    older = shared.address
    newer = Program(client, reverse("cohort_feed", args=[create_cohort_feed(world.cohort, by=world.organiser)]))
    assert (client.get(older).status_code, newer.ask()) == (404, 200)
    assert revoke_cohort_feed(world.cohort, by=world.captain)
    assert newer.ask() == 404
    assert not revoke_cohort_feed(world.cohort, by=world.captain)
    assert CohortFeed.objects.count() == 2
    own.ask()
    client.force_login(world.member)
    client.post(reverse("calendar_revoke"))
    assert own.ask() == 404


def test_who_left_has_no_meetings_any_more_and_a_deleted_account_no_feed(world, own):
    world.meeting()
    world.meeting(world.navigator, world.member)
    world.meeting(cohort=None)
    MeetingPerson.objects.create(meeting=world.meeting(starts_at=NOW - DAY), user=world.member, attendance="there")
    own.ask()
    assert len(own.meetings) == 4
    Membership.objects.filter(user=world.member).update(state="left", left_at=NOW)
    assert own.ask() == 200
    assert own.meetings == {}
    delete_account(world.member, by=world.member)
    assert own.ask() == 404


def test_the_feed_of_a_cohort_shows_what_is_everybodys(world, shared):
    everybody, all_cohorts = world.meeting(), world.meeting(cohort=None)
    world.meeting(world.navigator, world.member, kind="one_to_one")
    world.meeting(cohort=world.other_cohort)
    world.meeting(state="polling", starts_at=None)
    shared.ask()
    assert set(shared.meetings) == {str(everybody.uid), str(all_cohorts.uid)}
    assert all("ATTENDEE" not in one for one in shared.meetings.values())


def test_the_same_people_are_expected_seen_from_a_meeting_and_from_a_person(world):
    meetings = [
        world.meeting(),
        world.meeting(cohort=None),
        world.meeting(world.navigator, world.member),
        world.meeting(cohort=world.other_cohort),
        world.meeting(world.organiser, world.other, cohort=None),
    ]
    for person in (world.navigator, world.captain, world.member, world.organiser, world.other, world.stranger):
        expecting = {meeting.pk for meeting in meetings if person in people_of(meeting)}
        assert set(meetings_expecting(person).values_list("pk", flat=True)) == expecting, person
    Membership.objects.filter(user=world.mate).update(state="left", left_at=NOW)
    meetings.append(asked := world.meeting(world.navigator, world.mate))
    assert people_of(asked) == [world.navigator]
    assert not meetings_expecting(world.mate).exists()
    world.session.published_at = None
    world.session.save()
    for person in (world.navigator, world.member, world.organiser):
        expecting = {meeting.pk for meeting in meetings if person in people_of(meeting)}
        assert set(meetings_expecting(person).values_list("pk", flat=True)) == expecting, person


def test_only_those_who_lead_and_organise_give_addresses_away(world, client):
    for person in (world.member, world.other, world.stranger):
        with pytest.raises(PermissionDenied):
            create_cohort_feed(world.cohort, by=person)
        client.force_login(person)
        assert client.post(reverse("cohort_feed_create", args=[world.cohort.pk])).status_code == 404
        assert client.post(reverse("cohort_feed_revoke", args=[world.cohort.pk])).status_code == 404
    client.force_login(world.navigator)
    response = client.post(reverse("cohort_feed_create", args=[world.cohort.pk]))
    address = response.context["address"]
    assert address in response.text
    assert "no-store" in response["Cache-Control"]
    assert CohortFeed.objects.get().token_hash not in address
    assert address not in client.get(reverse("meetings", args=[world.cohort.pk])).text
    client.post(reverse("cohort_feed_revoke", args=[world.cohort.pk]))
    assert not CohortFeed.objects.working().exists()


def test_tokens_stay_out_of_logs():
    assert "s3cret" not in mask_tokens('"GET /feeds/cohorts/s3cret.ics HTTP/1.1" 404')


def test_statements_do_not_grow_with_the_meetings(world, own, shared):
    def statements(program) -> int:
        with CaptureQueriesContext(connection) as queries:
            program.ask()
        return len(queries)

    world.meeting()
    own.ask(), shared.ask()
    world.meeting()
    before = statements(own), statements(shared)
    for _number in range(5):
        world.meeting()
    assert (statements(own), statements(shared)) == before
