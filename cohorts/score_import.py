"""Scores from a table: shown first as what would be created and changed, then written as it was shown, all of it or nothing."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import User

from .assigning import reviewers_of
from .models import Application, Conflict, Criterion, Review, ReviewAssignment, ReviewClaim, Score, Session
from .questions import clean_text
from .reviews import obstacle_to_review
from .score_file import (
    APPLICATION,
    COMMENTS,
    CONFIDENCE,
    NOT_APPLICABLE,
    REVIEWER,
    Line,
    Problem,
    ScoreFile,
    columns_of,
    header_of,
    read_scores,
    row_of,
)
from .scores import keep_reviews_waiting, rescore_session

FIELDS = [*COMMENTS, CONFIDENCE]


class ScoreImportError(Exception):
    """Scores that cannot be imported, or not any more. The text is for the organiser."""


@dataclass(frozen=True)
class Change:
    """A value of a review that is handed in, as it is and as the file says it."""

    column: str
    old: str
    new: str


@dataclass(frozen=True)
class Entry:
    """A row of the file beside what the site has. `review`: the row that is there, a draft or handed in."""

    line: Line
    person: User
    review: Review | None = None
    changes: Sequence[Change] = ()


@dataclass
class Plan:
    """What `import_scores` would do at this moment. `fingerprint` changes whenever any of it does."""

    file: ScoreFile
    replace: bool
    created: list[Entry] = field(default_factory=list)
    #: Reviews that are handed in, or begun, and that the file says otherwise.
    changed: list[Entry] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def writes(self) -> list[Entry]:
        """What would be written: what is there already only where that was asked for."""
        return [*self.created, *(self.changed if self.replace else [])]

    @property
    def can_be_written(self) -> bool:
        return not self.problems and bool(self.writes)

    @property
    def fingerprint(self) -> str:
        parts = [
            self.replace,
            [
                [
                    one.line.application,
                    one.person.pk,
                    sorted(one.line.scores.items()),
                    [getattr(one.line, name) for name in FIELDS],
                    one.review.version if one.review else None,
                    [(change.column, change.old) for change in one.changes],
                ]
                for one in self.writes
            ],
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def plan_import(session: Session, content: bytes, *, by, replace: bool = False) -> Plan:
    """What the file `content` would do to the reviews of `session`, which `by` organises. Raises `FileError` for no table at all.

    The number of queries does not depend on the number of rows. Nothing is told of a review that is only begun: drafts are their
    writers' own.
    """
    criteria = list(session.criteria.all())
    file = read_scores(content, criteria)
    plan = Plan(file, replace, problems=list(file.problems))
    applications = Application.objects.decided_by(by).filter(session=session).in_bulk()
    people = {one.person.email.lower(): one.person for one in reviewers_of(session)}
    conflicts = set(Conflict.objects.filter(application__session=session).values_list("application", "reviewer"))
    reviews = {
        (one.application_id, one.reviewer_id): one
        for one in Review.objects.filter(application__session=session).prefetch_related("scores")
    }
    columns = columns_of(criteria)
    for line in file.lines:
        person, application = people.get(line.reviewer), applications.get(line.application)
        problem = _problem(line, person, application, conflicts)
        if problem is not None or person is None:
            plan.problems += [problem] if problem else []
            continue
        review = reviews.get((line.application, person.pk))
        if review is None:
            plan.created.append(Entry(line, person))
        elif review.handed_in_at is None:
            plan.changed.append(Entry(line, person, review, [Change("", _("a draft"), _("handed in"))]))
        elif changes := list(_changes(line, review, columns)):
            plan.changed.append(Entry(line, person, review, changes))
        else:
            plan.unchanged += 1
    plan.problems.sort(key=lambda one: one.row)
    return plan


def _problem(line: Line, person: User | None, application: Application | None, conflicts: set) -> Problem | None:
    """Why this person cannot have reviewed this application, or None."""
    if application is None:
        return Problem(line.row, APPLICATION, _("You decide on no application with this number in this session."))
    if person is None:
        return Problem(line.row, REVIEWER, _("Nobody with this address reviews in this session. Give them a part in it first."))
    if application.status not in Application.UNDER_REVIEW:
        words = _("This application is not under review. It is “%(status)s”.")
        return Problem(line.row, APPLICATION, words % {"status": application.get_status_display()})
    if application.applicant_id == person.pk:
        return Problem(line.row, REVIEWER, _("Nobody reviews their own application."))
    if (application.pk, person.pk) in conflicts:
        return Problem(line.row, REVIEWER, _("This person has declared a conflict of interest with this application."))
    return None


def _changes(line: Line, review: Review, columns: Mapping[str, Criterion]):
    stored = {one.criterion_id: one.value for one in review.scores.all()}
    for name, criterion in columns.items():
        old, new = (_in_words(scores, criterion.pk) for scores in (stored, line.scores))
        if old != new:
            yield Change(name, old, new)
    for name in COMMENTS:
        old, new = clean_text(getattr(review, name)).strip(), getattr(line, name)
        if old != new:
            yield Change(name, old, new)
    if review.confidence != line.confidence:
        yield Change(CONFIDENCE, str(review.confidence or ""), str(line.confidence or ""))


def _in_words(scores: Mapping[int, int | None], criterion: int) -> str:
    if criterion not in scores:
        return ""
    value = scores[criterion]
    return NOT_APPLICABLE if value is None else str(value)


def import_scores(session: Session, content: bytes, *, by, replace: bool, expected: str) -> Plan:
    """Write what the plan with the fingerprint `expected` said, in one transaction; returns what was done.

    Reviews are handed in by it, and count from then on. Everybody who saves a review waits meanwhile. Raises `ScoreImportError` where
    `by` does not organise the session, nobody can review now, anything in the file is wrong, or the plan is a different one by now;
    `FileError` as `plan_import`. Then nothing is written.
    """
    with transaction.atomic():
        if not Session.objects.organised_by(by).filter(pk=session.pk).exists():
            raise ScoreImportError(_("Only the organisers of this session import scores."))
        keep_reviews_waiting(session)
        against = obstacle_to_review(session)
        if against:
            raise ScoreImportError(against)
        plan = plan_import(session, content, by=by, replace=replace)
        if plan.problems:
            raise ScoreImportError(
                _("Nothing was imported: something in the file is wrong. Put it right and choose the file again.")
            )
        if plan.fingerprint != expected:
            raise ScoreImportError(
                _("Something has changed since you looked at the preview. Nothing was imported. Below is what would happen now.")
            )
        _write(session, plan.writes)
        record("scores.imported", by=by, about=session, scope=session, details={"reviews": len(plan.writes)})
    return plan


def _write(session: Session, entries: Sequence[Entry]) -> None:
    """A constant number of statements for so many rows."""
    now = timezone.now()
    versions = dict(Application.objects.filter(session=session).values_list("pk", "submitted_version"))
    lines = {(one.line.application, one.person.pk): one.line for one in entries}
    reviews = [
        Review(
            application_id=one.line.application,
            reviewer=one.person,
            application_version=versions[one.line.application],
            version=one.review.version + 1 if one.review else 1,
            handed_in_at=now,
            **{name: getattr(one.line, name) for name in FIELDS},
        )
        for one in entries
    ]
    # One statement for what is new and what is there: updates one by one, or by cases, take many times as long.
    Review.objects.bulk_create(
        reviews,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["application", "reviewer"],
        update_fields=[*FIELDS, "application_version", "version", "handed_in_at", "updated_at"],
    )
    Score.objects.filter(review__in=[one.review.pk for one in entries if one.review]).delete()
    scores = [
        Score(review=review, criterion_id=criterion, value=value)
        for review in reviews
        for criterion, value in lines[review.application_id, review.reviewer_id].scores.items()
    ]
    Score.objects.bulk_create(scores, batch_size=1000)
    claims = ReviewClaim.objects.filter(application__session=session).values_list("pk", "application", "reviewer")
    ReviewClaim.objects.filter(pk__in=[pk for pk, *pair in claims if tuple(pair) in lines]).delete()
    rescore_session(session)


def rows_to_fill(session: Session, *, by) -> tuple[list[str], list[list]]:
    """Header and rows of a table to fill in: the applications under review on which `by` decides, a row for each assignment."""
    criteria = list(session.criteria.all())
    decided = Application.objects.decided_by(by).filter(session=session, status__in=Application.UNDER_REVIEW).order_by("pk")
    waiting = ReviewAssignment.objects.filter(application__in=decided.order_by().values("pk")).waiting()
    emails: dict[int, list[str]] = defaultdict(list)
    for application, email in waiting.order_by("pk").values_list("application", "reviewer__email"):
        emails[application].append(email)
    numbers = decided.values_list("pk", flat=True)
    rows = [row_of(criteria, application=pk, email=email) for pk in numbers for email in emails.get(pk, [""])]
    return header_of(criteria), rows


def rows_of_reviews(session: Session, *, by) -> tuple[list[str], list[list]]:
    """Header and rows of the reviews that are handed in, of the applications on which `by` decides: importing them changes nothing."""
    criteria = list(session.criteria.all())
    decided = Application.objects.decided_by(by).filter(session=session, status__in=Application.UNDER_REVIEW)
    reviews = Review.objects.handed_in().filter(application__in=decided.order_by().values("pk"))
    found = reviews.select_related("reviewer").prefetch_related("scores").order_by("application_id", "pk")
    rows = [
        row_of(
            criteria,
            application=one.application_id,
            email=one.reviewer.email,
            review=one,
            scores={score.criterion_id: score.value for score in one.scores.all()},
        )
        for one in found
    ]
    return header_of(criteria), rows
