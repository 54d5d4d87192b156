"""What would help people take part: one page a session, for the organisers who are named for it, and nothing to change on it.

It is no list of the admin: so there is no search, no export and no history of it. The audit log says who read it.
"""

from django.http import Http404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.audit import record
from cohorts.accommodations import accommodations_for, may_read_accommodations
from cohorts.models import Session


class AccommodationsMixin:
    """Adds the page to the admin of sessions."""

    def get_urls(self):
        own = path(
            "<int:pk>/accommodations/",
            self.admin_site.admin_view(self.accommodations_view),
            name="cohorts_session_accommodations",
        )
        return [own, *super().get_urls()]

    @method_decorator(never_cache)
    @method_decorator(require_safe)
    def accommodations_view(self, request, pk: int):
        session = Session.objects.organised_by(request.user).filter(pk=pk).first()
        if session is None or not may_read_accommodations(request.user, session):
            raise Http404
        rows = list(accommodations_for(session, request.user))
        record("accommodation.read", by=request.user, about=session, scope=session, details={"rows": len(rows)})
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("What would help people take part: %(session)s") % {"session": session},
            "session": session,
            "rows": rows,
            "back": reverse("admin:cohorts_session_change", args=[session.pk]),
        }
        return TemplateResponse(request, "admin/cohorts/accommodations.html", context)

    def log_readers(self, request, session: Session, formsets) -> None:
        """Write into the session's history who may read it from now on and who no longer, and by whom that was set."""
        for formset in formsets:
            for form in getattr(formset, "forms", ()):
                if "reads_accommodations" not in getattr(form, "changed_data", ()) or form.instance.pk is None:
                    continue
                said = _("%(person)s reads accommodations from now on.") if form.instance.reads_accommodations else None
                said = said or _("%(person)s no longer reads accommodations.")
                self.log_change(request, session, said % {"person": form.instance.user})

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context["reads_accommodations"] = obj is not None and may_read_accommodations(request.user, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)
