"""Feedback of one's own: what is asked, the form, and what was said."""

import re
import secrets

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.signed_in import signed_in
from cohorts.feedback import asking, writing
from cohorts.feedback.values import in_words, typed_of
from cohorts.forms.feedback import FeedbackEntryForm
from cohorts.kept_words import forget_words, keeps_words, kept_words
from cohorts.models import Feedback, Membership


@never_cache
@signed_in
@require_safe
def my_feedback(request):
    """What `user` is asked now, and what they said."""
    now = timezone.now()
    own = _own(request.user).prefetch_related("form__questions").order_by("due_on", "pk")
    asked, later, said, missed = [], [], [], []
    for row in own:
        row.last_minute, row.is_open = writing.last_minute(row), writing.is_open(row, now)
        row.by = writing.end_of(row.due_on, row.form.session)
        if row.written_at:
            said.append(row)
        elif not row.is_open:
            missed.append(row)
        elif row.excused_at:
            later.append(row)
        else:
            asked.append(row)
    context = {
        "asked": asked,
        "not_asked": later,
        "said": sorted(said, key=lambda row: row.written_at, reverse=True),
        "missed": [row for row in missed if row.values],
        "offered": asking.offered_to_who_left(request.user, now),
        "membership": _member_page(request.user),
    }
    return render(request, "cohorts/my_feedback.html", context)


@never_cache
@keeps_words(re.compile(r"q\d{1,18}"), "cohorts/feedback.html#saved")
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def feedback(request, pk):
    """The form while it is open, else what was said. POST saves a draft (`save=draft`) or hands in."""
    row = get_object_or_404(_own(request.user), pk=pk)
    if request.method == "POST":
        return _save(request, row)
    form, kept = None, kept_words(request)
    if writing.is_open(row):
        form = FeedbackEntryForm(row.form, values=row.values, save_url=request.path)
        form.initial |= kept
    return render(request, "cohorts/feedback.html", _context(row, form) | {"is_kept": bool(kept)})


@signed_in
@require_POST
def tell_feedback(request, membership):
    """Begin the form about the end, for somebody who left and wants to tell how it was."""
    place = get_object_or_404(Membership.objects.visible_to(request.user).filter(user=request.user), pk=membership)
    try:
        row = asking.begin_to_tell(place, by=request.user)
    except asking.NothingToTell as error:
        messages.info(request, str(error))
        return redirect("my_feedback")
    return redirect("feedback", pk=row.pk)


def _own(user):
    """Rows of `user` alone: also organisers read those of others only as results."""
    return (
        Feedback.objects.visible_to(user)
        .filter(membership__user=user)
        .select_related("form__session", "membership__cohort", "about__user")
    )


def _member_page(user):
    """The newest place as a member, for the sub-navigation; None for others."""
    newest = Membership.objects.visible_to(user).filter(user=user).members().present()
    return newest.select_related("user", "cohort__session").order_by("-cohort__session__starts_on", "-pk").first()


def _save(request, row):
    form = FeedbackEntryForm(row.form, request.POST, save_url=request.path)
    name, draft = request.POST.get("field", ""), request.POST.get("save") == "draft"
    only = name if draft and request.htmx else ""
    write = writing.save_draft if draft else writing.hand_in
    page = request.POST.get("page", "")[:40]
    try:
        saved = write(row, by=request.user, typed=form.typed(only), version=_number(request.POST.get("version")), form=page)
    except writing.FeedbackClosed as error:
        return _refused(request, row, form, str(error))
    except writing.ChangedElsewhere as error:
        return _elsewhere(request, form, error.feedback)
    forget_words(request, [only] if only else form.fields)
    if request.htmx:
        problem = saved.errors.get(int(only[1:]), "") if only in form.fields else " ".join(saved.errors.values())
        return render(request, "cohorts/feedback.html#saved", {"saved": saved.feedback, "problem": problem})
    if saved.errors:
        form.show_errors(saved.errors)
        return render(request, "cohorts/feedback.html", _context(saved.feedback, form, page), status=422)
    if draft and not saved.feedback.written_at:
        at = time_format(timezone.localtime(saved.feedback.updated_at), "H:i")
        messages.success(request, _("Saved %(time)s. Only you see it until you hand it in.") % {"time": at})
        return redirect(request.path)
    messages.success(request, _("Thank you. What you said helps us to make this better."))
    return redirect("my_feedback")


def _elsewhere(request, form, stored):
    """Both answers are shown; what was typed stays in the form, and saving again keeps it."""
    if request.htmx:
        problem = _("Another tab saved something else. What you typed is still here: press a button to compare.")
        return render(request, "cohorts/feedback.html#saved", {"problem": problem})
    typed = form.typed()
    others = [
        (question.label, in_words(question, stored.values[str(question.pk)]))
        for question in form.questions
        if str(question.pk) in stored.values
        and question.pk in typed
        and typed[question.pk].strip() != typed_of(stored.values[str(question.pk)])
    ]
    return render(request, "cohorts/feedback.html", _context(stored, form) | {"elsewhere": others}, status=409)


def _refused(request, row, form, problem):
    """Too late: what was typed is shown to be copied."""
    if request.htmx:
        return render(request, "cohorts/feedback.html#saved", {"problem": problem})
    typed = form.typed()
    words = [(question.label, typed[question.pk]) for question in form.questions if typed.get(question.pk, "").strip()]
    return render(request, "cohorts/feedback.html", _context(row, None) | {"refused": problem, "typed": words}, status=409)


def _context(row, form, page=""):
    if row.membership_id is None:
        raise Http404
    answers = [
        (question, in_words(question, row.values[str(question.pk)]))
        for question in row.form.questions.all()
        if str(question.pk) in row.values
    ]
    return {
        "feedback": row,
        "session": row.form.session,
        "form": form,
        "answers": answers,
        "due": writing.end_of(row.due_on, row.form.session),
        "last_minute": writing.last_minute(row),
        "is_late": timezone.now() > writing.end_of(row.due_on, row.form.session),
        "page": page or secrets.token_urlsafe(12),
        "is_about_program": row.about_id is None,
    }


def _number(text) -> int | None:
    """The version that a page names; None for anything unreadable."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else None
