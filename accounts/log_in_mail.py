"""What mails about logging in and the account are called in the outbox. allauth names them by their templates."""

from django.utils.translation import gettext_lazy as _

from .mail_kinds import register_kind

KINDS = {
    "account/email/account_already_exists": _("Somebody signed up with this address again"),
    "account/email/email_changed": _("Main address changed"),
    "account/email/email_confirm": _("Address confirmed"),
    "account/email/email_confirmation": _("Code that confirms an address"),
    "account/email/email_confirmation_signup": _("Code that confirms an address at sign-up"),
    "account/email/email_deleted": _("Address removed"),
    "account/email/login_code": _("Code to log in"),
    "account/email/password_changed": _("Password changed"),
    "account/email/password_reset": _("Password was reset"),
    "account/email/password_reset_code": _("Code for a new password"),
    "account/email/password_reset_key": _("Link for a new password"),
    "account/email/password_set": _("Password set"),
    "account/email/unknown_account": _("Somebody asked for a log-in of an address without account"),
    "mfa/email/recovery_codes_generated": _("New recovery codes made"),
    "mfa/email/totp_activated": _("Two-step log-in switched on"),
    "mfa/email/totp_deactivated": _("Two-step log-in switched off"),
    "mfa/email/webauthn_added": _("Passkey added"),
    "mfa/email/webauthn_removed": _("Passkey removed"),
    "socialaccount/email/account_connected": _("GitHub account connected"),
    "socialaccount/email/account_disconnected": _("GitHub account disconnected"),
}


def register() -> None:
    """All of them come in any case: they tell of what somebody does with the account."""
    for kind, label in KINDS.items():
        register_kind(kind, label=label)
