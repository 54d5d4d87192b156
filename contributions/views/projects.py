"""Projects, what they ask of those who contribute, and how long our members wait there: public."""

from dataclasses import dataclass
from functools import cached_property

from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.web_addresses import web_address
from cohorts.models import Project, Session
from contributions.figures.answering import Answering, answering
from contributions.figures.words import wait_words
from contributions.reading import address_of


@dataclass(frozen=True)
class Card:
    """A project as a page shows it: addresses are links only where they are plain ones of the web."""

    project: Project
    answering: Answering | None

    @property
    def url(self) -> str:
        return web_address(self.project.url)

    @property
    def guide(self) -> str:
        return web_address(self.project.contributing_url)

    @cached_property
    def repositories(self) -> list[tuple[str, str]]:
        """Names with addresses, in the order of names; what is private is nobody's business but its people's."""
        public = [repository for repository in self.project.repositories.all() if not repository.is_private]
        return [(str(repository), web_address(address_of(repository))) for repository in public]

    @property
    def tracker_url(self) -> str:
        tracker = getattr(self.project, "tracker", None)
        return web_address(tracker.url) if tracker else ""

    @property
    def median(self) -> str:
        return wait_words(self.answering.waits.median) if self.answering else ""

    @property
    def most(self) -> str:
        return wait_words(self.answering.waits.most) if self.answering else ""

    @property
    def tells_waits(self) -> bool:
        return self.answering is not None and self.answering.waits.median is not None


@require_safe
def projects(request):
    """Every project with its guide, its repositories, its AI policy and how long first answers take."""
    found = answering()
    cards = [Card(project, found.get(project.pk)) for project in _projects(request.user)]
    return render(request, "contributions/projects.html", {"cards": cards})


@require_safe
def project(request, slug):
    """One project, with the sessions whose cohorts work on it."""
    project = get_object_or_404(_projects(request.user), slug=slug)
    sessions = Session.objects.visible_to(request.user).filter(projects=project).order_by("-starts_on", "name")
    context = {
        "card": Card(project, answering().get(project.pk)),
        "project": project,
        "sessions": sessions[:20],
        "today": timezone.localdate(),
    }
    return render(request, "contributions/project.html", context)


def _projects(user):
    return Project.objects.visible_to(user).select_related("tracker").prefetch_related("repositories")
