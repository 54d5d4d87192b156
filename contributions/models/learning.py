"""The learning log: what a member learned, in the member's own words, to keep."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cohorts.models import access

from .work import Contribution


class LearningEntryQuerySet(models.QuerySet["LearningEntry"]):
    def visible_to(self, user):
        """One's own; shared ones for the cohort, those who lead it and the organisers. Others' unshared ones for nobody else.

        The operator runs the site and is none of these: a log is not theirs to read.
        """
        if not user.is_authenticated:
            return self.none()
        shared = Q(shared=True)
        return self.filter(
            Q(membership__user=user)
            | (shared & Q(membership__cohort__in=access.joined_cohorts(user)))
            | (shared & Q(membership__cohort__in=access.led_cohorts(user)))
            | (shared & Q(membership__cohort__session__in=access.organised_sessions(user)))
        )


class LearningEntry(models.Model):
    """Some lines about something learned, with the contributions they belong to."""

    membership = models.ForeignKey("cohorts.Membership", models.CASCADE, related_name="learning", verbose_name=_("member"))
    week = models.ForeignKey("cohorts.Week", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("week"))
    title = models.CharField(_("title"), max_length=150, blank=True)
    text = models.TextField(_("text"), max_length=20000, help_text=_("Markdown. In your own words."))
    contributions = models.ManyToManyField(Contribution, related_name="learning", blank=True, verbose_name=_("contributions"))
    shared = models.BooleanField(_("shared with my cohort"), default=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    saved_by_form = models.CharField(max_length=40, blank=True, editable=False)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = LearningEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of the learning log")
        verbose_name_plural = _("entries of the learning log")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.title or self.text[:60]
