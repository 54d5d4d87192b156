"""What an organiser asked the ranking for: which applications, in which order. Read from the address; what it does not know is left out."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from cohorts.models import Application, Criterion, ProjectPreference, Session
from cohorts.ranking import Candidate, Facts, Ranking, is_worth_discussing, worth_discussing_from

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
                ("first", _("Apply for the first time")),
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

    def choose(self, ranking: Ranking, *, viewer) -> list[Candidate]:
        """The candidates that were asked for, in the order that was asked for; those without a value come last."""
        if self.is_narrowed:
            rows = [one for one in ranking.candidates if self._matches(one, ranking.facts(one.pk))]
        else:
            rows = [one for one in ranking.candidates if one.status != Application.Status.WITHDRAWN]
        for narrow in self._queries(viewer):
            wanted = narrow()
            rows = [one for one in rows if one.pk in wanted]
        return self._ordered(rows, ranking)

    def _matches(self, one: Candidate, facts: Facts) -> bool:
        chosen = self.chosen
        if chosen["status"] and one.status != chosen["status"]:
            return False
        if not chosen["status"] and one.status == Application.Status.WITHDRAWN:
            return False
        if chosen["eligibility"] and one.eligibility != chosen["eligibility"]:
            return False
        if chosen["decision"] and one.pending_decision != chosen["decision"]:
            return False
        if chosen["show"] == "discuss":
            return self.is_far_apart(facts)
        return chosen["show"] != "few" or self.has_too_few(facts)

    def is_far_apart(self, facts: Facts) -> bool:
        return is_worth_discussing(facts, self.distance)

    def has_too_few(self, facts: Facts) -> bool:
        return facts.reviews < self.session.reviews_each

    def _queries(self, viewer) -> list[Callable[[], set[int]]]:
        """What only the database knows, as functions that return ids."""
        asked: list[Callable[[], set[int]]] = []
        if self.chosen.get("project"):
            preferences = ProjectPreference.objects.filter(application__session=self.session, project=self.chosen["project"])
            asked.append(lambda: set(preferences.values_list("application_id", flat=True)))
        if self.chosen["show"] == "first":
            # Of sessions that this organiser may know of: what happened in another one is not for everybody.
            earlier = Application.objects.decided_by(viewer).filter(
                applicant=OuterRef("applicant"), session__starts_on__lt=self.session.starts_on
            )
            first = Application.objects.filter(session=self.session).exclude(Exists(earlier))
            asked.append(lambda: set(first.values_list("pk", flat=True)))
        return asked

    def _ordered(self, rows: list[Candidate], ranking: Ranking) -> list[Candidate]:
        value = self._value(ranking)
        keys = {one.pk: value(one) for one in rows}
        # By number where values are alike, so that no page shows what another one showed; `sort` keeps that order.
        known = [one for one in rows if keys[one.pk] is not None]
        known.sort(key=lambda one: keys[one.pk], reverse=self.descending)
        return known + [one for one in rows if keys[one.pk] is None]

    def _value(self, ranking: Ranking) -> Callable[[Candidate], float | int | None]:
        if self.order == "number":
            return lambda one: one.pk
        if self.order == "tier":
            return lambda one: one.tier
        if self.order == "climb":
            return lambda one: ranking.climb(one.pk)
        if self.order in self.apart:
            criterion = self.apart[self.order]
            return lambda one: ranking.facts(one.pk).apart.get(criterion)
        order = self.order
        return lambda one: getattr(ranking.facts(one.pk), order)
