"""How long the audit log is kept: each line says so itself, and the database lets it go no sooner."""

import datetime

from django.db import connections, router
from django.utils import timezone

from accounts.models import AuditEntry

#: The database compares with its own clock, which may be a little behind ours: a line that it refuses would stop all others.
MARGIN = datetime.timedelta(minutes=5)
#: So many lines go with one statement, so that nobody waits long for the table.
BATCH = 5000


def forget_old(*, now: datetime.datetime | None = None, most: int = 500_000) -> int:
    """Delete the lines whose time is over, up to `most`. Returns how many went.

    `now` can lie in the past only: the database compares with its own clock and refuses what is to be kept.
    """
    moment = (now or timezone.now()) - MARGIN
    alias = router.db_for_write(AuditEntry)
    table = connections[alias].ops.quote_name(AuditEntry._meta.db_table)
    gone = 0
    while gone < most:
        keys = list(AuditEntry.objects.using(alias).over(moment).order_by("kept_until").values_list("pk", flat=True)[:BATCH])
        if not keys:
            break
        with connections[alias].cursor() as cursor:
            marks = ", ".join(["%s"] * len(keys))
            cursor.execute(f"DELETE FROM {table} WHERE id IN ({marks})", keys)  # noqa: S608 (our own table)
        gone += len(keys)
    return gone
