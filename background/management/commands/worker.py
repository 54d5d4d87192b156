"""`manage.py worker`: runs background tasks, in one or several processes."""

import logging
import os
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from background import engines
from background.supervisor import Supervisor

MOST = 64


class Command(BaseCommand):
    help = "Runs background tasks of all queues until it is told to stop (Ctrl-C or SIGTERM), then finishes what runs."

    def add_arguments(self, parser):
        parser.add_argument("--concurrency", type=int, default=1, metavar="N", help="How many processes (default: 1).")
        parser.add_argument(
            "--interval", type=float, default=1.0, metavar="SECONDS", help="How often to look for tasks (default: 1)."
        )
        parser.add_argument("--child-of", type=int, metavar="PID", help="Used by the command itself for its processes.")

    def handle(self, *args, concurrency, interval, child_of, **options):
        if not 1 <= concurrency <= MOST:
            raise CommandError(f"--concurrency must be a number from 1 to {MOST}.")
        if not 0.05 <= interval <= 60:
            raise CommandError("--interval must be between 0.05 and 60 seconds.")
        say_what_happens()
        # Django's own line for each task says what ours says, and would add the traceback with its data.
        logging.getLogger("django.tasks").setLevel(logging.CRITICAL)
        if child_of is not None:
            worker = engines.worker(interval=interval, parent_pid=child_of)
            worker.configure_signals()
            worker.run()
            return
        command = [*own_command(), "--interval", str(interval), "--child-of", str(os.getpid())]
        code = Supervisor(command, concurrency).run()
        if code:
            sys.exit(code)


def say_what_happens() -> None:
    """Log to standard error where the site's settings say nothing of logging: a silent worker looks like a dead one."""
    logger = logging.getLogger("background")
    if logger.hasHandlers():
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def own_command() -> list[str]:
    """How to start this very command again, with the same Python and the same settings."""
    script = Path(sys.argv[0])
    if script.name == "manage.py":
        return [sys.executable, str(script.resolve()), "worker"]
    return [sys.executable, "-m", "django", "worker"]
