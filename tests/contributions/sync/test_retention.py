"""Old records of syncs and deliveries go; the last of each session and member stays."""

import datetime

import pytest
from django.utils import timezone

from contributions.models import SyncRun, WebhookDelivery
from contributions.retention import KEEP_DELIVERIES, KEEP_SYNCS, forget_old_records
from tests.factories import MembershipFactory, SessionFactory

DAY = datetime.timedelta(days=1)


@pytest.fixture
def now(db):
    return timezone.now()


def sync(session, finished_at, **values):
    return SyncRun.objects.create(**{"session": session, "state": "done", "finished_at": finished_at, **values})


def test_old_syncs_go_but_for_the_last_of_each(now):
    session, other = SessionFactory(), SessionFactory()
    member = MembershipFactory(cohort__session=session)
    old = now - KEEP_SYNCS - DAY
    sync(session, old)
    last_of_session = sync(session, old)
    sync(session, old, membership=member)
    last_of_member = sync(session, old, membership=member)
    sync(other, old)
    last_good = sync(other, old)
    failed_since = sync(other, old, state="failed")
    # A limit stopped it, so pages still say since when by the one before.
    stopped_since = sync(other, old, state="partial", retry_at=old)
    failed = sync(other, now - KEEP_SYNCS + DAY, state="failed")
    assert forget_old_records(now) == 3
    assert set(SyncRun.objects.all()) == {last_of_session, last_of_member, last_good, failed_since, stopped_since, failed}


def test_one_that_never_ended_stays(now):
    session = SessionFactory()
    waiting = SyncRun.objects.create(session=session, queued_at=now - 2 * KEEP_SYNCS)
    sync(session, now)
    assert forget_old_records(now) == 0
    assert SyncRun.objects.filter(pk=waiting.pk).exists()


def test_deliveries_that_were_processed_go_sooner(now):
    def delivery(guid, age, processed):
        WebhookDelivery.objects.create(guid=guid, event="issues", processed_at=now - age if processed else None)
        WebhookDelivery.objects.filter(guid=guid).update(received_at=now - age)

    delivery("fresh", KEEP_DELIVERIES - DAY, True)
    delivery("done", KEEP_DELIVERIES + DAY, True)
    delivery("never-done", KEEP_DELIVERIES + DAY, False)
    delivery("forgotten", KEEP_SYNCS + DAY, False)
    assert forget_old_records(now) == 2
    assert set(WebhookDelivery.objects.values_list("guid", flat=True)) == {"fresh", "never-done"}


def test_many_go_in_portions(now, monkeypatch):
    monkeypatch.setattr("contributions.retention.AT_ONCE", 2)
    session = SessionFactory()
    for _number in range(6):
        sync(session, now - KEEP_SYNCS - DAY)
    assert forget_old_records(now) == 5
    assert SyncRun.objects.count() == 1
