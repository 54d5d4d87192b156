"""The help: a guide for each part that people have. Public, because who thinks of taking part reads it first."""

from django.http import Http404
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from cohorts import guides as guide_files


@require_safe
def guides(request):
    found = guide_files.guides(get_language() or "en")
    mine = guide_files.slugs_for(request.user)
    context = {"mine": [one for one in found if one.slug in mine], "others": [one for one in found if one.slug not in mine]}
    return render(request, "cohorts/guides.html", context)


@require_safe
def guide(request, slug):
    found = guide_files.guide(slug, get_language() or "en")
    if found is None:
        raise Http404
    return render(request, "cohorts/guide.html", {"guide": found, "guides": guide_files.guides(get_language() or "en")})
