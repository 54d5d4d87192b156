"""What the sandbox's world consists of. Attributes bear the names of the schema's fields, in Python's spelling.

Nothing here changes by itself: `World` builds and changes everything, and moves the dates as GitHub would.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from .contributed import ContributionsCollection
from .paging import PREFIXES, Page, node_id, page

if TYPE_CHECKING:
    from .world import World


@dataclass(eq=False)
class Account:
    """Somebody with a login. `deleted`: an account that is gone, whose work stays behind without an author."""

    world: "World" = field(repr=False)
    typename: str
    database_id: int
    login: str
    name: str | None = None
    email: str = ""
    deleted: bool = False

    @cached_property
    def id(self) -> str:
        return node_id(PREFIXES[self.typename], self.database_id)

    @property
    def resource_path(self) -> str:
        return f"/apps/{self.login}" if self.typename == "Bot" else f"/{self.login}"

    @property
    def url(self) -> str:
        return self.world.web_url + self.resource_path

    def pull_requests(self, order_by: dict[str, str] | None = None, **bounds: Any) -> Page:
        return self._items("PullRequest", order_by, None, bounds)

    def issues(self, order_by: dict[str, str] | None = None, filter_by: dict[str, Any] | None = None, **bounds: Any) -> Page:
        return self._items("Issue", order_by, (filter_by or {}).get("since"), bounds)

    def contributions_collection(self, to: datetime | None = None, **span: Any) -> "ContributionsCollection":
        return ContributionsCollection.of(self, span.get("from"), to)

    def _items(self, typename: str, order_by: dict[str, str] | None, since: datetime | None, bounds: dict[str, Any]) -> Page:
        order = order_by or {"field": "CREATED_AT", "direction": "ASC"}
        attribute = order["field"].lower()

        def key(item: Item) -> str:
            return f"{getattr(item, attribute).isoformat()} {item.database_id:012}"

        found = [
            item
            for item in self.world.items_by(self)
            if item.typename == typename and item.is_visible and (since is None or item.updated_at >= since)
        ]
        found.sort(key=key, reverse=order["direction"] == "DESC")
        return page(found, key=key, **bounds)


@dataclass(eq=False)
class Repository:
    """`is_visible`: whether our token can see it. `requires_review`: whether its branch demands reviews by collaborators."""

    typename: ClassVar[str] = "Repository"

    world: "World" = field(repr=False)
    database_id: int
    owner: Account
    name: str
    is_private: bool = False
    is_archived: bool = False
    is_fork: bool = False
    is_visible: bool = True
    requires_review: bool = False
    collaborators: set[Account] = field(default_factory=set, repr=False)
    contributors: set[Account] = field(default_factory=set, repr=False)
    items: dict[int, "Item"] = field(default_factory=dict, repr=False)
    last_number: int = 0

    @cached_property
    def id(self) -> str:
        return node_id("R", self.database_id)

    @property
    def name_with_owner(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def resource_path(self) -> str:
        return f"/{self.name_with_owner}"

    @property
    def url(self) -> str:
        return self.world.web_url + self.resource_path

    def association(self, account: Account | None) -> str:
        """GitHub's `authorAssociation` of an account."""
        if account is None or account.deleted:
            return "NONE"
        if account is self.owner:
            return "OWNER"
        if account in self.collaborators:
            return "MEMBER" if self.owner.typename == "Organization" else "COLLABORATOR"
        return "CONTRIBUTOR" if account in self.contributors else "NONE"


@dataclass(eq=False)
class Label:
    typename: ClassVar[str] = "Label"

    database_id: int
    repository: Repository
    name: str
    color: str

    @property
    def id(self) -> str:
        return node_id("LA", self.repository.database_id, self.database_id)


@dataclass(eq=False)
class Milestone:
    typename: ClassVar[str] = "Milestone"

    database_id: int
    repository: Repository
    title: str

    @property
    def id(self) -> str:
        return node_id("MI", self.repository.database_id, self.database_id)


@dataclass(eq=False)
class Commit:
    typename: ClassVar[str] = "Commit"

    database_id: int
    repository: Repository
    committer: Account
    message: str
    committed_date: datetime

    @property
    def id(self) -> str:
        return node_id("C", self.repository.database_id, self.database_id)

    @cached_property
    def oid(self) -> str:
        return hashlib.sha1(f"commit {self.database_id}".encode(), usedforsecurity=False).hexdigest()

    @property
    def author(self) -> dict[str, Any]:
        """A `GitActor`; its `user` is missing where GitHub knows no account of that address."""
        user = self.committer if self.committer.typename == "User" and not self.committer.deleted else None
        return {"name": self.committer.name or self.committer.login, "email": self.committer.email or None, "user": user}


@dataclass(eq=False)
class Entry:
    """One entry of a timeline: a comment, a review, a commit or an event. `by` did it at `created_at`.

    `before` and `after`: what a title or a base was called, or what a dismissed review said. `review`: the one dismissed.
    `asked`: for a review. `left`: the repository that it was moved out of.
    """

    typename: str
    database_id: int
    item: "Item" = field(repr=False)
    by: Account
    created_at: datetime
    body_text: str = ""
    state: str = ""
    closer: "Commit | PullRequest | None" = None
    commit: Commit | None = None
    before: str = ""
    after: str = ""
    review: "Entry | None" = None
    asked: Account | None = None
    left: "Repository | None" = field(default=None, repr=False)

    @cached_property
    def id(self) -> str:
        return node_id(PREFIXES[self.typename], self.item.repository.database_id, self.database_id)

    @property
    def author(self) -> Account | None:
        return None if self.by.deleted else self.by

    actor = author

    @property
    def previous_title(self) -> str:
        return self.before

    @property
    def current_title(self) -> str:
        return self.after

    previous_ref_name, current_ref_name, previous_review_state = previous_title, current_title, previous_title

    @property
    def requested_reviewer(self) -> Account | None:
        return None if self.asked is None or self.asked.deleted else self.asked

    @property
    def from_repository(self) -> Repository | None:
        return self.left if self.left is not None and self.left.is_visible else None

    @property
    def submitted_at(self) -> datetime:
        return self.created_at

    @property
    def full_database_id(self) -> int:
        return self.database_id

    @property
    def url(self) -> str:
        return f"{self.item.url}#pullrequestreview-{self.database_id}"

    @property
    def author_association(self) -> str:
        return self.item.repository.association(self.by)

    @property
    def timeline_type(self) -> str:
        """The entry's name in `PullRequestTimelineItemsItemType`."""
        return "".join(f"_{letter}" if letter.isupper() else letter for letter in self.typename).lstrip("_").upper()


@dataclass(eq=False)
class Item:
    """What issues and pull requests share. `entries` is the timeline in order of time."""

    typename: ClassVar[str] = ""
    prefix: ClassVar[str] = ""
    path_part: ClassVar[str] = ""

    database_id: int
    repository: Repository
    number: int
    by: Account
    title: str
    body_text: str
    created_at: datetime
    updated_at: datetime
    state: str = "OPEN"
    closed_at: datetime | None = None
    milestone: Milestone | None = None
    is_deleted: bool = False
    label_list: list[Label] = field(default_factory=list, repr=False)
    assignee_list: list[Account] = field(default_factory=list, repr=False)
    entries: list[Entry] = field(default_factory=list, repr=False)

    @cached_property
    def id(self) -> str:
        return node_id(self.prefix, self.repository.database_id, self.database_id)

    @property
    def full_database_id(self) -> int:
        return self.database_id

    @property
    def is_visible(self) -> bool:
        return self.repository.is_visible and not self.is_deleted

    @property
    def author(self) -> Account | None:
        return None if self.by.deleted else self.by

    @property
    def author_association(self) -> str:
        return self.repository.association(self.by)

    @property
    def resource_path(self) -> str:
        return f"/{self.repository.name_with_owner}/{self.path_part}/{self.number}"

    @property
    def url(self) -> str:
        return self.repository.world.web_url + self.resource_path

    def entries_of(self, *typenames: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.typename in typenames]

    def labels(self, **bounds: Any) -> Page:
        return page(self.label_list, **bounds)

    def assignees(self, **bounds: Any) -> Page:
        return page([account for account in self.assignee_list if not account.deleted], **bounds)

    def comments(self, **bounds: Any) -> Page:
        return page(self.entries_of("IssueComment"), **bounds)

    def timeline_items(self, item_types: list[str] | None = None, **bounds: Any) -> Page:
        return page([each for each in self.entries if item_types is None or each.timeline_type in item_types], **bounds)


@dataclass(eq=False)
class Issue(Item):
    typename: ClassVar[str] = "Issue"
    prefix: ClassVar[str] = "I"
    path_part: ClassVar[str] = "issues"

    reason: str | None = None
    closing: list["PullRequest"] = field(default_factory=list, repr=False)

    def state_reason(self, enable_duplicate: bool = False) -> str | None:
        return "NOT_PLANNED" if self.reason == "DUPLICATE" and not enable_duplicate else self.reason

    def closed_by_pull_requests_references(self, include_closed_prs: bool = False, **bounds: Any) -> Page:
        found = [each for each in self.closing if each.is_visible and (include_closed_prs or each.state == "OPEN")]
        return page(found, **bounds)


@dataclass(eq=False)
class PullRequest(Item):
    typename: ClassVar[str] = "PullRequest"
    prefix: ClassVar[str] = "PR"
    path_part: ClassVar[str] = "pull"

    is_draft: bool = False
    is_cross_repository: bool = True
    base_ref_name: str = "main"
    additions: int = 0
    deletions: int = 0
    changed_files: int = 1
    mergeable: str = "MERGEABLE"
    is_behind: bool = False
    ci: str | None = None
    published_at: datetime | None = None
    merged_at: datetime | None = None
    merger: Account | None = None
    review_comments: int = 0
    closes: list[Issue] = field(default_factory=list, repr=False)

    @property
    def body(self) -> str:
        return self.body_text

    @property
    def author_association(self) -> str:
        """Somebody of whom nothing was merged here is told to be new, but only of a pull request."""
        word = super().author_association
        return "FIRST_TIME_CONTRIBUTOR" if word == "NONE" and self.author is not None else word

    @property
    def merge_state_status(self) -> str:
        if self.state != "OPEN" or self.mergeable == "UNKNOWN":
            return "UNKNOWN"
        if self.mergeable == "CONFLICTING":
            return "DIRTY"
        if self.is_behind:
            return "BEHIND"
        return "UNSTABLE" if self.ci in ("FAILURE", "ERROR", "PENDING") else "CLEAN"

    @property
    def merged_by(self) -> Account | None:
        return None if self.merger is None or self.merger.deleted else self.merger

    @property
    def head_ref_oid(self) -> str:
        commits = self.entries_of("PullRequestCommit")
        return commits[-1].commit.oid if commits and commits[-1].commit else "0" * 40

    @property
    def total_comments_count(self) -> int:
        return len(self.entries_of("IssueComment")) + self.review_comments

    @property
    def status_check_rollup(self) -> dict[str, str] | None:
        return {"id": node_id("SCR", self.database_id), "state": self.ci} if self.ci else None

    @property
    def review_decision(self) -> str | None:
        """Null unless the repository demands reviews, as on GitHub."""
        if not self.repository.requires_review:
            return None
        latest: dict[Account, str] = {}
        for review in self.entries_of("PullRequestReview"):
            if review.by in self.repository.collaborators and review.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
                latest[review.by] = review.state
        if "CHANGES_REQUESTED" in latest.values():
            return "CHANGES_REQUESTED"
        return "APPROVED" if "APPROVED" in latest.values() else "REVIEW_REQUIRED"

    def closing_issues_references(self, **bounds: Any) -> Page:
        return page([issue for issue in self.closes if issue.is_visible], **bounds)

    def commits(self, **bounds: Any) -> Page:
        return page(self.entries_of("PullRequestCommit"), **bounds)
