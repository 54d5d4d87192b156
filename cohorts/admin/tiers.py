"""The page on which organisers let the site propose tiers from the scores."""

import math
import re

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from cohorts.models import Session
from cohorts.proposal_changes import obstacle_to_forming
from cohorts.tiers import TierError, TierWish, plan_tiers, set_tiers

URL_NAME = "cohorts_session_tiers"
#: The most tiers that one can ask for; the rest forms one more.
MOST_TIERS = 8
SHOWN = 200


class TierForm(forms.Form):
    """How many in each tier, or the lowest score of each."""

    by = forms.ChoiceField(
        label=gettext_lazy("What decides"),
        choices=[("sizes", gettext_lazy("How many belong in each tier")), ("scores", gettext_lazy("The lowest adjusted score of each tier"))],
        initial="sizes",
        widget=forms.RadioSelect,
    )  # fmt: skip
    numbers = forms.CharField(
        label=gettext_lazy("Numbers, the best tier first"),
        max_length=200,
        help_text=gettext_lazy(
            "Separate them by spaces. “18 30” puts the best 18 into tier 0, the next 30 into tier 1, all others into tier 2. "
            "As scores, “3.2 2.5” puts 3.2 and above into tier 0, 2.5 and above into tier 1, all others into tier 2."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Give a number for each tier.")},
    )
    everybody = forms.BooleanField(
        label=gettext_lazy("Propose again for those who have a tier"),
        required=False,
        help_text=gettext_lazy("Without it, only those without a tier get one."),
    )

    def clean(self):
        data = super().clean()
        words = re.split(r"[\s;]+", data.get("numbers", "").strip())
        by = data.get("by")
        if not by or "numbers" in self.errors:
            return data
        if len(words) > MOST_TIERS:
            raise ValidationError({"numbers": _("Give %(most)s numbers at most.") % {"most": MOST_TIERS}})
        try:
            self.wish = self._by_sizes(words, data) if by == "sizes" else self._by_scores(words, data)
        except ValidationError as error:
            self.add_error("numbers", error)
        return data

    def _by_sizes(self, words: list[str], data) -> TierWish:
        if not all(re.fullmatch(r"[0-9]{1,5}", word.rstrip(",")) and int(word.rstrip(",")) for word in words):
            raise ValidationError(_("Give whole numbers from 1, such as “18 30”."))
        return TierWish(sizes=[int(word.rstrip(",")) for word in words], everybody=data["everybody"])

    def _by_scores(self, words: list[str], data) -> TierWish:
        # Some write the point as a comma; one at the end separates.
        try:
            scores = [float(word.rstrip(",").replace(",", ".")) for word in words]
        except ValueError:
            scores = []
        if not scores or not all(math.isfinite(score) for score in scores):
            raise ValidationError(_("Give scores, such as “3.2 2.5”."))
        if scores != sorted(set(scores), reverse=True):
            raise ValidationError(_("Each score must be lower than the one before it."))
        return TierWish(cut_offs=scores, everybody=data["everybody"])


class TiersMixin:
    """Adds the proposal of tiers to the admin of sessions."""

    def get_urls(self):
        return [path("<int:pk>/ranking/tiers/", self.admin_site.admin_view(self.tiers_view), name=URL_NAME), *super().get_urls()]

    @method_decorator(require_http_methods(["GET", "POST"]))
    def tiers_view(self, request, pk: int):
        """POST: the proposal; with the button “write” it is written, if it is what was shown before."""
        session = self._organised(request, pk)
        form, plan = TierForm(request.POST or None), None
        if form.is_bound and form.is_valid():
            if "write" in request.POST:
                try:
                    done = set_tiers(session, form.wish, by=request.user, expected=request.POST.get("fingerprint", ""))
                except TierError as error:
                    messages.error(request, str(error))
                else:
                    count = len(done.changes)
                    text = ngettext("%(count)s tier is set.", "%(count)s tiers are set.", count) % {"count": count}
                    self.log_change(request, session, text)
                    messages.success(request, self._with_next_step(session, text))
                    return redirect("admin:cohorts_session_ranking", pk=session.pk)
            plan = plan_tiers(session, form.wish, by=request.user)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Propose tiers: %(session)s") % {"session": session},
            "session": session,
            "form": form,
            "plan": plan,
            "shown": plan.changes[:SHOWN] if plan else [],
            "not_shown": max(len(plan.changes) - SHOWN, 0) if plan else 0,
            "session_url": reverse("admin:cohorts_session_change", args=[session.pk]),
            "ranking_url": reverse("admin:cohorts_session_ranking", args=[session.pk]),
        }
        return TemplateResponse(request, "admin/cohorts/tiers.html", context)

    def _with_next_step(self, session: Session, text: str) -> str:
        """What is said once tiers are set, with the way on where cohorts can be formed by them."""
        if session.published_at is not None or obstacle_to_forming(session) is not None:
            return text
        return format_html(
            '{} <a href="{}">{}</a>',
            text,
            reverse("admin:cohorts_session_form_cohorts", args=[session.pk]),
            _("Go on to forming cohorts"),
        )
