"""What `manage.py check --deploy` says about locks that are open."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from . import shared_cache


def check_locks(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Errors for what the demonstration alone may leave out; a warning where each process counts for itself."""
    found: list[CheckMessage] = []
    if not settings.MFA_REQUIRED_FOR_ROLES:
        found.append(
            Error(
                "People with a part in a session can log in without a second step.",
                hint="Set MFA_REQUIRED_FOR_ROLES to True. Only the demonstration (manage.py demo) goes without it.",
                id="accounts.E001",
            )
        )
    if not settings.PROOF_FOR_SENSITIVE_ACTIONS:
        found.append(
            Error(
                "Nobody is asked again who they are before they publish, give roles or take people's data out.",
                hint="Set PROOF_FOR_SENSITIVE_ACTIONS to True.",
                id="accounts.E002",
            )
        )
    if not settings.SIGNUP_GUARD:
        found.append(
            Error("Nothing keeps programs from signing up.", hint="Set SIGNUP_GUARD to True.", id="accounts.E003"),
        )
    if not shared_cache.is_shared():
        found.append(
            Warning(
                "Limits on log-ins and sign-ups are counted by each process for itself: with four processes a guesser has four times "
                "as many tries.",
                hint="Leave CACHE_URL unset (a table of the database), or name one that all processes share: dbcache://cache, "
                "redis://host:6379/0.",
                id="accounts.W001",
            )
        )
    return found


def connect() -> None:
    register(check_locks, Tags.security, deploy=True)
