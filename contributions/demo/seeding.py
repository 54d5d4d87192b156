"""Making the demonstration's database, and moving it along with the calendar."""

import datetime
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from accounts.github import github_host
from accounts.models import AuditEntry
from cohorts.models import Membership, Repository, Session, Tracker
from cohorts.stages import Stage, stage_of
from contributions.models import SyncRun, WorkItem
from contributions.sandbox.journal import Journal
from contributions.sandbox.world import World
from contributions.sync import paste_link

from .past import HOST as PAST_HOST
from .people import FEATURED_EMAIL, create_accounts
from .projects import create_projects, create_repositories, create_trackers
from .sessions import Seeded, Seeder
from .world import TICKETS, DemoWorld

#: Rows of these apps move when the demonstration is started in a later week.
MOVING_APPS = ("accounts", "cohorts", "contributions")


def this_monday(now: datetime.datetime | None = None) -> datetime.date:
    """The day from which all dates of the demonstration are counted."""
    today = (now or timezone.now()).astimezone(datetime.UTC).date()
    return today - datetime.timedelta(days=today.weekday())


class DemoState:
    """What is remembered between two starts, in a file beside the database: anchor, cohorts, the sandbox's address."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state.json"

    def read(self) -> dict[str, Any] | None:
        """None where the demonstration was never made, or was interrupted while it was."""
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def write(self, **state: Any) -> None:
        self.path.write_text(json.dumps(state, indent=1), encoding="utf-8")


def seed(anchor: datetime.date) -> Seeded:
    """Everything but what comes from GitHub, in one transaction."""
    with transaction.atomic():
        accounts = create_accounts()
        projects = create_projects()
        create_repositories(projects, host=github_host())
        create_trackers(projects, url=settings.TRAC_URL)
        seeded = Seeder(anchor, accounts, projects).seed()
        _paste_tickets()
        return seeded


def _paste_tickets() -> None:
    """What the featured member pasted; it is fetched with the first sync."""
    member = Membership.objects.present().get(user__email=FEATURED_EMAIL, cohort__session__in=_running())
    for number in TICKETS:
        paste_link(member, f"{settings.TRAC_URL}/ticket/{number}", by=member.user)


def _running() -> list[Session]:
    return [session for session in Session.objects.all() if stage_of(session) == Stage.RUNNING]


def build_world(cohorts, *, settled: bool = True, journal: Path | None = None) -> tuple[World, DemoWorld]:
    """The sandbox's world for these cohorts. `settled`: with what happened after the first sync.

    `journal`: the file with what visitors did in earlier runs, which happens again.

    Built as of the full hour, so that two worlds of one start agree; after that its clock runs.
    """
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    demo = DemoWorld(
        World(now=hour, web_url=settings.GITHUB_URL), [(slug, tuple(logins)) for slug, logins in cohorts], featured="amara-okafor"
    )
    world = demo.build()
    if settled:
        demo.let_time_pass()
    world.fixed_now = None
    Journal(journal).replay(world)
    return world, demo


def shift_dates(days: int, *, last_used: datetime.datetime) -> None:
    """Move every date of the demonstration's rows by so many days (a multiple of 7, so that weeks stay weeks).

    What had happened by `last_used` has happened still: moved past the present, it becomes a moment ago.

    What GitHub tells is left to the full sync that follows: the sandbox's dates follow the clock and not the weeks, and rows
    that were moved past them would count as newer. Only items that are gone move, and those of
    the finished session, for nobody tells of them.
    """
    delta = datetime.timedelta(days=days)
    with transaction.atomic():
        for label in MOVING_APPS:
            for model in apps.get_app_config(label).get_models():
                _shift(model, delta, last_used)


def _shift(model: type[models.Model], delta: datetime.timedelta, last_used: datetime.datetime) -> None:
    now = timezone.now()
    # A DateTimeField is a DateField as well.
    names = [each.attname for each in model._meta.concrete_fields if isinstance(each, models.DateField)]
    rows = list(_moving(model)) if names else []
    for row in rows:
        for name in names:
            value = getattr(row, name)
            if value is not None:
                moved = value + delta
                if isinstance(value, datetime.datetime) and value <= last_used and moved > now:
                    moved = now - datetime.timedelta(minutes=1)
                setattr(row, name, moved)
    if rows:
        model._default_manager.bulk_update(rows, names, batch_size=200)


def _moving(model: type[models.Model]) -> models.QuerySet:
    if model in (SyncRun, AuditEntry):
        # What was fetched, and what was done, was so when it was: nobody can change the audit log.
        return model._default_manager.none()
    if model is WorkItem:
        return WorkItem.objects.filter(models.Q(state=WorkItem.State.GONE) | models.Q(host=PAST_HOST))
    return model._default_manager.all()


def move_sandbox(old: str, new: str) -> None:
    """Follow the sandbox to another address: `old` and `new` are web addresses such as http://127.0.0.1:8001."""
    old_host, new_host = urlsplit(old).netloc, urlsplit(new).netloc
    with transaction.atomic():
        Repository.objects.filter(host=old_host).update(host=new_host)
        for tracker in Tracker.objects.filter(url__startswith=f"{old}/"):
            tracker.url = tracker.url.replace(old, new, 1)
            tracker.save(update_fields=["url"])
        items = list(WorkItem.objects.filter(host=old_host))
        for item in items:
            item.host, item.url, item.moved_from = new_host, item.url.replace(old, new, 1), item.moved_from.replace(old, new, 1)
            item.linked = json.loads(json.dumps(item.linked).replace(old, new))
        WorkItem.objects.bulk_update(items, ["host", "url", "moved_from", "linked"], batch_size=200)
