"""Background work in the admin: for the operator alone, to look at."""

from django.contrib import admin, messages
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_tasks_db.models import DBTaskResult, get_date_max

from .overview import ALIVE_FOR
from .models import Schedule, WorkerBeat

# The library's own page shows the same to whoever has a permission; ours asks for the operator.
admin.site.unregister(DBTaskResult)


class OperatorOnly(admin.ModelAdmin):
    """Seen by superusers, changed by nobody."""

    def has_module_permission(self, request):
        return request.user.is_superuser

    def has_view_permission(self, request, obj=None):
        return request.user.is_superuser

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(WorkerBeat)
class WorkerBeatAdmin(OperatorOnly):
    list_display = ["worker_id", "is_alive", "host", "pid", "started_at", "seen_at"]
    ordering = ["-seen_at"]

    @admin.display(description=_("alive"), boolean=True)
    def is_alive(self, beat: WorkerBeat) -> bool:
        return timezone.now() - beat.seen_at < ALIVE_FOR


@admin.register(Schedule)
class ScheduleAdmin(OperatorOnly):
    """The one thing to change: whether a task runs, and that it runs now."""

    list_display = ["name", "enabled", "next_run_at", "last_run_at"]
    list_filter = ["enabled"]
    fields = ["name", "enabled", "next_run_at", "last_run_at"]
    readonly_fields = ["name", "next_run_at", "last_run_at"]
    actions = ["run_now"]

    def has_change_permission(self, request, obj=None):
        return request.user.is_superuser

    @admin.action(description=_("Run now"), permissions=["change"])
    def run_now(self, request, queryset):
        number = queryset.update(next_run_at=timezone.now())
        text = ngettext("%(number)s task is due now.", "%(number)s tasks are due now.", number)
        self.message_user(request, text % {"number": number}, messages.SUCCESS)


@admin.register(DBTaskResult)
class TaskAdmin(OperatorOnly):
    """Each task that was queued. The arguments are ids."""

    list_display = ["task_name", "status", "queue_name", "enqueued_at", "started_at", "finished_at", "error"]
    list_filter = ["status", "queue_name", "enqueued_at"]
    search_fields = ["task_path", "exception_class_path"]
    search_help_text = _("Search by the name of the task or of the error.")
    ordering = ["-enqueued_at"]
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["task_path", "status", "arguments", "queue_name", "priority"]}),
        (_("When"), {"fields": ["enqueued_at", "postponed_to", "started_at", "finished_at", "worker_ids"]}),
        (_("Outcome"), {"fields": ["return_value", "exception_class_path", "traceback"]}),
    ]

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        # Tracebacks are long, and the list does not show them.
        return rows.defer("traceback", "return_value") if request.resolver_match.url_name.endswith("_changelist") else rows

    @admin.display(description=_("task"), ordering="task_path")
    def task_name(self, row: DBTaskResult) -> str:
        return row.task_path.rpartition(".")[2].replace("_", " ")

    @admin.display(description=_("error"), ordering="exception_class_path")
    def error(self, row: DBTaskResult) -> str:
        return row.exception_class_path.rpartition(".")[2]

    @admin.display(description=_("arguments"))
    def arguments(self, row: DBTaskResult) -> str:
        values = [repr(value) for value in row.args_kwargs["args"]]
        return ", ".join(values + [f"{name}={value!r}" for name, value in row.args_kwargs["kwargs"].items()])

    @admin.display(description=_("not before"))
    def postponed_to(self, row: DBTaskResult):
        return None if row.run_after == get_date_max() else row.run_after
