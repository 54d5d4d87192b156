"""A session copied for next time: its settings, texts and questions, without anything about people.

Every field of a session, and everything that hangs on one, is named here as copied, given anew or left behind; a test holds new ones
against these lists.
"""

import datetime
import re
import zoneinfo
from collections.abc import Collection
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.zones import day_ended_anywhere

from .copying import CopyingError, copy_criteria, copy_questions, copyable_criteria, copyable_questions, worth_copying
from .feedback.editing import copy_forms, copyable_forms
from .models import FeedbackForm, MessageTemplate, Question, RetentionRule, ReviewPhase, Session, SessionRole, TrainingTask, Week
from .phases import obstacles_to_phases
from .weeks import generate_weeks

#: Fields that the copy has with the same value.
SETTINGS = (
    "description", "time_zone", "contact_email", "member_label", "weeks", "has_week_zero", "pause_after",
    "pause_weeks", "pause_note", "reply_days", "offers_free_places",
    "cohort_size_min", "cohort_size_max", "min_cohort_overlap_hours", "min_captain_overlap_hours", "review_names_hidden",
    "review_others_scores", "reviews_each", "review_assigned_only", "claim_minutes",
    "takes_navigators", "takes_captains", "takes_organisers",
)  # fmt: skip
#: Fields that organisers give the copy; the dates are proposed from those of the earlier session.
GIVEN = ("name", "slug", "starts_on", "applications_open_at", "applications_close_at", "hear_by")
#: What else is copied: rows of their own, or a choice among them.
ALSO = (
    "projects", "questions", "eligibility_rules", "experience_question", "criteria", "review_phases", "message_templates", "calendar",
    "training_tasks", "feedback_forms", "retention_rules",
)  # fmt: skip
#: What stays behind: people and what they did, and when things happened.
LEFT = (
    "id", "announced_at", "review_closed_at", "published_at", "archived_at", "created_at", "updated_at", "roles", "applications",
    "cohorts", "late_codes", "proposals", "publications", "review_capacities", "sync_runs", "following",
    "volunteers", "announcements", "meetings", "testimonials", "retention_runs", "concern_contacts", "role_invitations", "table_imports",
)  # fmt: skip

OF_A_PHASE = ("name", "names_hidden", "others_scores", "assigned_only", "decisions")
OF_A_WEEK = ("title", "announcement", "before_tasks", "after_tasks")
OF_A_TEMPLATE = ("kind", "language", "subject", "body")
#: The day moves with the session.
OF_A_TASK = ("role", "order", "title", "text", "link")

#: Parts that can be left out, in the order of the page.
QUESTIONS, CRITERIA, PHASES, MAILS, WEEKS, VOLUNTEERS, FEEDBACK = PARTS = (
    "questions",
    "criteria",
    "phases",
    "mails",
    "weeks",
    "volunteers",
    "feedback",
)

#: The copy is proposed for the same weekday, so many weeks later, and not sooner than so many from now.
LATER, NOT_BEFORE = datetime.timedelta(weeks=26), datetime.timedelta(weeks=8)


class SessionCopyError(Exception):
    """Why a session cannot be copied so. `errors` are texts for the organiser by field; “” for the whole."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        self.errors = errors
        super().__init__(" ".join(text for texts in errors.values() for text in texts))


@dataclass(frozen=True)
class Dates:
    """The dates of a copy."""

    starts_on: datetime.date
    applications_open_at: datetime.datetime | None
    applications_close_at: datetime.datetime | None
    hear_by: datetime.date | None


@dataclass(frozen=True)
class CopyPlan:
    """Exactly what a copy of `source` that begins on a day takes over."""

    source: Session
    dates: Dates
    questions: list[Question]
    #: Eligibility rules that come with the questions.
    rules: int
    #: Questions that are no longer asked, or ask the same as another one; and rules about them.
    questions_left: int
    rules_left: int
    #: Questions that come with days, which are those of the earlier session.
    dated: list[Question]
    #: The question about experience, where it is copied.
    experience: Question | None
    criteria: list
    phases: list[ReviewPhase]
    templates: list[MessageTemplate]
    weeks: list[Week]
    #: Questions to people who offer to help, and what these learn before the start; the days are moved.
    volunteer_questions: list[Question]
    training: list[TrainingTask]
    #: Feedback forms in use.
    feedback: list[FeedbackForm]

    @property
    def loses_experience(self) -> bool:
        """Whether the session balances by a question that is not copied."""
        return self.source.experience_question_id is not None and self.experience is None


def plan_copy(source: Session, starts_on: datetime.date) -> CopyPlan:
    """What a copy of `source` that begins on `starts_on` takes over. Nothing is written. Raises `OverflowError` beyond the calendar.

    The number of queries does not depend on how much there is. Phases are shifted, and not saved.
    """
    days = (starts_on - source.starts_on).days
    worth = worth_copying(copyable_questions(source, None))
    asked = [question for question in worth if question.asked_of == Question.AskedOf.MEMBER]
    kept = {question.pk for question in asked}
    rules = list(source.eligibility_rules.values_list("question_id", flat=True))
    numbers = range(0 if source.has_week_zero else 1, source.weeks + 1)
    return CopyPlan(
        source,
        Dates(
            starts_on,
            source.applications_open_at and shifted(source.applications_open_at, days, source.zone),
            source.applications_close_at and shifted(source.applications_close_at, days, source.zone),
            source.hear_by and source.hear_by + datetime.timedelta(days=days),
        ),
        questions=asked,
        rules=sum(pk in kept for pk in rules),
        questions_left=source.questions.of_form().count() - len(asked),
        rules_left=sum(pk not in kept for pk in rules),
        dated=[question for question in asked if question.not_before or question.not_after],
        experience=next((question for question in asked if question.pk == source.experience_question_id), None),
        criteria=worth_copying(copyable_criteria(source, None)),
        phases=[
            ReviewPhase(
                opens_at=shifted(phase.opens_at, days, source.zone),
                closes_at=shifted(phase.closes_at, days, source.zone),
                **{name: getattr(phase, name) for name in OF_A_PHASE},
            )
            for phase in source.review_phases.all()
        ],
        templates=list(source.message_templates.all()),
        weeks=[
            week for week in source.calendar.order_by("number") if week.number in numbers and any(getattr(week, name) for name in OF_A_WEEK)
        ],
        volunteer_questions=[question for question in worth if question.asked_of != Question.AskedOf.MEMBER],
        training=[
            TrainingTask(
                due_on=task.due_on and task.due_on + datetime.timedelta(days=days),
                **{name: getattr(task, name) for name in OF_A_TASK},
            )
            for task in source.training_tasks.all()
        ],
        feedback=copyable_forms(source),
    )  # fmt: skip


def copy_session(source: Session, *, by, name: str, slug: str, dates: Dates, parts: Collection[str] = PARTS) -> Session:
    """Make a session like `source` with these dates, and `by` its organiser; returns it. All or nothing; it is a draft.

    `parts` are those of `PARTS` that are copied. Raises `SessionCopyError` where `by` does not organise `source`, the short name is
    taken, or the dates contradict each other or the phases.
    """
    if not Session.objects.organised_by(by).filter(pk=source.pk).exists():
        raise SessionCopyError({"": [_("Only the organisers of this session can copy it.")]})
    with transaction.atomic():
        plan = plan_copy(source, dates.starts_on)
        copy = _new_session(source, name, slug, dates)
        copy.projects.set(source.projects.all())
        SessionRole.objects.create(session=copy, user=by, role=SessionRole.Role.ORGANISER)
        # Like a setting: what organisers promised once counts for the next session as well.
        RetentionRule.objects.bulk_create(
            RetentionRule(session=copy, kind=rule.kind, days=rule.days) for rule in source.retention_rules.order_by("kind")
        )
        try:
            if QUESTIONS in parts:
                _copy_questions(plan, copy, by)
            if CRITERIA in parts:
                copy_criteria(source, copy, by=by, criteria=plan.criteria)
            if VOLUNTEERS in parts:
                copy_questions(source, copy, by=by, questions=plan.volunteer_questions)
        except CopyingError as error:
            raise SessionCopyError({"": [str(error)]}) from error
        if FEEDBACK in parts:
            copy_forms(plan.feedback, copy)
        if PHASES in parts:
            _save_phases(plan.phases, copy)
        if VOLUNTEERS in parts:
            for task in plan.training:
                task.session = copy
            TrainingTask.objects.bulk_create(plan.training)
        if MAILS in parts:
            MessageTemplate.objects.bulk_create(
                MessageTemplate(session=copy, updated_by=by, **{field: getattr(one, field) for field in OF_A_TEMPLATE})
                for one in plan.templates
            )
        weeks = {week.number: week for week in generate_weeks(copy)}
        if WEEKS in parts:
            _write_weeks(plan.weeks, weeks)
    return copy


def _new_session(source: Session, name: str, slug: str, dates: Dates) -> Session:
    """The session itself, saved."""
    copy = Session(
        name=name,
        slug=slug,
        starts_on=dates.starts_on,
        applications_open_at=dates.applications_open_at,
        applications_close_at=dates.applications_close_at,
        hear_by=dates.hear_by,
        **{field: getattr(source, field) for field in SETTINGS},
    )
    taken = SessionCopyError({"slug": [_("Another session has this short name already: “%(slug)s”.") % {"slug": slug}]})
    if Session.objects.filter(slug=slug).exists():
        raise taken
    try:
        copy.full_clean()
    except ValidationError as error:
        raise SessionCopyError(_by_field(error)) from error
    try:
        with transaction.atomic():
            copy.save()
    except IntegrityError as error:
        raise taken from error
    return copy


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    """Errors of what the form asks for at their fields, those of settings with their names."""
    found: dict[str, list[str]] = {}
    for field, texts in error.message_dict.items():
        if field in GIVEN:
            found[field] = texts
        elif field in SETTINGS:
            found.setdefault("", []).extend(f"{setting_label(field)}: {text}" for text in texts)
        else:
            found.setdefault("", []).extend(texts)
    return found


def setting_label(field: str) -> str:
    """What a setting is called on the page of a session."""
    return str(next(one.verbose_name for one in Session._meta.fields if one.name == field))


def _copy_questions(plan: CopyPlan, copy: Session, by) -> None:
    made = copy_questions(plan.source, copy, by=by, questions=plan.questions)
    if plan.experience is not None:
        copy.experience_question = next(one for one in made if one.copied_from_id == plan.experience.pk)
        copy.save(update_fields=["experience_question"])


def _save_phases(phases: list[ReviewPhase], copy: Session) -> None:
    against = obstacles_to_phases(copy, phases)
    if against:
        advice = _("Change when applications close, or leave the phases out.")
        raise SessionCopyError({"parts": [*against, advice]})
    for phase in phases:
        phase.session = copy
    ReviewPhase.objects.bulk_create(phases)


def _write_weeks(texts: list[Week], weeks: dict[int, Week]) -> None:
    """The texts of each week, into the week with its number."""
    written = []
    for text in texts:
        week = weeks[text.number]
        for field in OF_A_WEEK:
            setattr(week, field, getattr(text, field))
        written.append(week)
    Week.objects.bulk_update(written, OF_A_WEEK)


def shifted(moment: datetime.datetime, days: int, zone: zoneinfo.ZoneInfo) -> datetime.datetime:
    """So many days later at the same time on the clock of `zone`; the end of a day anywhere on Earth stays one."""
    if day_ended_anywhere(moment) is not None:
        return moment + datetime.timedelta(days=days)
    local = moment.astimezone(zone)
    later = datetime.datetime.combine(local.date() + datetime.timedelta(days=days), local.time(), tzinfo=zone)
    return later.astimezone(datetime.UTC)


# What is proposed


def propose_names(source: Session) -> tuple[str, str]:
    """A name and a short name that is free: with the last number counted on, from 1 where the name has a year and the next one begins."""
    name, slug = _of_another_year(source.name, source), _of_another_year(source.slug, source)
    taken = set(Session.objects.values_list("slug", flat=True))
    while slug in taken:
        name, slug = _next(name, " ", 120), _next(slug, "-", 60)
    return name, slug


def _of_another_year(text: str, source: Session) -> str:
    """“2026 Session 3” of 2026 becomes “2027 Session 1” for a copy that begins in 2027; other texts stay."""
    before, after = source.starts_on.year, propose_first_day(source).year
    if before == after:
        return text
    return re.sub(rf"^{before}(?=[^0-9])([^0-9]*)[0-9]+$", rf"{after}\g<1>1", text)


def _next(text: str, between: str, longest: int) -> str:
    """“2026-3” becomes “2026-4”, “Spring” becomes “Spring 2”."""
    found = re.search(r"[0-9]+(?=[^0-9]*$)", text)
    if found is None:
        return f"{text[: longest - 2]}{between}2"
    number = str(int(found.group()) + 1).zfill(len(found.group()))
    counted = f"{text[: found.start()]}{number}{text[found.end() :]}"
    return counted if len(counted) <= longest else f"{text[: longest - 2]}{between}2"


def propose_first_day(source: Session) -> datetime.date:
    """The same weekday half a year later, or as many half years as it takes to have time to prepare."""
    first = source.starts_on + LATER
    while first < timezone.localdate() + NOT_BEFORE:
        first += LATER
    return first
