"""Reviews that a member gave on other people's pull requests: what is said of them, and whether another one is asked for."""

import datetime
from collections.abc import Iterable, Sequence

from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from .meaning import reviews as reviews_in_story
from .models import Contribution, ReviewGiven, WorkItem
from .waiting import day_words

#: What is said of a review: to the member, and to others.
SAID = {
    ReviewGiven.State.APPROVED: (gettext_lazy("you approved it on %(day)s"), gettext_lazy("approved on %(day)s")),
    ReviewGiven.State.CHANGES_REQUESTED: (
        gettext_lazy("you asked for changes on %(day)s"),
        gettext_lazy("asked for changes on %(day)s"),
    ),
    ReviewGiven.State.COMMENTED: (gettext_lazy("you reviewed it on %(day)s"), gettext_lazy("reviewed on %(day)s")),
    ReviewGiven.State.DISMISSED: (
        gettext_lazy("your review of %(day)s was dismissed"),
        gettext_lazy("the review of %(day)s was dismissed"),
    ),
}


def reviews_of(contributions: Iterable[Contribution]) -> dict[int, list[ReviewGiven]]:
    """Reviews by contribution id, oldest first, for those in which the member is a reviewer: one query, none without any."""
    ids = [contribution.pk for contribution in contributions if contribution.role == Contribution.Role.REVIEWER]
    found: dict[int, list[ReviewGiven]] = {}
    for review in ReviewGiven.objects.filter(contribution__in=ids).order_by("submitted_at", "pk") if ids else ():
        found.setdefault(review.contribution_id, []).append(review)
    return found


def asked_again_at(item: WorkItem, reviews: Sequence[ReviewGiven]) -> datetime.datetime | None:
    """When the author asked the member for another review after the last one; None where nobody did, or it is not sure."""
    if not reviews or item.state != WorkItem.State.OPEN:
        return None
    return reviews_in_story.asked_again_at(item.events, reviewed_at=reviews[-1].submitted_at)


def review_words(reviews: Sequence[ReviewGiven], *, yours: bool, now: datetime.datetime) -> str:
    """“you approved it on 3 February, 2 reviews”: the last one, and how many there were."""
    if not reviews:
        return ""
    last = reviews[-1]
    day = day_words(timezone.localtime(last.submitted_at).date(), timezone.localtime(now).date())
    yours_and_theirs = SAID[ReviewGiven.State(last.state)]
    said = str(yours_and_theirs[0 if yours else 1]) % {"day": day}
    if len(reviews) > 1:
        said += ", " + ngettext("%(count)d review", "%(count)d reviews", len(reviews)) % {"count": len(reviews)}
    return said
