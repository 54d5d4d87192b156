"""What members say about their own work: notes, own words, how AI helped, and “this is not mine”."""

from collections.abc import Mapping

from django.core.exceptions import PermissionDenied

from .models import Contribution

FIELDS = ("own_words", "ai_disclosure", "note")


def may_edit(user, contribution: Contribution) -> bool:
    """Only the member writes about the member's work, and may hide what was matched wrongly."""
    return contribution.membership.user_id == user.pk


def describe(contribution: Contribution, *, by, values: Mapping[str, str]) -> Contribution:
    """Keep the member's words. Raises `PermissionDenied` for anybody else."""
    _check(contribution, by)
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise ValueError(f"Not what a member writes: {', '.join(sorted(unknown))}")
    for name, value in values.items():
        setattr(contribution, name, value)
    contribution.save(update_fields=list(values))
    return contribution


def hide(contribution: Contribution, *, by) -> Contribution:
    """Take a wrong match off every list but the member's own. It stays hidden when a sync finds it again."""
    return _set_hidden(contribution, True, by=by)


def restore(contribution: Contribution, *, by) -> Contribution:
    """Show it again."""
    return _set_hidden(contribution, False, by=by)


def _set_hidden(contribution, hidden, *, by):
    _check(contribution, by)
    contribution.hidden = hidden
    contribution.save(update_fields=["hidden"])
    return contribution


def _check(contribution: Contribution, by) -> None:
    if not may_edit(by, contribution):
        raise PermissionDenied
