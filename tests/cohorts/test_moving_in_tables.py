"""What tables of spreadsheets and forms come to: cells, columns and what they mean. Without a database."""

import datetime

import pytest

from cohorts.models import Question, Session
from cohorts.moving_in.answering import answer_of
from cohorts.moving_in.guessing import guess
from cohorts.moving_in.table import LARGEST, REASON, TableError, read_table
from cohorts.moving_in.values import (
    Unclear,
    day_of,
    email_of,
    moment_of,
    order_in,
    parts_of,
    role_of,
    state_of,
    status_of,
    yes_or_no,
    zone_of,
)  # fmt: skip

UTC = datetime.UTC

#: As a form exports them: names with line ends, moments with a zone, several choices in one cell, somebody who applied twice.
GOOGLE = """Timestamp,Email Address,Full name,What's your GitHub username?,"Why do you want
to join?","Which topics? (choose all)",Which project is your 1st choice?,Which project is your 2nd choice?,Do you need accommodations?
2024/05/01 10:03:22 AM GMT+2,Ada@Example.org,Ada Lovelace,@ada-l,"Because
""I"" want, yes","ORM, Admin",Django,Wagtail,No
2024/05/02 11:03:22 PM GMT+2,bob@example.org,Bob,https://github.com/bob,=2+2,ORM,Django,,Yes
2024/05/03 11:03:22 PM GMT+2,ADA@example.org,Ada Lovelace,ada-l,A better text,Admin,Wagtail,,no
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_however_a_table_is_saved(encoding, separator):
    lines = ["email,first,last,,", 'a@x.org,"José\r\nMaría",Müller,,', ",,,,", "b@x.org,“B”,'=1,,", ""]
    found = read_table("\r\n".join(lines).replace(",", separator).encode(encoding))
    assert (found.names, found.header, found.lines) == (["email", "first", "last"], 1, 1)
    assert found.rows == [(2, ["a@x.org", "José\nMaría", "Müller"]), (4, ["b@x.org", "“B”", "=1"])]


def test_titles_merged_names_and_names_that_are_there_twice():
    text = "Applications 2024;;;\n;;;\nPerson;;Answers;;\nemail;first;why;why;\na@x.org;Ada;one;two;three\n"
    found = read_table(text.encode())
    assert found.names == ["Person: email", "Person: first", "Answers: why", "Answers: why (2)", "Column E"]
    assert found.rows == [(5, ["a@x.org", "Ada", "one", "two", "three"])]
    # A title above the names is none of them, and a line that tells the separator is not counted.
    assert read_table(b"sep=;\nOur applications;;\nemail;name;why\na@x.org;Ada;x").rows[0].number == 3
    assert read_table(b"a,b\n1,2\nemail,name\n3,4", header=3).names == ["email", "name"]
    # What we write beside refused rows does not make it another table.
    assert read_table(f"a,b,{REASON}\n1,2,3".encode()).key == read_table(b"A,b\n1,2").key


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" ;;\n,,", "empty"),
        (b"PK\x03\x04xx", "CSV UTF-8"),
        (b"%PDF-1.7", "no table"),
        (b"a,b\n\x00\x01,2", "cannot be read"),
        (b'sep="\na,b\n1,"2\n', "quotation marks"),
        (b'a,b\n"x,2\n', "quotation marks"),
        (b"a" * (LARGEST + 1), "10 MB"),
        (b"a\n" + b"x\n" * 10_001, "10,000"),
        (b",".join([b"a"] * 201) + b"\n1", "200 columns"),
    ],
)
def test_what_is_no_table_is_said_in_words(content, words):
    with pytest.raises(TableError, match=words):
        read_table(content)


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2024-05-01", "", "2024-05-01T00:00:00+02:00"),
        ("2024/05/01 10:03:22 AM GMT+2", "", "2024-05-01T10:03:22+02:00"),
        ("5/1/2024 23:15:00", "month", "2024-05-01T23:15:00+02:00"),
        ("5/1/2024 11.15", "day", "2024-01-05T11:15:00+01:00"),
        ("31/12/24", "", "2024-12-31T00:00:00+01:00"),
        ("12/31/2024 12:05 am", "", "2024-12-31T00:05:00+01:00"),
        ("1.5.2024, 18:30", "day", "2024-05-01T18:30:00+02:00"),
        ("2024-05-01T10:00:00Z", "", "2024-05-01T10:00:00+00:00"),
        ("2024-05-01T10:00:00+05:30", "", "2024-05-01T10:00:00+05:30"),
        ("May 1, 2024", "", "2024-05-01T00:00:00+02:00"),
        ("1 May 2024 10:00", "", "2024-05-01T10:00:00+02:00"),
        ("45413.5", "", "2024-05-01T12:00:00+02:00"),
        ("45413", "", "2024-05-01T00:00:00+02:00"),
    ],
)
def test_days_and_moments_as_programs_write_them(text, order, expected):
    assert moment_of(text, zone("Europe/Rome"), order).isoformat() == expected
    assert day_of(text, order).isoformat() == expected[:10]


@pytest.mark.parametrize(
    "text", ["3/4/2027", "31/31/2027", "2027-02-30", "soon", "99999", "2027-01-01 25:00", "0001-01-01", "=1+1"]
)
def test_what_is_no_moment_or_not_clearly_one(text):
    with pytest.raises(Unclear):
        moment_of(text, UTC)


def zone(name):
    return Session(time_zone=name).zone


def test_words_that_are_understood():
    assert [email_of(one) for one in ("ADA@Example.org", "Ada <ada@example.org>", "mailto:ada@example.org,")] == [
        "ada@example.org"
    ] * 3
    assert [yes_or_no(one) for one in ("Yes", "x", "Sì", "TRUE", "1", "nein", "No", "0")] == [True] * 5 + [False] * 3
    statuses = ("Accepted", " REJECTED ", "wait-list", "submitted", "not_selected", "Withdrew")
    assert [status_of(one) for one in statuses] == [
        "accepted",
        "not_selected",
        "waitlisted",
        "submitted",
        "not_selected",
        "withdrawn",
    ]
    assert status_of("Hurra!", {"hurra": "accepted"}) == "accepted"
    assert [role_of(one) for one in ("Mentor", "Organizer", "djangonaut")] == ["navigator", "organiser", "member"]
    assert role_of("Stella", members=["Stella"]) == "member"
    assert [state_of(one) for one in ("Graduated", "dropped out")] == ["completed", "left"]
    assert zone_of("europe/rome") == "Europe/Rome"
    assert order_in(["3/4/2027", "13/4/2027"]) == "day"
    assert order_in(["3/14/2027", "13/4/2027"]) == ""
    for read, text in ((email_of, "ada at example"), (status_of, "hurra"), (yes_or_no, "perhaps"), (zone_of, "Mars")):
        with pytest.raises(Unclear):
            read(text)


def test_choices_in_one_cell():
    known = ["Python", "Python, a lot", "Other; none"]
    assert parts_of("Python, a lot, Python, Something", known) == ["Python, a lot", "Python", "Something"]
    assert parts_of("a; b\nc|a") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("kind", "choices", "text", "expected"),
    [
        ("choice", "A lot\nNone", "a  LOT", "A lot"),
        ("choices", "ORM\nAdmin, forms\nNone", "Admin, forms, orm", ["ORM", "Admin, forms"]),
        ("rating", "Bad\nGood", "2: Good", 2),
        ("rating", "", "4 of 5", 4),
        ("yes_no", "", "TRUE", True),
        ("number", "", "3,5", "3.5"),
        ("date", "", "45413", "2024-05-01"),
        ("long_text", "", "=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("url", "", "example.org/x", "https://example.org/x"),
    ],
)
def test_answers_in_cells(kind, choices, text, expected):
    assert answer_of(Question(kind=kind, choices=choices), text, "") == expected


@pytest.mark.parametrize(
    ("kind", "text"), [("choice", "C"), ("choices", "A, C"), ("rating", "9"), ("number", "1,234"), ("url", "javascript:1")]
)
def test_answers_that_are_none(kind, text):
    with pytest.raises(Unclear):
        answer_of(Question(kind=kind, choices="A\nB"), text, "")


def test_columns_are_guessed_by_name_and_by_what_stands_in_them():
    columns = guess("applications", read_table(GOOGLE.encode()))
    assert [column.to for column in columns] == [
        "submitted_at", "email", "name", "github", "new:long_text", "new:choices", "preference", "preference", "new:yes_no",
    ]  # fmt: skip
    assert [column.only_organisers for column in columns][-1:] == [True]
    people = guess("people", read_table(b"Who,Contact,Team,Position\nAda,ada@x.org,Venus,Mentor"))
    assert [column.to for column in people] == ["", "email", "cohort", "role"]
    sessions = guess("sessions", read_table(b"Session,Start date,End date\n2024-1,2024-01-15,2024-03-10"))
    assert [column.to for column in sessions] == ["name", "starts_on", "ends_on"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "#;What's your email?;Which areas? ;Submit Date (UTC);Network ID\nk3j;a@x.org;ORM;2024-05-01 10:00:00;9f\n",
            ["", "email", "new:short_text", "submitted_at", ""],
        ),
        ("Name\tEmail\tStatus\tCreated\nAda\ta@x.org\tAccepted\t45413,5\n", ["name", "email", "status", "submitted_at"]),
        (
            "First Name,Last Name,E-mail,Portfolio,\nAda,L,a@x.org,https://a.example/x,\n",
            ["first_name", "last_name", "email", "new:url"],
        ),
        ("number,email,status,tier,mean,cohort\n7,a@x.org,accepted,1,3.5,Venus\n", ["", "email", "status", "tier", "", "cohort"]),
    ],
    ids=["typeform", "libreoffice", "airtable", "our own"],
)
def test_exports_of_other_programs(text, expected):
    assert [column.to for column in guess("applications", read_table(text.encode()))] == expected
