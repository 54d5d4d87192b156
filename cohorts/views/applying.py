"""The application form: opening it, saving what is typed, submitting."""

import contextlib
import secrets

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.limits import within_limit
from cohorts.applications import DraftStale, may_write, save_draft, submit
from cohorts.entries import Entry, EntryInvalid, EntryTooLarge, typed_login
from cohorts.files import named_files
from cohorts.forms.application import ApplicationForm, read_entry
from cohorts.kept_entries import forget_entry, keep_entry, kept_entry
from cohorts.late_access import deadline_for
from cohorts.models import Application, Question, Session
from cohorts.moves import MoveError
from cohorts.phases import promise_about_names
from cohorts.public_status import public_status
from cohorts.stages import stage_of

from .files import take_uploads, upload_name, with_newer_files

Status = Application.Status

#: In other statuses the application's own page says what comes next.
WRITABLE = (Status.DRAFT, Status.SUBMITTED, Status.WITHDRAWN)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request, slug):
    """GET shows the form with what is saved; POST saves it (`action=save`) or submits it (anything else)."""
    sessions = Session.objects.visible_to(request.user).prefetch_related("questions", "projects")
    session = get_object_or_404(sessions, slug=slug)
    if request.method == "POST":
        entry = read_entry(session, request.POST)
        if not request.user.is_authenticated:
            return _keep_for_later(request, session, entry)
        return _save_or_submit(request, session, entry)
    application = _mine(request.user, session)
    if application and application.status not in WRITABLE:
        return redirect("application", pk=application.pk)
    saved = _saved_entry(request.user, application)
    kept = kept_entry(request.session, session)
    against = may_write(application, session, by=request.user)
    if against is not None:
        return _refused(request, session, application, kept or saved, against, status=200)
    if kept is None:
        return _form(request, session, application, saved)
    # The saved text stands beside the one typed before logging in wherever both say something, and differently.
    clash = {name for name in kept.over(saved).differences(saved) if name in saved.over(kept).differences(kept)}
    return _form(request, session, application, kept.over(saved), other=saved if clash else None, is_kept=True)


def _mine(user, session) -> Application | None:
    if not user.is_authenticated:
        return None
    return Application.objects.select_related("session", "applicant__github").filter(session=session, applicant=user).first()


def _saved_entry(user, application) -> Entry:
    """What is saved, with the GitHub login that the site knows already where none was typed here."""
    login = typed_login(user) if user.is_authenticated else ""
    return (Entry.of(application) if application else Entry()).over(Entry(github_login=login))


def _keep_for_later(request, session, entry):
    """Nobody is logged in: keep what was typed in the browser session, then ask to log in."""
    against = may_write(None, session, by=request.user)
    if against is not None:
        return _refused(request, session, None, entry, against)
    # A first text makes a row in the database, and anybody can send one.
    is_first = request.session.is_empty() or request.session.session_key is None
    if is_first and not within_limit(request, "keep_entry"):
        return _too_often(request, session, entry)
    try:
        keep_entry(request.session, session, entry)
    except EntryTooLarge as error:
        return _too_large(request, session, None, entry, error)
    if request.htmx:
        return render(request, "cohorts/apply_saved.html", {"kept_at": timezone.now(), "session": session})
    messages.info(request, _("Log in or sign up to go on. What you typed is kept, and you find it in the form again."))
    return redirect_to_login(reverse("apply", args=[session.slug]))


def _save_or_submit(request, session, entry):
    user, wants_to_submit = request.user, request.POST.get("action", "submit") == "submit" and "remove_file" not in request.POST
    # With JavaScript each file came in a request of its own.
    entry, refused_files = (entry, {}) if request.htmx else take_uploads(request, session, entry)
    try:
        application = save_draft(
            session, entry, by=user, version=_number(request.POST.get("version", "")), tab=request.POST.get("tab", "")
        )
        forget_entry(request.session, session)
        if refused_files:
            raise EntryInvalid(refused_files)
        if not wants_to_submit:
            return _saved(request, session, application)
        is_new = submit(application, by=user)
    except MoveError as error:
        return _refused(request, session, _mine(user, session), entry, error)
    except DraftStale as stale:
        return _stale(request, session, stale.application, entry)
    except EntryTooLarge as error:
        return _too_large(request, session, _mine(user, session), entry, error)
    except EntryInvalid as invalid:
        return _form(request, session, application, entry, errors=invalid.errors)
    if is_new:
        messages.success(request, _("Your application is submitted. We sent you a mail about it."))
    else:
        messages.info(request, _("Nothing has changed since you submitted."))
    return redirect("application", pk=application.pk)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _saved(request, session, application):
    if request.htmx:
        return render(
            request, "cohorts/apply_saved.html", {"application": application, "saved_at": timezone.now(), "session": session}
        )
    messages.success(request, _("Saved. You can close this page and go on another day."))
    return redirect("apply", slug=session.slug)


def _stale(request, session, application, entry):
    """The newer text of another tab stays saved; what was typed here stays in the form, beside it."""
    if request.htmx:
        return render(request, "cohorts/apply_saved.html", {"stale_since": _saved_at(application)}, status=409)
    newer = Entry.of(application)
    return _form(request, session, application, with_newer_files(session, entry, newer), other=newer, is_stale=True, status=409)


def _too_large(request, session, application, entry, error):
    if request.htmx:
        return render(request, "cohorts/apply_saved.html", {"refused": error}, status=422)
    return _form(request, session, application, entry, problem=str(error), status=422)


def _too_often(request, session, entry):
    """Very many people, or one program, from one address on the network: the text stays in the form."""
    problem = _("Many texts were kept from your network in the last hour. Log in first, in another tab, then send this again.")
    if request.htmx:
        return render(request, "cohorts/apply_saved.html", {"refused": problem}, status=409)
    return _form(request, session, None, entry, problem=problem, status=429)


def _form(
    request, session, application, entry, *, errors=None, other=None, is_stale=False, is_kept=False, problem="", status=200
):
    github = getattr(request.user, "github", None) if request.user.is_authenticated else None
    proven = github if github and github.verified else None
    files = named_files(application, entry.texts, other.texts if other else {})
    form = ApplicationForm(session, entry, github=proven, errors=errors, files=files)
    beside = form.differing_from(other) if other else {}
    if is_kept:
        beside = {name: text for name, text in beside.items() if text}
    return render(
        request,
        "cohorts/apply.html",
        {
            "session": session,
            "stage": stage_of(session),
            "names_promise": promise_about_names(session),
            "deadline": deadline_for(session, request.user),
            "application": application,
            "status": application and public_status(application),
            "form": form,
            "github": proven,
            "may_upload": request.user.is_authenticated,
            # Fields whose files go in requests of their own.
            "file_names": [upload_name(question.pk) for question in form.questions if question.kind == Question.Kind.FILE],
            "beside": beside,
            "is_stale": is_stale,
            "is_kept": is_kept,
            "problem": problem,
            "saved_at": _saved_at(application),
            "version": application.version if application else 0,
            "tab": secrets.token_urlsafe(12),
            # Where two texts stand side by side the person decides: nothing is saved before that.
            "autosaves": not beside and not problem,
        },
        status=status,
    )


def _saved_at(application):
    if application is None:
        return None
    return parse_datetime(application.draft.get("saved_at", "")) or application.updated_at


def _refused(request, session, application, entry, against, *, status=403):
    """Nothing can be written any more (or not yet): say why, and keep what was typed readable."""
    if request.htmx:
        return render(request, "cohorts/apply_saved.html", {"refused": against}, status=409)
    if status != 200 and request.user.is_authenticated and not entry.is_blank():
        # Should this person get late access, the text is in the form again.
        with contextlib.suppress(EntryTooLarge):
            keep_entry(request.session, session, entry)
    return render(
        request,
        "cohorts/apply_closed.html",
        {
            "session": session,
            "stage": stage_of(session),
            "application": application,
            "against": against,
            "texts": ApplicationForm(session, entry, files=named_files(application, entry.texts)).as_read(),
            "is_unsaved": status != 200 and not entry.is_blank(),
        },
        status=status,
    )
