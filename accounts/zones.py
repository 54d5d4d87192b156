"""Names of time zones as people read them."""

import datetime


def zone_label(moment: datetime.datetime) -> str:
    """The place of a moment's zone: “Rome” for Europe/Rome, “UTC” for UTC; an offset where the zone has no name."""
    name = getattr(moment.tzinfo, "key", None) or moment.tzname() or "UTC"
    return name.rpartition("/")[2].replace("_", " ")
