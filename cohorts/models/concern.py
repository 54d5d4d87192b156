"""What somebody reports in confidence, who may read it, and what is said about it."""

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import access
from .session import Session


class ConcernContactQuerySet(models.QuerySet["ConcernContact"]):
    def visible_to(self, user):
        """Those who stand on the public page; past ones for the person, for organisers of the session, and for the operator."""
        public = Q(active=True, user__is_active=True) & (
            Q(session=None) | Q(session__in=Session.objects.visible_to(user).values("pk"), session__archived_at__isnull=True)
        )
        if not user.is_authenticated:
            return self.filter(public)
        if user.is_superuser:
            return self
        return self.filter(public | Q(user=user) | Q(session__in=access.organised_sessions(user)))

    def managed_by(self, user):
        """Those that `user` may name, change and take off the page: the operator all, organisers those of their sessions."""
        if not user.is_authenticated:
            return self.none()
        return self if user.is_superuser else self.filter(session__in=access.organised_sessions(user))

    def reachable(self):
        """Who can be chosen now."""
        return self.filter(Q(session=None) | Q(session__archived_at__isnull=True), active=True, user__is_active=True)


class ConcernContact(models.Model):
    """Somebody to whom people may turn: of one session, or of the whole site (no session)."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="concern_contacts", verbose_name=_("person"))
    session = models.ForeignKey(
        Session,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="concern_contacts",
        verbose_name=_("session"),
        help_text=_("Empty: for the whole site."),
    )
    line = models.CharField(
        _("who this is"),
        max_length=150,
        blank=True,
        help_text=_("One line beside the name. Example: member of the board, not involved in any session."),
    )
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    active = models.BooleanField(
        _("can be chosen"),
        default=True,
        help_text=_("Unticked: not on the page any more. What people sent before can still be read by whom they chose."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ConcernContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact for concerns")
        verbose_name_plural = _("contacts for concerns")
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "user"], name="concern_contact_once_a_session"),
            models.UniqueConstraint(fields=["user"], condition=Q(session=None), name="concern_contact_once_a_site"),
        ]

    def __str__(self) -> str:
        return str(self.user)


class ConcernQuerySet(models.QuerySet["Concern"]):
    def visible_to(self, user):
        """What the person reported under their name, and what they were chosen to read. Nothing else, for nobody: the operator too
        reads only what was opened with a reason, which makes a reader of them."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(reporter=user) | Exists(ConcernReader.objects.filter(concern=OuterRef("pk"), user=user)))

    def read_by(self, user):
        """What `user` was chosen to read, or opened."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(Exists(ConcernReader.objects.filter(concern=OuterRef("pk"), user=user)))

    def reported_by(self, user):
        return self.filter(reporter=user) if user.is_authenticated else self.none()


class Concern(models.Model):
    """A report in confidence. Its words stand here and in its notes, nowhere else: no mail, no history, no log has them.

    Without a `reporter` it was sent without a name; whoever holds the token behind `token_hash` (SHA-256) follows it. People
    in `left_out` must not hear of it in any way.
    """

    class State(models.TextChoices):
        NEW = "new", _("Not read yet")
        READ = "read", _("Read")
        LOOKING = "looking", _("Being looked into")
        CLOSED = "closed", _("Closed")

    reporter = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("reported by")
    )
    token_hash = models.CharField(max_length=64, blank=True, editable=False)
    session = models.ForeignKey(Session, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("session"))
    text = models.TextField(_("what happened"), max_length=20000)
    happened = models.CharField(_("when and where"), max_length=300, blank=True)
    reach = models.CharField(_("how to reach the person"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.NEW)
    readers = models.ManyToManyField("accounts.User", through="ConcernReader", related_name="+", verbose_name=_("readers"))
    #: Nobody who runs the site may open it: those of the day stand in `left_out` as well, later ones nowhere.
    closed_to_operators = models.BooleanField(default=False, db_default=False, editable=False)
    left_out = models.ManyToManyField("accounts.User", related_name="+", blank=True, verbose_name=_("left out"))
    created_at = models.DateTimeField(_("sent"), default=timezone.now)
    read_at = models.DateTimeField(_("first read"), null=True, blank=True)
    looked_into_at = models.DateTimeField(_("looked into since"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    reminded_at = models.DateTimeField(_("readers reminded"), null=True, blank=True, editable=False)
    others_told_at = models.DateTimeField(_("other contacts told"), null=True, blank=True, editable=False)

    objects = ConcernQuerySet.as_manager()

    class Meta:
        verbose_name = _("concern")
        verbose_name_plural = _("concerns")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], condition=~Q(token_hash=""), name="concern_token_unique"),
        ]
        indexes = [models.Index(fields=["state", "created_at"], name="concern_state")]

    def __str__(self) -> str:
        # Never its words or who sent it: this turns up in histories and lists.
        return str(_("Concern %(number)s") % {"number": self.pk})

    @property
    def is_open(self) -> bool:
        return self.state != self.State.CLOSED


class ConcernReaderQuerySet(models.QuerySet["ConcernReader"]):
    def visible_to(self, user):
        """For those who read the concern, and for who reported it."""
        return self.filter(concern__in=Concern.objects.visible_to(user).values("pk"))


class ConcernReader(models.Model):
    """That somebody may read a concern: chosen by who reported it, or, with a `reason`, the operator who opened it."""

    concern = models.ForeignKey(Concern, models.CASCADE, related_name="reading", verbose_name=_("concern"))
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", verbose_name=_("person"))
    added_at = models.DateTimeField(_("since"), default=timezone.now)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    reason = models.CharField(_("why the operator opened it"), max_length=500, blank=True)

    objects = ConcernReaderQuerySet.as_manager()

    class Meta:
        verbose_name = _("reader of a concern")
        verbose_name_plural = _("readers of concerns")
        ordering = ["concern", "pk"]
        constraints = [models.UniqueConstraint(fields=["concern", "user"], name="concern_reader_once")]

    def __str__(self) -> str:
        return f"{self.concern}, {self.user}"


class ConcernNoteQuerySet(models.QuerySet["ConcernNote"]):
    def visible_to(self, user):
        """All for those who read the concern; for who reported it what was said to them, and their own words."""
        if not user.is_authenticated:
            return self.none()
        read = Concern.objects.read_by(user).values("pk")
        own = Concern.objects.reported_by(user).values("pk")
        return self.filter(Q(concern__in=read) | Q(concern__in=own, shared=True))

    def shared(self):
        """What who reported it reads."""
        return self.filter(shared=True)


class ConcernNote(models.Model):
    """Words about a concern: of its readers among themselves, or shared with who reported it; and the words of that person."""

    concern = models.ForeignKey(Concern, models.CASCADE, related_name="notes", verbose_name=_("concern"))
    #: Nobody: written by who reported it, or by an account that was deleted since.
    author = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("written by")
    )
    from_reporter = models.BooleanField(_("by who reported it"), default=False)
    text = models.TextField(_("text"), max_length=10000)
    shared = models.BooleanField(_("who reported it reads this"), default=False)
    created_at = models.DateTimeField(_("written"), default=timezone.now)

    objects = ConcernNoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("note on a concern")
        verbose_name_plural = _("notes on concerns")
        ordering = ["concern", "created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(from_reporter=False) | Q(shared=True), name="concern_words_of_reporter_are_shared"
            ),
        ]

    def __str__(self) -> str:
        return str(_("Note %(number)s") % {"number": self.pk})
