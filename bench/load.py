"""The evening of a deadline: everybody writes at once, while workers follow GitHub and mails go out.

    uv run --with gunicorn python bench/load.py [--database sqlite|postgresql|all] [--quick]

Starts the site as in production (gunicorn with two processes of four threads; without it Django's own threaded server), a worker with two
processes, a made-up GitHub and a mail server, each a process of its own on this machine. 300 applicants open the form, have it saved while they type and
submit within four minutes, one request of theirs at a time; meanwhile the work of 32 members is synced again and again, and 500
mails are sent besides the confirmations. Beside the site stands a project fresh from `startproject` under the same server, whose change list of 100 people is
asked for every second: what a page of Django takes on the same machine at the same time. Both are asked alone first.

It must hold: no request fails, the text that the site said it had is the text that it has, each application is submitted once, each
mail arrives once, and the syncs go on. Times are told as the 95th percentile, by what the same takes on the idle site and by the change list
in the same minutes. Prints a table, and exits with 1 where a bound is missed.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

#: A save under load may take so many times as long as Django's own change list beside it, at the 95th percentile.
SAVE_FOR_LIST = 3.0

KINDS = {"open": "opening the form", "save": "saving while typing", "submit": "submitting"}

LIST = "/admin/auth/user/"


@dataclass(frozen=True)
class Scale:
    """How much happens: applicants, seconds, saves of each, mails besides."""

    applicants: int
    seconds: float
    saves: int
    mails: int
    alone: int


FULL, QUICK = Scale(300, 240, 8, 500, 24), Scale(60, 48, 8, 100, 12)


@dataclass
class Found:
    """Seconds by kind of request, on the idle site and under load; and what became of all that was written."""

    idle: dict[str, list[float]]
    loaded: dict[str, list[float]]
    errors: list[str]
    missed: list[str] = field(default_factory=list)
    syncs: int = 0
    mails: str = ""
    requests: float = 0.0

    @staticmethod
    def high(values: list[float]) -> float:
        """The 95th percentile."""
        return statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else float("nan")

    def for_idle(self, kind: str) -> float:
        return self.high(self.loaded[kind]) / self.high(self.idle[kind])

    def for_list(self, kind: str) -> float:
        return self.high(self.loaded[kind]) / self.high(self.loaded["sample"])

    def table(self) -> str:
        lines = [f"{'95th percentile':24}{'idle':>10}{'evening':>10}{'÷ idle':>9}{'÷ change list':>15}"]
        for kind, words in {**KINDS, "sample": "Django's change list"}.items():
            lines.append(
                f"{words:24}{self.high(self.idle[kind]) * 1000:>7.0f} ms{self.high(self.loaded[kind]) * 1000:>7.0f} ms"
                f"{self.for_idle(kind):>9.1f}{self.for_list(kind):>15.1f}"
            )
        lines.append(f"{self.requests:.0f} requests a second, {self.syncs} syncs meanwhile, {self.mails}")
        return "\n".join(lines)


def stock_browser(folder: Path) -> tuple[str, str]:
    """Make the people of the yardstick's change list, and log its operator in. Returns the cookie."""
    code = (
        "import django; django.setup()\n"
        "from django.contrib.auth import SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY\n"
        "from django.contrib.auth.models import User\n"
        "from django.contrib.sessions.backends.db import SessionStore\n"
        "from django.core.management import call_command\n"
        "call_command('migrate', verbosity=0)\n"
        "from bench.evening.world import ROWS\n"
        "User.objects.bulk_create(User(username=f'u{n:03}', email=f'u{n}@example.org') for n in range(ROWS - 1))\n"
        "user = User.objects.create(username='operator', is_staff=True, is_superuser=True)\n"
        "store = SessionStore()\n"
        "store.update({SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: 'django.contrib.auth.backends.ModelBackend',\n"
        "              HASH_SESSION_KEY: user.get_session_auth_hash()})\n"
        "store.save()\n"
        "print(store.session_key)\n"
    )
    path = os.pathsep.join([str(folder / "stock"), str(ROOT)])
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "stock.settings", "PYTHONPATH": path}
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=folder / "stock", env=environment, check=True, capture_output=True, text=True
    )
    return "sessionid", made.stdout.strip()


def send_applicants(plan: dict) -> dict:
    """Let the applicants of the plan write; what they saw."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.evening.writing"],
        cwd=ROOT,
        input=json.dumps(plan),
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def keep_syncing(session: int, stop: threading.Event) -> None:
    """Ask for a sync as soon as the one before is over, as often as the site grants it."""
    from django.db import connections

    from cohorts.models import Session
    from contributions.models import SyncRun
    from contributions.sync import request_sync

    try:
        while not stop.wait(2):
            request_sync(Session.objects.get(pk=session), trigger=SyncRun.Trigger.SCHEDULE)
    finally:
        connections.close_all()


def wait_until_quiet(seconds: float) -> None:
    """Until no task waits or runs."""
    from background.models import TaskRun

    end = time.monotonic() + seconds
    while TaskRun.objects.waiting().exists() or TaskRun.objects.filter(state="running").exists():
        if time.monotonic() > end:
            return
        time.sleep(0.5)


def judge(found: Found, evening, told: dict, applicants: int) -> None:
    """Compare what the site told with what it has."""
    from accounts.models import Message
    from background.models import TaskRun
    from cohorts.models import Answer, Application
    from contributions.models import SyncRun

    if found.errors:
        found.missed.append(f"{len(found.errors)} requests failed, the first: {found.errors[0]}")
    stored: dict[str, dict[str, str]] = {}
    for person, question, value in Answer.objects.filter(application__session=evening.session).values_list(
        "application__applicant", "question", "value"
    ):
        stored.setdefault(str(person), {})[str(question)] = value
    lost = [person for person, texts in told["texts"].items() if stored.get(person) != texts]
    if lost:
        found.missed.append(f"of {len(lost)} applicants the site has another text than it said")
    submitted = Application.objects.filter(session=evening.session, status="submitted", events__to_status="submitted").count()
    if submitted != applicants:
        found.missed.append(f"{submitted} of {applicants} applications were submitted, or some twice")
    unsent = Message.objects.exclude(state="sent").count()
    if unsent:
        found.missed.append(f"{unsent} mails are not sent")
    failed = list(TaskRun.objects.filter(state="failed").values_list("task_path", "error")[:3])
    if failed:
        found.missed.append(f"tasks failed: {failed}")
    runs = SyncRun.objects.filter(session=evening.followed)
    found.syncs = runs.filter(state=SyncRun.State.DONE).count()
    if found.syncs < 2 or runs.filter(state=SyncRun.State.FAILED).exists():
        found.missed.append(f"{found.syncs} syncs ended well, and {runs.filter(state=SyncRun.State.FAILED).count()} did not")
    if found.for_list("save") > SAVE_FOR_LIST:
        found.missed.append(f"a save takes {found.for_list('save'):.1f} times as long as a change list, at most {SAVE_FOR_LIST}")


def measure(scale: Scale, folder: Path) -> Found:
    """The site is set up."""
    from bench.evening.world import announce, make_evening
    from bench.hooks.servers import serve, serve_stock
    from bench.worker.processes import OURS, Workers

    evening = make_evening(scale.applicants + scale.alone)
    people = list(evening.browsers.items())
    with contextlib.ExitStack() as stack:
        stock = stack.enter_context(serve_stock(folder))
        cookie = stock_browser(folder)
        site = stack.enter_context(serve("config.wsgi", ROOT, folder / "site.log"))
        plan = {
            "port": site.port, "slug": evening.slug, "questions": evening.questions, "saves": scale.saves,
            "sample": LIST, "sample_port": stock.port, "sample_cookie": cookie,
        }  # fmt: skip
        idle: dict[str, list[float]] = {"open": [], "save": [], "submit": [], "sample": []}
        told_idle: dict = {"texts": {}}
        print("Alone …", file=sys.stderr)
        for number, (person, key) in enumerate(people[scale.applicants :]):
            told = send_applicants({**plan, "browsers": {person: key}, "seconds": 1.5, "sample_every": 0.2})
            if told["errors"]:
                raise SystemExit(f"The idle site answered: {told['errors'][0]}")
            told_idle["texts"] |= told["texts"]
            # The first ones compile templates.
            if number >= 4:
                for kind, values in told["seconds"].items():
                    idle[kind] += values
        stack.enter_context(Workers(OURS, 2))
        stop = threading.Event()
        syncing = threading.Thread(target=keep_syncing, args=[evening.followed, stop])
        syncing.start()
        announce(scale.mails)
        print("The evening …", file=sys.stderr)
        told = send_applicants(
            {**plan, "browsers": dict(people[: scale.applicants]), "seconds": scale.seconds, "sample_every": 1.0}
        )
        stop.set()
        syncing.join()
        wait_until_quiet(120)
        found = Found(idle, told["seconds"], told["errors"])
        found.requests = sum(len(values) for values in told["seconds"].values()) / scale.seconds
        told["texts"] |= told_idle["texts"]
        judge(found, evening, told, len(people))
        log = (folder / "site.log").read_text()
        if "Traceback" in log:
            found.missed.append(f"the site logged errors:\n{log[-3000:]}")
    return found


def run_one(kind: str, scale: Scale) -> int:
    from bench.evening.world import FOLLOWED
    from bench.github.hosting import hosted
    from bench.hooks.servers import GUNICORN, PROCESSES, THREADS
    from bench.tasks import database, set_up

    sink = subprocess.Popen(
        [sys.executable, "-m", "tests.mail_sink"], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert sink.stdout is not None
    mail = sink.stdout.readline().strip()
    with database(kind) as url, hosted(FOLLOWED) as github, tempfile.TemporaryDirectory() as folder:
        set_up(
            url, EMAIL_URL=mail, TRUSTED_PROXIES="1", GITHUB_URL=github, GITHUB_API_URL=f"{github}/api/v3", GITHUB_TOKENS="bench",
            WEBHOOK_SPOOL=f"{folder}/spool", MEDIA_ROOT=f"{folder}/media", CACHE_URL=f"filecache://{folder}/cache",
        )  # fmt: skip
        from django.core.management import call_command
        from django.db import connections

        call_command("collectstatic", verbosity=0, interactive=False)
        found = measure(scale, Path(folder))
        connections.close_all()
    found.mails = f"the mail server got {sink.communicate('')[0].strip()}"
    people = scale.applicants + scale.alone + scale.mails
    if not found.mails.endswith(f"{people} mails for {people} people"):
        found.missed.append(f"{people} mails for {people} people were to be sent")
    server = f"gunicorn, {PROCESSES} processes of {THREADS} threads" if GUNICORN else "Django's threaded server"
    print(f"{kind}, {server}: {scale.applicants} applicants in {scale.seconds:.0f} seconds\n{found.table()}")
    for words in found.missed:
        print(f"MISSED {words}")
    if not found.missed:
        print("no request failed, nothing was lost, each mail arrived once")
    print(flush=True)
    return 1 if found.missed else 0


def main() -> int:
    from bench.tasks import DATABASES

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--database", choices=[*DATABASES, "all"], default="all")
    parser.add_argument("--quick", action="store_true", help="60 applicants in 48 seconds")
    arguments = parser.parse_args()
    if arguments.database != "all":
        return run_one(arguments.database, QUICK if arguments.quick else FULL)
    # One process each: a process has one set of settings.
    rest = ["--quick"] if arguments.quick else []
    codes = [subprocess.run([sys.executable, __file__, "--database", kind, *rest], check=False).returncode for kind in DATABASES]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
