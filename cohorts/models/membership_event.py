"""What happened to somebody's place in a cohort: the history that stays when states change."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .cohort import Cohort, Membership


class MembershipEventQuerySet(models.QuerySet["MembershipEvent"]):
    def visible_to(self, user):
        """Of oneself, and of those whom one leads or organises. Who shares a cohort sees the state and not its story.

        The operator sees what happened where nobody wrote why: a reason is for those who lead and organise.
        """
        if not user.is_authenticated:
            return self.none()
        seen = Membership.objects.visible_to(user)
        own = Q(membership__user=user, membership__in=seen)
        cared_for = Q(membership__in=seen, membership__cohort__in=Cohort.objects.cared_for_by(user))
        return self.filter(own | cared_for | Q(note="")) if user.is_superuser else self.filter(own | cared_for)


class MembershipEvent(models.Model):
    """One change of a place. `note` is a private reason: it is read by those who lead and organise, and by the person."""

    class What(models.TextChoices):
        JOINED = "joined", _("Joined")
        RESTING = "resting", _("Rests until they say otherwise")
        BACK = "back", _("Is back")
        LEFT = "left", _("Left")
        RETURNED = "returned", _("Came back after leaving")
        EXTENDED = "extended", _("Goes on longer")
        COMPLETED = "completed", _("Completed the session")
        TOOK_OVER = "took_over", _("Took over from somebody")
        HANDED_OVER = "handed_over", _("Handed over to somebody")

    membership = models.ForeignKey(Membership, models.CASCADE, related_name="events", verbose_name=_("membership"))
    what = models.CharField(_("what"), max_length=12, choices=What.choices)
    actor = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    #: The other place in a change of navigators.
    other = models.ForeignKey(Membership, models.SET_NULL, null=True, blank=True, related_name="+")
    note = models.CharField(_("note"), max_length=500, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now, editable=False)

    objects = MembershipEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of a place")
        verbose_name_plural = _("changes of places")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.membership}: {self.get_what_display()}"

    @property
    def words(self) -> str:
        """What happened, with the name of the other one where somebody took over. Needs `other__user`."""
        name = {"name": self.other.user} if self.other else None
        if name and self.what == self.What.TOOK_OVER:
            return gettext("Took over from %(name)s") % name
        if name and self.what == self.What.HANDED_OVER:
            return gettext("Handed over to %(name)s") % name
        return gettext("Rests") if self.what == self.What.RESTING else self.get_what_display()
