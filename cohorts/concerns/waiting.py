"""What becomes of a report that nobody reads, and of one that was closed long ago."""

import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from cohorts.models import Concern, ConcernContact

from . import mail

#: Nobody has read it for so long: those who were chosen are asked once more.
REMIND_AFTER = datetime.timedelta(days=3)
#: Then the other contacts of the site hear that one waits, without its words.
TELL_OTHERS_AFTER = datetime.timedelta(days=5)
#: So long after it was closed a report goes, with everything that was said about it.
KEPT_AFTER_CLOSING = datetime.timedelta(days=365)
BATCH = 100


def look_after_unread(now: datetime.datetime | None = None) -> int:
    """Remind readers and tell the other contacts, each once a report. Returns for how many reports something was done."""
    now = now or timezone.now()
    unread = Concern.objects.filter(state=Concern.State.NEW)
    reminded = unread.filter(created_at__lte=now - REMIND_AFTER, reminded_at=None)
    told = unread.filter(created_at__lte=now - TELL_OTHERS_AFTER, others_told_at=None)
    done = 0
    for key in list(reminded.order_by("pk").values_list("pk", flat=True)):
        done += _remind(key, now)
    for key in list(told.order_by("pk").values_list("pk", flat=True)):
        done += tell_others(key, now)
    return done


def _remind(key: int, now: datetime.datetime) -> bool:
    with transaction.atomic():
        concern = Concern.objects.select_for_update().filter(pk=key, state=Concern.State.NEW, reminded_at=None).first()
        if concern is None:
            return False
        for reading in concern.reading.filter(read_at=None, user__is_active=True).select_related("user").order_by("pk"):
            mail.tell_waiting(concern, reading.user, round=2)
        concern.reminded_at = now
        concern.save(update_fields=["reminded_at"])
    return True


def tell_others(key: int, now: datetime.datetime | None = None) -> bool:
    """Tell those contacts of the site who do not read it that one waits; where there are none, the operators. Never somebody who was left
    out, and never its sender. Once a report."""
    with transaction.atomic():
        concern = Concern.objects.select_for_update().filter(pk=key, state=Concern.State.NEW, others_told_at=None).first()
        if concern is None:
            return False
        for person in _others(concern):
            mail.tell_unread(concern, person)
        concern.others_told_at = now or timezone.now()
        concern.save(update_fields=["others_told_at"])
    return True


def _others(concern: Concern) -> list[User]:
    people = User.objects.filter(is_active=True).exclude(pk__in=concern.left_out.values("pk"))
    people = people.exclude(pk__in=concern.reading.values("user")).exclude(pk=concern.reporter_id)
    if concern.closed_to_operators:
        people = people.filter(is_superuser=False)
    contacts = ConcernContact.objects.reachable().filter(session=None).values("user")
    found = list(people.filter(pk__in=contacts).order_by("pk"))
    return found or list(people.filter(is_superuser=True).order_by("pk"))


def forget_closed(now: datetime.datetime | None = None) -> int:
    """Delete what was closed long ago, in small batches. Returns how many reports went."""
    over = (now or timezone.now()) - KEPT_AFTER_CLOSING
    count = 0
    while True:
        keys = list(
            Concern.objects.filter(state=Concern.State.CLOSED, closed_at__lt=over)
            .order_by("pk")
            .values_list("pk", flat=True)[:BATCH]
        )
        if not keys:
            return count
        # Asked again while deleting: somebody may have opened one of them meanwhile.
        gone, by_model = Concern.objects.filter(pk__in=keys, state=Concern.State.CLOSED, closed_at__lt=over).delete()
        if not gone:
            return count
        count += by_model.get("cohorts.Concern", 0)
