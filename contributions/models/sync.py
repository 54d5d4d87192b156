"""The record of every sync: what was asked of GitHub, what came back, what failed."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cohorts.models import Membership, Session


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    def visible_to(self, user):
        """Runs of the sessions that `user` organises, and those one asked for."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(Q(session__in=Session.objects.organised_by(user)) | Q(requested_by=user))

    def waiting_or_running(self):
        return self.filter(state__in=SyncRun.UNFINISHED)

    def finished(self):
        return self.exclude(state__in=SyncRun.UNFINISHED)

    def went_through(self):
        """Those that came to their end; what was wrong with single members or items does not count here."""
        return self.filter(state__in=[SyncRun.State.DONE, SyncRun.State.PARTIAL], retry_at=None)

    def whole(self):
        """Of everybody and all projects of a session."""
        return self.filter(membership=None, project=None)


class SyncRun(models.Model):
    """One sync of a session, or of one project or one member in it. At most one of each waits or runs at a time.

    `errors` is a list of `{"code", "where", "about", "message"}`: a short code, the step, whom or what it is about
    (a login, a link, a repository: never an email address) and a sentence for people.
    """

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", _("Schedule")
        PERSON = "person", _("Somebody pressed “sync now”")
        COMMAND = "command", _("Command")

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        PARTIAL = "partial", _("Done, with problems")
        FAILED = "failed", _("Failed")

    UNFINISHED = (State.QUEUED, State.RUNNING)

    session = models.ForeignKey("cohorts.Session", models.CASCADE, related_name="sync_runs", verbose_name=_("session"))
    membership = models.ForeignKey(
        "cohorts.Membership",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="sync_runs",
        verbose_name=_("member"),
        help_text=_("Empty: everybody of the session."),
    )
    project = models.ForeignKey(
        "cohorts.Project",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="sync_runs",
        verbose_name=_("project"),
        help_text=_("Empty: all projects of the session."),
    )
    budget = models.ForeignKey(
        "contributions.ApiBudget", models.SET_NULL, null=True, blank=True, related_name="sync_runs", verbose_name=_("token")
    )
    trigger = models.CharField(_("reason"), max_length=8, choices=Trigger.choices, default=Trigger.SCHEDULE)
    requested_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("asked for by")
    )
    full = models.BooleanField(_("everything again"), default=False)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.QUEUED)
    queued_at = models.DateTimeField(_("queued"), default=timezone.now)
    started_at = models.DateTimeField(_("began"), null=True, blank=True)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)
    progress_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("of"), null=True, blank=True)
    doing = models.CharField(_("what it does"), max_length=20, blank=True)
    requests = models.PositiveIntegerField(_("requests"), default=0)
    points = models.PositiveIntegerField(_("points"), default=0)
    created = models.PositiveIntegerField(_("new"), default=0)
    updated = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    gone = models.PositiveIntegerField(_("gone"), default=0)
    errors = models.JSONField(_("errors"), default=list, blank=True)
    retry_at = models.DateTimeField(_("next try"), null=True, blank=True)

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("sync")
        verbose_name_plural = _("syncs")
        ordering = ["-queued_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"],
                condition=Q(membership__isnull=True, project__isnull=True, state__in=["queued", "running"]),
                name="one_sync_of_a_session",
            ),
            models.UniqueConstraint(
                fields=["session", "project"],
                condition=Q(project__isnull=False, state__in=["queued", "running"]),
                name="one_sync_of_a_project",
            ),
            models.UniqueConstraint(
                fields=["membership"],
                condition=Q(membership__isnull=False, state__in=["queued", "running"]),
                name="one_sync_of_a_member",
            ),
        ]
        indexes = [
            models.Index(fields=["session", "-finished_at"], name="sync_latest"),
            models.Index(fields=["-queued_at", "-id"], name="sync_in_order"),
        ]

    def __str__(self) -> str:
        return str(_("Sync %(number)s") % {"number": self.pk})

    @property
    def is_whole(self) -> bool:
        """Whether it is of everybody and all projects of the session."""
        return self.membership_id is None and self.project_id is None


class MemberSyncQuerySet(models.QuerySet["MemberSync"]):
    def visible_to(self, user):
        """Freshness of the memberships that `user` may see."""
        return self.filter(membership__in=Membership.objects.visible_to(user))


class MemberSync(models.Model):
    """How fresh one member's data is, and why not fresher."""

    membership = models.OneToOneField("cohorts.Membership", models.CASCADE, related_name="sync", verbose_name=_("member"))
    synced_at = models.DateTimeField(_("last success"), null=True, blank=True)
    problem_code = models.CharField(max_length=40, blank=True)
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    problem_since = models.DateTimeField(_("since"), null=True, blank=True)
    #: The last failure stays known after it was mended.
    failed_at = models.DateTimeField(_("last failure"), null=True, blank=True)
    failure = models.CharField(_("what failed"), max_length=300, blank=True)

    objects = MemberSyncQuerySet.as_manager()

    class Meta:
        verbose_name = _("freshness of a member")
        verbose_name_plural = _("freshness of members")

    def __str__(self) -> str:
        return str(self.membership)


class SessionSync(models.Model):
    """What is known of following one session: when somebody last looked, and when the rarer parts of a sync were last done."""

    session = models.OneToOneField("cohorts.Session", models.CASCADE, related_name="following", verbose_name=_("session"))
    looked_at = models.DateTimeField(_("somebody last looked"), null=True, blank=True)
    reviews_at = models.DateTimeField(_("reviews given, last fetched"), null=True, blank=True)
    full_at = models.DateTimeField(_("open items, last fetched in full"), null=True, blank=True)

    class Meta:
        verbose_name = _("following of a session")
        verbose_name_plural = _("following of sessions")

    def __str__(self) -> str:
        return str(self.session)


class WebhookDelivery(models.Model):
    """A delivery of GitHub's webhook; a redelivery has the same GUID and is skipped once it was processed."""

    guid = models.CharField("GUID", max_length=64, unique=True)
    event = models.CharField(_("event"), max_length=60)
    about = models.CharField(_("node id"), max_length=200, blank=True)
    items = models.JSONField(_("items"), default=list, blank=True, help_text=_("Work items to fetch again."))
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-received_at", "-pk"]
        indexes = [models.Index(fields=["id"], name="delivery_open", condition=Q(processed_at=None))]

    def __str__(self) -> str:
        return self.guid
