"""Tickets of a Trac: pasted, fetched, shown with stage and flags, with the pull requests that name them."""

import datetime

import pytest
from django.db import transaction
from django.urls import reverse

from background.models import TaskRun
from contributions import following
from contributions.models import Contribution, WorkItem
from contributions.sandbox.trac import add_ticket, as_json
from contributions.tasks import fetch_due_from_trackers, fetch_from_tracker
from contributions.trackers import TRACKERS, Place, TrackerAt, references_of
from contributions.trackers.interface import Unreadable
from contributions.trackers.trac import turn_of

from .conftest import TRAC, paste

PLACE = Place("ticket", 5, f"{TRAC}/ticket/5")


def test_a_pasted_ticket_is_fetched_at_once_and_once(trac, tasks):
    add_ticket(trac.world, 36877, "Slow admin", stage="Accepted", flags={"has_patch", "needs_tests", "ui_ux"})
    ada, ole = trac.member("ada"), trac.member("ole")
    item = paste(ada, f"{TRAC}/ticket/36877#comment:4")
    assert (item.title, item.tracker, item.fetched_at, trac.sandbox.requests) == ("Ticket 36877", "trac", None, 0)
    assert paste(ole, f"code.djangoproject.com/ticket/36877/") == item  # noqa: F541
    tasks.assert_enqueued(fetch_from_tracker, item.pk, times=1)
    tasks.run()
    item.refresh_from_db()
    assert (item.title, item.stage, item.flags) == ("Slow admin", "Accepted", ["has_patch", "needs_tests"])
    assert (item.state, item.turn, item.turn_reason, item.turn_since) == ("open", "member", "patch_needs_work", None)
    assert trac.asked() == ["TRAC"]
    assert paste(ole, f"{TRAC}/ticket/36877") == item
    tasks.assert_nothing_enqueued()


def test_since_when_is_known_only_of_what_changed_while_we_looked(trac, tasks):
    ticket = add_ticket(trac.world, 5, "Slow", stage="Accepted")
    item = paste(trac.member("ada"), PLACE.url)
    tasks.run()
    trac.later(hours=7)
    ticket.flags.add("has_patch")
    following.fetch(item.pk)
    item.refresh_from_db()
    assert (item.turn, item.turn_since) == ("reviewer", trac.world.now)
    changed = item.turn_since
    trac.later(hours=7)
    following.fetch(item.pk)
    item.refresh_from_db()
    assert item.turn_since == changed
    ticket.close("wontfix")
    following.fetch(item.pk)
    item.refresh_from_db()
    assert (item.state, item.resolution, item.turn, item.closed_at) == ("closed", "wontfix", "", trac.world.now)
    ticket.status = "new"
    following.fetch(item.pk)
    item.refresh_from_db()
    assert (item.state, item.resolution, item.closed_at) == ("open", "", None)


@pytest.mark.parametrize(
    ("stage", "flags", "turn"),
    [
        ("Unreviewed", set(), ("maintainer", "untriaged")),
        ("", set(), ("maintainer", "untriaged")),
        ("Accepted", set(), ("", "no_patch")),
        ("Accepted", {"easy"}, ("", "no_patch")),
        ("Accepted", {"has_patch"}, ("reviewer", "nothing_said")),
        ("Accepted", {"has_patch", "needs_better_patch"}, ("member", "patch_needs_work")),
        ("Accepted", {"has_patch", "needs_docs"}, ("member", "patch_needs_work")),
        ("Ready for checkin", {"has_patch"}, ("maintainer", "approved")),
        ("Ready for checkin", {"has_patch", "needs_tests"}, ("member", "patch_needs_work")),
        ("Someday/Maybe", set(), ("", "someday")),
        ("A stage of their own", set(), ("", "no_patch")),
    ],
)
def test_whose_turn(stage, flags, turn):
    assert turn_of(stage, flags) == turn


@pytest.mark.parametrize(
    ("title", "text", "numbers"),
    [
        ("Fixed #12345 -- Made it clearer.", "", [12345]),
        ("[5.2.x] Fixed #12345, Refs #77 -- Both.", "Trac ticket number: ticket-12345", [12345, 77]),
        ("Refs #77 -- A part.", "Refs #78, and see #9.", [77, 78]),
        ("No ticket", "See ticket-34567 and ticket #8 and TICKET:9", [34567, 8, 9]),
        ("Fixed #0 -- and #99999999999 and #3000000000", "ticket-0", []),
        ("Fix the C# docs and issue#12a", "ticket-", []),
    ],
)
def test_references(title, text, numbers):
    found = references_of(TrackerAt("trac", f"{TRAC}/"), title=title, text=text)
    assert [(reference.number, reference.url) for reference in found] == [(n, f"{TRAC}/ticket/{n}") for n in numbers]


def test_nothing_refers_to_a_tracker_that_is_not_there():
    assert references_of(None, title="Fixed #1", text="") == []
    assert references_of(TrackerAt("jira", TRAC), title="Fixed #1", text="") == []


@pytest.mark.parametrize(
    "data",
    [
        {}, {"summary": "x"}, {"status": "new"}, {"summary": None, "status": "new"}, {"summary": ["x"], "status": "new"},
        {"summary": " \0 ", "status": "new"}, {"summary": "x", "status": {"a": 1}}, {"id": 6, "summary": "x", "status": "new"},
    ],
)  # fmt: skip
def test_answers_that_lack_what_a_ticket_cannot_be_without(data):
    with pytest.raises(Unreadable):
        TRACKERS["trac"].read(PLACE, data, {})


def test_hostile_values_become_harmless():
    data = {
        "id": "5", "summary": "A\0B\n \ud800" + "x" * 900, "status": "NEW", "resolution": "fixed",
        "custom": {"stage": "S" * 300, "has_patch": "yes", "needs_tests": True, "needs_docs": 1, "easy": ["1"]},
    }  # fmt: skip
    snapshot = TRACKERS["trac"].read(PLACE, data, {})
    assert (snapshot.title[:5], len(snapshot.title), len(snapshot.stage)) == ("AB ?x", 500, 60)
    assert (snapshot.flags, snapshot.resolution, snapshot.state) == (["needs_tests", "needs_docs"], "", "open")
    assert TRACKERS["trac"].read(PLACE, data | {"custom": "none"}, {}).flags == []


def test_a_ticket_that_trac_does_not_know_is_said_and_asked_about_again(trac, tasks):
    item = paste(trac.member("ada"), PLACE.url)
    assert [run.state for run in tasks.run()] == ["succeeded"]
    item.refresh_from_db()
    assert (item.state, item.problem) == ("open", "Trac shows us nothing at this address")
    add_ticket(trac.world, 5, "Here now")
    following.fetch(item.pk)
    item.refresh_from_db()
    assert (item.title, item.problem, item.problem_at) == ("Here now", "", None)


def test_a_ticket_that_vanishes_stays_and_comes_back(trac, tasks):
    ticket = add_ticket(trac.world, 5, "Slow")
    item = paste(trac.member("ada"), PLACE.url)
    tasks.run()
    del trac.world.tickets[5]
    following.fetch(item.pk)
    item.refresh_from_db()
    assert (item.title, item.state, item.gone, item.turn) == ("Slow", "gone", "not_visible", "")
    trac.world.tickets[5] = ticket
    following.fetch(item.pk)
    item.refresh_from_db()
    assert (item.state, item.gone) == ("open", "")


def test_another_trac_than_the_one_of_the_settings_is_never_asked(trac, tasks):
    trac.site_project.tracker.url = "https://trac.example.org/main"
    trac.site_project.tracker.save()
    add_ticket(trac.world, 5, "Django's ticket")
    item = paste(trac.member("ada"), "https://trac.example.org/main/ticket/5")
    tasks.run()
    item.refresh_from_db()
    assert (item.title, item.fetched_at, item.problem, trac.sandbox.requests) == ("Ticket 5", None, "", 0)
    assert item.fetch_after > trac.world.now


def test_six_hours_later_it_is_asked_again_a_little_apart(trac, tasks):
    ada = trac.member("ada")
    items = [paste(ada, f"{TRAC}/ticket/{number}") for number in range(1, 4)]
    for number in range(1, 4):
        add_ticket(trac.world, number, f"Ticket {number}")
    tasks.run()
    asked = trac.sandbox.requests
    trac.later(hours=5)
    assert fetch_due_from_trackers.call() == 0
    trac.later(hours=2)
    assert fetch_due_from_trackers.call() == 3
    assert fetch_due_from_trackers.call() == 0
    waits = [run.run_after for run in tasks.enqueued(fetch_from_tracker)]
    assert sorted(waits) == [trac.world.now + number * following.APART for number in range(3)]
    tasks.run(until=datetime.timedelta(minutes=5))
    assert trac.sandbox.requests == asked + 3
    assert WorkItem.objects.filter(pk__in=[item.pk for item in items], fetched_at__gte=trac.world.now).count() == 3


def test_what_nobody_follows_is_left_alone(trac, tasks):
    item = paste(trac.member("ada"), PLACE.url)
    add_ticket(trac.world, 5, "Slow")
    tasks.run()
    trac.later(hours=7)
    Contribution.objects.update(hidden=True)
    assert following.queue_due() == 0
    Contribution.objects.update(hidden=False)
    trac.session.archived_at = trac.world.now
    trac.session.save()
    assert following.queue_due() == 0
    trac.session.archived_at = None
    trac.session.save()
    assert following.queue_due() == 1
    assert item.tracker == "trac"


def test_no_more_than_a_handful_in_one_go(trac):
    ada = trac.member("ada")
    for number in range(1, following.MOST_AT_ONCE + 6):
        paste(ada, f"{TRAC}/ticket/{number}")
    WorkItem.objects.update(fetch_after=None)
    assert following.queue_due() <= following.MOST_AT_ONCE


def test_nothing_is_asked_inside_a_transaction(trac):
    item = paste(trac.member("ada"), PLACE.url)
    with transaction.atomic(), pytest.raises(RuntimeError):
        following.fetch(item.pk)
    assert trac.sandbox.requests == 0


def test_a_pull_request_and_its_ticket_know_each_other(trac, tasks, client, django_assert_num_queries):
    add_ticket(trac.world, 36877, "Slow admin", stage="Accepted", flags={"has_patch", "easy"})
    ada, ole = trac.member("ada"), trac.member("ole")
    pull = trac.pull(ole, "Fixed #36877 -- Made it quick.")
    trac.pull(ole, "Fixed #3687 -- Something else.")
    item = paste(ada, f"{TRAC}/ticket/36877")
    tasks.run()
    trac.sync()
    assert trac.stored(pull).linked[0]["url"] == item.url
    client.force_login(ada.user)
    contribution = Contribution.objects.get(membership=ada)
    for address in (reverse("work", args=[contribution.pk]), reverse("my_progress"), reverse("cohort", args=[ada.cohort_id])):
        text = client.get(address).text
        for words in ("Slow admin", "Accepted", "has a patch", "good for a beginner", f"{pull.url}", "org/project #1"):
            assert words in text, (address, words)
    assert "Open on Trac" in client.get(reverse("work", args=[contribution.pk])).text
    Contribution.objects.filter(membership=ole).update(hidden=True)
    assert pull.url not in client.get(reverse("work", args=[contribution.pk])).text


def test_as_many_queries_for_one_ticket_as_for_many(trac, tasks, client, django_assert_max_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    ada = trac.member("ada")
    client.force_login(ada.user)

    def queries():
        client.get(reverse("my_progress"))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(reverse("my_progress")).status_code == 200
        return len(captured)

    add_ticket(trac.world, 1, "One", stage="Accepted")
    paste(ada, f"{TRAC}/ticket/1")
    trac.pull(ada, "Fixed #1 -- Done.")
    tasks.run()
    trac.sync()
    one = queries()
    for number in range(2, 14):
        add_ticket(trac.world, number, f"Ticket {number}", stage="Accepted", flags={"has_patch"})
        paste(ada, f"{TRAC}/ticket/{number}")
        trac.pull(ada, f"Fixed #{number} -- Done.")
    tasks.run()
    trac.sync()
    assert queries() == one


def test_the_page_says_since_when_trac_does_not_answer(trac, tasks, client):
    ada = trac.member("ada")
    ada.user.time_zone = "UTC"
    ada.user.save()
    add_ticket(trac.world, 5, "Slow")
    item = paste(ada, PLACE.url)
    tasks.run()
    trac.sandbox.faults.always("refused")
    for _hour in range(2):
        with pytest.raises(following.Unavailable):
            following.fetch(item.pk)
        since = item.problem_at or trac.world.now
        item.refresh_from_db()
        trac.later(hours=1)
    assert (item.problem, item.problem_at, item.title) == ("Trac did not answer", since, "Slow")
    client.force_login(ada.user)
    assert "Trac did not answer since 12:00." in client.get(reverse("my_progress")).text
    text = client.get(reverse("work", args=[Contribution.objects.get().pk])).text
    assert "Trac did not answer since 12:00." in text
    assert "What you see is older." in text


def test_the_sandbox_serves_what_django_serves(trac):
    ticket = add_ticket(trac.world, 7, "Shape", flags={"has_patch"})
    assert as_json(ticket)["custom"] | {"stage": ""} == {
        "has_patch": "1", "needs_better_patch": "0", "needs_tests": "0", "needs_docs": "0", "easy": "0", "ui_ux": "0", "stage": "",
    }  # fmt: skip


def test_who_asks_now_gets_it_now_and_at_most_every_five_minutes(trac, tasks):
    ada, ole = trac.member("ada"), trac.member("ole")
    for number in (1, 2):
        add_ticket(trac.world, number, "Slow")
        paste(ada, f"{TRAC}/ticket/{number}")
    paste(ole, f"{TRAC}/ticket/3")
    tasks.run()
    asked = trac.sandbox.requests
    assert following.fetch_now([ada]) == 0
    trac.later(minutes=6)
    assert following.fetch_now([ada]) == 2
    assert following.fetch_now([ada, ole]) == 1
    waits = [run.run_after for run in tasks.enqueued(fetch_from_tracker)]
    assert sorted(waits) == [trac.world.now, trac.world.now, trac.world.now + following.APART_FOR_PEOPLE]
    tasks.run(until=datetime.timedelta(minutes=1))
    assert trac.sandbox.requests == asked + 3
    # The third is not known to Trac: that was an answer as well.
    assert following.fetch_now([ada, ole]) == 0
    trac.later(minutes=6)
    Contribution.objects.filter(membership=ada).update(hidden=True)
    assert following.fetch_now(type(ada).objects.filter(pk=ada.pk)) == 0


@pytest.mark.parametrize(("fault", "queued"), [("secondary_429", 0), ("500", 1)])
def test_who_asks_now_is_patient_with_a_busy_tracker_and_tries_again_after_an_outage(trac, tasks, monkeypatch, fault, queued):
    pushed = []
    monkeypatch.setattr(following, "run_now", lambda run: pushed.append(run) or run)
    ada = trac.member("ada")
    add_ticket(trac.world, 5, "Slow")
    paste(ada, PLACE.url)
    trac.sandbox.faults.next(1, fault)
    tasks.run(fail_silently=True)
    assert following.fetch_now([ada]) == 0
    trac.later(minutes=6)
    TaskRun.objects.waiting().update(run_after=trac.world.now + datetime.timedelta(minutes=30))
    assert following.fetch_now([ada]) == queued
    assert len(pushed) == queued
