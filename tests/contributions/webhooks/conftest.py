import pytest

from contributions.models import WebhookDelivery
from contributions.tasks import process_deliveries_task

from .delivering import deliver


@pytest.fixture
def queued(db, tasks):
    """Deliver, and say what was answered and what waits to be fetched: the items of each open delivery."""

    def run(*arguments, **options):
        response = deliver(*arguments, **options)
        waiting = len(tasks.enqueued(process_deliveries_task))
        still_open = WebhookDelivery.objects.filter(processed_at=None).order_by("pk")
        # One waits at most, and none without a delivery that asks for it.
        assert waiting == still_open.exists()
        return response.status_code, list(still_open.values_list("items", flat=True))

    return run
