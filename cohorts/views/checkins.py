"""The weekly check-in: writing, reading, resting, and when one is reminded of it."""

import datetime
import secrets

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access.safe_next import safe_next
from accounts.signed_in import signed_in
from cohorts import checkins
from cohorts.checkin_reminders import choose_reminder
from cohorts.checkin_threads import threads_of
from cohorts.forms.checkin import CheckInForm, ReminderForm
from cohorts.kept_words import forget_words, keeps_words, kept_words
from cohorts.models import CheckIn, Membership

PAGE = "cohorts/checkin.html"


@keeps_words(checkins.WORDS, "cohorts/checkin.html#saved")
@signed_in
@require_http_methods(["GET", "POST"])
def checkin(request, membership, number):
    """One member's check-in of one week: a form for the member while it is open, else what was written."""
    membership = member_seen_by(request.user, membership)
    week = get_object_or_404(membership.cohort.session.calendar, number=number)
    week.session = membership.cohort.session
    stored = CheckIn.objects.visible_to(request.user).filter(membership=membership, week=week).first()
    writes = checkins.may_write(request.user, membership)
    if request.method == "POST":
        if not writes:
            raise Http404
        return _save(request, membership, week, stored)
    return render_checkin(request, membership, week, stored)


def render_checkin(request, membership, week, stored, *, status: int = 200, **more):
    """The page as it is opened, with `more` in its context."""
    form = None
    if checkins.may_write(request.user, membership) and checkins.is_open(week):
        kept = kept_words(request)
        form = CheckInForm(instance=stored, initial=kept, save_url=reverse("checkin", args=[membership.pk, week.number]))
        more["is_kept"] = bool(kept)
    return render(request, PAGE, _context(request, membership, week, stored, form) | more, status=status)


@signed_in
@require_POST
def rest(request, membership):
    """Rest in the week that runs, or in another open one (`week`, its number), or take it back (`undo`)."""
    membership = member_seen_by(request.user, membership)
    if not checkins.may_write(request.user, membership):
        raise Http404
    try:
        week = _asked_week(request, membership) or checkins.week_to_rest(membership)
        if "undo" in request.POST:
            checkins.stop_resting(membership, week, by=request.user)
            messages.success(request, _("Welcome back. You no longer rest this week."))
        else:
            checkins.rest(membership, week, by=request.user)
            messages.success(request, _("You rest this week. Nothing is expected of you; your cohort sees that you rest."))
    except checkins.CheckInClosed as error:
        messages.error(request, str(error))
    return redirect(next_page(request) or reverse("progress", args=[membership.pk]))


def _asked_week(request, membership):
    number = request.POST.get("week", "")
    if not number:
        return None
    if not number.isdecimal() or len(number) > 4:
        raise Http404
    week = get_object_or_404(membership.cohort.session.calendar, number=int(number))
    week.session = membership.cohort.session
    return week


@signed_in
@require_http_methods(["GET", "POST"])
def reminder(request, membership):
    """When the member is reminded of the check-in."""
    membership = member_seen_by(request.user, membership)
    if not checkins.may_write(request.user, membership):
        raise Http404
    form = ReminderForm(request.POST or None, membership=membership)
    if request.method == "POST" and form.is_valid():
        choose_reminder(membership, by=request.user, day=form.cleaned_data["day"], time=form.cleaned_data["time"])
        if form.cleaned_data["day"] is None:
            messages.success(request, _("Saved. You are not reminded of your check-in."))
        else:
            messages.success(request, _("Saved. You are reminded in weeks in which you have not written and do not rest."))
        return redirect(next_page(request) or reverse("progress", args=[membership.pk]))
    context = {"membership": membership, "session": membership.cohort.session, "reminder_form": form, "form": form, "yours": True}
    return render(request, "cohorts/checkin_reminder.html", context | {"next": next_page(request)})


def _save(request, membership, week, stored):
    form = CheckInForm(request.POST, instance=stored or CheckIn(membership=membership, week=week), save_url=request.path)
    form.is_valid()
    field, draft = request.POST.get("field", ""), request.POST.get("save") == "draft"
    names = [field] if field in form.fields else list(form.fields)
    values = {name: form.cleaned_data[name] for name in names if name in form.cleaned_data}
    write = checkins.save_draft if draft or form.errors else checkins.hand_in
    try:
        saved = write(membership, week, by=request.user, values=values, seen=_seen(request), form=_name_of(request))
    except checkins.CheckInClosed as error:
        return _refused(request, membership, week, form, str(error))
    except checkins.ChangedElsewhere as error:
        return _elsewhere(request, membership, week, form, error)
    except checkins.NothingWritten as error:
        form.add_error(None, str(error))
        return render(request, PAGE, _context(request, membership, week, stored, form))
    forget_words(request, values)
    problem = " ".join(form.errors[field]) if field in form.errors else ""
    if request.htmx:
        return render(request, f"{PAGE}#saved", {"saved": saved, "problem": problem})
    if form.errors:
        return render(request, PAGE, _context(request, membership, week, saved, form))
    return _thank(request, membership, saved, draft)


def _thank(request, membership, saved, draft):
    """Say what became of it, and lead to where one goes on."""
    at = time_format(timezone.localtime(saved.updated_at), "H:i")
    if draft:
        only_you = _("Saved %(time)s. Only you see it until you hand it in.")
        messages.success(request, (_("Saved %(time)s.") if saved.written_at else only_you) % {"time": at})
    elif saved.written_at:
        messages.success(request, _("Thank you. Your cohort can read it now."))
        return redirect("progress", pk=membership.pk)
    else:
        messages.success(request, _("You rest in this week, and no word is needed. Rest well."))
        return redirect("progress", pk=membership.pk)
    return redirect(request.path)


def _elsewhere(request, membership, week, form, error):
    """Both texts are shown; what was typed stays in the form, and saving again keeps it."""
    if request.htmx:
        return render(
            request,
            f"{PAGE}#saved",
            {"problem": _("Another tab saved other words. Yours are still here: press “Save draft” to compare.")},
        )
    context = _context(request, membership, week, error.checkin, form) | {"elsewhere": error.checkin}
    return render(request, PAGE, context, status=409)


def _refused(request, membership, week, form, problem):
    if request.htmx:
        return render(request, f"{PAGE}#saved", {"problem": problem})
    stored = CheckIn.objects.filter(membership=membership, week=week).first()
    typed = [(field.label, field.value()) for field in form if field.name in checkins.WORDS and field.value()]
    context = _context(request, membership, week, stored, None) | {"refused": problem, "typed": typed}
    return render(request, PAGE, context, status=409)


def _context(request, membership, week, stored, form):
    now, user = timezone.now(), request.user
    session = membership.cohort.session
    weeks = [other for other in session.calendar.all() if other.starts_on <= now.astimezone(session.zone).date()]
    yours = membership.user_id == user.pk
    thread = None
    if stored is not None and stored.pk and (stored.written_at or stored.resting):
        stored.membership, stored.week = membership, week
        thread = threads_of(user, [stored], now=now)[stored.pk]
    return {
        "membership": membership,
        "session": session,
        "week": week,
        "weeks": weeks,
        "checkin": stored,
        "form": form,
        "form_name": _name_of(request) or secrets.token_hex(8),
        "yours": yours,
        "private": checkins.may_see_private(user, membership),
        "opens_at": checkins.opens_at(week),
        "last_minute": checkins.last_minute(week),
        "before": _week_before(user, membership, week) if form else None,
        "not_begun": now < checkins.opens_at(week),
        "thread": thread,
        "reminder_form": ReminderForm(membership=membership) if yours and checkins.may_write(user, membership) else None,
    }


def _week_before(user, membership, week):
    """What the member wrote last, to go on from there."""
    written = CheckIn.objects.visible_to(user).written().filter(membership=membership, week__number__lt=week.number)
    return written.select_related("week").order_by("-week__number").first()


def member_seen_by(user, pk):
    """The membership of a member, as far as `user` may see it; else 404."""
    memberships = Membership.objects.visible_to(user).members()
    return get_object_or_404(memberships.select_related("user", "cohort__session", "cohort__project"), pk=pk)


def _seen(request):
    """When the page that was sent last knew the check-in; None for a new one or for anything unreadable."""
    try:
        seen = datetime.datetime.fromisoformat(request.POST.get("seen", ""))
    except ValueError:
        return None
    return seen if seen.tzinfo else None


def _name_of(request) -> str:
    """The name of the open page that was sent; empty for none."""
    return request.POST.get("form", "")[:40]


def next_page(request) -> str:
    """Where the form asks to go on, if that is a page of this site; else empty."""
    return safe_next(request.POST.get("next") or request.GET.get("next"))
