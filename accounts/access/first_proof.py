"""Whose an account is that nobody has proven yet: of whoever proves its address, and of nobody who was there before.

Anybody can sign up with somebody else's address. They get no further than the question for the code; but the password that they chose, and
the GitHub account with which they came, would wait for the owner of the address to prove it one day, and let both in from then on.
"""

from allauth.account import signals
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from accounts.identity import forget_proof
from accounts.models import User


def is_unproven(user: User) -> bool:
    """Whether somebody signed up for this account, and nobody has ever logged in or confirmed an address of it."""
    if user.last_login is not None or user.is_superuser:
        return False
    addresses = EmailAddress.objects.filter(user=user)
    return addresses.exists() and not addresses.filter(verified=True).exists()


def code_given(sender, request, method, user, **kwargs):
    """The code of a mail was typed in another browser than that of the sign-up: before allauth confirms the address."""
    if method == "code" and is_unproven(user):
        _forget_password(user)
        _forget_github(user)


def password_reset(sender, request, user, **kwargs):
    """The link of a mail has set a new password, whether or not allauth has confirmed the address by now."""
    if user.last_login is None:
        _forget_github(user)


def _forget_password(user: User) -> None:
    if user.has_usable_password():
        user.set_unusable_password()
        user.save(update_fields=["password"])


def _forget_github(user: User) -> None:
    with transaction.atomic():
        if SocialAccount.objects.filter(user=user).delete()[0]:
            forget_proof(user)


def connect() -> None:
    signals.authentication_step_completed.connect(code_given, dispatch_uid="accounts.first_proof.code")
    signals.password_reset.connect(password_reset, dispatch_uid="accounts.first_proof.reset")
