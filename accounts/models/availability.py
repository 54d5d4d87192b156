"""When a person has time in a week, on that person's own wall clock."""

import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from .user import validate_time_zone

SLOTS_A_DAY = 48
SLOTS_A_WEEK = 7 * SLOTS_A_DAY


def validate_slots(value) -> None:
    """Slots are a sorted list of distinct whole numbers, 0 (Monday 00:00) to 335 (Sunday 23:30)."""
    if not isinstance(value, list) or any(type(slot) is not int or not 0 <= slot < SLOTS_A_WEEK for slot in value):
        raise ValidationError(_("Availability is a list of half hours from 0 (Monday 00:00) to 335 (Sunday 23:30)."))
    if value != sorted(set(value)):
        raise ValidationError(_("Half hours stand in order, each once."))


class AvailabilityQuerySet(models.QuerySet["Availability"]):
    def visible_to(self, user):
        """Availability of the people whom `user` may see."""
        from .user import User

        return self.filter(user__in=User.objects.visible_to(user))


class Availability(models.Model):
    """A weekly set of half hours in local time. Never stored in UTC: a change to summer time would move it."""

    user = models.OneToOneField("accounts.User", models.CASCADE, related_name="availability", verbose_name=_("person"))
    time_zone = models.CharField(_("time zone"), max_length=64, validators=[validate_time_zone])
    slots = models.JSONField(_("half hours"), default=list, blank=True, validators=[validate_slots])
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)
    confirmed_at = models.DateTimeField(
        _("still right at"), null=True, blank=True, help_text=_("When the person last said so without changing it.")
    )

    objects = AvailabilityQuerySet.as_manager()

    class Meta:
        verbose_name = _("availability")
        verbose_name_plural = _("availabilities")

    def __str__(self) -> str:
        return f"{self.user}: {self.hours} h"

    @property
    def said_at(self) -> datetime.datetime:
        """When the person last changed it, or last said that it is still right."""
        return max(self.updated_at, self.confirmed_at) if self.confirmed_at else self.updated_at

    @property
    def hours(self) -> str:
        """Hours a week, as people write them: “12” or “7.5”."""
        return f"{len(self.slots) / 2:g}"

    @property
    def hours_a_week(self) -> str:
        """The same in words: “1 hour a week”, “7.5 hours a week”."""
        # Languages have no form for halves: they are many, also below two.
        number = len(self.slots) // 2 if len(self.slots) % 2 == 0 else max(2, len(self.slots) // 2)
        return ngettext("%(hours)s hour a week", "%(hours)s hours a week", number) % {"hours": self.hours}
