"""The made-up projects of the demonstration, and what people do for them."""

import datetime
from dataclasses import dataclass

from django.utils import timezone

from cohorts.models import Project, Repository, Tracker


@dataclass(frozen=True)
class MadeUpProject:
    """A project with its repositories and the parts that its issues and pull requests are about."""

    slug: str
    name: str
    url: str
    repositories: tuple[str, ...]
    ai_policy: str
    checked_days_ago: int | None
    large: int | None
    issue_first: bool
    parts: tuple[str, ...]
    maintainers: tuple[str, ...]


PROJECTS = (
    MadeUpProject(
        "lantern",
        "Lantern",
        "https://lantern.example.org/",
        ("lanternweb/lantern", "lanternweb/lantern-docs"),
        "disclosure",
        12,
        200,
        True,
        (
            "the template cache",
            "the admin list",
            "form widgets",
            "the test client",
            "signed cookies",
            "the migration writer",
            "the query planner",
            "locale fallbacks",
            "the mail queue",
            "static file hashing",
        ),
        ("mhofer", "tgreen-web"),
    ),
    MadeUpProject(
        "tidewater",
        "Tidewater",
        "https://tidewater.example.org/",
        ("tidewater-db/tidewater",),
        "not_accepted",
        40,
        150,
        True,
        (
            "the write-ahead log",
            "range queries",
            "the retention job",
            "the Python driver",
            "compaction",
            "the health page",
            "gap filling",
            "time zone rollups",
        ),
        ("sverre-k", "aliciam"),
    ),
    MadeUpProject(
        "quillstack",
        "Quillstack",
        "https://quillstack.example.org/",
        ("quillstack/quillstack",),
        "welcome",
        120,
        400,
        False,
        (
            "the table of contents",
            "cross references",
            "the search index",
            "code blocks",
            "right-to-left pages",
            "the PDF export",
            "the dark theme",
            "broken link reports",
        ),
        ("yaelb", "dkim-docs"),
    ),
    MadeUpProject(
        "marigold",
        "Marigold",
        "https://marigold.example.org/",
        ("marigold-forms/marigold",),
        "disclosure",
        5,
        None,
        True,
        (
            "the date picker",
            "error summaries",
            "nested forms",
            "the phone field",
            "keyboard focus",
            "file uploads",
            "the wizard",
            "translations of messages",
        ),
        ("oana-p",),
    ),
    MadeUpProject(
        "harbour",
        "Harbour",
        "https://harbour.example.org/",
        ("harbourhq/harbour", "harbourhq/harbour-cli"),
        "not_stated",
        None,
        300,
        False,
        (
            "rolling restarts",
            "the log viewer",
            "secret rotation",
            "the status command",
            "health probes",
            "the config parser",
            "volume snapshots",
            "the upgrade guide",
        ),
        ("rmendez", "linh-t"),
    ),
)

PULL_REQUEST_TITLES = (
    "Fix a crash in {} with empty input",
    "Docs: explain how to configure {}",
    "Add tests for {}",
    "Make {} work on Windows paths",
    "Speed up {} for many rows",
    "Show a clear error for failures of {}",
    "Remove a deprecated option of {}",
    "Type hints for {}",
    "Keep the settings of {} after a reload",
    "Handle leap days in {}",
    "Avoid one query a row in {}",
    "Docs: correct the example of {}",
)
ISSUE_TITLES = (
    "Surprising default in {}",
    "The time-out has no effect in {}",
    "Out-of-date documentation of {}",
    "Wrong file named in an error of {}",
)


def create_projects() -> dict[str, Project]:
    """All projects with their repositories, by slug."""
    today = timezone.now().date()
    projects = {}
    for made_up in PROJECTS:
        projects[made_up.slug] = Project.objects.create(
            slug=made_up.slug,
            name=made_up.name,
            url=made_up.url,
            contributing_url=f"{made_up.url}contributing/",
            ai_policy=made_up.ai_policy,
            ai_policy_url="" if made_up.ai_policy == "not_stated" else f"{made_up.url}ai-policy/",
            ai_policy_checked_on=None
            if made_up.checked_days_ago is None
            else today - datetime.timedelta(days=made_up.checked_days_ago),
            large_change_lines=made_up.large,
            issue_first=made_up.issue_first,
        )
    return projects


def create_trackers(projects: dict[str, Project], *, url: str) -> None:
    """The project of the featured member keeps its tickets in a Trac."""
    Tracker.objects.create(project=projects["lantern"], kind="trac", url=url)


def create_repositories(projects: dict[str, Project], *, host: str) -> None:
    """The repositories of all projects, on the sandbox's host."""
    Repository.objects.bulk_create(
        [
            Repository(project=projects[made_up.slug], full_name=name, host=host)
            for made_up in PROJECTS
            for name in made_up.repositories
        ]
    )
