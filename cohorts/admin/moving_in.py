"""The pages of moving in: upload, what the columns mean, what would happen, how far it is, and the way back."""

import datetime
from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import npgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.audit import record
from cohorts.models import ImportedRow, Session, TableImport
from cohorts.moving_in.entries import Outcome, Problem
from cohorts.moving_in.fields import fields_of
from cohorts.moving_in.keeping import KEPT_FOR, GoneError, content_of
from cohorts.moving_in.mapping import change_header, change_mapping, discard, upload
from cohorts.moving_in.planning import Plan, plan_import
from cohorts.moving_in.table import REASON, TableError, first_rows, read_table
from cohorts.moving_in.undoing import start_undo
from cohorts.moving_in.writing import ImportRefused, may_work_with, start_import
from cohorts.retention.schedule import schedule_of
from cohorts.upload_limits import dropped_uploads

from .access import part_of
from .csv_export import csv_response
from .moving_in_form import MappingForm, UploadForm

#: Problems and rows that the page shows; it counts all of them.
SHOWN = 100
#: Rows that are named where the same is wrong in many.
ROWS_SHOWN = 8
#: Kinds of what a table of applications brings in, by their key in `cohorts.retention`.
ANSWERS = ("answers_not_accepted", "answers_accepted")
#: Imports on one page of the list.
AT_ONCE = 25


class MovingInMixin:
    """Adds the pages to the admin of sessions."""

    def get_urls(self):
        view, base = self.admin_site.admin_view, "moving-in/"
        one = f"{base}<int:number>/"
        return [
            path(base, view(self.moving_in_view), name="cohorts_moving_in"),
            path(f"{base}template/<str:kind>/", view(self.moving_in_template_view), name="cohorts_moving_in_template"),
            path(one, view(self.moving_in_table_view), name="cohorts_moving_in_table"),
            path(f"{one}start/", view(self.moving_in_start_view), name="cohorts_moving_in_start"),
            path(f"{one}undo/", view(self.moving_in_undo_view), name="cohorts_moving_in_undo"),
            path(f"{one}refused/", view(self.moving_in_refused_view), name="cohorts_moving_in_refused"),
            path(f"{one}delete/", view(self.moving_in_discard_view), name="cohorts_moving_in_discard"),
            *super().get_urls(),
        ]

    def steps_of(self, session: Session, user) -> list[dict]:
        url = f"{reverse('admin:cohorts_moving_in')}?session={session.pk}"
        return [*super().steps_of(session, user), {"label": _("Bring in from a table"), "url": url}]

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def moving_in_view(self, request):
        """All imports that one may see, and the form for another file."""
        self._check_may_move_in(request)
        if request.method == "POST":
            form = UploadForm(request.POST, request.FILES, user=request.user, is_dropped="file" in dropped_uploads(request))
            if form.is_valid() and (row := self._take_upload(request, form)) is not None:
                return redirect("admin:cohorts_moving_in_table", number=row.pk)
        else:
            form = UploadForm(user=request.user, initial={"session": request.GET.get("session", "")})
        found = TableImport.objects.visible_to(request.user).select_related("session", "made_by")
        context = {
            **self._moving_in_context(request),
            "title": _("Move in from tables"),
            "form": form,
            "kinds": TableImport.Kind.choices,
            "page": Paginator(found.order_by("-created_at", "-pk"), AT_ONCE).get_page(request.GET.get("p")),
            "days": KEPT_FOR.days,
        }
        return TemplateResponse(request, "admin/cohorts/moving_in.html", context)

    def _take_upload(self, request, form: UploadForm) -> TableImport | None:
        file = form.cleaned_data["file"]
        try:
            return upload(form.cleaned_data["kind"], form.chosen_session, file.read(), name=file.name or "", by=request.user)
        except TableError as error:
            form.add_error("file", str(error))
            return None

    @method_decorator(require_safe)
    def moving_in_template_view(self, request, kind: str):
        """An empty table with the names of columns that are understood by themselves."""
        self._check_may_move_in(request)
        if kind not in TableImport.Kind.values:
            raise Http404
        return csv_response(f"{kind}.csv", [one.key for one in fields_of(kind)], [])

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def moving_in_table_view(self, request, number: int):
        """One import, wherever it stands: its columns and what would happen, how far it is, what came of it."""
        row = self._table_import(request, number)
        if request.method == "POST":
            self._check_works_with(request, row)
            return self._keep_columns(request, row)
        context = {
            **self._moving_in_context(request),
            "title": str(row),
            "table": row,
            "is_mine": may_work_with(row, request.user),
            "made": _in_words(row.counts),
            "kept": _in_words(row.kept),
            "links": _links(row),
        }
        if request.htmx:
            if row.is_under_way:
                return render(request, "admin/cohorts/_moving_in_progress.html", context)
            return HttpResponseClientRefresh()
        if context["is_mine"] and row.file and row.state in (TableImport.State.OPEN, TableImport.State.STOPPED):
            context |= self._columns_context(request, row)
        return TemplateResponse(request, "admin/cohorts/moving_in_table.html", context)

    def _columns_context(self, request, row: TableImport) -> dict:
        """The columns of an import that is not written yet; with `look` what would happen as well."""
        try:
            table = read_table(content_of(row), header=row.choices.get("header"))
            form = MappingForm(row, table)
            found = {
                "form": form,
                "headers": _first_lines(row),
                "header_line": table.header,
                "rows": len(table.rows),
                "asks_dates": form.asks_dates,
            }
            if "look" in request.GET:
                plan = plan_import(row, by=request.user)
                found |= _plan_context(plan)
            return found
        except (TableError, GoneError) as error:
            return {"trouble": str(error)}

    def _keep_columns(self, request, row: TableImport):
        """Keep what was said about the columns, and show what would happen."""
        page = reverse("admin:cohorts_moving_in_table", args=[row.pk])
        header = request.POST.get("header", "")
        try:
            table = read_table(content_of(row), header=row.choices.get("header"))
            if header.isascii() and header.isdecimal() and len(header) < 6 and int(header) != table.header:
                change_header(row, int(header), by=request.user)
                messages.info(
                    request, _("The columns are named by line %(line)s now. Look at what they mean.") % {"line": header}
                )
                return redirect(page)
            form = MappingForm(row, table, request.POST)
            change_mapping(row, form.columns, form.choices, by=request.user)
        except (TableError, GoneError, ImportRefused) as error:
            messages.error(request, str(error))
            return redirect(page)
        return redirect(f"{page}?look=1#plan" if "look" in request.POST else page)

    @method_decorator(require_POST)
    def moving_in_start_view(self, request, number: int):
        """Import what was shown."""
        row = self._table_import(request, number)
        self._check_works_with(request, row)
        page = reverse("admin:cohorts_moving_in_table", args=[row.pk])
        try:
            expected, without = request.POST.get("fingerprint", ""), "without_refused" in request.POST
            start_import(row, by=request.user, expected=expected, without_refused=without)
        except (TableError, GoneError, ImportRefused) as error:
            messages.error(request, str(error))
            return redirect(f"{page}?look=1#plan")
        return redirect(page)

    @method_decorator(require_POST)
    def moving_in_undo_view(self, request, number: int):
        """Take the import back, where whoever asks has said so with a tick."""
        row = self._table_import(request, number)
        self._check_works_with(request, row)
        if "sure" not in request.POST:
            messages.error(request, _("Tick the box to say that you mean it. Nothing was taken back."))
        else:
            try:
                start_undo(row, by=request.user)
            except ImportRefused as error:
                messages.error(request, str(error))
        return redirect("admin:cohorts_moving_in_table", number=row.pk)

    @method_decorator(require_safe)
    def moving_in_refused_view(self, request, number: int):
        """The rows with a problem as a table: to be put right, and uploaded again."""
        row = self._table_import(request, number)
        self._check_works_with(request, row)
        try:
            plan = plan_import(row, by=request.user)
        except (TableError, GoneError) as error:
            messages.error(request, str(error))
            return redirect("admin:cohorts_moving_in_table", number=row.pk)
        reasons: dict[int, list[str]] = {}
        for one in plan.problems:
            reasons.setdefault(one.row, []).append(f"{one.column}: {one.text}" if one.column else one.text)
        lines = [[*each.cells, " ".join(reasons[each.number])] for each in plan.table.rows if each.number in reasons]
        # Uploaded again, the file has this column already: it says what was wrong then.
        kept = [place for place, name in enumerate(plan.table.names) if name != REASON]
        header = [*(plan.table.names[place] for place in kept), REASON]
        record("table.refused_downloaded", by=request.user, about=row, scope=row.session_id, details={"rows": len(lines)})
        return csv_response(
            f"rows-to-put-right-{row.pk}.csv", header, ([*(line[place] for place in kept), line[-1]] for line in lines)
        )

    @method_decorator(require_POST)
    def moving_in_discard_view(self, request, number: int):
        """Delete the file, and the import with it where nothing of it was written."""
        row = self._table_import(request, number)
        self._check_works_with(request, row)
        try:
            discard(row, by=request.user)
            messages.success(request, _("The file was deleted."))
        except ImportRefused as error:
            messages.error(request, str(error))
        return redirect("admin:cohorts_moving_in")

    def _moving_in_context(self, request) -> dict:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "shown": SHOWN,
            "back": reverse("admin:cohorts_moving_in"),
        }

    def _check_may_move_in(self, request) -> None:
        if not part_of(request).organises:
            raise Http404

    def _table_import(self, request, number: int) -> TableImport:
        self._check_may_move_in(request)
        found = TableImport.objects.visible_to(request.user).select_related("session", "made_by").filter(pk=number).first()
        if found is None:
            raise Http404
        return found

    def _check_works_with(self, request, row: TableImport) -> None:
        """Others who organise the session read that something was brought in, not what is in the file."""
        if not may_work_with(row, request.user):
            raise Http404


@dataclass
class Group:
    """The same thing wrong in several rows."""

    problem: Problem
    rows: list[int]

    @property
    def shown_rows(self) -> list[int]:
        return self.rows[:ROWS_SHOWN]

    @property
    def more(self) -> int:
        return len(self.rows) - ROWS_SHOWN


def _grouped(problems: list[Problem]) -> list[Group]:
    """Each thing that is wrong once, with its rows, in the order in which the rows have it first."""
    found: dict[tuple, Group] = {}
    for one in problems:
        found.setdefault((one.column, one.value, one.text), Group(one, [])).rows.append(one.row)
    return list(found.values())


def _soon_gone(plan: Plan, now: datetime.datetime | None = None) -> list[str]:
    """Of a session that ended long ago, answers are not kept any more: they would come in, and go within a day."""
    session = plan.known.session if plan.known else None
    if session is None or not plan.entries:
        return []
    due = [line for line in schedule_of(session) if line.kind.key in ANSWERS and line.is_due(now)]
    words = _(
        "“%(what)s” of %(session)s is kept until %(day)s, and that is over: what you bring in of it goes within a day. "
        "To keep it longer, first change the days under “What is kept how long” on the session’s page."
    )
    return [words % {"what": line.kind.label, "session": session, "day": date_format(localtime(line.goes_at))} for line in due]


def _plan_context(plan: Plan) -> dict:
    grouped = _grouped(plan.problems)
    return {
        "plan": plan,
        "made_by_plan": _in_words(plan.made),
        "notices": [*plan.notices(), *_soon_gone(plan)],
        "there": plan.count(Outcome.THERE),
        "older": plan.count(Outcome.OLDER),
        "good": len(plan.entries),
        "refused": len(plan.refused),
        "problems": grouped[:SHOWN],
        "more_problems": len(grouped) > SHOWN,
        "all_good": plan.can_be_written(without_refused=False),
        "some_good": plan.can_be_written(without_refused=True),
    }


def _in_words(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Label and number of what was made. Not of accounts: who had one before is nobody's to learn from a table."""
    what = ImportedRow.What
    labels = {
        what.SESSION: lambda count: npgettext("without the number", "session", "sessions", count),
        what.ROLE: lambda count: npgettext("without the number", "role", "roles", count),
        what.COHORT: lambda count: npgettext("without the number", "cohort", "cohorts", count),
        what.MEMBERSHIP: lambda count: npgettext("without the number", "place in a cohort", "places in cohorts", count),
        what.QUESTION: lambda count: npgettext("without the number", "question", "questions", count),
        what.APPLICATION: lambda count: npgettext("without the number", "application", "applications", count),
    }
    return [(label(counts[key]), counts[key]) for key, label in labels.items() if counts.get(key)]


def _first_lines(row: TableImport) -> list[tuple[int, str]]:
    """The first lines of the file with their numbers, to choose the one with the names."""
    return [(number, " · ".join(filter(None, cells))[:80]) for number, cells in first_rows(content_of(row))]


def _links(row: TableImport) -> list[tuple[str, str]]:
    """Where one sees what was brought in."""
    if row.session_id is None:
        return [(reverse("admin:cohorts_session_changelist"), _("See the sessions"))]
    query = f"?session__id__exact={row.session_id}"
    if row.kind == TableImport.Kind.APPLICATIONS:
        return [(reverse("admin:cohorts_application_changelist") + query, _("See the applications"))]
    return [(reverse("admin:cohorts_cohort_changelist") + query, _("See the cohorts"))]
