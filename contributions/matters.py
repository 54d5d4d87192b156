"""What a board tells of its people: whom to look after, what is handled, who waits for whom, and with which the reader can help."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cohorts import attention, nudges, waits
from cohorts.attention import Reason, Topic
from cohorts.models import Cohort, Membership, Nudge
from cohorts.nudges import Unanswered
from cohorts.waits import Party, Wait
from cohorts.working_days import working_days

from .waiting import since_words

#: What waits for the reader is no topic of its own: it is found by who reads.
MINE = Topic("mine", gettext_lazy("Waiting for me"), gettext_lazy("Nothing waits for you. Thank you for keeping up."))
EVERYTHING = ""
TITLES = {
    Party.LEADER: gettext_lazy("For those who lead"),
    Party.MEMBER: gettext_lazy("For members"),
    Party.REVIEWER: gettext_lazy("For a reviewer"),
    Party.MAINTAINER: gettext_lazy("For the maintainers"),
}


@dataclass
class Person:
    """Somebody to look after, with every reason."""

    membership: Membership
    reasons: list[Reason] = field(default_factory=list)

    @property
    def alarms(self) -> list[Reason]:
        """What somebody should act on, and can mark as handled."""
        return [reason for reason in self.reasons if reason.alarm]

    @property
    def reply_to(self) -> int:
        """The id of the check-in that they speak in; 0 for none."""
        return next((reason.reply_to for reason in self.reasons if reason.reply_to), 0)


@dataclass(frozen=True)
class Handled:
    """A reason that somebody who leads has looked after: marked as handled (`nudge`), or answered by what they did."""

    reason: Reason
    nudge: Nudge | None = None

    @property
    def membership(self) -> Membership:
        return self.reason.membership

    @property
    def text(self) -> str:
        """Who did what, without a full stop."""
        if self.nudge is None:
            return self.reason.answer.text if self.reason.answer else ""
        if self.nudge.handled_by is None:
            return _("Somebody handled it")
        return _("%(name)s handled it") % {"name": self.nudge.handled_by.get_short_name()}

    @property
    def at(self) -> datetime.datetime | None:
        if self.nudge is not None:
            return self.nudge.handled_at
        return self.reason.answer.at if self.reason.answer else None


@dataclass(frozen=True)
class WaitRow:
    """One thing that waits. `members`: whose it is. `awaited`: names of those it waits for, without the reader (`yours`).

    How long is worked out where it is shown: of a whole session most of it stays folded.
    """

    wait: Wait
    members: tuple[Membership, ...]
    awaited: tuple[str, ...]
    yours: bool
    now: datetime.datetime

    @property
    def since(self) -> str:
        return since_words(self.wait.since, self.now) if self.wait.since else ""

    @property
    def days(self) -> int | None:
        """Working days of the session; None where none are counted: after the end."""
        session = self.wait.membership.cohort.session
        return working_days(session, self.wait.since, self.now) if self.wait.since and self.now < session.ends_at else None

    @property
    def for_whom(self) -> tuple[str, ...]:
        """Those it waits for, where that is not said by whose it is."""
        own = {membership.user.get_short_name() for membership in self.members} if self.wait.party == Party.MEMBER else set()
        return tuple(name for name in self.awaited if name not in own)


@dataclass
class WaitGroup:
    party: str
    rows: list[WaitRow] = field(default_factory=list)

    @property
    def title(self) -> str:
        return str(TITLES[Party(self.party)])


@dataclass
class Matters:
    """Everything that a board says beside the plain table. People by name; in `waiting` the oldest first.

    `unanswered` is for organisers: about whom nobody has done anything for a week.
    """

    alarms: list[Person] = field(default_factory=list)
    quiet: list[Person] = field(default_factory=list)
    waiting: list[WaitRow] = field(default_factory=list)
    handled: list[Handled] = field(default_factory=list)
    unanswered: list[Unanswered] = field(default_factory=list)

    @property
    def groups(self) -> list[WaitGroup]:
        """What waits, by whom it waits for."""
        groups = {str(party): WaitGroup(str(party)) for party in Party}
        for row in self.waiting:
            groups[str(row.wait.party)].rows.append(row)
        return [group for group in groups.values() if group.rows]

    @property
    def people(self) -> set[int]:
        """Ids of the memberships that are named."""
        named = {person.membership.pk for person in [*self.alarms, *self.quiet]}
        return named | {membership.pk for row in self.waiting for membership in row.members}


@dataclass(frozen=True)
class Choice:
    """A filter. `people`: how many members the board names under it."""

    topic: Topic
    people: int
    chosen: bool


def matters_of(
    user,
    members: Sequence[Membership],
    leaders: Sequence[Membership],
    now: datetime.datetime,
    *,
    leads: bool,
    organises: bool = False,
) -> Matters:
    """What `user` may read of these members of one session, of which `leaders` lead the cohorts.

    Those who do not lead (`leads`) see no reasons for attention and nothing private, and nobody sees those about themselves.
    `unanswered` is filled for who `organises`. The number of queries does not depend on the number of people.
    """
    cared_for = _cared_for(user, members)
    found = [
        wait for wait in waits.gather(members, now) if not wait.private or (leads and wait.membership.cohort_id in cared_for)
    ]
    if not leads:
        return Matters(waiting=_rows(user, found, [*members, *leaders], now))
    others = [membership for membership in members if membership.user_id != user.pk]
    reasons = attention.gather(others, now)
    reasons = [reason for reason in reasons if not reason.private or reason.membership.cohort_id in cared_for]
    standing = nudges.standing(others)
    marked = {identity: nudge for identity, nudge in standing.items() if nudge.handled_at is not None}
    handled = [Handled(reason, marked.get(reason.identity)) for reason in reasons if reason.answer or reason.identity in marked]
    settled = {each.reason.identity for each in handled}
    alarms, quiet = people_to_look_after([reason for reason in reasons if reason.identity not in settled])
    rows = _rows(user, [wait for wait in found if (wait.membership.pk, *wait.reason) not in settled], [*members, *leaders], now)
    unanswered = nudges.unanswered(others, reasons, standing, now) if organises else []
    return Matters(alarms, quiet, rows, handled, unanswered)


def _cared_for(user, members: Sequence[Membership]) -> set[int]:
    """The cohorts of these members of which `user`, who leads there, reads what is private. Costs a query for the operator alone."""
    here = {membership.cohort_id for membership in members}
    if not user.is_superuser:
        return here
    return set(Cohort.objects.cared_for_by(user).filter(pk__in=here).values_list("pk", flat=True))


def people_to_look_after(reasons: Sequence[Reason]) -> tuple[list[Person], list[Person]]:
    """Reasons gathered by person: those with an alarm, and the others, each in the order of the reasons."""
    people: dict[int, Person] = {}
    for reason in reasons:
        people.setdefault(reason.membership.pk, Person(reason.membership)).reasons.append(reason)
    alarms: list[Person] = []
    quiet: list[Person] = []
    for person in people.values():
        (alarms if any(reason.alarm for reason in person.reasons) else quiet).append(person)
    return alarms, quiet


def chosen_topic(text: str | None) -> str:
    """The key of a topic as an address has it; everything where there is none such."""
    known = {MINE.key, *(topic.key for topic in attention.topics())}
    return text if text in known else EVERYTHING


def choices_of(matters: Matters, chosen: str, *, leads: bool) -> list[Choice]:
    """The filters, each with the number of members whom the board would name. Who leads no cohort gets those that fit."""
    everything = Topic(EVERYTHING, _("Everything"), "")
    choices = [
        Choice(topic, len(about(matters, topic.key).people), topic.key == chosen)
        for topic in [everything, MINE, *attention.topics()]
    ]
    return [choice for choice in choices if leads or choice.people or choice.chosen or choice.topic.key in (EVERYTHING, MINE.key)]


def about(matters: Matters, topic: str) -> Matters:
    """The part of `matters` that is about `topic`, a key."""
    if topic == EVERYTHING:
        return matters
    if topic == MINE.key:
        return Matters(waiting=[row for row in matters.waiting if row.yours])
    reasons = [reason for person in [*matters.alarms, *matters.quiet] for reason in person.reasons if reason.topic == topic]
    alarms, quiet = people_to_look_after(sorted(reasons, key=lambda reason: attention.by_name(reason.membership)))
    waiting = [row for row in matters.waiting if row.wait.topic == topic]
    return Matters(alarms, quiet, waiting, [each for each in matters.handled if each.reason.topic == topic])


def empty_words(topic: str) -> str:
    """What to say where nobody is named under `topic`."""
    return next((str(each.empty) for each in [MINE, *attention.topics()] if each.key == topic), "")


def _rows(user, found: Iterable[Wait], people: Sequence[Membership], now: datetime.datetime) -> list[WaitRow]:
    names = {membership.user_id: membership.user.get_short_name() for membership in people}
    leaders: dict[int, dict[str, list[int]]] = {}
    for membership in people:
        if membership.leads:
            leaders.setdefault(membership.cohort_id, {}).setdefault(membership.role, []).append(membership.user_id)
    rows: dict[tuple[str, str], WaitRow] = {}
    for wait in found:
        key = (str(wait.party), wait.key)
        if key in rows:
            rows[key] = _shared(rows[key], wait, user)
            continue
        awaited = sorted(wait.awaited or _who_leads(wait, leaders), key=lambda pk: names.get(pk, ""))
        known = [names[pk] for pk in awaited if pk in names and pk != user.pk]
        rows[key] = WaitRow(
            wait=wait,
            members=(wait.membership,),
            awaited=tuple(known or ([wait.awaited_name] if wait.awaited_name else [])),
            yours=user.pk in awaited,
            now=now,
        )
    return list(rows.values())


def _shared(row: WaitRow, wait: Wait, user) -> WaitRow:
    """Two members share it: it is told once, of both; who reads gets the link to their own part."""
    members = tuple(sorted([*row.members, wait.membership], key=attention.by_name))
    yours = row.yours or user.pk in wait.awaited
    names = set(row.awaited)
    if wait.party == Party.MEMBER:
        names |= {wait.membership.user.get_short_name()} if wait.membership.user_id != user.pk else set()
    own = wait if wait.membership.user_id == user.pk else row.wait
    return replace(row, wait=own, members=members, yours=yours, awaited=tuple(sorted(names)))


def _who_leads(wait: Wait, leaders: dict[int, dict[str, list[int]]]) -> list[int]:
    """What waits for those who lead waits for the navigators of the cohort; where there are none, for its captain."""
    if wait.party != Party.LEADER:
        return []
    of_cohort = leaders.get(wait.membership.cohort_id, {})
    return of_cohort.get(Membership.Role.NAVIGATOR) or of_cohort.get(Membership.Role.CAPTAIN) or []
