"""Taking over answers of an earlier application."""

import pytest
from django.urls import reverse

from cohorts.entries import Entry
from cohorts.models import Answer, Application, ProjectPreference, Question
from cohorts.moves import MoveError
from cohorts.reusing import reusable_answers, reuse_answers
from tests.factories import ApplicationFactory, ProjectFactory, QuestionFactory, SessionFactory, UserFactory

pytestmark = pytest.mark.django_db
Kind = Question.Kind


@pytest.fixture
def person():
    return UserFactory()


@pytest.fixture
def session():
    return SessionFactory(open=True, name="Spring")


@pytest.fixture
def earlier(person):
    return ApplicationFactory(session=SessionFactory(name="Autumn"), applicant=person, content_warning="Speaks of a loss")


def answer(application, value, **question):
    asked = QuestionFactory(session=application.session, **question)
    Answer.objects.create(application=application, question=asked, value=value)
    return asked


def test_answers_are_found_by_copying_and_by_words_and_fill_only_what_is_empty(session, earlier, person):
    old = answer(earlier, "To learn", label="Why?")
    between = QuestionFactory(session=SessionFactory(), label="Why us?", copied_from=old)
    copied = QuestionFactory(session=session, label="Why now?", copied_from=between)
    alike = QuestionFactory(session=session, label="  which  DAYS? ", kind=Kind.CHOICES, choices="Monday\nTuesday")
    answer(earlier, ["Tuesday", "Monday"], label="Which days?", kind=Kind.CHOICES, choices="Monday\nTuesday")
    typed = QuestionFactory(session=session, label="Where?")
    answer(earlier, "Rome", label="Where?")
    left_out = [
        (QuestionFactory(session=session, label="Sure?", kind=Kind.YES_NO), answer(earlier, "yes", label="Sure?")),
        (
            QuestionFactory(session=session, label="Colour?", kind=Kind.CHOICE, choices="Red\nBlue"),
            answer(earlier, "Green", label="Colour?", kind=Kind.CHOICE, choices="Green\nBlue"),
        ),
        (QuestionFactory(session=session, label="CV", kind=Kind.FILE), answer(earlier, 7, label="CV", kind=Kind.FILE)),
    ]
    shared, gone = ProjectFactory(), ProjectFactory()
    session.projects.set([ProjectFactory(), shared])
    for rank, project in enumerate((gone, shared), start=1):
        ProjectPreference.objects.create(application=earlier, project=project, rank=rank)
    (offer,) = reusable_answers(session, person, Entry())
    assert (offer.application, offer.number) == (earlier, 5)
    mine = ApplicationFactory(
        session=session, applicant=person, status="draft", submitted_at=None, draft={str(typed.pk): "Paris"}, version=3
    )
    (offer,) = reusable_answers(session, person, Entry.of(mine))
    reused = reuse_answers(session, earlier.pk, by=person)
    assert offer.number == len(reused.filled)
    assert reused.filled == ["Why now?", "  which  DAYS? ", "Projects you would like", "What readers should know first"]
    mine.refresh_from_db()
    entry = Entry.of(mine)
    assert {pk: text for pk, text in entry.texts.items() if text} == {
        copied.pk: "To learn",
        alike.pk: "Tuesday\nMonday",
        typed.pk: "Paris",
    }
    assert all(not entry.texts.get(new.pk) for new, _old in left_out)
    assert (entry.preferences, entry.content_warning, mine.version) == ((shared.pk,), "Speaks of a loss", 4)
    # Once more finds nothing left to fill, and writes nothing.
    assert reuse_answers(session, earlier.pk, by=person).filled == []
    assert reusable_answers(session, person, entry) == []


def test_only_ones_own_submitted_applications_are_offered(session, person):
    question = QuestionFactory(session=session, label="Why?")
    foreign, draft = ApplicationFactory(), ApplicationFactory(applicant=person, status="draft", submitted_at=None)
    for application in (foreign, draft):
        answer(application, "Secret", label="Why?")
        with pytest.raises(MoveError):
            reuse_answers(session, application.pk, by=person)
    assert reusable_answers(session, person, Entry()) == []
    assert not Application.objects.filter(session=session).exists()
    assert question.answers.count() == 0


def test_the_form_offers_it_while_anything_is_empty_and_says_what_was_filled(
    client, session, earlier, person, django_assert_max_num_queries
):
    QuestionFactory(session=session, label="Why?")
    typed = QuestionFactory(session=session, label="Where?")
    QuestionFactory(session=session, label="CV", kind=Kind.FILE, required=False)
    answer(earlier, "To learn", label="Why?")
    answer(earlier, "Rome", label="Where?")
    client.force_login(person)
    form = reverse("apply", args=[session.slug])
    assert "fills 3 fields" in client.get(form).content.decode()
    client.post(form, {"action": "save", "version": "0", f"question_{typed.pk}": "Paris"})
    page = client.get(form).content.decode()
    assert "Use answers from Autumn" in page
    assert "fills 2 fields" in page
    reuse = reverse("apply_reuse", args=[session.slug])
    page = client.post(reuse, {"application": earlier.pk}, follow=True).content.decode()
    assert "Filled in from an earlier application: “Why?”; “What readers should know first”. Read it again" in page
    assert "Files are not taken over" in page
    assert "To learn" in page
    assert "Use answers from" not in page
    assert "no earlier application" in client.post(reuse, {"application": "x"}, follow=True).content.decode()
    with django_assert_max_num_queries(8):
        reusable_answers(session, person, Entry())
