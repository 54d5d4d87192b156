"""The pages of feedback: one's own, the form with its autosave, the results and their table, and the forms in the admin."""

import csv
import datetime
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cohorts.feedback.usual import add_usual_forms
from cohorts.models import Feedback, FeedbackForm
from tests.factories import (
    CohortFactory,
    FeedbackFactory,
    FeedbackFormFactory,
    FeedbackQuestionFactory,
    MembershipFactory,
    SessionFactory,
    SessionRoleFactory,
)

pytestmark = pytest.mark.django_db

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def session():
    return SessionFactory(time_zone="UTC")


@pytest.fixture
def organiser(session):
    return SessionRoleFactory(session=session).user


@pytest.fixture
def feedback(session):
    form = FeedbackFormFactory(session=session, title="Half-way")
    FeedbackQuestionFactory(form=form, label="How <b>comfortable</b>?", order=1, required=True)
    FeedbackQuestionFactory(form=form, label="What else?", kind="text", order=2)
    return FeedbackFactory(form=form, membership=MembershipFactory(cohort=CohortFactory(session=session)))


@pytest.fixture
def member(client, feedback):
    client.force_login(feedback.membership.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def log_in(client, user):
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def names(feedback):
    return [f"q{question.pk}" for question in feedback.form.questions.all()]


def values():
    row = Feedback.objects.get()
    return [row.values.get(str(question.pk)) for question in row.form.questions.all()]


def post(client, feedback, **data):
    headers = data.pop("headers", {})
    return client.post(f"/feedback/{feedback.pk}/", {"page": "p", "version": "0", **data}, **headers)


def test_a_field_saves_itself_and_leaves_the_others_alone(member, feedback):
    scale, text = names(feedback)
    page = post(member, feedback, save="draft", field=scale, headers=HTMX, **{scale: "4"})
    assert "Saved " in page.text
    page = post(member, feedback, save="draft", field=text, headers=HTMX, **{text: "Well"})
    assert 'name="version" id="version" value="2"' in page.text
    assert values() == [4, "Well"]
    # A name that is none empties nothing.
    post(member, feedback, save="draft", field="other", headers=HTMX)
    assert values() == [4, "Well"]
    page = post(member, feedback, save="draft", field=scale, headers=HTMX, **{scale: "9"})
    assert "Choose one of the answers." in page.text


def test_handing_in_without_javascript_says_what_is_missing_and_keeps_the_rest(member, feedback):
    scale, text = names(feedback)
    page = post(member, feedback, save="hand_in", **{text: "Half a <script> word"})
    assert page.status_code == 422
    assert "This question needs an answer." in page.text
    assert "Half a &lt;script&gt; word</textarea>" in page.text
    assert "How &lt;b&gt;comfortable&lt;/b&gt;?" in page.text
    page = post(member, feedback, save="hand_in", version="1", **{scale: "5", text: "Whole"})
    assert page.headers["Location"] == "/feedback/"
    assert Feedback.objects.get().written_at
    assert "What you said" in member.get("/feedback/").text


def test_half_a_megabyte_is_refused_and_still_there(member, feedback):
    scale, text = names(feedback)
    essay = "words " * 80_000
    page = post(member, feedback, save="draft", **{scale: "2", text: essay})
    assert page.status_code == 422
    assert "At most 10000 characters fit here." in page.text
    assert essay.strip() in page.text
    assert values() == [2, None]


def test_another_tab_is_shown_and_saving_again_keeps_this_one(member, feedback):
    _scale, text = names(feedback)
    post(member, feedback, save="draft", page="first", **{text: "One"})
    page = post(member, feedback, save="draft", page="second", **{text: "Two"})
    assert page.status_code == 409
    assert "<blockquote>One</blockquote>" in page.text
    assert "Two</textarea>" in page.text
    assert 'id="version" value="1"' in page.text
    post(member, feedback, save="draft", page="second", version="1", **{text: "Two"})
    assert values()[1] == "Two"


def test_what_comes_too_late_is_shown_to_be_copied(member, feedback):
    _scale, text = names(feedback)
    Feedback.objects.update(due_on=timezone.now().date() - datetime.timedelta(days=20))
    page = post(member, feedback, save="hand_in", **{text: "My words"})
    assert page.status_code == 409
    assert "My words" in page.text
    assert '<form method="post" class="card feedback-form"' not in member.get(f"/feedback/{feedback.pk}/").text


def test_nobody_else_opens_the_form_also_no_organiser(client, feedback, organiser):
    Feedback.objects.update(written_at=timezone.now())
    assert log_in(client, organiser).get(f"/feedback/{feedback.pk}/").status_code == 404


def test_words_that_come_after_the_log_in_ran_out_are_in_the_form_again(client, member, feedback):
    question = feedback.form.questions.get(kind="text")
    typed, address = {f"q{question.pk}": "Typed too long"}, f"/feedback/{feedback.pk}/"
    member.logout()
    assert "What you typed is kept." in member.post(address, typed | {"save": "draft"}, headers={"HX-Request": "true"}).text
    log_in(member, feedback.membership.user)
    assert "Typed too long</textarea>" in member.get(address).text
    member.post(address, typed | {"save": "draft"})
    assert "It is not saved yet" not in member.get(address).text
    assert Feedback.objects.get(pk=feedback.pk).values == {str(question.pk): "Typed too long"}


def test_my_page_costs_as_many_queries_for_many_forms(member, feedback, django_assert_num_queries):
    with CaptureQueriesContext(connection) as one:
        member.get("/feedback/")
    for _number in range(4):
        FeedbackFactory(membership=feedback.membership, written_at=timezone.now())
        FeedbackFactory(membership=feedback.membership)
    with django_assert_num_queries(len(one)):
        member.get("/feedback/")


# Results


@pytest.fixture
def answered(session, organiser):
    """The usual forms, with three answers to the first and the last."""
    start, _middle, end, _leaders = add_usual_forms(session, by=organiser)
    long_ago = timezone.now() - datetime.timedelta(days=40)
    for number in range(3):
        membership = MembershipFactory(cohort=CohortFactory(session=session), user__name=f"Secret Name {number}")
        for form, value in ((start, 2), (end, 4)):
            said = {}
            for question in form.questions.all():
                if question.kind == "scale":
                    said[str(question.pk)] = value
                elif question.kind == "text":
                    said[str(question.pk)] = f"=cmd|{number} {'private' if question.organisers_only else 'words'}"
            FeedbackFactory(form=form, membership=membership, values=said, written_at=long_ago, due_on=long_ago.date())
    return session


def test_organisers_read_everything_without_names(client, answered, organiser):
    page = log_in(client, organiser).get(f"/sessions/{answered.slug}/feedback/").text
    assert "3 say more than at the start" in " ".join(page.split())
    assert "=cmd|1 private" in page
    assert "Secret Name" not in page
    assert "style=" not in page


def test_those_who_lead_read_numbers_and_no_words(client, answered, organiser):
    navigator = MembershipFactory(cohort=CohortFactory(session=answered), role="navigator").user
    page = log_in(client, navigator).get(f"/sessions/{answered.slug}/feedback/").text
    assert "3 say more than at the start" in " ".join(page.split())
    assert "3 answers" in page
    for hidden in ("cmd|", "Secret Name", "handed in", "only the organisers should know", "answers.csv"):
        assert hidden not in page
    assert client.get(f"/sessions/{answered.slug}/feedback/answers.csv").status_code == 404


def test_the_table_is_harmless_and_has_no_names(client, answered, organiser):
    response = log_in(client, organiser).get(f"/sessions/{answered.slug}/feedback/answers.csv")
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    answers = [row["Answer"] for row in rows if row["Kind of answer"] == "Text"]
    assert answers
    assert all(answer.startswith("'=cmd|") for answer in answers)
    assert {row["Written by"] for row in rows} == {""}
    assert [row["Answer"] for row in rows if row["Measures"] == "comfort"] == ["2"] * 3 + ["4"] * 3
    assert "Secret Name" not in response.text


# The forms in the admin


def form_data(*labels, **data):
    rows = {"questions-TOTAL_FORMS": len(labels), "questions-INITIAL_FORMS": 0}
    for number, label in enumerate(labels):
        rows |= {f"questions-{number}-label": label, f"questions-{number}-kind": "scale", f"questions-{number}-place": number + 1}
    words = {"title": "Week two", "checkpoint": "week", "week_number": 2, "direction": "member_program", "days_to_answer": 7}
    return words | rows | data


def test_organisers_add_the_usual_forms_write_one_and_put_it_away(client, session, organiser):
    log_in(client, organiser)
    home = reverse("admin:cohorts_session_feedback", args=[session.pk])
    assert "Add the usual forms" in client.get(home).text
    client.post(reverse("admin:cohorts_session_feedback_usual", args=[session.pk]))
    assert FeedbackForm.objects.count() == 4
    page = client.get(home).text
    assert "Looking back" in page
    assert "Add the usual forms" not in page
    new = reverse("admin:cohorts_session_feedback_new", args=[session.pk])
    page = client.post(new, form_data("How?", "", "Why?", more="1"))
    assert page.status_code == 200
    assert 'name="questions-4-label"' in page.text
    assert "This field is required" not in page.text
    second = {"questions-0-place": 3}
    made = client.post(new, form_data("How?", "", "Why?", **second))
    form = FeedbackForm.objects.get(key="week-two")
    assert made.headers["Location"] == reverse("admin:cohorts_session_feedback_form", args=[session.pk, form.pk])
    assert [question.label for question in form.questions.all()] == ["How?", "Why?"]
    use = reverse("admin:cohorts_session_feedback_use", args=[session.pk, form.pk])
    client.post(use, {"retire": "1"})
    form.refresh_from_db()
    assert form.retired_at
    assert "Ask it again" in client.get(home).text


def test_what_is_wrong_stands_beside_its_question_and_nothing_is_lost(client, session, organiser):
    new = reverse("admin:cohorts_session_feedback_new", args=[session.pk])
    wrong = {"week_number": 99, "questions-1-choices": "one\ntwo\nthree"}
    page = log_in(client, organiser).post(new, form_data("How?", "Why?", **wrong))
    assert page.status_code == 422
    assert "Give the number of a week, from 1 to 6." in page.text
    assert "Give the words of all five steps" in page.text
    assert 'value="Why?"' in page.text
    assert not FeedbackForm.objects.exists()


def test_an_older_page_does_not_overwrite_another_organisers_words(client, session, organiser):
    form = FeedbackFormFactory(session=session)
    FeedbackQuestionFactory(form=form)
    page = reverse("admin:cohorts_session_feedback_form", args=[session.pk, form.pk])
    answer = log_in(client, organiser).post(page, form_data("Mine", seen="0.older"))
    assert answer.status_code == 422
    assert "Somebody else changed this form" in answer.text
    assert 'value="Mine"' in answer.text
    assert form.questions.get().label != "Mine"
