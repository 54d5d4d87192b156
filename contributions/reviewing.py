"""Reviews that a member gave on other people's pull requests: what is said of them, and whether another one is asked for."""

import datetime
from collections.abc import Iterable, Sequence

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .meaning.entries import parse_time
from .models import Contribution, ReviewGiven, WorkItem
from .waiting import day_words

REVIEWS = ("approved", "changes_requested", "reviewed")


def reviews_of(contributions: Iterable[Contribution]) -> dict[int, list[ReviewGiven]]:
    """Reviews by contribution id, oldest first, for those in which the member is a reviewer: one query, none without any."""
    ids = [contribution.pk for contribution in contributions if contribution.role == Contribution.Role.REVIEWER]
    found: dict[int, list[ReviewGiven]] = {}
    for review in ReviewGiven.objects.filter(contribution__in=ids).order_by("submitted_at", "pk") if ids else ():
        found.setdefault(review.contribution_id, []).append(review)
    return found


def asked_again_at(item: WorkItem, reviews: Sequence[ReviewGiven]) -> datetime.datetime | None:
    """When the author asked the member for another review after the last one; None where nobody did, or it is not sure.

    The story does not say whose review is asked for. Where the member is the only person who reviewed, it is theirs.
    """
    if not reviews or item.state != WorkItem.State.OPEN:
        return None
    last = reviews[-1].submitted_at
    reviewers, asked = set(), None
    for event in item.events:
        what = event.get("what")
        if what in REVIEWS and event.get("human"):
            reviewers.add(event.get("by"))
        elif what == "review_requested" and (at := parse_time(event.get("at"))) and at > last:
            asked = asked or at
    return asked if len(reviewers) <= 1 else None


def review_words(reviews: Sequence[ReviewGiven], *, yours: bool, now: datetime.datetime) -> str:
    """“you approved it on 3 February, after 2 reviews before”: the last one, and how many there were."""
    if not reviews:
        return ""
    last = reviews[-1]
    day = day_words(timezone.localtime(last.submitted_at).date(), timezone.localtime(now).date())
    said = {
        ReviewGiven.State.APPROVED: _("you approved it on %(day)s") if yours else _("approved on %(day)s"),
        ReviewGiven.State.CHANGES_REQUESTED: _("you asked for changes on %(day)s")
        if yours
        else _("asked for changes on %(day)s"),
        ReviewGiven.State.DISMISSED: _("your review of %(day)s was dismissed")
        if yours
        else _("the review of %(day)s was dismissed"),
    }.get(ReviewGiven.State(last.state), _("you reviewed it on %(day)s") if yours else _("reviewed on %(day)s")) % {"day": day}
    if len(reviews) > 1:
        said += ", " + ngettext("%(count)d review", "%(count)d reviews", len(reviews)) % {"count": len(reviews)}
    return said
