"""Meetings for calendar programs that subscribe: in a person's own feed, and in one for a whole cohort whose address can be revoked."""

import datetime
import secrets
from collections.abc import Iterator

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import people_registry
from accounts.feeds import hash_token
from accounts.icalendar import Event

from .meeting_events import events_of
from .meeting_people import may_arrange
from .models import Cohort, CohortFeed, Meeting, MeetingPerson, Membership, SessionRole, access

#: So long a meeting that was called off is still told of, as called off, so that programs take it out; then it is left out.
TOLD_CALLED_OFF = datetime.timedelta(days=60)


def meetings_expecting(user) -> QuerySet[Meeting]:
    """Meetings at which `user` is expected, with or without a time: the same rule as `meeting_people.people_of`, from the person's side.

    Whoever left a cohort is expected at none of its meetings any more, whatever they were asked to before.
    """
    organised = SessionRole.objects.filter(user=user, role=SessionRole.Role.ORGANISER).values("session")
    mine = Q(cohort__in=access.joined_cohorts(user)) | Q(cohort__in=access.led_cohorts(user))
    places = Membership.objects.filter(user=user, cohort__session=OuterRef("session"))
    known = Q(cohort__session__published_at__isnull=False) | Q(role__in=access.LEADING)
    of_all = Q(cohort__isnull=True) & (Q(session__in=organised) | Q(Exists(places.present().filter(known))))
    asked = MeetingPerson.objects.filter(meeting=OuterRef("pk"), user=user, invited=True)
    left_cohort = places.filter(cohort=OuterRef("cohort"), state=Membership.State.LEFT)
    left_session = places.filter(state=Membership.State.LEFT)
    gone = Q(Exists(left_cohort)) | (
        Q(cohort__isnull=True) & Q(Exists(left_session)) & ~Q(Exists(places.present())) & ~Q(session__in=organised)
    )
    return Meeting.objects.filter(Q(few=False) & (mine | of_all) | Q(Exists(asked))).exclude(gone)


def in_calendars(meetings: QuerySet[Meeting], now: datetime.datetime | None = None) -> QuerySet[Meeting]:
    """Of `meetings` those that calendars show: what is confirmed, and for a while what was called off. Ready for `events_of`."""
    now = now or timezone.now()
    shown = Q(state=Meeting.State.CONFIRMED) | Q(
        state=Meeting.State.CANCELLED, starts_at__isnull=False, starts_at__gte=now - TOLD_CALLED_OFF
    )
    return meetings.filter(shown).select_related("session", "cohort").order_by("starts_at", "pk")


def own_events(user) -> Iterator[Event]:
    """A source for people's own feeds. One query."""
    yield from events_of(in_calendars(meetings_expecting(user)))


def cohort_events(cohort: Cohort) -> list[Event]:
    """What the feed of a cohort shows: its own meetings and those of the whole session, and none of a few people. One query."""
    meetings = Meeting.objects.filter(Q(cohort=cohort) | Q(cohort__isnull=True, session=cohort.session_id), few=False)
    return events_of(in_calendars(meetings))


# --- the address of a cohort's feed


def create_cohort_feed(cohort: Cohort, *, by) -> str:
    """Give `cohort` a new calendar address and return its token, which is shown once and not stored. An older one stops working.

    Raises `PermissionDenied` for who neither leads nor organises it.
    """
    _check(cohort, by)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        Cohort.objects.select_for_update(of=("self",)).get(pk=cohort.pk)
        _revoke(cohort)
        CohortFeed.objects.create(cohort=cohort, token_hash=hash_token(token), made_by=by)
    return token


def revoke_cohort_feed(cohort: Cohort, *, by) -> bool:
    """Make the calendar address of `cohort` stop working. Returns whether there was one. Raises as `create_cohort_feed`."""
    _check(cohort, by)
    return _revoke(cohort)


def working_cohort_feed(token: str) -> CohortFeed | None:
    """The feed that `token` opens, with its cohort; None for an unknown or revoked one."""
    feeds = CohortFeed.objects.working().filter(token_hash=hash_token(token))
    return feeds.select_related("cohort__session").first()


def _revoke(cohort: Cohort) -> bool:
    return bool(CohortFeed.objects.working().filter(cohort=cohort).update(revoked_at=timezone.now()))


def _check(cohort: Cohort, by) -> None:
    if not may_arrange(by, cohort):
        raise PermissionDenied


def register() -> None:
    if own_events not in people_registry.calendar_sources:
        people_registry.calendar_sources.append(own_events)
