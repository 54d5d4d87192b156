"""The page on which organisers compare two proposals, or one with the places as they are."""

from django.http import Http404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cohorts.models import Proposal, Session
from cohorts.proposal_changes import is_part_of
from cohorts.proposal_compare import NOW, compare

from .sent_numbers import sent_number

URL_NAME = "cohorts_session_compare_proposals"
#: Proposals that can be chosen, the latest first.
OFFERED = 50


def comparable(session: Session, user) -> list[Proposal]:
    """The proposals of `session` that have a result to compare, the latest first."""
    found = Proposal.objects.visible_to(user).filter(session=session, state__in=Proposal.WITH_RESULT)
    with_result = found.exclude(state=Proposal.State.DISCARDED).exclude(result={})
    return list(with_result.order_by("-created_at", "-pk")[:OFFERED])


class ComparingMixin:
    """Adds the page to the admin of sessions."""

    def get_urls(self):
        page = path("<int:pk>/form-cohorts/compare/", self.admin_site.admin_view(self.compare_view), name=URL_NAME)
        return [page, *super().get_urls()]

    @method_decorator(never_cache)
    @method_decorator(require_safe)
    def compare_view(self, request, pk: int):
        """`?a=` and `?b=` are numbers of proposals, or “now” for the places as they are. Without them the page lets one choose."""
        session = self._organised(request, pk)
        offered = comparable(session, request.user)
        chosen = [request.GET.get(name, "") for name in ("a", "b")]
        found = {str(one.pk): one for one in offered}
        for value in chosen:
            if value and value != NOW and value not in found:
                found[value] = self._asked(request, session, value)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Compare proposals: %(session)s") % {"session": session},
            "session": session,
            "session_url": reverse("admin:cohorts_session_change", args=[session.pk]),
            "start_url": reverse("admin:cohorts_session_form_cohorts", args=[session.pk]),
            "comparable": offered,
            **chosen_from(offered, *chosen),
        }
        both = [found.get(value) for value in chosen]
        if not all(chosen):
            pass
        elif chosen[0] == chosen[1]:
            context["obstacle"] = _("Choose two that are not the same.")
        elif any(one is not None and is_part_of(one, request.user) for one in both):
            context["obstacle"] = _("Your own application is part of one of them. Another organiser compares them.")
        else:
            context["comparison"] = compare(session, *both, by=request.user)
        return TemplateResponse(request, "admin/cohorts/forming_compare.html", context)

    def _asked(self, request, session: Session, value: str) -> Proposal:
        """A proposal that is not offered: an older one, or one that was put aside."""
        rows = Proposal.objects.visible_to(request.user).filter(session=session, state__in=Proposal.WITH_RESULT)
        one = rows.exclude(result={}).filter(pk=sent_number(value)).first()
        if one is None:
            raise Http404
        return one


def chosen_from(offered: list[Proposal], a: str = "", b: str = "") -> dict[str, str]:
    """What the two lists stand on: what was chosen, else the two latest, else the latest and the places as they are."""
    values = [str(one.pk) for one in offered]
    first = a or (values[1] if len(values) > 1 else "".join(values[:1]))
    return {"chosen_a": first, "chosen_b": b or next((one for one in [*values, NOW] if one != first), NOW)}
