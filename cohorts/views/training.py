"""What people who help learn before the session begins, ticked with one press; and the form for helpers as organisers preview it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.signed_in import signed_in
from cohorts.entries import Entry, EntryInvalid, check_entry
from cohorts.forms.volunteer import VolunteerForm, read_volunteer_entry
from cohorts.models import Session, TrainingTask, Volunteer
from cohorts.training import TrainingError, roles_of, tick, training_of, untick

from .volunteer_pages import what_it_takes


@never_cache
@signed_in
@require_safe
def training(request, slug):
    """The training of the person who asks, in the session with this short name; hidden from whoever does not help there."""
    session = get_object_or_404(Session.objects.visible_to(request.user), slug=slug)
    if not roles_of(session, request.user):
        raise Http404
    return render(request, "cohorts/training.html", _context(request, session))


def _context(request, session) -> dict:
    tasks = training_of(session, request.user)
    return {
        "session": session,
        "tasks": tasks,
        "done": sum(one.done_at is not None for one in tasks),
        "today": timezone.now().astimezone(session.zone).date(),
        "has_begun": timezone.now() >= session.begins_at,
    }


@never_cache
@signed_in
@require_POST
def tick_training(request, pk):
    """Tick a task, or take the tick back (`undo`)."""
    task = get_object_or_404(TrainingTask.objects.visible_to(request.user).select_related("session"), pk=pk)
    change = untick if "undo" in request.POST else tick
    try:
        change(task, by=request.user)
    except TrainingError as error:
        if not roles_of(task.session, request.user):
            raise Http404 from error
        messages.error(request, str(error))
    if request.htmx:
        return render(request, "cohorts/training.html#tasks", _context(request, task.session) | {"changed": task.pk})
    response = redirect("training", slug=task.session.slug)
    response["Location"] += f"#task-{task.pk}"
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def volunteer_preview(request, slug, role):
    """GET shows the empty form of a role to organisers; POST judges what was typed as handing in would, and forgets it."""
    sessions = Session.objects.organised_by(request.user) if request.user.is_authenticated else Session.objects.none()
    session = get_object_or_404(sessions.prefetch_related("questions", "projects"), slug=slug)
    if role not in Volunteer.Role.values:
        raise Http404
    entry, errors = Entry(), {}
    if request.method == "POST":
        entry = read_volunteer_entry(session, role, request.POST)
        try:
            check_entry(session, entry, role)
        except EntryInvalid as invalid:
            errors = invalid.errors
    context = {
        "session": session,
        "role": role,
        "role_label": Volunteer.Role(role).label,
        "takes": what_it_takes(role),
        "form": VolunteerForm(session, role, entry, errors=errors),
        "beside": {},
        "is_checked": request.method == "POST",
        "is_preview": True,
        "autosaves": False,
    }
    return render(request, "cohorts/volunteer_preview.html", context)
