"""Questions that are no longer asked: their answers stay readable, and they can be asked again."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .models import Question, Session


class RetiringError(Exception):
    """Somebody who does not organise the session. The text is for that person."""


def retire(question: Question, *, by) -> Question:
    """Ask `question` no longer: it leaves the form, what was answered stays. Raises `RetiringError`."""
    return _stamp(question, timezone.now(), by)


def unretire(question: Question, *, by) -> Question:
    """Ask `question` again; answers that were given count as before. Raises `RetiringError`."""
    return _stamp(question, None, by)


def _stamp(question: Question, at, by) -> Question:
    if not Session.objects.organised_by(by).filter(pk=question.session_id).exists():
        raise RetiringError(_("Only the organisers of this session can do that."))
    with transaction.atomic():
        locked = Question.objects.select_for_update(no_key=True).get(pk=question.pk)
        if (locked.retired_at is None) != (at is None):
            locked.retired_at = at
            locked.save(update_fields=["retired_at"])
    question.retired_at = locked.retired_at
    return question
