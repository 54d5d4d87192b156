"""Step 1: from logins and names to ids. Afterwards people and repositories are found by id, whatever they are called."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import batched

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import GitHubIdentity
from cohorts.models import Repository
from contributions.github import documents
from contributions.github.client import Answer

from .context import Member, Sync
from .partial import is_sound


def identify(sync: Sync) -> None:
    """Resolve members and repositories whose ids are not known yet, up to 100 names a request.

    An unknown login is kept on the identity and on the member's freshness, an unknown repository on the repository;
    the rest goes on.
    """
    _members_without_login(sync)
    _repositories_elsewhere(sync)
    members = [member for member in sync.members if member.identity and not member.node_id]
    repositories = [repository for repository in sync.repositories if not repository.node_id or not repository.database_id]
    names: list[Member | Repository] = [*members, *repositories]
    if not names:
        return
    sync.log.step("identify", len(names))
    for batch in batched(names, documents.NAMES_PER_IDENTIFY):
        batch_members = [name for name in batch if isinstance(name, Member)]
        batch_repositories = [name for name in batch if isinstance(name, Repository)]
        document, variables = documents.identify(
            [member.login for member in batch_members], [repository.full_name for repository in batch_repositories]
        )
        answer = sync.client.query(document, variables)
        for member, user, error in _answers(answer, "u", batch_members):
            _settle_member(sync, member, user, error)
        for repository, node, error in _answers(answer, "r", batch_repositories):
            _settle_repository(sync, repository, node, error)
        sync.log.advance(len(batch))


def _answers[Name](answer: Answer, prefix: str, names: Sequence[Name]) -> Iterator[tuple[Name, dict | None, str]]:
    """Each name with its node or None, and GitHub's word for the error; NOT_FOUND alone says that it is unknown."""
    errors = {error.path[0]: error.type or "UNKNOWN" for error in answer.errors if error.path}
    for index, name in enumerate(names):
        alias = f"{prefix}{index}"
        node = answer.data.get(alias)
        if not isinstance(node, dict):
            yield name, None, errors.get(alias, "NOT_FOUND")
        elif is_sound(node, "databaseId", "login" if prefix == "u" else "nameWithOwner"):
            yield name, node, errors.get(alias, "NOT_FOUND")
        else:
            yield name, None, errors.get(alias, "INCOMPLETE")


def _members_without_login(sync: Sync) -> None:
    for member in sync.members:
        if member.identity is None:
            member.problem = ("no_login", _("No GitHub login is given."))


def _repositories_elsewhere(sync: Sync) -> None:
    for repository in sync.other_hosts:
        problem = _("%(host)s is not the GitHub that is set up (%(ours)s).") % {"host": repository.host, "ours": sync.host}
        sync.log.problem("other_host", where="identify", about=str(repository), message=problem)
        _keep_problem(repository, problem)


def _settle_member(sync: Sync, member: Member, user: dict | None, error: str) -> None:
    identity = member.identity
    assert identity is not None  # noqa: S101 (only members with a login are asked about)
    known_id = identity.database_id
    if user is not None and known_id and user.get("databaseId") != known_id:
        # The person was renamed, and somebody else took the old name.
        user = None
    if user is None and known_id and error == "NOT_FOUND":
        user = _by_number(sync, known_id)
    if user is None:
        if error == "NOT_FOUND":
            message = _("GitHub knows no account “%(login)s”. Is it spelled right?") % {"login": identity.login}
            member.problem = ("unknown_login", message)
        else:
            message = _("GitHub did not tell us about “%(name)s”. It will be tried again.") % {"name": identity.login}
            member.problem = ("not_told", message)
        sync.log.problem(member.problem[0], where="identify", about=identity.login, message=message)
        identity.problem = message
    else:
        identity.login = user["login"]
        identity.database_id, identity.node_id, identity.problem = user["databaseId"], user["id"], ""
    identity.checked_at = timezone.now()
    # What the person typed meanwhile is newer than our question.
    GitHubIdentity.objects.filter(pk=identity.pk, node_id="").update(
        login=identity.login, database_id=identity.database_id, node_id=identity.node_id, problem=identity.problem,
        checked_at=identity.checked_at,
    )  # fmt: skip


def _by_number(sync: Sync, database_id: int) -> dict | None:
    """A renamed account by GitHub's number of it, in the words of GraphQL."""
    answer = sync.client.get(f"user/{database_id}")
    data = answer.data if answer.status == 200 and isinstance(answer.data, dict) else {}
    user = {"login": data.get("login"), "databaseId": data.get("id"), "id": data.get("node_id")}
    return user if is_sound(user, "databaseId", "login") else None


def _settle_repository(sync: Sync, repository: Repository, node: dict | None, error: str) -> None:
    if node is None:
        if error == "NOT_FOUND":
            code, message = (
                "unknown_repository",
                _("GitHub knows no repository “%(name)s”, or we may not see it.") % {"name": repository},
            )
        else:
            code, message = (
                "not_told",
                _("GitHub did not tell us about “%(name)s”. It will be tried again.") % {"name": repository},
            )
        sync.log.problem(code, where="identify", about=str(repository), message=message)
        _keep_problem(repository, message)
        return
    repository.node_id, repository.database_id, repository.problem = node["id"], node["databaseId"], ""
    Repository.objects.filter(pk=repository.pk).update(node_id=repository.node_id, database_id=repository.database_id, problem="")
    note_privacy(repository, node)
    renamed(sync, repository, node.get("nameWithOwner"))


def note_privacy(repository: Repository, node: Mapping) -> None:
    """Take over whether a repository is private, which decides who may follow work in it."""
    is_private = node.get("isPrivate") is True
    if repository.is_private != is_private:
        repository.is_private = is_private
        Repository.objects.filter(pk=repository.pk).update(is_private=is_private)


def renamed(sync: Sync, repository: Repository, full_name: str | None) -> None:
    """Take over the name that GitHub gives a repository now, unless another row has it."""
    if not full_name:
        return
    if full_name == repository.full_name:
        _keep_problem(repository, "")
        return
    taken = Repository.objects.filter(host=repository.host, full_name__iexact=full_name).exclude(pk=repository.pk)
    if taken.exists():
        problem = _("It is called “%(name)s” now, and there is a repository of that name here already.") % {"name": full_name}
        sync.log.problem("renamed", where="identify", about=str(repository), message=problem)
        _keep_problem(repository, problem)
        return
    repository.full_name, repository.problem = full_name, ""
    Repository.objects.filter(pk=repository.pk).update(full_name=full_name, problem="")


def _keep_problem(repository: Repository, problem: str) -> None:
    if repository.problem != problem[:300]:
        repository.problem = problem[:300]
        Repository.objects.filter(pk=repository.pk).update(problem=repository.problem)
