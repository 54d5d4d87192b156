"""Runs: the list of all attempts, and a page for each that says what it is, what went wrong, and what happens next."""

from django.contrib import admin
from django.db.models import Q
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from background.masking import mask
from background.models import Schedule, TaskRun, WorkerBeat
from background.overview import ALIVE_FOR

from . import words
from .about import addresses
from .access import OperatorOnly
from .arguments import arguments_of
from .policy_words import parameters_of, policy_in_words, purpose_of
from .run_actions import RunActions
from .run_filters import AgeFilter, NeedsSomebody, QueueFilter, StateFilter, TaskFilter
from .run_search import search
from .why import why

#: How many attempts of one work are listed: one that puts itself off may have thousands.
ATTEMPTS = 30

#: What the list does not show, and may be long.
UNSEEN = ("traceback", "arguments")


@admin.register(TaskRun)
class TaskRunAdmin(RunActions, OperatorOnly):
    list_display = ["task", "state_word", "about_link", "error_line", "attempts", "queued", "started", "took", "queue_name"]
    list_filter = [NeedsSomebody, StateFilter, AgeFilter, TaskFilter, QueueFilter]
    # Any name will do: `get_search_results` knows what is searched.
    search_fields = ["task_path"]
    sortable_by = ["queued"]
    fields = ["task_path"]
    change_list_template = "admin/background/runs.html"
    change_form_template = "admin/background/run.html"

    def get_queryset(self, request):
        return super().get_queryset(request).defer(*UNSEEN)

    def get_search_results(self, request, queryset, search_term):
        return search(queryset, search_term), False

    def prepare(self, request, rows):
        found = addresses(self.admin_site, request, rows)
        for run in rows:
            run.about_address = found.get(run.pk)

    @admin.display(description=gettext_lazy("task"))
    def task(self, run):
        return capfirst(run.title)

    @admin.display(description=gettext_lazy("state"))
    def state_word(self, run):
        """With how far it has come, which is of no more interest once it is done."""
        state = words.state_of(run)
        progress = words.progress_of(run) if run.state != TaskRun.State.SUCCEEDED else words.NOTHING
        return state if progress == words.NOTHING else format_html("{} {}", state, progress)

    @admin.display(description=gettext_lazy("about"))
    def about_link(self, run):
        text = mask(run.about) or words.NOTHING
        address = getattr(run, "about_address", None)
        return format_html('<a href="{}">{}</a>', address, text) if address else text

    @admin.display(description=gettext_lazy("attempt"))
    def attempts(self, run):
        return _("%(number)s of %(most)s") % {"number": run.attempt, "most": run.max_attempts}

    # They are queued in the order of their keys, along which there is an index.
    @admin.display(description=gettext_lazy("queued"), ordering="pk")
    def queued(self, run):
        return words.when(run.queued_at)

    @admin.display(description=gettext_lazy("started"))
    def started(self, run):
        return words.when(run.started_at)

    @admin.display(description=gettext_lazy("took"))
    def took(self, run):
        return words.span(run.duration)

    @admin.display(description=gettext_lazy("error"))
    def error_line(self, run):
        return words.error_of(run) or words.NOTHING

    def page(self, request, run: TaskRun) -> dict:
        chain = self._chain(run)
        started = run.started_at or (None if run.finished_at else timezone.now())
        return {
            "title": capfirst(words.name_of(run)),
            "run": run,
            "purpose": purpose_of(run.task_path),
            "state": words.state_of(run),
            "attempt": self.attempts(run),
            "about": mask(run.about),
            "about_address": addresses(self.admin_site, request, [run]).get(run.pk),
            "buttons": self.buttons(request, self._sensible(run)),
            "error": {
                "name": run.error.rpartition(".")[2],
                "path": mask(run.error),
                "message": mask(run.message),
                "traceback": mask(run.traceback),
            },
            "why": why(run),
            "progress": words.progress_of(run),
            "progress_at": words.when(run.progress_at, full=True),
            "times": [
                (_("queued"), words.when(run.queued_at, full=True)),
                (_("not before"), words.when(run.run_after, full=True)),
                (_("handed to the engine"), words.when(run.sent_at, full=True)),
                (_("started"), words.when(run.started_at, full=True)),
                (_("ended"), words.when(run.finished_at, full=True)),
                (_("waited"), words.span(started - run.since if started and started > run.since else None)),
                (_("took"), words.span(run.duration)),
            ],
            "arguments": arguments_of(run.arguments, parameters_of(run.task_path)),
            "policy": policy_in_words(run.task_path),
            "schedule": Schedule.objects.filter(name=run.task_path).first(),
            "chain": chain[:ATTEMPTS],
            "chain_is_longer": len(chain) > ATTEMPTS,
            "worker": self._worker(run),
        }

    @staticmethod
    def _sensible(run: TaskRun) -> list[str]:
        """The actions that can do something in this state. The others stay possible, and say why not."""
        if run.state in (TaskRun.State.FAILED, TaskRun.State.DISCARDED):
            return ["retry", "discard"] if run.state == TaskRun.State.FAILED else ["retry"]
        if run.state == TaskRun.State.WAITING:
            return ["run_now", "discard"]
        alive = WorkerBeat.objects.filter(worker_id=run.worker_id, seen_at__gt=timezone.now() - ALIVE_FOR)
        return ["discard"] if run.state == TaskRun.State.RUNNING and not alive.exists() else []

    @staticmethod
    def _chain(run: TaskRun) -> list[dict]:
        """All attempts of the same work, the newest first, and one more than are shown."""
        origin = run.first_id or run.pk
        rows = TaskRun.objects.filter(Q(pk=origin) | Q(first_id=origin)).defer(*UNSEEN).order_by("-pk")[: ATTEMPTS + 1]
        return [
            {
                "run": one,
                "state": words.state_of(one),
                "attempt": _("attempt %(number)s of %(most)s") % {"number": one.attempt, "most": one.max_attempts},
                "when": words.when(one.started_at or one.run_after or one.queued_at),
                "took": words.span(one.duration) if one.started_at else "",
                "error": words.error_of(one),
                "is_this": one.pk == run.pk,
            }
            for one in rows
        ]

    @staticmethod
    def _worker(run: TaskRun) -> dict | None:
        if not run.worker_id:
            return None
        beat = WorkerBeat.objects.filter(worker_id=run.worker_id).first()
        if beat is None:
            text = _("gone")
        elif timezone.now() - beat.seen_at < ALIVE_FOR:
            text = _("alive")
        else:
            text = _("silent since %(when)s") % {"when": words.exactly(beat.seen_at)}
        return {"id": run.worker_id, "beat": beat, "text": text}
