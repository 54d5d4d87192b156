"""What the operator reads about GitHub's deliveries."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions.models import WebhookDelivery
from tests.factories import SessionRoleFactory, UserFactory, WorkItemFactory

pytestmark = pytest.mark.django_db
LIST = reverse("admin:contributions_webhookdelivery_changelist")


@pytest.fixture
def operator(client):
    client.force_login(UserFactory(is_superuser=True))
    return client


def delivery(guid, items=(), *, minutes=0, processed=False):
    made = WebhookDelivery.objects.create(guid=guid, event="issues", items=list(items))
    received = timezone.now() - datetime.timedelta(minutes=minutes)
    made.received_at, made.processed_at = received, received + datetime.timedelta(seconds=2) if processed else None
    made.save()
    return made


def shown(client, **query):
    return [each.guid for each in client.get(LIST, query).context["cl"].result_list]


def test_each_names_what_it_was_about_and_how_long_it_took(operator):
    item = WorkItemFactory(repository="owner/one", number=7)
    delivery("guid-1", [item.pk], processed=True)
    delivery("guid-2")
    page = operator.get(LIST).content.decode()
    assert reverse("admin:contributions_workitem_change", args=[item.pk]) in page
    assert "owner/one #7" in page
    assert "2.0 s" in page
    assert "nothing that is followed here" in page
    assert "waits" in page


def test_what_is_not_processed_is_found(operator):
    delivery("done", processed=True)
    delivery("fresh")
    delivery("old", minutes=90)
    assert shown(operator, processed="no") == ["fresh", "old"]
    assert shown(operator, processed="late") == ["old"]
    assert shown(operator, processed="yes") == ["done"]
    assert len(shown(operator)) == 3
    assert shown(operator, q="fresh") == ["fresh"]


def test_of_many_items_the_first_are_named(operator):
    items = [WorkItemFactory(repository="owner/one", number=number).pk for number in range(1, 7)]
    made = delivery("guid-1", [*items, 10**6])
    page = operator.get(reverse("admin:contributions_webhookdelivery_change", args=[made.pk])).content.decode()
    assert "owner/one #3</a>, 4 more" in page
    gone = delivery("guid-2", [10**6])
    page = operator.get(reverse("admin:contributions_webhookdelivery_change", args=[gone.pk])).content.decode()
    assert "1 more" in page


def test_the_same_statements_for_few_and_many(operator, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    item = WorkItemFactory()
    delivery("guid-0", [item.pk])
    operator.get(LIST)
    with CaptureQueriesContext(connection) as few:
        operator.get(LIST)
    for number in range(1, 40):
        delivery(f"guid-{number}", [WorkItemFactory().pk])
    with django_assert_num_queries(len(few)):
        operator.get(LIST)


def test_organisers_have_none_of_it(client):
    client.force_login(SessionRoleFactory().user)
    assert client.get(LIST).status_code == 403
