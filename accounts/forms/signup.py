"""What we ask beside address and password when somebody signs up. allauth adds it to its own sign-up forms."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.middleware import zone_from_cookie
from accounts.terms import accept_terms

from .names import one_line


class SignupForm(forms.Form):
    """Base of allauth's forms for signing up by email and by GitHub, so it must not import them."""

    field_order = ["name", "email", "password1", "accept_terms"]

    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        help_text=_("As you want to be called. One field, any script."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    accept_terms = forms.BooleanField(
        label=_("I accept the code of conduct and the privacy terms"),
        error_messages={"required": _("Without your consent we cannot make an account for you.")},
    )
    #: Filled in by static/js/site.js; empty without JavaScript, and then the cookie or UTC counts.
    time_zone = forms.CharField(
        required=False, max_length=64, widget=forms.HiddenInput(attrs={"data-browser-zone": "", "autocomplete": "off"})
    )

    def clean_name(self):
        return one_line(self.cleaned_data["name"])

    def signup(self, request, user) -> None:
        """Called by allauth with the new, saved person."""
        user.name = self.cleaned_data["name"]
        name = self.cleaned_data["time_zone"]
        if name:
            user.time_zone = zone_from_cookie(name).key
        user.save(update_fields=["name", "time_zone"])
        accept_terms(user)
