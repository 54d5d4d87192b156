"""Worlds of several sizes, what a sync of them may cost, and the session that follows one."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: Each member gives one review of another member's pull request.
REVIEWS_PER_MEMBER = 1


@dataclass(frozen=True)
class Bounds:
    """The most that a sync of a world may cost; None where nothing is said."""

    first_requests: int | None = None
    second_requests: int | None = None
    first_points: int | None = None
    second_points: int | None = None
    #: Of the sync after one item changed.
    changed_requests: int | None = None


@dataclass(frozen=True)
class Size:
    """A world: each member opens four pull requests and one issue."""

    members: int
    repositories: int
    bounds: Bounds = Bounds()

    @property
    def name(self) -> str:
        return f"bench-{self.members}"


SMALL = Size(32, 5, Bounds(7, 2, 18, 2, changed_requests=3))
LARGE = Size(1000, 200, Bounds(150, 42, 520, 55))


def build_world(size: Size, now: datetime):
    """The sandbox's side."""
    from contributions.sandbox import scale_world

    return scale_world(size.members, size.repositories, now=now, days=24, reviews_per_member=REVIEWS_PER_MEMBER)


def make_session(size: Size, now: datetime):
    """The site's side: a session whose members and repositories are those of the world, by name alone."""
    from accounts.github import github_host
    from accounts.models import GitHubIdentity, User
    from cohorts.models import Cohort, Membership, Project, Repository, Session

    name = size.name
    session = Session.objects.create(
        slug=name, name=name, starts_on=(now - timedelta(days=25)).date(), announced_at=now, published_at=now
    )
    project = Project.objects.create(slug=name, name=name)
    session.projects.add(project)
    Repository.objects.bulk_create(
        Repository(project=project, full_name=f"org/project-{number:03}", host=github_host())
        for number in range(1, size.repositories + 1)
    )
    cohort = Cohort.objects.create(session=session, name=name, project=project)
    users = User.objects.bulk_create(
        User(email=f"m{number:04}@{name}.example.org", name=f"Member {number}") for number in range(1, size.members + 1)
    )
    GitHubIdentity.objects.bulk_create(GitHubIdentity(user=user, login=user.email.partition("@")[0]) for user in users)
    Membership.objects.bulk_create(Membership(cohort=cohort, user=user) for user in users)
    return session


def whole_seconds() -> datetime:
    """Now, as GitHub tells times."""
    return datetime.now(UTC).replace(microsecond=0)


def set_up(folder: str, *, migrate: bool = True, **environment: str) -> None:
    """Set Django up with a SQLite database in `folder`; it is made there unless `migrate` is off."""
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "DATABASE_"))]:
        del os.environ[name]
    os.environ |= {
        "DEBUG": "1", "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3", "GITHUB_TOKENS": "bench", "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    } | environment  # fmt: skip
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    # Django would keep every statement.
    settings.DEBUG = False
    if migrate:
        call_command("migrate", verbosity=0)
