"""Making a meeting: what kind and with whom, which time, a look at what it means, and only then is it written and told."""

import zoneinfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.signed_in import signed_in
from accounts.zones import zone_label
from cohorts.forms.meeting import ASK, BIWEEKLY, ONCE, WEEKLY, MeetingForm, typed
from cohorts.meeting_people import may_arrange, may_pair, people_of, who_can_be_asked, who_leads
from cohorts.meeting_polls import propose_times
from cohorts.meeting_rules import PRIVATE_KINDS, MeetingRefused
from cohorts.meeting_series import series_starts
from cohorts.meeting_time_look import check_times, look_at_times
from cohorts.meetings import create_meeting, create_series
from cohorts.models import Cohort, Meeting, Membership, Session


@signed_in
@require_http_methods(["GET", "POST"])
def new_meeting(request, pk):
    """A meeting of a cohort: for those who arrange; members arrange pairing and ask for a 1:1."""
    cohort = get_object_or_404(Cohort.objects.visible_to(request.user).select_related("session"), pk=pk)
    return _Making(request, cohort.session, cohort).answer()


@signed_in
@require_http_methods(["GET", "POST"])
def new_session_meeting(request, slug):
    """A meeting of everybody in a session: for its organisers."""
    session = get_object_or_404(Session.objects.organised_by(request.user), slug=slug)
    return _Making(request, session, None).answer()


class _Making:
    """One request to the page."""

    def __init__(self, request, session: Session, cohort: Cohort | None):
        self.request, self.session, self.cohort = request, session, cohort
        self.where: Cohort | Session = cohort or session
        self.arranges = may_arrange(request.user, self.where)
        if not self.arranges and not (cohort is not None and may_pair(request.user, cohort)):
            raise Http404
        self.leaders = set(who_leads(cohort).values_list("pk", flat=True)) if cohort is not None else set()
        self.can_be_asked = self._can_be_asked()

    def _can_be_asked(self) -> list:
        """Members meet the people of their cohort; those who arrange may ask organisers as well. A session's meetings are for everybody."""
        if self.cohort is None:
            return []
        people = who_can_be_asked(self.request.user, self.cohort).order_by("name", "pk")
        if not self.arranges:
            here = Membership.objects.present().filter(cohort=self.cohort)
            people = people.filter(pk__in=here.values("user_id"))
        return list(people)

    def answer(self):
        step = self.request.POST.get("step", "") if self.request.method == "POST" else "begin"
        if step == "begin":
            return self._page(self._form(initial=self._begin()), chosen=[])
        form = self._form(self.request.POST)
        if step in ("look", "back"):
            return self._page(self._form(initial=typed(form)), chosen=form.chosen())
        if not form.is_valid():
            return self._page(form, chosen=form.chosen(), status=422)
        return self._write(form) if step == "write" else self._check(form)

    def _begin(self) -> dict:
        """What an address may say beforehand: `?kind=one_to_one&with=7`."""
        kinds = [kind for kind, _label in self._form().fields["kind"].choices]
        asked = self.request.GET.get("kind")
        known = {str(person.pk) for person in self.can_be_asked}
        people = [pk for pk in self.request.GET.getlist("with") if pk in known]
        if not people and not self.arranges and self.cohort is not None:
            leaders = sorted(known & {str(pk) for pk in self.leaders})
            people = leaders if len(leaders) == 1 else []
        kind = asked if asked in kinds else kinds[0]
        today = timezone.localtime().date()
        return {
            "kind": kind,
            "people": people,
            "minutes": 30 if kind == Meeting.Kind.ONE_TO_ONE else 60,
            "look_from": today,
            "how": ASK if not self.arranges and kind == Meeting.Kind.ONE_TO_ONE else ONCE,
        }

    def _form(self, *args, **kwargs) -> MeetingForm:
        around = {"where": self.where, "arranges": self.arranges, "people": self.can_be_asked, "leaders": self.leaders}
        return MeetingForm(*args, **around, zones=self._zones(), **kwargs)

    def _zones(self) -> list[tuple[str, str]]:
        """Clocks that a series may follow: one's own, the session's, and those of the people of the cohort."""
        names = [
            timezone.get_current_timezone_name(),
            self.session.time_zone,
            *sorted({one.time_zone for one in self.can_be_asked}),
        ]
        return [(name, name.replace("_", " ")) for name in dict.fromkeys(names)]

    def _people(self, kind: str, chosen) -> list:
        """Who would come."""
        if kind in PRIVATE_KINDS:
            return [self.request.user, *(person for person in chosen if person.pk != self.request.user.pk)]
        return people_of(Meeting(session=self.session, cohort=self.cohort))

    def _page(self, form, *, chosen, status=200):
        kind = form["kind"].value()
        keys = set(form["people"].value() or []) if "people" in form.fields else set()
        minutes = _number(form["minutes"].value())
        look = look_at_times(
            self._people(kind, [person for person in self.can_be_asked if str(person.pk) in keys]),
            you=self.request.user,
            minutes=minutes,
            look_from=_day(form),
            chosen=chosen,
        )
        context = {
            "session": self.session,
            "cohort": self.cohort,
            "form": form,
            "look": look,
            "arranges": self.arranges,
            "is_private": kind in PRIVATE_KINDS,
            "minutes": minutes,
            "zone": zone_label(timezone.localtime()),
        }
        page = "cohorts/_meeting_times.html" if self.request.htmx else "cohorts/meeting_new.html"
        return render(self.request, page, context, status=status)

    def _starts(self, data) -> list:
        if data["how"] not in (WEEKLY, BIWEEKLY):
            return data["times"]
        return series_starts(self.session, **_weekly(data))

    def _check(self, form):
        data = form.cleaned_data
        people = self._people(data["kind"], data["people"])
        starts = self._starts(data)
        if not starts:
            form.add_error("how", _("No week of the session is left from that day on. Make a single meeting instead."))
            return self._page(form, chosen=form.chosen(), status=422)
        pause = self.session.pause if data["how"] in (WEEKLY, BIWEEKLY) else None
        context = {
            "session": self.session,
            "cohort": self.cohort,
            "check": check_times(people, starts, you=self.request.user, minutes=data["minutes"]),
            "people": people,
            "how": data["how"],
            "kind": Meeting.Kind(data["kind"]).label,
            "title": data["title"] or Meeting.Kind(data["kind"]).label,
            "link": data["link"],
            "zone": zone_label(timezone.localtime()),
            "pause": pause if pause and pause[1] >= starts[0].date() else None,
            "asks": data["how"] == ASK,
            "kept": self._kept(form),
        }
        return render(self.request, "cohorts/meeting_check.html", context)

    def _kept(self, form) -> list[tuple[str, str]]:
        """Everything that was typed, to be sent again."""
        return [(name, value) for name, values in self.request.POST.lists() if name in form.fields for value in values]

    def _write(self, form):
        data = form.cleaned_data
        common = {
            "by": self.request.user,
            "cohort": self.cohort,
            **{name: data[name] for name in ("kind", "minutes", "title", "link", "agenda", "people", "form")},
        }
        zone = timezone.get_current_timezone_name()
        try:
            if data["how"] == ASK:
                meeting = propose_times(self.session, times=data["times"], time_zone=zone, **common)
                messages.success(self.request, _("Asked. You see here who can when, and settle a time with one press."))
                return redirect("meeting_times", pk=meeting.pk)
            if data["how"] == ONCE:
                meeting = create_meeting(self.session, starts_at=data["times"][0], time_zone=zone, **common)
                messages.success(self.request, _("The meeting is made. Everybody who is expected gets an invitation."))
                return redirect("meeting", pk=meeting.pk)
            made = create_series(self.session, **_weekly(data), **common)
        except PermissionDenied:
            raise Http404 from None
        except (MeetingRefused, ValidationError) as error:
            form.add_error(None, str(error) if isinstance(error, MeetingRefused) else error.messages)
            return self._page(form, chosen=form.chosen(), status=422)
        words = ngettext(
            "%(number)s meeting is made. Everybody who is expected gets an invitation.",
            "%(number)s meetings are made. Everybody who is expected gets an invitation.",
            len(made),
        )
        messages.success(self.request, words % {"number": len(made)})
        return redirect(reverse("meetings", args=[self.cohort.pk]) if self.cohort is not None else made[0])


def _weekly(data) -> dict:
    """The first day, the hour and the clock of a series, from the one time that was chosen."""
    zone = data["time_zone"] or timezone.get_current_timezone_name()
    local = data["times"][0].astimezone(zoneinfo.ZoneInfo(zone))
    return {"first_on": local.date(), "at": local.time(), "time_zone": zone, "every": 2 if data["how"] == BIWEEKLY else 1}


def _number(value) -> int:
    try:
        return min(max(int(value), 5), 24 * 60)
    except (TypeError, ValueError):
        return 60


def _day(form):
    """The day from which times are looked for; None where none can be read."""
    try:
        return form.fields["look_from"].clean(form["look_from"].value())
    except ValidationError:
        return None
