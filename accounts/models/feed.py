"""The address under which a calendar program reads a person's dates."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class FeedState(models.Model):
    """What a secret address showed last, so that a calendar program that asks again hears “nothing new”, and never so by mistake."""

    content_hash = models.CharField(max_length=64, blank=True, editable=False)
    #: When what it shows became other than before; whole seconds, since HTTP knows no smaller ones.
    content_changed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    def visible_to(self, user):
        """One's own feeds; nobody else's, not even for the operator."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    def working(self):
        return self.filter(revoked_at=None)


class CalendarFeed(FeedState):
    """A revocable capability: whoever holds the token reads the dates of `user`. Only the token's SHA-256 is stored."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="calendar_feeds", verbose_name=_("person"))
    token_hash = models.CharField(_("hash of the token"), max_length=64, unique=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(revoked_at=None), name="one_working_feed_a_person"),
        ]

    def __str__(self) -> str:
        return str(_("Calendar of %(person)s") % {"person": self.user})
