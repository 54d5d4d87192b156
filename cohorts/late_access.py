"""Applying after the deadline: codes that organisers make, and until when somebody may write.

A code lets a limited number of people apply until its own date, but never after results are published. It is a secret: it
stands in no address, no log and no history.
"""

import datetime
import secrets

from django.db import transaction
from django.db.models import DateTimeField, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from .models import Application, LateAccess, LateCode, Session
from .stages import Stage, stage_of

#: Letters and digits that nobody takes for another one: no I, L, O, U, 0 or 1.
ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
GROUPS, GROUP_LENGTH = 3, 4

#: When somebody with late access may write. Before them nobody can apply, after them everything is decided.
STAGES = frozenset({Stage.OPEN, Stage.REVIEWING, Stage.DECIDING})


class LateCodeError(Exception):
    """A code that cannot be made, used or taken back. The text is for the person who tried."""


def make_code(
    session: Session,
    *,
    by,
    most_uses: int = 1,
    expires_at: datetime.datetime,
    note: str = "",
    now: datetime.datetime | None = None,
) -> LateCode:
    """A new code with which `most_uses` people may apply to `session` until `expires_at`, an aware instant.

    Raises `LateCodeError` where `by` does not organise the session, and where nobody could use the code.
    """
    now = now or timezone.now()
    if not Session.objects.organised_by(by).filter(pk=session.pk).exists():
        raise LateCodeError(_("You cannot make this change."))
    if most_uses < 1:
        raise LateCodeError(_("At least one person must be able to use it."))
    if expires_at <= now:
        raise LateCodeError(_("This moment is over. Choose one that is still to come."))
    if session.applications_close_at is None:
        raise LateCodeError(_("This session has no dates for applications yet. Give them first."))
    if expires_at <= session.applications_close_at:
        raise LateCodeError(_("Applications are open until then for everybody. Choose a moment after they close."))
    if stage_of(session, now) not in STAGES | {Stage.DRAFT, Stage.ANNOUNCED}:
        raise LateCodeError(_("The results of this session are published: nobody can apply any more."))
    # 30 signs in 12 places: nobody finds one by trying, and two that are alike do not happen.
    return LateCode.objects.create(
        session=session, code=_new_text(), note=note.strip(), most_uses=most_uses, expires_at=expires_at, made_by=by
    )


def _new_text() -> str:
    groups = ("".join(secrets.choice(ALPHABET) for _place in range(GROUP_LENGTH)) for _group in range(GROUPS))
    return "-".join(groups)


def as_code(text: str) -> str:
    """`text` as a code is written: capitals in groups, whatever stood between them. Empty where it cannot be one."""
    signs = [sign for sign in text[:100].upper() if sign.isalnum()]
    if len(signs) != GROUPS * GROUP_LENGTH or not set(signs) <= set(ALPHABET):
        return ""
    return "-".join("".join(signs[start : start + GROUP_LENGTH]) for start in range(0, len(signs), GROUP_LENGTH))


def use_code(session: Session, text: str, *, by, now: datetime.datetime | None = None) -> LateAccess:
    """Let `by` apply to `session` with the code that `text` is, capitals, spaces and dashes aside.

    Using it again costs nothing. Raises `LateCodeError` where it is wrong, taken back, expired or used up.
    """
    now = now or timezone.now()
    stage = stage_of(session, now)
    if stage == Stage.OPEN:
        raise LateCodeError(_("Applications are open: you need no code."))
    if stage in (Stage.DRAFT, Stage.ANNOUNCED):
        raise LateCodeError(_("Applications are not open yet. A code is for the time after they close."))
    if stage not in STAGES:
        raise LateCodeError(_("The results of this session are published: nobody can apply any more."))
    code = as_code(text)
    with transaction.atomic():
        # Under the lock two people cannot both take the last use.
        found = LateCode.objects.select_for_update().filter(session=session, code=code).first() if code else None
        if found is None:
            raise LateCodeError(_("This is not a code of this session. Check it letter by letter, or ask the organisers."))
        if found.revoked_at is not None:
            raise LateCodeError(_("The organisers took this code back. Ask them for another one."))
        if found.expires_at <= now:
            raise LateCodeError(_("The time of this code is over. Ask the organisers for another one."))
        mine = found.uses.filter(person=by).first()
        if mine is not None:
            return mine
        if found.uses.count() >= found.most_uses:
            raise LateCodeError(_("As many people as it is for have used this code already. Ask the organisers for another one."))
        return LateAccess.objects.create(code=found, person=by)


def revoke_code(code: LateCode, *, by) -> None:
    """Take a code back: nobody can use it any more, and those who did cannot write any more. What they submitted stays.

    Raises `LateCodeError` where `by` does not organise its session.
    """
    if not LateCode.objects.visible_to(by).filter(pk=code.pk).exists():
        raise LateCodeError(_("You cannot make this change."))
    LateCode.objects.filter(pk=code.pk, revoked_at=None).update(revoked_at=timezone.now())
    code.refresh_from_db(fields=["revoked_at"])


def late_until(session: Session, user, now: datetime.datetime | None = None) -> datetime.datetime | None:
    """Until when `user` may write by a code; None where not by any at `now`. At most one query."""
    if user is None or not user.is_authenticated:
        return None
    return _late(session, user.pk, now or timezone.now())


def deadline_for(session: Session, user, now: datetime.datetime | None = None) -> datetime.datetime | None:
    """The instant until which `user` (None or anonymous: anybody) may write at `now`; None where it is over, or not yet begun."""
    now = now or timezone.now()
    return _later_of(session, late_until(session, user, now), now)


def deadline_of(application: Application, now: datetime.datetime | None = None) -> datetime.datetime | None:
    """The instant until which its applicant may write on `application`; None where it is over, or not yet begun.

    No query where the application comes from `with_late_access`.
    """
    now, session = now or timezone.now(), application.session
    if not hasattr(application, "codes_until"):
        return _later_of(session, _late(session, application.applicant_id, now), now)
    return _later_of(session, _ahead(application.codes_until, now) if stage_of(session, now) in STAGES else None, now)


def _late(session: Session, person: int, now: datetime.datetime) -> datetime.datetime | None:
    if stage_of(session, now) not in STAGES:
        return None
    return _ahead(_codes_of(person, session.pk).aggregate(until=Max("expires_at"))["until"], now)


def with_late_access(applications: QuerySet[Application]) -> QuerySet[Application]:
    """`applications`, each with `codes_until`: the latest date of the codes its applicant used. For pages with many of them."""
    codes = _codes_of(OuterRef("applicant_id"), OuterRef("session_id")).order_by().values("session")
    latest = codes.annotate(until=Max("expires_at")).values("until")
    return applications.annotate(codes_until=Subquery(latest, output_field=DateTimeField()))


def sessions_open_late(user, now: datetime.datetime | None = None) -> QuerySet:
    """Sessions that are closed, and to which `user` may apply by a code until `late_until`, which each of them has."""
    now = now or timezone.now()
    mine = Q(late_codes__uses__person=user, late_codes__revoked_at=None, late_codes__expires_at__gt=now)
    # What `stage_of` says of the stages after the close of applications and before the results.
    closed = Q(archived_at=None) | Q(archived_at__gt=now)
    closed &= Q(announced_at__lte=now, applications_open_at__lte=now, applications_close_at__lte=now)
    closed &= Q(published_at=None) | Q(published_at__gt=now)
    return Session.objects.filter(closed).annotate(late_until=Max("late_codes__expires_at", filter=mine)).exclude(late_until=None)


def _codes_of(person, session) -> QuerySet[LateCode]:
    return LateCode.objects.filter(session=session, uses__person=person, revoked_at=None)


def _ahead(moment: datetime.datetime | None, now: datetime.datetime) -> datetime.datetime | None:
    return moment if moment is not None and moment > now else None


def _later_of(session: Session, late: datetime.datetime | None, now: datetime.datetime) -> datetime.datetime | None:
    if stage_of(session, now) != Stage.OPEN:
        return late
    closes = session.applications_close_at
    return max(closes, late) if closes and late else closes
