"""What the outbox tells of many messages at once: which ones somebody must look at, and who may decide about them."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from . import people_registry
from .models import Message

#: States in which a message goes no further by itself.
NEEDS_SOMEBODY = (Message.State.FAILED, Message.State.UNSURE)


@dataclass(frozen=True)
class Waiting:
    """How many messages wait for somebody's decision."""

    failed: int
    unsure: int

    def __bool__(self) -> bool:
        return bool(self.failed or self.unsure)


def managed_by(user) -> QuerySet[Message]:
    """Messages that `user` may send again, cancel or settle: those of the sessions one organises, all for the operator.

    Fewer than `visible_to` shows: the mail that one got oneself is read and not decided about. Never the secret ones of others.
    """
    visible = Message.objects.visible_to(user)
    if not user.is_authenticated or user.is_superuser:
        return visible
    organised = Q(pk__in=[])
    for source in people_registry.messages_visible:
        organised |= source(user)
    return visible.filter(organised)


def waiting_for(user) -> Waiting:
    """What needs somebody among the messages that `user` manages: one query."""
    rows = managed_by(user).filter(state__in=NEEDS_SOMEBODY).order_by().values_list("state").annotate(number=Count("pk"))
    numbers = dict(rows)
    return Waiting(failed=numbers.get(Message.State.FAILED, 0), unsure=numbers.get(Message.State.UNSURE, 0))
