"""When a person has time in a week: half hours on that person's own wall clock."""

import datetime
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .models import Availability, User
from .models.availability import SLOTS_A_DAY
from .models.user import validate_time_zone

DAYS = [_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")]

#: Hours that the page shows at first; the others are one tick away.
DAY_HOURS = range(7, 23)


@dataclass(frozen=True)
class Preset:
    """A pattern of a week that a button ticks in addition to what is ticked."""

    label: Any
    days: range
    #: First and last hour; the last one is no longer part of it.
    hours: tuple[int, int]

    @property
    def slots(self) -> set[int]:
        first, end = (hour * 2 for hour in self.hours)
        return {day * SLOTS_A_DAY + slot for day in self.days for slot in range(first, end)}


PRESETS = {
    "evenings": Preset(_("Weekday evenings, 18 to 22"), range(5), (18, 22)),
    "daytime": Preset(_("Weekdays, 9 to 17"), range(5), (9, 17)),
    "weekends": Preset(_("Weekends, 10 to 18"), range(5, 7), (10, 18)),
    "mornings": Preset(_("Every morning, 7 to 9"), range(7), (7, 9)),
}
#: Unticks everything.
NOTHING = "nothing"


def set_availability(user: User, slots: Iterable[int], *, time_zone: str) -> Availability:
    """Replace the weekly half hours of `user`: numbers from 0 (Monday 00:00) to 335 (Sunday 23:30), in `time_zone`.

    Saying the same again confirms it. Raises `ValidationError` for other numbers and for an unknown zone.
    """
    validate_time_zone(time_zone)
    availability = Availability.objects.filter(user=user).first() or Availability(user=user)
    found = sorted(set(slots))
    if availability.pk and (availability.slots, availability.time_zone) == (found, time_zone):
        return confirm_availability(availability)
    availability.slots, availability.time_zone = found, time_zone
    availability.clean_fields(exclude=["user"])
    availability.save()
    return availability


def confirm_availability(availability: Availability) -> Availability:
    """Note that its person says that it is still right; when it was changed stays as it is."""
    Availability.objects.filter(pk=availability.pk).update(confirmed_at=timezone.now())
    availability.refresh_from_db(fields=["confirmed_at"])
    return availability


def with_preset(slots: Iterable[int], name: str) -> list[int]:
    """`slots` with those of a preset in addition; none for “nothing”. Raises `ValidationError` for other names."""
    if name == NOTHING:
        return []
    if name not in PRESETS:
        raise ValidationError(_("There is no such pattern of a week."))
    return sorted({*slots, *PRESETS[name].slots})


def copy_day(slots: Iterable[int], *, source: int, targets: Iterable[int]) -> list[int]:
    """`slots` with each day of `targets` made like day `source` (0 is Monday). Raises `ValidationError` for other days."""
    targets = list(targets)
    if any(not 0 <= day < len(DAYS) for day in [source, *targets]):
        raise ValidationError(_("This is not a day of the week."))
    chosen = set(slots)
    pattern = {slot % SLOTS_A_DAY for slot in chosen if slot // SLOTS_A_DAY == source}
    kept = {slot for slot in chosen if slot // SLOTS_A_DAY not in targets}
    return sorted(kept | {day * SLOTS_A_DAY + slot for day in targets for slot in pattern})


def slot_time(slot: int) -> str:
    """“09:30” for the half hour of a day that begins then; 48 is “24:00”."""
    return f"{slot // 2:02d}:{'30' if slot % 2 else '00'}"


def grid(slots: Iterable[int]) -> list[dict]:
    """The week as rows of half hours for the page: one row a day, each cell with its number, times and whether it is chosen."""
    chosen = set(slots)
    rows = []
    for day, name in enumerate(DAYS):
        cells = [
            {
                "slot": day * SLOTS_A_DAY + slot,
                "begins": slot_time(slot),
                "ends": slot_time(slot + 1),
                "is_chosen": day * SLOTS_A_DAY + slot in chosen,
                "is_night": slot // 2 not in DAY_HOURS,
                "is_full_hour": slot % 2 == 0,
            }
            for slot in range(SLOTS_A_DAY)
        ]
        rows.append({"day": day, "name": name, "cells": cells, "hours": sum(bool(cell["is_chosen"]) for cell in cells) / 2})
    return rows


def has_night(slots: Iterable[int]) -> bool:
    """Whether any half hour lies outside `DAY_HOURS`."""
    return any(slot % SLOTS_A_DAY // 2 not in DAY_HOURS for slot in slots)


# Across clock changes: a slot is a time on the wall, and which instant that is depends on the week.

HALF_HOUR = datetime.timedelta(minutes=30)


def instants(slots: Iterable[int], time_zone: str, monday: datetime.date) -> frozenset[datetime.datetime]:
    """The UTC starts of the half hours of the local week in `time_zone` that begins on `monday`.

    Half hours that the clock jumps over do not take place and are left out. Where the clock goes back, the first of the two
    times on the wall counts, once. Raises `ValueError` where `monday` is none, `ZoneInfoNotFoundError` for an unknown zone.
    """
    if monday.weekday() != 0:
        raise ValueError(f"{monday} is not a Monday.")
    zone = zoneinfo.ZoneInfo(time_zone)
    begin = datetime.datetime.combine(monday, datetime.time())
    found = set()
    for slot in slots:
        wall = begin + slot * HALF_HOUR
        utc = wall.replace(tzinfo=zone).astimezone(datetime.UTC)
        if utc.astimezone(zone).replace(tzinfo=None) == wall:
            found.add(utc)
    return frozenset(found)
