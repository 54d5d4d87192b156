"""What belongs in a person's calendar: the weeks of their sessions, and the days on which something is due."""

import datetime
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import people_registry
from accounts.people_registry import CalendarEntry

from .models import Application, Session, SessionRole, Week, access
from .models.access import joined_cohorts, led_cohorts


def entries(user) -> Iterator[CalendarEntry]:
    """Weeks of the sessions `user` has a place in or organises, and their deadlines. Deadlines fall on the person's own day."""
    yield from _weeks(user)
    yield from _application_windows(user)
    yield from _own_applications(user)


def _weeks(user) -> Iterator[CalendarEntry]:
    """Members see the weeks once their session is published; those who lead or organise see them before."""
    placed = Session.objects.filter(cohorts__in=joined_cohorts(user)) | Session.objects.filter(cohorts__in=led_cohorts(user))
    mine = set(placed.values_list("pk", flat=True)) | set(
        Session.objects.filter(pk__in=access.organised_sessions(user)).values_list("pk", flat=True)
    )
    for week in Week.objects.filter(session__in=mine).select_related("session").order_by("starts_on", "pk"):
        title = f"{week}: {week.title}" if week.title else str(week)
        yield CalendarEntry(
            uid=f"week-{week.pk}",
            starts_on=week.starts_on,
            ends_on=week.ends_on,
            summary=f"{title} ({week.session.name})",
            path=reverse("session", args=[week.session.slug]),
        )


def _application_windows(user) -> Iterator[CalendarEntry]:
    """When applications close, for organisers and reviewers and for those who are still writing one."""
    writing = Application.objects.filter(applicant=user, status=Application.Status.DRAFT).values("session_id")
    sessions = Session.objects.filter(
        pk__in={
            *Session.objects.filter(pk__in=writing).values_list("pk", flat=True),
            *Session.objects.filter(roles__in=SessionRole.objects.filter(user=user, role__in=access.REVIEWING)).values_list(
                "pk", flat=True
            ),
        },
        applications_close_at__isnull=False,
    ).order_by("applications_close_at", "pk")
    for session in sessions:
        yield _deadline(
            f"applications-close-{session.pk}",
            session.applications_close_at,  # type: ignore[arg-type]  # the query leaves out those without one
            user,
            _("Applications close: %(session)s") % {"session": session.name},
            session,
        )


def _own_applications(user) -> Iterator[CalendarEntry]:
    applications = Application.objects.filter(applicant=user).select_related("session").order_by("pk")
    for application in applications:
        session = application.session
        if application.status == Application.Status.OFFERED and application.answer_by:
            summary = _("Answer the offer of a place: %(session)s") % {"session": session.name}
            yield _deadline(f"answer-{application.pk}", application.answer_by, user, summary, session)
        elif application.status == Application.Status.SUBMITTED and session.hear_by:
            yield CalendarEntry(
                uid=f"hear-by-{application.pk}",
                starts_on=session.hear_by,
                ends_on=session.hear_by,
                summary=_("You hear about your application: %(session)s") % {"session": session.name},
                path=reverse("my_applications"),
            )


def _deadline(uid: str, moment: datetime.datetime, user, summary: str, session: Session) -> CalendarEntry:
    local = moment.astimezone(user.zone)
    time = f"{local:%H:%M} ({user.time_zone}), {moment.astimezone(datetime.UTC):%H:%M} UTC"
    return CalendarEntry(
        uid=uid,
        starts_on=local.date(),
        ends_on=local.date(),
        summary=summary,
        description=_("Until %(time)s.") % {"time": time},
        path=reverse("session", args=[session.slug]),
    )


def register() -> None:
    if entries not in people_registry.calendar_sources:
        people_registry.calendar_sources.append(entries)
