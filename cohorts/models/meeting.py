"""Meetings of a cohort, of a whole session, or of a few people; when they can, and who was there."""

import datetime
import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.feed import FeedState
from accounts.models.user import validate_time_zone

from . import access
from .cohort import Cohort, Membership


class MeetingQuerySet(models.QuerySet["Meeting"]):
    def visible_to(self, user):
        """Meetings of one's cohorts and sessions, and those one is asked to by name; a meeting of a few people shows to them and to
        organisers alone, because who meets whom may be private.

        Whoever left keeps those of a few people that they were asked to. What the others write and where they meet is not theirs any
        more, whatever they made, answered or came to before.
        """
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        left = Membership.objects.filter(user=user, state=Membership.State.LEFT).values("cohort__session")
        asked = MeetingPerson.objects.filter(user=user, invited=True).values("meeting")
        invited = Q(pk__in=asked) & (Q(few=True) | ~Q(session__in=left))
        open_to_cohort = Q(few=False, cohort__isnull=False, cohort__in=access.joined_cohorts(user))
        led = Q(few=False, cohort__in=Cohort.objects.led_by(user))
        of_session = Q(
            few=False, cohort__isnull=True, session__in=access.sessions_with_a_part(user), session__published_at__isnull=False
        )
        organised = Q(session__in=access.organised_sessions(user))
        return self.filter(invited | open_to_cohort | led | of_session | organised)

    def confirmed(self):
        return self.filter(state="confirmed")


class Meeting(models.Model):
    """A time at which people meet. `starts_at` is empty while it is still being found (`polling`).

    `cohort` empty: the whole session. `few`: only those named by `people`; else everybody of the cohort or session, and those.
    `time_zone` is the wall clock of a series: each of its meetings stays at the same hour there when clocks change.
    `uid` never changes, `sequence` counts what calendars have to be told.
    """

    class Kind(models.TextChoices):
        STANDUP = "standup", _("Stand-up")
        ONE_TO_ONE = "one_to_one", _("1:1")
        WELCOME = "welcome", _("Welcome")
        CLOSING = "closing", _("Closing")
        TALK = "talk", _("Talk")
        PAIRING = "pairing", _("Pairing")
        OTHER = "other", _("Meeting")

    class State(models.TextChoices):
        POLLING = "polling", _("Finding a time")
        CONFIRMED = "confirmed", _("Confirmed")
        CANCELLED = "cancelled", _("Cancelled")

    session = models.ForeignKey("cohorts.Session", models.CASCADE, related_name="meetings", verbose_name=_("session"))
    cohort = models.ForeignKey(
        Cohort, models.CASCADE, null=True, blank=True, related_name="meetings", verbose_name=_("cohort"),
        help_text=_("Empty: everybody in the session."),
    )  # fmt: skip
    few = models.BooleanField(_("only for some"), default=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.STANDUP)
    title = models.CharField(_("title"), max_length=120, blank=True, help_text=_("Empty: its kind."))
    starts_at = models.DateTimeField(_("begins"), null=True, blank=True)
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), default=60, validators=[MinValueValidator(5), MaxValueValidator(24 * 60)]
    )
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_time_zone])
    link = models.URLField(_("link"), max_length=500, blank=True, help_text=_("Where you meet."))
    agenda = models.TextField(
        _("agenda"), blank=True, max_length=20000, help_text=_("Markdown. Everybody who is invited reads it.")
    )
    notes = models.TextField(
        _("notes"), blank=True, max_length=20000, help_text=_("Markdown. Everybody who is invited reads them.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.CONFIRMED)
    cancelled_because = models.CharField(_("why it is cancelled"), max_length=300, blank=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sequence = models.PositiveSmallIntegerField(default=0, editable=False)
    #: Meetings that were made together, such as a stand-up each week.
    series = models.UUIDField(null=True, blank=True, editable=False)
    #: Counts changes of agenda and notes, so that an older page overwrites nothing.
    version = models.PositiveIntegerField(default=0, editable=False)
    saved_by_form = models.CharField(max_length=40, blank=True, editable=False)
    made_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("made by"))
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        verbose_name = _("meeting")
        verbose_name_plural = _("meetings")
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="confirmed") | Q(starts_at__isnull=False), name="meeting_confirmed_has_a_time"
            )
        ]
        indexes = [models.Index(fields=["cohort", "starts_at"], name="meeting_of_cohort")]

    def __str__(self) -> str:
        return self.title or str(self.get_kind_display())

    @property
    def ends_at(self) -> datetime.datetime | None:
        return self.starts_at + datetime.timedelta(minutes=self.minutes) if self.starts_at else None


class MeetingPersonQuerySet(models.QuerySet["MeetingPerson"]):
    def visible_to(self, user):
        """Who is invited shows to who sees the meeting. `attendance` does not: ask `cohorts.attendance`."""
        return self.filter(meeting__in=Meeting.objects.visible_to(user))


class MeetingPerson(models.Model):
    """Somebody who is asked to a meeting by name, or whose attendance was noted, or who said whether they come."""

    class Answer(models.TextChoices):
        YES = "yes", _("Comes")
        MAYBE = "maybe", _("Perhaps")
        NO = "no", _("Cannot come")

    class Attendance(models.TextChoices):
        THERE = "there", _("There")
        EXCUSED = "excused", _("Excused")
        ABSENT = "absent", _("Absent")

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="people", verbose_name=_("meeting"))
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", verbose_name=_("person"))
    invited = models.BooleanField(_("invited by name"), default=False)
    answer = models.CharField(_("answer"), max_length=5, choices=Answer.choices, blank=True)
    attendance = models.CharField(
        _("attendance"),
        max_length=7,
        choices=Attendance.choices,
        blank=True,
        help_text=_("Seen by those who lead, organisers and the person."),
    )
    noted_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    noted_at = models.DateTimeField(null=True, blank=True)

    objects = MeetingPersonQuerySet.as_manager()

    class Meta:
        verbose_name = _("person at a meeting")
        verbose_name_plural = _("people at meetings")
        ordering = ["meeting", "pk"]
        constraints = [models.UniqueConstraint(fields=["meeting", "user"], name="meeting_person_once")]

    def __str__(self) -> str:
        return f"{self.user}, {self.meeting}"


class MeetingSlotQuerySet(models.QuerySet["MeetingSlot"]):
    def visible_to(self, user):
        return self.filter(meeting__in=Meeting.objects.visible_to(user))


class MeetingSlot(models.Model):
    """A time that is proposed for a meeting."""

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="slots", verbose_name=_("meeting"))
    starts_at = models.DateTimeField(_("begins"))

    objects = MeetingSlotQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposed time")
        verbose_name_plural = _("proposed times")
        ordering = ["starts_at"]
        constraints = [models.UniqueConstraint(fields=["meeting", "starts_at"], name="meeting_slot_once")]

    def __str__(self) -> str:
        return f"{self.meeting}, {self.starts_at:%Y-%m-%d %H:%M}"


class SlotAnswerQuerySet(models.QuerySet["SlotAnswer"]):
    def visible_to(self, user):
        return self.filter(slot__in=MeetingSlot.objects.visible_to(user))


class SlotAnswer(models.Model):
    """Whether somebody can at a proposed time."""

    class Can(models.TextChoices):
        YES = "yes", _("I can")
        IF_NEEDED = "if_needed", _("If I must")
        NO = "no", _("I cannot")

    slot = models.ForeignKey(MeetingSlot, models.CASCADE, related_name="answers", verbose_name=_("proposed time"))
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", verbose_name=_("person"))
    can = models.CharField(_("answer"), max_length=9, choices=Can.choices)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SlotAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer to a proposed time")
        verbose_name_plural = _("answers to proposed times")
        constraints = [models.UniqueConstraint(fields=["slot", "user"], name="slot_answer_once")]

    def __str__(self) -> str:
        return f"{self.user}, {self.slot}"


class MeetingNoteQuerySet(models.QuerySet["MeetingNote"]):
    def visible_to(self, user):
        """One's own; shared ones for those who lead the member's cohort and for the organisers. Not even the operator reads more."""
        if not user.is_authenticated:
            return self.none()
        shared = Q(shared=True)
        of_cohort = Q(meeting__cohort__in=access.led_cohorts(user))
        organised = Q(meeting__session__in=access.organised_sessions(user))
        return self.filter(Q(author=user) | (shared & (of_cohort | organised)))


class MeetingNote(models.Model):
    """What somebody who leads writes down about a meeting for themselves. `shared`: with those who lead and organise."""

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="private_notes", verbose_name=_("meeting"))
    author = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", verbose_name=_("author"))
    text = models.TextField(_("text"), max_length=20000, blank=True, help_text=_("Markdown."))
    shared = models.BooleanField(_("shared with those who lead and organise"), default=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    saved_by_form = models.CharField(max_length=40, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MeetingNoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("private note on a meeting")
        verbose_name_plural = _("private notes on meetings")
        constraints = [models.UniqueConstraint(fields=["meeting", "author"], name="meeting_note_once")]

    def __str__(self) -> str:
        return f"{self.meeting}, {self.author}"


class MeetingNoticeQuerySet(models.QuerySet["MeetingNotice"]):
    def visible_to(self, user):
        """One's own. The outbox shows organisers what was sent."""
        return self.filter(user=user) if user.is_authenticated else self.none()


class MeetingNotice(models.Model):
    """What somebody was told of a meeting last: its `sequence` then, or that it is `called_off` for them.

    `message` is the mail; one mail may tell of several meetings. `knew`: an earlier mail about this meeting went out.
    """

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="notices", verbose_name=_("meeting"))
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", verbose_name=_("person"))
    message = models.ForeignKey("accounts.Message", models.SET_NULL, null=True, related_name="+")
    sequence = models.PositiveSmallIntegerField(default=0)
    called_off = models.BooleanField(_("called off"), default=False)
    knew = models.BooleanField(default=False)

    objects = MeetingNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("word of a meeting")
        verbose_name_plural = _("words of meetings")
        constraints = [models.UniqueConstraint(fields=["meeting", "user"], name="meeting_notice_once")]

    def __str__(self) -> str:
        return f"{self.user}, {self.meeting}, {self.sequence}"

    def holds_for(self, meeting: Meeting) -> bool:
        """Whether what was told is how `meeting` (which is `self.meeting`, read a moment ago) stands now."""
        is_off = meeting.state == Meeting.State.CANCELLED
        return self.sequence == meeting.sequence and (self.called_off or not is_off)


class CohortFeedQuerySet(models.QuerySet["CohortFeed"]):
    def visible_to(self, user):
        """Those whose cohort one belongs to or organises."""
        return self.filter(cohort__in=Cohort.objects.visible_to(user))

    def working(self):
        return self.filter(revoked_at__isnull=True)


class CohortFeed(FeedState):
    """A secret address at which a calendar program reads a cohort's meetings. The token itself is not stored."""

    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="feeds", verbose_name=_("cohort"))
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("made by"))
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = CohortFeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar address of a cohort")
        verbose_name_plural = _("calendar addresses of cohorts")
        constraints = [
            models.UniqueConstraint(fields=["cohort"], condition=Q(revoked_at=None), name="one_working_feed_a_cohort"),
        ]

    def __str__(self) -> str:
        return str(self.cohort)
