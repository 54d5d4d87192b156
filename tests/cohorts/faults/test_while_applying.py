"""What changes under an applicant's hands: the deadline, the questions, the projects, the session itself."""

import csv
import io
import json

import pytest
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from cohorts import applications
from cohorts.applications import save_draft, submit
from cohorts.entries import Entry, preference_name, question_name
from cohorts.models import Answer, Application, Question, Session
from cohorts.retiring import retire, unretire
from tests.factories import (
    ApplicationFactory,
    ProjectFactory,
    QuestionFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

TYPED = "Two pages of thoughts that took an evening"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def session():
    return SessionFactory(open=True)


@pytest.fixture
def question(session):
    return QuestionFactory(session=session, label="Why this program?", kind="long_text")


@pytest.fixture
def person():
    return UserFactory()


@pytest.fixture
def writing(client, person, session, question):
    """The form is open, made from version 0."""
    client.raise_request_exception = False
    client.force_login(person, backend=BACKEND)
    assert client.get(reverse("apply", args=[session.slug])).status_code == 200
    return client


def send(client, session, question, *, action="save", htmx=False, **more):
    data = {question_name(question.pk): TYPED, "version": "0", "action": action, **more}
    return client.post(reverse("apply", args=[session.slug]), data, headers={"HX-Request": "true"} if htmx else {})


@pytest.mark.parametrize("action", ["save", "submit"])
@pytest.mark.parametrize("begun", [True, False])
def test_the_deadline_passes_while_the_form_is_open(writing, person, session, question, action, begun):
    if begun:
        ApplicationFactory(session=session, applicant=person, status="draft", submitted_at=None, version=0)
    Session.objects.update(applications_close_at=timezone.now())
    response = send(writing, session, question, action=action)
    assert response.status_code == 403
    assert TYPED in response.text
    assert not Application.objects.exclude(status="draft").exists()
    # And it is there when the person comes again.
    assert TYPED in writing.get(reverse("apply", args=[session.slug])).text


def test_the_deadline_passes_over_a_new_version_of_what_was_submitted(writing, person, session, question):
    application = save_draft(session, Entry({question.pk: "In time"}), by=person, version=0)
    submit(application, by=person)
    Session.objects.update(applications_close_at=timezone.now())
    response = send(writing, session, question, action="submit", version="1")
    assert response.status_code == 403
    assert TYPED in response.text
    application.refresh_from_db()
    assert application.status == "submitted"
    assert application.answers.get().value == "In time"


@pytest.mark.parametrize("action", ["save", "submit"])
def test_the_session_is_archived_meanwhile(writing, session, question, action):
    Session.objects.update(archived_at=timezone.now())
    response = send(writing, session, question, action=action)
    assert response.status_code in (403, 404)
    assert TYPED in response.text
    assert not Application.objects.exists()


@pytest.mark.parametrize("action", ["save", "submit"])
def test_a_project_leaves_the_session_meanwhile(writing, session, question, action):
    projects = [ProjectFactory(name=f"Choice {number}") for number in range(3)]
    session.projects.set(projects)
    choices = {preference_name(rank): str(project.pk) for rank, project in enumerate(projects, start=1)}
    session.projects.remove(projects[0])
    response = send(writing, session, question, action=action, **choices)
    assert response.status_code < 400
    application = Application.objects.get()
    kept = list(application.preferences.all()) if action == "submit" else list(application.draft["preferences"])
    assert projects[1] in kept or projects[1].pk in kept
    assert writing.get(reverse("apply", args=[session.slug])).status_code == 200


class TestQuestions:
    """A question is retired, removed or changed between the form and its sending."""

    def test_what_was_typed_to_one_that_is_retired_is_kept_shown_and_back_with_it(self, writing, person, session, question):
        other = QuestionFactory(session=session, label="And then?", required=False)
        organiser = SessionRoleFactory(session=session).user
        retire(question, by=organiser)
        response = send(writing, session, question, **{question_name(other.pk): "Then this"})
        assert response.status_code == 302
        page = writing.get(reverse("apply", args=[session.slug])).text
        assert TYPED in page
        assert "No longer asked" in page
        # Later saves come from a form that does not have it any more.
        version = Application.objects.get().version
        data = {question_name(other.pk): "Then that", "version": str(version), "action": "save"}
        writing.post(reverse("apply", args=[session.slug]), data)
        application = Application.objects.get()
        assert application.draft[str(question.pk)] == TYPED
        assert application.draft[str(other.pk)] == "Then that"
        unretire(question, by=organiser)
        shown = writing.get(reverse("apply", args=[session.slug])).context["form"]
        assert shown[question_name(question.pk)].data == TYPED
        # Also where the deadline passes over it, nothing that was typed is out of sight.
        retire(question, by=organiser)
        Session.objects.update(applications_close_at=timezone.now())
        assert TYPED in writing.get(reverse("application", args=[application.pk])).text

    def test_a_retired_one_is_not_handed_in(self, writing, person, session, question):
        retire(question, by=SessionRoleFactory(session=session).user)
        assert send(writing, session, question, action="submit").status_code == 302
        application = Application.objects.get()
        assert application.status == "submitted"
        assert not application.answers.exists()

    def test_one_is_removed(self, writing, session, question):
        other = QuestionFactory(session=session, required=False)
        removed = question.pk
        question.delete()
        question.pk = removed
        response = send(writing, session, question, action="submit", **{question_name(other.pk): "Still there"})
        assert response.status_code == 302
        assert Application.objects.get().answers.get().value == "Still there"

    @pytest.mark.parametrize("kind", [kind for kind in Question.Kind.values if kind not in ("short_text", "long_text")])
    @pytest.mark.parametrize("action", ["save", "submit"])
    def test_one_asks_for_something_else_by_now(self, writing, session, question, kind, action):
        Question.objects.update(kind=kind, choices="One\nTwo")
        response = send(writing, session, question, action=action)
        assert response.status_code < 500
        application = Application.objects.get()
        assert application.status == "draft" or application.answers.exists()
        assert writing.get(reverse("apply", args=[session.slug])).status_code == 200

    def test_a_new_required_one_is_asked_and_the_rest_kept(self, writing, session, question):
        QuestionFactory(session=session, label="Something new?", required=True)
        response = send(writing, session, question, action="submit")
        assert "Something new?" in response.text
        assert TYPED in response.text
        assert Application.objects.get().status == "draft"


@pytest.mark.parametrize(
    "change", [{"kind": kind, "choices": "One\nTwo"} for kind in Question.Kind.values] + [{"label": "Other words"}]
)
def test_answers_stay_readable_everywhere_whatever_becomes_of_the_question(client, change):
    session = SessionFactory(reviewing=True)
    reviewer = SessionRoleFactory(session=session, role="reviewer").user
    organiser = SessionRoleFactory(session=session).user
    question = QuestionFactory(session=session, label="Why this program?", kind="long_text")
    retired = QuestionFactory(session=session, label="Gone?", kind="long_text", retired_at=timezone.now())
    application = ApplicationFactory(session=session)
    Answer.objects.create(application=application, question=question, value=TYPED, asked="Why this program?")
    Answer.objects.create(application=application, question=retired, value="An old answer", asked="Gone?")
    Question.objects.filter(pk=question.pk).update(**change)

    def page(person, name, *arguments):
        client.force_login(person, backend=BACKEND)
        response = client.get(reverse(name, args=arguments))
        assert response.status_code == 200
        return response.text

    pages = {
        "own": page(application.applicant, "application", application.pk),
        "review": page(reviewer, "admin:cohorts_review_application", application.pk),
        "organiser": page(organiser, "admin:cohorts_application_change", application.pk),
        "beside": page(reviewer, "admin:cohorts_review_question", question.pk),
        "csv": page(organiser, "admin:cohorts_application_export"),
    }
    for name, text in pages.items():
        assert TYPED in text, name
        assert "An old answer" in text or name == "beside", name
    assert list(csv.reader(io.StringIO(pages["csv"])))
    client.force_login(application.applicant, backend=BACKEND)
    from accounts.personal_data import export

    told = json.dumps(export(application.applicant))
    assert TYPED in told
    assert "An old answer" in told


@pytest.mark.parametrize("action", ["save", "submit"])
@pytest.mark.parametrize("when", ["before", "inside"])
def test_the_database_is_locked_for_a_moment(writing, person, session, question, monkeypatch, action, when):
    """The answer is an error that the page in the browser takes for a reason to try again; what was saved before stays whole."""
    saved = save_draft(session, Entry({question.pk: "Saved before"}), by=person, version=0, tab="mine")
    broken = "_locked" if when == "before" else "keep_accommodations"
    with monkeypatch.context() as patch:

        def locked(*args, **kwargs):
            raise OperationalError("database is locked")

        patch.setattr(applications, broken, locked)
        response = send(writing, session, question, action=action, htmx=action == "save", version=str(saved.version), tab="mine")
        assert response.status_code >= 500
    kept = Application.objects.get()
    assert kept.draft[str(question.pk)] == "Saved before"
    assert (kept.version, kept.status) == (saved.version, "draft")
    # The same form once more, as the browser sends it by itself.
    response = send(writing, session, question, action=action, htmx=action == "save", version=str(saved.version), tab="mine")
    assert response.status_code < 400
    application = Application.objects.get()
    assert (application.answers.get().value if action == "submit" else application.draft[str(question.pk)]) == TYPED
