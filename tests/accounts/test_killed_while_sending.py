"""The kernel kills a process in the middle of a batch: the next one goes on, and only what nobody can know is unsure."""

import datetime
import subprocess

import pytest
from django.utils import timezone

from accounts.messages import queue_message, send_batch, send_waiting_messages, settle_message
from accounts.models import Message
from accounts.sending import SENDING_LIMIT
from tests.factories import UserFactory
from tests.other_process import start_process

State = Message.State
SENDER = """
import django
django.setup()
from accounts.messages import send_batch
send_batch("test-7")
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.real_process
def test_a_killed_process_tells_nobody_twice_and_forgets_nobody(mail_sink):
    for number in range(8):
        queue_message(UserFactory(), kind="test", subject=f"Mail {number}", body="Text", batch="test-7")

    # The first dies when the server has the whole third mail and did not answer yet; the second before the content of the sixth.
    for step, passed, arrived in [("dot", 2, 3), ("DATA", 1, 4)]:
        mail_sink.well_again()
        killed: list[subprocess.Popen] = []
        mail_sink.on(step, "stall", after=passed, then=lambda killed=killed: killed[0].kill())
        killed.append(start_process(SENDER, EMAIL_URL=mail_sink.url))
        killed[0].communicate(timeout=120)
        assert killed[0].returncode == -9
        assert len(mail_sink.mails) == arrived
    mail_sink.well_again()
    assert Message.objects.filter(state=State.SENDING).count() == 2

    result = send_batch("test-7")
    assert (result.sent, result.waiting, result.unsure) == (6, 2, 0)

    # Their processes could still live, as far as anybody knows; after a while they could hand nothing over any more.
    Message.objects.filter(state=State.SENDING).update(tried_at=timezone.now() - SENDING_LIMIT - datetime.timedelta(seconds=1))
    send_waiting_messages()
    result = send_batch("test-7")
    assert (result.sent, result.unsure, result.waiting) == (6, 2, 0)
    assert len(mail_sink.mails) == 7
    assert mail_sink.twice() == []

    # The log of the mail server tells which of the two arrived.
    organiser = UserFactory()
    for message in Message.objects.filter(state=State.UNSURE):
        settle_message(message, arrived=message.address in mail_sink.recipients(), by=organiser)
    assert send_batch("test-7").sent == 8
    assert sorted(mail_sink.recipients()) == sorted(Message.objects.values_list("address", flat=True))
