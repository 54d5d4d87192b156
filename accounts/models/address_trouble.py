"""Addresses that took no mail: what a mail server or provider said of them."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .user import User


class AddressTroubleQuerySet(models.QuerySet["AddressTrouble"]):
    def visible_to(self, user):
        """Trouble of one's own addresses, and of those of the people whom one organises; all for the operator."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        from allauth.account.models import EmailAddress

        people = User.objects.organised_by(user).annotate(key=Lower("email")).values("key")
        own = EmailAddress.objects.filter(user=user).annotate(key=Lower("email")).values("key")
        return self.annotate(key=Lower("address")).filter(Q(key__in=people) | Q(key__in=own))


class AddressTrouble(models.Model):
    """One address to which mail could not be delivered. It is forgotten once a mail arrives there, or somebody says it is well.

    Belongs to an address and not to a person: whoever changes the address leaves the trouble behind.
    """

    class Reason(models.TextChoices):
        REFUSED = "refused", _("The mail server refused the address")
        BOUNCED = "bounced", _("Mail came back")
        COMPLAINED = "complained", _("Mail was marked as unwanted")

    address = models.EmailField(_("address"), max_length=254)
    reason = models.CharField(_("what happened"), max_length=10, choices=Reason.choices)
    detail = models.CharField(_("what the server said"), max_length=300, blank=True)
    times = models.PositiveIntegerField(_("times"), default=1)
    first_at = models.DateTimeField(_("first"), default=timezone.now)
    last_at = models.DateTimeField(_("last"), default=timezone.now)

    objects = AddressTroubleQuerySet.as_manager()

    class Meta:
        verbose_name = _("address in trouble")
        verbose_name_plural = _("addresses in trouble")
        ordering = ["-last_at", "-pk"]
        constraints = [models.UniqueConstraint(Lower("address"), name="address_trouble_once")]

    def __str__(self) -> str:
        return self.get_reason_display()
