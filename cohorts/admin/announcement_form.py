"""What is typed of an announcement, and how it would look to somebody."""

from types import SimpleNamespace

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from cohorts.announcements import Draft, problems_of
from cohorts.announcing import recipients_of, write_announcement
from cohorts.message_kinds.placeholders import NAME
from cohorts.models import Announcement, Session

#: People that the field for a person proposes; others are found by their address.
PROPOSED = 200


class AnnouncementForm(forms.Form):
    """What is typed. What is wrong with the words `cohorts.announcements` says."""

    subject = forms.CharField(label=gettext_lazy("Subject"), required=False, widget=forms.TextInput(attrs={"spellcheck": "true"}))
    body = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "true"}),
        help_text=gettext_lazy(
            "An empty line begins a paragraph. **bold**, *slanted*, [words](address), - at the beginning of a line for a list. "
            "A greeting with the name, and a line on how to switch such mail off, are put around it."
        ),
    )
    audience = forms.ChoiceField(
        label=gettext_lazy("For"), choices=Announcement.Audience.choices, initial=Announcement.Audience.EVERYBODY
    )
    week = forms.ModelChoiceField(
        queryset=None,
        label=gettext_lazy("About"),
        required=False,
        empty_label=gettext_lazy("the whole session"),
        error_messages={"invalid_choice": gettext_lazy("This week is not one of the session.")},
    )
    send_on = forms.DateField(
        label=gettext_lazy("Day"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=gettext_lazy("You can choose it later."),
    )
    send_time = forms.TimeField(
        label=gettext_lazy("Time"),
        initial="08:00",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        help_text=gettext_lazy("Where each person lives."),
    )
    person = forms.CharField(
        label=gettext_lazy("Show it for"),
        required=False,
        widget=forms.TextInput(attrs={"list": "people", "inputmode": "email", "autocomplete": "off"}),
        help_text=gettext_lazy("The address of somebody who gets it. Empty: an example."),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, session: Session, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["week"].queryset = session.calendar.order_by("number")
        self.fields["week"].label_from_instance = lambda week: f"{week}: {week.title}" if week.title else str(week)

    @property
    def draft(self) -> Draft:
        data = self.cleaned_data
        return Draft(
            subject=" ".join(data["subject"].split()),
            body=data["body"].replace("\r\n", "\n").strip(),
            audience=data["audience"],
            week=data["week"],
            send_on=data["send_on"],
            send_time=data["send_time"],
        )


def initial_of(draft: Draft | Announcement) -> dict:
    """What the form begins with."""
    return {
        "subject": draft.subject,
        "body": draft.body,
        "audience": draft.audience,
        "week": draft.week.pk if draft.week else None,
        "send_on": draft.send_on,
        "send_time": draft.send_time,
    }


def people_of(session: Session, audience: str) -> list[User]:
    """Those whom an announcement for `audience` is for, by name."""
    found = [one.user for one in recipients_of(Announcement(session=session, audience=audience))]
    return sorted(found, key=lambda user: (user.get_full_name().casefold(), user.pk))


def shown_of(session: Session, form: AnnouncementForm, *, by: User) -> SimpleNamespace:
    """How what is typed would look: `written`, or `problems`; `recipient` for whom it is shown, None for an example."""
    if not form.is_valid():
        return SimpleNamespace(
            problems=[text for errors in form.errors.values() for text in errors], written=None, recipient=None
        )
    draft, address = form.draft, form.cleaned_data["person"].strip()
    problems = [str(one) for one in problems_of(draft)]
    row = Announcement(session=session, subject=draft.subject, body=draft.body, audience=draft.audience)
    recipient = None
    if address:
        recipient = next((one for one in recipients_of(row) if one.user.email.casefold() == address.casefold()), None)
        if recipient is None:
            problems.append(_("This announcement is for nobody with this address: %(address)s.") % {"address": address})
    if problems:
        return SimpleNamespace(problems=problems, written=None, recipient=None)
    example = User(name=str(NAME.example), email="ada@example.org", time_zone=by.time_zone, language=by.language)
    user, place = (recipient.user, recipient.membership) if recipient else (example, None)
    return SimpleNamespace(problems=[], written=write_announcement(row, user, place=place), recipient=recipient)
