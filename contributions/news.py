"""Whether there is anything new for a page that stays open: a marker that changes with what the page shows."""

import hashlib

from django.db.models import Count, Max, Q, QuerySet

from cohorts.models import CheckIn, Membership, Session

from .models import Contribution, SyncRun


def marker_of(session: Session, memberships: QuerySet[Membership]) -> str:
    """A short text for an address. Three queries, each for one row.

    It stays the same until a sync of the session ends, or work or check-ins of `memberships` are stored.
    """
    work = Contribution.objects.filter(membership__in=memberships).aggregate(last=Max("pk"), fetched=Max("work_item__fetched_at"))
    said = CheckIn.objects.filter(membership__in=memberships).aggregate(
        at=Max("updated_at", filter=Q(written_at__isnull=False)), resting=Count("pk", filter=Q(resting=True))
    )
    runs = SyncRun.objects.finished().filter(session=session).aggregate(at=Max("finished_at"))
    moments = (work["fetched"], said["at"], runs["at"])
    told = [str(work["last"] or 0), str(said["resting"]), *(moment.isoformat() if moment else "" for moment in moments)]
    # When somebody wrote, to the moment, is not for everybody who reads the page.
    return hashlib.sha256("|".join(told).encode()).hexdigest()[:16]
