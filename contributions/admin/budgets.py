"""What GitHub grants each token, and how it was over time, as a picture. The tokens themselves are not known here."""

import datetime

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from contributions.budget_picture import Picture, picture_of
from contributions.budgets import Sample, Standing, failure_text, points_left, reserve_of, standing
from contributions.freshness import clock
from contributions.models import ApiBudget, BudgetSample, SyncRun

from .read_only import OperatorAdmin

#: How much time the picture can show, in hours, and what that is called.
SPANS = {24: gettext_lazy("24 hours"), 168: gettext_lazy("7 days")}

#: Codes of the error with which GitHub asks to be left alone.
LIMITS = ("rate_limited", "secondary_limit")

STANDINGS = {
    Standing.FREE: gettext_lazy("can be used"),
    Standing.IN_USE: gettext_lazy("in use by a sync"),
    Standing.BLOCKED: gettext_lazy("GitHub asked us to wait"),
    Standing.USED_UP: gettext_lazy("used up"),
    Standing.KEPT: gettext_lazy("the rest is kept for people"),
    Standing.REFUSED: gettext_lazy("GitHub refused it"),
}


def pictures_of(budgets, *, now: datetime.datetime, hours: int) -> dict[int, Picture]:
    """A picture for each of these budgets; two statements for all of them together."""
    span = datetime.timedelta(hours=hours)
    samples: dict[int, list[Sample]] = {budget.pk: [] for budget in budgets}
    # A little more than is shown: the line comes from somewhere.
    rows = BudgetSample.objects.filter(budget__in=samples, at__gt=now - span - datetime.timedelta(hours=1)).order_by("at")
    for pk, *sample in rows.values_list("budget", "at", "limit", "remaining"):
        samples[pk].append(Sample(*sample))
    blocked: dict[int, list[tuple]] = {budget.pk: [] for budget in budgets}
    stopped = SyncRun.objects.filter(budget__in=samples, finished_at__gt=now - span, retry_at__isnull=False)
    for pk, begins, ends, errors in stopped.values_list("budget", "finished_at", "retry_at", "errors"):
        if errors and errors[-1].get("code") in LIMITS:
            blocked[pk].append((begins, ends))
    pictures = {}
    for budget in budgets:
        if budget.blocked_until and budget.blocked_until > now:
            blocked[budget.pk].append((budget.seen_at, budget.blocked_until))
        pictures[budget.pk] = picture_of(
            samples[budget.pk], now=now, span=span, reset_at=budget.reset_at, blocked=blocked[budget.pk]
        )
    return pictures


class BudgetList(ChangeList):
    """Draws the small pictures of a page at once."""

    def get_results(self, request):
        super().get_results(request)
        self.result_list = list(self.result_list)
        pictures = pictures_of(self.result_list, now=timezone.now(), hours=24)
        for budget in self.result_list:
            budget.picture = pictures[budget.pk]


@admin.register(ApiBudget)
class ApiBudgetAdmin(OperatorAdmin):
    list_display = ["token", "standing_now", "left", "last_day", "succeeded_at", "failed"]
    list_display_links = ["token"]
    sortable_by = ["succeeded_at", "failed"]
    list_per_page = 50
    ordering = ["pk"]
    change_form_template = "admin/contributions/budget.html"
    fields = [
        ("token", "kind"),
        ("standing_now", "left", "kept"),
        ("reset_at", "blocked_until"),
        ("succeeded_at", "failed_at"),
        "what_failed",
        ("in_use_by", "leased_until"),
        "seen_at",
    ]
    readonly_fields = ["token", "standing_now", "left", "kept", "what_failed", "in_use_by"]

    def get_changelist(self, request, **kwargs):
        return BudgetList

    @admin.display(description=gettext_lazy("token"), ordering="key")
    def token(self, budget):
        # The start of a digest tells tokens apart and leads to none of them.
        return budget.key if budget.kind == ApiBudget.Kind.APP else budget.key[:12]

    @admin.display(description=gettext_lazy("now"))
    def standing_now(self, budget):
        now = timezone.now()
        state, until = standing(budget, now, by_person=False)
        words = str(STANDINGS[state])
        return _("%(words)s, until %(time)s") % {"words": words, "time": clock(until, now)} if until else words

    @admin.display(description=gettext_lazy("points left"))
    def left(self, budget):
        left = number_format(points_left(budget, timezone.now()), force_grouping=True)
        return _("%(left)s of %(limit)s") % {"left": left, "limit": number_format(budget.limit, force_grouping=True)}

    @admin.display(description=gettext_lazy("kept for people"))
    def kept(self, budget):
        points = reserve_of(budget.limit)
        return ngettext("%(count)s point", "%(count)s points", points) % {"count": number_format(points)}

    @admin.display(description=gettext_lazy("last 24 hours"))
    def last_day(self, budget):
        return render_to_string("admin/contributions/_budget_small.html", {"picture": budget.picture, "budget": budget})

    @admin.display(description=gettext_lazy("what failed"))
    def what_failed(self, budget):
        return failure_text(budget) or "–"

    @admin.display(description=gettext_lazy("last failure"), ordering="failed_at")
    def failed(self, budget):
        if budget.failed_at is None:
            return "–"
        moment = date_format(timezone.localtime(budget.failed_at), "DATETIME_FORMAT")
        return format_html("{}<br><small>{}</small>", moment, failure_text(budget))

    @admin.display(description=gettext_lazy("in use by"))
    def in_use_by(self, budget):
        now = timezone.now()
        return budget.leased_by if budget.leased_until and budget.leased_until > now else "–"

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            asked = request.GET.get("hours", "")
            hours = next((span for span in SPANS if asked == str(span)), 24)
            context["picture"] = pictures_of([obj], now=timezone.now(), hours=hours)[obj.pk]
            context["spans"] = [(value, words, value == hours) for value, words in SPANS.items()]
            context["kept"], context["reserve"] = self.kept(obj), reserve_of(obj.limit)
        return super().render_change_form(request, context, add, change, form_url, obj)
