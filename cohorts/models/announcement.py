"""What organisers have to say to everybody in a session, on a morning of their choice."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from . import access


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    def visible_to(self, user):
        """Those of the sessions one organises; who is in a cohort sees what is under way or sent and meant for them."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        mine = access.joined_cohorts(user)
        to_all = Q(session__cohorts__in=mine) & ~Q(audience="leaders")
        to_leaders = Q(session__cohorts__in=mine.filter(role__in=access.LEADING))
        out = self.filter(to_all | to_leaders, state__in=Announcement.OUT).values("pk")
        return self.filter(Q(session__in=access.organised_sessions(user)) | Q(pk__in=out))


class Announcement(models.Model):
    """A text for the people of a session. Each gets it on the morning of `send_on` where they live, once."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SCHEDULED = "scheduled", _("Scheduled")
        SENDING = "sending", _("Going out")
        SENT = "sent", _("Sent")
        CANCELLED = "cancelled", _("Cancelled")

    class Audience(models.TextChoices):
        EVERYBODY = "everybody", _("Everybody in a cohort")
        MEMBERS = "members", _("Members")
        LEADERS = "leaders", _("Navigators and captains")

    #: States in which somebody may have read it.
    OUT = (State.SENDING, State.SENT)

    session = models.ForeignKey("cohorts.Session", models.CASCADE, related_name="announcements", verbose_name=_("session"))
    week = models.ForeignKey(
        "cohorts.Week", models.SET_NULL, null=True, blank=True, related_name="announcements", verbose_name=_("week")
    )
    subject = models.CharField(_("subject"), max_length=150)
    body = models.TextField(_("text"), max_length=20000, help_text=_("Markdown."))
    audience = models.CharField(_("for"), max_length=10, choices=Audience.choices, default=Audience.EVERYBODY)
    send_on = models.DateField(_("day"), null=True, blank=True)
    #: In the zone of each recipient.
    send_time = models.TimeField(_("time"), default="08:00")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    written_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("written by"))
    scheduled_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("scheduled by")
    )
    scheduled_at = models.DateTimeField(_("scheduled"), null=True, blank=True)
    finished_at = models.DateTimeField(_("everybody was told"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        ordering = ["session", "-send_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "cancelled"]) | Q(send_on__isnull=False), name="announcement_has_a_day"
            )
        ]

    def __str__(self) -> str:
        return self.subject
