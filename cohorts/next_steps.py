"""What the front page says to somebody who is logged in: what waits for this person, the most urgent first."""

import datetime

from django.db.models import Count, Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from .availability_look import availability_needs_a_look, session_that_asks
from .checkin_steps import checkin_steps
from .farewell_steps import farewell_steps
from .feedback.steps import feedback_steps
from .late_access import sessions_open_late
from .meeting_steps import poll_steps
from .models import Application, Membership, Review, ReviewAssignment, Session, SessionRole
from .public_status import public_status, with_public_status
from .review_queue import sessions_under_review, waiting_in_words
from .stages import Stage, current_week, stage_of
from .step import Step
from .volunteer_steps import volunteer_steps


def next_steps(user, now: datetime.datetime | None = None) -> list[Step]:
    """Applications, places in running cohorts, running sessions to organise, reviews and stories of `user`. A number of queries that does not grow with them."""
    if not user.is_authenticated:
        return []
    now = now or timezone.now()
    steps = [
        *_applications(user, now),
        *_late_access(user, now),
        *_hours(user, now),
        *checkin_steps(user, now),
        *farewell_steps(user, now),
        *poll_steps(user, now),
        *_memberships(user, now),
        *feedback_steps(user, now),
        *_organised(user, now),
        *_reviews(user),
        *volunteer_steps(user, now),
        *_stories(user, now),
    ]
    return sorted(steps, key=lambda step: step.tone != "mine")


def _applications(user, now):
    own = Application.objects.filter(applicant=user, session__archived_at=None).select_related("session", "applicant")
    mine = with_public_status(own)
    for application in mine.order_by("-session__starts_on"):
        if now >= application.session.begins_at:
            continue
        status = public_status(application, now)
        if not (status.until or application.status in (*Application.UNDER_REVIEW, Application.Status.ACCEPTED)):
            continue
        writes = application.status == Application.Status.DRAFT or application.draft
        page = reverse("application", args=[application.pk])
        yield Step(
            label=status.label,
            tone=status.tone,
            title=application.session.name,
            text=status.detail,
            url=reverse("apply", args=[application.session.slug]) if writes and "write" in status.may else page,
            action=_action(status, writes),
            until_label=status.until_label,
            until=status.until,
        )


def _late_access(user, now):
    """Sessions to which `user` may still apply by a code, and has not begun to."""
    begun = Application.objects.filter(applicant=user, session=OuterRef("pk"))
    for session in sessions_open_late(user, now).exclude(Exists(begun)):
        yield Step(
            label=_("Open for you"),
            tone="mine",
            title=session.name,
            text=_("You used a code of the organisers: you can still apply."),
            url=reverse("apply", args=[session.slug]),
            action=_("Apply"),
            until_label=_("Apply until"),
            until=session.late_until,
        )


def _hours(user, now):
    """To say again when one has time, for the sessions to which one applies: once for all of them."""
    session = session_that_asks(user, now)
    if session is None:
        return
    look = availability_needs_a_look(user, session, now)
    if look is not None:
        action = _("Look at your hours") if look.can_confirm else _("Say when you have time")
        yield Step(_("Your hours"), "mine", session.name, look.text, reverse("availability"), action)


def _action(status, writes) -> str:
    if "accept" in status.may:
        return _("Answer the offer")
    if writes and "write" in status.may:
        return _("Go on writing")
    return _("See your application")


def _memberships(user, now):
    mine = (
        Membership.objects.visible_to(user)
        .filter(user=user, cohort__session__archived_at=None)
        .present()
        .select_related("cohort__session")
        .prefetch_related("cohort__session__calendar")
        .order_by("-cohort__session__starts_on", "pk")
    )
    # What runs comes before what begins later.
    for membership in sorted(mine, key=lambda each: stage_of(each.cohort.session, now) != Stage.RUNNING):
        session = membership.cohort.session
        stage = stage_of(session, now)
        if stage not in (Stage.UPCOMING, Stage.RUNNING):
            continue
        week = current_week(session, now)
        label = _("Week %(number)s") % {"number": week.number} if week else str(stage.label)
        cohort = reverse("cohort", args=[membership.cohort_id])
        if membership.leads:
            text = _("See how your cohort is doing, and who could use a word.")
            yield Step(label, "reviewer", membership.cohort.name, text, cohort, _("Open the cohort"))
        elif stage == Stage.RUNNING:
            text = _("Your work, whose turn it is, and your check-in.")
            yield Step(label, "mine", session.name, text, reverse("my_progress"), _("Open my progress"))
        else:
            text = _("You are in cohort %(cohort)s.") % {"cohort": membership.cohort}
            yield Step(label, "done", session.name, text, cohort, _("Meet your cohort"))


def _reviews(user):
    own = Review.objects.handed_in().filter(application=OuterRef("pk"), reviewer=user)
    assigned = ReviewAssignment.objects.filter(application=OuterRef("pk"), reviewer=user)
    waiting = (
        Application.objects.reviewable_by(user)
        .filter(session__in=sessions_under_review(user).values("pk"))
        .exclude(Exists(own))
        .values("session__name", "session__starts_on")
        .annotate(number=Count("pk"), assigned=Count("pk", filter=Exists(assigned)))
        .order_by("session__starts_on", "session__name")
    )
    for row in waiting:
        yield Step(
            label=_("In review"),
            tone="reviewer",
            title=row["session__name"],
            text=waiting_in_words(row["number"], row["assigned"]),
            url=reverse("admin:cohorts_review_queue"),
            action=_("Review applications"),
        )


def _organised(user, now):
    """Running sessions that `user` organises."""
    for session, label in _running(user, SessionRole.Role.ORGANISER, now):
        text = _("See how all cohorts are doing, and who could use a word.")
        url = reverse("session_board", args=[session.slug])
        yield Step(label, "reviewer", session.name, text, url, _("Open all cohorts"))


def _stories(user, now):
    """Running sessions whose story `user` tells."""
    for session, label in _running(user, SessionRole.Role.STORYTELLER, now):
        text = _("Copy what happened this week, with names of people who agreed.")
        url = reverse("session_figures", args=[session.slug])
        yield Step(label, "reviewer", session.name, text, url, _("See the session in figures"))


def _running(user, role, now):
    """Running sessions in which `user` has this role, each with a word for the time that it is."""
    sessions = Session.objects.visible_to(user).filter(roles__user=user, roles__role=role, archived_at=None)
    for session in sessions.prefetch_related("calendar").order_by("-starts_on", "pk"):
        if stage_of(session, now) == Stage.RUNNING:
            week = current_week(session, now)
            yield session, _("Week %(number)s") % {"number": week.number} if week else str(Stage.RUNNING.label)
