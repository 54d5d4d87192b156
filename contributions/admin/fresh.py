"""How fresh the data is: a list of members, and a page for each session with last success and last failure of everything."""

from django.contrib import admin
from django.http import Http404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cohorts.models import Session
from contributions.freshness import reason_of
from contributions.freshness_overview import overview_of
from contributions.models import MemberSync

from .columns import moment_words
from .filters import CohortFilter, SessionFilter, along
from .read_only import ReadOnlyAdmin


@admin.register(MemberSync)
class MemberSyncAdmin(ReadOnlyAdmin):
    session_path = "membership__cohort__session"
    list_display = ["member", "cohort", "last_success", "last_failure", "now"]
    list_filter = [
        ("problem", admin.EmptyFieldListFilter),
        along(SessionFilter, "membership__cohort__session"),
        along(CohortFilter, "membership__cohort"),
    ]
    list_select_related = ["membership__user", "membership__cohort__session"]
    search_fields = ["membership__user__name", "membership__cohort__name"]
    list_per_page = 50
    fields = ["member", "cohort", "session", "synced_at", "failed_at", "what_failed", "now", "problem_since"]
    readonly_fields = ["member", "cohort", "session", "what_failed", "now"]

    @admin.display(description=gettext_lazy("member"), ordering="membership__user__name")
    def member(self, sync):
        return sync.membership.user.get_full_name()

    @admin.display(description=gettext_lazy("cohort"), ordering="membership__cohort__name")
    def cohort(self, sync):
        return sync.membership.cohort.name

    @admin.display(description=gettext_lazy("session"))
    def session(self, sync):
        return sync.membership.cohort.session

    @admin.display(description=gettext_lazy("last success"), ordering="synced_at")
    def last_success(self, sync):
        return moment_words(sync.synced_at)

    @admin.display(description=gettext_lazy("last failure"), ordering="failed_at")
    def last_failure(self, sync):
        """When, and what it was."""
        return format_html("{}<br>{}", moment_words(sync.failed_at), sync.failure) if sync.failed_at else moment_words(None)

    @admin.display(description=gettext_lazy("what failed"))
    def what_failed(self, sync):
        return sync.failure or "–"

    @admin.display(description=gettext_lazy("now"))
    def now(self, sync):
        return reason_of(sync.problem_code, sync.problem) if sync.problem_code else _("nothing stands in the way")

    def get_urls(self):
        view = self.admin_site.admin_view(self.session_view)
        return [path("session/<int:session>/", view, name="contributions_membersync_session"), *super().get_urls()]

    @method_decorator(require_safe)
    def session_view(self, request, session: int):
        """Last success and last failure of a session, its projects and its members."""
        found = Session.objects.organised_by(request.user).filter(pk=session).first()
        if found is None:
            raise Http404
        overview = overview_of(found)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Freshness of %(name)s") % {"name": found},
            "session": found,
            "overview": overview,
            "may_sync": found.published_at is not None and found.archived_at is None,
            "ill": [line for line in overview.members if line.problem],
            "member_can_mend": any(line.member_can_mend for line in overview.members),
        }
        return TemplateResponse(request, "admin/contributions/freshness.html", context)
