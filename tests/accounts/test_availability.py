"""The weekly grid: wall-clock half hours, kept in the person's own zone."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.availability import copy_day, grid, has_night, set_availability
from accounts.models import Availability


def save(client, slots, **changes):
    return client.post(
        reverse("availability"), {"time_zone": "Europe/Rome", "slot": slots, "source": 0, "target": "weekdays"} | changes
    )


def test_saves_half_hours_and_says_how_many_hours(client, person):
    client.force_login(person)
    response = client.post(reverse("availability"), {"time_zone": "Europe/Rome", "slot": [18, 19, 335]}, follow=True)
    stored = Availability.objects.get(user=person)
    assert (stored.slots, stored.time_zone, stored.hours) == ([18, 19, 335], "Europe/Rome", "1.5")
    assert "Saved: 1.5 hours a week." in response.text
    assert "last changed" in response.text


def test_unticking_everything_clears_it(client, person):
    set_availability(person, [1, 2], time_zone="Europe/Rome")
    client.force_login(person)
    save(client, [])
    assert Availability.objects.get().slots == []


@pytest.mark.parametrize("slots", [["336"], ["-1"], ["monday"], ["1", "99999999999"]])
def test_half_hours_that_do_not_exist_are_refused(client, person, slots):
    client.force_login(person)
    response = save(client, slots)
    assert response.status_code == 422
    assert not Availability.objects.exists()


def test_a_wrong_zone_keeps_what_was_ticked(client, person):
    client.force_login(person)
    response = save(client, [20], time_zone="Moon/Base")
    assert response.status_code == 422
    assert 'value="20" aria-label="Monday 10:00" checked' in response.text


def test_copies_a_day_with_a_button(client, person):
    client.force_login(person)
    save(client, [18, 19, 5 * 48], copy="1")
    assert Availability.objects.get().slots == [18, 19, 66, 67, 114, 115, 162, 163, 210, 211, 240]


def test_copying_replaces_and_refuses_other_days():
    assert copy_day([0, 50, 340 - 5], source=0, targets=[1]) == [0, 48, 335]
    with pytest.raises(ValidationError):
        copy_day([0], source=9, targets=[1])


def test_all_half_hours_are_on_the_page_with_their_names(client, person):
    client.force_login(person)
    page = client.get(reverse("availability")).text
    assert page.count('name="slot"') == 336
    assert 'aria-label="Sunday 23:30"' in page


def test_the_night_shows_where_somebody_chose_it(client, person):
    assert has_night([0])
    assert not has_night([20, 48 + 45])
    client.force_login(person)
    assert 'id="show-night">' in client.get(reverse("availability")).text
    set_availability(person, [0], time_zone="Europe/Rome")
    assert 'id="show-night" checked>' in client.get(reverse("availability")).text


def test_says_when_the_hours_are_in_another_zone_than_the_profile(client, person):
    set_availability(person, [20], time_zone="Asia/Tokyo")
    client.force_login(person)
    page = client.get(reverse("availability")).text
    assert "These hours are meant in Asia/Tokyo, your profile says Europe/Rome." in page


def test_grid_has_a_row_a_day_and_its_sum():
    rows = grid([0, 1, 2, 48])
    assert [row["hours"] for row in rows] == [1.5, 0.5, 0, 0, 0, 0, 0]
    assert all(len(row["cells"]) == 48 for row in rows)
    assert rows[0]["cells"][47]["ends"] == "24:00"


@pytest.mark.parametrize("slots", [[336], [-1]])
def test_domain_refuses_impossible_half_hours(person, slots):
    with pytest.raises(ValidationError):
        set_availability(person, slots, time_zone="Europe/Rome")
    with pytest.raises(ValidationError):
        set_availability(person, [1], time_zone="Moon/Base")
