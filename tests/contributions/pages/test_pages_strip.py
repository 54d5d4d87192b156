"""The week strip: where bars and marks lie."""

import datetime

import pytest

from cohorts.weeks import generate_weeks
from contributions.models import Contribution
from contributions.reading import calendar_of, rows_of
from contributions.row_facts import with_reviews
from contributions.strip import ALL, ROOMY, SHOWN_ELSE, SWARM_GAP, strip_of

from .conftest import NOW, ago, event

#: Week 4 begins on 22 February: half of the session is over.
HALF = datetime.datetime(2027, 2, 22, tzinfo=datetime.UTC)


@pytest.fixture
def strip(world):
    def draw(now=NOW):
        rows = with_reviews(rows_of(Contribution.objects.order_by("pk"), now=now, yours=True))
        return strip_of(rows, calendar_of(world.session, now), now)

    return draw


def test_weeks_are_columns_and_today_is_a_line(world, track, strip):
    track(world.amara)
    drawn = strip()
    assert [column.x for column in drawn.columns] == [0, 16.67, 33.33, 50, 66.67, 83.33]
    assert [column.is_current for column in drawn.columns].index(True) == 3
    assert drawn.today == pytest.approx(50 + 100 * (2 + 10 / 24) / 42, abs=0.01)


def test_a_bar_goes_from_opened_to_now_or_to_its_end(world, track, strip):
    track(world.amara, created_at=HALF - datetime.timedelta(days=10.5))
    track(world.amara, created_at=HALF - datetime.timedelta(days=10.5), state="merged", merged_at=HALF)
    still_open, merged = strip().lanes
    assert (still_open.start, still_open.end) == (25, strip().today)
    assert (merged.start, merged.end) == (25, 50)
    assert merged.marks[-1].kind == "merged"


def test_marks_tell_the_story_without_bots(world, track, strip):
    track(
        world.amara,
        first_response_at=ago(days=7),
        events=[
            event("ready", ago(days=9), "amara-o"),
            event("approved", ago(days=8), "bot", human=False),
            event("commented", ago(days=7)),
            event("changes_requested", ago(days=5)),
            event("changes_requested", ago(days=5, minutes=-1)),
            event("approved", ago(days=2)),
        ],
    )
    lane = strip().lanes[0]
    assert [mark.kind for mark in lane.marks] == ["ready", "first_response", "changes_requested", "approved"]
    assert lane.marks[-1].words == "Approved, 22 February"


def test_a_review_that_is_also_the_first_answer_has_one_mark(world, track, strip):
    track(world.amara, first_response_at=ago(days=5), events=[event("changes_requested", ago(days=5))])
    assert [mark.kind for mark in strip().lanes[0].marks] == ["changes_requested"]


def test_drafts_are_drawn_apart(world, track, strip):
    track(world.amara, created_at=HALF - datetime.timedelta(days=21), state="draft")
    track(
        world.amara,
        created_at=HALF - datetime.timedelta(days=21),
        state="draft",
        events=[event("ready", HALF - datetime.timedelta(days=10.5)), event("draft", HALF)],
    )
    always, twice = strip().lanes
    today = strip().today
    assert always.drafts == [(0, today)]
    assert twice.drafts == [(0, 25), (50, round(today - 50, 2))]


def test_what_began_before_is_cut_with_an_arrow(world, track, strip):
    track(world.amara, created_at=ago(days=90), events=[event("commented", ago(days=3))])
    lane = strip().lanes[0]
    assert (lane.start, lane.from_before, lane.goes_on) == (0, True, False)


def test_after_the_end_open_work_goes_on(world, track, strip):
    track(world.amara)
    drawn = strip(NOW + datetime.timedelta(days=60))
    assert drawn.today is None
    assert (drawn.lanes[0].end, drawn.lanes[0].goes_on) == (100, True)


def test_what_lies_outside_the_weeks_has_no_lane(world, track, strip):
    track(world.amara, created_at=ago(days=90), state="closed", closed_at=ago(days=60), part={"source": "pasted"})
    track(world.amara, created_at=ago(days=90), events=[])
    assert strip() is None


def test_other_work_is_a_point(world, track, strip):
    track(world.amara, kind="other", state="closed", created_at=ago(days=1), updated_at=None, part={"source": "pasted"})
    lane = strip().lanes[0]
    assert lane.is_point
    assert lane.start < lane.point_x < lane.end <= 100


def test_an_item_without_dates_lies_where_it_was_tracked(world, track, strip):
    track(world.amara, created_at=None, fetched_at=None, turn="", part={"source": "pasted"})
    lane = strip().lanes[0]
    assert (lane.start, lane.is_point) == (strip().today, True)


def test_few_lanes_are_one_list_by_the_day_on_which_they_began(world, track, strip):
    for number in range(ROOMY):
        track(world.amara, title=f"Item {number}", created_at=ago(days=1 + number))
    drawn = strip()
    assert drawn.is_roomy
    assert [lane.row.item.title for lane in drawn.lanes] == [f"Item {number}" for number in reversed(range(ROOMY))]


def test_more_lanes_are_grouped_and_none_is_folded(world, track, strip):
    for number in range(24):
        values = {"turn": "member"} if number % 2 else {"turn": "", "state": "merged", "merged_at": ago(days=1)}
        track(world.amara, title=f"Item {number}", created_at=ago(days=20, hours=number), **values)
    drawn = strip()
    assert [(part.key, part.title, part.count, part.folded) for part in drawn.parts] == [
        ("yours", "Your turn", 12, []),
        ("done", "Landed and done", 12, []),
    ]


def test_very_many_lanes_show_what_matters_and_fold_the_rest_into_a_picture(world, track, strip):
    for day in range(1, 41):
        track(world.amara, title=f"Done {day}", state="merged", turn="", created_at=ago(days=20), merged_at=ago(hours=11 * day))
    for number in range(5):
        track(world.amara, title=f"Open {number}", turn="member", turn_reason="draft")
    drawn = strip()
    assert len(drawn.lanes) == 45 > ALL
    yours, done = drawn.parts
    assert (len(yours.shown), yours.folded) == (5, [])
    assert {lane.row.item.title for lane in done.shown} == {f"Done {day}" for day in range(1, SHOWN_ELSE + 1)}
    assert len(done.swarm) == 40 - SHOWN_ELSE
    by_line = {}
    for lane, line in done.swarm:
        by_line.setdefault(line, []).append(lane)
    for line, lanes in by_line.items():
        ends = [lane.end for lane in lanes]
        starts = [lane.start for lane in lanes]
        assert line == done.swarm_lines - 1 or all(end + SWARM_GAP <= start for end, start in zip(ends, starts[1:], strict=False))


def test_of_a_review_the_own_reviews_are_marked(world, track, strip):
    contribution = track(world.amara, part={"role": "reviewer"}, events=[event("approved", ago(days=3), "somebody")])
    contribution.reviews_given.create(database_id=1, state="approved", submitted_at=ago(days=2))
    assert [mark.kind for mark in strip().lanes[0].marks] == ["reviewed"]


def test_lanes_say_whose_turn_it_is_in_words(world, track, strip):
    for values in (
        {"turn": "member"},
        {"turn": "reviewer"},
        {"turn": "maintainer"},
        {"turn": "", "turn_reason": ""},
        {"turn": "", "state": "merged", "merged_at": NOW},
        {"turn": "", "state": "closed", "closed_at": NOW},
    ):
        track(world.amara, **values)
    assert [lane.state_words for lane in strip().lanes] == [
        "your turn",
        "with a reviewer",
        "with the maintainers",
        "open",
        "done",
        "closed",
    ]


@pytest.mark.parametrize(("weeks", "density"), [(8, ""), (12, "crowded"), (30, "dense")])
def test_many_weeks_say_less_at_their_heads(world, track, strip, weeks, density):
    world.session.weeks = weeks
    world.session.save()
    generate_weeks(world.session)
    track(world.amara)
    assert strip().density == density
    assert sum(column.width for column in strip().columns) == pytest.approx(100, abs=0.2)
