"""Writing to the people of the site or of a session."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.names import one_line
from accounts.forms.trap import TrapMixin
from accounts.plain_line import plain_line
from cohorts.contacting import receivers


class ContactForm(TrapMixin):
    to = forms.ChoiceField(label=_("To whom?"))
    name = forms.CharField(
        label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"})
    )
    address = forms.EmailField(
        label=_("Your email address"),
        max_length=254,
        help_text=_("The answer goes there."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    subject = forms.CharField(label=_("What is it about?"), max_length=120, widget=forms.TextInput(attrs={"dir": "auto"}))
    text = forms.CharField(label=_("Your message"), max_length=10000, widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}))

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [(one.key, one.label) for one in receivers(by)]

    def clean_name(self):
        return one_line(self.cleaned_data["name"])

    def clean_subject(self):
        line = plain_line(self.cleaned_data["subject"])
        if not line:
            raise forms.ValidationError(_("Say in a few words what it is about."))
        return line
