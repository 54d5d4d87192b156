"""Calendar addresses: made once, shown once, revocable; and valid iCalendar."""

import datetime
import logging

from django.urls import reverse
from django.utils import timezone

from accounts.feeds import create_feed, entries_for, feed_owner, render_calendar
from accounts.logs import MaskFeedTokens
from accounts.models import CalendarFeed
from accounts.people_registry import CalendarEntry
from tests.factories import ApplicationFactory, CohortFactory, MembershipFactory, SessionFactory, SessionRoleFactory

NOW = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.UTC)


def render(**changes):
    entry = CalendarEntry(
        **{"uid": "week-1", "starts_on": datetime.date(2026, 11, 2), "ends_on": datetime.date(2026, 11, 8), "summary": "Week 1"}
        | changes
    )
    return render_calendar([entry], name="Cohorts", origin="https://example.org", now=NOW)


def test_makes_an_address_and_shows_it_once(client, person):
    client.force_login(person)
    response = client.post(reverse("calendar_create"))
    address = response.context["address"]
    assert address in response.text
    assert response["Cache-Control"] == "no-store"
    token = address.rpartition("/")[2].removesuffix(".ics")
    assert len(token) >= 43
    assert CalendarFeed.objects.get().token_hash not in ("", token)
    assert token not in client.get(reverse("me")).text

    client.logout()
    calendar = client.get(reverse("feed", args=[token]))
    assert calendar.status_code == 200
    assert calendar["Content-Type"] == "text/calendar; charset=utf-8"
    assert calendar["Referrer-Policy"] == "no-referrer"


def test_a_new_address_replaces_the_old_one_and_can_be_turned_off(client, person):
    client.force_login(person)
    old, new = create_feed(person), create_feed(person)
    assert feed_owner(old) is None
    assert feed_owner(new) == person
    client.post(reverse("calendar_revoke"))
    assert client.get(reverse("feed", args=[new])).status_code == 404
    client.post(reverse("calendar_revoke"))
    assert CalendarFeed.objects.working().count() == 0


def test_a_wrong_token_is_not_found(client, db):
    assert client.get(reverse("feed", args=["nothing"])).status_code == 404


def test_closing_the_account_closes_the_feed(person):
    token = create_feed(person)
    person.is_active = False
    person.save()
    assert feed_owner(token) is None


def test_addresses_are_made_by_post_only(client, person):
    client.force_login(person)
    assert client.get(reverse("calendar_create")).status_code == 405
    assert client.get(reverse("calendar_revoke")).status_code == 405


def test_tokens_do_not_reach_the_logs():
    for message, args in [("Not Found: %s", ("/feeds/s3cret-token.ics",)), ('"GET /feeds/s3cret-token.ics HTTP/1.1" 200', ())]:
        record = logging.LogRecord("django", logging.WARNING, "", 0, message, args, None)
        assert MaskFeedTokens().filter(record)
        assert "s3cret" not in record.getMessage()
        assert "/feeds/….ics" in record.getMessage()


def test_entries_last_whole_days():
    text = render()
    assert "DTSTART;VALUE=DATE:20261102\r\n" in text
    assert "DTEND;VALUE=DATE:20261109\r\n" in text
    assert "UID:week-1@example.org\r\n" in text
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert text.endswith("END:VCALENDAR\r\n")


def test_text_is_escaped():
    text = render(summary="Plan; review, \\ and rest", description="One\nTwo")
    assert "SUMMARY:Plan\\; review\\, \\\\ and rest\r\n" in text
    assert "DESCRIPTION:One\\nTwo\r\n" in text


def test_a_line_break_cannot_add_a_line_of_its_own():
    assert "\r\nATTENDEE" not in render(summary="Week\r\nATTENDEE:mailto:x@example.org")


def test_long_lines_are_folded_between_characters():
    text = render(summary="Ångström ☕ " * 20)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "SUMMARY:" + "Ångström ☕ " * 20 in text.replace("\r\n ", "")


def test_members_have_the_weeks_of_their_published_session(person):
    membership = MembershipFactory(user=person)
    SessionFactory()
    weeks = [entry for entry in entries_for(person) if entry.uid.startswith("week-")]
    assert len(weeks) == membership.cohort.session.weeks
    assert weeks == sorted(weeks, key=lambda entry: entry.starts_on)


def test_members_have_nothing_before_publishing_but_navigators_do(person):
    session = SessionFactory(reviewing=True)
    membership = MembershipFactory(user=person, cohort=CohortFactory(session=session))
    assert entries_for(person) == []
    membership.role = "navigator"
    membership.save()
    assert entries_for(person)


def test_deadlines_fall_on_the_persons_own_day(person):
    person.time_zone = "Pacific/Auckland"
    person.save()
    closes = datetime.datetime(2027, 1, 31, 12, 30, tzinfo=datetime.UTC)
    session = SessionFactory(open=True, applications_close_at=closes, starts_on=datetime.date(2027, 3, 1))
    ApplicationFactory(session=session, applicant=person, status="draft", submitted_at=None)
    (entry,) = entries_for(person)
    assert entry.starts_on == datetime.date(2027, 2, 1)
    assert "01:30 (Pacific/Auckland), 12:30 UTC" in entry.description


def test_organisers_have_weeks_and_deadlines_without_repeats(person):
    session = SessionRoleFactory(user=person).session
    MembershipFactory(user=person, role="navigator", cohort=CohortFactory(session=session))
    uids = [entry.uid for entry in entries_for(person)]
    assert len(uids) == len(set(uids)) == session.weeks + 1


def test_offers_and_news_have_their_day(person):
    session = SessionFactory(reviewing=True, hear_by=datetime.date(2027, 2, 1))
    application = ApplicationFactory(applicant=person, session=session)
    assert [entry.uid for entry in entries_for(person)] == [f"hear-by-{application.pk}"]
    application.status = "offered"
    application.answer_by = timezone.now()
    application.save()
    assert [entry.uid for entry in entries_for(person)] == [f"answer-{application.pk}"]


def test_the_number_of_queries_does_not_grow(person, django_assert_max_num_queries):
    for _number in range(5):
        MembershipFactory(user=person)
        ApplicationFactory(applicant=person)
    with django_assert_max_num_queries(12):
        entries_for(person)
