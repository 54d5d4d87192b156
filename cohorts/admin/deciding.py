"""The page that asks before many decisions are noted at once, and the one that takes the last such change back."""

from typing import Any

from django.contrib import messages
from django.http import Http404, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from cohorts.models import Application, Session
from cohorts.pending import BulkChange, BulkPlan, DecisionError, plan_decisions, set_pending_decisions, take_back
from cohorts.ranking import rank

from .ranking_choice import RankingChoice
from .sent_numbers import sent_number

Decision = Application.Decision

#: Rows that the page shows, and rows that can be given a number by hand: more fields than these are no form any more.
SHOWN, BY_HAND = 200, 300
#: Where the last change lies in the browser's session: ids and decisions alone.
LAST_CHANGE = "last_bulk_decision"
ORDERS = {
    "shown": gettext_lazy("as they were shown"),
    "tier": gettext_lazy("by tier, then by adjusted score"),
    "adjusted": gettext_lazy("by adjusted score"),
    "none": gettext_lazy("no ranks"),
}


class DecidingMixin:
    """Adds deciding on many to the admin of sessions."""

    def get_urls(self):
        own = [
            path("<int:pk>/decide/", self.admin_site.admin_view(self.decide_view), name="cohorts_session_decide"),
            path(
                "<int:pk>/decide/take-back/",
                self.admin_site.admin_view(self.take_back_view),
                name="cohorts_session_take_back",
            ),
        ]
        return own + super().get_urls()

    @method_decorator(require_POST)
    def decide_view(self, request, pk: int):
        """Shows what would be noted; with the button “write” it is noted, if it is what was shown before."""
        session = self._organised(request, pk)
        decision = request.POST.get("decision", "")
        if decision not in Decision.values:
            messages.error(request, _("Choose a decision first."))
            return redirect(_back(request, session))
        numbers = _chosen(request, session)
        if not numbers:
            messages.error(request, _("Nobody is chosen. Tick people, or say how many from the top."))
            return redirect(_back(request, session))
        return ask_to_decide(self, request, session, numbers, decision)

    @method_decorator(require_http_methods(["GET", "POST"]))
    def take_back_view(self, request, pk: int):
        session = self._organised(request, pk)
        change = last_change(request, session)
        ranking = reverse("admin:cohorts_session_ranking", args=[session.pk])
        if request.method == "POST":
            if change is None:
                messages.error(request, _("There is nothing to take back."))
                return redirect(ranking)
            try:
                result = take_back(change, by=request.user)
            except DecisionError as error:
                messages.error(request, str(error))
                return redirect("admin:cohorts_session_take_back", pk=session.pk)
            request.session.pop(LAST_CHANGE, None)
            text = ngettext("%(count)s decision is as before.", "%(count)s decisions are as before.", result.done)
            self.log_change(request, session, _("Took many decisions back at once."))
            messages.success(request, text % {"count": result.done})
            _tell_each(request, [(one.application, one.reason) for one in result.left_out])
            gone = _("The place that was kept is gone: give another one.")
            _tell_each(request, [(application, gone) for application in result.without_place])
            return redirect(ranking)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Take back the last change: %(session)s") % {"session": session},
            "session": session,
            "count": len(change.rows) if change else 0,
            "decision": Decision(change.rows[0][3]).label if change else "",
            "session_url": reverse("admin:cohorts_session_change", args=[session.pk]),
            "ranking_url": ranking,
        }
        return TemplateResponse(request, "admin/cohorts/take_back.html", context)


def ask_to_decide(model_admin, request, session: Session, numbers: list[int], decision: str):
    """The page that asks, or, with the button “write”, the writing. From the ranking and from the list of applications."""
    order = request.POST.get("order", "shown")
    order = order if order in ORDERS else "shown"
    is_waitlist = decision == Decision.WAITLIST
    ordered = _ordered(session, numbers, order, request.user)
    wish: dict[str, Any] = {"ranked": order != "none"}
    if "write" in request.POST and order != request.POST.get("order_shown", order):
        messages.info(request, _("This is the order that you chose. Nothing is noted yet."))
    elif "write" in request.POST:
        # The numbers stand in the order that was shown: what was typed over them counts.
        wish["ranks"] = _typed_ranks(request, numbers)
        expected = request.POST.get("fingerprint", "")
        try:
            plan, change = set_pending_decisions(session, ordered, decision, by=request.user, expected=expected, **wish)
        except DecisionError as error:
            messages.error(request, str(error))
        else:
            _done(model_admin, request, session, plan, change)
            return redirect(_back(request, session))
    plan = plan_decisions(session, ordered, decision, by=request.user, ranked=wish["ranked"])
    most = BY_HAND if is_waitlist else SHOWN
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": session._meta,
        "title": _("%(decision)s: %(session)s") % {"decision": _title(decision), "session": session},
        "session": session,
        "session_url": reverse("admin:cohorts_session_change", args=[session.pk]),
        "plan": plan,
        "not_eligible": _not_eligible(plan) if decision in (Decision.OFFER, Decision.WAITLIST) else [],
        "shown": plan.changes[:most],
        "not_shown": max(len(plan.changes) - most, 0),
        "by_hand": is_waitlist and order != "none" and len(plan.changes) <= BY_HAND,
        "orders": ORDERS.items(),
        "order": order,
        "is_waitlist": is_waitlist,
        "chosen": ",".join(map(str, numbers)),
        "query": request.POST.get("query", ""),
        "came_from": "ranking" if request.POST.get("came_from") == "ranking" else "list",
        "back": _back(request, session),
    }
    return TemplateResponse(request, "admin/cohorts/decide.html", context)


def _not_eligible(plan: BulkPlan) -> list[Application]:
    """Whom the site left out so far and who would now get a place, or wait for one."""
    every = (one.application for one in plan.changes)
    return [application for application in every if application.eligibility == Application.Eligibility.NOT_ELIGIBLE]


def last_change(request, session: Session) -> BulkChange | None:
    """What this person last noted at once in this session, as long as nothing was noted at once elsewhere since."""
    kept = request.session.get(LAST_CHANGE)
    if not kept or kept["session"] != session.pk:
        return None
    return BulkChange(kept["session"], kept["rows"])


def _title(decision: str) -> str:
    titles = {
        Decision.OFFER: _("Offer a place to several"),
        Decision.WAITLIST: _("Put several on the waitlist"),
        Decision.NOT_SELECTED: _("Several are not selected"),
        Decision.NONE: _("Take several decisions back"),
    }
    return titles[Decision(decision)]


def _done(model_admin, request, session: Session, plan: BulkPlan, change: BulkChange) -> None:
    count = len(plan.changes)
    if not count:
        messages.warning(request, _("Nothing was to be noted."))
        return
    request.session[LAST_CHANGE] = {"session": change.session_id, "rows": change.rows}
    if plan.decision == Decision.NONE:
        text = ngettext("%(count)s decision was taken back.", "%(count)s decisions were taken back.", count)
    else:
        text = ngettext("%(count)s decision is pending.", "%(count)s decisions are pending.", count)
    text = text % {"count": count}
    model_admin.log_change(request, session, text)
    undo = reverse("admin:cohorts_session_take_back", args=[session.pk])
    messages.success(request, format_html('{} <a href="{}">{}</a>', text, undo, _("Take this back")))
    _tell_each(request, [(one.application, one.reason) for one in plan.left_out])


def _tell_each(request, people) -> None:
    """A warning for each person: ten at most, and how many more."""
    for application, reason in people[:10]:
        messages.warning(request, f"{application.applicant.get_full_name()}: {reason}")
    if len(people) > 10:
        left = len(people) - 10
        messages.warning(request, ngettext("… and %(count)s more.", "… and %(count)s more.", left) % {"count": left})


def _back(request, session: Session) -> str:
    if request.POST.get("came_from") == "ranking":
        choice = _choice(request, session)
        return reverse("admin:cohorts_session_ranking", args=[session.pk]) + choice.query()
    return reverse("admin:cohorts_application_changelist") + f"?session__id__exact={session.pk}"


def _choice(request, session: Session) -> RankingChoice:
    query = QueryDict(request.POST.get("query", "").lstrip("?"))
    return RankingChoice(query, session=session, criteria=list(session.criteria.all()))


def _numbers(values) -> list[int]:
    """The numbers in texts that are separated by commas, each once, in their order."""
    found = (sent_number(word) for text in values for word in text.split(","))
    return list(dict.fromkeys(number for number in found if number is not None))


def _chosen(request, session: Session) -> list[int]:
    """Whom the form means: the ticked ones, the first so many of the list, or all of it that have no decision."""
    who = request.POST.get("who", "ticked")
    if who == "ticked":
        return _numbers(request.POST.getlist("chosen"))
    ranking = rank(session, list(session.criteria.all()), viewer=request.user)
    listed = _choice(request, session).choose(ranking, viewer=request.user)
    if who == "first":
        return listed[: sent_number(request.POST.get("first")) or 0]
    if who == "undecided":
        undecided = Application.objects.filter(
            session=session, pending_decision=Decision.NONE, status=Application.Status.SUBMITTED
        )
        known = set(undecided.values_list("pk", flat=True))
        return [pk for pk in listed if pk in known]
    raise Http404


def _typed_ranks(request, numbers: list[int]) -> dict[int, int]:
    typed = {pk: sent_number(request.POST.get(f"rank-{pk}")) for pk in numbers}
    return {pk: rank for pk, rank in typed.items() if rank is not None}


def _ordered(session: Session, numbers: list[int], order: str, viewer) -> list[int]:
    if order not in ("tier", "adjusted"):
        return numbers
    scores = rank(session, list(session.criteria.all()), viewer=viewer).scores.adjusted
    tiers: dict[int, int | None] = {}
    if order == "tier":
        tiers = dict(Application.objects.filter(session=session).values_list("pk", "tier"))
    last = 100

    def key(pk: int) -> tuple:
        tier, score = tiers.get(pk), scores.get(pk)
        return (last if tier is None else tier, score is None, -(score or 0))

    return sorted(numbers, key=key)
