"""Bases of this app's lists: nothing of what was fetched is changed in the admin."""

from django.contrib import admin

from cohorts.admin.access import OrganiserAdmin


class ReadOnlyAdmin(OrganiserAdmin):
    """What was fetched is corrected where it comes from, or hidden by the member: nothing is changed here."""

    # Counted beside each filter, who may see what is asked in a query deeper than SQLite reads.
    show_facets = admin.ShowFacets.NEVER

    def has_change_permission(self, request, obj=None) -> bool:
        return False


class OperatorAdmin(ReadOnlyAdmin):
    """About the installation, not about a session: the operator's alone."""

    def may_browse(self, request) -> bool:
        return request.user.is_superuser

    def rows_for(self, queryset, user):
        return queryset if user.is_superuser else queryset.none()
