"""Asking people to help in a session: by address, or people whom the organisers know already.

Whether an address has an account is nothing that an organiser learns: an invitation to an address stays one until it is answered.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import getaddresses

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User

from . import volunteer_mail
from .locking import locked_session
from .models import Farewell, Membership, Session, Volunteer
from .volunteers import VolunteerError, take_over, takes_offers

Role, State = Volunteer.Role, Volunteer.State

#: So many addresses at once: a longer list is no list of people whom somebody asks by name.
MOST_AT_ONCE = 50
LONGEST_NOTE = 1000

#: What somebody who said goodbye would like to do next time, by role.
WISHES = {Role.NAVIGATOR: "wants_navigator", Role.CAPTAIN: "wants_captain", Role.ORGANISER: "wants_organiser"}


@dataclass(frozen=True)
class Address:
    """Somebody to invite: small letters, and what the organiser calls this person (may be empty)."""

    email: str
    name: str = ""


@dataclass(frozen=True)
class Suggestion:
    """Somebody who might say yes, and why."""

    person: User
    why: str


def read_addresses(text: str) -> list[Address]:
    """The addresses in what was typed, each once: separated by commas, semicolons or line ends, alone or as “Ada <ada@example.org>”.

    Raises `ValidationError` with every piece that is no address, or where there are none or too many.
    """
    pieces = [piece.strip() for line in text.replace(";", ",").splitlines() for piece in line.split(",") if piece.strip()]
    found: dict[str, Address] = {}
    wrong = []
    for piece in pieces:
        name, email = next(iter(getaddresses([piece])), ("", ""))
        try:
            validate_email(email)
        except ValidationError:
            wrong.append(piece)
            continue
        found.setdefault(email.lower(), Address(email.lower(), " ".join(name.split())[:150]))
    if wrong:
        raise ValidationError(
            _("No email address: %(pieces)s."), params={"pieces": ", ".join(piece[:80] for piece in wrong[:10])}
        )
    if not found:
        raise ValidationError(_("Enter at least one address."))
    if len(found) > MOST_AT_ONCE:
        raise ValidationError(_("At most %(most)s at once."), params={"most": MOST_AT_ONCE})
    return list(found.values())


def invite(
    session: Session,
    role: str,
    *,
    by,
    addresses: Iterable[Address] = (),
    people: Iterable[User] = (),
    note: str = "",
    now: datetime.datetime | None = None,
) -> list[Volunteer]:
    """Ask `addresses` and `people` to help in `role`, each by a mail of their own; returns the new invitations.

    Who is asked already, or has handed in an offer, is left out. Raises `VolunteerError` where `by` does not organise the session, names
    somebody whom `suggestions` does not, or nobody can offer to help any more.
    """
    now = now or timezone.now()
    if not takes_offers(session, now):
        raise VolunteerError(_("People can be asked from the announcement of the session until it begins."))
    with transaction.atomic():
        if locked_session(session, by=by) is None:
            raise VolunteerError(_("Only the organisers of this session can do that."))
        wanted = {person.pk: person for person in people}
        known = {one.person.pk for one in suggestions(session, role, by=by)}
        if wanted.keys() - known:
            raise VolunteerError(_("The list has changed meanwhile. Look at it again."))
        made = [_invite_person(session, role, person, by, now, note) for person in wanted.values()]
        made += [_invite_address(session, role, address, by, now, note) for address in addresses]
    return [volunteer for volunteer in made if volunteer is not None]


def _invite_person(session, role, person, by, now, note) -> Volunteer | None:
    volunteer, _made = Volunteer.objects.select_for_update().get_or_create(session=session, role=role, user=person)
    if volunteer.state not in (State.DRAFT, State.WITHDRAWN):
        return None
    volunteer.state, volunteer.invited_by, volunteer.invited_at = State.INVITED, by, now
    volunteer.save(update_fields=["state", "invited_by", "invited_at", "updated_at"])
    volunteer_mail.tell_invited(volunteer, by=by, note=note)
    return volunteer


def _invite_address(session, role, address: Address, by, now, note) -> Volunteer | None:
    here = Volunteer.objects.filter(session=session, role=role)
    # Only what organisers see counts: not a draft of somebody with this address, nor which account opened an invitation.
    told = Q(user__email__iexact=address.email) & (Q(email="") | ~Q(state=State.INVITED))
    standing = here.exclude(state__in=[State.DRAFT, State.WITHDRAWN])
    if standing.filter(told | Q(email=address.email)).exists():
        return None
    volunteer = here.select_for_update().filter(email=address.email, user__isnull=True).first()
    volunteer = volunteer or Volunteer(session=session, role=role, email=address.email)
    volunteer.state, volunteer.invited_by, volunteer.invited_at = State.INVITED, by, now
    volunteer.save()
    volunteer_mail.tell_invited(volunteer, by=by, note=note, name=address.name)
    return volunteer


def take_back(volunteer: Volunteer, *, by) -> None:
    """Invite somebody no longer: the link says so from then on. Raises `VolunteerError` where it is answered already."""
    with transaction.atomic():
        if locked_session(volunteer.session, by=by) is None:
            raise VolunteerError(_("Only the organisers of this session can do that."))
        locked = Volunteer.objects.select_for_update().filter(pk=volunteer.pk, state=State.INVITED).first()
        if locked is None:
            raise VolunteerError(_("This invitation is answered already, or taken back."))
        _forget([locked.pk])


def _forget(pks: Iterable[int]) -> None:
    """Forget invitations that were not answered. What somebody has typed is theirs: of such rows the invitation alone goes."""
    waiting = Volunteer.objects.filter(pk__in=list(pks), state=State.INVITED)
    begun = waiting.filter(user__isnull=False, version__gt=0)
    begun.update(state=State.DRAFT, email="", invited_by=None, invited_at=None)
    waiting.delete()


def invitation_of(key: str, now: datetime.datetime | None = None) -> Volunteer | None:
    """The invitation that the link with `key` opens; None where the key is none, or the invitation was taken back or is over."""
    pk = volunteer_mail.read_key(key)
    volunteer = (
        Volunteer.objects.filter(pk=pk, invited_at__isnull=False).select_related("session", "user").first() if pk else None
    )
    return volunteer if volunteer is not None and takes_offers(volunteer.session, now) else None


def claim(key: str, *, by, now: datetime.datetime | None = None) -> Volunteer:
    """Make the invitation behind a link that of `by`: whoever can read the mail may have another address in the account.

    Raises `VolunteerError` where it is over, or somebody else answered it.
    """
    with transaction.atomic():
        found = invitation_of(key, now)
        locked = Volunteer.objects.select_for_update().filter(pk=found.pk).first() if found is not None else None
        if locked is None:
            raise VolunteerError(_("This invitation is over or was taken back."))
        if locked.user_id is not None:
            if locked.user_id != by.pk:
                raise VolunteerError(_("Another account has answered this invitation. Log in with that one."))
            return locked
        own = Volunteer.objects.select_for_update().filter(session=locked.session_id, role=locked.role, user=by).first()
        return take_over(locked, own, user=by)


def suggestions(session: Session, role: str, *, by) -> list[Suggestion]:
    """People of earlier sessions that `by` organises who might help in `role`: those who said in their farewell that they would like to,
    then those who did it before. Whoever offered or was asked for this session is left out. Three queries."""
    if role not in WISHES:
        return []
    earlier = Session.objects.organised_by(by).exclude(pk=session.pk).filter(starts_on__lte=session.starts_on).values("pk")
    asked = Volunteer.objects.filter(session=session, role=role, user__isnull=False).exclude(
        state__in=[State.DRAFT, State.WITHDRAWN]
    )
    taken = set(asked.values_list("user_id", flat=True))
    found: dict[int, Suggestion] = {}
    wishes = Farewell.objects.visible_to(by).filter(
        **{WISHES[Role(role)]: True},
        written_at__isnull=False,
        membership__cohort__session__in=earlier,
        membership__user__is_active=True,
    )
    for one in wishes.select_related("membership__user", "membership__cohort__session").order_by("-written_at", "pk"):
        why = _("said so at the end of %(session)s") % {"session": one.membership.cohort.session}
        found.setdefault(
            one.membership.user_id, Suggestion(one.membership.user, f"{why}: {one.wants_note}" if one.wants_note else why)
        )
    if role in (Role.NAVIGATOR, Role.CAPTAIN):
        before = Membership.objects.leading().filter(role=role, cohort__session__in=earlier, user__is_active=True)
        for one in before.select_related("user", "cohort__session").order_by("-cohort__session__starts_on", "pk"):
            why = _("was %(role)s in %(session)s") % {"role": one.get_role_display().lower(), "session": one.cohort.session}
            found.setdefault(one.user_id, Suggestion(one.user, why))
    return [one for pk, one in found.items() if pk not in taken and pk != by.pk]


def end_invitations(now: datetime.datetime | None = None) -> int:
    """Forget invitations that nobody answered before their session began: addresses are not kept longer than they are needed.

    Returns how many. For a task.
    """
    now = now or timezone.now()
    waiting = Volunteer.objects.filter(state=State.INVITED).select_related("session")
    begun = waiting.filter(session__starts_on__lte=(now + datetime.timedelta(days=9)).date())
    over = [one.pk for one in begun.order_by("pk") if now >= one.session.begins_at]
    with transaction.atomic():
        _forget(over)
    return len(over)


def refuse(key: str, *, by, now: datetime.datetime | None = None) -> None:
    """Say no to the invitation behind a link: also for somebody without an account. Raises `VolunteerError` where it is answered."""
    with transaction.atomic():
        found = invitation_of(key, now)
        locked = Volunteer.objects.select_for_update().filter(pk=found.pk, state=State.INVITED).first() if found else None
        if locked is None or (locked.user_id is not None and by.is_authenticated and locked.user_id != by.pk):
            raise VolunteerError(_("This invitation is answered already, or over."))
        locked.state = State.WITHDRAWN
        locked.save(update_fields=["state", "updated_at"])
