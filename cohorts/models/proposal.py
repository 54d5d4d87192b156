"""Proposals of who could go into which cohort, as the solver made them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .session import Session


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def visible_to(self, user):
        """Proposals for the sessions that `user` organises."""
        return self.filter(session__in=Session.objects.organised_by(user))

    def under_way(self):
        """Those that wait or run."""
        return self.filter(state__in=Proposal.UNDER_WAY)


class Proposal(models.Model):
    """One search for cohorts: what was asked, what came out, and what became of it. Holds ids and no names.

    `inputs` is what was asked: ids of applications, of cohorts with those who lead them, pins and bans, limits. `result` is what
    came out: members by cohort, who is left out and why, goals and verdict. `taken_over` is what accepting wrote, for undoing it.
    Written by `cohorts.proposals` alone.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Ready to look at")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        ACCEPTED = "accepted", _("Accepted")
        UNDONE = "undone", _("Taken back")
        DISCARDED = "discarded", _("Discarded")

    UNDER_WAY = (State.WAITING, State.RUNNING)
    #: States in which there is a result to look at.
    WITH_RESULT = (State.DONE, State.ACCEPTED, State.UNDONE, State.DISCARDED)

    class Origin(models.TextChoices):
        SEARCH = "search", _("Found by the search")
        HAND = "hand", _("Made by hand")

    session = models.ForeignKey(Session, models.CASCADE, related_name="proposals", verbose_name=_("session"))
    made_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("asked for by")
    )
    accepted_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("accepted by")
    )
    origin = models.CharField(_("how it came about"), max_length=6, choices=Origin.choices, default=Origin.SEARCH)
    based_on = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("began as a copy of")
    )
    version = models.PositiveIntegerField(
        _("version"),
        default=0,
        editable=False,
        help_text=_("Counts changes by hand, so that two people do not overwrite each other."),
    )
    moves = models.JSONField(
        _("changes by hand"),
        default=list,
        blank=True,
        editable=False,
        help_text=_("What was changed, so that it can be taken back."),
    )
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.WAITING)
    seconds = models.PositiveSmallIntegerField(_("seconds to think"), default=30)
    inputs = models.JSONField(_("what was asked"), default=dict)
    result = models.JSONField(_("what came out"), default=dict, blank=True)
    taken_over = models.JSONField(_("what accepting wrote"), default=list, blank=True)
    progress = models.CharField(_("works on"), max_length=20, blank=True)
    error = models.CharField(_("why it failed"), max_length=20, blank=True)
    created_at = models.DateTimeField(_("asked for"), auto_now_add=True)
    started_at = models.DateTimeField(_("began"), null=True, blank=True)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposal of cohorts")
        verbose_name_plural = _("proposals of cohorts")
        ordering = ["session", "-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(state__in=["waiting", "running"]), name="proposal_one_under_way"
            ),
        ]

    def __str__(self) -> str:
        return str(_("Proposal %(number)s") % {"number": self.pk})

    @property
    def is_by_hand(self) -> bool:
        return self.origin == self.Origin.HAND

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNDER_WAY

    @property
    def members(self) -> dict[int, list[int]]:
        """Applications by cohort, as ids; empty without a result."""
        return {int(cohort): people for cohort, people in self.result.get("members", {}).items()}

    @property
    def pins(self) -> dict[int, int]:
        """The cohort that organisers chose for an application, by the application's id."""
        return {int(one): cohort for one, cohort in self.inputs.get("pins", {}).items()}

    @property
    def bans(self) -> dict[int, list[int]]:
        """Cohorts that organisers ruled out for an application, by the application's id."""
        return {int(one): cohorts for one, cohorts in self.inputs.get("bans", {}).items()}
