"""The outbox in the admin: what organisers see of mail, and what they do about it."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from accounts.admin.message_words import links_of
from accounts.bounces import note_trouble, troubled_addresses
from accounts.messages import queue_message
from accounts.models import Message
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, SessionFactory

LIST = reverse("admin:accounts_message_changelist")


@pytest.fixture
def world(db):
    return make_world(applications=3)


@pytest.fixture
def organiser(client, world):
    client.force_login(world.organiser)
    return client


def write(application, state="queued", **fields) -> Message:
    message = queue_message(
        application.applicant,
        kind="decision_offer",
        about=application,
        subject=f"A place for {application.applicant.name}",
        body="Answer here: https://example.org/answer/ and here: https://example.org/answer/.",
        secret=fields.pop("secret", False),
    )
    Message.objects.filter(pk=message.pk).update(state=state, **fields)
    message.refresh_from_db()
    return message


def page(message) -> str:
    return reverse("admin:accounts_message_change", args=[message.pk])


def act(client, address, action, messages, *, field="action", sure=True):
    """Press the button, and the one on the page that asks."""
    data = {field: action, "_selected_action": [message.pk for message in messages]}
    asked = client.post(address, data)
    assert asked.status_code == 200
    if not sure:
        return asked
    return client.post(address, {**data, "up_to": asked.context["up_to"], "select_across": "0"}, follow=True)


@pytest.mark.parametrize(
    ("where", "action", "before", "after"),
    [
        ("list", "send_again", "failed", "queued"),
        ("page", "send_again", "cancelled", "queued"),
        ("list", "send_again", "sent", "sent"),
        ("page", "cancel", "failed", "cancelled"),
        ("list", "cancel", "sending", "sending"),
        ("page", "it_arrived", "unsure", "sent"),
        ("list", "did_not_arrive", "unsure", "queued"),
    ],
)
def test_each_thing_is_asked_before_it_is_done(organiser, world, where, action, before, after):
    message = write(world.applications[0], before)
    address, field = (LIST, "action") if where == "list" else (page(message), "CHANGE_FORM-action")
    asked = act(organiser, address, action, [message], field=field, sure=False)
    message.refresh_from_db()
    assert message.state == before
    assert (message.recipient.name in asked.text) == (before != after)
    act(organiser, address, action, [message], field=field)
    message.refresh_from_db()
    assert message.state == after
    entries = LogEntry.objects.filter(object_id=str(message.pk))
    if before == after:
        assert not entries
    else:
        assert message.settled_by == world.organiser
        assert [entry.object_repr for entry in entries] == [f"message {message.pk}"]
        assert world.organiser.name in organiser.get(page(message)).text


def test_of_many_only_those_that_were_chosen_and_shown_are_done(organiser, world):
    first, second = (write(one, "failed") for one in world.applications[:2])
    data = {"action": "send_again", "_selected_action": [first.pk], "select_across": "1"}
    asked = organiser.post(LIST + "?needs=somebody", data)
    assert asked.context["count"] == 2
    late = write(world.applications[2], "failed")
    organiser.post(LIST + "?needs=somebody", {**data, "up_to": asked.context["up_to"]})
    assert [Message.objects.get(pk=one.pk).state for one in (first, second, late)] == ["queued", "queued", "failed"]


def test_what_one_only_received_oneself_is_read_and_not_decided_about(organiser, world):
    mine = ApplicationFactory(session=SessionFactory(reviewing=True), applicant=world.organiser)
    message = write(mine, "failed")
    response = organiser.get(page(message))
    assert response.status_code == 200
    assert not response.context["buttons"]
    assert act(organiser, LIST, "cancel", [message], sure=False).context["count"] == 0


def test_others_see_nothing_of_it(client, world):
    message = write(world.applications[0], "failed")
    for user in (world.reviewer, world.navigator):
        client.force_login(user)
        assert client.get(LIST).status_code == 403
        assert client.get(page(message)).status_code in (403, 404)
        assert client.get(reverse("admin:accounts_message_html", args=[message.pk])).status_code == 404
        assert "could not be sent" not in client.get(reverse("admin:index")).text


def test_the_page_shows_the_mail_in_a_frame_that_can_do_nothing(organiser, world):
    message = write(world.applications[0], "failed", trouble="address", error="550 no such user")
    note_trouble(message.address, "refused", "550 no such user")
    response = organiser.get(page(message))
    assert "frame-src 'self'" in response["Content-Security-Policy"]
    assert '<iframe class="mail-frame" sandbox src=' in response.text
    assert "The mail server refused the address" in response.text
    assert response.context["advice"]
    frame = organiser.get(reverse("admin:accounts_message_html", args=[message.pk]))
    assert "https://example.org/answer/" in frame.text
    policy = frame["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")
    assert "script-src" not in policy
    assert frame["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize(("body", "words"), [("ABC-DEF", "The text is not shown"), ("", "The text was deleted")])
def test_what_is_secret_is_not_shown_and_that_it_went_is_said(client, world, body, words):
    message = queue_message(world.operator, kind="code", subject="Your code", body="ABC-DEF", secret=True)
    Message.objects.filter(pk=message.pk).update(body=body, state="sent" if not body else "queued")
    client.force_login(world.operator)
    response = client.get(page(message))
    assert words in response.text
    assert "ABC-DEF" not in response.text
    assert client.get(reverse("admin:accounts_message_html", args=[message.pk])).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?needs=somebody", [0, 1]),
        ("?state=unsure", [1]),
        ("?state=fate-bounced", [2]),
        ("?kind=decision_offer", [0, 1, 2]),
        ("?kind=other", []),
        ("?age=day", [0, 1, 2]),
        ("?age=older", []),
        ("?q=place", [0, 1, 2]),
        ("?group=session-{session}", [0, 1, 2]),
        ("?group=session-999999", []),
        ("?group=x", []),
    ],
)
def test_filters(organiser, world, query, found):
    states = [("failed", ""), ("unsure", ""), ("sent", "bounced")]
    rows = [write(one, state, fate=fate) for one, (state, fate) in zip(world.applications, states, strict=True)]
    response = organiser.get(LIST + query.format(session=world.session.pk))
    assert {row.pk for row in response.context["cl"].result_list} == {rows[number].pk for number in found}


def test_search_finds_names_and_addresses(organiser, world):
    first, *_others = (write(one) for one in world.applications)
    for term in (first.recipient.name, first.address.upper(), first.subject):
        assert first in organiser.get(LIST, {"q": term}).context["cl"].result_list


def test_the_first_page_says_what_waits_and_leads_there(organiser, world):
    index = reverse("admin:index")
    assert organiser.get(index).context["mail"] is None
    for application, state in zip(world.applications, ["failed", "failed", "unsure"], strict=True):
        write(application, state)
    with CaptureQueriesContext(connection) as queries:
        found = organiser.get(index).context["mail"]
    assert found["text"] == "2 messages could not be sent, 1 is unsure: it may have arrived"
    assert len([one for one in queries if "accounts_message" in one["sql"]]) == 1
    assert len(organiser.get(found["url"]).context["cl"].result_list) == 3


def test_people_and_their_organisers_read_that_mail_came_back(client, world):
    person = world.applications[0].applicant
    note_trouble(person.email.upper(), "bounced", "mailbox full")
    note_trouble("other@example.org", "complained")
    EmailAddress.objects.create(user=person, email="other@example.org", verified=False)
    client.force_login(world.organiser)
    application = client.get(reverse("admin:cohorts_application_change", args=[world.applications[0].pk]))
    assert "Mail came back" in application.text
    client.force_login(person)
    assert f"Mail to {person.email} came back" in client.get(reverse("me")).text
    assert "other@example.org" not in client.get(reverse("me")).text
    client.post(reverse("address_is_well"))
    assert "came back" not in client.get(reverse("me")).text
    assert list(troubled_addresses([person.email, "other@example.org"])) == ["other@example.org"]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("", []),
        ("See https://a.example/b?c=1&d=2.", ["https://a.example/b?c=1&d=2"]),
        ("https://a.example https://a.example, http://b.example/)", ["https://a.example", "http://b.example/"]),
        ("javascript:alert(1) ftp://x", []),
    ],
)
def test_links(text, links):
    assert links_of(text) == links
    assert links_of(text, escape(text)) == links


def test_the_language_of_mail_is_asked_where_there_is_a_choice(client, settings, world):
    person = world.applications[0].applicant
    client.force_login(person)
    settings.LANGUAGES = [("en", "English")]
    assert "language" not in client.get(reverse("me")).context["form"].fields
    settings.LANGUAGES = [("en", "English"), ("it", "Italiano")]
    form = client.get(reverse("me")).context["form"]
    data = {name: form[name].value() or "" for name in form.fields} | {"accept_terms": "on", "name": "Noor"}
    assert client.post(reverse("me"), {**data, "language": "xx"}).status_code == 422
    client.post(reverse("me"), {**data, "language": "it"})
    person.refresh_from_db()
    assert person.language == "it"
