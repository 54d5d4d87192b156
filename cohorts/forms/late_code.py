"""Asking for a code with which somebody may apply after the deadline."""

from django import forms
from django.utils.translation import gettext_lazy as _


class LateCodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=100,
        help_text=_("Capitals, spaces and dashes do not matter."),
        error_messages={"required": _("Type the code that the organisers gave you.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "late-code"}
        ),
    )
