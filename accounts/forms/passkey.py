"""Logging in with a passkey: what was not believed is noted."""

from allauth.core import context
from allauth.mfa.webauthn.forms import LoginWebAuthnForm
from django.core.exceptions import ValidationError

from accounts.audit.log_ins import passkey_refused


class PasskeyForm(LoginWebAuthnForm):
    def clean_credential(self):
        try:
            return super().clean_credential()
        except ValidationError:
            passkey_refused(context.request)
            raise
