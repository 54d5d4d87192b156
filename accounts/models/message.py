"""What the site sends to people: every mail is a row before it is a mail."""

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import people_registry


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user):
        """Messages to `user`, those the apps above name, all for the operator; never the secret ones of others."""
        if not user.is_authenticated:
            return self.none()
        own = Q(recipient=user)
        if user.is_superuser:
            return self.filter(own | Q(secret=False))
        others = Q(pk__in=[])
        for source in people_registry.messages_visible:
            others |= source(user)
        return self.filter(own | (others & Q(secret=False)))


class Message(models.Model):
    """One mail to one person about one thing. `round` tells deliberate repeats apart; the rest is sent once."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting to be sent")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Could not be sent")
        DROPPED = "dropped", _("Not sent: no longer true")
        UNSURE = "unsure", _("Unsure: it may have arrived")
        CANCELLED = "cancelled", _("Cancelled")

    class Trouble(models.TextChoices):
        """Why a message was not sent, for the advice beside it."""

        ADDRESS = "address", _("The address takes no mail")
        CLOSED = "closed", _("The account is closed")
        CONTENT = "content", _("It cannot be written as a mail")
        REFUSED = "refused", _("The mail server refused it")
        SERVER = "server", _("The mail server could not be reached, or put it off")
        SITE = "site", _("An error of this site")

    class Fate(models.TextChoices):
        """What the mail provider told afterwards."""

        DELIVERED = "delivered", _("Delivered")
        DEFERRED = "deferred", _("Put off by the receiving server")
        BOUNCED = "bounced", _("Came back")
        COMPLAINED = "complained", _("Marked as unwanted")

    recipient = models.ForeignKey("accounts.User", models.CASCADE, null=True, blank=True, related_name="messages_received")
    address = models.EmailField(_("address"), max_length=254)
    kind = models.CharField(_("kind"), max_length=60)
    about_type = models.ForeignKey(ContentType, models.CASCADE, null=True, blank=True, related_name="+")
    about_id = models.BigIntegerField(null=True, blank=True)
    about = GenericForeignKey("about_type", "about_id")
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    subject = models.CharField(_("subject"), max_length=300)
    body = models.TextField(_("text"))
    html = models.TextField(_("text as HTML"), blank=True, help_text=_("Empty: made from the text as it is sent."))
    language = models.CharField(_("language"), max_length=10, blank=True)
    reply_to = models.EmailField(
        _("answers go to"),
        max_length=254,
        blank=True,
        default="",
        db_default="",
        help_text=_("Empty: to the address of the session or the site."),
    )
    #: Messages that one background task sends together, e.g. “publication-12”. Empty: each has a task of its own.
    batch = models.CharField(_("sent together"), max_length=40, blank=True, editable=False)
    secret = models.BooleanField(
        _("secret"), default=False, help_text=_("Holds a code or a link that logs in: the text goes once it is sent.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    trouble = models.CharField(_("why it was not sent"), max_length=10, choices=Trouble.choices, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    tried_at = models.DateTimeField(_("last tried"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    settled_by = models.ForeignKey(
        "accounts.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("settled by"),
        help_text=_("Who said what became of it, sent it again or cancelled it."),
    )
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    fate = models.CharField(_("what the provider told"), max_length=10, choices=Fate.choices, blank=True)
    fate_at = models.DateTimeField(_("told at"), null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "kind", "about_type", "about_id", "round"],
                condition=Q(about_id__isnull=False),
                name="message_once_a_round",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "created_at"], name="message_outbox"),
            models.Index(fields=["batch", "state"], name="message_batch", condition=~Q(batch="")),
        ]

    def __str__(self) -> str:
        return self.subject
