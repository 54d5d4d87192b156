"""Work that people add themselves and no code host knows of: a talk, a post, help in a forum. Written and changed here alone."""

import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.plain_line import plain_line
from cohorts.models import Membership

from .models import Contribution, WorkItem

OtherKind = WorkItem.OtherKind

#: Added work is of this day or later; an earlier date is a slip of the finger.
EARLIEST = datetime.date(1990, 1, 1)
LONGEST_TITLE = 300


class OtherWorkError(ValueError):
    """What was said about a piece of work cannot be so. `field` is the one that it is about; the text is for people."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def check_may_add(membership: Membership, by: User) -> None:
    """Raise `PermissionDenied` unless `by` is the member, leads the cohort or organises the session, and the member is there."""
    if not Membership.objects.present().filter(pk=membership.pk).exists():
        raise PermissionDenied
    if membership.user_id == by.pk and Membership.objects.visible_to(by).filter(pk=membership.pk).exists():
        return
    if not Membership.objects.led_by(by).filter(pk=membership.pk).exists():
        raise PermissionDenied


def facts_of(membership: Membership, *, title: str, other_kind: str, on: datetime.date | None) -> dict:
    """The fields of a `WorkItem` that say what other work is; `on` is a day in the member's zone, today where it is None.

    Raises `OtherWorkError` for a title of which nothing is left, for no kind, and for a day that is still to come.
    """
    title = plain_line(title)
    if not title:
        raise OtherWorkError("title", _("Give it a title, so that people know what it is."))
    if len(title) > LONGEST_TITLE:
        raise OtherWorkError("title", _("Make the title shorter: at most %(most)s characters.") % {"most": LONGEST_TITLE})
    if other_kind not in OtherKind.values:
        raise OtherWorkError("other_kind", _("Choose what kind of work it is."))
    now = timezone.now()
    today = timezone.localdate(now, membership.user.zone)
    on = on or today
    if on > today:
        raise OtherWorkError("on", _("This day is still to come. Add it once it is done."))
    if on < EARLIEST:
        raise OtherWorkError("on", _("Check the year."))
    # Noon where the member lives: the same day for nearly everybody who reads it.
    noon = datetime.datetime.combine(on, datetime.time(12), membership.user.zone)
    return {"title": title, "other_kind": other_kind, "created_at": min(noon, now)}


@transaction.atomic
def add_without_link(
    membership: Membership, *, title: str, other_kind: str, on: datetime.date | None = None, by: User
) -> Contribution:
    """Add work that has no link, such as a talk at a meetup. Adding the same twice adds it once.

    Raises `OtherWorkError`, and `PermissionDenied` as `check_may_add` does.
    """
    check_may_add(membership, by)
    facts = facts_of(membership, title=title, other_kind=other_kind, on=on)
    # Two presses on the button come one after the other here.
    Membership.objects.select_for_update().get(pk=membership.pk)
    midnight = facts["created_at"].astimezone(membership.user.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    same = WorkItem.objects.filter(
        kind=WorkItem.Kind.OTHER, url="", title=facts["title"], other_kind=other_kind, created_at__gte=midnight,
        created_at__lt=midnight + datetime.timedelta(days=1),
    )  # fmt: skip
    contribution = Contribution.objects.filter(membership=membership, work_item__in=same).order_by("pk").first()
    if contribution is None:
        item = WorkItem.objects.create(kind=WorkItem.Kind.OTHER, state=WorkItem.State.CLOSED, **facts)
        return Contribution.objects.create(membership=membership, work_item=item, source=Contribution.Source.MANUAL)
    if contribution.hidden and by.pk == membership.user_id:
        contribution.hidden = False
        contribution.save(update_fields=["hidden"])
    return contribution


def may_revise(user, contribution: Contribution) -> bool:
    """Whether `user` may change or delete what the work is: the member whose it is, while nobody else has it.

    What several people share is hidden instead: nobody changes the words of others.
    """
    item = contribution.work_item
    if item.kind != WorkItem.Kind.OTHER or contribution.membership.user_id != user.pk:
        return False
    return not Contribution.objects.filter(work_item=item).exclude(membership__user=user).exists()


@transaction.atomic
def revise(contribution: Contribution, *, title: str, other_kind: str, on: datetime.date | None = None, by: User) -> Contribution:
    """Change title, kind and day of other work; the day stays where it is the same. Raises as `add_without_link` does."""
    item = WorkItem.objects.select_for_update().get(pk=contribution.work_item_id)
    if not may_revise(by, contribution):
        raise PermissionDenied
    facts = facts_of(contribution.membership, title=title, other_kind=other_kind, on=on or day_of(contribution))
    if on == day_of(contribution):
        del facts["created_at"]
    for name, value in facts.items():
        setattr(item, name, value)
    item.save(update_fields=list(facts))
    contribution.work_item = item
    return contribution


@transaction.atomic
def delete(contribution: Contribution, *, by: User) -> None:
    """Delete other work with everything that was written about it. Raises `PermissionDenied` where `may_revise` says no."""
    item = WorkItem.objects.select_for_update().get(pk=contribution.work_item_id)
    if not may_revise(by, contribution):
        raise PermissionDenied
    contribution.delete()
    if not Contribution.objects.filter(work_item=item).exists():
        item.delete()


def day_of(contribution: Contribution) -> datetime.date | None:
    """The day of other work, where the member lives."""
    at = contribution.work_item.created_at
    return timezone.localdate(at, contribution.membership.user.zone) if at else None
