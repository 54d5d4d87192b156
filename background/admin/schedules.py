"""Schedules: what runs by itself, when, and how it went the last time; pause it, resume it, or run it now."""

from django.contrib import admin, messages
from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from background import schedules
from background.actions import ASKED_TO_RUN, log
from background.models import Schedule, TaskRun, WorkerBeat
from background.overview import ALIVE_FOR

from . import words
from .access import BOTH, OperatorOnly
from .policy_words import policy_in_words, purpose_of
from .timing_words import timing_in_words
from .why import START_A_WORKER

#: How many runs the page of a schedule lists.
LAST_RUNS = 10


class OnOrOff(admin.SimpleListFilter):
    title = gettext_lazy("on or off")
    parameter_name = "is"

    def lookups(self, request, model_admin):
        return [("on", gettext_lazy("on")), ("paused", gettext_lazy("paused"))]

    def queryset(self, request, queryset):
        return queryset.filter(enabled=self.value() == "on") if self.value() in ("on", "paused") else queryset


@admin.register(Schedule)
class ScheduleAdmin(OperatorOnly):
    list_display = ["task", "timing", "is_on", "next_run", "last_run"]
    list_filter = [OnOrOff]
    search_fields = ["name"]
    fields = ["name"]
    sortable_by: list = []
    list_per_page = 200
    actions = ["run_now", "pause", "resume"]
    change_form_template = "admin/background/schedule.html"

    def get_queryset(self, request):
        last = TaskRun.objects.filter(task_path=OuterRef("name")).order_by("-pk").values("pk")[:1]
        return super().get_queryset(request).annotate(last_run_id=Subquery(last))

    def prepare(self, request, rows):
        keys = [row.last_run_id for row in rows if row.last_run_id]
        runs = TaskRun.objects.defer("traceback", "arguments").in_bulk(keys)
        for row in rows:
            row.last = runs.get(row.last_run_id)

    @admin.display(description=gettext_lazy("task"))
    def task(self, row):
        return capfirst(words.title_of(row.name))

    @admin.display(description=gettext_lazy("when"))
    def timing(self, row):
        if row.name not in schedules.scheduled:
            return words.pill("lost", _("no task of this version: it never runs"))
        return timing_in_words(row.name)

    @admin.display(description=gettext_lazy("on or off"))
    def is_on(self, row):
        return words.pill("succeeded", _("on")) if row.enabled else words.pill("discarded", _("paused"))

    @admin.display(description=gettext_lazy("next run"))
    def next_run(self, row, *, full: bool = False):
        if not row.enabled or row.name not in schedules.scheduled:
            return words.NOTHING
        if row.next_run_at <= timezone.now():
            return _("due since %(time)s") % {"time": words.exactly(row.next_run_at)}
        return words.when(row.next_run_at, full=full)

    @admin.display(description=gettext_lazy("last run"))
    def last_run(self, row):
        run = row.last
        if run is None:
            return words.when(row.last_run_at) if row.last_run_at else _("never")
        address = reverse(f"{self.admin_site.name}:background_taskrun_change", args=[run.pk])
        return format_html(
            '<a href="{}">{}</a> {} {}', address, words.when(run.queued_at), words.state_of(run), words.error_of(run)
        )

    @admin.action(description=gettext_lazy("Run now"), permissions=["operate"], location=BOTH)
    def run_now(self, request, queryset):
        queued, busy, gone = [], [], []
        for row in queryset:
            try:
                (queued if schedules.queue_now(row.name) else busy).append(row)
            except KeyError:
                gone.append(row)
        log(queued, by=request.user, text=ASKED_TO_RUN)
        if queued:
            text = ngettext("%(number)s task is queued.", "%(number)s tasks are queued.", len(queued))
            self.message_user(request, text % {"number": len(queued)}, messages.SUCCESS)
        if busy:
            text = _("It waits or runs already, and is not queued twice: %(names)s.")
            self.message_user(request, text % {"names": _names(busy)}, messages.WARNING)
        if gone:
            text = _("This version of the site has no such task: %(names)s.")
            self.message_user(request, text % {"names": _names(gone)}, messages.WARNING)
        if queued and not WorkerBeat.objects.filter(seen_at__gt=timezone.now() - ALIVE_FOR).exists():
            text = _("No worker is alive, so nothing runs. Start one: %(command)s") % {"command": START_A_WORKER}
            self.message_user(request, text, messages.WARNING)

    @admin.action(description=gettext_lazy("Pause"), permissions=["operate"], location=BOTH)
    def pause(self, request, queryset):
        changed = self._switch(request, queryset, on=False, text=_("Paused."))
        text = ngettext(
            "%(number)s schedule is paused. What waits or runs already goes on.",
            "%(number)s schedules are paused. What waits or runs already goes on.",
            changed,
        )
        self._tell(request, text, changed, _("They were paused already."))

    @admin.action(description=gettext_lazy("Resume"), permissions=["operate"], location=BOTH)
    def resume(self, request, queryset):
        changed = self._switch(request, queryset, on=True, text=_("Resumed."))
        text = ngettext(
            "%(number)s schedule is on again. Times that were missed are made up for by one run.",
            "%(number)s schedules are on again. Times that were missed are made up for by one run each.",
            changed,
        )
        self._tell(request, text, changed, _("They were on already."))

    def _switch(self, request, queryset, *, on: bool, text: str) -> int:
        changed = [
            row for row in queryset if row.enabled != on and Schedule.objects.filter(pk=row.pk, enabled=not on).update(enabled=on)
        ]
        log(changed, by=request.user, text=text)
        return len(changed)

    def _tell(self, request, text: str, changed: int, otherwise: str) -> None:
        if changed:
            self.message_user(request, text % {"number": changed}, messages.SUCCESS)
        else:
            self.message_user(request, otherwise, messages.WARNING)

    def page(self, request, row: Schedule) -> dict:
        runs = TaskRun.objects.filter(task_path=row.name).defer("traceback", "arguments").order_by("-pk")[:LAST_RUNS]
        is_gone = row.name not in schedules.scheduled
        switch = "pause" if row.enabled else "resume"
        return {
            "title": capfirst(words.title_of(row.name)),
            "row": row,
            "is_gone": is_gone,
            "purpose": purpose_of(row.name),
            "timing": None if is_gone else timing_in_words(row.name),
            "is_on": self.is_on(row),
            "next_run": self.next_run(row, full=True),
            "policy": [] if is_gone else policy_in_words(row.name),
            "buttons": self.buttons(request, [switch] if is_gone else ["run_now", switch]),
            "runs": [
                {
                    "run": run,
                    "state": words.state_of(run),
                    "when": words.when(run.queued_at),
                    "took": words.span(run.duration) if run.started_at else "",
                    "error": words.error_of(run),
                }
                for run in runs
            ],
        }


def _names(rows: list[Schedule]) -> str:
    return ", ".join(words.title_of(row.name) for row in rows)
