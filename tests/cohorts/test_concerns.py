"""Reporting in confidence: who reads it, who never hears of it, and what becomes of it."""

import datetime
import re
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Message, User
from accounts.personal_data import delete_account, export, preview_deletion
from cohorts import concerns
from cohorts.concerns import mail
from cohorts.concerns.contacts import remove_contact
from cohorts.concerns.reading import to_open
from cohorts.models import Concern, ConcernContact, ConcernNote, Session
from tests import factories

SECRET = "He shouted at everybody in the call"
REASON = "Nobody who was chosen is here any more."


@pytest.fixture(scope="module")
def made(kept):
    return kept(make_world)


@pytest.fixture
def world(db, made):
    return made()


def make_world():
    names = ("ada", "ben", "cleo", "dan", "operator", "organiser")
    people = {name: factories.UserFactory(name=name.title(), email=f"{name}@example.org") for name in names}
    User.objects.filter(pk=people["operator"].pk).update(is_superuser=True)
    people["operator"].is_superuser = True
    session = factories.SessionFactory()
    factories.SessionRoleFactory(session=session, user=people["organiser"])
    for name in ("ben", "cleo"):
        ConcernContact.objects.create(user=people[name], line="Outside of all sessions")
    ConcernContact.objects.create(user=people["organiser"], session=session)
    return SimpleNamespace(**people, session=session)


def reported(world, *, by=None, readers=None, **changes):
    fields = {"text": SECRET, "key": concerns.new_key(), "session": world.session}
    readers = [world.ben.pk] if readers is None else readers
    return concerns.report(by=by or world.ada, readers=readers, **(fields | changes))


def told(kind):
    return set(Message.objects.filter(kind=kind).values_list("recipient__name", flat=True))


def form_of(client, **choices):
    page = client.get(reverse("report")).text
    key = re.search(r'name="key" value="([^"]+)"', page).group(1)
    return {"key": key, "text": SECRET, **choices}


def test_only_those_who_were_chosen_and_the_sender_read_it(client, world):
    concern = reported(world, left_out=[world.cleo.pk])
    reading = {}
    for name in ("ada", "ben", "cleo", "dan", "operator", "organiser"):
        client.force_login(getattr(world, name))
        answer = client.get(reverse("concern", args=[concern.pk]))
        reading[name] = answer.status_code
        assert (SECRET in answer.text) == (answer.status_code == 200)
        assert SECRET not in client.get(reverse("concerns")).text
    assert reading == {"ada": 200, "ben": 200, "cleo": 404, "dan": 404, "operator": 404, "organiser": 404}
    concern.refresh_from_db()
    assert (concern.state, concern.read_at is not None) == ("read", True)


def test_mails_have_no_word_of_it_no_name_and_stand_in_nobodys_outbox(world, django_capture_on_commit_callbacks):
    concern = reported(world, left_out=[world.cleo.pk])
    concerns.add_note(concern, f"Note: {SECRET}", by=world.ben, shared=True)
    concerns.add_words(concern, f"More: {SECRET}")
    found = Message.objects.filter(kind__startswith="concern")
    assert {(one.kind, one.recipient.name) for one in found} == {
        (mail.WAITS, "Ben"), (mail.ANSWER, "Ada"), (mail.WORDS, "Ben"),
    }  # fmt: skip
    for message in found:
        others = {"Ada", "Ben", "Cleo", "Organiser"} - {message.recipient.name}
        assert not [word for word in (SECRET, world.session.name, *others) if word in message.subject + message.body]
        assert not Message.objects.visible_to(world.operator).filter(pk=message.pk).exists()
        assert not Message.objects.visible_to(world.organiser).filter(pk=message.pk).exists()


def test_what_is_sent_without_a_name_is_followed_by_its_link_alone(client, world):
    client.force_login(world.ada)
    form = form_of(client, naming="nameless", **{f"person-{world.ben.pk}": "reads"})
    answer = client.post(reverse("report"), form)
    concern = Concern.objects.get()
    assert (concern.reporter, form["key"] in concern.token_hash) == (None, False)
    # Sent twice, it is one.
    assert client.post(reverse("report"), form).url == answer.url
    assert Concern.objects.count() == 1
    client.logout()
    page = client.get(answer.url)
    assert SECRET in page.text
    assert (page["Referrer-Policy"], page["X-Robots-Tag"]) == ("same-origin", "noindex")
    here = reverse("follow_concern", args=[form["key"]])
    client.post(here, {"text": "It happened again"})
    client.post(here, {"deed": "reader", "person": world.cleo.pk})
    assert set(concern.readers.all()) == {world.ben, world.cleo}
    assert told(mail.WAITS) == {"Ben", "Cleo"}
    client.force_login(world.ben)
    page = client.get(reverse("concern", args=[concern.pk])).text
    assert "It happened again" in page
    assert "Ada" not in page
    for key in ("short", concerns.new_key(), "x" * 43):
        assert client.get(reverse("follow_concern", args=[key])).status_code == 404


def test_a_visitor_reports_and_a_link_follows_nothing_that_has_a_name(client, world):
    form = form_of(client, **{f"person-{world.cleo.pk}": "reads", f"person-{world.ben.pk}": "left_out"})
    answer = client.post(reverse("report"), form, follow=True)
    assert (answer.status_code, SECRET in answer.text) == (200, True)
    assert list(Concern.objects.get().left_out.all()) == [world.ben]
    key = concerns.new_key()
    reported(world, key=key)
    assert client.get(reverse("follow_concern", args=[key])).status_code == 404


@pytest.mark.parametrize(
    ("choices", "problem"),
    [
        ({}, "Choose at least one person"),
        ({"who": "left_out"}, "Choose at least one person"),
        ({"who": "everything"}, "not one of the available choices"),
        ({"who": "reads", "text": " "}, "Write a few words"),
        ({"who": "reads", "text": "a\x00b"}, "Null characters"),
        ({"who": "reads", "key": "x"}, "This form is incomplete"),
        ({"who": "reads", "leave_empty": "http://spam"}, "This looked like a program"),
        ({"who": "reads", "session": "999999"}, "not one of the available choices"),
        ({"who": "reads", "text": "x" * 20001}, "at most 20000"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(client, world, choices, problem):
    choices = dict(choices)
    who = choices.pop("who", "not_now")
    form = form_of(client, happened="On Tuesday", **{f"person-{world.ben.pk}": who}) | choices
    answer = client.post(reverse("report"), form)
    assert answer.status_code == 422
    assert problem in answer.text
    assert "On Tuesday" in answer.text
    assert 'value="http://spam"' not in answer.text
    assert not Concern.objects.exists()


def test_nobody_is_chosen_who_is_no_contact(world):
    for readers, left_out in ([world.dan.pk], []), ([world.ben.pk], [world.dan.pk]), ([world.ben.pk], [world.ben.pk]), ([], []):
        with pytest.raises(concerns.ConcernError):
            reported(world, readers=readers, left_out=left_out)
    with pytest.raises(concerns.ConcernError):
        reported(world, by=world.ben, readers=[world.ben.pk])


def test_a_form_that_somebody_else_sent_already_is_refused_in_words(world):
    key = concerns.new_key()
    first = reported(world, key=key)
    assert reported(world, key=key) == first
    with pytest.raises(concerns.ConcernError):
        reported(world, by=world.dan, key=key)
    with pytest.raises(concerns.ConcernError):
        reported(world, key=key, named=False)


def test_readers_write_to_the_sender_or_among_themselves(client, world):
    concern = reported(world, readers=[world.ben.pk, world.cleo.pk])
    here = reverse("concern", args=[concern.pk])
    client.force_login(world.ben)
    assert client.post(here, {"text": "No choice"}).status_code == 422
    client.post(here, {"text": "For Cleo alone", "to": "readers"})
    client.post(here, {"text": "For Ada, too", "to": "sender"})
    client.post(here, {"deed": "state", "state": "looking"})
    client.post(here, {"deed": "state", "state": "new"})
    client.force_login(world.ada)
    page = client.get(here).text
    assert "For Ada, too" in page
    assert "For Cleo alone" not in page
    assert "Being looked into" in page
    # A sender has no say in where it stands.
    client.post(here, {"deed": "state", "state": "closed"})
    concern.refresh_from_db()
    assert concern.state == "looking"
    concerns.change_state(concern, "closed", by=world.cleo)
    concerns.add_words(concern, "It goes on")
    concern.refresh_from_db()
    assert (concern.state, concern.closed_at) == ("read", None)
    with pytest.raises(PermissionDenied):
        concerns.add_note(concern, "x", by=world.organiser, shared=True)


def test_the_operator_opens_it_only_with_a_reason_that_everybody_concerned_reads(client, world):
    concern = reported(world)
    client.force_login(world.operator)
    here = reverse("open_concern", args=[concern.pk])
    assert SECRET not in client.get(here).text
    assert client.post(here, {"reason": "because"}).status_code == 422
    assert not AuditEntry.objects.filter(action="concern.opened").exists()
    assert client.post(here, {"reason": REASON}).url == reverse("concern", args=[concern.pk])
    assert SECRET in client.get(reverse("concern", args=[concern.pk])).text
    assert AuditEntry.objects.filter(action="concern.opened", actor_key=world.operator.pk, scope_key=None).count() == 1
    assert told(mail.OPENED) == {"Ben"}
    client.force_login(world.ada)
    assert REASON in client.get(reverse("concern", args=[concern.pk])).text


def test_the_operator_proves_who_they_are_before_opening_one(client, world, settings):
    settings.PROOF_FOR_SENSITIVE_ACTIONS = True
    concern = reported(world)
    client.force_login(world.operator)
    answer = client.post(reverse("open_concern", args=[concern.pk]), {"reason": REASON})
    assert answer.url.startswith(reverse("account_reauthenticate"))
    assert client.get(reverse("concern", args=[concern.pk])).status_code == 404


@pytest.mark.parametrize("who", ["organiser", "dan", "left_out", "sender"])
def test_nobody_else_opens_it(client, world, who):
    concern = reported(world, by=world.operator if who == "sender" else world.ada, without_operators=who == "left_out")
    by = {"organiser": world.organiser, "dan": world.dan}.get(who, world.operator)
    client.force_login(by)
    assert client.post(reverse("open_concern", args=[concern.pk]), {"reason": REASON}).status_code == 404
    with pytest.raises(PermissionDenied):
        concerns.open_as_operator(concern, by=by, reason=REASON)
    assert reverse("open_concern", args=[concern.pk]) not in client.get(reverse("concerns")).text


def test_whoever_comes_to_run_the_site_later_opens_no_report_that_is_closed_to_them(world):
    closed, other = reported(world, without_operators=True), reported(world)
    later = factories.UserFactory(is_superuser=True)
    assert list(to_open(later)) == [other]
    ConcernContact.objects.exclude(user=world.ben).delete()
    assert concerns.look_after_unread(timezone.now() + datetime.timedelta(days=6)) == 4
    unread = Message.objects.filter(kind=mail.UNREAD).values_list("about_id", "recipient__name")
    assert {about for about, _name in unread} == {other.pk}
    with pytest.raises(PermissionDenied):
        concerns.open_as_operator(closed, by=later, reason=REASON)


def test_another_reader_of_a_closed_report_opens_it_again_and_is_told(world):
    concern = reported(world)
    concerns.change_state(concern, "closed", by=world.ben)
    concerns.add_reader(concern, world.cleo.pk, by=world.ada)
    concern.refresh_from_db()
    assert (concern.state, concern.closed_at) == ("read", None)
    assert mail._still_unread_by(Message.objects.get(kind=mail.WAITS, recipient=world.cleo))


def test_what_nobody_reads_is_brought_up_again_and_never_with_those_who_were_left_out(world):
    start = timezone.now()
    dan = ConcernContact.objects.create(user=world.dan)
    concern = reported(world, left_out=[world.cleo.pk], now=start)
    days = lambda number: start + datetime.timedelta(days=number)  # noqa: E731
    assert concerns.look_after_unread(days(2.9)) == 0
    assert concerns.look_after_unread(days(3)) == 1
    assert Message.objects.filter(kind=mail.WAITS, round=2).get().recipient == world.ben
    assert concerns.look_after_unread(days(3.1)) == 0
    assert concerns.look_after_unread(days(9)) == 1
    assert told(mail.UNREAD) == {"Dan"}
    assert concerns.look_after_unread(days(20)) == 0
    # Where no other contact is left: the operator.
    dan.delete()
    reported(world, left_out=[world.cleo.pk], now=start)
    concerns.look_after_unread(days(9))
    assert told(mail.UNREAD) == {"Dan", "Operator"}
    concerns.mark_read(concern, by=world.ben)
    still_true = {
        message.round: mail._still_unread_by(message) for message in Message.objects.filter(about_id=concern.pk, kind=mail.WAITS)
    }
    assert still_true == {1: False, 2: False}


def test_what_was_closed_long_ago_goes(world):
    now = timezone.now()
    old, young, opened = (reported(world) for _number in range(3))
    for concern, days in ((old, 366), (young, 364), (opened, 400)):
        concerns.change_state(concern, "closed", by=world.ben, now=now - datetime.timedelta(days=days))
    concerns.add_note(old, "A note", by=world.ben, shared=False)
    concerns.change_state(opened, "looking", by=world.ben)
    assert concerns.forget_closed(now) == 1
    assert set(Concern.objects.all()) == {young, opened}
    assert not ConcernNote.objects.exists()


def test_a_contact_who_is_removed_goes_on_reading_what_they_were_sent(world):
    """Whoever is accused must not be able to make a report unreadable."""
    concern = reported(world, readers=[world.organiser.pk])
    contact = ConcernContact.objects.get(user=world.organiser)
    concerns.step_down(contact, by=world.organiser)
    assert world.organiser not in [person.user for person in concerns.people_to_choose(world.ada)]
    with pytest.raises(concerns.ConcernError):
        concerns.step_down(contact, by=world.organiser)
    remove_contact(contact, by=world.operator)
    assert Concern.objects.visible_to(world.organiser).get() == concern
    actions = AuditEntry.objects.filter(action__startswith="concern.").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["concern.contact_changed", "concern.contact_removed"]


def test_who_names_contacts(client, world):
    factories.SessionRoleFactory(session=world.session, user=world.dan, role="reviewer")
    add = reverse("admin:cohorts_concerncontact_add")
    form = {"person_email": "Dan@example.org", "session": world.session.pk, "line": "Reviews", "order": 0, "active": "on"}
    client.force_login(world.organiser)
    # Neither the site, nor another session, nor somebody of whom organisers cannot know that they have an account.
    for change in ({"session": ""}, {"session": factories.SessionFactory().pk}, {"person_email": "cleo@example.org"}):
        assert client.post(add, form | change).status_code == 200
    assert client.post(add, form).status_code == 302
    contact = ConcernContact.objects.get(user=world.dan)
    assert (contact.session, told(mail.NAMED)) == (world.session, {"Dan"})
    assert AuditEntry.objects.filter(action="concern.contact_named", subject_key=world.dan.pk).exists()
    of_site = ConcernContact.objects.get(user=world.ben)
    assert client.get(reverse("admin:cohorts_concerncontact_change", args=[of_site.pk])).status_code == 404
    # The operator names anybody who has an account.
    client.force_login(world.operator)
    answer = client.post(add, form | {"person_email": "nobody@example.org", "session": ""})
    assert "Nobody has an account with this address" in answer.text
    assert "Of somebody with an account here" in answer.text
    assert client.post(add, form | {"person_email": "ada@example.org", "session": ""}).status_code == 302
    with pytest.raises(PermissionDenied):
        concerns.name_contact(ConcernContact(user=world.dan), by=world.organiser)
    # Twice is refused in words, by the operator's page for the site as well.
    assert client.post(add, form).status_code == 200
    client.force_login(world.operator)
    assert client.post(add, form | {"person_email": "ben@example.org", "session": ""}).status_code == 200
    assert client.post(add, form | {"session": ""}).status_code == 302


def test_the_code_of_conduct_names_them(client, world):
    factories.UserFactory(name="Hidden")
    ConcernContact.objects.create(user=world.dan, session=factories.SessionFactory(draft=True))
    page = client.get(reverse("code_of_conduct")).text
    assert all(name in page for name in ("Ben", "Cleo", "Organiser", "Outside of all sessions"))
    assert "Dan" not in page
    Session.objects.update(archived_at=timezone.now())
    assert "Organiser</bdi>" not in client.get(reverse("code_of_conduct")).text


def test_what_becomes_of_it_when_accounts_are_deleted(world, django_capture_on_commit_callbacks):
    concern = reported(world, reach="Call me at night")
    concerns.add_note(concern, "Spoke with Ada", by=world.ben, shared=False)
    (mine,) = export(world.ada)["concerns_reported"]
    assert (mine["text"], mine["read_by"], mine["words"]) == (SECRET, ["Ben"], [])
    (read,) = export(world.ben)["concerns_to_read"]
    assert SECRET not in str(read)
    assert any("without your name" in line for line in preview_deletion(world.ada).stays)
    assert any("only one who reads" in line for line in preview_deletion(world.ben).warnings)
    delete_account(world.ada, by=world.ada)
    concern.refresh_from_db()
    assert (concern.reporter, concern.reach, concern.text) == (None, "", SECRET)
    with django_capture_on_commit_callbacks(execute=True):
        delete_account(world.ben, by=world.ben)
    concern.refresh_from_db()
    assert (concern.state, list(concern.readers.all())) == ("new", [])
    assert told(mail.UNREAD) == {"Cleo"}
    # The next one whom its sender chose goes as well: whoever was told hears of it again.
    concerns.add_reader(concern, world.organiser.pk, by=AnonymousUser())
    concerns.mark_read(concern, by=world.organiser)
    with django_capture_on_commit_callbacks(execute=True):
        delete_account(world.organiser, by=world.organiser)
    assert sorted(Message.objects.filter(kind=mail.UNREAD).values_list("recipient__name", "round")) == [("Cleo", 1), ("Cleo", 2)]


def test_too_many_at_once_are_refused_with_everything_that_was_typed(client, world, settings):
    settings.ACCOUNT_RATE_LIMITS = {"concern": "1/h/ip"}
    cache.clear()
    form = form_of(client, **{f"person-{world.ben.pk}": "reads"})
    assert client.post(reverse("report"), form).status_code == 302
    again = client.post(reverse("report"), form | {"key": concerns.new_key()})
    assert (again.status_code, SECRET in again.text) == (429, True)
