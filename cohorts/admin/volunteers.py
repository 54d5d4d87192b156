"""The pages on which organisers see who offers to help in a session, ask people, answer them, and follow their training."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cohorts.models import Session, Volunteer
from cohorts.training import progress
from cohorts.volunteer_defaults import add_questions, add_training
from cohorts.volunteer_invitations import LONGEST_NOTE, invite, read_addresses, suggestions, take_back
from cohorts.volunteers import SWITCHES, VolunteerError, has_form, open_roles, takes_offers

URL_NAME = "cohorts_session_volunteers"
Role, State = Volunteer.Role, Volunteer.State

#: The lists of the page, in their order.
GROUPS = [
    (State.SUBMITTED, gettext_lazy("Wait for an answer")),
    (State.ACCEPTED, gettext_lazy("Accepted")),
    (State.INVITED, gettext_lazy("Asked, not answered yet")),
    (State.DECLINED, gettext_lazy("Not this time")),
    (State.WITHDRAWN, gettext_lazy("Taken back, or said no")),
]


class InviteForm(forms.Form):
    """Whom to ask, and what to write to them."""

    people = forms.MultipleChoiceField(label=gettext_lazy("People you know"), required=False, widget=forms.CheckboxSelectMultiple)
    addresses = forms.CharField(
        label=gettext_lazy("Email addresses"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "ltr", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "One a line, or separated by commas; “Ada Example <ada@example.org>” works, too. Nobody learns from it who has an account."
        ),
    )
    note = forms.CharField(
        label=gettext_lazy("A few words of yours"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text=gettext_lazy("They stand in the mail to each of them."),
    )

    def __init__(self, *args, suggested, **kwargs):
        super().__init__(*args, **kwargs)
        self.suggested = {str(one.person.pk): one for one in suggested}
        if suggested:
            self.fields["people"].choices = [
                (key, f"{one.person.get_full_name()}: {one.why}") for key, one in self.suggested.items()
            ]
        else:
            del self.fields["people"]

    def clean_addresses(self):
        text = self.cleaned_data["addresses"]
        return read_addresses(text) if text.strip() else []

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not cleaned.get("addresses") and not cleaned.get("people"):
            self.add_error("addresses", _("Choose somebody, or enter an address."))
        return cleaned


class VolunteersMixin:
    """Adds the pages to the admin of sessions; those about one person are in `volunteer_pages`."""

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/volunteers/", view(self.volunteers_view), name=URL_NAME),
            path("<int:pk>/volunteers/usual/", view(self.usual_view), name="cohorts_session_volunteers_usual"),
            path("<int:pk>/volunteers/invite/<slug:role>/", view(self.invite_view), name="cohorts_session_invite"),
            path("<int:pk>/training/", view(self.training_view), name="cohorts_session_training"),
            path(
                "<int:pk>/volunteers/<int:volunteer>/take-back/",
                view(self.take_back_invitation_view),
                name="cohorts_session_take_back_invitation",
            ),
            *super().get_urls(),
        ]

    def steps_of(self, session: Session, user) -> list[dict]:
        steps = super().steps_of(session, user)
        steps.append({"label": _("People who help"), "url": reverse(f"admin:{URL_NAME}", args=[session.pk])})
        return steps

    def volunteers_context(self, request, session: Session, **more) -> dict:
        """What every page about people who help has."""
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "session": session,
            "session_url": reverse("admin:cohorts_session_change", args=[session.pk]),
            "back": reverse(f"admin:{URL_NAME}", args=[session.pk]),
            **more,
        }

    @method_decorator(never_cache)
    @method_decorator(require_safe)
    def volunteers_view(self, request, pk: int):
        session = self._organised(request, pk)
        rows = Volunteer.objects.visible_to(request.user).filter(session=session).exclude(state=State.DRAFT)
        rows = list(rows.select_related("user", "invited_by").prefetch_related("projects").order_by("role", "submitted_at", "pk"))
        offered = open_roles(session)
        forms_of = [
            {
                "role": role,
                "label": role.label,
                "is_open": role in offered,
                "is_wanted": getattr(session, SWITCHES[role]),
                "has_form": has_form(session, role),
                "preview": reverse("volunteer_preview", args=[session.slug, role]),
                "address": request.build_absolute_uri(reverse("volunteer", args=[session.slug, role])),
                "invite": reverse("admin:cohorts_session_invite", args=[session.pk, role]),
            }
            for role in Role
        ]
        context = self.volunteers_context(
            request,
            session,
            title=_("People who help: %(session)s") % {"session": session},
            forms_of=forms_of,
            takes_offers=takes_offers(session),
            has_training=session.training_tasks.exists(),
            groups=[(label, found) for state, label in GROUPS if (found := [_named(one) for one in rows if one.state == state])],
        )
        return TemplateResponse(request, "admin/cohorts/volunteers.html", context)

    @method_decorator(require_POST)
    def usual_view(self, request, pk: int):
        """Add the usual questions of a role (`role`), or the usual training."""
        session = self._organised(request, pk)
        role = request.POST.get("role", "")
        try:
            if role in Role.values:
                count = len(add_questions(session, role, by=request.user))
                text = ngettext("%(count)s question added.", "%(count)s questions added.", count) % {"count": count}
            else:
                count = len(add_training(session, by=request.user))
                text = ngettext("%(count)s task added.", "%(count)s tasks added.", count) % {"count": count}
        except VolunteerError as error:
            messages.error(request, str(error))
        else:
            self.log_change(request, session, text)
            messages.success(request, text + " " + _("You can change them on the page of the session."))
        return redirect(f"admin:{URL_NAME}", pk=session.pk)

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def invite_view(self, request, pk: int, role: str):
        """GET shows whom one could ask in a role, POST asks them."""
        session = self._organised(request, pk)
        if role not in Role.values:
            raise Http404
        suggested = suggestions(session, role, by=request.user)
        form = InviteForm(request.POST if request.method == "POST" else None, suggested=suggested)
        if form.is_bound and form.is_valid():
            data = form.cleaned_data
            people = [form.suggested[key].person for key in data.get("people", ())]
            try:
                made = invite(session, role, by=request.user, addresses=data["addresses"], people=people, note=data["note"])
            except VolunteerError as error:
                form.add_error(None, str(error))
            else:
                left = len(data["addresses"]) + len(people) - len(made)
                text = ngettext("%(count)s person is asked.", "%(count)s people are asked.", len(made)) % {"count": len(made)}
                if left:
                    more = ngettext(
                        "%(count)s was left out: asked already, or offered help already.",
                        "%(count)s were left out: asked already, or offered help already.",
                        left,
                    )
                    text += " " + more % {"count": left}
                # Addresses go into no history.
                self.log_change(request, session, f"{Role(role).label}: {text}")
                messages.success(request, text)
                return redirect(f"admin:{URL_NAME}", pk=session.pk)
        context = self.volunteers_context(
            request,
            session,
            title=_("Ask people to help: %(role)s") % {"role": Role(role).label},
            form=form,
            role=role,
            takes_offers=takes_offers(session),
            has_form=has_form(session, role),
            preview=reverse("volunteer_preview", args=[session.slug, role]),
        )
        return TemplateResponse(request, "admin/cohorts/volunteers_invite.html", context, status=422 if form.errors else 200)

    @method_decorator(require_POST)
    def take_back_invitation_view(self, request, pk: int, volunteer: int):
        session = self._organised(request, pk)
        found = Volunteer.objects.visible_to(request.user).filter(session=session, pk=volunteer).first()
        if found is None:
            raise Http404
        try:
            take_back(found, by=request.user)
        except VolunteerError as error:
            messages.error(request, str(error))
        else:
            self.log_change(request, session, _("Took an invitation to help back."))
            messages.success(request, _("The invitation is taken back: its link works no more."))
        return redirect(f"admin:{URL_NAME}", pk=session.pk)

    @method_decorator(never_cache)
    @method_decorator(require_safe)
    def training_view(self, request, pk: int):
        """Who has done what of the training."""
        session = self._organised(request, pk)
        helpers = progress(session)
        context = self.volunteers_context(
            request,
            session,
            title=_("Training: %(session)s") % {"session": session},
            helpers=helpers,
            is_helper=any(one.person.pk == request.user.pk for one in helpers),
            has_training=session.training_tasks.exists(),
            page_of_training=reverse("training", args=[session.slug]),
        )
        return TemplateResponse(request, "admin/cohorts/training.html", context)


def _named(volunteer: Volunteer) -> Volunteer:
    """With `called`: the name of who offered help; of somebody who was asked at an address and has not answered, the address alone."""
    hides = volunteer.submitted_at is None and volunteer.email
    volunteer.called = volunteer.email if hides or volunteer.user is None else volunteer.user.get_full_name()
    volunteer.has_page = volunteer.submitted_at is not None and volunteer.user_id is not None
    return volunteer
