"""What members say about their own work: notes, own words, how AI helped, with whom, and “this is not mine”."""

import hashlib
from collections.abc import Mapping

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import GitHubIdentity
from cohorts.models import Membership

from .models import Contribution, WorkItem

FIELDS = ("own_words", "ai_use", "ai_disclosure", "note")
#: Words can be lost; a choice is made again at a glance.
WORDS = ("own_words", "ai_disclosure", "note")

#: Parts that make a pull request one's own.
OWN_PARTS = (Contribution.Role.AUTHOR, Contribution.Role.CO_AUTHOR)


class StatementError(ValueError):
    """What a member says cannot be so. Its text says why, for people."""


class ChangedElsewhere(Exception):
    """Another tab saved other words after this one was opened. `contribution` is what is stored now."""

    def __init__(self, contribution: Contribution):
        super().__init__(_("This was changed in another tab."))
        self.contribution = contribution


def may_edit(user, contribution: Contribution) -> bool:
    """Only the member writes about the member's work, and may hide what was matched wrongly."""
    return contribution.membership.user_id == user.pk


def version_of(contribution: Contribution) -> str:
    """A short name of what is written now. A page that was made with another one does not know all of it."""
    written = "\0".join(str(getattr(contribution, name)) for name in FIELDS)
    return hashlib.sha256(written.encode()).hexdigest()[:16]


@transaction.atomic
def describe(contribution: Contribution, *, by, values: Mapping[str, str], seen: str | None = None) -> Contribution:
    """Keep the member's words. What is not named stays.

    `seen` is the `version_of` what the page showed; words that were stored meanwhile are not overwritten by others
    (`ChangedElsewhere`). None overwrites. Raises `PermissionDenied` for anybody but the member.
    """
    _check(contribution, by)
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise ValueError(f"Not what a member writes: {', '.join(sorted(unknown))}")
    stored = Contribution.objects.select_for_update().get(pk=contribution.pk)
    if seen is not None and seen != version_of(stored):
        for name in WORDS:
            if name in values and getattr(stored, name) and getattr(stored, name) != values[name]:
                raise ChangedElsewhere(stored)
    for name in FIELDS:
        setattr(contribution, name, values.get(name, getattr(stored, name)))
    if values:
        contribution.save(update_fields=list(values))
    return contribution


def hide(contribution: Contribution, *, by) -> Contribution:
    """Take a wrong match off every list but the member's own. It stays hidden when a sync finds it again."""
    return _set_hidden(contribution, True, by=by)


def restore(contribution: Contribution, *, by) -> Contribution:
    """Show it again."""
    return _set_hidden(contribution, False, by=by)


def partners(contribution: Contribution):
    """A QuerySet of the memberships that `work_together` takes: the other members of the cohort who are there now.

    Whoever left the cohort names nobody any more.
    """
    cohort = contribution.membership.cohort_id
    if contribution.membership.state == Membership.State.LEFT:
        return Membership.objects.none()
    return Membership.objects.filter(cohort=cohort).tracked().exclude(pk=contribution.membership_id).select_related("user")


@transaction.atomic
def work_together(contribution: Contribution, with_member: Membership, *, by) -> Contribution:
    """Say that somebody of the own cohort worked on an own pull request too; returns that person's contribution.

    Who has it already keeps it as it is. The other one may hide it; then it stays hidden, and `StatementError` says so,
    as it does for other kinds of work and for people outside the cohort. Raises `PermissionDenied` for anybody else's work.
    """
    _check(contribution, by)
    if contribution.work_item.kind != WorkItem.Kind.PULL_REQUEST or contribution.role not in OWN_PARTS:
        raise StatementError(_("Name people whom you worked with at your own pull requests."))
    if contribution.hidden:
        raise StatementError(_("You hid this pull request. Show it again first."))
    if not partners(contribution).filter(pk=with_member.pk).exists():
        raise StatementError(_("Choose another member of your cohort."))
    theirs, _created = Contribution.objects.get_or_create(
        membership=with_member,
        work_item=contribution.work_item,
        defaults={"role": Contribution.Role.CO_AUTHOR, "source": Contribution.Source.MANUAL},
    )
    if theirs.hidden:
        raise StatementError(_("%(name)s took this off their list. Only they can show it again.") % {"name": with_member.user})
    return theirs


def change_part(contribution: Contribution, role: str, *, by) -> Contribution:
    """Set the member's part in a piece of work, a `Contribution.Role`.

    Who opened an issue or a pull request is known from GitHub: anybody else is not its author (`StatementError`). Raises
    `PermissionDenied` for anybody but the member, and `ValueError` for what is no part.
    """
    _check(contribution, by)
    role = Contribution.Role(role)
    if role == Contribution.Role.AUTHOR and _is_somebody_elses(contribution):
        raise StatementError(_("GitHub says that somebody else opened this. If you wrote it together, choose “co-author”."))
    contribution.role = role
    contribution.save(update_fields=["role"])
    return contribution


def _is_somebody_elses(contribution: Contribution) -> bool:
    author = contribution.work_item.author_node_id
    identity: GitHubIdentity | None = getattr(contribution.membership.user, "github", None)
    return bool(author) and (identity is None or identity.node_id != author)


def _set_hidden(contribution, hidden, *, by):
    _check(contribution, by)
    contribution.hidden = hidden
    contribution.save(update_fields=["hidden"])
    return contribution


def _check(contribution: Contribution, by) -> None:
    if not may_edit(by, contribution):
        raise PermissionDenied
