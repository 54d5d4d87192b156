"""Filters of the lists of tracked work and syncs. What they offer is looked up among the few sessions, not among the many rows."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cohorts.models import Cohort, Project, Session


def _number(text: str | None) -> int | None:
    """A primary key of an address, or None for what can be none: no database compares with a larger number."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None


class _RelatedFilter(admin.SimpleListFilter):
    """Rows that belong to one of some things. `path` leads from a row to the thing, as Django writes paths."""

    path = ""

    def things(self, request):
        """A QuerySet of what is offered to this person."""
        raise NotImplementedError

    def lookups(self, request, model_admin):
        return [(str(thing.pk), str(thing)) for thing in self.things(request)]

    def queryset(self, request, queryset):
        pk = _number(self.value())
        return queryset if pk is None else queryset.filter(**{self.path: pk})


class SessionFilter(_RelatedFilter):
    """By session, of those that one organises."""

    title = _("session")
    parameter_name = "session"

    def things(self, request):
        return Session.objects.organised_by(request.user).order_by("-starts_on", "pk")


class CohortFilter(_RelatedFilter):
    """By cohort, once a session is chosen."""

    title = _("cohort")
    parameter_name = "cohort"

    def things(self, request):
        session = _number(request.GET.get("session"))
        if session is None:
            return Cohort.objects.none()
        organised = Session.objects.organised_by(request.user).filter(pk=session)
        return Cohort.objects.filter(session__in=organised).order_by("name", "pk")


class ProjectFilter(_RelatedFilter):
    """By project, of the sessions that one organises."""

    title = _("project")
    parameter_name = "project"

    def things(self, request):
        organised = Session.objects.organised_by(request.user)
        return Project.objects.filter(sessions__in=organised).distinct().order_by("name", "pk")


def along[Filter: type[_RelatedFilter]](base: Filter, path: str) -> Filter:
    """The filter `base` for rows from which `path` leads to the thing."""
    return type(base.__name__, (base,), {"path": path, "__module__": __name__})  # type: ignore[return-value]
