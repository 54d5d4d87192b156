"""Whether mail goes out, for `/healthz`."""

import datetime
from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Min
from django.utils import timezone

from background.health import register_check
from operations.metrics import Figure, one, register_figures

from .models import Message

#: With all its tries a message waits for less than three hours; younger ones than this are simply on their way.
WAITING_TOO_LONG = datetime.timedelta(minutes=30)
LOOK_BACK = datetime.timedelta(days=1)


def check_mail() -> tuple[str, dict[str, Any]]:
    """Messages that wait, the age of the oldest in seconds (None: none waits), and how many failed since yesterday, and how many wait
    for an organiser to say whether they arrived. `problems` says in words what an operator should look at."""
    now = timezone.now()
    waiting = Message.objects.filter(state=Message.State.QUEUED)
    oldest = waiting.aggregate(since=Min("created_at"))["since"]
    failed = Message.objects.filter(state=Message.State.FAILED, tried_at__gt=now - LOOK_BACK).count()
    late = now - oldest if oldest is not None and now - oldest > WAITING_TOO_LONG else None
    problems = []
    if late is not None:
        minutes = late // datetime.timedelta(minutes=1)
        problems.append(f"Mail has waited for {minutes} minutes. Look under Messages why, and whether the mail server answers.")
    return (
        "degraded" if problems else "ok",
        {
            "waiting": waiting.count(),
            "oldest_waiting_seconds": None if oldest is None else round((now - oldest).total_seconds()),
            "failed_since_yesterday": failed,
            "unsure": Message.objects.filter(state=Message.State.UNSURE).count(),
            "problems": problems,
        },
    )


def mail_figures() -> Iterator[Figure]:
    """For `/metrics`: messages by state, and how long the oldest waits. Nothing of whom they are for."""
    states = Message.objects.order_by().values_list("state").annotate(number=Count("pk"))
    yield Figure(
        "messages", "Messages that are kept, by state.", [({"state": state}, number) for state, number in sorted(states)]
    )
    _status, found = check_mail()
    yield one("messages_oldest_waiting_seconds", "Age of the oldest message to be sent.", found["oldest_waiting_seconds"] or 0)


def register() -> None:
    register_check("mail", check_mail)
    register_figures("mail", mail_figures)
