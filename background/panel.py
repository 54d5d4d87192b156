"""A panel for django-debug-toolbar: what became of the tasks that a request queued.

The toolbar's own panel shows what was queued. This one says how each stands now, and follows it while it runs. Add
"background.panel.BackgroundPanel" to `DEBUG_TOOLBAR_PANELS`; nothing else imports this module.
"""

from contextvars import ContextVar
from dataclasses import dataclass

from debug_toolbar.decorators import render_with_toolbar_language, require_show_toolbar
from debug_toolbar.panels import Panel
from debug_toolbar.toolbar import DebugToolbar
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.db.models.signals import post_save
from django.http import Http404, HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_GET, require_POST

from .actions import RETRYABLE, ActionRefused, retry
from .models import TaskRun

#: What the request of this thread has queued so far; None outside of a request that is watched.
_queued: ContextVar[list[dict] | None] = ContextVar("background_panel_queued", default=None)


def _note(sender, instance: TaskRun, created: bool, **kwargs) -> None:
    queued = _queued.get()
    if created and queued is not None:
        queued.append({"pk": instance.pk, "title": str(instance), "queued_at": instance.queued_at.isoformat()})


class BackgroundPanel(Panel):
    """The tasks that this request queued, by their records: outcome, duration, attempt, a way to the admin, and “retry”."""

    title = nav_title = _("Background work")
    nav_icon = "background/panel.svg"  # type: ignore[assignment]
    template = "background/panel.html"
    is_async = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.queued: list[dict] = []

    @property
    def nav_subtitle(self):
        number = len(self.get_stats().get("queued", []))
        return ngettext("%(number)s task queued", "%(number)s tasks queued", number) % {"number": number}

    @classmethod
    def ready(cls):
        post_save.connect(_note, sender=TaskRun, weak=False, dispatch_uid="background.panel")

    @classmethod
    def get_urls(cls):
        return [path("background/", runs, name="background_runs"), path("background/retry/", retry_run, name="background_retry")]

    def enable_instrumentation(self):
        _queued.set(self.queued)

    def disable_instrumentation(self):
        _queued.set(None)

    def generate_stats(self, request, response):
        self.record_stats({"queued": self.queued})

    @property
    def content(self):
        context = {"rows": self.rows(), "request_id": self.toolbar.request_id}
        return render_to_string(self.template, context)

    @property
    def scripts(self):
        return [*super().scripts, static("background/panel.js")]

    def rows(self) -> list["Row"]:
        """One row a task that was queued, as it stands now, in the order of queueing. One query."""
        queued = self.get_stats().get("queued", [])
        keys = [one["pk"] for one in queued]
        found = TaskRun.objects.filter(Q(pk__in=keys) | Q(first__in=keys)).defer("traceback", "arguments").order_by("pk")
        runs = {run.pk: run for run in found}
        latest = {run.first_id or run.pk: run for run in runs.values()}
        # A retry that waits shows what went wrong before.
        errors = {run.first_id or run.pk: _error_of(run) for run in runs.values() if run.error or run.message}
        rows = []
        for one in queued:
            run = runs.get(one["pk"])
            # A number is given again after a rollback: the moment tells the two apart.
            if run is None or run.queued_at.isoformat() != one["queued_at"]:
                rows.append(Row(one["title"], None))
            else:
                origin = run.first_id or run.pk
                rows.append(Row(one["title"], latest[origin], errors.get(origin, "")))
        return rows


@dataclass(frozen=True)
class Row:
    """A task that was queued, and its latest attempt. `run` is None where its transaction was rolled back, or its record is forgotten."""

    title: str
    run: TaskRun | None
    error: str = ""

    @property
    def can_retry(self) -> bool:
        return self.run is not None and self.run.state in RETRYABLE

    @property
    def seconds(self) -> str:
        duration = self.run.duration if self.run is not None else None
        return "" if duration is None else f"{duration.total_seconds():.2f} s"

    @property
    def admin_url(self) -> str:
        if self.run is None:
            return ""
        try:
            return reverse("admin:background_taskrun_change", args=[self.run.pk])
        except NoReverseMatch:
            # A site without an admin.
            return ""


def _error_of(run: TaskRun) -> str:
    """The class without its module, and what it said."""
    return ": ".join(text for text in (run.error.rpartition(".")[2], run.message) if text)


@login_not_required
@require_GET
@require_show_toolbar
@render_with_toolbar_language
def runs(request: HttpRequest) -> JsonResponse:
    """The table as it is now, whether anything in it will still change, and the token that a change needs."""
    return JsonResponse(_table(request, request.GET.get("request_id", "")))


@login_not_required
@require_POST
@csrf_protect
@require_show_toolbar
@render_with_toolbar_language
def retry_run(request: HttpRequest) -> JsonResponse:
    """Queue a run that failed once more: for superusers, and only while developing. Answers with the table."""
    if not _may_retry(request):
        raise PermissionDenied
    if not request.POST.get("run", "").isdecimal():
        raise Http404
    run = get_object_or_404(TaskRun, pk=request.POST["run"])
    try:
        retry(run, by=request.user)
    except ActionRefused as refused:
        return JsonResponse(_table(request, request.POST.get("request_id", ""), said=str(refused)))
    return JsonResponse(_table(request, request.POST.get("request_id", "")))


def _may_retry(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return settings.DEBUG and user is not None and user.is_active and user.is_superuser


def _table(request: HttpRequest, request_id: str, *, said: str = "") -> dict:
    toolbar = DebugToolbar.fetch(request_id, BackgroundPanel.panel_id) if request_id else None
    panel = toolbar.get_panel_by_id(BackgroundPanel.panel_id) if toolbar is not None else None
    rows = panel.rows() if isinstance(panel, BackgroundPanel) else None
    context = {"rows": rows, "may_retry": _may_retry(request), "said": said}
    return {
        "content": render_to_string("background/panel_rows.html", context),
        "changes": any(row.run is not None and row.run.is_open for row in rows or []),
        "token": get_token(request),
    }
