"""Writing to the people of the site or of a session, without an account: a mail through the outbox, with a reply-to that works."""

import datetime
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import people_registry
from accounts.messages import queue_message, register_kind
from accounts.models import Message, User
from accounts.people_registry import Deletion
from accounts.personal_data import iso
from accounts.plain_line import plain_line

from .models import Session

KIND = "contact"
#: So long after it was written a message is kept in the outbox.
KEPT = datetime.timedelta(days=90)
SITE = "site"


class ContactError(Exception):
    """The text says what to do."""


@dataclass(frozen=True)
class Receiver:
    """To whom one can write; the address itself is told to nobody."""

    key: str
    label: Any
    address: str


def receivers(user: Any) -> list[Receiver]:
    """Whom `user`, or a visitor, can write to: the site, and sessions that they see, that name an address and are not archived."""
    found = []
    if settings.CONTACT_EMAIL:
        found.append(Receiver(SITE, gettext_lazy("The people who run this site"), settings.CONTACT_EMAIL))
    sessions = Session.objects.visible_to(user).filter(archived_at__isnull=True).exclude(contact_email="")
    for session in sessions.order_by("-starts_on", "-pk"):
        label = translation.gettext("The organisers of %(session)s") % {"session": session.name}
        found.append(Receiver(f"session-{session.slug}", label, session.contact_email))
    return found


def send(*, by: Any, to: str, name: str, address: str, subject: str, text: str) -> Message:
    """Queue a mail to the receiver whose key is `to`; answers go to `address`. Raises `ContactError` where there is no such receiver."""
    receiver = next((one for one in receivers(by) if one.key == to), None)
    if receiver is None:
        raise ContactError(_("Nobody can be reached there any more. Choose somebody else."))
    confirmed = by.is_authenticated and EmailAddress.objects.filter(user=by, email__iexact=address, verified=True).exists()
    with translation.override(settings.LANGUAGE_CODE):
        proof = (
            _("Written by somebody who is logged in, under an address that belongs to them.")
            if confirmed
            else _("Nobody has proven this address. Be careful with what you answer.")
        )
        lines = [
            _("%(name)s <%(address)s> wrote with the form of the site:") % {"name": name, "address": address},
            text,
            "--",
            proof,
            _("Answer this mail, and the answer goes to that address."),
        ]
        subject = _("Message: %(subject)s") % {"subject": plain_line(subject)}
    message = queue_message(
        None,
        kind=KIND,
        address=receiver.address,
        subject=subject,
        body="\n\n".join(lines),
        reply_to=address,
        language=settings.LANGUAGE_CODE,
    )
    assert message is not None  # noqa: S101 (a message to an address is always a new one)
    return message


def forget_old_messages(now: datetime.datetime | None = None) -> int:
    """Delete what was written with the form long ago, whatever became of it. Returns how many went."""
    over = (now or timezone.now()) - KEPT
    gone, _by_model = Message.objects.filter(kind=KIND, created_at__lt=over).delete()
    return gone


def _written_by(user: User):
    """Messages whose answers go to an address that is known to be this person's."""
    confirmed = EmailAddress.objects.filter(user=user, verified=True).annotate(key=Lower("email")).values("key")
    mine = Q(key=user.email.lower()) | Q(key__in=confirmed)
    return Message.objects.filter(kind=KIND).annotate(key=Lower("reply_to")).filter(mine)


def _export(user: User) -> list[dict[str, Any]]:
    return [
        {"subject": message.subject, "text": message.body, "answers_to": message.reply_to, "written_at": iso(message.created_at)}
        for message in _written_by(user).order_by("created_at", "pk")
    ]


def _preview(user: User) -> Deletion:
    count = _written_by(user).count()
    if not count:
        return Deletion()
    goes = ngettext(
        "%(count)s message that you wrote with the contact form, as far as it is on this site: the mail itself has gone out.",
        "%(count)s messages that you wrote with the contact form, as far as they are on this site: the mails themselves have gone out.",
        count,
    )
    return Deletion(goes=[goes % {"count": count}])


def _erase(user: User) -> None:
    with transaction.atomic():
        Message.objects.filter(pk__in=list(_written_by(user).values_list("pk", flat=True))).delete()


def register() -> None:
    register_kind(KIND, label=gettext_lazy("Message from the contact form"))
    people_registry.export_sections["contact_messages"] = _export
    if _preview not in people_registry.deletion_previews:
        people_registry.deletion_previews.append(_preview)
        people_registry.erasers.append(_erase)
