"""What reports in confidence add to a person's export, and what deleting an account does to them."""

from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import people_registry
from accounts.people_registry import Deletion
from accounts.personal_data import iso
from cohorts.models import Concern, ConcernContact, ConcernNote, ConcernReader

from .waiting import tell_others

State = Concern.State


def _reported(user) -> list[dict[str, Any]]:
    """What the person reported under their name, with what was said to them. What was sent without a name is nobody's."""
    found = Concern.objects.reported_by(user).prefetch_related("readers", "left_out", "notes").select_related("session")
    return [
        {
            "number": concern.pk,
            "session": concern.session.slug if concern.session else None,
            "text": concern.text,
            "when_and_where": concern.happened,
            "how_to_reach_me": concern.reach,
            "state": concern.state,
            "sent_at": iso(concern.created_at),
            "read_by": [reader.get_full_name() for reader in concern.readers.all()],
            "left_out": [person.get_full_name() for person in concern.left_out.all()],
            "words": [
                {"mine": note.from_reporter, "text": note.text, "written_at": iso(note.created_at)}
                for note in concern.notes.all()
                if note.shared
            ],
        }
        for concern in found.order_by("created_at", "pk")
    ]


def _read(user) -> list[dict[str, Any]]:
    """That the person was chosen to read reports, and what they wrote about them. What others reported is others'."""
    reading = ConcernReader.objects.filter(user=user).order_by("pk")
    notes = ConcernNote.objects.filter(author=user, from_reporter=False).order_by("created_at", "pk")
    written: dict[int, list[dict[str, Any]]] = {}
    for note in notes:
        written.setdefault(note.concern_id, []).append({"text": note.text, "written_at": iso(note.created_at)})
    return [
        {
            "number": one.concern_id,
            "since": iso(one.added_at),
            "read_at": iso(one.read_at),
            "why_opened": one.reason,
            "my_notes": written.get(one.concern_id, []),
        }
        for one in reading
    ]


def _contact(user) -> list[dict[str, Any]]:
    found = ConcernContact.objects.filter(user=user).select_related("session").order_by("pk")
    return [
        {
            "session": contact.session.slug if contact.session else None,
            "line": contact.line,
            "can_be_chosen": contact.active,
            "since": iso(contact.created_at),
        }
        for contact in found
    ]


SECTIONS = {"concerns_reported": _reported, "concerns_to_read": _read, "contact_for_concerns": _contact}


def preview(user) -> Deletion:
    goes, stays, warnings = [], [], []
    if ConcernContact.objects.filter(user=user).exists():
        goes.append(_("Your name on the page of those to whom people may turn."))
    reported = Concern.objects.filter(reporter=user).count()
    if reported:
        stays.append(
            ngettext(
                "%(count)s concern that you reported, without your name and without how to reach you: those whom you chose look after it. It goes a year after it is closed.",
                "%(count)s concerns that you reported, without your name and without how to reach you: those whom you chose look after them. Each goes a year after it is closed.",
                reported,
            )
            % {"count": reported}
        )
        if Concern.objects.filter(reporter=user).exclude(state=State.CLOSED).exists():
            warnings.append(_("A concern that you reported is not closed. After this you cannot read answers to it."))
    notes = ConcernNote.objects.filter(author=user, from_reporter=False).count()
    if notes:
        stays.append(
            ngettext(
                "%(count)s note on a concern that somebody reported, without your name.",
                "%(count)s notes on concerns that people reported, without your name.",
                notes,
            )
            % {"count": notes}
        )
    alone = len(_read_by_nobody_else(user))
    if alone:
        warnings.append(
            ngettext(
                "You are the only one who reads %(count)s concern that is not closed. Answer it first, or ask its sender to choose somebody else.",
                "You are the only one who reads %(count)s concerns that are not closed. Answer them first, or ask their senders to choose somebody else.",
                alone,
            )
            % {"count": alone}
        )
    return Deletion(goes=goes, stays=stays, warnings=warnings)


def _read_by_nobody_else(user) -> list[int]:
    open_ones = Concern.objects.filter(reading__user=user).exclude(state=State.CLOSED)
    others = ConcernReader.objects.exclude(user=user).filter(user__is_active=True).values("concern")
    return list(open_ones.exclude(pk__in=others).order_by("pk").values_list("pk", flat=True))


def erase(user) -> None:
    """The person's name goes from everything; the reports stay with those who look after them. One that nobody reads any more counts as new
    again, and the other contacts are told that it waits."""
    abandoned = _read_by_nobody_else(user)
    ConcernContact.objects.filter(user=user).delete()
    ConcernReader.objects.filter(user=user).delete()
    Concern.left_out.through.objects.filter(user_id=user.pk).delete()
    ConcernNote.objects.filter(author=user).update(author=None)
    Concern.objects.filter(reporter=user).update(reporter=None, reach="", token_hash="")
    Concern.objects.filter(pk__in=abandoned).update(state=State.NEW, read_at=None, others_told_at=None)
    for key in abandoned:
        transaction.on_commit(partial(tell_others, key), robust=True)


def register() -> None:
    people_registry.export_sections.update(SECTIONS)
    if preview not in people_registry.deletion_previews:
        people_registry.deletion_previews.append(preview)
        people_registry.erasers.append(erase)
