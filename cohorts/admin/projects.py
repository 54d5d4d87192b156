"""Projects with their repositories and tracker."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cohorts.models import Project, Repository, Tracker

from .access import DATES, OrganiserAdmin, part_of
from .session_inlines import SessionPartInline


class RepositoryInline(SessionPartInline, admin.StackedInline):
    model = Repository
    fields = [("full_name", "host"), "problem"]
    readonly_fields = ["problem"]


class TrackerInline(SessionPartInline, admin.StackedInline):
    model = Tracker
    fields = [("kind", "url")]


@admin.register(Project)
class ProjectAdmin(OrganiserAdmin):
    """Projects are shared by sessions: every organiser may keep them up to date."""

    formfield_overrides = DATES
    list_display = ["name", "ai_policy", "ai_policy_checked_on", "is_fresh"]
    list_filter = ["ai_policy"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    fields = [
        "name",
        "slug",
        "url",
        "contributing_url",
        ("ai_policy", "ai_policy_checked_on"),
        "ai_policy_url",
        "large_change_lines",
        "issue_first",
    ]
    inlines = [RepositoryInline, TrackerInline]

    def rows_for(self, queryset, user):
        return queryset

    def has_add_permission(self, request) -> bool:
        return part_of(request).organises

    def has_delete_permission(self, request, obj=None) -> bool:
        """One that no session and no cohort uses."""
        return part_of(request).organises and obj is not None and not (obj.sessions.exists() or obj.cohorts.exists())

    @admin.display(boolean=True, description=_("AI policy looked up lately"))
    def is_fresh(self, project):
        return not project.ai_policy_is_stale
