"""A session: one run of the program, with its roles and its weeks."""

import datetime
import zoneinfo

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.user import validate_time_zone

from . import access


class SessionQuerySet(models.QuerySet["Session"]):
    def visible_to(self, user):
        """Announced sessions for everybody; drafts for those who have a part in them and for the operator."""
        if user.is_authenticated and user.is_superuser:
            return self
        public = Q(announced_at__lte=timezone.now())
        if not user.is_authenticated:
            return self.filter(public)
        return self.filter(public | Q(pk__in=access.sessions_with_a_part(user)))

    def organised_by(self, user):
        """Sessions that `user` may change: as organiser or as operator."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(pk__in=access.organised_sessions(user))

    def reviewed_by(self, user):
        """Sessions in which `user` may score applications."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self.filter(archived_at__isnull=True)
        return self.filter(pk__in=access.reviewed_sessions(user))


class Session(models.Model):
    """Dates, limits and switches of one run. Its stage is derived from them: see `cohorts.stages.stage_of`."""

    class OthersScores(models.TextChoices):
        NEVER = "never", _("Never")
        AFTER_OWN = "after_own", _("After handing in one's own")
        ALWAYS = "always", _("Always")

    slug = models.SlugField(_("short name for addresses"), max_length=60, unique=True, help_text=_("Example: 2027-1"))
    name = models.CharField(_("name"), max_length=120, help_text=_("Example: 2027 Session 1"))
    description = models.TextField(_("description"), blank=True, help_text=_("Markdown. Shown on the session's page."))
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        validators=[validate_time_zone],
        help_text=_("Weeks begin at midnight in this zone."),
    )
    contact_email = models.EmailField(_("contact address"), blank=True)
    member_label = models.CharField(
        _("what members are called"), max_length=40, blank=True, help_text=_("Example: Djangonaut. Empty: member.")
    )
    projects = models.ManyToManyField("cohorts.Project", related_name="sessions", blank=True, verbose_name=_("projects"))

    starts_on = models.DateField(_("week 1 begins on"))
    weeks = models.PositiveSmallIntegerField(
        _("number of weeks"), default=6, validators=[MinValueValidator(1), MaxValueValidator(52)]
    )
    has_week_zero = models.BooleanField(_("has a week 0"), default=False, help_text=_("A week of preparation before week 1."))
    pause_after = models.PositiveSmallIntegerField(
        _("pause after week"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Nothing is expected in the pause; later weeks move back. Empty: no pause."),
    )
    pause_weeks = models.PositiveSmallIntegerField(
        _("length of the pause, in weeks"), default=1, validators=[MinValueValidator(1), MaxValueValidator(8)]
    )
    pause_note = models.CharField(
        _("why there is a pause"), max_length=200, blank=True, help_text=_("Example: Many of us celebrate the new year.")
    )
    applications_open_at = models.DateTimeField(_("applications open"), null=True, blank=True)
    applications_close_at = models.DateTimeField(_("applications close"), null=True, blank=True)
    hear_by = models.DateField(_("people hear from us by"), null=True, blank=True)
    reply_days = models.PositiveSmallIntegerField(_("days to answer an offer"), default=7, validators=[MinValueValidator(1)])

    offers_free_places = models.BooleanField(
        _("offer free places to the waitlist by itself"),
        default=False,
        help_text=_(
            "In the order of the published ranks, to people for whose projects a cohort has room, as long as they can answer "
            "before the session begins. Common hours are not looked at. Unticked: organisers get a mail and decide."
        ),
    )

    cohort_size_min = models.PositiveSmallIntegerField(
        _("smallest cohort"), default=3, help_text=_("Members, without those who lead.")
    )
    cohort_size_max = models.PositiveSmallIntegerField(_("largest cohort"), default=4)
    min_cohort_overlap_hours = models.DecimalField(
        _("common hours of a cohort, at least"), max_digits=4, decimal_places=1, default=5, help_text=_("Hours a week.")
    )
    min_captain_overlap_hours = models.DecimalField(
        _("common hours of a captain with each member, at least"),
        max_digits=4,
        decimal_places=1,
        default=3,
        help_text=_("Hours a week."),
    )

    review_names_hidden = models.BooleanField(
        _("hide applicants' names from reviewers"), default=True, help_text=_("Organisers always see them.")
    )
    review_others_scores = models.CharField(
        _("reviewers see others' scores"), max_length=10, choices=OthersScores.choices, default=OthersScores.AFTER_OWN
    )
    reviews_each = models.PositiveSmallIntegerField(
        _("reviews for each application"),
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(20)],
        help_text=_("As many make the view of an application fair: one alone is a matter of taste."),
    )
    review_assigned_only = models.BooleanField(_("reviewers see only what is assigned to them"), default=False)
    experience_question = models.ForeignKey(
        "cohorts.Question",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("question about experience"),
        help_text=_("A number, a rating or a choice ordered from least to most: forming cohorts balances by its answers."),
    )
    claim_minutes = models.PositiveSmallIntegerField(
        _("minutes that an opened application is kept for its reviewer"),
        default=30,
        validators=[MinValueValidator(5), MaxValueValidator(1440)],
        help_text=_("So that two people do not read the same one at the same time without need."),
    )

    takes_navigators = models.BooleanField(
        _("people may offer to navigate"),
        default=False,
        help_text=_("From the announcement until the session begins, its page leads to the form for navigators."),
    )
    takes_captains = models.BooleanField(
        _("people may offer to be a captain"), default=False, help_text=_("The same, with the form for captains.")
    )
    takes_organisers = models.BooleanField(
        _("people may offer to help to organise"), default=False, help_text=_("The same, with the form for organisers.")
    )

    announced_at = models.DateTimeField(
        _("announced"), null=True, blank=True, help_text=_("From then on the session's page is public.")
    )
    review_closed_at = models.DateTimeField(_("review closed"), null=True, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["-starts_on", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(applications_open_at__isnull=True)
                | Q(applications_close_at__isnull=True)
                | Q(applications_open_at__lt=F("applications_close_at")),
                name="session_opens_before_it_closes",
                violation_error_message=_("Applications must open before they close."),
            ),
            models.CheckConstraint(
                condition=Q(cohort_size_min__gte=1, cohort_size_min__lte=F("cohort_size_max")),
                name="session_cohort_sizes",
                violation_error_message=_("The smallest cohort cannot be larger than the largest."),
            ),
            models.CheckConstraint(
                condition=Q(weeks__gte=1), name="session_has_weeks", violation_error_message=_("A session has at least one week.")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self):
        super().clean()
        if (self.applications_open_at is None) != (self.applications_close_at is None):
            raise ValidationError(_("Give both when applications open and when they close, or neither."))
        if self.pause_after is not None and not self.has_pause:
            raise ValidationError({"pause_after": _("A pause lies between two weeks: name a week before the last one.")})
        question = self.experience_question
        if question is not None and (question.session_id != self.pk or not question.tells_experience):
            reason = _(
                "Choose a question of this session whose answers have an order: a number, a rating, yes or no, or choices from least "
                "to most. A sensitive question cannot be used."
            )
            raise ValidationError({"experience_question": reason})

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def first_day(self) -> datetime.date:
        """The first day of the first week: week 0 where there is one."""
        return self.starts_on - datetime.timedelta(days=7) if self.has_week_zero else self.starts_on

    @property
    def last_day(self) -> datetime.date:
        """The last day of the last week, a pause before it counted."""
        return self.week_starts_on(self.weeks) + datetime.timedelta(days=6)

    def week_starts_on(self, number: int) -> datetime.date:
        """The first day of week `number` (0 is the one before week 1): seven days after that of the week before, or after the pause."""
        paused = self.pause_weeks if self.has_pause and number > (self.pause_after or 0) else 0
        return self.starts_on + datetime.timedelta(days=7 * (number - 1 + paused))

    @property
    def has_pause(self) -> bool:
        """Whether a pause lies between two weeks of this session."""
        return self.pause_after is not None and 1 <= self.pause_after < self.weeks

    @property
    def pause(self) -> tuple[datetime.date, datetime.date] | None:
        """First and last day of the pause."""
        if not self.has_pause:
            return None
        begins = self.week_starts_on(self.pause_after or 0) + datetime.timedelta(days=7)
        return begins, begins + datetime.timedelta(days=7 * self.pause_weeks - 1)

    @property
    def begins_at(self) -> datetime.datetime:
        """The instant at which the first week begins."""
        return datetime.datetime.combine(self.first_day, datetime.time(), tzinfo=self.zone)

    @property
    def last_week_at(self) -> datetime.datetime:
        """The instant at which the last week begins."""
        return datetime.datetime.combine(self.week_starts_on(self.weeks), datetime.time(), tzinfo=self.zone)

    @property
    def is_closing(self) -> bool:
        """Whether the last week of a published session has begun, or all of them are over."""
        return self.published_at is not None and timezone.now() >= self.last_week_at

    @property
    def ends_at(self) -> datetime.datetime:
        """The instant at which the last week is over."""
        return datetime.datetime.combine(self.last_day + datetime.timedelta(days=1), datetime.time(), tzinfo=self.zone)


class SessionRoleQuerySet(models.QuerySet["SessionRole"]):
    def visible_to(self, user):
        """Roles of the sessions that `user` organises, and one's own."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        return self.filter(Q(user=user) | Q(session__in=access.organised_sessions(user)))


class SessionRole(models.Model):
    """Organiser, reviewer or storyteller of one session. Navigators and captains have their part by their cohort.

    A storyteller reads the session's figures while it runs, and nothing else that is hidden.
    """

    class Role(models.TextChoices):
        ORGANISER = "organiser", _("Organiser")
        REVIEWER = "reviewer", _("Reviewer")
        STORYTELLER = "storyteller", _("Storyteller")

    session = models.ForeignKey(Session, models.CASCADE, related_name="roles", verbose_name=_("session"))
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="session_roles", verbose_name=_("person"))
    role = models.CharField(_("role"), max_length=12, choices=Role.choices)
    reads_accommodations = models.BooleanField(
        _("reads accommodations"),
        default=False,
        help_text=_("For organisers: what people need to take part. Nobody else reads it, and it is deleted with the archiving."),
    )

    objects = SessionRoleQuerySet.as_manager()

    class Meta:
        verbose_name = _("role in a session")
        verbose_name_plural = _("roles in sessions")
        ordering = ["session", "role", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "user", "role"],
                name="session_role_once",
                violation_error_message=_("This person has this role already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()}"


class WeekQuerySet(models.QuerySet["Week"]):
    def visible_to(self, user):
        """Weeks of the sessions that `user` may see."""
        return self.filter(session__in=Session.objects.visible_to(user))


class Week(models.Model):
    """A numbered week. Rows are made from the session's dates by `cohorts.weeks.generate_weeks`; organisers edit the texts."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="calendar", verbose_name=_("session"))
    number = models.PositiveSmallIntegerField(_("number"))
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    #: By how many days organisers moved it from where the session's dates put it; kept when those dates change.
    start_shift = models.SmallIntegerField(default=0, editable=False)
    end_shift = models.SmallIntegerField(default=0, editable=False)
    title = models.CharField(_("title"), max_length=120, blank=True)
    announcement = models.TextField(_("announcement"), blank=True, help_text=_("Markdown. Shown to members during this week."))
    before_tasks = models.TextField(_("before the week"), blank=True, help_text=_("Markdown. What to prepare."))
    after_tasks = models.TextField(_("after the week"), blank=True, help_text=_("Markdown. What to finish."))

    objects = WeekQuerySet.as_manager()

    class Meta:
        verbose_name = _("week")
        verbose_name_plural = _("weeks")
        ordering = ["session", "number"]
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="week_number_once"),
            models.CheckConstraint(condition=Q(starts_on__lte=F("ends_on")), name="week_has_days"),
        ]

    def __str__(self) -> str:
        return str(_("Week %(number)s") % {"number": self.number})
