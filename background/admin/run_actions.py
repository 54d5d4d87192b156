"""Retry, discard, run now: on the list of runs and on the page of each."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Max, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from background import actions
from background.models import TaskRun, WorkerBeat
from background.overview import ALIVE_FOR

from .access import BOTH
from .many import Tally, do_to_many
from .why import START_A_WORKER
from .words import name_of

#: How many names the question before discarding shows.
NAMED = 10


class RunActions:
    """For the admin of runs. An action says how many it did, and why it left others."""

    actions = ["retry", "run_now", "discard"]

    @admin.action(
        description=gettext_lazy("Retry"),
        description_plural=gettext_lazy("Retry those that failed"),
        permissions=["operate"],
        location=BOTH,
    )
    def retry(self, request, queryset: QuerySet) -> HttpResponse | None:
        tally = self._do(request, actions.retry, queryset, actions.RETRYABLE, actions.QUEUED_AGAIN)
        if tally.done:
            text = ngettext("%(number)s task is queued again.", "%(number)s tasks are queued again.", tally.done)
            self.message_user(request, text % {"number": tally.done}, messages.SUCCESS)
            self._warn_without_worker(request)
        if tally.done and self.on_page(request):
            # The page of what was queued, where one sees how it goes.
            run = queryset.get()
            following = TaskRun.objects.filter(first_id=run.first_id or run.pk).order_by("-pk").first()
            return HttpResponseRedirect(reverse(f"{self.admin_site.name}:background_taskrun_change", args=[following.pk]))
        return None

    @admin.action(
        description=gettext_lazy("Run now"),
        description_plural=gettext_lazy("Run those that wait now"),
        permissions=["operate"],
        location=BOTH,
    )
    def run_now(self, request, queryset: QuerySet) -> None:
        tally = self._do(request, actions.run_now, queryset, (TaskRun.State.WAITING,), actions.ASKED_TO_RUN)
        if tally.done:
            text = ngettext(
                "%(number)s task runs as soon as a worker is free.",
                "%(number)s tasks run as soon as a worker is free.",
                tally.done,
            )
            self.message_user(request, text % {"number": tally.done}, messages.SUCCESS)
            self._warn_without_worker(request)

    @admin.action(
        description=gettext_lazy("Discard"),
        description_plural=gettext_lazy("Discard those that wait or failed"),
        permissions=["operate"],
        location=BOTH,
    )
    def discard(self, request, queryset: QuerySet) -> HttpResponse | None:
        if "up_to" in request.POST:
            # What came in while the question stood on the screen is not meant.
            queryset = queryset.filter(pk__lte=_whole(request.POST["up_to"]))
        elif not self.on_page(request) and queryset.count() > 1:
            return self._ask_before_discarding(request, queryset)
        states = (TaskRun.State.WAITING, TaskRun.State.FAILED, TaskRun.State.RUNNING)
        tally = self._do(request, actions.discard, queryset, states, actions.DISCARDED)
        if tally.done:
            text = ngettext("%(number)s task is discarded.", "%(number)s tasks are discarded.", tally.done)
            self.message_user(request, text % {"number": tally.done}, messages.SUCCESS)
        return None

    def _do(self, request, action: Callable[..., object], queryset: QuerySet, states: tuple, note) -> Tally:
        tally = do_to_many(action, queryset, states=states, by=request.user, note=note)
        if tally.refusals:
            self.message_user(request, tally.refusals, messages.WARNING)
        if tally.left:
            text = ngettext(
                "%(number)s more is left: they were too many for one request. Do it again to go on.",
                "%(number)s more are left: they were too many for one request. Do it again to go on.",
                tally.left,
            )
            self.message_user(request, text % {"number": tally.left}, messages.WARNING)
        return tally

    def _warn_without_worker(self, request) -> None:
        if not WorkerBeat.objects.filter(seen_at__gt=timezone.now() - ALIVE_FOR).exists():
            text = _("No worker is alive, so nothing runs. Start one: %(command)s") % {"command": START_A_WORKER}
            self.message_user(request, text, messages.WARNING)

    def _ask_before_discarding(self, request, queryset: QuerySet) -> HttpResponse:
        waiting = queryset.filter(state=TaskRun.State.WAITING).count()
        failed = queryset.filter(state=TaskRun.State.FAILED).count()
        total = queryset.count()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Discard tasks"),
            "waiting": waiting,
            "failed": failed,
            "others": total - waiting - failed,
            "names": [name_of(run) for run in queryset.order_by("-pk").only("task_path", "about")[:NAMED]],
            "unnamed": max(0, total - NAMED),
            "up_to": queryset.aggregate(last=Max("pk"))["last"] or 0,
            "select_across": request.POST.get("select_across") == "1",
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "checkbox": ACTION_CHECKBOX_NAME,
            "back": request.get_full_path(),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/background/discard.html", context)


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0
