"""What counts as an answer."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from cohorts.models import Question
from cohorts.questions import clean_text, count_words, limits_in_words, parse_answer

Kind = Question.Kind


def question(kind=Kind.LONG_TEXT, **fields) -> Question:
    return Question(label="Why?", kind=kind, **fields)


def refusal(found, text) -> str:
    with pytest.raises(ValidationError) as caught:
        parse_answer(found, text)
    return caught.value.messages[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [("", 0), ("   \n ", 0), ("one", 1), ("one  two\nthree", 3), ("מילה אחת ועוד", 3), ("🚀 🚀", 2), ("a" * 10_000, 1)],
)
def test_words(text, words):
    assert count_words(text) == words


@pytest.mark.parametrize("kind", Kind.values)
@pytest.mark.parametrize("text", ["", "   ", "\n\x00\n"])
def test_an_empty_answer_is_missing_or_none(kind, text):
    assert refusal(question(kind, choices="a\nb"), text) == "This question needs an answer."
    assert parse_answer(question(kind, required=False, choices="a\nb", min_words=5), text) is None


def test_no_is_an_answer():
    assert parse_answer(question(Kind.YES_NO), "no") is False
    assert parse_answer(question(Kind.YES_NO), "yes") is True
    assert refusal(question(Kind.YES_NO), "maybe") == "Answer yes or no."


@pytest.mark.parametrize("kind", [Kind.SHORT_TEXT, Kind.LONG_TEXT])
def test_zero_is_an_answer(kind):
    assert parse_answer(question(kind), "0") == "0"
    assert parse_answer(question(Kind.CHOICE, choices="0\n1\n2 or more"), "0") == "0"


def test_only_the_choices_can_be_chosen():
    found = question(Kind.CHOICE, choices="Red\n\n Blue \nRed")
    assert parse_answer(found, "Blue") == "Blue"
    assert refusal(found, "Green") == "“Green” cannot be chosen, or no longer. Choose again."


def test_limits_in_words_say_how_far_off():
    found = question(min_words=2, max_words=3)
    assert parse_answer(found, "two words") == "two words"
    assert parse_answer(found, "now three words") == "now three words"
    assert refusal(found, "one") == "At least 2 words. You wrote 1."
    assert refusal(found, "four words are many") == "At most 3 words. You wrote 4."
    assert refusal(question(max_words=1), "two words") == "At most 1 word. You wrote 2."


def test_a_wall_of_text_is_too_long():
    assert "20000 characters" in refusal(question(), "a" * 20_001)
    assert parse_answer(question(), "a" * 10_000) == "a" * 10_000
    assert "300 characters" in refusal(question(Kind.SHORT_TEXT), "a" * 301)


def test_text_is_kept_as_typed_but_for_what_no_database_takes():
    assert parse_answer(question(), " שלום 👩‍🚀\r\nline\x00 two ") == "שלום 👩‍🚀\nline two"
    assert parse_answer(question(Kind.SHORT_TEXT), "two\nlines") == "two lines"


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text):
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert "\x00" not in cleaned
    assert "\r" not in cleaned


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ""),
        ({"min_words": 20, "max_words": 200}, "20 to 200 words."),
        ({"min_words": 1}, "At least 1 word."),
        ({"max_words": 50}, "At most 50 words."),
        ({"kind": Kind.YES_NO, "max_words": 50}, ""),
    ],
)
def test_limits_in_words(fields, words):
    assert limits_in_words(question(**fields)) == words
