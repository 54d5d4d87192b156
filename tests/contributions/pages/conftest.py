"""A cohort in its fourth week, with people in every part."""

import datetime
from datetime import UTC
from types import SimpleNamespace

import pytest

from cohorts.models import Membership
from tests import factories

#: A Wednesday in week 4 of a session that began on Monday 1 February 2027.
NOW = datetime.datetime(2027, 2, 24, 10, 0, tzinfo=UTC)


def ago(**parts):
    return NOW - datetime.timedelta(**parts)


def event(what, at, by="reviewer1", human=True):
    return {"at": at.isoformat().replace("+00:00", "Z"), "what": what, "by": by, "human": human}


@pytest.fixture
def now(time_machine):
    time_machine.move_to(NOW, tick=False)
    return NOW


@pytest.fixture
def world(db, now):
    session = factories.SessionFactory(name="2027 Session 1", starts_on=datetime.date(2027, 2, 1), time_zone="UTC")
    project = factories.ProjectFactory(name="Lumen", large_change_lines=300)
    repository = factories.RepositoryFactory(project=project, full_name="lumen/lumen")
    session.projects.add(project)
    cohort = factories.CohortFactory(session=session, name="Venus", project=project)

    def person(name, role="member", **values):
        user = factories.UserFactory(name=name, time_zone="UTC")
        membership = factories.MembershipFactory(cohort=cohort, user=user, role=role, **values)
        Membership.objects.filter(pk=membership.pk).update(joined_at=session.begins_at)
        membership.refresh_from_db()
        return membership

    amara, jun = person("Amara Okafor"), person("Jun Tanaka")
    factories.GitHubIdentityFactory(user=amara.user, login="amara-o")
    factories.GitHubIdentityFactory(user=jun.user, login="juntanaka")
    return SimpleNamespace(
        session=session,
        project=project,
        repository=repository,
        cohort=cohort,
        person=person,
        amara=amara,
        jun=jun,
        navigator=person("Rosa Lindqvist", "navigator").user,
        captain=person("Kofi Mensah", "captain").user,
        organiser=factories.SessionRoleFactory(session=session).user,
        other_organiser=factories.SessionRoleFactory(session=factories.SessionFactory()).user,
        stranger=factories.UserFactory(),
    )


@pytest.fixture
def track(world):
    """Give a member a piece of work: `track(world.amara, title="…", turn=…)`; `part` goes to the contribution."""

    def make(membership, *, part=None, **values):
        values = {
            "tracked_repository": world.repository,
            "repository": "lumen/lumen",
            "author_login": "amara-o",
            "created_at": ago(days=10),
            "ready_at": ago(days=10),
            "turn_since": ago(days=5),
            **values,
        }
        return factories.ContributionFactory(membership=membership, work_item=factories.WorkItemFactory(**values), **(part or {}))

    return make
