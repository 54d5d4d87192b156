"""The pages on which organisers let the site propose who goes into which cohort, look at it, accept it and take it back."""

from collections import Counter

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from cohorts import proposals
from cohorts.forming_inputs import build_instance
from cohorts.forming_missing import missing_for
from cohorts.models import Proposal, Session
from cohorts.proposal_changes import is_part_of, obstacle_to_forming
from cohorts.proposal_hours import look_at_hours
from cohorts.proposal_look import look_at, placed_words, progress_words, verdict_of
from cohorts.proposals import ProposalError

from .forming_compare import ComparingMixin, chosen_from, comparable
from .forming_form import EXTRA, FormingForm, rules_form

URL_NAME = "cohorts_session_form_cohorts"
#: Proposals that the first page lists, and people left out on one page.
LISTED, LEFT_OUT_AT_ONCE = 10, 100


class FormingMixin(ComparingMixin):
    """Adds the pages to the admin of sessions."""

    def get_urls(self):
        view = self.admin_site.admin_view
        one = "<int:pk>/form-cohorts/<int:number>/"
        actions = {"cancel": self._cancel, "discard": self._discard, "accept": self._accept, "undo": self._undo}
        return [
            path("<int:pk>/form-cohorts/", view(self.form_cohorts_view), name=URL_NAME),
            path(one, view(self.proposal_view), name="cohorts_session_proposal"),
            path(f"{one}hours/<int:cohort>/", view(self.proposal_hours_view), name="cohorts_session_proposal_hours"),
            *(
                path(f"{one}{name}/", view(self.proposal_action_view), {"act": act}, name=f"cohorts_session_proposal_{name}")
                for name, act in actions.items()
            ),
            *super().get_urls(),
        ]

    def steps_of(self, session: Session, user) -> list[dict]:
        steps = super().steps_of(session, user)
        if obstacle_to_forming(session) is None and session.published_at is None:
            steps.insert(0, {"label": _("Form cohorts"), "url": reverse(f"admin:{URL_NAME}", args=[session.pk])})
        return steps

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def form_cohorts_view(self, request, pk: int):
        """GET: what is missing, the form and the proposals so far. POST asks for a proposal, or for more lines of the form."""
        session = self._organised(request, pk)
        obstacle = obstacle_to_forming(session)
        inputs = build_instance(session, by=request.user)
        if request.method == "POST":
            data = request.POST.copy()
            if "more" in data:
                total = data.get("rules-TOTAL_FORMS", "0")
                data["rules-TOTAL_FORMS"] = str((int(total) if total.isdecimal() else 0) + EXTRA)
            form, rules = FormingForm(data), rules_form(inputs, data)
            if "more" not in data and form.is_valid() and rules.is_valid():
                try:
                    made = proposals.propose(
                        session, by=request.user, seconds=form.cleaned_data["seconds"], pins=rules.pins, bans=rules.bans
                    )
                except ProposalError as error:
                    messages.error(request, str(error))
                else:
                    return redirect("admin:cohorts_session_proposal", pk=session.pk, number=made.pk)
        else:
            form, rules = self._form_from(request, session, inputs)
        offered = comparable(session, request.user)
        listed = Proposal.objects.visible_to(request.user).filter(session=session).exclude(state=Proposal.State.DISCARDED)
        taken = Counter(inputs.placed.values())
        rooms = [max(plan.largest - taken[plan.id], 0) for plan in inputs.instance.cohorts]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Form cohorts: %(session)s") % {"session": session},
            "session": session,
            "obstacle": obstacle,
            "counts": {
                "people": len(inputs.instance.applicants) - len(inputs.placed),
                "cohorts": sum(room > 0 for room in rooms),
                "places": sum(rooms),
                "placed": len(inputs.placed),
                "possible": bool(inputs.instance.applicants and inputs.instance.cohorts),
            },
            "missing": missing_for(inputs, by=request.user),
            "form": form,
            "rules": rules,
            "proposals": [(one, *_said_of(one)) for one in listed.select_related("made_by")[:LISTED]],
            "comparable": offered,
            **chosen_from(offered),
            "under_way": any(one.is_under_way for one in listed[:LISTED]),
            "back": reverse("admin:cohorts_session_change", args=[session.pk]),
        }
        return TemplateResponse(request, "admin/cohorts/forming.html", context)

    def _form_from(self, request, session: Session, inputs):
        """The empty form, or one with what an earlier proposal was asked (`?from=`) and one more line (`&pin=person-cohort`, `&ban=…`)."""
        number = request.GET.get("from", "")
        earlier = None
        if number.isdecimal():
            earlier = Proposal.objects.visible_to(request.user).filter(session=session, pk=int(number[:18])).first()
        pins, bans = (earlier.pins, earlier.bans) if earlier else ({}, {})
        for name in ("pin", "ban"):
            person, _dash, cohort = request.GET.get(name, "").partition("-")
            if not (person.isdecimal() and cohort.isdecimal()):
                continue
            pair = int(person[:18]), int(cohort[:18])
            bans[pair[0]] = [one for one in bans.get(pair[0], []) if one != pair[1]]
            if name == "pin":
                pins[pair[0]] = pair[1]
            else:
                pins = {one: there for one, there in pins.items() if (one, there) != pair}
                bans[pair[0]].append(pair[1])
        initial = {"seconds": earlier.seconds} if earlier else None
        return FormingForm(initial=initial), rules_form(inputs, pins=pins, bans=bans)

    @method_decorator(never_cache)
    @method_decorator(require_safe)
    def proposal_view(self, request, pk: int, number: int):
        """How a search is getting on, or what came out of it."""
        session = self._organised(request, pk)
        proposal = self._proposal(request, session, number)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Proposal %(number)s: %(session)s") % {"number": proposal.pk, "session": session},
            "session": session,
            "proposal": proposal,
            "session_url": reverse("admin:cohorts_session_change", args=[session.pk]),
            "start_url": reverse(f"admin:{URL_NAME}", args=[session.pk]),
        }
        if proposal.is_under_way:
            is_late = _is_late(proposal)
            phase = "late" if is_late else f"{proposal.state}-{proposal.progress}"
            context |= {"works_on": progress_words(proposal), "is_late": is_late, "phase": phase}
            if request.htmx:
                return render(request, "admin/cohorts/_forming_progress.html", context)
            return TemplateResponse(request, "admin/cohorts/forming_progress.html", context)
        if request.htmx:
            return HttpResponseClientRefresh()
        if proposal.state not in Proposal.WITH_RESULT or not proposal.result:
            context["error"] = proposals.ERRORS.get(proposal.error, "")
            return TemplateResponse(request, "admin/cohorts/forming_progress.html", context)
        if is_part_of(proposal, request.user):
            return TemplateResponse(request, "admin/cohorts/forming_own.html", context)
        look = look_at(proposal, by=request.user)
        context |= {
            "look": look,
            "left_out": Paginator(look.left_out, LEFT_OUT_AT_ONCE).get_page(request.GET.get("page")),
            "may_accept": proposal.state in (Proposal.State.DONE, Proposal.State.UNDONE) and look.placed and not look.obstacles,
            "is_open": proposal.state in (Proposal.State.DONE, Proposal.State.UNDONE),
            "may_undo": proposal.state == Proposal.State.ACCEPTED and not proposals.was_published(proposal),
        }
        return TemplateResponse(request, "admin/cohorts/forming_result.html", context)

    @method_decorator(never_cache)
    @method_decorator(require_safe)
    def proposal_hours_view(self, request, pk: int, number: int, cohort: int):
        """When the people of one proposed cohort have time, as a table; `?week=` is one of the weeks that differ."""
        session = self._organised(request, pk)
        proposal = self._proposal(request, session, number)
        there = session.cohorts.filter(pk=cohort).first()
        if there is None or not proposal.members or is_part_of(proposal, request.user):
            raise Http404
        week = request.GET.get("week", "")
        look = look_at_hours(proposal, cohort, by=request.user, week=int(week[:4]) if week.isdecimal() else 0)
        if look is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Hours of %(cohort)s") % {"cohort": there},
            "session": session,
            "cohort": there,
            "look": look,
            "session_url": reverse("admin:cohorts_session_change", args=[session.pk]),
            "start_url": reverse(f"admin:{URL_NAME}", args=[session.pk]),
            "proposal": proposal,
            "proposal_url": self._page_of(proposal),
        }
        return TemplateResponse(request, "admin/cohorts/forming_hours.html", context)

    @method_decorator(require_POST)
    def proposal_action_view(self, request, pk: int, number: int, act):
        """Cancel, put aside, accept or take back; what speaks against it is said on the page."""
        session = self._organised(request, pk)
        proposal = self._proposal(request, session, number)
        try:
            text, page = act(request, proposal)
        except ProposalError as error:
            messages.error(request, str(error))
            return redirect("admin:cohorts_session_proposal", pk=session.pk, number=proposal.pk)
        self.log_change(request, session, f"{proposal}: {text}")
        messages.success(request, text)
        return redirect(page)

    def _cancel(self, request, proposal: Proposal):
        proposals.cancel(proposal, by=request.user)
        return _("The search is cancelled."), reverse(f"admin:{URL_NAME}", args=[proposal.session_id]) + f"?from={proposal.pk}"

    def _discard(self, request, proposal: Proposal):
        proposals.discard(proposal, by=request.user)
        return _("The proposal is put aside."), reverse(f"admin:{URL_NAME}", args=[proposal.session_id])

    def _accept(self, request, proposal: Proposal):
        count = proposals.accept(proposal, by=request.user)
        text = ngettext(
            "Accepted: %(count)s person has a pending offer and a kept place. Nobody hears of it before you publish.",
            "Accepted: %(count)s people have a pending offer and a kept place. Nobody hears of it before you publish.",
            count,
        )
        return text % {"count": count}, self._page_of(proposal)

    def _undo(self, request, proposal: Proposal):
        back, kept = proposals.undo(proposal, by=request.user)
        text = ngettext("%(count)s place is taken back.", "%(count)s places are taken back.", back) % {"count": back}
        if kept:
            more = ngettext(
                "%(count)s was changed since, and stays as it is.", "%(count)s were changed since, and stay as they are.", kept
            )
            text += " " + more % {"count": kept}
        return text, self._page_of(proposal)

    def _page_of(self, proposal: Proposal) -> str:
        return reverse("admin:cohorts_session_proposal", args=[proposal.session_id, proposal.pk])

    def _proposal(self, request, session: Session, number: int) -> Proposal:
        found = (
            Proposal.objects.visible_to(request.user).filter(session=session, pk=number).select_related("made_by", "accepted_by")
        )
        proposal = found.first()
        if proposal is None:
            raise Http404
        proposal.session = session
        return proposal


def _said_of(proposal: Proposal) -> tuple[str, str]:
    """What the list says of a proposal beside its state: how good it is, and how many it places; nothing without a result."""
    if proposal.state not in Proposal.WITH_RESULT or not proposal.result:
        return "", ""
    return verdict_of(proposal)[0], placed_words(proposal)


def _is_late(proposal: Proposal) -> bool:
    """Whether nothing was heard for longer than a search may take: its worker may be away."""
    since = proposal.started_at or proposal.created_at
    return (timezone.now() - since).total_seconds() > 2 * proposal.seconds + 120
