"""Kills worker processes at random moments, and then looks whether everything happened that should, as often as it should.

    uv run python bench/soak.py [--kills 200] [--workers 3] [--database sqlite|postgresql|URL] [--seed N]

The database is a new file, or a new PostgreSQL server of its own; or the one at the URL, which must be empty. Meanwhile tasks
are queued: short and long ones in one transaction each, some that fail and are tried again, some that put themselves off, some
that queue others, a scheduled one. At the end the workers are left in peace until nothing waits. Prints what it found, and
exits with 1 where an effect is missing or was seen twice, a run stayed open, or the records and the engine's rows disagree.
"""

import argparse
import contextlib
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

#: Kills between two pauses, and how long one is (seconds): in a pause some worker lives long enough to see who fell silent.
KILLS_AT_A_TIME, PAUSE = 25, 14.0

#: How many tasks wait at a time, and the seconds after the last kill in which all of them must have ended.
WAITING, LAST = 12, 240.0


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/soak.sqlite3"
    elif kind == "postgresql":
        from tests.postgres_server import PostgresServer

        server = PostgresServer.create()
        try:
            yield server.url
        finally:
            server.stop()
            server.remove()
    else:
        yield kind


def set_up(url: str) -> None:
    """Django with this database, migrated, and no schedule but the one of the soak. Child processes inherit the environment."""
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "DATABASE_", "TASKS_", "DEBUG", "DJANGO_SETTINGS"))]:
        del os.environ[name]
    os.environ |= {
        "SECRET_KEY": secrets.token_urlsafe(60),
        "ALLOWED_HOSTS": "localhost",
        "DATABASE_URL": url,
        "LOG_LEVEL": "INFO",
    }
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django
    from django.core.management import call_command
    from django.db import connection
    from django.utils.module_loading import autodiscover_modules

    django.setup()
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE soak_effects (key varchar(100) NOT NULL)")

    from background.models import Schedule
    from background.schedules import create_missing_rows

    autodiscover_modules("tasks")
    create_missing_rows()
    Schedule.objects.update(enabled=False)
    import bench.soak_tasks  # noqa: F401  (its schedule stays on)

    create_missing_rows()


class Workers:
    """Worker processes, started as `manage.py worker` starts its own; each that is killed is replaced at once."""

    def __init__(self, count: int, log: Path) -> None:
        self.log = log
        self.processes = [self._start() for _number in range(count)]

    def _start(self) -> subprocess.Popen:
        command = [sys.executable, str(ROOT / "manage.py"), "worker", "--interval", "0.2", "--child-of", str(os.getpid())]
        with self.log.open("a") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)

    def ready(self) -> list[int]:
        """The numbers of those that take tasks already."""
        from background.models import WorkerBeat

        pids = set(WorkerBeat.objects.values_list("pid", flat=True))
        return [number for number, process in enumerate(self.processes) if process.pid in pids]

    def kill(self, number: int) -> None:
        process = self.processes[number]
        process.kill()
        process.wait()
        self.processes[number] = self._start()

    def replace_the_dead(self) -> int:
        """Start new ones for those that ended by themselves, which none should: returns how many."""
        dead = [number for number, process in enumerate(self.processes) if process.poll() is not None]
        for number in dead:
            self.processes[number] = self._start()
        return len(dead)

    def end(self) -> list[int]:
        """Ask all to end in good order. Returns their exit codes."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        return [process.wait(60) for process in self.processes]


class Feeder:
    """Queues tasks as a site does, and remembers each: its key, and the kind that says how often its effect may be seen."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.kinds: dict[str, str] = {}

    def feed(self) -> None:
        """Queue until enough wait."""
        from django_tasks_db.models import DBTaskResult

        for _missing in range(WAITING - DBTaskResult.objects.filter(status="READY").count()):
            self._queue(f"{len(self.kinds)}")

    def _queue(self, key: str) -> None:
        from background import enqueue
        from bench import soak_tasks

        kind = self.chance.choices(
            ["short", "long", "parent", "stumble", "postpone", "plain", "once", "django"], [30, 20, 10, 15, 10, 10, 5, 10]
        )[0]
        seconds = round(self.chance.uniform(0.05, 0.8), 2)
        self.kinds[key] = kind
        if kind == "django":
            # By Django's own method, outside of any transaction.
            soak_tasks.short.enqueue(key)
        elif kind in ("long", "plain", "once"):
            enqueue(getattr(soak_tasks, kind), key, seconds)
        else:
            enqueue(getattr(soak_tasks, kind), key)


def soak(kills: int, count: int, chance: random.Random, folder: Path) -> tuple[Feeder, Counter]:
    """Feed and kill; at the end leave all in peace, until nothing waits or the time is over."""
    feeder, told = Feeder(chance), Counter()
    workers = Workers(count, folder / "workers.log")
    try:
        while told["kills"] < kills:
            feeder.feed()
            told["ended by themselves"] += workers.replace_the_dead()
            time.sleep(chance.uniform(0, 0.6))
            # Most have begun their work; now and then one is hit that only starts.
            ready = list(range(count)) if chance.random() < 0.05 else workers.ready()
            if not ready:
                continue
            workers.kill(chance.choice(ready))
            told["kills"] += 1
            if told["kills"] % KILLS_AT_A_TIME == 0:
                print(f"{told['kills']} kills, {len(feeder.kinds)} tasks", flush=True)
                until = time.monotonic() + PAUSE
                while time.monotonic() < until:
                    feeder.feed()
                    time.sleep(0.3)
        _wait_for_the_end(workers, told)
    finally:
        codes = workers.end()
    told["did not end in good order"] = sum(code != 0 for code in codes)
    return feeder, told


def _wait_for_the_end(workers: Workers, told: Counter) -> None:
    from background.models import Schedule, TaskRun

    Schedule.objects.update(enabled=False)
    until = time.monotonic() + LAST
    while TaskRun.objects.open().exists() and time.monotonic() < until:
        told["ended by themselves"] += workers.replace_the_dead()
        time.sleep(0.5)


def violations(feeder: Feeder) -> list[str]:
    """What is not as it should be, a line each."""
    from django.db import connection
    from django_tasks_db.models import DBTaskResult

    from background.models import TaskRun

    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM soak_effects")
        effects = Counter(key for (key,) in cursor.fetchall())
    runs = list(TaskRun.objects.order_by("pk"))
    found = [f"run {run.pk} of {run.task_path} stayed {run.state}" for run in runs if run.is_open]

    chains: dict[int, list] = {}
    for run in runs:
        chains.setdefault(run.first_id or run.pk, []).append(run)
    by_key = Counter()
    for chain in chains.values():
        last, args = chain[-1], chain[-1].arguments["args"]
        key = args[0] if args else "tick"
        by_key[key] += 1
        found += _wrong_about(key, last, chain, effects)
    found += [f"task {key} ({kind}) has {by_key[key]} records" for key, kind in feeder.kinds.items() if by_key[key] != 1]
    for key, kind in feeder.kinds.items():
        if kind == "parent" and effects[key] != effects[f"{key}/child"]:
            found.append(f"task {key} is there {effects[key]} times, its child {effects[f'{key}/child']} times")
    if effects["tick"] != by_key["tick"]:
        found.append(f"{by_key['tick']} ticks, and {effects['tick']} effects of them")

    found += _disagreements({run.result_id: run for run in runs}, DBTaskResult.objects.values_list("pk", "status"))
    return found


def _wrong_about(key: str, last, chain: list, effects: Counter) -> list[str]:
    """Of one piece of work, and all its attempts."""
    name, states = last.task_path.rpartition(".")[2], [run.state for run in chain]
    if name == "tick":
        return [] if last.state == "succeeded" else [f"a tick ended {states}"]
    count, label = effects[key], f"task {key} ({name}, {states})"
    if last.state == "failed":
        # At most once; or a worker was lost under it for the fourth time.
        given_up = name == "once" or last.losses >= 3
        allowed = (0, 1) if name == "once" else range(9) if name == "plain" else (0,)
        return [] if given_up and count in allowed else [f"{label} failed ({last.error}), and has {count} effects"]
    if name == "plain":
        return [] if count >= 1 else [f"{label} has no effect"]
    return [] if count == 1 else [f"{label} has {count} effects"]


def _disagreements(runs: dict, rows) -> list[str]:
    """Between each row of the engine and the last run under its id."""
    ends = {"SUCCESSFUL": {"succeeded"}, "FAILED": {"failed", "retried", "postponed"}}
    found, known = [], set()
    for pk, status in rows:
        known.add(str(pk))
        run = runs.get(str(pk))
        if run is None or run.state not in ends.get(status, set()):
            found.append(f"row {pk} is {status}, its last run {run and run.state}")
    return found + [f"run {run.pk} ({run.state}) has no row" for run in runs.values() if run.result_id not in known]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--database", default="sqlite", metavar="sqlite|postgresql|URL")
    parser.add_argument("--seed", type=int, default=None, help="of the order of tasks and kills (the moments are never the same)")
    parser.add_argument("--keep", action="store_true", help="keep the log of the workers, and a SQLite file")
    options = parser.parse_args()
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        if options.keep:
            folder = Path(tempfile.mkdtemp(prefix="soak-"))
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        url = stack.enter_context(database(options.database, folder))
        set_up(url)
        feeder, told = soak(options.kills, options.workers, random.Random(options.seed), folder)
        found = violations(feeder)
        _summarise(feeder, told, found, folder, time.monotonic() - began)
        from django.db import connections

        connections.close_all()
    return 1 if found or told["ended by themselves"] or told["did not end in good order"] else 0


def _summarise(feeder: Feeder, told: Counter, found: list[str], folder: Path, seconds: float) -> None:
    from background.models import TaskRun

    states = Counter(TaskRun.objects.values_list("state", flat=True))
    log = (folder / "workers.log").read_text()
    print(f"{told['kills']} kills of workers in {seconds:.0f} s, while {len(feeder.kinds)} tasks were queued.")
    print("Runs: " + ", ".join(f"{count} {state}" for state, count in states.most_common()) + ".")
    print(f"Workers that ended by themselves: {told['ended by themselves']}; in bad order: {told['did not end in good order']}.")
    if "Traceback" in log:
        start = log.index("Traceback")
        print(f"Tracebacks in the log: {log.count('Traceback')}. The first:\n{log[max(0, start - 300) : start + 3000]}")
    for line in found:
        print(f"WRONG: {line}")
    print("Everything happened as often as it should." if not found else f"{len(found)} things are wrong. Log: {folder}")


if __name__ == "__main__":
    sys.exit(main())
