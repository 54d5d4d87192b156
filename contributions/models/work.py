"""What members work on: each item is stored once, and belongs to one or more members."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cohorts.models import Membership


class WorkItemQuerySet(models.QuerySet["WorkItem"]):
    def visible_to(self, user):
        """Items that are a contribution which `user` may see."""
        return self.filter(pk__in=Contribution.objects.visible_to(user).values("work_item_id"))

    def open(self):
        """Items that may still change: open and draft ones."""
        return self.filter(state__in=WorkItem.OPEN_STATES)


class WorkItem(models.Model):
    """An issue, a pull request, a ticket or other work by link, as last fetched.

    All times are aware and in UTC. `events` is the item's story for the week strip and the item page: a list of
    `{"at": ISO 8601 with Z, "what": …, "by": login or "", "human": bool}` in order of time; `what` is one of opened, ready,
    draft, commented, approved, changes_requested, reviewed, dismissed (a review), pushed, force_pushed, review_requested,
    closed, reopened, merged, landed, renamed (its title), base_changed, transferred, locked, unlocked, became_discussion.
    Where something was called otherwise before, `from` and perhaps `to` are there as well; who is asked for a review is in `to`.
    `labels` is a list of `{"name", "color"}`, `linked` a list of `{"url", "title", "number", "repository", "state"}`,
    `trailers` a list of commit trailers that disclose help. The meanings are computed by `contributions.meaning`.

    `first_response_after` is the wait for the first answer without the time as a draft; `first_of_author` stays as it was first
    known; `behind` is whether GitHub asks to bring the branch up to date; `disclosure` is what the place for it in the
    project's template says about AI. `gone`, `gone_at` and `moved_from` tell what became of it: `contributions.story`.

    `tracker` is empty for what is on GitHub and for other work; else the kind of the tracker that is asked, at `fetch_after`.
    `stage`, `resolution` (in the tracker's words) and `flags` (codes of `contributions.flags`) are what tickets have.
    """

    class Kind(models.TextChoices):
        ISSUE = "issue", _("Issue")
        PULL_REQUEST = "pull_request", _("Pull request")
        TICKET = "ticket", _("Ticket")
        OTHER = "other", _("Other work")

    class OtherKind(models.TextChoices):
        REVIEW = "review", _("Review")
        TRIAGE = "triage", _("Triage")
        TALK = "talk", _("Talk")
        POST = "post", _("Blog post")
        TRANSLATION = "translation", _("Translation")
        HELP = "help", _("Help for others")
        ELSE = "else", _("Something else")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        DRAFT = "draft", _("Draft")
        MERGED = "merged", _("Merged")
        CLOSED = "closed", _("Closed")
        LANDED = "landed", _("Landed by hand")
        GONE = "gone", _("Gone")

    OPEN_STATES = (State.OPEN, State.DRAFT)

    class CI(models.TextChoices):
        SUCCESS = "success", _("Checks pass")
        FAILURE = "failure", _("Checks fail")
        PENDING = "pending", _("Checks run")

    class ReviewState(models.TextChoices):
        APPROVED = "approved", _("Approved")
        CHANGES_REQUESTED = "changes_requested", _("Changes requested")
        REVIEW_REQUIRED = "review_required", _("Review needed")
        COMMENTED = "commented", _("Commented")

    class Turn(models.TextChoices):
        MEMBER = "member", _("The member")
        REVIEWER = "reviewer", _("A reviewer")
        MAINTAINER = "maintainer", _("The maintainers")

    class Gone(models.TextChoices):
        DELETED = "deleted", _("Deleted on GitHub")
        NOT_VISIBLE = "not_visible", _("No longer visible to us")

    host = models.CharField(_("host"), max_length=120)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    other_kind = models.CharField(
        _("kind of other work"), max_length=12, choices=OtherKind.choices, blank=True, help_text=_("For other work alone.")
    )
    database_id = models.BigIntegerField(_("number of the host"), null=True, blank=True)
    node_id = models.CharField(_("node id"), max_length=100, blank=True)
    tracked_repository = models.ForeignKey(
        "cohorts.Repository",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="work_items",
        verbose_name=_("tracked repository"),
    )
    repository = models.CharField(_("repository"), max_length=200, blank=True)
    number = models.PositiveIntegerField(_("number"), null=True, blank=True)
    title = models.CharField(_("title"), max_length=500)
    url = models.URLField(_("address"), max_length=500, blank=True)
    author_login = models.CharField(_("author"), max_length=100, blank=True)
    author_node_id = models.CharField(max_length=100, blank=True)

    tracker = models.CharField(_("tracker"), max_length=20, blank=True)
    stage = models.CharField(_("stage"), max_length=60, blank=True)
    resolution = models.CharField(_("resolution"), max_length=60, blank=True)
    flags = models.JSONField(_("flags"), default=list, blank=True)

    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(_("opened"), null=True, blank=True)
    updated_at = models.DateTimeField(_("last changed on the host"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    merged_at = models.DateTimeField(_("merged"), null=True, blank=True)
    ready_at = models.DateTimeField(_("ready for review"), null=True, blank=True)
    first_response_at = models.DateTimeField(_("first answer by a human"), null=True, blank=True)

    first_response_after = models.DurationField(
        _("waited for the first answer"), null=True, blank=True, help_text=_("Without the time in which it was a draft.")
    )
    first_of_author = models.BooleanField(
        _("the author's first in this repository"), null=True, blank=True, help_text=_("Empty: not known.")
    )

    additions = models.PositiveIntegerField(_("lines added"), null=True, blank=True)
    deletions = models.PositiveIntegerField(_("lines removed"), null=True, blank=True)
    changed_files = models.PositiveIntegerField(_("files changed"), null=True, blank=True)
    comments = models.PositiveIntegerField(_("comments"), default=0)
    review_state = models.CharField(_("review"), max_length=20, choices=ReviewState.choices, blank=True)
    ci = models.CharField(_("checks"), max_length=8, choices=CI.choices, blank=True)
    conflicting = models.BooleanField(_("conflicts with its base"), default=False)
    behind = models.BooleanField(_("behind its base"), null=True, blank=True, help_text=_("Empty: not known."))
    labels = models.JSONField(_("labels"), default=list, blank=True)
    linked = models.JSONField(_("linked"), default=list, blank=True)
    trailers = models.JSONField(_("disclosed"), default=list, blank=True)
    disclosure = models.TextField(_("disclosure in the description"), blank=True, max_length=2000)
    events = models.JSONField(_("events"), default=list, blank=True)

    turn = models.CharField(_("whose turn"), max_length=10, choices=Turn.choices, blank=True, help_text=_("Empty: nobody's."))
    turn_since = models.DateTimeField(_("since"), null=True, blank=True)
    turn_reason = models.CharField(_("why"), max_length=30, blank=True)

    gone = models.CharField(_("why it is gone"), max_length=12, choices=Gone.choices, blank=True)
    gone_at = models.DateTimeField(_("gone since"), null=True, blank=True)
    moved_from = models.CharField(_("address before it moved"), max_length=500, blank=True)
    fetched_at = models.DateTimeField(_("last fetched"), null=True, blank=True)
    fetch_after = models.DateTimeField(_("not fetched again before"), null=True, blank=True)
    problem = models.CharField(_("problem of the last fetch"), max_length=300, blank=True)
    problem_at = models.DateTimeField(null=True, blank=True)

    objects = WorkItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("work item")
        verbose_name_plural = _("work items")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["host", "kind", "database_id"], condition=Q(database_id__isnull=False), name="work_item_once"
            ),
            # Other work is what people wrote of it here, so each session has its own, and it may have no link at all.
            models.UniqueConstraint(
                fields=["host", "kind", "url"],
                condition=Q(database_id__isnull=True) & ~Q(url="") & ~Q(kind="other"),
                name="work_item_by_url_once",
            ),
        ]
        indexes = [
            models.Index(fields=["node_id"], name="work_item_node"),
            models.Index(fields=["state"], name="work_item_state"),
            models.Index(fields=["fetch_after"], condition=~Q(tracker=""), name="work_item_fetch"),
            models.Index(fields=["number"], name="work_item_number"),
            models.Index(fields=["-created_at", "-id"], name="work_item_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.repository} #{self.number}" if self.number else self.title

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN_STATES


class ContributionQuerySet(models.QuerySet["Contribution"]):
    def visible_to(self, user):
        """Contributions of the memberships that `user` may see; hidden ones only for the member."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(membership__in=Membership.objects.visible_to(user)).filter(Q(hidden=False) | Q(membership__user=user))

    def shown(self):
        return self.filter(hidden=False)


class Contribution(models.Model):
    """That a member has a part in a work item."""

    class Source(models.TextChoices):
        FOUND = "found", _("Found on GitHub")
        PASTED = "pasted", _("Added by link")
        MANUAL = "manual", _("Added by hand")

    class Role(models.TextChoices):
        AUTHOR = "author", _("Author")
        CO_AUTHOR = "co_author", _("Co-author")
        REVIEWER = "reviewer", _("Reviewer")
        HELPER = "helper", _("Helper")

    class AIUse(models.TextChoices):
        NONE = "none", _("I used no AI")
        ASSISTED = "assisted", _("AI helped me")

    membership = models.ForeignKey("cohorts.Membership", models.CASCADE, related_name="contributions", verbose_name=_("member"))
    work_item = models.ForeignKey(WorkItem, models.CASCADE, related_name="contributions", verbose_name=_("work item"))
    source = models.CharField(_("source"), max_length=6, choices=Source.choices, default=Source.FOUND)
    role = models.CharField(_("part"), max_length=10, choices=Role.choices, default=Role.AUTHOR)
    note = models.TextField(_("note"), blank=True, max_length=2000)
    ai_use = models.CharField(_("use of AI"), max_length=8, choices=AIUse.choices, blank=True, help_text=_("Empty: not said."))
    own_words = models.TextField(_("in my own words"), blank=True, max_length=2000, help_text=_("What does it change, and why?"))
    ai_disclosure = models.TextField(_("how I used AI"), blank=True, max_length=1000)
    hidden = models.BooleanField(_("hidden"), default=False, help_text=_("A wrong match: not mine."))
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ContributionQuerySet.as_manager()

    class Meta:
        verbose_name = _("contribution")
        verbose_name_plural = _("contributions")
        ordering = ["-work_item__created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["membership", "work_item"], name="contribution_once")]

    def __str__(self) -> str:
        return str(self.work_item)


class ReviewGivenQuerySet(models.QuerySet["ReviewGiven"]):
    def visible_to(self, user):
        """Reviews that belong to contributions which `user` may see."""
        return self.filter(contribution__in=Contribution.objects.visible_to(user))


class ReviewGiven(models.Model):
    """A review that a member gave on somebody's pull request, as the code host has it."""

    class State(models.TextChoices):
        APPROVED = "approved", _("Approved")
        CHANGES_REQUESTED = "changes_requested", _("Changes requested")
        COMMENTED = "commented", _("Commented")
        DISMISSED = "dismissed", _("Dismissed")

    contribution = models.ForeignKey(Contribution, models.CASCADE, related_name="reviews_given", verbose_name=_("contribution"))
    database_id = models.BigIntegerField(_("number of the host"))
    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.COMMENTED)
    submitted_at = models.DateTimeField(_("given"))
    url = models.URLField(_("address"), max_length=500, blank=True)

    objects = ReviewGivenQuerySet.as_manager()

    class Meta:
        verbose_name = _("review given")
        verbose_name_plural = _("reviews given")
        ordering = ["submitted_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["contribution", "database_id"], name="review_given_once")]

    def __str__(self) -> str:
        return f"{self.contribution} {self.get_state_display()}"
