"""What the form for people who offer to help answers: the page with the form, the line about an automatic save, what became of it."""

import secrets
from collections.abc import Sequence

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cohorts import volunteers
from cohorts.entries import Entry
from cohorts.forms.volunteer import VolunteerForm
from cohorts.models import Session, Volunteer
from cohorts.questions import form_questions
from cohorts.training import training_of

from .apply_pages import line, number

Role, State = Volunteer.Role, Volunteer.State

#: What somebody in a role does, for people who think about it.
TAKES = {
    Role.NAVIGATOR: [
        gettext_lazy("You guide a cohort of a few people through their first contributions, with a partner where we find one."),
        gettext_lazy("About two to four hours a week: a meeting with your cohort, and answers in between."),
        gettext_lazy("You know the project well enough to say where to look. You need not know everything."),
    ],
    Role.CAPTAIN: [
        gettext_lazy("You are there for the people: you ask how it goes, listen, and cheer."),
        gettext_lazy("About one to two hours a week, with a talk with each person every second week for those who like one."),
        gettext_lazy("You need not know the code."),
    ],
    Role.ORGANISER: [
        gettext_lazy(
            "You help to run the session: announcing it, reading applications, forming cohorts, looking after everybody."
        ),
        gettext_lazy("A few hours a week from the first preparations to the farewell."),
        gettext_lazy("Organisers read private things about people. The others tell you what that means before you begin."),
    ],
}

#: Where an offer stands, for the person: the tone of the pill, its word, and a sentence.
STANDS = {
    State.INVITED: (
        "mine",
        gettext_lazy("You are asked"),
        gettext_lazy("The organisers ask you to help. Say yes with the form, or no."),
    ),
    State.DRAFT: ("mine", gettext_lazy("Not handed in"), gettext_lazy("Nobody has read it yet. Hand it in when you are ready.")),
    State.SUBMITTED: ("reviewer", gettext_lazy("Handed in"), gettext_lazy("The organisers read it and answer you by mail.")),
    State.ACCEPTED: ("done", gettext_lazy("You are in"), gettext_lazy("Thank you for helping in this session.")),
    State.DECLINED: ("quiet", gettext_lazy("Not this time"), gettext_lazy("Thank you for offering your help.")),
    State.WITHDRAWN: ("quiet", gettext_lazy("Taken back"), gettext_lazy("You said that you do not help this time.")),
}


def what_it_takes(role: str) -> Sequence:
    """A few sentences about a role."""
    return TAKES[Role(role)]


def summary(own: Volunteer) -> dict:
    """Where an offer stands, for its owner."""
    tone, label, text = STANDS[State(own.state)]
    return {
        "volunteer": own,
        "session": own.session,
        "role": own.get_role_display(),
        "tone": tone,
        "label": label,
        "text": text,
        "may_write": own.state in volunteers.WRITABLE and volunteers.takes_offers(own.session),
        "has_changes": own.state != State.DRAFT and volunteers.has_changes(own),
        "form_url": reverse("volunteer", args=[own.session.slug, own.role]),
    }


def role_row(role: Role, own: Volunteer | None, is_open: bool) -> dict:
    """One role of a session, with the own offer where there is one."""
    return {
        "role": role,
        "label": role.label,
        "takes": what_it_takes(role),
        "is_open": is_open,
        "own": summary(own) if own else None,
    }


def own_page(request, own: Volunteer):
    """What somebody offered, where it stands, and how it goes on."""
    session = own.session
    is_in = own.state == State.ACCEPTED
    training = training_of(session, request.user) if is_in else []
    context = summary(own) | {
        "answers": volunteers.answers_of(own, form_questions(session, own.role)) if own.submitted_at else [],
        "projects": own.projects.all(),
        "part": volunteers.part_of(own) if is_in else None,
        "training_left": sum(one.done_at is None for one in training),
        "has_training": bool(training),
        "applied": volunteers.applied_too(session, request.user),
        "may_withdraw": own.state in (State.INVITED, State.SUBMITTED, State.ACCEPTED),
        "arrived": "" if volunteers.has_changes(own) else kept_as(request, session, own.role),
    }
    return render(request, "cohorts/volunteering.html", context)


def kept_as(request, session: Session, role: str) -> str:
    """Under which name the browser keeps what could not be sent."""
    return f"volunteer-{role}-{session.slug}:{request.user.pk}"


def form_page(
    request, session, role, own, entry: Entry, *, errors=None, other=None, is_stale=False, problem="", version=None, status=200
):
    """The page with the form. `other` is what is saved, where the entry says something else: both are shown then."""
    form = VolunteerForm(session, role, entry, errors=errors)
    beside = form.differing_from(other) if other else {}
    context = {
        "session": session,
        "role": role,
        "role_label": Role(role).label,
        "takes": what_it_takes(role),
        "form": form,
        "own": own,
        "beside": beside,
        "is_stale": is_stale,
        "problem": problem,
        "is_unsaved": is_stale or bool(problem),
        "came_from": request.POST.get("tab", "")[:40],
        "kept_as": kept_as(request, session, role),
        "saved_at": volunteers.saved_at(own),
        "has_changes": own is not None and own.state != State.DRAFT and volunteers.has_changes(own),
        "applied": volunteers.applied_too(session, request.user) if request.user.is_authenticated else None,
        "version": (own.version if own else 0) if version is None else version,
        "tab": secrets.token_urlsafe(12),
        "autosaves": not beside and not problem,
        "is_preview": False,
    }
    return render(request, "cohorts/volunteer_form.html", context, status=status)


def saved(request, session, role, own):
    if request.htmx:
        return line(request, {"application": own, "saved_at": timezone.now(), "session": session})
    messages.success(request, _("Saved. You can close this page and go on another day."))
    return redirect("volunteer", slug=session.slug, role=role)


def stale(request, session, role, own, entry):
    """The newer text of another tab stays saved; what was typed here stays in the form, beside it."""
    if request.htmx:
        return line(request, {"stale_since": volunteers.saved_at(own)}, status=409)
    newer = volunteers.typed_entry(own)
    return form_page(request, session, role, own, entry, other=newer, is_stale=True, status=409)


def unsaved(request, session, role, own, entry, problem, *, status=422):
    """The form with what was typed. Its version stays the one it had: another tab may have saved since."""
    if request.htmx:
        return line(request, {"refused": problem}, status=status)
    typed = number(request.POST.get("version", ""))
    return form_page(request, session, role, own, entry, problem=problem, version=typed, status=status)


def forged(request, session, role, own, entry):
    """The form is from before a log-in, or from elsewhere: nothing is saved, and the next try can be."""
    if request.htmx:
        response = line(request, {"is_forged": True}, status=409)
        # The line brought a token of today along: once more with that.
        response["HX-Trigger-After-Settle"] = "renewed"
        return response
    problem = _(
        "This page was from before you logged in or out, so nothing was saved. What you typed is in the form: send it again."
    )
    return unsaved(request, session, role, own, entry, problem, status=403)


def logged_out(request, session, role, entry):
    """Nobody is logged in any more: the browser keeps the text, and without its help it stays in the form."""
    page = reverse("volunteer", args=[session.slug, role])
    if request.htmx:
        return line(request, {"log_in": f"{reverse('account_login')}?next={page}"}, status=409)
    problem = _("Your log-in has ended. Log in again in another tab, then send this once more: what you typed is in the form.")
    return unsaved(request, session, role, None, entry, problem, status=403)


def of_another_account(request, session, role, own, entry):
    """The form belongs to one person and the log-in to another: nothing is mixed up, and what was typed stays readable."""
    problem = _(
        "This form was opened by another account than the one that is logged in now. Log in with that account, then try again."
    )
    return unsaved(request, session, role, own, entry, problem, status=409)


def closed(request, session, role, own, against):
    """Nothing can be written: why, and what was typed before."""
    typed = VolunteerForm(session, role, volunteers.typed_entry(own))
    texts = [(field.label, text) for field in typed if (text := typed.as_text(field.name)).strip()]
    context = {"session": session, "role_label": Role(role).label, "against": against, "texts": texts, "own": own}
    return render(request, "cohorts/volunteer_closed.html", context)
