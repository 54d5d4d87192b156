"""What becomes of a place in a cohort while the weeks run: resting, coming back, leaving, returning, going on longer.

Resting and leaving need no permission of anybody. A reason is never asked for; where one is given, it is read by the person, by those
who lead the cohort and by the organisers, and stands in no mail and in nobody else's export. Nothing that somebody wrote is lost.
"""

import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from .locking import locked_session
from .models import Application, Cohort, Membership, MembershipEvent, Session
from .place_history import ON_THE_WAY, note_change
from .placing import members_taking_a_place, placements
from .questions import clean_text

Role, State, What = Membership.Role, Membership.State, MembershipEvent.What

#: So many characters a reason may have.
LONGEST_NOTE = 500
#: Longer than this nobody goes on: it is a new session then.
LONGEST_EXTENSION = datetime.timedelta(weeks=26)


class PlaceError(Exception):
    """A change of a place that cannot be made. The text is for who asked for it."""


def last_day_of(membership: Membership) -> datetime.date:
    """The last day of this person's session: a later one than the others' where it was extended."""
    last = membership.cohort.session.last_day
    return max(last, membership.extended_until) if membership.extended_until else last


def ends_for(membership: Membership) -> datetime.datetime:
    """The instant at which this person's session is over."""
    return end_of_day(membership.cohort.session, last_day_of(membership))


def end_of_day(session: Session, day: datetime.date) -> datetime.datetime:
    """The instant at which `day` is over in the session's zone."""
    return datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time(), tzinfo=session.zone)


def today_in(session: Session, now: datetime.datetime | None = None) -> datetime.date:
    return (now or timezone.now()).astimezone(session.zone).date()


def may_see_story(user, membership: Membership) -> bool:
    """Whether `user` reads what became of this place, with its reasons: the person, those who lead the cohort, the organisers."""
    if not Membership.objects.visible_to(user).filter(pk=membership.pk).exists():
        return False
    return membership.user_id == user.pk or Membership.objects.led_by(user).filter(pk=membership.pk).exists()


def may(membership: Membership, *, by, now: datetime.datetime | None = None) -> frozenset[str]:
    """What `by` may do with this place now, of "rest", "back", "leave", "return" and "extend". At most four queries.

    Resting is for the person and for those who lead; leaving for the person and the organisers; the rest for organisers, and nobody
    decides about themselves.
    """
    session, now = membership.cohort.session, now or timezone.now()
    if session.archived_at is not None or not may_see_story(by, membership):
        return frozenset()
    own = membership.user_id == by.pk
    organises = Session.objects.organised_by(by).filter(pk=session.pk).exists()
    is_over = now >= ends_for(membership)
    allowed = set()
    if membership.state in ON_THE_WAY:
        if not is_over:
            allowed.add("rest")
        if (own or organises) and not _gives_back_by_application(membership, now):
            allowed.add("leave")
    if membership.state == State.RESTING:
        allowed.add("back")
    if organises and not own:
        if membership.state == State.LEFT and not is_over:
            allowed.add("return")
        if membership.role == Role.MEMBER and membership.state in (*ON_THE_WAY, State.COMPLETED):
            allowed.add("extend")
    return frozenset(allowed)


def _gives_back_by_application(membership: Membership, now: datetime.datetime) -> bool:
    """Before the start a member gives the place back on the page of the application, so that its status says so."""
    session = membership.cohort.session
    if membership.role != Role.MEMBER or now >= session.begins_at:
        return False
    return application_of(membership) is not None


def application_of(membership: Membership) -> Application | None:
    """The application by which a member has the place, accepted."""
    accepted = Application.objects.filter(session=membership.cohort.session_id, applicant=membership.user_id)
    return accepted.filter(status=Application.Status.ACCEPTED).first()


def rest(
    membership: Membership, *, by, until: datetime.date | None = None, note: str = "", now: datetime.datetime | None = None
) -> Membership:
    """Have somebody rest until they say otherwise, or until a day, that day included. Nothing counts while they do.

    For a single week there is `checkins.rest`. Raises `PlaceError`.
    """
    with transaction.atomic():
        locked = _locked(membership, "rest", by=by, now=now)
        session = locked.cohort.session
        if until is not None and not today_in(session, now) <= until <= last_day_of(locked):
            raise PlaceError(
                _("Choose a day from today to %(day)s, or none.") % {"day": date_format(last_day_of(locked), "j F Y")}
            )
        note_change(locked, What.RESTING, by=by, note=private_note(note), now=now, resting_until=until)
    return locked


def come_back(membership: Membership, *, by, now: datetime.datetime | None = None) -> Membership:
    """End a rest. Somebody who does not rest any more simply stays so. Raises `PlaceError`."""
    with transaction.atomic():
        if _row(membership).state == State.ACTIVE and may_see_story(by, membership):
            return _row(membership)
        locked = _locked(membership, "back", by=by, now=now)
        note_change(locked, What.BACK, by=by, now=now)
    return locked


def leave(membership: Membership, *, by, reason: str = "", now: datetime.datetime | None = None) -> Membership:
    """End somebody's part in a cohort. What they wrote and did stays, for themselves as well. Raises `PlaceError`."""
    with transaction.atomic():
        locked = _locked(membership, "leave", by=by, now=now)
        note_change(locked, What.LEFT, by=by, note=private_note(reason), now=now)
    return locked


def return_to(membership: Membership, *, by, note: str = "", now: datetime.datetime | None = None) -> Membership:
    """Let somebody who left come back to the same place, with everything that belongs to it.

    Raises `PlaceError`, also where the cohort is full by now or the person has a part in another cohort of the session.
    """
    with transaction.atomic():
        if locked_session(membership.cohort.session, by=by) is None:
            raise PlaceError(_not_yours())
        cohort = Cohort.objects.select_for_update(of=("self",)).select_related("session").get(pk=membership.cohort_id)
        locked = _locked(membership, "return", by=by, now=now)
        elsewhere = placements(cohort.session_id, [locked.user_id]).get(locked.user_id)
        if elsewhere is not None:
            raise PlaceError(
                _("%(person)s is in %(cohort)s by now, and one person has one cohort in a session.")
                % {"person": locked.user, "cohort": elsewhere.cohort}
            )
        if locked.role == Role.MEMBER and members_taking_a_place(cohort) >= cohort.session.cohort_size_max:
            raise PlaceError(_("%(cohort)s is full by now.") % {"cohort": cohort})
        note_change(locked, What.RETURNED, by=by, note=private_note(note), now=now)
    return locked


def extend(
    membership: Membership, until: datetime.date, *, by, note: str = "", now: datetime.datetime | None = None
) -> Membership:
    """Let a member go on after the session's last day, until a day, that day included. Who had completed goes on.

    Saying the same day twice changes nothing. Raises `PlaceError`.
    """
    with transaction.atomic():
        locked = _locked(membership, "extend", by=by, now=now)
        session = locked.cohort.session
        longest = session.last_day + LONGEST_EXTENSION
        if not max(session.last_day + datetime.timedelta(days=1), today_in(session, now)) <= until <= longest:
            raise PlaceError(
                _("Choose a day after %(first)s that is not over, and not after %(last)s.")
                % {"first": date_format(session.last_day, "j F Y"), "last": date_format(longest, "j F Y")}
            )
        if locked.extended_until != until or locked.state == State.COMPLETED:
            note_change(locked, What.EXTENDED, by=by, note=private_note(note), now=now, extended_until=until)
    return locked


def story_of(membership: Membership, *, viewer) -> list[MembershipEvent]:
    """What became of this place, the latest first, as far as `viewer` may read it. One query."""
    events = MembershipEvent.objects.visible_to(viewer).filter(membership=membership)
    return list(events.select_related("actor", "other__user").order_by("-at", "-pk"))


def changes_in(
    cohorts, *, viewer, until: datetime.datetime, since: datetime.datetime | None = None, most: int | None = None
) -> list[MembershipEvent]:
    """Changes of places in these cohorts (rows or ids) up to `until`, after `since` if given, the latest first, at most so many.

    For those who lead or organise: others get nothing but their own. That somebody joined is no news here. With `membership__user`,
    `membership__cohort`, `actor` and `other__user`. One query. Notes are for pages: they stand in no mail.
    """
    events = MembershipEvent.objects.visible_to(viewer).filter(membership__cohort__in=cohorts, at__lte=until)
    events = events if since is None else events.filter(at__gt=since)
    rows = events.exclude(what=What.JOINED).select_related("membership__user", "membership__cohort", "actor", "other__user")
    return list(rows.order_by("-at", "-pk")[:most])


def _row(membership: Membership) -> Membership:
    rows = Membership.objects.select_for_update(of=("self",)).select_related("cohort__session", "user")
    found = rows.filter(pk=membership.pk).first()
    if found is None:
        raise PlaceError(_("This place is gone."))
    return found


def _locked(membership: Membership, what: str, *, by, now: datetime.datetime | None) -> Membership:
    locked = _row(membership)
    if what not in may(locked, by=by, now=now):
        raise PlaceError(_refusal(locked, what, by=by, now=now))
    return locked


def _refusal(membership: Membership, what: str, *, by, now: datetime.datetime | None) -> str:
    """Why it cannot be: somebody else was quicker, the session is over, or it is not theirs to decide."""
    if not may_see_story(by, membership):
        return _not_yours()
    if membership.cohort.session.archived_at is not None:
        return _("This session is archived: its places stay as they are.")
    if membership.state == State.LEFT and what != "return":
        return _("This person has left the cohort already.")
    if membership.state == State.COMPLETED and what in ("rest", "back", "leave"):
        return _("This session is completed: there is nothing to rest from or to leave.")
    if membership.state == State.INVITED:
        return _("This place is only kept: it was not accepted yet.")
    if membership.state in ON_THE_WAY and what == "return":
        return _("This person is in the cohort.")
    if what in ("rest", "return") and (now or timezone.now()) >= ends_for(membership):
        return _("The session is over.")
    return _not_yours()


def _not_yours() -> str:
    return _("This is not yours to change.")


def private_note(text: str) -> str:
    """A note or a reason as it is stored. Raises `PlaceError` where it is too long."""
    note = clean_text(text).strip()
    if len(note) > LONGEST_NOTE:
        raise PlaceError(_("At most %(longest)s characters fit here.") % {"longest": LONGEST_NOTE})
    return note
