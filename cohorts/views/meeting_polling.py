"""Times that are proposed: people say at which they can, and whoever arranges settles one."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.signed_in import signed_in
from accounts.zones import zone_label
from cohorts.forms.meeting import ProposeForm
from cohorts.meeting_people import may_cancel, may_change
from cohorts.meeting_poll_look import look_at_poll
from cohorts.meeting_polls import MOST_TIMES, answer_times, change_times, may_propose, settle_time
from cohorts.meeting_rules import MeetingRefused
from cohorts.models import Meeting, SlotAnswer


@signed_in
@require_http_methods(["GET", "POST"])
def times(request, pk):
    """The proposed times of a meeting: answer them, settle one (`settle`), propose another (`add`), take one away (`drop`)."""
    meeting = get_object_or_404(
        Meeting.objects.visible_to(request.user).select_related("session", "cohort__session", "made_by"), pk=pk
    )
    if request.method == "GET":
        if meeting.state == Meeting.State.CONFIRMED:
            return redirect("meeting", pk=pk)
        return _page(request, meeting, ProposeForm())
    try:
        if "add" in request.POST:
            return _add(request, meeting)
        if "drop" in request.POST:
            return _drop(request, meeting)
        return _answer(request, meeting)
    except PermissionDenied:
        raise Http404 from None
    except MeetingRefused as error:
        meeting.refresh_from_db()
        messages.error(request, str(error))
        return redirect("meeting" if meeting.state != Meeting.State.POLLING else "meeting_times", pk=pk)


def _answer(request, meeting):
    """Keep what is ticked, and settle a time where that button was pressed."""
    answers = _answers(request)
    if answers:
        answer_times(meeting, by=request.user, answers=answers)
    settle = request.POST.get("settle", "")
    if settle:
        settle_time(meeting, _key(settle), by=request.user)
        messages.success(request, _("The time is settled. Everybody who is expected gets an invitation."))
        return redirect("meeting", pk=meeting.pk)
    messages.success(request, _("Thank you. You can change it until a time is settled."))
    return redirect("meeting_times", pk=meeting.pk)


def _answers(request) -> dict[int, str]:
    found = {}
    for name, value in request.POST.items():
        if name.startswith("slot_"):
            if value not in ("", *SlotAnswer.Can.values):
                raise Http404
            found[_key(name.removeprefix("slot_"))] = value
    return found


def _add(request, meeting):
    form = ProposeForm(request.POST)
    if not form.is_valid():
        return _page(request, meeting, form, status=422)
    here = [slot.starts_at for slot in meeting.slots.all()]
    change_times(meeting, by=request.user, times=[*here, form.cleaned_data["starts_at"]])
    messages.success(request, _("Proposed. Those who answered already do not hear of it by mail: tell them."))
    return redirect("meeting_times", pk=meeting.pk)


def _drop(request, meeting):
    key = _key(request.POST["drop"])
    change_times(meeting, by=request.user, times=[slot.starts_at for slot in meeting.slots.all() if slot.pk != key])
    messages.success(request, _("This time is no longer proposed."))
    return redirect("meeting_times", pk=meeting.pk)


def _page(request, meeting, form, status=200):
    look = look_at_poll(meeting, reader=request.user)
    context = {
        "meeting": meeting,
        "cohort": meeting.cohort,
        "session": meeting.session,
        "look": look,
        "form": form,
        "may_settle": may_change(request.user, meeting),
        "may_propose": may_propose(request.user, meeting) and len(look.rows) < MOST_TIMES,
        "may_drop": may_propose(request.user, meeting) and len(look.rows) > 1,
        "may_cancel": may_cancel(request.user, meeting),
        "choices": SlotAnswer.Can.choices,
        "zone": zone_label(timezone.localtime()),
        "is_open": meeting.state == Meeting.State.POLLING,
    }
    return render(request, "cohorts/meeting_times.html", context, status=status)


def _key(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise Http404
    return int(text)
