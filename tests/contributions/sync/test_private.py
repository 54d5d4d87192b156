"""The site's token may read more than the people of the site: private repositories that no session follows stay out."""

import pytest

from accounts.personal_data import delete_account
from contributions.figures.loading import facts_of
from contributions.links import LinkError
from contributions.meaning import read_item
from contributions.models import Contribution, WorkItem
from contributions.story import what_happened
from contributions.sync import paste_link
from contributions.tasks import refresh_items
from tests.factories import CohortFactory

SECRET = "The secret plan"
NOT_KNOWN = "GitHub knows no issue or pull request at this address, or we may not see it."


@pytest.fixture
def plan(follower):
    """An issue in a private repository that the token can read."""
    vault = follower.world.add_repository("org/vault", private=True)
    return follower.world.add_issue(vault, follower.maintainer, SECRET, at=follower.world.ago(days=3))


@pytest.mark.parametrize("how", ["soon", "sync"])
def test_a_pasted_address_tells_nothing_of_a_private_repository(follower, plan, how):
    ada = follower.member("ada")
    item = paste_link(ada, plan.url, by=ada.user).work_item
    if how == "soon":
        refresh_items.call([item.pk])
    else:
        follower.sync()
    item.refresh_from_db()
    # The very words for an address that does not exist.
    assert (item.title, item.problem, item.node_id, item.database_id) == ("org/vault#1", NOT_KNOWN, "", None)
    assert not WorkItem.objects.filter(title__icontains=SECRET).exists()


def test_a_private_repository_that_a_session_follows_is_followed(follower):
    ada = follower.member("ada")
    vault = follower.world.add_repository("org/vault", private=True)
    follower.track(vault)
    follower.pull(ada, "Inside", repository=vault)
    follower.sync()
    assert list(Contribution.objects.values_list("work_item__title", flat=True)) == ["Inside"]


def test_a_private_repository_tells_nothing_to_members_of_other_sessions(follower):
    """Whether it is fetched already or not; what is public may be followed from everywhere."""
    ada, bob = follower.member("ada"), follower.member("bob", cohort=CohortFactory())
    vault = follower.world.add_repository("org/vault", private=True)
    follower.track(vault)
    pull, new = follower.pull(ada, SECRET, repository=vault), follower.world.add_issue(vault, follower.maintainer, "New")
    follower.sync()
    for url in (pull.url, new.url, pull.url.replace("org/vault", "ORG/Vault")):
        with pytest.raises(LinkError, match="we may not see it"):
            paste_link(bob, url, by=bob.user)
        assert paste_link(ada, url, by=ada.user)
    assert not bob.contributions.exists()
    told = {work.title for work in facts_of([follower.session])[follower.session.pk].works}
    assert SECRET not in told, "reports are for everybody"
    vault.is_private = False
    refresh_items.call([follower.stored(pull).pk])
    assert paste_link(bob, pull.url, by=bob.user).work_item == follower.stored(pull)


def test_an_item_that_became_private_is_not_read_on(follower):
    ada = follower.member("ada")
    elsewhere = follower.world.add_repository("else/where")
    pull = follower.pull(ada, "In the open", repository=elsewhere)
    paste_link(ada, pull.url, by=ada.user)
    follower.sync()
    elsewhere.is_private = True
    pull.title = SECRET
    follower.later(days=1)
    pull.updated_at = follower.world.now
    follower.sync(full=True)
    stored = follower.stored(pull)
    assert (stored.title, stored.state, stored.gone) == ("In the open", "gone", "not_visible")
    assert what_happened(stored)[0].startswith("Its repository is no longer public")
    elsewhere.is_private = False
    follower.later(hours=1)
    follower.sync()
    stored.refresh_from_db()
    assert (stored.title, stored.state, stored.gone) == (SECRET, "open", "")


def test_half_a_character_spoils_nothing(follower):
    ada = follower.member("ada")
    follower.pull(ada, "Half a character \ud800")
    follower.sync()
    assert follower.titles(ada) == ["Half a character ?"]


def test_a_value_that_no_database_takes_spoils_no_other_item(follower, monkeypatch):
    ada = follower.member("ada")
    follower.pull(ada, "Odd")
    follower.pull(ada, "Quite ordinary")

    def read(item, **options):
        values = read_item(item, **options)
        return values | {"number": 2**70} if values["title"] == "Odd" else values

    monkeypatch.setattr("contributions.sync.refresh.read_item", read)
    follower.sync()
    assert follower.titles(ada) == ["Quite ordinary"]


def test_a_deleted_account_leaves_no_login_in_the_list_of_problems(follower):
    ada = follower.member("Ada-L", on_github=False)
    follower.member("ghost", on_github=False)
    run = follower.sync()
    run.refresh_from_db()
    assert {error["about"] for error in run.errors} == {"Ada-L", "ghost"}
    delete_account(ada.user, by=ada.user)
    run.refresh_from_db()
    assert {error["about"] for error in run.errors} == {"ghost"}
