"""What pages cost: queries as items, people and applications grow, and *my progress* against Django's own change list.

    uv run python bench/pages.py [--database sqlite|postgresql] [--quick]

Progress, both boards and session figures are asked for by those who see most of them, with 5 and 500 items, and with 4 and 400
people: the number of queries must not change. Then *my progress* with 60 items is asked for in turn with a change list of 100
rows, as a stock `ModelAdmin` on Django's own templates shows the same items: a column for each fact that a row of the progress
page has, filters by state and a search; medians are compared. A list of one bare column is timed too, for comparison.

Pages about applications are measured first, by `bench/applying.py`; the ranking also by `bench/ranking.py`, against a change list. Then the
boards in the weeks, a cohort's of 8 people and the overview of 400, by `bench/boards.py`. Prints tables, and exits with 1 where a bound is
missed.
"""

import argparse
import contextlib
import datetime
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

FEW_ITEMS, MANY_ITEMS = 5, 500
FEW_PEOPLE, MANY_PEOPLE = 4, 400
ITEMS, ROWS = 60, 100
#: The facts that a row of the progress page shows, as columns of the change list.
COLUMNS = ["title", "repository", "number", "kind", "state", "turn", "turn_since", "first_response_at", "ci", "additions"]
STATES = (
    {"turn": "member", "turn_reason": "changes_requested", "review_state": "changes_requested", "ci": "success"},
    {"turn": "member", "turn_reason": "ci_failing", "ci": "failure"},
    {"turn": "reviewer", "turn_reason": "nothing_said", "ci": "success"},
    {"turn": "maintainer", "turn_reason": "approved", "review_state": "approved", "ci": "success"},
    {"turn": "", "state": "merged"},
    {"turn": "", "state": "closed"},
)


@dataclass
class Measured:
    """Queries by page: with few and with many items, with few and with many people; seconds of each answer."""

    items: dict[str, tuple[int, int]] = field(default_factory=dict)
    people: dict[str, tuple[int, int]] = field(default_factory=dict)
    progress: list[float] = field(default_factory=list)
    changelist: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    bytes: int = 0

    @property
    def ratio(self) -> float:
        return statistics.median(self.progress) / statistics.median(self.changelist)

    def missed(self) -> list[str]:
        missed = [
            f"queries of {page}: {few} for few {what}, {many} for many"
            for what, pages in (("items", self.items), ("people", self.people))
            for page, (few, many) in pages.items()
            if few != many
        ]
        if self.ratio > 1:
            missed.append(f"my progress takes {self.ratio:.2f} times as long as the change list, at most 1")
        return missed


class Site:
    """A session with one cohort. `grow` adds members and work."""

    def __init__(self, name: str):
        from django.utils import timezone

        from accounts.models import GitHubIdentity, User
        from cohorts.models import Cohort, Membership, Project, Repository, Session, SessionRole
        from cohorts.weeks import generate_weeks

        self.now, self.name = timezone.now(), name
        self.session = Session.objects.create(
            slug=name, name=name, starts_on=(self.now - datetime.timedelta(days=24)).date(), announced_at=self.now,
            published_at=self.now,
        )  # fmt: skip
        generate_weeks(self.session)
        self.project = Project.objects.create(
            slug=name, name=name, ai_policy="disclosure", large_change_lines=300, issue_first=True
        )
        self.session.projects.add(self.project)
        self.repository = Repository.objects.create(project=self.project, full_name=f"{name}/repository")
        self.cohort = Cohort.objects.create(session=self.session, name=name, project=self.project)
        self.organiser = User.objects.create(email=f"organiser@{name}.example.org", name="Organiser")
        SessionRole.objects.create(session=self.session, user=self.organiser, role=SessionRole.Role.ORGANISER)
        self._models = User, GitHubIdentity, Membership
        self.members: list = []

    def people(self, number: int) -> None:
        """Add members until there are so many."""
        user, identity, membership = self._models
        new = range(len(self.members) + 1, number + 1)
        users = user.objects.bulk_create(user(email=f"m{one}@{self.name}.example.org", name=f"Member {one}") for one in new)
        identity.objects.bulk_create(identity(user=each, login=each.email.partition("@")[0]) for each in users)
        self.members += membership.objects.bulk_create(membership(cohort=self.cohort, user=each) for each in users)
        from contributions.models import MemberSync

        MemberSync.objects.bulk_create(
            MemberSync(membership=each, synced_at=self.now) for each in self.members[-len(users) or len(self.members) :]
        )

    def work(self, member, number: int) -> None:
        """Give a member so many pull requests, in every state."""
        from contributions.models import Contribution, WorkItem

        first = WorkItem.objects.count() + 1
        items = WorkItem.objects.bulk_create(self._item(first + place) for place in range(number))
        Contribution.objects.bulk_create(Contribution(membership=member, work_item=item) for item in items)

    def _item(self, number: int):
        from contributions.models import WorkItem

        created = self.now - datetime.timedelta(days=1 + number % 23)
        answered = created + datetime.timedelta(hours=20)
        values = dict(STATES[number % len(STATES)])
        ended = {"merged": ["merged_at", "closed_at"], "closed": ["closed_at"]}.get(values.get("state", ""), [])
        events = [("opened", created, "me"), ("changes_requested", answered, "vera"), ("pushed", answered, "me")]
        return WorkItem(
            host="github.com", kind=WorkItem.Kind.PULL_REQUEST, database_id=number, node_id=f"PR_{number}", number=number,
            tracked_repository=self.repository, repository=self.repository.full_name, title=f"Make thing {number} clearer",
            url=f"https://github.com/{self.repository.full_name}/pull/{number}", author_login="me", created_at=created,
            ready_at=created, updated_at=answered, first_response_at=answered, turn_since=answered, fetched_at=self.now,
            additions=number % 400, deletions=number % 90, changed_files=1 + number % 9,
            linked=[{"url": f"https://github.com/{self.repository.full_name}/issues/{number % 7}", "number": number % 7,
                     "repository": self.repository.full_name, "title": "An issue", "state": "open"}] if number % 3 else [],
            events=[{"at": at.isoformat().replace("+00:00", "Z"), "what": what, "by": by, "human": True} for what, at, by in events],
            **values, **dict.fromkeys(ended, self.now - datetime.timedelta(hours=5)),
        )  # fmt: skip


def measure(rounds: int) -> Measured:
    """Build sites and ask for their pages. Django is set up, with an empty database."""
    measured = Measured()
    by_items, by_people, timed = Site("items"), Site("people"), Site("timed")
    by_items.people(FEW_PEOPLE)
    by_items.work(by_items.members[0], FEW_ITEMS)
    by_people.people(FEW_PEOPLE)
    for member in by_people.members:
        by_people.work(member, 1)
    few_items, few_people = count(by_items), count(by_people)
    by_items.work(by_items.members[0], MANY_ITEMS - FEW_ITEMS)
    known = len(by_people.members)
    by_people.people(MANY_PEOPLE)
    for member in by_people.members[known:]:
        by_people.work(member, 1)
    many_items, many_people = count(by_items), count(by_people)
    measured.items = {page: (few_items[page], many_items[page]) for page in few_items}
    measured.people = {page: (few_people[page], many_people[page]) for page in few_people}
    timed.people(4)
    timed.work(timed.members[0], ITEMS)
    time_pages(timed, measured, rounds)
    return measured


def pages_of(site: Site) -> dict[str, str]:
    """Addresses by name of the page; one that the site does not have is left out."""
    from django.urls import NoReverseMatch, reverse

    wanted = {
        "progress": ("progress", [site.members[0].pk]), "cohort board": ("cohort", [site.cohort.pk]),
        "session board": ("session_board", [site.session.slug]), "session figures": ("session_figures", [site.session.slug]),
    }  # fmt: skip
    found = {}
    for page, (name, arguments) in wanted.items():
        with contextlib.suppress(NoReverseMatch):
            found[page] = reverse(name, args=arguments)
    return found


def count(site: Site) -> dict[str, int]:
    """Queries of each page, by the member for progress and by the organiser for the rest. A first visit warms what is kept."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    counted = {}
    for page, address in pages_of(site).items():
        client = Client()
        client.force_login(site.members[0].user if page == "progress" else site.organiser)
        fetch(client, address)
        with CaptureQueriesContext(connection) as captured:
            fetch(client, address)
        counted[page] = len(captured)
    return counted


def time_pages(site: Site, measured: Measured, rounds: int) -> None:
    """In turn, so that a busy machine is as hard on one as on the other."""
    from django.test import Client
    from django.urls import reverse

    from accounts.models import User

    member, admin = Client(), Client()
    member.force_login(site.members[0].user)
    admin.force_login(User.objects.create_superuser(email="admin@example.org", password=None, name="Admin"))
    lists = [(member, reverse("my_progress"), measured.progress)]
    lists += [
        (admin, f"/{name}/contributions/workitem/", into)
        for name, into in (("stock", measured.changelist), ("plain", measured.plain))
    ]
    for turn in range(rounds + 3):
        for client, address, into in lists:
            began = time.perf_counter()
            answer = fetch(client, address)
            # The first answers compile templates.
            if turn >= 3:
                into.append(time.perf_counter() - began)
            if client is member:
                measured.bytes = len(answer.content)


def fetch(client, address: str):
    answer = client.get(address, secure=True)
    if answer.status_code != 200:
        raise SystemExit(f"{address} answered {answer.status_code}.")
    return answer


def serve_change_lists() -> None:
    """Add two admins to the addresses, on Django's own templates: one with columns for the facts, one as it comes."""
    from django.contrib import admin
    from django.urls import path

    import config.urls
    from contributions.models import WorkItem

    class Plain(admin.ModelAdmin):
        list_per_page = ROWS

        def changelist_view(self, request, extra_context=None):
            answer = super().changelist_view(request, extra_context)
            # Which templates a `TemplateResponse` is rendered with.
            answer._using = "stock"
            return answer

    class Columns(Plain):
        list_display = COLUMNS
        list_filter = ("kind", "state", "turn")
        search_fields = ("title", "repository")

    for name, options in (("stock", Columns), ("plain", Plain)):
        site = admin.AdminSite(name=name)
        site.register(WorkItem, options)
        config.urls.urlpatterns.append(path(f"{name}/", site.urls))


def set_up(url: str) -> None:
    """Set the site up as in production; static files are named without hashes, since none were collected."""
    from bench import tasks

    tasks.set_up(url, GITHUB_TOKENS="bench")
    from django.conf import settings
    from django.test import override_settings

    # Storages are looked up once: the signal makes that happen again.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}).enable()
    processors = ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"]
    processors.append("django.contrib.messages.context_processors.messages")
    settings.TEMPLATES = [*settings.TEMPLATES, {
        "NAME": "stock", "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        "OPTIONS": {"context_processors": processors},
    }]  # fmt: skip
    settings.ALLOWED_HOSTS = ["testserver"]
    serve_change_lists()


def table(measured: Measured) -> str:
    lines = [
        f"{'queries':34}{f'{FEW_ITEMS} items':>12}{f'{MANY_ITEMS} items':>12}{f'{FEW_PEOPLE} people':>12}{f'{MANY_PEOPLE} people':>12}"
    ]
    for page, counts in measured.items.items():
        lines.append(f"{page:34}" + "".join(f"{number:>12}" for number in (*counts, *measured.people[page])))
    lines.append("")
    for name, seconds in (
        (f"my progress, {ITEMS} items", measured.progress),
        (f"change list, {ROWS} rows, {len(COLUMNS)} columns", measured.changelist),
        (f"change list, {ROWS} rows, 1 column", measured.plain),
    ):
        lines.append(
            f"{name:42}{statistics.median(seconds) * 1000:>8.1f} ms  ({min(seconds) * 1000:.1f} to {max(seconds) * 1000:.1f})"
        )
    lines.append(
        f"{'my progress for a change list':42}{measured.ratio:>8.2f}     (at most 1: {'met' if measured.ratio <= 1 else 'MISSED'})"
    )
    lines.append(f"{'bytes of my progress, uncompressed':42}{measured.bytes:>8,}")
    return "\n".join(lines)


def main() -> int:
    from bench import applying, boards
    from bench.tasks import DATABASES, database

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    arguments = parser.parse_args()
    with database(arguments.database) as url:
        set_up(url)
        from django.core.management import call_command

        growth = applying.measure(11 if arguments.quick else 41)
        print(growth.table() + "\n")
        call_command("flush", interactive=False, verbosity=0)
        weeks = boards.measure(5 if arguments.quick else 15)
        print(weeks.table() + "\n")
        call_command("flush", interactive=False, verbosity=0)
        measured = measure(11 if arguments.quick else 41)
        from django.db import connections

        connections.close_all()
    print(table(measured))
    missed = growth.missed() + weeks.missed() + measured.missed()
    for words in missed:
        print(f"MISSED {words}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
