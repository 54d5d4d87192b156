"""Who a person is on GitHub: proven by logging in there, or typed by hand."""

import logging

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from .login_checks import want_login_check
from .models import GitHubIdentity, User
from .models.identity import github_login_validator

logger = logging.getLogger(__name__)


def set_github_login(user: User, login: str, *, by: User) -> GitHubIdentity | None:
    """Write down the GitHub login that somebody typed for `user`; an empty one removes it. Returns what stands afterwards.

    A leading @ and a pasted profile address are understood. Whether GitHub knows it is found out afterwards, in the background
    (`login_checks`). Only the person and the operator may. Raises `ValidationError`
    for what cannot be a login, for one that somebody else has proven to be theirs, and where `user` has a proven one.
    """
    if by.pk != user.pk and not by.is_superuser:
        raise PermissionDenied("Only the person and the operator may change a GitHub login.")
    login = plain_login(login)
    with transaction.atomic():
        identity = GitHubIdentity.objects.select_for_update().filter(user=user).first()
        if identity is not None and identity.verified:
            if login.lower() == identity.login.lower():
                return identity
            raise ValidationError(
                _("Your GitHub account is proven by your log-in. Disconnect it before you type another."), code="verified"
            )
        if not login:
            if identity is not None:
                identity.delete()
            return None
        github_login_validator(login)
        if GitHubIdentity.objects.filter(verified=True, login__iexact=login).exclude(user=user).exists():
            raise ValidationError(
                _("Somebody else here has proven that this GitHub account is theirs. Log in with GitHub if it is yours."),
                code="taken",
            )
        if identity is not None and identity.login == login:
            return identity
        # Another login is another account: nothing that was found out about the old one holds.
        fresh = {"login": login, "database_id": None, "node_id": "", "verified": False, "problem": "", "checked_at": None}
        identity, _created = GitHubIdentity.objects.update_or_create(user=user, defaults=fresh)
        want_login_check("identity", identity.pk)
    return identity


def could_be_login(text: str) -> str:
    """The login in `text` as it would be stored, or "" where there is none that GitHub could have."""
    login = plain_login(text)
    try:
        github_login_validator(login)
    except ValidationError:
        return ""
    return login


def plain_login(login: str) -> str:
    """What was typed without a leading @ and without the address of a profile."""
    login = login.strip()
    address = settings.GITHUB_URL.lower().rstrip("/")
    host = address.partition("://")[2]
    for prefix in (f"{address}/", f"https://{host}/", f"http://{host}/", f"{host}/"):
        if login.lower().startswith(prefix):
            login = login[len(prefix) :].split("?")[0]
    return login.strip("/").removeprefix("@")


def record_proven_account(user: User, *, database_id: int, login: str) -> GitHubIdentity:
    """`user` has just logged in at GitHub as `login`, whose number is `database_id`: that is their proven account.

    The newest proof wins: whoever had the same account before becomes unverified, with the reason.
    """
    with transaction.atomic():
        others = GitHubIdentity.objects.select_for_update().filter(database_id=database_id, verified=True).exclude(user=user)
        for other in others:
            logger.warning("GitHub account %s moves from person %s to person %s", database_id, other.user_id, user.pk)
            other.verified = False
            other.database_id = None
            other.problem = str(_("This GitHub account was connected by somebody else."))
            other.save(update_fields=["verified", "database_id", "problem"])
        identity = GitHubIdentity.objects.select_for_update().filter(user=user).first() or GitHubIdentity(user=user)
        if identity.database_id != database_id:
            identity.node_id = ""
            identity.checked_at = None
        identity.database_id = database_id
        identity.login = login
        identity.verified = True
        identity.problem = ""
        identity.save()
    return identity


def forget_proof(user: User) -> None:
    """The GitHub account of `user` was disconnected: the login stays, no longer proven."""
    GitHubIdentity.objects.filter(user=user, verified=True).update(verified=False)
