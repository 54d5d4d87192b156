"""Changing and calling off a meeting, alone or with the later ones of its series; each shows first what will happen."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.signed_in import signed_in
from accounts.zones import zone_label
from cohorts.forms.meeting import CancelMeetingForm, ChangeMeetingForm, typed
from cohorts.meeting_people import may_cancel, may_change, people_of, who_can_be_asked
from cohorts.meeting_rules import MeetingRefused, MeetingStale
from cohorts.meeting_time_look import check_times
from cohorts.meetings import cancel_meeting, change_meeting, later_ones, where_moved
from cohorts.models import Meeting


@signed_in
@require_http_methods(["GET", "POST"])
def change(request, pk):
    """Another title, time, length, link or other people."""
    meeting = _meeting(request.user, pk)
    if not may_change(request.user, meeting):
        raise Http404
    later = later_ones(meeting)
    asked = [row.user for row in meeting.people.filter(invited=True).exclude(user=meeting.made_by).select_related("user")]
    choices = _choices(request.user, meeting, asked)
    kwargs = {"meeting": meeting, "people": choices, "later": len(later)}
    step = request.POST.get("step", "") if request.method == "POST" else "begin"
    if step == "begin":
        form = ChangeMeetingForm(initial=_as_it_is(meeting, asked), **kwargs)
        return _page(request, meeting, form)
    form = ChangeMeetingForm(request.POST, **kwargs)
    if step == "back":
        form = ChangeMeetingForm(initial=typed(form), **kwargs)
        return _page(request, meeting, form)
    if not form.is_valid():
        return _page(request, meeting, form, status=422)
    changes = {
        name: form.cleaned_data[name] for name in ("title", "starts_at", "minutes", "link", "people") if name in form.fields
    }
    if step == "write":
        return _write(request, meeting, form, changes)
    return _check(request, meeting, form, changes, later)


def _write(request, meeting, form, changes):
    try:
        changed = change_meeting(
            meeting,
            by=request.user,
            changes=changes,
            later=form.cleaned_data.get("later", False),
            seen=form.cleaned_data["seen"],
        )
    except PermissionDenied:
        raise Http404 from None
    except MeetingStale as error:
        messages.warning(request, str(error))
        return redirect("change_meeting", pk=meeting.pk)
    except (MeetingRefused, ValidationError) as error:
        form.add_error(None, str(error) if isinstance(error, MeetingRefused) else error.messages)
        return _page(request, meeting, form, status=422)
    if not changed:
        messages.info(request, _("Nothing was changed: everything is as it was."))
    else:
        words = ngettext(
            "%(number)s meeting is changed. Those concerned are told.",
            "%(number)s meetings are changed. Those concerned are told.",
            len(changed),
        )
        messages.success(request, words % {"number": len(changed)})
    return redirect("meeting", pk=meeting.pk)


def _check(request, meeting, form, changes, later):
    """What the change would mean, before anybody is told."""
    both = [meeting, *(later if form.cleaned_data.get("later") else [])]
    people = people_of(meeting)
    if "people" in changes:
        stay = [person for person in people if person.pk in (meeting.made_by_id, request.user.pk)]
        people = list({person.pk: person for person in (*stay, *changes["people"])}.values())
    start = changes.get("starts_at")
    starts = where_moved(meeting, both[1:], start) if start is not None else []
    check = check_times(people, starts, you=request.user, minutes=changes["minutes"], leave_out=[one.pk for one in both])
    context = {
        **_around(meeting),
        "check": check,
        "pairs": list(zip(both, check.rows, strict=True)) if starts else [],
        "moves": start is not None and start != meeting.starts_at,
        "minutes": changes["minutes"],
        "title": changes["title"] or meeting.get_kind_display(),
        "link": changes["link"],
        "people": people,
        "kept": [(name, value) for name, values in request.POST.lists() if name in form.fields for value in values],
    }
    return render(request, "cohorts/meeting_change_check.html", context)


def _page(request, meeting, form, status=200):
    now = timezone.now()
    context = {
        **_around(meeting),
        "form": form,
        "is_gone": meeting.state == Meeting.State.CANCELLED,
        "is_over": meeting.ends_at is not None and meeting.ends_at <= now,
    }
    return render(request, "cohorts/meeting_change.html", context, status=status)


def _around(meeting) -> dict:
    return {
        "meeting": meeting,
        "cohort": meeting.cohort,
        "session": meeting.session,
        "zone": zone_label(timezone.localtime()),
    }


def _as_it_is(meeting, asked) -> dict:
    return {
        "title": meeting.title,
        "starts_at": meeting.starts_at,
        "minutes": meeting.minutes,
        "link": meeting.link,
        "people": [str(person.pk) for person in asked],
        "later": "this",
        "seen": meeting.sequence,
    }


def _choices(user, meeting, asked) -> list:
    """Who can be asked, and who is asked already."""
    found = {person.pk: person for person in who_can_be_asked(user, meeting.cohort or meeting.session).order_by("name", "pk")}
    found |= {person.pk: person for person in asked}
    return [person for pk, person in found.items() if pk not in (meeting.made_by_id, user.pk)]


@signed_in
@require_http_methods(["GET", "POST"])
def cancel(request, pk):
    """Call a meeting off."""
    meeting = _meeting(request.user, pk)
    if not may_cancel(request.user, meeting):
        raise Http404
    later = later_ones(meeting)
    form = CancelMeetingForm(request.POST or None, later=len(later))
    if request.method == "POST" and form.is_valid():
        try:
            gone = cancel_meeting(
                meeting, by=request.user, reason=form.cleaned_data["reason"], later=form.cleaned_data.get("later", False)
            )
        except PermissionDenied:
            raise Http404 from None
        except MeetingRefused as error:
            messages.error(request, str(error))
            return redirect("meeting", pk=meeting.pk)
        words = ngettext("%(number)s meeting is called off.", "%(number)s meetings are called off.", max(len(gone), 1)) % {
            "number": max(len(gone), 1)
        }
        messages.success(request, words)
        return redirect("meeting", pk=meeting.pk)
    now = timezone.now()
    people = people_of(meeting)
    context = {
        **_around(meeting),
        "form": form,
        "people": people,
        "mails": sum(person.meetings_by_mail for person in people) if meeting.starts_at else 0,
        "is_gone": meeting.state == Meeting.State.CANCELLED,
        "is_over": meeting.ends_at is not None and meeting.ends_at <= now,
    }
    return render(request, "cohorts/meeting_cancel.html", context, status=422 if request.method == "POST" else 200)


def _meeting(user, pk) -> Meeting:
    return get_object_or_404(Meeting.objects.visible_to(user).select_related("session", "cohort__session", "made_by"), pk=pk)
