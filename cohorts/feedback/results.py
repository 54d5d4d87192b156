"""What a session's feedback says, as its organisers read it, and as those who lead in it do."""

import datetime
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from cohorts.models import Feedback, FeedbackForm, FeedbackQuestion, Membership, Session
from cohorts.roles import organises

from .counting import Change, Said, Tally, change, segments, tally, told
from .values import STEPS, in_words, options_of

Kind, Direction, Checkpoint = FeedbackQuestion.Kind, FeedbackForm.Direction, FeedbackForm.Checkpoint

ABOUT_THE_PROGRAM = (Direction.MEMBER_PROGRAM, Direction.LEADER_PROGRAM)


@dataclass
class QuestionResult:
    """A question with its counts, and for organisers the texts. Neither: too little was said to be told."""

    question: FeedbackQuestion
    tally: Tally | None = None
    texts: list[str] = field(default_factory=list)


@dataclass
class PersonResult:
    """What was said about one person: counts and texts without names of who wrote (`questions`), or, of navigators about a member,
    answers with the name (`said`)."""

    about: str
    number: int
    questions: list[QuestionResult] = field(default_factory=list)
    said: list[tuple[str, list[tuple[FeedbackQuestion, str]]]] = field(default_factory=list)


@dataclass
class FormResult:
    """One version of a form. `asked` and `handed_in` are for organisers; None for others."""

    form: FeedbackForm
    questions: list[QuestionResult]
    asked: int | None = None
    handed_in: int | None = None
    people: list[PersonResult] = field(default_factory=list)
    #: Whether there is anything to be told.
    is_told: bool = True


@dataclass
class MeasureResult:
    """A measure at the start against the end; `rows` are what the picture shows: words, segments, how many, and the mean."""

    name: str
    label: str
    steps: list[str]
    change: Change
    rows: list[tuple[str, list[tuple[int, int, float, float]], int, str]]
    paired: list[tuple[str, list[tuple[int, int, float, float]], int, str]]


@dataclass
class Results:
    """What the page shows. `in_full`: for organisers."""

    in_full: bool
    measures: list[MeasureResult]
    forms: list[FormResult]


def leads_in(user, session: Session) -> bool:
    """Whether `user` is a navigator or captain in `session`, which is published."""
    if session.published_at is None:
        return False
    return Membership.objects.leading().filter(user_id=user.pk, cohort__session=session).exists()


def may_read(user, session: Session) -> bool:
    """Organisers read everything, those who lead counts."""
    return user.is_authenticated and (organises(user, session) or leads_in(user, session))


def results_of(session: Session, *, reader, now: datetime.datetime | None = None) -> Results:
    """All of it for organisers; for those who lead what is about the program, is not for organisers only, and enough people said.

    Six queries at most, however much was said. Nobody reads what was said about themselves. Ask `may_read` first.
    """
    today = (now or timezone.now()).astimezone(session.zone).date()
    in_full = organises(reader, session)
    forms = list(session.feedback_forms.prefetch_related("questions").order_by("pk"))
    for form in forms:
        form.session = session
    if not in_full:
        forms = [form for form in forms if form.direction in ABOUT_THE_PROGRAM]
    forms.sort(key=lambda form: (list(Checkpoint.values).index(form.checkpoint), form.week_number or 0, form.pk))
    said = _said(session, forms, reader)
    counts = asked_and_handed_in(session) if in_full else {}
    results, measured = [], _Measured()
    for form in forms:
        rows = said[form.pk]
        result = FormResult(form, [])
        if in_full:
            result.asked, result.handed_in = counts.get(form.pk, (0, 0))
        if form.direction in ABOUT_THE_PROGRAM:
            for question in form.questions.all():
                one = _of_question(question, rows, today=None if in_full else today, reader=reader.pk)
                if one is None:
                    continue
                result.questions.append(one[0])
                measured.note(form, question, one[1])
        else:
            result.people = list(_about_people(form, rows))
        result.is_told = any(each.tally or each.texts for each in result.questions) or bool(result.people)
        if form.retired_at is None or rows:
            results.append(result)
    measures = list(measured.results(None if in_full else today, reader.pk))
    return Results(in_full, measures, results)


def asked_and_handed_in(session: Session) -> dict[int, tuple[int, int]]:
    """How many were asked and how many handed in, by form. Who left in between is counted only where they said something."""
    handed_in = Q(written_at__isnull=False)
    rows = (
        Feedback.objects.filter(form__session=session)
        .filter(handed_in | Q(excused_at=None))
        .order_by()
        .values_list("form_id")
        .annotate(asked=Count("pk"), answered=Count("pk", filter=handed_in))
    )
    return {form: (asked, answered) for form, asked, answered in rows}


def _said(session: Session, forms: Sequence[FeedbackForm], reader) -> dict[int, list[Feedback]]:
    """What was handed in, by form, with the people; without what is about the reader."""
    rows = (
        Feedback.objects.filter(form__in=forms, written_at__isnull=False)
        .exclude(about__user_id=reader.pk)
        .select_related("membership__user", "about__user")
        .order_by("pk")
    )
    found: dict[int, list[Feedback]] = defaultdict(list)
    for row in rows:
        found[row.form_id].append(row)
    return found


def _settled_on(row: Feedback, session: Session) -> datetime.date:
    """The last day on which what was handed in can change: one's own, or the day on which it was handed in late."""
    return max(row.due_on, row.written_at.astimezone(session.zone).date()) if row.written_at else row.due_on


def _person(row: Feedback) -> Any:
    """Who said it: the same for all that one person said, also without an account."""
    return row.membership.user_id if row.membership else row.stand_in or f"row-{row.pk}"


def _of_question(
    question: FeedbackQuestion, rows: Sequence[Feedback], *, today: datetime.date | None, reader
) -> tuple[QuestionResult, list[Said]] | None:
    """A question of a form about the program; None where the reader (with `today`: one who leads) is not to know of it at all."""
    key = str(question.pk)
    said = [Said(_person(row), _settled_on(row, question.form.session), row.values[key]) for row in rows if key in row.values]
    if today is not None:
        if question.organisers_only or question.kind == Kind.TEXT:
            return None
        said = told(said, today=today, reader=reader)
    if question.kind == Kind.TEXT:
        # In an order that says nothing about who wrote.
        return QuestionResult(question, texts=sorted((each.value for each in said), key=str.casefold)), said
    return QuestionResult(question, tally(_options(question), [each.value for each in said]) if said else None), said


def _options(question: FeedbackQuestion) -> list[tuple[Any, str]]:
    """The possible answers as they are stored, with their words."""
    options = options_of(question)
    if question.kind == Kind.SCALE:
        return [(int(value), words) for value, words in options]
    return [(value == "yes", words) for value, words in options] if question.kind == Kind.YES_NO else list(options)


def _about_people(form: FeedbackForm, rows: Sequence[Feedback]) -> Iterator[PersonResult]:
    """What was said about each person, by name of the person."""
    of_person: dict[tuple[str, int], list[Feedback]] = defaultdict(list)
    for row in rows:
        if row.about is not None:
            of_person[(row.about.user.get_full_name(), row.about.user_id)].append(row)
    for (name, _pk), about in sorted(of_person.items(), key=lambda each: (each[0][0].casefold(), each[0][1])):
        result = PersonResult(name, len(about))
        questions = list(form.questions.all())
        if form.direction == Direction.LEADER_MEMBER:
            for row in about:
                words = [(each, in_words(each, row.values[str(each.pk)])) for each in questions if str(each.pk) in row.values]
                result.said.append((row.membership.user.get_full_name() if row.membership else _("Deleted account"), words))
        else:
            found = (_of_question(question, about, today=None, reader=None) for question in questions)
            result.questions = [one[0] for one in found if one]
        yield result


class _Measured:
    """Collects what is measured at the start and at the end, in forms for members about the program: of one form for each time, in all
    its versions. With two that few people answered differently, the sum of both would tell of those few."""

    def __init__(self) -> None:
        self.said: dict[str, dict[str, list[Said]]] = defaultdict(lambda: defaultdict(list))
        self.questions: dict[str, FeedbackQuestion] = {}
        self.keys: dict[tuple[str, str], str] = {}

    def note(self, form: FeedbackForm, question: FeedbackQuestion, said: list[Said]) -> None:
        if not question.measure or question.kind != Kind.SCALE or form.direction != Direction.MEMBER_PROGRAM:
            return
        if self.keys.setdefault((question.measure, form.checkpoint), form.key) == form.key:
            self.said[question.measure][form.checkpoint] += said
            self.questions.setdefault(question.measure, question)

    def results(self, today: datetime.date | None, reader) -> Iterator[MeasureResult]:
        for name, by_checkpoint in self.said.items():
            start, end = by_checkpoint[Checkpoint.START], by_checkpoint[Checkpoint.END]
            if not start or not end:
                continue
            found = change(start, end, today=today, reader=reader)
            middle = [each.value for each in by_checkpoint[Checkpoint.MIDDLE]]
            question = self.questions[name]
            everybody = [(_("At the start"), found.start), (_("In the middle"), middle), (_("At the end"), found.end)]
            both = [
                (_("At the start"), [one for one, _end in found.pairs]),
                (_("At the end"), [one for _start, one in found.pairs]),
            ]
            yield MeasureResult(
                name=name,
                label=question.label,
                steps=[words for _value, words in options_of(question)],
                change=found,
                rows=[_row(words, values) for words, values in everybody if values],
                paired=[_row(words, values) for words, values in both if values],
            )


def _row(words: str, values: list[int]) -> tuple[str, list[tuple[int, int, float, float]], int, str]:
    return words, segments(values, STEPS), len(values), number_format(sum(values) / len(values), 1)
