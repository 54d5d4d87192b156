"""Fetching a few items again, outside a run: after a pasted link or a webhook."""

from collections.abc import Iterable

from contributions.github.access import apart, client_for
from contributions.models import WorkItem

from .context import GITHUB_KINDS, Sync
from .pasted import resolve_links
from .refresh import refresh


def refetch(item_pks: Iterable[int], *, by_person: bool = False) -> None:
    """Fetch these items again. `by_person`: somebody waits for it, so the points that are kept for people may be used.

    What fails for one is kept on it; raises `GitHubError` where GitHub stops us, or where no token can be used now.
    """
    names = dict(WorkItem.objects.filter(pk__in=set(item_pks), kind__in=GITHUB_KINDS).values_list("pk", "repository"))
    for pks in apart(names):
        repositories = [names[pk] for pk in pks]
        with client_for(by_person=by_person, holder=f"{len(pks)} items", repositories=repositories) as client:
            sync = Sync.of_items(client, pks)
            never_fetched = WorkItem.objects.filter(pk__in=pks, host=sync.host, kind__in=GITHUB_KINDS, node_id="")
            resolve_links(sync, list(never_fetched.values_list("pk", "kind", "url")))
            for known in sync.known.values():
                sync.want(known.node_id, known.kind, item_pk=known.pk, about=known.url)
            refresh(sync)
