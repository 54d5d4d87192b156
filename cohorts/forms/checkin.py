"""The form of a check-in. Each field saves itself as it is left; nothing is required but one line of words."""

import json

from django import forms
from django.utils.translation import gettext_lazy as _

from cohorts.checkins import FIELDS
from cohorts.models import CheckIn

ENERGY = [
    ("", _("not saying")),
    ("1", _("1: empty")),
    ("2", _("2: low")),
    ("3", _("3: all right")),
    ("4", _("4: good")),
    ("5", _("5: full")),
]


class CheckInForm(forms.ModelForm):
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
            "did": _("What did you do?"),
            "learned": _("What did you learn?"),
            "stuck": _("Where are you stuck?"),
            "next": _("What comes next?"),
            "hours": _("How many hours, more or less?"),
            "wants_to_talk": _("I would like to talk to somebody"),
        }
        help_texts = {
            "did": _("Reading, asking and trying things out count as well."),
            "learned": _("Something small is fine. It helps the others too."),
            "stuck": _("Say it early. Your cohort reads it and can help."),
            "next": _("One or two things are plenty."),
            "hours": _("A guess is enough. Nobody adds it up."),
            "wants_to_talk": _("Those who lead your cohort will write to you."),
        }
        widgets = {
            **{name: forms.Textarea(attrs={"rows": 3}) for name in ("did", "learned", "stuck", "next")},
            "hours": forms.NumberInput(attrs={"step": "0.5", "inputmode": "decimal", "class": "short"}),
        }

    def __init__(self, *args, save_url: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["energy"].initial = str(self.instance.energy or "")
        self.initial["energy"] = str(self.instance.energy or "")
        for name, field in self.fields.items() if save_url else ():
            field.widget.attrs |= {
                "hx-post": save_url,
                "hx-trigger": "change",
                "hx-params": f"{name},seen,save,field",
                "hx-vals": json.dumps({"save": "draft", "field": name}),
            }
