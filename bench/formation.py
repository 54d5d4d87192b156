"""How good the answers of forming cohorts are, and how long they take: proven gaps, seconds, memory, and ratios to two simple ways.

    uv run python bench/formation.py [--quick] [--seed N]

Seeded sessions of people all over the world: evenings on most weekdays, longer hours on weekends. Each is formed in a process of its own
and in one thread. Printed are the verdict, the first goal that is not proven with its gap (what is missing to its bound, in per cent of the
bound), the seconds, the largest memory, and how many people are placed by our answer and by a greedy one. The greedy search takes the
cohorts with the fewest people to choose from first and gives each its best possible team of those who are left, in the order of the same
goals. Small sessions are also solved by trying all formations. Bounds, on two cores: 172 people and 8 cohorts of 4 proven best in 5
seconds; 500 and 30 of 3 and of 4 within 0.5 % in 60 seconds; 1,000 and 100 of 4 within 2 % in 300 seconds and 2 GB; impossible questions
answered with reasons in 5 seconds; never worse than greedy, equal to trying everything, and the same answer again where it is proven.
Exits with 1 where one is missed. `--quick` leaves the two largest out.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cohorts.forming import Applicant, CohortPlan, Instance, check, explain, explain_empty, form, measure  # noqa: E402
from cohorts.forming.rules import common, fewest, fits_leaders  # noqa: E402

#: People, cohorts, places in each, and the bounds: gap in per cent, seconds, megabytes.
SIZES = [
    (172, 8, 4, 0.0, 5, 2048),
    (500, 30, 3, 0.5, 60, 2048),
    (500, 30, 4, 0.5, 60, 2048),
    (1000, 100, 4, 2.0, 300, 2048),
]
ZONES, SHARES = [-8, -5, -3, 0, 1, 2, 3, 5.5, 8], [4, 10, 5, 18, 25, 14, 8, 12, 4]
PROJECTS = 3


def realistic(people: int, cohorts: int, size: int, seed: int) -> Instance:
    """A session of one week with applicants in all tiers, who name up to three projects; cohorts take 3 people at least."""
    chance = random.Random(seed)

    def hours(zone: float | None = None) -> tuple[int, ...]:
        if zone is None:
            zone = chance.choices(ZONES, SHARES)[0]
        found = 0
        for day in range(7):
            if chance.random() < (0.8 if day < 5 else 0.7):
                start = chance.choice([17, 18, 18, 19, 19.5]) if day < 5 else chance.choice([9, 10, 11, 14])
                length = chance.choice([2, 3, 3, 4]) if day < 5 else chance.choice([3, 4, 6, 8])
                for half in range(length * 2):
                    found |= 1 << int(((day * 24 + start + half / 2 - zone) % 168) * 2)
        return (found,)

    plans = [
        CohortPlan(
            number, number % PROJECTS, min(3, size), size,
            (hours(chance.choices([-5, 0, 1, 2, 5.5], [2, 3, 4, 2, 2])[0]),), (hours(),),
        )
        for number in range(cohorts)
    ]  # fmt: skip
    applicants = [
        Applicant(
            number, tier=chance.choice([0, 1, 1, 2, 2, 3, 3]), experience=chance.randint(0, 2), hours=hours(),
            projects=tuple(chance.sample(range(PROJECTS), chance.choice([0, 1, 2, 2, 3]))),
        )
        for number in range(people)
    ]  # fmt: skip
    return Instance(applicants, plans)


def teams_of(instance: Instance, cohort: CohortPlan, free: list[Applicant]):
    """All feasible teams of a cohort."""
    able = [person for person in free if instance.accepts(cohort, person) and fits_leaders(instance, cohort, person)]
    for size in range(cohort.smallest, cohort.largest + 1):
        for team in combinations(able, size):
            if fewest(common(instance, cohort, team)) >= instance.cohort_slots:
                yield team


def greedy(instance: Instance) -> dict[int, list[int]]:
    """The best team for each cohort in turn, by growing it: each step takes the person after whom the goals stand best."""
    free, members = list(instance.applicants), {cohort.id: [] for cohort in instance.cohorts}
    able = {
        cohort.id: [one for one in instance.applicants if instance.accepts(cohort, one) and fits_leaders(instance, cohort, one)]
        for cohort in instance.cohorts
    }
    for cohort in sorted(instance.cohorts, key=lambda one: len(able[one.id])):
        team: list[Applicant] = []
        left = {person.id for person in free}
        while len(team) < cohort.largest:
            fit = [
                person
                for person in able[cohort.id]
                if person.id in left
                and person not in team
                and fewest(common(instance, cohort, [*team, person])) >= instance.cohort_slots
            ]
            if not fit:
                break
            team.append(min(fit, key=lambda one: (one.tier, -fewest(common(instance, cohort, [*team, one])))))
        if len(team) >= cohort.smallest:
            members[cohort.id] = [person.id for person in team]
            free = [person for person in free if person not in team]
    return members


def exhaustive(instance: Instance) -> tuple[int, ...]:
    """The most that any formation reaches, goal by goal, by trying all."""
    reached = {frozenset(): tuple(measure(instance, {}).values())}
    for cohort in instance.cohorts:
        teams = [frozenset(one.id for one in team) for team in teams_of(instance, cohort, list(instance.applicants))]
        counts = {team: tuple(measure(instance, {cohort.id: sorted(team)}).values()) for team in teams}
        more = dict(reached)
        for used, so_far in reached.items():
            for team, worth in counts.items():
                if not used & team:
                    total = tuple(map(sum, zip(so_far, worth, strict=True)))
                    more[used | team] = max(more.get(used | team, total), total)
        reached = more
    return max(reached.values())


def run_one(people: int, cohorts: int, size: int, seed: int, seconds: int) -> dict:
    """Form one session here; for a process of its own."""
    instance = realistic(people, cohorts, size, seed)
    began, processor = time.perf_counter(), time.process_time()
    formation = form(instance, seconds=seconds * 0.9)
    taken, processor = time.perf_counter() - began, time.process_time() - processor
    goal = formation.unproven
    ours, theirs = measure(instance, formation.members), measure(instance, greedy(instance))
    placed = [sum(count for name, count in one.items() if name.startswith("tier")) for one in (ours, theirs)]
    return {
        "verdict": formation.verdict, "goal": goal.name if goal else "", "gap": 100 * (goal.gap or 0.0) if goal else 0.0,
        "reached": goal.reached if goal else 0, "bound": goal.bound if goal else 0,
        "seconds": taken, "processor": processor, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "placed": placed, "teams": formation.teams,
        "top": [ours["tier 0"], theirs["tier 0"]], "worse": tuple(ours.values()) < tuple(theirs.values()),
        "problems": len(check(instance, formation.members)), "members": formation.members,
    }  # fmt: skip


def in_process(*values: int) -> dict:
    """`run_one` in a new process, so that memory is that of one session."""
    names = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, __file__, "--one", *map(str, values)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **names},
    )
    return json.loads(done.stdout)


def small(seed: int) -> list[str]:
    """Sessions that can be tried out as a whole: ours must be equal, and is timed against it and against greedy."""
    missed, seconds, tried, better = [], 0.0, 0.0, 0
    for number in range(10):
        instance = realistic(24, 3, 3, seed + number)
        began = time.perf_counter()
        formation = form(instance, seconds=30)
        middle = time.perf_counter()
        best = exhaustive(instance)
        seconds, tried = seconds + middle - began, tried + time.perf_counter() - middle
        ours = tuple(measure(instance, formation.members).values())
        better += ours > tuple(measure(instance, greedy(instance)).values())
        if ours != best:
            missed.append(f"small session {number}: {ours}, and trying everything finds {best}")
    print(f"24 people, 3 cohorts of 3, ten times: {10 - len(missed)} of 10 equal to trying everything, {better} better than greedy; "
          f"{seconds:.1f} s, trying everything {tried:.1f} s")  # fmt: skip
    return missed


def impossible(seed: int) -> list[str]:
    """Questions without an answer: the largest session with pinned people who never meet, and with nobody who has time."""
    missed, whole = [], realistic(1000, 100, 4, seed)
    early, late = ((1 << 20) - 1,), (((1 << 20) - 1) << 20,)
    pinned = [Applicant(10_000, early, pinned=5), Applicant(10_001, late, pinned=5)]
    questions = {
        "pinned people who never meet": Instance([*whole.applicants, *pinned], whole.cohorts),
        "nobody has time": Instance([Applicant(one.id, (0,), one.tier) for one in whole.applicants], whole.cohorts),
    }
    for name, instance in questions.items():
        began = time.perf_counter()
        formation = form(instance, seconds=60)
        reasons = explain(instance, formation) | explain_empty(instance, formation)
        taken = time.perf_counter() - began
        print(f"1,000 people, 100 cohorts, {name}: {formation.verdict}, {len(reasons):,} reasons, {taken:.1f} s")
        if formation.verdict != "impossible" or taken > 5:
            missed.append(f"{name}: {formation.verdict} in {taken:.1f} s")
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="without the two largest")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", nargs=5, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run_one(*options.one)))
        return 0
    missed = small(options.seed) + impossible(options.seed)
    for people, cohorts, size, gap, seconds, megabytes in SIZES[:2] if options.quick else SIZES:
        name = f"{people:,} people, {cohorts} cohorts of {size}"
        found = in_process(people, cohorts, size, options.seed, seconds)
        proof = (
            f"{found['goal']} {found['reached']} of at most {found['bound']}, gap {found['gap']:.2f} %"
            if found["goal"]
            else "gap 0 %"
        )
        print(f"{name}: {found['verdict']}, {proof}; {found['seconds']:.1f} s ({found['processor']:.1f} s of a processor), {found['megabytes']:.0f} MB, {found['teams']:,} teams; "
              f"placed {found['placed'][0]} (greedy {found['placed'][1]}), of the best tier {found['top'][0]} ({found['top'][1]})",
              flush=True)  # fmt: skip
        if found["gap"] > gap or found["seconds"] > seconds or found["megabytes"] > megabytes:
            missed.append(f"{name}: bounds are {gap} %, {seconds} s, {megabytes} MB")
        if found["worse"] or found["problems"]:
            missed.append(f"{name}: worse than greedy, or {found['problems']} rules broken")
        if people == SIZES[0][0]:
            again = in_process(people, cohorts, size, options.seed, seconds)
            if again["members"] != found["members"]:
                missed.append(f"{name}: another answer the second time")
    for line in missed:
        print("MISSED", line)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
