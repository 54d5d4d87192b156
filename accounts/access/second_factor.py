"""The second step of logging in, which whoever has a part in a session must have: an app with codes, or a security key.

This app knows no parts. Apps say who has one (`register_role`), and which of their pages stay open to somebody who has not set a second
step up yet (`register_open_page`): what everybody may read, and what is that person's alone. All other pages lead to the set-up.
"""

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from django.conf import settings
from django.db import transaction
from django.urls import ResolverMatch
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.audit import record
from accounts.language import language_for
from accounts.links import absolute_url
from accounts.messages import queue_message
from accounts.models import User

from .devices import end_all, end_others

#: Recovery codes alone are none: they are there for whoever lost one of these.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
RESET_KIND = "accounts/second_factor_reset"

_roles: list[Callable[[User], bool]] = []
_open_pages: set[str] = set()
#: The account's own pages, and logging in and out.
_OPEN_ROUTES = ("accounts/", "me/")


def register_role(has_part: Callable[[User], bool]) -> None:
    """Have people for whom `has_part(user)` is true set up a second step."""
    if has_part not in _roles:
        _roles.append(has_part)


def register_open_page(*names: str) -> None:
    """Pages, by the names of their addresses, that need no second step: public ones, and the person's own."""
    _open_pages.update(names)


def is_required(user) -> bool:
    """Whether `user` must have a second step: the operator, and whoever the apps name."""
    if not settings.MFA_REQUIRED_FOR_ROLES or not user.is_authenticated:
        return False
    return user.is_superuser or any(has_part(user) for has_part in _roles)


def has_one(user) -> bool:
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def is_missing(user) -> bool:
    """Whether `user` must have a second step and has none. One query for whoever has one."""
    if not settings.MFA_REQUIRED_FOR_ROLES or not user.is_authenticated:
        return False
    return not has_one(user) and is_required(user)


def may_be_removed(authenticator: Authenticator) -> bool:
    """Whether the person keeps what they need without this one."""
    if authenticator.type not in FACTORS or not is_required(authenticator.user):
        return True
    return Authenticator.objects.filter(user=authenticator.user, type__in=FACTORS).exclude(pk=authenticator.pk).exists()


def set_up(sender, request, user, authenticator, **kwargs):
    """The first one is set up: browsers that came in without it log in again, whoever sits there."""
    is_first = not Authenticator.objects.filter(user=user, type__in=FACTORS).exclude(pk=authenticator.pk).exists()
    if authenticator.type in FACTORS and is_first:
        end_others(user, session_key=request.session.session_key)


def connect() -> None:
    authenticator_added.connect(set_up, dispatch_uid="accounts.second_factor.set_up")


def is_open(match: ResolverMatch) -> bool:
    """Whether a page needs no second step."""
    return match.route.startswith(_OPEN_ROUTES) or match.view_name in _open_pages


def reset(user: User, *, by: User | None) -> bool:
    """Take all second steps of `user` away, who lost them, and log them out everywhere; they are told by mail.

    For the operator, and nobody for themselves: that would let whoever sits at an open browser take the lock off. `by` is None for
    whoever runs commands on the server. Returns whether there was anything to take away. Raises `PermissionError`.
    """
    if by is not None and (not by.is_superuser or by.pk == user.pk):
        raise PermissionError("Only the operator resets the second step, and only that of others.")
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        found, _details = Authenticator.objects.filter(user=locked).delete()
        if not found:
            return False
        ended = end_all(locked)
        record("account.factor_reset", by=by, to=locked, details={"removed": found, "sessions_ended": ended})
        with override(language_for(locked)):
            queue_message(locked, kind=RESET_KIND, subject=_("Your two-step log-in was reset"), body=_reset_words(locked))
    return True


def _reset_words(user: User) -> str:
    parts = [
        _("Hello %(name)s,") % {"name": user.get_full_name()},
        _(
            "The operator of this site has turned off the second step of your log-in, because somebody said that you lost your phone "
            "or key. You were logged out everywhere."
        ),
        _("Log in and set up a new one: %(address)s") % {"address": absolute_url("/accounts/2fa/")},
        _("Was it not you who asked for this? Then set a new password at once, and answer this mail."),
    ]
    return "\n\n".join(parts)
