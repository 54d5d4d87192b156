"""Rules of a session about who can take part: conditions on answers."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .session import Session


class EligibilityRuleQuerySet(models.QuerySet["EligibilityRule"]):
    def visible_to(self, user):
        """Rules of the sessions that `user` organises. Applicants read the reasons of those that hold for them."""
        return self.filter(session__in=Session.objects.organised_by(user))


class EligibilityRule(models.Model):
    """Where its condition holds for an answer, the application is not eligible, or needs a look, and its applicant reads why."""

    class Condition(models.TextChoices):
        IS = "is", _("is")
        IS_NOT = "is_not", _("is not")
        INCLUDES = "includes", _("includes")
        INCLUDES_NOT = "includes_not", _("does not include")
        BELOW = "below", _("is below or before")
        ABOVE = "above", _("is above or after")
        EMPTY = "empty", _("is empty")
        ANSWERED = "answered", _("is answered")

    class Outcome(models.TextChoices):
        NEEDS_A_LOOK = "needs_a_look", _("Needs a look")
        NOT_ELIGIBLE = "not_eligible", _("Not eligible")

    session = models.ForeignKey(Session, models.CASCADE, related_name="eligibility_rules", verbose_name=_("session"))
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    question = models.ForeignKey("cohorts.Question", models.CASCADE, related_name="eligibility_rules", verbose_name=_("question"))
    condition = models.CharField(_("condition"), max_length=12, choices=Condition.choices)
    value = models.CharField(
        _("compared with"), max_length=300, blank=True, help_text=_("A choice, a number, a date as 2027-01-31, “yes” or “no”.")
    )
    outcome = models.CharField(_("then"), max_length=12, choices=Outcome.choices, default=Outcome.NEEDS_A_LOOK)
    reason = models.CharField(
        _("reason"), max_length=300, help_text=_("The applicant reads it. Say what it is about and what can be done.")
    )

    objects = EligibilityRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("eligibility rule")
        verbose_name_plural = _("eligibility rules")
        ordering = ["session", "order", "pk"]

    def __str__(self) -> str:
        return self.reason
