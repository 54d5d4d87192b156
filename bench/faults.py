"""A large sync of a GitHub that fails now and then: is everything there in the end, and was each item written once?

    uv run python bench/faults.py [--members 2000] [--share 0.01]

Each member has five items. One request in a hundred fails in one of GitHub's ways, and one item in a hundred of what an answer
holds does not come. The sync is asked for again until it is done; then what is stored is compared with what is on GitHub. Prints
what it took, and exits with 1 if anything differs, was written twice, or was asked for inside a transaction.
"""

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
ITEMS_A_MEMBER = 5
REPOSITORIES = 40
#: More runs than this, an hour apart each, and something is wrong.
MOST_RUNS = 60


def holes(handle, share: float, chance: random.Random):
    """A sandbox's `handle` whose answers lack some of their nodes, with an error that says so."""

    def answer(request):
        reply = handle(request)
        if b"Refresh" not in request.body and b"query Ci" not in request.body:
            return reply
        try:
            body = json.loads(reply.body)
            nodes = body["data"]["nodes"]
        except (ValueError, KeyError, TypeError):
            return reply
        for index in range(len(nodes)):
            if nodes[index] and chance.random() < share:
                nodes[index] = None
                error = {"path": ["nodes", index], "type": "INTERNAL", "message": "Something went wrong."}
                body.setdefault("errors", []).append(error)
        reply.body = json.dumps(body).encode()
        return reply

    return answer


def run(members: int, share: float) -> list[str]:
    """Sync until it is done; what is wrong then, in words."""
    import time_machine
    from django.test import override_settings

    from bench import sync as worlds
    from contributions.models import Contribution, SyncRun, WorkItem
    from contributions.sandbox import Sandbox, sandbox_transport, scale_world
    from contributions.sandbox.faults import Fault
    from contributions.sync import refresh, request_sync, run_sync

    now = datetime.now(UTC).replace(microsecond=0)
    world = scale_world(members, REPOSITORIES, now=now, days=24)
    chance = random.Random(1)
    sandbox = Sandbox(world)
    for fault in Fault:
        sandbox.faults.sometimes(share / len(Fault), fault)
    sandbox.handle = holes(sandbox.handle, share, chance)  # type: ignore[method-assign]
    size = worlds.Size(members, REPOSITORIES, worlds.Bounds(0, 0))
    session = worlds._session(world, size, now)
    writes: Counter = Counter()
    save = refresh.save_batch

    def counting(*arguments, **options):
        # That an item's problem is over is a change of the row as well, though not of the item.
        healed = set(WorkItem.objects.exclude(problem="").values_list("pk", flat=True))
        outcome = save(*arguments, **options)
        writes.update((outcome.created | outcome.updated) - healed)
        return outcome

    there = {(item.url, item.title, item.updated_at) for item in world.items()}
    requests = runs = 0
    began = time.perf_counter()
    guard = "contributions.github.guard.forbid_transactions"
    with (
        time_machine.travel(now, tick=False) as traveller,
        override_settings(GITHUB_TRANSPORT=sandbox_transport(sandbox), GITHUB_CLIENT_GUARD=guard, DEBUG=False),
        mock.patch.object(refresh, "save_batch", counting),
    ):
        for _again in range(MOST_RUNS):
            done = run_sync(request_sync(session, trigger=SyncRun.Trigger.COMMAND, queue=False))
            requests, runs = requests + done.requests, runs + 1
            stored = set(WorkItem.objects.values_list("url", "title", "updated_at"))
            if stored == there:
                break
            traveller.move_to(world.move_on(minutes=61))
        failed = sum(entry.fault is not None for entry in sandbox.log)
        del sandbox.handle
        sandbox.faults.clear()
        traveller.move_to(world.move_on(minutes=61))
        done = run_sync(request_sync(session, trigger=SyncRun.Trigger.COMMAND, queue=False))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"items                     {len(there):>8,}")
    print(f"runs until all was there  {runs:>8,}")
    print(f"requests                  {requests:>8,}, of which {failed} failed")
    print(f"seconds, with the sandbox {time.perf_counter() - began:>8.1f}")
    print(f"memory, with the sandbox  {peak:>8.0f} MB")
    wrong = []
    if done.state != SyncRun.State.DONE:
        wrong.append(f"with a GitHub that works, a run is {done.state}: {done.errors[:3]}")
    if stored != there:
        wrong.append(f"{len(there - stored)} items are missing or old, {len(stored - there)} are not on GitHub like that")
    if Contribution.objects.count() != len(there):
        wrong.append(f"{Contribution.objects.count()} contributions of {len(there)}")
    if twice := [pk for pk, times in writes.items() if times > 1]:
        wrong.append(f"{len(twice)} items were written more than once")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--members", type=int, default=2000)
    parser.add_argument("--share", type=float, default=0.01, help="of requests, and of items in answers, that fail")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from bench import sync as worlds

    with tempfile.TemporaryDirectory() as folder:
        worlds.set_up(folder)
        wrong = run(arguments.members, arguments.share)
    for words in wrong:
        print(f"WRONG {words}")
    print("Everything is there, and each item was written once." if not wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
