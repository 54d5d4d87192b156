"""What somebody said about proposed times: in their export, and gone with the account."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext as _

from accounts import people_registry
from accounts.models import Message
from accounts.personal_data import iso

from .meeting_poll_mail import POLL, REMINDER
from .models import Meeting, SlotAnswer


def _answers(user) -> list[dict[str, Any]]:
    found = SlotAnswer.objects.filter(user=user).select_related("slot__meeting__session")
    return [
        {
            "session": answer.slot.meeting.session.slug,
            "meeting": str(answer.slot.meeting),
            "time": iso(answer.slot.starts_at),
            "answer": answer.can,
            "at": iso(answer.updated_at),
        }
        for answer in found.order_by("slot__starts_at", "pk")
    ]


def erase(user) -> None:
    """Answers go: nothing rests on when somebody could who is not there any more. So does the name in mails that asked for them."""
    SlotAnswer.objects.filter(user=user).delete()
    made = list(Meeting.objects.filter(made_by=user).values_list("pk", flat=True))
    mails = Message.objects.filter(
        kind__in=[POLL, REMINDER], about_type=ContentType.objects.get_for_model(Meeting), about_id__in=made
    )
    mails.filter(state__in=[Message.State.QUEUED, Message.State.FAILED]).delete()
    mails.update(body=_("Somebody whose account was deleted asked when you can meet."), html="")


def register() -> None:
    people_registry.export_sections |= {"answers_to_proposed_times": _answers}
    if erase not in people_registry.erasers:
        people_registry.erasers.append(erase)
