"""Files of applications: giving one to whoever may read it, and taking one in the application form."""

import logging

from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.audit import record
from accounts.limits import TOO_OFTEN, within_limit
from cohorts.applicant_identity import may_see_applicant
from cohorts.applications import begin
from cohorts.entries import Entry, question_name
from cohorts.file_types import BY_CONTENT_TYPE, TEXT
from cohorts.files import named_files, store_file, too_large
from cohorts.forms.application import ApplicationForm
from cohorts.models import AnswerFile, Application, Question, Session
from cohorts.moves import MoveError
from cohorts.questions import asked_questions
from cohorts.upload_limits import dropped_uploads

logger = logging.getLogger(__name__)


@require_safe
def answer_file(request, key):
    """The file as a download that no browser runs, for those who may read it; 404 for everybody else."""
    found = get_object_or_404(AnswerFile.objects.visible_to(request.user).select_related("application"), key=key)
    try:
        content = found.file.open("rb")
    except OSError:
        logger.exception("The bytes of file %s cannot be read.", found.key)
        response = render(request, "cohorts/file_missing.html", {"is_own": found.application.applicant_id == request.user.pk})
        response.status_code = 404
        return response
    application = found.application
    if application.applicant_id != request.user.pk:
        record("file.opened", by=request.user, to=application.applicant_id, about=found, scope=application.session_id)
    response = FileResponse(content, as_attachment=True, filename=_shown_name(found, request.user))
    response["Content-Type"] = _served_type(found)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response


def _shown_name(found: AnswerFile, user) -> str:
    """Its own name, which often is its owner's, for whoever may know who applied; a neutral one for the others."""
    if may_see_applicant(user, found.application):
        return found.name
    kind = BY_CONTENT_TYPE.get(found.content_type)
    ending = kind.ending if kind else ""
    word = _("file")
    return f"application-{found.application_id}-{word}-{found.question_id}{ending}"


def _served_type(found: AnswerFile) -> str:
    """A type of the list, whatever the row says; all text as plain text."""
    kind = BY_CONTENT_TYPE.get(found.content_type)
    if kind is None:
        return "application/octet-stream"
    return f"{TEXT.content_type}; charset=utf-8" if kind.content_type.startswith("text/") else kind.content_type


# In the form


def upload_name(pk: int) -> str:
    """The name of the field that sends a file for the question with this id; the question's own field holds the id of a stored one."""
    return f"file_{pk}"


@require_POST
def apply_file(request, slug, question):
    """A file that was chosen while JavaScript runs: stores it and answers with the field anew; `remove` answers with it empty.

    The draft is not touched here: the field that comes back holds the id, and the form saves itself with it.
    """
    sessions = Session.objects.visible_to(request.user).prefetch_related("questions", "projects")
    session = get_object_or_404(sessions, slug=slug)
    asked = next((one for one in asked_questions(session) if one.pk == question and one.kind == Question.Kind.FILE), None)
    if asked is None:
        raise Http404
    if not request.user.is_authenticated:
        logged_out = _("You are logged out. Log in in another tab, then add the file again.")
        return _field(request, session, asked, request.POST.get(question_name(asked.pk), ""), ValidationError(logged_out))
    if "remove" in request.POST:
        return _field(request, session, asked, "")
    kept = request.POST.get(question_name(asked.pk), "")
    try:
        stored = _take(request, session, asked)
    except ValidationError as error:
        return _field(request, session, asked, kept, error)
    return _field(request, session, asked, kept if stored is None else str(stored.pk))


def _field(request, session: Session, question: Question, text: str, error: ValidationError | None = None):
    entry = Entry({question.pk: text})
    mine = Application.objects.filter(session=session, applicant=request.user).first() if request.user.is_authenticated else None
    errors = {question_name(question.pk): error.error_list} if error else {}
    form = ApplicationForm(session, entry, errors=errors, files=named_files(mine, entry.texts))
    context = {"session": session, "field": form[question_name(question.pk)], "may_upload": request.user.is_authenticated}
    response = render(request, "cohorts/_file_field.html#chosen", context, status=422 if error else 200)
    if not error:
        # The form hears it (on the body: what asked is replaced by then) and saves itself, with the version that it knows.
        response["HX-Trigger-After-Settle"] = "file-chosen"
    return response


def take_uploads(request, session: Session, entry: Entry) -> tuple[Entry, dict[str, list[ValidationError]]]:
    """Store the files that came with the whole form, as they do without JavaScript.

    Returns `entry` as it names them, without those that the button “Remove” takes out, and the errors of those that were refused by the
    name of the question's field. Everything else that was typed stays as it is.
    """
    texts, errors = dict(entry.texts), {}
    for question in asked_questions(session):
        if question.kind != Question.Kind.FILE:
            continue
        if request.POST.get("remove_file") == str(question.pk):
            texts[question.pk] = ""
            continue
        try:
            stored = _take(request, session, question)
        except ValidationError as error:
            errors[question_name(question.pk)] = error.error_list
        else:
            if stored is not None:
                texts[question.pk] = str(stored.pk)
    return entry.with_texts(texts), errors


def with_newer_files(session: Session, entry: Entry, newer: Entry) -> Entry:
    """`entry` with the files that `newer`, of another tab, names for questions to which this tab has none: they are not lost in between."""
    asked = [question.pk for question in asked_questions(session) if question.kind == Question.Kind.FILE]
    missing = {pk: newer.texts.get(pk, "") for pk in asked if not entry.texts.get(pk, "").strip()}
    return entry.with_texts({**entry.texts, **missing})


def _take(request, session: Session, question: Question) -> AnswerFile | None:
    """The file that came for `question`, stored; None where there came none. Raises `ValidationError`."""
    name = upload_name(question.pk)
    uploaded = request.FILES.get(name)
    if name in dropped_uploads(request):
        raise too_large(question)
    if uploaded is None:
        return None
    if not within_limit(request, "upload"):
        raise ValidationError(TOO_OFTEN, code="too_often")
    try:
        application = begin(session, by=request.user)
    except MoveError as against:
        raise ValidationError(str(against), code="closed") from against
    return store_file(application, question, uploaded, by=request.user)
