"""The people of a cohort on its page, and what those who lead write there."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from cohorts.cohort_details import ChangedElsewhere, change_details
from cohorts.cohort_people import cohort_people
from cohorts.models import Membership
from tests.factories import CohortFactory, MembershipFactory, SessionFactory, UserFactory

pytestmark = pytest.mark.django_db
NOON = datetime.datetime(2027, 1, 12, 12, tzinfo=datetime.UTC)


@pytest.fixture
def cohort():
    past = timezone.now() - datetime.timedelta(days=20)
    return CohortFactory(session=SessionFactory(announced_at=past, published_at=past, starts_on=past.date()))


@pytest.mark.parametrize(
    ("zone", "clock", "apart", "day", "asleep"),
    [
        ("Europe/Rome", "13:00", "", "", False),
        ("Asia/Kathmandu", "17:45", "4:45 hours ahead of you", "", False),
        ("America/New_York", "07:00", "6 hours behind you", "", False),
        ("Pacific/Kiritimati", "02:00", "13 hours ahead of you", "tomorrow", True),
        ("Europe/London", "12:00", "1 hour behind you", "", False),
    ],
)
def test_it_says_what_time_it_is_where_they_are(cohort, zone, clock, apart, day, asleep):
    place = MembershipFactory(cohort=cohort, user=UserFactory(time_zone=zone))
    reader = UserFactory.build(time_zone="Europe/Rome").zone
    (person,) = cohort_people([place], NOON, reader)
    assert (person.clock, person.apart, person.day, person.asleep) == (clock, apart, day, asleep)


def test_the_page_shows_how_to_reach_people_and_hides_places_that_are_only_kept(client, cohort):
    me, mate = (
        MembershipFactory(cohort=cohort, user=UserFactory(name=name, reach_me=f"{name} on chat")) for name in ("Ada", "Bo")
    )
    MembershipFactory(cohort=cohort, user=UserFactory(name="Kept", reach_me="secret"), state="invited")
    leader = MembershipFactory(cohort=cohort, role="navigator", user=UserFactory(name="Nav"))
    cohort.channel_url, cohort.about = "javascript:alert(1)", "**Hello**"
    cohort.save()
    client.force_login(me.user)
    page = client.get(reverse("cohort", args=[cohort.pk])).content.decode()
    assert "Bo on chat" in page
    assert "<strong>Hello</strong>" in page
    assert "secret" not in page
    assert "javascript:" not in page
    assert reverse("cohort_details", args=[cohort.pk]) not in page
    client.force_login(leader.user)
    assert reverse("cohort_details", args=[cohort.pk]) in client.get(reverse("cohort", args=[cohort.pk])).content.decode()
    assert Membership.objects.count() == 4
    assert mate.state == "active"


def test_only_those_who_lead_or_organise_write_it(cohort):
    member = MembershipFactory(cohort=cohort)
    with pytest.raises(PermissionDenied):
        change_details(cohort, by=member.user, channel_url="", channel_name="", about="Mine now")
    leader = MembershipFactory(cohort=cohort, role="captain")
    with pytest.raises(ValidationError, match="https"):
        change_details(cohort, by=leader.user, channel_url="https://a@evil.example", channel_name="", about="")
    with pytest.raises(ValidationError, match=r"5\D?000"):
        change_details(cohort, by=leader.user, channel_url="", channel_name="", about="x" * 500_000)


def test_an_older_page_overwrites_nothing(client, cohort):
    leader = MembershipFactory(cohort=cohort, role="navigator")
    change_details(cohort, by=leader.user, channel_url="", channel_name="", about="First\nline", seen="")
    with pytest.raises(ChangedElsewhere):
        change_details(cohort, by=leader.user, channel_url="", channel_name="", about="Second", seen="")
    client.force_login(leader.user)
    address = reverse("cohort_details", args=[cohort.pk])
    typed = {"channel_url": "https://chat.example.org/x", "channel_name": "#venus", "about": "Second", "seen": ""}
    answer = client.post(address, typed)
    assert answer.status_code == 409
    assert "First" in answer.content.decode()
    assert "Second" in answer.content.decode()
    again = client.post(address, {**typed, "seen": "First\r\nline"})
    assert again.status_code == 302
    cohort.refresh_from_db()
    assert (cohort.channel_name, cohort.about) == ("#venus", "Second")
