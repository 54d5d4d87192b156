"""What became of applicants in earlier sessions: on the waitlist, not selected, a member. For organisers, who decide again.

Everything here starts from the sessions that the viewer organises and from the applications that the viewer may decide on: what
happened in somebody else's session, one's own application and one with a conflict of interest are no part of it. Reviewers never
read it: who was on a waitlist before would tell them whose application they have before them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .models import Application, ApplicationEvent, Conflict, Membership, Session

Status = Application.Status
State = Membership.State

#: What one can ask a list for, with its words.
KINDS = {
    "waited": gettext_lazy("Were on the waitlist before"),
    "applied": gettext_lazy("Applied before"),
    "member": gettext_lazy("Took part before"),
    "first": gettext_lazy("Apply for the first time"),
}


class EarlierSession(NamedTuple):
    """What an organiser reads about one person in one earlier session."""

    session: Session
    words: str
    #: Whether the person was on that session's waitlist, whatever came of it.
    waited: bool

    def __str__(self) -> str:
        return f"{self.session}: {self.words}"


def earlier_sessions(applications: Sequence[Application], *, viewer) -> dict[int, list[EarlierSession]]:
    """Application id → what became of its applicant in earlier sessions that were published, the latest first.

    Needs `session` loaded. Two queries, whatever the number of applications.
    """
    people = {one.applicant_id for one in applications}
    applied = list(
        _applications(viewer)
        .filter(applicant__in=people)
        .annotate(has_waited=_has_waited())
        .select_related("session")
        .defer("draft")
    )
    took_part = list(_memberships(viewer).filter(user__in=people).select_related("cohort__session"))
    # That somebody took a place is said already by what they were then.
    accepted = {(row.applicant_id, row.session_id) for row in applied if row.status == Status.ACCEPTED}
    facts: dict[int, dict[int, EarlierSession]] = defaultdict(dict)
    for row in applied:
        facts[row.applicant_id][row.session_id] = EarlierSession(row.session, _outcome(row), row.has_waited)
    for membership in took_part:
        session, of_person = membership.cohort.session, facts[membership.user_id]
        known = of_person.get(session.pk)
        words = _part(membership)
        if known is not None and (membership.user_id, session.pk) not in accepted:
            words = f"{words}; {known.words}"
        of_person[session.pk] = EarlierSession(session, words, known is not None and known.waited)
    found = {}
    for application in applications:
        before = [
            one for one in facts[application.applicant_id].values() if one.session.starts_on < application.session.starts_on
        ]
        found[application.pk] = sorted(before, key=lambda one: (one.session.starts_on, one.session.pk), reverse=True)
    return found


def in_words(facts: Iterable[EarlierSession]) -> str:
    """All of it in one line; empty where nothing is known."""
    return "; ".join(map(str, facts))


def narrowed_by_earlier(applications: QuerySet[Application], kind: str, *, viewer) -> QuerySet[Application]:
    """Those of `applications` of which `kind` (a key of `KINDS`) is true; all of them for any other text."""
    earlier = {"session__starts_on__lt": OuterRef("session__starts_on")}
    applied = _applications(viewer).filter(applicant=OuterRef("applicant"), **earlier)
    match kind:
        case "waited":
            return applications.filter(Exists(applied.filter(Q(status=Status.WAITLISTED) | _has_waited())))
        case "applied":
            return applications.filter(Exists(applied))
        case "first":
            return applications.exclude(Exists(applied))
        case "member":
            part = _memberships(viewer).filter(
                user=OuterRef("applicant"), cohort__session__starts_on__lt=OuterRef("session__starts_on")
            )
            return applications.filter(Exists(part))
    return applications


def _applications(viewer) -> QuerySet[Application]:
    return Application.objects.decided_by(viewer).filter(session__published_at__isnull=False)


def _memberships(viewer) -> QuerySet[Membership]:
    """Of sessions that `viewer` organises; none of a person about whom a conflict of interest was declared there."""
    conflict = Conflict.objects.filter(
        application__session=OuterRef("cohort__session"), application__applicant=OuterRef("user"), reviewer=viewer
    )
    organised = Session.objects.organised_by(viewer).filter(published_at__isnull=False)
    rows = Membership.objects.filter(cohort__session__in=organised.values("pk")).exclude(user=viewer)
    return rows.exclude(state=State.INVITED).exclude(Exists(conflict)).order_by("joined_at", "pk")


def _has_waited() -> Exists:
    return Exists(ApplicationEvent.objects.filter(application=OuterRef("pk"), to_status=Status.WAITLISTED))


def _outcome(application) -> str:
    waited = application.has_waited
    match application.status:
        case Status.WAITLISTED if application.waitlist_rank:
            return _("on the waitlist, rank %(rank)s") % {"rank": application.waitlist_rank}
        case Status.WAITLISTED:
            return _("on the waitlist")
        case Status.NOT_SELECTED if waited and application.waitlist_rank:
            return _("not selected, after rank %(rank)s on the waitlist") % {"rank": application.waitlist_rank}
        case Status.NOT_SELECTED:
            return _("not selected, after the waitlist") if waited else _("not selected")
        case Status.OFFERED:
            return _("offered a place, from the waitlist") if waited else _("offered a place")
        case Status.ACCEPTED:
            return _("took a place, from the waitlist") if waited else _("took a place")
        case Status.DECLINED:
            return _("declined a place, offered from the waitlist") if waited else _("declined a place")
        case Status.EXPIRED:
            return _("did not answer the offer from the waitlist") if waited else _("did not answer the offer of a place")
        case Status.WITHDRAWN:
            return _("left the waitlist") if waited else _("withdrew")
    return _("applied, and nothing was decided")


def _part(membership: Membership) -> str:
    values = {"cohort": membership.cohort, "role": membership.get_role_display().lower()}
    if membership.state == State.LEFT:
        return _("was %(role)s of %(cohort)s, and left") % values
    return _("was %(role)s of %(cohort)s") % values
