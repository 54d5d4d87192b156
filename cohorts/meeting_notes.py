"""What is written on a meeting's page: agenda and notes by everybody who is expected, and notes that somebody who leads keeps to themselves.

Each field is saved for itself, as it is typed. A page says which text it was made from; where somebody else has written meanwhile, nothing is
overwritten, and both texts are shown.
"""

import hashlib

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from .meeting_people import may_arrange, people_of
from .models import Meeting, MeetingNote, MeetingPerson
from .questions import clean_text

#: What everybody who is expected reads and writes.
SHARED_FIELDS = ("agenda", "notes")
#: So many characters a text may have.
LONGEST = 20_000


class NotesStale(Exception):
    """Somebody else saved other words since the page was made. `stored` is what they wrote."""

    def __init__(self, stored: str):
        super().__init__(_("Somebody else wrote here meanwhile. Your words are still in the form; nothing was overwritten."))
        self.stored = stored


def stamp_of(text: str) -> str:
    """What a page carries to say which text it was made from."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def may_write(user, meeting: Meeting) -> bool:
    """Whether `user` may write agenda and notes: who is expected at a cohort's meeting, and who may arrange it. For a whole session those
    who arrange and those who are asked by name, since otherwise hundreds would write on one page."""
    if not user.is_authenticated or meeting.session.archived_at is not None or meeting.state == Meeting.State.CANCELLED:
        return False
    if not Meeting.objects.visible_to(user).filter(pk=meeting.pk).exists():
        return False
    if may_arrange(user, meeting.cohort or meeting.session):
        return True
    if meeting.cohort_id is None:
        return MeetingPerson.objects.filter(meeting=meeting, user=user, invited=True).exists()
    return any(person.pk == user.pk for person in people_of(meeting))


def write_text(meeting: Meeting, *, by, field: str, text: str, seen: str, form: str = "") -> Meeting:
    """Save `field` (“agenda” or “notes”). `seen` is the stamp of the text that the page was made from, `form` names the page itself: what it
    saved last never makes it out of date. Saving what is there already changes nothing.

    Raises `PermissionDenied`, `NotesStale`, and `ValidationError` for a text that is too long.
    """
    if field not in SHARED_FIELDS:
        raise ValueError(f"Not written here: {field}")
    text = _checked(text)
    with transaction.atomic():
        locked = Meeting.objects.select_for_update(of=("self",)).select_related("session", "cohort__session").get(pk=meeting.pk)
        if not may_write(by, locked):
            raise PermissionDenied
        stored = getattr(locked, field)
        if stored == text:
            return locked
        # By field: what this page saved elsewhere says nothing about the words that others wrote here.
        mark = f"{field}:{form}"[:40] if form else ""
        if stamp_of(stored) != seen and not (mark and locked.saved_by_form == mark):
            raise NotesStale(stored)
        setattr(locked, field, text)
        locked.version += 1
        locked.saved_by_form = mark
        locked.save(update_fields=[field, "version", "saved_by_form", "updated_at"])
    return locked


# --- for oneself


def may_keep_notes(user, meeting: Meeting) -> bool:
    """Whether `user` may keep notes of their own: navigators, captains and organisers, at meetings that they see."""
    return (
        may_arrange(user, meeting.cohort or meeting.session) and Meeting.objects.visible_to(user).filter(pk=meeting.pk).exists()
    )


def own_note(user, meeting: Meeting) -> MeetingNote | None:
    """What `user` wrote for themselves."""
    return MeetingNote.objects.visible_to(user).filter(meeting=meeting, author=user).first()


def shared_notes(user, meeting: Meeting) -> QuerySet[MeetingNote]:
    """What others who lead or organise share with `user` about `meeting`."""
    notes = MeetingNote.objects.visible_to(user).filter(meeting=meeting).exclude(author=user).exclude(text="")
    return notes.select_related("author").order_by("created_at", "pk")


def write_note(meeting: Meeting, *, by, text: str, shared: bool, seen: str, form: str = "") -> MeetingNote | None:
    """Save the note that `by` keeps about `meeting`; `seen` and `form` as for `write_text`. An empty one is deleted: then the answer is None.

    Raises `PermissionDenied`, `NotesStale` (another tab of the same person), `ValidationError`.
    """
    text = _checked(text)
    if not may_keep_notes(by, meeting):
        raise PermissionDenied
    with transaction.atomic():
        # The meeting's row, since there may be no note yet: two tabs wait for each other.
        Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
        note = MeetingNote.objects.filter(meeting=meeting, author=by).first()
        stored = note.text if note is not None else ""
        is_mine = note is not None and form and note.saved_by_form == form[:40]
        if stored not in (text, "") and stamp_of(stored) != seen and not is_mine:
            raise NotesStale(stored)
        if not text:
            if note is not None:
                note.delete()
            return None
        if note is None:
            note = MeetingNote(meeting=meeting, author=by)
        elif note.text == text and note.shared == shared:
            return note
        note.text, note.shared = text, shared
        note.version += 1
        note.saved_by_form = form[:40]
        note.save()
    return note


def _checked(text: str) -> str:
    text = clean_text(text)
    if not text.strip():
        return ""
    if len(text) > LONGEST:
        words = _("At most %(longest)s characters fit here. You wrote %(written)s.")
        raise ValidationError(words % {"longest": LONGEST, "written": len(text)})
    return text
