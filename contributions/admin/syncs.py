"""Syncs: what was asked of GitHub, what came back, what failed, and how fresh each member's data is."""

import datetime

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from cohorts.models import Session
from contributions.models import ApiBudget, MemberSync, SyncRun, WebhookDelivery, WorkItem

from .work import ReadOnlyAdmin

#: A delivery that is open for longer should be looked at.
LATE = datetime.timedelta(hours=1)

#: Items that a delivery names in the list.
SHOWN = 3


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    change_list_template = "admin/contributions/sync_run_list.html"
    list_display = ["__str__", "session", "member", "trigger", "state", "queued_at", "took", "figures", "problems"]
    list_filter = [("session", admin.RelatedOnlyFieldListFilter), "state", "trigger"]
    list_select_related = ["session", "membership__user", "membership__cohort"]
    date_hierarchy = "queued_at"
    list_per_page = 50
    fields = [
        "session",
        "member",
        "trigger",
        "requested_by",
        "full",
        "state",
        "queued_at",
        "started_at",
        "finished_at",
        "figures",
        "retry_at",
        "errors_in_words",
    ]
    readonly_fields = ["member", "figures", "errors_in_words"]

    @admin.display(description=gettext_lazy("member"))
    def member(self, run):
        return run.membership.user.get_full_name() if run.membership else _("everybody")

    @admin.display(description=gettext_lazy("took"))
    def took(self, run):
        if not (run.started_at and run.finished_at):
            return "–"
        return _("%(seconds)s s") % {"seconds": round((run.finished_at - run.started_at).total_seconds(), 1)}

    @admin.display(description=gettext_lazy("figures"))
    def figures(self, run):
        text = _(
            "%(requests)s requests, %(points)s points: %(created)s new, %(updated)s changed, %(unchanged)s as before, %(gone)s gone"
        )
        return text % {name: getattr(run, name) for name in ("requests", "points", "created", "updated", "unchanged", "gone")}

    @admin.display(description=gettext_lazy("problems"))
    def problems(self, run):
        return len(run.errors) or "–"

    @admin.display(description=gettext_lazy("problems"))
    def errors_in_words(self, run):
        if not run.errors:
            return _("None.")
        rows = [(error.get("about", ""), error.get("message", ""), error.get("code", "")) for error in run.errors]
        return format_html("<ul>{}</ul>", format_html_join("", "<li><b>{}</b> {} <code>{}</code></li>", rows))

    def get_urls(self):
        view = self.admin_site.admin_view(self.sync_view)
        return [path("now/<int:session>/", view, name="contributions_syncrun_now"), *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        running = Session.objects.organised_by(request.user).filter(published_at__isnull=False, archived_at__isnull=True)
        buttons = [
            {
                "label": _("Sync %(session)s now") % {"session": one},
                "url": reverse("admin:contributions_syncrun_now", args=[one.pk]),
            }
            for one in running
        ]
        return super().changelist_view(request, {**(extra_context or {}), "sync_buttons": buttons})

    @method_decorator(require_http_methods(["GET", "POST"]))
    def sync_view(self, request, session: int):
        """Asks, then has everybody of a session synced now."""
        from contributions.sync import request_sync

        found = Session.objects.organised_by(request.user).filter(pk=session).first()
        if found is None:
            raise Http404
        if request.method == "POST":
            try:
                request_sync(found, by=request.user, trigger=SyncRun.Trigger.PERSON)
            except PermissionDenied as error:
                messages.error(request, str(error))
            else:
                messages.success(request, _("The sync is queued. This list shows how it goes: load it again in a moment."))
            return redirect("admin:contributions_syncrun_changelist")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Sync %(session)s now") % {"session": found},
            "session": found,
            "back": reverse("admin:contributions_syncrun_changelist"),
        }
        return TemplateResponse(request, "admin/contributions/sync_now.html", context)


@admin.register(MemberSync)
class MemberSyncAdmin(ReadOnlyAdmin):
    session_path = "membership__cohort__session"
    list_display = ["member", "cohort", "synced_at", "problem", "problem_since"]
    list_filter = [("problem", admin.EmptyFieldListFilter), ("membership__cohort", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["membership__user", "membership__cohort"]
    search_fields = ["membership__user__name"]
    fields = ["member", "cohort", "synced_at", "problem", "problem_since"]
    readonly_fields = ["member", "cohort"]

    @admin.display(description=gettext_lazy("member"), ordering="membership__user__name")
    def member(self, sync):
        return sync.membership.user.get_full_name()

    @admin.display(description=gettext_lazy("cohort"), ordering="membership__cohort__name")
    def cohort(self, sync):
        return sync.membership.cohort.name


class OperatorAdmin(ReadOnlyAdmin):
    """About the installation, not about a session: the operator's alone."""

    def may_browse(self, request) -> bool:
        return request.user.is_superuser

    def rows_for(self, queryset, user):
        return queryset if user.is_superuser else queryset.none()


@admin.register(ApiBudget)
class ApiBudgetAdmin(OperatorAdmin):
    list_display = ["key", "remaining", "limit", "reset_at", "blocked_until", "seen_at"]


class ProcessedFilter(admin.SimpleListFilter):
    """Whether what a delivery is about was fetched again."""

    title = gettext_lazy("processed")
    parameter_name = "processed"

    def lookups(self, request, model_admin):
        return [
            ("no", gettext_lazy("Not processed")),
            ("late", gettext_lazy("Not processed for an hour")),
            ("yes", gettext_lazy("Processed")),
        ]

    def queryset(self, request, queryset):
        if self.value() == "yes":
            return queryset.filter(processed_at__isnull=False)
        if self.value() == "no":
            return queryset.filter(processed_at=None)
        if self.value() == "late":
            return queryset.filter(processed_at=None, received_at__lt=timezone.now() - LATE)
        return queryset


class DeliveryList(ChangeList):
    """Names what a page's deliveries are about, in one statement for all of them."""

    def get_results(self, request):
        super().get_results(request)
        self.result_list = list(self.result_list)
        name_items(self.result_list)


def name_items(deliveries) -> None:
    """Note on each delivery as `named` the address and the name of the first items that it is about."""
    wanted = {pk for delivery in deliveries for pk in delivery.items[:SHOWN]}
    names = {item.pk: str(item) for item in WorkItem.objects.filter(pk__in=wanted).only("repository", "number", "title")}
    for delivery in deliveries:
        delivery.named = [
            (reverse("admin:contributions_workitem_change", args=[pk]), names[pk]) for pk in delivery.items[:SHOWN] if pk in names
        ]


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(OperatorAdmin):
    """What GitHub delivered, what it was about, and when that was fetched again."""

    list_display = ["guid", "event", "about_items", "received_at", "processed_at", "took"]
    list_filter = [ProcessedFilter, "event"]
    search_fields = ["guid", "about"]
    search_help_text = gettext_lazy("The GUID under “Recent Deliveries” of the webhook on GitHub, or a node id.")
    date_hierarchy = "received_at"
    list_per_page = 50
    fields = ["guid", "event", "about_items", "about", "received_at", "processed_at", "took"]
    readonly_fields = ["about_items", "took"]

    def get_changelist(self, request, **kwargs):
        return DeliveryList

    @admin.display(description=gettext_lazy("about"))
    def about_items(self, delivery):
        if not delivery.items:
            return _("nothing that is followed here")
        if not hasattr(delivery, "named"):
            name_items([delivery])
        links = format_html_join(", ", '<a href="{}">{}</a>', delivery.named)
        others = len(delivery.items) - len(delivery.named)
        if not others:
            return links
        more = ngettext("%(count)s more", "%(count)s more", others) % {"count": others}
        return format_html("{}, {}", links, more) if delivery.named else more

    @admin.display(description=gettext_lazy("took"))
    def took(self, delivery):
        if delivery.processed_at is None:
            return _("waits")
        return _("%(seconds)s s") % {"seconds": round((delivery.processed_at - delivery.received_at).total_seconds(), 1)}
