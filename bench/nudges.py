"""What 10,000 nudges cost: statements for each person as sessions grow, and time.

    uv run python bench/nudges.py [--database sqlite|postgresql] [--quick]

In sessions of 500 and of 5,000 members, eight a cohort with two who lead, everybody is stuck and would like to talk: two nudges each, so 1,000
and 10,000. They are noticed, noticed once more, told to those who lead (one mail each), told once more, and a week later escalated to the
organiser. Noticing and escalating must take the same number of statements whatever the number of people, but for rows that a database
takes in several statements; telling the same number for each mail. The second time nothing may be written. Prints a table, and exits with 1 where a
bound is missed.
"""

import argparse
import datetime
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SIZES, QUICK = (500, 5000), (80, 800)
#: Rows of one statement, at the least: SQLite takes few values at once. And how far the share of a person may grow.
ROWS, GROWTH = 50, 1.05
#: The hour at which mail about nudges is written for everybody of the benchmark, who are all in UTC.
NOON = 12


def measure(people: int, now: datetime.datetime) -> dict[str, tuple[int, int, float]]:
    """What each step wrote, its statements, and its seconds, in a session with so many people. All before it is archived."""
    from django.db import connection

    from bench.boards import living_session
    from cohorts import nudges
    from cohorts.models import Nudge, Session

    Session.objects.update(archived_at=now)
    nudges.notice(now)
    session, _organiser = living_session(f"stuck-{people}", people, now=now, each_stuck=True)
    found = {}
    later = now + datetime.timedelta(days=7)
    steps = [
        ("notice", lambda: nudges.notice(now)), ("notice again", lambda: nudges.notice(now)), ("tell", lambda: nudges.tell(now)),
        ("tell again", lambda: nudges.tell(now)), ("escalate", lambda: nudges.escalate(later)),
    ]  # fmt: skip
    for name, step in steps:
        sent: list[None] = []

        def count(execute, *arguments, sent=sent):
            sent.append(None)
            return execute(*arguments)

        began = time.perf_counter()
        # Django's own record of statements ends at some thousand.
        with connection.execute_wrapper(count):
            done = step()
        found[name] = done, len(sent), time.perf_counter() - began
    standing = Nudge.objects.open().filter(membership__cohort__session=session).count()
    if standing != 2 * people:
        raise SystemExit(f"{standing} nudges stand where {2 * people} should.")
    return found


def missed(found: dict[int, dict[str, tuple[int, int, float]]]) -> list[str]:
    """The bounds that were missed, in words."""
    few, many = sorted(found)
    words = [
        f"{name} wrote {found[number][name][0]}"
        for number in found
        for name in ("notice again", "tell again")
        if found[number][name][0]
    ]
    for number in found:
        mails = 2 * -(-number // 8)
        for name, wanted in (("notice", 2 * number), ("tell", mails), ("escalate", 1)):
            if found[number][name][0] != wanted:
                words.append(f"{name} of {number:,} people wrote {found[number][name][0]:,}, not {wanted:,}")
    for name in ("notice", "notice again", "tell again", "escalate"):
        more = found[many][name][1] - found[few][name][1]
        # Twice as many nudges as people, each named in several values.
        if more > 2 * (many - few) / ROWS:
            words.append(f"{name} takes {more} statements more with {many:,} people than with {few:,}")
    share = {number: found[number]["tell"][1] / found[number]["tell"][0] for number in found}
    if share[many] > GROWTH * share[few]:
        words.append(f"telling takes {share[many]:.2f} statements a mail with {many:,} people and {share[few]:.2f} with {few:,}")
    return words


def table(found: dict[int, dict[str, tuple[int, int, float]]]) -> str:
    lines = [f"{'':16}" + "".join(f"{f'{number:,} people, {2 * number:,} nudges':>44}" for number in found)]
    for name in next(iter(found.values())):
        cells = (
            f"{done:,} written, {count:,} statements, {seconds:.2f} s"
            for done, count, seconds in (each[name] for each in found.values())
        )
        lines.append(f"{name:16}" + "".join(f"{cell:>44}" for cell in cells))
    for number, each in found.items():
        total = sum(count for _done, count, _seconds in each.values())
        lines.append(f"statements for each of {number:,} people, all steps together: {total / number:.2f}")
    return "\n".join(lines)


def main() -> int:
    from bench.pages import set_up
    from bench.tasks import DATABASES, database

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--quick", action="store_true", help="a tenth of the people")
    arguments = parser.parse_args()
    with database(arguments.database) as url:
        set_up(url)
        from django.db import connections
        from django.utils import timezone

        from accounts.models import User

        User._meta.get_field("time_zone").default = "UTC"
        now = timezone.now().astimezone(datetime.UTC).replace(hour=NOON)
        found = {people: measure(people, now) for people in (QUICK if arguments.quick else SIZES)}
        connections.close_all()
    print(table(found))
    words = missed(found)
    for one in words:
        print(f"MISSED {one}")
    return 1 if words else 0


if __name__ == "__main__":
    sys.exit(main())
