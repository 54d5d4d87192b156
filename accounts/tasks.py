"""What `accounts` does in the background. Tasks take ids and call one domain function."""

import datetime

from django.tasks import task

from background.schedules import every

from . import messages


@task
def send_message_task(message_id: int) -> None:
    messages.send_message(message_id)


@every(datetime.timedelta(minutes=1))
@task
def send_waiting_messages_task() -> int:
    return messages.send_waiting_messages()
