"""Files that applicants hand in."""

import uuid

from django.core.files.storage import storages
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from cohorts.file_types import word_of

#: Below which the bytes lie in the private storage.
FOLDER = "answers"


def private_storage():
    """Where uploaded files lie: never below an address that a web server serves."""
    return storages["private"]


def file_path(answer_file: "AnswerFile", _name: str) -> str:
    """A path that tells nothing: neither the person nor the name that the file had."""
    return f"{FOLDER}/{answer_file.key.hex[:2]}/{answer_file.key.hex}"


class AnswerFileQuerySet(models.QuerySet["AnswerFile"]):
    def visible_to(self, user):
        """One's own; those of a submitted answer, for whom the answer is visible, unless a conflict of interest is declared."""
        from .question import Answer
        from .review import Conflict

        if not user.is_authenticated:
            return self.none()
        readable = Answer.objects.visible_to(user).filter(question__kind="file", file__isnull=False)
        conflict = Conflict.objects.filter(application=OuterRef("application"), reviewer_id=user.pk)
        return self.filter(Q(application__applicant=user) | (Q(pk__in=readable.values("file_id")) & ~Exists(conflict)))

    def unused(self):
        """Those that no submitted answer names."""
        return self.filter(answer__isnull=True)


class AnswerFile(models.Model):
    """An uploaded file: a draft names it by its id as text, a submitted `Answer` by its `file`."""

    key = models.UUIDField(_("key"), unique=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey("cohorts.Application", models.CASCADE, related_name="files", verbose_name=_("application"))
    question = models.ForeignKey("cohorts.Question", models.CASCADE, related_name="files", verbose_name=_("question"))
    file = models.FileField(_("file"), storage=private_storage, upload_to=file_path, max_length=200)
    name = models.CharField(_("name"), max_length=150)
    content_type = models.CharField(_("kind"), max_length=100)
    size = models.PositiveIntegerField(_("size in bytes"))
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    objects = AnswerFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("uploaded file")
        verbose_name_plural = _("uploaded files")
        ordering = ["application", "uploaded_at", "pk"]

    def __str__(self) -> str:
        # Never its name, which may be its owner's.
        return f"{self.kind}, {filesizeformat(self.size)}"

    @property
    def kind(self) -> str:
        """Its kind in a word."""
        return word_of(self.content_type) or str(_("File"))
