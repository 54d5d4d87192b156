"""What the site knows about a person, as JSON; and deleting it."""

import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import DEFAULT_DB_ALIAS, models, transaction
from django.db.models.deletion import Collector
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from . import people_registry
from .availability import DAYS, slot_time
from .bounces import troubled_addresses
from .models import AddressTrouble, Availability, CalendarFeed, DataRequest, GitHubIdentity, Message, TermsAcceptance, User
from .models.availability import SLOTS_A_DAY
from .people_registry import Deletion
from .unsubscribing import CATEGORIES

#: Which mail somebody takes.
_SWITCHES = [category.field for category in CATEGORIES.values()]


def export(user: User) -> dict[str, Any]:
    """Everything about `user`, ready for JSON: a section for each part that an app registered. Times are UTC ISO 8601."""
    sections = {name: section(user) for name, section in people_registry.export_sections.items()}
    return {"exported_at": iso(timezone.now()), **sections}


def iso(moment: datetime.datetime | datetime.date | None) -> str | None:
    """A moment in UTC with Z, a date as it is, None for None."""
    if isinstance(moment, datetime.datetime):
        return moment.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return None if moment is None else moment.isoformat()


def _profile(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "email": user.email,
        "pronouns": user.pronouns,
        "time_zone": user.time_zone,
        "bio": user.bio,
        "reach_me": user.reach_me,
        "consent_alumni": user.consent_alumni,
        "consent_statistics": user.consent_statistics,
        **{field: getattr(user, field) for field in _SWITCHES},
        "language": user.language,
        "terms_version": user.terms_version,
        "terms_accepted_at": iso(user.terms_accepted_at),
        "joined_at": iso(user.date_joined),
        "last_login_at": iso(user.last_login),
    }


def _log_in(user: User) -> dict[str, Any]:
    return {
        "email_addresses": [
            {"email": address.email, "verified": address.verified, "primary": address.primary}
            for address in EmailAddress.objects.filter(user=user).order_by("pk")
        ],
        "connected_accounts": [
            {"provider": account.provider, "uid": account.uid, "since": iso(account.date_joined), "data": account.extra_data}
            for account in SocialAccount.objects.filter(user=user).order_by("pk")
        ],
        "two_step": [
            {"type": entry.type, "since": iso(entry.created_at), "last_used_at": iso(entry.last_used_at)}
            for entry in Authenticator.objects.filter(user=user).order_by("pk")
        ],
        "sessions": [
            {"ip": entry.ip, "browser": entry.user_agent, "since": iso(entry.created_at)}
            for entry in UserSession.objects.filter(user=user).order_by("pk")
        ],
    }


def _github(user: User) -> dict[str, Any] | None:
    identity = GitHubIdentity.objects.filter(user=user).first()
    if identity is None:
        return None
    return {
        "login": identity.login,
        "database_id": identity.database_id,
        "verified": identity.verified,
        "problem": identity.problem,
    }


def _availability(user: User) -> dict[str, Any] | None:
    availability = Availability.objects.filter(user=user).first()
    if availability is None:
        return None
    return {
        "time_zone": availability.time_zone,
        "updated_at": iso(availability.updated_at),
        "confirmed_at": iso(availability.confirmed_at),
        "half_hours": [f"{DAYS[slot // SLOTS_A_DAY]} {slot_time(slot % SLOTS_A_DAY)}" for slot in availability.slots],
    }


def _messages(user: User) -> list[dict[str, Any]]:
    """Mails to the person. The text of secret ones is left out: it may hold a code that is still good."""
    return [
        {
            "kind": message.kind,
            "address": message.address,
            "subject": message.subject,
            "body": None if message.secret else message.body,
            "html": None if message.secret else message.html,
            "language": message.language,
            "state": message.state,
            "trouble": message.trouble,
            "written_at": iso(message.created_at),
            "sent_at": iso(message.sent_at),
            "provider_told": message.fate,
            "provider_told_at": iso(message.fate_at),
        }
        for message in Message.objects.filter(recipient=user).order_by("created_at", "pk")
    ]


def _addresses(user: User) -> set[str]:
    """All addresses of which is known that they are the person's, in lower case: what servers said of others is not theirs to read."""
    confirmed = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return {address.lower() for address in (user.email, *confirmed)}


def _address_troubles(user: User) -> list[dict[str, Any]]:
    """What mail servers said of the person's addresses when they took no mail."""
    return [
        {
            "address": trouble.address,
            "reason": trouble.reason,
            "detail": trouble.detail,
            "times": trouble.times,
            "first_at": iso(trouble.first_at),
            "last_at": iso(trouble.last_at),
        }
        for _address, trouble in sorted(troubled_addresses(_addresses(user)).items())
    ]


def _calendar_feeds(user: User) -> list[dict[str, Any]]:
    return [
        {"created_at": iso(feed.created_at), "revoked_at": iso(feed.revoked_at)}
        for feed in CalendarFeed.objects.filter(user=user).order_by("pk")
    ]


def _data_requests(user: User) -> list[dict[str, Any]]:
    """When the person asked for such a file, and fetched it."""
    return [
        {
            "what": request.kind,
            "state": request.state,
            "asked_for_at": iso(request.requested_at),
            "ended_at": iso(request.ended_at),
            "last_downloaded_at": iso(request.downloaded_at),
        }
        for request in DataRequest.objects.filter(user=user).order_by("requested_at", "pk")
    ]


def _terms_accepted(user: User) -> list[dict[str, Any]]:
    """Each version of the code of conduct and the privacy terms that the person accepted."""
    return [{"version": one.version, "at": iso(one.at)} for one in TermsAcceptance.objects.filter(user=user).order_by("at", "pk")]


SECTIONS = {
    "profile": _profile,
    "terms_accepted": _terms_accepted,
    "log_in": _log_in,
    "github": _github,
    "availability": _availability,
    "messages": _messages,
    "addresses_in_trouble": _address_troubles,
    "calendar_feeds": _calendar_feeds,
    "data_requests": _data_requests,
}


def preview_deletion(user: User) -> Deletion:
    """What deleting the account of `user` removes, keeps, and what should be settled first, by all apps."""
    parts = [preview(user) for preview in people_registry.deletion_previews]
    return Deletion(
        goes=[line for part in parts for line in part.goes],
        stays=[line for part in parts for line in part.stays],
        warnings=[line for part in parts for line in part.warnings],
    )


def delete_account(user: User, *, by: User) -> None:
    """Delete `user` and everything that `preview_deletion` says. Only the person may; the operator uses the same function.

    Where an app keeps something that others rest on, the row stays without a name, an address or a way to log in, so that
    what hangs on it stays whole. Otherwise the row goes as well.
    """
    if by.pk != user.pk and not by.is_superuser:
        raise PermissionDenied("Only the person and the operator may delete an account.")
    with transaction.atomic():
        # Whoever writes a row about this person now (a submission, a review) ends first: neither waits for the other in a circle.
        user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        stays = preview_deletion(user).stays
        _forget_history(user)
        for erase in people_registry.erasers:
            erase(user)
        if stays:
            _empty(user)
        else:
            user.delete()


def _forget_history(user: User) -> None:
    """Delete the admin's history about the person and about what belongs to the person: its lines repeat names and logins."""
    collector = Collector(using=DEFAULT_DB_ALIAS)
    collector.collect(User.objects.filter(pk=user.pk))
    rows: dict[type[models.Model], set[str]] = {}
    for model, instances in collector.data.items():
        rows.setdefault(model, set()).update(str(instance.pk) for instance in instances)
    for queryset in collector.fast_deletes:
        rows.setdefault(queryset.model, set()).update(str(pk) for pk in queryset.values_list("pk", flat=True))
    for model, keys in rows.items():
        if model is not LogEntry:
            LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model), object_id__in=keys).delete()


def _empty(user: User) -> None:
    """Take from the row everything that says who it was."""
    user.email = f"deleted-{user.pk}@deleted.invalid"
    user.name = _("Deleted account")
    user.pronouns = user.bio = user.reach_me = user.language = ""
    user.time_zone = "UTC"
    user.consent_alumni = user.consent_statistics = False
    for field in _SWITCHES:
        setattr(user, field, False)
    user.terms_version, user.terms_accepted_at = "", None
    user.is_active = user.is_superuser = False
    user.last_login = None
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()


def erase(user: User) -> None:
    """Delete what `accounts` and the log-in hold."""
    for entry in UserSession.objects.filter(user=user):
        entry.end()
    addresses = _addresses(user)
    AddressTrouble.objects.filter(pk__in=[trouble.pk for trouble in troubled_addresses(addresses).values()]).delete()
    of_a_person: tuple[Any, ...] = (
        EmailAddress,
        SocialAccount,
        Authenticator,
        GitHubIdentity,
        Availability,
        CalendarFeed,
        TermsAcceptance,
    )
    for model in of_a_person:
        model.objects.filter(user=user).delete()
    # With their files, after the commit. The request by which the account is deleted stays, without a name: see `data_requests`.
    DataRequest.objects.filter(user=user, kind=DataRequest.Kind.EXPORT).delete()
    Message.objects.filter(recipient=user).delete()
    # Such as a code that was asked for at sign-up.
    for address in addresses:
        Message.objects.filter(recipient=None, address__iexact=address).delete()


def preview(user: User) -> Deletion:
    messages = Message.objects.filter(recipient=user).count()
    goes = [
        _("Your profile, your log-in, your email addresses, your GitHub account and your availability."),
        _("Your calendar address: it stops working."),
    ]
    if messages:
        goes.append(
            ngettext("%(count)s mail that we wrote to you.", "%(count)s mails that we wrote to you.", messages)
            % {"count": messages}
        )
    stays = []
    logged = LogEntry.objects.filter(user=user).count()
    if logged:
        stays.append(
            ngettext(
                "%(count)s line in the admin's history, without your name: others must be able to see what was changed.",
                "%(count)s lines in the admin's history, without your name: others must be able to see what was changed.",
                logged,
            )
            % {"count": logged}
        )
    warnings = []
    if user.is_superuser and not User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk).exists():
        warnings.append(_("You are the only operator of this site. After this nobody can manage it."))
    return Deletion(goes=goes, stays=stays, warnings=warnings)


def register() -> None:
    people_registry.export_sections.update(SECTIONS)
    if preview not in people_registry.deletion_previews:
        people_registry.deletion_previews.append(preview)
        people_registry.erasers.append(erase)
