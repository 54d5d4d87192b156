"""What nudges add to a person's export, and what becomes of them when an account is deleted.

What others noted about a person is in nobody's export: it is theirs, and goes with the person's place.
"""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import people_registry
from accounts.models import Message
from accounts.people_registry import Deletion
from accounts.personal_data import iso
from cohorts.models import Nudge, NudgeTold

from .telling import ESCALATED, KIND, round_of


def _handled(user) -> list[dict[str, Any]]:
    """What the person marked as handled. Whom it was about is other people's."""
    found = Nudge.objects.filter(handled_by=user).select_related("membership__cohort__session").order_by("handled_at", "pk")
    return [
        {"session": nudge.membership.cohort.session.slug, "note": nudge.note, "handled_at": iso(nudge.handled_at)}
        for nudge in found
    ]


def preview(user) -> Deletion:
    notes = Nudge.objects.filter(handled_by=user).exclude(note="").exclude(membership__user=user).count()
    if not notes:
        return Deletion()
    stays = ngettext(
        "%(count)s note on how you looked after somebody, without your name: others go on from there.",
        "%(count)s notes on how you looked after people, without your name: others go on from there.",
        notes,
    )
    return Deletion(stays=[stays % {"count": notes}])


def erase(user) -> None:
    """Notes stay without a name; what was noticed about the person goes with their places. Mails to others tell of them no longer."""
    for told in NudgeTold.objects.filter(nudge__membership__user=user).exclude(user=user).order_by("pk"):
        _forget(told)
    NudgeTold.objects.filter(user=user).delete()
    Nudge.objects.filter(handled_by=user).update(handled_by=None)


def _forget(told: NudgeTold) -> None:
    """Take the person out of a mail that named them. One that waits is written anew for the others in it."""
    mails = Message.objects.filter(recipient=told.user_id, kind=ESCALATED if told.escalated else KIND, round=round_of(told.day))
    waiting = Q(state__in=[Message.State.QUEUED, Message.State.FAILED])
    if mails.filter(waiting).delete()[0]:
        NudgeTold.objects.filter(user=told.user_id, day=told.day, escalated=told.escalated).delete()
    mails.update(subject=_("Somebody could use a word"), body=_("This mail told of somebody whose account was deleted."), html="")


def register() -> None:
    people_registry.export_sections |= {"handled": _handled}
    if preview not in people_registry.deletion_previews:
        people_registry.deletion_previews.append(preview)
        # Before the memberships go, and the nudges with them.
        people_registry.erasers.insert(0, erase)
