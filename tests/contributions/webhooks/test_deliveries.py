"""What becomes of deliveries: one waiting fetch for all of them, and none that is forgotten."""

import datetime

import pytest
from django.utils import timezone

from background import Retry
from background.models import TaskRun
from contributions import deliveries
from contributions.deliveries import process_deliveries, queue_forgotten, queue_processing, take_deliveries
from contributions.github.errors import RateLimited, Unauthorized, Unavailable
from contributions.models import WebhookDelivery
from contributions.payloads import read_delivery
from contributions.tasks import process_deliveries_task, sync_due_sessions
from tests.factories import WorkItemFactory

pytestmark = pytest.mark.django_db


def about(item, guid="delivery-1", event="issues"):
    return read_delivery(guid, event, {"issue": {"node_id": item.node_id}})


@pytest.fixture
def fetched(monkeypatch):
    """What was fetched, a list for each time."""
    calls = []
    monkeypatch.setattr(deliveries, "refetch", lambda items: calls.append(list(items)))
    return calls


def still_open():
    return WebhookDelivery.objects.filter(processed_at=None).order_by("pk")


def test_one_fetch_serves_all_deliveries_before_it(queued, tasks, fetched):
    item, other = WorkItemFactory(), WorkItemFactory()
    for number in range(3):
        queued({"issue": {"node_id": item.node_id}}, guid=f"delivery-{number}")
    queued({"issue": {"node_id": other.node_id}}, guid="delivery-3")
    assert [run.state for run in tasks.run()] == ["succeeded"]
    assert fetched == [[item.pk, other.pk]]
    assert not still_open().exists()


def test_an_event_that_arrives_while_its_item_is_fetched_leads_to_another_fetch(tasks, monkeypatch):
    item = WorkItemFactory()
    fetched = []

    def refetch(items):
        fetched.append(list(items))
        if len(fetched) == 1:
            # GitHub has answered, and somebody comments now.
            take_deliveries([about(item, "delivery-2")])

    monkeypatch.setattr(deliveries, "refetch", refetch)
    take_deliveries([about(item, "delivery-1")])
    assert [run.state for run in tasks.run()] == ["succeeded"] * 2
    assert fetched == [[item.pk], [item.pk]]
    assert not still_open().exists()


def test_an_event_that_arrives_between_the_claim_and_the_first_look_waits_for_no_other(tasks, fetched, monkeypatch):
    """One too many is queued then, which finds nothing to do."""
    item = WorkItemFactory()
    look = deliveries.process_deliveries
    arrived = []

    def arrive_first():
        if not arrived:
            arrived.append(take_deliveries([about(item, "delivery-2")]))
        return look()

    monkeypatch.setattr(deliveries, "process_deliveries", arrive_first)
    take_deliveries([about(item, "delivery-1")])
    assert [run.state for run in tasks.run()] == ["succeeded"] * 2
    assert fetched == [[item.pk]]


def test_two_who_look_at_the_same_moment_queue_one(tasks, monkeypatch):
    monkeypatch.setattr(deliveries, "_processing_waits", lambda: False)
    monkeypatch.setattr(deliveries, "_latest_run", lambda: None)
    queue_processing()
    queue_processing()
    tasks.assert_enqueued(process_deliveries_task, times=1)


def test_a_redelivery_is_skipped_only_once_it_was_processed(queued, tasks, fetched):
    item = WorkItemFactory()
    payload = {"issue": {"node_id": item.node_id}}
    assert queued(payload) == queued(payload) == (202, [[item.pk]])
    tasks.run()
    assert queued(payload) == (202, [])
    assert (fetched, WebhookDelivery.objects.count()) == ([[item.pk]], 1)


def test_a_redelivery_of_one_that_nothing_waits_for_queues_it(tasks):
    item = WorkItemFactory()
    take_deliveries([about(item)])
    TaskRun.objects.update(state=TaskRun.State.DISCARDED, finished_at=timezone.now())
    take_deliveries([about(item)])
    assert TaskRun.objects.waiting().count() == 1


def test_several_at_once_with_the_same_guid_are_one(tasks):
    item = WorkItemFactory()
    take_deliveries([about(item), about(item), read_delivery("delivery-2", "star", {})])
    assert sorted(WebhookDelivery.objects.values_list("guid", "items")) == [("delivery-1", [item.pk]), ("delivery-2", [])]
    tasks.assert_enqueued(process_deliveries_task, times=1)


def test_what_is_not_tracked_is_processed_at_once(tasks):
    WorkItemFactory(repository="owner/one", number=7)
    take_deliveries(
        [
            read_delivery("delivery-1", "issues", {"issue": {"number": 7}, "repository": {"full_name": "owner/another"}}),
            read_delivery("delivery-2", "repository", {"repository": {"full_name": "owner/another"}}),
            read_delivery("delivery-3", "ping", {"zen": "Design for failure."}),
        ]
    )
    assert WebhookDelivery.objects.exclude(processed_at=None).count() == 3
    tasks.assert_nothing_enqueued()


HERE, BEFORE = {"full_name": "after/one"}, "before/one"


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("repository", {"action": "transferred", "repository": HERE, "changes": {"owner": {"from": {"user": {"login": "before"}}}}}),
        ("repository", {"action": "transferred", "repository": HERE, "changes": {"owner": {"from": {"organization": {"login": "before"}}}}}),
        ("repository", {"action": "renamed", "repository": {"full_name": "before/two"}, "changes": {"repository": {"name": {"from": "one"}}}}),
        ("repository", {"action": "privatized", "repository": {"full_name": "Before/One"}}),
        ("repository", {"action": "deleted", "repository": {"full_name": "before/one"}}),
        ("organization", {"action": "renamed", "organization": {"login": "after"}, "changes": {"login": {"from": "Before"}}}),
        ("organization", {"action": "deleted", "organization": {"login": "before"}}),
        ("installation", {"action": "created", "repositories": [{"full_name": "other/one"}, {"full_name": BEFORE}]}),
        ("installation", {"action": "suspend", "installation": {"account": {"login": "before"}}}),
        ("installation_repositories", {"action": "removed", "repositories_added": [], "repositories_removed": [{"full_name": BEFORE}]}),
        ("installation_repositories", {"action": "added", "repositories_added": [{"full_name": BEFORE}]}),
    ],
)  # fmt: skip
def test_what_became_of_a_repository_is_looked_up_for_all_of_it_and_for_what_is_open_first(event, payload):
    done, item = WorkItemFactory(repository=BEFORE, state="merged"), WorkItemFactory(repository=BEFORE)
    WorkItemFactory(repository="before2/one")
    assert deliveries.items_about([read_delivery("delivery-1", event, payload)]) == {"delivery-1": [item.pk, done.pk]}


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("organization", {"action": "member_added", "organization": {"login": "owner"}}),
        ("organization", {"action": "renamed", "organization": {"login": ""}}),
        ("installation", {"action": "created", "repositories": [], "installation": {"account": None}}),
        ("installation", {"action": "created", "repositories": "all", "installation": {"account": {"login": "%"}}}),
        ("installation_repositories", {"repositories_added": [None, {"full_name": ["owner/repository"]}]}),
        ("repository", {"action": "renamed", "repository": {"full_name": ""}}),
    ],
)
def test_what_says_nothing_about_a_repository_asks_for_nothing(event, payload):
    WorkItemFactory(repository="owner/repository")
    assert deliveries.items_about([read_delivery("delivery-1", event, payload)]) == {"delivery-1": []}


def test_many_checks_of_one_push_are_looked_up_once(django_assert_num_queries):
    item = WorkItemFactory(ci="pending")
    status = {"repository": {"full_name": item.repository}, "sender": {"node_id": "U_1"}}
    many = [read_delivery(f"delivery-{number}", "status", status) for number in range(20)]
    with django_assert_num_queries(2):
        assert deliveries.items_about(many) == {delivery.guid: [item.pk] for delivery in many}


def test_an_issue_is_not_mistaken_for_a_pull_request_that_checks_ran_for():
    WorkItemFactory(kind="issue", number=7)
    pull = WorkItemFactory(number=8)
    suite = {"pull_requests": [{"number": 7}, {"number": 8}]}
    delivery = read_delivery("delivery-1", "check_suite", {"check_suite": suite, "repository": {"full_name": pull.repository}})
    assert deliveries.items_about([delivery]) == {"delivery-1": [pull.pk]}


def test_the_same_statements_for_one_delivery_and_for_fifty(django_assert_num_queries):
    items = [WorkItemFactory() for _ in range(50)]
    take_deliveries([about(items[0], "first")])
    for number, some in enumerate((items[:1], items)):
        # The items, the rows, and whether a fetch waits.
        with django_assert_num_queries(3):
            take_deliveries([about(item, f"delivery-{number}-{item.pk}") for item in some])


def test_many_items_go_as_many_as_one_request_asks_for(tasks, fetched):
    items = [WorkItemFactory() for _ in range(120)]
    take_deliveries([about(item, f"delivery-{item.pk}") for item in items])
    assert [run.state for run in tasks.run()] == ["succeeded"]
    assert not still_open().exists()
    assert [len(batch) for batch in fetched] == [50, 50, 20]
    assert [pk for batch in fetched for pk in batch] == [item.pk for item in items]


def test_a_delivery_about_many_is_processed_when_all_of_them_are(fetched, monkeypatch, tasks):
    monkeypatch.setattr(deliveries, "ITEMS_AT_ONCE", 2)
    monkeypatch.setattr(deliveries, "DELIVERIES_AT_ONCE", 2)
    items = [WorkItemFactory(repository="owner/big") for _ in range(5)]
    take_deliveries([read_delivery("all-of-them", "repository", {"repository": {"full_name": "owner/big"}})])
    take_deliveries([about(item, f"delivery-{item.pk}") for item in items])
    monkeypatch.setattr(deliveries, "refetch", lambda pks: fetched.append(list(pks)) or stop_at(2, fetched))
    with pytest.raises(Unavailable):
        process_deliveries()
    assert fetched == [[items[0].pk, items[1].pk], [items[2].pk, items[3].pk]]
    # Of the first two deliveries, the second is about the first item alone.
    assert sorted(still_open().values_list("guid", flat=True)) == sorted(
        ["all-of-them", *(f"delivery-{item.pk}" for item in items[1:])]
    )


def stop_at(count, fetched):
    if len(fetched) == count:
        raise Unavailable("GitHub is away.")


def test_at_a_limit_all_wait_together_until_github_lets_us(tasks, monkeypatch):
    item = WorkItemFactory()
    reset = timezone.now() + datetime.timedelta(minutes=20)

    def limited(_items):
        raise RateLimited("No points are left.", retry_at=reset)

    monkeypatch.setattr(deliveries, "refetch", limited)
    take_deliveries([about(item)])
    assert [run.state for run in tasks.run()] == ["postponed"]
    take_deliveries([about(item, "delivery-2")])
    tasks.assert_enqueued(process_deliveries_task, run_after=reset, times=1)
    assert still_open().count() == 2


def test_at_an_outage_it_comes_again_and_others_join(tasks, fetched):
    item = WorkItemFactory()
    take_deliveries([about(item)])
    tasks.fail(process_deliveries_task, Unavailable("GitHub is away."))
    assert [run.state for run in tasks.run()] == ["retried"]
    take_deliveries([about(item, "delivery-2")])
    assert [run.state for run in tasks.run(until=datetime.timedelta(hours=1))] == ["succeeded"]
    assert (fetched, still_open().count()) == ([[item.pk]], 0)


def test_a_wrong_token_is_not_tried_with_each_delivery(tasks, monkeypatch):
    item = WorkItemFactory()

    def refused(_items):
        raise Unauthorized("GitHub does not take the token.")

    monkeypatch.setattr(deliveries, "refetch", refused)
    take_deliveries([about(item)])
    assert [run.state for run in tasks.run(fail_silently=True)] == ["failed"]
    for number in (2, 3):
        take_deliveries([about(item, f"delivery-{number}")])
    run = tasks.assert_enqueued(process_deliveries_task, times=1)
    assert run.run_after > timezone.now() + datetime.timedelta(minutes=4)


def test_an_item_that_cannot_be_stored_does_not_stop_the_others(tasks, fetched, monkeypatch):
    items = [WorkItemFactory() for _ in range(4)]

    def refetch(pks):
        if items[2].pk in pks:
            raise ZeroDivisionError
        fetched.append(list(pks))

    monkeypatch.setattr(deliveries, "refetch", refetch)
    take_deliveries([about(item, f"delivery-{item.pk}") for item in items])
    with pytest.raises(ZeroDivisionError):
        process_deliveries()
    assert fetched == [[items[0].pk], [items[1].pk], [items[3].pk]]
    assert [delivery.items for delivery in still_open()] == [[items[2].pk]]


def test_a_worker_that_is_lost_loses_no_delivery(tasks, fetched):
    item = WorkItemFactory()
    take_deliveries([about(item)])
    tasks.lose_worker(process_deliveries_task, at="start")
    assert [run.state for run in tasks.run()] == ["lost", "succeeded"]
    assert fetched == [[item.pk]]


def test_one_fetches_at_a_time(tasks, fetched, monkeypatch):
    queue_processing()
    TaskRun.objects.update(state=TaskRun.State.RUNNING)
    own = TaskRun.objects.get().pk + 1
    monkeypatch.setattr("contributions.tasks.current_run", lambda: own)
    with pytest.raises(Retry):
        process_deliveries_task.call()
    monkeypatch.setattr("contributions.tasks.current_run", lambda: own - 1)
    assert process_deliveries_task.call() == 0


def test_an_item_that_is_gone_is_no_hindrance(tasks):
    item = WorkItemFactory()
    take_deliveries([about(item)])
    item.delete()
    assert [run.state for run in tasks.run()] == ["succeeded"]
    assert not still_open().exists()


def test_a_delivery_whose_process_ended_before_it_queued_anything_is_found(tasks, fetched, monkeypatch):
    item = WorkItemFactory()
    with monkeypatch.context() as patch:
        patch.setattr(deliveries, "queue_processing", lambda: None)
        take_deliveries([about(item)])
    tasks.assert_not_enqueued(process_deliveries_task)
    sync_due_sessions.call()
    assert [run.task for run in tasks.run()] == [process_deliveries_task]
    assert (fetched, still_open().count()) == ([[item.pk]], 0)
    assert not queue_forgotten()


def test_what_failed_for_good_is_not_taken_for_forgotten(tasks, monkeypatch):
    take_deliveries([about(WorkItemFactory())])
    TaskRun.objects.update(state=TaskRun.State.FAILED, finished_at=timezone.now())
    assert not queue_forgotten()


def test_what_is_too_old_is_left_to_the_hourly_sync(tasks, fetched):
    take_deliveries([about(WorkItemFactory())])
    WebhookDelivery.objects.update(received_at=timezone.now() - datetime.timedelta(days=4))
    assert [run.state for run in tasks.run()] == ["succeeded"]
    assert (fetched, still_open().count()) == ([], 1)
    assert not queue_forgotten()
