"""Tables that organisers bring in from elsewhere, and what each of them made."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from . import access
from .file import private_storage

#: Below which the files lie in the private storage.
FOLDER = "imports"


def table_path(table: "TableImport", _name: str) -> str:
    """A path that tells nothing: neither who sent the file nor its name."""
    return f"{FOLDER}/{table.key.hex}"


class TableImportQuerySet(models.QuerySet["TableImport"]):
    def visible_to(self, user):
        """One's own while one organises anything, those of sessions that `user` organises, all for the operator."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        organised = access.organised_sessions(user)
        return self.filter(Q(session__in=organised) | Q(made_by=user, session__isnull=True))

    def under_way(self):
        """Those that wait or are written or taken back at this moment."""
        return self.filter(state__in=TableImport.UNDER_WAY)


class TableImport(models.Model):
    """One file with past sessions, people or applications, from the upload to the last row, and back.

    `mapping` says what each column means, `choices` what the organiser chose beside it; both are read by `cohorts.moving_in` alone,
    which writes `state`. The rows before `rows_done` are written. `counts` are numbers by what was made.
    """

    class Kind(models.TextChoices):
        SESSIONS = "sessions", _("Past sessions")
        PEOPLE = "people", _("People of sessions")
        APPLICATIONS = "applications", _("Applications")

    class State(models.TextChoices):
        OPEN = "open", _("Not imported yet")
        WAITING = "waiting", _("Waiting to begin")
        RUNNING = "running", _("Under way")
        DONE = "done", _("Imported")
        STOPPED = "stopped", _("Stopped")
        UNDOING = "undoing", _("Being taken back")
        UNDONE = "undone", _("Taken back")

    UNDER_WAY = (State.WAITING, State.RUNNING, State.UNDOING)

    key = models.UUIDField(_("key"), unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("what is in it"), max_length=12, choices=Kind.choices)
    session = models.ForeignKey(
        "cohorts.Session",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="table_imports",
        verbose_name=_("session"),
        help_text=_("Empty: the rows say it."),
    )
    made_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("uploaded by")
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    file = models.FileField(_("file"), storage=private_storage, upload_to=table_path, max_length=200, blank=True)
    file_name = models.CharField(_("name of the file"), max_length=150, blank=True)
    size = models.PositiveIntegerField(_("size in bytes"), default=0)
    #: Of the names of its columns: the next file with the same ones is mapped as this one was.
    header_key = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    mapping = models.JSONField(_("what the columns mean"), default=list, blank=True, editable=False)
    choices = models.JSONField(_("choices"), default=dict, blank=True, editable=False)
    plan_fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    rows = models.PositiveIntegerField(_("rows to write"), default=0)
    rows_done = models.PositiveIntegerField(_("rows written"), default=0)
    refused = models.PositiveIntegerField(_("rows left out"), default=0)
    counts = models.JSONField(_("what was made"), default=dict, blank=True, editable=False)
    kept = models.JSONField(_("what was not taken back"), default=dict, blank=True, editable=False)
    why_stopped = models.TextField(_("why it stopped"), blank=True)
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    started_at = models.DateTimeField(_("began"), null=True, blank=True)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)
    undone_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    objects = TableImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import of a table")
        verbose_name_plural = _("imports of tables")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        # Never the name of the file, which may be a person's.
        return str(_("Import %(number)s") % {"number": self.pk})

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNDER_WAY

    @property
    def phase(self) -> str:
        """A word that changes when there is something to read out: another state, or a further quarter of the rows is in."""
        return f"{self.state}-{4 * self.rows_done // max(self.rows, 1)}"

    @property
    def has_begun(self) -> bool:
        """Whether anything of it was written at any time."""
        return self.started_at is not None


class ImportedRow(models.Model):
    """Something that an import made, by the number it has; what was there before is in none. `as_of`: when it was last changed by us."""

    class What(models.TextChoices):
        SESSION = "session", _("sessions")
        PERSON = "person", _("people")
        ROLE = "role", _("roles")
        COHORT = "cohort", _("cohorts")
        MEMBERSHIP = "membership", _("places in cohorts")
        QUESTION = "question", _("questions")
        APPLICATION = "application", _("applications")

    table = models.ForeignKey(TableImport, models.CASCADE, related_name="made", verbose_name=_("import"))
    what = models.CharField(_("what"), max_length=12, choices=What.choices)
    # No foreign key: the row tells what was made, and what was made goes its own way.
    made_key = models.PositiveBigIntegerField(_("number"))
    as_of = models.DateTimeField(_("last changed"), null=True, blank=True)

    class Meta:
        verbose_name = _("something that an import made")
        verbose_name_plural = _("what imports made")
        ordering = ["table", "pk"]
        constraints = [models.UniqueConstraint(fields=["table", "what", "made_key"], name="imported_row_once")]

    def __str__(self) -> str:
        return f"{self.get_what_display()} {self.made_key}"
