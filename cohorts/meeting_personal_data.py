"""A person's meetings: in their export, and what becomes of them when the account is deleted."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import people_registry
from accounts.people_registry import Deletion
from accounts.personal_data import iso

from .models import Meeting, MeetingNote, MeetingNotice, MeetingPerson


def _meetings(user) -> dict[str, Any]:
    """What the person said and what was noted about them, and the notes that they wrote; nobody's else, though they may be about them."""
    said = MeetingPerson.objects.filter(user=user).select_related("meeting__session", "meeting__cohort")
    notes = MeetingNote.objects.filter(author=user).select_related("meeting__session")
    return {
        "meetings": [
            {
                "session": row.meeting.session.slug,
                "cohort": str(row.meeting.cohort) if row.meeting.cohort is not None else None,
                "meeting": str(row.meeting),
                "begins": iso(row.meeting.starts_at),
                "asked_by_name": row.invited,
                "answer": row.answer,
                "attendance": row.attendance,
                "attendance_noted_at": iso(row.noted_at),
            }
            for row in said.order_by("meeting__starts_at", "pk")
        ],
        "notes": [
            {
                "session": note.meeting.session.slug,
                "meeting": str(note.meeting),
                "begins": iso(note.meeting.starts_at),
                "text": note.text,
                "shared": note.shared,
                "written_at": iso(note.created_at),
                "changed_at": iso(note.updated_at),
            }
            for note in notes.order_by("created_at", "pk")
        ],
    }


def preview(user) -> Deletion:
    goes = []
    said = MeetingPerson.objects.filter(user=user).count()
    if said:
        words = ngettext(
            "What you said and what was noted about you at %(count)s meeting",
            "What you said and what was noted about you at %(count)s meetings",
            said,
        )
        goes.append(words % {"count": said})
    notes = MeetingNote.objects.filter(author=user).count()
    if notes:
        words = ngettext("%(count)s note that you kept about a meeting", "%(count)s notes that you kept about meetings", notes)
        goes.append(words % {"count": notes})
    if _one_to_ones(user).exists():
        goes.append(_("What others wrote down for themselves at a 1:1 with you, if they did"))
    return Deletion(goes=goes)


def erase(user) -> None:
    """Agenda and notes of meetings stay: everybody wrote them. What is the person's, or about nobody else, goes."""
    MeetingNote.objects.filter(meeting__in=_one_to_ones(user)).delete()
    MeetingNote.objects.filter(author=user).delete()
    MeetingPerson.objects.filter(user=user).delete()
    MeetingPerson.objects.filter(noted_by=user).update(noted_by=None)
    MeetingNotice.objects.filter(user=user).delete()
    Meeting.objects.filter(made_by=user).update(made_by=None)


def _one_to_ones(user):
    return Meeting.objects.filter(kind=Meeting.Kind.ONE_TO_ONE, few=True, people__user=user, people__invited=True)


def register() -> None:
    people_registry.export_sections |= {"meetings": _meetings}
    if preview not in people_registry.deletion_previews:
        people_registry.deletion_previews.append(preview)
        people_registry.erasers.append(erase)
