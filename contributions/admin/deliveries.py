"""What GitHub's webhook delivered."""

import datetime

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from contributions.models import WebhookDelivery, WorkItem

from .columns import moment_words
from .read_only import OperatorAdmin

#: A delivery that is open for longer should be looked at.
LATE = datetime.timedelta(hours=1)

#: Items that a delivery names in the list.
SHOWN = 3


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

    list_display = ["guid", "event", "about_items", "received", "took"]
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

    @admin.display(description=gettext_lazy("received"), ordering="received_at")
    def received(self, delivery):
        return moment_words(delivery.received_at)

    @admin.display(description=gettext_lazy("took"))
    def took(self, delivery):
        if delivery.processed_at is None:
            return _("waits")
        return _("%(seconds)s s") % {"seconds": round((delivery.processed_at - delivery.received_at).total_seconds(), 1)}
