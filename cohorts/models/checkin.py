"""A member's few lines each week, and what others say to them."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from . import access
from .cohort import Cohort

#: What people write who are not stuck. Not translated: it is for the writer's language to say, and that is not known.
NOT_STUCK = frozenset({
    "no", "nope", "none", "nothing", "nothing yet", "nothing right now", "nothing this week", "nowhere", "not stuck",
    "not at all", "i am not stuck", "i'm not stuck", "i’m not stuck", "all good", "n/a", "na",
    "nein", "nichts", "nirgends", "nada", "rien", "niente",
})  # fmt: skip


class CheckInQuerySet(models.QuerySet["CheckIn"]):
    def visible_to(self, user):
        """Own ones, drafts too; the written ones of one's cohorts; those of sessions one organises; all for the operator."""
        if not user.is_authenticated:
            return self.none()
        shown = Q(written_at__isnull=False) | Q(resting=True)
        if user.is_superuser:
            return self.filter(shown | Q(membership__user=user))
        return self.filter(
            Q(membership__user=user)
            | (shown & Q(membership__cohort__in=access.joined_cohorts(user)))
            | (shown & Q(membership__cohort__in=Cohort.objects.led_by(user)))
        )

    def written(self):
        return self.filter(written_at__isnull=False)


class CheckIn(models.Model):
    """What a member did in one week, or that the member rests in it. A draft until `written_at` is set.

    `energy` and `wants_to_talk` are for those who lead, the organisers and the member: pages ask
    `cohorts.checkins.may_see_private` before they show them.
    """

    membership = models.ForeignKey("cohorts.Membership", models.CASCADE, related_name="checkins", verbose_name=_("member"))
    week = models.ForeignKey("cohorts.Week", models.CASCADE, related_name="checkins", verbose_name=_("week"))
    did = models.TextField(_("what I did"), blank=True, max_length=5000)
    learned = models.TextField(_("what I learned"), blank=True, max_length=5000)
    stuck = models.TextField(_("where I am stuck"), blank=True, max_length=5000)
    next = models.TextField(_("what comes next"), blank=True, max_length=5000)
    hours = models.DecimalField(
        _("hours"),
        max_digits=4,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(168)],
    )
    energy = models.PositiveSmallIntegerField(
        _("energy"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text=_("1 is empty, 5 is full. Only those who lead and organise see it."),
    )
    wants_to_talk = models.BooleanField(
        _("I would like to talk"), default=False, help_text=_("Only those who lead and organise see it.")
    )
    resting = models.BooleanField(_("resting this week"), default=False)
    written_at = models.DateTimeField(_("written"), null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)
    #: The open page that saved last: what it saved itself is not another tab's.
    saved_by_form = models.CharField(max_length=40, blank=True, editable=False)

    objects = CheckInQuerySet.as_manager()

    class Meta:
        verbose_name = _("check-in")
        verbose_name_plural = _("check-ins")
        ordering = ["membership", "week__number"]
        constraints = [models.UniqueConstraint(fields=["membership", "week"], name="checkin_once_a_week")]

    def __str__(self) -> str:
        return f"{self.membership}, {self.week}"

    @property
    def is_stuck(self) -> bool:
        """Whether the member wrote that something holds them up. “Nothing” and its like, asked for or not, do not say so."""
        said = " ".join(self.stuck.split()).strip(".!,;:-–—/ ").casefold()
        return bool(said) and said not in NOT_STUCK


class CheckInReplyQuerySet(models.QuerySet["CheckInReply"]):
    def visible_to(self, user):
        """Replies to the check-ins that `user` sees."""
        return self.filter(checkin__in=CheckIn.objects.visible_to(user))


class CheckInReply(models.Model):
    """A few words to somebody's check-in. `author` is empty once the account is deleted: the words stay, without the name."""

    checkin = models.ForeignKey(CheckIn, models.CASCADE, related_name="replies", verbose_name=_("check-in"))
    author = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("author"))
    text = models.TextField(_("text"), max_length=5000, help_text=_("Markdown."))
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    edited_at = models.DateTimeField(_("changed"), null=True, blank=True)

    objects = CheckInReplyQuerySet.as_manager()

    class Meta:
        verbose_name = _("reply to a check-in")
        verbose_name_plural = _("replies to check-ins")
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.checkin}, {self.pk}"


class CheerQuerySet(models.QuerySet["Cheer"]):
    def visible_to(self, user):
        """Cheers for the check-ins that `user` sees."""
        return self.filter(checkin__in=CheckIn.objects.visible_to(user))


class Cheer(models.Model):
    """That somebody is glad with a member about a check-in. They are shown by name and never added up for anybody."""

    checkin = models.ForeignKey(CheckIn, models.CASCADE, related_name="cheers", verbose_name=_("check-in"))
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", verbose_name=_("person"))
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CheerQuerySet.as_manager()

    class Meta:
        verbose_name = _("cheer")
        verbose_name_plural = _("cheers")
        ordering = ["created_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["checkin", "user"], name="cheer_once")]

    def __str__(self) -> str:
        return f"{self.user}, {self.checkin}"
