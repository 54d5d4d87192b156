"""The best formation of a small instance by trying everything, in code that shares nothing with what is tested."""

from itertools import combinations

NOTHING = float("-inf")


def slots(hours):
    """Each week's half hours as a set."""
    return [{slot for slot in range(week.bit_length()) if week >> slot & 1} for week in hours]


def enough(people, needed):
    """Whether all have `needed` half hours in common in each week."""
    weeks = zip(*(slots(hours) for hours in people), strict=True)
    return all(len(set.intersection(*week)) >= needed for week in weeks)


def is_team(instance, cohort, people):
    """Whether these people may be this cohort."""
    if not cohort.smallest <= len(people) <= cohort.largest:
        return False
    if {one.id for one in instance.applicants if one.pinned == cohort.id} - {one.id for one in people}:
        return False
    for person in people:
        if person.pinned not in (None, cohort.id):
            return False
        if person.pinned is None:
            if cohort.id in person.banned:
                return False
            if person.projects and cohort.project is not None and cohort.project not in person.projects:
                return False
        if not all(enough([person.hours, captain], instance.captain_slots) for captain in cohort.captains):
            return False
    return enough([*cohort.navigators, *(person.hours for person in people)], instance.cohort_slots)


def worth(instance, cohort, people):
    """What a team counts for each goal, in their order."""
    found = []
    if any(one.pinned is not None for one in instance.applicants):
        found.append(int(any(one.pinned == cohort.id for one in people)))
    for tier in sorted({one.tier for one in instance.applicants}):
        found.append(sum(one.tier == tier for one in people))
    found.append(int(len(people) == cohort.largest))
    wishes = 0
    for person in people:
        if not person.projects or cohort.project is None:
            wishes += 2
        elif cohort.project in person.projects:
            wishes += max(3 - person.projects.index(cohort.project), 1)
    found.append(wishes)
    levels = {one.experience for one in people if one.experience is not None}
    found.append(max(len(levels) - 1, 0))
    weeks = zip(*(slots(hours) for hours in [*cohort.navigators, *(one.hours for one in people)]), strict=True)
    found.append(min(len(set.intersection(*week)) for week in weeks))
    return tuple(found)


def best(instance):
    """The most that any formation reaches in each goal, and whether there is a team at all."""
    people = instance.applicants
    goals = 3 + len({one.tier for one in people}) + 1 + any(one.pinned is not None for one in people)
    reached = {frozenset(): (0,) * goals}
    there_is_one = False
    for cohort in instance.cohorts:
        teams = {
            frozenset(one.id for one in team): worth(instance, cohort, team)
            for size in range(cohort.smallest, cohort.largest + 1)
            for team in combinations(people, size)
            if is_team(instance, cohort, team)
        }
        there_is_one = there_is_one or bool(teams)
        more = dict(reached)
        for used, so_far in reached.items():
            for team, counts in teams.items():
                if not used & team:
                    total = tuple(map(sum, zip(so_far, counts, strict=True)))
                    more[used | team] = max(more.get(used | team, total), total)
        reached = more
    return max(reached.values()), there_is_one
