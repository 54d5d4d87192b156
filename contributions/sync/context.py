"""What one sync works on: whose work, in which repositories, since when, and what is known of it already."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Q
from django.utils import timezone

from accounts.github import github_host
from cohorts.models import Membership, Repository, Session, Tracker
from cohorts.places import end_of_day
from contributions.github import documents, documents_reviews
from contributions.github.client import GitHubClient
from contributions.models import Contribution, SessionSync, SyncRun, WorkItem
from contributions.trackers import TrackerAt

from .batches import BatchSize
from .due import full_refresh_is_due, reviews_are_due
from .log import RunLog, SilentLog

GITHUB_KINDS = (WorkItem.Kind.ISSUE, WorkItem.Kind.PULL_REQUEST)
#: SQLite and PostgreSQL take far more values in one statement; this keeps each statement quick.
VALUES_A_STATEMENT = 1000


@dataclass(slots=True)
class Identity:
    """What is stored of a member's account: a light one, since a sync may be of ten thousand people."""

    pk: int
    login: str
    node_id: str
    database_id: int | None
    problem: str
    checked_at: datetime | None = None


@dataclass(slots=True)
class Member:
    """A tracked member of the session. `problem` is `(code, sentence)` where this member cannot be followed now."""

    membership_id: int
    identity: Identity | None
    synced_at: datetime | None
    #: When the session is over for this member: later than for the others where it was extended.
    ends_at: datetime
    problem: tuple[str, str] | None = None
    discovered: bool = False

    @property
    def login(self) -> str:
        return self.identity.login if self.identity else ""

    @property
    def node_id(self) -> str:
        return self.identity.node_id if self.identity else ""


@dataclass(slots=True)
class Known:
    """What is stored of an item, as far as comparing needs it."""

    pk: int
    kind: str
    database_id: int | None
    node_id: str
    state: str
    gone: str
    ci: str
    conflicting: bool
    created_at: datetime | None
    updated_at: datetime | None
    fetched_at: datetime | None
    has_problem: bool
    repository: str
    number: int | None
    url: str
    tracked_repository_id: int | None
    membership_ids: tuple[int, ...] = ()


@dataclass(slots=True)
class Wanted:
    """An item to fetch. `item_pk`: the row it belongs to, where there is one. `opened_before`: leave it, if opened later.

    `membership_ids`: whose it is. `reviewer_ids`: memberships of those who reviewed it.
    """

    node_id: str
    kind: str
    item_pk: int | None = None
    membership_ids: tuple[int, ...] = ()
    reviewer_ids: tuple[int, ...] = ()
    opened_before: datetime | None = None
    about: str = ""


@dataclass(slots=True)
class Given:
    """A review that a member gave on the pull request with GitHub's number `item`."""

    membership_id: int
    item: int
    database_id: int
    state: str
    submitted_at: datetime
    url: str


class Sync:
    """The state of one run between its steps. Made by `of_run`, or by `of_items` for a few items without a run."""

    def __init__(
        self,
        client: GitHubClient,
        log: RunLog,
        *,
        session: Session | None = None,
        members: Iterable[Member] = (),
        repositories: Iterable[Repository] = (),
        full: bool = False,
        run: SyncRun | None = None,
    ) -> None:
        self.client = client
        self.log = log
        self.host = github_host()
        self.now = timezone.now()
        self.full = full
        self.run = run
        self._session = session
        following = SessionSync.objects.filter(session=session).first() if session else None
        #: Whether open items are to be fetched as a whole, and whether reviews given are to be asked for.
        self.refreshes_open = full or (run is not None and run.is_whole and full_refresh_is_due(run.session, following, self.now))
        self.asks_for_reviews = full or (run is not None and reviews_are_due(run, following, self.now))
        #: Reviews that members gave, by membership and GitHub's number of the review; all of them were asked for, if so.
        self.given: dict[tuple[int, int], Given] = {}
        self.has_all_reviews = False
        self.members = list(members)
        repositories = list(repositories)
        self.repositories = [repository for repository in repositories if repository.host == self.host]
        self.other_hosts = [repository for repository in repositories if repository.host != self.host]
        projects = {repository.project_id for repository in self.repositories}
        trackers = Tracker.objects.filter(project__in=projects).values_list("project_id", "kind", "url")
        self.trackers = {project_id: TrackerAt(kind, url) for project_id, kind, url in trackers}
        self.wanted: dict[str, Wanted] = {}
        self.known: dict[str, Known] = {}
        #: Node ids of items about which something is still to be asked: whoever they belong to is not up to date.
        self.unanswered: set[str] = set()
        #: Rows that were compared with GitHub, and those of them that were written.
        self.examined: set[int] = set()
        self.changed: set[int] = set()
        self.sizes = {
            "discover": BatchSize(documents.IDS_PER_DISCOVER),
            "sweep": BatchSize(documents.IDS_PER_SWEEP),
            "pull_request": BatchSize(documents.IDS_PER_REFRESH),
            "issue": BatchSize(documents.IDS_PER_REFRESH),
            "reviews": BatchSize(documents_reviews.IDS_PER_REVIEWS),
            "pasted": BatchSize(documents.LINKS_PER_REQUEST),
        }

    @classmethod
    def of_run(cls, run: SyncRun, client: GitHubClient, log: RunLog) -> "Sync":
        """For a session, or one project or one member of it, as `run` says."""
        repositories = Repository.objects.of_session(run.session).distinct()
        if run.project_id:
            repositories = repositories.filter(project=run.project_id)
        sync = cls(client, log, session=run.session, members=_members(run), repositories=repositories, full=run.full, run=run)
        sync._load_known(run)
        return sync

    @classmethod
    def of_items(cls, client: GitHubClient, pks: Iterable[int]) -> "Sync":
        """For some items, whatever session they belong to. Nothing is recorded but on the items themselves."""
        items = WorkItem.objects.filter(pk__in=pks, host=github_host(), kind__in=GITHUB_KINDS)
        repositories = Repository.objects.filter(Q(work_items__in=items) | Q(full_name__in=items.values("repository")))
        sync = cls(client, SilentLog(), repositories=repositories.distinct())
        sync.known = {known.node_id: known for known in known_of(items.exclude(node_id=""))}
        return sync

    @property
    def session(self) -> Session:
        assert self._session is not None  # noqa: S101 (only steps of a run ask for it)
        return self._session

    def repository_of(self, node: Mapping | None) -> Repository | None:
        """The tracked repository of a `Repository` node. GitHub's number decides: names and node ids may change."""
        number = node.get("databaseId") if isinstance(node, Mapping) else None
        return self._repositories_by_number.get(number) if isinstance(number, int) else None

    @cached_property
    def _repositories_by_number(self) -> dict[int | None, Repository]:
        """Only asked for once all were identified."""
        return {repository.database_id: repository for repository in self.repositories if repository.database_id}

    @cached_property
    def known_by_number(self) -> dict[tuple[str, int], Known]:
        """What was known when the run began, by kind and GitHub's number."""
        return {(known.kind, known.database_id): known for known in self.known.values() if known.database_id}

    @cached_property
    def memberships_of(self) -> dict[str, list[int]]:
        """Membership ids by the node id of the account; only asked for once all were identified."""
        found: dict[str, list[int]] = defaultdict(list)
        for member in self.members:
            if member.node_id:
                found[member.node_id].append(member.membership_id)
        return dict(found)

    @cached_property
    def ends_for(self) -> dict[int, datetime]:
        """When the session is over, by membership id."""
        return {member.membership_id: member.ends_at for member in self.members}

    def tracker_of(self, repository: Repository | None) -> TrackerAt | None:
        """Where the project of a tracked repository keeps its tickets, if not on GitHub."""
        return self.trackers.get(repository.project_id) if repository else None

    def want(
        self, node_id: str, kind: str, *, membership_ids: Iterable[int] = (), reviewer_ids: Iterable[int] = (), **details
    ) -> None:
        """Put an item on the list of those to fetch, for these members as well if it is there already."""
        wanted = self.wanted.get(node_id)
        if wanted is None:
            wanted = self.wanted[node_id] = Wanted(node_id, kind)
        wanted.membership_ids = _with(wanted.membership_ids, membership_ids)
        wanted.reviewer_ids = _with(wanted.reviewer_ids, reviewer_ids)
        for name, value in details.items():
            setattr(wanted, name, value)
        self.unanswered.add(node_id)

    def answered(self, node_id: str) -> None:
        """This item needs nothing more in this run, whether it was fetched or has a problem of its own."""
        self.unanswered.discard(node_id)

    def unfinished_members(self) -> set[int]:
        """Membership ids of those for whom something was not asked, because the run was stopped."""
        unfinished = {member.membership_id for member in self.members if not member.discovered and not member.problem}
        for node_id in self.unanswered:
            if node_id in self.wanted:
                unfinished.update(self.wanted[node_id].membership_ids)
            if node_id in self.known:
                unfinished.update(self.known[node_id].membership_ids)
        return unfinished

    def _load_known(self, run: SyncRun) -> None:
        """Read what is stored of the items of these members, once, in two statements."""
        owners: dict[int, tuple[int, ...]] = {}
        # Most items are of one member, who has several.
        alone: dict[int, tuple[int, ...]] = {}
        contributions = Contribution.objects.filter(membership__cohort__session=run.session)
        if run.membership_id:
            contributions = contributions.filter(membership=run.membership_id)
        for item_id, membership_id in contributions.values_list("work_item_id", "membership_id").iterator():
            there = owners.get(item_id)
            owners[item_id] = (*there, membership_id) if there else alone.setdefault(membership_id, (membership_id,))
        items = WorkItem.objects.filter(
            pk__in=contributions.values("work_item_id"), host=self.host, kind__in=GITHUB_KINDS
        ).exclude(node_id="")
        if run.project_id:
            items = items.filter(tracked_repository__in=self.repositories)
        self.known = {known.node_id: known for known in known_of(items)}
        for known in self.known.values():
            known.membership_ids = owners.get(known.pk, ())
            if known.state in WorkItem.OPEN_STATES:
                self.unanswered.add(known.node_id)


def known_of(items) -> Iterator[Known]:
    """`Known` for each of a QuerySet of work items."""
    names = ("pk", "kind", "database_id", "node_id", "state", "gone", "ci", "conflicting", "created_at", "updated_at", "fetched_at",
             "problem", "repository", "number", "url", "tracked_repository_id")  # fmt: skip
    for row in items.values(*names).iterator():
        problem = row.pop("problem")
        for name in ("kind", "state", "ci", "repository"):
            # A few words, each many times.
            row[name] = sys.intern(row[name])
        yield Known(has_problem=bool(problem), **row)


def _members(run: SyncRun) -> list[Member]:
    memberships = Membership.objects.filter(cohort__session=run.session).tracked()
    if run.membership_id:
        memberships = memberships.filter(pk=run.membership_id)
    account = "user__github__"
    names = [f"{account}{name}" for name in ("pk", "login", "node_id", "database_id", "problem")]
    rows = memberships.order_by("pk").values_list("pk", "sync__synced_at", "extended_until", *names)
    session, ends_at = run.session, run.session.ends_at
    return [
        Member(
            pk,
            Identity(*identity) if identity[0] is not None else None,
            synced_at,
            max(ends_at, end_of_day(session, extended)) if extended else ends_at,
        )
        for pk, synced_at, extended, *identity in rows.iterator()
    ]


def _with(there: tuple[int, ...], more: Iterable[int]) -> tuple[int, ...]:
    """Mostly one or two: far smaller than a set."""
    return (*there, *(each for each in dict.fromkeys(more) if each not in there))
