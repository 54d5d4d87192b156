"""A token that GitHub refuses: the operator reads of it in the report on health and on the first page of the admin."""

from background import health
from contributions.github.client import token_key
from contributions.models import ApiBudget
from tests.factories import UserFactory


def test_a_refused_token_shows_with_the_sites_health_and_in_the_admin_until_it_heals(follower, client):
    operator = UserFactory(is_superuser=True)
    client.force_login(operator)
    follower.member("ada")
    follower.sync()
    assert health.report()["github"] == {"problems": []}
    follower.sandbox.faults.always("401")
    follower.sync()
    (problem,) = health.report()["github"]["problems"]
    assert problem == (
        f"GitHub refuses the token {token_key('test-token')[:8]}: GitHub does not accept the token. "
        "It is tried again by itself; see Admin, GitHub budgets."
    )
    assert health.report()["status"] == "degraded"
    assert problem in client.get("/admin/").content.decode()
    follower.sandbox.faults.clear()
    follower.later(minutes=2)
    follower.sync()
    assert health.report()["github"] == {"problems": []}
    assert problem not in client.get("/admin/").content.decode()
    row = ApiBudget.objects.get()
    assert row.succeeded_at > row.failed_at
