"""Reviewing: the queue, the page of a review, and the list of what one may review, all without names while these are hidden."""

from dataclasses import dataclass

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.admin.visible_to import VisibleToAdmin
from cohorts.applicant_identity import may_see_applicant, shown_name, with_visible_applicant
from cohorts.models import Answer, Application, Conflict, Review, Session
from cohorts.review_queue import next_application, progress, sessions_under_review
from cohorts.reviews import ReviewError, declare_conflict, hand_in, obstacle_to_review, save_review, withdraw_conflict
from cohorts.roles import organises
from cohorts.scores import review_score

from .access import part_of
from .csv_export import csv_response
from .review_form import ReviewForm

#: Where the ids of skipped applications are kept in the visitor's session.
SKIPPED = "reviews_skipped"
PAGE_SIZE = 50
STATES = {"todo", "draft", "handed_in"}


@dataclass
class Row:
    """A line of the list: an application, what may be said of it, and the reader's own review."""

    application: Application
    name: str
    review: Review | None

    @property
    def state(self) -> str:
        if self.review is None:
            return "todo"
        return "handed_in" if self.review.handed_in_at else "draft"

    @property
    def score(self) -> float | None:
        return review_score(self.review.scores.all()) if self.review and self.review.handed_in_at else None


@admin.register(Review)
class ReviewAdmin(VisibleToAdmin):
    def may_browse(self, request) -> bool:
        return part_of(request).reviews

    def has_change_permission(self, request, obj=None) -> bool:
        return self.has_view_permission(request, obj)

    def get_urls(self):
        def view(function):
            return self.admin_site.admin_view(function)

        own = [
            path("queue/", view(self.queue_view), name="cohorts_review_queue"),
            path("queue/next/", view(self.next_view), name="cohorts_review_next"),
            path("export/", view(self.export_view), name="cohorts_review_export"),
            path("application/<int:pk>/", view(self.application_view), name="cohorts_review_application"),
            path("application/<int:pk>/skip/", view(self.skip_view), name="cohorts_review_skip"),
            path("application/<int:pk>/conflict/", view(self.conflict_view), name="cohorts_review_conflict"),
            path("conflict/<int:pk>/withdraw/", view(self.withdraw_view), name="cohorts_review_withdraw_conflict"),
        ]
        return own + super().get_urls()

    def _page(self, request, template: str, **context):
        return TemplateResponse(
            request,
            f"admin/cohorts/{template}",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "queue_url": reverse("admin:cohorts_review_queue"),
                **context,
            },
        )

    def _application(self, request, pk: int) -> Application:
        """The application, or 404 for everything that this person may not review."""
        application = Application.objects.reviewable_by(request.user).filter(pk=pk).select_related("session", "applicant").first()
        if application is None:
            raise Http404
        return application

    # --- the queue

    @method_decorator(require_safe)
    def queue_view(self, request):
        """How far the review is, and the way to the next application."""
        sessions = list(sessions_under_review(request.user))
        wanted = request.GET.get("session")
        if wanted:
            sessions = [session for session in sessions if session.slug == wanted] or sessions
        parts = [
            {
                "session": session,
                "obstacle": obstacle_to_review(session),
                "progress": progress(session, reviewer=request.user),
                "next": self._next(request, session),
                "skipped": len(self._skipped(request)),
            }
            for session in sessions
        ]
        conflicts = Conflict.objects.filter(reviewer=request.user, application__session__in=sessions).select_related(
            "application"
        )
        return self._page(request, "review_queue.html", title=_("Review queue"), parts=parts, conflicts=conflicts)

    def _skipped(self, request) -> list[int]:
        return request.session.get(SKIPPED, [])

    def _next(self, request, session: Session) -> Application | None:
        if obstacle_to_review(session):
            return None
        return next_application(request.user, session, skipped=self._skipped(request))

    def _to_next(self, request, session: Session):
        found = self._next(request, session)
        if found is None:
            messages.success(request, _("Nothing waits for you any more. Thank you."))
            return redirect("admin:cohorts_review_queue")
        return redirect("admin:cohorts_review_application", pk=found.pk)

    def _asked_for(self, request) -> str:
        """The session in the address. PostgreSQL takes no NUL, not even to look for it."""
        return request.GET.get("session", "").replace("\0", "")

    @method_decorator(require_safe)
    def next_view(self, request):
        """Leads to the next application of a session."""
        session = sessions_under_review(request.user).filter(slug=self._asked_for(request)).first()
        if session is None:
            raise Http404
        return self._to_next(request, session)

    # --- the page of a review

    @method_decorator(require_http_methods(["GET", "POST"]))
    def application_view(self, request, pk: int):
        application = self._application(request, pk)
        session = application.session
        criteria = list(session.criteria.all())
        review = Review.objects.filter(application=application, reviewer=request.user).prefetch_related("scores").first()
        form = ReviewForm(request.POST or None, criteria=criteria, review=review)
        obstacle = obstacle_to_review(session)
        if request.method == "POST" and form.is_valid():
            response = self._save(request, application, form)
            if response is not None:
                return response
        others = (
            Review.objects.visible_to(request.user)
            .handed_in()
            .filter(application=application)
            .exclude(reviewer=request.user)
            .select_related("reviewer")
            .prefetch_related("scores__criterion")
        )
        is_handed_in = review is not None and review.handed_in_at is not None
        others = list(others)
        for other in others:
            other.score = review_score(other.scores.all())
        waits_for_own = session.review_others_scores == Session.OthersScores.AFTER_OWN and not is_handed_in
        return self._page(
            request,
            "review.html",
            title=shown_name(application, visible=may_see_applicant(request.user, application)),
            application=application,
            review_session=session,
            names_hidden=not may_see_applicant(request.user, application),
            is_organiser=organises(request.user, session),
            answers=Answer.objects.visible_to(request.user).filter(application=application).select_related("question"),
            preferences=application.project_preferences.select_related("project"),
            form=form,
            obstacle=obstacle,
            review=review,
            is_handed_in=is_handed_in,
            is_outdated=is_handed_in and review.application_version != application.submitted_version,
            others=others,
            waits_for_own=waits_for_own,
            progress=progress(session, reviewer=request.user),
        )

    def _save(self, request, application: Application, form: ReviewForm):
        """Where it was saved, the answer; where not, None, and the form says why."""
        button = next((name for name in ("hand_in_next", "hand_in", "draft") if name in request.POST), "draft")
        write = save_review if button == "draft" else hand_in
        try:
            write(
                application,
                by=request.user,
                scores=form.scores,
                private_comment=form.cleaned_data["private_comment"],
                shareable_comment=form.cleaned_data["shareable_comment"],
            )
        except ValidationError as error:
            form.add_error(None, error)
            return None
        except ReviewError as error:
            form.add_error(None, str(error))
            return None
        if button == "draft":
            messages.success(request, _("Draft saved. It counts once you hand it in."))
        else:
            messages.success(request, _("%(application)s: review handed in.") % {"application": application})
        if button == "hand_in_next":
            return self._to_next(request, application.session)
        return redirect("admin:cohorts_review_application", pk=application.pk)

    @method_decorator(require_POST)
    def skip_view(self, request, pk: int):
        """Later: the application goes to the end of this person's queue, until the next log-in."""
        application = self._application(request, pk)
        request.session[SKIPPED] = [*(one for one in self._skipped(request) if one != pk), pk]
        return self._to_next(request, application.session)

    @method_decorator(require_POST)
    def conflict_view(self, request, pk: int):
        application = self._application(request, pk)
        try:
            declare_conflict(application, by=request.user, reason=request.POST.get("reason", ""))
        except ReviewError as error:
            messages.error(request, str(error))
            return redirect("admin:cohorts_review_queue")
        messages.success(
            request,
            _("%(application)s is off your list. Was it a mistake? Take it back in the review queue.")
            % {"application": application},
        )
        return self._to_next(request, application.session)

    @method_decorator(require_POST)
    def withdraw_view(self, request, pk: int):
        conflict = Conflict.objects.filter(pk=pk, reviewer=request.user).first()
        if conflict is None:
            raise Http404
        application = str(conflict.application)
        withdraw_conflict(conflict, by=request.user)
        messages.success(request, _("%(application)s is on your list again.") % {"application": application})
        return redirect("admin:cohorts_review_queue")

    # --- the list

    def _rows(self, request):
        """All applications that this person may review, as asked for in the address, with their own reviews."""
        applications = Application.objects.reviewable_by(request.user)
        own = Review.objects.filter(reviewer=request.user).prefetch_related("scores__criterion")
        applications = (
            applications.select_related("session", "applicant")
            .prefetch_related(Prefetch("reviews", queryset=own, to_attr="own_reviews"))
            .order_by("session", "pk")
        )
        if wanted := self._asked_for(request):
            applications = applications.filter(session__slug=wanted)
        number = request.GET.get("q", "").strip()
        if number:
            # By number alone: a search for names would tell whose application it is.
            applications = applications.filter(pk=int(number)) if number.isdecimal() and len(number) < 10 else applications.none()
        if request.GET.get("state") in STATES:
            reviewed = Review.objects.filter(reviewer=request.user)
            handed_in, draft = reviewed.handed_in(), reviewed.filter(handed_in_at__isnull=True)
            applications = {
                "todo": applications.exclude(pk__in=reviewed.values("application")),
                "draft": applications.filter(pk__in=draft.values("application")),
                "handed_in": applications.filter(pk__in=handed_in.values("application")),
            }[request.GET["state"]]
        return applications

    def _as_rows(self, request, applications) -> list[Row]:
        applications = list(applications)
        wanted = Application.objects.filter(pk__in=[one.pk for one in applications])
        visible = set(with_visible_applicant(wanted, request.user).values_list("pk", flat=True))
        return [
            Row(one, shown_name(one, visible=one.pk in visible), one.own_reviews[0] if one.own_reviews else None)
            for one in applications
        ]

    @method_decorator(require_safe)
    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            raise Http404
        page = Paginator(self._rows(request), PAGE_SIZE).get_page(request.GET.get("p"))
        query = request.GET.copy()
        query.pop("p", None)
        return self._page(
            request,
            "review_list.html",
            title=_("Applications to review"),
            page=page,
            rows=self._as_rows(request, page.object_list),
            sessions=sessions_under_review(request.user),
            query=query.urlencode(),
            wanted=request.GET,
        )

    @method_decorator(require_safe)
    def export_view(self, request):
        """One's own list as CSV: no names while these are hidden, nothing of others' reviews."""
        if not self.has_view_permission(request):
            raise Http404
        rows = self._as_rows(request, self._rows(request))
        lines = (
            [
                row.application.pk,
                row.application.session.slug,
                row.name,
                row.state,
                None if row.score is None else round(row.score, 3),
                row.review.private_comment if row.review else "",
                row.review.shareable_comment if row.review else "",
            ]
            for row in rows
        )
        header = ["number", "session", "application", "state", "my_score", "private_comment", "shareable_comment"]
        return csv_response("reviews.csv", header, lines)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """The address of a review leads to the page of its application."""
        review = self.get_object(request, object_id)
        if review is None:
            raise Http404
        return redirect("admin:cohorts_review_application", pk=review.application_id)

    def history_view(self, request, object_id, extra_context=None):
        # The log of the admin names people in ways that a hidden name does not survive.
        raise Http404
