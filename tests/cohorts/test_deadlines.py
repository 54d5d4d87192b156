"""Deadlines are instants: how they are typed, how they are shown, and that they hold to the second."""

import datetime
import re
import zoneinfo

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.templatetags.interface import countdown
from accounts.zones import day_ended_anywhere, end_of_day_anywhere
from cohorts.forms.moments import MomentField, meaning
from cohorts.models import Application, LateCode, Session
from tests.factories import (
    ApplicationFactory,
    LateAccessFactory,
    LateCodeFactory,
    QuestionFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

UTC = datetime.UTC
SECOND = datetime.timedelta(seconds=1)


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


def zone(name: str) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(name)


# Anywhere on Earth


@pytest.mark.parametrize(
    ("day", "ends"),
    [("2026-11-30", "2026-12-01T12:00"), ("2026-12-31", "2027-01-01T12:00"), ("2028-02-28", "2028-02-29T12:00")],
)
def test_a_day_ends_last_at_noon_utc_of_the_next(day, ends):
    day = datetime.date.fromisoformat(day)
    assert end_of_day_anywhere(day) == at(ends)
    assert day_ended_anywhere(at(ends)) == day
    # Whatever zone the same instant is written in.
    assert day_ended_anywhere(at(ends).astimezone(zone("Pacific/Kiritimati"))) == day
    assert [day_ended_anywhere(at(ends) + step) for step in (SECOND, -SECOND, 3600 * SECOND)] == [None] * 3


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (["2026-11-30", "", "on"], "2026-12-01T12:00"),
        # The time is not used.
        (["2026-11-30", "18:00", "on"], "2026-12-01T12:00"),
        (["2026-11-30", "18:00", ""], "2026-11-30T17:00"),
        (["2026-07-30", "18:00:01", ""], "2026-07-30T16:00:01"),
        (["", "", ""], None),
        (["2026-11-30", "", ""], "Give the time as well."),
        (["", "18:00", ""], "Give the day as well."),
        (["", "", "on"], "Give the day as well."),
        (["9999-12-31", "", "on"], "Choose an earlier day."),
        (["30 novembre", "", "on"], "Enter a valid date."),
        # These do not exist, or twice: in Rome, when clocks change.
        (["2026-03-29", "02:30", ""], "couldn’t be interpreted"),
        (["2026-10-25", "02:30", ""], "couldn’t be interpreted"),
    ],
)
def test_what_organisers_type_is_one_instant_or_an_error(typed, stored):
    field = MomentField(anywhere=True, required=False)
    data = field.widget.value_from_datadict({f"closes_{part}": text for part, text in enumerate(typed) if text}, {}, "closes")
    with timezone.override("Europe/Rome"):
        if stored and not stored[0].isdigit():
            with pytest.raises(ValidationError, match=re.escape(stored)):
                field.clean(data)
            return
        found = field.clean(data)
        assert found == (at(stored) if stored else None)
        # What is stored comes back as it was meant, and saving it again changes nothing.
        again = field.widget.decompress(found)
        assert again[2:] == [bool(typed[2])]
        assert not found or field.compress(again) == found
        assert not field.has_changed(found, data) or (typed[1] and typed[2])


@pytest.mark.parametrize(
    ("moment", "place", "words"),
    [
        ("2026-12-01T12:00", "Europe/Rome", "Tuesday 1 December 2026, 13:00 (Rome); 1 December, 12:00 UTC; the end of 30 November anywhere on Earth"),
        ("2026-12-01T12:00", "UTC", "Tuesday 1 December 2026, 12:00 (UTC); the end of 30 November anywhere on Earth"),
        ("2026-12-01T23:30", "Asia/Kathmandu", "Wednesday 2 December 2026, 05:15 (Kathmandu); 1 December, 23:30 UTC"),
        # The same time on the clock twice: UTC tells them apart.
        ("2026-10-25T00:30", "Europe/Rome", "Sunday 25 October 2026, 02:30 (Rome); 25 October, 00:30 UTC"),
        ("2026-10-25T01:30", "Europe/Rome", "Sunday 25 October 2026, 02:30 (Rome); 25 October, 01:30 UTC"),
    ],
)  # fmt: skip
def test_what_a_stored_moment_means_is_written_out(moment, place, words):
    assert meaning(at(moment), zone(place)) == words


@pytest.mark.django_db
class TestInTheAdmin:
    @pytest.fixture
    def session(self):
        return SessionFactory(reviewing=True, time_zone="America/New_York")

    @pytest.fixture
    def organiser(self, client, session):
        found = SessionRoleFactory(session=session, user=UserFactory(time_zone="Asia/Tokyo")).user
        client.force_login(found)
        return found

    def test_the_session_says_what_its_deadline_means(self, client, session, organiser):
        Session.objects.filter(pk=session.pk).update(applications_close_at=at("2026-12-01T12:00"))
        page = client.get(reverse("admin:cohorts_session_change", args=[session.pk])).text
        assert "Saved: Tuesday 1 December 2026, 07:00 (New York); 1 December, 12:00 UTC; the end of 30 November" in page
        assert re.search(r'name="applications_close_at_0" value="2026-11-30"', page)
        assert re.search(r'name="applications_close_at_2"[^>]* checked', page)
        assert 'class="zone">Tokyo<' in page

    def test_codes_are_made_seen_and_taken_back(self, client, session, organiser):
        page = reverse("admin:cohorts_session_late_codes", args=[session.pk])
        assert page in client.get(reverse("admin:cohorts_session_change", args=[session.pk])).text
        day = timezone.now().date() + datetime.timedelta(days=3)
        typed = {"note": "For the users' group", "most_uses": "2", "expires_at_0": day.isoformat(), "expires_at_2": "on"}
        assert client.post(page, typed).status_code == 302
        code = LateCode.objects.get()
        assert (code.expires_at, code.most_uses, code.made_by) == (end_of_day_anywhere(day), 2, organiser)
        use = LateAccessFactory(code=code)
        shown = client.get(page).text
        assert all(text in shown for text in (code.code, "For the users&#x27; group", "1 of 2", use.person.email, "Can be used"))
        assert client.post(reverse("admin:cohorts_session_revoke_late_code", args=[session.pk, code.pk])).status_code == 302
        assert "Taken back" in client.get(page).text
        histories = client.get(reverse("admin:cohorts_session_history", args=[session.pk])).text
        # The note goes in its time, and nothing could take it out of the history.
        assert "For the users&#x27; group" not in histories
        assert code.code not in histories

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ({"most_uses": "0"}, "Give a number from 1 to 1000."),
            ({"most_uses": "99999999999"}, "Give a number from 1 to 1000."),
            ({"expires_at_0": ""}, "Give the day and the time until which people can apply."),
            ({"expires_at_0": "2020-01-01"}, "This moment is over."),
        ],
    )
    def test_what_is_wrong_is_named_and_stays(self, client, session, organiser, typed, words):
        valid = {"note": "Kept", "most_uses": "1", "expires_at_0": "2099-01-01", "expires_at_1": "10:00"}
        data = valid | typed | ({"expires_at_1": ""} if typed.get("expires_at_0") == "" else {})
        response = client.post(reverse("admin:cohorts_session_late_codes", args=[session.pk]), data)
        assert response.status_code == 422
        assert words in response.text
        assert 'value="Kept"' in response.text
        assert not LateCode.objects.exists()

    def test_codes_of_others_are_not_there(self, client, session, organiser):
        other = LateCodeFactory()
        for name, arguments in (
            ("late_codes", [other.session_id]),
            ("revoke_late_code", [other.session_id, other.pk]),
            ("revoke_late_code", [session.pk, other.pk]),
        ):
            assert client.post(reverse(f"admin:cohorts_session_{name}", args=arguments)).status_code == 404
        other.refresh_from_db()
        assert other.revoked_at is None

    def test_many_codes_cost_no_more_queries(self, client, session, organiser, django_assert_max_num_queries):
        for _ in range(20):
            LateAccessFactory(code__session=session)
        with django_assert_max_num_queries(14):
            client.get(reverse("admin:cohorts_session_late_codes", args=[session.pk]))


# What visitors see


def shown(moment: datetime.datetime, place: str, opens: str = "") -> str:
    request = RequestFactory().get("/")
    request.user, request.COOKIES["tz"] = AnonymousUser(), place
    with timezone.override(place):
        html = Template(f"{{% deadline moment {opens} %}}").render(Context({"moment": moment, "request": request}))
    return " ".join(re.sub(r"<[^>]*hidden>.*?</span>|<[^>]+>", "", html).split())


@pytest.mark.parametrize(
    ("moment", "place", "words"),
    [
        ("2026-12-01T12:00", "Asia/Kolkata", "Tuesday 1 December 2026, 17:30 (Kolkata) · 1 December, 12:00 UTC · the end of 30 November anywhere on Earth · in 9 days"),
        ("2026-12-01T12:00", "UTC", "Tuesday 1 December 2026, 12:00 (UTC) · the end of 30 November anywhere on Earth · in 9 days"),
        ("2026-12-01T11:00", "America/St_Johns", "Tuesday 1 December 2026, 07:30 (St Johns) · 1 December, 11:00 UTC · in 8 days"),
        ("2026-11-22T12:00", "Pacific/Kiritimati", "Monday 23 November 2026, 02:00 (Kiritimati) · 22 November, 12:00 UTC · the end of 21 November anywhere on Earth · over"),
    ],
)  # fmt: skip
def test_a_deadline_names_its_zone_utc_and_the_day(moment, place, words):
    with time_machine.travel(at("2026-11-22T12:00"), tick=False):
        assert shown(at(moment), place) == words
        assert "anywhere" not in shown(at(moment), place, "opens=True")


@pytest.mark.parametrize(
    ("left", "words"),
    [
        ({"days": 9, "hours": 23}, "in 9 days"),
        ({"hours": 48}, "in 2 days"),
        ({"hours": 47, "minutes": 59}, "in 47 hours"),
        ({"hours": 2}, "in 2 hours"),
        ({"minutes": 59}, "in 59 minutes"),
        ({"seconds": 61}, "in 1 minute"),
        ({"seconds": 59}, "in less than a minute"),
    ],
)
def test_the_countdown_is_calm_and_never_says_too_much(left, words):
    with time_machine.travel(at("2026-11-22T12:00"), tick=False):
        assert countdown(timezone.now() + datetime.timedelta(**left)) == words


@pytest.mark.django_db
def test_the_zone_of_an_unknown_visitor_is_left_to_the_browser(client):
    SessionFactory(open=True)
    assert "data-zone-unknown" in client.get("/").text
    client.cookies["tz"] = "Asia/Tokyo"
    assert "data-zone-unknown" not in client.get("/").text
    client.cookies.clear()
    client.force_login(UserFactory())
    assert "data-zone-unknown" not in client.get("/").text


# To the second


@pytest.mark.django_db
@pytest.mark.parametrize(("after", "taken"), [(-SECOND, True), (0 * SECOND, False), (SECOND, False)])
@pytest.mark.parametrize("late", [False, True])
def test_the_server_takes_nothing_from_the_deadline_on(client, after, taken, late):
    session = SessionFactory(open=True)
    question = QuestionFactory(session=session, required=True)
    asks_file = QuestionFactory(session=session, kind="file", required=False)
    people = UserFactory.create_batch(3)
    closes = session.applications_close_at
    if late:
        closes += 2 * datetime.timedelta(days=1)
        code = LateCodeFactory(session=session, most_uses=9, expires_at=closes)
        for person in people:
            LateAccessFactory(code=code, person=person)
    withdrawn = ApplicationFactory(session=session, applicant=people[2], status="withdrawn", draft={}, version=1)
    address = reverse("apply", args=[session.slug])
    data = {f"question_{question.pk}": "Just now", "version": "0", "github_login": "ada-w"}
    with time_machine.travel(closes + after, tick=False):
        statuses = []
        for person, action in zip(people, ("save", "submit", "submit"), strict=True):
            client.force_login(person)
            version = {"version": "1"} if person == people[2] else {}
            statuses.append(client.post(address, data | version | {"action": action}).status_code)
        upload = reverse("apply_file", args=[session.slug, asks_file.pk])
        sent = {f"file_{asks_file.pk}": SimpleUploadedFile("cv.pdf", b"%PDF-1.7\n%%EOF\n")}
        client.force_login(people[0])
        uploaded = client.post(upload, sent).status_code
    assert statuses == [302 if taken else 403] * 3
    assert uploaded == (200 if taken else 422)
    withdrawn.refresh_from_db()
    assert withdrawn.status == ("submitted" if taken else "withdrawn")
    assert Application.objects.count() == (3 if taken else 1)
