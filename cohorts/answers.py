"""What those who lead have answered: a reply to a check-in, or a 1:1 that was made with the member since."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from .attention import Answer
from .models import CheckIn, CheckInReply, Meeting, MeetingPerson, Membership, Session, SessionRole, access


@dataclass(frozen=True)
class Sign:
    """That somebody who leads or organises turned to a member: `by` is the short name, empty where the account is deleted."""

    at: datetime.datetime
    by: str
    checkin: int | None = None


@dataclass(frozen=True)
class Signs:
    """The signs for one member, each list by time: `replies` to check-ins, `talks` are 1:1s that were made with them."""

    replies: tuple[Sign, ...] = ()
    talks: tuple[Sign, ...] = ()

    @property
    def last(self) -> datetime.datetime | None:
        """When somebody turned to the member last."""
        return max((sign.at for sign in (*self.replies, *self.talks)), default=None)

    def reply_to(self, checkin: CheckIn) -> Answer | None:
        """The first answer to what stands in `checkin`."""
        sign = next((one for one in self.replies if one.checkin == checkin.pk and _is_later(one, checkin)), None)
        return _answer(sign, _("%(name)s answered"), _("Somebody who leads answered"))

    def talk_since(self, checkin: CheckIn) -> Answer | None:
        """The first 1:1 that was made with the member after `checkin` was written."""
        sign = next((one for one in self.talks if _is_later(one, checkin)), None)
        return _answer(sign, _("%(name)s made a time for a 1:1"), _("There is a time for a 1:1"))


def _is_later(sign: Sign, checkin: CheckIn) -> bool:
    return checkin.written_at is not None and sign.at >= checkin.written_at


def _answer(sign: Sign | None, text: str, nameless: str) -> Answer | None:
    if sign is None:
        return None
    return Answer(sign.by, sign.at, text % {"name": sign.by} if sign.by else nameless)


def signs_of(memberships: Sequence[Membership]) -> Mapping[int, Signs]:
    """What those who lead and organise did for members of one session, by membership id. Two queries.

    A 1:1 counts from when it was made, times to choose from included, for as long as it is not called off; one that the member asked
    for counts once it is settled.
    """
    if not memberships:
        return {}
    session = memberships[0].cohort.session
    replies: dict[int, list[Sign]] = {membership.pk: [] for membership in memberships}
    talks: dict[int, list[Sign]] = {membership.pk: [] for membership in memberships}
    for checkin, member, at, name in _replies(session, replies):
        replies[member].append(Sign(at, _short(name), checkin))
    by_user = {membership.user_id: membership.pk for membership in memberships}
    for user, at, maker, name in _talks(session, by_user):
        talks[by_user[user]].append(Sign(at, _short(name) if maker != user else ""))
    return {pk: Signs(tuple(replies[pk]), tuple(talks[pk])) for pk in replies}


def _leads(session: Session, person: str) -> Q:
    """Rows whose `person` (the name of a relation) leads a cohort of `session` or organises it; an answer stays one after they left."""
    leaders = Membership.objects.filter(cohort__session=session, role__in=access.LEADING).order_by().values("user")
    organisers = SessionRole.objects.filter(session=session, role=SessionRole.Role.ORGANISER).order_by().values("user")
    return Q(**{f"{person}__in": leaders}) | Q(**{f"{person}__in": organisers})


def _replies(session: Session, members: Iterable[int]):
    rows = CheckInReply.objects.filter(_leads(session, "author"), checkin__membership__in=list(members))
    rows = rows.exclude(author=None).order_by("created_at", "pk")
    return rows.values_list("checkin_id", "checkin__membership_id", "created_at", "author__name")


def _talks(session: Session, users: Iterable[int]):
    meetings = Meeting.objects.filter(session=session, kind=Meeting.Kind.ONE_TO_ONE).order_by()
    offered = meetings.exclude(state=Meeting.State.CANCELLED).filter(_leads(session, "made_by"))
    leaders = MeetingPerson.objects.filter(_leads(session, "user"), invited=True).order_by()
    settled = meetings.filter(state=Meeting.State.CONFIRMED, pk__in=leaders.values("meeting"))
    rows = MeetingPerson.objects.filter(
        Q(meeting__in=offered.values("pk")) | Q(meeting__in=settled.values("pk")), user__in=list(users), invited=True
    )
    rows = rows.order_by("meeting__created_at", "pk")
    return rows.values_list("user_id", "meeting__created_at", "meeting__made_by_id", "meeting__made_by__name")


def _short(name: str | None) -> str:
    return (name or "").split(" ")[0]
