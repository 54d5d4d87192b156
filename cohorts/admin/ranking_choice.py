"""What an organiser asked the ranking for: which applications, in which order. Read from the address; what it does not know is left out."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from cohorts.earlier_sessions import KINDS, narrowed_by_earlier
from cohorts.models import Application, Criterion, ProjectPreference, Session
from cohorts.ranking import Facts, Ranking, is_worth_discussing, means_apart, worth_discussing_from

#: Rows on a page; the first is what one gets without asking.
PAGE_SIZES = (20, 100)
#: The orders by name, each with how it begins: the best first, except where the lowest comes first.
ORDERS = {
    "adjusted": "-",
    "mean": "-",
    "median": "-",
    "spread": "-",
    "reviews": "",
    "climb": "-",
    "tier": "",
    "number": "",
}


@dataclass(frozen=True)
class Filter:
    """A select of the form: its name in the address, its label, and its choices as (value, label)."""

    name: str
    label: str
    choices: list[tuple[str, str]]
    chosen: str


class RankingChoice:
    """The filters and the order of one request."""

    def __init__(self, parameters, *, session: Session, criteria: list[Criterion]):
        self.session, self.criteria = session, criteria
        self.distance = worth_discussing_from(criteria)
        self.projects = {str(project.pk): project.name for project in session.projects.all()}
        self.filters = [self._filter(parameters, *one) for one in self._fields()]
        self.chosen = {one.name: one.chosen for one in self.filters}
        sizes = {str(size): size for size in PAGE_SIZES}
        self.page_size = sizes.get(parameters.get("rows", ""), PAGE_SIZES[0])
        self.apart = {f"criterion-{one.pk}": one.pk for one in criteria if one.independent}
        wanted = parameters.get("o", "")
        self.order = wanted.lstrip("-")
        self.descending = wanted.startswith("-")
        if self.order not in ORDERS and self.order not in self.apart:
            self.order, self.descending = "adjusted", True

    def _fields(self):
        every = ("", _("All"))
        yield (
            "show",
            _("Show"),
            [
                every,
                ("discuss", _("Discuss these: reviews far apart")),
                ("few", _("Too few reviews")),
                *KINDS.items(),
            ],
        )
        yield (
            "status",
            _("Status"),
            [("", _("All but withdrawn")), *[choice for choice in Application.Status.choices if choice[0] != "draft"]],
        )
        yield "eligibility", _("Eligibility"), [every, *Application.Eligibility.choices]
        yield "decision", _("Pending decision"), [every, *Application.Decision.choices]
        if self.projects:
            yield "project", _("Would like"), [every, *self.projects.items()]

    def _filter(self, parameters, name: str, label: str, choices: list[tuple[str, str]]) -> Filter:
        wanted = parameters.get(name, "")
        return Filter(name, label, choices, wanted if wanted in {value for value, _label in choices} else "")

    @property
    def is_narrowed(self) -> bool:
        return any(self.chosen.values())

    def query(self, **changes) -> str:
        """The address of this choice with `changes`, from the question mark on; empty values are left out."""
        values = {**self.chosen, "o": self.signed_order, "rows": self.page_size, **changes}
        if values["o"] == "-adjusted":
            values["o"] = ""
        if values["rows"] == PAGE_SIZES[0]:
            values["rows"] = ""
        return "?" + urlencode({name: value for name, value in values.items() if value})

    @property
    def signed_order(self) -> str:
        return f"-{self.order}" if self.descending else self.order

    def order_link(self, name: str) -> str:
        """The address of the table ordered by a column: the other way round where it is ordered by it already."""
        if name == self.order:
            return self.query(o=name if self.descending else f"-{name}")
        return self.query(o=ORDERS.get(name, "-") + name)

    # --- applying it

    def choose(self, ranking: Ranking, *, viewer) -> list[int]:
        """The ids of what was asked for, in the order that was asked for; those without a value come last."""
        rows, show = ranking.candidates, self.chosen["show"]
        if not self.chosen["status"]:
            rows = [pk for pk in rows if pk not in ranking.withdrawn]
        if show == "discuss":
            rows = [pk for pk in rows if self.is_far_apart(ranking.facts(pk))]
        elif show == "few":
            rows = [pk for pk in rows if self.has_too_few(ranking.facts(pk))]
        if show in KINDS or any(self.chosen.get(name) for name in ("status", "eligibility", "decision", "project")):
            wanted = set(self._narrowed(viewer).values_list("pk", flat=True))
            rows = [pk for pk in rows if pk in wanted]
        return self._ordered(rows, ranking)

    def _narrowed(self, viewer) -> QuerySet[Application]:
        """The session's applications narrowed by what only the database knows."""
        found = Application.objects.filter(session=self.session)
        if self.chosen["status"]:
            found = found.filter(status=self.chosen["status"])
        if self.chosen["eligibility"]:
            found = found.filter(eligibility=self.chosen["eligibility"])
        if self.chosen["decision"]:
            found = found.filter(pending_decision=self.chosen["decision"])
        if self.chosen.get("project"):
            wish = ProjectPreference.objects.filter(application=OuterRef("pk"), project=self.chosen["project"])
            found = found.filter(Exists(wish))
        # Of sessions that this organiser may know of: what happened in another one is not for everybody.
        return narrowed_by_earlier(found, self.chosen["show"], viewer=viewer)

    def is_far_apart(self, facts: Facts) -> bool:
        return is_worth_discussing(facts, self.distance)

    def has_too_few(self, facts: Facts) -> bool:
        return facts.reviews < self.session.reviews_each

    def _ordered(self, rows: list[int], ranking: Ranking) -> list[int]:
        value = self._value(ranking)
        keys = {pk: value(pk) for pk in rows}
        # By number where values are alike, so that no page shows what another one showed; `sort` keeps that order.
        known = [pk for pk in rows if keys[pk] is not None]
        known.sort(key=keys.__getitem__, reverse=self.descending)
        return known + [pk for pk in rows if keys[pk] is None]

    def _value(self, ranking: Ranking) -> Callable[[int], float | int | None]:
        """What the table is ordered by, as a function of an application's id."""
        if self.order == "number":
            return lambda pk: pk
        if self.order == "tier":
            return dict(Application.objects.filter(session=self.session).values_list("pk", "tier")).get
        if self.order == "climb":
            return ranking.climb
        if self.order == "adjusted":
            return ranking.scores.adjusted.get
        if self.order in self.apart:
            criterion = self.apart[self.order]
            return means_apart(self.criteria)[criterion].get
        if self.order == "mean":
            return ranking.scores.mean
        order = self.order
        return lambda pk: getattr(ranking.facts(pk), order)
