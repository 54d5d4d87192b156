"""What can happen to the items of the world after they were opened."""

from abc import ABC, abstractmethod
from datetime import datetime, timedelta

from .entities import Account, Commit, Entry, Issue, Item, Label, PullRequest, Repository

When = datetime | timedelta | None


class Happenings(ABC):
    """The part of `World` that changes items. Each change moves `updated_at` where GitHub moves it."""

    @abstractmethod
    def time(self, at: When) -> datetime:
        """The moment that `at` means."""

    @abstractmethod
    def new_id(self) -> int:
        """A database id that nothing has yet."""

    @abstractmethod
    def label_named(self, repository: Repository, name: str) -> Label:
        """The label of this name in the repository, made where there is none."""

    @abstractmethod
    def reviews_by(self, account: Account) -> list[Entry]:
        """All reviews that the account gave, in the order in which they were added."""

    def comment(self, item: Item, by: Account, body: str = "Thank you.", *, at: When = None) -> Entry:
        return self._happens("IssueComment", item, by, at, body_text=body)

    def edit(self, item: Item, *, title: str = "", body: str = "", by: Account | None = None, at: When = None) -> None:
        """Another title or another description; by the author, unless somebody else does it."""
        if title and title != item.title:
            self._happens("RenamedTitleEvent", item, by or item.by, at, before=item.title, after=title)
        item.title, item.body_text = title or item.title, body or item.body_text
        self._touch(item, at)

    def lock(self, item: Item, by: Account, *, at: When = None) -> Entry:
        return self._happens("LockedEvent", item, by, at)

    def unlock(self, item: Item, by: Account, *, at: When = None) -> Entry:
        return self._happens("UnlockedEvent", item, by, at)

    def convert_to_discussion(self, issue: Issue, by: Account, *, at: When = None) -> Entry:
        """It goes on as a discussion; the issue stays behind, closed and locked."""
        entry = self._happens("ConvertedToDiscussionEvent", issue, by, at)
        self.close(issue, by, at=at)
        self.lock(issue, by, at=at)
        return entry

    def label(self, item: Item, *names: str, at: When = None) -> None:
        item.label_list.extend(self.label_named(item.repository, name) for name in names)
        self._touch(item, at)

    def assign(self, item: Item, account: Account, *, at: When = None) -> None:
        item.assignee_list.append(account)
        self._touch(item, at)

    def close(
        self,
        item: Item,
        by: Account,
        *,
        at: When = None,
        reason: str = "COMPLETED",
        closer: Commit | PullRequest | None = None,
    ) -> Entry:
        """Close without merging. `reason` is for issues; `closer` is what closed it, if it was not closed by hand."""
        entry = self._happens("ClosedEvent", item, by, at, closer=closer)
        item.state, item.closed_at = "CLOSED", entry.created_at
        if isinstance(item, Issue):
            item.reason = reason
        return entry

    def reopen(self, item: Item, by: Account, *, at: When = None) -> Entry:
        item.state, item.closed_at = "OPEN", None
        if isinstance(item, Issue):
            item.reason = "REOPENED"
        return self._happens("ReopenedEvent", item, by, at)

    # What happens to pull requests

    def push(
        self,
        pull_request: PullRequest,
        *,
        by: Account | None = None,
        at: When = None,
        message: str = "Address review comments",
        force: bool = False,
        ci: str | None = None,
    ) -> Entry:
        """Push a commit. Its checks start again: `ci` is their state, none by default."""
        by = by or pull_request.by
        if force:
            self._happens("HeadRefForcePushedEvent", pull_request, by, at)
        commit = Commit(self.new_id(), pull_request.repository, by, message, self.time(at))
        pull_request.ci = ci
        return self._happens("PullRequestCommit", pull_request, by, at, commit=commit)

    def review(
        self,
        pull_request: PullRequest,
        by: Account,
        state: str = "COMMENTED",
        *,
        at: When = None,
        body: str = "",
        comments: int = 0,
    ) -> Entry:
        """A submitted review: APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED, with so many comments in the code."""
        pull_request.review_comments += comments
        entry = self._happens("PullRequestReview", pull_request, by, at, state=state, body_text=body)
        self.reviews_by(by).append(entry)
        return entry

    def dismiss(self, review: Entry, by: Account, *, at: When = None) -> Entry:
        """Take a submitted review out of account: GitHub says DISMISSED of it from now on."""
        entry = self._happens("ReviewDismissedEvent", review.item, by, at, before=review.state, review=review)
        review.state = "DISMISSED"
        return entry

    def change_base(self, pull_request: PullRequest, base: str, *, by: Account | None = None, at: When = None) -> Entry:
        """Ask to merge it into another branch."""
        before, pull_request.base_ref_name = pull_request.base_ref_name, base
        return self._happens("BaseRefChangedEvent", pull_request, by or pull_request.by, at, before=before, after=base)

    def set_behind(self, pull_request: PullRequest, behind: bool = True) -> None:
        """Whether its base moved on, where the repository wants branches up to date. That does not move `updated_at`."""
        pull_request.is_behind = behind

    def request_review(
        self, pull_request: PullRequest, by: Account, *, reviewer: Account | None = None, at: When = None
    ) -> Entry:
        """Ask for a review: of a person, or of a team where no `reviewer` is given."""
        return self._happens("ReviewRequestedEvent", pull_request, by, at, asked=reviewer)

    def ready(self, pull_request: PullRequest, *, by: Account | None = None, at: When = None) -> Entry:
        """A draft becomes ready for review."""
        entry = self._happens("ReadyForReviewEvent", pull_request, by or pull_request.by, at)
        pull_request.is_draft, pull_request.published_at = False, entry.created_at
        return entry

    def convert_to_draft(self, pull_request: PullRequest, *, by: Account | None = None, at: When = None) -> Entry:
        pull_request.is_draft = True
        return self._happens("ConvertToDraftEvent", pull_request, by or pull_request.by, at)

    def merge(self, pull_request: PullRequest, by: Account, *, at: When = None) -> Entry:
        """Merge it, and close the issues that it names."""
        entry = self._happens("MergedEvent", pull_request, by, at)
        self._happens("ClosedEvent", pull_request, by, at)
        pull_request.state, pull_request.merger, pull_request.is_draft = "MERGED", by, False
        pull_request.merged_at = pull_request.closed_at = entry.created_at
        pull_request.repository.contributors.add(pull_request.by)
        for issue in pull_request.closes:
            if issue.state == "OPEN":
                self.close(issue, by, at=at, closer=pull_request)
        return entry

    def land_by_hand(self, pull_request: PullRequest, by: Account, *, at: When = None, comment: bool = False) -> Commit:
        """Commit it by hand and close it: the commit closes it, or with `comment` a comment names the commit."""
        commit = Commit(self.new_id(), pull_request.repository, by, pull_request.title, self.time(at))
        if comment:
            self.comment(pull_request, by, f"Merged in {commit.oid}. Thank you.", at=at)
        self.close(pull_request, by, at=at, closer=None if comment else commit)
        return commit

    def set_ci(self, pull_request: PullRequest, state: str | None) -> None:
        """SUCCESS, FAILURE, PENDING, ERROR, EXPECTED or None. Checks do not move `updated_at`."""
        pull_request.ci = state

    def set_mergeable(self, pull_request: PullRequest, state: str) -> None:
        """MERGEABLE, CONFLICTING or UNKNOWN. Conflicts do not move `updated_at`."""
        pull_request.mergeable = state

    def _happens(
        self,
        typename: str,
        item: Item,
        by: Account,
        at: When,
        *,
        body_text: str = "",
        state: str = "",
        closer: Commit | PullRequest | None = None,
        commit: Commit | None = None,
        before: str = "",
        after: str = "",
        review: Entry | None = None,
        asked: Account | None = None,
        left: Repository | None = None,
    ) -> Entry:
        entry = Entry(
            typename, self.new_id(), item, by, self.time(at), body_text, state, closer, commit, before, after, review, asked, left
        )
        item.entries.append(entry)
        item.entries.sort(key=lambda each: each.created_at)
        self._touch(item, entry.created_at)
        return entry

    def _touch(self, item: Item, at: When) -> None:
        """History may be told in any order; the latest change counts."""
        item.updated_at = max(item.updated_at, self.time(at))
