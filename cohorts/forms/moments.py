"""A moment as organisers type it: a day and a time in their own zone, or the end of a day anywhere on Earth."""

import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.forms import Script
from django.forms.utils import from_current_timezone, to_current_timezone
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.templatetags.interface import full_time
from accounts.zones import day_ended_anywhere, end_of_day_anywhere, zone_label


class MomentWidget(forms.MultiWidget):
    """Day, time, and where `anywhere` a box for the end of the day anywhere on Earth. The zone of the time stands beside it."""

    use_fieldset = True
    #: For the script, where the page has no field for the session's zone.
    session_zone = ""

    class Media:
        # Says what is typed in the session's zone and in UTC before it is saved.
        js = (Script("js/moments.js", defer=True),)

    def __init__(self, *, anywhere: bool = False):
        self.anywhere = anywhere
        # The browser's own fields: they know its keyboard and its language, and need no script.
        day = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        time = forms.TimeInput(format="%H:%M:%S", attrs={"type": "time", "step": "any"})
        super().__init__([day, time, *([forms.CheckboxInput()] if anywhere else [])])

    def decompress(self, value):
        """The end of a day anywhere on Earth is shown as that day with its box ticked, and without a time."""
        day = day_ended_anywhere(value) if value and self.anywhere else None
        if day is not None:
            return [day, None, True]
        local = to_current_timezone(value) if value else None
        parts = [local.date(), local.time().replace(microsecond=0)] if local else [None, None]
        return [*parts, False] if self.anywhere else parts

    def render(self, name, value, attrs=None, renderer=None):
        context = self.get_context(name, value, attrs)
        parts = [
            (part["attrs"].get("id", ""), label, self._render(part["template_name"], {"widget": part}, renderer))
            for part, label in zip(context["widget"]["subwidgets"], self._labels(), strict=True)
        ]
        written = format_html_join(" ", '<span class="part"><label for="{}">{}</label> {}</span>', parts[:2])
        boxes = format_html_join("", '<p class="anywhere"><label for="{0}">{2} {1}</label></p>', parts[2:])
        return format_html(
            '<div class="moment" id="{}" data-zone="{}" data-session-zone="{}">{} <span class="zone">{}</span>{}<output></output></div>',
            context["widget"]["attrs"].get("id", ""),
            timezone.get_current_timezone_name(),
            self.session_zone,
            written,
            zone_label(timezone.localtime()),
            boxes,
        )

    def _labels(self) -> list[str]:
        labels = [_("Date:"), _("Time:")]
        return [*labels, _("At the end of this day, anywhere on Earth")] if self.anywhere else labels


class MomentField(forms.MultiValueField):
    """An aware instant, or None. A time is needed only where the end of the day anywhere on Earth is not meant."""

    def __init__(self, *, anywhere: bool = False, **kwargs):
        fields = [forms.DateField(required=False), forms.TimeField(required=False)]
        if anywhere:
            fields.append(forms.BooleanField(required=False))
        kwargs.setdefault("widget", MomentWidget(anywhere=anywhere))
        super().__init__(fields, require_all_fields=False, **kwargs)

    def validate(self, value):
        # A box that is not ticked looks like something typed to the class above.
        if value is None and self.required:
            raise ValidationError(self.error_messages["required"], code="required")

    def compress(self, data_list) -> datetime.datetime | None:
        day, time, anywhere = [*data_list, None, None, None][:3]
        if day is None:
            if time is None and not anywhere:
                return None
            raise ValidationError(_("Give the day as well."))
        if anywhere:
            try:
                return end_of_day_anywhere(day)
            except OverflowError:
                raise ValidationError(_("Choose an earlier day.")) from None
        if time is None:
            raise ValidationError(_("Give the time as well."))
        return from_current_timezone(datetime.datetime.combine(day, time))


def meaning(moment: datetime.datetime | None, zone: datetime.tzinfo) -> str:
    """What a stored moment means: in `zone`, in UTC and, where it is the end of a day anywhere on Earth, that day."""
    if moment is None:
        return ""
    local, utc = moment.astimezone(zone), moment.astimezone(datetime.UTC)
    parts = [full_time(local)]
    if local.utcoffset():
        parts.append(f"{date_format(utc, 'j F, H:i')} UTC")
    day = day_ended_anywhere(moment)
    if day is not None:
        parts.append(_("the end of %(day)s anywhere on Earth") % {"day": date_format(day, "j F")})
    return "; ".join(parts)


ANYWHERE_HELP = gettext_lazy(
    "Anywhere on Earth: it is over where the day ends last, at 12:00 UTC of the next day. The time is then left empty."
)
