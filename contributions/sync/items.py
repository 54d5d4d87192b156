"""Fetching a few items again, outside a run: after a pasted link or a webhook."""

from collections.abc import Iterable

from contributions.github.client import client_from_settings
from contributions.models import WorkItem

from .context import GITHUB_KINDS, Sync
from .pasted import resolve_links
from .refresh import refresh


def refetch(item_pks: Iterable[int]) -> None:
    """Fetch these items again. What fails for one is kept on it; raises `GitHubError` where GitHub stops us."""
    pks = set(item_pks)
    with client_from_settings() as client:
        sync = Sync.of_items(client, pks)
        never_fetched = WorkItem.objects.filter(pk__in=pks, host=sync.host, kind__in=GITHUB_KINDS, node_id="")
        resolve_links(sync, list(never_fetched.values_list("pk", "kind", "url")))
        for known in sync.known.values():
            sync.want(known.node_id, known.kind, item_pk=known.pk, about=known.url)
        refresh(sync)
