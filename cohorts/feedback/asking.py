"""Asking for feedback: rows for everybody whose day has come, and no more of who has left. A worker that stood still catches up."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cohorts.models import Feedback, FeedbackForm, Membership, access
from cohorts.places import LONGEST_EXTENSION
from cohorts.stages import LONGEST_SESSION

from .dates import days, due_day, window_of

Checkpoint, Direction, Role, State = FeedbackForm.Checkpoint, FeedbackForm.Direction, Membership.Role, Membership.State

#: With people who go on longer; what began earlier is over.
LONGEST = LONGEST_SESSION + LONGEST_EXTENSION
#: Who left may still tell how it was, so many days after the session's last one.
TELL_AFTER = 60

#: Whom a form is about, by its direction; nobody for the others.
ABOUT = {Direction.LEADER_MEMBER: (Role.MEMBER,), Direction.MEMBER_LEADER: access.LEADING}
#: Who is asked, by the direction of a form. Captains support people and do not see their work: they are not asked about each member.
ASKED = {
    Direction.MEMBER_PROGRAM: (Role.MEMBER,),
    Direction.LEADER_PROGRAM: access.LEADING,
    Direction.LEADER_MEMBER: (Role.NAVIGATOR,),
    Direction.MEMBER_LEADER: (Role.MEMBER,),
}


def ask_due_feedback(now: datetime.datetime | None = None) -> int:
    """Ask everybody whose day has come and who was not asked yet; returns how many rows that are.

    Nobody is asked twice for the same form, whichever version and in whichever cohort of the session. Who left is not asked any
    more, who came back is again, and who goes on longer has until a later day. Running it twice writes nothing twice. The number
    of queries does not depend on how many people there are.
    """
    now = now or timezone.now()
    _follow_places(now)
    forms = list(
        FeedbackForm.objects.filter(
            retired_at=None,
            session__published_at__lte=now,
            session__archived_at=None,
            session__starts_on__gte=(now - LONGEST).date(),
            session__starts_on__lte=(now + datetime.timedelta(days=8)).date(),
        ).select_related("session")
    )
    if not forms:
        return 0
    sessions = {form.session_id: form.session for form in forms}
    people: dict[int, list[Membership]] = defaultdict(list)
    present = Membership.objects.present().filter(cohort__session__in=sessions, user__is_active=True)
    for membership in present.select_related("cohort").order_by("pk"):
        people[membership.cohort.session_id].append(membership)
    asked = _asked(sessions)
    rows = [
        row
        for form in forms
        for row in _rows(form, people[form.session_id], asked, now.astimezone(sessions[form.session_id].zone).date())
    ]
    # Somebody else who does the same just now has written the rest.
    Feedback.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return len(rows)


def _asked(sessions: Iterable[int]) -> set[tuple]:
    """Who was asked what about whom, of all versions: (session, key, person, person whom it is about)."""
    return set(
        Feedback.objects.filter(form__session__in=sessions, membership__isnull=False).values_list(
            "form__session_id", "form__key", "membership__user_id", "about__user_id"
        )
    )


def _rows(form: FeedbackForm, people: Sequence[Membership], asked: set[tuple], today: datetime.date) -> Iterator[Feedback]:
    for membership, about in _pairs(form, people):
        key = (form.session_id, form.key, membership.user_id, about.user_id if about else None)
        window = window_of(form, form.session, membership, about)
        due_on = due_day(window, today) if window else None
        if due_on is not None and key not in asked:
            asked.add(key)
            yield Feedback(form=form, membership=membership, about=about, due_on=due_on)


def _pairs(form: FeedbackForm, people: Sequence[Membership]) -> Iterator[tuple[Membership, Membership | None]]:
    """Who is asked, and about whom: oneself never, and only people of the same cohort."""
    direction = Direction(form.direction)
    asked = [each for each in people if each.role in ASKED[direction]]
    if direction not in ABOUT:
        yield from ((membership, None) for membership in asked)
        return
    of_cohort: dict[int, list[Membership]] = defaultdict(list)
    for each in people:
        if each.role in ABOUT[direction]:
            of_cohort[each.cohort_id].append(each)
    for membership in asked:
        yield from ((membership, about) for about in of_cohort[membership.cohort_id] if about.user_id != membership.user_id)


def _follow_places(now: datetime.datetime) -> None:
    """Excuse who left (and from words about who left), ask again who is back, and give who goes on longer a later day."""
    waiting = Feedback.objects.filter(written_at=None, membership__isnull=False)
    gone = Q(membership__state=State.LEFT) | Q(about__state=State.LEFT)
    waiting.filter(gone, excused_at=None).update(excused_at=now)
    here = Q(membership__state__in=access.PRESENT) & (Q(about=None) | Q(about__state__in=access.PRESENT))
    today = (now - datetime.timedelta(days=1)).date()
    waiting.filter(here, excused_at__isnull=False, due_on__gte=today).update(excused_at=None)
    longer = Q(membership__extended_until__isnull=False) | Q(about__extended_until__isnull=False)
    late = waiting.filter(longer, form__checkpoint=Checkpoint.END, excused_at=None, form__session__archived_at=None)
    moved = []
    for feedback in late.select_related("form__session", "membership", "about"):
        assert feedback.membership is not None  # noqa: S101 (asked for above)
        window = window_of(feedback.form, feedback.form.session, feedback.membership, feedback.about)
        if window is not None and window.due_on > feedback.due_on:
            feedback.due_on = window.due_on
            moved.append(feedback)
    Feedback.objects.bulk_update(moved, ["due_on"], batch_size=500)


# Who left may tell how it was, if they want


class NothingToTell(Exception):
    """There is no form to offer. The text is for the person."""


def offered_to_who_left(user, now: datetime.datetime | None = None) -> list[tuple[Membership, FeedbackForm]]:
    """The form about the end, for places that `user` left: it is offered and never asked for. Two queries."""
    now = now or timezone.now()
    in_use = FeedbackForm.objects.filter(
        retired_at=None, checkpoint=Checkpoint.END, direction=Direction.MEMBER_PROGRAM, session__archived_at=None
    )
    asked = Feedback.objects.filter(
        form__session=OuterRef("cohort__session"),
        form__checkpoint=Checkpoint.END,
        form__direction=Direction.MEMBER_PROGRAM,
        membership__user=user,
    )
    left = (
        Membership.objects.visible_to(user)
        .filter(user=user, state=State.LEFT, role=Role.MEMBER, cohort__session__in=in_use.values("session"))
        .exclude(Exists(asked))
        .select_related("cohort__session")
        .order_by("-left_at", "pk")
    )
    offered: dict[int, Membership] = {}
    for membership in left:
        session = membership.cohort.session
        if now.astimezone(session.zone).date() <= session.last_day + days(TELL_AFTER):
            offered.setdefault(session.pk, membership)
    forms: dict[int, FeedbackForm] = {}
    for form in in_use.filter(session__in=offered).order_by("pk"):
        forms.setdefault(form.session_id, form)
    return [(membership, forms[pk]) for pk, membership in offered.items() if pk in forms]


def begin_to_tell(membership: Membership, *, by, now: datetime.datetime | None = None) -> Feedback:
    """Give somebody who left the form about the end, because they want it. It is not asked of them: nothing reminds of it.

    Raises `NothingToTell` where it is not offered to `by`, or not any more.
    """
    now = now or timezone.now()
    with transaction.atomic():
        # Two presses make one form.
        list(Membership.objects.select_for_update(of=("self",)).filter(pk=membership.pk))
        form = next((form for place, form in offered_to_who_left(by, now) if place.pk == membership.pk), None)
        if form is None:
            raise NothingToTell(_("This form is not there any more."))
        today = now.astimezone(membership.cohort.session.zone).date()
        due_on = today + days(form.days_to_answer)
        return Feedback.objects.create(form=form, membership=membership, due_on=due_on, excused_at=now)
