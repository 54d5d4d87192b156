"""Steps of the front page about meetings: to say when one can, and to settle a time that everybody has answered to."""

import datetime

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from .meeting_people import people_of_all
from .models import Meeting, MeetingSlot, SlotAnswer, access
from .step import Step


def poll_steps(user, now: datetime.datetime):
    """Times that wait for the answer of `user`, and those that `user` can settle. A number of queries that does not grow with the polls."""
    ahead = MeetingSlot.objects.filter(meeting=OuterRef("pk"), starts_at__gt=now)
    own = SlotAnswer.objects.filter(slot__meeting=OuterRef("pk"), user=user)
    polls = Meeting.objects.visible_to(user).filter(state=Meeting.State.POLLING, session__archived_at=None)
    meetings = list(polls.filter(Exists(ahead)).annotate(has_answered=Exists(own)).select_related("session", "cohort"))
    if not meetings:
        return
    expected = people_of_all(meetings)
    led = set(access.led_cohorts(user).values_list("cohort_id", flat=True))
    organised = set(access.organised_sessions(user).values_list("session_id", flat=True))
    said = set(SlotAnswer.objects.filter(slot__meeting__in=meetings).values_list("slot__meeting_id", "user_id"))
    for meeting in sorted(meetings, key=lambda one: one.pk):
        people = {person.pk for person in expected[meeting.pk]}
        page = reverse("meeting_times", args=[meeting.pk])
        where = meeting.cohort.name if meeting.cohort is not None else meeting.session.name
        if user.pk in people and not meeting.has_answered:
            text = _("A time is being found for: %(meeting)s.") % {"meeting": meeting}
            yield Step(_("When can you?"), "mine", where, text, page, _("Say when you can"))
        elif all((meeting.pk, pk) in said for pk in people) and _settles(user, meeting, people, led, organised):
            text = _("Everybody has said when they can: %(meeting)s.") % {"meeting": meeting}
            yield Step(_("Settle a time"), "mine", where, text, page, _("Settle the time"))


def _settles(user, meeting: Meeting, people: set[int], led: set[int], organised: set[int]) -> bool:
    """Whether it is for `user` to settle it: who looks for the time, or is asked, and may (see `meeting_people.may_change`)."""
    if user.pk not in people and meeting.made_by_id != user.pk:
        return False
    arranges = meeting.cohort_id in led or meeting.session_id in organised
    return arranges or (meeting.kind == Meeting.Kind.PAIRING and meeting.made_by_id == user.pk)
