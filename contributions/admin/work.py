"""Tracked work."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cohorts.admin.access import OrganiserAdmin
from cohorts.models import Session
from contributions.models import Contribution, WorkItem


class ReadOnlyAdmin(OrganiserAdmin):
    """What was fetched is corrected where it comes from, or hidden by the member: nothing is changed here."""

    def has_change_permission(self, request, obj=None) -> bool:
        return False


@admin.register(WorkItem)
class WorkItemAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "title", "kind", "state", "turn", "ci", "author_login", "updated_at", "fetched_at", "problem"]
    list_filter = ["kind", "state", "tracker", "turn", "ci", "repository", ("problem", admin.EmptyFieldListFilter)]
    search_fields = ["title", "repository", "author_login", "url"]
    date_hierarchy = "created_at"
    list_per_page = 50
    readonly_fields = ["link"]
    exclude = ["url", "author_node_id"]

    def rows_for(self, queryset, user):
        if user.is_superuser:
            return queryset
        # Items of the sessions that one organises: hidden ones are the member's own business.
        return queryset.filter(pk__in=_contributions_of(user).values("work_item"))

    @admin.display(description=_("address"))
    def link(self, item):
        if item.url.startswith(("https://", "http://")):
            return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', item.url, item.url)
        return item.url


@admin.register(Contribution)
class ContributionAdmin(ReadOnlyAdmin):
    list_display = ["work_item", "title", "member", "cohort", "role", "source", "state"]
    list_filter = [("membership__cohort", admin.RelatedOnlyFieldListFilter), "source", "role", "work_item__state"]
    search_fields = ["work_item__title", "work_item__url", "membership__user__name"]
    list_select_related = ["work_item", "membership__user", "membership__cohort"]
    list_per_page = 50

    def rows_for(self, queryset, user):
        return _contributions_of(user, queryset)

    @admin.display(description=_("title"), ordering="work_item__title")
    def title(self, contribution):
        return contribution.work_item.title

    @admin.display(description=_("member"), ordering="membership__user__name")
    def member(self, contribution):
        return contribution.membership.user.get_full_name()

    @admin.display(description=_("cohort"), ordering="membership__cohort__name")
    def cohort(self, contribution):
        return contribution.membership.cohort.name

    @admin.display(description=_("state"), ordering="work_item__state")
    def state(self, contribution):
        return contribution.work_item.get_state_display()


def _contributions_of(user, queryset=None):
    """Contributions of the sessions that `user` organises, as far as they are visible to `user`."""
    queryset = Contribution.objects.all() if queryset is None else queryset
    organised = Session.objects.organised_by(user)
    return queryset.visible_to(user).filter(membership__cohort__session__in=organised.values("pk"))
