"""Replies and cheers: on the page of a check-in, and straight from the boards."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.signed_in import signed_in
from cohorts import checkin_replies
from cohorts.checkin_threads import threads_of
from cohorts.models import CheckIn, CheckInReply, Membership

from .checkins import next_page, render_checkin

THREAD = "cohorts/_thread.html"
ANSWER = "cohorts/_answer.html"


@signed_in
@require_POST
def reply(request, pk):
    """Say something to a check-in. From a board (`place`) one stays there; what cannot be saved stays in the form."""
    checkin = _checkin(request.user, pk)
    if not checkin_replies.may_reply(request.user, checkin):
        raise Http404
    text, place, problem = request.POST.get("text", ""), request.POST.get("place", "")[:20], ""
    written = None
    try:
        written = checkin_replies.reply(checkin, by=request.user, text=text)
    except ValidationError as error:
        problem = " ".join(error.messages)
    if request.htmx and place:
        context = {
            "checkin": checkin,
            "checkin_id": checkin.pk,
            "place": place,
            "problem": problem,
            "text": text,
            "sent": written,
        }
        return render(request, ANSWER, context | {"membership": checkin.membership, "next": next_page(request)})
    if request.htmx:
        return _thread(request, checkin, problem=problem, text=text if problem else "", written=written)
    if problem:
        return render_checkin(
            request, checkin.membership, checkin.week, checkin, status=422, reply_problem=problem, reply_text=text
        )
    messages.success(request, _("Your reply stands there. %(name)s can read it now.") % {"name": checkin.membership.user})
    return redirect(next_page(request) or f"{_page_of(checkin)}#reply-{written.pk}")


@signed_in
@require_POST
def cheer(request, pk):
    """Be glad with the member, or take it back (`undo`)."""
    checkin = _checkin(request.user, pk)
    if not checkin_replies.may_cheer(request.user, checkin):
        raise Http404
    if "undo" in request.POST:
        checkin_replies.take_cheer_back(checkin, by=request.user)
    else:
        checkin_replies.cheer(checkin, by=request.user)
    if request.htmx:
        return _thread(request, checkin)
    return redirect(next_page(request) or f"{_page_of(checkin)}#replies")


@signed_in
@require_http_methods(["GET", "POST"])
def edit_reply(request, pk):
    """Change one's own words, for a day."""
    written = _own_reply(request.user, pk)
    text, problem = request.POST.get("text", written.text), ""
    if request.method == "POST":
        try:
            checkin_replies.edit_reply(written, by=request.user, text=text)
        except (ValidationError, checkin_replies.ReplyError) as error:
            problem = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        else:
            messages.success(request, _("Your reply is changed."))
            return redirect(f"{_page_of(written.checkin)}#reply-{written.pk}")
    context = {"reply": written, "checkin": written.checkin, "text": text, "problem": problem}
    return render(request, "cohorts/edit_reply.html", context, status=422 if problem else 200)


@signed_in
@require_http_methods(["GET", "POST"])
def delete_reply(request, pk):
    """Take one's own words back, for a day; asks first."""
    written = _own_reply(request.user, pk)
    checkin = written.checkin
    if request.method == "POST":
        try:
            checkin_replies.delete_reply(written, by=request.user)
        except checkin_replies.ReplyError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Your reply is deleted."))
        return redirect(f"{_page_of(checkin)}#replies")
    return render(request, "cohorts/delete_reply.html", {"reply": written, "checkin": checkin})


def _thread(request, checkin, *, problem="", text="", written=None):
    thread = threads_of(request.user, [checkin])[checkin.pk]
    context = {"thread": thread, "checkin": checkin, "membership": checkin.membership, "reply_problem": problem}
    context |= {"reply_text": text, "just_written": written}
    return render(request, THREAD, context | {"yours": checkin.membership.user_id == request.user.pk})


def _page_of(checkin) -> str:
    return reverse("checkin", args=[checkin.membership_id, checkin.week.number])


def _checkin(user, pk):
    """A check-in that `user` sees, of somebody whose page they see."""
    seen = CheckIn.objects.visible_to(user).filter(membership__in=Membership.objects.visible_to(user))
    found = get_object_or_404(
        seen.select_related("week", "membership__user", "membership__cohort__session", "membership__cohort__project"), pk=pk
    )
    found.week.session = found.membership.cohort.session
    return found


def _own_reply(user, pk):
    seen = CheckInReply.objects.visible_to(user).filter(author=user)
    return get_object_or_404(
        seen.select_related("checkin__week", "checkin__membership__user", "checkin__membership__cohort__session"), pk=pk
    )
