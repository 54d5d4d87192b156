"""Step 7: links that people paste. The row is there at once; what it is about is fetched soon after."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import GitHubIdentity, User
from background import enqueue
from cohorts.models import Membership, Repository, Session, Tracker
from contributions.by_hand import check_may_add, facts_of
from contributions.github import documents
from contributions.github.errors import GitHubError
from contributions.links import Link, LinkError, parse_link
from contributions.models import Contribution, WorkItem
from contributions.trackers import TrackerAt

from .batches import ask_in_batches
from .context import GITHUB_KINDS, Sync, Wanted
from .partial import answers_by_alias
from .refresh import is_none_of_ours, store_results
from .store import keep_problem

#: A link that GitHub did not know is asked about again after this time.
ASK_AGAIN_AFTER = timedelta(hours=6)

NOT_KNOWN = gettext_lazy("GitHub knows no issue or pull request at this address, or we may not see it.")

#: What part one may have in what somebody else opened.
PARTS = (Contribution.Role.REVIEWER, Contribution.Role.CO_AUTHOR, Contribution.Role.HELPER)


def paste_link(
    membership: Membership, url: str, *, title: str = "", other_kind: str = "", on: date | None = None, role: str = "", by: User
) -> Contribution:
    """Track what a pasted link leads to for this member, and queue its fetching.

    Issues, pull requests and tickets need nothing more; `role`, a `Contribution.Role`, is the member's part in one that
    somebody else opened. Other work needs a title and a kind (`WorkItem.OtherKind`), and has a day, `on`, which is today
    where none is given; what is there already keeps its own. Pasting what is there already changes nothing, except that it
    is shown again if its member hid it and pastes it now, and that a `role` is taken over.

    Raises `LinkError`, `OtherWorkError`, and `PermissionDenied` unless `by` is the member, leads the member's cohort or
    organises the session, and for a member who left.
    """
    check_may_add(membership, by)
    link = read_link(membership, url)
    facts = {}
    if link.kind == WorkItem.Kind.OTHER:
        facts = facts_of(membership, title=title, other_kind=other_kind, on=on)
    with transaction.atomic():
        item = _other_work_at(link, membership, facts) if link.kind == WorkItem.Kind.OTHER else _item_for(link)
        part = _part(link, item, membership, role)
        contribution, created = Contribution.objects.get_or_create(
            membership=membership, work_item=item, defaults={"source": Contribution.Source.PASTED, "role": part}
        )
        if not created:
            # Only the member takes back that it is not theirs.
            shown = {"hidden": False} if by.pk == membership.user_id else {}
            changes = shown | ({"role": part} if role else {})
            for name, value in changes.items():
                setattr(contribution, name, value)
            contribution.save(update_fields=list(changes))
        if item.fetched_at is None and (item.tracker or item.kind in GITHUB_KINDS):
            _fetch_soon(item)
    return contribution


def read_link(membership: Membership, url: str) -> Link:
    """The link in what was pasted for this member, tickets of the session's trackers understood. Raises `LinkError`."""
    trackers = Tracker.objects.filter(project__sessions=membership.cohort.session)
    link = parse_link(url, trackers=[TrackerAt(kind, at) for kind, at in trackers.values_list("kind", "url").distinct()])
    if link.is_github and _is_of_others(link, membership.cohort.session):
        raise LinkError(NOT_KNOWN)
    return link


def _is_of_others(link: Link, session: Session) -> bool:
    """Whether it lies in a private repository that only other sessions follow: their people may see it, this member perhaps not."""
    private = Repository.objects.filter(host=link.host, full_name__iexact=link.repository, is_private=True)
    return private.exclude(project__sessions=session).exists()


def _other_work_at(link: Link, membership: Membership, facts: dict) -> WorkItem:
    """The other work of the same session with this link, or a new row of `facts`: what other sessions say of it is theirs."""
    # Two presses on the button come one after the other here.
    Membership.objects.select_for_update().get(pk=membership.pk)
    there = WorkItem.objects.filter(kind=link.kind, host=link.host, url=link.url)
    of_session = there.filter(contributions__membership__cohort__session=membership.cohort.session_id)
    found = of_session.order_by("pk").first()
    if found is not None:
        return found
    return WorkItem.objects.create(kind=link.kind, host=link.host, url=link.url, state=WorkItem.State.CLOSED, **facts)


def _item_for(link: Link) -> WorkItem:
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
            "title": name,
            "state": WorkItem.State.OPEN,
        },
    )
    return item


def _part(link: Link, item: WorkItem, membership: Membership, role: str) -> str:
    """Other work is the member's own; what is on GitHub is it if its author is the member, which may not be known yet."""
    identity: GitHubIdentity | None = getattr(membership.user, "github", None)
    own = identity is not None and identity.node_id != "" and item.author_node_id == identity.node_id
    if own or link.kind == WorkItem.Kind.OTHER:
        return Contribution.Role.AUTHOR
    if role in PARTS:
        return role
    return Contribution.Role.HELPER if link.is_github else Contribution.Role.AUTHOR


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
    if sync.run is not None and sync.run.project_id:
        waiting = waiting.filter(repository__in=[repository.full_name for repository in sync.repositories])
    again = sync.now - ASK_AGAIN_AFTER
    resolve_links(
        sync,
        [(pk, kind, url) for pk, kind, url, asked in waiting if sync.full or asked is None or asked <= again],
    )
    # Of what was stored when it was pasted: the account may not have been known then. A part that was chosen stays.
    members = Contribution.objects.filter(membership__in=[member.membership_id for member in sync.members])
    _set_parts(members, [Contribution.Role.HELPER])


def resolve_links(sync: Sync, links: list[tuple[int, str, str]]) -> None:
    """Fetch rows by address. `links`: (primary key, kind, address) of each."""
    if not links:
        return
    sync.log.step("pasted", len(links))
    wanted = [Wanted(url, kind, item_pk=pk, about=url) for pk, kind, url in links]
    rows = {url: pk for pk, _kind, url in links}
    not_known = str(NOT_KNOWN)

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
    _set_parts(Contribution.objects.filter(work_item__in=rows.values()))


def _set_parts(contributions: QuerySet[Contribution], parts: Iterable[str] = PARTS) -> None:
    """Now that the authors are known: whoever pasted a link to their own work is its author."""
    theirs = F("membership__user__github__node_id")
    own = contributions.filter(source=Contribution.Source.PASTED, role__in=parts, work_item__author_node_id=theirs)
    pks = list(own.exclude(work_item__author_node_id="").order_by().values_list("pk", flat=True))
    if pks:
        Contribution.objects.filter(pk__in=pks).update(role=Contribution.Role.AUTHOR)
