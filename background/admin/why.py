"""Why a run stands where it stands, and what happens next, in plain language."""

import datetime
from dataclasses import dataclass, field

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db.models import Case, F, Q, When
from django.tasks import TaskResultStatus, task_backends
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_tasks_db.models import DBTaskResult, get_date_max

from background.masking import mask
from background.models import TaskRun, WorkerBeat
from background.overview import ALIVE_FOR
from background.policy import policy_of
from background.queueing import shares_transaction

from .words import exactly, roughly, span

#: How many others are counted in front of a run.
MOST_IN_FRONT = 10_000

#: A task without a time limit that runs for longer may hang.
LONG = datetime.timedelta(hours=1)

START_A_WORKER = "manage.py worker"


@dataclass
class Why:
    """Sentences, and the tone of the banner that they stand in: “quiet” where all is well."""

    lines: list[str] = field(default_factory=list)
    tone: str = "quiet"
    #: What to type, where that helps.
    command: str = ""

    def say(self, text: str, tone: str = "", command: str = "") -> None:
        self.lines.append(text)
        self.tone, self.command = tone or self.tone, command or self.command


def why(run: TaskRun, now: datetime.datetime | None = None) -> Why:
    """Some queries, each along an index."""
    now = now or timezone.now()
    found = Why()
    if run.state == TaskRun.State.WAITING:
        _waits(run, now, found)
    elif run.state == TaskRun.State.RUNNING:
        _runs(run, now, found)
    elif run.state == TaskRun.State.FAILED:
        later = _others(run).filter(pk__gt=run.pk).exists()
        found.say(
            _("It was tried again since: the list of attempts shows what came of it.")
            if later
            else _("Nothing more happens by itself. Retry it once the cause is gone, or discard it.")
        )
    elif run.state == TaskRun.State.RETRIED:
        found.say(_("This attempt failed, and the next was queued by itself: see the list of attempts."))
    elif run.state == TaskRun.State.POSTPONED:
        reason = mask(run.message)
        found.say(
            _("The task asked to be run later: %(reason)s") % {"reason": reason}
            if reason
            else _("The task asked to be run later.")
        )
    elif run.state == TaskRun.State.LOST:
        found.say(_("The worker was lost while it ran this. It was put back by itself: see the list of attempts."))
    elif run.state == TaskRun.State.DISCARDED:
        found.say(_("Somebody discarded it: it does not run. Retry brings it back."))
    return found


def _waits(run: TaskRun, now: datetime.datetime, found: Why) -> None:
    alive = WorkerBeat.objects.filter(seen_at__gt=now - ALIVE_FOR).count()
    in_database, row = _engine_row(run)
    if in_database and row is None:
        found.say(_("The engine no longer knows it, so it would wait for ever. Discard it, then retry it."), "trouble")
        return
    if run.run_after is not None and run.run_after > now:
        _waits_for_later(run, now, found)
    elif not in_database and run.sent_at is None:
        found.say(
            _("It is not in the hands of the engine yet: its broker may be away. It is handed over again every few seconds."),
            "mine",
        )
    elif alive:
        _waits_in_line(run, now, row, alive, found)
    if not alive:
        found.say(_("No worker is alive, so nothing runs. Start one:"), "trouble", START_A_WORKER)


def _waits_for_later(run: TaskRun, now: datetime.datetime, found: Why) -> None:
    times = {"time": exactly(run.run_after), "left": roughly(run.run_after, now)}
    before = _others(run).filter(pk__lt=run.pk).order_by("-pk").only("state", "attempt", "error", "message").first()
    if before is not None and before.state == TaskRun.State.RETRIED:
        text = _(
            "It runs at %(time)s, %(left)s: attempt %(attempt)s failed with %(error)s, and it waits a while before the next."
        )
        found.say(text % {**times, "attempt": before.attempt, "error": before.error.rpartition(".")[2]})
    elif before is not None and before.state == TaskRun.State.POSTPONED:
        found.say(_("It runs at %(time)s, %(left)s: the task itself asked for that.") % times)
        if before.message:
            found.say(mask(before.message))
    else:
        found.say(_("It was queued for later: it runs at %(time)s, %(left)s.") % times)
    found.say(_("“Run now” does not wait for that time."))


def _waits_in_line(run: TaskRun, now: datetime.datetime, row: DBTaskResult | None, alive: int, found: Why) -> None:
    front = _in_front(run, now, row)
    workers = ngettext("%(number)s worker is alive.", "%(number)s workers are alive.", alive) % {"number": alive}
    if not front:
        found.say(_("It is the next: a worker takes it as soon as one is free.") + " " + workers)
    elif front > MOST_IN_FRONT:
        found.say(_("More than %(number)s others are in front of it.") % {"number": MOST_IN_FRONT} + " " + workers, "mine")
    else:
        text = ngettext("%(number)s other is in front of it.", "%(number)s others are in front of it.", front)
        found.say(text % {"number": front} + " " + workers)
    if front:
        found.say(_("“Run now” puts it in front."))


def _runs(run: TaskRun, now: datetime.datetime, found: Why) -> None:
    beat = WorkerBeat.objects.filter(worker_id=run.worker_id).first()
    if beat is None or now - beat.seen_at > ALIVE_FOR:
        if policy_of(run.task_path).at_most_once:
            found.say(
                _("Its worker is gone. It may run only once, so it is marked as failed by the next worker that looks."), "mine"
            )
        else:
            found.say(_("Its worker is gone. Another worker puts it back within seconds, and it runs again."), "mine")
        if not WorkerBeat.objects.filter(seen_at__gt=now - ALIVE_FOR).exists():
            found.say(_("No worker is alive. Start one, or discard this run:"), "trouble", START_A_WORKER)
        return
    limit, ran = policy_of(run.task_path).time_limit, now - run.started_at
    if limit is not None and ran > datetime.timedelta(seconds=limit):
        text = _("It has run for longer than its limit of %(limit)s: its worker ends it in a moment.")
        found.say(text % {"limit": span(datetime.timedelta(seconds=limit))}, "mine")
    elif limit is None and ran > LONG:
        found.say(_("It has run for %(time)s, and has no time limit.") % {"time": span(ran)}, "mine")
        if run.progress_at:
            found.say(_("It last told its progress %(when)s.") % {"when": roughly(run.progress_at, now)})
        else:
            found.say(_("It tells no progress. To run it elsewhere, end its worker: it is put back within seconds."))
    else:
        found.say(_("Its worker is alive, and works on it."))


def _others(run: TaskRun):
    """The other attempts of the same work."""
    origin = run.first_id or run.pk
    return TaskRun.objects.filter(Q(pk=origin) | Q(first_id=origin)).exclude(pk=run.pk)


def _engine_row(run: TaskRun) -> tuple[bool, DBTaskResult | None]:
    """Whether the engine of a run that waits is the database, and its row there."""
    try:
        if not shares_transaction(task_backends[run.backend]):
            return False, None
        row = DBTaskResult.objects.filter(pk=run.result_id).defer("traceback", "return_value", "args_kwargs").first()
    except (ImproperlyConfigured, ValidationError):
        return False, None
    return True, row


def _in_front(run: TaskRun, now: datetime.datetime, row: DBTaskResult | None) -> int:
    """How many are taken before it; one more than `MOST_IN_FRONT` for anything above."""
    if row is None:
        ahead = TaskRun.objects.due(now).filter(Q(priority__gt=run.priority) | Q(priority=run.priority, pk__lt=run.pk))
        return ahead.order_by()[: MOST_IN_FRONT + 1].count()
    never = get_date_max()
    since = row.enqueued_at if row.run_after == never else row.run_after
    waiting = DBTaskResult.objects.filter(status=TaskResultStatus.READY).filter(Q(run_after=never) | Q(run_after__lte=now))
    waits_since = Case(When(run_after=never, then=F("enqueued_at")), default=F("run_after"))
    ahead = waiting.alias(since=waits_since).filter(Q(priority__gt=row.priority) | Q(priority=row.priority, since__lt=since))
    return ahead.order_by()[: MOST_IN_FRONT + 1].count()
