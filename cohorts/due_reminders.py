"""Which reminders are due: of a draft, an offer, a check-in, reviews; and whether one that was written is still true.

Each kind has two functions. `due…` finds those who are to be reminded at an instant and have no such reminder yet, so a run that
was missed is made up for by the next one; its number of queries does not depend on how many there are. `…_still_true` is asked
about one written reminder right before it is sent; what it is about is there then, `accounts.messages` has looked.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Case, Count, Exists, F, Model, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.urls import reverse

from accounts.links import absolute_url
from accounts.models import Message, User

from .checkin_reminders import is_due, is_of_use
from .checkins import ends_at, last_minute, opens_at
from .late_access import deadline_of, with_late_access
from .models import Application, ApplicationEvent, CheckIn, Membership, ReviewAssignment, ReviewPhase, Session, Week
from .phases import switches_of
from .stages import LONGEST_SESSION

Status = Application.Status

DRAFT, OFFER, CHECKIN, REVIEWS = "reminder_draft", "reminder_offer", "reminder_checkin", "reminder_reviews"

#: How long before the deadline a draft is called to mind, and how long it has lain untouched: who is writing needs no reminder.
DRAFT_AHEAD = datetime.timedelta(hours=48)
DRAFT_UNTOUCHED = datetime.timedelta(hours=6)
#: How long before an offer ends, and how long after it was made at the earliest.
OFFER_AHEAD = datetime.timedelta(hours=48)
OFFER_SETTLED = datetime.timedelta(hours=24)
#: Who joined just now is left in peace.
JOINED_SETTLED = datetime.timedelta(hours=48)
#: How long before the last phase of the review ends, or applicants are to hear from the organisers.
REVIEWS_AHEAD = datetime.timedelta(days=7)
DAY, AHEAD = datetime.timedelta(days=1), datetime.timedelta(days=8)


@dataclass(frozen=True)
class Due:
    """One reminder to write. `moments` are shown in the reader's zone, and in UTC; `context` is what else its words need."""

    recipient: User
    about: Model
    session: Session
    link: str
    round: int = 1
    moments: Mapping[str, datetime.datetime | None] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)


def _wants_reminders(person: str) -> Q:
    """Rows whose `person` (the name of a relation) has an open account and did not switch reminders off."""
    return Q(**{f"{person}__is_active": True, f"{person}__reminders_by_mail": True})


def _written(kind: str, about: type[Model], *, pk: str, person: str, round: Any = 1) -> Exists:
    """Whether the row's reminder exists: `pk` and `person` are the row's names for the id of what it is about, and of whom."""
    return Exists(
        Message.objects.filter(
            kind=kind,
            about_type=ContentType.objects.get_for_model(about),
            about_id=OuterRef(pk),
            recipient=OuterRef(person),
            round=round,
        )
    )


def _leads_by_now() -> Exists:
    """Whether the applicant leads a cohort of the session by now: the application is out of date then, and nothing is said of it."""
    return Exists(Membership.objects.leading().filter(cohort__session=OuterRef("session"), user=OuterRef("applicant")))


# --- a draft that was not submitted: once, and once more where a code of the organisers gave its writer a later deadline

#: The round of a reminder before the deadline of all, and of one before a later one of the writer's own.
FOR_ALL, LATE = 1, 2


def _open_drafts() -> QuerySet[Any]:
    """Drafts with `codes_until` (see `late_access.with_late_access`) and `deadline_round`."""
    drafts = Application.objects.filter(_wants_reminders("applicant"), status=Status.DRAFT).exclude(_leads_by_now())
    is_late = When(codes_until__gt=F("session__applications_close_at"), then=LATE)
    return with_late_access(drafts).annotate(deadline_round=Case(is_late, default=FOR_ALL)).select_related("session", "applicant")


def due_drafts(now: datetime.datetime) -> Iterator[Due]:
    """Drafts that nobody has touched for some hours, shortly before the deadline of their writer."""
    soon = (now, now + DRAFT_AHEAD)
    drafts = _open_drafts().filter(
        Q(session__applications_close_at__range=soon) | Q(codes_until__range=soon), updated_at__lte=now - DRAFT_UNTOUCHED
    )
    untold = drafts.exclude(_written(DRAFT, Application, pk="pk", person="applicant", round=OuterRef("deadline_round")))
    for application in untold.order_by("pk"):
        session, closes = application.session, deadline_of(application, now)
        if closes is not None and closes <= now + DRAFT_AHEAD:
            yield Due(
                recipient=application.applicant,
                about=application,
                session=session,
                link=absolute_url(reverse("apply", args=[session.slug])),
                round=application.deadline_round,
                moments={"closes": closes},
            )


def draft_still_true(message: Message, now: datetime.datetime) -> bool:
    draft = _open_drafts().filter(pk=message.about_id, deadline_round=message.round).first()
    return draft is not None and deadline_of(draft, now) is not None


# --- an offer that was not answered: once for each time a place is offered


def _open_offers(now: datetime.datetime) -> QuerySet[Any]:
    """Published offers that can still be answered, with `offered_at` and `offers`, how many times a place was offered."""
    events = ApplicationEvent.objects.filter(application=OuterRef("pk"), to_status=Status.OFFERED).order_by()
    offers = Application.objects.filter(
        _wants_reminders("applicant"),
        status=Status.OFFERED,
        answer_by__gt=now,
        session__published_at__lte=now,
        session__archived_at=None,
    )
    return (
        offers.exclude(_leads_by_now())
        .annotate(
            offered_at=Subquery(events.order_by("-at").values("at")[:1]),
            offers=Coalesce(Subquery(events.values("application").annotate(number=Count("pk")).values("number")), 1),
        )
        .select_related("session", "applicant")
    )


def due_offers(now: datetime.datetime) -> Iterator[Due]:
    """Offers that end soon, and were not made just now."""
    offers = _open_offers(now).filter(
        Q(offered_at=None) | Q(offered_at__lte=now - OFFER_SETTLED), answer_by__lte=now + OFFER_AHEAD
    )
    untold = offers.exclude(_written(OFFER, Application, pk="pk", person="applicant", round=OuterRef("offers")))
    for application in untold.order_by("pk"):
        yield Due(
            recipient=application.applicant,
            about=application,
            session=application.session,
            link=absolute_url(reverse("application", args=[application.pk])),
            round=application.offers,
            moments={"answer_by": application.answer_by},
        )


def offer_still_true(message: Message, now: datetime.datetime) -> bool:
    return _open_offers(now).filter(pk=message.about_id, offers=message.round).exists()


# --- a week without a check-in: once a week, on the day and at the time that the member chose


def _reminded_members() -> QuerySet[Membership]:
    """Members who take part now and want to be reminded: who rests is left in peace."""
    members = Membership.objects.members().filter(_wants_reminders("user"), state=Membership.State.ACTIVE)
    return members.filter(reminder_day__isnull=False).select_related("user")


def _said_something(week: Any) -> Exists:
    """Whether the member has checked in for `week` (its id, or a name for it in the query), or said that they rest."""
    return Exists(CheckIn.objects.filter(Q(written_at__isnull=False) | Q(resting=True), membership=OuterRef("pk"), week=week))


def _open_weeks(now: datetime.datetime) -> dict[int, Week]:
    """The weeks of published sessions of which somebody may be reminded now, by id: where the day begins late, one that has just ended."""
    sessions = Session.objects.filter(
        announced_at__lte=now,
        published_at__lte=now,
        archived_at=None,
        starts_on__gte=(now - LONGEST_SESSION).date(),
        starts_on__lte=(now + AHEAD).date(),
    ).prefetch_related("calendar")
    weeks: dict[int, Week] = {}
    for session in sessions:
        for week in session.calendar.all():
            week.session = session
            if opens_at(week) <= now < ends_at(week) + DAY:
                weeks[week.pk] = week
    return weeks


def due_checkins(now: datetime.datetime) -> Iterator[Due]:
    """Members without a check-in for a week that runs, from the hour that each chose."""
    weeks = _open_weeks(now)
    if not weeks:
        return
    members = (
        _reminded_members()
        .filter(cohort__session__calendar__in=list(weeks), joined_at__lte=now - JOINED_SETTLED)
        .annotate(week_number=F("cohort__session__calendar__number"), open_week=F("cohort__session__calendar__pk"))
        .exclude(_said_something(OuterRef("open_week")))
    )
    untold = members.exclude(_written(CHECKIN, Membership, pk="pk", person="user", round=OuterRef("week_number")))
    for membership in untold.order_by("pk", "week_number"):
        week = weeks[membership.open_week]
        if not is_due(membership, week, now):
            continue
        page = absolute_url(reverse("checkin", args=[membership.pk, week.number]))
        yield Due(
            recipient=membership.user,
            about=membership,
            session=week.session,
            link=page,
            round=week.number,
            moments={"closes": last_minute(week)},
            context={
                "week": week.number,
                "rest_link": absolute_url(reverse("progress", args=[membership.pk])),
                "choose_link": absolute_url(reverse("checkin_reminder", args=[membership.pk])),
            },
        )


def checkin_still_true(message: Message, now: datetime.datetime) -> bool:
    """Whether the member still owes that week's check-in a word, and still wants to be reminded."""
    membership: Any = message.about
    week = next((week for week in _open_weeks(now).values() if _is_of(week, membership, message.round)), None)
    member = _reminded_members().filter(pk=membership.pk).exclude(_said_something(week.pk)).first() if week else None
    return week is not None and member is not None and is_of_use(member, week, now)


def _is_of(week: Week, membership: Membership, number: int) -> bool:
    return week.session_id == membership.cohort.session_id and week.number == number


# --- assigned reviews that were not handed in: once a session


def _reviews_until(session: Session) -> datetime.datetime | None:
    """When nobody can use a review any more: the last phase is over, or the day on which applicants are to hear from the
    organisers. None: no such day."""
    ends = [phase.closes_at for phase in session.review_phases.all()]
    last = [max(ends)] if ends else []
    if session.hear_by is not None:
        day = session.hear_by + datetime.timedelta(days=1)
        last.append(datetime.datetime.combine(day, datetime.time(), tzinfo=session.zone))
    return min(last, default=None)


def _reviews_are_wanted(session: Session, now: datetime.datetime) -> bool:
    until = _reviews_until(session)
    return until is not None and until - REVIEWS_AHEAD <= now < until and switches_of(session, now).is_open


def due_reviews(now: datetime.datetime) -> Iterator[Due]:
    """Reviewers who did not hand in what is assigned to them, in the last days in which a review is of use."""
    day = datetime.timedelta(days=1)
    ahead = now + REVIEWS_AHEAD
    ends_soon = Exists(ReviewPhase.objects.filter(session=OuterRef("pk"), closes_at__gt=now, closes_at__lte=ahead))
    near = Session.objects.filter(
        Q(hear_by__gte=(now - 2 * day).date(), hear_by__lte=(ahead + 2 * day).date()) | Q(ends_soon), archived_at=None
    ).prefetch_related("review_phases")
    sessions = {session.pk: session for session in near if _reviews_are_wanted(session, now)}
    if not sessions:
        return
    waiting = (
        ReviewAssignment.objects.waiting()
        .filter(_wants_reminders("reviewer"), application__session__in=sessions)
        .exclude(_written(REVIEWS, Session, pk="application__session_id", person="reviewer"))
    )
    pairs = list(waiting.order_by().values_list("application__session_id", "reviewer_id").distinct())
    people = User.objects.in_bulk({reviewer for _session, reviewer in pairs})
    for pk, reviewer in sorted(pairs):
        session = sessions[pk]
        yield Due(
            recipient=people[reviewer],
            about=session,
            session=session,
            link=absolute_url(reverse("admin:cohorts_review_queue")) + f"?session={session.slug}",
            moments={"closes": _reviews_until(session)} if session.review_phases.all() else {},
        )


def reviews_still_true(message: Message, now: datetime.datetime) -> bool:
    session: Any = message.about
    if not _reviews_are_wanted(session, now):
        return False
    mine = ReviewAssignment.objects.waiting().filter(_wants_reminders("reviewer"), reviewer=message.recipient)
    return mine.filter(application__session=session).exists()
