"""At which instant somebody is reminded of a check-in: their own clock decides, also where clocks change."""

import datetime
import zoneinfo
from datetime import UTC
from types import SimpleNamespace

import pytest

from cohorts.checkin_reminders import reminder_at


def week(starts_on: str, zone: str = "UTC"):
    first = datetime.date.fromisoformat(starts_on)
    session = SimpleNamespace(zone=zoneinfo.ZoneInfo(zone))
    return SimpleNamespace(starts_on=first, ends_on=first + datetime.timedelta(days=6), session=session)


@pytest.mark.parametrize(
    ("day", "time", "zone", "of", "expected"),
    [
        pytest.param(4, "12:00", "Europe/Rome", week("2026-11-16"), "2026-11-20T11:00", id="a Friday noon"),
        pytest.param(
            0, "00:00", "Europe/Rome", week("2026-11-16"), "2026-11-16T00:00", id="not before the week where the session is"
        ),
        pytest.param(
            0, "08:00", "Pacific/Auckland", week("2026-11-16", "America/Los_Angeles"), "2026-11-16T08:00", id="far east"
        ),
        pytest.param(6, "23:00", "Pacific/Honolulu", week("2026-11-16", "Pacific/Auckland"), "2026-11-23T09:00", id="far west"),
        pytest.param(6, "02:30", "Europe/Rome", week("2027-03-22"), "2027-03-28T01:30", id="an hour that is skipped comes later"),
        pytest.param(
            6, "02:30", "Europe/Rome", week("2026-10-19"), "2026-10-25T00:30", id="an hour that comes twice counts first"
        ),
        pytest.param(5, "09:00", "Asia/Kathmandu", week("2026-11-16"), "2026-11-21T03:15", id="a quarter of an hour"),
        pytest.param(1, "09:00", "UTC", week("2026-11-18"), "2026-11-24T09:00", id="a week that begins on a Wednesday"),
    ],
)
def test_the_hour_of_a_reminder(day, time, zone, of, expected):
    found = reminder_at(day, datetime.time.fromisoformat(time), zoneinfo.ZoneInfo(zone), of)
    assert found == datetime.datetime.fromisoformat(expected).replace(tzinfo=UTC)
