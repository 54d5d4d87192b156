"""What reading and writing the audit log costs with a million lines, on the database of `DATABASE_URL`: use an empty one of its own.

    DEBUG=1 DATABASE_URL=sqlite:////tmp/bench.sqlite3 uv run manage.py migrate
    DEBUG=1 DATABASE_URL=sqlite:////tmp/bench.sqlite3 uv run python -m bench.audit

Fails where a page of 50 lines takes longer than `AT_MOST` milliseconds at the median.
"""

import datetime
import os
import random
import statistics
import sys
import time

LINES = int(os.environ.get("BENCH_LINES", "1000000"))
PEOPLE, SESSIONS, BUSY = 5_000, 40, 90_001
AT_MOST = 500
ROUNDS = 5


def fill() -> None:
    from django.db import connection
    from django.utils import timezone

    from accounts.audit import actions
    from accounts.models import AuditEntry

    random.seed(1)
    log_ins = [name for name, one in actions().items() if one.is_log_in]
    others = [name for name, one in actions().items() if not one.is_log_in]
    now, step, batch = timezone.now(), datetime.timedelta(days=700) / LINES, []
    for number in range(LINES):
        is_log_in = random.random() < 0.7
        action = random.choice(log_ins if is_log_in else others)
        who = random.randint(1, PEOPLE) if random.random() < 0.7 else BUSY
        at = now - step * (LINES - number)
        batch.append(
            AuditEntry(
                at=at,
                action=action,
                actor_key=who,
                subject_key=who if is_log_in else random.randint(1, PEOPLE),
                scope_key=None if is_log_in else random.randint(1, SESSIONS),
                details={"how": ["password"]},
                kept_until=at + datetime.timedelta(days=730),
            )
        )
        if len(batch) == 5000:
            AuditEntry.objects.bulk_create(batch)
            batch = []
    AuditEntry.objects.bulk_create(batch)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def main() -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from accounts.audit import record
    from accounts.audit.reading import Wanted, page_of
    from accounts.models import AuditEntry

    if not AuditEntry.objects.exists():
        fill()
    lines = AuditEntry.objects.all()
    middle = lines.order_by("pk")[LINES // 2]
    pages = {
        "the newest": Wanted(),
        "before the middle": Wanted(before=middle.at),
        "one person": Wanted(people=[77]),
        "somebody with many lines": Wanted(people=[BUSY]),
        "the same, one action": Wanted(people=[BUSY], action="session.archived"),
        "one action": Wanted(action="session.archived"),
        "everything but log-ins": Wanted(action="-log_in"),
        "four sessions": Wanted(scopes=[7, 8, 9, 10]),
        "one day of a session": Wanted(scopes=[7], since=middle.at, before=middle.at + datetime.timedelta(days=1)),
        "nobody": Wanted(people=[999_999]),
    }
    worst = 0.0
    for name, wanted in pages.items():
        median = _median(lambda wanted=wanted: page_of(lines, wanted))
        worst = max(worst, median)
        print(f"{name:30} {median:8.1f} ms")
    print(f"{'writing a line':30} {_median(lambda: record('role.given', by=BUSY, to=3, scope=4), 50):8.1f} ms")
    return int(worst > AT_MOST)


def _median(call, rounds: int = ROUNDS) -> float:
    taken = []
    for _each in range(rounds):
        began = time.perf_counter()
        call()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())
