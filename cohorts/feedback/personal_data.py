"""Feedback in a person's export, and what deleting an account does to it."""

import uuid
from collections import defaultdict
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import people_registry
from accounts.people_registry import Deletion
from accounts.personal_data import iso
from cohorts.models import Feedback, FeedbackForm, FeedbackQuestion

from .values import in_words

Kind = FeedbackQuestion.Kind
ABOUT_THE_PROGRAM = (FeedbackForm.Direction.MEMBER_PROGRAM, FeedbackForm.Direction.LEADER_PROGRAM)


def _feedback(user) -> list[dict[str, Any]]:
    """What the person was asked and said. What others said about the person is theirs, and for the organisers alone."""
    found = (
        Feedback.objects.filter(membership__user=user)
        .select_related("form__session", "about__user")
        .prefetch_related("form__questions")
        .order_by("asked_at", "pk")
    )
    return [
        {
            "session": row.form.session.slug,
            "form": row.form.title,
            "version": row.form.version,
            "about": row.about.user.get_full_name() if row.about else None,
            "due_on": iso(row.due_on),
            "handed_in_at": iso(row.written_at),
            "answers": [
                {"question": question.label, "answer": in_words(question, row.values[str(question.pk)])}
                for question in row.form.questions.all()
                if str(question.pk) in row.values
            ],
        }
        for row in found
    ]


def preview(user) -> Deletion:
    if not Feedback.objects.filter(Q(membership__user=user) | Q(about__user=user)).exists():
        return Deletion()
    line = _(
        "What you wrote in feedback forms, and what was said about you. Numbers that you chose stay counted with those of others: "
        "nothing says that they are yours."
    )
    return Deletion(goes=[line])


def erase(user) -> None:
    """Take texts and the name from what was said about the program, and delete all else. Without this, whoever knows who left could
    subtract the numbers of today from those of yesterday. Before the places of `user` are deleted, which takes the rest along."""
    texts = {
        str(pk) for pk in FeedbackQuestion.objects.filter(kind=Kind.TEXT, form__feedback__membership__user=user).values_list("pk", flat=True)
    }  # fmt: skip
    stand_ins: dict[int, uuid.UUID] = defaultdict(uuid.uuid4)
    said = Feedback.objects.filter(membership__user=user, written_at__isnull=False, form__direction__in=ABOUT_THE_PROGRAM)
    for row in said.select_related("form").order_by("pk"):
        row.values = {key: value for key, value in row.values.items() if key not in texts}
        row.stand_in, row.membership, row.saved_by_form = stand_ins[row.form.session_id], None, ""
        row.save()


def register() -> None:
    people_registry.export_sections["feedback"] = _feedback
    if preview not in people_registry.deletion_previews:
        people_registry.deletion_previews.append(preview)
        # First of all: the others delete the places on which feedback hangs.
        people_registry.erasers.insert(0, erase)
