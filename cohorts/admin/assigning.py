"""The page on which organisers share the applications out among the reviewers."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from cohorts.assigning import AssigningError, Facts, Wish, assign, look_at_assignments, obstacle_to_assigning, plan_assignment
from cohorts.models import Session
from cohorts.stages import Stage, stage_of

URL_NAME = "cohorts_session_assign_reviews"


#: The most that somebody can be asked for; more is a slip of the finger.
MOST = 9999


def _whole_number(text) -> dict:
    """One message for whatever is not a number that can be meant."""
    return dict.fromkeys(["required", "invalid", "min_value", "max_value"], text)


class AssignForm(forms.Form):
    """How many reviews, who can take how many, and whether what nobody has begun may move."""

    each = forms.IntegerField(
        label=gettext_lazy("Reviews for each application"),
        min_value=1,
        max_value=20,
        error_messages=_whole_number(gettext_lazy("Give a number from 1 to 20.")),
    )
    redistribute = forms.BooleanField(
        label=gettext_lazy("Take back what nobody has begun, where that makes it more even"),
        required=False,
        help_text=gettext_lazy("Without it, people keep all that is assigned to them. Reviews that are begun always stay."),
    )

    def __init__(self, *args, facts: Facts, **kwargs):
        super().__init__(*args, initial={"each": facts.session.reviews_each}, **kwargs)
        self.facts = facts
        for one in facts.reviewers:
            self.fields[self._name(one)] = forms.IntegerField(
                label=_("Most reviews of %(name)s") % {"name": one.person.get_full_name()},
                required=False,
                min_value=0,
                max_value=MOST,
                initial=one.most,
                error_messages=_whole_number(_("Give a number from 0 to %(most)s, or nothing.") % {"most": MOST}),
            )

    @staticmethod
    def _name(reviewer) -> str:
        return f"most_{reviewer.person.pk}"

    @property
    def wish(self) -> Wish:
        """What was asked for; after the form was found to be valid."""
        data = self.cleaned_data
        limits = {one.person.pk: data[self._name(one)] for one in self.facts.reviewers}
        return Wish(each=data["each"], limits=limits, redistribute=data["redistribute"])

    def rows(self, reviewers):
        """Each of `reviewers` with the field of the limit."""
        return [(one, self[self._name(one)]) for one in reviewers]


class AssignReviewsMixin:
    """Adds the page to the admin of sessions."""

    def get_urls(self):
        return [
            path("<int:pk>/assign-reviews/", self.admin_site.admin_view(self.assign_reviews_view), name=URL_NAME),
            *super().get_urls(),
        ]

    def steps_of(self, session: Session, user) -> list[dict]:
        steps = super().steps_of(session, user)
        if stage_of(session) == Stage.REVIEWING:
            steps.insert(0, {"label": _("Assign reviews"), "url": reverse(f"admin:{URL_NAME}", args=[session.pk])})
        return steps

    @method_decorator(require_http_methods(["GET", "POST"]))
    def assign_reviews_view(self, request, pk: int):
        """GET: who has how much. POST: what would change; with the button “assign” it is done, if it is what was shown before."""
        session = self._organised(request, pk)
        facts = look_at_assignments(session, by=request.user)
        form = AssignForm(request.POST if request.method == "POST" else None, facts=facts)
        plan = None
        obstacle = obstacle_to_assigning(session)
        if not obstacle and form.is_bound and form.is_valid():
            if "assign" in request.POST:
                try:
                    done = assign(session, form.wish, by=request.user, expected=request.POST.get("fingerprint", ""))
                except AssigningError as error:
                    messages.error(request, str(error))
                else:
                    self._tell(request, session, done)
                    return redirect(f"admin:{URL_NAME}", pk=session.pk)
            plan = plan_assignment(session, form.wish, by=request.user)
        reviewers = plan.reviewers if plan else facts.reviewers
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Assign reviews: %(session)s") % {"session": session},
            "session": session,
            "obstacle": obstacle,
            "counts": facts.counts,
            "form": form,
            "rows": form.rows(reviewers),
            "plan": plan,
            "own_application": session.applications.filter(applicant=request.user).exists(),
            "back": reverse("admin:cohorts_session_change", args=[session.pk]),
        }
        return TemplateResponse(request, "admin/cohorts/assign_reviews.html", context)

    def _tell(self, request, session: Session, done) -> None:
        added, removed = len(done.proposal.added), len(done.proposal.removed)
        sentences = []
        if added:
            sentences.append(ngettext("%(count)s assignment added.", "%(count)s assignments added.", added) % {"count": added})
        if removed:
            sentences.append(
                ngettext("%(count)s assignment taken back.", "%(count)s assignments taken back.", removed) % {"count": removed}
            )
        if not sentences:
            sentences.append(_("The limits are saved. The assignments stay as they were."))
        text = " ".join(sentences)
        self.log_change(request, session, text)
        messages.success(request, text)
