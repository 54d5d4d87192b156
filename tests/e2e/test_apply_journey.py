"""Applying in a real browser: by keyboard on a line that breaks, in two tabs, and without JavaScript. Each page is looked at with axe."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from cohorts.entries import Entry
from cohorts.models import Answer, Application, Question
from tests import factories

from .browser import axe_in_both_themes
from .heard import said

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
Kind = Question.Kind
WHY, WHEN, SURE, SKILLS = (
    "Why do you want to take part?",
    "Which day suits you?",
    "Can you give four hours a week?",
    "What do you know?",
)


@pytest.fixture
def session():
    found = factories.SessionFactory(open=True, name="Spring", slug="spring")
    found.projects.set([factories.ProjectFactory(name="Kettle"), factories.ProjectFactory(name="Lantern")])
    factories.QuestionFactory(session=found, label=WHY, max_words=40)
    factories.QuestionFactory(session=found, label=WHEN, kind=Kind.SHORT_TEXT, required=False)
    factories.QuestionFactory(session=found, label=SURE, kind=Kind.YES_NO)
    factories.QuestionFactory(session=found, label=SKILLS, kind=Kind.CHOICES, choices="HTML\nPython\nTests", required=False)
    return found


@pytest.fixture
def person(session):
    """Somebody who applied to an earlier session, where the first question was asked in the same words."""
    found = factories.UserFactory(email="amara@example.org", name="Amara Okafor")
    earlier = factories.ApplicationFactory(session=factories.SessionFactory(reviewing=True, name="Autumn"), applicant=found)
    question = factories.QuestionFactory(session=earlier.session, label=WHY)
    Answer.objects.create(application=earlier, question=question, value="To learn from others.")
    return found


@pytest.fixture
def address(live_server, session) -> str:
    return live_server.url + reverse("apply", args=[session.slug])


def come_in(page: Page, server: str, person) -> None:
    """Log in without the form: other journeys look at that."""
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server}])


def saved(page: Page, words: str = "Saved") -> None:
    expect(page.locator("#saved")).to_contain_text(words)
    said(page, words)
    page.wait_for_function("() => !document.querySelector('.htmx-request')")


def nothing_kept(page: Page) -> None:
    """Until all that was typed has arrived: then the browser keeps nothing of it."""
    page.wait_for_function(
        "() => ![...Object.keys(localStorage), ...Object.keys(sessionStorage)].some((key) => key.startsWith('kept:'))"
    )


def stored(person, session) -> dict[str, str]:
    """What the draft holds, by the question's words."""
    application = Application.objects.select_related("applicant__github").get(applicant=person, session=session)
    texts = Entry.of(application).texts
    return {question.label: texts.get(question.pk, "") for question in session.questions.all()}


def test_by_keyboard_on_a_line_that_breaks_and_in_two_tabs(page, context, live_server, session, person, address):
    come_in(page, live_server.url, person)
    page.goto(address)
    page.get_by_role("button", name="Use answers from Autumn").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Filled in from an earlier application")).to_be_visible()
    expect(page.get_by_label(WHY)).to_have_value("To learn from others.")
    axe_in_both_themes(page)
    page.get_by_label(WHY).focus()
    page.keyboard.press("End")
    page.keyboard.type(" And to give back.")
    page.keyboard.press("Tab")
    saved(page)

    # The line breaks in another tab. What is typed there stays in the browser, also when the tab is closed.
    broken = context.new_page()
    broken.goto(address)
    broken.wait_for_function("() => window.htmx")
    context.set_offline(True)
    broken.get_by_label(WHEN).fill("Monday")
    broken.get_by_role("checkbox", name="Python").check()
    broken.get_by_label(WHEN).blur()
    expect(broken.locator("#saved")).to_contain_text("Kept in this browser. We send it as soon as the site can be reached.")
    broken.get_by_role("button", name="Submit application").click()
    expect(broken.locator("#saved")).to_contain_text("You are offline")
    broken.close()
    context.set_offline(False)
    assert stored(person, session)[WHEN] == ""
    again = context.new_page()
    again.goto(address)
    expect(again.get_by_text("had not reached us. It is in the form again.")).to_be_visible()
    nothing_kept(again)
    assert stored(person, session) == {WHY: "To learn from others. And to give back.", WHEN: "Monday", SURE: "", SKILLS: "Python"}

    # The older tab is told at once, keeps its text, and shows it beside the newer one.
    page.get_by_label(WHEN).focus()
    page.keyboard.type("Friday")
    page.keyboard.press("Tab")
    expect(page.locator("#saved")).to_contain_text("another tab or device saved a newer text")
    # Closed before it was decided, and opened again: both texts are there, and nothing is overwritten.
    page.reload()
    expect(page.get_by_label(WHEN)).to_have_value("Monday")
    expect(page.get_by_text("another text was saved since")).to_be_visible()
    axe_in_both_themes(page)
    page.get_by_role("button", name="Use this text").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label(WHEN)).to_have_value("Friday")
    nothing_kept(page)
    assert stored(person, session)[WHEN] == "Friday"

    # A log-in that ends while somebody types costs nothing, and the text shows to nobody else.
    context.clear_cookies(name="sessionid")
    page.get_by_label(WHEN).fill("Sunday")
    page.get_by_label(WHEN).blur()
    expect(page.get_by_role("link", name="Log in again")).to_be_visible()
    again.goto(address)
    expect(again.get_by_label(WHEN)).to_have_value("")
    come_in(page, live_server.url, person)
    page.reload()
    expect(page.get_by_label(WHEN)).to_have_value("Sunday")
    nothing_kept(page)

    page.get_by_role("group", name=SURE).get_by_role("radio", name="Yes").focus()
    page.keyboard.press("Space")
    nothing_kept(page)
    page.get_by_role("button", name="Submit application").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your application is submitted.")).to_be_visible()
    axe_in_both_themes(page)
    nothing_kept(page)
    assert Application.objects.get(session=session).answers.count() == 4

    # Back to the form, which knows the version that stands, and goes on from it.
    page.go_back()
    page.get_by_label(WHEN).fill("Sunday or Monday")
    page.get_by_label(WHEN).blur()
    saved(page, "not submitted")
    assert stored(person, session)[WHEN] == "Sunday or Monday"
    # The deadline passes over what was typed since.
    session.applications_close_at = timezone.now()
    session.save()
    page.reload()
    expect(page.get_by_role("heading", name="Applications are closed")).to_be_visible()
    axe_in_both_themes(page)
    page.get_by_role("link", name="See your application").click()
    expect(page.get_by_role("heading", name="These changes were not submitted")).to_be_visible()
    axe_in_both_themes(page)
    # Who logs out leaves nothing behind for the next person, and is asked where that loses a text.
    page.evaluate(
        "owner => localStorage.setItem(`kept:${owner}:x`, JSON.stringify({at: Date.now(), fields: {}}))", f"spring:{person.pk}"
    )
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Log in", exact=True)).to_be_visible()
    nothing_kept(page)
    assert len(asked) == 1


def test_without_javascript_from_the_first_word_to_the_deadline(browser, live_server, session, person, address):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(address)
    page.get_by_label(WHY).fill("Because I would like to.")
    page.get_by_role("button", name="Submit application").click()
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password", exact=True).fill(factories.PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("What you typed before you logged in is filled in.")).to_be_visible()
    page.get_by_role("button", name="Save draft").last.click()
    expect(page.get_by_text("Saved. You can close this page")).to_be_visible()
    page.get_by_role("button", name="Submit application").click()
    expect(page.get_by_role("heading", name="Please check this")).to_be_visible()
    page.get_by_role("group", name=SURE).get_by_role("radio", name="Yes").check()
    page.get_by_label("Choice 1").select_option(label="Lantern")
    page.get_by_text("Does something in your answers need a warning?").click()
    page.get_by_label("What readers should know first").fill("Speaks of an illness.")
    page.get_by_role("button", name="Submit application").click()
    expect(page.get_by_text("Your application is submitted.")).to_be_visible()
    expect(page.get_by_text("Speaks of an illness.")).to_be_visible()

    # A new version is begun, and the deadline passes over it.
    page.get_by_role("link", name="Edit").click()
    page.get_by_label(WHY).fill("Because I would like to learn.")
    session.applications_close_at = timezone.now()
    session.save()
    page.get_by_role("button", name="Submit the new version").click()
    expect(page.get_by_text("It came too late, so it is not submitted.")).to_be_visible()
    page.get_by_role("link", name="See your application").click()
    expect(page.get_by_role("heading", name="These changes were not submitted")).to_be_visible()
    expect(page.get_by_text("Because I would like to learn.")).to_be_visible()
    expect(page.get_by_role("heading", name="In review")).to_be_visible()
    assert Application.objects.get(session=session).answers.get(question__label=WHY).value == "Because I would like to."
    page.context.close()
