"""How many webhook deliveries the site takes, against how often the stock admin log-in page is served on the same machine.

    uv run --with gunicorn python bench/webhooks.py [--database sqlite|postgresql] [--quick]

Starts the site as in production, and beside it a project fresh from `startproject`, each under gunicorn with two processes of
four threads (without gunicorn under Django's own threaded server). Rounds of both alternate, and medians are compared. Then
it is counted that each delivery that was taken is stored, and that what it is about waits to be fetched. Prints a table, and
exits with 1 where a bound is missed.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

#: Deliveries taken for each log-in page served.
TIMES = 10

#: Items that the deliveries are about, and that the site follows.
ITEMS = 160

#: Connections that are kept open, each with one request at a time.
CONNECTIONS = 16

SECRET = "bench-secret"


@dataclass
class Measured:
    """Requests a second, and seconds of a processor for each, a figure a round; and what became of the deliveries."""

    pages: list[float] = field(default_factory=list)
    deliveries: list[float] = field(default_factory=list)
    page_costs: list[float] = field(default_factory=list)
    delivery_costs: list[float] = field(default_factory=list)
    slowest: float = 0.0
    refused: int = 0
    taken: int = 0
    stored: int = 0
    about: int = 0
    waiting: int = 0

    @property
    def ratio(self) -> float:
        return statistics.median(self.deliveries) / statistics.median(self.pages)

    def missed(self) -> list[str]:
        checks = [
            (self.ratio >= TIMES, f"deliveries for a log-in page: {self.ratio:.1f}, at least {TIMES}"),
            (self.refused == 0, f"deliveries that were not answered by 202: {self.refused}, none"),
            (self.stored == self.taken, f"deliveries stored: {self.stored:,} of {self.taken:,}, all"),
            (self.about == ITEMS, f"items that wait to be fetched: {self.about} of {ITEMS}, all"),
            (self.waiting == 1, f"tasks that wait to fetch them: {self.waiting}, one"),
        ]
        return [words for met, words in checks if not met]


def measure(rounds: int, seconds: float) -> Measured:
    """Start both servers, and send to one after the other. The site is set up."""
    from bench.hooks.load import Load, deliveries, page
    from bench.hooks.payloads import bodies
    from bench.hooks.servers import serve, serve_stock

    measured = Measured()
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
        measured.slowest, measured.refused, measured.taken = hooks.slowest, hooks.refused, hooks.answered
        count(measured)
    return measured


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

    stored = WebhookDelivery.objects.filter(processed_at=None)
    measured.stored = stored.count()
    measured.about = len({pk for items in stored.values_list("items", flat=True).iterator() for pk in items})
    measured.waiting = TaskRun.objects.waiting().filter(task_path=process_deliveries_task.module_path).count()


def set_up(url: str) -> None:
    """Set the site up as in production, for this process and its children."""
    from bench import tasks

    # It takes away what a developer has set.
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
    lines += [
        f"{'deliveries for a page':34}{measured.ratio:>10.1f}             (at least {TIMES}: {'met' if measured.ratio >= TIMES else 'MISSED'})",
        f"{'slowest answer':34}{measured.slowest * 1000:>10,.0f} ms",
        f"{'deliveries answered by 202':34}{measured.taken:>10,}",
        f"{'deliveries stored':34}{measured.stored:>10,}",
        f"{'items that wait to be fetched':34}{measured.about:>10,}             (of {ITEMS})",
        f"{'tasks that wait to fetch them':34}{measured.waiting:>10,}",
    ]
    return "\n".join(lines)


def main() -> int:
    from bench.tasks import DATABASES, database

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    arguments = parser.parse_args()
    with database(arguments.database) as url:
        set_up(url)
        measured = measure(*((3, 1.5) if arguments.quick else (7, 4.0)))
        from django.db import connections

        connections.close_all()
    print(table(arguments.database, measured))
    for words in measured.missed():
        print(f"MISSED {words}")
    return 1 if measured.missed() else 0


if __name__ == "__main__":
    sys.exit(main())
