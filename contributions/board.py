"""What a cohort's board shows: one row a member in the order of names, whom to look after, and what went well."""

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.formats import time_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.zones import zone_label
from cohorts.attention import by_name
from cohorts.models import CheckIn, Cohort, Membership

from .meaning.entries import parse_time
from .models import Contribution, WorkItem
from .reading import Calendar, Row, contributions_of, group_of, with_pull_requests
from .waiting import AUTHORS

State, Kind = WorkItem.State, WorkItem.Kind
#: What somebody works on is told by so many items; the rest is one click away.
ITEMS_SHOWN = 2
WINS_SHOWN = 8
NEED = ("yours", "reviewer", "maintainer", "open")


@dataclass
class BoardRow:
    """One member. `work` is what they are at, most pressing first; `more` how many open items are left out."""

    membership: Membership
    now: datetime.datetime
    work: list[Row] = field(default_factory=list)
    more: int = 0
    last: CheckIn | None = None
    rests: bool = False

    @property
    def local(self) -> datetime.datetime:
        return self.now.astimezone(self.membership.user.zone)

    @property
    def zone(self) -> str:
        return zone_label(self.local)

    @property
    def clock(self) -> str:
        """The time where the member is. A text, because templates would turn a time into the reader's zone."""
        return time_format(self.local, "H:i")


@dataclass(frozen=True)
class Win:
    """Something that went well, as a sentence, and the contribution that it is about."""

    text: SafeString
    at: datetime.datetime


def people_of(user, cohort: Cohort) -> tuple[list[Membership], list[Membership]]:
    """Members, and those who lead, whom `user` may see now; by name. One query."""
    everybody = list(
        Membership.objects.visible_to(user)
        .filter(cohort=cohort)
        .exclude(state=Membership.State.LEFT)
        .select_related("user", "cohort__session")
    )
    everybody.sort(key=by_name)
    members = [membership for membership in everybody if membership.role == Membership.Role.MEMBER]
    return members, [membership for membership in everybody if membership.leads]


def people_who_left(user, cohort: Cohort) -> list[Membership]:
    """Members who left, by name, as far as `user` may see them. One query."""
    left = Membership.objects.visible_to(user).members().filter(cohort=cohort, state=Membership.State.LEFT)
    return sorted(left.select_related("user"), key=by_name)


def board_rows(
    user, members: Sequence[Membership], contributions: Sequence[Contribution], calendar: Calendar, now
) -> list[BoardRow]:
    """A row for each member, in the given order; one query for the check-ins, and one where there are tickets."""
    checkins = CheckIn.objects.visible_to(user).filter(membership__in=members).select_related("week")
    last: dict[int, CheckIn] = {}
    resting = {membership.pk for membership in members if membership.state == Membership.State.RESTING}
    for checkin in checkins.order_by("week__number"):
        if checkin.written_at:
            last[checkin.membership_id] = checkin
        if checkin.resting and calendar.current and checkin.week_id == calendar.current.pk:
            resting.add(checkin.membership_id)
    of_member: dict[int, list[Row]] = defaultdict(list)
    for row in (Row(contribution, now, contribution.membership.user_id == user.pk) for contribution in contributions):
        if group_of(row.contribution) in NEED:
            of_member[row.contribution.membership_id].append(row)
    rows = []
    for membership in members:
        work = sorted(of_member[membership.pk], key=_pressing)
        rows.append(
            BoardRow(
                membership,
                now,
                work[:ITEMS_SHOWN],
                max(len(work) - ITEMS_SHOWN, 0),
                last.get(membership.pk),
                membership.pk in resting,
            )
        )
    with_pull_requests([work for row in rows for work in row.work], user)
    return rows


def _pressing(row: Row):
    return (NEED.index(group_of(row.contribution)), row.waiting.since or row.now, row.contribution.pk)


def wins_of(
    contributions: Sequence[Contribution], since: datetime.datetime, now: datetime.datetime, *, most: int = WINS_SHOWN
) -> list[Win]:
    """What was merged, landed, closed or approved between `since` and `now`, the latest `most` first. Nobody is counted."""
    of_item: dict[int, list[Contribution]] = defaultdict(list)
    for contribution in contributions:
        of_item[contribution.work_item_id].append(contribution)
    # What several people did together is one win of all of them.
    wins = [win for together in of_item.values() if (win := _win(together, since, now))]
    return sorted(wins, key=lambda win: win.at, reverse=True)[:most]


def _win(together: Sequence[Contribution], since: datetime.datetime, now: datetime.datetime) -> Win | None:
    """What went well with one item; `together`: what each member had to do with it."""
    made = [contribution for contribution in together if contribution.role in AUTHORS]
    helped = [contribution for contribution in together if contribution.role not in AUTHORS]
    first = (made or together)[0]
    item = first.work_item
    if item.state == State.GONE:
        return None
    parts = {"name": _names(made or together), "title": link_to(first), "helper": _names(helped)}
    ended = item.merged_at or item.closed_at or (item.created_at if item.kind == Kind.OTHER else None)
    if not item.is_open and ended and since <= ended <= now:
        text = _ending(item, made=bool(made), helped=bool(helped))
        return Win(format_html(text, **parts), ended) if text else None
    if not made or not item.is_open:
        return None
    approved = [
        at
        for event in item.events
        if event.get("what") == "approved" and event.get("human") and (at := parse_time(event.get("at"))) and since <= at <= now
    ]
    return Win(format_html(_("{name}’s “{title}” was approved."), **parts), approved[-1]) if approved else None


def _names(contributions: Sequence[Contribution]) -> str:
    """“Amara”, “Amara and Jun”, “Amara, Jun and Leila”."""
    memberships = sorted((contribution.membership for contribution in contributions), key=by_name)
    return get_text_list([membership.user.get_short_name() for membership in memberships], _("and"))


def _ending(item: WorkItem, *, made: bool, helped: bool) -> str:
    """`made`: a member wrote it; `helped`: a member reviewed it or helped with it."""
    if item.kind == Kind.OTHER:
        return _("{name} shared “{title}”.")
    if not made:
        return _("“{title}”, with {name}’s help, is done.") if item.state in (State.MERGED, State.LANDED) else ""
    if item.state == State.MERGED:
        return _("{name}’s “{title}” was merged, with {helper}’s help.") if helped else _("{name}’s “{title}” was merged.")
    if item.state == State.LANDED:
        return _("{name}’s “{title}” landed, with {helper}’s help.") if helped else _("{name}’s “{title}” landed.")
    if item.kind in (Kind.ISSUE, Kind.TICKET):
        return _("{name}’s “{title}” was resolved.")
    return ""


def link_to(contribution: Contribution) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("work", args=[contribution.pk]), contribution.work_item.title)


def work_of(user, members: Sequence[Membership]) -> list[Contribution]:
    """Everything the members have a part in and `user` may see, without what a member hid. One query."""
    return list(contributions_of(user, members).shown())
