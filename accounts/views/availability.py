"""The weekly grid."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.availability import copy_day, grid, has_night, set_availability
from accounts.forms.availability import AvailabilityForm, CopyDayForm
from accounts.models import Availability
from accounts.signed_in import signed_in


@signed_in
def availability(request: HttpRequest) -> HttpResponse:
    """Tick half hours and save them; the button beside “Copy” copies a day first. Both save everything that was ticked."""
    stored = Availability.objects.filter(user=request.user).first()
    if request.method == "POST":
        form = AvailabilityForm(request.POST)
        copy_form = CopyDayForm(request.POST)
        wants_copy = "copy" in request.POST
        if form.is_valid() and (not wants_copy or copy_form.is_valid()):
            slots = form.cleaned_data["slot"]
            if wants_copy:
                source, targets = copy_form.days()
                slots = copy_day(slots, source=source, targets=targets)
            saved = set_availability(request.user, slots, time_zone=form.cleaned_data["time_zone"])
            messages.success(request, _("Saved: %(hours)s hours a week.") % {"hours": saved.hours})
            return redirect("availability")
        slots = _readable_slots(request.POST.getlist("slot"))
        return _page(request, form, copy_form, stored, slots, status=422)
    zone = stored.time_zone if stored else request.user.time_zone
    form = AvailabilityForm(initial={"time_zone": zone})
    form.fields["time_zone"].keep(zone)
    return _page(request, form, CopyDayForm(), stored, stored.slots if stored else [])


def _readable_slots(values: list[str]) -> list[int]:
    """What of a refused form can be shown again."""
    return [int(value) for value in values if value.isdecimal() and len(value) <= 3]


def _page(request, form, copy_form, stored, slots, status=200):
    return render(
        request,
        "accounts/availability.html",
        {
            "form": form,
            "copy_form": copy_form,
            "stored": stored,
            "rows": grid(slots),
            "hours": len(set(slots)) / 2,
            "shows_night": has_night(slots),
            "zone_differs": stored is not None and stored.time_zone != request.user.time_zone,
        },
        status=status,
    )
