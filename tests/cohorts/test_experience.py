"""Levels of experience from the answers to one question, and forming cohorts by them."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from cohorts.experience import experience_in, known_levels, level_of, levels_of
from cohorts.forming_inputs import build_instance
from cohorts.forming_missing import missing_for
from cohorts.models import Answer, Question
from tests.cohorts.forming_world import make_forming
from tests.factories import QuestionFactory, SessionFactory, SessionRoleFactory
from tests.page_forms import form_of

CHOICES = "never\nonce\noften"


@pytest.mark.parametrize(
    ("kind", "choices", "answers", "words"),
    [
        (
            "number",
            "",
            [
                ("0", 0),
                ("-3", 0),
                ("0.5", 1),
                ("2", 1),
                ("5", 2),
                ("10", 3),
                ("10.5", 4),
                ("x", None),
                ("NaN", None),
                (None, None),
            ],
            ["none", "up to 2", "up to 5", "up to 10", "more than 10"],
        ),
        ("rating", "", [(1, 0), (5, 4), (6, None), (0, None), (True, None)], [f"{step} of 5" for step in range(1, 6)]),
        ("rating", "new\nold", [(2, 1)], ["1: new", "2: old"]),
        ("choice", CHOICES, [("never", 0), ("often", 2), ("gone", None)], ["never", "once", "often"]),
        ("choices", CHOICES, [(["never", "once"], 1), (["gone"], None), ([], None)], ["never", "once", "often"]),
        ("yes_no", "", [(False, 0), (True, 1), ("yes", None)], ["No", "Yes"]),
    ],
)
def test_answers_become_levels(kind, choices, answers, words):
    question = Question(kind=kind, choices=choices)
    assert [(value, level_of(question, value)) for value, _level in answers] == answers
    assert levels_of(question) == words
    assert question.tells_experience


@pytest.mark.parametrize(
    "what", [{"kind": "long_text"}, {"kind": "date"}, {"kind": "number", "sensitive": True}, {"kind": "choice", "choices": "one"}]
)
def test_what_has_no_order_or_is_sensitive_does_not_fit(what):
    assert not Question(**what).tells_experience


@pytest.mark.django_db
def test_the_solver_hears_the_levels_of_the_question_that_the_session_names():
    forming = make_forming()
    question = QuestionFactory(session=forming.session, kind="choice", choices=CHOICES)
    first, second, silent = (forming.apply() for _ in range(3))
    for one, value in ((first, "never"), (second, "often")):
        Answer.objects.create(application=one, question=question, value=value)
    assert known_levels(forming.session) == {}
    forming.session.experience_question = question
    inputs = build_instance(forming.session)
    assert [one.experience for one in inputs.instance.applicants] == [0, 2, None]
    assert inputs.snapshot()["mixes_experience"]
    assert experience_in(forming.session, among=[second.pk]).of == {second.pk: 2}
    # Answers to a question that is not asked any more still count; what became sensitive is not used.
    question.retired_at = forming.session.announced_at
    question.save()
    assert known_levels(forming.session) == {first.pk: 0, second.pk: 2}
    question.sensitive = True
    question.save()
    assert known_levels(forming.session) == {}
    assert silent.pk
    (missing,) = missing_for(build_instance(forming.session), by=forming.organiser)
    assert "experience is not looked at" in missing.text


@pytest.mark.django_db
def test_the_page_of_the_session_offers_only_questions_that_fit(client):
    role = SessionRoleFactory(session=SessionFactory(draft=True))
    fitting = QuestionFactory(session=role.session, kind="rating", label="How often?")
    QuestionFactory(session=role.session, kind="rating", label="Secret", sensitive=True)
    QuestionFactory(session=role.session, label="Long words")
    elsewhere = QuestionFactory(kind="rating", label="Elsewhere")
    client.force_login(role.user)
    page = reverse("admin:cohorts_session_change", args=[role.session.pk])
    answer = client.get(page)
    offered = list(answer.context["adminform"].form.fields["experience_question"].choices)
    assert [label for _value, label in offered[1:]] == ["How often?"]
    assert client.post(page, form_of(answer) | {"experience_question": elsewhere.pk}).status_code == 200
    assert client.post(page, form_of(answer) | {"experience_question": fitting.pk}).status_code == 302
    role.session.refresh_from_db()
    assert role.session.experience_question == fitting
    role.session.experience_question = elsewhere
    with pytest.raises(ValidationError, match="Choose a question of this session"):
        role.session.clean()
