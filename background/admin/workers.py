"""Workers: which are alive, and what each of them runs at this moment."""

from django.contrib import admin
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from background.models import TaskRun, WorkerBeat
from background.overview import ALIVE_FOR

from . import words
from .access import OperatorOnly
from .why import START_A_WORKER


@admin.register(WorkerBeat)
class WorkerBeatAdmin(OperatorOnly):
    list_display = ["worker_id", "is_alive", "since", "runs_now", "host", "pid"]
    search_fields = ["worker_id", "host"]
    ordering = ["-seen_at"]
    sortable_by: list = []
    fields = ["worker_id"]
    change_list_template = "admin/background/workers.html"
    change_form_template = "admin/background/worker.html"

    def prepare(self, request, rows):
        running: dict[str, list[TaskRun]] = {}
        for run in TaskRun.objects.running().filter(worker_id__in=[row.pk for row in rows]).defer("traceback", "arguments"):
            running.setdefault(run.worker_id, []).append(run)
        for row in rows:
            row.running = running.get(row.pk, [])

    @admin.display(description=gettext_lazy("state"))
    def is_alive(self, row):
        if timezone.now() - row.seen_at < ALIVE_FOR:
            return words.pill("succeeded", _("alive"))
        silent = _("silent for %(time)s") % {"time": words.span(timezone.now() - row.seen_at)}
        return words.pill("failed", silent)

    @admin.display(description=gettext_lazy("since"))
    def since(self, row):
        return words.when(row.started_at)

    @admin.display(description=gettext_lazy("runs now"))
    def runs_now(self, row):
        links = [
            (
                reverse(f"{self.admin_site.name}:background_taskrun_change", args=[run.pk]),
                words.name_of(run),
                words.span(run.duration),
            )
            for run in row.running
        ]
        nothing = _("nothing: it waits for work") if timezone.now() - row.seen_at < ALIVE_FOR else _("nothing any more")
        return format_html_join(", ", '<a href="{}">{}</a> ({})', links) or nothing

    def changelist_view(self, request, extra_context=None):
        alive = WorkerBeat.objects.filter(seen_at__gt=timezone.now() - ALIVE_FOR).exists()
        return super().changelist_view(
            request, {"nobody_is_alive": not alive, "command": START_A_WORKER, **(extra_context or {})}
        )

    def page(self, request, row: WorkerBeat) -> dict:
        self.prepare(request, [row])
        return {
            "row": row,
            "state": self.is_alive(row),
            "runs_now": self.runs_now(row),
            "seen": words.when(row.seen_at, full=True),
            "started": words.when(row.started_at, full=True),
        }
