"""A session that follows a small GitHub. Time stands still at `NOW` unless `later` moves it, here and there alike."""

import datetime

import pytest
import time_machine

from contributions.models import Contribution, SyncRun, WorkItem
from contributions.sandbox import Sandbox, World, sandbox_transport
from contributions.sync import request_sync, run_sync
from tests.factories import (
    CohortFactory,
    GitHubIdentityFactory,
    MembershipFactory,
    ProjectFactory,
    RepositoryFactory,
    SessionFactory,
)

NOW = datetime.datetime(2026, 11, 25, 12, 0, tzinfo=datetime.UTC)


class Follower:
    """The site's side of a test: a session in week 4 with one repository, and the sandbox that it follows."""

    def __init__(self, world, sandbox, traveller):
        self.world, self.sandbox, self.traveller = world, sandbox, traveller
        self.maintainer = world.add_user("maintainer")
        self.bot = world.add_bot("checks")
        self.project = world.add_repository("org/project", collaborators=[self.maintainer])
        self.session = SessionFactory()
        self.site_project = ProjectFactory()
        self.session.projects.add(self.site_project)
        self.cohort = CohortFactory(session=self.session, project=self.site_project)
        self.repository = self.track(self.project)

    def track(self, repository):
        return RepositoryFactory(project=self.site_project, full_name=repository.name_with_owner)

    def member(self, login, *, on_github=True, cohort=None, **identity):
        """A member of the session, and the account of that login."""
        membership = MembershipFactory(cohort=cohort or self.cohort)
        GitHubIdentityFactory(user=membership.user, login=login, **identity)
        membership.account = self.world.add_user(login) if on_github else None
        return membership

    def pull(self, membership, title="Make it clearer", *, days=5, repository=None, **options):
        return self.world.add_pull_request(
            repository or self.project, membership.account, title, at=self.world.ago(days=days), **options
        )

    def issue(self, membership, title="It is unclear", *, days=5, repository=None, **options):
        return self.world.add_issue(
            repository or self.project, membership.account, title, at=self.world.ago(days=days), **options
        )

    def sync(self, **options):
        """Ask for a sync and do it now."""
        options.setdefault("trigger", SyncRun.Trigger.COMMAND)
        return run_sync(request_sync(self.session, queue=False, **options))

    def later(self, **span):
        self.traveller.move_to(self.world.move_on(**span))

    def stored(self, item):
        return WorkItem.objects.get(kind=("issue" if item.url.split("/")[-2] == "issues" else "pull_request"),
                                    database_id=item.database_id)  # fmt: skip

    def asked(self, since=0):
        """Names of the documents that were sent, from the request with this number on."""
        return [entry.operation for entry in self.sandbox.log[since:]]

    def titles(self, membership):
        return sorted(Contribution.objects.filter(membership=membership).values_list("work_item__title", flat=True))


@pytest.fixture
def traveller():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world(traveller):
    return World(now=NOW)


@pytest.fixture
def sandbox(world):
    return Sandbox(world)


@pytest.fixture
def follower(db, world, sandbox, traveller, settings):
    settings.GITHUB_TRANSPORT = sandbox_transport(sandbox)
    # Every request of every test here proves that no transaction is open.
    settings.GITHUB_CLIENT_GUARD = "contributions.github.guard.forbid_transactions"
    return Follower(world, sandbox, traveller)
