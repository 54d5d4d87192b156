"""When people are asked, what counts as an answer, and what may be told: pure, without a database."""

import datetime
import itertools

import pytest

from cohorts.feedback.counting import ENOUGH, Said, change, segments, tally, told
from cohorts.feedback.dates import due_day, middle_week, window_of
from cohorts.feedback.values import WrongValue, in_words, options_of, read_value, typed_of
from cohorts.models import FeedbackForm, FeedbackQuestion, Membership, Session

DAY = datetime.date.fromisoformat
FAR = DAY("2027-12-31")


def session(**values):
    """Six weeks from Monday 1 February 2027 to Sunday 14 March."""
    return Session(**{"starts_on": DAY("2027-02-01"), "weeks": 6, "time_zone": "Europe/Rome", **values})


def place(joined="2027-01-10", extended=None):
    joined_at = datetime.datetime.combine(DAY(joined), datetime.time(12), tzinfo=datetime.UTC)
    return Membership(joined_at=joined_at, extended_until=extended and DAY(extended))


@pytest.mark.parametrize(
    ("form", "of_session", "membership", "window"),
    [
        ({"checkpoint": "start"}, {}, {}, ("2027-02-01", "2027-02-07")),
        ({"checkpoint": "start", "days_to_answer": 30}, {}, {}, ("2027-02-01", "2027-02-07")),
        ({"checkpoint": "start"}, {"has_week_zero": True}, {}, ("2027-02-01", "2027-02-07")),
        # Who joins later begins later; from the middle week on it is no beginning any more.
        ({"checkpoint": "start"}, {}, {"joined": "2027-02-07"}, ("2027-02-01", "2027-02-07")),
        ({"checkpoint": "start"}, {}, {"joined": "2027-02-10"}, ("2027-02-10", "2027-02-16")),
        ({"checkpoint": "start"}, {}, {"joined": "2027-02-15"}, None),
        ({"checkpoint": "middle"}, {}, {}, ("2027-02-15", "2027-02-21")),
        ({"checkpoint": "middle", "days_to_answer": 3}, {}, {}, ("2027-02-19", "2027-02-21")),
        ({"checkpoint": "middle"}, {"weeks": 8}, {}, ("2027-02-22", "2027-02-28")),
        # A pause before the middle week moves it.
        ({"checkpoint": "middle"}, {"pause_after": 2}, {}, ("2027-02-22", "2027-02-28")),
        ({"checkpoint": "middle"}, {}, {"joined": "2027-02-22"}, None),
        ({"checkpoint": "end"}, {}, {}, ("2027-03-12", "2027-03-21")),
        ({"checkpoint": "end"}, {"pause_after": 2}, {}, ("2027-03-19", "2027-03-28")),
        # Who goes on longer is asked once, later; who would go on shorter, at the usual time.
        ({"checkpoint": "end"}, {}, {"extended": "2027-04-04"}, ("2027-04-02", "2027-04-11")),
        ({"checkpoint": "end"}, {}, {"extended": "2027-02-28"}, ("2027-03-12", "2027-03-21")),
        ({"checkpoint": "week", "week_number": 2}, {}, {}, ("2027-02-08", "2027-02-14")),
        ({"checkpoint": "week", "week_number": 2, "days_to_answer": 3}, {}, {}, ("2027-02-08", "2027-02-10")),
        ({"checkpoint": "week", "week_number": 0}, {"has_week_zero": True}, {}, ("2027-01-25", "2027-01-31")),
        ({"checkpoint": "week", "week_number": 0}, {}, {}, None),
        ({"checkpoint": "week", "week_number": 7}, {}, {}, None),
    ],
)
def test_everybody_is_asked_in_days_of_their_own(form, of_session, membership, window):
    found = window_of(FeedbackForm(**form), session(**of_session), place(**membership))
    assert (found and (str(found.opens_on), str(found.due_on))) == window


def test_about_somebody_who_goes_on_longer_one_is_asked_later():
    found = window_of(FeedbackForm(checkpoint="end"), session(), place(), place(extended="2027-04-04"))
    assert found is not None
    assert str(found.due_on) == "2027-04-11"


@pytest.mark.parametrize(
    ("today", "due"),
    [
        ("2027-02-14", None),
        ("2027-02-15", "2027-02-21"),
        ("2027-02-19", "2027-02-21"),
        # A worker that stood still, or a form that was written late: there are some days left to answer.
        ("2027-02-20", "2027-02-22"),
        ("2027-02-28", "2027-03-02"),
        ("2027-03-01", None),
    ],
)
def test_who_is_asked_late_has_some_days_and_after_a_week_nobody_is(today, due):
    window = window_of(FeedbackForm(checkpoint="middle"), session(), place())
    assert window is not None
    found = due_day(window, DAY(today))
    assert (found and str(found)) == due


def test_the_middle_of_any_number_of_weeks():
    assert [middle_week(session(weeks=weeks)) for weeks in (1, 2, 5, 6, 8)] == [1, 1, 3, 3, 4]


@pytest.mark.parametrize(
    ("kind", "choices", "typed", "value"),
    [
        ("scale", "", "4", 4),
        ("scale", "", "  ", None),
        ("yes_no", "", "yes", True),
        ("yes_no", "", "no", False),
        ("choice", "red\n\n blue ", "blue", "blue"),
        ("text", "", " a\r\nb\x00 ", "a\nb"),
        ("text", "", "\u202e<script>", "\u202e<script>"),
    ],
)
def test_answers_are_read_as_values(kind, choices, typed, value):
    question = FeedbackQuestion(kind=kind, choices=choices)
    assert read_value(question, typed) == value
    assert read_value(question, typed_of(value)) == value


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("scale", "6"),
        ("scale", "0"),
        ("scale", "4.0"),
        ("scale", "٣"),
        ("yes_no", "1"),
        ("choice", "green"),
        ("text", "x" * 10_001),
    ],
)
def test_what_is_no_answer_is_refused(kind, typed):
    with pytest.raises(WrongValue):
        read_value(FeedbackQuestion(kind=kind, choices="red\nblue"), typed)


def test_a_scale_has_words_for_all_its_steps_for_its_ends_or_none():
    words = lambda choices: [each for _value, each in options_of(FeedbackQuestion(kind="scale", choices=choices))]  # noqa: E731
    assert words("") == ["1", "2", "3", "4", "5"]
    assert words("low\nhigh") == ["1: low", "2", "3", "4", "5: high"]
    assert words("a\nb\nc\nd\ne")[2] == "3: c"
    assert in_words(FeedbackQuestion(kind="scale", choices="low\nhigh"), 5) == "5: high"


# What may be told


def said(*people, day="2027-02-07", value=3):
    return [Said(person, DAY(day), value) for person in people]


def people_of(answers):
    return "".join(sorted(each.person for each in answers))


@pytest.mark.parametrize(
    ("answers", "reader", "found"),
    [
        ([], None, ""),
        (said("a", "b"), None, ""),
        (said("a", "b", "c"), None, "abc"),
        # One's own answer is known to oneself: of three, two would be left.
        (said("a", "b", "c"), "a", ""),
        (said("a", "b", "c", "d"), "a", "abcd"),
        # Later ones wait until they are three as well: the difference would be one person.
        (said("a", "b", "c") + said("d", day="2027-02-09"), None, "abc"),
        (said("a", "b", "c") + said("d", day="2027-02-09") + said("e", "f", day="2027-02-12"), None, "abcdef"),
        # Few at first are told together with later ones.
        (said("a") + said("b", "c", day="2027-02-09"), None, "abc"),
    ],
)
def test_answers_are_told_in_groups_of_three_people_beside_the_reader(answers, reader, found):
    assert people_of(told(answers, today=FAR, reader=reader)) == found


def test_what_can_still_change_is_not_told():
    answers = said("a", "b", "c")
    assert not told(answers, today=DAY("2027-02-07"))
    assert told(answers, today=DAY("2027-02-08"))


def test_whenever_somebody_looks_no_difference_is_about_fewer_than_three():
    days = ["2027-02-01", "2027-02-02", "2027-02-03"]
    looks = [DAY(day) + datetime.timedelta(days=1) for day in days]
    for where in itertools.product(range(3), repeat=6):
        answers = [Said(person, DAY(days[at]), 3) for person, at in zip("abcdef", where, strict=True)]
        for reader in (None, "a"):
            seen = [set(people_of(told(answers, today=look, reader=reader))) for look in looks]
            for before, after in itertools.pairwise(seen):
                assert before <= after
                new = after - before - {reader}
                assert not new or len(new) >= ENOUGH


@pytest.mark.parametrize(
    ("start", "end", "paired"),
    [
        ("abc", "abc", 3),
        ("abcd", "abc", 0),  # All at the start less those of both times would be d alone.
        ("abc", "abcde", 0),
        ("abcdef", "abcghi", 3),
        ("abcd", "cdef", 0),
        ("abc", "def", 0),
    ],
)
def test_who_answered_twice_is_told_apart_only_where_the_others_are_enough_as_well(start, end, paired):
    found = change(said(*start, value=2), said(*end, value=4, day="2027-03-21"), today=FAR)
    assert len(found.pairs) == paired
    assert (len(found.start), len(found.end)) == (len(start), len(end))


def test_the_reader_is_not_one_of_the_others_that_are_left():
    assert not change(said(*"abcd"), said(*"abcdxy"), today=FAR, reader="y").pairs
    assert len(change(said(*"abcd"), said(*"abcdy"), today=FAR, reader="y").pairs) == 4


def test_organisers_read_every_change():
    start = [*said("a", value=1), *said("b", value=3), *said("c", value=5), *said("d")]
    end = [*said("a", value=2), *said("b", value=3), *said("c", value=4)]
    found = change(start, end)
    assert (found.more, found.same, found.less) == (1, 1, 1)


def test_counting():
    found = tally([(1, "1"), (2, "2"), (3, "3")], [1, 3, 3, 3])
    assert [(bar.words, bar.count, bar.percent) for bar in found.bars] == [("1", 1, 25), ("2", 0, 0), ("3", 3, 75)]
    assert found.mean == 2.5
    assert tally([(True, "Yes"), (False, "No")], [True, False]).mean is None
    # A choice that the form no longer has is still one that somebody made.
    assert [bar.words for bar in tally([("a", "a")], ["b"]).bars] == ["a", "b"]
    assert segments([1, 1, 5, 5], (1, 2, 3, 4, 5)) == [(1, 2, 0.0, 50.0), (5, 2, 50.0, 50.0)]
