"""What a sync that somebody is about to ask for will do, in figures: of a session, of one project or of one member in it."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from django.db.models import Q
from django.utils import timezone

from cohorts.models import Membership, Project, Repository, Session
from contributions.github.documents import IDS_PER_DISCOVER, IDS_PER_REFRESH, IDS_PER_SWEEP, NAMES_PER_IDENTIFY
from contributions.github.documents_reviews import IDS_PER_REVIEWS

from .models import ApiBudget, Contribution, SyncRun, WorkItem


@dataclass(frozen=True)
class Scope:
    """What a sync looks at, and how many requests it will probably ask.

    `least` is the estimate where nothing has changed, `most` where everything has. `last` is the newest one of the same kind
    that went through, `under_way` one that waits or runs and that asking leads to, `blocked_until` when GitHub lets us ask
    again, if it does not now.
    """

    members: int
    repositories: int
    open_items: int
    least: int
    most: int
    last: SyncRun | None
    under_way: SyncRun | None
    blocked_until: datetime | None


def scope_of(session: Session, *, membership: Membership | None = None, project: Project | None = None) -> Scope:
    """The figures of a sync; nine statements, and nothing is asked of GitHub."""
    repositories = Repository.objects.of_session(session).distinct()
    contributions = Contribution.objects.filter(membership__cohort__session=session)
    if membership is not None:
        members, contributions = 1, contributions.filter(membership=membership)
    else:
        members = Membership.objects.filter(cohort__session=session).tracked().count()
    if project is not None:
        repositories = repositories.filter(project=project)
        contributions = contributions.filter(work_item__tracked_repository__project=project)
    open_items = WorkItem.objects.open().filter(pk__in=contributions.values("work_item"), tracker="").count()
    places = repositories.count()
    nameless = repositories.filter(Q(node_id="") | Q(database_id=None)).count() + _nameless(session, membership)
    # What every sync asks, and what it fetches where all of it has moved.
    least = ceil(nameless / NAMES_PER_IDENTIFY) + ceil(members / IDS_PER_DISCOVER) + ceil(open_items / IDS_PER_SWEEP)
    same = SyncRun.objects.filter(session=session, membership=membership, project=project)
    whole = SyncRun.objects.filter(session=session, membership=None, project=None).waiting_or_running().first()
    return Scope(
        members=members,
        repositories=places,
        open_items=open_items,
        least=least,
        most=least + ceil(open_items / IDS_PER_REFRESH) + ceil(members / IDS_PER_REVIEWS),
        last=same.went_through().order_by("-queued_at", "-pk").first(),
        under_way=whole or same.waiting_or_running().first(),
        blocked_until=_blocked_until(timezone.now()),
    )


def _nameless(session: Session, membership: Membership | None) -> int:
    """How many members' logins were never looked up on GitHub."""
    members = Membership.objects.filter(cohort__session=session).tracked().filter(user__github__node_id="")
    return (members.filter(pk=membership.pk) if membership else members).count()


def _blocked_until(now: datetime) -> datetime | None:
    """When the first token may be used again, where none may be used now."""
    blocks = list(ApiBudget.objects.values_list("blocked_until", flat=True))
    if not blocks or any(block is None or block <= now for block in blocks):
        return None
    return min(block for block in blocks if block is not None)
