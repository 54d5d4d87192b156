"""`manage.py sync`: the contract's keys and exit codes."""

import json

import pytest
from django.core.management import CommandError, call_command

from contributions.github.access import client_for
from contributions.models import SyncRun

KEYS = ["session", "requests", "points", "created", "updated", "unchanged", "gone", "errors", "seconds"]


def run_command(capsys, *arguments):
    """`(exit code, standard output, standard error)`."""
    code = 0
    try:
        call_command("sync", *arguments)
    except SystemExit as left:
        code = left.code
    return code, *capsys.readouterr()


def test_json(follower, capsys):
    follower.pull(follower.member("ada"))
    code, out, _err = run_command(capsys, follower.session.slug, "--json")
    outcome = json.loads(out)
    assert (code, list(outcome)) == (0, KEYS)
    assert (outcome["session"], outcome["requests"], outcome["points"], outcome["created"]) == (follower.session.slug, 4, 4, 1)
    assert SyncRun.objects.get().trigger == "command"


def test_words_and_exit_1_where_something_failed_with_the_rest_done(follower, capsys):
    follower.pull(follower.member("ada"))
    follower.member("tpyo", on_github=False)
    code, out, err = run_command(capsys, follower.session.slug)
    assert (code, out.partition(":")[0]) == (1, "Done, with problems")
    assert "1 new, 0 changed, 0 unchanged, 0 gone; 4 requests, 4 points" in out
    assert "tpyo: GitHub knows no account" in err


def test_a_failure_exits_with_1_and_still_prints_json(follower, capsys):
    follower.member("ada")
    follower.sandbox.faults.always("401")
    code, out, _err = run_command(capsys, follower.session.slug, "--json")
    assert (code, json.loads(out)["errors"][0]["code"]) == (1, "unauthorized")


def test_one_member_and_everything_again(follower, capsys):
    ada = follower.member("ada")
    follower.pull(ada)
    run_command(capsys, follower.session.slug)
    code, out, _err = run_command(capsys, follower.session.slug, "--member", ada.user.email.upper(), "--full", "--json")
    outcome = json.loads(out)
    assert (code, outcome["unchanged"], outcome["created"]) == (0, 1, 0)
    assert "RefreshPR" in follower.asked(3)
    run = SyncRun.objects.first()
    assert (run.membership, run.full) == (ada, True)


def test_what_is_not_there(follower):
    with pytest.raises(CommandError, match="There is no session “nowhere”"):
        call_command("sync", "nowhere")
    with pytest.raises(CommandError, match="No member of"):
        call_command("sync", follower.session.slug, "--member", "nobody@example.org")


def test_while_another_one_runs(follower):
    SyncRun.objects.create(session=follower.session, state="running", progress_at=follower.world.now)
    with pytest.raises(CommandError, match="runs already"):
        call_command("sync", follower.session.slug)


def test_while_all_tokens_are_in_use_it_is_left_to_the_worker(follower, tasks):
    with client_for(by_person=False, holder="others"), pytest.raises(CommandError, match="in use by other syncs"):
        call_command("sync", follower.session.slug)
    follower.later(seconds=30)
    tasks.run()
    assert SyncRun.objects.get().state == "done"


def test_one_that_waits_is_done_here(follower, capsys):
    run = SyncRun.objects.create(session=follower.session)
    code, _out, _err = run_command(capsys, follower.session.slug)
    run.refresh_from_db()
    assert (code, run.state, SyncRun.objects.count()) == (0, "done", 1)
