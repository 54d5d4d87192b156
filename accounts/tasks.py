"""What `accounts` does in the background. Tasks take ids and call one domain function."""

import datetime

from background import task

from . import data_requests, log_ins, messages
from .access import signing_up
from .audit.keeping import forget_old


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


@task(every=datetime.timedelta(days=1))
def forget_unconfirmed_accounts_task() -> int:
    return signing_up.forget_unconfirmed()


@task(
    max_attempts=5,
    retry_on=data_requests.TRANSIENT,
    unique=True,
    time_limit=datetime.timedelta(hours=1),
    about="accounts.datarequest",
)
def export_data_task(request_id: int) -> None:
    data_requests.make_export(request_id)


@task(
    max_attempts=5,
    retry_on=data_requests.TRANSIENT,
    unique=True,
    time_limit=datetime.timedelta(hours=1),
    about="accounts.datarequest",
)
def delete_account_task(request_id: int) -> None:
    data_requests.carry_out_deletion(request_id)


@task(every=datetime.timedelta(hours=1), max_attempts=3)
def look_after_data_requests_task() -> int:
    return data_requests.look_after_requests()


@task(every=datetime.timedelta(days=1))
def forget_old_audit_entries_task() -> int:
    return forget_old()
