"""What counts as an answer, of which kind it is, and what a question may ask for. Nothing here needs a database."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from cohorts.forms.question_fields import question_field, question_help, question_widget, who_reads
from cohorts.models import Answer, Question
from cohorts.models.question_limits import limit_errors
from cohorts.numbers import NumberUnclear, read_number
from cohorts.questions import as_typed, clean_text, count_words, gone_choices, limits_in_words, parse_answer, typed_choices

Kind = Question.Kind


def question(kind=Kind.LONG_TEXT, **fields) -> Question:
    return Question(label="Why?", kind=kind, **fields)


def refusal(found, text) -> str:
    with pytest.raises(ValidationError) as caught:
        parse_answer(found, text)
    return caught.value.messages[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("   \n ", 0),
        ("one", 1),
        ("one  two\nthree", 3),
        ("מילה אחת ועוד", 3),
        ("🚀 🚀", 2),
        ("👩‍🚀\u00a0שלום \u200b \ufeff", 2),
        ("a" * 10_000, 1),
    ],
)
def test_words(text, words):
    assert count_words(text) == words


@pytest.mark.parametrize("kind", Kind.values)
@pytest.mark.parametrize("text", ["", "   ", "\n\x00\n", "\ufeff \u200b \u00a0"])
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


DAYS = {"choices": "Mon\nTue\nWed"}
WORDS = {"choices": "Never\nOnce\nOften"}
IN_2027 = {"not_before": datetime.date(2027, 1, 1), "not_after": datetime.date(2027, 12, 31)}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"), ("-0", "0"), ("007", "7"), ("+3", "3"), ("−3", "-3"), ("12.50", "12.5"), (".5", "0.5"), ("5.", "5"), ("1.234", "1.234"),
        ("12,5", "12.5"), ("0,125", "0.125"), ("1,2345", "1.2345"), ("1234,567", "1234.567"), ("1 000", "1000"), ("1\u202f000,5", "1000.5"),
        ("1'000", "1000"), ("1,234,567", "1234567"), ("1.234.567", "1234567"), ("1,234.5", "1234.5"), ("1.234,5", "1234.5"),
        ("١٢٫٥", "12.5"), ("100000", "100000"), ("123456789012345", "123456789012345"),
    ],
)  # fmt: skip
def test_numbers_as_people_type_them(text, number):
    assert read_number(text) == number
    assert read_number(number) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "twelve",
        "12 hours",
        "1e5",
        "NaN",
        "Infinity",
        "-",
        ".",
        ",",
        "1.2.3",
        "1,2,3",
        "1,23,4",
        "0x10",
        "1_000",
        "9" * 16,
        "9" * 90,
    ],
)
def test_what_is_no_number(text):
    with pytest.raises(ValueError, match=r"number|digits"):
        read_number(text)


def test_a_comma_that_could_be_either_is_asked_about():
    with pytest.raises(NumberUnclear) as caught:
        read_number("-1,234")
    assert (caught.value.whole, caught.value.decimal) == ("-1234", "-1.234")
    assert refusal(question(Kind.NUMBER), "1,234") == (
        "Is the comma a decimal point here? Write 1.234 if it is, and 1234 if it is not."
    )


@pytest.mark.parametrize(
    ("kind", "fields", "text", "value"),
    [
        (Kind.NUMBER, {"at_least": Decimal(0)}, "0", "0"),
        (Kind.NUMBER, {"at_least": Decimal("-1.5"), "at_most": Decimal(2)}, "-1,5", "-1.5"),
        (Kind.DATE, IN_2027, "2027-01-01", "2027-01-01"),
        (Kind.DATE, {}, "2028-02-29", "2028-02-29"),
        (Kind.CHOICES, DAYS, "Wed\n Mon \n\nWed", ["Mon", "Wed"]),
        (Kind.CHOICES, DAYS | {"at_least": 1, "at_most": 1}, "Tue", ["Tue"]),
        (Kind.URL, {}, "https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        (Kind.URL, {}, "example.org/me", "https://example.org/me"),
        (Kind.URL, {}, "http://localhost:8000/", "http://localhost:8000/"),
        (Kind.EMAIL, {}, " you@example.org ", "you@example.org"),
        (Kind.RATING, {}, "5", 5),
        (Kind.RATING, WORDS, "3", 3),
        (Kind.YES_NO, {}, "no", False),
        (Kind.FILE, {}, "12", 12),
        (Kind.SHORT_TEXT, {"at_most": 4}, "👩‍🚀", "👩‍🚀"),
        (Kind.LONG_TEXT, {"at_least": 2}, "0\n0", "0\n0"),
    ],
)
def test_the_value_of_each_kind_and_back(kind, fields, text, value):
    asked = question(kind, **fields)
    assert parse_answer(asked, text) == value
    assert type(parse_answer(asked, text)) is type(value)
    assert parse_answer(asked, as_typed(asked, value)) == value


@pytest.mark.parametrize(
    ("kind", "fields", "text", "words"),
    [
        (Kind.NUMBER, {}, "some", "Write a number in digits and nothing else, such as 12 or 12.5."),
        (Kind.NUMBER, {"at_least": Decimal("1.5000")}, "1", "At least 1.5. You wrote 1."),
        (Kind.NUMBER, {"at_most": Decimal(40)}, "40,5", "At most 40. You wrote 40.5."),
        (Kind.DATE, {}, "2027-02-29", "Write a day that exists as year, month and day, such as 2027-01-31."),
        (Kind.DATE, {}, "20270101", "Write a day that exists as year, month and day, such as 2027-01-31."),
        (Kind.DATE, {}, "31.1.2027", "Write a day that exists as year, month and day, such as 2027-01-31."),
        (Kind.DATE, IN_2027, "2026-12-31", "Choose 1 January 2027 or a later day."),
        (Kind.DATE, IN_2027, "2028-01-01", "Choose 31 December 2027 or an earlier day."),
        (Kind.CHOICE, DAYS, "Sun", "“Sun” cannot be chosen, or no longer. Choose again."),
        (Kind.CHOICE, DAYS, "x" * 5000, "“" + "x" * 79 + "…” cannot be chosen, or no longer. Choose again."),
        (Kind.CHOICES, DAYS, "Mon\nSun", "“Sun” cannot be chosen, or no longer. Choose again."),
        (Kind.CHOICES, DAYS | {"at_least": 2}, "Mon\nMon", "At least 2 choices. You chose 1."),
        (Kind.CHOICES, DAYS | {"at_most": 1}, "Mon\nTue", "At most 1 choice. You chose 2."),
        (Kind.EMAIL, {}, "you at example", "Write one email address, such as you@example.org."),
        (Kind.EMAIL, {}, "a@example.org, b@example.org", "Write one email address, such as you@example.org."),
        (Kind.RATING, {}, "6", "“6” cannot be chosen, or no longer. Choose again."),
        (Kind.RATING, WORDS, "0", "“0” cannot be chosen, or no longer. Choose again."),
        (Kind.FILE, {}, "../../etc/passwd", "Choose the file again."),
        (Kind.SHORT_TEXT, {"at_least": 3}, "ab", "At least 3 characters. You wrote 2."),
        (Kind.LONG_TEXT, {"at_most": 1}, "ab", "At most 1 character. You wrote 2."),
        (Kind.URL, {}, "https://example.org/" + "a" * 2000, "At most 2000 characters. You wrote 2020."),
    ],
)
def test_refusals_say_what_to_do(kind, fields, text, words):
    assert refusal(question(kind, **fields), text) == words


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)", "JavaScript://example.org/%0aalert(1)", "data:text/html,x", "https://", "ftp://example.org", "//example.org",
        "https://github.com@evil.example", "two words.org", "https://example.org\u202egpj.exe", "me", "https://[::1",
    ],
)  # fmt: skip
def test_only_plain_web_addresses(text):
    assert refusal(question(Kind.URL), text).startswith("Write one whole web address that begins with https://")
    # Nor does one become a link that was stored before anybody looked so closely.
    assert Answer(question=question(Kind.URL), value=text.replace("\u202e", " ")).link == ""


@pytest.mark.parametrize("kind", Kind.values)
@given(text=st.text())
def test_any_text_is_judged_and_a_value_stays_itself(kind, text):
    asked = question(kind, choices="a\nb" if "choice" in kind else "")
    try:
        value = parse_answer(asked, text)
    except ValidationError:
        return
    assert parse_answer(asked, as_typed(asked, value)) == value
    assert Answer(question=asked, value=value).display


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ""),
        ({"min_words": 20, "max_words": 200}, "20 to 200 words."),
        ({"min_words": 1}, "At least 1 word."),
        ({"max_words": 50, "at_most": Decimal(300)}, "At most 50 words. At most 300 characters."),
        ({"at_least": 10, "at_most": 140}, "10 to 140 characters."),
        ({"kind": Kind.YES_NO, "max_words": 50}, ""),
        ({"kind": Kind.NUMBER}, "A number, such as 12 or 12.5."),
        ({"kind": Kind.NUMBER, "at_least": Decimal("0.0000"), "at_most": Decimal("40.5000")}, "A number from 0 to 40.5."),
        ({"kind": Kind.NUMBER, "at_least": Decimal(0)}, "A number, at least 0."),
        ({"kind": Kind.DATE} | IN_2027, "A day from 1 January 2027 to 31 December 2027."),
        ({"kind": Kind.DATE, "not_after": datetime.date(2027, 5, 1)}, "1 May 2027 or an earlier day."),
        ({"kind": Kind.CHOICES}, "Choose as many as you like."),
        ({"kind": Kind.CHOICES, "at_least": 2, "at_most": 2}, "Choose 2."),
        ({"kind": Kind.CHOICES, "at_least": 2, "at_most": 3}, "2 to 3 choices."),
        ({"kind": Kind.CHOICES, "at_most": 3}, "At most 3 choices."),
        ({"kind": Kind.URL}, "One web address that begins with https:// or http://."),
        ({"kind": Kind.EMAIL}, ""),
        ({"kind": Kind.RATING}, ""),
    ],
)
def test_limits_in_words(fields, words):
    assert limits_in_words(question(**fields)) == words


@pytest.mark.parametrize(
    ("kind", "fields", "wrong"),
    [
        (Kind.CHOICE, {"choices": "Only one"}, {"choices"}),
        (Kind.CHOICES, {}, {"choices"}),
        (Kind.CHOICES, DAYS | {"at_least": Decimal(4)}, {"at_least"}),
        (Kind.CHOICES, DAYS | {"at_least": Decimal("1.5"), "max_words": 9}, {"at_least", "max_words"}),
        (Kind.CHOICES, DAYS | {"at_most": Decimal(0)}, {"at_most"}),
        (Kind.CHOICES, DAYS | {"at_least": Decimal(1), "at_most": Decimal(3)}, set()),
        (Kind.CHOICE, {"choices": "\n".join(map(str, range(201)))}, {"choices"}),
        (Kind.CHOICE, {"choices": "a\n" + "b" * 201}, {"choices"}),
        (Kind.RATING, {"choices": "One"}, {"choices"}),
        (Kind.RATING, {"choices": "\n".join("abcdefghijkl")}, {"choices"}),
        (Kind.RATING, {"at_most": Decimal(5)}, {"at_most"}),
        (Kind.RATING, {}, set()),
        (Kind.NUMBER, {"at_least": Decimal("-1.5"), "choices": "a\nb"}, {"choices"}),
        (Kind.NUMBER, {"at_least": Decimal("-1.5"), "at_most": Decimal(0)}, set()),
        (Kind.DATE, {"at_least": Decimal(1), **IN_2027}, {"at_least"}),
        (Kind.YES_NO, {"min_words": 1, "not_before": datetime.date(2027, 1, 1)}, {"min_words", "not_before"}),
        (Kind.FILE, {"at_most": Decimal(0)}, {"at_most"}),
        (Kind.FILE, {"at_most": Decimal("2.5")}, set()),
        (Kind.SHORT_TEXT, {"at_most": Decimal(301)}, {"at_most"}),
        (Kind.LONG_TEXT, {"at_most": Decimal(301), "max_words": 0}, {"max_words"}),
    ],
)
def test_limits_that_make_no_sense_are_named(kind, fields, wrong):
    assert set(limit_errors(question(kind, **fields))) == wrong


def test_a_sensitive_question_is_never_shown_to_reviewers():
    asked = question(sensitive=True, shown_to_reviewers=True)
    asked.clean()
    assert asked.shown_to_reviewers is False


@pytest.mark.parametrize(
    ("kind", "fields", "value", "shown"),
    [
        (Kind.YES_NO, {}, False, "No"),
        (Kind.NUMBER, {}, "0", "0"),
        (Kind.DATE, {}, "2027-01-31", "31 January 2027"),
        (Kind.DATE, {}, "some day", "some day"),
        (Kind.CHOICES, DAYS, ["Mon", "Gone"], "Mon\nGone"),
        (Kind.RATING, WORDS, 2, "2: Once"),
        (Kind.RATING, {}, 4, "4 of 5"),
        (Kind.RATING, WORDS, 9, "9 of 3"),
        (Kind.CHOICE, DAYS, "Gone", "Gone"),
        (Kind.URL, {}, "https://example.org", "https://example.org"),
        (Kind.LONG_TEXT, {}, "<b>", "<b>"),
    ],
)
def test_answers_as_people_read_them(kind, fields, value, shown):
    answer = Answer(question=question(kind, **fields), value=value, asked="Why?")
    assert answer.display == shown
    assert not hasattr(answer.display, "__html__")
    assert answer.asked_otherwise == ""
    assert Answer(question=answer.question, value=value, asked="Really why?").asked_otherwise == "Really why?"


# The fields that ask


@pytest.mark.parametrize(
    ("kind", "fields", "typed", "part"),
    [
        (Kind.NUMBER, {}, "", 'inputmode="decimal"'),
        (Kind.NUMBER, {"at_least": Decimal(-5)}, "", 'inputmode="text"'),
        (Kind.NUMBER, {}, "12 hours", 'value="12 hours"'),
        (
            Kind.DATE,
            IN_2027,
            "2027-03-01",
            'type="date" name="q" value="2027-03-01" class="short" min="2027-01-01" max="2027-12-31"',
        ),
        (Kind.DATE, {}, "in spring", 'type="text" name="q" value="in spring"'),
        (Kind.URL, {}, "", 'type="url"'),
        (Kind.EMAIL, {}, "", 'type="email"'),
        (Kind.CHOICES, DAYS | {"at_most": Decimal("2.0000")}, "Tue\nGone", 'value="Gone" data-most-choices="2" checked'),
        (Kind.CHOICES, DAYS, "", 'type="checkbox" name="q" value="Mon"'),
        (Kind.CHOICE, DAYS, "<Gone>", 'value="&lt;Gone&gt;" checked'),
        (
            Kind.CHOICE,
            {"choices": "\n".join("abcdefghi")},
            "Gone",
            '<option value="Gone" selected>Gone (no longer a choice)</option>',
        ),
        (Kind.RATING, WORDS, "2", 'value="2" checked'),
        (
            Kind.LONG_TEXT,
            {"max_words": 9, "at_most": Decimal(50)},
            "",
            'data-max-words="9" data-max-characters="50" data-longest="20000"',
        ),
    ],
)
def test_a_field_shows_whatever_was_typed(kind, fields, typed, part):
    asked = question(kind, **fields)
    value = typed_choices(typed) if kind == Kind.CHOICES else typed
    assert part in question_widget(asked, typed).render("q", value)


def test_gone_choices_are_shown_until_they_are_changed():
    assert gone_choices(question(Kind.CHOICES, **DAYS), "Mon\nGone") == ["Gone"]
    assert gone_choices(question(Kind.RATING), "7") == ["7"]
    assert gone_choices(question(), "anything") == []


def test_an_optional_question_can_be_emptied_again():
    for kind in (Kind.YES_NO, Kind.CHOICE, Kind.RATING):
        choices = DAYS if kind == Kind.CHOICE else {}
        assert "No answer" in question_widget(question(kind, required=False, **choices)).render("q", "")
        assert "No answer" not in question_widget(question(kind, **choices)).render("q", "")


def test_help_is_escaped_and_says_who_reads():
    help_text = question_help(question(help_text="<b> https://example.org/a", max_words=5))
    assert "&lt;b&gt;" in help_text
    assert 'href="https://example.org/a"' in help_text
    assert "At most 5 words." in help_text
    assert "Shown to reviewers." in help_text
    assert who_reads(question(sensitive=True)) == "Sensitive: only organisers read this."
    assert who_reads(question(shown_to_reviewers=False)) == "Not shown to reviewers: only organisers read this."
    assert question_field(question(required=False)).required is False
