"""`manage.py sync SESSION_SLUG [--member EMAIL] [--full] [--json]`: the same sync as the task, in the foreground."""

import json
import sys
import time

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from background import enqueue
from cohorts.models import Membership, Session
from contributions.models import SyncRun
from contributions.sync import request_sync, run_sync
from contributions.sync.run import SILENT_AFTER
from contributions.tasks import sync_session_task


class Command(BaseCommand):
    help = "Fetch the work of a session's members from GitHub now. Exit 0, or 1 where something failed, with the rest done."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("session", metavar="SESSION_SLUG")
        parser.add_argument("--member", metavar="EMAIL", help="only this member")
        parser.add_argument("--full", action="store_true", help="fetch everything again, also what has not changed")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args, **options) -> None:
        began = time.monotonic()
        session = Session.objects.filter(slug=options["session"]).first()
        if session is None:
            raise CommandError(f"There is no session “{options['session']}”.")
        membership = self._membership(session, options["member"]) if options["member"] else None
        run = request_sync(session, membership=membership, trigger=SyncRun.Trigger.COMMAND, full=options["full"], queue=False)
        if run.state == SyncRun.State.RUNNING and run.progress_at and timezone.now() - run.progress_at < SILENT_AFTER:
            raise CommandError("A sync of this session runs already. Wait until it is done, and try again.")
        run_sync(run)
        if run.state == SyncRun.State.QUEUED:
            enqueue(sync_session_task, run.pk)
            raise CommandError("All access to GitHub is in use by other syncs. It is queued: a worker does it after them.")
        if options["json"]:
            self.stdout.write(json.dumps(outcome_of(run, time.monotonic() - began), indent=2, ensure_ascii=False))
        else:
            self._print(run, time.monotonic() - began)
        if run.errors or run.state != SyncRun.State.DONE:
            sys.exit(1)

    def _membership(self, session: Session, email: str) -> Membership:
        members = Membership.objects.filter(cohort__session=session, user__email__iexact=email.strip())
        membership = members.tracked().order_by("pk").first()
        if membership is None:
            raise CommandError(f"No member of “{session.slug}” has the address {email}.")
        return membership

    def _print(self, run: SyncRun, seconds: float) -> None:
        self.stdout.write(
            f"{run.get_state_display()}: {run.created} new, {run.updated} changed, {run.unchanged} unchanged, {run.gone} gone; "
            f"{run.requests} requests, {run.points} points, {seconds:.1f} s."
        )
        for error in run.errors:
            about = f"{error['about']}: " if error["about"] else ""
            self.stderr.write(f"{about}{error['message']}")


def outcome_of(run: SyncRun, seconds: float) -> dict:
    """The outcome of a run as the contract gives it."""
    return {
        "session": run.session.slug,
        "requests": run.requests,
        "points": run.points,
        "created": run.created,
        "updated": run.updated,
        "unchanged": run.unchanged,
        "gone": run.gone,
        "errors": run.errors,
        "seconds": round(seconds, 3),
    }
