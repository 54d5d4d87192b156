"""The tasks that are run: each twice, declared with Django's own decorator for the stock worker, and with ours."""

import time

from django.tasks import task

from background import task as our_task


@task
def stock_nothing(number: int) -> None:
    pass


@our_task
def our_nothing(number: int) -> None:
    pass


@task
def stock_clock(number: int) -> float:
    return time.time()


@our_task
def our_clock(number: int) -> float:
    return time.time()
