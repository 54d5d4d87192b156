"""The page of a session's waitlist: its order, places that came free, offering one, and what was tried."""

from django.contrib import messages
from django.db.models import Q
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from cohorts.models import Application, Session
from cohorts.pending import DecisionError
from cohorts.waitlist import free_places
from cohorts.waitlist_offers import (
    OfferError,
    cohorts_with_room,
    next_up,
    offer_place,
    plan_offer,
    prepared_offers,
    switch_offering,
    tried,
)
from cohorts.waitlist_order import PENDING, PUBLISHED, RANKS, reorder, standing

from .sent_numbers import sent_number

URL_NAME = "cohorts_session_waitlist"
Status = Application.Status

#: Rows of a list that the page shows: more fields than these are no form any more. The others keep their order.
SHOWN = 300


class WaitlistMixin:
    """Adds the waitlist to the admin of sessions."""

    def get_urls(self):
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/waitlist/", view(self.waitlist_view), name=URL_NAME),
            path("<int:pk>/waitlist/automatic/", view(self.waitlist_automatic_view), name=f"{URL_NAME}_automatic"),
            path("<int:pk>/waitlist/offer/<int:application>/", view(self.waitlist_offer_view), name=f"{URL_NAME}_offer"),
        ]
        return own + super().get_urls()

    def steps_of(self, session: Session, user) -> list[dict]:
        steps = super().steps_of(session, user)
        on_it = Q(status=Status.WAITLISTED) | Q(pending_decision=Application.Decision.WAITLIST)
        if Application.objects.decided_by(user).filter(on_it, session=session).exists():
            steps.append({"label": _("Waitlist"), "url": reverse(f"admin:{URL_NAME}", args=[session.pk])})
        return steps

    def _waitlist_context(self, request, session: Session, title: str) -> dict:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "session": session,
            "session_url": reverse("admin:cohorts_session_change", args=[session.pk]),
            "waitlist_url": reverse(f"admin:{URL_NAME}", args=[session.pk]),
        }

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def waitlist_view(self, request, pk: int):
        """GET: the lists. POST puts one of them in another order."""
        session = self._organised(request, pk)
        if request.method == "POST":
            return self._reorder(request, session)
        seen = standing(session, by=request.user)
        free, _ever = free_places(session)
        context = self._waitlist_context(request, session, _("Waitlist: %(session)s") % {"session": session})
        context |= {
            "standing": seen,
            "lists": [
                (which, places[:SHOWN], seen.fingerprint(which), max(len(places) - SHOWN, 0))
                for which, places in ((PUBLISHED, seen.published), (PENDING, seen.pending))
            ],
            "free": free,
            "prepared": prepared_offers(session, by=request.user),
            "next": next_up(session, by=request.user) if session.published_at else None,
            "tried": tried(session, by=request.user),
        }
        return TemplateResponse(request, "admin/cohorts/waitlist.html", context)

    def _reorder(self, request, session: Session):
        which = request.POST.get("list", "")
        if which not in RANKS:
            raise Http404
        step = None
        for name, by in (("up", -1), ("down", 1)):
            number = sent_number(request.POST.get(name, ""))
            if number is not None:
                step = (number, by)
        typed = {
            int(name.removeprefix("rank-")): sent_number(value)
            for name, value in request.POST.items()
            if name.startswith("rank-") and sent_number(name.removeprefix("rank-")) is not None
            # What is no number changes nothing; an empty field takes the rank away.
            if sent_number(value) is not None or not value.strip()
        }
        try:
            changed = reorder(session, which, typed, by=request.user, expected=request.POST.get("fingerprint", ""), step=step)
        except DecisionError as error:
            messages.error(request, str(error))
        else:
            text = ngettext("%(count)s rank has changed.", "%(count)s ranks have changed.", changed) % {"count": changed}
            if changed:
                self.log_change(request, session, _("Put the waitlist in another order."))
            messages.success(request, text if changed else _("The order stays as it was."))
        anchor = f"#row-{step[0]}" if step else f"#{which}"
        return redirect(reverse(f"admin:{URL_NAME}", args=[session.pk]) + anchor)

    @method_decorator(require_POST)
    def waitlist_automatic_view(self, request, pk: int):
        session = self._organised(request, pk)
        on = request.POST.get("on") == "1"
        try:
            switch_offering(session, on, by=request.user)
        except OfferError as error:
            messages.error(request, str(error))
        else:
            text = _("The site offers free places by itself from now on.") if on else _("Free places are yours to offer now.")
            self.log_change(request, session, text)
            messages.success(request, text)
        return redirect(f"admin:{URL_NAME}", pk=session.pk)

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def waitlist_offer_view(self, request, pk: int, application: int):
        """GET shows the mail before it goes; POST sends it, if it is the one that was shown."""
        session = self._organised(request, pk)
        asked = request.POST if request.method == "POST" else request.GET
        chosen, cohort = "cohort" in asked, sent_number(asked.get("cohort", ""))
        back = f"admin:{URL_NAME}"
        try:
            if request.method == "POST":
                expected = request.POST.get("fingerprint", "")
                done = offer_place(session, application, by=request.user, expected=expected, cohort=cohort, chosen=chosen)
                text = _("A place is offered to %(person)s. The mail is on its way.")
                text = text % {"person": done.applicant.get_full_name()}
                self.log_change(request, session, _("Offered a place from the waitlist."))
                messages.success(request, text)
                return redirect(back, pk=session.pk)
            plan = plan_offer(session, application, by=request.user, cohort=cohort, chosen=chosen)
        except Application.DoesNotExist:
            raise Http404 from None
        except OfferError as error:
            messages.error(request, str(error))
            return redirect(back, pk=session.pk)
        context = self._waitlist_context(
            request, session, _("Offer a place to %(person)s") % {"person": plan.application.applicant.get_full_name()}
        )
        rooms = [(room.pk, room.name, str(room.project or ""), room.taken) for room in cohorts_with_room(session)]
        known = {pk for pk, *_rest in rooms}
        if plan.cohort is not None and plan.cohort.pk not in known:
            rooms.insert(0, (plan.cohort.pk, plan.cohort.name, str(plan.cohort.project or ""), session.cohort_size_max))
        context |= {"plan": plan, "rooms": rooms}
        return TemplateResponse(request, "admin/cohorts/waitlist_offer.html", context)
