"""Reporting a concern in confidence, following it, and reading what one was chosen to read."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.limits import TOO_OFTEN, within_limit
from accounts.links import absolute_url
from accounts.signed_in import signed_in
from cohorts import concerns as domain
from cohorts.concerns.reading import NEXT, may_open, to_open
from cohorts.forms.concern import LEFT_OUT, READS, ConcernForm, NoteForm, OpenForm, WordsForm
from cohorts.models import Concern, ConcernContact, Session

SHOWN = 50


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request):
    """The form, for everybody: with a name, or without one and without an account."""
    if request.method == "POST":
        form = ConcernForm(request.POST, by=request.user)
        if form.is_valid():
            if not within_limit(request, "concern", key="all"):
                form.add_error(None, TOO_OFTEN)
                return render(request, "cohorts/report.html", {"form": form}, status=429)
            try:
                return _sent(request, form)
            except domain.ConcernError as error:
                form.add_error(None, str(error))
        return render(request, "cohorts/report.html", {"form": form}, status=422)
    asked = Session.objects.visible_to(request.user).filter(slug=request.GET.get("session", "")[:60]).first()
    form = ConcernForm(by=request.user, initial={"key": domain.new_key(), "session": asked})
    return render(request, "cohorts/report.html", {"form": form})


def _sent(request, form):
    data = form.cleaned_data
    concern = domain.report(
        by=request.user,
        text=data["text"],
        readers=form.people_with(READS),
        left_out=form.people_with(LEFT_OUT),
        key=data["key"],
        named=form.is_named,
        without_operators=data["without_operators"],
        session=data["session"],
        happened=data["happened"],
        reach=data["reach"],
    )
    if concern.reporter_id is None:
        return redirect(reverse("follow_concern", args=[data["key"]]) + "?new=1")
    messages.success(request, _("Sent. Thank you for telling us. Answers stand on this page."))
    return redirect("concern", concern.pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request, token):
    """A report without a name, for whoever holds its link."""
    concern = domain.concern_of(token)
    if concern is None:
        raise Http404
    context = {
        "link": absolute_url(reverse("follow_concern", args=[token])),
        "is_new": "new" in request.GET,
        "here": reverse("follow_concern", args=[token]),
    }
    response = _of_sender(request, concern, context)
    # The address is a key: it must not travel on as a referrer, nor stay in a search engine.
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    return response


@never_cache
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def concern(request, pk):
    """One report, for who sent it and for those who read it."""
    found = get_object_or_404(Concern.objects.visible_to(request.user).select_related("session", "reporter"), pk=pk)
    here = {"here": reverse("concern", args=[pk])}
    if found.reporter_id == request.user.pk:
        return _of_sender(request, found, here)
    domain.mark_read(found, by=request.user)
    return _of_reader(request, found, here)


def _of_sender(request, found, context):
    form = WordsForm()
    if request.method == "POST":
        if not within_limit(request, "concern_words", key=str(found.pk)):
            return _page(request, found, {**context, "form": WordsForm(request.POST), "problem": TOO_OFTEN}, status=429)
        try:
            if request.POST.get("deed") == "reader":
                domain.add_reader(found, _number(request.POST.get("person")), by=request.user)
                messages.success(request, _("This person can read it now, and was told that something waits."))
                return redirect(context["here"])
            form = WordsForm(request.POST)
            if form.is_valid():
                domain.add_words(found, form.cleaned_data["text"])
                messages.success(request, _("Sent to those who read it."))
                return redirect(context["here"])
        except domain.ConcernError as error:
            context["problem"] = str(error)
    return _page(request, found, {**context, "form": form}, status=422 if request.method == "POST" else 200)


def _of_reader(request, found, context):
    form = NoteForm()
    if request.method == "POST":
        try:
            if request.POST.get("deed") == "state":
                domain.change_state(found, request.POST.get("state", ""), by=request.user)
                messages.success(request, _("Noted. The person who reported it reads where it stands."))
                return redirect(context["here"])
            form = NoteForm(request.POST)
            if form.is_valid():
                data = form.cleaned_data
                domain.add_note(found, data["text"], by=request.user, shared=data["to"] == "sender")
                messages.success(request, _("Written down."))
                return redirect(context["here"])
        except domain.ConcernError as error:
            context["problem"] = str(error)
    moves = [state.value for state in NEXT[Concern.State(found.state)]]
    return _page(
        request,
        found,
        {**context, "form": form, "is_reader": True, "moves": moves},
        status=422 if request.method == "POST" else 200,
    )


def _page(request, found, context, *, status):
    is_reader = context.get("is_reader", False)
    notes = found.notes.select_related("author")
    context |= {
        "concern": found,
        "is_reader": is_reader,
        "reading": list(found.reading.select_related("user").order_by("pk")),
        "left_out": list(found.left_out.order_by("pk")),
        "notes": list(notes if is_reader else notes.shared()),
        "others": [] if is_reader else domain.still_choosable(found, request.user),
    }
    return render(request, "cohorts/concern.html", context, status=status)


def _number(text):
    return int(text) if text and text.isdecimal() and len(text) < 12 else 0


@never_cache
@signed_in
@require_safe
def concerns(request):
    """What waits for me to read, what I reported, where I stand as a contact; for the operator how many others there are."""
    read = Concern.objects.read_by(request.user).order_by("-created_at", "-pk")
    context = {
        "page": Paginator(read, SHOWN).get_page(request.GET.get("page")),
        "unread": set(read.filter(reading__user=request.user, reading__read_at=None).values_list("pk", flat=True)[: SHOWN * 10]),
        "reported": Concern.objects.reported_by(request.user).order_by("-created_at", "-pk")[:SHOWN],
        "contacts": ConcernContact.objects.filter(user=request.user, active=True).select_related("session"),
        "may_open": may_open(request.user),
        "closed_ones": to_open(request.user).exclude(state=Concern.State.CLOSED).order_by("created_at", "pk")[:SHOWN],
    }
    return render(request, "cohorts/concerns.html", context)


@never_cache
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def open_concern(request, pk):
    """The operator opens a report that was not meant for them: with a reason, in the sight of everybody concerned."""
    found = get_object_or_404(to_open(request.user), pk=pk)
    form = OpenForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            domain.open_as_operator(found, by=request.user, reason=form.cleaned_data["reason"])
        except PermissionDenied:
            raise Http404 from None
        except domain.ConcernError as error:
            form.add_error("reason", str(error))
        else:
            return redirect("concern", found.pk)
    context = {"concern": found, "form": form, "readers": found.reading.count()}
    return render(request, "cohorts/open_concern.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def step_down(request, pk):
    """Take the own name off the page of contacts."""
    contact = get_object_or_404(ConcernContact.objects.filter(user=request.user), pk=pk)
    try:
        domain.step_down(contact, by=request.user)
    except domain.ConcernError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Your name is off the page. What was sent to you before is still yours to read."))
    return redirect("concerns")
