"""What people are told by mail who offer to help in a session or are asked to."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from accounts.links import absolute_url
from accounts.messages import queue_message, register_still_true
from accounts.models import Message, User

from .message_templates import write_in_any_case
from .models import Volunteer

State = Volunteer.State

INVITED, RECEIVED, ACCEPTED, DECLINED = "volunteer_invited", "volunteer_received", "volunteer_accepted", "volunteer_declined"
#: The state that a mail of each kind speaks of. Once it is another one, the mail is not sent any more.
SPEAKS_OF = {
    INVITED: State.INVITED,
    RECEIVED: State.SUBMITTED,
    ACCEPTED: State.ACCEPTED,
    DECLINED: State.DECLINED,
}

_signer = Signer(salt="cohorts.volunteer_invitation", sep=".")


def register() -> None:
    """Have each of these mails checked again right before it is sent."""
    for kind in SPEAKS_OF:
        register_still_true(kind, _still_true)


def _still_true(message: Message) -> bool:
    volunteer: Any = message.about
    if volunteer is None or volunteer.state != SPEAKS_OF[message.kind]:
        return False
    return message.kind != INVITED or timezone.now() < volunteer.session.begins_at


def key_of(volunteer: Volunteer) -> str:
    """What the link of an invitation ends in: nobody can make or guess one."""
    return _signer.sign(str(volunteer.pk))


def read_key(key: str) -> int | None:
    """The primary key that `key_of` put into a link; None for anything else."""
    try:
        return int(_signer.unsign(key))
    except (BadSignature, ValueError):
        return None


def tell_invited(volunteer: Volunteer, *, by: User, note: str, name: str = "") -> Message | None:
    """Ask somebody to help. An invitation to an address goes to the address, whether it has an account or not, so that the outbox tells
    organisers nothing about that; `name` is what the organiser calls this person."""
    link = absolute_url(reverse("volunteer_invitation", args=[key_of(volunteer)]))
    if volunteer.user is not None:
        return _tell(volunteer, INVITED, link=link, note=note, inviter=by.get_full_name())
    reader = User(email=volunteer.email, name=name, time_zone=volunteer.session.time_zone)
    written = _written(volunteer, INVITED, reader, link=link, note=note, inviter=by.get_full_name())
    message = queue_message(
        None,
        kind=INVITED,
        address=volunteer.email,
        subject=written.subject,
        body=written.body,
        html=written.html,
        language=written.language,
    )
    # A message about something has a recipient, as a rule: what it is about keeps it from going out once it is taken back.
    assert message is not None  # noqa: S101 (a message to an address is always a new one)
    message.about_type, message.about_id = ContentType.objects.get_for_model(volunteer), volunteer.pk
    message.save(update_fields=["about_type", "about_id"])
    return message


def tell_received(volunteer: Volunteer) -> Message | None:
    """“Thank you”: once, however often it is changed afterwards."""
    return _tell(volunteer, RECEIVED)


def tell_decided(volunteer: Volunteer) -> Message | None:
    """What the organisers answered, with their note. Each answer that differs from the one before is a mail of its own."""
    return _tell(volunteer, ACCEPTED if volunteer.state == State.ACCEPTED else DECLINED, note=volunteer.note)


def _tell(volunteer: Volunteer, kind: str, *, link: str = "", note: str = "", inviter: str = "") -> Message | None:
    person = volunteer.user
    assert person is not None  # noqa: S101 (only invitations to addresses have nobody yet)
    link = link or absolute_url(reverse("volunteering", args=[volunteer.pk]))
    written = _written(volunteer, kind, person, link=link, note=note, inviter=inviter)
    return queue_message(
        person,
        kind=kind,
        about=volunteer,
        subject=written.subject,
        body=written.body,
        html=written.html,
        language=written.language,
        round=1 if kind == RECEIVED else _round(volunteer, kind, person),
    )


def _round(volunteer: Volunteer, kind: str, person: User) -> int:
    about = ContentType.objects.get_for_model(volunteer)
    return Message.objects.filter(recipient=person, kind=kind, about_type=about, about_id=volunteer.pk).count() + 1


def _written(volunteer: Volunteer, kind: str, person: User, *, link: str, note: str, inviter: str):
    session = volunteer.session
    return write_in_any_case(
        kind,
        session,
        person,
        lambda: {
            "link": link,
            "role": volunteer.get_role_display().lower(),
            "note": note.splitlines(),
            "inviter": inviter,
            "first_day": date_format(session.first_day, "j F Y"),
        },
    )
