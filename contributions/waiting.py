"""Whose turn it is, in words: what a pill says about a contribution, and since when."""

import datetime
from dataclasses import dataclass
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy, ngettext, ngettext_lazy
from django.utils.translation import gettext as _

from cohorts.models import Session

from .kinds import icon_of
from .models import Contribution, WorkItem

State, Kind, Turn = WorkItem.State, WorkItem.Kind, WorkItem.Turn
AUTHORS = (Contribution.Role.AUTHOR, Contribution.Role.CO_AUTHOR)

#: What the member is asked to do, for each reason in which it is the member's turn.
ASKED = {
    "draft": gettext_lazy("still a draft"),
    "ci_failing": gettext_lazy("checks fail"),
    "conflict": gettext_lazy("conflicts with newer changes"),
    "changes_requested": gettext_lazy("changes requested"),
    "commented": gettext_lazy("a comment to answer"),
    "patch_needs_work": gettext_lazy("the patch needs work"),
}

#: What is said of an open item that waits for nobody.
NOBODYS = {
    "linked_pull_request": ("link", gettext_lazy("Goes on in its pull request")),
    "no_patch": ("quiet", gettext_lazy("Open, no patch yet")),
    "someday": ("quiet", gettext_lazy("Perhaps one day")),
}

#: What others are waited for: on the first day, and with the days that it takes.
WAITS = {
    "review": (
        gettext_lazy("Waits for a review"),
        ngettext_lazy("Waits for a review, %(days)d day", "Waits for a review, %(days)d days", "days"),
    ),
    "another look": (
        gettext_lazy("Waits for another look"),
        ngettext_lazy("Waits for another look, %(days)d day", "Waits for another look, %(days)d days", "days"),
    ),
    "approved": (
        gettext_lazy("Approved, with the maintainers"),
        ngettext_lazy("Approved, with the maintainers, %(days)d day", "Approved, with the maintainers, %(days)d days", "days"),
    ),
    "maintainers": (
        gettext_lazy("Waits for the maintainers"),
        ngettext_lazy("Waits for the maintainers, %(days)d day", "Waits for the maintainers, %(days)d days", "days"),
    ),
}


@dataclass(frozen=True)
class Waiting:
    """What a pill says. `tone` is mine, reviewer, maintainer, done or quiet; `icon` is one of the interface's."""

    tone: str
    icon: str
    text: str
    since: datetime.datetime | None = None


def waiting(contribution: Contribution, *, now: datetime.datetime, yours: bool) -> Waiting:
    """Words for a contribution with its `work_item` and `membership.cohort.session` loaded.

    `yours`: the member reads it. Others read “Their turn”. Of an item that somebody else wrote, the turn is its author's.
    """
    item = contribution.work_item
    if item.state == State.GONE:
        return Waiting("quiet", "quiet", gone_words(item), item.closed_at)
    if not item.is_open or item.kind == Kind.OTHER:
        return _done(item, contribution.membership.cohort.session)
    if item.fetched_at is None and not item.turn:
        return _unfetched(item)
    if contribution.role not in AUTHORS:
        return _of_others(item, now)
    if item.turn == Turn.MEMBER:
        return _members_turn(item, yours, now)
    if item.turn == Turn.REVIEWER:
        return Waiting("reviewer", "reviewer", _reviewer_words(item, now), item.turn_since)
    if item.turn == Turn.MAINTAINER:
        return Waiting("maintainer", "maintainer", _maintainer_words(item, now), item.turn_since)
    icon, words = NOBODYS.get(item.turn_reason, ("quiet", gettext_lazy("Open")))
    return Waiting("quiet", icon, str(words))


def asked_again(since: datetime.datetime, *, now: datetime.datetime, yours: bool) -> Waiting:
    """Words for somebody else's pull request whose author asked the member for another review."""
    text = (
        _("Your turn %(since)s: another review is asked for") if yours else _("Their turn %(since)s: another review is asked for")
    )
    return Waiting("mine", "mine", text % {"since": since_words(since, now)}, since)


def is_members_turn(contribution: Contribution) -> bool:
    """Whether the member, and nobody else, can move it on."""
    return contribution.role in AUTHORS and contribution.work_item.is_open and contribution.work_item.turn == Turn.MEMBER


def since_words(moment: datetime.datetime, now: datetime.datetime) -> str:
    """“since today”, “since Monday”, “since 3 February”, in the viewer's zone."""
    return _since_words(timezone.localtime(moment).date(), timezone.localtime(now).date(), get_language() or "")


@lru_cache(maxsize=2048)
def _since_words(day: datetime.date, today: datetime.date, language: str) -> str:
    days = (today - day).days
    if days <= 0:
        return _("since today")
    if days == 1:
        return _("since yesterday")
    if days < 7:
        return _("since %(day)s") % {"day": date_format(day, "l")}
    return _("since %(day)s") % {"day": day_words(day, today)}


def day_words(day: datetime.date, today: datetime.date) -> str:
    """“3 February”, with the year where it is not this one."""
    return day_of_month(day) if day.year == today.year else date_format(day, "j F Y")


def day_of_month(day: datetime.date) -> str:
    """“3 February” in the language of the page. A page with many pieces of work says the same days again and again."""
    return _day_of_month(day, get_language() or "")


@lru_cache(maxsize=2048)
def _day_of_month(day: datetime.date, language: str) -> str:
    return date_format(day, "j F")


def days_between(moment: datetime.datetime, now: datetime.datetime) -> int:
    """Calendar days in the viewer's zone: yesterday evening is one day ago."""
    return max((timezone.localtime(now).date() - timezone.localtime(moment).date()).days, 0)


def duration_words(duration: datetime.timedelta) -> str:
    """“less than an hour”, “5 hours”, “2 days”."""
    hours = int(duration.total_seconds() // 3600)
    if hours < 1:
        return _("less than an hour")
    if hours < 48:
        return ngettext("%(hours)d hour", "%(hours)d hours", hours) % {"hours": hours}
    days = round(hours / 24)
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


def gone_words(item: WorkItem) -> str:
    if item.gone == WorkItem.Gone.DELETED:
        return _("Deleted on GitHub")
    return _("No longer visible to us")


def _unfetched(item: WorkItem) -> Waiting:
    if item.kind == Kind.TICKET or item.tracker:
        return Waiting("quiet", "link", _("On the tracker"))
    return Waiting("quiet", "warning", _("Not found yet")) if item.problem else Waiting("quiet", "sync", _("Not fetched yet"))


def _members_turn(item: WorkItem, yours: bool, now: datetime.datetime) -> Waiting:
    asked = ASKED.get(item.turn_reason)
    parts = {"since": since_words(item.turn_since, now) if item.turn_since else "", "asked": asked}
    if asked and item.turn_since:
        text = _("Your turn %(since)s: %(asked)s") if yours else _("Their turn %(since)s: %(asked)s")
    elif asked:
        text = _("Your turn: %(asked)s") if yours else _("Their turn: %(asked)s")
    elif item.turn_since:
        text = _("Your turn %(since)s") if yours else _("Their turn %(since)s")
    else:
        text = _("Your turn") if yours else _("Their turn")
    return Waiting("mine", "mine", text % parts, item.turn_since)


def _waits(kind: str, item: WorkItem, now: datetime.datetime) -> str:
    today, longer = WAITS[kind]
    days = days_between(item.turn_since, now) if item.turn_since else 0
    return str(longer % {"days": days}) if days else str(today)


def _reviewer_words(item: WorkItem, now: datetime.datetime) -> str:
    return _waits("another look" if item.turn_reason in ("pushed_since", "answered") else "review", item, now)


def _maintainer_words(item: WorkItem, now: datetime.datetime) -> str:
    return _waits("approved" if item.turn_reason == "approved" else "maintainers", item, now)


def _of_others(item: WorkItem, now: datetime.datetime) -> Waiting:
    if item.turn == Turn.MEMBER:
        return Waiting("quiet", "quiet", _("Its author’s turn"), item.turn_since)
    if item.turn == Turn.REVIEWER:
        return Waiting("reviewer", "reviewer", _reviewer_words(item, now), item.turn_since)
    if item.turn == Turn.MAINTAINER:
        return Waiting("maintainer", "maintainer", _maintainer_words(item, now), item.turn_since)
    return Waiting("quiet", "quiet", _("Open"))


def _done(item: WorkItem, session: Session) -> Waiting:
    when = item.merged_at or item.closed_at
    if item.kind == Kind.OTHER:
        words = item.get_other_kind_display() if item.other_kind else _("Shared")
        return Waiting("done", icon_of(item.other_kind) if item.other_kind else "done", words, item.created_at)
    week = week_number(session, when)
    if item.state == State.MERGED:
        text = _("Merged in week %(week)s") % {"week": week} if week is not None else _("Merged")
        return Waiting("done", "done", text, when)
    if item.state == State.LANDED:
        text = _("Landed in week %(week)s") % {"week": week} if week is not None else _("Landed")
        return Waiting("done", "done", text, when)
    if item.state == State.CLOSED and item.kind in (Kind.ISSUE, Kind.TICKET):
        text = _("Closed in week %(week)s") % {"week": week} if week is not None else _("Closed")
        return Waiting("done", "done", text, when)
    return Waiting("quiet", "quiet", _("Closed without merging"), when)


def week_number(session: Session, moment: datetime.datetime | None) -> int | None:
    """The number of the week in which `moment` falls, or None outside the session; counted from its dates, without a query."""
    if moment is None:
        return None
    day = moment.astimezone(session.zone).date()
    if not session.first_day <= day <= session.last_day:
        return None
    return (day - session.starts_on).days // 7 + 1
