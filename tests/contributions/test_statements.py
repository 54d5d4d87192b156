"""What members say about their part in a piece of work: with whom they did it, and what their own part is."""

import pytest
from django.core.exceptions import PermissionDenied

from contributions import statements
from contributions.models import Contribution
from contributions.statements import StatementError, change_part, work_together
from tests import factories

Role, Source = Contribution.Role, Contribution.Source


@pytest.fixture
def cohort(db):
    return factories.CohortFactory()


@pytest.fixture
def own(cohort):
    """A pull request of a member of the cohort."""
    ada = factories.MembershipFactory(cohort=cohort)
    identity = factories.GitHubIdentityFactory(user=ada.user, node_id="U_ada")
    item = factories.WorkItemFactory(kind="pull_request", author_node_id=identity.node_id)
    return factories.ContributionFactory(membership=ada, work_item=item, role=Role.AUTHOR)


def another(cohort, **values):
    return factories.MembershipFactory(cohort=cohort, **values)


def test_a_member_adds_another_one_who_may_hide_it(own, cohort):
    jun = another(cohort, user__name="Jun")
    theirs = work_together(own, jun, by=own.membership.user)
    assert (theirs.membership, theirs.work_item, theirs.role, theirs.source) == (
        jun,
        own.work_item,
        Role.CO_AUTHOR,
        Source.MANUAL,
    )
    assert work_together(own, jun, by=own.membership.user) == theirs
    statements.hide(theirs, by=jun.user)
    with pytest.raises(StatementError, match="Jun took this off"):
        work_together(own, jun, by=own.membership.user)
    theirs.refresh_from_db()
    assert theirs.hidden
    assert Contribution.objects.count() == 2


def test_who_has_it_already_keeps_it(own, cohort):
    jun = another(cohort)
    reviewed = factories.ContributionFactory(membership=jun, work_item=own.work_item, role=Role.REVIEWER, note="Mine")
    assert work_together(own, jun, by=own.membership.user) == reviewed
    reviewed.refresh_from_db()
    assert (reviewed.role, reviewed.note) == (Role.REVIEWER, "Mine")


@pytest.mark.parametrize(
    "who",
    ["oneself", "a navigator", "a resting member", "one who left", "one with a kept place", "another cohort"],
)
def test_only_members_of_the_own_cohort_who_are_there(own, cohort, who):
    other = {
        "oneself": lambda: own.membership,
        "a navigator": lambda: another(cohort, role="navigator"),
        "a resting member": lambda: another(cohort, state="resting"),
        "one who left": lambda: another(cohort, state="left", left_at=cohort.session.begins_at),
        "one with a kept place": lambda: another(cohort, state="invited"),
        "another cohort": lambda: another(factories.CohortFactory(session=cohort.session)),
    }[who]()
    if who == "a resting member":
        assert list(statements.partners(own)) == [other]
        return
    with pytest.raises(StatementError, match="your cohort"):
        work_together(own, other, by=own.membership.user)
    assert Contribution.objects.count() == 1


def test_who_left_the_cohort_names_nobody_of_it(own, cohort):
    jun = another(cohort)
    own.membership.state, own.membership.left_at = "left", cohort.session.begins_at
    own.membership.save()
    with pytest.raises(StatementError, match="your cohort"):
        work_together(own, jun, by=own.membership.user)


@pytest.mark.parametrize(
    ("values", "item", "words"),
    [
        ({"role": Role.REVIEWER}, {}, "your own"),
        ({"role": Role.HELPER}, {}, "your own"),
        ({}, {"kind": "issue"}, "your own"),
        ({"hidden": True}, {}, "You hid this"),
    ],
)
def test_only_own_pull_requests_that_are_shown(own, cohort, values, item, words):
    for row, fields in ((own, values), (own.work_item, item)):
        for name, value in fields.items():
            setattr(row, name, value)
        row.save()
    with pytest.raises(StatementError, match=words):
        work_together(own, another(cohort), by=own.membership.user)


def test_nobody_says_it_for_the_member(own, cohort):
    jun, navigator = another(cohort), another(cohort, role="navigator")
    for user in (jun.user, navigator.user):
        with pytest.raises(PermissionDenied):
            work_together(own, jun, by=user)
        with pytest.raises(PermissionDenied):
            change_part(own, Role.HELPER, by=user)


@pytest.mark.parametrize(
    ("author", "login_is_known", "allowed"),
    [("U_ada", True, True), ("", True, True), ("U_somebody", True, False), ("U_somebody", False, False)],
)
def test_the_author_is_who_github_says(own, author, login_is_known, allowed):
    own.work_item.author_node_id = author
    own.work_item.save()
    if not login_is_known:
        own.membership.user.github.delete()
        own = Contribution.objects.get(pk=own.pk)
    user = own.membership.user
    for role in (Role.CO_AUTHOR, Role.REVIEWER, Role.HELPER):
        assert change_part(own, role, by=user).role == role
    if allowed:
        change_part(own, "author", by=user)
    else:
        with pytest.raises(StatementError, match="co-author"):
            change_part(own, Role.AUTHOR, by=user)
    own.refresh_from_db()
    assert own.role == (Role.AUTHOR if allowed else Role.HELPER)
    with pytest.raises(ValueError, match="boss"):
        change_part(own, "boss", by=user)
