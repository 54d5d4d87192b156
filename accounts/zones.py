"""Names of time zones as people read them, and the day that ends last on Earth."""

import datetime


def zone_label(moment: datetime.datetime) -> str:
    """The place of a moment's zone: “Rome” for Europe/Rome, “UTC” for UTC; an offset where the zone has no name."""
    name = getattr(moment.tzinfo, "key", None) or moment.tzname() or "UTC"
    return name.rpartition("/")[2].replace("_", " ")


#: Where a day ends last: “anywhere on Earth”.
LAST_ZONE = datetime.timezone(datetime.timedelta(hours=-12))


def end_of_day_anywhere(day: datetime.date) -> datetime.datetime:
    """The instant at which `day` is over everywhere on Earth: 12:00 UTC of the next day. It is no longer part of `day`.

    Raises `OverflowError` for the last day that there is.
    """
    return datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time(12), tzinfo=datetime.UTC)


def day_ended_anywhere(moment: datetime.datetime) -> datetime.date | None:
    """The day that is over everywhere on Earth at exactly this aware moment; None where it is no such moment."""
    last = moment.astimezone(LAST_ZONE)
    return last.date() - datetime.timedelta(days=1) if last.time() == datetime.time() else None
