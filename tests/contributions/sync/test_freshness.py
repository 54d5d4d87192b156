"""How fresh the data is, in words."""

import datetime

import pytest
from django.utils import timezone

from contributions.freshness import REASONS, freshness_of_members, freshness_of_membership, freshness_of_session
from contributions.models import SyncRun
from contributions.sync import request_sync

from .conftest import NOW


def test_before_the_first_sync(follower):
    fresh = freshness_of_session(follower.session)
    assert (str(fresh), fresh.synced_at, fresh.next_at, fresh.has_problem) == ("Not synced yet", None, NOW, False)
    assert str(freshness_of_membership(follower.member("ada"))) == "Not synced yet"


def test_after_a_good_one(follower):
    ada = follower.member("ada")
    follower.sync()
    follower.later(minutes=5)
    for fresh in (freshness_of_session(follower.session), freshness_of_membership(ada)):
        assert (str(fresh), fresh.stale, fresh.next_at) == ("Synced 12:00", False, NOW + datetime.timedelta(hours=1))


def test_while_github_refuses(follower):
    ada = follower.member("ada")
    follower.pull(ada)
    follower.sync()
    follower.later(minutes=67)
    follower.sandbox.faults.always("403")
    follower.sync()
    follower.later(minutes=20)
    follower.sync()
    follower.later(minutes=3)
    for fresh in (freshness_of_session(follower.session), freshness_of_membership(ada)):
        assert str(fresh) == "GitHub refused since 13:07, next try 14:27; data from 12:00"
    with timezone.override("Asia/Kolkata"):
        assert str(freshness_of_session(follower.session)).endswith("data from 17:30")
    follower.later(days=1)
    fresh = freshness_of_session(follower.session)
    assert fresh.stale
    assert str(fresh) == "GitHub refused since 25 Nov 13:07, next try 13:30; data from 25 Nov 12:00"
    follower.sandbox.faults.clear()
    follower.sync()
    assert str(freshness_of_session(follower.session)) == "Synced 13:30"


def test_a_member_whose_login_is_wrong_is_told_and_the_session_is_well(follower):
    typo = follower.member("tpyo", on_github=False)
    follower.sync()
    fresh = freshness_of_membership(typo)
    assert (str(fresh), fresh.member_can_mend) == ("GitHub does not know this login since 12:00; no data yet", True)
    assert str(freshness_of_session(follower.session)) == "Synced 12:00"


def test_a_worker_that_does_not_come(follower):
    request_sync(follower.session, trigger="person", queue=False)
    assert freshness_of_session(follower.session).run is not None
    follower.later(minutes=20)
    run = request_sync(follower.session, trigger="person", queue=False)
    fresh = freshness_of_session(follower.session)
    assert (fresh.code, fresh.run) == ("lost", run)
    assert str(fresh).startswith("The background worker did not finish the sync since 12:20")


def test_a_sync_of_one_member_shows_with_that_member(follower):
    ada, ole = follower.member("ada"), follower.member("ole")
    run = request_sync(follower.session, membership=ada, trigger="person", queue=False)
    fresh = freshness_of_members(follower.session, [ada, ole])
    assert (fresh[ada.pk].run, fresh[ole.pk].run) == (run, None)


def test_as_many_statements_for_one_member_as_for_thirty(follower, django_assert_num_queries):
    members = [follower.member(f"m{number}") for number in range(30)]
    follower.sync()
    follower.sandbox.faults.always("403")
    follower.sync()
    for some in (members[:1], members):
        with django_assert_num_queries(6):
            freshness_of_members(follower.session, some)


def test_an_old_error_without_a_code_of_ours_is_told_in_its_own_words(follower):
    SyncRun.objects.create(
        session=follower.session,
        state="failed",
        finished_at=NOW,
        retry_at=NOW,
        errors=[{"code": "odd", "message": "It was odd."}],
    )
    assert freshness_of_session(follower.session).reason == "It was odd"


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_can_stand_before_since(code):
    assert not str(REASONS[code]).endswith((".", "!"))
