"""Numbers of sessions that are over: aggregates only, no names. Apps above add what they count, and the page that tells more."""

import datetime
from collections.abc import Callable, Collection
from dataclasses import dataclass

from django.db.models import Count, Q

from .models import Cohort, Membership, Session, access


@dataclass(frozen=True)
class Figures:
    """How many cohorts a session had, and how many people stayed in them: members, and those who led."""

    cohorts: int = 0
    members: int = 0
    leaders: int = 0


def figures_of(sessions: Collection[Session]) -> dict[int, Figures]:
    """Figures by session id. Two queries, however many sessions there are."""
    ids = [session.pk for session in sessions]
    cohorts = dict(Cohort.objects.filter(session__in=ids).order_by().values_list("session").annotate(Count("pk")))
    people = (
        Membership.objects.present()
        .filter(cohort__session__in=ids)
        .order_by()
        .values("cohort__session")
        .annotate(
            members=Count("user", filter=Q(role=Membership.Role.MEMBER), distinct=True),
            leaders=Count("user", filter=Q(role__in=access.LEADING), distinct=True),
        )
    )
    counted = {row["cohort__session"]: (row["members"], row["leaders"]) for row in people}
    return {pk: Figures(cohorts.get(pk, 0), *counted.get(pk, (0, 0))) for pk in ids}


@dataclass(frozen=True)
class MoreFigures:
    """What another app counted. `facts`: for everybody, in words, empty while there is nothing to tell. `url`: a page with more."""

    facts: list[str]
    url: str


#: Takes a session, a person (or an anonymous visitor) and an aware instant. None where that person may not read its figures.
Source = Callable[[Session, object, datetime.datetime], MoreFigures | None]
_sources: list[Source] = []


def register_source(source: Source) -> None:
    """Add a source, once."""
    if source not in _sources:
        _sources.append(source)


def more_figures(session: Session, user, now: datetime.datetime) -> list[MoreFigures]:
    """What other apps tell `user` about `session`."""
    return [found for source in _sources if (found := source(session, user, now)) is not None]
