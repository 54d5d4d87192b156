"""Mails about a person's data: that a file is there, that something did not work, and the last one."""

import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from .language import spoken
from .mail_kinds import register_kind
from .messages import queue_message
from .models import DataRequest, Message, User

READY = "data_ready"
FAILED = "data_failed"
GOODBYE = "account_deleted"
STUCK = "deletion_stuck"
STUCK_FOR_PERSON = "deletion_late"


def _page() -> str:
    return f"{settings.SITE_URL}{reverse('my_data')}"


def write_ready(request: DataRequest) -> None:
    """That the file can be downloaded: a link to the page, where the person logs in; never the file."""
    if request.user is None:
        return
    with override(spoken(request.language)):
        body = _(
            "The file with everything that %(site)s knows about you is ready. Log in and download it here:\n\n%(page)s\n\n"
            "It is kept for seven days, then it is deleted. You can ask for a new one at any time.\n\n"
            "You did not ask for it? Then somebody else may be logged in as you. Change your password and look at your devices."
        ) % {"site": settings.SITE_NAME, "page": _page()}
        queue_message(request.user, kind=READY, about=request, subject=_("Your data is ready to download"), body=body)


def write_failed(request: DataRequest) -> None:
    """That the file could not be made."""
    if request.user is None:
        return
    with override(spoken(request.language)):
        body = _(
            "The file with your data could not be made. Nothing of your data changed.\n\nAsk for it once more here:\n\n%(page)s\n\n"
            "If it fails again, write to the people who run the site: they see what went wrong."
        ) % {"page": _page()}
        queue_message(request.user, kind=FAILED, about=request, subject=_("Your data could not be put together"), body=body)


def write_goodbye(address: str, *, language: str) -> None:
    """The last mail, to the address of an account that is gone. Its text goes once it is sent, the row some days later."""
    with override(spoken(language)):
        body = _(
            "Your account on %(site)s is deleted, with what the page had listed.\n\n"
            "Backups still hold it until they are overwritten in their turn. Should the site have to be restored from one, your account "
            "may be in it: then write to the people who run the site, and they delete it again.\n\n"
            "This is the last mail that you get from us. Thank you for having been here."
        ) % {"site": settings.SITE_NAME}
        queue_message(None, kind=GOODBYE, address=address, subject=_("Your account is deleted"), body=body, secret=True)


def write_deletion_stuck(request: DataRequest) -> None:
    """To the operators, by the account's number, and to the person: the account is closed, the deletion did not end yet."""
    operators = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=request.person_key)
    tasks = f"{settings.SITE_URL}{reverse('admin:background_taskrun_changelist')}?state=failed"
    for operator in operators.order_by("pk"):
        with override(spoken(operator.language)):
            body = _(
                "The deletion of account %(number)s did not end. The account is closed, and nobody can log in to it, but its data is "
                "still there. The site tries again each hour.\n\nLook at what went wrong, here:\n\n%(tasks)s\n\n"
                "The law gives a month for this."
            ) % {"number": request.person_key, "tasks": tasks}
            subject = _("Action required: the deletion of an account did not end")
            queue_message(operator, kind=STUCK, about=request, subject=subject, body=body)
    if request.address:
        with override(spoken(request.language)):
            body = _(
                "Your account on %(site)s is closed. Deleting your data takes longer than it should: something went wrong, and the people "
                "who run the site were told. You need not do anything. You get one more mail when it is done."
            ) % {"site": settings.SITE_NAME}
            subject = _("Deleting your account takes longer")
            queue_message(None, kind=STUCK_FOR_PERSON, address=request.address, subject=subject, body=body, secret=True)


def forget_goodbyes(before: datetime.datetime) -> int:
    """Delete the rows of mails to closed accounts: nothing but an address is left in them. Returns how many."""
    return Message.objects.filter(kind__in=[GOODBYE, STUCK_FOR_PERSON], recipient=None, created_at__lt=before).delete()[0]


def register() -> None:
    register_kind(READY, label=gettext_lazy("File of one's own data is ready"))
    register_kind(FAILED, label=gettext_lazy("File of one's own data could not be made"))
    register_kind(GOODBYE, label=gettext_lazy("Account deleted"))
    register_kind(STUCK, label=gettext_lazy("Deletion of an account did not end"))
    register_kind(STUCK_FOR_PERSON, label=gettext_lazy("Deletion of an account takes longer"))
