"""Tasks that the tests of the test backend queue and run."""

import datetime
import time

from django.contrib.auth.models import Group
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.tasks import task as plain_task
from django.utils import timezone

from background import Backoff, Retry, current_run, enqueue, lost_before, progress, task

#: What the tasks did, in order. Emptied before each test.
done: list = []


@task
def note(what, *, loud=False):
    done.append(what)
    return what


@task
async def note_later(what):
    done.append(what)


@plain_task(queue_name="mail", priority=10)
def plain(number: int = 0) -> int:
    done.append(number)
    return number


@task(takes_context=True)
def tell(context, what: str = ""):
    done.append((context.attempt, context.task_result.args, what))


@task
def fail(text: str = "no such thing"):
    raise LookupError(text)


@task(max_attempts=3, backoff=Backoff(first=60, longest=600, jitter=0))
def try_three_times():
    done.append(timezone.now())
    raise LookupError("not yet")


@task(max_attempts=3, backoff=60, retry_on=(ConnectionError,))
def reach():
    done.append("reached")


@task
def put_off():
    done.append(timezone.now())
    if len(done) < 3:
        raise Retry(after=datetime.timedelta(minutes=5), reason="The limit is reached.")


@task(time_limit=0.05)
def take_too_long():
    time.sleep(5)


@task
def queue_itself():
    queue_itself.enqueue()


@task
def queue_two():
    done.append("two")
    note.enqueue("behind")
    note.using(priority=5).enqueue("before")


@task
def write(name: str):
    Group.objects.create(name=name)
    transaction.on_commit(lambda: note.enqueue(f"committed {name}"))


@task(atomic=True, max_attempts=2, backoff=1)
def write_once(name: str, then_fail: bool = False):
    Group.objects.create(name=name)
    note.enqueue(f"with {name}")
    transaction.on_commit(lambda: done.append(f"committed {name}"))
    if then_fail:
        raise LookupError("after it was written")


@task
def write_and_fail(name: str):
    Group.objects.create(name=name)
    raise LookupError("after it was written")


@task
def write_twice(name: str, *, carry_on: bool = False):
    Group.objects.create(name=name)
    try:
        Group.objects.create(name=name)
    except IntegrityError:
        if not carry_on:
            raise


@task
def ask(*, carry_on: bool = False):
    """An error of which Django itself does not know that it ends the transaction."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")
    except DatabaseError:
        if not carry_on:
            raise


@task
def ask_and_raise():
    ask.func(carry_on=True)
    raise LookupError("of its own")


@task
def durable(name: str):
    with transaction.atomic(durable=True):
        Group.objects.create(name=name)


@task(at_most_once=True)
def pay():
    done.append("paid")


@task
def look():
    progress(1, 2, "half")
    done.append((current_run() is not None, lost_before()))


@task(unique=True, about="auth.group")
def once(number):
    done.append(number)


@task
def queue_by_record():
    enqueue(note, "by record")


@task(every=datetime.timedelta(hours=6))
def four_times_a_day():
    done.append(timezone.now())


@task(every="0 4 * * *", max_attempts=2, backoff=60)
def at_four():
    done.append(timezone.now())
    if len(done) == 1:
        raise LookupError("the first time")
