"""Why a leader may want to look after a member, as far as tracked work tells: what waits, what is red, what nobody answers.

A pull request that waits for others is never held against its author: such reasons are no alarms, and say so.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.github import github_host
from accounts.models import GitHubIdentity
from cohorts.attention import Reason
from cohorts.models import Membership, Repository
from cohorts.resting import Rest, rests_of

from .freshness import MENDED_BY_THE_MEMBER
from .item_reasons import reason_of_item
from .meaning.entries import parse_time
from .models import Contribution, MemberSync, ReviewGiven, WorkItem
from .open_work import last_ended, open_work, stories_of
from .sync.due import interval_of
from .waiting import AUTHORS, since_words

#: Working days without anything open, and without a sign on GitHub, after which it is worth a word.
NOTHING_OPEN_AFTER, QUIET_AFTER = 5, 7
#: Of data that is older than this nobody can say that somebody has gone quiet.
LOOKED_LATELY = datetime.timedelta(days=2)
#: So many titles are named after the end; more would be a list, which the progress page has.
TITLES_SHOWN = 3
OTHERS = (WorkItem.Turn.REVIEWER, WorkItem.Turn.MAINTAINER)


def login_reasons(memberships: Sequence[Membership], now: datetime.datetime) -> Iterator[Reason]:
    """A source for `cohorts.attention`: logins that are missing or do not work, where GitHub is followed. Three queries.

    Before the start it is good to know, once the weeks run it is in the way of everything else.
    """
    session = memberships[0].cohort.session
    if now >= session.ends_at or not Repository.objects.filter(project__sessions=session, host=github_host()).exists():
        return
    known = set(
        GitHubIdentity.objects.filter(user__in=[membership.user_id for membership in memberships])
        .exclude(login="")
        .values_list("user_id", flat=True)
    )
    syncs = MemberSync.objects.filter(membership__in=memberships).in_bulk(field_name="membership_id")
    for membership in memberships:
        sync = syncs.get(membership.pk)
        code = sync.problem_code if sync else ""
        if membership.user_id not in known:
            text = _("has given no GitHub login, so their work cannot be followed")
            code, since = "no_login", sync.problem_since if sync and code == "no_login" else None
        elif sync is not None and code in MENDED_BY_THE_MEMBER and code != "no_login":
            text, since = _("has given a GitHub login that does not work, so their work cannot be followed"), sync.problem_since
        else:
            continue
        begun = now >= session.begins_at
        help = _("Ask them to write their GitHub login in their profile: only they can.")
        page = reverse("progress", args=[membership.pk])
        yield Reason(
            membership, code, text, "trouble" if begun else "quiet", since, page,
            alarm=begun, topic="place", help=help, action=_("See the progress"), key=code,
        )  # fmt: skip


def work_reasons(memberships: Sequence[Membership], now: datetime.datetime) -> Iterator[Reason]:
    """A source for `cohorts.attention`; eight queries at most, whatever the number of members."""
    session = memberships[0].cohort.session
    if now < session.begins_at:
        return
    work = open_work(memberships)
    if now >= session.ends_at:
        # Open work is followed for some weeks more. Nothing ages, nobody is chased.
        if interval_of(session, now) is not None:
            yield from (_after_the_end(membership, own) for membership in memberships if (own := _own(work[membership.pk])))
        return
    rests = rests_of(memberships, now)
    silent = []
    for membership in memberships:
        if rests[membership.pk].now:
            continue
        own = _own(work[membership.pk])
        found = [reason for contribution in own if (reason := reason_of_item(contribution, rests[membership.pk], now))]
        yield from found
        # Where something waits for others, waiting is the work.
        if not any(reason.alarm for reason in found) and not any(each.work_item.turn in OTHERS for each in own):
            silent.append(membership)
    stories = stories_of(contribution for membership in silent for contribution in work[membership.pk])
    signs = _Signs(memberships, stories, now)
    for membership in silent:
        yield from _of_quiet(membership, work[membership.pk], rests[membership.pk], signs, now)


def _own(work: list[Contribution]) -> list[Contribution]:
    return [contribution for contribution in work if contribution.role in AUTHORS]


class _Signs:
    """When each member was last seen on GitHub, as far as anybody can know. Four queries. `stories`: see `stories_of`."""

    def __init__(self, memberships: Sequence[Membership], stories: Mapping[int, list[dict]], now: datetime.datetime) -> None:
        self.stories = stories
        users = {membership.user_id: membership.pk for membership in memberships}
        self.ended = last_ended(memberships)
        self.logins = {
            users[user]: login.casefold()
            for user, login in GitHubIdentity.objects.filter(user__in=users).values_list("user_id", "login")
        }
        #: Whoever no sync has found lately may be busy where nobody looks.
        self.followed = set(
            MemberSync.objects.filter(
                membership__in=memberships, problem_code="", synced_at__gte=now - LOOKED_LATELY
            ).values_list("membership_id", flat=True)
        )
        self.reviewed: dict[int, datetime.datetime] = {}
        given = ReviewGiven.objects.filter(contribution__membership__in=memberships, contribution__hidden=False)
        for pk, at in given.order_by("submitted_at").values_list("contribution__membership_id", "submitted_at"):
            self.reviewed[pk] = at

    def last(self, membership: Membership, work: list[Contribution]) -> datetime.datetime | None:
        login = self.logins.get(membership.pk, "")
        moments = [self.ended.get(membership.pk), self.reviewed.get(membership.pk)]
        for contribution in work:
            if contribution.role in AUTHORS:
                moments.append(contribution.work_item.created_at)
            moments += [
                parse_time(event.get("at")) for event in self.stories.get(contribution.work_item_id, ()) if _is_by(event, login)
            ]
        return max((moment for moment in moments if moment), default=None)


def _is_by(event: dict, login: str) -> bool:
    return bool(login) and str(event.get("by", "")).casefold() == login


def _of_quiet(membership, work: list[Contribution], rest: Rest, signs: _Signs, now: datetime.datetime) -> Iterator[Reason]:
    """No sign on GitHub for long, else nothing open."""
    if membership.pk not in signs.followed:
        return
    floor = max(membership.cohort.session.begins_at, membership.joined_at)
    last = signs.last(membership, work)
    since = max(last, floor) if last else floor
    page, see = reverse("progress", args=[membership.pk]), _("See the progress")
    if rest.age(since, now) >= QUIET_AFTER:
        text = _("has gone quiet on GitHub: nothing %(since)s") if last else _("has not been seen on GitHub in these weeks")
        help = _(
            "Ask how it is going. Perhaps they work elsewhere, or by themselves: a link on their progress page shows it here."
        )
        text %= {"since": since_words(since, now)}
        yield Reason(membership, "gone_quiet", text, "mine", since, page, topic="silent", help=help, action=see)
    elif not any(contribution.work_item.is_open for contribution in work):
        ended = signs.ended.get(membership.pk)
        since = max(ended, floor) if ended else floor
        if rest.age(since, now) >= NOTHING_OPEN_AFTER:
            help = _("Look for a small next issue together.")
            yield Reason(
                membership, "nothing_open", _("has nothing open"), "quiet", since, page,
                alarm=False, topic="silent", help=help, action=see,
            )  # fmt: skip


def _after_the_end(membership: Membership, own: list[Contribution]) -> Reason:
    names = [_("“%(title)s”") % {"title": contribution.work_item.title} for contribution in own[:TITLES_SHOWN]]
    if len(own) > TITLES_SHOWN:
        names.append("…")
    text = _("still has open work: %(titles)s") % {"titles": ", ".join(names)}
    help = _("A friendly word helps to land it. Nobody owes anything any more.")
    page = reverse("progress", args=[membership.pk])
    return Reason(
        membership, "still_open", text, "quiet", url=page,
        alarm=False, topic="reviews", help=help, action=_("See the progress"),
    )  # fmt: skip
