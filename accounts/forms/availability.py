"""The weekly grid as a form: 336 tick boxes called `slot`, and the zone in which they are meant."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.availability import DAYS
from accounts.models.availability import SLOTS_A_WEEK

from .zones import TimeZoneField

WEEKDAYS = range(5)
EVERY_DAY = range(7)


class AvailabilityForm(forms.Form):
    time_zone = TimeZoneField(
        label=_("These hours are meant in the time zone"),
        help_text=_("Your own clock: when it changes to summer time, your hours stay."),
    )
    slot = forms.TypedMultipleChoiceField(
        label=_("Half hours"),
        coerce=int,
        required=False,
        choices=[(str(slot), str(slot)) for slot in range(SLOTS_A_WEEK)],
        error_messages={"invalid_choice": _("A half hour in this form does not exist. Load the page again.")},
    )


class CopyDayForm(forms.Form):
    """Which day to copy to which others. An empty source copies nothing."""

    source = forms.TypedChoiceField(label=_("Copy"), coerce=int, choices=list(enumerate(DAYS)))
    target = forms.ChoiceField(label=_("to"), choices=[("weekdays", _("Monday to Friday")), ("every_day", _("every day"))])

    def days(self) -> tuple[int, list[int]]:
        """Source day and target days, 0 is Monday."""
        targets = WEEKDAYS if self.cleaned_data["target"] == "weekdays" else EVERY_DAY
        return self.cleaned_data["source"], list(targets)
