"""The code of conduct and the privacy terms that people accept, and who is asked to accept them again."""

import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from .models import TermsAcceptance, User

#: Raise it when the texts change in meaning, and say in templates/accounts/_terms_news.html what is new: everybody who accepted an
#: older version is asked again before they change something.
TERMS_VERSION = "2026-11-23"

#: The field with which a form that was held back says that its sender accepts, and which version.
ACCEPT_FIELD = "accept_terms_version"

#: Pages that work without: reading and leaving, one's own account and data, and asking for help. Each app adds its own.
_open_without: set[str] = {
    "address_is_well", "language", "mail_events", "subscribe", "terms", "theme", "unsubscribe",
    # It asks by itself.
    "me",
}  # fmt: skip
_OPEN_BEGINNINGS = ("account_", "github_", "mfa_", "my_data", "socialaccount_", "usersessions_")


def register_open_without_terms(*names: str) -> None:
    """Let the addresses of these names be used by people who have not accepted the terms as they stand."""
    _open_without.update(names)


def is_open_without_terms(name: str) -> bool:
    """Whether somebody may send a form to the address of that name without having accepted the terms as they stand."""
    return name in _open_without or name.startswith(_OPEN_BEGINNINGS)


def accept_terms(user: User, *, now: datetime.datetime | None = None) -> None:
    """Note that `user` accepts the texts as they stand today, with the person and in the history. Saves the user."""
    now = now or timezone.now()
    with transaction.atomic():
        user.terms_version, user.terms_accepted_at = TERMS_VERSION, now
        user.save(update_fields=["terms_version", "terms_accepted_at"])
        TermsAcceptance.objects.get_or_create(user=user, version=TERMS_VERSION, defaults={"at": now})


def has_accepted_terms(user: Any) -> bool:
    """Whether this person accepted the texts as they stand; visitors accept nothing."""
    return user.is_authenticated and user.terms_version == TERMS_VERSION
