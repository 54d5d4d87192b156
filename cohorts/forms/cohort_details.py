"""The form in which those who lead say where a cohort chats and how it works together."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cohorts.models import Cohort


class CohortDetailsForm(forms.ModelForm):
    #: The text that the page showed.
    seen = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)

    class Meta:
        model = Cohort
        fields = ("channel_url", "channel_name", "about")
        widgets = {"about": forms.Textarea(attrs={"rows": 8})}
        help_texts = {
            "channel_url": _("Where you chat. It begins with https://. Only the people of the cohort and organisers see it."),
            "about": _("Who you are, when you usually meet, what you agreed on. Markdown works."),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["seen"] = self.instance.about
