"""The pages on which organisers set up the feedback forms of a session."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from cohorts.feedback import editing
from cohorts.feedback.results import asked_and_handed_in
from cohorts.feedback.usual import add_usual_forms, usual_forms
from cohorts.forms.feedback import FeedbackEntryForm
from cohorts.models import FeedbackForm, Session
from cohorts.stages import Stage, stage_of

from .feedback_forms import FeedbackFormForm, question_formset

URL_NAME = "cohorts_session_feedback"


class FeedbackMixin:
    """Adds the pages to the admin of sessions."""

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/feedback/", view(self.feedback_view), name=URL_NAME),
            path("<int:pk>/feedback/usual/", view(self.feedback_usual_view), name="cohorts_session_feedback_usual"),
            path("<int:pk>/feedback/new/", view(self.feedback_form_view), name="cohorts_session_feedback_new"),
            path("<int:pk>/feedback/<int:form>/", view(self.feedback_form_view), name="cohorts_session_feedback_form"),
            path("<int:pk>/feedback/<int:form>/use/", view(self.feedback_use_view), name="cohorts_session_feedback_use"),
            *super().get_urls(),
        ]

    def steps_of(self, session: Session, user) -> list[dict]:
        steps = super().steps_of(session, user)
        if stage_of(session) in (Stage.DECIDING, Stage.UPCOMING, Stage.RUNNING, Stage.FINISHED):
            steps.append({"label": _("Feedback"), "url": reverse(f"admin:{URL_NAME}", args=[session.pk])})
        return steps

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD"]))
    def feedback_view(self, request, pk: int):
        """All forms: those in use, and those that are asked no longer."""
        session = self._organised(request, pk)
        counts = asked_and_handed_in(session)
        forms = list(session.feedback_forms.prefetch_related("questions").order_by("pk"))
        for form in forms:
            form.asked, form.handed_in = counts.get(form.pk, (0, 0))
        used = {form.key for form in forms if form.retired_at is None}
        there = {form.key for form in forms}
        context = {
            **self._feedback_context(request, session),
            "title": _("Feedback: %(session)s") % {"session": session},
            "in_use": [form for form in forms if form.retired_at is None],
            "put_away": [(form, form.key not in used) for form in reversed(forms) if form.retired_at is not None],
            "usual": [usual for usual in usual_forms() if usual.key not in there],
        }
        return TemplateResponse(request, "admin/cohorts/feedback.html", context)

    @method_decorator(require_POST)
    def feedback_usual_view(self, request, pk: int):
        """Add the usual forms that are not there yet."""
        session = self._organised(request, pk)
        try:
            made = add_usual_forms(session, by=request.user)
        except editing.FeedbackFormError as error:
            messages.error(request, str(error))
        else:
            text = ngettext("%(count)s feedback form added.", "%(count)s feedback forms added.", len(made)) % {"count": len(made)}
            self.log_change(request, session, text)
            messages.success(request, " ".join([text, _("Read them, and change what you like.")]))
        return redirect(f"admin:{URL_NAME}", pk=session.pk)

    @method_decorator(require_POST)
    def feedback_use_view(self, request, pk: int, form: int):
        """Ask a form no longer (`retire`), or again."""
        session = self._organised(request, pk)
        row = self._form_of(session, form)
        retires = "retire" in request.POST
        try:
            (editing.retire_form if retires else editing.use_again)(row, by=request.user)
        except editing.FeedbackFormError as error:
            messages.error(request, str(error))
        else:
            text = _("“%(form)s” is asked no longer.") if retires else _("“%(form)s” is asked again.")
            self.log_change(request, session, text % {"form": row})
            messages.success(request, text % {"form": row})
        return redirect(f"admin:{URL_NAME}", pk=session.pk)

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def feedback_form_view(self, request, pk: int, form: int | None = None):
        """GET: a form with its questions, and how it looks. POST saves it; `more` only adds empty questions to the page."""
        session = self._organised(request, pk)
        row = self._form_of(session, form) if form is not None else None
        posted = request.POST if request.method == "POST" else None
        words = FeedbackFormForm(posted, row=row)
        questions = question_formset(posted, row=row)
        seen = posted.get("seen", "") if posted is not None else editing.stamp_of(row)
        status = 200
        if posted is not None and "more" not in posted:
            saved = None
            if words.is_valid() and questions.is_valid():
                try:
                    saved = editing.save_form(
                        session, by=request.user, form=row, seen=seen, values=words.cleaned_data, questions=questions.asked()
                    )
                except editing.FormChangedElsewhere as error:
                    words.add_error(None, str(error))
                    # Whoever saves once more has been told.
                    row = self._in_use(session, row)
                    seen = editing.stamp_of(row)
                except editing.FeedbackFormError as error:
                    words.show_errors(error.errors)
                    questions.show_errors(error.questions)
            if saved is not None:
                text = _("Saved “%(form)s”.") % {"form": saved}
                if row is not None and saved.pk != row.pk:
                    more = _("Somebody had begun to answer, so this is version %(version)s: what was said keeps its words.")
                    text = f"{text} {more % {'version': saved.version}}"
                self.log_change(request, session, _("Changed the feedback form “%(form)s”.") % {"form": saved})
                messages.success(request, text)
                return redirect("admin:cohorts_session_feedback_form", pk=session.pk, form=saved.pk)
            status = 422
        context = {
            **self._feedback_context(request, session),
            "title": str(row) if row is not None else _("New feedback form"),
            "row": row,
            "form": words,
            "questions": questions,
            "seen": seen,
            "is_checked": status == 422,
            "is_read_only": session.archived_at is not None or (row is not None and row.retired_at is not None),
            "action": _address(session, row),
            "is_answered": row is not None and editing.is_answered(row),
            "shown": FeedbackEntryForm(row) if row is not None else None,
            "forms_url": reverse(f"admin:{URL_NAME}", args=[session.pk]),
        }
        return TemplateResponse(request, "admin/cohorts/feedback_form.html", context, status=status)

    def _form_of(self, session: Session, pk: int) -> FeedbackForm:
        row = session.feedback_forms.select_related("session").filter(pk=pk).first()
        if row is None:
            raise Http404
        return row

    def _in_use(self, session: Session, row: FeedbackForm) -> FeedbackForm:
        """The version of a form that is in use now; the same one where none is."""
        return session.feedback_forms.filter(key=row.key, retired_at=None).first() or self._form_of(session, row.pk)

    def _feedback_context(self, request, session: Session) -> dict:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "session": session,
            "is_archived": session.archived_at is not None,
            "back": reverse("admin:cohorts_session_change", args=[session.pk]),
        }


def _address(session: Session, row: FeedbackForm | None) -> str:
    if row is None:
        return reverse("admin:cohorts_session_feedback_new", args=[session.pk])
    return reverse("admin:cohorts_session_feedback_form", args=[session.pk, row.pk])
