"""Scores from a table: what is read, what is refused and where, and what is written."""

import csv
import io

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cohorts.csv_cells import harmless_cell, plain_cell
from cohorts.models import Application, Criterion, Review, ReviewClaim, Score
from cohorts.reviews import declare_conflict, hand_in, save_review
from cohorts.score_file import LARGEST, MOST_ROWS, FileError, columns_of, read_scores
from cohorts.score_import import ScoreImportError, import_scores, plan_import, rows_of_reviews, rows_to_fill
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, CriterionFactory, SessionRoleFactory, UserFactory

ANCHORS = "Nothing\nA little\nGood\nVery good"
CRITERIA = [
    Criterion(pk=1, name="Clear", anchors=ANCHORS),
    Criterion(pk=2, name="Kind; or +1", anchors=ANCHORS, required=False, independent=True),
]
HEADER = "application,reviewer,Clear,Kind; or +1,private_comment,shareable_comment,confidence"


def read(*rows, header=HEADER):
    return read_scores("\n".join([header, *rows]).encode(), CRITERIA)


# --- reading, without a database


@pytest.mark.parametrize(
    "content",
    [
        "application,reviewer,clear\n7,Ann@example.org,2\n",
        "\ufeffapplication,reviewer,clear\r\n7,Ann@example.org,2.0\r\n",
        "application;reviewer;Clear\n7;ann@example.org;2,0\n\n;;\n",
        "Application\tREVIEWER\t  clear \r\n7\tann@example.org\t2\r\n",
        'sep=;\n"application";"reviewer";"Clear"\n"7";"ann@example.org ";" 2"',
        "clear,confidence,reviewer,application\n2,,ann@example.org,7",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_however_a_spreadsheet_saves_it(content, encoding):
    found = read_scores(content.encode(encoding), CRITERIA)
    assert (found.problems, found.empty) == ([], 0)
    [line] = found.lines
    assert (line.application, line.reviewer, dict(line.scores), line.confidence) == (7, "ann@example.org", {1: 2}, None)


@pytest.mark.parametrize("words", ["N/A", "n/a", "NA", "not applicable", "–", "-", "'-"])
def test_na_is_an_answer_and_an_empty_cell_is_none(words):
    found = read(f"7,a@example.org,{words},,,,", "8,a@example.org,0,3,,,3")
    assert [dict(line.scores) for line in found.lines] == [{1: None}, {1: 0, 2: 3}]
    assert [line.confidence for line in found.lines] == [None, 3]


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("x,a@example.org,1,,,,", "application", "number"),
        ("-1,a@example.org,1,,,,", "application", "number"),
        ("７,a@example.org,1,,,,", "application", "number"),
        (",a@example.org,1,,,,", "application", "number"),
        ("7,,1,,,,", "reviewer", "email"),
        ("7,Ann,1,,,,", "reviewer", "email"),
        ("7,a@example.org,4,,,,", "Clear", "from 0 to 3"),
        ("7,a@example.org,-1,,,,", "Clear", "from 0 to 3"),
        ("7,a@example.org,2.5,,,,", "Clear", "from 0 to 3"),
        ("7,a@example.org,Good,,,,", "Clear", "from 0 to 3"),
        ("7,a@example.org,999999999999,,,,", "Clear", "from 0 to 3"),
        ("7,a@example.org,,2,,,", "Clear", "or N/A"),
        ("7,a@example.org,1,9,,,", "Kind; or +1", "from 0 to 3"),
        ("7,a@example.org,1,,,,4", "confidence", "1 (unsure)"),
        (f"7,a@example.org,1,,{'x' * 10_001},,", "private_comment", "10,000"),
        ("7,a@example.org,1,,,,,surplus", "", "more cells"),
        ("9,B@example.org,1,,,,", "reviewer", "row 2 already"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column(row, column, words):
    found = read("9,b@example.org,1,1,,,", row)
    assert len(found.lines) == 1
    [problem] = found.problems
    assert (problem.row, problem.column) == (3, column)
    assert words in problem.text


@pytest.mark.parametrize(
    ("header", "column", "words"),
    [
        ("application,reviewer,Clear,Clever", "Clever", "not known"),
        ("application,reviewer,Clear,clear", "clear", "twice"),
        ("application,Clear", "reviewer", "missing"),
        ("reviewer,Clear", "application", "missing"),
        ("application,reviewer,confidence", "Clear", "missing"),
    ],
)
def test_what_is_wrong_with_the_first_row(header, column, words):
    found = read("1,2,3,4", header=header)
    assert found.lines == []
    assert [(one.row, one.column) for one in found.problems] == [(1, column)]
    assert words in found.problems[0].text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n \n,,\n", "empty"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"\xd0\xcf\x11\xe0rest", "spreadsheet"),
        (b"application,reviewer\n7,\xff\xfe", "letters"),
        (b"\xff\xfea", "letters"),
        (b'application,reviewer\n7,"ann', "quotation"),
        (b'a,b\n7,"ann"x', "quotation"),
        (b"x" * (LARGEST + 1), "2 MB"),
        (b"a\n" + b"1\n" * (MOST_ROWS + 1), "10,000 rows"),
        (b"a," * 600, "500 columns"),
    ],
)
def test_what_is_no_table_at_all(content, words):
    with pytest.raises(FileError, match=words):
        read_scores(content, CRITERIA)


def test_rows_that_are_not_filled_in_are_left_out():
    found = read("7,,,,,,", "8,a@example.org,,,,,", "9")
    assert (found.lines, found.problems, found.empty) == ([], [], 3)


def test_columns_that_are_called_the_same_get_a_number():
    criteria = [Criterion(name=name) for name in ("Clear", " clear ", "Reviewer", "Kind")]
    assert list(columns_of(criteria)) == ["Clear (criterion 1)", "clear (criterion 2)", "Reviewer (criterion 3)", "Kind"]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "'=1", "''=1", "plain", "'quoted'", "a;=1", "a; -b;'+c", "list:\n- one\n- two\r\n=x", " =1", "\t=1", "\n=1",
        "it's; fine", "＝1", 'said "x"\n"y"', "a,b;c\td", "", "'", "\r=", "😀 =1", "@x\n\n@y", ";;=1", "x;'",
    ],
)  # fmt: skip
def test_cells_run_nothing_wherever_they_are_split_and_come_back_as_they_were(text):
    safe = harmless_cell(text)
    assert plain_cell(safe) == text
    for part in safe.replace("\r", ";").replace("\n", ";").split(";"):
        assert not part.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "＝"))


# --- with a session


@pytest.fixture
def world(db):
    world = make_world(applications=3)
    world.second = SessionRoleFactory(session=world.session, role="reviewer").user
    return world


def table(world, *rows) -> bytes:
    """Rows of (application, email, score, score, private comment)."""
    text = io.StringIO()
    names = list(columns_of(list(world.session.criteria.all())))
    csv.writer(text).writerows([["application", "reviewer", *names[:2], "private_comment"], *rows])
    return text.getvalue().encode()


def row(world, number, reviewer, *cells):
    return (world.applications[number].pk, reviewer.email, *cells)


def carry_out(world, content, replace=False, by=None):
    by = by or world.organiser
    plan = plan_import(world.session, content, by=by, replace=replace)
    return import_scores(world.session, content, by=by, replace=replace, expected=plan.fingerprint)


def test_rows_become_reviews_that_count(world):
    ReviewClaim.objects.create(application=world.applications[0], reviewer=world.reviewer, until="2999-01-01T00:00Z")
    content = table(world, row(world, 0, world.reviewer, 3, "N/A", "Fine"), row(world, 1, world.navigator, 1, 2, ""))
    done = carry_out(world, content)
    assert (len(done.created), done.changed, done.unchanged) == (2, [], 0)
    first = Review.objects.get(application=world.applications[0])
    assert (first.reviewer, first.score, first.private_comment, first.version) == (world.reviewer, 3.0, "Fine", 1)
    assert first.handed_in_at is not None
    assert first.application_version == world.applications[0].submitted_version
    assert list(Score.objects.filter(review=first).values_list("value", flat=True)) == [3, None]
    assert Review.objects.get(application=world.applications[1]).score == 1.5
    assert not ReviewClaim.objects.exists()
    again = plan_import(world.session, content, by=world.organiser)
    assert (again.created, again.changed, again.unchanged) == ([], [], 2)


def test_what_is_there_is_changed_only_where_that_is_asked_for(world):
    hand_in(world.applications[0], by=world.reviewer, scores=world.scores(1, 2), private_comment="Old", confidence=2)
    save_review(world.applications[1], by=world.reviewer, scores=world.scores(3), private_comment="Only begun")
    content = table(
        world,
        row(world, 0, world.reviewer, 3, 2, "New"),
        row(world, 1, world.reviewer, 0, 0, ""),
        row(world, 2, world.reviewer, 1, 1, ""),
    )
    plan = plan_import(world.session, content, by=world.organiser)
    assert [(one.column, one.old, one.new) for one in plan.changed[0].changes] == [
        (world.criteria[0].name, "1", "3"),
        ("private_comment", "Old", "New"),
        ("confidence", "2", ""),
    ]
    # What somebody has only begun is nobody else's to read.
    assert "Only begun" not in str(plan.changed[1].changes)
    assert len(carry_out(world, content).writes) == 1
    assert set(Review.objects.values_list("private_comment", flat=True)) == {"Old", "Only begun", ""}
    assert len(carry_out(world, content, replace=True).writes) == 2
    changed = Review.objects.get(application=world.applications[0])
    assert (changed.private_comment, changed.confidence, changed.score, changed.version) == ("New", None, 2.5, 2)
    assert Review.objects.handed_in().count() == 3
    assert Review.objects.get(application=world.applications[1]).score == 0


def refused(world, number=0, reviewer=None):
    content = table(world, row(world, 1, world.reviewer, 1, 1, ""), row(world, number, reviewer or world.reviewer, 2, 2, ""))
    plan = plan_import(world.session, content, by=world.organiser)
    with pytest.raises(ScoreImportError, match="Nothing was imported"):
        import_scores(world.session, content, by=world.organiser, replace=True, expected=plan.fingerprint)
    assert not Review.objects.handed_in().exists()
    [problem] = plan.problems
    assert problem.row == 3
    return problem.column, problem.text


def test_whoever_cannot_review_it_is_refused_and_then_nothing_is_written(world):
    for stranger in (world.stranger, world.captain, UserFactory()):
        assert refused(world, reviewer=stranger) == (
            "reviewer",
            "Nobody with this address reviews in this session. Give them a part in it first.",
        )
    SessionRoleFactory(session=world.session, user=world.applications[0].applicant, role="reviewer")
    assert "their own" in refused(world, reviewer=world.applications[0].applicant)[1]
    declare_conflict(world.applications[0], by=world.reviewer)
    assert "conflict of interest" in refused(world)[1]
    Application.objects.filter(pk=world.applications[0].pk).update(status="withdrawn")
    assert refused(world)[0] == "application"


@pytest.mark.parametrize("hidden", ["another session", "own", "conflict", "draft"])
def test_applications_that_are_not_the_organisers_to_decide_on_are_not_known(world, hidden):
    if hidden == "another session":
        world.applications[0] = ApplicationFactory()
    elif hidden == "own":
        Application.objects.filter(pk=world.applications[0].pk).update(applicant=world.organiser)
    elif hidden == "conflict":
        declare_conflict(world.applications[0], by=world.organiser)
    else:
        Application.objects.filter(pk=world.applications[0].pk).update(status="draft")
    column, text = refused(world)
    assert (column, "no application with this number" in text) == ("application", True)


def test_only_what_was_shown_is_written_by_organisers_while_people_review(world):
    content = table(world, row(world, 0, world.reviewer, 1, 1, ""))
    plan = plan_import(world.session, content, by=world.organiser)
    with pytest.raises(ScoreImportError, match="Only the organisers"):
        import_scores(world.session, content, by=world.reviewer, replace=False, expected=plan.fingerprint)
    hand_in(world.applications[0], by=world.reviewer, scores=world.scores(1, 2))
    with pytest.raises(ScoreImportError, match="Something has changed"):
        import_scores(world.session, content, by=world.organiser, replace=False, expected=plan.fingerprint)
    world.session.review_closed_at = world.session.applications_close_at
    world.session.save()
    with pytest.raises(ScoreImportError, match="closed"):
        carry_out(world, content)


def exported(header, rows) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([[harmless_cell(cell) for cell in line] for line in (header, *rows)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def test_what_was_exported_changes_nothing_when_it_is_imported(world):
    world.criteria[0].name = "=Clear; +1"
    world.criteria[0].save()
    world.criteria.append(CriterionFactory(session=world.session, name="Confidence", required=False))
    for number, text in enumerate(("'=1", "@you;\n- one\r\n=2", ' "x" ')):
        hand_in(
            world.applications[number], by=world.second, scores=world.scores(3, None), private_comment=text,
            shareable_comment=text[::-1], confidence=1,
        )  # fmt: skip
    save_review(world.applications[0], by=world.reviewer, scores=world.scores(1))
    header, rows = rows_of_reviews(world.session, by=world.organiser)
    plan = plan_import(world.session, exported(header, rows), by=world.organiser, replace=True)
    assert (plan.problems, plan.writes, plan.unchanged) == ([], [], 3)


def test_the_table_to_fill_in_has_the_applications_and_who_is_to_read_them(world):
    world.applications[0].assignments.create(reviewer=world.reviewer)
    world.applications[0].assignments.create(reviewer=world.second)
    Application.objects.filter(pk=world.applications[2].pk).update(status="withdrawn")
    header, rows = rows_to_fill(world.session, by=world.organiser)
    first, second, _gone = (one.pk for one in world.applications)
    assert [(line[0], line[1]) for line in rows] == [(first, world.reviewer.email), (first, world.second.email), (second, "")]
    plan = plan_import(world.session, exported(header, rows), by=world.organiser)
    assert (plan.problems, plan.writes, plan.file.empty) == ([], [], 3)


# --- the page


@pytest.fixture
def organiser(client, world):
    client.force_login(world.organiser)
    return client


def address(world, part=""):
    return reverse(f"admin:cohorts_session_import_scores{part}", args=[world.session.pk])


def send(client, world, content, **data):
    return client.post(address(world), {"file": SimpleUploadedFile("scores.csv", content), "preview": "1", **data})


def test_from_the_file_to_the_preview_to_the_scores(organiser, world):
    content = table(world, row(world, 0, world.reviewer, 3, "N/A", "Very <b>good</b>"))
    page = send(organiser, world, content)
    assert not Review.objects.exists()
    text = page.content.decode()
    assert world.reviewer.get_full_name() in text
    kept = {"kept": page.context["kept"], "fingerprint": page.context["plan"].fingerprint, "import": "1"}
    assert organiser.post(address(world), {**kept, "fingerprint": "other"}).status_code == 200
    assert not Review.objects.exists()
    response = organiser.post(address(world), kept, follow=True)
    assert "1 review imported." in response.content.decode()
    assert Review.objects.get().private_comment == "Very <b>good</b>"
    entry = LogEntry.objects.latest("pk")
    assert entry.get_change_message() == "1 review imported."
    assert world.reviewer.email not in entry.change_message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"preview": "1"}, "Choose a file."),
        ({"kept": "%%%"}, "Choose the file again."),
        ({"kept": "AAAA"}, "Choose the file again."),
        ({"file": SimpleUploadedFile("x.csv", b"")}, "The file is empty."),
        ({"file": SimpleUploadedFile("x.csv", b"x" * (LARGEST + 1))}, "larger than 2 MB"),
        ({"file": SimpleUploadedFile("x.xlsx", b"PK\x03\x04")}, "not a CSV file"),
        ({"file": SimpleUploadedFile("x.csv", b"a,b\n1,2\n")}, "This column is not known."),
    ],
)
def test_a_bad_file_is_a_page_with_words(organiser, world, data, words):
    response = organiser.post(address(world), data)
    assert response.status_code == 200
    assert words in response.content.decode()


def test_a_closed_review_is_told_before_anybody_chooses_a_file(organiser, world):
    world.session.review_closed_at = world.session.applications_close_at
    world.session.save()
    assert 'type="file"' not in organiser.get(address(world)).content.decode()
    assert "The review of this session is closed." in send(organiser, world, b"").content.decode()


def test_the_number_of_queries_does_not_grow(organiser, world):
    def queries(applications):
        rows = [(one.pk, world.second.email, 1, 2, "x") for one in applications]
        old = [(one.pk, world.reviewer.email, 3, 3, "x") for one in applications]
        counted = []
        for ask in (
            lambda: send(organiser, world, table(world, *rows, *old), replace="on"),
            lambda: organiser.get(address(world, "_template")),
            lambda: organiser.get(address(world, "_reviews")),
        ):
            with CaptureQueriesContext(connection) as captured:
                assert ask().status_code == 200
            counted.append(len(captured))
        return counted

    hand_in(world.applications[0], by=world.reviewer, scores=world.scores(1, 1))
    queries(world.applications[:1])
    few = queries(world.applications[:1])
    more = ApplicationFactory.create_batch(29, session=world.session)
    for one in more:
        hand_in(one, by=world.reviewer, scores=world.scores(1, 1))
    assert queries([world.applications[0], *more]) == few
