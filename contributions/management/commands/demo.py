"""`manage.py demo`: the whole way on made-up data, with nothing to set up and one Ctrl-C to end it."""

import datetime
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config import demo as environment

#: How long the site may take to answer for the first time, and its processes to end, in seconds.
PATIENCE = 60


class Command(BaseCommand):
    help = "Runs the demonstration: database, sandbox GitHub, web server and worker, with nothing to set up."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser):
        environment.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Run it as “manage.py demo”: it sets its own environment.")
        try:
            # graphql-core runs the sandbox. It is a development package, which `uv run` installs and production leaves out.
            import graphql  # noqa: F401
        except ImportError:
            raise CommandError("The demonstration needs the development packages. Run “uv sync”, then try again.") from None
        if not options["seed_only"] and not environment.is_free(options["port"]):
            raise CommandError(
                f"Port {options['port']} is in use. Try another: uv run manage.py demo --port {options['port'] + 10}"
            )
        self.claim()
        self.cohorts = self.prepare(reset=options["reset"])
        if options["seed_only"]:
            self.stdout.write(f"The demonstration's database is ready: {settings.DATABASES['default']['NAME']}")
            return
        Running(self, options["port"]).until_stopped()

    def claim(self) -> None:
        """Keep a second demonstration away from the database of this one. The lock ends with the process, however that ends."""
        if sys.platform == "win32":
            return
        import fcntl

        self.lock = os.open(environment.FOLDER / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError(
                "The demonstration of this folder is running already. Stop it with Ctrl-C, then try again."
            ) from None

    def prepare(self, *, reset: bool) -> list:
        """The database as of today: made where it is missing, moved along with the calendar where it is older."""
        from contributions.demo import seeding

        state_file = seeding.DemoState(environment.FOLDER)
        state = None if reset else state_file.read()
        last_used = self.last_used()
        if state is None:
            self.stdout.write("Making the demonstration world (once, some seconds) …")
            self.stdout.flush()
            self.forget()
        call_command("migrate", verbosity=0)
        anchor = seeding.this_monday()
        if state is None:
            seeded = seeding.seed(anchor)
            cohorts = seeded.cohorts
            self.sync(cohorts, settled=False)
            self.sync(cohorts, settled=True)
        else:
            cohorts = state["cohorts"]
            days = (anchor - datetime.date.fromisoformat(state["anchor"])).days
            if days:
                seeding.shift_dates(days, last_used=last_used)
            if state["sandbox"] != settings.GITHUB_URL:
                seeding.move_sandbox(state["sandbox"], settings.GITHUB_URL)
            self.sync(cohorts, settled=True, full=True)
        state_file.write(anchor=anchor.isoformat(), cohorts=cohorts, sandbox=settings.GITHUB_URL)
        return cohorts

    def last_used(self) -> datetime.datetime:
        """When something was last written into the database; now where there is none."""
        files = [environment.FOLDER / name for name in ("db.sqlite3", "db.sqlite3-wal")]
        times = [path.stat().st_mtime for path in files if path.exists()]
        return datetime.datetime.fromtimestamp(max(times, default=time.time()), tz=datetime.UTC)

    def forget(self) -> None:
        """Remove the database, so that an interrupted beginning never stays."""
        connection.close()
        for name in ("db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm", "state.json", environment.JOURNAL.name):
            (environment.FOLDER / name).unlink(missing_ok=True)
        shutil.rmtree(environment.FOLDER / "mail", ignore_errors=True)

    def sync(self, cohorts: list, *, settled: bool, full: bool = False) -> None:
        """What the worker does, once in the foreground, so that the first page is not empty."""
        from contributions.demo import seeding, syncing

        world, _ = seeding.build_world(cohorts, settled=settled, journal=environment.JOURNAL)
        syncing.sync_running(world, full=full)


class Running:
    """The sandbox in a thread; the web server and the worker as processes that end with this one."""

    def __init__(self, command: Command, port: int) -> None:
        self.command = command
        self.port = port
        self.address = f"http://localhost:{port}/"
        self.stopping = threading.Event()
        self.processes: dict[str, subprocess.Popen] = {}

    def until_stopped(self) -> None:
        # Closing the terminal (SIGHUP, which Windows has not) ends everything as well.
        for number in {signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}:
            signal.signal(number, lambda *_: self.stopping.set())
        sandbox = self._serve_sandbox()
        try:
            self.processes["web"] = self._start("runserver", f"{environment.HOST}:{self.port}", "--noreload")
            self.processes["worker"] = self._start("worker")
            if self._answers():
                self._welcome()
            while not self.stopping.wait(1):
                self._look_after()
        finally:
            self._end()
            sandbox.close()

    def _serve_sandbox(self):
        from urllib.parse import urlsplit

        from contributions.demo import seeding
        from contributions.sandbox.server import serve

        world, _ = seeding.build_world(self.command.cohorts, journal=environment.JOURNAL)
        return serve(
            world,
            host=environment.HOST,
            port=urlsplit(settings.GITHUB_URL).port,
            playground=True,
            site_url=f"{self.address}progress/",
            journal=environment.JOURNAL,
        )

    def _start(self, *arguments: str) -> subprocess.Popen:
        # A session of its own: Ctrl-C reaches this process alone, which then ends the others in order.
        return subprocess.Popen(
            [sys.executable, str(environment.BASE_DIR / "manage.py"), *arguments],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=None,
            env=os.environ | {"LOG_LEVEL": "WARNING"},
        )

    def _answers(self) -> bool:
        """Wait until the site answers; False when it was stopped before."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and not self.stopping.is_set():
            self._look_after()
            try:
                # The address is our own, and always http.
                with urllib.request.urlopen(f"http://{environment.HOST}:{self.port}/healthz", timeout=5):  # nosec B310
                    return True
            except urllib.error.HTTPError:
                return True
            except OSError:
                self.stopping.wait(0.2)
        if not self.stopping.is_set():
            raise CommandError("The web server did not start. What it said stands above.")
        return False

    def _look_after(self) -> None:
        """The site cannot do without the web server; a worker that ended is started again."""
        if self.processes["web"].poll() is not None:
            raise CommandError("The web server has ended. What it said stands above.")
        if "worker" in self.processes and self.processes["worker"].poll() is not None and not self.stopping.is_set():
            self.command.stderr.write("The worker has ended; starting another.")
            self.processes["worker"] = self._start("worker")

    def _welcome(self) -> None:
        from contributions.demo.people import ACCOUNTS, PASSWORD

        lines = ["", f"The demonstration is ready: {self.address}", "", f"Log in with one of these, password “{PASSWORD}”:", ""]
        lines += [f"  {part + '@example.org':26}{what}" for part, (_, _, _, what) in ACCOUNTS.items()]
        lines += [
            "",
            f"Its GitHub is made up, too. Play with it: {settings.GITHUB_URL}",
            f"Mails are written to {environment.FOLDER / 'mail'}",
            "Stop everything with Ctrl-C.",
            "",
        ]
        self.command.stdout.write("\n".join(lines))
        self.command.stdout.flush()

    def _end(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(PATIENCE / 6)
            except subprocess.TimeoutExpired:
                process.kill()
        self.command.stdout.write("Stopped.")
