"""The page on which organisers read who would like to do more next time, as people said in their farewells."""

from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cohorts.farewells import wishes_for
from cohorts.models import Session

URL_NAME = "cohorts_session_wishes"


class WishesMixin:
    """Adds the page to the admin of sessions."""

    def get_urls(self):
        return [
            path("<int:pk>/next-time/", self.admin_site.admin_view(self.wishes_view), name=URL_NAME),
            *super().get_urls(),
        ]

    def steps_of(self, session: Session, user) -> list[dict]:
        steps = super().steps_of(session, user)
        if session.is_closing:
            steps.append({"label": _("Who wants to do more"), "url": reverse(f"admin:{URL_NAME}", args=[session.pk])})
        return steps

    @method_decorator(never_cache)
    @method_decorator(require_safe)
    def wishes_view(self, request, pk: int):
        session = self._organised(request, pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Who wants to do more: %(session)s") % {"session": session},
            "session": session,
            "wishes": wishes_for(session, by=request.user),
            "back": reverse("admin:cohorts_session_change", args=[session.pk]),
        }
        return TemplateResponse(request, "admin/cohorts/wishes.html", context)
