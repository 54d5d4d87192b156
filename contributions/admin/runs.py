"""Syncs: what was asked of GitHub, what came back and what failed, in figures and in words."""

from django.contrib import admin
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.templatetags.interface import icon
from background.models import TaskRun
from cohorts.models import Session
from contributions.freshness import reason_of
from contributions.models import SyncRun
from contributions.tasks import sync_session_task
from contributions.views.syncing import DOING

from .filters import ProjectFilter, SessionFilter, along
from .read_only import ReadOnlyAdmin
from .sync_now import SyncNowMixin

State = SyncRun.State

#: Tone and icon of each state; its word stands beside them.
LOOKS = {
    State.QUEUED: ("quiet", "reviewer"),
    State.RUNNING: ("maintainer", "sync"),
    State.DONE: ("done", "done"),
    State.PARTIAL: ("mine", "warning"),
    State.FAILED: ("trouble", "trouble"),
}

#: Tasks that are listed on the page of a run: one that was put off often has many attempts.
TASKS_SHOWN = 5


class ScopeFilter(admin.SimpleListFilter):
    """Of everybody, of one project or of one member."""

    title = gettext_lazy("what")
    parameter_name = "of"

    def lookups(self, request, model_admin):
        return [("all", _("Everybody")), ("project", _("One project")), ("member", _("One member"))]

    def queryset(self, request, queryset):
        value = self.value()
        if value == "all":
            return queryset.filter(membership=None, project=None)
        if value == "project":
            return queryset.filter(project__isnull=False)
        return queryset.filter(membership__isnull=False) if value == "member" else queryset


class StoppedFilter(admin.SimpleListFilter):
    """Whether GitHub, or an error of ours, stopped a sync before its end."""

    title = gettext_lazy("stopped before the end")
    parameter_name = "stopped"

    def lookups(self, request, model_admin):
        return [("yes", _("Stopped")), ("no", _("Went through"))]

    def queryset(self, request, queryset):
        if self.value() == "yes":
            return queryset.filter(retry_at__isnull=False)
        if self.value() == "no":
            return queryset.went_through()
        return queryset


@admin.register(SyncRun)
class SyncRunAdmin(SyncNowMixin, ReadOnlyAdmin):
    change_list_template = "admin/contributions/sync_run_list.html"
    list_display = ["sync", "state_and_problems", "queued", "figures"]
    list_select_related = ["session", "membership__user", "project"]
    search_fields = ["membership__user__name", "project__name", "session__name"]
    search_help_text = gettext_lazy("The name of a member, of a project or of a session.")
    list_per_page = 50
    sortable_by = ["queued"]
    readonly_fields = ["what", "state_word", "took", "asked", "came_back", "what_next", "errors_in_words", "task_links"]

    def get_list_filter(self, request):
        filters = [
            "state",
            StoppedFilter,
            ScopeFilter,
            "trigger",
            ("queued_at", admin.DateFieldListFilter),
            along(SessionFilter, "session"),
            along(ProjectFilter, "project"),
        ]
        # Tokens are the operator's.
        return [*filters, "budget"] if request.user.is_superuser else filters

    def get_fieldsets(self, request, obj=None):
        about = ["what", "session", "trigger", "requested_by", "full"]
        asked = ["asked", "came_back"]
        if request.user.is_superuser:
            about.append("task_links")
            asked.append("budget")
        return [
            (None, {"fields": ["state_word", "what_next", ("queued_at", "started_at", "finished_at"), "took"]}),
            (_("What was asked for"), {"fields": about}),
            (_("Figures"), {"fields": asked}),
            (_("Problems"), {"fields": ["errors_in_words"]}),
        ]

    @admin.display(description=gettext_lazy("sync"))
    def sync(self, run):
        return format_html("{}<br><small>{} · #{}</small>", self._part(run), run.session, run.pk)

    @admin.display(description=gettext_lazy("of"))
    def what(self, run):
        return format_html("{}: {}", run.session, self._part(run))

    @staticmethod
    def _part(run):
        if run.membership:
            return run.membership.user.get_full_name()
        return str(run.project) if run.project else capfirst(_("everybody"))

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_word(self, run):
        tone, shape = LOOKS[State(run.state)]
        done = ""
        if run.state == State.RUNNING and run.total:
            done = format_html(" {} {}/{}", DOING.get(run.doing, ""), number_format(run.done), number_format(run.total))
        return format_html('<span class="pill" data-tone="{}">{}{}</span>{}', tone, icon(shape), run.get_state_display(), done)

    @admin.display(description=gettext_lazy("queued"), ordering="queued_at")
    def queued(self, run):
        """When, and why."""
        words = {
            SyncRun.Trigger.SCHEDULE: _("by the schedule"),
            SyncRun.Trigger.PERSON: _("somebody asked"),
            SyncRun.Trigger.COMMAND: _("by a command"),
        }
        reason = words[SyncRun.Trigger(run.trigger)]
        if run.full:
            reason = _("%(reason)s, everything again") % {"reason": reason}
        moment = date_format(timezone.localtime(run.queued_at), "SHORT_DATETIME_FORMAT")
        return format_html('<span class="nowrap">{}</span><br><small>{}</small>', moment, reason)

    @admin.display(description=gettext_lazy("figures"))
    def figures(self, run):
        """What was asked and how long it took, then what came back."""
        first = ", ".join(part for part in (self.asked(run), self.took(run)) if part != "–")
        return format_html("{}<br><small>{}</small>", first, self.came_back(run))

    @admin.display(description=gettext_lazy("took"))
    def took(self, run):
        if not (run.started_at and run.finished_at):
            return "–"
        seconds = (run.finished_at - run.started_at).total_seconds()
        if seconds < 0.1:
            return _("under %(seconds)s s") % {"seconds": number_format(0.1, 1)}
        if seconds < 120:
            return _("%(seconds)s s") % {"seconds": number_format(seconds, 1)}
        return _("%(minutes)s min") % {"minutes": number_format(seconds / 60, 1)}

    @admin.display(description=gettext_lazy("asked"))
    def asked(self, run):
        requests = ngettext("%(count)s request", "%(count)s requests", run.requests) % {"count": number_format(run.requests)}
        points = ngettext("%(count)s point", "%(count)s points", run.points) % {"count": number_format(run.points)}
        return f"{requests}, {points}"

    @admin.display(description=gettext_lazy("came back"))
    def came_back(self, run):
        words = {
            "created": _("%(count)s new"),
            "updated": _("%(count)s changed"),
            "unchanged": _("%(count)s as before"),
            "gone": _("%(count)s gone"),
        }
        parts = [words[name] % {"count": number_format(getattr(run, name))} for name in words if getattr(run, name)]
        return ", ".join(parts) or "–"

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_and_problems(self, run):
        """With the problem that matters: the one that stopped it is its last."""
        state = self.state_word(run)
        if not run.errors:
            return state
        text = Truncator(_in_words(run.errors[-1 if run.retry_at else 0])).chars(90)
        others = len(run.errors) - 1
        more = ngettext("and %(count)s more", "and %(count)s more", others) % {"count": others} if others else ""
        return format_html("{}<br><small>{} {}</small>", state, text, more)

    @admin.display(description=gettext_lazy("next"))
    def what_next(self, run):
        if run.state in SyncRun.UNFINISHED:
            return _("It is under way. Load this page again to see how it goes.")
        if run.retry_at is None:
            return _("It went through to the end.")
        stopped = _in_words(run.errors[-1]) if run.errors else _("It was stopped.")
        return _("%(reason)s. What was fetched before is kept; the rest is tried again from %(time)s on.") % {
            "reason": stopped.rstrip("."),
            "time": date_format(timezone.localtime(run.retry_at), "DATETIME_FORMAT"),
        }

    @admin.display(description=gettext_lazy("problems"))
    def errors_in_words(self, run):
        if not run.errors:
            return _("None.")
        rows = format_html_join(
            "",
            '<tr><td>{}</td><td>{} <small class="soft">{}</small></td><td>{}</td></tr>',
            (
                (
                    error.get("about", "") or _("the whole sync"),
                    error.get("message", "") or _in_words(error),
                    error.get("code", ""),
                    DOING.get(error.get("where", ""), "") or "–",
                )
                for error in run.errors
            ),
        )
        heads = [_("about"), _("what happened"), _("while")]
        head = format_html_join("", '<th scope="col">{}</th>', ((text,) for text in heads))
        return format_html(
            '<div class="scroll"><table class="plain-table errors-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>',
            head,
            rows,
        )

    @admin.display(description=gettext_lazy("background task"))
    def task_links(self, run):
        tasks = TaskRun.objects.filter(task_path=sync_session_task.module_path, about=f"syncrun {run.pk}").order_by("-pk")
        rows = [
            (reverse("admin:background_taskrun_change", args=[task.pk]), task.pk, task.get_state_display())
            for task in tasks.only("pk", "state")[:TASKS_SHOWN]
        ]
        if not rows:
            return _("Its record was cleared away, or it was done without one.")
        return format_html_join(mark_safe("<br>"), '<a href="{}">#{}</a> {}', rows)

    def changelist_view(self, request, extra_context=None):
        followed = Session.objects.organised_by(request.user).filter(published_at__isnull=False, archived_at=None)
        buttons = []
        for session in followed.order_by("-starts_on", "pk")[:3]:
            label = _("Sync %(name)s now") % {"name": session}
            buttons.append({"label": label, "url": reverse("admin:contributions_syncrun_now", args=[session.pk])})
            label = _("Freshness of %(name)s") % {"name": session}
            buttons.append({"label": label, "url": reverse("admin:contributions_membersync_session", args=[session.pk])})
        return super().changelist_view(request, {**(extra_context or {}), "sync_buttons": buttons})


def _in_words(error: dict) -> str:
    """One problem in a sentence: whom or what it is about, and what happened."""
    text = reason_of(error.get("code", ""), error.get("message", ""))
    return _("%(about)s: %(text)s") % {"about": error["about"], "text": text} if error.get("about") else text
