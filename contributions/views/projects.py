"""Projects and what they ask of those who contribute: public."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from cohorts.models import Project
from contributions.reading import address_of


@require_safe
def projects(request):
    """Every project with its guide, its repositories and its AI policy."""
    listed = Project.objects.visible_to(request.user).select_related("tracker").prefetch_related("repositories")
    cards = [
        {
            "project": project,
            "repositories": [(str(repository), address_of(repository)) for repository in project.repositories.all()],
        }
        for project in listed
    ]
    return render(request, "contributions/projects.html", {"cards": cards})
