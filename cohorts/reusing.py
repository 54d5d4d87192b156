"""Answers of an earlier application, offered to somebody who applies again: into the fields of the draft that are empty."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from .applications import save_draft
from .entries import Entry, typed_login
from .models import Answer, Application, Project, Question, Session
from .moves import MoveError
from .questions import as_typed, asked_questions, parse_answer

Kind = Question.Kind

#: Earlier applications that a form offers, newest first.
MOST_OFFERED = 3
#: A question that was copied from one that was copied… : so far back it is looked for.
LONGEST_CHAIN = 20

_TEXTS = frozenset({Kind.SHORT_TEXT, Kind.LONG_TEXT})
#: Judged again in the new session: a choice may be gone, a number out of bounds. Texts that are too long now may stand in a draft.
_JUDGED = frozenset(Kind) - _TEXTS


@dataclass(frozen=True)
class Reusable:
    """What an earlier application has for a form: raw text by question, projects in order, a content warning."""

    application: Application
    texts: dict[Question, str]
    projects: tuple[Project, ...] = ()
    content_warning: str = ""

    @property
    def number(self) -> int:
        """How many fields it would fill, the projects being one."""
        return len(self.texts) + bool(self.projects) + bool(self.content_warning)

    def beside(self, entry: Entry) -> "Reusable":
        """What of it fits into the fields that are empty in `entry`. The warning comes with the answers that it warns of, or not."""
        texts = {question: text for question, text in self.texts.items() if _is_empty(entry, question)}
        projects = () if entry.preferences else self.projects
        warning = self.content_warning if (texts or projects) and not entry.content_warning.strip() else ""
        return dataclasses.replace(self, texts=texts, projects=projects, content_warning=warning)


@dataclass(frozen=True)
class Reused:
    """The application with its new draft, and the names of what was filled in."""

    application: Application
    filled: list[str]


def reusable_answers(session: Session, user, entry: Entry) -> list[Reusable]:
    """What earlier applications of `user` have for the empty fields of `entry`, newest first; those that have nothing are left out.

    No query where nothing is empty, one for somebody who never applied before, and at most eight for everybody else.
    """
    asked = [question for question in asked_questions(session) if question.kind != Kind.FILE]
    if entry.preferences and not any(_is_empty(entry, question) for question in asked):
        return []
    found = list(_earlier(user, session).order_by("-submitted_at", "-pk")[:MOST_OFFERED])
    offers = [one.beside(entry) for one in _reusable(session, found)]
    return [one for one in offers if one.number]


def _is_empty(entry: Entry, question: Question) -> bool:
    return not entry.texts.get(question.pk, "").strip()


def reuse_answers(session: Session, earlier_pk: int, *, by) -> Reused:
    """Fill the empty fields of the draft of `by` for `session` with the answers of one's own earlier application.

    What was typed or chosen stays, whichever tab saved it last. Files are not taken over, nor what would help somebody take part: it is asked anew. Raises
    `MoveError` where nothing can be written or there is no such application, and what `save_draft` raises.
    """
    found = _earlier(by, session).filter(pk=earlier_pk)
    with transaction.atomic():
        reusable = next(iter(_reusable(session, list(found))), None)
        if reusable is None:
            raise MoveError(_("There is no earlier application of yours to take answers from."))
        mine = Application.objects.select_related("session", "applicant__github").filter(session=session, applicant=by).first()
        entry = Entry.of(mine) if mine else Entry(github_login=typed_login(by))
        filled, reused = _fill(entry, reusable.beside(entry))
        if not filled and mine is not None:
            return Reused(mine, [])
        return Reused(save_draft(session, reused, by=by, version=mine.version if mine else 0), filled)


def _fill(entry: Entry, reusable: Reusable) -> tuple[list[str], Entry]:
    texts = {**entry.texts, **{question.pk: text for question, text in reusable.texts.items()}}
    filled = [question.label for question in reusable.texts]
    preferences, warning = entry.preferences, entry.content_warning
    if reusable.projects:
        preferences = tuple(project.pk for project in reusable.projects)
        filled.append(_("Projects you would like"))
    if reusable.content_warning:
        warning = reusable.content_warning
        filled.append(_("What readers should know first"))
    return filled, dataclasses.replace(entry, texts=texts, preferences=preferences, content_warning=warning)


def _earlier(user, session: Session):
    submitted = Application.objects.filter(applicant=user, submitted_at__isnull=False).exclude(session=session)
    return submitted.select_related("session")


def _reusable(session: Session, earlier: Sequence[Application]) -> list[Reusable]:
    if not earlier:
        return []
    answers = list(Answer.objects.filter(application__in=earlier).exclude(question__kind=Kind.FILE).select_related("question"))
    lines = _lines([*asked_questions(session), *(answer.question for answer in answers)])
    projects = {project.pk: project for project in session.projects.all()}
    wished: dict[int, list[Project]] = {application.pk: [] for application in earlier}
    preferences = Application.objects.filter(pk__in=wished).values_list("pk", "project_preferences__project")
    for pk, project in preferences.order_by("project_preferences__rank"):
        if project in projects:
            wished[pk].append(projects[project])
    found = []
    for application in earlier:
        own = [answer for answer in answers if answer.application_id == application.pk]
        texts = {
            question: text
            for question in asked_questions(session)
            if question.kind != Kind.FILE and (text := _text_for(question, own, lines))
        }
        found.append(Reusable(application, texts, tuple(wished[application.pk]), application.content_warning))
    return found


def _text_for(question: Question, answers: Iterable[Answer], lines: dict[int, set[int]]) -> str:
    """The answer to `question` as it would be typed: to one that is its kin by copying, else to one of the same words."""
    same = [
        answer for answer in answers if _same_kind(answer.question, question) and not _has_more_readers(question, answer.question)
    ]
    kin = [answer for answer in same if lines[answer.question_id] & lines[question.pk]]
    alike = [answer for answer in same if _words(answer.question.label) == _words(question.label)]
    for answer in (*kin, *alike):
        text = as_typed(answer.question, answer.value)
        if question.kind in _JUDGED:
            try:
                parse_answer(question, text)
            except ValidationError:
                continue
        return text
    return ""


def _same_kind(one: Question, other: Question) -> bool:
    return one.kind == other.kind or {one.kind, other.kind} <= _TEXTS


def _has_more_readers(question: Question, earlier: Question) -> bool:
    """Whether reviewers read the answer to `question`, and did not read that to `earlier`: what was told to few is not told to more."""
    return _is_for_reviewers(question) and not _is_for_reviewers(earlier)


def _is_for_reviewers(question: Question) -> bool:
    return question.shown_to_reviewers and not question.sensitive


def _words(label: str) -> str:
    return " ".join(label.split()).casefold()


def _lines(questions: Iterable[Question]) -> dict[int, set[int]]:
    """For each question the ids of itself and of all that it was copied from. One query a generation, however many questions."""
    parents = {question.pk: question.copied_from_id for question in questions}
    wanted = set(parents)
    for _generation in range(LONGEST_CHAIN):
        missing = {parent for parent in parents.values() if parent is not None and parent not in parents}
        if not missing:
            break
        parents.update(Question.objects.filter(pk__in=missing).values_list("pk", "copied_from_id"))
    return {pk: _line(pk, parents) for pk in wanted}


def _line(pk: int | None, parents: dict[int, int | None]) -> set[int]:
    line: set[int] = set()
    while pk is not None and pk not in line:
        line.add(pk)
        pk = parents.get(pk)
    return line
