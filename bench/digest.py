"""What ten thousand nudges and digests cost: statements a person, and how long it takes.

    uv run python bench/digest.py [--database sqlite|postgresql] [--quick]

Sessions of five and of four hundred people are looked at on a Monday morning: the number of reading statements must be the same, for the
nudges that are noticed and for the digests; and of all statements together a nudge, a mail about nudges and a digest must not cost more
where there are many. Then twenty-five sessions of four hundred people (eighty cohorts of four members and a navigator each) have their
nudges noticed and told, and their digests written, each once; a second run right after it must write nothing. Everybody's morning is
the same here, which is the worst case. Prints a table, and exits with 1 where a bound is missed.
"""

import argparse
import datetime
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

FEW, MANY, SESSIONS = 5, 400, 25
COHORT = 5
MONDAY = datetime.datetime(2026, 11, 23, 9, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


def make_session(name: str, people: int):
    """A session in week 4, in cohorts of four members and a navigator. Every member is stuck, was answered, and has two pull requests."""
    from accounts.models import GitHubIdentity, User
    from cohorts.models import CheckIn, CheckInReply, Cohort, Meeting, Membership, Project, Repository, Session, SessionRole
    from cohorts.weeks import generate_weeks
    from contributions.models import Contribution, MemberSync, WorkItem

    session = Session.objects.create(
        slug=name, name=name, starts_on=datetime.date(2026, 11, 2), announced_at=MONDAY - 90 * DAY, published_at=MONDAY - 40 * DAY
    )
    weeks = {week.number: week for week in generate_weeks(session)}
    project = Project.objects.create(slug=name, name=name)
    repository = Repository.objects.create(project=project, full_name=f"{name}/repository")
    session.projects.add(project)
    organiser = User.objects.create(email=f"organiser@{name}.example.org", name="Organiser")
    SessionRole.objects.create(session=session, user=organiser, role=SessionRole.Role.ORGANISER)
    users = User.objects.bulk_create(User(email=f"m{one}@{name}.example.org", name=f"Person {one}") for one in range(people))
    GitHubIdentity.objects.bulk_create(GitHubIdentity(user=user, login=user.email.replace("@", "-")) for user in users)
    cohorts = Cohort.objects.bulk_create(
        Cohort(session=session, name=f"Cohort {one}", project=project) for one in range(-(-people // COHORT))
    )
    places = Membership.objects.bulk_create(
        Membership(cohort=cohorts[one // COHORT], user=user, role="navigator" if one % COHORT == 0 else "member")
        for one, user in enumerate(users)
    )
    Membership.objects.filter(cohort__session=session).update(joined_at=session.begins_at)
    members = [place for place in places if place.role == "member"]
    leaders = {place.cohort_id: place.user for place in places if place.role == "navigator"}
    MemberSync.objects.bulk_create(MemberSync(membership=member, synced_at=MONDAY) for member in members)
    checkins = CheckIn.objects.bulk_create(
        CheckIn(membership=member, week=weeks[3], did="Read the code", stuck="The tests hang", written_at=MONDAY - 3 * DAY)
        for member in members
    )
    CheckInReply.objects.bulk_create(
        CheckInReply(checkin=checkin, author=leaders[checkin.membership.cohort_id], text="Well done") for checkin in checkins[::2]
    )
    CheckInReply.objects.filter(checkin__membership__cohort__session=session).update(created_at=MONDAY - 2 * DAY)
    first = WorkItem.objects.count() + 1
    items = WorkItem.objects.bulk_create(
        WorkItem(
            host="github.com", kind="pull_request", database_id=first + number, node_id=f"PR_{first + number}", number=first + number,
            tracked_repository=repository, repository=repository.full_name, title=f"Make thing {number} clearer",
            url=f"https://github.com/{repository.full_name}/pull/{first + number}", author_login="me",
            created_at=MONDAY - 15 * DAY, fetched_at=MONDAY, events=[],
            **({"turn": "member", "turn_reason": "changes_requested", "turn_since": MONDAY - 9 * DAY} if number % 2
               else {"state": "merged", "merged_at": MONDAY - 2 * DAY, "closed_at": MONDAY - 2 * DAY}),
        )
        for number in range(2 * len(members))
    )  # fmt: skip
    Contribution.objects.bulk_create(
        Contribution(membership=members[number // 2], work_item=item, role="author") for number, item in enumerate(items)
    )
    Meeting.objects.bulk_create(
        Meeting(session=session, cohort=cohort, starts_at=MONDAY + DAY, time_zone="UTC") for cohort in cohorts
    )
    return session


def counted(step: Callable[[datetime.datetime], int]) -> tuple[int, int, int]:
    """What a step wrote, and its statements: those that read, and all."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        written = step(MONDAY)
    reading = sum(query["sql"].lstrip("( ").startswith("SELECT") for query in queries)
    return written, reading, len(queries)


def main() -> int:
    from bench import pages
    from bench.tasks import DATABASES, database

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--quick", action="store_true", help="two large sessions")
    arguments = parser.parse_args()
    with database(arguments.database) as url:
        pages.set_up(url)
        missed = measure(2 if arguments.quick else SESSIONS)
        from django.db import connections

        connections.close_all()
    for words in missed:
        print(f"MISSED {words}")
    return 1 if missed else 0


def steps() -> dict[str, Callable[[datetime.datetime], int]]:
    from cohorts import digests, nudges

    return {"nudges noticed": nudges.notice, "mails about nudges": nudges.tell, "digests": digests.write_due_digests}


def measure(sessions: int) -> list[str]:
    import collections

    from django.db import connection

    from cohorts.models import Session

    connection.queries_log = collections.deque(maxlen=1_000_000)
    missed = []
    # What is looked up once a process, before anything is counted.
    make_session("first", FEW)
    for step in steps().values():
        step(MONDAY)
    Session.objects.update(archived_at=MONDAY)
    counts: dict[int, dict[str, tuple[int, int, int]]] = {}
    for people in (FEW, MANY):
        make_session(f"counted-{people}", people)
        counts[people] = {name: counted(step) for name, step in steps().items()}
        Session.objects.update(archived_at=MONDAY)
    print(f"{'':22}{f'{FEW} people':>30}{f'{MANY} people':>30}")
    for name in steps():
        (few, few_reads, few_all), (many, many_reads, many_all) = (counts[people][name] for people in (FEW, MANY))
        told = [f"{few} by {few_all} ({few_reads} read)", f"{many} by {many_all} ({many_reads} read)"]
        print(f"{name:22}{told[0]:>30}{told[1]:>30}")
        # Mails that tell of nudges have a task each, which is queued with statements of its own.
        if few_reads != many_reads and name != "mails about nudges":
            missed.append(f"reading statements for {name} grow: {few_reads} for {FEW} people, {many_reads} for {MANY}")
        if many_all / many > few_all / few:
            missed.append(f"statements for each of the {name} grow with the people")
    for number in range(sessions):
        make_session(f"large-{number}", MANY)
    for name, step in steps().items():
        began = time.perf_counter()
        written, _reading, statements = counted(step)
        seconds = time.perf_counter() - began
        print(f"{sessions} x {MANY}: {written:>7,} {name:20}{statements / max(written, 1):6.2f} statements each{seconds:8.1f} s")
        if written < (MANY * sessions * 0.19 if name == "mails about nudges" else MANY * sessions):
            missed.append(f"only {written} {name} were written")
        if again := step(MONDAY):
            missed.append(f"a second run wrote {again} {name}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
