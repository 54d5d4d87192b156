"""The pages on which organisers put cohorts together by hand, and accept what they made."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cohorts import arranging, proposals
from cohorts.arranging import Arranged, ArrangingError, OutdatedError
from cohorts.arranging_look import ArrangedLook, state_words
from cohorts.forming.wording import problem_words
from cohorts.models import Application, Proposal, Session
from cohorts.proposal_changes import broken_rules, inputs_now, is_part_of, leaving, names_for, obstacles_to_accepting
from cohorts.proposals import ProposalError

from .sent_numbers import sent_number

#: People without a place on one page, and candidates for a place.
LEFT_OUT_AT_ONCE, CANDIDATES, SWAPS = 50, 40, 12
PAGE = "admin:cohorts_session_arrange"
#: What of the address belongs to the list of those without a place, and is kept along.
FILTER = ("q", "tier")


class ArrangingMixin:
    """Adds the pages to the admin of sessions."""

    def get_urls(self):
        view = self.admin_site.admin_view
        one = "<int:pk>/form-cohorts/<int:number>/arrange/"
        return [
            path("<int:pk>/form-cohorts/arrange/", view(self.arrange_begin_view), name="cohorts_session_arrange_begin"),
            path(one, view(self.arrange_view), name="cohorts_session_arrange"),
            path(f"{one}people/<int:person>/", view(self.arrange_person_view), name="cohorts_session_arrange_person"),
            path(f"{one}cohorts/<int:cohort>/", view(self.arrange_cohort_view), name="cohorts_session_arrange_cohort"),
            path(f"{one}change/", view(self.arrange_change_view), name="cohorts_session_arrange_change"),
            path(f"{one}accept/", view(self.arrange_accept_view), name="cohorts_session_arrange_accept"),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def arrange_begin_view(self, request, pk: int):
        """Begin by hand: with a copy of a proposal (`copy`), with the places as they are (`places`), or with empty cohorts."""
        session = self._organised(request, pk)
        number = sent_number(request.POST.get("copy"))
        source = self._proposal(request, session, number) if number is not None else None
        try:
            made = arranging.begin(session, by=request.user, copy_of=source, from_places="places" in request.POST)
        except ArrangingError as error:
            messages.error(request, str(error))
            return redirect("admin:cohorts_session_form_cohorts", pk=session.pk)
        return redirect(PAGE, pk=session.pk, number=made.pk)

    @method_decorator(never_cache)
    @method_decorator(require_safe)
    def arrange_view(self, request, pk: int, number: int):
        """All cohorts with their people and what is wrong, and who has no place."""
        proposal = self._by_hand(request, pk, number)
        context = self._board(request, arranging.look_up(proposal, by=request.user))
        return TemplateResponse(request, "admin/cohorts/arranging.html", context)

    @method_decorator(never_cache)
    @method_decorator(require_safe)
    def arrange_person_view(self, request, pk: int, number: int, person: int):
        """Where somebody could go, and what each place would break or better; `?to=` asks about one cohort, 0 for none."""
        proposal = self._by_hand(request, pk, number)
        look = ArrangedLook(arranging.look_up(proposal, by=request.user))
        if person not in look.now.known:
            raise Http404
        here = look.now.arrangement.place_of.get(person)
        row, to = look.row(person), request.GET.get("to", "")
        context = {
            **self._arranging(request, look),
            "title": _("Where to put %(person)s") % {"person": row.name},
            "row": row,
            "here": look.inputs.cohorts.get(here),
            "ruled_out": [look.inputs.cohorts[one] for one in proposal.bans.get(person, []) if one in look.inputs.cohorts],
        }
        if to.isdecimal() and (cohort := int(to[:18])) != here:
            if cohort and cohort not in look.inputs.instance.cohort_by_id:
                raise Http404
            context["asked"] = look.choice(person, cohort or None)
        else:
            context |= {"choices": look.choices(person), "swaps": look.swaps(person)[:SWAPS]}
        return self._page_or_part(request, "person", context)

    @method_decorator(never_cache)
    @method_decorator(require_safe)
    def arrange_cohort_view(self, request, pk: int, number: int, cohort: int):
        """Who could come into a cohort, the best first."""
        proposal = self._by_hand(request, pk, number)
        look = ArrangedLook(arranging.look_up(proposal, by=request.user))
        column = look.column(cohort)
        if column is None or not column.is_open:
            raise Http404
        candidates = look.candidates(cohort)
        context = {
            **self._arranging(request, look),
            "title": _("Who could join %(cohort)s") % {"cohort": column.cohort.name},
            "column": column,
            "candidates": candidates[:CANDIDATES],
            "more": max(len(candidates) - CANDIDATES, 0),
        }
        return self._page_or_part(request, "cohort", context)

    @method_decorator(require_POST)
    def arrange_change_view(self, request, pk: int, number: int):
        """Make one change. Answers with the new state: whole, or as a part of the page."""
        proposal = self._by_hand(request, pk, number)
        try:
            now, said, failed = *self._change(request, proposal), ""
        except ArrangingError as error:
            proposal.refresh_from_db()
            now, said, failed = arranging.look_up(proposal, by=request.user), "", str(error)
            if not isinstance(error, OutdatedError) and not request.htmx:
                messages.error(request, failed)
                return redirect(self._address(request, proposal))
        if request.htmx or failed:
            context = self._board(request, now) | {"said": said, "failed": failed}
            template = "admin/cohorts/_arranging_board.html" if request.htmx else "admin/cohorts/arranging.html"
            return render(request, template, context, status=200 if request.htmx or not failed else 409)
        messages.success(request, said)
        return redirect(self._address(request, proposal))

    def _change(self, request, proposal: Proposal) -> tuple[Arranged, str]:
        """What was asked for, made, and said in a sentence."""
        data = request.POST
        # 0 is nobody's, and the version of what was never changed.
        person, cohort, other, version = (sent_number(data.get(name)) or 0 for name in ("person", "cohort", "other", "version"))
        act, options = data.get("act"), {"by": request.user, "version": version}
        if act == "take_back":
            now = arranging.take_back(proposal, **options, count=sent_number(data.get("count")) or 1)
            return now, _("Taken back.")
        if act == "bring_up_to_date":
            return arranging.bring_up_to_date(proposal, **options), _("Brought up to date.")
        if act == "swap":
            before = {pk: here for here, people in proposal.members.items() for pk in people}
            now = arranging.move(proposal, {person: before.get(other), other: before.get(person)}, **options)
        elif act == "fix":
            now = arranging.fix(proposal, person, **options)
        elif act == "let_loose":
            now = arranging.let_loose(proposal, person, **options)
        elif act == "keep_out":
            now = arranging.keep_out(proposal, person, cohort, **options)
        elif act == "move":
            now = arranging.move(proposal, {person: cohort or None}, **options)
        else:
            raise ArrangingError(_("Choose what to change."))
        return now, self._said(now, act, person, other, cohort)

    def _said(self, now: Arranged, act: str, person: int, other: int, cohort: int) -> str:
        names = {pk: one.applicant.get_full_name() for pk, one in now.known.items()}
        here = now.inputs.cohorts.get(now.arrangement.place_of.get(person, 0))
        known = {"person": names.get(person), "other": names.get(other), "here": here, "cohort": now.inputs.cohorts.get(cohort)}
        texts = {
            "swap": _("%(person)s and %(other)s changed places."),
            "fix": _("%(person)s is fixed in %(here)s."),
            "let_loose": _("Nothing is fixed about %(person)s."),
            "keep_out": _("%(person)s is kept out of %(cohort)s."),
            "move": _("%(person)s is in %(here)s.") if here is not None else _("%(person)s has no place."),
        }
        return f"{texts[act] % known} {state_words(now.arrangement.problems())}"

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def arrange_accept_view(self, request, pk: int, number: int):
        """What accepting does and which rules it breaks. POST accepts it, knowingly where any is broken."""
        proposal = self._by_hand(request, pk, number)
        inputs = inputs_now(proposal)
        broken = broken_rules(proposal, inputs, by=request.user)
        error = ""
        if request.method == "POST":
            try:
                count = proposals.accept(proposal, by=request.user, despite=request.POST.get("despite", ""))
            except ProposalError as refused:
                error = str(refused)
                proposal.refresh_from_db()
                inputs = inputs_now(proposal)
                broken = broken_rules(proposal, inputs, by=request.user)
            else:
                text = ngettext(
                    "Accepted: %(count)s person has a pending offer and a kept place. Nobody hears of it before you publish.",
                    "Accepted: %(count)s people have a pending offer and a kept place. Nobody hears of it before you publish.",
                    count,
                ) % {"count": count}
                nameless = names_for(inputs, {})
                knowingly = [problem_words(one, nameless) for one in broken.problems]
                self.log_change(request, proposal.session, " ".join([f"{proposal}: {text}", *_despite(knowingly)]))
                messages.success(request, text)
                return redirect("admin:cohorts_session_proposal", pk=proposal.session_id, number=proposal.pk)
        losing = leaving(proposal, inputs)
        known = Application.objects.decided_by(request.user).filter(pk__in=losing).select_related("applicant")
        is_open = proposal.state in arranging.OPEN
        context = {
            **self._crumbs(request, proposal),
            "title": _("Accept cohorts made by hand"),
            "error": error,
            "is_open": is_open,
            "broken": broken,
            "obstacles": obstacles_to_accepting(proposal, inputs, by=request.user) if is_open else [],
            "placed": sum(len(people) for people in proposal.members.values()),
            "losing": [
                (one.applicant.get_full_name(), inputs.cohorts[losing[one.pk]]) for one in known.order_by("applicant__name")
            ],
        }
        return TemplateResponse(request, "admin/cohorts/arranging_accept.html", context)

    # --- inside

    def _by_hand(self, request, pk: int, number: int) -> Proposal:
        proposal = self._proposal(request, self._organised(request, pk), number)
        if not proposal.is_by_hand or is_part_of(proposal, request.user):
            raise Http404
        return proposal

    def _crumbs(self, request, proposal: Proposal) -> dict:
        session: Session = proposal.session
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "session": session,
            "proposal": proposal,
            "session_url": reverse("admin:cohorts_session_change", args=[session.pk]),
            "start_url": reverse("admin:cohorts_session_form_cohorts", args=[session.pk]),
            "proposal_url": reverse("admin:cohorts_session_proposal", args=[session.pk, proposal.pk]),
            "board_url": reverse(PAGE, args=[session.pk, proposal.pk]),
            "list_state": self._list_state(request),
        }

    def _arranging(self, request, look: ArrangedLook) -> dict:
        return {**self._crumbs(request, look.proposal), "look": look, "version": look.proposal.version}

    def _board(self, request, now: Arranged) -> dict:
        look = ArrangedLook(now)
        left_out = look.left_out(name=request.GET.get("q", "")[:100], tier=request.GET.get("tier", ""))
        page = Paginator(left_out, LEFT_OUT_AT_ONCE).get_page(request.GET.get("page"))
        page.object_list = look.with_fits(page.object_list)
        return {
            **self._arranging(request, look),
            "title": _("Form cohorts by hand: %(session)s") % {"session": now.proposal.session},
            "state": state_words(look.problems),
            "said": "",
            "failed": "",
            "columns": look.columns(),
            "left_out": page,
            "without": len(now.arrangement.left_out()),
            "meanwhile": look.meanwhile() if look.is_open else [],
            "changes": look.changes(),
            "filter": {name: request.GET.get(name, "")[:100] for name in FILTER},
            "before_state": self._state_of_page(request, page.number - 1),
            "next_state": self._state_of_page(request, page.number + 1),
            "has_fixed": bool(now.proposal.pins or now.proposal.bans),
        }

    def _page_or_part(self, request, name: str, context: dict):
        template = f"admin/cohorts/_arranging_{name}.html" if request.htmx else "admin/cohorts/arranging_choose.html"
        return TemplateResponse(request, template, {**context, "part": f"admin/cohorts/_arranging_{name}.html"})

    def _list_state(self, request) -> str:
        return self._state_of_page(request, request.GET.get("page", "")[:10])

    def _state_of_page(self, request, page: int | str) -> str:
        """The address of the list behind “?”, on another page; empty where it would say nothing."""
        kept = {name: request.GET[name][:100] for name in FILTER if request.GET.get(name)} | ({"page": page} if page else {})
        return f"?{urlencode(kept)}" if kept else ""

    def _address(self, request, proposal: Proposal) -> str:
        return reverse(PAGE, args=[proposal.session_id, proposal.pk]) + self._list_state(request)


def _despite(texts: list[str]) -> list[str]:
    return [_("Accepted although: %(rules)s") % {"rules": " ".join(texts)}] if texts else []
