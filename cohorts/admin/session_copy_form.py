"""The form with which an organiser copies a session: what the copy is called, when it is, and which parts come along."""

import datetime

from django import forms
from django.utils.translation import gettext_lazy as _

from cohorts.forms.moments import ANYWHERE_HELP, MomentField
from cohorts.models import Session
from cohorts.session_copy import CRITERIA, FEEDBACK, MAILS, PARTS, PHASES, QUESTIONS, VOLUNTEERS, WEEKS, Dates

MOMENTS = ("applications_open_at", "applications_close_at")
PART_LABELS = {
    QUESTIONS: _("Questions, with their rules about who can take part"),
    CRITERIA: _("Criteria of the review"),
    PHASES: _("Phases of the review"),
    MAILS: _("Words of mails"),
    WEEKS: _("Texts of the weeks"),
    VOLUNTEERS: _("Questions to people who offer to help, and their training"),
    FEEDBACK: _("Feedback forms"),
}


class SessionCopyForm(forms.Form):
    """`shown_for` is the first day for which the other dates were proposed: with another one they are proposed anew."""

    name = forms.CharField(label=_("Name"), max_length=Session._meta.get_field("name").max_length)
    slug = forms.SlugField(
        label=_("Short name for addresses"), max_length=Session._meta.get_field("slug").max_length, help_text=_("Example: 2027-1")
    )
    starts_on = forms.DateField(label=_("Week 1 begins on"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    applications_open_at = MomentField(label=_("Applications open"), required=False)
    applications_close_at = MomentField(label=_("Applications close"), required=False, anywhere=True, help_text=ANYWHERE_HELP)
    hear_by = forms.DateField(
        label=_("People hear from us by"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    parts = forms.MultipleChoiceField(
        label=_("Copied as well"),
        required=False,
        choices=list(PART_LABELS.items()),
        initial=list(PARTS),
        widget=forms.CheckboxSelectMultiple,
    )
    shown_for = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, session: Session, **kwargs):
        super().__init__(*args, **kwargs)
        for name in MOMENTS:
            self.fields[name].widget.session_zone = session.time_zone

    def dates(self) -> Dates:
        """What was given, once the form is valid."""
        data = self.cleaned_data
        return Dates(data["starts_on"], *(data[name] for name in MOMENTS), data["hear_by"])


def with_dates(data, dates: Dates):
    """A copy of what was posted, with these dates in the fields for them."""
    changed = data.copy()
    for name in MOMENTS:
        widget = SessionCopyForm.base_fields[name].widget
        parts = widget.decompress(getattr(dates, name))
        for number, part in enumerate(parts):
            changed[f"{name}_{number}"] = _as_posted(part)
    changed["hear_by"] = _as_posted(dates.hear_by)
    changed["shown_for"] = changed["starts_on"] = dates.starts_on.isoformat()
    return changed


def _as_posted(value: datetime.date | datetime.time | bool | None) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    return value.isoformat() if value is not None else ""
