"""When a person has time in a week: half hours on that person's own wall clock."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .models import Availability, User
from .models.availability import SLOTS_A_DAY
from .models.user import validate_time_zone

DAYS = [_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")]

#: Hours that the page shows at first; the others are one tick away.
DAY_HOURS = range(7, 23)


def set_availability(user: User, slots: Iterable[int], *, time_zone: str) -> Availability:
    """Replace the weekly half hours of `user`: numbers from 0 (Monday 00:00) to 335 (Sunday 23:30), in `time_zone`.

    Raises `ValidationError` for other numbers and for an unknown zone.
    """
    validate_time_zone(time_zone)
    availability = Availability.objects.filter(user=user).first() or Availability(user=user)
    availability.slots = sorted(set(slots))
    availability.time_zone = time_zone
    availability.clean_fields(exclude=["user"])
    availability.save()
    return availability


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
