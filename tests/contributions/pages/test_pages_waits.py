"""Who waits for whom, and the filters of a board: what each may see, and that counts say what is there."""

import datetime
import re

import pytest
from django.urls import reverse

from cohorts import attention, waits
from cohorts.models import Membership
from cohorts.waits import Party
from contributions.matters import about, choices_of, matters_of
from contributions.models import WorkItem
from tests import factories

from .conftest import NOW, ago, event


def board(client, world, user, query="", **headers):
    client.force_login(user)
    return client.get(reverse("cohort", args=[world.cohort.pk]) + query, headers=headers)


def waiting(world, user, *, leads=True, now=NOW):
    everybody = list(Membership.objects.filter(cohort=world.cohort).select_related("user", "cohort__session"))
    members = [membership for membership in everybody if not membership.leads]
    return matters_of(user, members, [membership for membership in everybody if membership.leads], now, leads=leads)


@pytest.mark.parametrize(
    ("values", "party", "text", "for_whom", "topic"),
    [
        ({"turn": "member", "turn_reason": "ci_failing"}, "member", "checks fail", (), "checks"),
        ({"turn": "member", "turn_reason": "changes_requested"}, "member", "changes requested", (), "reviews"),
        ({"turn": "reviewer", "turn_reason": "nothing_said"}, "reviewer", "a review", (), "reviews"),
        (
            {"turn": "reviewer", "turn_reason": "pushed_since", "events": [event("changes_requested", ago(days=6), by="octo")]},
            "reviewer", "another look at what was pushed", ("octo",), "reviews",
        ),
        (
            {"turn": "reviewer", "turn_reason": "answered", "events": [event("reviewed", ago(days=6), by="AMARA-o")]},
            "member", "another look after an answer", ("Amara",), "reviews",
        ),
        ({"turn": "maintainer", "turn_reason": "approved"}, "maintainer", "approved, to be merged", (), "reviews"),
    ],
)  # fmt: skip
def test_each_piece_of_work_waits_for_somebody(world, track, values, party, text, for_whom, topic):
    contribution = track(world.jun, author_login="juntanaka", **values)
    [row] = waiting(world, world.navigator).waiting
    assert (row.wait.party, row.wait.text, row.for_whom, row.wait.topic) == (party, text, for_whom, topic)
    assert row.wait.url == reverse("work", args=[contribution.pk])
    assert (row.since, row.days) == ("since Friday", 3)


def test_what_nobody_waits_for_is_not_told(world, track):
    track(world.jun, turn="", turn_reason="linked_pull_request")
    track(world.jun, turn="member", part={"role": "helper"})
    track(world.jun, turn="reviewer", part={"hidden": True})
    track(world.jun, turn="reviewer", created_at=ago(days=60))
    track(world.jun, turn="", state="merged", merged_at=ago(days=2))
    assert waiting(world, world.navigator).waiting == []


def test_words_in_a_check_in_wait_for_the_navigator_and_private_ones_only_show_to_those_who_lead(world):
    factories.CheckInFactory(
        membership=world.jun, week=world.session.calendar.get(number=4), stuck="One backend?", wants_to_talk=True
    )
    rows = waiting(world, world.navigator).waiting
    assert [(row.wait.party, row.wait.text, row.yours) for row in rows] == [
        (Party.LEADER, "is stuck: “One backend?”", True),
        (Party.LEADER, "would like to talk", True),
    ]
    assert [row.for_whom for row in waiting(world, world.captain).waiting] == [("Rosa",), ("Rosa",)]
    assert [row.wait.text for row in waiting(world, world.amara.user, leads=False).waiting] == ["is stuck: “One backend?”"]
    Membership.objects.filter(user=world.navigator).delete()
    assert all(row.yours for row in waiting(world, world.captain).waiting)


def test_what_two_share_is_told_once_with_the_link_to_ones_own_part(world, track):
    first = track(world.amara, turn="member", turn_reason="commented")
    second = factories.ContributionFactory(membership=world.jun, work_item=first.work_item, role="co_author")
    [row] = waiting(world, world.jun.user).waiting
    assert [membership.user.get_short_name() for membership in row.members] == ["Amara", "Jun"]
    assert (row.yours, row.wait.url) == (True, reverse("work", args=[second.pk]))


def test_the_oldest_waits_first_and_who_rests_keeps_nobody_waiting(world, track):
    track(world.jun, title="Young", turn="reviewer", turn_since=ago(days=1))
    track(world.amara, title="Old", turn="reviewer", turn_since=ago(days=9))
    track(world.jun, title="Mine to do", turn="member", turn_since=ago(days=9))
    assert [row.wait.title for group in waiting(world, world.navigator).groups for row in group.rows] == [
        "Mine to do",
        "Old",
        "Young",
    ]
    factories.CheckInFactory(membership=world.jun, week=world.session.calendar.get(number=4), resting=True, written_at=None)
    assert [row.wait.title for row in waiting(world, world.navigator).waiting] == ["Old", "Young"]


def test_before_the_start_nothing_waits_and_after_the_end_nothing_is_counted(world, track):
    track(world.jun, turn="reviewer")
    assert waiting(world, world.navigator, now=datetime.datetime(2027, 1, 20, tzinfo=datetime.UTC)).waiting == []
    [row] = waiting(world, world.navigator, now=datetime.datetime(2027, 4, 1, tzinfo=datetime.UTC)).waiting
    assert (row.since, row.days) == ("since 19 February", None)


def test_counts_of_filters_are_the_people_that_the_board_names(world, track, client):
    track(world.jun, title="Red", turn="member", turn_reason="ci_failing")
    track(world.amara, title="Reviewed", turn="maintainer")
    factories.CheckInFactory(membership=world.amara, week=world.session.calendar.get(number=4), stuck="Tests")
    matters = waiting(world, world.navigator)
    for choice in choices_of(matters, "", leads=True):
        shown = about(matters, choice.topic.key)
        assert choice.people == len(shown.people)
    text = board(client, world, world.navigator).text
    counts = {
        key: int(count) for key, count in re.findall(r'id="help-(\w+)".*?<span class="figures" aria-hidden="true">(\d+)<', text)
    }
    assert counts == {"everything": 2, "mine": 1, "talk": 1, "silent": 1, "place": 0, "reviews": 1, "checks": 1}


def test_a_filter_shows_what_it_says_and_stays_in_the_address_of_the_part(world, track, client):
    track(world.jun, title="Red one", turn="member", turn_reason="ci_failing")
    track(world.amara, title="With maintainers", turn="maintainer")
    text = board(client, world, world.navigator, "?help=checks").text
    lists = text[text.index("Who could use you") : text.index("Everybody")]
    assert "Red one" in lists
    assert "With maintainers" not in lists
    assert "Has not written yet" not in lists
    assert f'hx-get="/cohorts/{world.cohort.pk}/?help=checks"' in text
    part = board(client, world, world.navigator, "?help=checks", **{"HX-Request": "true", "HX-Target": "work"})
    assert part.text.lstrip().startswith('<div id="work"')
    assert "HX-Target" in part.headers["Vary"]
    # What no filter is called shows everything.
    assert "Has not written yet" in board(client, world, world.navigator, "?help=<script>").text


@pytest.mark.parametrize(
    ("choice", "words"),
    [("mine", "Nothing waits for you."), ("checks", "No checks have failed"), ("place", "Every offer is answered")],
)
def test_an_empty_filter_says_something_kind(world, client, choice, words):
    assert words in board(client, world, world.navigator, f"?help={choice}").text


def test_members_see_who_waits_for_whom_and_no_attention_whatever_they_ask_for(world, track, client):
    track(world.jun, title="Red one", turn="member", turn_reason="ci_failing")
    for query in ("", "?help=checks", "?help=silent", "?help=mine"):
        text = board(client, world, world.amara.user, query).text
        assert "Who could use you" not in text
        assert "Has not written yet, " not in text
    assert 'id="help-silent"' not in board(client, world, world.amara.user).text
    assert "Nothing waits for you." in board(client, world, world.amara.user, "?help=mine").text
    assert "What waits for you" in board(client, world, world.jun.user, "?help=mine").text


def test_every_reason_has_a_topic_that_is_registered_and_says_what_one_could_do(world, track):
    track(world.jun, turn="member", turn_reason="ci_failing")
    factories.CheckInFactory(
        membership=world.jun, week=world.session.calendar.get(number=3), stuck="x", energy=1, wants_to_talk=True
    )
    found = attention.gather([world.jun, world.amara], NOW)
    known = {topic.key for topic in attention.topics()}
    assert len({reason.kind for reason in found}) >= 5
    for reason in found:
        assert reason.topic in known
        assert reason.help
        assert reason.url


def test_a_source_that_an_app_registers_is_asked_about_the_states_it_wants(world, monkeypatch):
    asked = {}
    monkeypatch.setattr(attention, "_sources", {})
    monkeypatch.setattr(waits, "_sources", {})
    world.amara.state = "invited"

    def source(memberships, now):
        asked["people"] = [membership.user.name for membership in memberships]
        return [attention.Reason(memberships[0], "missed", "missed two meetings", topic="silent")]

    attention.register_source(source)
    attention.register_source(source, states=["invited"])
    [reason] = attention.gather([world.amara, world.jun], NOW)
    assert (asked["people"], reason.text) == (["Amara Okafor"], "missed two meetings")
    assert waits.gather([world.jun], NOW) == []


def test_where_everybody_left_the_board_says_so_and_leads_to_what_they_did(world, client):
    for membership in (world.amara, world.jun):
        Membership.objects.filter(pk=membership.pk).update(state="left", left_at=NOW)
    text = board(client, world, world.navigator).text
    assert "Everybody has left this cohort." in text
    assert reverse("progress", args=[world.jun.pk]) in text


def test_a_page_that_stays_open_hears_of_news_alone(world, track, client):
    page = board(client, world, world.navigator).text
    look = re.search(r'hx-get="([^"]*seen=[^"]*)"', page)[1]
    assert client.get(look, headers={"HX-Request": "true"}).status_code == 204
    contribution = track(world.jun, title="New one")
    found = client.get(look, headers={"HX-Request": "true"})
    assert (found.status_code, "synced" in found.headers["HX-Trigger"]) == (200, True)
    look = re.search(r'hx-get="([^"]*seen=[^"]*)"', found.text)[1]
    assert client.get(look, headers={"HX-Request": "true"}).status_code == 204
    for change in (
        lambda: WorkItem.objects.filter(pk=contribution.work_item_id).update(fetched_at=NOW + datetime.timedelta(seconds=1)),
        lambda: factories.CheckInFactory(membership=world.jun, week=world.session.calendar.get(number=4)),
        lambda: world.session.sync_runs.create(state="done", finished_at=NOW),
    ):
        change()
        found = client.get(look, headers={"HX-Request": "true"})
        assert found.status_code == 200
        look = re.search(r'hx-get="([^"]*seen=[^"]*)"', found.text)[1]
    world.session.sync_runs.create(state="running", started_at=NOW)
    assert "every 2s" in client.get(look, headers={"HX-Request": "true"}).text
