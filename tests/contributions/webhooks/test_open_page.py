"""A page that is open hears of what a delivery brought, without a sync."""

from django.urls import reverse

from contributions.models import Contribution
from tests.contributions.sync.conftest import follower, sandbox, traveller, world  # noqa: F401 (fixtures)

from .delivering import deliver


def test_an_open_page_has_the_news_of_a_delivery(follower, tasks, client):  # noqa: F811
    ada = follower.member("ada")
    pull = follower.pull(ada)
    follower.sync()
    stored = follower.stored(pull)
    client.force_login(ada.user)
    progress = reverse("progress", args=[ada.pk])
    look = client.get(progress).context["look_url"]
    htmx = {"HX-Request": "true"}
    assert client.get(look, headers=htmx).status_code == 204
    follower.later(minutes=10)
    follower.world.comment(pull, follower.maintainer, "Could you add a test?")
    payload = {
        "action": "created",
        "issue": {"number": stored.number, "node_id": "x"},
        "repository": {"full_name": "org/project"},
    }
    assert deliver(payload, event="issue_comment").status_code == 202
    assert [run.state for run in tasks.run()] == ["succeeded"]
    answer = client.get(look, headers=htmx)
    assert (answer.status_code, "synced" in answer["HX-Trigger"]) == (200, True)
    lists = client.get(progress, headers={**htmx, "HX-Target": "work"})
    assert "Your turn" in lists.text
    stored.refresh_from_db()
    assert (stored.turn, stored.fetched_at) == ("member", follower.world.now)
    # The sync was ten minutes ago, and the page of the item says that the item itself is from now.
    assert "12:00" in client.get(progress).text
    page = client.get(reverse("work", args=[Contribution.objects.get().pk]))
    assert "Last looked at" in page.text
