"""A field that people do not see and programs fill in."""

from django import forms
from django.utils.translation import gettext_lazy as _


class TrapMixin(forms.Form):
    """Refuses a form whose hidden field is filled in. What was typed stays: a person whose browser filled it in sends it again."""

    leave_empty = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )

    def clean(self):
        cleaned = super().clean()
        if cleaned and cleaned.get("leave_empty"):
            # Emptied, so that the next press is enough for a person.
            self.data = self.data.copy()
            self.data[self.add_prefix("leave_empty")] = ""
            raise forms.ValidationError(
                _("This looked like a program. If you are a person, press the button again: nothing is lost.")
            )
        return cleaned
