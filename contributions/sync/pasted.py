"""Step 7: links that people paste. The row is there at once; what it is about is fetched soon after."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import GitHubIdentity, User
from background import enqueue
from cohorts.models import Membership, Tracker
from contributions.github import documents
from contributions.github.errors import GitHubError
from contributions.links import Link, LinkError, parse_link, understood
from contributions.models import Contribution, WorkItem
from contributions.trackers import TrackerAt

from .batches import ask_in_batches
from .context import GITHUB_KINDS, Sync, Wanted
from .partial import answers_by_alias
from .refresh import is_none_of_ours, store_results
from .store import keep_problem

#: A link that GitHub did not know is asked about again after this time.
ASK_AGAIN_AFTER = timedelta(hours=6)


def paste_link(membership: Membership, url: str, *, title: str = "", by: User) -> Contribution:
    """Track what a pasted link leads to for this member, and queue its fetching.

    Issues, pull requests and tickets need no title; other work does. Pasting what is there already changes nothing,
    except that it is shown again if it was hidden. Raises `LinkError`, and `PermissionDenied` unless `by` is the member,
    leads the member's cohort or organises the session, and for a member who left.
    """
    _may_paste(membership, by)
    trackers = Tracker.objects.filter(project__sessions=membership.cohort.session)
    known = [TrackerAt(kind, address) for kind, address in trackers.values_list("kind", "url").distinct()]
    link = parse_link(url, trackers=known)
    title = " ".join(title.split())[:500]
    if link.kind == WorkItem.Kind.OTHER and not title:
        raise LinkError(_("Give this link a title, so that people know what it is.") + " " + understood(known))
    with transaction.atomic():
        item = _item_for(link, title)
        contribution, created = Contribution.objects.get_or_create(
            membership=membership,
            work_item=item,
            defaults={"source": Contribution.Source.PASTED, "role": _part(link, item, membership)},
        )
        if not created and contribution.hidden:
            contribution.hidden = False
            contribution.save(update_fields=["hidden"])
        if item.fetched_at is None and (item.tracker or item.kind in GITHUB_KINDS):
            _fetch_soon(item)
    return contribution


def _may_paste(membership: Membership, by: User) -> None:
    if not Membership.objects.present().filter(pk=membership.pk).exists():
        raise PermissionDenied
    if membership.user_id == by.pk and Membership.objects.visible_to(by).filter(pk=membership.pk).exists():
        return
    if not Membership.objects.led_by(by).filter(pk=membership.pk).exists():
        raise PermissionDenied


def _item_for(link: Link, title: str) -> WorkItem:
    """The stored item of a link, found whatever the spelling of its address, or a new row for it."""
    there = WorkItem.objects.filter(host=link.host)
    if link.is_github:
        # An issue and a pull request never share a number, and each answers at the other's address.
        there = there.filter(kind__in=GITHUB_KINDS, repository__iexact=link.repository, number=link.number)
    else:
        there = there.filter(kind=link.kind, url=link.url)
    found = there.order_by("pk").first()
    if found is not None:
        return found
    is_ticket = link.kind == WorkItem.Kind.TICKET
    name = _("Ticket %(number)s") % {"number": link.number} if is_ticket else f"{link.repository}#{link.number}"
    item, _created = WorkItem.objects.get_or_create(
        host=link.host,
        kind=link.kind,
        url=link.url,
        database_id=None,
        defaults={
            "tracker": link.tracker,
            "repository": link.repository,
            "number": link.number,
            "title": title or name,
            "created_at": timezone.now() if link.kind == WorkItem.Kind.OTHER else None,
            "state": WorkItem.State.CLOSED if link.kind == WorkItem.Kind.OTHER else WorkItem.State.OPEN,
        },
    )
    return item


def _part(link: Link, item: WorkItem, membership: Membership) -> str:
    """Other work is the member's own; what is on GitHub is it if its author is the member, which may not be known yet."""
    identity: GitHubIdentity | None = getattr(membership.user, "github", None)
    own = identity is not None and identity.node_id != "" and item.author_node_id == identity.node_id
    return Contribution.Role.AUTHOR if own or not link.is_github else Contribution.Role.HELPER


def _fetch_soon(item: WorkItem) -> None:
    from contributions.tasks import fetch_from_tracker, refresh_items

    if item.tracker:
        enqueue(fetch_from_tracker, item.pk)
    else:
        enqueue(refresh_items, [item.pk])


def resolve_pasted(sync: Sync) -> None:
    """Fetch the pasted items of these members that were never fetched, 20 links a request."""
    waiting = (
        WorkItem.objects.filter(
            contributions__membership__in=[member.membership_id for member in sync.members],
            host=sync.host, kind__in=GITHUB_KINDS, node_id="",
        )
        .values_list("pk", "kind", "url", "problem_at")
        .distinct()
    )  # fmt: skip
    again = sync.now - ASK_AGAIN_AFTER
    resolve_links(
        sync,
        [(pk, kind, url) for pk, kind, url, asked in waiting if sync.full or asked is None or asked <= again],
    )


def resolve_links(sync: Sync, links: list[tuple[int, str, str]]) -> None:
    """Fetch rows by address. `links`: (primary key, kind, address) of each."""
    if not links:
        return
    sync.log.step("pasted", len(links))
    wanted = [Wanted(url, kind, item_pk=pk, about=url) for pk, kind, url in links]
    rows = {url: pk for pk, _kind, url in links}
    not_known = _("GitHub knows no issue or pull request at this address, or we may not see it.")

    def ask(batch: list[Wanted]) -> None:
        document, variables = documents.pasted([item.about for item in batch])
        answer = sync.client.query(document, variables)
        pairs = []
        for item, result in zip(batch, answers_by_alias(answer, "l", len(batch)), strict=True):
            # A private item answers like one that does not exist.
            if (result.node is None and result.not_found) or (
                result.node and (not result.node.get("id") or is_none_of_ours(sync, result.node))
            ):
                sync.log.problem("unknown_link", where="pasted", about=item.about, message=not_known)
                keep_problem(rows[item.about], not_known)
            else:
                pairs.append((item, result))
        store_results(sync, pairs)
        sync.log.advance(len(batch))

    def give_up(item: Wanted, error: GitHubError) -> None:
        sync.log.problem(error.code, where="pasted", about=item.about, message=error.message)
        keep_problem(rows[item.about], error.message)

    ask_in_batches(wanted, size=sync.sizes["pasted"], ask=ask, give_up=give_up)
    _set_parts(list(rows.values()))


def _set_parts(item_pks: list[int]) -> None:
    """Now that the authors are known: whoever pasted a link to their own work is its author."""
    helpers = Contribution.objects.filter(
        work_item__in=item_pks, source=Contribution.Source.PASTED, role=Contribution.Role.HELPER
    ).exclude(work_item__author_node_id="")
    own = [
        pk
        for pk, author, node_id in helpers.values_list("pk", "work_item__author_node_id", "membership__user__github__node_id")
        if node_id == author
    ]
    if own:
        Contribution.objects.filter(pk__in=own).update(role=Contribution.Role.AUTHOR)
