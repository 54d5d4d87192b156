"""The pages about one person who offers to help: what they wrote, the answer, a place in a cohort, organising."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from cohorts.models import Cohort, Session, Volunteer
from cohorts.questions import form_questions
from cohorts.volunteer_decisions import LONGEST_NOTE, MOVES, accept, decline, give_place, make_organiser
from cohorts.volunteers import VolunteerError, answers_of, applied_too, part_of

URL_NAME = "cohorts_session_volunteer"
Role, State = Volunteer.Role, Volunteer.State

#: What being an organiser opens, for the one who gives it.
OPENS = [
    gettext_lazy("every application with its name and answers, sensitive ones included, and every review"),
    gettext_lazy("decisions before they are published, and the right to make, publish and take them back"),
    gettext_lazy("every cohort with its check-ins, what people said in private to those who lead, and reasons for leaving"),
    gettext_lazy("every mail of the session, its settings and its roles: an organiser can make other people organisers"),
]
NOT_OPENS = gettext_lazy(
    "What people wrote about what would help them take part stays hidden, unless you tick that beside the role on the session’s page."
)


class AnswerForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("A few words to this person"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        help_text=gettext_lazy("They stand in the mail and on the person’s page. A kind sentence costs little."),
    )
    reviews = forms.BooleanField(
        label=gettext_lazy("May review applications of this session"),
        required=False,
        initial=True,
        help_text=gettext_lazy("As navigators do. It ends when you change the answer; you can also take it away under roles."),
    )


class VolunteerPagesMixin:
    """Adds the pages to the admin of sessions."""

    def get_urls(self):
        view = self.admin_site.admin_view
        one = "<int:pk>/volunteers/<int:volunteer>/"
        return [
            path(one, view(self.volunteer_view), name=URL_NAME),
            path(f"{one}place/", view(self.volunteer_place_view), name="cohorts_session_volunteer_place"),
            path(f"{one}organiser/", view(self.volunteer_organiser_view), name="cohorts_session_volunteer_organiser"),
            *super().get_urls(),
        ]

    def _offered(self, request, pk: int, volunteer: int) -> tuple[Session, Volunteer]:
        """An offer that was handed in, in a session that the person who asks organises; 404 for anything else."""
        session = self._organised(request, pk)
        rows = Volunteer.objects.visible_to(request.user).filter(session=session, submitted_at__isnull=False, user__isnull=False)
        found = rows.exclude(state=State.DRAFT).select_related("user", "session", "decided_by").filter(pk=volunteer).first()
        if found is None:
            raise Http404
        return session, found

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def volunteer_view(self, request, pk: int, volunteer: int):
        """GET shows the offer; POST answers it: `answer` is “accepted” or “declined”."""
        session, found = self._offered(request, pk, volunteer)
        applied = applied_too(session, found.user)
        is_own = found.user_id == request.user.pk
        form = AnswerForm(request.POST if request.method == "POST" else None, initial={"note": found.note})
        if found.role != Role.NAVIGATOR or applied is not None or State.ACCEPTED not in _answers(found):
            del form.fields["reviews"]
        answer = request.POST.get("answer")
        if form.is_bound and answer in MOVES and form.is_valid():
            note = form.cleaned_data["note"]
            try:
                if answer == State.ACCEPTED:
                    accept(found, by=request.user, note=note, reviews=form.cleaned_data.get("reviews", False))
                else:
                    decline(found, by=request.user, note=note)
            except VolunteerError as error:
                form.add_error(None, str(error))
            else:
                text = _("Answered: %(answer)s. A mail says so.") % {"answer": found.get_state_display()}
                said = _("Offer %(number)s to help: %(answer)s.") % {"number": found.pk, "answer": found.get_state_display()}
                self.log_change(request, session, said)
                messages.success(request, text)
                return redirect(f"admin:{URL_NAME}", pk=session.pk, volunteer=found.pk)
        context = self.volunteers_context(
            request,
            session,
            title=f"{found.user.get_full_name()}: {found.get_role_display()}",
            volunteer=found,
            person=found.user,
            answers=answers_of(found, form_questions(session, found.role)),
            projects=found.projects.all(),
            applied=applied,
            part=part_of(found),
            form=form,
            may_accept=State.ACCEPTED in _answers(found) and not is_own,
            may_decline=State.DECLINED in _answers(found) and not is_own,
            is_own=is_own,
            cohorts=session.cohorts.select_related("project") if found.role != Role.ORGANISER else [],
        )
        return TemplateResponse(request, "admin/cohorts/volunteer.html", context, status=422 if form.errors else 200)

    @method_decorator(require_POST)
    def volunteer_place_view(self, request, pk: int, volunteer: int):
        """Give an accepted navigator or captain a place in the cohort that was chosen (`cohort`)."""
        session, found = self._offered(request, pk, volunteer)
        chosen = request.POST.get("cohort", "")
        cohort = (
            Cohort.objects.filter(session=session, pk=int(chosen)).first() if chosen.isdecimal() and len(chosen) < 10 else None
        )
        page = redirect(f"admin:{URL_NAME}", pk=session.pk, volunteer=found.pk)
        if cohort is None:
            messages.error(request, _("Choose a cohort."))
            return page
        try:
            give_place(found, cohort, by=request.user)
        except VolunteerError as error:
            messages.error(request, str(error))
            return page
        text = _("%(person)s is %(role)s of %(cohort)s now.") % {
            "person": found.user.get_full_name(),
            "role": found.get_role_display().lower(),
            "cohort": cohort,
        }
        self.log_change(
            request, session, _("Offer %(number)s to help: a place in %(cohort)s.") % {"number": found.pk, "cohort": cohort}
        )
        messages.success(request, text)
        return page

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def volunteer_organiser_view(self, request, pk: int, volunteer: int):
        """GET says what it opens, POST makes the person an organiser."""
        session, found = self._offered(request, pk, volunteer)
        page = redirect(f"admin:{URL_NAME}", pk=session.pk, volunteer=found.pk)
        if found.role != Role.ORGANISER:
            raise Http404
        if request.method == "POST":
            try:
                role = make_organiser(found, by=request.user)
            except VolunteerError as error:
                messages.error(request, str(error))
                return page
            self.log_change(request, session, _("Made a person an organiser: %(role)s.") % {"role": role})
            messages.success(request, _("%(person)s organises this session now.") % {"person": found.user.get_full_name()})
            return page
        context = self.volunteers_context(
            request,
            session,
            title=_("Make %(person)s an organiser") % {"person": found.user.get_full_name()},
            volunteer=found,
            opens=OPENS,
            not_opens=NOT_OPENS,
            is_possible=found.state == State.ACCEPTED and part_of(found) is None,
            one=reverse(f"admin:{URL_NAME}", args=[session.pk, found.pk]),
        )
        return TemplateResponse(request, "admin/cohorts/volunteer_organiser.html", context)


def _answers(volunteer: Volunteer) -> list[str]:
    """The answers that can follow now."""
    return [to for to, before in MOVES.items() if volunteer.state in before]
