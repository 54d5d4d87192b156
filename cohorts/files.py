"""Files that applicants hand in: taking them, finding the ones that a form or an answer names, deleting what nobody names.

The bytes lie in a private storage below names that tell nothing. A row without a draft or an answer that names it stays for a day (an
older tab may still name it), then `delete_unnamed_files` takes it; bytes without a row go the same way, so that a crash
between the two leaves nothing behind for good.
"""

import datetime
import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models.signals import post_delete
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from .file_types import clean_name, kind_of, largest_megabytes, largest_size
from .models import AnswerFile, Application, Question
from .models.file import FOLDER, private_storage
from .moves import obstacle
from .numbers import plain_number

logger = logging.getLogger(__name__)

#: Of one application at a time, replaced ones included until they are deleted.
MOST_FILES = 30
#: So long a file stays that no draft and no answer names.
UNNAMED_FOR = datetime.timedelta(days=1)


def store_file(application: Application, question: Question, uploaded: UploadedFile, *, by) -> AnswerFile:
    """Keep `uploaded` as a file for `question` of `application`; a draft names it by its id from then on.

    Raises `ValidationError`, with words for the person who uploads: for a file that is too large, empty, of another kind or not what
    its name says; where the application holds too many; where the disk refuses; and, to the second, where `by` may no longer write.
    """
    is_of_form = question.session_id == application.session_id and question.asked_of == Question.AskedOf.MEMBER
    if question.kind != Question.Kind.FILE or not is_of_form or question.retired_at:
        raise ValidationError(_("This question asks for no file any more. Load the page again."), code="question")
    _check_may_add(application, by)
    if uploaded.size is None or uploaded.size > largest_size(question.at_most):
        raise too_large(question)
    uploaded.seek(0)
    kind = kind_of(uploaded.name or "", uploaded.read())
    uploaded.seek(0)
    row = AnswerFile(
        key=uuid.uuid4(),
        application=application,
        question=question,
        name=clean_name(uploaded.name or "", kind),
        content_type=kind.content_type,
        size=uploaded.size,
    )
    # The bytes first, outside the transaction: a large file does not hold the lock while it is written.
    try:
        row.file.save(row.name, uploaded, save=False)
    except OSError as failed:
        # A full disk, or a folder that is not ours: nothing that the person did, and no reason to lose the rest of the form.
        logger.exception("A file could not be stored.")
        raise ValidationError(_("The site could not keep this file. Try again later."), code="not_stored") from failed
    try:
        with transaction.atomic():
            locked = Application.objects.select_for_update(of=("self",)).select_related("session").get(pk=application.pk)
            _check_may_add(locked, by)
            row.save()
    except BaseException:
        row.file.delete(save=False)
        raise
    return row


def _check_may_add(application: Application, by) -> None:
    against = obstacle(application, Application.Status.SUBMITTED, by=by)
    if against is not None:
        raise ValidationError(str(against), code="closed")
    if application.files.count() >= MOST_FILES:
        raise ValidationError(
            _(
                "This application holds %(most)s files, replaced ones included, and that is the most. Replaced ones go after a day."
            ),
            code="too_many",
            params={"most": MOST_FILES},
        )


def too_large(question: Question) -> ValidationError:
    """The error for a file that is larger than `question` takes."""
    size = plain_number(largest_megabytes(question.at_most))
    return ValidationError(
        _("This file is too large. At most %(size)s MB fit here: choose a smaller one, or save it smaller."),
        code="too_large",
        params={"size": size},
    )


def named_files(application: Application | None, *texts: Mapping[int, str]) -> dict[tuple[int, str], AnswerFile]:
    """The files that `texts` (raw texts by question id) name, by question id and text: only those of this application and question."""
    if application is None or application.pk is None:
        return {}
    wanted = {(pk, text.strip()) for one in texts for pk, text in one.items() if _is_id(text.strip())}
    if not wanted:
        return {}
    found = AnswerFile.objects.filter(
        application=application, pk__in=[int(text) for _pk, text in wanted], question__kind=Question.Kind.FILE
    )
    return {(one.question_id, str(one.pk)): one for one in found if (one.question_id, str(one.pk)) in wanted}


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def file_errors(application: Application, questions: Iterable[Question], texts: Mapping[int, str]) -> dict[int, ValidationError]:
    """Errors by question id: where a text names a file that is gone, or that is not one of this application for this question."""
    asked = {question.pk for question in questions if question.kind == Question.Kind.FILE}
    texts = {pk: text for pk, text in texts.items() if pk in asked and text.strip()}
    known = named_files(application, texts) if texts else {}
    gone = _("This file is not here any more. Add it again.")
    return {pk: ValidationError(gone, code="gone") for pk, text in texts.items() if (pk, text.strip()) not in known}


def open_url(answer_file: AnswerFile) -> str:
    """The address that gives the file to whoever may read it."""
    return reverse("answer_file", args=[answer_file.key])


# Deleting


def delete_unnamed_files(now: datetime.datetime | None = None) -> int:
    """Delete files that no draft and no answer has named for more than a day, and bytes that have no row. Returns how many went.

    Files of archived sessions are answers and stay.
    """
    before = (now or timezone.now()) - UNNAMED_FOR
    gone = 0
    # Whenever a draft or an answer begins or ceases to name a file, its application is saved.
    candidates = AnswerFile.objects.unused().filter(uploaded_at__lt=before, application__updated_at__lt=before)
    for pk in list(candidates.values_list("pk", flat=True).order_by("pk")):
        gone += _delete_if_unnamed(pk, before)
    return gone + _delete_bytes_without_row(before)


def _delete_if_unnamed(pk: int, before: datetime.datetime) -> int:
    with transaction.atomic():
        row = AnswerFile.objects.filter(pk=pk).first()
        if row is None:
            return 0
        application = Application.objects.select_for_update().filter(pk=row.application_id, updated_at__lt=before).first()
        unused = AnswerFile.objects.unused().filter(pk=pk).exists()
        if application is None or not unused or application.draft.get(str(row.question_id), "").strip() == str(pk):
            return 0
        row.delete()
        return 1


def _delete_bytes_without_row(before: datetime.datetime) -> int:
    """What a crash left behind between the bytes and the row. Young ones stay: their row may be on its way."""
    storage, gone = private_storage(), 0
    for folder, paths in _stored_paths(storage):
        known = set(AnswerFile.objects.filter(file__startswith=f"{folder}/").values_list("file", flat=True))
        for path in sorted(paths - known):
            if storage.get_modified_time(path) < before:
                storage.delete(path)
                gone += 1
    return gone


def _stored_paths(storage) -> Iterator[tuple[str, set[str]]]:
    """The paths of all stored files, folder by folder."""
    try:
        folders, _files = storage.listdir(FOLDER)
    except FileNotFoundError:
        # Nobody has handed in a file yet.
        return
    for folder in sorted(f"{FOLDER}/{name}" for name in folders):
        yield folder, {f"{folder}/{name}" for name in storage.listdir(folder)[1]}


def _delete_bytes(sender, instance: AnswerFile, **kwargs) -> None:
    """After the commit that took the row: a rollback keeps both. What fails here is taken by `delete_unnamed_files`."""
    storage, path = instance.file.storage, instance.file.name or ""

    def delete() -> None:
        try:
            storage.delete(path)
        except OSError:
            logger.warning(
                "The bytes of file %s could not be deleted; the next clean-up tries again.", instance.key, exc_info=True
            )

    if path:
        transaction.on_commit(delete)


def register() -> None:
    post_delete.connect(_delete_bytes, sender=AnswerFile, dispatch_uid="delete_bytes_of_answer_file")
