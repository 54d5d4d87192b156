"""Who is expected at a meeting, and who may arrange, change or call off one."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User

from .models import Cohort, Meeting, MeetingPerson, Membership, Session, SessionRole, access


def people_of(meeting: Meeting) -> list[User]:
    """Who is expected at `meeting`, by name: two queries at most. See `people_of_all`."""
    return people_of_all([meeting])[meeting.pk]


def people_of_all(meetings: Iterable[Meeting]) -> dict[int, list[User]]:
    """Who is expected at each of `meetings`, by its key: people with an open account, sorted by name.

    Of a meeting of a few, those who are asked by name. Else everybody who belongs to the cohort now, or to a cohort of the session and
    to its organisers, and those who are asked by name. Before a session is published its members know of no place, so only those who lead
    count. Four queries, however many meetings; `session` should be loaded.
    """
    meetings = list(meetings)
    whole = [meeting for meeting in meetings if not meeting.few]
    sessions = {meeting.session_id for meeting in whole if meeting.cohort_id is None}
    of_cohort: dict[int, set[int]] = {}
    of_session: dict[int, set[int]] = {}
    if whole:
        place = Q(cohort__in={meeting.cohort_id for meeting in whole if meeting.cohort_id})
        if sessions:
            place |= Q(cohort__session__in=sessions)
        known = Q(role__in=access.LEADING) | Q(cohort__session__published_at__isnull=False)
        rows = Membership.objects.present().filter(place, known).order_by()
        for cohort, session, user in rows.values_list("cohort_id", "cohort__session_id", "user_id"):
            of_cohort.setdefault(cohort, set()).add(user)
            of_session.setdefault(session, set()).add(user)
    if sessions:
        organisers = SessionRole.objects.filter(session__in=sessions, role=SessionRole.Role.ORGANISER)
        for session, user in organisers.values_list("session_id", "user_id"):
            of_session.setdefault(session, set()).add(user)
    by_name: dict[int, set[int]] = {}
    invited = MeetingPerson.objects.filter(meeting__in=[meeting.pk for meeting in meetings], invited=True).order_by()
    # Whoever left a cohort is expected at none of its meetings, whatever they were asked to before.
    left = Membership.objects.filter(cohort=OuterRef("meeting__cohort"), user=OuterRef("user"), state=Membership.State.LEFT)
    invited = invited.exclude(Exists(left))
    for meeting_id, user in invited.values_list("meeting_id", "user_id"):
        by_name.setdefault(meeting_id, set()).add(user)
    keys = {
        meeting.pk: by_name.get(meeting.pk, set())
        | (
            set()
            if meeting.few
            else of_cohort.get(meeting.cohort_id, set())
            if meeting.cohort_id
            else of_session.get(meeting.session_id, set())
        )
        for meeting in meetings
    }
    users = {user.pk: user for user in User.objects.filter(pk__in=set().union(*keys.values()), is_active=True)}
    return {pk: sorted((users[one] for one in found if one in users), key=_by_name) for pk, found in keys.items()}


def _by_name(user: User) -> tuple[str, int]:
    return user.get_full_name().casefold(), user.pk


def may_arrange(user, where: Cohort | Session) -> bool:
    """Whether `user` may make meetings of a cohort (navigators, captains, organisers) or of a whole session (organisers).

    Nobody may once the session is archived.
    """
    session = where.session if isinstance(where, Cohort) else where
    if session.archived_at is not None:
        return False
    if isinstance(where, Cohort):
        return Cohort.objects.led_by(user).filter(pk=where.pk).exists()
    return Session.objects.organised_by(user).filter(pk=where.pk).exists()


def may_pair(user, cohort: Cohort) -> bool:
    """Whether `user`, as a member, may arrange pairing in `cohort` and ask for a 1:1 with those who lead it."""
    if not user.is_authenticated or cohort.session.archived_at is not None or cohort.session.published_at is None:
        return False
    return Membership.objects.present().filter(cohort=cohort, user=user).exists()


def may_change(user, meeting: Meeting) -> bool:
    """Whether `user` may change `meeting`, propose times for it and settle one.

    Who may arrange in its cohort or session and sees it; and who made a pairing and still belongs to the cohort. A 1:1 that a member
    asked for is settled by the one who was asked.
    """
    if not Meeting.objects.visible_to(user).filter(pk=meeting.pk).exists():
        return False
    if may_arrange(user, meeting.cohort or meeting.session):
        return True
    return meeting.kind == Meeting.Kind.PAIRING and _made_it(user, meeting)


def may_cancel(user, meeting: Meeting) -> bool:
    """Whether `user` may call `meeting` off: who may change it, and who asked for it."""
    return may_change(user, meeting) or _made_it(user, meeting)


def _made_it(user, meeting: Meeting) -> bool:
    return meeting.made_by_id == user.pk and meeting.cohort is not None and may_pair(user, meeting.cohort)


def who_can_be_asked(user, where: Cohort | Session) -> QuerySet[User]:
    """Who may be asked by name to a meeting there that `user` arranges, without `user`: the people of the cohort and the organisers of
    its session; of a session, everybody in it."""
    session = where.session if isinstance(where, Cohort) else where
    places = Membership.objects.present()
    places = places.filter(cohort=where) if isinstance(where, Cohort) else places.filter(cohort__session=session)
    if session.published_at is None:
        places = places.filter(role__in=access.LEADING)
    organisers = SessionRole.objects.filter(session=session, role=SessionRole.Role.ORGANISER)
    found = Q(pk__in=places.values("user_id")) | Q(pk__in=organisers.values("user_id"))
    return User.objects.filter(found, is_active=True).exclude(pk=user.pk)


def who_leads(cohort: Cohort) -> QuerySet[User]:
    """Navigators and captains of `cohort` now."""
    return User.objects.filter(pk__in=Membership.objects.leading().filter(cohort=cohort).values("user_id"), is_active=True)
