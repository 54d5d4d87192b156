"""One pull request, several members of a session: who is named in its commits gets a part in it too."""

import pytest

from accounts.models import GitHubIdentity
from contributions import statements
from contributions.models import Contribution, WorkItem
from contributions.statements import work_together
from tests.factories import CohortFactory, MembershipFactory, SessionFactory

Role, Source = Contribution.Role, Contribution.Source


def trailer(membership, *, numbered=True):
    account = membership.account
    address = f"{account.database_id}+{account.login}" if numbered else account.login
    return f"Make it clearer\n\nCo-authored-by: Somebody <{address}@users.noreply.github.com>"


def parts(membership):
    return list(Contribution.objects.filter(membership=membership).values_list("role", "source", "hidden"))


FOUND = [(Role.CO_AUTHOR, Source.FOUND, False)]


@pytest.mark.parametrize("how", ["number", "login", "commit", "another cohort"])
def test_both_have_it(follower, how):
    ada = follower.member("ada")
    ole = follower.member("ole", cohort=CohortFactory(session=follower.session) if how == "another cohort" else None)
    pull = follower.pull(ada, message="" if how == "commit" else trailer(ole, numbered=how != "login"))
    if how == "commit":
        follower.world.push(pull, by=ole.account, at=follower.world.ago(days=2))
    follower.sync()
    assert parts(ada) == [(Role.AUTHOR, Source.FOUND, False)]
    assert parts(ole) == FOUND
    assert WorkItem.objects.count() == 1
    assert follower.sync().updated == 0


def test_somebody_who_was_renamed_is_known_by_the_number(follower):
    ada, ole = follower.member("ada"), follower.member("ole")
    follower.pull(ada, message=trailer(ole))
    follower.world.rename_user(ole.account, "ole-l")
    GitHubIdentity.objects.filter(user=ole.user).update(login="ole-l")
    follower.sync()
    assert parts(ole) == FOUND


def test_what_was_hidden_or_said_before_stays(follower):
    ada, ole, ida = follower.member("ada"), follower.member("ole"), follower.member("ida")
    pull = follower.pull(ada, message=trailer(ole))
    follower.sync()
    item = follower.stored(pull)
    statements.hide(Contribution.objects.get(membership=ole), by=ole.user)
    work_together(Contribution.objects.get(membership=ada), ida, by=ada.user)
    follower.later(hours=1)
    follower.world.push(pull, message=trailer(ida))
    follower.sync()
    assert parts(ole) == [(Role.CO_AUTHOR, Source.FOUND, True)]
    assert parts(ida) == [(Role.CO_AUTHOR, Source.MANUAL, False)]
    assert item.contributions.count() == 3


@pytest.mark.parametrize("who", ["no member", "one who left", "a navigator", "of another session", "known by mail alone", "none"])
def test_nobody_else_gets_a_part(follower, who):
    ada = follower.member("ada")
    ole = follower.member("ole")
    pull = follower.pull(ada, message=trailer(ole))
    if who == "no member":
        ole.delete()
    elif who == "one who left":
        ole.state, ole.left_at = "left", follower.world.now
        ole.save()
    elif who == "a navigator":
        ole.role = "navigator"
        ole.save()
    elif who == "of another session":
        ole.delete()
        MembershipFactory(cohort=CohortFactory(session=SessionFactory()), user=ole.user)
    else:
        pull.entries[0].commit.message = f"Make it clearer\n\nCo-authored-by: Ole <{ole.user.email}>" if "mail" in who else ""
    follower.sync()
    assert list(Contribution.objects.values_list("membership", "role")) == [(ada.pk, Role.AUTHOR)]


def test_who_opened_it_must_show_it_as_their_own(follower):
    ada, ole = follower.member("ada"), follower.member("ole")
    pull = follower.pull(ada)
    follower.sync()
    statements.hide(Contribution.objects.get(membership=ada), by=ada.user)
    follower.later(hours=1)
    follower.world.push(pull, message=trailer(ole))
    follower.sync()
    assert parts(ole) == []


def test_who_proved_an_account_goes_before_who_typed_its_login(follower):
    ada, ole = follower.member("ada"), follower.member("ole", verified=True)
    impostor = follower.member("impostor")
    GitHubIdentity.objects.filter(user=impostor.user).update(login="ole")
    follower.pull(ada, message=trailer(ole))
    follower.sync()
    assert (parts(ole), parts(impostor)) == (FOUND, [])
