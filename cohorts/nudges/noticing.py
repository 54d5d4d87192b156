"""Nudges are written and ended: what the sources of attention say now is compared with the rows, session by session."""

import datetime
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from cohorts import attention
from cohorts.attention import Reason
from cohorts.models import Membership, Nudge, Session
from cohorts.stages import Stage, is_paused, stage_of

logger = logging.getLogger(__name__)

#: What goes and comes back sooner is the same thing: a fetch failed for a day, a rest was pressed on a Sunday.
AGAIN_AFTER = datetime.timedelta(days=3)
#: Between the key of a reason and the number of its return.
RETURN = "#"
#: So many rows are named in one statement.
CHUNK = 5000

#: Whose, of which kind, which time: `Reason.identity`.
Identity = tuple[int, str, str]


@dataclass
class Row:
    """The latest nudge about the same thing, and how many there were."""

    pk: int
    ended_at: datetime.datetime | None
    times: int


def notice(now: datetime.datetime | None = None) -> int:
    """Write down what calls for attention in running sessions and is not written yet, and end what is over. Returns how many are new.

    Running it twice writes nothing twice. A fixed number of statements a session. What fails for one session keeps no other from its
    turn: it is logged by number, and raised at the end as an `ExceptionGroup`. In a pause nothing is noticed and nothing ends.
    """
    now = now or timezone.now()
    errors: list[Exception] = []
    new = 0
    for session in sessions_to_look_at(now):
        if is_paused(session, now):
            continue
        try:
            new += _notice(session, now)
        except Exception as error:
            logger.error("The nudges of session %s could not be noticed: %s", session.pk, type(error).__name__)
            errors.append(error)
    if errors:
        raise ExceptionGroup("The nudges of some sessions could not be noticed", errors)
    return new


def sessions_to_look_at(now: datetime.datetime) -> list[Session]:
    """Sessions that run, and others in which a nudge stands: there it ends. One query."""
    stands = Exists(Nudge.objects.filter(membership__cohort__session=OuterRef("pk"), ended_at=None))
    found = Session.objects.annotate(stands=stands).filter(Q(stands=True) | Q(published_at__lte=now, archived_at=None))
    return [session for session in found.order_by("pk") if session.stands or stage_of(session, now) == Stage.RUNNING]


def running_sessions(now: datetime.datetime) -> list[Session]:
    """Sessions in whose weeks it is, and not in their pause. One query."""
    found = Session.objects.filter(published_at__lte=now, archived_at=None).order_by("pk")
    return [session for session in found if stage_of(session, now) == Stage.RUNNING and not is_paused(session, now)]


def members_of(session: Session, among: Iterable[int] | None = None) -> list[Membership]:
    """Members of a session, as sources of attention want them: with user, cohort and this session object. One query."""
    rows = Membership.objects.members().filter(cohort__session=session)
    rows = rows.exclude(state__in=[Membership.State.LEFT, Membership.State.COMPLETED])
    rows = rows if among is None else rows.filter(pk__in=among)
    members = list(rows.select_related("user", "cohort").order_by("pk"))
    for membership in members:
        membership.cohort.session = session
    return members


def _notice(session: Session, now: datetime.datetime) -> int:
    stage = stage_of(session, now)
    alarms: dict[Identity, Reason] = {}
    if stage in (Stage.UPCOMING, Stage.RUNNING):
        reasons = attention.gather(members_of(session), now)
        alarms = {reason.identity: reason for reason in reasons if reason.alarm}
    with transaction.atomic():
        rows = _rows(session)
        over = [row.pk for identity, row in rows.items() if row.ended_at is None and identity not in alarms]
        back, new = [], []
        for identity, reason in alarms.items():
            row = rows.get(identity)
            if row is None or (row.ended_at is not None and now - row.ended_at > AGAIN_AFTER):
                new.append(_new(reason, row, now))
            elif row.ended_at is not None:
                back.append(row.pk)
        for chunk in chunks(over):
            Nudge.objects.filter(pk__in=chunk, ended_at=None).update(ended_at=now)
        for chunk in chunks(back):
            Nudge.objects.filter(pk__in=chunk).update(ended_at=None)
        # Before the start a leader may note that something is handled; nobody is nudged.
        if stage != Stage.RUNNING:
            return 0
        Nudge.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _rows(session: Session) -> dict[Identity, Row]:
    """The latest nudge about each thing, of all that were ever noticed in a session. One query."""
    rows: dict[Identity, Row] = {}
    found = Nudge.objects.filter(membership__cohort__session=session).order_by("pk")
    for pk, membership, kind, key, ended_at in found.values_list("pk", "membership_id", "kind", "key", "ended_at"):
        identity = membership, kind, key.partition(RETURN)[0]
        rows[identity] = Row(pk, ended_at, rows[identity].times + 1 if identity in rows else 1)
    return rows


def _new(reason: Reason, row: Row | None, now: datetime.datetime) -> Nudge:
    key = reason.occurrence if row is None else f"{reason.occurrence}{RETURN}{row.times + 1}"
    return Nudge(membership=reason.membership, kind=reason.kind, key=key, since=reason.since, noticed_at=now)


def chunks(pks: Sequence[int]) -> Iterable[Sequence[int]]:
    """So many at a time that a statement can name them."""
    return (pks[at : at + CHUNK] for at in range(0, len(pks), CHUNK))


def identity_of(nudge: Nudge) -> Identity:
    """What tells which reason a nudge is about: see `Reason.identity`."""
    return nudge.membership_id, nudge.kind, nudge.key.partition(RETURN)[0]


def standing(memberships: Sequence[Membership]) -> dict[Identity, Nudge]:
    """The nudges about these members that are not over, handled or not, by what they are about; with who handled them. One query."""
    found = Nudge.objects.filter(membership__in=memberships, ended_at=None).select_related("handled_by").order_by("pk")
    return {identity_of(nudge): nudge for nudge in found}
