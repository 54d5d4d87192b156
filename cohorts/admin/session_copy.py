"""The page on which an organiser copies a session for next time."""

import datetime

from django.contrib import messages
from django.http import QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cohorts.models import Session
from cohorts.session_copy import (
    CRITERIA,
    FEEDBACK,
    MAILS,
    PARTS,
    PHASES,
    QUESTIONS,
    SETTINGS,
    VOLUNTEERS,
    WEEKS,
    CopyPlan,
    SessionCopyError,
    copy_session,
    plan_copy,
    propose_first_day,
    propose_names,
    setting_label,
)
from cohorts.stages import Stage, stage_of

from .session_copy_form import PART_LABELS, SessionCopyForm, with_dates

URL_NAME = "cohorts_session_copy"


class SessionCopyMixin:
    """Adds the page to the admin of sessions."""

    def get_urls(self):
        page = path("<int:pk>/copy/", self.admin_site.admin_view(self.copy_session_view), name=URL_NAME)
        return [page, *super().get_urls()]

    def steps_of(self, session: Session, user) -> list[dict]:
        steps = super().steps_of(session, user)
        if stage_of(session) in (Stage.FINISHED, Stage.ARCHIVED):
            steps.append({"label": _("Copy for next time"), "url": reverse(f"admin:{URL_NAME}", args=[session.pk])})
        return steps

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def copy_session_view(self, request, pk: int):
        """GET: what would be copied, with proposed dates. POST with `look` works them out for another day, with `copy` it copies."""
        # Whoever organises a session may set up another one.
        source = self._organised(request, pk)
        if request.method == "POST":
            form = SessionCopyForm(request.POST, session=source)
            plan, is_shown = self._plan_for(source, form)
            if plan is not None and not is_shown:
                # What was shown was for another day: nothing is copied that nobody has looked at.
                form = SessionCopyForm(with_dates(request.POST, plan.dates), session=source)
                day = date_format(plan.dates.starts_on, "j F Y")
                messages.info(request, _("The dates below are worked out for a first day on %(day)s.") % {"day": day})
            elif plan is not None and "copy" in request.POST and form.is_valid():
                copied = self._copy(request, source, form)
                if copied is not None:
                    return redirect("admin:cohorts_session_change", object_id=copied.pk)
        else:
            form, plan = self._proposed(source)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Copy %(session)s") % {"session": source},
            "session": source,
            "form": form,
            "media": self.media + form.media,
            "plan": plan,
            "parts": _parts(form, plan) if plan is not None else [],
            "settings": _settings(source),
            "behind": _left_behind(source),
            "notes": _notes(plan) if plan is not None else [],
            "back": reverse("admin:cohorts_session_change", args=[source.pk]),
        }
        return TemplateResponse(request, "admin/cohorts/copy_session.html", context)

    def _plan_for(self, source: Session, form: SessionCopyForm) -> tuple[CopyPlan | None, bool]:
        """The plan for the day in the form, None where it is none; and whether its dates are those on the page."""
        form.is_valid()
        day = form.cleaned_data.get("starts_on")
        if day is None:
            return None, True
        plan = _plan(source, day)
        if plan is None:
            form.add_error("starts_on", _("Choose another day: the dates of the session do not fit with this one."))
            return None, True
        return plan, form.cleaned_data.get("shown_for") == day.isoformat()

    def _proposed(self, source: Session) -> tuple[SessionCopyForm, CopyPlan | None]:
        name, slug = propose_names(source)
        day = propose_first_day(source)
        plan = _plan(source, day)
        data = QueryDict(mutable=True)
        data.update({"name": name, "slug": slug, "starts_on": day.isoformat()})
        data.setlist("parts", list(PARTS))
        return SessionCopyForm(with_dates(data, plan.dates) if plan is not None else data, session=source), plan

    def _copy(self, request, source: Session, form: SessionCopyForm) -> Session | None:
        """The copy; None where it cannot be made, with the reasons in the form."""
        data = form.cleaned_data
        try:
            copied = copy_session(
                source, by=request.user, name=data["name"], slug=data["slug"], dates=form.dates(), parts=data["parts"]
            )
        except SessionCopyError as error:
            for field, texts in error.errors.items():
                for text in texts:
                    form.add_error(field if field in form.fields else None, text)
            return None
        text = _("Copied from %(session)s.") % {"session": source}
        self.log_addition(request, copied, text)
        more = _("It is a draft, and you are its organiser. Look at the texts, then announce it.")
        messages.success(request, f"{text} {more}")
        return copied


def _plan(source: Session, day: datetime.date) -> CopyPlan | None:
    """None beyond the calendar."""
    try:
        return plan_copy(source, day)
    except OverflowError:
        return None


def _parts(form: SessionCopyForm, plan: CopyPlan) -> list[dict]:
    """What the boxes are about: each with how many there are, and what they are."""
    rules = ngettext("with %(count)s rule about who can take part", "with %(count)s rules about who can take part", plan.rules)
    listed: dict[str, tuple[list[str], str]] = {
        QUESTIONS: ([one.label for one in plan.questions], rules % {"count": plan.rules} if plan.rules else ""),
        CRITERIA: ([one.name for one in plan.criteria], ""),
        PHASES: ([_phase(one) for one in plan.phases], ""),
        MAILS: ([f"{one.subject} ({one.language})" for one in plan.templates], ""),
        WEEKS: ([f"{one}: {one.title}" if one.title else str(one) for one in plan.weeks], ""),
        VOLUNTEERS: (
            [
                *(f"{one.get_asked_of_display()}: {one.label}" for one in plan.volunteer_questions),
                *(_("Training: %(task)s") % {"task": one.title} for one in plan.training),
            ],
            "",
        ),
    }
    listed[FEEDBACK] = ([one.title for one in plan.feedback], "")
    ticked = form["parts"].value() or []
    return [
        {"code": code, "label": PART_LABELS[code], "count": len(names), "names": names, "more": more, "is_on": code in ticked}
        for code, (names, more) in listed.items()
    ]


def _phase(phase) -> str:
    opens, closes = (date_format(timezone.localtime(moment), "j F Y, H:i") for moment in (phase.opens_at, phase.closes_at))
    return _("%(phase)s, from %(opens)s to %(closes)s") % {"phase": phase.name, "opens": opens, "closes": closes}


def _settings(source: Session) -> list[tuple[str, str]]:
    """The settings that are copied, in words; texts by their first letters."""
    found = [(_("projects"), ", ".join(map(str, source.projects.all())))]
    for name in SETTINGS:
        display = getattr(source, f"get_{name}_display", None)
        value = display() if display else getattr(source, name)
        if isinstance(value, bool):
            value = _("Yes") if value else _("No")
        text = str(value)
        found.append((setting_label(name), text if len(text) <= 80 else f"{text[:79]}…"))
    return [(label, value or "–") for label, value in found]


def _left_behind(source: Session) -> list[str]:
    """What does not come along, with counts."""
    counts = [
        (ngettext("%(count)s application", "%(count)s applications", source.applications.count()), source.applications.count()),
        (ngettext("%(count)s cohort", "%(count)s cohorts", source.cohorts.count()), source.cohorts.count()),
        (ngettext("%(count)s role", "%(count)s roles", source.roles.count()), source.roles.count()),
    ]
    return [text % {"count": count} for text, count in counts if count]


def _notes(plan: CopyPlan) -> list[str]:
    """What to look at, in sentences."""
    found = []
    if plan.questions_left:
        text = ngettext(
            "%(count)s question is not copied: it is no longer asked, or another one has the same words.",
            "%(count)s questions are not copied: they are no longer asked, or others have the same words.",
            plan.questions_left,
        )
        found.append(text % {"count": plan.questions_left})
    if plan.rules_left:
        text = ngettext(
            "%(count)s rule about them is not copied either.",
            "%(count)s rules about them are not copied either.",
            plan.rules_left,
        )
        found.append(text % {"count": plan.rules_left})
    if plan.dated:
        text = _("These questions take days of the earlier session along, to be changed afterwards: %(questions)s.")
        found.append(text % {"questions": ", ".join(f"“{one.label}”" for one in plan.dated)})
    if plan.experience is not None:
        found.append(_("Forming cohorts balances by the copy of “%(question)s”.") % {"question": plan.experience.label})
    elif plan.loses_experience:
        found.append(
            _("The question about experience is not copied, because it is no longer asked: choose another one afterwards.")
        )
    closes = plan.dates.applications_close_at
    if closes is not None and closes <= timezone.now():
        found.append(_("With this first day the time for applications is over already: choose a later one, or give other dates."))
    return found
