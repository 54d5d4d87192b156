"""Which mail a person wants, and the links in mails that switch a category off with one click (RFC 8058).

A link says of whom it is by a number alone and is signed, so nobody can make one. It does not expire: mails are kept for years.
"""

from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.core.signing import BadSignature, Signer
from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .links import absolute_url
from .models import User


@dataclass(frozen=True)
class Category:
    """Mail that a person can do without: the field of `User` that switches it, and its words."""

    field: str
    label: str | Promise
    #: What stops when it is off, and what goes on coming.
    stops: str | Promise
    stays: str | Promise


#: By the category's name. What is not here (“transactional”) comes in any case.
CATEGORIES = {
    "reminders": Category(
        field="reminders_by_mail",
        label=_("Reminders"),
        stops=_("Reminders before a date of yours passes, and when a check-in or reviews wait for you."),
        stays=_("Decisions about your applications, answers to what you asked for and codes to log in still come."),
    ),
    "meetings": Category(
        field="meetings_by_mail",
        label=_("Meetings"),
        stops=_("Invitations to meetings, and word of changes and cancellations, with entries for your calendar."),
        stays=_("Your meetings stand on the site and in your calendar feed. Other mail comes as before."),
    ),
    "replies": Category(
        field="replies_by_mail",
        label=_("Replies to your check-ins"),
        stops=_("Word that somebody answered your check-in."),
        stays=_("You read replies beside your check-in on the site. Other mail comes as before."),
    ),
    "announcements": Category(
        field="announcements_by_mail",
        label=_("Announcements"),
        stops=_("What organisers have to say to everybody in a session."),
        stays=_("You read announcements on the page of your cohort. Other mail comes as before."),
    ),
    "digest": Category(
        field="digest_by_mail",
        label=_("Weekly digest"),
        stops=_("The mail on Mondays: what changed, who waits for whom, and what is next."),
        stays=_("All of it stands on the site. Other mail comes as before."),
    ),
}

_signer = Signer(salt="accounts.unsubscribing", sep=".")


@dataclass(frozen=True)
class Subscription:
    """What a link is about."""

    user_id: int
    name: str

    @property
    def category(self) -> Category:
        return CATEGORIES[self.name]


def link_for(user: User, category: str) -> str:
    """The whole address at which `user` switches mail of `category` off. Raises `KeyError` for one that cannot be switched off."""
    return absolute_url(reverse("unsubscribe", args=[token_for(user, category)]))


def token_for(user: User, category: str) -> str:
    """The part of that address that says whose and which: `reminders-7.` and a signature."""
    if category not in CATEGORIES:
        raise KeyError(category)
    return _signer.sign(f"{category}-{user.pk}")


def read_token(token: str) -> Subscription | None:
    """What a link is about; None where it was not made by this site, or for a category that is no more."""
    try:
        name, _dash, number = _signer.unsign(token).rpartition("-")
    except BadSignature:
        return None
    if name not in CATEGORIES or not number.isdigit():
        return None
    return Subscription(int(number), name)


def unsubscribe(subscription: Subscription) -> bool:
    """Switch the category off. Returns whether it was on; where the account is gone, nothing is left to be switched."""
    return _switch(subscription, to=False)


def subscribe_again(subscription: Subscription) -> bool:
    """Switch the category on again. Returns whether it was off. An account that was emptied or closed stays as it is."""
    return _switch(subscription, to=True)


def stop_what_is_not_needed(user_ids: list[int]) -> bool:
    """Switch off every category that can be: somebody marked our mail as unwanted. Returns whether any was on."""
    fields = [category.field for category in CATEGORIES.values()]
    on = reduce(or_, (Q(**{field: True}) for field in fields))
    return bool(User.objects.filter(on, pk__in=user_ids).update(**dict.fromkeys(fields, False)))


def _switch(subscription: Subscription, *, to: bool) -> bool:
    field = subscription.category.field
    return bool(User.objects.filter(pk=subscription.user_id, is_active=True, **{field: not to}).update(**{field: to}))
