"""How the background work stands, in a few figures: for health, for the operator's pages, for whoever asks."""

import datetime
import functools
from dataclasses import dataclass, field

from django.db.models import Case, Count, F, Min, Q, When
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .models import Schedule, TaskRun, WorkerBeat
from .schedules import scheduled

#: A worker writes its beat every 3 seconds; one that was silent for longer than this does not count as alive.
ALIVE_FOR = datetime.timedelta(seconds=15)

#: A due task that waits for longer means that the workers do not keep up.
WAITING_TOO_LONG = datetime.timedelta(minutes=15)

#: What was not handed to its engine for so long has an engine that is away. A task is handed over after the commit, within moments.
UNSENT_TOO_LONG = datetime.timedelta(minutes=1)

#: Workers look at the schedules each second. One that is late by this much is started by nobody.
OVERDUE_AFTER = datetime.timedelta(minutes=10)


@dataclass(frozen=True)
class Overview:
    """The work of all engines and queues, at one moment. Retries and what is for later do not count as waiting before their time."""

    at: datetime.datetime
    #: Workers with a sign of life.
    alive: int
    #: Runs that could run now, and since when the oldest of them could.
    waiting: int
    waiting_since: datetime.datetime | None
    running: int
    #: Failed for good since midnight (in the site's time zone), and not discarded since.
    failed_today: int
    #: Written down and due, but not in the hands of their engine for a minute: its broker is away.
    unsent: int
    #: Dotted paths of tasks whose schedule somebody switched off; of those that should have begun long ago.
    paused: list[str] = field(default_factory=list)
    overdue: list[str] = field(default_factory=list)

    @property
    def oldest_waiting(self) -> datetime.timedelta | None:
        """How long the oldest waits. None where none does."""
        return None if self.waiting_since is None else max(self.at - self.waiting_since, datetime.timedelta())

    @property
    def problems(self) -> list[str]:
        """What an operator should look at, a sentence each, in the reader's language. Empty: all is well."""
        found = []
        if not self.alive:
            found.append(_("No worker is alive. Start one: manage.py worker"))
        if self.oldest_waiting is not None and self.oldest_waiting > WAITING_TOO_LONG:
            minutes = int(self.oldest_waiting.total_seconds() // 60)
            found.append(
                _("The oldest task has waited for %(minutes)s minutes: the workers do not keep up.") % {"minutes": minutes}
            )
        if self.unsent:
            text = ngettext(
                "%(number)s task could not be handed to the engine. It is tried again; is the broker running?",
                "%(number)s tasks could not be handed to the engine. It is tried again; is the broker running?",
                self.unsent,
            )
            found.append(text % {"number": self.unsent})
        found += [_("The schedule of %(task)s is paused.") % {"task": name} for name in self.paused]
        found += [_("%(task)s should have run by its schedule, and nobody started it.") % {"task": name} for name in self.overdue]
        return found


def overview(now: datetime.datetime | None = None) -> Overview:
    """Five queries, each along an index, however many runs have ended."""
    now = now or timezone.now()
    # A task that was to run at once waits since it was queued, a postponed one since its time came.
    since = Case(When(run_after__gt=F("queued_at"), then="run_after"), default="queued_at")
    long_ago = now - UNSENT_TOO_LONG
    unsent = Q(sent_at=None, queued_at__lt=long_ago) & (Q(run_after=None) | Q(run_after__lt=long_ago))
    queue = TaskRun.objects.due(now).aggregate(waiting=Count("pk"), oldest=Min(since), unsent=Count("pk", filter=unsent))
    paused, overdue = _schedules(now)
    return Overview(
        at=now,
        alive=WorkerBeat.objects.filter(seen_at__gt=now - ALIVE_FOR).count(),
        waiting=queue["waiting"],
        waiting_since=queue["oldest"],
        running=TaskRun.objects.running().count(),
        failed_today=TaskRun.objects.failed().filter(finished_at__gte=_midnight(now)).count(),
        unsent=queue["unsent"],
        paused=paused,
        overdue=overdue,
    )


def _schedules(now: datetime.datetime) -> tuple[list[str], list[str]]:
    load_tasks()
    rows = list(Schedule.objects.filter(name__in=scheduled).values_list("name", "enabled", "next_run_at"))
    paused = sorted(name for name, enabled, _next in rows if not enabled)
    overdue = sorted(name for name, enabled, next_run_at in rows if enabled and next_run_at < now - OVERDUE_AFTER)
    return paused, overdue


@functools.cache
def load_tasks() -> None:
    """Import each app's `tasks` module, as workers do: a web process knows only the tasks that its pages have imported."""
    autodiscover_modules("tasks")


def _midnight(now: datetime.datetime) -> datetime.datetime:
    local = timezone.localtime(now, timezone.get_default_timezone())
    return local.replace(hour=0, minute=0, second=0, microsecond=0)
