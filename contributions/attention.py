"""Why a leader may want to look after a member, as far as tracked work tells: what waits, what is red, what nobody answers."""

import datetime
from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cohorts.attention import Reason
from cohorts.models import CheckIn, Membership, Week
from cohorts.stages import current_week
from cohorts.working_days import working_days

from .freshness import MENDED_BY_THE_MEMBER
from .models import Contribution, MemberSync, WorkItem
from .reading import is_older
from .waiting import ASKED, AUTHORS, is_members_turn, since_words

#: Working days after which something is worth a word. A draft is work going on, so it may take longer.
CI_RED_AFTER, AUTHOR_WAITS_AFTER, DRAFT_AFTER = 2, 3, 8
#: Waiting for others is never held against the author; a leader may still know whom to ask.
OTHERS_WAIT_AFTER, NOTHING_OPEN_AFTER = 7, 5


def work_reasons(memberships: Sequence[Membership], now: datetime.datetime) -> Iterator[Reason]:
    """A source for `cohorts.attention`; four queries, whatever the number of members."""
    if not memberships:
        return
    session = memberships[0].cohort.session
    if not session.begins_at <= now < session.ends_at:
        return
    week = current_week(session, now)
    rests: dict[int, list[Week]] = defaultdict(list)
    for checkin in CheckIn.objects.filter(membership__in=memberships, resting=True).select_related("week"):
        rests[checkin.membership_id].append(checkin.week)
    work: dict[int, list[Contribution]] = defaultdict(list)
    tracked = Contribution.objects.shown().filter(membership__in=memberships).select_related("work_item")
    by_id = {membership.pk: membership for membership in memberships}
    for contribution in tracked.order_by("work_item__turn_since", "pk"):
        contribution.membership = by_id[contribution.membership_id]
        if not is_older(contribution):
            work[contribution.membership_id].append(contribution)
    problems = {
        sync.membership_id: sync for sync in MemberSync.objects.filter(membership__in=memberships).exclude(problem_code="")
    }
    for membership in memberships:
        if membership.pk in problems:
            yield from _of_freshness(membership, problems[membership.pk])
        if membership.state == Membership.State.RESTING or week in rests[membership.pk]:
            continue
        yield from _of_work(membership, work[membership.pk], rests[membership.pk], now)


def _of_freshness(membership: Membership, sync: MemberSync) -> Iterator[Reason]:
    words = {
        "no_login": _("has given no GitHub login, so their work cannot be followed"),
    }.get(sync.problem_code, _("has given a GitHub login that does not work, so their work cannot be followed"))
    if sync.problem_code in MENDED_BY_THE_MEMBER:
        page = reverse("progress", args=[membership.pk])
        yield Reason(membership, sync.problem_code, words, "trouble", sync.problem_since, page)


def _of_work(membership: Membership, work: list[Contribution], resting: list[Week], now: datetime.datetime) -> Iterator[Reason]:
    def age(moment: datetime.datetime) -> int:
        return working_days(membership.cohort.session, moment, now, resting=resting)

    for contribution in work:
        item = contribution.work_item
        if not item.is_open or contribution.role not in AUTHORS or item.turn_since is None:
            continue
        reason = _of_item(contribution, age(item.turn_since), now)
        if reason:
            yield reason
    if not any(contribution.work_item.is_open for contribution in work):
        last = max((ended for contribution in work if (ended := _ended(contribution.work_item))), default=None)
        since = max(moment for moment in (last, membership.cohort.session.begins_at, membership.joined_at) if moment)
        if age(since) >= NOTHING_OPEN_AFTER:
            page = reverse("progress", args=[membership.pk])
            yield Reason(membership, "nothing_open", _("has nothing open"), "quiet", since, page, alarm=False)


def _of_item(contribution: Contribution, days: int, now: datetime.datetime) -> Reason | None:
    item, membership = contribution.work_item, contribution.membership
    page = reverse("work", args=[contribution.pk])
    parts = {"title": Truncator(item.title).chars(60), "since": since_words(item.turn_since or now, now), "days": days}
    if is_members_turn(contribution):
        if item.turn_reason == "ci_failing":
            text = _("the checks of “%(title)s” fail %(since)s") if days >= CI_RED_AFTER else ""
            return Reason(membership, "ci_red", text % parts, "mine", item.turn_since, page) if text else None
        if item.turn_reason == "draft":
            text = _("“%(title)s” has been a draft %(since)s") if days >= DRAFT_AFTER else ""
            return Reason(membership, "draft", text % parts, "mine", item.turn_since, page, alarm=False) if text else None
        if days < AUTHOR_WAITS_AFTER:
            return None
        parts["asked"] = ASKED.get(item.turn_reason, "")
        text = (
            _("“%(title)s” waits for them %(since)s: %(asked)s") if parts["asked"] else _("“%(title)s” waits for them %(since)s")
        )
        return Reason(membership, "waits_for_author", text % parts, "mine", item.turn_since, page)
    if days < OTHERS_WAIT_AFTER or not item.turn:
        return None
    if item.turn == WorkItem.Turn.REVIEWER:
        text = ngettext(
            "“%(title)s” waits for a review, %(days)d working day; not in their hands",
            "“%(title)s” waits for a review, %(days)d working days; not in their hands",
            days,
        )
        return Reason(membership, "waits_for_review", text % parts, "reviewer", item.turn_since, page, alarm=False)
    text = ngettext(
        "“%(title)s” is with the maintainers, %(days)d working day; not in their hands",
        "“%(title)s” is with the maintainers, %(days)d working days; not in their hands",
        days,
    )
    return Reason(membership, "waits_for_maintainer", text % parts, "maintainer", item.turn_since, page, alarm=False)


def _ended(item: WorkItem) -> datetime.datetime | None:
    return item.merged_at or item.closed_at
