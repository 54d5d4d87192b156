"""One pull request, several members: whom of the session its commits name."""

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models import GitHubIdentity
from cohorts.models import Membership
from contributions.meaning.people import Named
from contributions.models import Contribution


def partners_of(named: Mapping[int, Sequence[Named]]) -> list[tuple[int, int]]:
    """`(membership id, item id)` of the members who worked on these items (by primary key) together with a member.

    Both are members of the same session, and the item is shown as the work of the one who opened it. Three statements
    where somebody is named, else none. Who has or hid the item already is told as well: `link_known` leaves them alone.
    """
    everybody = {each for people in named.values() for each in people}
    if not everybody:
        return []
    users = _users_of(everybody)
    if not users:
        return []
    owners = (
        Contribution.objects.shown()
        .filter(work_item__in=[pk for pk, people in named.items() if any(each in users for each in people)])
        .filter(role__in=(Contribution.Role.AUTHOR, Contribution.Role.CO_AUTHOR))
        .values_list("work_item_id", "membership__cohort__session_id", "membership__user_id")
    )
    sessions = [(item, session, user) for item, session, user in owners]
    memberships: dict[tuple[int, int], list[int]] = {}
    members = (
        Membership.objects.tracked()
        .filter(
            user__in={pk for pks in users.values() for pk in pks}, cohort__session__in={session for _i, session, _u in sessions}
        )
        .values_list("pk", "user_id", "cohort__session_id")
    )
    for pk, user, session in members:
        memberships.setdefault((user, session), []).append(pk)
    return [
        (membership, item)
        for item, session, owner in sessions
        for user in {user for each in named[item] for user in users.get(each, ())} - {owner}
        for membership in memberships.get((user, session), ())
    ]


def _users_of(people: Iterable[Named]) -> dict[Named, list[int]]:
    """Primary keys of the users with these accounts. Who proved an account by logging in goes before who typed its login."""
    people = list(people)
    found = (
        GitHubIdentity.objects.annotate(lower_login=Lower("login"))
        .filter(
            Q(node_id__in=[each.node_id for each in people if each.node_id])
            | Q(database_id__in=[each.database_id for each in people if each.database_id])
            | Q(lower_login__in=[each.login for each in people if each.login])
        )
        .values_list("user_id", "verified", "node_id", "database_id", "lower_login")
    )
    users: dict[Named, list[int]] = {}
    for each in people:
        same = [row for row in found if _is(each, *row[2:])]
        chosen = [row[0] for row in same if row[1]] or [row[0] for row in same]
        if chosen:
            users[each] = chosen
    return users


def _is(named: Named, node_id: str, database_id: int | None, login: str) -> bool:
    if named.node_id:
        return named.node_id == node_id
    return named.database_id == database_id if named.database_id else named.login == login
