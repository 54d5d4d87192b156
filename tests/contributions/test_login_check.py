"""Logins that people typed are looked up on GitHub in the background, and what came of it is said in words."""

import datetime

import pytest
from django.urls import reverse

from accounts.identity import set_github_login
from accounts.models import GitHubIdentity, Message
from cohorts.applications import save_draft, submit
from cohorts.entries import Entry
from contributions.sandbox import Sandbox, World, sandbox_transport
from contributions.tasks import check_github_login
from tests.factories import GitHubIdentityFactory, QuestionFactory, SessionFactory, UserFactory

pytestmark = pytest.mark.django_db
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture
def sandbox(settings):
    world = World()
    world.add_user("amara-okafor", name="Amara\n Okafor")
    world.add_organization("lanternweb")
    world.add_bot("checks")
    sandbox = Sandbox(world)
    settings.GITHUB_TRANSPORT = sandbox_transport(sandbox)
    settings.GITHUB_TOKENS = ["one"]
    return sandbox


@pytest.fixture
def session():
    return SessionFactory(open=True)


@pytest.fixture
def person():
    return UserFactory()


def typed(session, person, login, version=0):
    return save_draft(session, Entry(github_login=login), by=person, version=version)


def form(client, session, person) -> str:
    client.force_login(person)
    page = client.get(reverse("apply", args=[session.slug])).content.decode()
    fragment = client.get(reverse("apply_login", args=[session.slug])).content.decode()
    words = fragment[fragment.index("<p") : fragment.index("</p>")].split(">", 1)[1]
    assert words in page
    return words


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("Amara-Okafor", "Checked: this is Amara Okafor’s account."),
        ("https://github.com/amara-okafor", "Checked: this is Amara Okafor’s account."),
        ("amara-okafro", "GitHub does not know this login. Check the spelling."),
        ("lanternweb", "On GitHub this is an organisation."),
        ("checks", "On GitHub this is a bot."),
        ("not a login!", None),
        ("", None),
    ],
)
def test_a_login_in_a_draft_is_looked_up_and_the_form_says_what_it_is(client, sandbox, session, person, tasks, login, words):
    application = typed(session, person, login)
    version = application.version
    tasks.advance(MINUTE)
    tasks.run()
    assert len(sandbox.log) == (words is not None)
    said = form(client, session, person)
    assert words in said if words else said == ""
    application.refresh_from_db()
    # It is neither an answer nor an identity, and no new version: the tab goes on saving.
    assert (application.version, Entry.of(application).github_login) == (version, login)
    assert not GitHubIdentity.objects.exists()
    assert not Message.objects.exists()


def test_typing_on_asks_once_about_the_last_and_another_login_asks_again(client, sandbox, session, person, tasks):
    for version, login in enumerate(["a", "amara", "amara-okafor"]):
        typed(session, person, login, version)
    assert len(tasks.enqueued(check_github_login)) == 1
    tasks.advance(MINUTE)
    tasks.run()
    assert len(sandbox.log) == 1
    # Other words in the form ask nothing.
    question = QuestionFactory(session=session)
    save_draft(session, Entry({question.pk: "Because"}, github_login="amara-okafor"), by=person, version=3)
    tasks.advance(MINUTE)
    tasks.run()
    assert len(sandbox.log) == 1
    assert "Amara" in form(client, session, person)
    typed(session, person, "nobody-here", 4)
    assert form(client, session, person) == ""
    tasks.advance(MINUTE)
    tasks.run()
    assert "does not know" in form(client, session, person)


def test_a_submitted_login_is_looked_up_and_the_applications_page_says_what_is_wrong(client, sandbox, session, person, tasks):
    application = typed(session, person, "amara-okafro")
    submit(application, by=person)
    tasks.advance(MINUTE)
    tasks.run()
    identity = GitHubIdentity.objects.get()
    assert (identity.node_id, identity.problem) == ("", "GitHub does not know this login. Check the spelling.")
    client.force_login(person)
    assert identity.problem in client.get(reverse("application", args=[application.pk])).content.decode()
    set_github_login(person, "AMARA-okafor", by=person)
    tasks.advance(MINUTE)
    tasks.run()
    identity.refresh_from_db()
    account = sandbox.world.account("amara-okafor")
    assert (identity.login, identity.database_id, identity.node_id, identity.problem, identity.verified) == (
        "amara-okafor",
        account.database_id,
        account.id,
        "",
        False,
    )
    assert identity.checked_at is not None


@pytest.mark.parametrize("fault", ["502", "timeout", "html", "truncated", "secondary_403", "rate_limited_403", "401", "403"])
def test_where_github_cannot_be_asked_that_is_said_and_it_is_asked_again(client, sandbox, session, person, tasks, fault):
    sandbox.faults.next(1, fault)
    typed(session, person, "amara-okafor")
    tasks.advance(datetime.timedelta(seconds=10))
    tasks.run(fail_silently=True)
    assert "GitHub could not be asked about this login. We try again." in form(client, session, person)
    sandbox.world.move_on(hours=2)
    tasks.advance(datetime.timedelta(hours=2))
    tasks.run()
    assert "Checked" in form(client, session, person)


def test_without_a_token_nothing_is_asked_and_nothing_said(client, sandbox, session, person, tasks, settings):
    settings.GITHUB_TOKENS = []
    typed(session, person, "amara-okafor")
    tasks.advance(MINUTE)
    tasks.run()
    assert (sandbox.log, form(client, session, person)) == ([], "")


def test_a_proven_account_is_not_asked_about(sandbox, session, person, tasks):
    GitHubIdentityFactory(user=person, login="proven", verified=True, database_id=5)
    typed(session, person, "amara-okafor")
    tasks.assert_not_enqueued(check_github_login)
