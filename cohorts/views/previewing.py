"""The application form for those who make it: as applicants see it, and nothing that is typed is kept."""

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cohorts.entries import Entry, EntryInvalid, check_entry, question_name
from cohorts.forms.application import ApplicationForm, read_entry
from cohorts.models import Question, Session
from cohorts.phases import promise_about_names
from cohorts.questions import asked_questions
from cohorts.stages import stage_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def apply_preview(request, slug):
    """GET shows the empty form; POST judges what was typed as submitting would, shows the errors, and forgets it."""
    sessions = Session.objects.organised_by(request.user) if request.user.is_authenticated else Session.objects.none()
    session = get_object_or_404(sessions.prefetch_related("questions", "projects"), slug=slug)
    entry, errors = Entry(), {}
    if request.method == "POST":
        entry = read_entry(session, request.POST)
        errors = _errors(session, entry)
    closes_at = session.applications_close_at
    context = {
        "session": session,
        "stage": stage_of(session),
        "deadline": closes_at if closes_at and closes_at > timezone.now() else None,
        "names_promise": promise_about_names(session),
        "form": ApplicationForm(session, entry, errors=errors),
        "beside": {},
        "is_checked": request.method == "POST",
        "asks_for_files": any(each.kind == Question.Kind.FILE for each in asked_questions(session)),
        "autosaves": False,
    }
    return render(request, "cohorts/apply_preview.html", context)


def _errors(session: Session, entry: Entry) -> dict[str, list[ValidationError]]:
    """What stands against submitting `entry`. Files are left out: without an application there is nowhere to put them."""
    try:
        check_entry(session, entry)
    except EntryInvalid as invalid:
        files = {question_name(each.pk) for each in asked_questions(session) if each.kind == Question.Kind.FILE}
        return {name: errors for name, errors in invalid.errors.items() if name not in files}
    return {}
