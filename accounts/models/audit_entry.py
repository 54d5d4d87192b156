"""What was done on this site that somebody may ask about later: written once, never changed."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import people_registry


class NeverChanged(Exception):
    """Somebody tried to change or delete a line of the audit log."""


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, user):
        """All for the operator; else what concerns the sessions whose log `user` reads, and their own log-ins.

        Nobody but the operator reads in a session's log what others did to them: an organiser may have applied as well, and
        must not learn that somebody decided.
        """
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        own = Q(subject_key=user.pk, action__in=people_registry.own_audit_actions)
        scopes = Q(pk__in=[])
        for source in people_registry.audit_scopes:
            scopes |= Q(scope_key__in=source(user).order_by().values("pk"))
        return self.filter(own | (scopes & (Q(actor_key=user.pk) | ~Q(subject_key=user.pk))))

    def over(self, now):
        """Those that were kept as long as was said when they were written."""
        return self.filter(kept_until__lt=now)

    def update(self, **values):
        raise NeverChanged("A line of the audit log is never changed.")

    def bulk_update(self, objs, fields, batch_size=None):
        raise NeverChanged("A line of the audit log is never changed.")

    def delete(self):
        raise NeverChanged("Lines of the audit log go when their time is over: see accounts.audit.keeping.")


class AuditEntry(models.Model):
    """One line of the audit log. Written by `accounts.audit.record` alone.

    People, the session and what it is about are plain numbers without a foreign key, so that a line outlives them and deleting
    somebody changes none. A trigger in the database refuses every change, and deleting before `kept_until`. Django remakes a
    table of SQLite to alter it, and its triggers go with the old one: a migration that alters this table makes them again.
    """

    at = models.DateTimeField(_("when"), default=timezone.now)
    action = models.CharField(_("what"), max_length=60)
    actor_key = models.BigIntegerField(_("who"), null=True)
    subject_key = models.BigIntegerField(_("to whom"), null=True)
    about_type = models.CharField(_("kind of thing"), max_length=60, blank=True)
    about_key = models.CharField(_("number of the thing"), max_length=40, blank=True)
    scope_key = models.BigIntegerField(_("session"), null=True)
    details = models.JSONField(_("details"), default=dict)
    address = models.GenericIPAddressField(_("network address"), null=True)
    kept_until = models.DateTimeField(_("kept until"))

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of the audit log")
        verbose_name_plural = _("audit log")
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="audit_at"),
            models.Index(fields=["action", "-at", "-id"], name="audit_action"),
            models.Index(fields=["actor_key", "-at", "-id"], name="audit_actor", condition=Q(actor_key__isnull=False)),
            models.Index(fields=["subject_key", "-at", "-id"], name="audit_subject", condition=Q(subject_key__isnull=False)),
            models.Index(fields=["scope_key", "-at", "-id"], name="audit_scope", condition=Q(scope_key__isnull=False)),
            models.Index(fields=["about_type", "about_key", "-at"], name="audit_about", condition=~Q(about_type="")),
            models.Index(fields=["kept_until"], name="audit_kept_until"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise NeverChanged("A line of the audit log is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any):
        raise NeverChanged("Lines of the audit log go when their time is over: see accounts.audit.keeping.")
