"""What a page about somebody's work reads: the rows with everything they need, in groups by whose turn it is."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_

from django.conf import settings
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from accounts.github import github_host
from cohorts.models import Membership, Project, Repository, Session, Week
from cohorts.stages import week_on

from .flags import flag_words
from .freshness import clock
from .meaning.entries import parse_time
from .meaning.reviews import waited_for_response
from .models import Contribution, ReviewGiven, WorkItem
from .models.work import ContributionQuerySet
from .reviewing import asked_again_at
from .story import what_happened
from .trackers import TRACKERS
from .waiting import AUTHORS, Waiting, asked_again, duration_words, is_members_turn, waiting

State, Kind, Turn = WorkItem.State, WorkItem.Kind, WorkItem.Turn

#: What opens, and what lies folded below it. Titles: for the member, and for others who read the page.
GROUPS = {
    "yours": (gettext_lazy("Your turn"), pgettext_lazy("the member's", "Their turn")),
    "reviewer": (gettext_lazy("Waits for a reviewer"),) * 2,
    "maintainer": (gettext_lazy("Waits for the maintainers"),) * 2,
    "open": (gettext_lazy("Also open"),) * 2,
    "reviews": (gettext_lazy("Reviews you gave"), gettext_lazy("Reviews given")),
    "other": (gettext_lazy("Other work"),) * 2,
    "done": (gettext_lazy("Landed and done"),) * 2,
    "closed": (gettext_lazy("Closed without merging"),) * 2,
    "older": (gettext_lazy("Older"),) * 2,
    "gone": (gettext_lazy("Gone"),) * 2,
}
PAST = ("reviews", "other", "done", "closed", "older", "gone")
FOLDED = ("closed", "older", "gone")
#: More rows of one group than this are folded: a page is read at a glance or not at all. Two more are not worth a click.
ROWS_SHOWN = 8
#: Of all tickets of a page together.
MOST_PULL_REQUESTS = 200


def contributions_of(user, memberships: Membership | Iterable[Membership]):
    """Contributions of these memberships that `user` may see, with what the pages show of them: one query."""
    wanted = [memberships] if isinstance(memberships, Membership) else memberships
    return (
        Contribution.objects.visible_to(user)
        .filter(membership__in=wanted)
        .select_related("work_item__tracked_repository__project", "membership__cohort__session", "membership__user")
        .order_by("-work_item__created_at", "-pk")
    )


@dataclass
class Row:
    """A contribution as a list shows it."""

    contribution: Contribution
    now: datetime.datetime
    yours: bool
    #: Of a ticket: the pull requests that refer to it, as far as the reader may see them.
    pull_requests: list[WorkItem] = field(default_factory=list)
    #: Issues and tickets that it is linked with, by address, as far as they are followed here and the reader may see them.
    known: dict[str, WorkItem] = field(default_factory=dict)
    #: Reviews that the member gave on it, oldest first, where the member is a reviewer.
    reviews: list[ReviewGiven] = field(default_factory=list)
    item: WorkItem = field(init=False)

    def __post_init__(self) -> None:
        self.item = self.contribution.work_item

    @cached_property
    def waiting(self) -> Waiting:
        if self.asked_again_at:
            return asked_again(self.asked_again_at, now=self.now, yours=self.yours)
        return waiting(self.contribution, now=self.now, yours=self.yours)

    @cached_property
    def address(self) -> str:
        """The page of this piece of work."""
        return reverse("work", args=[self.contribution.pk])

    @property
    def asks_first(self) -> bool:
        """Whether it is a good moment to say what is left to do: before the first answer, or while it is the author's turn."""
        return self.item.turn == Turn.MEMBER or self.item.first_response_at is None

    @property
    def happened(self) -> str:
        """What became of it where it is not where or what it was, in sentences; empty for most."""
        return " ".join(what_happened(self.item))

    @property
    def is_review(self) -> bool:
        """Whether it is somebody else's pull request that the member reviews."""
        return self.is_pull_request and self.contribution.role == Contribution.Role.REVIEWER

    @cached_property
    def asked_again_at(self) -> datetime.datetime | None:
        """When its author asked the member for another review; only then it is the member's turn."""
        return asked_again_at(self.item, self.reviews) if self.is_review else None

    @property
    def project(self) -> Project | None:
        repository = self.item.tracked_repository
        return repository.project if repository else None

    @property
    def place(self) -> str:
        """“django/django #20402”, “ticket 36877 on code.djangoproject.com”, or the host of other work."""
        if self.item.repository and self.item.number:
            return f"{self.item.repository} #{self.item.number}"
        if self.item.number:
            return _("ticket %(number)s on %(host)s") % {"number": self.item.number, "host": self.item.host}
        return self.item.repository or self.item.host or _("without a link")

    @property
    def service(self) -> str:
        """Where it lies, by the name that people use: “GitHub”, “Trac”. Empty for other work."""
        if self.item.tracker:
            tracker = TRACKERS.get(self.item.tracker)
            return tracker.name if tracker else ""
        return "GitHub" if self.item.kind in (Kind.PULL_REQUEST, Kind.ISSUE) else ""

    @property
    def stage(self) -> str:
        """What its tracker calls the stage of a ticket, or how it ended: “Accepted”, “closed as fixed”."""
        if self.item.resolution and not self.item.is_open:
            return _("closed as %(resolution)s") % {"resolution": self.item.resolution}
        return self.item.stage

    @property
    def flags(self) -> list[str]:
        return flag_words(self.item.flags) if self.is_open else []

    @property
    def problem(self) -> str:
        """What went wrong with the last fetch; of a tracker with the time since when: “Trac did not answer since 14:02.”"""
        if not self.item.tracker or not self.item.problem or self.item.problem_at is None:
            return self.item.problem
        return _("%(problem)s since %(time)s.") % {"problem": self.item.problem, "time": clock(self.item.problem_at, self.now)}

    @property
    def number(self) -> str:
        if self.item.kind == Kind.OTHER and self.item.other_kind:
            return self.item.get_other_kind_display()
        return f"#{self.item.number}" if self.item.number else self.item.host

    @property
    def is_pull_request(self) -> bool:
        return self.item.kind == Kind.PULL_REQUEST

    @property
    def is_open(self) -> bool:
        return self.item.is_open and self.item.kind != Kind.OTHER

    @property
    def part(self) -> str:
        """What part the member has in it; empty for the author, and while GitHub has not said who the author is."""
        unknown = self.item.fetched_at is None and self.item.kind in (Kind.PULL_REQUEST, Kind.ISSUE)
        return "" if unknown or self.contribution.role == Contribution.Role.AUTHOR else self.contribution.get_role_display()

    @property
    def size(self) -> str:
        if self.item.additions is None or self.item.deletions is None:
            return ""
        return f"+{self.item.additions} −{self.item.deletions}"

    @property
    def files(self) -> str:
        count = self.item.changed_files
        return "" if count is None else ngettext("%(count)d file", "%(count)d files", count) % {"count": count}

    @property
    def is_large(self) -> bool:
        """Whether the project calls a change of this size large."""
        limit = self.project.large_change_lines if self.project else None
        return limit is not None and (self.item.additions or 0) + (self.item.deletions or 0) >= limit

    @property
    def first_response(self) -> str:
        """“first answer after 2 days”, or that there is none yet. Empty where nobody is asked to answer."""
        item = self.item
        if item.tracker or item.kind not in (Kind.PULL_REQUEST, Kind.ISSUE) or item.created_at is None:
            return ""
        waited = waited_for_response(
            item.events, ready_at=item.ready_at or item.created_at, first_response_at=item.first_response_at
        )
        if waited is not None:
            return _("first answer after %(time)s") % {"time": duration_words(waited)}
        return _("first answer: none yet") if self.item.state == State.OPEN else ""

    @property
    def lacks_issue(self) -> bool:
        """Whether the project wants an issue first and none is linked."""
        wants = self.project is not None and self.project.issue_first
        return wants and self.is_pull_request and self.is_open and not self.item.linked

    @property
    def links(self) -> list[dict]:
        """What it is linked with, with words: “#12” of the same repository, “owner/name #12” of another, “ticket 12”."""
        found = []
        for link in self.item.linked:
            number, repository = link.get("number"), link.get("repository")
            if not str(link.get("url", "")).startswith(("https://", "http://")):
                continue
            if not repository:
                words = _("ticket %(number)s") % {"number": number} if number else link["url"]
            else:
                words = f"#{number}" if repository == self.item.repository else f"{repository} #{number}"
            found.append({"url": link["url"], "words": words, "title": link.get("title", "")})
        return found


@dataclass
class Group:
    key: str
    title: str
    rows: list[Row] = field(default_factory=list)

    @property
    def is_folded(self) -> bool:
        return self.key in FOLDED

    @property
    def is_past(self) -> bool:
        """Whether nobody has to do anything about it: shown below the picture of the weeks."""
        return self.key in PAST

    @property
    def first(self) -> list[Row]:
        return self.rows if len(self.rows) <= ROWS_SHOWN + 2 else self.rows[:ROWS_SHOWN]

    @property
    def rest(self) -> list[Row]:
        return self.rows[len(self.first) :]


def address_of(repository: Repository) -> str:
    """Where a repository lies on the web: on the GitHub that is set up, else on its own host."""
    base = settings.GITHUB_URL.rstrip("/") if repository.host == github_host() else f"https://{repository.host}"
    return f"{base}/{repository.full_name}"


def rows_of(contributions: Iterable[Contribution], *, now: datetime.datetime, yours: bool) -> list[Row]:
    return [Row(contribution, now, yours) for contribution in contributions]


def seen_by(user, rows: Sequence[Row]) -> ContributionQuerySet:
    """Contributions that `user` may see in the sessions of `rows`. Who is visible is asked once: it is the costly part."""
    sessions = {row.contribution.membership.cohort.session_id for row in rows}
    visible = Membership.objects.visible_to(user).filter(cohort__session__in=sessions).order_by().values_list("pk", flat=True)
    return Contribution.objects.shown().filter(membership__in=list(visible))


def with_pull_requests(rows: Sequence[Row], user, seen: ContributionQuerySet | None = None) -> Sequence[Row]:
    """The same rows, tickets with the pull requests of the session that refer to them and `user` may see. One query, none without tickets.

    `seen`: what `seen_by` found, where it was asked already.
    """
    tickets = {row.item.url: row for row in rows if row.item.kind == Kind.TICKET}
    if not tickets:
        return rows
    named = reduce(or_, (Q(links__contains=f'"{url}"') for url in tickets))
    seen = seen_by(user, rows) if seen is None else seen
    found = (
        WorkItem.objects.filter(pk__in=seen.values("work_item"), kind=Kind.PULL_REQUEST)
        .exclude(linked=[])
        .annotate(links=Cast("linked", TextField()))
        .filter(named)
        .order_by("-created_at", "-pk")
        .only("title", "url", "repository", "number", "state", "linked", "kind")
    )
    by_ticket: dict[str, list[WorkItem]] = defaultdict(list)
    for pull_request in found[:MOST_PULL_REQUESTS]:
        for link in pull_request.linked:
            by_ticket[str(link.get("url"))].append(pull_request)
    for row in rows:
        if row.item.kind == Kind.TICKET:
            row.pull_requests = by_ticket[row.item.url]
    return rows


def grouped(rows: Sequence[Row], *, yours: bool) -> list[Group]:
    """The rows in groups by whose turn it is; empty groups are left out. What has waited longest stands first."""
    groups = {key: Group(key, str(titles[0 if yours else 1])) for key, titles in GROUPS.items()}
    for row in rows:
        groups[group_of_row(row)].rows.append(row)
    for key in ("yours", "reviewer", "maintainer"):
        groups[key].rows.sort(key=lambda row: row.waiting.since or row.now)
    for key in ("done", "closed", "other"):
        groups[key].rows.sort(key=lambda row: row.waiting.since or row.contribution.created_at, reverse=True)
    groups["reviews"].rows.sort(
        key=lambda row: row.reviews[-1].submitted_at if row.reviews else row.contribution.created_at, reverse=True
    )
    return [group for group in groups.values() if group.rows]


def group_of_row(row: Row) -> str:
    """A key of `GROUPS`, for a row that knows the reviews that were given."""
    return "yours" if row.asked_again_at else group_of(row.contribution)


def group_of(contribution: Contribution) -> str:
    """A key of `GROUPS`."""
    item = contribution.work_item
    if item.state == State.GONE:
        return "gone"
    if item.kind == Kind.PULL_REQUEST and contribution.role == Contribution.Role.REVIEWER:
        return "reviews"
    if is_older(contribution):
        return "older"
    if item.kind == Kind.OTHER:
        return "other"
    if item.state in (State.MERGED, State.LANDED):
        return "done"
    if item.state == State.CLOSED:
        return "done" if item.kind in (Kind.ISSUE, Kind.TICKET) else "closed"
    if is_members_turn(contribution):
        return "yours"
    if contribution.role in AUTHORS and item.turn in (Turn.REVIEWER, Turn.MAINTAINER):
        return item.turn
    return "open"


def is_older(contribution: Contribution) -> bool:
    """Whether a found item is from before the session and no person has touched it since: only a bot moved it."""
    item = contribution.work_item
    begins_at = contribution.membership.cohort.session.begins_at
    return may_be_older(contribution.source, item.created_at, begins_at) and not touched_since(item.events, begins_at)


def may_be_older(source: str, created_at: datetime.datetime | None, begins_at: datetime.datetime) -> bool:
    """Whether the story of an item has to be asked if it is older: what is new, and what somebody chose to add, is not."""
    return source == Contribution.Source.FOUND and created_at is not None and created_at < begins_at


def touched_since(events: Iterable[dict], moment: datetime.datetime) -> bool:
    """Whether a person did anything to the item at `moment` or later."""
    return any(event.get("human") and _at_least(event.get("at"), moment) for event in events)


def _at_least(text, moment: datetime.datetime) -> bool:
    at = parse_time(text)
    return at is not None and at >= moment


@dataclass(frozen=True)
class Calendar:
    """Where a session stands in time. `phase` is before, during or after; `today` is the session's date."""

    session: Session
    weeks: list
    current: Week | None
    today: datetime.date
    phase: str

    @property
    def paused(self) -> bool:
        """Whether today lies in the pause, or between two weeks that organisers moved apart."""
        return self.phase == "during" and self.current is None

    @property
    def upcoming(self) -> Week | None:
        """The next week that begins."""
        return next((week for week in self.weeks if week.starts_on > self.today), None)


def calendar_of(session: Session, now: datetime.datetime) -> Calendar:
    """One query, for the weeks (none where they are prefetched)."""
    weeks = list(session.calendar.all())
    today = now.astimezone(session.zone).date()
    phase = "before" if now < session.begins_at else "after" if now >= session.ends_at else "during"
    return Calendar(session, weeks, week_on(today, weeks), today, phase)
