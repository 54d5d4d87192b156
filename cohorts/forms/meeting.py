"""Forms that make and change meetings. Times are typed and read on the clock of the person who writes."""

import datetime
import secrets

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy

from cohorts.meeting_rules import FARTHEST, PRIVATE_KINDS, MeetingRefused, refuse_time
from cohorts.models import Cohort, Meeting

Kind = Meeting.Kind

#: The lengths that are offered.
LENGTHS = (15, 30, 45, 60, 90, 120, 180)
#: Fields for times that no list shows.
OTHER_TIMES = ("other_1", "other_2", "other_3")
#: How each time is sent: an instant in UTC.
TIME_FORMAT = "%Y-%m-%dT%H:%MZ"

ONCE, WEEKLY, BIWEEKLY, ASK = "once", "weekly", "biweekly", "ask"


def written(moment: datetime.datetime) -> str:
    """An instant as the form sends it."""
    return moment.astimezone(datetime.UTC).strftime(TIME_FORMAT)


def read_time(text: str) -> datetime.datetime | None:
    """The instant that the form sent; None for what no form of ours sends."""
    try:
        return datetime.datetime.strptime(text, TIME_FORMAT).replace(tzinfo=datetime.UTC)
    except ValueError:
        return None


def length_choices(*, keep: int | None = None) -> list[tuple[int, str]]:
    lengths = sorted({*LENGTHS, *([keep] if keep else [])})
    return [(number, ngettext("%(number)s minute", "%(number)s minutes", number) % {"number": number}) for number in lengths]


def typed(form: forms.Form) -> dict:
    """What stands in a form, judged by nobody: to show it again."""
    return {
        name: field.widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
        for name, field in form.fields.items()
    }


class LocalTimeInput(forms.DateTimeInput):
    """The browser's own field for day and time, on the clock of the reader."""

    input_type = "datetime-local"

    def __init__(self, **kwargs):
        super().__init__(format="%Y-%m-%dT%H:%M", **kwargs)


class LocalTimeField(forms.DateTimeField):
    widget = LocalTimeInput
    default_error_messages = {
        "invalid": _("Give a day and a time, such as 24.11.2026, 18:00."),
        "ambiguous_timezone": _("Clocks change at that hour: it does not take place, or takes place twice. Choose another one."),
    }

    def to_python(self, value):
        try:
            return super().to_python(value)
        except ValidationError as error:
            code = error.error_list[0].code
            raise ValidationError(self.error_messages.get(code, error.messages[0]), code=code) from None


class PeopleField(forms.MultipleChoiceField):
    """People by their keys; `clean` returns the users."""

    widget = forms.CheckboxSelectMultiple

    def set_people(self, people, leaders=()) -> None:
        """Offer these people; of `leaders` (keys) the list says that they lead."""
        self.people = {str(person.pk): person for person in people}
        words = _("%(name)s (leads the cohort)")
        self.choices = [
            (key, words % {"name": person.get_full_name()} if person.pk in leaders else person.get_full_name())
            for key, person in self.people.items()
        ]

    def clean(self, value):
        return [self.people[key] for key in super().clean(value)]


class MeetingForm(forms.Form):
    """A new meeting of a cohort or a session. `people` are those who can be asked by name, `zones` those whose clock a series may follow."""

    kind = forms.ChoiceField(label=_("What kind of meeting"))
    people = PeopleField(label=_("With whom"), required=False)
    minutes = forms.TypedChoiceField(label=_("How long"), coerce=int, initial=60)
    look_from = forms.DateField(
        label=_("Look for times from"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    other_1 = LocalTimeField(label=_("Another time"), required=False)
    other_2 = LocalTimeField(label=_("Another time"), required=False)
    other_3 = LocalTimeField(label=_("Another time"), required=False)
    how = forms.ChoiceField(label=_("With the time that you chose"), widget=forms.RadioSelect, initial=ONCE)
    time_zone = forms.ChoiceField(
        label=_("Each week at the same hour in"),
        required=False,
        help_text=_("Clocks change on different days around the world. Meetings of each week keep their hour here."),
    )
    title = forms.CharField(
        label=_("Title"), max_length=120, required=False, help_text=_("Without one it is called by its kind.")
    )
    link = forms.URLField(
        label=_("Link"),
        max_length=500,
        required=False,
        assume_scheme="https",
        help_text=_("Where you meet, such as a video call."),
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    agenda = forms.CharField(
        label=_("Agenda"),
        max_length=20000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Markdown. Everybody who is invited reads it, and you can write it later."),
    )
    #: The boxes with times, which the page draws: `chosen` reads them, and here stands what is wrong with them.
    time = forms.Field(label=_("When"), required=False, widget=forms.MultipleHiddenInput)
    form = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    def __init__(self, *args, where, arranges: bool, people, leaders, zones, **kwargs):
        super().__init__(*args, **kwargs)
        self.arranges, self.leaders = arranges, leaders
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds_for(where, arranges=arranges)]
        self.fields["people"].set_people(people, leaders)
        self.fields["minutes"].choices = length_choices()
        self.fields["time_zone"].choices = zones
        self.fields["how"].choices = self._ways(arranges)
        if not arranges:
            self.fields["how"].help_text = _("A 1:1 is asked for in any case: whoever leads settles the time.")
        self.initial.setdefault("form", secrets.token_urlsafe(12))
        if isinstance(where, Cohort):
            self.fields["people"].help_text = _("For a 1:1 and for pairing. To other meetings everybody in the cohort is asked.")
        else:
            del self.fields["people"]

    def _ways(self, weekly):
        ways = [(ONCE, _("Make this meeting"))]
        if weekly:
            ways += [
                (WEEKLY, _("Make it each week, to the end of the session")),
                (BIWEEKLY, _("Make it every second week, to the end of the session")),
            ]
        return [*ways, (ASK, _("Ask everybody which of several times suit them, and settle one later"))]

    def chosen(self) -> list[datetime.datetime]:
        """The times that are ticked, in order; what cannot be read is left out."""
        if not self.is_bound:
            return []
        found = {read_time(text) for text in self.data.getlist("time")[:200]}
        now = timezone.now()
        return sorted(moment for moment in found if moment is not None and abs(moment - now) <= FARTHEST)

    def clean(self):
        cleaned = super().clean()
        kind, how = cleaned.get("kind"), cleaned.get("how")
        times = sorted({*self.chosen(), *(cleaned[name] for name in OTHER_TIMES if cleaned.get(name))})
        cleaned["times"] = times
        if kind == Kind.ONE_TO_ONE and len(cleaned.get("people", [])) != 1:
            self.add_error("people", _("A 1:1 is between two people: choose one."))
        elif kind == Kind.ONE_TO_ONE and not self.arranges and cleaned["people"][0].pk not in self.leaders:
            self.add_error("people", _("Ask somebody who leads the cohort for a 1:1. With others, choose pairing."))
        elif kind in PRIVATE_KINDS and not cleaned.get("people"):
            self.add_error("people", _("Choose with whom."))
        if kind not in PRIVATE_KINDS:
            cleaned["people"] = []
        if kind == Kind.ONE_TO_ONE and not self.arranges and how == ONCE:
            cleaned["how"] = how = ASK
        if any(self.errors.get(name) for name in OTHER_TIMES):
            return cleaned
        try:
            for moment in times:
                refuse_time(moment, timezone.now())
        except MeetingRefused as error:
            return self._refuse_times(str(error))
        if not times:
            return self._refuse_times(_("Choose a time."))
        if how != ASK and len(times) > 1:
            words = ngettext(
                "You chose %(number)s time. Choose one of them, or ask everybody which suits.",
                "You chose %(number)s times. Choose one of them, or ask everybody which suits.",
                len(times),
            )
            return self._refuse_times(words % {"number": len(times)})
        return cleaned

    def _refuse_times(self, words: str) -> dict:
        """Say of the boxes, and of the first field for another time, what is wrong. The page shows the words above them."""
        self.add_error("time", words)
        self.fields[OTHER_TIMES[0]].widget.attrs |= {"aria-invalid": "true", "aria-describedby": self["time"].auto_id}
        return self.cleaned_data


def kinds_for(where, *, arranges: bool) -> list:
    """Kinds of meetings that can be made there: members arrange pairing and ask for a 1:1."""
    if not arranges:
        return [Kind.ONE_TO_ONE, Kind.PAIRING]
    if isinstance(where, Cohort):
        return [Kind.STANDUP, Kind.ONE_TO_ONE, Kind.PAIRING, Kind.WELCOME, Kind.CLOSING, Kind.TALK, Kind.OTHER]
    return [Kind.WELCOME, Kind.TALK, Kind.CLOSING, Kind.OTHER]


class ChangeMeetingForm(forms.Form):
    """What can be changed of a meeting; agenda and notes are written on its page."""

    title = forms.CharField(
        label=_("Title"), max_length=120, required=False, help_text=_("Without one it is called by its kind.")
    )
    starts_at = LocalTimeField(label=_("Begins"))
    minutes = forms.TypedChoiceField(label=_("How long"), coerce=int)
    link = forms.URLField(
        label=_("Link"),
        max_length=500,
        required=False,
        assume_scheme="https",
        help_text=_("Where you meet, such as a video call."),
    )
    people = PeopleField(label=_("With whom"), required=False)
    later = forms.TypedChoiceField(
        label=_("What changes"),
        coerce=lambda value: value == "later",
        widget=forms.RadioSelect,
        initial="this",
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, meeting: Meeting, people, later: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.meeting = meeting
        self.fields["minutes"].choices = length_choices(keep=meeting.minutes)
        if meeting.starts_at is None:
            del self.fields["starts_at"]
        if meeting.few and meeting.kind != Kind.ONE_TO_ONE:
            self.fields["people"].set_people(people)
        else:
            del self.fields["people"]
        if later:
            self.fields["later"].choices = scope_choices(later)
        else:
            del self.fields["later"]

    def clean_starts_at(self) -> datetime.datetime:
        """The field knows no seconds: what shows the stored time is the stored time."""
        typed, stored = self.cleaned_data["starts_at"], self.meeting.starts_at
        if stored is not None and typed == stored.replace(second=0, microsecond=0):
            return stored
        try:
            refuse_time(typed, timezone.now())
        except MeetingRefused as error:
            raise ValidationError(str(error)) from None
        return typed

    def clean_people(self) -> list:
        people = self.cleaned_data["people"]
        if not people:
            raise ValidationError(_("Choose with whom."))
        return people


class ProposeForm(forms.Form):
    starts_at = LocalTimeField(label=_("Another time"))

    def clean_starts_at(self) -> datetime.datetime:
        try:
            refuse_time(self.cleaned_data["starts_at"], timezone.now())
        except MeetingRefused as error:
            raise ValidationError(str(error)) from None
        return self.cleaned_data["starts_at"]


class CancelMeetingForm(forms.Form):
    reason = forms.CharField(
        label=_("Why"), max_length=300, required=False, help_text=_("Those who were invited read it. A few words are enough.")
    )
    later = forms.TypedChoiceField(
        label=_("What is called off"), coerce=lambda value: value == "later", widget=forms.RadioSelect, initial="this"
    )

    def __init__(self, *args, later: int, **kwargs):
        super().__init__(*args, **kwargs)
        if later:
            self.fields["later"].choices = scope_choices(later)
        else:
            del self.fields["later"]


def scope_choices(later: int) -> list[tuple[str, object]]:
    """This meeting alone, or with so many later ones of its series."""
    words = ngettext_lazy(
        "This one and the later one of the series", "This one and the %(number)s later ones of the series", later
    ) % {"number": later}
    return [("this", _("This one alone")), ("later", words)]
