"""Questions on pages: the form of all kinds, its preview, and what happens when a question changes after people have answered."""

import datetime

import pytest
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from cohorts.admin.question_inline import QuestionInline
from cohorts.applications import save_draft, submit
from cohorts.entries import Entry, EntryInvalid, question_name
from cohorts.models import Answer, Application, Question, Session
from cohorts.retiring import RetiringError, retire, unretire
from tests.factories import ApplicationFactory, QuestionFactory, SessionFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db
Kind = Question.Kind


@pytest.fixture
def session():
    return SessionFactory(open=True)


@pytest.fixture
def organiser(session):
    return SessionRoleFactory(session=session).user


def answered(question, value="An answer", **fields) -> Answer:
    return Answer.objects.create(
        application=ApplicationFactory(session=question.session), question=question, value=value, **fields
    )


class TestTheForm:
    TYPED = {
        Kind.SHORT_TEXT: "A line", Kind.LONG_TEXT: "Two\nlines", Kind.NUMBER: "12,50", Kind.DATE: "2027-01-31", Kind.CHOICE: "b",
        Kind.CHOICES: ["c", "a"], Kind.URL: "example.org/me", Kind.EMAIL: "me@example.org", Kind.RATING: "2", Kind.YES_NO: "no",
    }  # fmt: skip
    VALUES = {
        Kind.SHORT_TEXT: "A line", Kind.LONG_TEXT: "Two\nlines", Kind.NUMBER: "12.5", Kind.DATE: "2027-01-31", Kind.CHOICE: "b",
        Kind.CHOICES: ["a", "c"], Kind.URL: "https://example.org/me", Kind.EMAIL: "me@example.org", Kind.RATING: 2, Kind.YES_NO: False,
    }  # fmt: skip

    def test_every_kind_is_saved_shown_again_and_submitted(self, client, session):
        questions = {
            kind: QuestionFactory(session=session, kind=kind, label=f"{kind}?", choices="a\nb\nc" if "choice" in kind else "")
            for kind in self.TYPED
        }
        person = UserFactory()
        client.force_login(person)
        address = reverse("apply", args=[session.slug])
        data = {question_name(questions[kind].pk): typed for kind, typed in self.TYPED.items()}
        client.post(address, data | {"version": "0", "action": "save"})
        page = client.get(address)
        for kind, typed in self.TYPED.items():
            assert page.context["form"][question_name(questions[kind].pk)].data == typed
        client.post(address, data | {"version": "1", "action": "submit"})
        application = Application.objects.get()
        assert application.status == "submitted"
        assert {answer.question.kind: answer.value for answer in application.answers.all()} == self.VALUES
        assert {answer.asked for answer in application.answers.all()} == {f"{kind}?" for kind in self.TYPED}
        # What was submitted fills the form again, and submitting that changes nothing.
        shown = client.get(address).context["form"]
        assert shown[question_name(questions[Kind.CHOICES].pk)].data == ["a", "c"]
        assert shown[question_name(questions[Kind.YES_NO].pk)].data == "no"

    def test_it_costs_the_same_with_many_questions(self, client, session, django_assert_max_num_queries):
        for kind in [kind for kind in Kind.values if kind != Kind.FILE] * 2:
            QuestionFactory(session=session, kind=kind, choices="a\nb" if "choice" in kind else "")
        address = reverse("apply", args=[session.slug])
        with django_assert_max_num_queries(6):
            client.get(address)

    def test_a_choice_that_is_gone_stays_in_the_draft_and_is_named(self, client, session):
        days = QuestionFactory(session=session, label="Days?", kind=Kind.CHOICES, choices="Mon\nTue")
        person = UserFactory()
        application = save_draft(session, Entry({days.pk: "Mon\nTue"}), by=person, version=0)
        Question.objects.filter(pk=days.pk).update(choices="Mon\nWed")
        with pytest.raises(EntryInvalid) as caught:
            submit(Application.objects.get(), by=person)
        (error,) = caught.value.errors[question_name(days.pk)]
        assert error.messages == ["“Tue” cannot be chosen, or no longer. Choose again."]
        client.force_login(person)
        text = client.get(reverse("apply", args=[session.slug])).content.decode()
        assert "Tue (no longer a choice)" in text
        application.refresh_from_db()
        assert application.draft[str(days.pk)] == "Mon\nTue"

    def test_an_answer_to_what_is_no_longer_asked_stays(self, session):
        person = UserFactory()
        kept, asked = QuestionFactory(session=session, label="Kept?"), QuestionFactory(session=session)
        application = save_draft(session, Entry({kept.pk: "Stays", asked.pk: "First"}), by=person, version=0)
        submit(application, by=person)
        retire(kept, by=SessionRoleFactory(session=session).user)
        application = save_draft(Session.objects.get(), Entry({asked.pk: "Second"}), by=person, version=application.version)
        submit(application, by=person)
        assert {answer.question: answer.value for answer in application.answers.all()} == {kept: "Stays", asked: "Second"}
        # And the form has nothing unsaved because of it.
        application.refresh_from_db()
        assert Entry.of(application).texts == {asked.pk: "Second"}


class TestChangingWhatWasAnswered:
    def test_another_kind_is_refused_with_advice(self, session):
        question = QuestionFactory(session=session)
        question.kind = Kind.SHORT_TEXT
        question.full_clean()
        answered(question)
        question = Question.objects.get()
        question.kind = Kind.NUMBER
        with pytest.raises(ValidationError, match="Stop asking it, and add a new question of the other kind"):
            question.full_clean()

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ({"sensitive": True, "shown_to_reviewers": False}, {"sensitive": False}),
            ({"sensitive": False, "shown_to_reviewers": False}, {"shown_to_reviewers": True}),
        ],
    )
    def test_nobody_reads_more_than_was_promised(self, session, before, after):
        question = QuestionFactory(session=session, **before)
        answered(question)
        for name, value in after.items():
            setattr(question := Question.objects.get(), name, value)
        with pytest.raises(ValidationError, match="People have answered this question because"):
            question.full_clean()
        question = Question.objects.get()
        question.sensitive, question.shown_to_reviewers = True, True
        question.full_clean()

    def test_other_words_leave_the_earlier_ones_with_the_answer(self, session):
        question = QuestionFactory(session=session, label="Why?")
        old, stamped = answered(question), answered(question, asked="Even earlier?")
        question.label = "Why now?"
        question.save()
        question.label = "Why today?"
        question.save()
        old.refresh_from_db()
        stamped.refresh_from_db()
        assert (old.asked_otherwise, stamped.asked_otherwise) == ("Why?", "Even earlier?")

    def test_a_rating_keeps_the_steps_that_were_given(self, session):
        question = QuestionFactory(session=session, kind=Kind.RATING)
        answered(question, 5)
        question.choices = "Never\nOften"
        with pytest.raises(ValidationError, match="keep at least so many steps"):
            question.full_clean()
        question.choices = "a\nb\nc\nd\ne\nf"
        question.full_clean()

    def test_only_organisers_stop_asking_a_question(self, session, organiser):
        question = QuestionFactory(session=session)
        reviewer = SessionRoleFactory(session=session, role="reviewer").user
        for person in (reviewer, UserFactory()):
            with pytest.raises(RetiringError):
                retire(question, by=person)
        retire(question, by=organiser)
        since = question.retired_at
        assert retire(question, by=organiser).retired_at == since
        assert not Question.objects.asked().exists()
        unretire(question, by=organiser)
        assert Question.objects.asked().get() == question


class TestTheAdmin:
    @pytest.fixture
    def save(self, rf, session, organiser):
        """Saves the questions of the session with changes by their id."""

        def save(**changes):
            request = rf.post("/")
            request.user = organiser
            inline = QuestionInline(Session, admin.site)
            formset_class = inline.get_formset(request, session)
            shown = formset_class(instance=session, queryset=inline.get_queryset(request))
            data = {"questions-TOTAL_FORMS": len(shown.forms), "questions-INITIAL_FORMS": len(shown.forms)}
            for form in shown.forms:
                for name in form.fields:
                    value = form[name].value()
                    data[form.add_prefix(name)] = "" if value is None or value is False else value
                data |= {form.add_prefix(name): value for name, value in changes.items()}
            formset = formset_class(data, instance=session, queryset=inline.get_queryset(request))
            if formset.is_valid():
                formset.save()
            return formset

        return save

    def test_a_used_question_is_retired_by_a_box_and_asked_again(self, session, save):
        question = QuestionFactory(session=session)
        answered(question)
        assert save(retired="on", label="Still here?").is_valid()
        question.refresh_from_db()
        assert question.retired_at is not None
        assert question.label == "Still here?"
        assert save(retired="").is_valid()
        question.refresh_from_db()
        assert question.retired_at is None

    def test_an_unused_question_has_no_such_box(self, session, save):
        question = QuestionFactory(session=session)
        assert save(retired="on").is_valid()
        question.refresh_from_db()
        assert question.retired_at is None

    def test_errors_stand_at_their_field(self, session, save):
        answered(QuestionFactory(session=session, kind=Kind.LONG_TEXT))
        errors = save(kind=Kind.DATE, at_least="5").forms[0].errors
        assert set(errors) == {"kind", "at_least"}

    def test_the_page_links_the_preview_and_the_copies(self, client, session, organiser):
        answered(QuestionFactory(session=session))
        client.force_login(organiser)
        text = client.get(reverse("admin:cohorts_session_change", args=[session.pk])).content.decode()
        for name, argument in (
            ("apply_preview", session.slug),
            ("admin:cohorts_session_copy_questions", session.pk),
            ("admin:cohorts_session_copy_criteria", session.pk),
        ):
            assert reverse(name, args=[argument]) in text
        assert "Ask it no longer" in text


class TestThePreview:
    @pytest.fixture
    def draft(self, organiser):
        session = SessionFactory(draft=True)
        SessionRoleFactory(session=session, user=organiser)
        return session

    def test_organisers_see_the_form_of_a_session_that_nobody_knows_of(self, client, draft, organiser):
        asked = QuestionFactory(session=draft, label="Why?", max_words=2, sensitive=True)
        QuestionFactory(session=draft, label="Gone?", retired_at=timezone.now())
        client.force_login(organiser)
        address = reverse("apply_preview", args=[draft.slug])
        text = client.get(address).content.decode()
        assert "nothing you type here is saved" in text
        assert "Sensitive: only organisers read this." in text
        assert "Gone?" not in text
        assert "They do not see your name while they score." in text
        assert "hx-post" not in text
        assert 'value="submit"' not in text
        name = question_name(asked.pk)
        refused = client.post(address, {name: "far too many words"}).content.decode()
        assert "At most 2 words. You wrote 4." in refused
        assert "far too many words" in refused
        assert "This could be submitted. Nothing was saved." in client.post(address, {name: "two words"}).content.decode()
        assert not Application.objects.exists()
        assert "application" not in str(dict(client.session))

    def test_a_required_file_does_not_stand_in_the_way(self, client, draft, organiser):
        QuestionFactory(session=draft, kind=Kind.FILE)
        client.force_login(organiser)
        assert "This could be submitted." in client.post(reverse("apply_preview", args=[draft.slug]), {}).content.decode()

    def test_nobody_else_sees_it(self, client, draft, session):
        for found in (draft, session):
            address = reverse("apply_preview", args=[found.slug])
            assert client.get(address).status_code == 404
            client.force_login(SessionRoleFactory(session=session, role="reviewer").user)
            assert client.get(address).status_code == 404
            assert client.post(address, {}).status_code == 404
            client.logout()

    def test_it_works_after_the_deadline(self, client, organiser, session):
        Session.objects.filter(pk=session.pk).update(
            applications_open_at=timezone.now() - datetime.timedelta(days=9),
            applications_close_at=timezone.now() - datetime.timedelta(days=1),
        )
        client.force_login(organiser)
        assert client.get(reverse("apply_preview", args=[session.slug])).status_code == 200
