"""Choosing a time zone from a list that works without JavaScript: type the beginning of a place's name."""

import functools
import zoneinfo

from django import forms
from django.utils.translation import gettext_lazy as _

_REGIONS = ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"]


@functools.cache
def zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Zones by region, as choices of a select."""
    regions: dict[str, list[tuple[str, str]]] = {region: [] for region in _REGIONS}
    for name in sorted(zoneinfo.available_timezones()):
        region, _slash, place = name.partition("/")
        if place and region in regions:
            regions[region].append((name, f"{region}/{place}".replace("_", " ")))
    return [("UTC", [("UTC", "UTC")]), *((region, places) for region, places in regions.items() if places)]


class TimeZoneField(forms.ChoiceField):
    """An IANA name. A zone that is stored already stays choosable even where the list leaves it out (old names)."""

    def __init__(self, **kwargs):
        kwargs.setdefault("label", _("Time zone"))
        super().__init__(choices=zone_choices, **kwargs)

    def valid_value(self, value):
        return value in zoneinfo.available_timezones()

    def keep(self, current: str) -> None:
        """Offer `current` as well."""
        if current and not any(current == name for _region, places in zone_choices() for name, _label in places):
            self.choices = [(current, current), *zone_choices()]
