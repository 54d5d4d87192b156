"""The GitHub of the demonstration: the made-up projects, and six weeks of work on them.

Built anew at each start with the same ids, so that it agrees with the stored rows; its dates are relative to the present.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from contributions.sandbox.entities import Account, PullRequest, Repository
from contributions.sandbox.trac import add_ticket
from contributions.sandbox.world import World

from .people import FEATURED_EMAIL, FEATURED_NAME, NEWCOMER
from .projects import ISSUE_TITLES, PROJECTS, PULL_REQUEST_TITLES, MadeUpProject

#: Tickets of Lantern's Trac that the featured member follows.
TICKETS = (21877, 21902)
PULL_REQUESTS = 128
ISSUES = 32

#: What can have become of a pull request, and after how many days it can have got there.
OUTCOMES = (
    ("merged", 6), ("merged", 8), ("landed", 8), ("approved", 4), ("changes_requested", 3), ("pushed_since", 4), ("waiting", 0),
    ("waiting", 0), ("draft", 0), ("ci_failing", 1), ("conflict", 5), ("answered", 2), ("closed", 5),
)  # fmt: skip


class DemoWorld:
    """Builds the world. `cohorts` gives for each cohort its project's slug and its members' logins, the featured member first."""

    def __init__(self, world: World, cohorts: Sequence[tuple[str, Sequence[str]]], featured: str) -> None:
        self.world = world
        self.cohorts = cohorts
        self.featured = featured
        self.chance = random.Random(4)  # noqa: S311 (a made-up world, the same each time)
        self.projects: dict[str, MadeUpProject] = {project.slug: project for project in PROJECTS}
        self.repositories: dict[str, Repository] = {}
        self.maintainers: dict[str, list[Account]] = {}
        self.members: dict[str, Account] = {}

    def build(self) -> World:
        """Everything up to the first sync."""
        for project in PROJECTS:
            self.maintainers[project.slug] = [self.world.add_user(login) for login in project.maintainers]
            for number, name in enumerate(project.repositories):
                self.repositories[name] = self.world.add_repository(
                    name, collaborators=self.maintainers[project.slug], first_number=1200 * (number + 1)
                )
        self.bot = self.world.add_bot("lantern-ci")
        for _, logins in self.cohorts:
            for login in logins:
                self.members[login] = self._member(login)
        self._featured_work()
        self._everybodys_work()
        # Last, so that its number moves no other.
        login, name, email = NEWCOMER
        self.world.add_user(login, name=name, email=email)
        self._tickets()
        self._reviews_given()
        return self.world

    def _reviews_given(self) -> None:
        """Reviews by members: of what others of their project opened and is done, and of a maintainer's pull request.

        On what is done a review changes nobody's turn. After everything else, so that no id of it moves.
        """
        world, chance = self.world, random.Random(5)  # noqa: S311 (a made-up world, the same each time)
        code, (host, green) = self.repositories["lanternweb/lantern"], self.maintainers["lantern"]
        me = self.members[self.featured]
        for slug, logins in self.cohorts:
            done = [
                item
                for login in logins
                for item in world.items_by(self.members[login])
                if isinstance(item, PullRequest)
                and item.state != "OPEN"
                and item.repository.name_with_owner in self.projects[slug].repositories
            ]
            for login in logins:
                others = [item for item in done if item.by is not self.members[login]]
                for item in chance.sample(others, min(len(others), chance.randint(0, 2))):
                    end = item.closed_at or world.now
                    at = item.created_at + (end - item.created_at) * chance.uniform(0.15, 0.3)
                    body = chance.choice(("I tried it, and it works for me.", "Could the test cover the empty case?"))
                    world.review(item, self.members[login], "COMMENTED", at=at, body=body)
        opened = world.add_pull_request(
            code, green, "Say in the log which mail was given up", at=world.ago(days=6), additions=31, deletions=4, ci="SUCCESS"
        )
        world.review(opened, me, "COMMENTED", at=world.ago(days=5), body="Should the address stay out of the log?")
        world.push(opened, at=world.ago(days=4), ci="SUCCESS")
        world.review(opened, me, "APPROVED", at=world.ago(days=3), body="Thank you. I tried it with a full queue.")
        world.review(opened, host, "APPROVED", at=world.ago(days=1))

    def _tickets(self) -> None:
        """The Trac of Lantern: the ticket that a pull request of the featured member names, and what she pasted."""
        add_ticket(
            self.world, TICKETS[0], "Admin list fires one query a row for related labels", stage="Accepted",
            flags={"has_patch", "needs_tests"},
        )  # fmt: skip
        add_ticket(self.world, TICKETS[1], "Document how a fallback locale is chosen", stage="Accepted", flags={"easy"})

    def _member(self, login: str) -> Account:
        """A member's account. The featured one can sign in, and has the address of its account on the site."""
        if login == self.featured:
            return self.world.add_user(login, name=FEATURED_NAME, email=FEATURED_EMAIL)
        return self.world.add_user(login)

    def let_time_pass(self) -> None:
        """What happens between the first sync and the next: a rename, and an issue that vanishes."""
        self.world.rename_repository(self.repositories["lanternweb/lantern-docs"], "lanternweb/handbook")
        self.world.delete_issue(self.vanishing)

    def _featured_work(self) -> None:
        """The work of the member whom visitors log in as: an item in every state."""
        world, ago = self.world, self.world.ago
        code, docs = self.repositories["lanternweb/lantern"], self.repositories["lanternweb/lantern-docs"]
        host, green = self.maintainers["lantern"]
        me = self.members[self.featured]

        issue = world.add_issue(
            code, host, "Filters are lost after a bulk action in the admin list", at=ago(days=30), labels=["accepted"]
        )
        world.comment(issue, me, "I would like to work on this.", at=ago(days=22))
        merged = world.add_pull_request(
            code,
            me,
            "Keep filters after a bulk action in the admin list",
            at=ago(days=19),
            closes=[issue],
            additions=38,
            deletions=6,
            changed_files=3,
            ci="SUCCESS",
        )
        world.comment(merged, self.bot, "Coverage went up.", at=ago(days=19, hours=-1))
        world.review(merged, green, "CHANGES_REQUESTED", at=ago(days=15), body="Close. Could the test name say what is lost?")
        world.push(merged, at=ago(days=13), ci="SUCCESS")
        world.review(merged, green, "APPROVED", at=ago(days=9))
        world.merge(merged, host, at=ago(days=8))

        landed = world.add_pull_request(
            code,
            me,
            "Correct two typos in the cookie settings",
            at=ago(days=16),
            additions=2,
            deletions=2,
            changed_files=1,
            ci="SUCCESS",
        )
        world.review(landed, host, "APPROVED", at=ago(days=14))
        world.land_by_hand(landed, host, at=ago(days=12), comment=True)

        ticket = world.add_issue(
            code, me, "The example of atomic blocks swallows the error", at=ago(days=14), labels=["documentation"]
        )
        world.comment(ticket, host, "Good find. A pull request is welcome.", at=ago(days=13))
        approved = world.add_pull_request(
            docs,
            me,
            "Docs: clarify atomic blocks and callbacks",
            at=ago(days=12),
            additions=64,
            deletions=21,
            changed_files=2,
            ci="SUCCESS",
            message="Clarify atomic blocks and callbacks\n\nAssisted-by: a language model, for grammar only",
        )
        world.review(approved, green, "COMMENTED", at=ago(days=10), body="Reads well.")
        world.review(approved, green, "APPROVED", at=ago(days=4))

        red = world.add_pull_request(
            code,
            me,
            f"Fixed #{TICKETS[0]} -- Avoid one query a row in the admin list",
            at=ago(days=9),
            additions=47,
            deletions=12,
            changed_files=4,
            ci="FAILURE",
        )
        world.comment(red, host, "I like the direction.", at=ago(days=6))
        world.push(red, at=ago(days=2), ci="FAILURE")

        waiting = world.add_pull_request(
            code,
            me,
            "Say which locale is missing when a fallback is used",
            at=ago(days=9),
            additions=25,
            deletions=3,
            changed_files=2,
            ci="SUCCESS",
        )
        world.comment(waiting, self.bot, "All checks pass.", at=ago(days=9, hours=-1))
        full = world.add_issue(code, green, "Nothing is said when the mail queue is full", at=ago(days=25), labels=["accepted"])
        answer = world.add_pull_request(
            code,
            me,
            "Show a clear error when the mail queue is full",
            at=ago(days=7),
            closes=[full],
            additions=90,
            deletions=14,
            changed_files=5,
            ci="SUCCESS",
        )
        world.review(answer, green, "CHANGES_REQUESTED", at=ago(days=3), body="Could you split the refactoring from the fix?")
        draft = world.add_pull_request(
            code,
            me,
            "Type hints for the test client",
            at=ago(days=3),
            draft=True,
            additions=130,
            deletions=40,
            changed_files=6,
            ci="PENDING",
        )
        world.comment(draft, me, "Not ready: I want to see whether the direction is right.", at=ago(days=3))
        closed = world.add_pull_request(
            code, me, "Rename the cache setting", at=ago(days=18), additions=8, deletions=8, ci="SUCCESS"
        )
        world.comment(closed, host, "Thank you. We keep the old name for now; see the discussion.", at=ago(days=16))
        world.close(closed, host, at=ago(days=16))
        self.vanishing = world.add_issue(code, me, "Question: how do I run one test only?", at=ago(days=20))
        old = world.add_issue(code, me, "Reload hangs when a template is deleted", at=ago(days=70), labels=["bug"])
        world.comment(old, self.bot, "This issue has had no activity for 60 days.", at=ago(days=5))

    def _everybodys_work(self) -> None:
        others = [(slug, login) for slug, logins in self.cohorts for login in logins if login != self.featured]
        for number in range(PULL_REQUESTS - 9):
            slug, login = others[number % len(others)]
            self._pull_request(slug, login, number // len(others))
        for number in range(ISSUES - 3):
            slug, login = others[(number * 5) % len(others)]
            project = self.projects[slug]
            title = self.chance.choice(ISSUE_TITLES).format(self.chance.choice(project.parts))
            opened = self._days_ago(self.chance.uniform(1, 22))
            issue = self.world.add_issue(self._repository(slug), self.members[login], _capital(title), at=opened)
            if number % 3:
                self.world.comment(issue, self._maintainer(slug), "Thank you. I can reproduce this.", at=self._between(opened))
            if number % 6 == 5:
                self.world.close(issue, self._maintainer(slug), at=self.world.ago(hours=20))

    def _pull_request(self, slug: str, login: str, round_: int) -> None:
        """One pull request of somebody; later rounds are younger, so that a person's work moves forward."""
        world, chance, project = self.world, self.chance, self.projects[slug]
        age = max(0.3, 21 - round_ * 3.6 - chance.uniform(0, 4))
        outcome = chance.choice([name for name, days in OUTCOMES if age > days])
        title = _capital(chance.choice(PULL_REQUEST_TITLES).format(chance.choice(project.parts)))
        opened, size = self._days_ago(age), int(chance.lognormvariate(3.4, 0.9))
        pull_request = world.add_pull_request(
            self._repository(slug), self.members[login], title, at=opened, draft=outcome == "draft", additions=size,
            deletions=size // 4, changed_files=1 + size // 30, ci={"ci_failing": "FAILURE", "draft": "PENDING"}.get(outcome, "SUCCESS"),
        )  # fmt: skip
        self._play(pull_request, outcome, slug, opened, age)

    def _play(self, pull_request: PullRequest, outcome: str, slug: str, opened: datetime, age: float) -> None:
        world = self.world
        maintainer, colleague = self._maintainer(slug), self.chance.choice(self.maintainers[slug])

        def at(part: float) -> datetime:
            return opened + timedelta(days=age * part)

        if outcome in {"changes_requested", "pushed_since", "merged"}:
            world.review(pull_request, maintainer, "CHANGES_REQUESTED", at=at(0.35), body="A few small things.")
        if outcome in {"pushed_since", "merged"}:
            world.push(pull_request, at=at(0.5), ci="SUCCESS")
        if outcome in {"approved", "merged", "landed"}:
            world.review(pull_request, colleague, "APPROVED", at=at(0.7))
        if outcome == "merged":
            world.merge(pull_request, maintainer, at=at(0.8))
        elif outcome == "landed":
            world.land_by_hand(pull_request, maintainer, at=at(0.85))
        elif outcome == "answered":
            world.comment(pull_request, maintainer, "Why not reuse the existing function?", at=at(0.5))
        elif outcome == "conflict":
            world.set_mergeable(pull_request, "CONFLICTING")
        elif outcome == "closed":
            world.comment(pull_request, maintainer, "Somebody was faster; thank you all the same.", at=at(0.6))
            world.close(pull_request, maintainer, at=at(0.6))

    def _repository(self, slug: str) -> Repository:
        return self.repositories[self.chance.choice(self.projects[slug].repositories)]

    def _maintainer(self, slug: str) -> Account:
        return self.maintainers[slug][0]

    def _days_ago(self, days: float) -> datetime:
        return self.world.ago(days=days)

    def _between(self, opened: datetime) -> datetime:
        return opened + (self.world.now - opened) * self.chance.uniform(0.2, 0.8)


def _capital(title: str) -> str:
    return title[:1].upper() + title[1:]
