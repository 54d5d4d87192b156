"""Keeping made-up accounts out, without asking another service: a moment that passes, a field that people do not see, limits.

Nobody is refused for what looks odd: they are asked for one press more (`Verdict.ASK`). What proves an address is the code that goes to
it; what nobody confirms is deleted after two weeks (`forget_unconfirmed`).
"""

import datetime
from enum import StrEnum

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.core import signing
from django.db import transaction
from django.db.models import ForeignObjectRel
from django.utils import timezone

from accounts.models import Message, TermsAcceptance, User

#: Seconds that somebody takes at least to fill in the form, and to answer when asked.
FILLED_IN = 3
ASKED = 2
#: Seconds after which a form that was left open says nothing any more, and for which an answer counts.
FORM_LASTS = 24 * 3600
ANSWER_LASTS = 3600
#: Days that an address may wait for its confirmation.
UNCONFIRMED_DAYS = 14
#: What an account may have without being somebody's: what signing up itself makes.
_OF_SIGNING_UP = (EmailAddress, Message, TermsAcceptance, UserSession, LogEntry)
_BATCH = 200
_SHOWN = signing.Signer(salt="accounts.signup.shown")
_ASKED = signing.Signer(salt="accounts.signup.asked")


class Verdict(StrEnum):
    """What becomes of a form that was sent: `ASK`: whether a person wants this account."""

    GO_ON = "go on"
    ASK = "ask"


def shown_token(now: datetime.datetime | None = None) -> str:
    """Tells when a form was shown."""
    return _SHOWN.sign(f"shown|{(now or timezone.now()).timestamp():.0f}")


def asked_token(email: str, now: datetime.datetime | None = None) -> str:
    """Tells when the person was asked, and for which address."""
    return _ASKED.sign(f"{email.lower()}|{(now or timezone.now()).timestamp():.0f}")


def judge(
    *,
    shown: str,
    left_empty: str,
    asked: str,
    is_person: bool,
    email: str,
    is_busy: bool,
    now: datetime.datetime | None = None,
) -> Verdict:
    """What becomes of a form. `shown` and `asked` are tokens as they came back, `left_empty` what stands in the field that nobody
    sees, `is_person` the answer, `is_busy` whether more signed up from there, or altogether, than is usual."""
    now = now or timezone.now()
    if left_empty:
        return Verdict.ASK
    answered = _age(_ASKED, asked, email.lower(), now)
    if is_person and answered is not None and ASKED <= answered < ANSWER_LASTS:
        return Verdict.GO_ON
    age = _age(_SHOWN, shown, "shown", now)
    if is_busy or age is None or not FILLED_IN <= age < FORM_LASTS:
        return Verdict.ASK
    return Verdict.GO_ON


def _age(signer: signing.Signer, token: str, expected: str, now: datetime.datetime) -> float | None:
    """Seconds since the token was made; None for one that is none, or is about something else."""
    try:
        about, _bar, made = signer.unsign(token).rpartition("|")
    except signing.BadSignature:
        return None
    return now.timestamp() - float(made) if about == expected else None


def forget_unconfirmed(now: datetime.datetime | None = None) -> int:
    """Delete accounts whose address nobody has confirmed within two weeks, and that are in nothing on this site. Returns how many.

    Only what signed up by itself: an account that organisers made or that takes part in something stays, whatever its address.
    """
    before = (now or timezone.now()) - datetime.timedelta(days=UNCONFIRMED_DAYS)
    waiting = (
        User.objects.filter(date_joined__lt=before, last_login=None, is_superuser=False)
        .filter(pk__in=EmailAddress.objects.filter(verified=False).values("user"))
        .exclude(pk__in=EmailAddress.objects.filter(verified=True).values("user"))
        .exclude(pk__in=SocialAccount.objects.values("user"))
        .order_by("pk")
    )
    gone, last = 0, 0
    while people := list(waiting.filter(pk__gt=last).values_list("pk", flat=True)[:_BATCH]):
        last = people[-1]
        gone += _delete_unused(people)
    return gone


def _delete_unused(people: list[int]) -> int:
    with transaction.atomic():
        # Somebody may be typing the code at this moment.
        locked = User.objects.select_for_update().filter(pk__in=people, last_login=None).order_by("pk")
        unused = set(locked.values_list("pk", flat=True))
        unused -= set(EmailAddress.objects.filter(user__in=unused, verified=True).values_list("user", flat=True))
        # Also those without a way back (`related_name="+"`), and tables behind a choice of many.
        relations = [one for one in User._meta.get_fields(include_hidden=True) if isinstance(one, ForeignObjectRel)]
        for relation in relations:
            model, field = relation.related_model, relation.field
            if model in _OF_SIGNING_UP or field.many_to_many:
                continue
            unused -= set(model._base_manager.filter(**{f"{field.name}__in": unused}).values_list(f"{field.name}", flat=True))
        for person in User.objects.filter(pk__in=unused):
            person.delete()
    return len(unused)
