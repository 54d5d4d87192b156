"""A session in which a sync has something to do in every step, and what its end must look like."""

from collections import Counter

from contributions.models import ApiBudget, Contribution, MemberSync, ReviewGiven, SessionSync, SyncRun, WorkItem
from contributions.sync import paste_link, refresh
from contributions.sync.run import run_sync

#: What differs between a row with a history and one that was fetched just now.
OF_HISTORY = {"id", "fetched_at", "fetch_after", "moved_from", "gone_at", "first_of_author"}


class Busy:
    """Three members with work of all kinds. `writes` counts how often each row was written after `happen`."""

    def __init__(self, follower, monkeypatch) -> None:
        self.follower, self.writes = follower, Counter()
        world = follower.world
        self.elsewhere = world.add_repository("org/elsewhere", collaborators=[follower.maintainer])
        follower.track(self.elsewhere)
        self.stranger = world.add_user("stranger")
        self.ada, self.bela = follower.member("ada"), follower.member("bela")
        self.pulls = [follower.pull(self.ada, f"Change {number}", days=9 - number) for number in range(3)]
        self.moving, self.doomed, self.unclear = (
            follower.issue(self.bela, title) for title in ("In the wrong place", "Written by mistake", "Unclear")
        )
        self.others = world.add_pull_request(follower.project, self.stranger, "By somebody else", at=world.ago(days=8))
        self.pasted = world.add_issue(self.elsewhere, self.stranger, "Worth following", at=world.ago(days=8))
        run = follower.sync(full=True)
        assert (run.state, WorkItem.objects.count()) == ("done", 6)
        self._count_writes(monkeypatch)

    def until_well(self, *, first=None) -> None:
        """Carry on with `first`, as a worker does that gets what another lost, and sync until a run is done."""
        if first is not None:
            run_sync(first, worker_was_lost=True)
        self.follower.later(hours=2)
        run = self.follower.sync()
        assert (run.state, run.errors) == ("done", [])
        assert not MemberSync.objects.exclude(problem_code="").exists()

    def _count_writes(self, monkeypatch) -> None:
        save = refresh.save_batch

        def counting(host, batch):
            outcome = save(host, batch)
            self.writes.update(outcome.created | outcome.updated)
            return outcome

        monkeypatch.setattr(refresh, "save_batch", counting)

    def happen(self) -> None:
        """Time goes by, and what happens needs every step of a sync."""
        follower, world = self.follower, self.follower.world
        follower.later(hours=5)
        world.review(self.pulls[0], follower.maintainer, "CHANGES_REQUESTED", at=world.ago(hours=3))
        world.set_ci(self.pulls[1], "FAILURE")
        world.edit(self.unclear, title="Clearer now", at=world.ago(hours=2))
        world.transfer_issue(self.moving, self.elsewhere, at=world.ago(hours=4))
        world.delete_issue(self.doomed)
        for number in range(7):
            follower.pull(self.ada, f"Later change {number}", days=0.1 + number / 100)
        for number in range(6):
            follower.issue(self.bela, f"Later question {number}", days=0.1 + number / 100)
        self.chiara = follower.member("chiara")
        follower.pull(self.chiara, "My first", days=0.2)
        world.review(self.others, self.bela.account, "APPROVED", at=world.ago(hours=1))
        self.paste()
        # As if it were six hours ago: the reviews that members gave are asked for again.
        SessionSync.objects.update(reviews_at=None)

    def paste(self) -> None:
        paste_link(self.ada, self.pasted.url, by=self.ada.user)

    def stored(self) -> dict[str, dict]:
        """What is stored: each item by its address, with whom it belongs to, and how fresh each member is."""
        people = Counter()
        for contribution in Contribution.objects.select_related("work_item", "membership__user__github"):
            owner = (contribution.membership.user.github.login, contribution.role, contribution.source)
            given = tuple(contribution.reviews_given.values_list("database_id", "state", "submitted_at"))
            people[(contribution.work_item.url, owner, given)] += 1
        items = {
            row["url"]: {name: value for name, value in row.items() if name not in OF_HISTORY}
            for row in WorkItem.objects.exclude(state=WorkItem.State.GONE).values()
        }
        return {"items": items, "people": {key: count for key, count in people.items() if key[0] in items}}

    def fetched_anew(self) -> dict[str, dict]:
        """What a site that begins today would store, from a GitHub that works: forgets everything first."""
        for model in (ReviewGiven, Contribution, WorkItem, SyncRun, MemberSync, SessionSync, ApiBudget):
            model.objects.all().delete()
        self.follower.sandbox.faults.clear()
        self.paste()
        run = self.follower.sync(full=True)
        assert run.state == "done", run.errors
        return self.stored()

    def assert_told_right(self) -> None:
        """The rows equal GitHub, each of them was written once, and what is gone is said to be gone."""
        gone = list(WorkItem.objects.filter(state=WorkItem.State.GONE).values_list("title", flat=True))
        assert gone == ["Written by mistake"]
        often = {pk: times for pk, times in self.writes.items() if times > 1}
        assert not often, often
        assert differences(self.stored(), self.fetched_anew()) == []


def differences(stored, anew) -> list:
    """Where two answers of `Busy.stored` differ, as short as it can be said."""
    found: list = [("people", key) for key in stored["people"].keys() ^ anew["people"].keys()]
    for url in stored["items"].keys() | anew["items"].keys():
        one, other = stored["items"].get(url, {}), anew["items"].get(url, {})
        found += [(url, name, one.get(name), other.get(name)) for name in one | other if one.get(name) != other.get(name)]
    return found
