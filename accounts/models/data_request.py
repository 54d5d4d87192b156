"""What people asked to be done with their own data: a file of it, or its deletion."""

import uuid

from django.core.files.storage import storages
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

#: Below which the archives lie in the private storage.
FOLDER = "exports"


def private_storage():
    """Where archives lie: never below an address that a web server serves."""
    return storages["private"]


def archive_path(request: "DataRequest", _name: str) -> str:
    """A path that tells nothing of the person."""
    return f"{FOLDER}/{request.key.hex}.zip"


class DataRequestQuerySet(models.QuerySet["DataRequest"]):
    def visible_to(self, user):
        """One's own. What an operator needs to know of others' stands with the background tasks and in the operator's mail."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    def unfinished(self):
        return self.filter(state__in=[DataRequest.State.WAITING, DataRequest.State.RUNNING])


class DataRequest(models.Model):
    """One request of one person. The row of a deletion outlives the account, without a name or an address."""

    class Kind(models.TextChoices):
        EXPORT = "export", _("A file of my data")
        DELETION = "deletion", _("Deletion of my account")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits for its turn")
        RUNNING = "running", _("Being done")
        READY = "ready", _("Done")
        FAILED = "failed", _("Did not work")
        EXPIRED = "expired", _("Not kept any longer")

    class Trouble(models.TextChoices):
        DISK = "disk", _("The site could not write the file")
        SITE = "site", _("An error of this site")

    key = models.UUIDField(_("key"), unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="data_requests")
    #: The number of the account, also when it is gone: so that a repeated task knows what was done.
    person_key = models.BigIntegerField(_("number of the account"), editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    trouble = models.CharField(_("why it did not work"), max_length=8, choices=Trouble.choices, blank=True)
    #: Of a deletion, until the last mail is written: the account and its address are gone by then.
    address = models.EmailField(_("address"), max_length=254, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    done = models.PositiveIntegerField(_("parts done"), default=0)
    total = models.PositiveIntegerField(_("parts"), default=0)
    file = models.FileField(_("file"), storage=private_storage, upload_to=archive_path, max_length=200, blank=True)
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0)
    requested_at = models.DateTimeField(_("asked for"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    expires_at = models.DateTimeField(_("kept until"), null=True, blank=True)
    downloaded_at = models.DateTimeField(_("last downloaded"), null=True, blank=True)

    objects = DataRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request about one's data")
        verbose_name_plural = _("requests about one's data")
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person_key", "kind"],
                condition=Q(state__in=["waiting", "running"]),
                name="data_request_one_at_a_time",
            )
        ]
        indexes = [models.Index(fields=["state", "expires_at"], name="data_request_by_state")]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    @property
    def is_unfinished(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def percent(self) -> int:
        """How much of it is done, from 0 to 100."""
        return min(100, 100 * self.done // self.total) if self.total else 0

    @property
    def phase(self) -> str:
        """A word that changes when there is something to read out: another state, or a further quarter is done."""
        return f"{self.state}-{self.percent // 25}"
