"""The page of a meeting: what it is about, who comes, what was said, and who was there; and the lists of meetings."""

import secrets

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.signed_in import signed_in
from cohorts import attendance, meeting_feeds, meeting_notes, meeting_shown
from cohorts.meeting_people import may_arrange, may_cancel, may_change, may_pair
from cohorts.models import Cohort, CohortFeed, Meeting, MeetingNote, MeetingPerson

#: Parts of the page that are written, by the name of their field.
PARTS = ("agenda", "notes", "private")


@signed_in
@require_safe
def meeting(request, pk):
    """A meeting, for whoever sees it."""
    return render(request, "cohorts/meeting.html", _context(request, _meeting(request.user, pk)))


@signed_in
@require_POST
def answer(request, pk):
    """Say whether one comes."""
    found = _meeting(request.user, pk)
    value = request.POST.get("answer", "")
    if value and value not in MeetingPerson.Answer.values:
        raise Http404
    try:
        attendance.say_whether_one_comes(found, by=request.user, answer=value)
    except PermissionDenied:
        raise Http404 from None
    except attendance.AttendanceRefused as error:
        if not request.htmx:
            messages.error(request, str(error))
            return redirect("meeting", pk=pk)
        return render(request, "cohorts/meeting.html#comers", _context(request, found) | {"refused": str(error)})
    if request.htmx:
        return render(request, "cohorts/meeting.html#comers", _context(request, found) | {"answered": True})
    messages.success(request, _("Saved. Everybody who is expected sees it."))
    return redirect(f"{reverse('meeting', args=[pk])}#people")


@signed_in
@require_POST
def attended(request, pk):
    """Note who was there: one person (`person`, `attendance`), or all of whom nothing is noted (`everybody`)."""
    found = _meeting(request.user, pk)
    if not attendance.may_see_attendance(request.user, found):
        raise Http404
    said = ""
    try:
        if "everybody" in request.POST:
            rows = meeting_shown.comers_of(found, reader=request.user, sees_attendance=True).rows
            number = attendance.note_everybody(found, by=request.user, people=[row.user for row in rows])
            said = ngettext("%(number)s person noted as there.", "%(number)s people noted as there.", number) % {"number": number}
        else:
            said = _note(request, found)
    except PermissionDenied:
        raise Http404 from None
    except attendance.AttendanceRefused as error:
        if request.htmx:
            return render(request, "cohorts/meeting.html#comers", _context(request, found) | {"refused": str(error)})
        messages.error(request, str(error))
        return redirect(f"{reverse('meeting', args=[pk])}#people")
    if request.htmx:
        context = _context(request, found)
        rows = [row for row in context["comers"].rows if str(row.user.pk) == request.POST.get("person")]
        if "everybody" not in request.POST and rows:
            # One row alone: two quick taps on two people never undo each other's picture.
            return render(request, "cohorts/_meeting_comer.html", context | {"row": rows[0], "row_announced": said})
        return render(request, "cohorts/meeting.html#comers", context | {"announced": said})
    messages.success(request, said)
    return redirect(f"{reverse('meeting', args=[pk])}#people")


def _note(request, found) -> str:
    value, number = request.POST.get("attendance", ""), request.POST.get("person", "")
    if (value and value not in MeetingPerson.Attendance.values) or not number.isdecimal() or len(number) > 18:
        raise Http404
    person = get_object_or_404(User.objects.visible_to(request.user), pk=int(number))
    row = attendance.note_attendance(found, person, value, by=request.user)
    label = row.get_attendance_display()
    return f"{person}: {label}" if label else _("%(person)s: nothing noted") % {"person": person}


@signed_in
@require_POST
def write(request, pk):
    """Save one part of the page: the agenda, the notes, or one's own private note. Asked by htmx as one types, or by a button."""
    found = _meeting(request.user, pk)
    part = request.POST.get("part", "")
    if part not in PARTS:
        raise Http404
    # “Replace it with mine” names the words that it replaces.
    seen = request.POST.get("replaces", "") or request.POST.get("seen", "")
    text, form = request.POST.get("text", ""), request.POST.get("tab", "")[:32]
    problem, theirs = "", None
    try:
        if part == "private":
            meeting_notes.write_note(found, by=request.user, text=text, shared="shared" in request.POST, seen=seen, form=form)
        else:
            found = meeting_notes.write_text(found, by=request.user, field=part, text=text, seen=seen, form=form)
    except PermissionDenied:
        raise Http404 from None
    except ValidationError as error:
        problem = " ".join(error.messages)
    except meeting_notes.NotesStale as error:
        problem, theirs = str(error), error.stored
    if request.htmx:
        return render(request, "cohorts/_meeting_part_saved.html", _saved(request, found, part, problem, theirs))
    if problem:
        context = _context(request, _meeting(request.user, pk), typed={part: text}, tab=form)
        context |= {"problem": problem, "problem_part": part, "theirs": theirs}
        return render(request, "cohorts/meeting.html", context, status=409 if theirs is not None else 422)
    messages.success(request, _("Saved."))
    return redirect(f"{reverse('meeting', args=[pk])}#{part}")


def _saved(request, found, part, problem, theirs):
    note = meeting_notes.own_note(request.user, found) if part == "private" else None
    stored = (note.text if note is not None else "") if part == "private" else getattr(found, part)
    return {
        "meeting": found,
        "part": part,
        "problem": problem,
        "theirs": theirs,
        "text": stored,
        "seen": meeting_notes.stamp_of(stored),
        "saved_at": timezone.now(),
    }


def _context(request, found, *, typed=None, tab=""):
    now, user = timezone.now(), request.user
    sees_attendance = attendance.may_see_attendance(user, found)
    comers = meeting_shown.comers_of(found, reader=user, sees_attendance=sees_attendance)
    writes = meeting_notes.may_write(user, found)
    keeps = meeting_notes.may_keep_notes(user, found)
    note = meeting_notes.own_note(user, found)
    texts = {"agenda": found.agenda, "notes": found.notes, "private": note.text if note is not None else ""}
    span = meeting_shown.Span(found, now) if found.starts_at is not None else None
    return {
        "meeting": found,
        "session": found.session,
        "cohort": found.cohort,
        "span": span,
        "comers": comers,
        "sees_attendance": sees_attendance,
        "notes_attendance": sees_attendance and attendance.may_note(user, found, now),
        "is_noted_now": attendance.is_noted_now(found, now),
        "may_answer": comers.own is not None and span is not None and not span.is_over and found.state == "confirmed",
        "answers": MeetingPerson.Answer.choices,
        "attendances": MeetingPerson.Attendance.choices,
        "writes": writes,
        "keeps": keeps or note is not None,
        "may_keep": keeps,
        "note": note,
        "shared_notes": meeting_notes.shared_notes(user, found),
        "parts": {
            name: {"text": (typed or {}).get(name, text), "stored": text, "seen": meeting_notes.stamp_of(text)}
            for name, text in texts.items()
        },
        "tab": tab or secrets.token_urlsafe(12),
        "may_change": may_change(user, found),
        "may_cancel": may_cancel(user, found),
    }


# --- lists


@signed_in
@require_safe
def cohort_meetings(request, pk):
    """The meetings of a cohort: what comes next, what was, and how a calendar program reads them."""
    cohort = get_object_or_404(Cohort.objects.visible_to(request.user).select_related("session", "project"), pk=pk)
    context = _lists(request, meeting_shown.meetings_of(cohort, reader=request.user))
    arranges = may_arrange(request.user, cohort)
    notes = MeetingNote.objects.visible_to(request.user).filter(meeting__cohort=cohort, shared=True).exclude(author=request.user)
    context |= {
        "cohort": cohort,
        "session": cohort.session,
        "arranges": arranges,
        "may_pair": arranges or may_pair(request.user, cohort),
        "feed": CohortFeed.objects.working().filter(cohort=cohort).select_related("made_by").first() if arranges else None,
        # Of meetings that one is not asked to: those of which one is asked show their notes on their own page.
        "notes_from_others": list(
            notes.exclude(meeting__in=Meeting.objects.visible_to(request.user))
            .exclude(text="")
            .select_related("meeting__cohort", "author")
            .order_by("-meeting__starts_at", "-pk")[:50]
        ),
    }
    return render(request, "cohorts/meetings.html", context)


@signed_in
@require_safe
def my_meetings(request):
    """All meetings at which one is expected, in whatever cohorts and sessions."""
    meetings = meeting_feeds.meetings_expecting(request.user).select_related("session", "cohort")
    return render(request, "cohorts/my_meetings.html", _lists(request, meetings))


def _lists(request, meetings):
    now = timezone.now()
    upcoming = meeting_shown.ahead(meetings, now)
    before = meeting_shown.past(meetings, now)
    page = Paginator(before, meeting_shown.PAST_SHOWN).get_page(request.GET.get("page"))
    over = [one for one in page.object_list if one.ends_at <= now]
    expecting = set(
        meeting_feeds.meetings_expecting(request.user)
        .filter(pk__in=[one.pk for one in [*upcoming, *over]])
        .values_list("pk", flat=True)
    )
    rows = meeting_shown.rows_of([*upcoming, *over], reader=request.user, expecting=expecting, now=now)
    ahead = rows[: len(upcoming)]
    return {
        "polls": [row for row in ahead if row.meeting.state == "polling"],
        "upcoming": [row for row in ahead if row.meeting.state != "polling"],
        "past": rows[len(upcoming) :],
        "page": page,
        "now": now,
    }


def _meeting(user, pk):
    return get_object_or_404(
        Meeting.objects.visible_to(user).select_related("session", "cohort__session", "cohort__project"), pk=pk
    )
