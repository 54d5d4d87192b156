"""The review queue: how far the review is, and the way to the next application."""

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import Http404
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cohorts.claims import release
from cohorts.models import Application, Conflict, ReviewClaim
from cohorts.phases import obstacle_by, switches_of
from cohorts.review_queue import progress, sessions_under_review
from cohorts.reviews import ReviewError, declare_conflict, withdraw_conflict

from .reviewing_base import ReviewPages


class QueuePages(ReviewPages):
    @method_decorator(require_safe)
    def queue_view(self, request):
        sessions = list(sessions_under_review(request.user).prefetch_related("review_phases"))
        wanted = request.GET.get("session")
        if wanted:
            sessions = [session for session in sessions if session.slug == wanted] or sessions
        parts = [self._part(request, session) for session in sessions]
        conflicts = Conflict.objects.filter(reviewer=request.user, application__session__in=sessions).select_related(
            "application"
        )
        return self._page(
            request,
            "review_queue.html",
            title=_("Review queue"),
            parts=parts,
            conflicts=conflicts,
            can_write=any(not part["obstacle"] for part in parts),
        )

    def _part(self, request, session):
        """What the queue says of one session."""
        switches = switches_of(session)
        obstacle = obstacle_by(switches)
        mine = None
        if not obstacle:
            reviewable = Application.objects.reviewable_by(request.user).filter(pk=OuterRef("application"))
            claims = ReviewClaim.objects.alive().filter(reviewer=request.user, application__session=session)
            mine = claims.filter(Exists(reviewable)).select_related("application").order_by("-claimed_at").first()
        return {
            "session": session,
            "switches": switches,
            "obstacle": obstacle,
            "progress": progress(session, reviewer=request.user),
            "claim": mine,
            "has_questions": session.questions.of_form().filter(shown_to_reviewers=True, sensitive=False).exists(),
        }

    @method_decorator(require_POST)
    def next_view(self, request):
        """Takes the next application of a session and leads to it."""
        slug = request.POST.get("session", "").replace("\0", "")
        session = sessions_under_review(request.user).filter(slug=slug).first()
        if session is None:
            raise Http404
        return self._to_next(request, session)

    @method_decorator(require_POST)
    def skip_view(self, request, pk: int):
        """Later: the application goes to the end of this person's queue, until the next log-in."""
        application = self._application(request, pk)
        return self._skip(request, application)

    def _skip(self, request, application):
        self._note_skipped(request, application)
        messages.info(request, _("%(application)s waits at the end of your queue.") % {"application": application})
        release(application, by=request.user)
        return self._to_next(request, application.session)

    @method_decorator(require_POST)
    def conflict_view(self, request, pk: int):
        return self._step_back(request, self._application(request, pk), request.POST.get("reason", ""))

    def _step_back(self, request, application, reason: str):
        try:
            declare_conflict(application, by=request.user, reason=reason)
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
