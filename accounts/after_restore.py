"""What becomes of mail, and of the log, when the site is put back to an earlier day."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from operations.backup import register_reset

from .audit import record, register_action
from .models import Message

_MAY_HAVE_ARRIVED = "The site was restored from a backup in which this waited. It may have been sent since."


def hold_mail() -> str | None:
    """What waited in the backup may have gone out since: nobody gets it twice unless somebody says so. Codes of that day are of no use."""
    waiting = Message.objects.filter(state__in=[Message.State.QUEUED, Message.State.SENDING])
    now = timezone.now()
    dropped = waiting.filter(secret=True).update(state=Message.State.CANCELLED, body="", html="", settled_at=now)
    unsure = waiting.update(state=Message.State.UNSURE, trouble=Message.Trouble.SITE, error=_MAY_HAVE_ARRIVED, tried_at=now)
    if not unsure and not dropped:
        return None
    return f"{unsure} messages waited to be sent: say in the admin, under Messages, whether to send them. {dropped} codes are dropped."


def note_it() -> None:
    """What was logged after the backup is gone with it, so the log says why it has a gap."""
    record("site.restored")


def register() -> None:
    register_action("site.restored", _("Put the site back to an earlier day"))
    register_reset("mail", hold_mail)
    register_reset("audit", note_it)
