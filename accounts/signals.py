"""What follows when allauth connects, meets again or disconnects a GitHub account."""

from allauth.account.signals import user_signed_up
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.signals import social_account_added, social_account_removed, social_account_updated

from .identity import forget_proof, record_proven_account


def _record(account: SocialAccount) -> None:
    if account.provider == "github":
        record_proven_account(account.user, database_id=int(account.uid), login=account.extra_data["login"])


def github_proven(sender, sociallogin, **kwargs):
    """Somebody connected GitHub, or logged in with it again (perhaps renamed since)."""
    _record(sociallogin.account)


def github_proven_at_sign_up(sender, user, sociallogin=None, **kwargs):
    if sociallogin is not None:
        _record(sociallogin.account)


def github_disconnected(sender, socialaccount, **kwargs):
    if socialaccount.provider == "github":
        forget_proof(socialaccount.user)


def connect() -> None:
    social_account_added.connect(github_proven, dispatch_uid="accounts.github_added")
    social_account_updated.connect(github_proven, dispatch_uid="accounts.github_updated")
    user_signed_up.connect(github_proven_at_sign_up, dispatch_uid="accounts.github_signed_up")
    social_account_removed.connect(github_disconnected, dispatch_uid="accounts.github_removed")
