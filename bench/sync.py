"""What a sync costs: requests, points, statements and seconds, against the obvious way, on the same sandbox GitHub.

    uv run python bench/sync.py [--small]

Prints a table and exits with 1 if a bound is missed. The obvious way is three REST searches a member: pull requests by,
issues by, and pull requests reviewed by the member. It is only counted as far as the lists go, although each pull request
would need further requests for its checks, its reviews and its linked issues.
"""

import argparse
import os
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock
from urllib.parse import quote

#: How long each answer of GitHub takes, roughly, for the estimate of how long people would wait.
SECONDS_A_REQUEST = 0.7


@dataclass(frozen=True)
class Bounds:
    """The most that a sync of a world may cost."""

    first_requests: int
    second_requests: int
    first_points: int | None = None
    second_points: int | None = None


@dataclass(frozen=True)
class Size:
    """A world: each member opens four pull requests and one issue."""

    members: int
    repositories: int
    bounds: Bounds


SMALL = Size(32, 5, Bounds(first_requests=7, second_requests=2, first_points=18, second_points=2))
LARGE = Size(1000, 200, Bounds(first_requests=140, second_requests=42))


@dataclass
class Measured:
    """What one world cost. `statements`: how many each stored batch took, by number of items in it."""

    size: Size
    items: int = 0
    first: tuple[int, int, float] = (0, 0, 0.0)
    second: tuple[int, int, float] = (0, 0, 0.0)
    second_writes: int = 0
    statements: dict[int, set[int]] = field(default_factory=dict)
    searches: int = 0
    searches_waited: timedelta = timedelta()

    def missed(self) -> list[str]:
        """Every bound that was missed, in words."""
        bounds = self.size.bounds
        checks = [
            ("requests of the first sync", self.first[0], bounds.first_requests),
            ("points of the first sync", self.first[1], bounds.first_points),
            ("requests of the second sync", self.second[0], bounds.second_requests),
            ("points of the second sync", self.second[1], bounds.second_points),
            ("rows written by the second sync", self.second_writes, 0),
        ]
        missed = [f"{name}: {value}, at most {most}" for name, value, most in checks if most is not None and value > most]
        counts = set().union(*self.statements.values())
        if len(counts) > 1:
            missed.append(f"statements a batch: {sorted(counts)}, always the same number")
        return missed


def measure(size: Size) -> Measured:
    """Build a world and a session that follows it, and sync it twice. Django is set up, with an empty database."""
    from django.test import override_settings

    from contributions.sandbox import Sandbox, sandbox_transport, scale_world

    now = datetime.now(UTC).replace(microsecond=0)
    world = scale_world(size.members, size.repositories, now=now, days=24)
    sandbox = Sandbox(world)
    measured = Measured(size)
    session = _session(world, size, now)
    guard = "contributions.github.guard.forbid_transactions"
    with override_settings(GITHUB_TRANSPORT=sandbox_transport(sandbox), GITHUB_CLIENT_GUARD=guard, DEBUG=False):
        measured.first, measured.items, _writes = _sync(session, measured.statements)
        measured.second, _created, measured.second_writes = _sync(session, {})
        _search(world, sandbox, size, measured)
    return measured


def _session(world, size: Size, now: datetime):
    from accounts.models import GitHubIdentity, User
    from cohorts.models import Cohort, Membership, Project, Repository, Session

    name = f"bench-{size.members}"
    session = Session.objects.create(
        slug=name, name=name, starts_on=(now - timedelta(days=25)).date(), announced_at=now, published_at=now
    )
    project = Project.objects.create(slug=name, name=name)
    session.projects.add(project)
    Repository.objects.bulk_create(
        Repository(project=project, full_name=repository.name_with_owner) for repository in world.repositories.values()
    )
    cohort = Cohort.objects.create(session=session, name=name, project=project)
    users = User.objects.bulk_create(
        User(email=f"m{number:04}@{name}.example.org", name=f"Member {number}") for number in range(1, size.members + 1)
    )
    GitHubIdentity.objects.bulk_create(GitHubIdentity(user=user, login=user.email.partition("@")[0]) for user in users)
    Membership.objects.bulk_create(Membership(cohort=cohort, user=user) for user in users)
    return session


def _sync(session, statements: dict[int, set[int]]) -> tuple[tuple[int, int, float], int, int]:
    """`(requests, points, seconds)`, how many items are new, and how many statements wrote items or contributions."""
    from django.db import connection

    from contributions.models import SyncRun
    from contributions.sync import refresh, request_sync, run_sync, store

    counted = {"all": 0, "writes": 0}

    def count(execute, sql, *rest):
        counted["all"] += 1
        if sql.startswith(("INSERT", "UPDATE", "DELETE")) and ("_workitem" in sql or '_contribution"' in sql):
            counted["writes"] += 1
        return execute(sql, *rest)

    def save_batch(host, batch):
        before = counted["all"]
        outcome = store.save_batch(host, batch)
        statements.setdefault(len(batch), set()).add(counted["all"] - before)
        return outcome

    began = time.perf_counter()
    with connection.execute_wrapper(count), mock.patch.object(refresh, "save_batch", save_batch):
        run = run_sync(request_sync(session, trigger=SyncRun.Trigger.COMMAND, queue=False))
    if run.state != SyncRun.State.DONE:
        raise SystemExit(f"The sync ended as {run.state}: {run.errors}")
    return (run.requests, run.points, time.perf_counter() - began), run.created, counted["writes"]


def _search(world, sandbox, size: Size, measured: Measured) -> None:
    """The obvious way, with GitHub's limit of 30 searches a minute waited out on the sandbox's own clock."""
    from contributions.github.client import client_from_settings
    from contributions.github.errors import RateLimited

    since = (world.now - timedelta(days=25)).date()
    with client_from_settings() as client:
        for number in range(1, size.members + 1):
            login = f"m{number:04}"
            for words in (f"author:{login} type:pr", f"author:{login} type:issue", f"reviewed-by:{login} type:pr"):
                path = f"search/issues?per_page=100&q={quote(f'{words} updated:>={since}')}"
                while True:
                    try:
                        client.get(path)
                    except RateLimited:
                        world.move_on(minutes=1)
                        measured.searches_waited += timedelta(minutes=1)
                    else:
                        measured.searches += 1
                        break


def set_up(folder: str) -> None:
    """Set Django up with an empty SQLite database in `folder`."""
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "DATABASE_"))]:
        del os.environ[name]
    os.environ |= {
        "DEBUG": "1", "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3", "GITHUB_TOKENS": "bench", "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }  # fmt: skip
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def empty_database() -> None:
    """Forget the world before: each has the same ids."""
    from django.core.management import call_command

    call_command("flush", verbosity=0, interactive=False)


def table(results: list[Measured]) -> str:
    """What was measured, as text."""
    head = f"{'':34}" + "".join(f"{f'{result.size.members:,} members':>18}" for result in results)
    lines = [head, "-" * len(head)]

    def line(name: str, values: list) -> None:
        lines.append(f"{name:34}" + "".join(f"{value:>18}" for value in values))

    def bound(value: int, most: int | None) -> str:
        return f"{value}" if most is None else f"{value} (≤ {most})"

    line("repositories", [f"{result.size.repositories}" for result in results])
    line("items", [f"{result.items:,}" for result in results])
    line("first sync: requests", [bound(result.first[0], result.size.bounds.first_requests) for result in results])
    line("first sync: points", [bound(result.first[1], result.size.bounds.first_points) for result in results])
    line("first sync: our own seconds", [f"{result.first[2]:.1f}" for result in results])
    line("second sync: requests", [bound(result.second[0], result.size.bounds.second_requests) for result in results])
    line("second sync: points", [bound(result.second[1], result.size.bounds.second_points) for result in results])
    line("second sync: rows written", [bound(result.second_writes, 0) for result in results])
    line("statements a batch", [_statements(result) for result in results])
    line("three searches a member: requests", [f"{result.searches:,}" for result in results])
    line("  waiting for 30 a minute, minutes", [f"{result.searches_waited.total_seconds() / 60:.0f}" for result in results])
    line("  times ours, first sync", [f"{result.searches / result.first[0]:.0f} ×" for result in results])
    line("  times ours, second sync", [f"{result.searches / result.second[0]:.0f} ×" for result in results])
    line("seconds of GitHub's time, ours", [f"{result.first[0] * SECONDS_A_REQUEST:.0f}" for result in results])
    line("seconds of GitHub's time, searches", [f"{result.searches * SECONDS_A_REQUEST:,.0f}" for result in results])
    return "\n".join(lines)


def _statements(result: Measured) -> str:
    counts = sorted(set().union(*result.statements.values()))
    sizes = sorted(result.statements)
    return f"{'–'.join(map(str, counts))} for {sizes[0]}–{sizes[-1]}"


def main() -> int:
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--small", action="store_true", help="only 32 members")
    arguments = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    with tempfile.TemporaryDirectory() as folder:
        set_up(folder)
        results = []
        for size in [SMALL] if arguments.small else [SMALL, LARGE]:
            empty_database()
            results.append(measure(size))
    print(table(results))
    missed = [f"{result.size.members:,} members: {words}" for result in results for words in result.missed()]
    for words in missed:
        print(f"MISSED {words}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
