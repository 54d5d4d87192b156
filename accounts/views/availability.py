"""The weekly grid."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access.safe_next import safe_next
from accounts.availability import (
    NOTHING,
    PRESETS,
    confirm_availability,
    copy_day,
    grid,
    has_night,
    set_availability,
    with_preset,
)
from accounts.forms.availability import AvailabilityForm, CopyDayForm
from accounts.models import Availability
from accounts.signed_in import signed_in

#: In the browser session: the week before a pattern was filled in or a day copied, for “Undo”.
BEFORE = "availability_before"
#: In the browser session: the zones of grid and profile that may differ, until the next log-in.
ZONES_KEPT = "availability_zones"


@signed_in
def availability(request: HttpRequest) -> HttpResponse:
    """Tick half hours and save them. Each button saves what is ticked; some change it first, and what was before can be had back."""
    stored = Availability.objects.filter(user=request.user).first()
    if request.method == "POST":
        form, copy_form = AvailabilityForm(request.POST), CopyDayForm(request.POST)
        if "undo" in request.POST:
            return _undo(request)
        if form.is_valid() and ("copy" not in request.POST or copy_form.is_valid()):
            return _save(request, form, copy_form)
        slots = _readable_slots(request.POST.getlist("slot"))
        return _page(request, form, copy_form, stored, slots, status=422)
    zone = stored.time_zone if stored else request.user.time_zone
    form = AvailabilityForm(initial={"time_zone": zone})
    form.fields["time_zone"].keep(zone)
    return _page(request, form, CopyDayForm(), stored, stored.slots if stored else [])


@signed_in
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """“Still right”, from whatever page asks; back to it (`next`), or with htmx a word of thanks in the place of the question."""
    stored = Availability.objects.filter(user=request.user).first()
    if stored is None:
        return redirect("availability")
    confirm_availability(stored)
    if request.htmx:
        return render(request, "accounts/_availability_confirmed.html", {"stored": stored})
    messages.success(request, _("Thank you. Your hours stand as they are."))
    return redirect(safe_next(request.POST.get("next"), "availability"))


def _save(request, form, copy_form):
    ticked, zone = form.cleaned_data["slot"], form.cleaned_data["time_zone"]
    slots, preset = ticked, request.POST.get("preset", "")
    if "copy" in request.POST:
        source, targets = copy_form.days()
        slots = copy_day(ticked, source=source, targets=targets)
    elif preset in PRESETS or preset == NOTHING:
        slots = with_preset(ticked, preset)
    if request.POST.get("zone_is") == "profile":
        zone = request.user.time_zone
    elif request.POST.get("zone_is") == "grid":
        request.session[ZONES_KEPT] = [zone, request.user.time_zone]
    saved = set_availability(request.user, slots, time_zone=zone)
    request.session.pop(BEFORE, None)
    if set(slots) != set(ticked):
        request.session[BEFORE] = sorted(set(ticked))
    messages.success(request, _("Saved: %(hours)s.") % {"hours": saved.hours_a_week})
    return redirect("availability")


def _undo(request):
    before = request.session.pop(BEFORE, None)
    stored = Availability.objects.filter(user=request.user).first()
    if before is None or stored is None:
        messages.info(request, _("There is nothing to undo any more."))
    else:
        saved = set_availability(request.user, before, time_zone=stored.time_zone)
        messages.success(request, _("As before: %(hours)s.") % {"hours": saved.hours_a_week})
    return redirect("availability")


def _readable_slots(values: list[str]) -> list[int]:
    """What of a refused form can be shown again."""
    return [int(value) for value in values if value.isdecimal() and len(value) <= 3]


def _page(request, form, copy_form, stored, slots, status=200):
    differs = stored is not None and stored.time_zone != request.user.time_zone
    kept = differs and request.session.get(ZONES_KEPT) == [stored.time_zone, request.user.time_zone]
    return render(
        request,
        "accounts/availability.html",
        {
            "form": form,
            "copy_form": copy_form,
            "stored": stored,
            # In one unit; nothing of the day on which it was said.
            "age": timesince(stored.said_at, depth=1) if stored and (timezone.now() - stored.said_at).days >= 1 else "",
            "presets": PRESETS.items(),
            "can_undo": BEFORE in request.session,
            "rows": grid(slots),
            "hours": len(set(slots)) / 2,
            "shows_night": has_night(slots),
            "zone_differs": differs and not kept,
        },
        status=status,
    )
