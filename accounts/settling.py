"""What people do about messages: cancel, send again, say what became of one, and what they are advised to do."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from .models import Message, User
from .sending import send_after_commit

State = Message.State
Trouble = Message.Trouble


def cancel_message(message: Message, *, by: User) -> bool:
    """Keep a waiting message from being sent, or let one that failed rest: nobody is asked about it any more. Returns whether it was
    in one of these states still."""
    found = Message.objects.filter(pk=message.pk, state__in=[State.QUEUED, State.FAILED])
    gone = {"body": "", "html": ""} if message.secret else {}
    return bool(found.update(state=State.CANCELLED, **_settled(by), **gone))


def retry_message(message: Message, *, by: User | None = None) -> bool:
    """Send a failed or cancelled message again from the start, where its text is still there. Returns whether it is waiting now.

    Where the address took no mail, it goes to the one that the person has now.
    """
    found = Message.objects.filter(pk=message.pk, state__in=[State.FAILED, State.CANCELLED]).exclude(body="")
    return _queue_again(found, message, by)


def settle_message(message: Message, *, arrived: bool, by: User) -> bool:
    """Say what became of an unsure message: it arrived, or it did not and is sent again. Returns whether it was unsure still, and,
    where it is to be sent again, its text still there (that of a secret one is gone: the person asks for a new code)."""
    found = Message.objects.filter(pk=message.pk, state=State.UNSURE)
    if arrived:
        return bool(
            found.update(state=State.SENT, sent_at=message.tried_at or timezone.now(), error="", trouble="", **_settled(by))
        )
    return _queue_again(found.exclude(body=""), message, by)


def _queue_again(found: Any, message: Message, by: User | None) -> bool:
    changes: dict[str, Any] = {"state": State.QUEUED, "attempts": 0, "error": "", "trouble": "", "tried_at": None}
    if message.trouble == Trouble.ADDRESS and message.recipient is not None and not message.secret:
        changes["address"] = message.recipient.email
    if not found.update(**changes, **_settled(by)):
        return False
    send_after_commit(message.pk)
    return True


def _settled(by: User | None) -> dict[str, Any]:
    return {"settled_by": by, "settled_at": timezone.now()} if by is not None else {}


def advice(message: Message) -> str:
    """What to do about a message that was not sent, in words; empty where there is nothing to do."""
    if message.state == State.UNSURE:
        if message.secret:
            return _("It may have arrived. If it did not, the person asks for a new one: its text is not kept.")
        return _(
            "It may have arrived, and nobody can know from here: the connection broke right after the mail was handed over."
            " Look into the log of the mail server, or ask the person. Then say here whether it arrived, or send it again."
        )
    if message.state == State.QUEUED and message.attempts:
        return _("It is tried again by itself. If this lasts, tell the operator of the site.")
    if message.state != State.FAILED:
        return ""
    by_trouble: dict[str, str] = {
        Trouble.ADDRESS: _(
            "The address may be mistyped, closed or full. Reach the person another way. Once the person has entered another address"
            " in the account, send it again: it goes to the new address."
        ),
        Trouble.CLOSED: _("The person closed the account. There is nothing to do."),
        Trouble.CONTENT: _(
            "Something in the address or the subject cannot stand in a mail. Correct it where it comes from, and send anew."
        ),
        Trouble.REFUSED: _(
            "The mail server refused this mail, not the address: often because it does not let this site send, or takes the text for"
            " unwanted mail. Show the error to the operator of the site, then send it again."
        ),
        Trouble.SERVER: _("The mail server could not be reached for hours. Once it works again, send it again."),
        Trouble.SITE: _("This is an error of this site. Tell its operator, who finds it among the runs of the background tasks."),
    }
    return by_trouble.get(message.trouble) or _("Read the error, then send it again.")
