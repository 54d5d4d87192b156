"""The sandbox's world: who is there, what they opened, and everything that can happen to it.

Every function that takes `at` understands an aware datetime, a timedelta (that long before now) or None (now). A change
moves `updated_at` where GitHub moves it, and leaves it alone where GitHub does.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from .entities import Account, Entry, Issue, Item, Label, Milestone, PullRequest, Repository
from .happenings import Happenings, When

if TYPE_CHECKING:
    from .trac import Ticket

AnyItem = TypeVar("AnyItem", bound=Item)

LABEL_COLORS = ("d73a4a", "0e8a16", "a2eeef", "7057ff", "fbca04", "1d76db")


class World(Happenings):
    """A small GitHub. `now` fixes its clock; None lets it run. `web_url` is where its pages are."""

    def __init__(self, *, now: datetime | None = None, web_url: str = "https://github.com") -> None:
        self.fixed_now = now
        self.web_url = web_url.rstrip("/")
        self.accounts: dict[str, Account] = {}
        self.repositories: dict[str, Repository] = {}
        self.renamed_repositories: dict[str, Repository] = {}
        self.moved: dict[tuple[int, int], Item] = {}
        #: Of the Trac beside it, by number.
        self.tickets: dict[int, Ticket] = {}
        self._nodes: dict[str, Account | Repository | Item] = {}
        self._items_by: defaultdict[Account, list[Item]] = defaultdict(list)
        self._reviews_by: defaultdict[Account, list[Entry]] = defaultdict(list)
        self._labels: dict[tuple[int, str], Label] = {}
        self._last_id = 1000

    # Time

    @property
    def now(self) -> datetime:
        return self.fixed_now or datetime.now(UTC)

    def move_on(self, **span: float) -> datetime:
        """Set a fixed clock forward: `move_on(hours=1)`."""
        self.fixed_now = self.now + timedelta(**span)
        return self.fixed_now

    def ago(self, **span: float) -> datetime:
        """A moment before now: `ago(days=9)`. In whole seconds, as GitHub gives them."""
        return (self.now - timedelta(**span)).replace(microsecond=0)

    def time(self, at: When) -> datetime:
        moment = at if isinstance(at, datetime) else self.now - (at or timedelta())
        return moment.astimezone(UTC).replace(microsecond=0)

    # Looking up

    def node(self, id: str) -> Account | Repository | Item | None:
        """What the token can see under a node id, or None."""
        found = self._nodes.get(id)
        if isinstance(found, Item | Repository):
            return found if found.is_visible else None
        return None if found is None or found.deleted else found

    def account(self, login: str) -> Account | None:
        return self.accounts.get(login.lower())

    def repository(self, full_name: str, *, follow_renames: bool = True) -> Repository | None:
        """The visible repository with this `owner/name`, also by a former one."""
        name = full_name.lower()
        found = self.repositories.get(name) or (self.renamed_repositories.get(name) if follow_renames else None)
        return found if found and found.is_visible else None

    def repository_by_database_id(self, database_id: int) -> Repository | None:
        return next((each for each in self.repositories.values() if each.database_id == database_id and each.is_visible), None)

    def resource(self, url: str) -> Account | Repository | Item | None:
        """What the token can see at an address on the web."""
        pieces = urlsplit(url).path.strip("/").split("/")
        if urlsplit(url).netloc.lower() == urlsplit(self.web_url).netloc and len(pieces) < 3:
            return self.account(pieces[0]) if len(pieces) == 1 else self.repository("/".join(pieces))
        return self.item_at(url)

    def item_at(self, url: str) -> Item | None:
        """The visible item with this address on the web, also where an issue's address names a pull request."""
        parts = urlsplit(url)
        pieces = parts.path.strip("/").split("/")
        if parts.netloc.lower() != urlsplit(self.web_url).netloc or len(pieces) < 4 or not pieces[3].isdigit():
            return None
        repository = self.repository("/".join(pieces[:2]))
        if repository is None or pieces[2] not in ("pull", "issues"):
            return None
        item = repository.items.get(int(pieces[3])) or self.moved.get((repository.database_id, int(pieces[3])))
        return item if item and item.is_visible else None

    def items_by(self, account: Account) -> list[Item]:
        """All items that the account opened, hidden ones too."""
        return self._items_by[account]

    def reviews_by(self, account: Account) -> list[Entry]:
        return self._reviews_by[account]

    def items(self) -> Iterable[Item]:
        """All visible items."""
        for repository in self.repositories.values():
            if repository.is_visible:
                yield from (item for item in repository.items.values() if item.is_visible)

    # Accounts

    def add_user(self, login: str, *, name: str | None = None, email: str = "", kind: str = "User") -> Account:
        """Add an account. `kind`: User, Bot, Mannequin or Organization. One with an `email` can sign in."""
        if login.lower() in self.accounts:
            raise ValueError(f"There is a {login} already.")
        account = Account(self, kind, self.new_id(), login, name, email)
        self.accounts[login.lower()] = account
        self._nodes[account.id] = account
        return account

    def add_bot(self, login: str) -> Account:
        return self.add_user(login, kind="Bot")

    def add_organization(self, login: str, *, name: str | None = None) -> Account:
        return self.add_user(login, name=name, kind="Organization")

    def rename_user(self, account: Account, login: str) -> None:
        """A new login. The old one is free, and leads nowhere."""
        del self.accounts[account.login.lower()]
        account.login = login
        self.accounts[login.lower()] = account

    def delete_user(self, account: Account) -> None:
        """The account is gone; its work stays, by a ghost."""
        del self.accounts[account.login.lower()]
        account.deleted = True

    # Repositories

    def add_repository(
        self,
        full_name: str,
        *,
        collaborators: Iterable[Account] = (),
        private: bool = False,
        archived: bool = False,
        fork: bool = False,
        requires_review: bool = False,
        first_number: int = 1,
    ) -> Repository:
        """Add a repository; its owner becomes an organization where there is none. A private one is visible to the token."""
        owner_login, _, name = full_name.partition("/")
        owner = self.account(owner_login) or self.add_organization(owner_login)
        repository = Repository(self, self.new_id(), owner, name, private, archived, fork, requires_review=requires_review)
        repository.collaborators.update(collaborators)
        repository.last_number = first_number - 1
        self.repositories[full_name.lower()] = repository
        self._nodes[repository.id] = repository
        return repository

    def rename_repository(self, repository: Repository, full_name: str) -> None:
        """A new name, and perhaps a new owner; the old name goes on leading here."""
        old = repository.name_with_owner.lower()
        owner_login, _, name = full_name.partition("/")
        repository.owner = self.account(owner_login) or self.add_organization(owner_login)
        repository.name = name
        self.renamed_repositories[old] = self.repositories.pop(old)
        self.repositories[full_name.lower()] = repository

    def make_private(self, repository: Repository) -> None:
        """The token loses sight of it."""
        repository.is_private, repository.is_visible = True, False

    def make_public(self, repository: Repository) -> None:
        repository.is_private, repository.is_visible = False, True

    # Opening

    def add_issue(
        self,
        repository: Repository,
        author: Account,
        title: str,
        *,
        at: When = None,
        body: str = "",
        labels: Iterable[str] = (),
        assignees: Iterable[Account] = (),
        milestone: str = "",
        number: int | None = None,
    ) -> Issue:
        opened = self.time(at)
        issue = Issue(self.new_id(), repository, self._number(repository, number), author, title, body, opened, opened)
        return self._place(issue, labels, assignees, milestone)

    def add_pull_request(
        self,
        repository: Repository,
        author: Account,
        title: str,
        *,
        at: When = None,
        body: str = "",
        draft: bool = False,
        message: str = "",
        closes: Iterable[Issue] = (),
        labels: Iterable[str] = (),
        assignees: Iterable[Account] = (),
        milestone: str = "",
        additions: int = 12,
        deletions: int = 3,
        changed_files: int = 2,
        ci: str | None = None,
        base: str = "main",
        number: int | None = None,
    ) -> PullRequest:
        """Open one with one commit, whose message is `message` or the title."""
        opened = self.time(at)
        pull_request = PullRequest(
            self.new_id(), repository, self._number(repository, number), author, title, body, opened, opened,
            is_draft=draft, base_ref_name=base, additions=additions, deletions=deletions, changed_files=changed_files,
            ci=ci, published_at=None if draft else opened, closes=list(closes),
        )  # fmt: skip
        for issue in pull_request.closes:
            issue.closing.append(pull_request)
        self.push(pull_request, at=opened, message=message or title, ci=ci)
        return self._place(pull_request, labels, assignees, milestone)

    # Moving and vanishing

    def transfer_issue(self, issue: Issue, repository: Repository, *, at: When = None) -> Issue:
        """Move it: a new issue with a new id and number elsewhere. Only the old address still leads there."""
        moved = self.add_issue(repository, issue.by, issue.title, at=issue.created_at, body=issue.body_text)
        moved.entries = issue.entries
        for entry in moved.entries:
            entry.item = moved
        self._happens("TransferredEvent", moved, issue.by, at, left=issue.repository)
        moved.state, moved.reason, moved.closed_at = issue.state, issue.reason, issue.closed_at
        moved.assignee_list, moved.closing, moved.updated_at = issue.assignee_list, issue.closing, self.time(at)
        for pull_request in moved.closing:
            pull_request.closes = [moved if each is issue else each for each in pull_request.closes]
        self.moved[issue.repository.database_id, issue.number] = moved
        self._forget(issue)
        del issue.repository.items[issue.number]
        return moved

    def delete_issue(self, issue: Issue) -> None:
        self._forget(issue)

    # Inner workings

    def new_id(self) -> int:
        """The next database id; all kinds of things share one sequence."""
        self._last_id += 1
        return self._last_id

    def _number(self, repository: Repository, number: int | None) -> int:
        number = number or repository.last_number + 1
        if number in repository.items:
            raise ValueError(f"{repository.name_with_owner} has a number {number} already.")
        repository.last_number = max(repository.last_number, number)
        return number

    def _place(self, item: AnyItem, labels: Iterable[str], assignees: Iterable[Account], milestone: str) -> AnyItem:
        item.label_list = [self.label_named(item.repository, name) for name in labels]
        item.assignee_list = list(assignees)
        item.milestone = Milestone(self.new_id(), item.repository, milestone) if milestone else None
        item.repository.items[item.number] = item
        self._nodes[item.id] = item
        self._items_by[item.by].append(item)
        return item

    def _forget(self, item: Item) -> None:
        item.is_deleted = True
        del self._nodes[item.id]
        self._items_by[item.by].remove(item)

    def label_named(self, repository: Repository, name: str) -> Label:
        """The repository's label of this name; it is made where there is none."""
        key = (repository.database_id, name)
        if key not in self._labels:
            color = LABEL_COLORS[len(name) % len(LABEL_COLORS)]
            self._labels[key] = Label(self.new_id(), repository, name, color)
        return self._labels[key]
