"""What we ask beside address and password when somebody signs up. allauth adds it to its own sign-up forms."""

from allauth.core import context
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.access import signing_up
from accounts.limits import within_limit
from accounts.middleware import zone_from_cookie
from accounts.terms import accept_terms

from .names import one_line


class SignupForm(forms.Form):
    """Base of allauth's forms for signing up by email and by GitHub, so it must not import them."""

    field_order = ["name", "email", "password1", "accept_terms", "is_person"]

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
    #: Asked only where something looks odd: see `accounts.access.signing_up`.
    is_person = forms.BooleanField(label=_("I am a person, and I want this account"), required=False, widget=forms.HiddenInput())
    #: Out of sight: programs fill in what they find.
    leave_empty = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )
    shown = forms.CharField(required=False, max_length=200, initial=signing_up.shown_token, widget=forms.HiddenInput())
    asked = forms.CharField(required=False, max_length=600, widget=forms.HiddenInput())

    def clean_name(self):
        return one_line(self.cleaned_data["name"])

    def clean(self):
        cleaned = super().clean()
        # Whoever comes from GitHub has an account there: a program needs more than this form.
        if settings.SIGNUP_GUARD and "password1" in self.fields and not self.errors:
            self._judge()
        return cleaned

    def _judge(self) -> None:
        given = self.cleaned_data
        email = given.get("email") or ""
        verdict = signing_up.judge(
            shown=given["shown"],
            left_empty=given["leave_empty"],
            asked=given["asked"],
            is_person=given["is_person"],
            email=email,
            is_busy=not within_limit(context.request, "signup_unasked", key="all"),
        )
        if verdict is signing_up.Verdict.ASK:
            self._ask(email)

    def _ask(self, email: str) -> None:
        """Show the form once more with everything that was typed, and the question."""
        self.data = self.data.copy()
        for name, value in {"is_person": "", "leave_empty": "", "asked": signing_up.asked_token(email)}.items():
            self.data[self.add_prefix(name)] = value
        self.fields["is_person"].widget = forms.CheckboxInput()
        self.add_error(
            "is_person",
            _("This looked as if a program had sent it. Tick the box, enter your password again and press “Sign up”."),
        )

    def signup(self, request, user) -> None:
        """Called by allauth with the new, saved person."""
        user.name = self.cleaned_data["name"]
        name = self.cleaned_data["time_zone"]
        if name:
            user.time_zone = zone_from_cookie(name).key
        user.save(update_fields=["name", "time_zone"])
        accept_terms(user)
