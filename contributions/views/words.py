"""What the words and numbers on the pages about work mean."""

from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def words(request):
    """Public: who reads a page may also read what it means."""
    return render(request, "contributions/words.html")
