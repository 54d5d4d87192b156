"""Applying after the deadline by a code: who makes it, how often it can be used, and when it ends."""

import datetime
import re
import threading

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from cohorts.applications import may_write, save_draft, submit
from cohorts.entries import Entry
from cohorts.late_access import (
    ALPHABET,
    LateCodeError,
    as_code,
    deadline_for,
    deadline_of,
    late_until,
    make_code,
    revoke_code,
    sessions_open_late,
    use_code,
    with_late_access,
)
from cohorts.models import Application, LateAccess, LateCode
from cohorts.moves import MoveError
from cohorts.next_steps import next_steps
from cohorts.public_status import public_status
from tests.factories import (
    ApplicationFactory,
    LateAccessFactory,
    LateCodeFactory,
    QuestionFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
SECOND, DAY = datetime.timedelta(seconds=1), datetime.timedelta(days=1)
Status = Application.Status


@pytest.fixture
def session():
    return SessionFactory(reviewing=True, slug="spring", name="Spring")


@pytest.fixture
def organiser(session):
    return SessionRoleFactory(session=session).user


@pytest.fixture
def person():
    return UserFactory()


@pytest.fixture
def until():
    return timezone.now() + 2 * DAY


@pytest.fixture
def code(session, organiser, until):
    return make_code(session, by=organiser, expires_at=until, note="For Ada")


def test_a_code_is_readable_and_hard_to_guess(session, organiser, until):
    texts = {make_code(session, by=organiser, expires_at=until).code for _ in range(20)}
    assert len(texts) == 20
    assert all(re.fullmatch(rf"[{ALPHABET}]{{4}}(-[{ALPHABET}]{{4}}){{2}}", text) for text in texts)
    assert not set(ALPHABET) & set("01ILOU")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ABCD-EFGH-2345", "ABCD-EFGH-2345"),
        (" abcd efgh\u00a02345\n", "ABCD-EFGH-2345"),
        ("abcdefgh2345", "ABCD-EFGH-2345"),
        ("A.B.C.D–EFGH—2345", "ABCD-EFGH-2345"),
        ("ABCD-EFGH-234", ""),
        ("ABCD-EFGH-23456", ""),
        ("ABCD-EFGH-234O", ""),
        ("", ""),
        ("\x00" * 200, ""),
        ("Ａ" * 12, ""),
        ("ß" * 12, ""),
    ],
)
def test_capitals_spaces_and_dashes_do_not_matter(text, found):
    assert as_code(text) == found


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"most_uses": 0}, "At least one person"),
        ({"expires_at": "past"}, "This moment is over"),
        ({"by": "stranger"}, "You cannot make this change"),
        ({"trait": "published"}, "results of this session are published"),
        ({"trait": "no dates"}, "no dates for applications yet"),
        ({"trait": "open"}, "open until then for everybody"),
    ],
)
def test_codes_that_nobody_could_use_are_not_made(session, organiser, until, changes, words):
    if changes.get("trait") == "published":
        session.published_at = timezone.now()
    elif changes.get("trait") == "no dates":
        session.applications_open_at = session.applications_close_at = None
    elif changes.get("trait") == "open":
        session.applications_close_at = until
    by = UserFactory() if changes.get("by") else organiser
    expires_at = timezone.now() - SECOND if changes.get("expires_at") else until
    with pytest.raises(LateCodeError, match=words):
        make_code(session, by=by, most_uses=changes.get("most_uses", 1), expires_at=expires_at)
    assert not LateCode.objects.exists()


def test_using_a_code_opens_the_session_for_this_person_alone(session, code, person, until):
    assert str(may_write(None, session, by=person)) == "Applications for this session are closed."
    use_code(session, code.code.lower().replace("-", " "), by=person)
    assert may_write(None, session, by=person) is None
    assert late_until(session, person) == deadline_for(session, person) == until
    assert may_write(None, session, by=UserFactory()) is not None
    assert may_write(None, session, by=None) is not None
    assert not [late for late in (late_until(session, None), late_until(SessionFactory(reviewing=True), person)) if late]
    with time_machine.travel(until - SECOND, tick=False):
        assert may_write(None, session, by=person) is None
    with time_machine.travel(until, tick=False):
        assert may_write(None, session, by=person) is not None


def test_using_it_twice_costs_one_use(session, code, person):
    assert use_code(session, code.code, by=person) == use_code(session, code.code, by=person)
    assert LateAccess.objects.count() == 1


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("wrong", "not a code of this session"),
        ("of another session", "not a code of this session"),
        ("revoked", "took this code back"),
        ("expired", "The time of this code is over"),
        ("used up", "As many people as it is for"),
        ("open", "you need no code"),
        ("announced", "not open yet"),
        ("published", "results of this session are published"),
    ],
)
def test_each_refusal_has_its_own_words(session, code, organiser, person, until, state, words):
    text, now = code.code, timezone.now()
    match state:
        case "wrong":
            text = "ABCD-EFGH-2345"
        case "of another session":
            text = LateCodeFactory(code="WXYZ-WXYZ-2345").code
        case "revoked":
            revoke_code(code, by=organiser)
        case "expired":
            now = until
        case "used up":
            use_code(session, text, by=UserFactory())
        case "open":
            session.applications_close_at = now + DAY
        case "announced":
            session.applications_open_at = now + DAY
        case "published":
            session.published_at = now
    with pytest.raises(LateCodeError, match=words):
        use_code(session, text, by=person, now=now)
    assert not LateAccess.objects.filter(person=person).exists()


@pytest.mark.django_db(transaction=True)
def test_the_last_use_goes_to_one(session, code):
    people, answers = [UserFactory() for _ in range(4)], []

    def use(one):
        try:
            answers.append(use_code(session, code.code, by=one))
        except LateCodeError as error:
            answers.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=use, args=(one,)) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sorted(type(answer).__name__ for answer in answers) == ["LateAccess", *["LateCodeError"] * 3]
    assert code.uses.count() == 1


def test_a_late_application_goes_the_whole_way_and_reaches_reviewers(session, code, organiser, person, until):
    question = QuestionFactory(session=session, label="Why?", required=True)
    reviewer = SessionRoleFactory(session=session, role="reviewer").user
    use_code(session, code.code, by=person)
    application = save_draft(session, Entry({question.pk: "Late"}, github_login="ada-w"), by=person, version=0)
    assert (public_status(application).until, public_status(application).until_label) == (until, "Submit until")
    assert not Application.objects.reviewable_by(reviewer).exists()
    submit(application, by=person)
    assert list(Application.objects.reviewable_by(reviewer)) == [application]
    assert public_status(application).label == "Submitted"
    # Taken back: what was submitted stays and is reviewed, nothing more can be written.
    save_draft(session, Entry({question.pk: "Later"}, github_login="ada-w"), by=person, version=1)
    revoke_code(code, by=organiser)
    with pytest.raises(MoveError, match="closed"):
        submit(application, by=person)
    with pytest.raises(MoveError, match="closed"):
        save_draft(session, Entry({question.pk: "Latest"}), by=person, version=2)
    application.refresh_from_db()
    assert (application.status, application.answers.get().value) == (Status.SUBMITTED, "Late")
    assert public_status(application).label == "In review"


@pytest.mark.parametrize("stamp", ["published_at", "archived_at"])
def test_late_access_ends_with_the_results(session, person, stamp):
    access = LateAccessFactory(code__session=session, person=person)
    application = ApplicationFactory(session=session, applicant=person, status="draft", submitted_at=None)
    setattr(session, stamp, timezone.now())
    session.save()
    application.session.refresh_from_db()
    assert access.code.expires_at > timezone.now()
    assert may_write(None, session, by=person) is not None
    assert deadline_of(application) is None
    assert not sessions_open_late(person).exists()
    assert public_status(application).label == "Not submitted"


def test_the_latest_of_several_codes_counts_and_not_before_the_close_for_all(session, person, until):
    for code in (LateCodeFactory(session=session, expires_at=until - DAY), LateCodeFactory(session=session, expires_at=until)):
        LateAccessFactory(code=code, person=person)
    LateAccessFactory(code=LateCodeFactory(session=session, expires_at=until + DAY, revoked_at=timezone.now()), person=person)
    application = ApplicationFactory(session=session, applicant=person)
    found = with_late_access(Application.objects.select_related("session")).get(pk=application.pk)
    assert deadline_of(found) == deadline_of(application) == deadline_for(session, person) == until
    assert [one.late_until for one in sessions_open_late(person)] == [until]
    # Opened again for everybody, for longer than the code.
    session.applications_close_at = until + 3 * DAY
    assert deadline_for(session, person) == until + 3 * DAY
    assert deadline_for(session, None) == until + 3 * DAY
    # Before the session opens nobody writes.
    session.applications_open_at = until + DAY
    assert deadline_for(session, person) is None


def test_late_access_is_a_next_step_until_somebody_has_begun(session, person, until):
    LateAccessFactory(code__session=session, person=person)
    step = next_steps(person)[0]
    assert (step.title, step.url, step.tone) == ("Spring", reverse("apply", args=["spring"]), "mine")
    ApplicationFactory(session=session, applicant=person, status="draft", submitted_at=None)
    assert [step.label for step in next_steps(person)] == ["Draft, not yet submitted", "Your hours"]


# In the browser


@pytest.fixture
def url():
    return reverse("late_code", args=["spring"])


def test_the_closed_page_asks_for_a_code_and_the_code_opens_the_form(client, session, code, person, url):
    closed = reverse("apply", args=["spring"])
    assert f'href="{reverse("account_login")}?next={url}"' in client.get(closed).text
    assert client.post(url, {"code": code.code}).status_code == 302
    assert not LateAccess.objects.exists()
    client.force_login(person)
    assert "Have you got a code from the organisers?" in client.get(closed).text
    # Text that came too late is in the form again.
    question = QuestionFactory(session=session, label="Why?")
    assert client.post(closed, {f"question_{question.pk}": "Too late", "action": "save"}).status_code == 403
    response = client.post(url, {"code": f" {code.code.lower()} "}, follow=True)
    assert response.redirect_chain == [(closed, 302)]
    assert "You can apply until" in response.text
    assert "Too late</textarea>" in response.text
    assert code.code not in str(response.redirect_chain) + str(client.session.items())


def test_a_wrong_code_stays_in_the_field_with_the_reason(client, session, code, person, url):
    client.force_login(person)
    response = client.post(url, {"code": "<wrong>"})
    assert response.status_code == 422
    assert 'value="&lt;wrong&gt;"' in response.text
    assert "not a code of this session" in response.text
    assert client.post(url, {"code": ""}).status_code == 422
    assert client.post(reverse("late_code", args=["no-such"]), {"code": "x"}).status_code == 404


def test_codes_cannot_be_tried_out(client, session, code, person, url, settings):
    settings.ACCOUNT_RATE_LIMITS = {"late_code": "2/h/user"}
    cache.clear()
    client.force_login(person)
    assert [client.post(url, {"code": text}).status_code for text in ("a", "b", code.code)] == [422, 422, 429]
    assert not LateAccess.objects.exists()
    cache.clear()


@pytest.mark.parametrize(("trait", "asks"), [("reviewing", True), ("draft", False), ("open", False), ("finished", False)])
def test_only_closed_sessions_without_results_ask_for_a_code(client, person, trait, asks):
    page = client.get(reverse("apply", args=[SessionFactory(**{trait: True}).slug]))
    assert ("Have you got a code" in page.text) == asks
