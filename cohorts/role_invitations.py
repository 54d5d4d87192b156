"""Asking somebody to have a part in a session, by address.

Organisers add at once only people whom they know already: those of their sessions. Every other address gets a mail with a link, whether
it has an account or not, and the page says the same in both cases. Who confirms that address, and says yes, has the part.
"""

import datetime

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from accounts.addresses import same_address
from accounts.audit import record, register_action
from accounts.links import absolute_url
from accounts.messages import queue_message, register_kind, register_still_true
from accounts.models import Message, User

from .locking import locked_session
from .models import Application, Cohort, Membership, MembershipEvent, RoleInvitation, Session, SessionRole
from .place_history import note_change
from .placing import placements, start
from .roles import organises

Role = RoleInvitation.Role
KIND = "role_invited"
#: So long an address waits for an answer before it is forgotten.
LASTS = datetime.timedelta(days=30)
#: So many addresses that wait in one session: more is no list of people whom somebody asks by name.
MOST = 100
LEADING = (Role.NAVIGATOR, Role.CAPTAIN)
_signer = Signer(salt="cohorts.role_invitation", sep=".")


class RoleInvitationError(Exception):
    """What cannot be done, in words for the person who tried."""


def known_person(email: str, *, by) -> User | None:
    """The person with this address, where `by` may know that they have an account: people of the sessions that `by` organises, and
    `by`. The operator knows everybody."""
    return User.objects.organised_by(by).with_email(email).filter(is_active=True).first()


def why_not(session: Session, *, more: int = 1) -> str:
    """Why so many more addresses cannot be asked, in words; empty where they can."""
    if session.archived_at is not None:
        return _("This session is archived: nobody gets a part in it any more.")
    if session.pk is not None and RoleInvitation.objects.filter(session=session).count() + more > MOST:
        return _("Many addresses wait for an answer already. Take some of them back first.")
    return ""


def asked_for_another(email: str, *, session: int, cohort: int) -> str:
    """That this address is asked to lead another cohort of the session already, in words; empty where it is not. Takes numbers."""
    waiting = RoleInvitation.objects.filter(session=session, role__in=LEADING, email=email.strip().lower())
    other = waiting.exclude(cohort=cohort).select_related("cohort").first()
    if other is None:
        return ""
    return _(
        "This address is asked to lead %(cohort)s already, and one person has one cohort in a session. "
        "Take that back first, on the page of the session."
    ) % {"cohort": other.cohort}


def invite(
    session: Session,
    role: str,
    email: str,
    *,
    by,
    cohort: Cohort | None = None,
    reads_accommodations: bool = False,
    now: datetime.datetime | None = None,
) -> RoleInvitation:
    """Ask an address to take a part; who is asked already gets no second mail. Takes as long for an address with an account.

    Raises `RoleInvitationError` where `by` does not organise the session, it is archived, too many wait already, or the address is
    asked to lead another cohort of it.
    """
    with transaction.atomic():
        locked = locked_session(session, by=by)
        if locked is None:
            raise RoleInvitationError(_("Only the organisers of this session can do that."))
        if role in LEADING and (cohort is None or cohort.session_id != locked.pk):
            raise RoleInvitationError(_("This session has no such cohort."))
        elsewhere = asked_for_another(email, session=locked.pk, cohort=cohort.pk) if role in LEADING and cohort else ""
        if elsewhere:
            raise RoleInvitationError(elsewhere)
        waiting = RoleInvitation.objects.filter(session=locked)
        found = waiting.filter(role=role, email=email.strip().lower()).first()
        if found is not None:
            return found
        reason = why_not(locked)
        if reason:
            raise RoleInvitationError(reason)
        invitation = RoleInvitation.objects.create(
            session=locked,
            cohort=cohort if role in LEADING else None,
            role=role,
            reads_accommodations=reads_accommodations and role == Role.ORGANISER,
            email=email.strip().lower(),
            invited_by=by,
            invited_at=now or timezone.now(),
        )
        _tell(invitation, by)
        record("role.invited", by=by, about=invitation, scope=locked, details={"role": role})
    return invitation


def _tell(invitation: RoleInvitation, by) -> None:
    with override(settings.LANGUAGE_CODE):
        session, role = invitation.session, invitation.get_role_display()
        lines = [
            _("Hello,"),
            _("%(person)s asks you to take part in %(session)s. Your part: %(role)s.")
            % {"person": by.get_full_name(), "session": session.name, "role": role},
            _("Say yes or no here. If you have no account yet, you make one with this address first:"),
            absolute_url(reverse("role_invitation", args=[key_of(invitation)])),
            _("If you do not answer, your address is forgotten after 30 days, and nothing else happens."),
        ]
        subject = _("Would you take part in %(session)s?") % {"session": session.name}
        message = queue_message(None, kind=KIND, address=invitation.email, subject=subject, body="\n\n".join(lines))
    assert message is not None  # noqa: S101 (a message to an address is always a new one)
    # A message about something has a recipient, as a rule: what it is about keeps it from going out once it is taken back.
    message.about_type, message.about_id = ContentType.objects.get_for_model(invitation), invitation.pk
    message.save(update_fields=["about_type", "about_id"])


def key_of(invitation: RoleInvitation) -> str:
    """What the link ends in: nobody can make or guess one."""
    return _signer.sign(str(invitation.pk))


def invitation_of(key: str, now: datetime.datetime | None = None) -> RoleInvitation | None:
    """The invitation behind a link; None where it is none, was answered or taken back, is too old, or comes from somebody who does
    not organise the session any more."""
    try:
        pk = int(_signer.unsign(key))
    except (BadSignature, ValueError):
        return None
    found = RoleInvitation.objects.select_related("session", "cohort", "invited_by").filter(pk=pk).first()
    if found is None or found.invited_by is None or found.session.archived_at is not None:
        return None
    if (now or timezone.now()) - found.invited_at > LASTS or not organises(found.invited_by, found.session):
        return None
    return found


def is_to(invitation: RoleInvitation, user) -> bool:
    """Whether `user` has confirmed the address that was asked."""
    confirmed = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return any(same_address(address, invitation.email) for address in confirmed)


def accept(key: str, *, by, now: datetime.datetime | None = None) -> RoleInvitation:
    """Say yes: `by` has the part from now on. Returns the invitation, which is gone. Raises `RoleInvitationError`."""
    with transaction.atomic():
        invitation = _locked(key, by, now)
        if invitation.cohort is not None:
            _lead(invitation.cohort, invitation, by)
        else:
            SessionRole.objects.get_or_create(
                session=invitation.session,
                user=by,
                role=invitation.role,
                defaults={"reads_accommodations": invitation.reads_accommodations},
            )
        invitation.delete()
    return invitation


def refuse(key: str, *, now: datetime.datetime | None = None) -> None:
    """Say no: whoever has the link, also without an account or from another one. The address is forgotten, with the mail to it."""
    with transaction.atomic():
        found = invitation_of(key, now)
        if found is not None:
            about = {"about_type": ContentType.objects.get_for_model(found), "about_id": found.pk}
            Message.objects.filter(kind=KIND, **about).exclude(state=Message.State.SENDING).delete()
            found.delete()


def take_back(invitation: RoleInvitation, *, by) -> None:
    """Ask an address no longer: the link says so, and a mail that waits stays. Raises `RoleInvitationError`."""
    if not organises(by, invitation.session):
        raise RoleInvitationError(_("Only the organisers of this session can do that."))
    invitation.delete()


def forget_old(now: datetime.datetime | None = None) -> int:
    """Forget addresses that did not answer, and all mails to such addresses of that time. Returns how many did not. For a task."""
    before = (now or timezone.now()) - LASTS
    gone, _details = RoleInvitation.objects.filter(invited_at__lt=before).delete()
    Message.objects.filter(kind=KIND, created_at__lt=before).delete()
    return gone


def _locked(key: str, by, now: datetime.datetime | None) -> RoleInvitation:
    found = invitation_of(key, now)
    if found is None:
        raise RoleInvitationError(_("This invitation is over, answered or taken back."))
    Session.objects.select_for_update().get(pk=found.session_id)
    locked = RoleInvitation.objects.select_for_update(of=("self",)).filter(pk=found.pk).first()
    if locked is None:
        raise RoleInvitationError(_("This invitation is over, answered or taken back."))
    if not is_to(found, by):
        raise RoleInvitationError(
            _("This invitation went to another address. Add that address to your account and confirm it first.")
        )
    return found


def _lead(cohort: Cohort, invitation: RoleInvitation, user) -> None:
    session = invitation.session
    waits = (*Application.UNDER_REVIEW, Application.Status.OFFERED)
    if Application.objects.filter(session=session, applicant=user, status__in=waits).exists():
        raise RoleInvitationError(
            _("You applied to this session, and that is not decided or answered yet. Write to the organisers.")
        )
    if placements(session, [user.pk]):
        raise RoleInvitationError(_("You have a place in this session already, and one person has one cohort in a session."))
    earlier = Membership.objects.select_for_update(of=("self",)).filter(cohort=cohort, user=user).first()
    if earlier is None:
        start(cohort, user, invitation.role, by=invitation.invited_by)
    elif earlier.role == Membership.Role.MEMBER:
        raise RoleInvitationError(_("You were a member of this cohort. Write to the organisers."))
    else:
        note_change(earlier, MembershipEvent.What.RETURNED, by=invitation.invited_by, role=invitation.role)


def _still_true(message: Message) -> bool:
    return message.about is not None


def register() -> None:
    register_kind(KIND, label=gettext_lazy("Invitation to take part, by address"))
    register_still_true(KIND, _still_true)
    register_action("role.invited", gettext_lazy("Asked an address to take a part"))
