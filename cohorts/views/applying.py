"""The application form: opening it, saving what is typed, submitting, taking over earlier answers."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.limits import within_limit
from cohorts.applications import DraftStale, TooLate, may_write, save_draft, submit
from cohorts.draft_logins import check_of
from cohorts.entries import Entry, EntryInvalid, EntryTooLarge, typed_login
from cohorts.forms.application import read_entry
from cohorts.kept_entries import forget_entry, keep_entry, kept_entry
from cohorts.models import Application, Question, Session
from cohorts.moves import MoveError
from cohorts.questions import asked_questions
from cohorts.reusing import reuse_answers

from . import apply_pages as pages
from .files import take_uploads
from .forged import is_forged, sees_forged_forms

Status = Application.Status

#: In other statuses the application's own page says what comes next.
WRITABLE = (Status.DRAFT, Status.SUBMITTED, Status.WITHDRAWN)


@sees_forged_forms
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request, slug):
    """GET shows the form with what is saved; POST saves it (`action=save`) or submits it (anything else)."""
    session = _session(request, slug)
    if request.method == "POST":
        entry = read_entry(session, request.POST)
        if is_forged(request):
            return pages.forged(request, session, _mine(request.user, session), entry)
        # Whose form it is. It only ever narrows who gets to see the text, so it needs no proof.
        writer = pages.number(request.POST.get("person", ""))
        if not request.user.is_authenticated:
            return _keep_for_later(request, session, entry, writer=writer)
        if writer not in (0, request.user.pk):
            return pages.of_another_account(request, session, entry)
        return _save_or_submit(request, session, entry)
    application = _mine(request.user, session)
    if application and application.status not in WRITABLE:
        return redirect("application", pk=application.pk)
    saved = _saved_entry(request.user, application)
    kept = kept_entry(request.session, session, request.user)
    against = may_write(application, session, by=request.user)
    if against is not None:
        return pages.refused(request, session, application, kept.entry if kept else saved, against, status=200)
    if kept is None:
        return pages.form_page(request, session, application, saved)
    if application is not None and kept.version == application.version:
        # Nothing was saved since: this is the same text, further on.
        return pages.form_page(request, session, application, kept.entry, is_kept=True)
    # The saved text stands beside the one typed before logging in wherever both say something, and differently.
    newer = kept.entry.over(saved)
    clash = {name for name in newer.differences(saved) if name in saved.over(kept.entry).differences(kept.entry)}
    return pages.form_page(request, session, application, newer, other=saved if clash else None, is_kept=True)


def _session(request, slug) -> Session:
    sessions = Session.objects.visible_to(request.user).prefetch_related("questions", "projects")
    return get_object_or_404(sessions, slug=slug)


def _mine(user, session) -> Application | None:
    if not user.is_authenticated:
        return None
    return Application.objects.select_related("session", "applicant__github").filter(session=session, applicant=user).first()


def _saved_entry(user, application) -> Entry:
    """What is saved, with the GitHub login that the site knows already where none was typed here."""
    login = typed_login(user) if user.is_authenticated else ""
    return (Entry.of(application) if application else Entry()).over(Entry(github_login=login))


def _keep_for_later(request, session, entry, *, writer):
    """Nobody is logged in (any more): keep what was typed in the browser session, then ask to log in."""
    against = may_write(None, session, by=request.user)
    if against is not None and not writer:
        return pages.refused(request, session, None, entry, against)
    # A first text makes a row in the database, and anybody can send one.
    is_first = request.session.is_empty() or request.session.session_key is None
    if is_first and not within_limit(request, "keep_entry"):
        return pages.too_often(request, session, entry)
    try:
        version = pages.number(request.POST.get("version", ""))
        keep_entry(request.session, session, entry, person=writer or None, version=version)
    except EntryTooLarge as error:
        return pages.too_large(request, session, None, entry, error)
    if request.htmx:
        if writer:
            return pages.logged_out(request, session)
        return pages.line(request, {"kept_at": timezone.now(), "session": session})
    if writer:
        messages.warning(request, _("Your log-in has ended. Log in again: what you typed is kept, and you find it in the form."))
    else:
        messages.info(request, _("Log in or sign up to go on. What you typed is kept, and you find it in the form again."))
    return redirect_to_login(reverse("apply", args=[session.slug]))


def _save_or_submit(request, session, entry):
    user, wants_to_submit = request.user, request.POST.get("action", "submit") == "submit" and "remove_file" not in request.POST
    # With JavaScript each file came in a request of its own.
    entry, refused_files = (entry, {}) if request.htmx else take_uploads(request, session, entry)
    try:
        application = save_draft(
            session, entry, by=user, version=pages.number(request.POST.get("version", "")), tab=request.POST.get("tab", "")
        )
        forget_entry(request.session, session, user)
        if refused_files:
            raise EntryInvalid(refused_files)
        if not wants_to_submit:
            return pages.saved(request, session, application)
        is_new = submit(application, by=user)
    except MoveError as error:
        if isinstance(error, TooLate):
            forget_entry(request.session, session, user)
        return pages.refused(request, session, _mine(user, session), entry, error)
    except DraftStale as stale:
        return pages.stale(request, session, stale.application, entry)
    except EntryTooLarge as error:
        return pages.too_large(request, session, _mine(user, session), entry, error)
    except EntryInvalid as invalid:
        return pages.form_page(request, session, application, entry, errors=invalid.errors)
    if not is_new:
        messages.info(request, _("Nothing has changed since you submitted."))
    elif application.events.filter(to_status=Status.SUBMITTED).count() > 1:
        messages.success(request, _("Your new version is submitted, and it is the one that counts. A mail confirms it soon."))
    else:
        messages.success(request, _("Your application is submitted. We sent you a mail about it."))
    return redirect("application", pk=application.pk)


@never_cache
@login_required
@require_POST
def apply_reuse(request, slug):
    """Fill what is empty in the draft with the answers of an earlier application (`application`), then show the form."""
    session = _session(request, slug)
    form = redirect("apply", slug=session.slug)
    try:
        reused = reuse_answers(session, pages.number(request.POST.get("application", "")), by=request.user)
    except (MoveError, EntryTooLarge) as error:
        messages.error(request, str(error))
        return form
    except DraftStale:
        messages.warning(request, _("The form was changed in another tab meanwhile. Look at it, then take over answers again."))
        return form
    if not reused.filled:
        messages.info(request, _("There was nothing to fill in: what you answered stays as it is."))
        return form
    names = "; ".join(f"“{name}”" for name in reused.filled)
    found = len(reused.filled)
    words = ngettext(
        "Filled in from an earlier application: %(names)s.", "Filled in from an earlier application: %(names)s.", found
    )
    text = words % {"names": names} + " " + _("Read it again before you submit: some of it may have changed.")
    if any(question.kind == Question.Kind.FILE for question in asked_questions(session)):
        text += " " + _("Files are not taken over: add them again.")
    messages.success(request, text)
    return form


@never_cache
@login_required
@require_safe
def apply_login(request, slug):
    """What is known by now of the GitHub login in the draft, for the form, which asks a few times (`asked`)."""
    session = _session(request, slug)
    check = check_of(_mine(request.user, session))
    context = {"session": session, "check": check, "asked": min(pages.number(request.GET.get("asked", "")), 9) + 1}
    return render(request, "cohorts/_login_check.html", context)
