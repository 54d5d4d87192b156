"""The end of a session for one person: what they say of it, what they want next, and what they say in public."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from . import access
from .cohort import Membership


class FarewellQuerySet(models.QuerySet["Farewell"]):
    def visible_to(self, user):
        """One's own; what was handed in, for the cohort, those who lead it and the organisers. `wants_…` are for organisers."""
        if not user.is_authenticated:
            return self.none()
        own, written = Q(membership__user=user), Q(written_at__isnull=False)
        if user.is_superuser:
            return self.filter(own | written)
        of_cohort = Q(membership__cohort__in=access.joined_cohorts(user)) | Q(membership__cohort__in=access.led_cohorts(user))
        return self.filter(own | (written & (of_cohort | Q(membership__cohort__session__in=access.organised_sessions(user)))))


class Farewell(models.Model):
    """What somebody who was in a cohort did there, in their own words, and what they would like to do next time."""

    membership = models.OneToOneField(Membership, models.CASCADE, related_name="farewell", verbose_name=_("person"))
    did = models.TextField(_("what I did"), blank=True, max_length=5000, help_text=_("Markdown. In your own words."))
    proud = models.TextField(_("what I am glad about"), blank=True, max_length=5000)
    thanks = models.TextField(_("whom I thank"), blank=True, max_length=5000)
    wants_navigator = models.BooleanField(_("I would like to be a navigator"), default=False)
    wants_captain = models.BooleanField(_("I would like to be a captain"), default=False)
    wants_organiser = models.BooleanField(_("I would like to help to organise"), default=False)
    wants_note = models.CharField(_("anything to add for the organisers"), max_length=500, blank=True)
    written_at = models.DateTimeField(_("handed in"), null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    saved_by_form = models.CharField(max_length=40, blank=True, editable=False)

    objects = FarewellQuerySet.as_manager()

    class Meta:
        verbose_name = _("farewell")
        verbose_name_plural = _("farewells")

    def __str__(self) -> str:
        return str(self.membership)


class TestimonialQuerySet(models.QuerySet["Testimonial"]):
    def visible_to(self, user):
        """Published ones for everybody; one's own; all handed in for the organisers of the session."""
        published = Q(state="published")
        if not user.is_authenticated:
            return self.filter(published)
        if user.is_superuser:
            return self
        return self.filter(published | Q(author=user) | Q(session__in=access.organised_sessions(user)))


class Testimonial(models.Model):
    """What somebody says of the program in public, once an organiser has read it. The author may take it back at any time."""

    #: Not a class of tests.
    __test__ = False

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits for an organiser")
        PUBLISHED = "published", _("Published")
        DECLINED = "declined", _("Not published")
        WITHDRAWN = "withdrawn", _("Taken back")

    session = models.ForeignKey("cohorts.Session", models.CASCADE, related_name="testimonials", verbose_name=_("session"))
    author = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", verbose_name=_("author"))
    text = models.TextField(_("text"), max_length=2000)
    #: What stands below it: the person's name, a part of it, or nothing.
    signed = models.CharField(_("signed"), max_length=150, blank=True, help_text=_("Empty: without a name."))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    moderated_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    moderated_at = models.DateTimeField(null=True, blank=True)
    moderation_note = models.CharField(_("note to the author"), max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TestimonialQuerySet.as_manager()

    class Meta:
        verbose_name = _("testimonial")
        verbose_name_plural = _("testimonials")
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["session", "author"], name="testimonial_once_a_session")]

    def __str__(self) -> str:
        return f"{self.session}, {self.pk}"
