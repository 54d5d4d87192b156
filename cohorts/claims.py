"""Claims: two reviewers who ask for the next application at the same time should not read the same one."""

import datetime
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from .models import Application, ReviewClaim, Session
from .review_queue import next_application

#: A claim that ended so long ago is of no use to anybody.
KEPT = datetime.timedelta(days=1)


def claim(application: Application, *, by) -> ReviewClaim:
    """Note that `by` reads `application` from now on, for as long as its session keeps an opened one; renews a claim."""
    until = timezone.now() + datetime.timedelta(minutes=application.session.claim_minutes)
    claimed, _created = ReviewClaim.objects.update_or_create(application=application, reviewer=by, defaults={"until": until})
    return claimed


def release(application: Application, *, by) -> None:
    """End the claim of `by`, where there is one."""
    ReviewClaim.objects.filter(application=application, reviewer=by).delete()


def next_for(reviewer, session: Session, *, skipped: Collection[int] = ()) -> Application | None:
    """Take the next application for `reviewer` and claim it; None where nothing waits.

    Whoever asks at the same moment waits for the lock, and then sees this claim: the two get different ones where there are two.
    """
    with transaction.atomic():
        Session.objects.select_for_update(no_key=True).filter(pk=session.pk).first()
        found = next_application(reviewer, session, skipped=skipped)
        if found is not None:
            # The session at hand: the row found has none loaded.
            found.session = session
            claim(found, by=reviewer)
    return found


def is_read_by_others(application: Application, *, reviewer) -> bool:
    """Whether somebody else reads `application` at present. Who it is, nobody is told."""
    return ReviewClaim.objects.alive().filter(application=application).exclude(reviewer=reviewer).exists()


def prune_claims() -> int:
    """Delete claims that ended long ago; how many. Living ones need no task: a claim ends by itself."""
    deleted, _by_model = ReviewClaim.objects.filter(until__lt=timezone.now() - KEPT).delete()
    return deleted
