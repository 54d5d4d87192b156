"""Half hours on the wall as instants: in every kind of zone, and in the weeks in which clocks change."""

import datetime

import pytest

from accounts.availability import instants

MONDAY_9, SUNDAY_2, SUNDAY_0 = 18, 6 * 48 + 4, 6 * 48


def utc(*starts) -> list[str]:
    return [f"{start:%a %d %H:%M}" for start in sorted(starts)]


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("zone", "monday", "expected"),
    [
        ("UTC", "2027-01-04", "Mon 04 09:00"),
        ("Europe/Rome", "2027-01-04", "Mon 04 08:00"),
        ("Europe/Rome", "2027-07-05", "Mon 05 07:00"),
        # The Monday before and after each change: 28 March and 31 October 2027 in Europe, 14 March and 7 November in America.
        ("Europe/Rome", "2027-03-22", "Mon 22 08:00"),
        ("Europe/Rome", "2027-03-29", "Mon 29 07:00"),
        ("Europe/London", "2027-10-25", "Mon 25 08:00"),
        ("Europe/London", "2027-11-01", "Mon 01 09:00"),
        ("America/New_York", "2027-03-08", "Mon 08 14:00"),
        ("America/New_York", "2027-03-15", "Mon 15 13:00"),
        ("America/New_York", "2027-11-08", "Mon 08 14:00"),
        ("America/St_Johns", "2027-01-04", "Mon 04 12:30"),
        ("America/Sao_Paulo", "2027-07-05", "Mon 05 12:00"),
        ("Asia/Tokyo", "2027-07-05", "Mon 05 00:00"),
        ("Asia/Kolkata", "2027-07-05", "Mon 05 03:30"),
        ("Asia/Kathmandu", "2027-07-05", "Mon 05 03:15"),
        ("Australia/Eucla", "2027-07-05", "Mon 05 00:15"),
        # Southern summer time begins in October and ends in April.
        ("Australia/Sydney", "2027-01-04", "Sun 03 22:00"),
        ("Australia/Sydney", "2027-07-05", "Sun 04 23:00"),
        ("Pacific/Chatham", "2027-01-04", "Sun 03 19:15"),
        ("Pacific/Chatham", "2027-07-05", "Sun 04 20:15"),
        ("America/Santiago", "2027-01-04", "Mon 04 12:00"),
        # By half an hour only.
        ("Australia/Lord_Howe", "2027-01-04", "Sun 03 22:00"),
        ("Australia/Lord_Howe", "2027-07-05", "Sun 04 22:30"),
        ("Pacific/Kiritimati", "2027-01-04", "Sun 03 19:00"),
        ("Pacific/Pago_Pago", "2027-01-04", "Mon 04 20:00"),
    ],
)
def test_monday_at_nine_is_another_instant_in_each_zone_and_season(zone, monday, expected):
    assert utc(*instants([MONDAY_9], zone, day(monday))) == [expected]


@pytest.mark.parametrize(
    ("zone", "monday", "slots", "expected"),
    [
        # 28 March 2027, Rome: 2:00 to 3:00 does not take place.
        ("Europe/Rome", "2027-03-22", range(SUNDAY_2 - 1, SUNDAY_2 + 3), ["Sun 28 00:30", "Sun 28 01:00"]),
        # 31 October 2027, Rome: 2:00 to 3:00 takes place twice; the first one counts, once.
        ("Europe/Rome", "2027-10-25", range(SUNDAY_2 - 1, SUNDAY_2 + 3), ["Sat 30 23:30", "Sun 31 00:00", "Sun 31 00:30", "Sun 31 02:00"]),
        # 14 March and 7 November 2027, New York.
        ("America/New_York", "2027-03-08", range(SUNDAY_2, SUNDAY_2 + 3), ["Sun 14 07:00"]),
        ("America/New_York", "2027-11-01", range(SUNDAY_2 - 2, SUNDAY_2 + 1), ["Sun 07 05:00", "Sun 07 05:30", "Sun 07 07:00"]),
        # 3 October 2027, Lord Howe: 2:00 to 2:30 is skipped; 4 April 2027: 1:30 to 2:00 takes place twice.
        ("Australia/Lord_Howe", "2027-09-27", range(SUNDAY_2 - 1, SUNDAY_2 + 2), ["Sat 02 15:00", "Sat 02 15:30"]),
        ("Australia/Lord_Howe", "2027-03-29", range(SUNDAY_2 - 2, SUNDAY_2 + 1), ["Sat 03 14:00", "Sat 03 14:30", "Sat 03 15:30"]),
        # Midnight itself is skipped: 5 September 2027 in Santiago.
        ("America/Santiago", "2027-08-30", range(SUNDAY_0, SUNDAY_0 + 3), ["Sun 05 04:00"]),
    ],
)  # fmt: skip
def test_hours_that_are_skipped_are_left_out_and_those_that_come_twice_count_once(zone, monday, slots, expected):
    assert utc(*instants(slots, zone, day(monday))) == expected


def test_a_week_begins_on_a_monday():
    with pytest.raises(ValueError, match="not a Monday"):
        instants([0], "UTC", day("2027-01-05"))
