"""The code of conduct and the privacy terms that people accept."""

from django.utils import timezone

from .models import User

#: Raise it when the texts change in meaning: who accepted an older version is asked again on their profile.
TERMS_VERSION = "2026-11"


def accept_terms(user: User) -> None:
    """Note that `user` accepts the texts as they stand today. Saves the user."""
    user.terms_version = TERMS_VERSION
    user.terms_accepted_at = timezone.now()
    user.save(update_fields=["terms_version", "terms_accepted_at"])


def has_accepted_terms(user: User) -> bool:
    return user.terms_version == TERMS_VERSION
