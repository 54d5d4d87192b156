"""A session as its digests read it: everybody who is there, who rests, which week it is, since when something counts as new."""

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse

from accounts.models import User
from cohorts import attention, nudges, waits
from cohorts.attention import Reason, by_name
from cohorts.models import Membership, Session, Week
from cohorts.resting import Rest, rests_of
from cohorts.stages import week_on
from cohorts.waits import Wait

from .lines import Reader, Role

WEEK = datetime.timedelta(days=7)
State = Membership.State


@dataclass
class Look:
    """`session` with its `calendar` prefetched, on the Monday `monday`, at the instant `now`. Made in the language of its readers."""

    session: Session
    monday: datetime.date
    now: datetime.datetime

    @cached_property
    def places(self) -> list[Membership]:
        """Everybody who belongs to a cohort now, by name. One session object for all. One query."""
        found = Membership.objects.present().filter(cohort__session=self.session).select_related("user", "cohort")
        places = sorted(found, key=by_name)
        for place in places:
            place.cohort.session = self.session
        return places

    @cached_property
    def members(self) -> list[Membership]:
        return [place for place in self.places if place.role == Membership.Role.MEMBER]

    @cached_property
    def of_cohort(self) -> dict[int, list[Membership]]:
        """Members by cohort."""
        found: dict[int, list[Membership]] = defaultdict(list)
        for member in self.members:
            found[member.cohort_id].append(member)
        return found

    @cached_property
    def _places_of(self) -> dict[int, list[Membership]]:
        found: dict[int, list[Membership]] = defaultdict(list)
        for place in self.places:
            found[place.user_id].append(place)
        return found

    @cached_property
    def people(self) -> dict[int, User]:
        """Everybody by key."""
        return {place.user_id: place.user for place in self.places}

    @cached_property
    def rests(self) -> dict[int, Rest]:
        """Who rests, by membership. One query."""
        return rests_of(self.places, self.now)

    @cached_property
    def since(self) -> datetime.datetime:
        """From when on something is new: the Monday before, or the last one before a pause, at midnight in the session's zone."""
        day = self.monday - WEEK
        if self.session.pause:
            first, last = self.session.pause
            while first <= day <= last:
                day -= WEEK
        return datetime.datetime.combine(day, datetime.time(), tzinfo=self.session.zone)

    @cached_property
    def until(self) -> datetime.datetime:
        """Up to when something is next: the Monday after."""
        return datetime.datetime.combine(self.monday + WEEK, datetime.time(12), tzinfo=self.session.zone)

    @cached_property
    def week(self) -> Week | None:
        """The week of this Monday; where weeks begin on other days and none holds it, the one that begins next."""
        weeks = sorted(self.session.calendar.all(), key=lambda week: week.number)
        return week_on(self.monday, weeks) or next((week for week in weeks if week.starts_on > self.monday), None)

    @cached_property
    def reasons(self) -> list[Reason]:
        """Whom to look after: alarms that nobody has looked after yet."""
        concerned = [member for member in self.members if member.state != State.COMPLETED]
        handled = {identity for identity, nudge in nudges.standing(concerned).items() if nudge.handled_at is not None}
        return [one for one in attention.gather(concerned, self.now) if one.alarm and one.identity not in handled]

    @cached_property
    def waits(self) -> list[Wait]:
        """What waits for whom, what has waited longest first."""
        return waits.gather(self.members, self.now)

    def readers_for(self, user: User, *, organises: bool) -> list[Reader]:
        """`user` in each role that they have, in the order of a mail. Who has completed the session reads nothing as a member."""
        own = self._places_of[user.pk]
        led = [place for place in own if place.leads]
        taking_part = [place for place in own if not place.leads and place.state != State.COMPLETED]
        readers = []
        if taking_part:
            readers.append(self._reader(user, Role.MEMBER, taking_part, reverse("progress", args=[taking_part[0].pk])))
        if led:
            readers.append(self._reader(user, Role.LEADER, led, reverse("cohort", args=[led[0].cohort_id])))
        if organises:
            page = reverse("session_board", args=[self.session.slug])
            everybody = tuple(member for member in self.members if member.user_id != user.pk)
            readers.append(Reader(user, Role.ORGANISER, self.session, (), everybody, False, page))
        return readers

    def _reader(self, user: User, role: Role, places: Sequence[Membership], page: str) -> Reader:
        people = tuple(member for cohort in {place.cohort_id: None for place in places} for member in self.of_cohort[cohort])
        rests = any(self.rests[place.pk].now for place in places)
        return Reader(user, role, self.session, tuple(places), people, rests, page)
