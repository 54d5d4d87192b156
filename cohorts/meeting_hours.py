"""What is known of when people have time: their half hours, where they live, and the meetings that they have already."""

import datetime
from collections.abc import Collection, Sequence

from django.db.models import Q

from accounts.models import Availability, User

from .meeting_people import people_of_all
from .meeting_times import Comer, Span
from .models import Meeting, MeetingPerson, Membership

#: No meeting is longer than a day.
LONGEST = datetime.timedelta(days=1)


def comers_of(
    people: Sequence[User], *, first: datetime.datetime, last: datetime.datetime, leave_out: Collection[int] = ()
) -> list[Comer]:
    """Hours and other meetings of `people` between two instants. A number of queries that does not grow with them. `leave_out`: keys of
    meetings that do not count, such as the one that is to be moved."""
    keys = [person.pk for person in people]
    said = {row.user_id: row for row in Availability.objects.filter(user__in=keys)}
    busy = busy_spans(keys, first=first, last=last, leave_out=leave_out)
    found = []
    for person in people:
        row = said.get(person.pk)
        found.append(
            Comer(
                key=person.pk,
                name=person.get_full_name(),
                zone=person.zone.key,
                slots=frozenset(row.slots) if row is not None and row.slots else None,
                slots_zone=row.time_zone if row is not None else person.zone.key,
                busy=tuple(busy.get(person.pk, ())),
            )
        )
    return found


def busy_spans(
    people: Collection[int], *, first: datetime.datetime, last: datetime.datetime, leave_out: Collection[int] = ()
) -> dict[int, list[Span]]:
    """When these people (by key) have confirmed meetings, in whichever session, between two instants; without those they cannot come to."""
    places = Membership.objects.present().filter(user__in=people)
    cohorts = places.values("cohort_id")
    sessions = places.values("cohort__session_id")
    roles = Q(session__roles__user__in=people, session__roles__role="organiser")
    concerned = (
        Q(people__user__in=people, people__invited=True)
        | Q(few=False, cohort__in=cohorts)
        | Q(few=False, cohort__isnull=True, session__in=sessions)
        | Q(few=False, cohort__isnull=True) & roles
    )
    around = Meeting.objects.confirmed().filter(starts_at__gt=first - LONGEST, starts_at__lt=last).exclude(pk__in=leave_out)
    meetings = [
        one
        for one in around.filter(pk__in=Meeting.objects.filter(concerned).values("pk")).order_by("starts_at", "pk")
        if one.ends_at > first
    ]
    wanted = set(people)
    cannot = set(
        MeetingPerson.objects.filter(meeting__in=meetings, answer=MeetingPerson.Answer.NO, user__in=people).values_list(
            "meeting_id", "user_id"
        )
    )
    spans: dict[int, list[Span]] = {}
    for pk, expected in people_of_all(meetings).items():
        meeting = next(one for one in meetings if one.pk == pk)
        for person in expected:
            if person.pk in wanted and (pk, person.pk) not in cannot:
                spans.setdefault(person.pk, []).append((meeting.starts_at, meeting.ends_at))
    return spans
