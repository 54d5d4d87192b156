"""How pages say when something is, and lead to a calendar."""

import datetime

import pytest
from django.utils import timezone

from accounts.templatetags import interface
from accounts.templatetags.interface import ago, as_webcal

SUNDAY = datetime.datetime(2026, 11, 22, 22, 30, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime.datetime(2026, 11, 23, 9, tzinfo=datetime.UTC), "in 10\xa0hours"),
        (datetime.datetime(2026, 11, 25, 17, tzinfo=datetime.UTC), "in 3 days"),
        (datetime.datetime(2026, 11, 26, 16, tzinfo=datetime.UTC), "in 4 days"),
        (datetime.datetime(2026, 12, 2, 17, tzinfo=datetime.UTC), "in 1\xa0week"),
        (datetime.datetime(2026, 11, 20, 22, tzinfo=datetime.UTC), "2\xa0days ago"),
    ],
)
def test_days_ahead_are_those_of_the_calendar(moment, words, monkeypatch):
    monkeypatch.setattr(interface.timezone, "now", lambda: SUNDAY)
    with timezone.override("Europe/Rome"):
        assert ago(moment) == words


def test_a_calendar_opens_in_the_program_for_it():
    assert as_webcal("https://cohorts.example.org/feeds/abc.ics") == "webcal://cohorts.example.org/feeds/abc.ics"
