"""Log-ins, and what changes how somebody logs in: written down where allauth tells of them."""

from allauth.account import signals as account_signals
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa import signals as mfa_signals
from allauth.socialaccount import signals as social_signals
from django.contrib.auth import signals as auth_signals
from django.db import models

from accounts.models import User

from .acting import acting
from .recording import record


def logged_in(sender, request, user, **kwargs):
    """With the ways that were used: `password`, `code`, `mfa:totp`, `mfa:webauthn`, `socialaccount:github` …"""
    ways = []
    for step in get_authentication_records(request, user):
        detail = step.get("type") or step.get("provider")
        ways.append(f"{step['method']}:{detail}" if detail else step["method"])
    record("log_in.succeeded", by=user, to=user, details={"how": list(dict.fromkeys(ways))}, request=request)


def log_in_failed(sender, credentials, request=None, **kwargs):
    """A wrong password, or an address without an account: the same statements either way, so that no time tells which."""
    email = str(credentials.get("email") or credentials.get("username") or "").strip()[:254]
    found = User.objects.with_email(email).values_list("pk", flat=True).first()
    _failed(request, found, "password")


def code_refused(sender, request, user, **kwargs):
    _failed(request, user, "code")


def second_step_refused(sender, request, user, authenticator, reauthentication=False, **kwargs):
    if reauthentication:
        record("account.reentry_failed", by=user, to=user, details={"how": [f"mfa:{authenticator.type}"]})
    else:
        _failed(request, user, f"mfa:{authenticator.type}")


def passkey_refused(request) -> None:
    """Somebody who is not known yet: a passkey names its owner, and was not believed."""
    _failed(request, None, "mfa:webauthn")


def _failed(request, user, how: str) -> None:
    # Nobody is logged in; the request of a test or a command may know nobody at all.
    record("log_in.failed", to=user, details={"how": [how]}, request=request, anonymous=True)


def logged_out(sender, request, user, **kwargs):
    if user is not None and user.pk:
        record("log_in.ended", by=user, to=user, request=request)


def password_changed(sender, request, user, **kwargs):
    record("account.password_changed", by=acting() or user, to=user)


def emails_changed(sender, request, user, **kwargs):
    record("account.email_changed", by=acting() or user, to=user)


def factor_added(sender, request, user, authenticator, **kwargs):
    record("account.factor_added", by=acting() or user, to=user, details={"kind": authenticator.type})


def factor_removed(sender, request, user, authenticator, **kwargs):
    record("account.factor_removed", by=acting() or user, to=user, details={"kind": authenticator.type})


def signed_up(sender, request, user, **kwargs):
    record("account.created", by=user, to=user)


def github_connected(sender, request, sociallogin, **kwargs):
    record("account.github_connected", by=sociallogin.account.user, to=sociallogin.account.user)


def github_disconnected(sender, request, socialaccount, **kwargs):
    record("account.github_disconnected", by=acting() or socialaccount.user, to=socialaccount.user)


# --- who is an operator, and whose account is closed


def _flags(user: User) -> dict[str, bool]:
    return {"operator": user.is_superuser, "active": user.is_active}


def before_saving(sender, instance: User, raw=False, update_fields=None, **kwargs):
    """Remembers what the row says so far, where a flag may change: a log-in, which saves one field, asks for nothing."""
    told = vars(instance)
    told["_flags_before"] = None
    if raw or instance._state.adding or (update_fields is not None and not {"is_superuser", "is_active"} & set(update_fields)):
        return
    if told.get("_flags_known") == _flags(instance):
        return
    told["_flags_before"] = User.objects.only("is_superuser", "is_active").filter(pk=instance.pk).first()


def after_saving(sender, instance: User, created, raw=False, **kwargs):
    before = getattr(instance, "_flags_before", None)
    now = _flags(instance)
    vars(instance)["_flags_known"] = now
    if raw:
        return
    old = {"operator": False, "active": True} if created else _flags(before) if before is not None else now
    changed = {name: value for name, value in now.items() if value != old[name]}
    if changed:
        record("account.role_changed", by=acting(), to=instance, details=changed)


def connect() -> None:
    for signal, receiver in (
        (account_signals.user_logged_in, logged_in),
        (auth_signals.user_login_failed, log_in_failed),
        (auth_signals.user_logged_out, logged_out),
        (account_signals.login_code_rejected, code_refused),
        (mfa_signals.authentication_failed, second_step_refused),
        (account_signals.password_changed, password_changed),
        (account_signals.password_set, password_changed),
        (account_signals.password_reset, password_changed),
        (account_signals.email_added, emails_changed),
        (account_signals.email_removed, emails_changed),
        (account_signals.email_changed, emails_changed),
        (account_signals.user_signed_up, signed_up),
        (mfa_signals.authenticator_added, factor_added),
        (mfa_signals.authenticator_reset, factor_added),
        (mfa_signals.authenticator_removed, factor_removed),
        (social_signals.social_account_added, github_connected),
        (social_signals.social_account_removed, github_disconnected),
    ):
        signal.connect(receiver, dispatch_uid=f"accounts.audit.{receiver.__name__}.{id(signal)}")
    models.signals.pre_save.connect(before_saving, sender=User, dispatch_uid="accounts.audit.before_saving")
    models.signals.post_save.connect(after_saving, sender=User, dispatch_uid="accounts.audit.after_saving")
