"""Tasks that the tests of the operator's pages queue."""

import datetime

from background import Backoff, Retry, task

#: What `say` raises.
words = ["it is broken"]


@task(max_attempts=3, backoff=Backoff(first=5), retry_on=(OSError,), time_limit=60, about="accounts.user", unique=True)
def send_letter_task(user_id: int) -> None:
    """Send a person their letter.

    By post.
    """
    raise ConnectionError("no connection")


@task
def say(*args, **kwargs) -> None:
    raise ValueError(words[0])


@task(about="accounts.user", at_most_once=True)
def come_later(user_id: int) -> None:
    raise Retry(after=datetime.timedelta(hours=1), reason="The limit is reached.")


@task(every=datetime.timedelta(minutes=15), jitter=datetime.timedelta(minutes=2), atomic=True)
def tidy_up() -> None:
    """Tidy up."""
