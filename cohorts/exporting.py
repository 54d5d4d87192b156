"""A session with its people as JSON-ready data, in the shape that `cohorts.importing` reads."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any

from django.db.models import Q

from accounts.models import User

from .models import Cohort, Membership, Project, Session, SessionRole

#: Returns, for the memberships of members with these ids, a JSON-ready value by membership id. A constant number of queries.
MemberSection = Callable[[Collection[int]], dict[int, Any]]
_member_sections: dict[str, tuple[MemberSection, Callable[[], Any]]] = {}


def register_member_section(key: str, section: MemberSection, *, empty: Callable[[], Any] = list) -> None:
    """Add `key` to every member in an export; members whom `section` does not name get `empty()`."""
    _member_sections[key] = (section, empty)


def member_section_keys() -> set[str]:
    """Keys that other apps add to members: an import leaves them alone."""
    return set(_member_sections)


def iso(moment: datetime.datetime | None) -> str | None:
    """An aware time as UTC ISO 8601 with `Z`, to the second unless it is finer; None stays None."""
    return None if moment is None else moment.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


def export_session(session: Session) -> dict[str, Any]:
    """Everything that `import_session` understands about `session`, plus what other apps know of each member.

    People who left, and places that were not accepted yet, are not in it: importing would make them present. The number
    of queries does not depend on the size of the session.
    """
    roles = defaultdict(list)
    for role in SessionRole.objects.filter(session=session).select_related("user__github").order_by("user__email"):
        roles[role.role].append(_person(role.user))
    memberships = defaultdict(list)
    for row in (
        Membership.objects.present().filter(cohort__session=session).select_related("user__github").order_by("user__email")
    ):
        memberships[row.cohort_id].append(row)
    member_ids = [row.pk for rows in memberships.values() for row in rows if row.role == Membership.Role.MEMBER]
    sections = {key: (section(member_ids), empty) for key, (section, empty) in _member_sections.items()}
    cohorts = session.cohorts.select_related("project").order_by("name", "pk")
    projects = (
        Project.objects.filter(Q(sessions=session) | Q(cohorts__session=session))
        .distinct()
        .select_related("tracker")
        .prefetch_related("repositories")
        .order_by("slug")
    )
    return {
        "session": _session(session, roles),
        "projects": [_project(project) for project in projects],
        "cohorts": [_cohort(cohort, memberships[cohort.pk], sections) for cohort in cohorts],
    }


def _session(session: Session, roles: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    storytellers = roles[SessionRole.Role.STORYTELLER]
    return {
        "slug": session.slug,
        "name": session.name,
        "starts_on": session.starts_on.isoformat(),
        "weeks": session.weeks,
        # As with storytellers below: most sessions have no pause.
        **({"pause_after": session.pause_after, "pause_weeks": session.pause_weeks} if session.has_pause else {}),
        "time_zone": session.time_zone,
        "organisers": roles[SessionRole.Role.ORGANISER],
        "reviewers": roles[SessionRole.Role.REVIEWER],
        # Most sessions have none, and their files stay as they were.
        **({"storytellers": storytellers} if storytellers else {}),
        "applications_open_at": iso(session.applications_open_at),
        "applications_close_at": iso(session.applications_close_at),
    }


def _project(project: Project) -> dict[str, Any]:
    tracker = getattr(project, "tracker", None)
    return {
        "slug": project.slug,
        "name": project.name,
        "url": project.url,
        "repositories": sorted(repository.full_name for repository in project.repositories.all()),
        "ai_policy": project.ai_policy,
        "ai_policy_url": project.ai_policy_url,
        "tracker": tracker and {"kind": tracker.kind, "url": tracker.url},
    }


def _person(user: User) -> dict[str, Any]:
    identity = getattr(user, "github", None)
    return {
        "email": user.email,
        "name": user.name,
        "github": identity.login if identity else "",
        "time_zone": user.time_zone,
    }


def _cohort(
    cohort: Cohort, memberships: list[Membership], sections: dict[str, tuple[dict[int, Any], Callable]]
) -> dict[str, Any]:
    def people(role: Membership.Role) -> list[dict[str, Any]]:
        return [_person(row.user) for row in memberships if row.role == role]

    members = [
        _person(row.user) | {key: values.get(row.pk, empty()) for key, (values, empty) in sections.items()}
        for row in memberships
        if row.role == Membership.Role.MEMBER
    ]
    return {
        "name": cohort.name,
        "project": cohort.project and cohort.project.slug,
        "navigators": people(Membership.Role.NAVIGATOR),
        "captains": people(Membership.Role.CAPTAIN),
        "members": members,
    }
