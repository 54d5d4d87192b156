"""Announcements: to everybody whom they are for, on the chosen morning where they live, once; also after a stop of the worker."""

import datetime
import zoneinfo

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.messages import send_message
from accounts.models import Message
from accounts.unsubscribing import token_for
from cohorts import announcing
from cohorts.announcement_people import Way, counts_of, told_of
from cohorts.announcements import (
    AnnouncementChanged,
    AnnouncementInvalid,
    AnnouncementRefused,
    Draft,
    announcements_for,
    cancel,
    copy_announcement,
    delete_draft,
    proposed_for,
    save_announcement,
    schedule,
    stamp_of,
    weeks_to_announce,
)
from cohorts.announcing import announce_due, due_at, send_announcement
from cohorts.models import Announcement, Session
from tests.factories import CohortFactory, MembershipFactory, SessionFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db

DAY = datetime.date(2026, 11, 24)
HOUR = datetime.timedelta(hours=1)
State = Announcement.State
#: Before it is morning anywhere, and the morning in three places, in UTC.
BEFORE = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC)
MORNINGS = {"Pacific/Auckland": 19 - 24, "Europe/Rome": 7, "America/Los_Angeles": 16}


def morning(zone: str) -> datetime.datetime:
    return datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC) + MORNINGS[zone] * HOUR


@pytest.fixture(autouse=True)
def before_it():
    with time_machine.travel(BEFORE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def session():
    return SessionFactory(name="Autumn", starts_on=datetime.date(2026, 11, 2))


@pytest.fixture
def organiser(session):
    return SessionRoleFactory(session=session).user


@pytest.fixture
def cohort(session):
    return CohortFactory(session=session)


@pytest.fixture
def people(cohort):
    """A member in each of three zones."""
    return {zone: MembershipFactory(cohort=cohort, user__time_zone=zone).user for zone in MORNINGS}


def scheduled(session, organiser, *, now=BEFORE, **changes) -> Announcement:
    draft = Draft(**{"subject": "Reviews", "body": "This week is about **reviews**.", "send_on": DAY, **changes})
    row = save_announcement(session, draft, by=organiser)
    return schedule(row, by=organiser, seen=stamp_of(row), now=now)


def told() -> list[str]:
    return list(Message.objects.filter(kind="announcement").order_by("pk").values_list("recipient__time_zone", flat=True))


# When it goes out


def test_each_gets_it_on_the_morning_where_they_live_and_once(session, organiser, people, before_it):
    row = scheduled(session, organiser)
    for zone in MORNINGS:
        before_it.move_to(morning(zone) - datetime.timedelta(minutes=1))
        announce_due()
        assert zone not in told()
        before_it.move_to(morning(zone))
        assert [announce_due(), announce_due()] == [1, 0]
        assert told()[-1] == zone
    row.refresh_from_db()
    assert row.state == State.SENDING
    before_it.move_to(datetime.datetime(2026, 11, 24, 20, tzinfo=datetime.UTC))
    assert announce_due() == 0
    row.refresh_from_db()
    assert (row.state, row.finished_at) == (State.SENT, datetime.datetime(2026, 11, 24, 20, tzinfo=datetime.UTC))
    assert sorted(told()) == sorted(MORNINGS)


@pytest.mark.parametrize(("days", "expected"), [(2, 3), (3.3, 1), (5, 0)])
def test_after_a_stop_of_the_worker_it_goes_out_late_and_never_as_old_news(session, organiser, people, days, expected):
    row = scheduled(session, organiser)
    now = morning("Europe/Rome") + datetime.timedelta(days=days)
    assert [announce_due(now), announce_due(now + HOUR)] == [expected, 0]
    row.refresh_from_db()
    assert row.state == State.SENT
    assert sum(one.way == Way.LATE for one in told_of(row, now)) == 3 - expected
    assert announcements_for(people["Europe/Rome"], session) == [row]


@pytest.mark.parametrize(
    ("zone", "day", "time", "expected"),
    [
        ("Europe/Rome", (2026, 3, 29), (2, 30), (1, 30)),  # clocks leave it out: half past three
        ("Europe/Rome", (2026, 10, 25), (2, 30), (0, 30)),  # comes twice: the first
        ("Asia/Kathmandu", (2026, 11, 24), (8, 0), (2, 15)),
    ],
)
def test_a_morning_is_one_instant_whatever_clocks_do(zone, day, time, expected):
    row = Announcement(send_on=datetime.date(*day), send_time=datetime.time(*time))
    user = UserFactory.build(time_zone=zone)
    assert due_at(row, user) == datetime.datetime(*day, *expected, tzinfo=datetime.UTC)


def test_it_is_for_those_who_are_there_each_once(session, organiser, cohort, before_it):
    navigator = MembershipFactory(cohort=cohort, role="navigator").user
    MembershipFactory(cohort=CohortFactory(session=session), role="captain", user=navigator)
    member, resting = MembershipFactory(cohort=cohort).user, MembershipFactory(cohort=cohort, state="resting").user
    MembershipFactory(cohort=cohort, state="left", left_at=BEFORE)
    MembershipFactory(cohort=cohort, state="invited")
    MembershipFactory(cohort=cohort, user__is_active=False)
    MembershipFactory(cohort=cohort, user__announcements_by_mail=False)
    for audience in Announcement.Audience:
        scheduled(session, organiser, audience=audience, subject=audience)
    before_it.move_to(morning("Europe/Rome"))
    MembershipFactory(cohort=cohort, joined_at=BEFORE)
    later = MembershipFactory(cohort=cohort)
    type(later).objects.filter(pk=later.pk).update(joined_at=morning("Europe/Rome") + HOUR)
    announce_due()
    got = {
        audience: set(Message.objects.filter(subject=audience).values_list("recipient", flat=True))
        for audience in Announcement.Audience
    }
    assert {navigator.pk, member.pk, resting.pk} <= got["everybody"]
    assert later.user_id not in got["everybody"]
    assert got["leaders"] == {navigator.pk}
    assert got["members"] == got["everybody"] - {navigator.pk}


def test_the_mail_says_what_was_written_and_how_to_have_none(session, organiser, people, before_it, client):
    row = scheduled(session, organiser, body="Read `{% url %}` and {name}, `<b>`.\n\n- One\n- [two](https://example.org)")
    before_it.move_to(morning("Europe/Rome"))
    announce_due()
    assert send_announcement(row.pk).sent == 2
    sent = next(one for one in mail.outbox if one.to == [people["Europe/Rome"].email])
    html = sent.alternatives[0][0]
    assert sent.subject == "Reviews"
    assert "Read {% url %} and {name}, <b>." in sent.body
    assert "- two: https://example.org" in sent.body
    assert "<code>{% url %}</code> and {name}, <code>&lt;b&gt;</code>." in html
    assert '<a href="https://example.org">two</a>' in html
    address = sent.extra_headers["List-Unsubscribe"]
    assert token_for(people["Europe/Rome"], "announcements") in address
    client.post(address.strip("<>"), {"List-Unsubscribe": "One-Click"})
    people["Europe/Rome"].refresh_from_db()
    assert not people["Europe/Rome"].announcements_by_mail


def test_the_number_of_statements_does_not_grow_with_the_people(session, organiser, cohort, before_it):
    counts = []
    # The first round looks up what stays known for as long as the process lives.
    for number in (2, 3, 30):
        for _one in range(number - cohort.memberships.count()):
            MembershipFactory(cohort=cohort)
        scheduled(session, organiser, subject=f"For {number}")
        before_it.move_to(morning("Europe/Rome"))
        with CaptureQueriesContext(connection) as queries:
            assert announce_due() == number
        counts.append(len(queries))
        before_it.move_to(BEFORE)
        Announcement.objects.update(state=State.CANCELLED)
    assert counts[1] == counts[2]


# Called off


@pytest.mark.parametrize("gone", ["cancelled", "left", "archived", "old"])
def test_what_is_not_true_any_more_is_not_sent(session, organiser, people, before_it, gone):
    row = scheduled(session, organiser)
    before_it.move_to(morning("Europe/Rome"))
    announce_due()
    if gone == "cancelled":
        cancel(row, by=organiser)
    elif gone == "left":
        row.session.cohorts.get().memberships.update(state="left", left_at=BEFORE)
    elif gone == "archived":
        Session.objects.update(archived_at=BEFORE)
    else:
        before_it.move_to(morning("Europe/Rome") + datetime.timedelta(days=5))
    message = Message.objects.get(kind="announcement", recipient=people["Europe/Rome"])
    send_message(message.pk)
    message.refresh_from_db()
    assert message.state == "dropped"
    before_it.move_to(morning("America/Los_Angeles"))
    assert announce_due() == (1 if gone == "old" else 0)


def test_what_is_cancelled_shows_nowhere_and_what_is_out_stays(session, organiser, people, before_it):
    row = cancel(scheduled(session, organiser), by=organiser)
    before_it.move_to(morning("Europe/Rome"))
    assert announce_due() == 0
    other = scheduled(session, organiser, now=BEFORE)
    announce_due()
    assert announcements_for(people["Europe/Rome"], session) == [other]
    before_it.move_to(morning("America/Los_Angeles") + 12 * HOUR)
    announce_due()
    with pytest.raises(AnnouncementRefused, match="cannot be taken back"):
        cancel(other, by=organiser)
    assert copy_announcement(row, by=organiser).state == State.DRAFT


# Who writes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"subject": " "}, "Write a subject"),
        ({"body": "\n"}, "Write a text"),
        ({"subject": "x" * 151}, "at most 150"),
        ({"body": "x" * 500_000}, "at most 20000"),
        ({"body": "<script>alert(1)</script>"}, "is HTML"),
        ({"body": "[x](javascript:alert(1))"}, "no address"),
        ({"body": "![x](https://example.org/x.png)"}, "Pictures"),
        ({"body": "a\u202eb"}, "nobody sees"),
    ],
)
def test_what_cannot_stand_in_a_mail_is_refused_with_the_reason(session, organiser, changes, words):
    with pytest.raises(AnnouncementInvalid, match=words):
        save_announcement(session, Draft(**{"subject": "x", "body": "y", **changes}), by=organiser)
    assert not Announcement.objects.exists()


def test_two_who_write_at_once_lose_nothing(session, organiser):
    row = save_announcement(session, Draft("One", "text"), by=organiser)
    seen = stamp_of(row)
    with time_machine.travel(BEFORE + HOUR, tick=False):
        save_announcement(session, Draft("Two", "text"), by=organiser, announcement=row, seen=seen)
    with pytest.raises(AnnouncementChanged) as changed:
        save_announcement(session, Draft("Three", "text"), by=organiser, announcement=row, seen=seen)
    assert changed.value.theirs.subject == "Two"
    with pytest.raises(AnnouncementChanged):
        schedule(row, by=organiser, seen=seen)


@pytest.mark.parametrize(
    ("change", "day", "words"),
    [
        ({}, None, "Choose the day"),
        ({}, datetime.date(2026, 11, 18), "over everywhere"),
        ({}, datetime.date(2999, 1, 1), "more than a year"),
        ({"published_at": None}, DAY, "publish the decisions"),
        ({"archived_at": BEFORE}, DAY, "archived"),
    ],
)
def test_what_cannot_be_scheduled_says_why(session, organiser, change, day, words):
    row = save_announcement(session, Draft("x", "y", send_on=day), by=organiser)
    Session.objects.update(**change)
    with pytest.raises(AnnouncementRefused, match=words):
        schedule(row, by=organiser, seen=stamp_of(row))


def test_organisers_alone_write_and_a_fixed_one_stays(session, organiser, people):
    row = scheduled(session, organiser)
    for act in (lambda by: cancel(row, by=by), lambda by: save_announcement(session, Draft("x", "y"), by=by)):
        with pytest.raises(AnnouncementRefused, match="Only the organisers"):
            act(people["Europe/Rome"])
    with pytest.raises(AnnouncementRefused, match="Only a draft can be changed"):
        save_announcement(session, Draft("x", "y"), by=organiser, announcement=row, seen=stamp_of(row))
    with pytest.raises(AnnouncementRefused, match="Only a draft can be deleted"):
        delete_draft(row, by=organiser)


def test_a_week_is_proposed_with_its_text_until_somebody_announces_it(session, organiser):
    week = session.calendar.get(number=5)
    week.title, week.announcement, week.before_tasks = "Half way", "Well done.", "- Rest"
    week.save()
    assert weeks_to_announce(session) == [week]
    draft = proposed_for(week)
    assert (draft.subject, draft.send_on) == ("Week 5: Half way", week.starts_on)
    assert draft.body == "Well done.\n\n## Before the week\n\n- Rest"
    save_announcement(session, draft, by=organiser)
    assert weeks_to_announce(session) == []


# Its pages


def page(session, name, *args):
    return reverse(f"admin:cohorts_session_{name}", args=[session.pk, *args])


def form(**changes) -> dict:
    return {
        "subject": "Reviews",
        "body": "Text",
        "audience": "everybody",
        "send_on": "2026-11-24",
        "send_time": "08:00",
        **changes,
    }


def test_an_organiser_writes_looks_sends_a_test_schedules_and_cancels(client, session, organiser, people):
    client.force_login(organiser)
    new = page(session, "announcement_new")
    assert client.get(new).status_code == 200
    assert "Write a subject" in client.post(new, form(subject="")).text
    response = client.post(new, form(schedule="yes"))
    row = Announcement.objects.get()
    assert response.url == page(session, "announcement_schedule", row.pk)

    rome = people["Europe/Rome"]
    shown = client.post(page(session, "announcement_typed"), form(body="Hi **all**", person=rome.email)).text
    assert rome.get_full_name() in shown
    assert "<strong>all</strong>" in shown
    assert "for nobody with this address" in client.post(
        page(session, "announcement_preview"), form(person=organiser.email), headers={"HX-Request": "true"}
    ).text  # fmt: skip
    client.post(page(session, "announcement_test"), form(number=row.pk, person=rome.email))
    test = Message.objects.get()
    assert (test.recipient, test.secret) == (organiser, True)

    asked = client.get(response.url).text
    assert "3 people get it by mail" in asked
    assert "Auckland" in asked
    assert client.post(response.url, {"seen": "older"}).status_code == 302
    assert Announcement.objects.get().state == State.DRAFT
    client.post(response.url, {"seen": stamp_of(row)})
    fixed = client.get(page(session, "announcement", row.pk))
    assert "Gets it by mail" in fixed.text
    client.post(page(session, "announcement_cancel", row.pk))
    assert Announcement.objects.get().state == State.CANCELLED
    client.post(page(session, "announcement_copy", row.pk))
    copy = Announcement.objects.exclude(pk=row.pk).get()
    assert client.get(page(session, "announcement", copy.pk)).status_code == 200
    client.post(page(session, "announcement_discard", copy.pk))
    assert "Reviews" in client.get(page(session, "announcements")).text
    assert Announcement.objects.count() == 1


def test_what_somebody_else_saved_stands_beside(client, session, organiser):
    row = save_announcement(session, Draft("One", "text"), by=organiser)
    seen = stamp_of(row)
    with time_machine.travel(BEFORE + HOUR, tick=False):
        save_announcement(session, Draft("Two", "theirs"), by=organiser, announcement=row, seen=seen)
    client.force_login(organiser)
    response = client.post(page(session, "announcement", row.pk), form(subject="Mine", seen=seen))
    assert response.status_code == 409
    assert "theirs" in response.text
    assert "Mine" in response.text


def test_words_that_are_typed_while_somebody_schedules_stay_in_the_form(client, session, organiser, people):
    row = scheduled(session, organiser)
    client.force_login(organiser)
    address = page(session, "announcement", row.pk)
    for _press in range(2):
        answer = client.post(address, form(body="Typed for an hour.", seen=stamp_of(row)))
        assert "Typed for an hour." in answer.text
    assert answer.status_code == 422
    assert "Only a draft can be changed" in answer.text


def test_who_does_not_organise_finds_no_page(client, session, organiser, cohort):
    row = scheduled(session, organiser)
    others = SessionRoleFactory().user
    for user in (MembershipFactory(cohort=cohort, role="navigator").user, others):
        client.force_login(user)
        for name, args in (("announcements", []), ("announcement", [row.pk]), ("announcement_html", [row.pk])):
            assert client.get(page(session, name, *args)).status_code == 404
    client.force_login(organiser)
    assert client.get(page(others.session_roles.get().session, "announcement", row.pk)).status_code == 404


def test_who_was_told_is_shown_with_what_became_of_it(session, organiser, people, before_it, client):
    row = scheduled(session, organiser)
    type(people["Europe/Rome"]).objects.filter(pk=people["Europe/Rome"].pk).update(announcements_by_mail=False)
    before_it.move_to(morning("America/Los_Angeles"))
    announce_due()
    send_announcement(row.pk)
    assert dict(counts_of(told_of(row, morning("America/Los_Angeles")))) == {Way.TOLD: 2, Way.OFF: 1}
    client.force_login(organiser)
    assert "has switched such mail off" in client.get(page(session, "announcement", row.pk)).text
    assert announcing.messages_of(row).count() == 2


def test_zones_of_the_tests_are_what_they_say():
    for zone in MORNINGS:
        assert morning(zone).astimezone(zoneinfo.ZoneInfo(zone)).strftime("%d %H:%M") == "24 08:00"
