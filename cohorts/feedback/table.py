"""What was said as a table, one answer a row."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from cohorts.models import Feedback, FeedbackForm, Session

from .values import in_words

HEADER = (
    _("Form"), _("Version"), _("When"), _("Who about what"), _("About"), _("Written by"), _("Question"), _("Kind of answer"),
    _("Measures"), _("Only for organisers"), _("Answer"),
)  # fmt: skip


def table_rows(session: Session, *, reader) -> Iterator[list]:
    """Rows in an order that says nothing about who wrote: by form, question and answer, so that those of one person do not stand
    together. Only what navigators say about a member has the writer's name; the form says so. Without what is about the reader."""
    forms = list(session.feedback_forms.prefetch_related("questions").order_by("pk"))
    written = (
        Feedback.objects.filter(form__in=forms, written_at__isnull=False)
        .exclude(about__user_id=reader.pk)
        .select_related("membership__user", "about__user")
    )
    rows = list(written.order_by("pk"))
    for form in forms:
        for question in form.questions.all():
            found = []
            for row in rows:
                if row.form_id == form.pk and str(question.pk) in row.values:
                    value = row.values[str(question.pk)]
                    answer = value if isinstance(value, int) and not isinstance(value, bool) else in_words(question, value)
                    about = row.about.user.get_full_name() if row.about else ""
                    found.append((about, _writer(row, form), answer))
            for about, by, answer in sorted(found, key=lambda each: tuple(map(str, each))):
                yield [
                    form.title, form.version, form.get_checkpoint_display(), form.get_direction_display(), about, by, question.label,
                    question.get_kind_display(), question.measure, _("yes") if question.organisers_only else "", answer,
                ]  # fmt: skip


def _writer(row: Feedback, form: FeedbackForm) -> str:
    if form.direction != FeedbackForm.Direction.LEADER_MEMBER or row.membership is None:
        return ""
    return row.membership.user.get_full_name()
