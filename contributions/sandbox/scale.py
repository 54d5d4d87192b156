"""Large worlds for benchmarks."""

import random
from datetime import datetime

from .entities import PullRequest
from .world import World

CI_STATES = ("SUCCESS", "SUCCESS", "SUCCESS", "FAILURE", "PENDING", None)


def scale_world(
    members: int = 32,
    repositories: int = 5,
    pull_requests_per_member: int = 4,
    issues_per_member: int = 1,
    *,
    seed: int = 0,
    now: datetime | None = None,
    days: int = 28,
    elsewhere: int = 0,
    reviews_per_member: int = 0,
) -> World:
    """A world of members `m0001`, `m0002`, … who opened items in `org/project-001`, … within the last `days` days.

    About half of the items are open. `elsewhere`: so many items of each member more, in a repository of their own that
    nobody tracks. `reviews_per_member`: so many reviews of other members' pull requests. The same seed gives the same world.
    """
    chance = random.Random(seed)  # noqa: S311 (it shall repeat)
    world = World(now=now)
    maintainers = [world.add_user(f"maintainer{index}") for index in range(1, 6)]
    bot = world.add_bot("checks")
    tracked = [world.add_repository(f"org/project-{index:03}", collaborators=maintainers) for index in range(1, repositories + 1)]
    for index in range(1, members + 1):
        member = world.add_user(f"m{index:04}", name=f"Member {index}", email=f"m{index:04}@example.org")
        for which in range(issues_per_member):
            issue = world.add_issue(
                chance.choice(tracked),
                member,
                f"Problem {which + 1} of {member.login}",
                at=world.ago(days=chance.uniform(1, days)),
            )
            if chance.random() < 0.5:
                world.close(issue, chance.choice(maintainers), at=_between(world, issue.created_at, chance))
        for which in range(pull_requests_per_member):
            repository = chance.choice(tracked)
            pull_request = world.add_pull_request(
                repository,
                member,
                f"Change {which + 1} of {member.login}",
                at=world.ago(days=chance.uniform(1, days)),
                draft=chance.random() < 0.1,
                ci=chance.choice(CI_STATES),
                additions=chance.randint(1, 200),
                deletions=chance.randint(0, 80),
            )
            opened = pull_request.created_at
            if chance.random() < 0.5:
                world.comment(pull_request, bot, "The checks have run.", at=opened)
            if chance.random() < 0.7:
                state = chance.choice(("COMMENTED", "CHANGES_REQUESTED", "APPROVED"))
                world.review(pull_request, chance.choice(maintainers), state, at=_between(world, opened, chance))
            if chance.random() < 0.5:
                world.push(pull_request, at=_between(world, opened, chance), ci=pull_request.ci)
            end = chance.random()
            if end < 0.35:
                world.merge(pull_request, chance.choice(maintainers), at=_between(world, opened, chance))
            elif end < 0.5:
                world.close(pull_request, chance.choice(maintainers), at=_between(world, opened, chance))
        for which in range(elsewhere):
            own = world.repository(f"{member.login}/notes") or world.add_repository(f"{member.login}/notes")
            world.add_pull_request(own, member, f"Note {which + 1}", at=world.ago(days=chance.uniform(1, days)))
    _review_each_other(world, members, reviews_per_member, random.Random(seed + 1))  # noqa: S311
    return world


def _review_each_other(world: World, members: int, reviews_per_member: int, chance: random.Random) -> None:
    accounts = [world.accounts[f"m{index:04}"] for index in range(1, members + 1)]
    for index, account in enumerate(accounts):
        for _review in range(reviews_per_member):
            # A neighbour: anybody else, so that nobody reviews the own work.
            other = accounts[(index + chance.randint(1, max(1, min(members - 1, 20)))) % members]
            theirs = [item for item in world.items_by(other) if isinstance(item, PullRequest)]
            if other is not account and theirs:
                pull_request = chance.choice(theirs)
                world.review(pull_request, account, "COMMENTED", at=_between(world, pull_request.created_at, chance))


def _between(world: World, start: datetime, chance: random.Random) -> datetime:
    """A moment after `start` and before now."""
    return start + (world.now - start) * chance.uniform(0.1, 0.9)
