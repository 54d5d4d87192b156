"""Steps 2 and 3: members' pull requests and issues in tracked repositories, and which of them changed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import batched

from django.utils.translation import gettext as _

from accounts.models import GitHubIdentity
from cohorts.models import Repository
from contributions.github import documents
from contributions.github.client import PartialError
from contributions.github.errors import GitHubError
from contributions.meaning.plain import nodes_of, parse_time, part_of, text_of
from contributions.models import WorkItem

from .batches import ask_in_batches
from .context import VALUES_A_STATEMENT, Known, Member, Sync, known_of
from .identify import renamed
from .partial import incomplete, is_sound
from .store import in_the_same_moment, link_known

#: Items of one kind on the first page of each member.
FIRST_PAGE = 50
#: Pages of 100 after the first that one member may take: far more than a person does in a session.
MOST_PAGES = 40

CONNECTIONS = {"pull_request": "pullRequests", "issue": "issues"}
#: A member, the kind of an item of theirs, its node and the tracked repository that it is in.
Found = tuple[Member, str, Mapping, Repository]
MORE = {"pull_request": documents.MORE_PULL_REQUESTS, "issue": documents.MORE_ISSUES}


def discover(sync: Sync) -> None:
    """Ask for what moved since the session's first day, and put what is new or changed on the list of wanted items.

    Nothing is discovered before the session begins. After its end, or that of an extension, each member is asked once more, for
    what was opened inside it; from then on only known items are followed.
    """
    due = []
    for member in sync.members:
        if member.problem:
            continue
        if sync.now < sync.session.begins_at or (member.synced_at and member.synced_at >= member.ends_at):
            member.discovered = True
        else:
            due.append(member)
    if not sync.repositories or not due:
        for member in due:
            member.discovered = True
        return
    sync.log.step("discover", len(due))

    def ask(members: list[Member]) -> None:
        found, answered = _ask(sync, members)
        # At once, so that no more than one answer is held, and nothing is lost where GitHub stops us half-way.
        _names(sync, found)
        compare(sync, found)
        for member in answered:
            member.discovered = True
        sync.log.advance(len(members))

    ask_in_batches(
        due,
        size=sync.sizes["discover"],
        ask=ask,
        give_up=lambda member, error: _member_problem(sync, member, error.code, error.message),
    )


def _ask(sync: Sync, members: list[Member]) -> tuple[list[Found], list[Member]]:
    """One request for these members, and further ones for each whose first page ends inside the window.

    Returns what moved in tracked repositories, and the members whose answer is complete.
    """
    since = sync.session.begins_at
    answer = sync.client.query(
        documents.DISCOVER, {"ids": [member.node_id for member in members], "since": iso(since), "n": FIRST_PAGE}
    )
    nodes = answer.data.get("nodes")
    nodes = nodes if isinstance(nodes, list) else []
    found: list[Found] = []
    complete = []
    for index, member in enumerate(members):
        user = nodes[index] if index < len(nodes) else None
        errors = [error for error in answer.errors if error.path[:2] == ("nodes", index)]
        problem = _problem_of(user, errors)
        if problem or not isinstance(user, dict):
            _member_problem(sync, member, *problem or ("incomplete", incomplete()))
            continue
        _rename_member(sync, member, user)
        try:
            for kind, name in CONNECTIONS.items():
                for node in _pages(sync, member, kind, user[name], since):
                    repository = sync.repository_of(node.get("repository"))
                    if repository is not None and is_sound(node, "fullDatabaseId"):
                        found.append((member, kind, node, repository))
        except _MemberFailed as failure:
            _member_problem(sync, member, failure.code, failure.message)
        else:
            complete.append(member)
    return found, complete


class _MemberFailed(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def _pages(sync: Sync, member: Member, kind: str, connection: dict, since: datetime) -> Iterator[Mapping]:
    """What moved since `since`, newest first, over as many pages as that takes."""
    for _page in range(MOST_PAGES):
        nodes = nodes_of(connection)
        for node in nodes:
            moved = parse_time(node.get("updatedAt"))
            if moved is not None and moved >= since:
                yield node
        last = parse_time(nodes[-1].get("updatedAt")) if nodes else None
        page = part_of(connection, "pageInfo")
        if not page.get("hasNextPage") or not page.get("endCursor") or (last is not None and last < since):
            return
        connection = _next_page(sync, member, kind, page["endCursor"], since)
    raise _MemberFailed("too_many", _("%(login)s has more items than a sync can look through.") % {"login": member.login})


def _next_page(sync: Sync, member: Member, kind: str, after: str, since: datetime) -> dict:
    variables = {"id": member.node_id, "after": after}
    if kind == "issue":
        variables["since"] = iso(since)
    try:
        answer = sync.client.query(MORE[kind], variables)
    except GitHubError as error:
        if error.code != "too_heavy" and error.code != "timed_out":
            raise
        raise _MemberFailed(error.code, error.message) from error
    connection = part_of(answer.data, "node").get(CONNECTIONS[kind])
    if not isinstance(connection, dict):
        raise _MemberFailed("incomplete", incomplete())
    return connection


def _problem_of(user: object, errors: list[PartialError]) -> tuple[str, str] | None:
    """`(code, sentence)` where a member's answer cannot be used. Holes for single items of others do no harm."""
    if not user:
        if all(error.type == "NOT_FOUND" for error in errors):
            return "account_gone", _("This GitHub account is gone, or we may not see it.")
        return "not_told", _("GitHub did not tell us about this account. It will be tried again.")
    if not isinstance(user, dict):
        return "incomplete", incomplete()
    if user.get("__typename") != "User":
        return "not_a_person", _("This GitHub account is not a person's.")
    if any(not isinstance(user.get(name), dict) for name in CONNECTIONS.values()):
        return "incomplete", incomplete()
    return None


def _member_problem(sync: Sync, member: Member, code: str, message: str) -> None:
    member.problem = (code, message)
    sync.log.problem(code, where="discover", about=member.login, message=message)
    if code in ("account_gone", "not_a_person") and member.identity:
        GitHubIdentity.objects.filter(pk=member.identity.pk, node_id=member.node_id).update(problem=message)


def _rename_member(sync: Sync, member: Member, user: dict) -> None:
    """Show the login that the account has now; also clears what was wrong with it before."""
    identity, login = member.identity, text_of(user.get("login"), 60)
    if identity is None or not login or login != user.get("login") or (login == identity.login and not identity.problem):
        return
    former, identity.login, identity.problem = identity.login, login, ""
    GitHubIdentity.objects.filter(pk=identity.pk, node_id=identity.node_id).update(login=login, problem="")
    if former != login:
        WorkItem.objects.filter(host=sync.host, author_node_id=identity.node_id).exclude(author_login=login).update(
            author_login=login
        )


def _names(sync: Sync, found: list[Found]) -> None:
    """A repository that is called otherwise now: all its items have new addresses, so fetch those of this session again."""
    names = {
        repository.pk: (repository, text_of(node["repository"].get("nameWithOwner"), 200))
        for _member, _kind, node, repository in found
    }
    for repository, name in names.values():
        former = repository.full_name
        renamed(sync, repository, name)
        if repository.full_name.lower() == former.lower():
            continue
        for known in sync.known.values():
            if known.tracked_repository_id == repository.pk and known.state != WorkItem.State.GONE:
                sync.want(known.node_id, known.kind, membership_ids=known.membership_ids, item_pk=known.pk, about=known.url)


def compare(sync: Sync, found: list[Found]) -> None:
    """Want what is not stored or older than on GitHub, item by item: so nothing is lost where an earlier run broke off."""
    stored = stored_of(sync, ((kind, int(node["fullDatabaseId"])) for _member, kind, node, _repository in found))
    links: list[tuple[int, int]] = []
    for member, kind, node, repository in found:
        known = stored.get((kind, int(node["fullDatabaseId"])))
        about = f"{repository.full_name}#{node.get('number')}"
        ended_at = member.ends_at if sync.now >= member.ends_at else None
        if known is None:
            sync.want(node["id"], kind, membership_ids={member.membership_id}, opened_before=ended_at, about=about)
            continue
        if member.membership_id not in known.membership_ids:
            if ended_at is not None and (known.created_at is None or known.created_at >= ended_at):
                # What somebody else's session knows, and was opened after the end of this one.
                continue
            links.append((member.membership_id, known.pk))
        if is_older(known, parse_time(node["updatedAt"])) or sync.full:
            sync.want(node["id"], kind, membership_ids={member.membership_id}, item_pk=known.pk, about=about)
        else:
            sync.examined.add(known.pk)
    link_known(links)


def is_older(known: Known, moved: datetime | None) -> bool:
    """Whether what is stored must be fetched again, when GitHub says it last moved at `moved`."""
    if known.state == WorkItem.State.GONE or known.has_problem or known.updated_at is None:
        return True
    if moved is None or moved < known.updated_at:
        return False
    return moved > known.updated_at or in_the_same_moment(known.updated_at, known.fetched_at)


def stored_of(sync: Sync, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Known]:
    """What is stored of items by kind and GitHub's number, also where they belong to nobody of this session yet."""
    stored: dict[tuple[str, int], Known] = {}
    missing = defaultdict(set)
    for key in keys:
        known = sync.known_by_number.get(key)
        if known is None:
            missing[key[0]].add(key[1])
        else:
            stored[key] = known
    for kind, numbers in missing.items():
        for chunk in batched(sorted(numbers), VALUES_A_STATEMENT):
            rows = known_of(WorkItem.objects.filter(host=sync.host, kind=kind, database_id__in=chunk))
            stored |= {(known.kind, known.database_id): known for known in rows if known.database_id}
    return stored


def iso(moment: datetime) -> str:
    """A moment as GraphQL takes it."""
    return moment.isoformat()
