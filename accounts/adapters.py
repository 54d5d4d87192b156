"""How log-in and sign-up behave here: where allauth asks, this answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from .access.safe_next import is_path_of_ours
from .access.sealed import seal, unseal
from .access.second_factor import may_be_removed
from .addresses import same_address
from .language import is_spoken
from .limits import TOO_OFTEN
from .links import absolute_url
from .messages import queue_message
from .middleware import COOKIE, zone_from_cookie
from .models import User
from .templatetags.interface import full_time


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is closed."),
        "email_password_mismatch": _(
            "This address and this password do not belong together. Check both, or ask for a code by mail."
        ),
        "incorrect_code": _("This code is not right. Check the newest mail that you got from us, or ask for a new code."),
        "incorrect_password": _("This is not your password."),
        "enter_current_password": _("This is not your present password."),
        "invalid_login": _("This address cannot be used to log in."),
        "invalid_password_reset": _("This link is not valid any more. Ask for a new one."),
        "too_many_login_attempts": _("Too many attempts. Wait five minutes, or ask for a code by mail."),
        "rate_limited": TOO_OFTEN,
        "duplicate_email": _("This address belongs to your account already."),
        "email_taken": _("There is an account with this address already. Log in, or use another address."),
        "unverified_primary_email": _("Confirm this address first. Then it can be your main one."),
        "cannot_remove_primary_email": _("This is your main address. Make another one your main address first."),
    }

    def new_user(self, request):
        """A person in the browser's zone, as far as it is known, who reads the language in which they signed up."""
        user = super().new_user(request)
        user.language = translation.get_language() or ""
        user.time_zone = zone_from_cookie(request.COOKIES.get(COOKIE, "")).key
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the mail down for the background worker, in the language of whoever reads it: who asks for it may be somebody else.

        All of allauth's mails are secret: many hold a code or a link.
        """
        with _as_reader(context.get("user"), email):
            self._queue_mail(template_prefix, email, context)

    def _queue_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        request = allauth_context.request
        user = context.get("user")
        # A visitor may ask for somebody else's mail under a host name of their choice, where ALLOWED_HOSTS is wide: the link that
        # sets a new password must not lead there.
        links = {name: _at_this_site(value) for name, value in context.items() if name.endswith("_url") and value}
        told: dict[str, Any] = {
            "code_minutes": settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60,
            "link_days": settings.PASSWORD_RESET_TIMEOUT // 86400,
        }
        if "timestamp" in context:
            # By itself it would say neither its zone nor its day of the week.
            told["timestamp"] = full_time(timezone.localtime(context["timestamp"]))
        mail = self.render_mail(
            template_prefix,
            email,
            {"request": request, "email": email, "site_name": settings.SITE_NAME, **context, **links, **told},
        )
        queue_message(
            user if isinstance(user, User) and user.pk else None,
            kind=template_prefix,
            subject=mail.subject,
            body=str(mail.body),
            secret=True,
            address=email,
        )

    def is_safe_url(self, url: str | None) -> bool:
        """Pages of this site alone, by their path. allauth would also lead to every host that ALLOWED_HOSTS leaves open."""
        return is_path_of_ours(url)

    def format_email_subject(self, subject: str) -> str:
        return f"{subject} · {settings.SITE_NAME}"


@contextmanager
def _as_reader(user: User | None, email: str) -> Iterator[None]:
    """In the language and the zone of whose address it is; where neither is known, in those of the page."""
    if not isinstance(user, User) or not user.pk:
        known = EmailAddress.objects.filter(email__iexact=email).select_related("user").first()
        user = known.user if known else None
    language = user.language if user is not None and is_spoken(user.language) else translation.get_language()
    zone = user.zone if user is not None else timezone.get_current_timezone()
    with translation.override(language), timezone.override(zone):
        yield


def _at_this_site(address: str) -> str:
    """The same page at the address of the settings, whatever host the request named."""
    return absolute_url(urlunsplit(("", "", *urlsplit(address)[2:])))


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    error_messages = DefaultSocialAccountAdapter.error_messages | {
        "email_taken": _("There is an account with this address already. Log in to it first, then connect your %s account."),
        "no_password": _("Set a password first: without it and without GitHub you could not log in any more."),
        "no_verified_email": _("Confirm an email address first: without it and without GitHub you could not log in any more."),
        "connected_other": _("This GitHub account is connected to another account here."),
    }

    def authenticate_by_email(self, sociallogin):
        """The account here with the same address as the GitHub account, where both sides have proven the address.

        Is it safe to log people in by that? GitHub says of each address whether it was confirmed there, and we believe only
        that word: no `VERIFIED_EMAIL` in the settings, which would declare the unconfirmed ones confirmed too, and anybody
        may enter anybody's address at GitHub. allauth by itself also matches an address that was never confirmed *here*:
        somebody could add a stranger's address to their own account and wait for the stranger to be logged into it. So
        this asks for a confirmed address here as well. A second factor is still asked for. Where GITHUB_URL names another
        server, its operators can vouch for any address: it must be one that this site's operator trusts.
        """
        for address in sociallogin.email_addresses:
            if not address.verified or not self.can_authenticate_by_email(sociallogin, address.email):
                continue
            found = EmailAddress.objects.filter(email__iexact=address.email, verified=True).select_related("user").order_by("pk")
            own = next((row for row in found if same_address(row.email, address.email)), None)
            if own is not None:
                return own.user, own.email
        return None

    def populate_user(self, request, sociallogin, data):
        """Name, address and zone for the sign-up form; the person may change them there."""
        user = super().populate_user(request, sociallogin, data)
        user.name = (data.get("name") or data.get("username") or "")[:150]
        user.time_zone = zone_from_cookie(request.COOKIES.get(COOKIE, "")).key
        return user

    def save_user(self, request, sociallogin, form=None):
        """Whoever signs up with an address that GitHub has not confirmed proves it first, also where GitHub has confirmed another one.

        Otherwise they would be in at once, where for an address with an account they are told of a code: the difference says who has an
        account. And somebody else's address would lie on an account that is in use, and let its owner into that instead of one of theirs.
        """
        typed = form.cleaned_data.get("email") or "" if form else ""
        if typed and not any(one.verified and same_address(one.email, typed) for one in sociallogin.email_addresses):
            sociallogin.email_addresses = []
        return super().save_user(request, sociallogin, form)

    def get_signup_form_initial_data(self, sociallogin):
        initial = super().get_signup_form_initial_data(sociallogin)
        return initial | {"name": sociallogin.user.name}

    def get_connect_redirect_url(self, request, socialaccount):
        return reverse("me")


class MFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "add_email_blocked": _("While two-step log-in is on, no address can be added. Turn it off first."),
        "cannot_delete_authenticator": _(
            "You can read what others wrote in confidence, so you need a second step. Set another one up first. Then you can remove this one."
        ),
        "cannot_generate_recovery_codes": _("Turn two-step log-in on first. Then you can make recovery codes."),
        "incorrect_code": _("This code is not right. Codes of the app change every 30 seconds: try the newest one."),
        "unverified_email": _("Confirm your email address first. Then you can turn two-step log-in on."),
    }

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator) -> bool:
        """Whoever must have a second step keeps one."""
        return may_be_removed(authenticator)

    def _get_site_name(self) -> str:
        return settings.SITE_NAME
