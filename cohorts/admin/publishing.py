"""The page that asks before decisions are published: every message as it will go out, what may be forgotten, and who is held back."""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.admin.mail_frame import IN_MAIL_FRAME, mail_document, with_mail_frame
from accounts.admin.message_words import html_preview, links_of
from cohorts.decisions import Outgoing, Plan, obstacle_to_publishing, plan_publication
from cohorts.models import Application, Publication, Session
from cohorts.publishing import PublishError, publish, send_test

#: Messages, and people held back, on one page; names behind one warning.
AT_ONCE, NAMES_AT_ONCE = 25, 12
#: What the list can be narrowed to, by the status that people get.
KINDS = {
    "offer": (Application.Status.OFFERED, gettext_lazy("Offers")),
    "waitlist": (Application.Status.WAITLISTED, gettext_lazy("On the waitlist")),
    "not-selected": (Application.Status.NOT_SELECTED, gettext_lazy("Not selected")),
}


class PublishingMixin:
    """Adds publishing to the admin of sessions."""

    def get_urls(self):
        view = self.admin_site.admin_view
        one = "<int:pk>/publish/<int:application>/"
        return [
            path("<int:pk>/publish/", view(self.publish_view), name="cohorts_session_publish"),
            path(one, view(self.publish_message_view), name="cohorts_session_publish_message"),
            path(f"{one}html/", view(self.publish_html_view), name="cohorts_session_publish_html"),
            path(f"{one}test/", view(self.publish_test_view), name="cohorts_session_publish_test"),
            *super().get_urls(),
        ]

    def steps_of(self, session: Session, user) -> list[dict]:
        """“Publish decisions”, where something waits to be published."""
        steps = super().steps_of(session, user)
        if obstacle_to_publishing(session) is None:
            waiting = (
                Application.objects.organised_by(user)
                .filter(session=session)
                .exclude(pending_decision=Application.Decision.NONE)
                .exists()
                or session.published_at is None
            )
            if waiting:
                url = reverse("admin:cohorts_session_publish", args=[session.pk])
                steps.insert(0, {"label": _("Publish decisions"), "url": url, "main": True})
        return steps

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def publish_view(self, request, pk: int):
        """GET: what would go out, a page at a time. POST publishes what stands on it, and leads to the page that shows how it goes."""
        session = self._organised(request, pk)
        if request.method == "POST":
            return self._publish(request, session)
        plan = plan_publication(session, by=request.user)
        listing = Listing(plan, request.GET)
        recent = Publication.objects.visible_to(request.user).filter(session=session).select_related("made_by")
        context = {
            **self._publishing_context(request, session),
            "title": _("Publish decisions: %(session)s") % {"session": session},
            "obstacle": obstacle_to_publishing(session),
            "under_way": recent.under_way().first(),
            "history": recent.exists(),
            "plan": plan,
            "warnings": [(warned, warned.names[:NAMES_AT_ONCE], len(warned.names) - NAMES_AT_ONCE) for warned in plan.warnings],
            "listing": listing,
            "page": listing.page,
            "query": listing.query(),
            "not_shown": len(plan.outgoing) - len(plan.shown),
            "own_application": Application.objects.filter(session=session, applicant=request.user).exists(),
            "is_first": session.published_at is None,
        }
        return TemplateResponse(request, "admin/cohorts/publish.html", context)

    def _publish(self, request, session: Session):
        try:
            publication = publish(session, by=request.user, expected=request.POST.get("fingerprint", ""))
        except PublishError as error:
            messages.error(request, str(error))
            if error.publication is not None:
                return redirect("admin:cohorts_session_publication", pk=session.pk, number=error.publication.pk)
            return redirect("admin:cohorts_session_publish", pk=session.pk)
        self.log_change(request, session, _("Published decisions."))
        return redirect("admin:cohorts_session_publication", pk=session.pk, number=publication.pk)

    @method_decorator([never_cache, require_safe, with_mail_frame])
    def publish_message_view(self, request, pk: int, application: int):
        """One message in full, with the way to its HTML and a button that sends it to oneself."""
        session, one = self._outgoing(request, pk, application)
        context = {
            **self._publishing_context(request, session),
            "title": _("The message to %(person)s") % {"person": one.application.applicant},
            "one": one,
            "sender": settings.DEFAULT_FROM_EMAIL,
            "links": links_of(one.message.body, html_preview(one.message)),
            "publish_url": reverse("admin:cohorts_session_publish", args=[session.pk]),
        }
        return TemplateResponse(request, "admin/cohorts/publish_message.html", context)

    @method_decorator([require_safe, *IN_MAIL_FRAME])
    def publish_html_view(self, request, pk: int, application: int):
        """The message as mail programs show it, for the frame on its page alone."""
        _session, one = self._outgoing(request, pk, application)
        return mail_document(html_preview(one.message))

    @method_decorator(require_POST)
    def publish_test_view(self, request, pk: int, application: int):
        session = self._organised(request, pk)
        try:
            send_test(session, application, by=request.user)
        except PublishError as error:
            messages.error(request, str(error))
            return redirect("admin:cohorts_session_publish", pk=session.pk)
        said = _("The message is on its way to you alone, at %(address)s. Its subject says that it is a test.")
        messages.success(request, said % {"address": request.user.email})
        return redirect("admin:cohorts_session_publish_message", pk=session.pk, application=application)

    def _outgoing(self, request, pk: int, application: int) -> tuple[Session, Outgoing]:
        session = self._organised(request, pk)
        if obstacle_to_publishing(session) is not None:
            raise Http404
        one = plan_publication(session, by=request.user, warned=False).find(application)
        if one is None:
            raise Http404
        return session, one

    def _publishing_context(self, request, session: Session) -> dict:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "session": session,
            "back": reverse("admin:cohorts_session_change", args=[session.pk]),
        }


class Listing:
    """The messages that are about to go out, or the people who are held back: narrowed, searched, and a page at a time."""

    def __init__(self, plan: Plan, wanted) -> None:
        self.kind = wanted.get("kind", "") if wanted.get("kind") in {*KINDS, "held"} else ""
        warned = {one.code: one for one in plan.warnings if one.applications}
        self.warned = warned.get(wanted.get("warning", ""))
        self.q = wanted.get("q", "").strip()[:100]
        self.shows_held = self.kind == "held"
        rows: list = list(plan.shown_held if self.shows_held else plan.shown)
        if self.kind in KINDS:
            rows = [one for one in rows if one.status == KINDS[self.kind][0]]
        if self.warned is not None and not self.shows_held:
            rows = [one for one in rows if one.application.pk in self.warned.applications]
        if self.q:
            rows = [one for one in rows if self._is_meant(one)]
        self.page = Paginator(rows, AT_ONCE).get_page(wanted.get("p"))
        self.tabs = [
            ("", _("All messages"), len(plan.shown)),
            *((name, label, sum(one.status == status for one in plan.shown)) for name, (status, label) in KINDS.items()),
            *([("held", _("Held back"), len(plan.shown_held))] if plan.shown_held else []),
        ]

    def _is_meant(self, one) -> bool:
        person, cohort = one.application.applicant, getattr(one, "cohort", None)
        texts = [person.name, person.email, str(one.application.pk), str(cohort or "")]
        return any(self.q.lower() in text.lower() for text in texts)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.kind or self.warned or self.q)

    def query(self) -> str:
        """The choice as the query of an address, without the page."""
        chosen = {"kind": self.kind, "warning": self.warned.code if self.warned else "", "q": self.q}
        return urlencode({name: value for name, value in chosen.items() if value})
