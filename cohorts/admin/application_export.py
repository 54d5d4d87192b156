"""Applications as a table for organisers."""

from collections import Counter

from django.conf import settings

from accounts.audit import record
from cohorts.earlier_sessions import in_words
from cohorts.files import open_url
from cohorts.models import Answer, Application

from .application_figures import attach_earlier, attach_figures
from .csv_export import csv_response


def export(applications, *, viewer):
    """A CSV file of `applications` (session and applicant loaded), with figures and with the answers that `viewer` may read.

    A constant number of queries. Answers have one column for each question; questions of several sessions stand side by side.
    """
    rows = list(applications)
    attach_figures(rows, viewer)
    attach_earlier(rows, viewer)
    answers: dict[int, dict[int, str]] = {}
    questions: dict[int, str] = {}
    for answer in (
        Answer.objects.visible_to(viewer)
        .filter(application__in=[one.pk for one in rows])
        .select_related("question", "file")
        .order_by("question__session", "question__order", "question_id")
    ):
        questions.setdefault(answer.question_id, answer.question.label)
        answers.setdefault(answer.application_id, {})[answer.question_id] = _text(answer)
    header = [*_HEADER, *questions.values()]
    # One line for each session, which its organisers read.
    for session, count in Counter(one.session for one in rows).items():
        details = {"what": "applications", "rows": count}
        record("export.made", by=viewer, about=session, scope=session, details=details)
    lines = ([*_line(one), *(answers.get(one.pk, {}).get(pk, "") for pk in questions)] for one in rows)
    return csv_response("applications.csv", header, lines)


def _text(answer: Answer) -> str:
    """The answer; of a file what it is, and where whoever may read it finds it. Not its name, which often is its owner's."""
    return f"{answer.display} {settings.SITE_URL}{open_url(answer.file)}" if answer.file else answer.display


_HEADER = [
    "number",
    "session",
    "name",
    "email",
    "time_zone",
    "status",
    "submitted_at",
    "eligibility",
    "eligibility_reason",
    "tier",
    "pending_decision",
    "pending_rank",
    "reviews",
    "mean",
    "median",
    "lowest",
    "highest",
    "cohort",
    "earlier_sessions",
]


def _line(application: Application) -> list:
    figures, person = application.figures, application.applicant
    return [
        application.pk,
        application.session.slug,
        person.name,
        person.email,
        person.time_zone,
        application.status,
        application.submitted_at.isoformat() if application.submitted_at else "",
        application.eligibility,
        application.eligibility_reason,
        application.tier,
        application.pending_decision,
        application.pending_rank,
        figures.count,
        *(
            None if value is None else round(value, 3)
            for value in (figures.mean, figures.median, figures.lowest, figures.highest)
        ),
        application.placement.cohort.name if application.placement else "",
        in_words(application.earlier),
    ]
