"""Whatever is typed, pasted or sent by a program: the forms that hold the most words answer with no error of ours and lose none. All the
others: `tests/attacks/test_every_form.py`.

In CI few examples, always the same; HYPOTHESIS_PROFILE=long tries many, other ones each time.
"""

import contextlib
import copy
import html
import os

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cohorts.entries import Entry, question_name
from cohorts.forms.application import read_entry
from cohorts.models import AnswerFile, Application, Criterion, Question, Review
from cohorts.score_file import FileError, read_scores
from tests.cohorts.reading_forms import SentForm, encoded, forms_on
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, QuestionFactory, SessionFactory, UserFactory

pytestmark = pytest.mark.django_db

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
FORM = "application/x-www-form-urlencoded"


def fuzz(few: int, many: int):
    """How often a property is tried."""
    return settings(
        max_examples=many if LONG else few,
        derandomize=not LONG,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


NUMBERS = [
    "0",
    "-0",
    "-1",
    "1e999",
    "1E-999",
    "9" * 400,
    "0x1F",
    "1_000",
    "NaN",
    "Infinity",
    "-inf",
    "٣",
    "²",
    "½",
    "12.5.1",
    "1,5",
    "+7",
    " 3 ",
]
DATES = [
    "9999-12-31",
    "0001-01-01",
    "10000-01-01",
    "2026-02-30",
    "2026-13-01T25:61",
    "9999-12-31T23:59",
    "0001-01-01T00:00",
    "٢٠٢٦-٠١-٠١",
]
TEXTS = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\r\n\r\n",
    "\u202eright to left\u202c",
    "مرحبا بالعالم שלום",
    "Z̸̢̛͔a̶͍̓l̷̠̈g̶̣͝o̵̞͌" * 30,
    "👩🏽‍💻🏳️‍🌈" * 20,
    "\ud800",
    "\udfffx",
    "\ufeff\u2028\u2029\x0b\x0c\x1c\x85",
    "w" * 10_000,
    "word " * 4_000,
    "<script>alert(1)</script>\"'&amp;{{ 7*7 }}{% now %}",
    "=1+1",
    "%s%d%(x)s{0}{x}",
    "../../etc/passwd",
    "javascript:alert(1)",
    "http://[::1",
    "https://例え.テスト/",
    "https://user:pw@example.org:99999/",
    "a@b",
    "ï" * 300 + "@example.org",
    "null",
    "true",
    "[]",
    "on",
    "𝟙𝟚𝟛",
    "-",
]
EVIL = st.sampled_from(NUMBERS + DATES + TEXTS) | st.text(max_size=60) | st.integers().map(str)
UPLOADS = st.builds(
    SimpleUploadedFile,
    name=st.sampled_from(
        ["a.pdf", "a" * 400 + ".pdf", "x.exe", "..", "\u202efdp.exe", "n\x00.pdf", "é\n.png", "con", ".htaccess", "a"]
    ),
    content=st.sampled_from(
        [b"", b"%PDF-1.4\n%%EOF", b"MZ\x90", b"\x89PNG\r\n\x1a\n", b"<svg onload=x>", b"\xff" * 3000, b"a;b\n1;2\n"]
    ),
    content_type=st.sampled_from(["application/pdf", "text/html", "image/png", "x", "", "text/csv"]),
)


@pytest.fixture(autouse=True)
def files_go_with_the_test(tmp_path, monkeypatch):
    monkeypatch.setattr(AnswerFile._meta.get_field("file"), "storage", FileSystemStorage(tmp_path))


@pytest.fixture
def client(client):
    client.raise_request_exception = False
    return client


def logged_in(client, person):
    client.force_login(person, backend=BACKEND)
    return client


@st.composite
def a_form_sent(draw, forms: list[SentForm]):
    """One of the forms, with some of its fields spoilt, left out, repeated or moved to another name."""
    form = draw(st.sampled_from(forms))
    values = [(name, value) for name, value in form.values if name != "csrfmiddlewaretoken"]
    for _ in range(draw(st.integers(0, 4))):
        how = draw(st.sampled_from(["spoil", "spoil", "spoil", "add", "drop", "repeat", "array"]))
        if how == "drop" and values:
            values.pop(draw(st.integers(0, len(values) - 1)))
        elif how == "repeat" and values:
            name, _value = draw(st.sampled_from(values))
            values += [(name, draw(EVIL))] * draw(st.integers(1, 3))
        elif how == "array" and values:
            name, value = draw(st.sampled_from(values))
            values.append((f"{name}[]", value))
        elif form.names or values:
            name = draw(st.sampled_from(form.names or [name for name, _value in values]))
            if how == "spoil":
                values = [pair for pair in values if pair[0] != name]
            values.append((name, draw(EVIL)))
    if form.buttons:
        button = draw(st.sampled_from(form.buttons))
        if button[0]:
            values.append(button)
    files = {name: draw(UPLOADS) for name in form.uploads if draw(st.booleans())}
    return form, values, files, draw(st.booleans())


def send(client, form: SentForm, values, files, is_htmx):
    headers = {"HX-Request": "true"} if is_htmx else {}
    if files:
        data: dict = {}
        for name, value in values:
            # What is no character cannot be in a multipart body of the test client.
            data.setdefault(name, []).append(value.encode("utf-8", "replace").decode())
        return client.post(form.action, data | files, headers=headers)
    return client.post(form.action, encoded(values), content_type=FORM, headers=headers)


def in_vain(client, call):
    """What `call` answers, with the database and the browser as they were before."""
    cookies = copy.deepcopy(client.cookies)
    with transaction.atomic():
        answer = call()
        transaction.set_rollback(True)
    client.cookies = cookies
    return answer


#: Kinds of questions whose answers are typed rather than chosen.
TYPED_IN = ("short_text", "long_text", "number", "date", "url", "email")
VERSIONS = st.sampled_from(["0", "1", "2", "3", "99999999999", "-1", "x", "", "٣"])


@pytest.mark.parametrize("status", ["draft", "submitted"])
def test_a_draft_loses_nothing_whatever_is_sent_to_it(client, status):
    """What was sent is stored or stands in the answer; what was stored before stays where the answer refuses; versions go up."""
    opened = SessionFactory(open=True)
    person = UserFactory()
    questions = [
        QuestionFactory(session=opened, kind=kind, choices="One\nTwo\nThree", required=False)
        for kind in Question.Kind.values
        if kind != "file"
    ]
    application = ApplicationFactory(
        session=opened, applicant=person, status=status, version=2, draft={str(questions[0].pk): "Mine"}
    )
    if status == "draft":
        Application.objects.update(submitted_at=None, submitted_version=None)
    logged_in(client, person)
    address = reverse("apply", args=[opened.slug])
    texts = st.lists(EVIL, min_size=len(questions), max_size=len(questions))

    def saved() -> Application:
        return Application.objects.get(pk=application.pk)

    @fuzz(6, 600)
    @given(typed=texts, version=VERSIONS, is_htmx=st.booleans(), action=st.sampled_from(["save", "save", "submit", "zzz", ""]))
    def loses_nothing(typed, version, is_htmx, action):
        values = [(question_name(question.pk), text) for question, text in zip(questions, typed, strict=True)]
        values += [("version", version), ("action", action)]
        before = saved()

        def post():
            headers = {"HX-Request": "true"} if is_htmx else {}
            response = client.post(address, encoded(values), content_type=FORM, headers=headers)
            return response, saved()

        response, after = in_vain(client, post)
        assert response.status_code < 500
        assert after.version >= before.version
        if action == "save":
            assert after.status == before.status
        sent = read_entry(opened, response.wsgi_request.POST)
        is_stored = not sent.differences(Entry.of(after)) or after.submitted_version == after.version
        if response.status_code >= 400:
            assert after.draft == before.draft, "what was refused changed what was there"
        if not is_stored and not is_htmx:
            page = _as_read(response.text)
            # A button that is not there cannot be pressed: what a program sends in its place is nobody's text.
            typed_in = [sent.texts[question.pk] for question in questions if question.kind in TYPED_IN]
            lost = [text for text in typed_in if _solid(text) not in page]
            assert not lost, "neither stored nor in the page"

    loses_nothing()


def _as_read(page: str) -> str:
    return _solid(html.unescape(page))


def _solid(text: str) -> str:
    """Words without how they are laid out: a text of one line takes none of the line ends that it was sent with."""
    return "".join(text.split()).replace("\ufeff", "")


def test_a_visitor_who_is_not_logged_in_keeps_what_was_typed(client):
    opened = SessionFactory(open=True)
    question = QuestionFactory(session=opened, kind="long_text", required=False)
    address = reverse("apply", args=[opened.slug])

    @fuzz(6, 500)
    @given(text=EVIL, is_htmx=st.booleans())
    def keeps(text, is_htmx):
        def post():
            headers = {"HX-Request": "true"} if is_htmx else {}
            values = [(question_name(question.pk), text)]
            answer = client.post(address, encoded(values), content_type=FORM, headers=headers)
            return answer, client.get(address).text

        response, page = in_vain(client, post)
        assert response.status_code < 500
        sent = read_entry(opened, response.wsgi_request.POST)
        assert _solid(sent.texts[question.pk]) in _as_read(page)

    keeps()


def test_a_review_loses_nothing_whatever_is_sent_to_it(client):
    world = make_world(applications=1)
    application = world.applications[0]
    review = Review.objects.create(
        application=application, reviewer=world.reviewer, private_comment="Before", version=2, application_version=1
    )
    logged_in(client, world.reviewer)
    address = reverse("admin:cohorts_review_application", args=[application.pk])
    fields = [f"criterion_{criterion.pk}" for criterion in world.criteria] + [
        "private_comment",
        "shareable_comment",
        "confidence",
    ]
    buttons = st.sampled_from(["draft", "hand_in", "hand_in_next", "skip", "conflict", ""])

    @fuzz(6, 600)
    @given(typed=st.lists(EVIL, min_size=5, max_size=5), version=VERSIONS, button=buttons, is_htmx=st.booleans())
    def loses_nothing(typed, version, button, is_htmx):
        values = [*zip(fields, typed, strict=True), ("version", version), *([(button, "1")] if button else [])]

        def post():
            headers = {"HX-Request": "true"} if is_htmx else {}
            answer = client.post(address, encoded(values), content_type=FORM, headers=headers)
            return answer, Review.objects.get(pk=review.pk)

        response, after = in_vain(client, post)
        assert response.status_code < 500
        assert after.version >= review.version
        if button not in ("hand_in", "hand_in_next"):
            assert after.handed_in_at is None
        if after.version == review.version:
            assert after.private_comment == "Before"
            if response.status_code in (200, 409, 422) and not is_htmx:
                sent = response.wsgi_request.POST
                page = _as_read(response.text)
                for name in ("private_comment", "shareable_comment"):
                    assert _solid(sent[name].replace("\0", "")) in page, "neither stored nor in the page"

    loses_nothing()


@pytest.mark.parametrize(
    "content_type", [FORM, "multipart/form-data; boundary=x", "multipart/form-data", "application/json", "text/plain", "x", ""]
)
@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"{}", b"--x\r\n\r\n", b"=&=&&;", b"question_1=%FF%ZZ"], ids=repr)
def test_bodies_that_no_form_sends(client, content_type, body):
    world = make_world(applications=1)
    opened = SessionFactory(open=True)
    question = QuestionFactory(session=opened)
    application = ApplicationFactory(
        session=opened, applicant=world.reviewer, status="draft", submitted_at=None, draft={str(question.pk): "Mine"}
    )
    logged_in(client, world.reviewer)
    for address in (
        reverse("apply", args=[opened.slug]),
        reverse("availability"),
        reverse("admin:cohorts_review_application", args=[world.applications[0].pk]),
    ):
        assert client.post(address, body, content_type=content_type).status_code < 500, address
    application.refresh_from_db()
    # An empty form is a form; one that cannot be read is none.
    assert application.status == "draft"


@pytest.mark.parametrize("size", [5 * 1024 * 1024 + 1, 6 * 1024 * 1024])
def test_more_than_the_site_takes_is_refused_in_words_and_changes_nothing(client, size):
    world = make_world(applications=1)
    opened = SessionFactory(open=True)
    question = QuestionFactory(session=opened)
    application = ApplicationFactory(
        session=opened, applicant=world.reviewer, status="draft", submitted_at=None, draft={str(question.pk): "Mine"}
    )
    logged_in(client, world.reviewer)
    body = encoded([(question_name(question.pk), "w" * size), ("version", "1"), ("action", "save")])
    review = reverse("admin:cohorts_review_application", args=[world.applications[0].pk])
    for address in (reverse("apply", args=[opened.slug]), review):
        response = client.post(address, body, content_type=FORM)
        assert 400 <= response.status_code < 500
        assert "too large" in response.text.lower() or "more text" in response.text.lower(), response.text[:3000]
    application.refresh_from_db()
    assert application.draft == {str(question.pk): "Mine"}
    assert not Review.objects.exists()


CELLS = st.sampled_from(["application", "reviewer", "Clear", "1", "na", "", "x@y", *NUMBERS, *TEXTS[:12]]) | st.text(max_size=12)
TABLES = st.lists(st.lists(CELLS, max_size=6), max_size=5).map(
    lambda rows: "\n".join(",".join(row) for row in rows).encode("utf-8", "surrogatepass")
)


@fuzz(60, 5000)
@given(data=st.binary(max_size=200) | TABLES | TABLES.map(lambda table: b"application,reviewer,Clear\n" + table))
def test_a_table_of_scores_is_read_or_refused_in_words(data):
    with contextlib.suppress(FileError):
        read_scores(data, [Criterion(pk=1, name="Clear", anchors="No\nYes")])


def test_a_project_of_a_number_that_no_key_can_be(client):
    world = make_world(applications=0)
    logged_in(client, world.operator)
    address = reverse("admin:cohorts_session_change", args=[world.session.pk])
    form = next(form for form in forms_on(client.get(address).text, address) if "projects" in form.names)
    for number in ("9223372036854775808", "9" * 400):
        response = client.post(address, encoded([*form.values, ("projects", number)]), content_type=FORM)
        assert response.status_code == 200
        assert "is not a valid value" in response.text
