"""The page on which organisers apply a session's rules to everybody who has submitted."""

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from cohorts.models import Application, EligibilityRule, Session
from cohorts.rejudging import RejudgingError, apply_to_all, obstacle_to_rejudging, plan_rules

URL_NAME = "cohorts_session_apply_rules"
#: So many changes are listed; the counts are of all.
LISTED = 100


class ApplyRulesMixin:
    """Adds the page to the admin of sessions."""

    def get_urls(self):
        return [
            path("<int:pk>/apply-rules/", self.admin_site.admin_view(self.apply_rules_view), name=URL_NAME),
            *super().get_urls(),
        ]

    def steps_of(self, session: Session, user) -> list[dict]:
        steps = super().steps_of(session, user)
        if obstacle_to_rejudging(session) is None and _has_something_to_apply(session):
            steps.append({"label": _("Apply the rules"), "url": reverse(f"admin:{URL_NAME}", args=[session.pk])})
        return steps

    @method_decorator(require_http_methods(["GET", "POST"]))
    def apply_rules_view(self, request, pk: int):
        """GET: what would change. POST: it is done, if it is what was shown before."""
        session = self._organised(request, pk)
        back = reverse("admin:cohorts_session_change", args=[session.pk])
        if request.method == "POST":
            try:
                done = apply_to_all(session, by=request.user, expected=request.POST.get("fingerprint", ""))
            except RejudgingError as error:
                messages.error(request, str(error))
                return redirect(f"admin:{URL_NAME}", pk=session.pk)
            self.log_change(request, session, _("Applied the eligibility rules to all applications."))
            count = len(done.changes)
            text = ngettext(
                "The rules are applied: %(count)s application has changed.",
                "The rules are applied: %(count)s applications have changed.",
                count,
            )
            messages.success(request, text % {"count": count})
            return redirect(back)
        plan = plan_rules(session, by=request.user)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Apply the rules: %(session)s") % {"session": session},
            "session": session,
            "obstacle": obstacle_to_rejudging(session),
            "plan": plan,
            "changes": plan.changes[:LISTED],
            "more": max(len(plan.changes) - LISTED, 0),
            "back": back,
        }
        return TemplateResponse(request, "admin/cohorts/apply_rules.html", context)


def _has_something_to_apply(session: Session) -> bool:
    """Whether there are rules, or what rules that are gone left behind."""
    left = Application.objects.filter(session=session, eligibility_by_hand=False).filter(
        ~Q(rule_reasons=[]) | ~Q(eligibility=Application.Eligibility.ELIGIBLE)
    )
    return EligibilityRule.objects.filter(session=session).exists() or left.exists()
