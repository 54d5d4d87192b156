"""Whether webhook deliveries get lost at ten times the rate at which the stock admin log-in page is served on the same machine.

    uv run --with gunicorn python bench/webhooks.py [--database sqlite|postgresql] [--quick]

Starts the site as in production, and beside it a project fresh from `startproject`, each under gunicorn with two processes of
four threads (without gunicorn under Django's own threaded server). First both are asked in turn, as fast as they answer. Then
deliveries come at ten times the log-in page's rate, evenly and whether or not those before were answered, and each has to be
answered by 202 within the ten seconds that GitHub waits. At the end a process is killed in the middle of a burst. It is counted
that each delivery that was taken is stored, and that what it is about waits to be fetched. Prints a table, and exits with 1
where a bound is missed.
"""

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

#: Deliveries taken for each log-in page served.
TIMES = 10

#: Items that the deliveries are about, and that the site follows.
ITEMS = 160

#: Connections that are kept open, each with one request at a time; GitHub, or the server in front, opens more in a burst.
CONNECTIONS, IN_A_BURST = 16, 64

#: How long GitHub waits for an answer, in seconds.
PATIENCE = 10.0

SECRET = "bench-secret"


@dataclass
class Measured:
    """Requests a second, and seconds of a processor for each, a figure a round; and what became of the deliveries."""

    pages: list[float] = field(default_factory=list)
    deliveries: list[float] = field(default_factory=list)
    page_costs: list[float] = field(default_factory=list)
    delivery_costs: list[float] = field(default_factory=list)
    bursts: list[float] = field(default_factory=list)
    seconds: float = 0.0
    slowest: float = 0.0
    refused: int = 0
    taken: int = 0
    stored: int = 0
    stored_after: float = 0.0
    about: int = 0
    waiting: int = 0
    taken_before_kill: int = 0
    lost_by_kill: int = 0

    @property
    def page_rate(self) -> float:
        return statistics.median(self.pages)

    @property
    def ratio(self) -> float:
        """Deliveries answered for a log-in page, in the slowest of the bursts."""
        return min(self.bursts) / self.page_rate

    def missed(self) -> list[str]:
        checks = [
            (self.slowest < PATIENCE, f"slowest answer: {self.slowest:.1f} s, less than {PATIENCE:.0f}"),
            (self.refused == 0, f"deliveries that were not answered by 202: {self.refused}, none"),
            (self.stored == self.taken, f"deliveries stored: {self.stored:,} of {self.taken:,}, all"),
            (self.about == ITEMS, f"items that wait to be fetched: {self.about} of {ITEMS}, all"),
            (self.waiting == 1, f"tasks that wait to fetch them: {self.waiting}, one"),
            (self.lost_by_kill == 0, f"deliveries taken, and lost with a process that was killed: {self.lost_by_kill}, none"),
        ]
        return [words for met, words in checks if not met]


def measure(rounds: int, seconds: float, bursts: int, burst: float) -> Measured:
    """Start both servers, and send to one after the other. The site is set up."""
    from bench.hooks.load import Load, deliveries, page
    from bench.hooks.payloads import bodies
    from bench.hooks.servers import serve, serve_stock

    measured = Measured(seconds=burst)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stock = stack.enter_context(serve_stock(folder))
        site = stack.enter_context(serve("config.wsgi", ROOT, folder / "site.log"))
        pages = Load(stock.port, page("/admin/login/"), expects=200)
        hooks = Load(site.port, deliveries("/hooks/github/", bodies(follow_items()), SECRET), expects=202)
        for load in (pages, hooks):
            load.run(CONNECTIONS, seconds / 2)
        for number in range(rounds):
            print(f"Round {number + 1} of {rounds} …", file=sys.stderr)
            for server, load, rates, costs in (
                (stock, pages, measured.pages, measured.page_costs),
                (site, hooks, measured.deliveries, measured.delivery_costs),
            ):
                used, answered = server.seconds(), load.answered
                rates.append(load.run(CONNECTIONS, seconds))
                costs.append((server.seconds() - used) / max(1, load.answered - answered))
        if pages.refused:
            raise SystemExit(f"The log-in page was not served {pages.refused} times.")
        hooks.slowest = 0.0
        for number in range(bursts):
            print(f"Burst {number + 1} of {bursts} …", file=sys.stderr)
            measured.bursts.append(hooks.burst(IN_A_BURST, TIMES * measured.page_rate, burst))
        measured.slowest, measured.refused, measured.taken = hooks.slowest, hooks.refused, hooks.answered
        count(measured)
        print("Killing …", file=sys.stderr)
        if site.has_workers:
            kill(measured, hooks, site)
    return measured


def kill(measured: Measured, hooks, site) -> None:
    """Kill all processes of the site in the middle of a burst; the server starts others. Notes what was taken until then."""
    from bench.hooks.load import Gone
    from contributions.models import WebhookDelivery

    hooks.guids = []
    threading.Timer(0.7, site.kill_workers).start()
    with contextlib.suppress(Gone, OSError):
        hooks.burst(IN_A_BURST, TIMES * measured.page_rate, 2.0)
    measured.taken_before_kill = len(hooks.guids)
    site.wait()
    # One may be stored whose answer was cut off, so it is not enough to count.
    wait_for(measured.taken + measured.taken_before_kill)
    stored = set(WebhookDelivery.objects.values_list("guid", flat=True))
    measured.lost_by_kill = len(set(hooks.guids) - stored)


def wait_for(expected: int) -> tuple[int, float]:
    """How many are stored at last, and after how many seconds."""
    from contributions.models import WebhookDelivery

    began = time.monotonic()
    while (stored := WebhookDelivery.objects.filter(processed_at=None).count()) < expected and time.monotonic() < began + 90:
        time.sleep(0.2)
    return stored, time.monotonic() - began


def follow_items() -> list[tuple[str, str, int]]:
    """Store items as a sync stores them, among many others. Returns `(node id, repository, number)` of those we hear of."""
    from contributions.models import WorkItem

    items = WorkItem.objects.bulk_create(
        WorkItem(
            host="github.com",
            kind=WorkItem.Kind.PULL_REQUEST,
            database_id=number,
            node_id=f"PR_kwDObench{number}",
            repository=f"owner{number % 5}/repository",
            number=number,
            title=f"Make thing {number} clearer",
            url=f"https://github.com/owner{number % 5}/repository/pull/{number}",
        )
        for number in range(1, 5001)
    )
    return [(item.node_id, item.repository, item.number) for item in items[:ITEMS]]


def count(measured: Measured) -> None:
    """What is stored and queued of what was taken."""
    from background.models import TaskRun
    from contributions.models import WebhookDelivery
    from contributions.tasks import process_deliveries_task

    measured.stored, measured.stored_after = wait_for(measured.taken)
    stored = WebhookDelivery.objects.filter(processed_at=None)
    measured.about = len({pk for items in stored.values_list("items", flat=True).iterator() for pk in items})
    measured.waiting = TaskRun.objects.waiting().filter(task_path=process_deliveries_task.module_path).count()


def set_up(url: str, spool: str) -> None:
    """Set the site up as in production, for this process and its children."""
    from bench import tasks

    # It takes away what a developer has set.
    os.environ["WEBHOOK_SPOOL"] = spool
    tasks.set_up(url, GITHUB_WEBHOOK_SECRETS=f"{SECRET},another-secret", GITHUB_TOKENS="bench", TRUSTED_PROXIES="1")


def table(kind: str, measured: Measured) -> str:
    """What was measured, as text."""
    from bench.hooks.servers import GUNICORN, PROCESSES, THREADS

    server = f"gunicorn, {PROCESSES} processes of {THREADS} threads" if GUNICORN else "Django's threaded server"
    lines = [f"{kind}, {server}, {CONNECTIONS} connections, medians of {len(measured.pages)} rounds", ""]
    for name, rates, costs in (
        ("stock admin log-in page", measured.pages, measured.page_costs),
        ("webhook deliveries", measured.deliveries, measured.delivery_costs),
    ):
        spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
        cost = f"{statistics.median(costs) * 1000:.2f} ms of a processor each"
        lines.append(f"{name:34}{statistics.median(rates):>10,.0f} a second    ({spread}), {cost}")
    met = "met" if not measured.missed() else "MISSED"
    lines += [
        f"{'as fast as they are answered':34}{statistics.median(measured.deliveries) / measured.page_rate:>10.1f} deliveries for a page",
        "",
        f"{len(measured.bursts)} bursts of {measured.seconds:.0f} seconds at {TIMES} for a page, {IN_A_BURST} connections",
        "",
        f"{'deliveries offered':34}{TIMES * measured.page_rate:>10,.0f} a second    ({TIMES} for a page: {met})",
        f"{'deliveries answered':34}{min(measured.bursts):>10,.0f} a second    ({measured.ratio:.1f} for a page, until the last was)",
        f"{'slowest answer':34}{measured.slowest * 1000:>10,.0f} ms            (less than {PATIENCE * 1000:,.0f}, from when it was due)",
        f"{'deliveries answered by 202':34}{measured.taken:>10,}",
        f"{'deliveries stored':34}{measured.stored:>10,}               (the last after {measured.stored_after:.1f} s)",
        f"{'items that wait to be fetched':34}{measured.about:>10,}               (of {ITEMS})",
        f"{'tasks that wait to fetch them':34}{measured.waiting:>10,}",
        *_of_the_kill(measured),
    ]
    return "\n".join(lines)


def _of_the_kill(measured: Measured) -> list[str]:
    if not measured.taken_before_kill:
        return [
            f"{'killed in the middle of a burst':34}{'not tried':>10}               (needs gunicorn: `uv run --with gunicorn`)"
        ]
    return [
        f"{'taken until all were killed':34}{measured.taken_before_kill:>10,}",
        f"{'of these lost':34}{measured.lost_by_kill:>10,}",
    ]


def main() -> int:
    from bench.tasks import DATABASES, database

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    arguments = parser.parse_args()
    with database(arguments.database) as url, tempfile.TemporaryDirectory() as spool:
        set_up(url, spool)
        measured = measure(*((3, 1.5, 1, 5.0) if arguments.quick else (7, 4.0, 3, 10.0)))
        from django.db import connections

        connections.close_all()
    print(table(arguments.database, measured))
    for words in measured.missed():
        print(f"MISSED {words}")
    return 1 if measured.missed() else 0


if __name__ == "__main__":
    sys.exit(main())
