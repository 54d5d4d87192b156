"""Saying when one has time: patterns of a week, undoing, two zones, and saying again that it is still right."""

import datetime

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.availability import PRESETS, confirm_availability, set_availability, with_preset
from accounts.models import Availability

MONDAY_18, SATURDAY = 36, 5 * 48


@pytest.fixture
def hours(person):
    """Said four months ago."""
    with time_machine.travel(timezone.now() - datetime.timedelta(days=125)):
        return set_availability(person, [20, 21], time_zone="Europe/Rome")


@pytest.fixture
def send(client, person):
    client.force_login(person)

    def to(slots, **more):
        return client.post(reverse("availability"), {"time_zone": "Europe/Rome", "slot": slots} | more, follow=True)

    return to


@pytest.mark.parametrize(
    ("name", "hours", "first"), [("evenings", 20, 36), ("daytime", 40, 18), ("weekends", 16, 260), ("mornings", 14, 14)]
)
def test_patterns_are_added_to_the_week(name, hours, first):
    assert len(PRESETS[name].slots) == 2 * hours
    assert min(PRESETS[name].slots) == first
    assert with_preset([0, first], name) == sorted({0, *PRESETS[name].slots})


def test_nothing_clears_and_other_patterns_do_not_exist():
    assert with_preset([1, 2], "nothing") == []
    with pytest.raises(ValidationError):
        with_preset([], "always")


def test_a_button_fills_a_pattern_in_and_undo_takes_it_back(send, person):
    response = send([0, 20], preset="evenings")
    assert len(Availability.objects.get().slots) == 42
    assert "Undo the last change" in response.text
    response = send([0], undo="1")
    assert Availability.objects.get().slots == [0, 20]
    assert "As before: 1 hour a week." in response.text
    assert "Undo the last change" not in response.text
    assert "There is nothing to undo any more." in send([], undo="1").text
    assert Availability.objects.get().slots == [0, 20]


def test_clearing_and_copying_can_be_undone_and_saving_ends_that(send):
    send([20, 21], preset="nothing")
    assert Availability.objects.get().slots == []
    send([], undo="1")
    assert Availability.objects.get().slots == [20, 21]
    assert "Undo the last change" in send([20], copy="1", source="0", target="every_day").text
    assert "Undo the last change" not in send([21]).text


def test_a_pattern_nobody_offered_changes_nothing(send):
    send([20], preset="always")
    assert Availability.objects.get().slots == [20]


def test_the_age_is_shown_and_still_right_renews_it_without_a_change(client, send, hours):
    page = client.get(reverse("availability")).text
    assert "You said this 4\xa0months ago." in page
    assert "Still right" in page
    before = hours.updated_at
    send([20, 21])
    hours.refresh_from_db()
    assert hours.updated_at == before
    assert hours.said_at == hours.confirmed_at > before
    assert "Still right" not in client.get(reverse("availability")).text
    with time_machine.travel(timezone.now() + datetime.timedelta(days=15)):
        client.force_login(hours.user)
        assert "You said 2\xa0weeks ago that this is right." in client.get(reverse("availability")).text


def test_still_right_from_another_page_leads_back_there_and_nowhere_else(client, person, hours):
    client.force_login(person)
    address = reverse("confirm_availability")
    assert client.get(address).status_code == 405
    assert client.post(address, {"next": "/applications/"}).url == "/applications/"
    assert client.post(address, {"next": "https://evil.example/"}).url == reverse("availability")
    hours.refresh_from_db()
    assert hours.confirmed_at
    assert "stand as they are" in client.post(address, headers={"HX-Request": "true"}).text
    Availability.objects.all().delete()
    assert client.post(address).url == reverse("availability")


def test_confirming_moves_no_date_of_change(hours):
    said = hours.updated_at
    assert confirm_availability(hours).said_at > said
    assert Availability.objects.get().updated_at == said


def test_of_two_zones_either_can_be_right_and_the_hours_stay_on_the_clock(client, send, person, hours):
    person.time_zone = "Asia/Tokyo"
    person.save()
    asks = "Which is right?"
    assert asks in client.get(reverse("availability")).text
    # Kept until the next log-in.
    assert asks not in send([20, 21], zone_is="grid").text
    assert Availability.objects.get().time_zone == "Europe/Rome"
    client.force_login(person)
    client.session.flush()
    client.force_login(person)
    assert asks in client.get(reverse("availability")).text
    assert asks not in send([20, 21], zone_is="profile").text
    found = Availability.objects.get()
    assert (found.time_zone, found.slots) == ("Asia/Tokyo", [20, 21])
