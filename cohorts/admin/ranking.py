"""The ranking of a session: every application with its scores, raw and adjusted, side by side; and how strict reviewers are."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.template.defaultfilters import floatformat
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.models import User
from cohorts.auditing import exported
from cohorts.earlier_sessions import earlier_sessions, in_words
from cohorts.models import Application, Session
from cohorts.ranking import Facts, Ranking, means_apart, rank

from .csv_export import csv_response
from .deciding import last_change
from .ranking_choice import PAGE_SIZES, RankingChoice

#: Less than this is shown as nothing: two digits are shown.
VISIBLE = 0.005


@dataclass(frozen=True)
class Row:
    """A line of the ranking."""

    application: Application
    facts: Facts
    place: int | None
    climb: int | None
    apart: list[float | None]
    is_far_apart: bool
    has_too_few: bool
    earlier: str

    @property
    def why(self) -> str:
        """Why the adjusted score is not the mean, in words."""
        leaning = self.facts.leaning
        if leaning is None:
            return ""
        if abs(leaning) < VISIBLE:
            return _("Its reviewers score as others do.")
        text = _("Its reviewers score %(by)s above others.") if leaning > 0 else _("Its reviewers score %(by)s below others.")
        return text % {"by": floatformat(abs(leaning), 2)}

    @property
    def move(self) -> str:
        """How the adjusting changes the place, in words; empty where it does not."""
        if not self.climb:
            return ""
        if self.climb > 0:
            text = ngettext("%(count)s place up", "%(count)s places up", self.climb)
        else:
            text = ngettext("%(count)s place down", "%(count)s places down", -self.climb)
        return text % {"count": abs(self.climb)}


class RankingMixin:
    """Adds the ranking to the admin of sessions."""

    def get_urls(self):
        own = [
            path("<int:pk>/ranking/", self.admin_site.admin_view(self.ranking_view), name="cohorts_session_ranking"),
            path(
                "<int:pk>/ranking/export/",
                self.admin_site.admin_view(self.ranking_export_view),
                name="cohorts_session_ranking_export",
            ),
            path(
                "<int:pk>/ranking/reviewers/",
                self.admin_site.admin_view(self.ranking_reviewers_view),
                name="cohorts_session_ranking_reviewers",
            ),
        ]
        return own + super().get_urls()

    def _ranking(self, request, pk: int) -> tuple[Session, Ranking, RankingChoice]:
        session = self._organised(request, pk)
        criteria = list(session.criteria.all())
        ranking = rank(session, criteria, viewer=request.user)
        return session, ranking, RankingChoice(request.GET, session=session, criteria=criteria)

    def _ranking_page(self, request, template: str, session: Session, **context):
        return TemplateResponse(
            request,
            f"admin/cohorts/{template}",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "session": session,
                "session_url": reverse("admin:cohorts_session_change", args=[session.pk]),
                "ranking_url": reverse("admin:cohorts_session_ranking", args=[session.pk]),
                **context,
            },
        )

    @method_decorator(require_safe)
    def ranking_view(self, request, pk: int):
        session, ranking, choice = self._ranking(request, pk)
        page = Paginator(choice.choose(ranking, viewer=request.user), choice.page_size).get_page(request.GET.get("p"))
        return self._ranking_page(
            request,
            "ranking.html",
            session,
            title=_("Ranking: %(session)s") % {"session": session},
            choice=choice,
            columns=_columns(choice),
            page=page,
            rows=_rows(page.object_list, ranking, choice, request.user),
            sizes=[(size, choice.query(rows=size)) for size in PAGE_SIZES],
            before=choice.query(p=page.previous_page_number()) if page.has_previous() else "",
            after=choice.query(p=page.next_page_number()) if page.has_next() else "",
            query=choice.query(),
            may_take_back=last_change(request, session) is not None,
            applied=Application.objects.filter(session=session, applicant=request.user).exists(),
        )

    @method_decorator(require_safe)
    def ranking_export_view(self, request, pk: int):
        """The ranking as it is filtered and sorted, all pages of it, as CSV."""
        session, ranking, choice = self._ranking(request, pk)
        rows = _rows(choice.choose(ranking, viewer=request.user), ranking, choice, request.user)
        apart = [one.name for one in choice.criteria if one.independent]
        exported(request, "ranking", session=session)
        return csv_response(f"ranking-{session.slug}.csv", [*_HEADER, *apart, *_LAST], (_line(row) for row in rows))

    @method_decorator(require_safe)
    def ranking_reviewers_view(self, request, pk: int):
        session, ranking, _choice = self._ranking(request, pk)
        reviewers = ranking.scores.reviewers()
        people = User.objects.in_bulk(reviewers)
        found = [
            {"person": people[pk], "figures": figures, "words": _leaning_in_words(figures.leaning)}
            for pk, figures in reviewers.items()
            if pk in people
        ]
        found.sort(key=lambda one: (one["figures"].leaning, one["person"].pk))
        title = _("How reviewers score: %(session)s") % {"session": session}
        return self._ranking_page(request, "ranking_reviewers.html", session, title=title, reviewers=found)


def _leaning_in_words(leaning: float) -> str:
    if abs(leaning) < VISIBLE:
        return _("as others do")
    text = _("%(by)s above others") if leaning > 0 else _("%(by)s below others")
    return text % {"by": floatformat(abs(leaning), 2)}


def _rows(chosen: list[int], ranking: Ranking, choice: RankingChoice, viewer) -> list[Row]:
    """Three queries, whatever the number; four where a criterion stands apart."""
    applications = Application.objects.select_related("applicant").defer("draft").in_bulk(chosen)
    apart = means_apart(choice.criteria, chosen)
    for application in applications.values():
        application.session = choice.session
    earlier = earlier_sessions(list(applications.values()), viewer=viewer)
    rows = []
    for pk in chosen:
        if pk not in applications:
            # Gone since the ranking was made, a moment ago: its account was deleted.
            continue
        facts = ranking.facts(pk)
        rows.append(
            Row(
                applications[pk],
                facts,
                ranking.places.get(pk),
                ranking.climb(pk),
                [apart[criterion].get(pk) for criterion in choice.apart.values()],
                choice.is_far_apart(facts),
                choice.has_too_few(facts),
                in_words(earlier[pk]),
            )
        )
    return rows


@dataclass(frozen=True)
class Column:
    """The head of a column. Without a link it orders nothing; `sort` is how the table is ordered by it, in the words of ARIA."""

    label: str
    link: str = ""
    sort: str = ""


def _columns(choice: RankingChoice) -> list[Column]:
    def column(label: str, order: str = "") -> Column:
        if not order:
            return Column(label)
        is_chosen = order == choice.order
        sort = ("descending" if choice.descending else "ascending") if is_chosen else ""
        return Column(label, choice.order_link(order), sort)

    return [
        column(_("Place")),
        column(_("Applicant"), "number"),
        column(_("Adjusted"), "adjusted"),
        column(_("Moved by adjusting"), "climb"),
        column(_("Mean"), "mean"),
        column(_("Median"), "median"),
        column(_("Lowest to highest"), "spread"),
        column(_("Reviews"), "reviews"),
        *(column(one.name, f"criterion-{one.pk}") for one in choice.criteria if one.independent),
        column(_("Eligibility")),
        column(_("Tier"), "tier"),
        column(_("Pending decision")),
        column(_("Status")),
        column(_("Earlier sessions")),
    ]


_HEADER = [
    "place",
    "place_by_mean",
    "number",
    "name",
    "email",
    "status",
    "eligibility",
    "eligibility_reason",
    "tier",
    "pending_decision",
    "pending_rank",
    "reviews",
    "mean",
    "median",
    "lowest",
    "highest",
    "spread",
    "adjusted",
    "reviewers_above_others_by",
]
#: After the criteria that stand apart.
_LAST = ["earlier_sessions"]


def _line(row: Row) -> list:
    application, facts = row.application, row.facts
    place_by_mean = None if row.place is None or row.climb is None else row.place + row.climb
    return [
        row.place,
        place_by_mean,
        application.pk,
        application.applicant.name,
        application.applicant.email,
        application.status,
        application.eligibility,
        application.eligibility_reason,
        application.tier,
        application.pending_decision,
        application.pending_rank,
        facts.reviews,
        *(
            None if value is None else round(value, 3)
            for value in (
                facts.mean,
                facts.median,
                facts.lowest,
                facts.highest,
                facts.spread,
                facts.adjusted,
                facts.leaning,
                *row.apart,
            )
        ),
        row.earlier,
    ]
