"""Places that came free after results were published: organisers are told, or the site offers them to the waitlist.

Organisers decide who is next. A session may leave that to the site (`offers_free_places`): then the published ranks decide, and
organisers are told only of what is left.
"""

import datetime
import logging
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Count, Exists, F, Max, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.links import absolute_url
from accounts.messages import NewMessage, queue_messages, register_still_true
from accounts.models import Message, User

from .decision_messages import answer_until, write_message
from .decisions import Outgoing
from .locking import lock_applications
from .message_templates import TemplateFailed, load_templates, questions_sentence, write_in_any_case
from .models import Application, ApplicationEvent, Cohort, Membership, Session
from .moves import MOVES
from .placing import cohorts_with_taken, keep_place, was_not_chosen
from .publishing import carry_out
from .stages import LONGEST_SESSION
from .waitlist_order import close_ranks

logger = logging.getLogger(__name__)

Status = Application.Status
Decision = Application.Decision

KIND = "places_free"
#: The moves by which a place that was offered comes back.
GIVEN_BACK = {(Status.OFFERED, Status.DECLINED), (Status.OFFERED, Status.EXPIRED), (Status.ACCEPTED, Status.DECLINED)}


def register() -> None:
    """Have what organisers are told checked again right before it is sent."""
    register_still_true(KIND, _still_true)


def free_places(session: Session) -> tuple[int, int]:
    """How many places came back and were offered to nobody since, and how many ever came back. One query.

    Whoever is offered a place after one came back gets that one: so each offer counts for one place, whomever it goes to.
    """
    free = ever = 0
    moves = ApplicationEvent.objects.filter(application__session=session).exclude(from_status=Status.DRAFT)
    for from_status, to_status in moves.order_by("at", "pk").values_list("from_status", "to_status"):
        if to_status == Status.OFFERED:
            free = max(free - 1, 0)
        elif (from_status, to_status) in GIVEN_BACK:
            free, ever = free + 1, ever + 1
    return free, ever


def waiting(session: Session) -> QuerySet[Application]:
    """Those on the waitlist who can be offered a place, by rank; whoever belongs to a cohort of the session by now is not among them.

    Whoever leads one gets no place, and whoever takes part already (members can be imported) has one: an offer would move that
    person to another cohort, and its end would put them out.
    """
    belonging = Membership.objects.filter(cohort__session=session).present()
    people = Application.objects.filter(session=session, status=Status.WAITLISTED, applicant__is_active=True)
    return people.exclude(Exists(belonging.filter(user=OuterRef("applicant")))).order_by(
        F("waitlist_rank").asc(nulls_last=True), "submitted_at", "pk"
    )


def look_after_free_places(now: datetime.datetime | None = None) -> int:
    """Offer free places where the session leaves it to the site, and tell organisers of the others. Returns how many mails were written.

    Before that the published ranks close up, where somebody left the waitlist or was offered a place.

    Running it twice does nothing twice. What fails for one session keeps no other from its turn: it is logged, and raised at the
    end as an `ExceptionGroup`.
    """
    now = now or timezone.now()
    errors: list[Exception] = []
    written = 0
    gaps, looked_after = _sessions_with_gaps(now), _sessions_with_a_waitlist(now)
    for session in sorted({*gaps, *looked_after}, key=lambda one: one.pk):
        try:
            if session in gaps:
                close_ranks(session)
            if session in looked_after:
                if session.offers_free_places:
                    written += offer_free_places(session, now)
                written += tell_organisers(session)
        except Exception as error:
            logger.error("The free places of session %s could not be looked after: %s", session.pk, type(error).__name__)
            errors.append(error)
    if errors:
        raise ExceptionGroup("The free places of some sessions could not be looked after", errors)
    return written


def _sessions_with_a_waitlist(now: datetime.datetime) -> list[Session]:
    """Sessions in which a place can still be offered to somebody on the waitlist, and in which some place came back."""
    events = ApplicationEvent.objects.filter(application__session=OuterRef("pk"), to_status__in=[to for _from, to in GIVEN_BACK])
    waits = Application.objects.filter(session=OuterRef("pk"), status=Status.WAITLISTED)
    found = Session.objects.filter(
        Exists(events), Exists(waits), published_at__lte=now, archived_at=None, starts_on__gte=(now - LONGEST_SESSION).date()
    )
    return [session for session in found.order_by("pk") if _can_be_offered(session, now)]


def _sessions_with_gaps(now: datetime.datetime) -> list[Session]:
    """Sessions whose published ranks do not go from 1 up to as many as wait. In archived ones they stay as they ended."""
    ranked = Application.objects.filter(status=Status.WAITLISTED, waitlist_rank__isnull=False, session__archived_at=None)
    counted = ranked.filter(session__published_at__lte=now).order_by().values("session")
    gaps = counted.annotate(many=Count("pk"), last=Max("waitlist_rank")).exclude(many=F("last"))
    return list(Session.objects.filter(pk__in=gaps.values("session")).order_by("pk"))


def _can_be_offered(session: Session, now: datetime.datetime) -> bool:
    """Whether the dates allow it, as the table of moves has it."""
    return MOVES[(Status.WAITLISTED, Status.OFFERED)].obstacle(Application(session=session), now) is None


# --- telling organisers


def tell_organisers(session: Session) -> int:
    """Write to each organiser that places are free and people wait: once for each time that a place came back."""
    free, ever = free_places(session)
    if not free:
        return 0
    told = Message.objects.filter(
        kind=KIND,
        about_type=ContentType.objects.get_for_model(Session),
        about_id=session.pk,
        recipient=OuterRef("pk"),
        round=ever,
    )
    organisers = User.objects.filter(is_active=True, session_roles__session=session, session_roles__role="organiser").exclude(
        Exists(told)
    )
    wait = list(waiting(session).values_list("applicant_id", flat=True))
    load_templates([session])
    # Somebody who organises and waits as well decides about others only.
    told_now = [person for person in organisers.order_by("pk") if any(applicant != person.pk for applicant in wait)]
    return queue_messages([_message(session, person, free, ever) for person in told_now])


def _message(session: Session, person: User, free: int, ever: int) -> NewMessage:
    written = write_in_any_case(KIND, session, person, lambda: free_values(session, free))
    return NewMessage(person, KIND, session, written.subject, written.body, ever, html=written.html, language=written.language)


def free_values(session: Session, free: int) -> dict[str, object]:
    """What the placeholders of that mail stand for, in the active language."""
    given = {"number": free, "session": session}
    few = ngettext("%(number)s place in %(session)s is free again", "%(number)s places in %(session)s are free again", free)
    news = ngettext(
        "%(number)s place in %(session)s is free again: the offer was declined, or its time is over. There are people on the"
        " waitlist, and nobody was offered this place yet.",
        "%(number)s places in %(session)s are free again: the offers were declined, or their time is over. There are people on the"
        " waitlist, and nobody was offered these places yet.",
        free,
    )
    return {
        "free": free,
        "places_are_free": few % given,
        "news": news % given,
        "link": absolute_url(reverse("admin:cohorts_session_waitlist", args=[session.pk])),
        # Organisers are the session's contact themselves.
        "contact": settings.CONTACT_EMAIL,
        "questions_sentence": questions_sentence(settings.CONTACT_EMAIL),
    }


def _still_true(message: Message) -> bool:
    session: Any = message.about
    free, ever = free_places(session)
    return (
        free > 0
        and ever == message.round
        and session.archived_at is None
        and _can_be_offered(session, timezone.now())
        and session.roles.filter(user=message.recipient, role="organiser").exists()
        and waiting(session).exclude(applicant=message.recipient).exists()
    )


# --- offering by rank


def offer_free_places(session: Session, now: datetime.datetime) -> int:
    """Offer each free place to the next on the waitlist, as publishing does. Returns how many were offered.

    Left to the organisers: people without a published rank, not plainly eligible or with a pending decision; people for whom no
    cohort of a project that they chose has room; people whose mail cannot be written from the session's words; those who organise
    the session themselves; and everything, once people could answer only after the session has begun. Offers that organisers have
    prepared and not published yet count as made.
    """
    with transaction.atomic():
        # Locked as publishing locks them: neither offers what the other one is about to offer.
        locked = Session.objects.select_for_update().get(pk=session.pk)
        lock_applications(locked)
        if not locked.offers_free_places or answer_until(locked, now) > locked.begins_at:
            return 0
        prepared = locked.applications.filter(pending_decision=Decision.OFFER).count()
        free = free_places(locked)[0] - prepared
        # Nobody decides on themselves: whoever orders the waitlist and switches this on could come first.
        organisers = set(locked.roles.filter(role="organiser").values_list("user", flat=True))
        offered = 0
        for application, cohort in next_in_line(locked):
            if offered >= free:
                break
            if application.applicant_id not in organisers and _offer(application, locked, cohort, now):
                offered += 1
            elif cohort is not None:
                # The place is still there for whoever comes next.
                cohort.taken -= 1
    return offered


def next_in_line(session: Session) -> Iterator[tuple[Application, Any]]:
    """Who is next by published rank, each with the cohort that has room: the favourite project first, then the smallest cohort.

    None where the session has no cohorts. The place of each counts as `taken` for those behind. Whoever needs a person's look is passed
    over: see `offer_free_places`.
    """
    cohorts = list(cohorts_with_taken(session).order_by("pk"))
    in_line = waiting(session).filter(
        waitlist_rank__isnull=False, eligibility=Application.Eligibility.ELIGIBLE, pending_decision=Decision.NONE
    )
    for application in in_line.select_related("applicant").prefetch_related("project_preferences"):
        application.session = session
        if not cohorts:
            yield application, None
            continue
        ranks: dict[int | None, int] = {row.project_id: row.rank for row in application.project_preferences.all()}
        rooms = [
            cohort for cohort in cohorts if cohort.taken < session.cohort_size_max and not was_not_chosen(application, cohort)
        ]
        if rooms:
            best = min(rooms, key=lambda cohort: (ranks.get(cohort.project_id, len(ranks) + 1), cohort.taken))
            yield application, best
            best.taken += 1


def _offer(application: Application, session: Session, cohort: Cohort | None, now: datetime.datetime) -> bool:
    """Offer the place. Returns False, with nothing written, where the mail cannot be written for this person."""
    application.pending_decision = Decision.OFFER
    try:
        message = write_message(application, cohort=cohort, answer_by=answer_until(session, now))
    except TemplateFailed as error:
        logger.error("Application %s was not offered a place: its mail cannot be written: %s", application.pk, error)
        return False
    outgoing = Outgoing(application, Status.OFFERED, cohort, message)
    carry_out([outgoing], session, by=None, now=now, note=_("Offered by the site, in the order of the waitlist"))
    if cohort is not None:
        keep_place(application, cohort)
    return True
