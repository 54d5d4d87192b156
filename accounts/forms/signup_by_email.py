"""Signing up by email. Apart from `signup`, which allauth reads while its own forms are made."""

from allauth.account.forms import SignupForm
from django.contrib.auth import get_user_model


class SignUpByEmailForm(SignupForm):
    """allauth's form, which takes as long for an address that has an account as for one that has none."""

    def try_save(self, request):
        if self.account_already_exists:
            # A new password is hashed slowly on purpose, and without this the clock would tell who has an account.
            get_user_model()().set_password(self.cleaned_data.get("password1"))
        return super().try_save(request)
