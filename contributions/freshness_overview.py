"""Last success and last failure, each with its time and the reason: of a session, of each of its projects and of each member."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from cohorts.models import Membership, Project, Session

from .freshness import MENDED_BY_THE_MEMBER, Freshness, freshness_of_session, reason_of
from .models import MemberSync, SyncRun


@dataclass(frozen=True)
class Line:
    """`subject`: the session, a project or a membership. `failure` may be older than the last success: then it is mended.

    `problem`: what stands in the way now, in words; empty where nothing does. `member_can_mend`: whether it is the member's to mend.
    """

    subject: Session | Project | Membership
    synced_at: datetime | None
    failed_at: datetime | None
    failure: str
    problem: str = ""
    member_can_mend: bool = False

    @property
    def is_mended(self) -> bool:
        return not self.problem and self.failed_at is not None and self.synced_at is not None and self.synced_at >= self.failed_at


@dataclass(frozen=True)
class Overview:
    freshness: Freshness
    session: Line
    projects: list[Line]
    members: list[Line]


def overview_of(session: Session) -> Overview:
    """Everything for the page; the number of statements does not depend on how many projects and members there are."""
    freshness = freshness_of_session(session)
    runs = SyncRun.objects.filter(session=session, membership=None)
    good = runs.went_through()
    bad = runs.finished().exclude(retry_at=None)
    good_at = dict(good.order_by().values_list("project").annotate(at=Max("finished_at")))
    newest_bad = SyncRun.objects.in_bulk(dict(bad.order_by().values_list("project").annotate(newest=Max("pk"))).values())
    bad_by_project = {run.project_id: run for run in newest_bad.values()}
    whole = _line(session, [good_at.get(None)], [bad_by_project.get(None)], problem=freshness.reason if freshness.code else "")
    projects = session.projects.prefetch_related("repositories").order_by("name")
    return Overview(
        freshness=freshness,
        session=whole,
        projects=[_of_project(project, good_at, bad_by_project) for project in projects],
        members=_members(session),
    )


def _line(subject, successes, failures, *, problem: str) -> Line:
    synced_at = max((at for at in successes if at), default=None)
    failed = max((run for run in failures if run), key=lambda run: run.pk, default=None)
    if failed is None:
        return Line(subject, synced_at, None, "", problem)
    error = failed.errors[-1] if failed.errors else {}
    reason = reason_of(error.get("code", "internal"), error.get("message", ""))
    return Line(subject, synced_at, failed.finished_at or failed.queued_at, reason, problem)


def _of_project(project: Project, good_at: dict, bad_by_project: dict) -> Line:
    """A project is synced with its session, and by itself where somebody asked for that."""
    problems = [f"{place}: {place.problem}" for place in project.repositories.all() if place.problem]
    keys = (None, project.pk)
    return _line(
        project,
        [good_at.get(key) for key in keys],
        [bad_by_project.get(key) for key in keys],
        problem=" ".join(problems),
    )


def _members(session: Session) -> list[Line]:
    members = Membership.objects.filter(cohort__session=session).tracked().select_related("user", "cohort", "sync")
    lines = []
    for member in members.order_by("cohort__name", "user__name", "pk"):
        sync: MemberSync | None = getattr(member, "sync", None)
        if sync is None:
            lines.append(Line(member, None, None, ""))
            continue
        problem = reason_of(sync.problem_code, sync.problem) if sync.problem_code else ""
        failed_at = sync.failed_at or sync.problem_since
        mendable = sync.problem_code in MENDED_BY_THE_MEMBER
        lines.append(Line(member, sync.synced_at, failed_at, sync.failure or sync.problem, problem, mendable))
    return lines
