"""How fresh the data is, in words."""

import datetime

import pytest
from django.utils import timezone

from background.models import WorkerBeat
from contributions.freshness import (
    LIMITS,
    MENDED_BY_THE_MEMBER,
    MENDED_BY_THE_OPERATOR,
    REASONS,
    Freshness,
    freshness_of_members,
    freshness_of_membership,
    freshness_of_session,
    reason_of,
    slow_words,
    waiting_words,
)
from contributions.models import SyncRun
from contributions.sync import request_sync

from .conftest import NOW


def minutes(number):
    return NOW + datetime.timedelta(minutes=number)


def plain(fresh):
    return str(fresh).replace("\xa0", " ")


#: What is known, and what a reader is told at 13:00 in Rome, which is 12:00 in UTC.
SENTENCES = [
    ({}, "Not synced yet"),
    ({"synced_at": minutes(0)}, "Synced just now"),
    ({"synced_at": minutes(-4)}, "Synced 4 minutes ago"),
    ({"synced_at": minutes(-26 * 60)}, "Synced 1 day ago"),
    (
        {"code": "access_denied", "since": minutes(-20), "next_at": minutes(10), "synced_at": minutes(-65)},
        "GitHub refused since 12:40, next try 13:10; data from 11:55",
    ),
    (
        {"code": "rate_limited", "since": minutes(-2), "next_at": minutes(31), "synced_at": minutes(-2 - 24 * 60)},
        "This hour's requests to GitHub have been used up since 12:58, next try 13:31; data from 24 Nov 12:58",
    ),
    (
        {"code": "kept_for_people", "since": minutes(-1), "next_at": minutes(12 * 60), "synced_at": minutes(-61)},
        "What is left of this hour's requests has been kept for people who press “Sync now” since 12:59, next try 26 Nov 01:00; "
        "data from 11:59",
    ),
    (
        {"code": "unauthorized", "since": minutes(-400 * 24 * 60), "next_at": minutes(-1)},
        "GitHub does not accept this site's token any more since 21 Oct 2025 14:00, next try in a moment; no data yet",
    ),
    ({"code": "token_busy", "next_at": minutes(1)}, "Other syncs use all access to GitHub, next try 13:01; no data yet"),
    (
        {
            "code": "worker_away",
            "since": minutes(-30),
            "next_at": minutes(-30),
            "synced_at": minutes(-90),
            "worker_is_away": True,
        },
        "The background worker is away since 12:30; data from 11:30",
    ),
    (
        {"code": "timeout", "since": minutes(-30), "next_at": minutes(-20), "worker_is_away": True},
        "GitHub did not answer in time since 12:30, and no next try, because the background worker is away; no data yet",
    ),
    ({"code": "no_login", "since": minutes(-30), "next_at": minutes(30)}, "No GitHub login is given since 12:30; no data yet"),
]


@pytest.mark.parametrize(("known", "said"), SENTENCES)
def test_one_sentence_in_the_readers_zone(traveller, known, said):
    with timezone.override("Europe/Rome"):
        assert plain(Freshness(reason=reason_of(known.get("code", "")) if "code" in known else "", **known)) == said


@pytest.mark.parametrize(
    ("code", "worker_is_away", "advice"),
    [("", False, ""), *((code, False, "") for code in MENDED_BY_THE_MEMBER)]
    + [(code, False, "You need do nothing: it is for whoever runs this site.") for code in MENDED_BY_THE_OPERATOR]
    + [(code, False, "You need do nothing: it goes on by itself.") for code in (*LIMITS, "timeout", "server_error")]
    + [("timeout", True, "You need do nothing: it is for whoever runs this site.")],
)
def test_who_has_to_do_something_about_it(code, worker_is_away, advice):
    assert Freshness(code=code, worker_is_away=worker_is_away).advice == advice


@pytest.mark.parametrize(
    ("run", "worker_is_away", "said"),
    [
        (None, False, ""),
        ({"state": "running"}, False, ""),
        ({}, False, "The sync has waited for its turn since 12:59."),
        ({"queued_at": minutes(-3)}, False, "since 12:57. The background worker has much to do. What you see stays right, only older."),
        ({"queued_at": minutes(-3)}, True, "since 12:57. The background worker is away. What you see stays right, only older."),
        ({"retry_at": minutes(1)}, False, "since 12:59. Other syncs use all access to GitHub; it begins as soon as one of them is done."),
        ({"retry_at": minutes(1)}, True, "since 12:59. The background worker is away. What you see stays right, only older."),
    ],
)  # fmt: skip
def test_what_a_sync_waits_for(run, worker_is_away, said):
    run = None if run is None else SyncRun(**{"queued_at": minutes(-1), **run})
    with timezone.override("Europe/Rome"):
        words = waiting_words(run, NOW, worker_is_away=worker_is_away)
    assert words == said or (said and words.endswith(said))


def test_before_the_first_sync(follower):
    fresh = freshness_of_session(follower.session)
    assert (str(fresh), fresh.synced_at, fresh.next_at, fresh.has_problem) == ("Not synced yet", None, NOW, False)
    assert str(freshness_of_membership(follower.member("ada"))) == "Not synced yet"


def test_after_a_good_one(follower):
    ada = follower.member("ada")
    follower.sync()
    follower.later(minutes=5)
    for fresh in (freshness_of_session(follower.session), freshness_of_membership(ada)):
        assert (plain(fresh), fresh.stale, fresh.next_at) == ("Synced 5 minutes ago", False, NOW + datetime.timedelta(hours=1))


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
    assert str(fresh) == (
        "GitHub refused since 25 Nov 13:07, and no next try, because the background worker is away; data from 25 Nov 12:00"
    )
    WorkerBeat.objects.create(worker_id="w", host="h", pid=1, seen_at=follower.world.now)
    fresh = freshness_of_session(follower.session)
    assert str(fresh) == "GitHub refused since 25 Nov 13:07, next try in a moment; data from 25 Nov 12:00"
    follower.sandbox.faults.clear()
    follower.sync()
    assert str(freshness_of_session(follower.session)) == "Synced just now"


def test_a_member_whose_login_is_wrong_is_told_and_the_session_is_well(follower):
    typo = follower.member("tpyo", on_github=False)
    follower.sync()
    fresh = freshness_of_membership(typo)
    assert (str(fresh), fresh.member_can_mend) == ("GitHub does not know this login since 12:00; no data yet", True)
    assert str(freshness_of_session(follower.session)) == "Synced just now"


def test_a_worker_that_does_not_come(follower):
    request_sync(follower.session, trigger="person", queue=False)
    assert freshness_of_session(follower.session).run is not None
    follower.later(minutes=20)
    run = request_sync(follower.session, trigger="person", queue=False)
    fresh = freshness_of_session(follower.session)
    assert (fresh.code, fresh.run) == ("lost", run)
    assert str(fresh).startswith("The background worker did not finish the sync since 12:20")


@pytest.mark.parametrize("beats", [[], [-20], [-20, 0]])
def test_a_schedule_that_nobody_carries_out(follower, beats):
    ada = follower.member("ada")
    follower.sync()
    follower.later(minutes=90)
    for number, ago in enumerate(beats):
        seen_at = follower.world.now + datetime.timedelta(minutes=ago)
        WorkerBeat.objects.create(worker_id=f"w{number}", host="h", pid=1, seen_at=seen_at)
    said = {
        0: "The background worker is away since 13:00; data from 12:00",
        1: "The background worker is away since 13:10; data from 12:00",
    }
    for fresh in (freshness_of_session(follower.session), freshness_of_membership(ada)):
        assert plain(fresh) == said.get(len(beats), "Synced 1 hour ago")


def test_a_limit_that_stopped_the_sync_of_one_member_says_when_it_goes_on(follower, tasks):
    ada, ole = follower.member("ada"), follower.member("ole")
    follower.sync()
    follower.later(minutes=5)
    follower.sandbox.faults.next(1, "secondary_403")
    follower.sync(membership=ada)
    fresh = freshness_of_members(follower.session, [ada, ole])
    assert plain(fresh[ada.pk]) == "GitHub asked us to slow down since 12:05, next try 12:05; data from 12:00"
    assert fresh[ada.pk].next_at == follower.world.now + datetime.timedelta(seconds=30)
    assert plain(fresh[ole.pk]) == "Synced 5 minutes ago"
    follower.later(minutes=1)
    tasks.run()
    assert plain(freshness_of_membership(ada)) == "Synced just now"


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


@pytest.mark.parametrize(("state", "seconds", "slow"), [("running", 5, False), ("running", 20, True), ("queued", 20, False)])
def test_a_sync_that_waits_for_an_answer_says_so(state, seconds, slow):
    now = timezone.now()
    run = SyncRun(state=state, progress_at=now - datetime.timedelta(seconds=seconds))
    assert bool(slow_words(run, now)) == slow
    assert slow_words(None, now) == ""
