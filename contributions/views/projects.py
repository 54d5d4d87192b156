"""Projects and what they ask of those who contribute: public."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from cohorts.models import Project


@require_safe
def projects(request):
    """Every project with its guide, its repositories and its AI policy."""
    listed = Project.objects.visible_to(request.user).select_related("tracker").prefetch_related("repositories")
    return render(request, "contributions/projects.html", {"projects": listed})
