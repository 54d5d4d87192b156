"""The audit log in the admin: read, narrowed, taken along as CSV, and never changed."""

import csv
import json

from django.contrib import admin
from django.http import Http404, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.audit import record
from accounts.audit.reading import BadCursor, Page, Wanted, all_of, page_of, with_names
from accounts.audit.words import about_words, action_words, detail_words
from accounts.csv_cells import harmless_cell
from accounts.models import AuditEntry

from .audit_filters import AuditFilterForm
from .visible_to import VisibleToAdmin

PAGE = 50
#: Lines in a file: more than that no spreadsheet shows comfortably. Days narrow it.
MOST_EXPORTED = 100_000

_HEADER = [
    "number",
    "at",
    "action",
    "by",
    "by_number",
    "to",
    "to_number",
    "about",
    "about_number",
    "session",
    "details",
    "network_address",
]


@admin.register(AuditEntry)
class AuditAdmin(VisibleToAdmin):
    """Two pages: the list, and the list as a file. There is nothing else to do with a line."""

    def get_urls(self):
        view = self.admin_site.admin_view
        return [path("export/", view(self.export_view), name="accounts_auditentry_export"), *super().get_urls()]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        raise Http404

    def history_view(self, request, object_id, extra_context=None):
        raise Http404

    @method_decorator([never_cache, require_safe])
    def changelist_view(self, request, extra_context=None):
        form, wanted = self._asked(request)
        page, misplaced = Page([]), False
        if wanted is not None:
            try:
                page = page_of(self.get_queryset(request), wanted, after=request.GET.get("after", ""), size=PAGE)
            except BadCursor:
                misplaced = True
        page = with_names(page, viewer=request.user)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Audit log"),
            "form": form,
            "rows": [self._row(entry, page, form.scopes) for entry in page.entries],
            "is_narrowed": any(request.GET.get(name) for name in form.fields),
            "nobody": wanted is not None and wanted.people == [],
            "misplaced": misplaced,
            "is_first": not request.GET.get("after"),
            "newest": self._query(request),
            "following": self._query(request, after=page.following) if page.following else "",
            "most": MOST_EXPORTED,
            "shows_addresses": any(entry.address for entry in page.entries),
        }
        return TemplateResponse(request, "admin/accounts/audit_log.html", context, status=200 if form.is_valid() else 422)

    @method_decorator([never_cache, require_safe])
    def export_view(self, request):
        """The lines that the list would show, all pages of it. Writing the file is noted itself."""
        form, wanted = self._asked(request)
        if wanted is None:
            raise Http404
        narrowed = sorted(name for name in form.fields if request.GET.get(name))
        record("audit.exported", by=request.user, details={"narrowed_by": narrowed})
        response = StreamingHttpResponse(
            _lines(self.get_queryset(request), wanted, request.user, form.scopes), content_type="text/csv; charset=utf-8"
        )
        name = f"audit-log-{timezone.localdate():%Y-%m-%d}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "no-store"
        return response

    def _asked(self, request) -> tuple[AuditFilterForm, Wanted | None]:
        if not self.has_view_permission(request):
            raise Http404
        form = AuditFilterForm(request.GET, viewer=request.user)
        return form, form.wanted() if form.is_valid() else None

    def _query(self, request, **changes: str) -> str:
        query = request.GET.copy()
        query.pop("after", None)
        for name, value in changes.items():
            query[name] = value
        for name in [name for name, value in query.items() if not value]:
            del query[name]
        return f"?{query.urlencode()}"

    def _row(self, entry: AuditEntry, page: Page, scopes: dict[int, str]) -> dict:
        # What is about the whole session needs its name once.
        is_whole = entry.about_type.endswith(".session") and entry.about_key == str(entry.scope_key)
        scope = scopes.get(entry.scope_key) if is_whole else None
        return {
            "entry": entry,
            "action": action_words(entry.action),
            "by": _person(entry.actor_key, page),
            "to": None if entry.subject_key == entry.actor_key else _person(entry.subject_key, page),
            "about": about_words(entry) if scope is None else scope,
            "about_url": self._about_url(entry),
            "scope": scopes.get(entry.scope_key, entry.scope_key) if scope is None else "",
            "details": detail_words(entry),
            "failed": entry.action.endswith("_failed") or entry.action.endswith(".failed"),
        }

    def _about_url(self, entry: AuditEntry) -> str:
        """The page of the thing in the admin, where there is one: it asks by itself who may see it."""
        if entry.action.endswith(".deleted") or not entry.about_type:
            return ""
        try:
            return reverse(f"admin:{entry.about_type.replace('.', '_')}_change", args=[entry.about_key])
        except NoReverseMatch:
            return ""


def _person(key: int | None, page: Page) -> dict | None:
    return None if key is None else {"key": key, "name": page.names.get(key, str(key))}


class _Echo:
    """Gives back what is written, so that the lines of a file go out as they are made."""

    def write(self, text: str) -> str:
        return text


def _lines(lines, wanted: Wanted, viewer, scopes: dict[int, str]):
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(_HEADER)
    for page in all_of(lines, wanted, most=MOST_EXPORTED):
        names = with_names(page, viewer=viewer).names
        for one in page.entries:
            row = [
                one.pk,
                one.at.isoformat(timespec="seconds"),
                one.action,
                names.get(one.actor_key, ""),
                one.actor_key,
                names.get(one.subject_key, ""),
                one.subject_key,
                one.about_type,
                one.about_key,
                scopes.get(one.scope_key, one.scope_key),
                json.dumps(one.details, ensure_ascii=False) if one.details else "",
                one.address,
            ]
            yield writer.writerow([harmless_cell(cell) for cell in row])
