"""Applying after the deadline: codes that organisers make, and who used them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .session import Session


class LateCodeQuerySet(models.QuerySet["LateCode"]):
    def visible_to(self, user):
        """Codes of the sessions that `user` organises."""
        return self.filter(session__in=Session.objects.organised_by(user))


class LateCode(models.Model):
    """Lets people apply after the deadline until `expires_at`. Its code is a secret between the organisers and whom they give it."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="late_codes", verbose_name=_("session"))
    code = models.CharField(_("code"), max_length=40, unique=True, editable=False)
    note = models.CharField(_("note"), max_length=200, blank=True, help_text=_("For organisers: whom or what it is for."))
    most_uses = models.PositiveSmallIntegerField(_("people who can use it"), default=1)
    expires_at = models.DateTimeField(_("lets people apply until"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    made_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, editable=False, related_name="+", verbose_name=_("made by")
    )
    created_at = models.DateTimeField(_("made"), auto_now_add=True)

    objects = LateCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("code for late applications")
        verbose_name_plural = _("codes for late applications")
        ordering = ["session", "-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(most_uses__gte=1),
                name="late_code_has_uses",
                violation_error_message=_("At least one person must be able to use it."),
            )
        ]

    def __str__(self) -> str:
        # Never the code: this text turns up in histories.
        return self.note or str(_("Code %(number)s") % {"number": self.pk})


class LateAccessQuerySet(models.QuerySet["LateAccess"]):
    def visible_to(self, user):
        """One's own, and those of sessions that `user` organises."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(person=user) | Q(code__session__in=Session.objects.organised_by(user)))


class LateAccess(models.Model):
    """This person used a code: may apply to its session until the code's date, as long as it is not revoked."""

    code = models.ForeignKey(LateCode, models.CASCADE, related_name="uses", verbose_name=_("code"))
    person = models.ForeignKey("accounts.User", models.CASCADE, related_name="late_accesses", verbose_name=_("person"))
    used_at = models.DateTimeField(_("used"), auto_now_add=True)

    objects = LateAccessQuerySet.as_manager()

    class Meta:
        verbose_name = _("use of a late code")
        verbose_name_plural = _("uses of late codes")
        ordering = ["code", "used_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["code", "person"], name="late_access_once")]

    def __str__(self) -> str:
        return str(_("Late access"))
