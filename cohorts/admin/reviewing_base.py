"""What all pages of reviewing share: which applications they show, what was skipped, and where one goes next."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.admin.visible_to import VisibleToAdmin
from cohorts.applicant_identity import shown_name, with_visible_applicant
from cohorts.claims import next_for
from cohorts.models import Application, Session
from cohorts.reviews import obstacle_to_review

from .access import part_of

#: Where the ids of skipped applications are kept in the visitor's session, and how many of them.
SKIPPED, MOST_SKIPPED = "reviews_skipped", 500


class ReviewPages(VisibleToAdmin):
    def may_browse(self, request) -> bool:
        return part_of(request).reviews

    def _page(self, request, template: str, *, status: int = 200, **context):
        return TemplateResponse(
            request,
            f"admin/cohorts/{template}",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "queue_url": reverse("admin:cohorts_review_queue"),
                **context,
            },
            status=status,
        )

    def _find(self, request, pk: int) -> Application | None:
        """The application, where this person may review it."""
        return Application.objects.reviewable_by(request.user).filter(pk=pk).select_related("session", "applicant").first()

    def _application(self, request, pk: int) -> Application:
        """The application, or 404 for everything that this person may not review."""
        application = self._find(request, pk)
        if application is None:
            raise Http404
        return application

    def _asked_for(self, request) -> str:
        """The session in the address. PostgreSQL takes no NUL, not even to look for it."""
        return request.GET.get("session", "").replace("\0", "")

    def _known(self, request, applications: list[Application]) -> set[int]:
        """Ids of those `applications` whose applicant this person may know. One query."""
        wanted = Application.objects.filter(pk__in=[one.pk for one in applications])
        return set(with_visible_applicant(wanted, request.user).values_list("pk", flat=True))

    def _names(self, request, applications: list[Application]) -> dict[int, str]:
        """Application id → what a page calls it: the name where this person may know it, else the number. One query."""
        known = self._known(request, applications)
        return {one.pk: shown_name(one, visible=one.pk in known) for one in applications}

    def _skipped(self, request) -> list[int]:
        return request.session.get(SKIPPED, [])

    def _note_skipped(self, request, application: Application) -> None:
        others = [one for one in self._skipped(request) if one != application.pk]
        request.session[SKIPPED] = [*others, application.pk][-MOST_SKIPPED:]

    def _to_next(self, request, session: Session):
        """Take the next application for this person and go to its page, or to the queue where nothing is left."""
        against = obstacle_to_review(session)
        if against:
            messages.info(request, against)
            return redirect("admin:cohorts_review_queue")
        skipped = self._skipped(request)
        found = next_for(request.user, session, skipped=skipped)
        if found is None:
            messages.success(request, _("Nothing waits for you any more. Thank you."))
            return redirect("admin:cohorts_review_queue")
        if found.pk in skipped:
            messages.info(request, _("Only applications that you skipped are left. This is one of them."))
        return redirect("admin:cohorts_review_application", pk=found.pk)
