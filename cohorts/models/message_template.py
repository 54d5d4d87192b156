"""Words of mails that a session has for itself."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .session import Session


class MessageTemplateQuerySet(models.QuerySet["MessageTemplate"]):
    def visible_to(self, user):
        """Templates of the sessions that `user` organises."""
        return self.filter(session__in=Session.objects.organised_by(user))


class MessageTemplate(models.Model):
    """Subject and text of one kind of mail, in one language, instead of the site's own. Text is Markdown with `{placeholders}`.

    Written by `cohorts.message_templates`, which checks them, and taken along by `cohorts.session_copy`; `version` refuses a save from
    a form that is out of date.
    """

    session = models.ForeignKey(Session, models.CASCADE, related_name="message_templates", verbose_name=_("session"))
    kind = models.CharField(_("kind"), max_length=60)
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"), max_length=10_000)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    updated_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("changed by")
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = MessageTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        ordering = ["session", "kind", "language"]
        constraints = [models.UniqueConstraint(fields=["session", "kind", "language"], name="message_template_once")]

    def __str__(self) -> str:
        return f"{self.kind} ({self.language})"
