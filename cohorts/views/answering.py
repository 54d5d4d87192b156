"""The applicant's own applications: what they say, what became of them, withdrawing, and answering an offer."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cohorts.accommodations import accommodations_of
from cohorts.applications import accept_offer, decline_offer, discard_changes, withdraw
from cohorts.availability_look import availability_needs_a_look
from cohorts.draft_logins import check_of
from cohorts.entries import Entry, preference_name
from cohorts.files import named_files
from cohorts.forms.application import ApplicationForm
from cohorts.models import Application
from cohorts.moves import MoveError
from cohorts.offers import place_in_words
from cohorts.public_status import history, public_status, with_public_status
from cohorts.reviews import comments_for_applicant


def _mine(user):
    """Only one's own: organisers read applications in the admin, by the rules of the review."""
    own = Application.objects.visible_to(user).filter(applicant=user).select_related("session", "applicant__github")
    return with_public_status(own)


@never_cache
@login_required
@require_safe
def my_applications(request):
    applications = list(_mine(request.user).order_by("-session__starts_on", "pk"))
    for application in applications:
        application.public = public_status(application)
    return render(request, "cohorts/applications.html", {"applications": applications})


@never_cache
@login_required
@require_safe
def application(request, pk):
    found = get_object_or_404(_mine(request.user), pk=pk)
    status = public_status(found)
    return render(
        request,
        "cohorts/application.html",
        {
            "application": found,
            "session": found.session,
            "status": status,
            "place": None if _is_over(status, found) else place_in_words(found),
            "unsent": [] if "write" in status.may else _unsent(found),
            "check": check_of(found),
            "look": _look(found),
            "accommodations": accommodations_of(found),
            "answers": found.answers.select_related("question", "file").order_by("question__order", "question_id"),
            "preferences": found.project_preferences.select_related("project").order_by("rank"),
            "comments": comments_for_applicant(found),
            "history": history(found),
        },
    )


def _is_over(status, application: Application) -> bool:
    """Whether a place that was offered is offered no more: nothing is told of it then."""
    return application.status == Application.Status.OFFERED and "accept" not in status.may


def _look(application: Application):
    """Hours matter until it is decided, and only where somebody still wants to take part."""
    undecided = (Application.Status.DRAFT, Application.Status.SUBMITTED, Application.Status.WAITLISTED)
    if application.status not in undecided or application.session.published_at:
        return None
    return availability_needs_a_look(application.applicant, application.session)


def _unsent(application) -> list[tuple[str, str]]:
    """What was typed and never submitted, as (label, text), where it differs from what was; nothing where nobody typed more."""
    if not application.draft:
        return []
    draft, submitted = Entry.of(application), Entry.of_answers(application)
    if application.status == Application.Status.DRAFT:
        submitted = Entry()
    files = named_files(application, draft.texts, submitted.texts)
    form = ApplicationForm(application.session, submitted, github=None, files=files)
    differing = form.differing_from(draft)
    # Kept apart, at once: it is never among what was not submitted.
    differing.pop("accommodations", None)
    names = {preference_name(1): _("Projects you would like")}
    unsent = [(names.get(name, field.label), differing[name]) for name, field in form.fields.items() if name in differing]
    return unsent + ApplicationForm(application.session, draft).no_longer_asked()


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_application(request, pk):
    found = get_object_or_404(_mine(request.user), pk=pk)
    return _ask_then_do(
        request, found, needs="withdraw", question="withdraw", act=withdraw, done=_("Your application is withdrawn.")
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def decline(request, pk):
    found = get_object_or_404(_mine(request.user), pk=pk)
    done = _("You declined the place. Thank you for telling us.")
    return _ask_then_do(request, found, needs="decline", question="decline", act=decline_offer, done=done)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def discard(request, pk):
    found = get_object_or_404(_mine(request.user), pk=pk)
    is_draft = found.status == Application.Status.DRAFT
    return _ask_then_do(
        request,
        found,
        needs="delete" if is_draft else "discard",
        question="delete" if is_draft else "discard",
        act=discard_changes,
        done=_("Your draft is deleted.") if is_draft else _("Your changes are dropped. The version you submitted stands."),
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request, pk):
    """GET asks, whatever led there (a link that somebody shared, a log-in on the way), and answers nothing."""
    found = get_object_or_404(_mine(request.user), pk=pk)
    done = _("You are in. We sent you a mail about it.")
    return _ask_then_do(request, found, needs="accept", question="accept", act=accept_offer, done=done)


def _ask_then_do(request, application, *, needs, question, act, done):
    """GET asks on a page that says what will happen; POST does it."""
    if request.method == "POST":
        return _do(request, application, act=act, done=done)
    status = public_status(application)
    if needs not in status.may:
        return redirect("application", pk=application.pk)
    context = {
        "application": application,
        "session": application.session,
        "status": status,
        "question": question,
        "place": place_in_words(application) if question == "accept" else None,
    }
    return render(request, "cohorts/application_ask.html", context)


def _do(request, application, *, act, done):
    try:
        act(application, by=request.user)
    except MoveError as error:
        said = _said_already(application, act)
        if said:
            messages.info(request, said)
        else:
            messages.error(request, str(error))
        return redirect("application", pk=application.pk)
    messages.success(request, done)
    if not Application.objects.filter(pk=application.pk).exists():
        return redirect("my_applications")
    return redirect("application", pk=application.pk)


def _said_already(application: Application, act) -> str:
    """What a second click, or another tab, comes to: the answer stands; empty where it was no second one."""
    application.refresh_from_db(fields=["status"])
    status = Application.Status
    words = {
        (accept_offer, status.ACCEPTED): _("You took the place already."),
        (accept_offer, status.DECLINED): _("You declined this place already. Write to the organisers if you want it after all."),
        (decline_offer, status.DECLINED): _("You declined the place already."),
        (withdraw, status.WITHDRAWN): _("Your application is withdrawn already."),
    }
    return words.get((act, status(application.status)), "")
