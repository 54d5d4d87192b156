"""The form of a check-in, and the one of its reminder. Each field saves itself; nothing is required but one line of words."""

import json

from django import forms
from django.utils.translation import gettext_lazy as _

from cohorts.checkins import FIELDS, WORDS
from cohorts.models import CheckIn, Membership
from cohorts.questions import clean_text

ENERGY = [
    ("", _("not saying")),
    ("1", _("1: empty")),
    ("2", _("2: low")),
    ("3", _("3: all right")),
    ("4", _("4: good")),
    ("5", _("5: full")),
]
LONGEST = 5_000
TOO_LONG = _("At most %(limit_value)s characters fit here. You wrote %(show_value)s. Shorten it, then save again.")


class WordsField(forms.CharField):
    """Words as people type them. A browser counts a line end as one character and sends two: here it is one.

    There is no `maxlength` on the page: a browser would cut what is pasted without a word.
    """

    widget = forms.Textarea

    def __init__(self, *, longest: int = LONGEST, **kwargs):
        super().__init__(required=False, strip=False, max_length=longest, **kwargs)
        self.validators[0].message = TOO_LONG

    def to_python(self, value):
        return clean_text(super().to_python(value))

    def widget_attrs(self, widget):
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}


def trigger(*, while_typing: bool) -> str:
    """When a field saves itself, for htmx: as it is left, or paused in: who writes long must not lose it to a closed tab."""
    return "change, input changed delay:2s" if while_typing else "change"


def saves_itself(field: forms.Field, name: str, url: str, *others: str, while_typing: bool) -> None:
    """Have a field post itself to `url` as it is left, and where it is typed in, in every pause; with the values of `others`."""
    field.widget.attrs |= {
        "hx-post": url,
        "hx-trigger": trigger(while_typing=while_typing),
        "hx-params": ",".join([name, *others, "form", "save", "field"]),
        "hx-vals": json.dumps({"save": "draft", "field": name}),
    }


class CheckInForm(forms.ModelForm):
    did = WordsField(label=_("What did you do?"), help_text=_("Reading, asking and trying things out count as well."))
    learned = WordsField(label=_("What did you learn?"), help_text=_("Something small is fine. It helps the others too."))
    stuck = WordsField(label=_("Where are you stuck?"), help_text=_("Say it early. Your cohort reads it and can help."))
    next = WordsField(label=_("What comes next?"), help_text=_("One or two things are plenty."))
    energy = forms.TypedChoiceField(
        label=_("How is your energy?"),
        choices=ENERGY,
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )

    class Meta:
        model = CheckIn
        fields = FIELDS
        labels = {
            "hours": _("How many hours, more or less?"),
            "wants_to_talk": _("I would like to talk to somebody"),
        }
        help_texts = {
            "hours": _("A guess is enough. Nobody adds it up."),
            "wants_to_talk": _("Those who lead your cohort will write to you."),
        }
        widgets = {
            "hours": forms.NumberInput(attrs={"step": "0.5", "inputmode": "decimal", "class": "short"}),
        }

    def __init__(self, *args, save_url: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["energy"] = str(self.instance.energy or "")
        for name, field in self.fields.items():
            if name in WORDS:
                field.widget.attrs["rows"] = 3
            if save_url:
                saves_itself(field, name, save_url, "seen", while_typing=name in WORDS)


NEVER = ""
DAYS = [
    (NEVER, _("Never")),
    ("0", _("Monday")),
    ("1", _("Tuesday")),
    ("2", _("Wednesday")),
    ("3", _("Thursday")),
    ("4", _("Friday")),
    ("5", _("Saturday")),
    ("6", _("Sunday")),
]


class ReminderForm(forms.Form):
    """On which day and at what time a member is reminded of the check-in."""

    day = forms.TypedChoiceField(label=_("Day"), choices=DAYS, coerce=int, empty_value=None, required=False)
    time = forms.TimeField(
        label=_("Time"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "short"}),
        error_messages={"invalid": _("Write the time as hours and minutes, like 12:30.")},
    )

    def __init__(self, *args, membership: Membership, **kwargs):
        day = NEVER if membership.reminder_day is None else str(membership.reminder_day)
        super().__init__(*args, initial={"day": day, "time": membership.reminder_time}, **kwargs)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("day") is not None and "time" not in self.errors and cleaned.get("time") is None:
            self.add_error("time", _("Choose a time, or “Never” as the day."))
        return cleaned

    @property
    def day_in_words(self):
        return dict(DAYS).get(str(self.initial["day"]), "")
