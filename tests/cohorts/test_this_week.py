"""The line above every page: the week of each running session that somebody has a part in."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from cohorts.models import Membership
from cohorts.this_week import week_lines
from tests.factories import CohortFactory, MembershipFactory, SessionFactory

pytestmark = pytest.mark.django_db
MONDAY = datetime.date(2027, 5, 3)


def at(day: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(f"{day}T12:00:00+00:00")


def place(role="member", **session):
    values = {"starts_on": MONDAY, "announced_at": at("2020-01-01"), "published_at": at("2020-02-01"), **session}
    place = MembershipFactory(cohort=CohortFactory(session=SessionFactory(**values)), role=role)
    return Membership.objects.select_related("cohort__session").get(pk=place.pk)


@pytest.mark.parametrize(
    ("day", "week", "upcoming"),
    [
        ("2027-05-02", None, None),
        ("2027-05-03", 1, 2),
        ("2027-05-12", None, 2),
        ("2027-05-19", 2, None),
        ("2027-06-20", None, None),
    ],
)
def test_it_names_the_week_or_the_pause(day, week, upcoming):
    mine = place(weeks=2, pause_after=1)
    lines = week_lines([mine], [], at(day))
    if week is upcoming is None:
        assert lines == []
    else:
        (line,) = lines
        assert (line.week and line.week.number, line.next and line.next.number) == (week, upcoming)
        assert line.url == reverse("progress", args=[mine.pk])


def test_each_part_leads_to_its_page_and_two_sessions_to_two_lines(django_assert_num_queries):
    mine, led, old = (
        place(),
        place("navigator", starts_on=MONDAY + datetime.timedelta(days=7)),
        place(starts_on=datetime.date(2026, 1, 5)),
    )
    organised = SessionFactory(
        starts_on=MONDAY - datetime.timedelta(days=7), announced_at=at("2020-01-01"), published_at=at("2020-02-01")
    )
    with django_assert_num_queries(1):
        lines = week_lines([mine, led, old], [organised, mine.cohort.session], at("2027-05-12"))
    assert [line.url for line in lines] == [reverse("cohort", args=[led.cohort_id]), reverse("progress", args=[mine.pk])]
    with django_assert_num_queries(0):
        assert week_lines([old], [], at("2027-05-12")) == []


def test_it_leads_pages_of_people_and_no_others(client):
    mine = place(starts_on=timezone.now().date() - datetime.timedelta(days=10))
    assert "week-lines" not in client.get(reverse("sessions")).content.decode()
    client.force_login(mine.user)
    page = client.get(reverse("sessions")).content.decode()
    assert "<strong>Week 2</strong>" in page
    assert reverse("progress", args=[mine.pk]) in page
