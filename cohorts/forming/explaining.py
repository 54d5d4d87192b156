"""Why somebody was left out, and the smallest change that would help: codes and numbers, which `wording` turns into sentences."""

from collections import Counter
from dataclasses import dataclass

from .formation import Formation
from .instance import Applicant, CohortPlan, Hours, Instance
from .rules import captain_shares, common, fewest, fits_leaders, overlap

#: A change of more half hours than this comes behind one more place.
MANY = 8


@dataclass(frozen=True)
class Obstacle:
    """The first rule that keeps a person out of a cohort as it was formed.

    Codes, in the order in which they are tried: “pinned” (belongs into another one), “banned”, “project”, “leader hours” (with its
    navigators), “captain hours”, “not formed” (there is no team), “team hours” (with those who are in it), “full”. The last one, “room”,
    is none: the person could be added by hand. `have` and `need` are half hours, or for “full” people and places.
    """

    cohort: int
    code: str
    have: int = 0
    need: int = 0


#: These do not keep a person out by themselves: others came first.
OTHERS_FIRST = {"not formed", "team hours", "full"}


@dataclass(frozen=True)
class Change:
    """What would let a person join `cohort` as it was formed, all of it together.

    One more `place`; the person also naming `project`; `half_hours` more by `whose` (“applicant”, “navigator” or “captain”, the latter two with
    their `number` in the plan) in week number `week` of the different weeks, at some of `times`, when all others could.
    """

    cohort: int
    place: bool = False
    project: int | None = None
    half_hours: int = 0
    whose: str = ""
    number: int = 0
    week: int = 0
    times: tuple[int, ...] = ()

    @property
    def size(self) -> tuple[int, bool, bool, int]:
        """To compare: fewer kinds of change first, then those that ask little."""
        kinds = self.place + (self.project is not None) + bool(self.half_hours)
        return kinds, self.half_hours > MANY, self.place, self.half_hours


@dataclass(frozen=True)
class Explanation:
    """Why one person is in no cohort.

    Codes: “no hours” (has no time in some week), “stopped” (a rule stops the person at each cohort), “others first” (the rules let the person
    into some cohort, but others came first), “room” (could be added by hand to a cohort as it is: the answer was not proven best).
    `obstacles` has one for each cohort, in their order; `change` is the smallest that would help, where one person's change can.
    """

    applicant: int
    code: str
    obstacles: tuple[Obstacle, ...]
    change: Change | None


@dataclass(frozen=True)
class EmptyCohort:
    """Why a cohort has no team: of `accepted` people, whom wishes and bans let in, `fitting` share enough hours with its leaders.

    `need` people must share `slots` half hours all together. `times` are those half hours of the first week, with the number of accepted
    people who have time then and do not fit, in which one more hour of the navigators would win most people, the best first.
    """

    cohort: int
    accepted: int
    fitting: int
    need: int
    slots: int
    times: tuple[tuple[int, int], ...]


def explain(instance: Instance, formation: Formation) -> dict[int, Explanation]:
    """For each applicant who was left out, by id: why."""
    known = instance.applicant_by_id
    teams = [_Team(instance, cohort, [known[one] for one in formation.members.get(cohort.id, ())]) for cohort in instance.cohorts]
    return {one: _explain(known[one], teams) for one in formation.left_out}


def explain_empty(instance: Instance, formation: Formation) -> dict[int, EmptyCohort]:
    """For each cohort without a team, by id: why."""
    return {one.id: _explain_empty(instance, one) for one in instance.cohorts if not formation.members.get(one.id)}


class _Team:
    """A cohort as it was formed, with what everybody in it shares."""

    def __init__(self, instance: Instance, cohort: CohortPlan, people: list[Applicant]) -> None:
        self.instance, self.cohort, self.people = instance, cohort, people
        self.leaders = common(instance, cohort, [])
        self.shared = common(instance, cohort, people)

    def obstacle(self, person: Applicant) -> Obstacle:
        cohort, instance = self.cohort, self.instance
        code = self._refused(person)
        if code:
            return Obstacle(cohort.id, code)
        have = _fewest_of(self.leaders, person.hours)
        if have < instance.cohort_slots:
            return Obstacle(cohort.id, "leader hours", have, instance.cohort_slots)
        have = min(captain_shares(cohort, person), default=instance.captain_slots)
        if have < instance.captain_slots:
            return Obstacle(cohort.id, "captain hours", have, instance.captain_slots)
        if not self.people:
            return Obstacle(cohort.id, "not formed")
        have = _fewest_of(self.shared, person.hours)
        if have < instance.cohort_slots:
            return Obstacle(cohort.id, "team hours", have, instance.cohort_slots)
        if len(self.people) >= cohort.largest:
            return Obstacle(cohort.id, "full", len(self.people), cohort.largest)
        return Obstacle(cohort.id, "room", len(self.people), cohort.largest)

    def _refused(self, person: Applicant) -> str:
        if person.pinned is not None and person.pinned != self.cohort.id:
            return "pinned"
        if person.pinned is None and self.cohort.id in person.banned:
            return "banned"
        return "" if self.instance.accepts(self.cohort, person) else "project"

    def least(self, person: Applicant) -> tuple[int, bool, bool, int]:
        """No change that lets this person into this team is smaller than this `Change.size`."""
        place = len(self.people) >= self.cohort.largest
        missing = max(self.instance.cohort_slots - _fewest_of(self.shared, person.hours), 0)
        kinds = place + (self._refused(person) == "project") + bool(missing)
        return kinds, missing > MANY, place, missing

    def change(self, person: Applicant) -> Change | None:
        """The smallest change that lets this person into this team; None where there is none, or nothing needs to change."""
        refused = self._refused(person)
        if not self.people or refused in {"pinned", "banned"}:
            return None
        place = len(self.people) >= self.cohort.largest
        project = self.cohort.project if refused == "project" else None
        captains = [one < self.instance.captain_slots for one in captain_shares(self.cohort, person)]
        if _fewest_of(self.shared, person.hours) >= self.instance.cohort_slots and not any(captains):
            return Change(self.cohort.id, place, project)
        hours = [one for one in (self._more_of_applicant(person), *self._more_of_leaders(person, captains)) if one is not None]
        if not hours:
            return None
        whose, number, half_hours, week, times = min(hours, key=lambda one: one[2])
        return Change(self.cohort.id, place, project, half_hours, whose, number, week, times)

    def _more_of_applicant(self, person: Applicant) -> "_More | None":
        wanted = [
            (self.shared, self.instance.cohort_slots),
            *((one, self.instance.captain_slots) for one in self.cohort.captains),
        ]
        return _more("applicant", 0, person.hours, wanted)

    def _more_of_leaders(self, person: Applicant, captains: list[bool]) -> "list[_More | None]":
        """What each navigator could do, where the team's hours are too few, or the captain, where those with one captain are."""
        team = (person.hours, *(one.hours for one in self.people))
        if any(captains):
            if sum(captains) > 1 or _fewest_of(self.shared, person.hours) < self.instance.cohort_slots:
                return []
            number = captains.index(True)
            return [_more("captain", number, self.cohort.captains[number], [(person.hours, self.instance.captain_slots)])]
        found = []
        for number, navigator in enumerate(self.cohort.navigators):
            others = overlap(
                (*team, *self.cohort.navigators[:number], *self.cohort.navigators[number + 1 :]), self.instance.weeks
            )
            found.append(_more("navigator", number, navigator, [(others, self.instance.cohort_slots)]))
        return found


#: Whose hours, number among the plan's leaders, half hours, week, times.
_More = tuple[str, int, int, int, tuple[int, ...]]


def _more(whose: str, number: int, mine: Hours, wanted: list[tuple[Hours, int]]) -> _More | None:
    """The fewest half hours by which somebody with the hours `mine` shares with each of `wanted` as many as it asks; None where none do.

    Of the different weeks the one that asks for most. With several of `wanted`, half hours that serve most of them come first.
    """
    most: _More | None = None
    for week, has in enumerate(mine):
        missing = [need - (has & other[week]).bit_count() for other, need in wanted]
        free = [other[week] & ~has for other, _need in wanted]
        open_wishes = [place for place, lacking in enumerate(missing) if lacking > 0]
        times = tuple(slot for slot in _slots_of(free, open_wishes))
        taken = 0
        for slot in times:
            serves = [place for place in open_wishes if missing[place] > 0 and free[place] >> slot & 1]
            if serves:
                taken += 1
                for place in serves:
                    missing[place] -= 1
        if any(lacking > 0 for lacking in missing):
            return None
        if taken and (most is None or taken > most[2]):
            most = (whose, number, taken, week, tuple(sorted(times)))
    return most


def _slots_of(free: list[int], places: list[int]) -> list[int]:
    """The half hours that are in any of `free` at `places`, those in most of them first."""
    counts: Counter[int] = Counter()
    for place in places:
        left = free[place]
        while left:
            lowest = left & -left
            counts[lowest.bit_length() - 1] += 1
            left ^= lowest
    return sorted(counts, key=lambda slot: (-counts[slot], slot))


def _explain(person: Applicant, teams: list[_Team]) -> Explanation:
    obstacles = tuple(team.obstacle(person) for team in teams)
    codes = {one.code for one in obstacles}
    if "room" in codes:
        return Explanation(person.id, "room", obstacles, None)
    best: Change | None = None
    for least, team in sorted(((team.least(person), team) for team in teams), key=lambda one: one[0]):
        if best is not None and best.size <= least:
            break
        change = team.change(person)
        if change is not None and (best is None or change.size < best.size):
            best = change
    code = "no hours" if not fewest(person.hours) else "others first" if codes & OTHERS_FIRST else "stopped"
    return Explanation(person.id, code, obstacles, best)


def _explain_empty(instance: Instance, cohort: CohortPlan) -> EmptyCohort:
    accepted = [person for person in instance.applicants if instance.accepts(cohort, person)]
    leaders = common(instance, cohort, [])
    short = [person for person in accepted if _fewest_of(leaders, person.hours) < instance.cohort_slots]
    fitting = [person for person in accepted if fits_leaders(instance, cohort, person)]
    counts: Counter[int] = Counter()
    for person in short:
        counts.update(_slots_of([person.hours[0] & ~leaders[0]], [0]))
    best = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MANY]
    return EmptyCohort(cohort.id, len(accepted), len(fitting), cohort.smallest, instance.cohort_slots, tuple(best))


def _fewest_of(one: Hours, other: Hours) -> int:
    return min((mine & theirs).bit_count() for mine, theirs in zip(one, other, strict=True))
