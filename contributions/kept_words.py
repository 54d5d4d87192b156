"""How long what members wrote about their work is kept, and the figures that stay the same without it."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from cohorts.models import Session
from cohorts.retention import Kind, Part, register_kind, register_numbers

from .figures.counting import count
from .figures.loading import facts_of
from .figures.weeks import weeks_of
from .models import Contribution, LearningEntry

_WORDS = {"note": "", "own_words": "", "ai_disclosure": ""}


def _notes(session: Session):
    return Contribution.objects.filter(membership__cohort__session=session).exclude(**_WORDS)


def _empty_notes(keys: list[Any]) -> None:
    Contribution.objects.filter(pk__in=keys).update(**_WORDS)


def _entries(session: Session):
    return LearningEntry.objects.filter(membership__cohort__session=session)


def _delete_entries(keys: list[Any]) -> None:
    LearningEntry.objects.filter(pk__in=keys).delete()


def _figures(session: Session) -> Any:
    """All that is counted of a session's work, week by week."""
    return count(facts_of([session])[session.pk], weeks_of(session))


def register() -> None:
    register_numbers("work", _figures)
    register_kind(
        Kind(
            "work_notes",
            label=_("Notes about contributions"),
            goes=_("What members wrote about their work, and how they used AI."),
            stays=_("The contributions themselves, which are public on GitHub, and all figures."),
            days=365,
            parts=(Part(_notes, _empty_notes),),
        )
    )
    register_kind(
        Kind(
            "learning",
            label=_("Learning logs"),
            goes=_("All entries. Their writers can take them along before."),
            stays=_("Nothing."),
            days=730,
            parts=(Part(_entries, _delete_entries),),
        )
    )
