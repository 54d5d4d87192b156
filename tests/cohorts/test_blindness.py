"""While a session hides names, nothing tells a reviewer whose application it is: names are planted everywhere, and every page that
reviewers, navigators and captains can open is walked, whoever added it."""

import difflib
import itertools

import pytest
import time_machine
from django.contrib import admin
from django.core.files.storage import FileSystemStorage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Message
from cohorts.models import AnswerFile
from cohorts.reminders import write_due_reminders
from tests.cohorts.planting import PERSON, TYPED, WORDS, disguise, plant
from tests.cohorts.walking import Walk, alternatives, read, routes
from tests.factories import ApplicationFactory, SessionFactory, SessionRoleFactory

pytestmark = pytest.mark.django_db

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
#: What a curious person adds to the address of any page of the admin.
CURIOUS = (
    f"?q={TYPED[0]}",
    f"?application__applicant={PERSON}",
    f"?applicant__name__startswith=Z&applicant={PERSON}",
    "?o=-applicant__name",
    "?_to_field=applicant__name&_popup=1",
)


@pytest.fixture(autouse=True)
def files_go_with_the_test(tmp_path, monkeypatch):
    monkeypatch.setattr(AnswerFile._meta.get_field("file"), "storage", FileSystemStorage(tmp_path))


@pytest.fixture
def planted():
    # At one moment: a page that says “a second ago” would differ from itself.
    with time_machine.travel(timezone.now(), tick=False):
        yield plant()


def log_in(client, person):
    client.force_login(person, backend=BACKEND)
    client.raise_request_exception = False


def walk(client, person, curious=CURIOUS):
    log_in(client, person)
    return Walk(client, person, typed=TYPED[:1], curious=curious).go()


def told(page) -> list[str]:
    """The planted words that a page tells. The key of a person may stand where the reader typed it: in the page's own address."""
    everything, key = page.everything.replace(page.address.casefold(), ""), str(PERSON)
    return [word for word in (*WORDS, key) if word in everything and word not in page.address]


def difference(before, after) -> str:
    first, second = (str(page.unchanging()).replace("\\n", "\n").splitlines() for page in (before, after))
    return "\n".join(itertools.islice(difflib.unified_diff(first, second, before.address, after.address, n=0, lineterm=""), 12))


# Navigators open all that reviewers open, and their cohorts.
@pytest.mark.parametrize("who", ["navigator", "captain"])
def test_nothing_planted_is_in_any_page_and_pages_are_the_same_for_others_in_its_place(client, planted, who):
    """The second half is the stronger one: not the order, not a count, not a header depends on who the applicants are."""
    person = getattr(planted, who)
    # The lists of the admin are the same for both: whoever opens all of them tries what can be added to their addresses.
    before = walk(client, person, CURIOUS if who == "navigator" else ())
    leaks = {address: told(page) for address, page in before.items()}
    assert {address: words for address, words in leaks.items() if words} == {}
    assert {address: page.status for address, page in before.items() if page.status >= 500} == {}
    opened = [page for page in before.values() if page.status == 200]
    assert len(opened) > (40 if who == "captain" else 60), "the walk has lost its way"
    disguise(planted)
    # How many mails wait is no secret.
    again = [page.address for page in opened if page.address != "/healthz"]
    after = {address: read(client.get(address, follow=True), address) for address in again}
    changed = [difference(before[one], after[one]) for one in again if before[one].unchanging() != after[one].unchanging()]
    assert changed == []


def test_nothing_planted_answers_a_post(client, planted):
    """Forms sent to every address, empty and with nonsense: refusals, form errors and what is saved tell nothing."""
    person = planted.reviewer
    log_in(client, person)
    nonsense = {
        "q": TYPED[0],
        "reason": "?",
        "person": "zz",
        "application": "zz",
        "criterion_0": "9",
        "_save": "1",
        "version": "-1",
    }
    kept_out = ("delete", "revoke", "withdraw")
    for address in itertools.chain.from_iterable(alike[:3] for alike in alternatives(person)):
        if any(word in address for word in kept_out):
            continue
        with transaction.atomic():
            page = read(client.post(address, nonsense, follow=True), address)
            transaction.set_rollback(True)
        assert page.status < 500, address
        assert told(page) == [], address


def test_a_search_for_the_name_finds_as_little_as_any_other(client, planted):
    log_in(client, planted.reviewer)
    page = reverse("admin:cohorts_review_changelist")
    assert client.get(page + "?q=Zaphira Quillfeather 0").context["page"].paginator.count == 0
    assert client.get(page + f"?q={planted.applications[0].pk}").context["page"].paginator.count == 1
    assert client.get(page + f"?applicant={PERSON}").context["page"].paginator.count == 3


def test_the_walk_comes_to_every_list_of_the_admin():
    """What the proof rests on: lists, forms, histories and the addresses that this project adds are all among the routes."""
    found = {route for route, _model in routes()}
    for model in admin.site._registry:
        assert reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") in found
    assert {"/admin/autocomplete/", "/admin/cohorts/review/application/<int:pk>/", "/feeds/<str:token>.ics", "/me/"} <= found


def test_an_organiser_of_one_session_stays_blind_in_another(client, planted):
    elsewhere = SessionRoleFactory(session=SessionFactory(reviewing=True), user=planted.reviewer, role="organiser").session
    ApplicationFactory(session=elsewhere)
    log_in(client, planted.reviewer)
    for page in Walk(client, planted.reviewer, follows=False).go().values():
        assert told(page) == [], page.address


def test_mails_to_reviewers_name_nobody(planted):
    write_due_reminders()
    mails = Message.objects.filter(recipient__in=[planted.reviewer, planted.navigator])
    assert mails.filter(subject__contains="your review").exists()
    for mail in mails:
        text = f"{mail.subject}\n{mail.body}".casefold()
        assert not [word for word in (*WORDS, str(PERSON)) if word in text], mail.kind


def test_organisers_and_the_operator_do_see_them(client, planted):
    application = planted.applications[0]
    for user in (planted.organiser, planted.operator):
        log_in(client, user)
        page = client.get(reverse("admin:cohorts_application_change", args=[application.pk])).text
        person = ("Zaphira Quillfeather 0", "zaphira.0@xplanted.example", "quillfeather-0")
        for shown in (*person, "xplanted sensitive answer", "xplanted note", "xplanted reason"):
            assert shown in page
        # What nobody handed in, and what is for named organisers alone.
        assert "xplanted draft" not in page
        assert "xplanted accommodation" not in page
        assert person[0] in client.get(reverse("admin:cohorts_application_changelist") + "?q=zaphira").text
        assert person[1] in client.get(reverse("admin:cohorts_application_export")).text
        assert person[0] in client.get(reverse("admin:cohorts_review_application", args=[application.pk])).text
        assert person[0] in client.get(reverse("admin:accounts_message_changelist")).text


def test_with_open_names_reviewers_see_the_name_and_nothing_confidential(client, planted):
    type(planted.session).objects.filter(pk=planted.session.pk).update(review_names_hidden=False)
    log_in(client, planted.reviewer)
    page = client.get(reverse("admin:cohorts_review_application", args=[planted.applications[0].pk])).text
    assert "Zaphira Quillfeather 0" in page
    assert "xplanted" not in page.replace("zaphira-xplanted.pdf", "")
    assert "Zaphira Quillfeather 0" in client.get(reverse("admin:cohorts_review_changelist")).text


def test_an_own_application_is_seen_with_its_name_by_its_applicant_alone(client, planted):
    """A reviewer who applied reads the own page; in the review it stands nowhere."""
    own = ApplicationFactory(session=planted.session, applicant=planted.reviewer)
    log_in(client, planted.reviewer)
    assert client.get(reverse("application", args=[own.pk])).status_code == 200
    assert client.get(reverse("admin:cohorts_review_application", args=[own.pk])).status_code == 404
    assert client.get(reverse("admin:cohorts_review_changelist") + f"?q={own.pk}").context["page"].paginator.count == 0


def test_an_organiser_with_a_conflict_compares_and_decides_no_more(client, planted):
    from cohorts.reviews import declare_conflict

    application = planted.applications[0]
    declare_conflict(application, by=planted.organiser)
    log_in(client, planted.organiser)
    assert client.get(reverse("admin:cohorts_review_application", args=[application.pk])).status_code == 404
    assert "xplanted comment" not in client.get(reverse("admin:cohorts_application_change", args=[application.pk])).text
