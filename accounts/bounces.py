"""Addresses that took no mail: noted when a server or a provider says so, forgotten once mail arrives there."""

import datetime
from collections.abc import Iterable

from django.db.models import F
from django.db.models.functions import Lower
from django.utils import timezone

from background.masking import mask

from .models import AddressTrouble

Reason = AddressTrouble.Reason

#: What is over once a mail server has taken a mail for the address. A server on the way takes everything: what it sends back
#: comes later, so only who saw the mail arrive may say that an address where mail came back is well again.
OVER_WHEN_TAKEN = (Reason.REFUSED,)
OVER_WHEN_DELIVERED = (Reason.REFUSED, Reason.BOUNCED)
OVER_WHEN_SAID = (Reason.REFUSED, Reason.BOUNCED, Reason.COMPLAINED)


def troubled_addresses(addresses: Iterable[str]) -> dict[str, AddressTrouble]:
    """Those of `addresses` that took no mail, by the address in lower case. One query, and none where there are no addresses."""
    keys = {address.strip().lower() for address in addresses}
    if not keys:
        return {}
    found = AddressTrouble.objects.annotate(key=Lower("address")).filter(key__in=keys)
    return {trouble.address.lower(): trouble for trouble in found}


def note_trouble(address: str, reason: str, detail: str = "", *, at: datetime.datetime | None = None) -> AddressTrouble:
    """Write down that `address` took no mail. `reason` is one of `AddressTrouble.Reason`, `detail` what the server said.

    The row is made at the first time and counts the others. Names and addresses that a server repeats are taken out. `at`: when it
    happened, where that is not now.
    """
    now = at or timezone.now()
    said = {"reason": Reason(reason), "detail": mask(" ".join(detail.split()))[:300], "last_at": now}
    trouble, is_new = AddressTrouble.objects.get_or_create(
        address=address.strip().lower(), defaults={**said, "first_at": now, "times": 1}
    )
    if not is_new:
        AddressTrouble.objects.filter(pk=trouble.pk).update(**said, times=F("times") + 1)
        trouble.refresh_from_db()
    return trouble


def clear_trouble(address: str, *, reasons: Iterable[str] = OVER_WHEN_TAKEN, told_at: datetime.datetime | None = None) -> bool:
    """Forget the trouble of `address`, where it is one of `reasons`: mail was taken there. Returns whether there was any.

    `told_at`: when mail arrived, where that is not now; later trouble stays.
    """
    rows = AddressTrouble.objects.annotate(key=Lower("address")).filter(key=address.strip().lower(), reason__in=list(reasons))
    if told_at is not None:
        rows = rows.filter(last_at__lte=told_at)
    return bool(rows.delete()[0])
