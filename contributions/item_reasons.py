"""What an open item says about its member, and what one could do about it."""

import datetime
import math

from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cohorts.attention import Reason
from cohorts.resting import Rest

from .models import Contribution, WorkItem
from .waiting import ASKED, is_members_turn, since_words

#: Working days after which something is worth a word. A draft is work going on, so it may take longer.
CI_RED_AFTER, AUTHOR_WAITS_AFTER, DRAFT_AFTER = 2, 3, 8
#: Waiting for others is never held against the author; a leader may still know whom to ask.
OTHERS_WAIT_AFTER = 7

#: What one could do, by the reason for which it is the member's turn.
HELP = {
    "changes_requested": gettext_lazy("Read the review together: what is meant, and where to begin?"),
    "commented": gettext_lazy("Ask whether the comment is clear. A short answer is often enough to get it moving."),
    "conflict": gettext_lazy("Show how to bring the branch up to date, once, together."),
    "patch_needs_work": gettext_lazy("Read on the ticket together what is missing."),
}


def reason_of_item(contribution: Contribution, rest: Rest, now: datetime.datetime) -> Reason | None:
    """Why this item, of which the member is the author, is worth a word; None where it is not."""
    item = contribution.work_item
    if not item.is_open or item.turn_since is None:
        return None
    days = rest.age(item.turn_since, now)
    # Most of a session's work is younger, and needs no words.
    if days < _worth_a_word_after(contribution):
        return None
    parts = {"title": Truncator(item.title).chars(60), "since": since_words(item.turn_since, now), "days": days}
    if is_members_turn(contribution):
        return _of_members_turn(contribution, parts)
    if item.turn == WorkItem.Turn.REVIEWER:
        text = ngettext(
            "“%(title)s” waits for a review, %(days)d working day; not in their hands",
            "“%(title)s” waits for a review, %(days)d working days; not in their hands",
            days,
        )
        help = _("If you know somebody who could look at it, ask them. The member needs to do nothing.")
        return _reason(contribution, "waits_for_review", text % parts, "reviewer", help, alarm=False)
    text = ngettext(
        "“%(title)s” is with the maintainers, %(days)d working day; not in their hands",
        "“%(title)s” is with the maintainers, %(days)d working days; not in their hands",
        days,
    )
    help = _("A kind question where the project talks may help. The member needs to do nothing.")
    return _reason(contribution, "waits_for_maintainer", text % parts, "maintainer", help, alarm=False)


def _worth_a_word_after(contribution: Contribution) -> float:
    item = contribution.work_item
    if not is_members_turn(contribution):
        return OTHERS_WAIT_AFTER if item.turn else math.inf
    return {"ci_failing": CI_RED_AFTER, "draft": DRAFT_AFTER}.get(item.turn_reason, AUTHOR_WAITS_AFTER)


def _of_members_turn(contribution: Contribution, parts: dict) -> Reason:
    reason = contribution.work_item.turn_reason
    if reason == "ci_failing":
        text = _("the checks of “%(title)s” fail %(since)s") % parts
        help = _("Open the first check that fails together: its last lines mostly say what is wrong.")
        return _reason(contribution, "ci_red", text, "mine", help, topic="checks")
    if reason == "draft":
        text = _("“%(title)s” has been a draft %(since)s") % parts
        return _reason(contribution, "draft", text, "mine", _("Ask what is missing before others can look at it."), alarm=False)
    if reason in ASKED:
        text = _("“%(title)s” waits for them %(since)s: %(asked)s") % {**parts, "asked": ASKED[reason]}
    else:
        text = _("“%(title)s” waits for them %(since)s") % parts
    help = str(HELP.get(reason, _("Ask what stands in the way.")))
    return _reason(contribution, "waits_for_author", text, "mine", help)


def _reason(contribution: Contribution, kind: str, text: str, tone: str, help: str, *, topic="reviews", alarm=True) -> Reason:
    page, since = reverse("work", args=[contribution.pk]), contribution.work_item.turn_since
    # Each time that it becomes somebody's turn is another one.
    key = f"work-{contribution.pk}-{int(since.timestamp()) if since else 0}"
    return Reason(
        contribution.membership, kind, text, tone, since, page,
        alarm=alarm, topic=topic, help=help, action=_("See the work"), key=key,
    )  # fmt: skip
