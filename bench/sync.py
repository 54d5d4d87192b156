"""What a sync costs: requests, points, statements, seconds and memory, against the obvious way, on the same sandbox GitHub.

    uv run python bench/sync.py [--small] [--repeat N]

Prints tables and exits with 1 if a bound is missed. The obvious way is three REST searches a member: pull requests by,
issues by, and pull requests reviewed by the member (see `bench/github/searching.py`).
"""

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.github.alone import Alone, sync_alone
from bench.github.hosting import hosted
from bench.github.searching import Searched, search
from bench.github.worlds import LARGE, SMALL, Bounds, Size, build_world, make_session, set_up, whole_seconds

__all__ = ["SMALL", "Bounds", "Growth", "Measured", "Searched", "Size", "measure", "table"]

#: How long each answer takes on its way, in seconds, for both ways alike.
LATENCY = 0.08
#: Against the obvious way, over a first sync and the one after it.
TIMES_FEWER_REQUESTS, TIMES_LESS_TIME = 15, 10
#: Worlds in which the time a member and the memory are measured.
GROWING = (Size(32, 5), Size(1000, 200), Size(10_000, 200))
MOST_GROWTH = 1.3
MOST_MEMORY = 150


@dataclass(frozen=True)
class Cost:
    """What one sync took. `writes`: statements that wrote items, contributions or reviews."""

    requests: int = 0
    points: int = 0
    seconds: float = 0.0
    writes: int = 0


@dataclass
class Measured:
    """What one world cost. `statements`: how many each stored batch took, by number of items in it."""

    size: Size
    items: int = 0
    reviews: int = 0
    first: Cost = Cost()
    second: Cost = Cost()
    #: After one item changed, and when reviews given were asked for again.
    changed: Cost = Cost()
    reviewed: Cost = Cost()
    statements: dict[int, set[int]] = field(default_factory=dict)
    searched: Searched = field(default_factory=Searched)

    @property
    def times_fewer_requests(self) -> float:
        return 2 * self.searched.requests / max(1, self.first.requests + self.second.requests)

    @property
    def ours_with_latency(self) -> float:
        """Seconds of both syncs."""
        return self.first.seconds + self.second.seconds + (self.first.requests + self.second.requests) * LATENCY

    @property
    def searches_with_latency(self) -> float:
        """Seconds of searching twice, without waiting for GitHub's limit of searches."""
        return 2 * (self.searched.seconds + self.searched.requests * LATENCY)

    @property
    def times_less_time(self) -> float:
        """With the waiting for the limit of searches, which nobody gets around."""
        return (self.searches_with_latency + 2 * self.searched.waited.total_seconds()) / max(0.001, self.ours_with_latency)

    def missed(self) -> list[str]:
        """Every bound that was missed, in words."""
        bounds = self.size.bounds
        most = [
            ("requests of the first sync", self.first.requests, bounds.first_requests),
            ("points of the first sync", self.first.points, bounds.first_points),
            ("requests of the second sync", self.second.requests, bounds.second_requests),
            ("points of the second sync", self.second.points, bounds.second_points),
            ("rows written by the second sync", self.second.writes, 0),
            ("requests after one item changed", self.changed.requests, bounds.changed_requests),
        ]
        missed = [f"{name}: {value}, at most {bound}" for name, value, bound in most if bound is not None and value > bound]
        counts = set().union(*self.statements.values())
        if len(counts) > 1:
            missed.append(f"statements a batch: {sorted(counts)}, always the same number")
        least = [
            ("times fewer requests than searches", self.times_fewer_requests, TIMES_FEWER_REQUESTS),
            ("times less time than searches", self.times_less_time, TIMES_LESS_TIME),
        ]
        if self.searched.requests:
            missed += [f"{name}: {value:.1f}, at least {bound}" for name, value, bound in least if value < bound]
        return missed


@dataclass
class Growth:
    """First syncs of growing worlds, each in a process of its own; several of each."""

    runs: dict[Size, list[Alone]] = field(default_factory=dict)

    def per_member(self, size: Size) -> float:
        """The median of the processor's milliseconds a member."""
        return statistics.median(run.cpu for run in self.runs[size]) / size.members * 1000

    def memory(self, size: Size) -> float:
        return max(run.memory for run in self.runs[size])

    @property
    def ratio(self) -> float:
        """How many times as long a member takes in the largest world as in the smallest."""
        sizes = sorted(self.runs, key=lambda size: size.members)
        return round(self.per_member(sizes[-1]) / self.per_member(sizes[0]), 2)

    def missed(self) -> list[str]:
        missed = []
        if self.ratio > MOST_GROWTH:
            missed.append(f"time a member grows {self.ratio:.2f} times, at most {MOST_GROWTH}")
        memory = max(self.memory(size) for size in self.runs)
        if memory > MOST_MEMORY:
            missed.append(f"memory: {memory:.0f} MB, at most {MOST_MEMORY}")
        return missed


def measure(size: Size) -> Measured:
    """Build a world and a session that follows it, and sync it again and again. Django is set up, with an empty database."""
    from django.test import override_settings

    from contributions.models import ReviewGiven, SessionSync
    from contributions.sandbox import Sandbox, sandbox_transport

    now = whole_seconds()
    world = build_world(size, now)
    session = make_session(size, now)
    measured = Measured(size)
    guard = "contributions.github.guard.forbid_transactions"
    transport = sandbox_transport(Sandbox(world))
    with override_settings(GITHUB_TRANSPORT=transport, GITHUB_CLIENT_GUARD=guard, DEBUG=False):
        measured.first, measured.items = _sync(session, measured.statements)
        measured.reviews = ReviewGiven.objects.count()
        measured.second, _created = _sync(session, {})
        issue = next(item for item in world.items() if item.typename == "Issue" and item.state == "CLOSED")
        world.move_on(seconds=30)
        world.comment(issue, world.accounts["maintainer1"])
        measured.changed, _created = _sync(session, {})
        SessionSync.objects.update(reviews_at=None)
        measured.reviewed, _created = _sync(session, {})
        measured.searched = search(world, size)
    return measured


def _sync(session, statements: dict[int, set[int]]) -> tuple[Cost, int]:
    """What it cost, and how many items are new."""
    from django.db import connection

    from contributions.models import SyncRun
    from contributions.sync import refresh, request_sync, run_sync, store

    counted = {"all": 0, "writes": 0}
    tables = ("contributions_workitem", 'contributions_contribution"', "contributions_reviewgiven")

    def count(execute, sql, *rest):
        counted["all"] += 1
        if sql.startswith(("INSERT", "UPDATE", "DELETE")) and any(table in sql for table in tables):
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
    return Cost(run.requests, run.points, time.perf_counter() - began, counted["writes"]), run.created


def grow(repeat: int) -> Growth:
    """Sync each of the growing worlds from nothing, `repeat` times each; small ones more often."""
    growth = Growth()
    for size in GROWING:
        with hosted(size) as address:
            times = repeat if size.members > 1000 else max(repeat, 3)
            growth.runs[size] = [sync_alone(size, address) for _time in range(times)]
    return growth


def table(results: list[Measured]) -> str:
    """What was measured in worlds, as text."""
    head = f"{'':42}" + "".join(f"{f'{result.size.members:,} members':>18}" for result in results)
    lines = [head, "-" * len(head)]

    def line(name: str, values: list) -> None:
        lines.append(f"{name:42}" + "".join(f"{value:>18}" for value in values))

    def bound(value: int, most: int | None) -> str:
        return f"{value}" if most is None else f"{value} (≤ {most})"

    line("repositories", [f"{result.size.repositories}" for result in results])
    line("items", [f"{result.items:,}" for result in results])
    line("reviews given", [f"{result.reviews:,}" for result in results])
    line("first sync: requests", [bound(result.first.requests, result.size.bounds.first_requests) for result in results])
    line("first sync: points", [bound(result.first.points, result.size.bounds.first_points) for result in results])
    line("first sync: seconds, with the sandbox", [f"{result.first.seconds:.1f}" for result in results])
    line("second sync: requests", [bound(result.second.requests, result.size.bounds.second_requests) for result in results])
    line("second sync: points", [bound(result.second.points, result.size.bounds.second_points) for result in results])
    line("second sync: rows written", [bound(result.second.writes, 0) for result in results])
    line(
        "one item changed: requests", [bound(result.changed.requests, result.size.bounds.changed_requests) for result in results]
    )
    line("with reviews given again: requests", [f"{result.reviewed.requests}" for result in results])
    line("statements a batch", [_statements(result) for result in results])
    line("three searches a member: requests", [f"{result.searched.requests:,}" for result in results])
    line("  waiting for 30 a minute, minutes", [f"{result.searched.waited.total_seconds() / 60:.0f}" for result in results])
    line("two rounds: times fewer requests (≥ 15)", [f"{result.times_fewer_requests:.0f} ×" for result in results])
    line("  seconds with 80 ms latency, ours", [f"{result.ours_with_latency:,.1f}" for result in results])
    line("  seconds with 80 ms latency, searches", [f"{result.searches_with_latency:,.1f}" for result in results])
    line("  times less time with waiting (≥ 10)", [f"{result.times_less_time:,.0f} ×" for result in results])
    return "\n".join(lines)


def growth_table(growth: Growth) -> str:
    """What was measured of growing worlds, as text."""
    lines = ["", f"{'first sync, alone in its process':42}{'ms a member':>14}{'memory, MB':>14}{'syncs':>8}"]
    lines.append("-" * len(lines[1]))
    for size, runs in growth.runs.items():
        name = f"{size.members:,} members, {runs[0].items:,} items"
        lines.append(f"{name:42}{growth.per_member(size):>14.2f}{growth.memory(size):>14.0f}{len(runs):>8}")
    lines.append(f"time a member grows {growth.ratio:.2f} times (≤ {MOST_GROWTH}); memory at most {MOST_MEMORY} MB")
    return "\n".join(lines)


def _statements(result: Measured) -> str:
    counts = sorted(set().union(*result.statements.values()))
    sizes = sorted(result.statements)
    return f"{'–'.join(map(str, counts))} for {sizes[0]}–{sizes[-1]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--small", action="store_true", help="only 32 members, in this process")
    parser.add_argument("--repeat", type=int, default=1, help="how often the largest world is synced from nothing")
    arguments = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        set_up(folder)
        from django.core.management import call_command

        for size in [SMALL] if arguments.small else [SMALL, LARGE]:
            # Forget the world before: each has the same ids.
            call_command("flush", verbosity=0, interactive=False)
            results.append(measure(size))
    print(table(results), flush=True)
    missed = [f"{result.size.members:,} members: {words}" for result in results for words in result.missed()]
    if not arguments.small:
        growth = grow(arguments.repeat)
        print(growth_table(growth))
        missed += growth.missed()
    for words in missed:
        print(f"MISSED {words}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
