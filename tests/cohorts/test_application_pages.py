"""The applicant's own applications in the browser."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.personal_data import export
from cohorts.models import Answer, Application, ApplicationEvent, Membership, ProjectPreference
from tests.factories import (
    ApplicationFactory,
    CohortFactory,
    MembershipFactory,
    ProjectFactory,
    QuestionFactory,
    ReviewFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
Status = Application.Status
ACTIONS = ("withdraw", "discard", "accept", "decline")


@pytest.fixture
def person(client):
    found = UserFactory()
    client.force_login(found)
    return found


@pytest.fixture
def offered(person):
    session = SessionFactory(starts_on=timezone.localdate() + datetime.timedelta(days=20))
    found = ApplicationFactory(
        session=session,
        applicant=person,
        status=Status.OFFERED,
        answer_by=timezone.now() + datetime.timedelta(days=3),
    )
    MembershipFactory(cohort=CohortFactory(session=session), user=person, state=Membership.State.INVITED)
    return found


def html(response) -> str:
    return response.content.decode()


def test_the_list_shows_plain_statuses(client, person):
    ApplicationFactory(session=SessionFactory(open=True, name="Spring"), applicant=person)
    ApplicationFactory(
        session=SessionFactory(reviewing=True, name="Summer"), applicant=person, pending_decision="not_selected", tier=7
    )
    ApplicationFactory(session=SessionFactory(name="Foreign"))
    page = html(client.get(reverse("my_applications")))
    assert "Edit until" in page
    assert "In review" in page
    assert "Not selected" not in page
    assert "Foreign" not in page


def test_each_line_of_the_list_leads_on(client, person):
    begun = ApplicationFactory(session=SessionFactory(open=True), applicant=person, draft={"texts": {"1": "More"}})
    read = ApplicationFactory(session=SessionFactory(reviewing=True), applicant=person)
    page = html(client.get(reverse("my_applications")))
    assert page.count("Go on writing") == 1
    assert reverse("apply", args=[begun.session.slug]) in page
    assert page.count("See the application") == 2
    assert reverse("application", args=[read.pk]) in page


@pytest.mark.parametrize("has_changes", [True, False])
def test_whoever_withdrew_is_asked_back_by_one_name(client, person, has_changes):
    draft = {"texts": {"1": "More"}} if has_changes else {}
    found = ApplicationFactory(session=SessionFactory(open=True), applicant=person, status=Status.WITHDRAWN, draft=draft)
    page = html(client.get(reverse("application", args=[found.pk])))
    assert "Come back</a>" in page
    assert "Go on writing" not in page


def test_an_empty_list_says_what_to_do(client, person):
    page = html(client.get(reverse("my_applications")))
    assert "You have not applied yet" in page
    assert reverse("sessions") in page


def test_the_page_shows_answers_wishes_and_history(client, person):
    application = ApplicationFactory(session=SessionFactory(open=True), applicant=person)
    question = QuestionFactory(session=application.session, label="Why <now>?")
    Answer.objects.create(application=application, question=question, value="<script>x</script>\nsecond line")
    ProjectPreference.objects.create(application=application, project=ProjectFactory(name="Kettle"), rank=1)
    organiser = SessionRoleFactory(session=application.session, user=UserFactory(name="Olga Organiser")).user
    ApplicationEvent.objects.create(
        application=application, from_status="draft", to_status="submitted", actor=person, at=timezone.now()
    )
    ApplicationEvent.objects.create(
        application=application, from_status="submitted", to_status="waitlisted", actor=organiser, at=timezone.now(), note="weak"
    )
    page = html(client.get(reverse("application", args=[application.pk])))
    assert "Why &lt;now&gt;?" in page
    assert "&lt;script&gt;x&lt;/script&gt;<br>second line" in page
    assert "Kettle" in page
    assert "You were put on the waitlist." in page
    assert "Olga" not in page
    assert "weak" not in page


def test_nothing_of_a_pending_decision_shows(client, person):
    application = ApplicationFactory(
        applicant=person,
        pending_decision="waitlist",
        pending_rank=41,
        tier=17,
        eligibility="not_eligible",
        eligibility_reason="Zzz",
    )
    MembershipFactory(cohort=CohortFactory(session=application.session, name="Vega"), user=person, state=Membership.State.INVITED)
    for address in (reverse("application", args=[application.pk]), reverse("my_applications"), reverse("home")):
        page = html(client.get(address))
        for secret in ("aitlist", "number 41", "ligible", "Zzz", "Vega"):
            assert secret not in page, (address, secret)


@pytest.mark.parametrize("name", ["application", *ACTIONS])
def test_other_peoples_applications_are_not_there(client, person, name):
    application = ApplicationFactory(status=Status.OFFERED)
    SessionRoleFactory(session=application.session, user=person)  # organisers have the admin
    address = reverse(name, args=[application.pk])
    assert client.post(address).status_code in (404, 405)
    assert client.get(address).status_code == 404
    application.refresh_from_db()
    assert application.status == Status.OFFERED


@pytest.mark.parametrize("name", ["application", *ACTIONS])
def test_visitors_are_asked_to_log_in(client, name):
    application = ApplicationFactory()
    address = reverse(name, args=[application.pk])
    response = client.get(address)
    assert response.status_code == 302
    assert response.url == f"{reverse('account_login')}?next={address}"
    assert client.get(reverse("my_applications")).status_code == 302


def test_opening_a_link_answers_nothing(client, offered):
    for name in ACTIONS:
        client.get(reverse(name, args=[offered.pk]))
        client.head(reverse(name, args=[offered.pk]))
    offered.refresh_from_db()
    assert offered.status == Status.OFFERED
    assert not offered.events.exists()
    assert "Take the place?" in html(client.get(reverse("accept", args=[offered.pk])))


def test_accepting(client, offered):
    page = html(client.get(reverse("application", args=[offered.pk])))
    assert "You are offered a place" in page
    assert "Answer by" in page
    response = client.post(reverse("accept", args=[offered.pk]), follow=True)
    assert "You are in" in html(response)
    assert Membership.objects.get(user=offered.applicant).state == Membership.State.ACTIVE


def test_declining_asks_first(client, offered):
    address = reverse("decline", args=[offered.pk])
    assert "Decline the place?" in html(client.get(address))
    assert "You declined" in html(client.post(address, follow=True))
    assert not Membership.objects.filter(user=offered.applicant).exists()


def test_answering_twice_is_told_in_words(client, offered):
    client.post(reverse("decline", args=[offered.pk]))
    response = client.post(reverse("accept", args=[offered.pk]), follow=True)
    assert "You declined this place already." in html(response)
    offered.refresh_from_db()
    assert offered.status == Status.DECLINED


def test_withdrawing_asks_first_and_says_whether_there_is_a_way_back(client, person):
    is_open = ApplicationFactory(session=SessionFactory(open=True), applicant=person)
    in_review = ApplicationFactory(applicant=person)
    assert "you can come back until" in html(client.get(reverse("withdraw", args=[is_open.pk])))
    assert "you cannot come back" in html(client.get(reverse("withdraw", args=[in_review.pk])))
    page = html(client.post(reverse("withdraw", args=[is_open.pk]), follow=True))
    assert "Your application is withdrawn" in page
    assert "Come back" in page
    assert client.get(reverse("withdraw", args=[is_open.pk])).status_code == 302


def test_a_draft_can_be_deleted(client, person):
    draft = ApplicationFactory(session=SessionFactory(open=True), applicant=person, status="draft", submitted_at=None)
    address = reverse("discard", args=[draft.pk])
    assert "Delete your draft?" in html(client.get(address))
    assert client.post(address).url == reverse("my_applications")
    assert not Application.objects.exists()


def test_what_reviewers_wrote_to_the_applicant_shows_once_the_result_is_published(client, person):
    application = ApplicationFactory(session=SessionFactory(reviewing=True), applicant=person)
    review = ReviewFactory(application=application, shareable_comment="Tell more next time.", private_comment="For us alone")
    ReviewFactory(application=application, shareable_comment="Only a draft", handed_in_at=None)
    ReviewFactory(application=ApplicationFactory(session=application.session), shareable_comment="To somebody else")
    address = reverse("application", args=[application.pk])
    assert "Tell more next time." not in html(client.get(address))
    # Of a session whose results are out, but not for this application.
    application.session.published_at = timezone.now()
    application.session.save()
    assert "Tell more next time." not in html(client.get(address))
    Application.objects.filter(pk=application.pk).update(status=Status.NOT_SELECTED)
    page = html(client.get(address))
    assert "Tell more next time." in page
    for hidden in ("For us alone", "Only a draft", "To somebody else", review.reviewer.name):
        assert hidden not in page
    assert "Tell more next time." in str(export(application.applicant)["applications"])
