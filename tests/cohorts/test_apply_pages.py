"""The application form in the browser: nothing typed is lost, and nobody gets past the deadline."""

import datetime
import re

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from accounts.models import Message
from cohorts.applications import submit
from cohorts.entries import Entry
from cohorts.kept_entries import KEY, LARGEST_KEPT
from cohorts.models import Application, Question
from tests.factories import (
    PASSWORD,
    ApplicationFactory,
    GitHubIdentityFactory,
    ProjectFactory,
    QuestionFactory,
    SessionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
Status = Application.Status
HTMX = {"HX-Request": "true"}


@pytest.fixture
def session():
    found = SessionFactory(open=True, name="Spring", slug="spring")
    found.projects.set([ProjectFactory(name="Kettle"), ProjectFactory(name="Lantern")])
    return found


@pytest.fixture
def why(session):
    return QuestionFactory(session=session, label="Why?", max_words=5)


@pytest.fixture
def url(session):
    return reverse("apply", args=[session.slug])


@pytest.fixture
def person(client):
    found = UserFactory()
    client.force_login(found)
    return found


def answers(question, text, **more):
    return {f"question_{question.pk}": text, "version": "0", "action": "submit"} | more


def typed(response, question) -> str:
    """What the form's field holds, as the browser would show it."""
    html = response.content.decode()
    return re.search(rf'<textarea name="question_{question.pk}"[^>]*>\n?(.*?)</textarea>', html, re.DOTALL).group(1)


# Opening


def test_anybody_may_open_the_form(client, url, why):
    response = client.get(url)
    assert response.status_code == 200
    assert "Why?" in response.content.decode()
    assert "You are not logged in" in response.content.decode()
    assert not Application.objects.exists()


def test_opening_the_form_changes_nothing(client, url, why, person):
    client.get(url)
    assert not Application.objects.exists()
    application = ApplicationFactory(session=why.session, applicant=person, status="draft", submitted_at=None)
    before = Application.objects.values().get()
    client.get(url + "?action=submit")
    client.get(url + "?action=save")
    assert Application.objects.values().get() == before
    assert not application.events.exists()


def test_a_draft_session_cannot_be_applied_to(client, person):
    assert client.get(reverse("apply", args=[SessionFactory(draft=True).slug])).status_code == 404
    assert client.post(reverse("apply", args=[SessionFactory(draft=True).slug])).status_code == 404
    assert client.get(reverse("apply", args=["nothing-here"])).status_code == 404


def test_a_session_that_is_not_open_yet_says_when(client, person, why):
    why.session.applications_open_at, why.session.applications_close_at = (
        why.session.applications_close_at,
        why.session.applications_close_at.replace(year=why.session.applications_close_at.year + 1),
    )
    why.session.save()
    response = client.get(reverse("apply", args=[why.session.slug]))
    assert "Applications are not open yet" in response.content.decode()


def test_the_organisers_help_is_shown_and_cannot_hurt(client, url, session):
    QuestionFactory(session=session, help_text="<script>alert(1)</script> See https://example.org/a?b=1&c=2", min_words=3)
    html = client.get(url).content.decode()
    assert "<script>alert(1)" not in html
    assert '<a href="https://example.org/a?b=1&amp;c=2"' in html
    assert "At least 3 words." in html


def test_many_choices_become_a_list_and_optional_ones_can_be_emptied(client, url, session):
    many = "\n".join(f"Choice {number}" for number in range(12))
    required = QuestionFactory(session=session, kind=Question.Kind.CHOICE, choices=many)
    optional = QuestionFactory(session=session, kind=Question.Kind.CHOICE, choices=many, required=False)
    few = QuestionFactory(session=session, kind=Question.Kind.YES_NO, required=False)
    html = client.get(url).content.decode()
    for question in (required, optional):
        assert f'<select name="question_{question.pk}"' in html
    assert "Choose one" in html
    assert "No answer" in html
    assert f'<input type="radio" name="question_{few.pk}" value=""' in html


# Saving


def test_saving_without_javascript(client, url, why, person):
    response = client.post(url, answers(why, "far too many words for this", action="save"), follow=True)
    assert response.redirect_chain == [(url, 302)]
    assert "Saved" in response.content.decode()
    assert typed(response, why) == "far too many words for this"
    assert Application.objects.get().status == Status.DRAFT


def test_autosave_says_when_and_hands_out_the_next_version(client, url, why, person):
    response = client.post(url, answers(why, "one", action="save"), headers=HTMX)
    html = response.content.decode()
    assert re.search(r"Saved \d\d:\d\d", html)
    assert 'name="version" id="version" value="1" hx-swap-oob="true"' in html
    assert "<html" not in html
    response = client.post(url, answers(why, "two", action="save", version="1"), headers=HTMX)
    assert 'value="2"' in response.content.decode()


def test_an_older_tab_is_told_and_keeps_its_text(client, url, why, person):
    client.post(url, answers(why, "the older start", action="save", tab="a"))
    client.post(url, answers(why, "the newer <b>text</b>", action="save", version="1", tab="b"))
    fragment = client.post(url, answers(why, "typed here", action="save", version="1", tab="a"), headers=HTMX)
    assert fragment.status_code == 409
    assert "another tab or device" in fragment.content.decode()
    for action in ("save", "submit"):
        page = client.post(url, answers(why, "typed here", action=action, version="1", tab="a"))
        assert page.status_code == 409
        assert typed(page, why) == "typed here"
        assert "the newer &lt;b&gt;text&lt;/b&gt;" in page.content.decode()
        # The person decides: the page does not save by itself, and a save from it goes on from the newer version.
        assert "hx-post" not in page.content.decode()
        assert 'name="version" id="version" value="2"' in page.content.decode()
    application = Application.objects.get()
    assert Entry.of(application).texts == {why.pk: "the newer <b>text</b>"}
    assert application.status == Status.DRAFT
    client.post(url, answers(why, "both together", action="save", version="2", tab="c"))
    assert Entry.of(Application.objects.get()).texts == {why.pk: "both together"}


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 5000, "٣", "²", "1.5"])
def test_a_version_that_is_no_number_is_an_old_one(client, url, why, person, version):
    client.post(url, answers(why, "one", action="save"))
    assert client.post(url, answers(why, "two", action="save", version=version)).status_code == 409


def test_too_much_text_is_refused_but_stays_in_the_form(client, url, why, person):
    much = "a" * 400_001
    response = client.post(url, answers(why, much, action="save"))
    assert response.status_code == 422
    assert typed(response, why) == much
    assert "more text than the form can keep" in response.content.decode()
    assert client.post(url, answers(why, much, action="save"), headers=HTMX).status_code == 422


# Submitting


def test_submitting(client, url, why, person, tasks, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(url, answers(why, "Because I want to"))
    application = Application.objects.get()
    assert response.url == reverse("application", args=[application.pk])
    assert application.status == Status.SUBMITTED
    page = client.get(response.url).content.decode()
    assert "Because I want to" in page
    assert "Your application is submitted" in page
    assert Message.objects.get().recipient == person
    tasks.run()
    assert [message.to for message in mail.outbox] == [[person.email]]


def test_pressing_submit_twice_is_told(client, url, why, person):
    client.post(url, answers(why, "Because"))
    response = client.post(url, answers(why, "Because"), follow=True)
    assert "Nothing has changed since you submitted" in response.content.decode()
    assert Application.objects.get().events.count() == 1


def test_an_error_keeps_every_word_and_names_the_field(client, url, session, why, person):
    sure = QuestionFactory(session=session, label="Sure?", kind=Question.Kind.YES_NO)
    where = QuestionFactory(session=session, label="Where?", kind=Question.Kind.SHORT_TEXT, required=False)
    kettle = session.projects.first()
    text = "one two three four five six <i>"
    response = client.post(
        url,
        answers(why, text, **{f"question_{where.pk}": "Zürich ☃", "preference_1": kettle.pk, "preference_2": kettle.pk}),
    )
    html = response.content.decode()
    assert response.status_code == 200
    assert typed(response, why) == escape(text)
    assert 'value="Zürich ☃"' in html
    summary = html[html.index('class="error-summary') : html.index("<form id=")]
    assert "autofocus" in summary
    assert f'<a href="#id_question_{why.pk}">Why?</a><br>At most 5 words. You wrote 7.' in summary
    assert f'<a href="#id_question_{sure.pk}">Sure?</a><br>This question needs an answer.' in summary
    assert '<a href="#id_preference_2">' in summary
    assert "You chose Kettle twice" in summary
    # It is saved as well, so that going away loses nothing.
    assert Entry.of(Application.objects.get()).texts[why.pk] == text
    assert f'aria-describedby="id_question_{why.pk}_helptext id_question_{why.pk}_error"' in html


def test_no_and_zero_are_answers(client, url, session, person):
    sure = QuestionFactory(session=session, kind=Question.Kind.YES_NO)
    many = QuestionFactory(session=session, kind=Question.Kind.CHOICE, choices="0\n1\n2")
    client.post(url, {f"question_{sure.pk}": "no", f"question_{many.pk}": "0", "action": "submit"})
    assert [answer.value for answer in Application.objects.get().answers.all()] == [False, "0"]


def test_unknown_and_foreign_fields_are_ignored(client, url, why, person):
    foreign = QuestionFactory(label="Of another session?")
    stranger = ProjectFactory()
    more = {
        f"question_{foreign.pk}": "x",
        "question_999999": "x",
        "question_": "x",
        "question_²": "x",
        "preference_1": stranger.pk,
        "preference_2": "9" * 5000,
        "preference_77": "x",
        "status": "accepted",
        "tier": "0",
    }
    client.post(url, answers(why, "Because", **more))
    application = Application.objects.get()
    assert (application.status, application.tier) == (Status.SUBMITTED, None)
    assert [answer.question for answer in application.answers.all()] == [why]
    assert not application.project_preferences.exists()


@pytest.mark.parametrize(
    "text",
    [
        "\x00nul\x00",
        "a" * 10_000,
        "שלום עולם، مرحبا",
        "👩‍🚀 🧑🏽‍🚀 \U0010ffff",
        "\u202eright to left override",
        "'; DROP TABLE x; --",
        "{{7|add:7}} {%now 'Y'%}",
        "line\r\nline\rline",
    ],
)
def test_any_text_is_taken(client, url, why, person, text):
    client.post(url, answers(why, text, action="save"))
    shown = client.get(url)
    assert shown.status_code == 200
    response = client.post(url, answers(why, text, version="1"), follow=True)
    assert response.status_code == 200
    assert Application.objects.get().status == Status.SUBMITTED


def test_broken_bytes_are_taken_for_text(client, url, why, person):
    body = f"question_{why.pk}=%ff%fe&action=save".encode()
    assert client.post(url, body, content_type="application/x-www-form-urlencoded").status_code == 302


def test_changes_that_are_not_submitted_are_shown_and_can_be_dropped(client, url, why, person):
    client.post(url, answers(why, "first"))
    application = Application.objects.get()
    client.post(url, answers(why, "second", action="save", version=application.version))
    page = client.get(url)
    assert typed(page, why) == "second"
    assert "You have changes that are not submitted" in page.content.decode()
    drop = reverse("discard", args=[application.pk])
    assert "Drop your changes?" in client.get(drop).content.decode()
    assert typed(client.get(url), why) == "second"
    client.post(drop)
    assert typed(client.get(url), why) == "first"
    assert client.get(drop).status_code == 302


def test_a_proven_github_account_is_shown_not_asked(client, url, why, person):
    GitHubIdentityFactory(user=person, login="octo", verified=True, database_id=5)
    html = client.get(url).content.decode()
    assert 'name="github_login"' not in html
    assert "octo" in html


def test_a_login_known_already_is_filled_in(client, url, why, person):
    GitHubIdentityFactory(user=person, login="typed-before")
    assert 'value="typed-before"' in client.get(url).content.decode()


# The deadline


@pytest.mark.parametrize("action", ["save", "submit"])
@pytest.mark.parametrize("begun", [True, False])
def test_a_direct_post_after_the_deadline_is_refused_and_the_text_stays_readable(client, url, why, person, action, begun):
    if begun:
        client.post(url, answers(why, "in time", action="save"))
    with time_machine.travel(why.session.applications_close_at, tick=False):
        response = client.post(url, answers(why, "too <late>", action=action, version="1"))
    html = response.content.decode()
    assert response.status_code == 403
    assert "Applications are closed" in html
    assert "too &lt;late&gt;" in html
    # Submitted or not, what an application that was begun holds is its writer's to read.
    assert [Entry.of(one).texts[why.pk] for one in Application.objects.all()] == (["too <late>"] if begun else [])
    assert ("kept for you alone" in html) == begun
    assert not Application.objects.exclude(status="draft").exists()


def test_a_second_before_the_deadline_is_in_time(client, url, why, person):
    with time_machine.travel(why.session.applications_close_at - datetime.timedelta(seconds=1), tick=False):
        assert client.post(url, answers(why, "just now")).status_code == 302
    assert Application.objects.get().status == Status.SUBMITTED


@pytest.mark.parametrize("begun", [True, False])
def test_autosave_after_the_deadline_says_so(client, url, why, person, begun):
    if begun:
        client.post(url, answers(why, "in time"))
    with time_machine.travel(why.session.applications_close_at, tick=False):
        response = client.post(url, answers(why, "late", action="save", version="1"), headers=HTMX)
        page = client.get(reverse("application", args=[Application.objects.get().pk])).content.decode() if begun else ""
    assert response.status_code == 409
    assert ("kept for you alone" if begun else "Not saved") in response.content.decode()
    if begun:
        assert page.index("These changes were not submitted") < page.index("late") < page.index("in time")


def test_what_was_not_submitted_can_be_read_after_the_deadline(client, url, why, person):
    client.post(url, answers(why, "never sent", action="save"))
    with time_machine.travel(why.session.applications_close_at, tick=False):
        response = client.get(url)
    assert response.status_code == 200
    assert "never sent" in response.content.decode()


def test_a_decided_application_leads_to_its_own_page(client, url, why, person):
    application = ApplicationFactory(session=why.session, applicant=person, status="offered")
    assert client.get(url).url == reverse("application", args=[application.pk])
    assert client.post(url, answers(why, "more")).status_code == 403


# Before logging in


def log_in(client, person, url):
    return client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD, "next": url})


@pytest.mark.parametrize("action", ["save", "submit"])
def test_what_an_anonymous_visitor_typed_is_there_after_logging_in(client, url, why, action):
    response = client.post(url, answers(why, "typed before", action=action))
    assert response.url == f"{reverse('account_login')}?next=/sessions/spring/apply/"
    assert typed(client.get(url), why) == "typed before"
    assert log_in(client, UserFactory(), url).url == url
    page = client.get(url)
    assert typed(page, why) == "typed before"
    assert "What you typed before you logged in is filled in" in page.content.decode()
    # With JavaScript it is saved at once; opening the page alone saves nothing.
    assert 'hx-trigger="load' in page.content.decode()
    assert not Application.objects.exists()
    client.post(url, answers(why, "typed before", action="save"))
    assert Entry.of(Application.objects.get()).texts == {why.pk: "typed before"}
    assert not client.session.get(KEY)
    assert "filled in" not in client.get(url).content.decode()


def test_what_an_anonymous_visitor_typed_is_there_after_signing_up(client, url, why):
    client.post(url, answers(why, "typed before"))
    form = {"name": "Ada", "email": "ada@example.org", "password1": PASSWORD, "accept_terms": "on", "next": url}
    response = client.post(reverse("account_signup"), form)
    code = re.search(r"^\s*([A-Z0-9-]{6,})\s*$", Message.objects.get().body, re.MULTILINE).group(1)
    response = client.post(response.url, {"code": code})
    assert response.url == url
    assert typed(client.get(url), why) == "typed before"


def test_autosave_keeps_what_an_anonymous_visitor_types(client, url, why):
    response = client.post(url, answers(why, "typed", action="save"), headers=HTMX)
    assert "until you log in" in response.content.decode()
    assert typed(client.get(url), why) == "typed"


def test_text_saved_earlier_stands_beside_the_one_typed_before_logging_in(client, url, why):
    person = UserFactory()
    ApplicationFactory(
        session=why.session, applicant=person, status="draft", submitted_at=None, draft={str(why.pk): "saved in May"}
    )
    client.post(url, answers(why, "typed in June", action="submit"))
    log_in(client, person, url)
    page = client.get(url)
    assert typed(page, why) == "typed in June"
    assert "saved in May" in page.content.decode()
    assert "hx-post" not in page.content.decode()


def test_what_is_kept_for_visitors_has_a_largest_size(client, url, why):
    much = "a" * (LARGEST_KEPT + 1)
    response = client.post(url, answers(why, much))
    assert response.status_code == 422
    assert typed(response, why) == much
    assert not client.session.get(KEY)
    assert client.post(url, answers(why, much), headers=HTMX).status_code == 422


def test_what_is_kept_for_visitors_is_of_few_sessions(client):
    for _number in range(5):
        question = QuestionFactory()
        client.post(reverse("apply", args=[question.session.slug]), answers(question, "text"))
    assert len(client.session[KEY]) == 3


def test_an_anonymous_post_after_the_deadline_is_refused(client, url, why):
    with time_machine.travel(why.session.applications_close_at, tick=False):
        response = client.post(url, answers(why, "late"))
    assert response.status_code == 403
    assert "late" in response.content.decode()
    assert not client.session.get(KEY)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"])
def test_logging_in_leads_nowhere_else(client, url, why, target):
    client.post(url + "?next=" + target, answers(why, "typed", next=target))
    response = log_in(client, UserFactory(), target)
    assert response.status_code == 302
    assert "evil" not in response.url
    assert "javascript" not in response.url


def test_a_form_from_before_a_log_in_saves_nothing_and_loses_nothing(why, url):
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory())
    for action in ("save", "submit"):
        page = client.post(url, answers(why, "typed <here>", action=action, csrfmiddlewaretoken="x" * 64))
        assert page.status_code == 403
        assert typed(page, why) == "typed &lt;here&gt;"
        assert "send it again" in page.content.decode()
    fragment = client.post(url, answers(why, "typed", action="save"), headers=HTMX)
    assert fragment.status_code == 409
    assert not Application.objects.exists()
    # The line brings a token of today along, with which the script sends the text once more.
    token = re.search(r'id="form-token" value="(\w+)" hx-swap-oob', fragment.content.decode()).group(1)
    assert fragment.headers["HX-Trigger-After-Settle"] == "renewed"
    client.post(url, answers(why, "typed", action="save", csrfmiddlewaretoken=token), headers=HTMX)
    assert Entry.of(Application.objects.get()).texts[why.pk] == "typed"


# Whose text it is


@pytest.mark.parametrize("htmx", [True, False])
def test_a_log_in_that_ended_while_typing_costs_nothing_and_shows_the_text_to_nobody_else(client, url, why, person, htmx):
    client.post(url, answers(why, "saved before", action="save"))
    client.logout()
    response = client.post(
        url, answers(why, "typed since", action="save", version="1", person=person.pk), headers=HTMX if htmx else {}
    )
    if htmx:
        assert response.status_code == 409
        assert "Your log-in has ended. What you typed is kept." in response.content.decode()
    else:
        assert response.url == f"{reverse('account_login')}?next={url}"
    assert typed(client.get(url), why) == ""
    kept = client.session[KEY]
    other = Client()
    log_in(other, UserFactory(), url)
    store = other.session
    store[KEY] = kept
    store.save()
    assert typed(other.get(url), why) == ""
    other.post(url, answers(why, "of another", action="save"))
    assert other.session[KEY] == kept
    log_in(client, person, url)
    page = client.get(url)
    # The same text, further on: there is nothing to decide.
    assert typed(page, why) == "typed since"
    assert "saved before" not in page.content.decode()


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_the_form_of_one_account_is_never_saved_into_another(client, url, why, person, headers):
    response = client.post(url, answers(why, "not mine", person=person.pk + 1), headers=headers)
    assert response.status_code == 409
    assert "opened by another account" in response.content.decode()
    assert ("not mine" in response.content.decode()) == (not headers)
    assert not Application.objects.exists()


# A warning, and projects


def test_a_warning_is_one_line_and_stands_before_the_answers(client, url, why, person):
    client.post(url, answers(why, "Because", content_warning=" Speaks of\r\n\u202e a  loss "))
    application = Application.objects.get()
    assert application.content_warning == "Speaks of a loss"
    page = client.get(reverse("application", args=[application.pk])).content.decode()
    assert page.index("Speaks of a loss") < page.index("Because")
    assert '<details class="card fold-card" open>' in client.get(url).content.decode()
    page = client.post(url, answers(why, "Because", version="1", content_warning="a" * 301))
    assert "At most 300 characters fit here. You wrote 301." in page.content.decode()
    client.post(url, answers(why, "Because", version="2", content_warning=""))
    application.refresh_from_db()
    assert application.content_warning == ""


def test_projects_that_left_the_session_are_named_and_the_rest_keeps_its_order(client, url, session, why, person):
    session.projects.set([ProjectFactory(name=f"Project {number}") for number in range(9)])
    first, second, *_others, last = session.projects.all()
    wishes = {f"preference_{rank}": project.pk for rank, project in enumerate((first, last, second), start=1)}
    client.post(url, answers(why, "Because", action="save", **wishes))
    assert client.get(url).content.decode().count('<select name="preference_') == 6
    session.projects.remove(last)
    page = client.get(url).content.decode()
    assert f"Not part of this session any more: {last.name}." in page
    application = Application.objects.get()
    submit(application, by=person)
    assert [wish.project for wish in application.project_preferences.all()] == [first, second]


def test_the_form_is_never_cached(client, url, why):
    assert "no-store" in client.get(url).headers["Cache-Control"]
