"""What `accounts` does in the background. Tasks take ids and call one domain function."""

import datetime

from background import task

from . import log_ins, messages


@task(
    max_attempts=messages.MAX_ATTEMPTS,
    backoff=messages.wait_after,
    retry_on=(messages.NotSentYet,),
    unique=True,
    # A server that answers a letter at a time keeps within every time limit of the connection.
    time_limit=messages.SENDING_LIMIT,
    about="accounts.message",
)
def send_message_task(message_id: int) -> None:
    messages.send_message(message_id)


@task(every=datetime.timedelta(minutes=1))
def send_waiting_messages_task() -> int:
    return messages.send_waiting_messages()


@task(every=datetime.timedelta(hours=12))
def forget_ended_log_ins_task() -> int:
    return log_ins.forget_ended()
