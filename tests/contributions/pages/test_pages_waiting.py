"""Whose turn it is, in words, and the groups that follow from it."""

import datetime

import pytest
from django.utils import timezone

from contributions.models import Contribution
from contributions.reading import Row, group_of, grouped, rows_of
from contributions.waiting import duration_words, since_words, waiting, week_number

from .conftest import NOW, ago, event


def words(contribution, yours=True):
    return waiting(contribution, now=NOW, yours=yours).text


@pytest.mark.parametrize(
    ("values", "text", "group"),
    [
        ({"turn": "member", "turn_reason": "changes_requested"}, "Your turn since Friday: changes requested", "yours"),
        (
            {"turn": "member", "turn_reason": "ci_failing", "turn_since": ago(hours=3)},
            "Your turn since today: checks fail",
            "yours",
        ),
        (
            {"turn": "member", "turn_reason": "conflict", "turn_since": ago(days=1)},
            "Your turn since yesterday: conflicts with newer changes",
            "yours",
        ),
        (
            {"turn": "member", "turn_reason": "draft", "state": "draft", "turn_since": ago(days=9)},
            "Your turn since 15 February: still a draft",
            "yours",
        ),
        (
            {"turn": "member", "turn_reason": "commented"},
            "Your turn since Friday: a comment to answer",
            "yours",
        ),
        ({"turn": "member", "turn_reason": "something_new"}, "Your turn since Friday", "yours"),
        ({"turn": "member", "turn_reason": "", "turn_since": None}, "Your turn", "yours"),
        ({"turn": "member", "turn_reason": "ci_failing", "turn_since": None}, "Your turn: checks fail", "yours"),
        ({"turn": "reviewer", "turn_reason": "nothing_said"}, "Waits for a review, 5 days", "reviewer"),
        ({"turn": "reviewer", "turn_reason": "nothing_said", "turn_since": ago(hours=1)}, "Waits for a review", "reviewer"),
        (
            {"turn": "reviewer", "turn_reason": "pushed_since", "turn_since": ago(days=1)},
            "Waits for another look, 1 day",
            "reviewer",
        ),
        ({"turn": "reviewer", "turn_reason": "answered"}, "Waits for another look, 5 days", "reviewer"),
        ({"turn": "maintainer", "turn_reason": "approved"}, "Approved, with the maintainers, 5 days", "maintainer"),
        (
            {"kind": "issue", "turn": "maintainer", "turn_reason": "nothing_said"},
            "Waits for the maintainers, 5 days",
            "maintainer",
        ),
        ({"kind": "issue", "turn": "", "turn_reason": "linked_pull_request"}, "Goes on in its pull request", "open"),
        ({"turn": "", "turn_reason": ""}, "Open", "open"),
        ({"state": "merged", "turn": "", "merged_at": ago(days=6)}, "Merged in week 3", "done"),
        ({"state": "landed", "turn": "", "closed_at": ago(days=1)}, "Landed in week 4", "done"),
        ({"state": "merged", "turn": "", "merged_at": ago(days=60)}, "Merged", "done"),
        ({"state": "closed", "turn": "", "closed_at": ago(days=1)}, "Closed without merging", "closed"),
        ({"kind": "issue", "state": "closed", "turn": "", "closed_at": ago(days=1)}, "Closed in week 4", "done"),
        ({"state": "gone", "gone": "deleted", "turn": ""}, "Deleted on GitHub", "gone"),
        ({"state": "gone", "gone": "not_visible", "turn": ""}, "No longer visible to us", "gone"),
        ({"kind": "other", "state": "closed", "turn": ""}, "Shared", "other"),
        ({"fetched_at": None, "turn": ""}, "Not fetched yet", "open"),
        ({"fetched_at": None, "turn": "", "problem": "GitHub knows no such thing."}, "Not found yet", "open"),
        ({"kind": "ticket", "fetched_at": None, "turn": ""}, "On the tracker", "open"),
    ],
)
def test_every_state_has_words_and_a_group(world, track, values, text, group):
    contribution = track(world.amara, **values)
    assert words(contribution) == text
    assert group_of(contribution) == group


@pytest.mark.parametrize("reason", ["changes_requested", "draft", "conflict", "ci_failing", "commented"])
def test_others_read_that_it_is_their_turn(world, track, reason):
    assert words(track(world.amara, turn="member", turn_reason=reason), yours=False).startswith("Their turn since Friday: ")


def test_an_item_that_somebody_else_wrote_is_never_the_members_turn(world, track):
    for turn, text in [
        ("member", "Its author’s turn"),
        ("reviewer", "Waits for a review, 5 days"),
        ("maintainer", "Waits for the maintainers, 5 days"),
        ("", "Open"),
    ]:
        contribution = track(world.amara, part={"role": "helper"}, turn=turn, turn_reason="nothing_said")
        assert words(contribution) == text
        assert group_of(contribution) == "open"


def test_days_are_those_of_the_viewer(world):
    late = datetime.datetime(2027, 2, 23, 23, 30, tzinfo=datetime.UTC)
    assert since_words(late, NOW) == "since yesterday"
    with timezone.override("Asia/Tokyo"):
        assert since_words(late, NOW) == "since today"
    assert since_words(ago(days=400), NOW) == "since 20 January 2026"


@pytest.mark.parametrize(
    ("hours", "text"), [(0.5, "less than an hour"), (1, "1 hour"), (47, "47 hours"), (60, "2 days"), (24 * 9, "9 days")]
)
def test_durations_are_told_in_one_unit(hours, text):
    assert duration_words(datetime.timedelta(hours=hours)) == text


def test_weeks_are_numbered_from_the_sessions_dates(world):
    world.session.has_week_zero = True
    assert week_number(world.session, ago(days=24)) == 0
    assert week_number(world.session, NOW) == 4
    assert week_number(world.session, ago(days=40)) is None
    assert week_number(world.session, None) is None


def test_what_only_a_bot_moved_since_the_start_is_older(world, track):
    old = {"created_at": ago(days=90), "turn": "member", "turn_reason": "conflict"}
    bot = track(world.amara, **old, events=[event("commented", ago(days=2), "stale-bot", human=False)])
    person = track(world.amara, **old, events=[event("commented", ago(days=2))])
    pasted = track(world.amara, **old, part={"source": "pasted"})
    broken = track(world.amara, **old, events=[{"what": "commented", "human": True, "at": "yesterday"}])
    assert [group_of(one) for one in (bot, person, pasted, broken)] == ["older", "yours", "yours", "older"]


def test_groups_stand_in_order_and_the_longest_wait_first(world, track):
    track(world.amara, title="Short", turn="reviewer", turn_since=ago(days=1))
    track(world.amara, title="Long", turn="reviewer", turn_since=ago(days=8))
    track(world.amara, title="Mine", turn="member", turn_reason="commented")
    track(world.amara, title="Early", state="merged", turn="", merged_at=ago(days=9))
    track(world.amara, title="Late", state="merged", turn="", merged_at=ago(days=2))
    rows = rows_of(Contribution.objects.all(), now=NOW, yours=True)
    assert [(group.key, [row.item.title for row in group.rows]) for group in grouped(rows, yours=True)] == [
        ("yours", ["Mine"]),
        ("reviewer", ["Long", "Short"]),
        ("done", ["Late", "Early"]),
    ]
    assert grouped(rows, yours=False)[0].title == "Their turn"


def row(contribution):
    return Row(contribution, NOW, True)


def test_no_answer_yet_is_none_and_not_zero(world, track):
    assert row(track(world.amara)).first_response == "first answer: none yet"
    answered = track(world.amara, first_response_at=ago(days=8))
    assert row(answered).first_response == "first answer after 2 days"
    assert row(track(world.amara, state="draft", ready_at=None)).first_response == ""
    assert row(track(world.amara, kind="other", state="closed")).first_response == ""


def test_the_clock_of_the_first_answer_stops_while_it_is_a_draft(world, track):
    contribution = track(
        world.amara,
        first_response_at=ago(days=2),
        events=[event("draft", ago(days=9)), event("ready", ago(days=4))],
    )
    assert row(contribution).first_response == "first answer after 3 days"


def test_what_the_project_asks_is_held_against_the_row(world, track):
    world.project.issue_first = True
    world.project.ai_policy = "disclosure"
    world.project.save()
    silent = row(track(world.amara, additions=290, deletions=10))
    assert (silent.is_large, silent.lacks_issue) == (True, True)
    link = {"url": "https://github.com/lumen/lumen/issues/7", "number": 7, "repository": "lumen/lumen", "title": "Slow"}
    fine = row(track(world.amara, additions=1, deletions=1, linked=[link]))
    assert (fine.is_large, fine.lacks_issue) == (False, False)
    assert fine.links[0]["words"] == "#7"
    assert row(track(world.amara, tracked_repository=None)).project is None


def test_links_of_a_strange_kind_are_not_printed(world, track):
    links = [
        {"url": "javascript:alert(1)", "number": 1, "repository": "a/b"},
        {"url": "https://github.com/a/b/issues/1", "number": 1, "repository": "a/b"},
        {"url": "https://code.example.org/ticket/5", "number": 5, "repository": ""},
    ]
    assert [link["words"] for link in row(track(world.amara, linked=links)).links] == ["a/b #1", "ticket 5"]


def test_places_are_named_as_people_name_them(world, track):
    ticket = track(world.amara, kind="ticket", repository="", number=36877, host="code.lumen.example.org")
    talk = track(world.amara, kind="other", repository="", number=None, host="talks.example.org")
    assert row(track(world.amara, number=7)).place == "lumen/lumen #7"
    assert row(ticket).place == "ticket 36877 on code.lumen.example.org"
    assert row(talk).place == "talks.example.org"
