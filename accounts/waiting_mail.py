"""What the schedule does about mail: nobody is forgotten whose task was lost, and what a dead worker left behind is named."""

import datetime

from django.db.models import Q
from django.utils import timezone

from background import enqueue

from .batches import carry_on_batch
from .models import Message
from .sending import due_messages, give_up_on_stale

#: A new message whose task has not come by then is sent by the schedule: the queue lost it.
TASK_LIMIT = datetime.timedelta(minutes=2)


def send_waiting_messages() -> int:
    """Queue a task for each message, and each batch, that is due and has none any more. Returns how many were queued.

    What was being sent when its worker died becomes unsure. A batch is told of that too, so that it can come to its end.
    """
    from .tasks import send_message_task

    now = timezone.now()
    batches = {message.batch for message in give_up_on_stale(now) if message.batch}
    found = Message.objects.filter(due_messages(now)).exclude(attempts=0, created_at__gte=now - TASK_LIMIT)
    batches.update(found.exclude(batch="").order_by().values_list("batch", flat=True).distinct())
    # Where a task waits or runs already, there is no second one.
    carried = {batch: carry_on_batch(batch) for batch in sorted(batches)}
    alone = Q(batch="") | Q(batch__in=[batch for batch, queued in carried.items() if queued is None])
    waiting = list(found.filter(alone).order_by("created_at").values_list("pk", flat=True))
    return sum(bool(queued) for queued in carried.values()) + sum(
        enqueue(send_message_task, message_id) is not None for message_id in waiting
    )
