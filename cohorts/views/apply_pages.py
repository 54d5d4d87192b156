"""What the application form answers: the page with the form, the line about an automatic save, the page that says why not."""

import contextlib
import secrets

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from cohorts.applications import TooLate
from cohorts.availability_look import availability_needs_a_look
from cohorts.draft_logins import check_of
from cohorts.entries import Entry, EntryTooLarge, question_name
from cohorts.files import named_files
from cohorts.forms.application import ApplicationForm
from cohorts.kept_entries import keep_entry
from cohorts.late_access import deadline_for
from cohorts.models import Application, Project, Question
from cohorts.phases import promise_about_names
from cohorts.public_status import public_status
from cohorts.reusing import reusable_answers
from cohorts.stages import stage_of

from .files import upload_name, with_newer_files

Status = Application.Status

#: Tells the browser's script that it is this site which answered, and that the text is safe here.
SAVED = "Text-Saved"


def number(text: str) -> int:
    """A version or an id as a form sends it; 0 for whatever is none."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def line(request, context, *, status=200):
    """The line under the form that says what became of an automatic save."""
    response = render(request, "cohorts/apply_saved.html", context, status=status)
    if status == 200:
        response[SAVED] = "yes"
    return response


def saved(request, session, application):
    if request.htmx:
        context = {"application": application, "saved_at": timezone.now(), "session": session, "check": check_of(application)}
        return line(request, context)
    messages.success(request, _("Saved. You can close this page and go on another day."))
    return redirect("apply", slug=session.slug)


def stale(request, session, application, entry):
    """The newer text of another tab stays saved; what was typed here stays in the form, beside it."""
    if request.htmx:
        return line(request, {"stale_since": saved_at(application)}, status=409)
    newer = Entry.of(application)
    entry = with_newer_files(session, entry, newer)
    return form_page(request, session, application, entry, other=newer, is_stale=True, status=409)


def too_large(request, session, application, entry, error):
    return _unsaved(request, session, application, entry, str(error), status=422)


def too_often(request, session, entry):
    """Very many people, or one program, from one address on the network: the text stays in the form."""
    problem = _("Many texts were kept from your network in the last hour. Log in first, in another tab, then send this again.")
    return _unsaved(request, session, None, entry, problem, status=429)


def forged(request, session, application, entry):
    """The form is from before a log-in, or from elsewhere: nothing is saved, and the next try can be."""
    if request.htmx:
        response = line(request, {"is_forged": True}, status=409)
        # The line brought a token of today along: once more with that.
        response["HX-Trigger-After-Settle"] = "renewed"
        return response
    problem = _(
        "This page was from before you logged in or out, so nothing was saved. What you typed is in the form: send it again."
    )
    return _unsaved(request, session, application, entry, problem, status=403)


def of_another_account(request, session, entry):
    """The form belongs to one person and the log-in to another: nothing is mixed up, and what was typed stays readable."""
    against = _(
        "This form was opened by another account than the one that is logged in now. Log in with that account, then try again."
    )
    if request.htmx:
        return line(request, {"refused": against}, status=409)
    return _closed_page(request, session, None, entry, against, is_unsaved=True, status=409)


def logged_out(request, session):
    """An automatic save of somebody whose log-in has ended meanwhile: the text is kept for that person."""
    return line(request, {"log_in": f"{reverse('account_login')}?next={reverse('apply', args=[session.slug])}"}, status=409)


def _unsaved(request, session, application, entry, problem, *, status):
    """The form with what was typed. Its version stays the one it had: another tab may have saved since."""
    if request.htmx:
        return line(request, {"refused": problem}, status=409 if status == 429 else status)
    version = number(request.POST.get("version", ""))
    return form_page(request, session, application, entry, problem=problem, version=version, status=status)


def form_page(
    request,
    session,
    application,
    entry,
    *,
    errors=None,
    other=None,
    is_stale=False,
    is_kept=False,
    problem="",
    version=None,
    status=200,
):
    """The page with the form. `other` is what is saved, where the entry says something else: both are shown then."""
    user = request.user
    github = getattr(user, "github", None) if user.is_authenticated else None
    proven = github if github and github.verified else None
    files = named_files(application, entry.texts, other.texts if other else {})
    form = ApplicationForm(session, entry, github=proven, errors=errors, files=files)
    beside = form.differing_from(other) if other else {}
    if is_kept:
        beside = {name: text for name, text in beside.items() if text}
    is_plain = not (errors or other or is_kept or problem)
    asks_files = [question for question in form.questions if question.kind == Question.Kind.FILE]
    return render(
        request,
        "cohorts/apply.html",
        {
            "session": session,
            "stage": stage_of(session),
            "names_promise": promise_about_names(session),
            "deadline": deadline_for(session, user),
            "look": availability_needs_a_look(user, session),
            "application": application,
            "status": application and public_status(application),
            "form": form,
            "github": proven,
            "check": check_of(application),
            "may_upload": user.is_authenticated,
            # Fields whose files go in requests of their own.
            "file_names": [upload_name(question.pk) for question in asks_files],
            "private_names": ["accommodations", *(question_name(each.pk) for each in form.questions if each.sensitive)],
            "reusable": _reusable(user, session, application, entry) if is_plain else [],
            "gone_projects": _gone_projects(form, entry),
            "beside": beside,
            "is_stale": is_stale,
            "is_kept": is_kept,
            "problem": problem,
            # What stands in the form is stored nowhere yet: the browser keeps it until it is.
            "is_unsaved": is_stale or bool(problem),
            "came_from": request.POST.get("tab", "")[:40],
            "kept_by_browser": True,
            "saved_at": saved_at(application),
            "version": (application.version if application else 0) if version is None else version,
            "tab": secrets.token_urlsafe(12),
            # Where two texts stand side by side the person decides: nothing is saved before that.
            "autosaves": not beside and not problem,
        },
        status=status,
    )


def saved_at(application):
    if application is None:
        return None
    return parse_datetime(application.draft.get("saved_at", "")) or application.updated_at


def _reusable(user, session, application, entry):
    """Earlier applications with answers for what is still empty, as long as nothing was submitted."""
    was_submitted = application is not None and application.status != Status.DRAFT
    return [] if was_submitted or not user.is_authenticated else reusable_answers(session, user, entry)


def _gone_projects(form, entry) -> list[str]:
    """Names of chosen projects that the session does not have any more."""
    here = {project.pk for project in form.projects}
    gone = [pk for pk in entry.preferences if pk not in here]
    return list(Project.objects.filter(pk__in=gone).values_list("name", flat=True)) if gone else []


def refused(request, session, application, entry, against, *, status=403):
    """Nothing can be written any more (or not yet): say why, and keep what was typed readable."""
    is_stored = isinstance(against, TooLate)
    if request.htmx:
        return line(request, {"refused": against, "is_stored": is_stored}, status=409)
    is_unsaved = status != 200 and not entry.is_blank()
    if is_unsaved and not is_stored and request.user.is_authenticated:
        # Should this person get late access, the text is in the form again.
        with contextlib.suppress(EntryTooLarge):
            keep_entry(request.session, session, entry, person=request.user.pk)
    return _closed_page(
        request, session, application, entry, against, is_unsaved=is_unsaved, is_stored=is_stored and is_unsaved, status=status
    )


def _closed_page(request, session, application, entry, against, *, is_unsaved, is_stored=False, status):
    return render(
        request,
        "cohorts/apply_closed.html",
        {
            "session": session,
            "stage": stage_of(session),
            "application": application,
            "against": against,
            "texts": ApplicationForm(session, entry, files=named_files(application, entry.texts)).as_read(),
            "is_unsaved": is_unsaved,
            "is_stored": is_stored,
        },
        status=status,
    )
