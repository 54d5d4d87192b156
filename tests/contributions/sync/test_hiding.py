"""A wrong match: hidden by its member, it stays hidden whatever a sync finds, until the member shows it again."""

from contributions import statements
from contributions.exporting import contributions_of
from contributions.models import Contribution
from contributions.sync import paste_link


def test_what_was_hidden_stays_hidden_when_it_changes_and_is_found_again(follower):
    ada = follower.member("ada")
    pull, other = follower.pull(ada, "Not mine"), follower.pull(ada, "Mine")
    follower.sync()
    contribution = Contribution.objects.get(work_item__title="Not mine")
    statements.hide(contribution, by=ada.user)
    follower.later(hours=2)
    follower.world.edit(pull, title="Still not mine")
    follower.world.comment(pull, follower.maintainer)
    follower.sync(full=True)
    contribution.refresh_from_db()
    assert contribution.hidden
    # It is followed all the same, so that it is up to date when it is shown again.
    assert follower.stored(pull).title == "Still not mine"
    assert [row["title"] for row in contributions_of([ada.pk])[ada.pk]] == [other.title]
    statements.restore(contribution, by=ada.user)
    assert Contribution.objects.shown().count() == 2


def test_what_was_hidden_is_shown_again_by_pasting_its_link(follower):
    ada = follower.member("ada")
    pull = follower.pull(ada)
    follower.sync()
    contribution = Contribution.objects.get()
    statements.hide(contribution, by=ada.user)
    assert paste_link(ada, f"{pull.url}/files", by=ada.user) == contribution
    follower.sync()
    contribution.refresh_from_db()
    assert not contribution.hidden


def test_the_same_work_stays_with_who_did_not_hide_it(follower):
    ada, ole = follower.member("ada"), follower.member("ole")
    pull = follower.pull(ada)
    follower.sync()
    theirs = paste_link(ole, pull.url, by=ole.user)
    statements.hide(Contribution.objects.get(membership=ada), by=ada.user)
    follower.sync(full=True)
    theirs.refresh_from_db()
    assert not theirs.hidden
    assert Contribution.objects.get(membership=ada).hidden
