"""A session in figures: for everybody once it is over, for those who take part and who tell its story while it runs."""

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cohorts.admin.csv_export import csv_response
from cohorts.auditing import exported
from cohorts.figures import figures_of
from cohorts.models import Session
from contributions.figures import charts, comparing, tables
from contributions.figures.access import comparable_with, is_public, reads_in_full
from contributions.figures.page import comparison_rows, part_rows, project_rows, summary_tiles, wait_rows, week_rows
from contributions.figures.report import Report, report_of, reports_of
from contributions.figures.words import COLUMNS, MEASURES, other_list, slot_dates, slot_words
from contributions.freshness import freshness_of_session

PICTURES = {"weeks": charts.weeks_chart, "answers": charts.answers_chart}
#: Beside the session itself.
MOST_COMPARED = charts.MOST_SERIES - 1


@require_safe
def session_figures(request, slug):
    """The page: numbers, pictures with their tables, what may be named, and all of it as Markdown to copy."""
    session, in_full = _session(request, slug)
    now = timezone.now()
    report = report_of(session, in_full=in_full)
    slot = report.slot(request.GET.get("week", ""))
    people = figures_of([session])[session.pk]
    context = {
        "session": session,
        "report": report,
        "in_full": in_full,
        "people": people,
        "is_public": is_public(session, now),
        "has_begun": now >= session.begins_at,
        "is_over": now >= session.ends_at,
        "now": now,
        "tiles": summary_tiles(report.shown),
        "columns": COLUMNS,
        "weeks": week_rows(report, now),
        "waits": wait_rows(report, now),
        "projects": project_rows(report),
        "others": other_list(report.shown.others),
        "charts": {name: make(report.shown) for name, make in PICTURES.items()},
        "slots": [each for each in report.weeks.slots if each.kind == "week"],
        "slot": slot,
        "slot_title": f"{slot_words(slot)}, {slot_dates(slot)}" if slot else _("The whole session"),
        "story": report.story(slot),
        "markdown": report.markdown(slot),
        "freshness": freshness_of_session(session),
    }
    return render(request, "contributions/session_figures.html", context)


@require_safe
def picture(request, slug, name):
    """One of the pictures as a file that stands by itself: in light colours, and with what everybody may read, since it is shown around."""
    if name not in PICTURES:
        raise Http404
    session, in_full = _session(request, slug)
    chart = PICTURES[name](report_of(session, in_full=in_full).published)
    return _svg(request, chart, session.name, f"{session.slug}-{name}.svg")


@require_safe
def table(request, slug):
    """Everything as CSV."""
    session, in_full = _session(request, slug)
    report = report_of(session, in_full=in_full)
    if in_full:
        exported(request, "figures", session=session)
    return csv_response(f"{session.slug}-figures.csv", tables.header(), tables.rows(report.shown, report.projects))


@require_safe
def document(request, slug):
    """Everything as JSON."""
    session, in_full = _session(request, slug)
    report = report_of(session, in_full=in_full)
    if in_full:
        exported(request, "figures", session=session)
    response = JsonResponse(tables.document(session, report.shown, report.projects), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = f'attachment; filename="{session.slug}-figures.json"'
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def compare(request, slug):
    """Sessions side by side. Which ones stands in the address, by their short names."""
    session, in_full = _session(request, slug)
    others, chosen = _chosen(request, session)
    measure = _measure(request)
    reports = reports_of([(session, in_full), *chosen])
    comparison = _comparison(reports, measure)
    counted = figures_of([report.session for report in reports])
    context = {
        "session": session,
        "others": others,
        "chosen": [other.slug for other, _full in chosen],
        "most": MOST_COMPARED,
        "measure": measure,
        "measures": {key: MEASURES[key] for key in comparing.COMPARED},
        "comparison": comparison,
        "heads": [
            (report.session, counted[report.session.pk], column.weeks)
            for report, column in zip(reports, comparison.columns, strict=True)
        ],
        "rows": comparison_rows(comparison),
        "parts": part_rows(comparison) if comparison.differs else [],
        "chart": charts.comparison_chart(comparison, str(MEASURES[measure])),
        "query": request.GET.urlencode(),
    }
    return render(request, "contributions/compare_figures.html", context)


@require_safe
def compare_picture(request, slug):
    """The picture of a comparison as a file, with what everybody may read."""
    session, _in_full = _session(request, slug)
    _others, chosen = _chosen(request, session)
    measure = _measure(request)
    reports = reports_of([(each, False) for each in (session, *(other for other, _full in chosen))])
    comparison = _comparison(reports, measure)
    chart = charts.comparison_chart(comparison, str(MEASURES[measure]))
    return _svg(request, chart, _("Sessions side by side"), f"{session.slug}-compared.svg")


def _session(request, slug) -> tuple[Session, bool]:
    """The session, where the visitor may read its figures, and whether in full. Else 404."""
    session = get_object_or_404(Session.objects.visible_to(request.user).prefetch_related("calendar"), slug=slug)
    in_full = reads_in_full(request.user, session)
    if not in_full and not is_public(session, timezone.now()):
        raise Http404
    return session, in_full


def _chosen(request, session) -> tuple[list[tuple[Session, bool]], list[tuple[Session, bool]]]:
    """What can be compared with, and what the address asks for of it: the previous session where it asks for nothing."""
    others = comparable_with(session, request.user, timezone.now())
    if "measure" not in request.GET and "with" not in request.GET:
        return others, [pair for pair in others if pair[0].starts_on <= session.starts_on][:1]
    wanted = request.GET.getlist("with")
    return others, [pair for pair in others if pair[0].slug in wanted][:MOST_COMPARED]


def _measure(request) -> str:
    measure = request.GET.get("measure", "")
    return measure if measure in comparing.COMPARED else comparing.COMPARED[0]


def _comparison(reports: list[Report], measure: str) -> comparing.Comparison:
    now = timezone.now()
    return comparing.compare(
        [
            comparing.column(
                report.session.name, measure, report.facts, report.weeks, report.shown, in_full=report.in_full, now=now
            )
            for report in reports
        ]
    )


def _svg(request, chart: charts.Chart, name: str, filename: str) -> HttpResponse:
    context = {"chart": chart, "name": name, "today": timezone.localdate()}
    response = render(request, "contributions/chart_file.svg", context, content_type="image/svg+xml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "no-store"
    return response
