"""Announcements that somebody wrote, and digests that name somebody: in the export, and when the account is deleted."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import people_registry
from accounts.models import Message
from accounts.people_registry import Deletion
from accounts.personal_data import iso

from .digests.writing import KIND
from .models import Announcement, Membership, Session


def _announcements(user) -> list[dict[str, Any]]:
    """What the person wrote or had sent."""
    found = Announcement.objects.filter(Q(written_by=user) | Q(scheduled_by=user)).select_related("session")
    return [
        {
            "session": row.session.slug,
            "written_by_you": row.written_by_id == user.pk,
            "scheduled_by_you": row.scheduled_by_id == user.pk,
            "subject": row.subject,
            "text": row.body,
            "state": str(row.get_state_display()),
            "day": iso(row.send_on),
            "scheduled_at": iso(row.scheduled_at),
        }
        for row in found.order_by("created_at", "pk")
    ]


def preview(user) -> Deletion:
    written = Announcement.objects.filter(written_by=user).count()
    if not written:
        return Deletion()
    words = ngettext(
        "%(count)s announcement that you wrote, without your name: it belongs to the session.",
        "%(count)s announcements that you wrote, without your name: they belong to their sessions.",
        written,
    )
    return Deletion(stays=[words % {"count": written}])


def erase(user) -> None:
    """Announcements stay without a name. Digests of the sessions that the person had a place in repeat names and words: of those that
    went out the rows stay, which know that somebody had theirs."""
    Announcement.objects.filter(written_by=user).update(written_by=None)
    Announcement.objects.filter(scheduled_by=user).update(scheduled_by=None)
    sessions = list(Membership.objects.filter(user=user).values_list("cohort__session_id", flat=True))
    digests = Message.objects.filter(kind=KIND, about_type=ContentType.objects.get_for_model(Session), about_id__in=sessions)
    digests.filter(state__in=[Message.State.QUEUED, Message.State.FAILED]).delete()
    digests.update(body=_("What stood here named somebody whose account was deleted."), html="")


def register() -> None:
    people_registry.export_sections |= {"announcements": _announcements}
    if preview not in people_registry.deletion_previews:
        people_registry.deletion_previews.append(preview)
        # Before the memberships go.
        people_registry.erasers.insert(0, erase)
