"""The page of a review: the application on one side, one's own review on the other. What is typed here is never lost."""

import secrets

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cohorts.applicant_identity import shown_name
from cohorts.claims import is_read_by_others
from cohorts.models import Answer, Application, Criterion, Review
from cohorts.phases import obstacle_by, switches_of
from cohorts.review_queue import progress
from cohorts.reviews import ReviewError, ReviewStale, hand_in, save_review
from cohorts.roles import organises

from .review_form import FIELD, ReviewForm, typed_words
from .reviewing_list import ListPages, in_list
from .reviewing_queue import QueuePages

#: What can be pressed. Without a button (Enter in a field, an automatic save) it is a draft.
BUTTONS = ("hand_in_next", "hand_in", "skip", "conflict", "draft")


class ApplicationPage(QueuePages, ListPages):
    def keeping_words(self, view):
        """Wraps `view`: whoever is logged out, or has no role any more, gets back what was sent instead of a log-in page."""

        def guarded(request, *args, **kwargs):
            if request.method == "POST" and not self.admin_site.has_permission(request):
                return self._refused(request, _why_not(request), status=403)
            return view(request, *args, **kwargs)

        return guarded

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def application_view(self, request, pk: int):
        application = self._find(request, pk)
        if request.method == "POST":
            if application is None:
                why = _("This application is not yours to review, or not any more: it may have been withdrawn or deleted.")
                return self._refused(request, why, status=404)
            return self._save(request, application)
        if application is None:
            raise Http404
        return self._show(request, application, self._form(request, application))

    def _form(self, request, application: Application) -> ReviewForm:
        criteria = list(application.session.criteria.all())
        review = Review.objects.filter(application=application, reviewer=request.user).prefetch_related("scores").first()
        form = ReviewForm(request.POST if request.method == "POST" else None, criteria=criteria, review=review)
        form.review = review
        return form

    # --- what is sent

    def _save(self, request, application: Application):
        """Write what was sent, then go where the button says. What cannot be written is shown again, and why."""
        form = self._form(request, application)
        button = next((name for name in BUTTONS if name in request.POST), "draft")
        was_handed_in = form.review is not None and form.review.handed_in_at is not None
        stays_as_it_is = button in ("skip", "conflict") and (was_handed_in or (form.is_valid() and form.is_blank()))
        if not stays_as_it_is:
            answer = self._write(request, application, form, button)
            if answer is not None:
                return answer
        if request.htmx:
            return self._fragment(request, review=form.review)
        match button:
            case "skip":
                return self._skip(request, application)
            case "conflict":
                return self._step_back(request, application, request.POST.get("reason", ""))
            case "draft":
                messages.success(request, _("Draft saved. It counts once you hand it in."))
            case _:
                messages.success(request, _("%(application)s: review handed in.") % {"application": application})
        in_a_list = "list" in request.POST
        if button == "hand_in_next":
            following = in_a_list and self._neighbour(request, application, request.POST["list"], step=1)
            return redirect(following) if following else self._to_next(request, application.session)
        address = reverse("admin:cohorts_review_application", args=[application.pk])
        return redirect(f"{address}?{in_list(request.POST['list'])}" if in_a_list else address)

    def _write(self, request, application, form, button):
        """None where it is written; else the answer that says why not."""
        if not form.is_valid():
            return self._invalid(request, application, form)
        write = hand_in if button.startswith("hand_in") else save_review
        made_from = {"version": _number(request.POST.get("version", "")), "form": request.POST.get("tab", "")[:40]}
        try:
            form.review = write(application, by=request.user, **made_from, **form.said)
        except ValidationError as error:
            form.add_error(None, error)
            return self._invalid(request, application, form)
        except ReviewStale as stale:
            return self._stale(request, application, form, stale.review)
        except ReviewError as error:
            return self._refused(request, str(error), status=409, application=application)
        return None

    def _invalid(self, request, application, form):
        if request.htmx:
            first = next(error for errors in form.errors.values() for error in errors)
            return self._fragment(request, problem=first, status=422)
        return self._show(request, application, form)

    def _stale(self, request, application, form, saved: Review):
        """The newer text of another tab stays saved; what was typed here stays in the form, beside it."""
        if request.htmx:
            return self._fragment(request, stale=saved, status=409)
        form.review = saved
        return self._show(request, application, form, beside=form.differing_from(saved), status=409)

    def _refused(self, request, why: str, *, status: int, application: Application | None = None):
        """It cannot be saved at all: say why, and show what was typed, so that it can be copied."""
        if request.htmx:
            return self._fragment(request, problem=why, status=409)
        criteria = []
        if request.user.is_authenticated:
            names = {FIELD.format(pk): pk for pk in Criterion.objects.visible_to(request.user).values_list("pk", flat=True)}
            criteria = list(Criterion.objects.filter(pk__in=[names[name] for name in request.POST if name in names]))
        context = {
            "why": why,
            "texts": typed_words(request.POST, criteria),
            "application": application,
            "may_use_admin": self.admin_site.has_permission(request),
        }
        return render(request, "admin/cohorts/review_refused.html", context, status=status)

    def _fragment(self, request, *, status: int = 200, **context):
        """What became of an automatic save, for the line under the form."""
        context["now"] = timezone.now()
        return render(request, "admin/cohorts/_review_saved.html", context, status=status)

    # --- what is shown

    def _show(self, request, application: Application, form: ReviewForm, *, beside=None, status: int = 200):
        session, review = application.session, form.review
        switches = switches_of(session)
        obstacle = obstacle_by(switches)
        is_handed_in = review is not None and review.handed_in_at is not None
        others = list(
            Review.objects.visible_to(request.user)
            .handed_in()
            .filter(application=application)
            .exclude(reviewer=request.user)
            .select_related("reviewer")
            .prefetch_related("scores__criterion")
        )
        is_known = application.pk in self._known(request, [application])
        wanted = request.POST.get("list") if request.method == "POST" else request.GET.get("list")
        context = {
            "title": shown_name(application, visible=is_known),
            "application": application,
            "review_session": session,
            "phase": switches.phase,
            "names_hidden": not is_known,
            "is_organiser": organises(request.user, session),
            "answers": Answer.objects.visible_to(request.user).filter(application=application).select_related("question", "file"),
            "preferences": application.project_preferences.select_related("project"),
            "form": form,
            "beside": beside,
            "obstacle": obstacle,
            "review": review,
            # A form that comes back with an error was made from the version that it says, whatever was saved since.
            "version": _number(request.POST.get("version", "")) if form.errors else review.version if review else 0,
            "tab": request.POST.get("tab", "")[:40] or secrets.token_urlsafe(12),
            "is_handed_in": is_handed_in,
            # Where two texts stand side by side the person decides: nothing is saved before that.
            "autosaves": not (obstacle or is_handed_in or beside),
            "is_outdated": is_handed_in and review.application_version != application.submitted_version,
            "is_read_by_others": not (obstacle or is_handed_in) and is_read_by_others(application, reviewer=request.user),
            "others": others,
            "others_scores": switches.others_scores,
            "progress": progress(session, reviewer=request.user),
            "list": wanted,
        }
        if wanted is not None:
            context["list_url"] = f"{reverse('admin:cohorts_review_changelist')}?{wanted}"
            context["previous_url"] = self._neighbour(request, application, wanted, step=-1)
            context["next_url"] = self._neighbour(request, application, wanted, step=1)
        return self._page(request, "review.html", status=status, **context)


def _why_not(request) -> str:
    if request.user.is_authenticated:
        return _("You have no part in a review any more.")
    if request.htmx:
        return _("You are logged out. Log in again in another tab, then go on here: what you wrote stays.")
    return _("You are logged out. Copy what you wrote, log in, and put it in again. What was saved before is still there.")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
