"""The list of what one may review, its export, and going through it page by page."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cohorts.auditing import exported
from cohorts.models import Application, Review
from cohorts.review_queue import sessions_under_review

from .csv_export import csv_response
from .reviewing_base import ReviewPages

PAGE_SIZE = 50
STATES = {"todo", "draft", "handed_in"}


@dataclass
class Row:
    """A line of the list: an application, what may be said of it, and the reader's own review."""

    application: Application
    name: str
    review: Review | None

    @property
    def state(self) -> str:
        return state_of(self.review)

    @property
    def score(self) -> float | None:
        return self.review.score if self.review and self.review.handed_in_at else None


def state_of(review: Review | None) -> str:
    """How far one's own review is."""
    if review is None:
        return "todo"
    return "handed_in" if review.handed_in_at else "draft"


class ListPages(ReviewPages):
    def _rows(self, request, wanted: QueryDict) -> QuerySet[Application]:
        """All applications that this person may review, as `wanted` in the address of the list."""
        applications = Application.objects.reviewable_by(request.user).order_by("session_id", "pk")
        if slug := wanted.get("session", "").replace("\0", ""):
            applications = applications.filter(session__slug=slug)
        number = wanted.get("q", "").strip()
        if number:
            # By number alone: a search for names would tell whose application it is.
            applications = applications.filter(pk=int(number)) if number.isdecimal() and len(number) < 10 else applications.none()
        if wanted.get("state") in STATES:
            reviewed = Review.objects.filter(reviewer=request.user)
            handed_in, draft = reviewed.handed_in(), reviewed.filter(handed_in_at__isnull=True)
            applications = {
                "todo": applications.exclude(pk__in=reviewed.values("application")),
                "draft": applications.filter(pk__in=draft.values("application")),
                "handed_in": applications.filter(pk__in=handed_in.values("application")),
            }[wanted["state"]]
        return applications

    def _as_rows(self, request, applications) -> list[Row]:
        own = Review.objects.filter(reviewer=request.user)
        listed = list(
            applications.select_related("session", "applicant").prefetch_related(
                Prefetch("reviews", queryset=own, to_attr="own_reviews")
            )
        )
        names = self._names(request, listed)
        return [Row(one, names[one.pk], one.own_reviews[0] if one.own_reviews else None) for one in listed]

    def _neighbour(self, request, application: Application, wanted: str, *, step: int) -> str:
        """The address of the application before (-1) or after (1) this one in the list `wanted`; empty at its ends."""
        query = QueryDict(wanted.replace("\0", ""))
        rows = self._rows(request, query)
        session = application.session_id
        if step > 0:
            beyond = rows.filter(Q(session__gt=session) | Q(session=session, pk__gt=application.pk))
        else:
            beyond = rows.filter(Q(session__lt=session) | Q(session=session, pk__lt=application.pk)).reverse()
        found = beyond.values_list("pk", flat=True).first()
        if found is None:
            return ""
        return f"{reverse('admin:cohorts_review_application', args=[found])}?{in_list(query.urlencode())}"

    @method_decorator(require_safe)
    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            raise Http404
        page = Paginator(self._rows(request, request.GET), PAGE_SIZE).get_page(request.GET.get("p"))
        query = request.GET.copy()
        query.pop("p", None)
        return self._page(
            request,
            "review_list.html",
            title=_("Applications to review"),
            page=page,
            rows=self._as_rows(request, page.object_list),
            sessions=sessions_under_review(request.user),
            query=query.urlencode(),
            in_list=in_list(query.urlencode()),
            wanted=request.GET,
        )

    @method_decorator(require_safe)
    def export_view(self, request):
        """One's own list as CSV: no names while these are hidden, nothing of others' reviews."""
        if not self.has_view_permission(request):
            raise Http404
        rows = self._as_rows(request, self._rows(request, request.GET))
        lines = (
            [
                row.application.pk,
                row.application.session.slug,
                row.name,
                row.state,
                None if row.score is None else round(row.score, 3),
                row.review.private_comment if row.review else "",
                row.review.shareable_comment if row.review else "",
            ]
            for row in rows
        )
        header = ["number", "session", "application", "state", "my_score", "private_comment", "shareable_comment"]
        exported(request, "own reviews", rows=len(rows))
        return csv_response("reviews.csv", header, lines)


def in_list(query: str) -> str:
    """What the address of an application adds when it is opened from the list that `query` asks for."""
    values = QueryDict(mutable=True)
    values["list"] = query
    return values.urlencode()
