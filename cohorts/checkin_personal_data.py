"""Replies and cheers of a person: in their export, and what becomes of them when the account is deleted."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import people_registry
from accounts.models import Message
from accounts.people_registry import Deletion
from accounts.personal_data import iso

from .checkin_mail import KIND
from .models import CheckIn, CheckInReply, Cheer


def _replies(user) -> list[dict[str, Any]]:
    """What the person said to check-ins, and what others said to the person's own, without who said it."""
    mine = Q(author=user) | Q(checkin__membership__user=user)
    found = CheckInReply.objects.filter(mine).select_related("checkin__week", "checkin__membership__cohort__session")
    return [
        {
            "session": reply.checkin.membership.cohort.session.slug,
            "week": reply.checkin.week.number,
            "written_by_you": reply.author_id == user.pk,
            "to_your_check_in": reply.checkin.membership.user_id == user.pk,
            "text": reply.text,
            "written_at": iso(reply.created_at),
            "changed_at": iso(reply.edited_at),
        }
        for reply in found.order_by("created_at", "pk")
    ]


def _cheers(user) -> list[dict[str, Any]]:
    found = Cheer.objects.filter(user=user).select_related("checkin__week", "checkin__membership__cohort__session")
    return [
        {
            "session": cheer.checkin.membership.cohort.session.slug,
            "week": cheer.checkin.week.number,
            "at": iso(cheer.created_at),
        }
        for cheer in found.order_by("created_at", "pk")
    ]


def preview(user) -> Deletion:
    stays = []
    replies = CheckInReply.objects.filter(author=user).exclude(checkin__membership__user=user).count()
    if replies:
        stays.append(
            ngettext(
                "%(count)s reply of yours to somebody’s check-in, without your name: it is part of a talk.",
                "%(count)s replies of yours to check-ins of others, without your name: they are part of a talk.",
                replies,
            )
            % {"count": replies}
        )
    return Deletion(stays=stays)


def erase(user) -> None:
    """Words in talks of others stay without a name; cheers go. What stands at the person's own check-ins goes with those."""
    own = CheckIn.objects.filter(membership__user=user).values_list("pk", flat=True)
    others = CheckInReply.objects.filter(author=user).exclude(checkin__membership__user=user).values_list("checkin", flat=True)
    # Mails repeat names and words. Of those that went out the rows stay, which know what somebody was told of.
    mails = Message.objects.filter(kind=KIND, about_type=ContentType.objects.get_for_model(CheckIn))
    mails.filter(about_id__in=list(own)).delete()
    told = mails.filter(about_id__in=list(others))
    told.filter(state__in=[Message.State.QUEUED, Message.State.FAILED]).delete()
    told.update(subject=_("A reply to a check-in"), body=_("Somebody whose account was deleted replied."), html="")
    # At the person's own check-ins, which may stay for what others wrote there.
    CheckInReply.objects.filter(author=user, checkin__membership__user=user).delete()
    CheckInReply.objects.filter(author=user).update(author=None)
    Cheer.objects.filter(user=user).delete()


def register() -> None:
    people_registry.export_sections |= {"checkin_replies": _replies, "cheers": _cheers}
    if preview not in people_registry.deletion_previews:
        people_registry.deletion_previews.append(preview)
        # Before the memberships go, and their check-ins with them.
        people_registry.erasers.insert(0, erase)
