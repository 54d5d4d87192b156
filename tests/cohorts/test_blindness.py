"""While a session hides names, nothing in the admin tells a reviewer whose application it is: names are planted everywhere."""

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.messages import queue_message
from cohorts.applicant_identity import may_see_applicant, shown_name, with_visible_applicant
from cohorts.decisions import set_pending_decision
from cohorts.models import Answer, Application, ApplicationEvent
from cohorts.placing import place
from cohorts.reviews import hand_in, save_review
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, QuestionFactory, SessionFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db

#: Typed into searches: parts of what is planted, so that a page which repeats what was typed tells nothing by that.
PART_OF_NAME, PART_OF_EMAIL = "aphira Quillfeathe", "aphira.q@planted.exampl"
NAME, EMAIL, LOGIN = "Zaphira Quillfeather", "zaphira.q@planted.example", "quillfeather-gh"
PLANTED = (
    NAME,
    "Zaphira",
    "Quillfeather",
    EMAIL,
    "planted.example",
    LOGIN,
    "Planted sensitive answer",
    "Planted note",
    "Planted reason",
)


@pytest.fixture
def world(client):
    world = make_world(applications=3)
    application = world.applications[0]
    person = application.applicant
    person.name, person.email, person.bio = NAME, EMAIL, f"I am {NAME}"
    person.save()
    person.github.login = LOGIN
    person.github.save()
    sensitive = QuestionFactory(session=world.session, label="In confidence", sensitive=True)
    unshown = QuestionFactory(session=world.session, label="Your name again", shown_to_reviewers=False)
    Answer.objects.create(application=application, question=sensitive, value="Planted sensitive answer")
    Answer.objects.create(application=application, question=unshown, value=NAME)
    application.draft = {"1": f"draft of {NAME}"}
    application.eligibility, application.eligibility_reason = "needs_a_look", "Planted reason"
    application.save()
    ApplicationEvent.objects.create(
        application=application,
        from_status="draft",
        to_status="submitted",
        actor=person,
        at=application.submitted_at,
        note="Planted note",
    )
    queue_message(person, kind="planted", about=application, subject=f"For {NAME}", body=f"Dear {NAME}")
    # What organisers did in the admin is in its log.
    client.force_login(world.organiser)
    client.post(
        reverse("admin:cohorts_application_change", args=[application.pk]),
        {"eligibility": "needs_a_look", "reason": "Planted reason", "decision": "offer", "cohort": ""},
    )
    client.logout()
    return world


def addresses(world):
    """Every address of the admin that a reviewer may try, with what a curious person would add."""
    application = world.applications[0]
    person = application.applicant
    yield reverse("admin:index")
    yield reverse("admin:app_list", args=["cohorts"])
    yield reverse("admin:cohorts_review_queue")
    yield reverse("admin:cohorts_review_application", args=[application.pk])
    for name in ("changelist", "export"):
        page = reverse(f"admin:cohorts_review_{name}")
        yield page
        for curious in (
            f"?q={PART_OF_NAME}",
            f"?q={PART_OF_EMAIL}",
            f"?q={application.pk}",
            f"?application__applicant={person.pk}",
            f"?applicant__name__startswith=Z&applicant={person.pk}",
            "?o=-applicant__name",
            "?state=todo",
            "?_to_field=applicant__name&_popup=1",
        ):
            yield page + curious
    yield reverse("admin:cohorts_review_history", args=[1])
    yield reverse("admin:cohorts_application_history", args=[application.pk])
    yield reverse("admin:cohorts_application_change", args=[application.pk])
    for app, model, field in (
        ("cohorts", "application", "applicant"),
        ("cohorts", "review", "application"),
        ("cohorts", "sessionrole", "user"),
    ):
        yield reverse("admin:autocomplete") + f"?app_label={app}&model_name={model}&field_name={field}&term=aphira"
    for model in admin.site._registry:
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"admin:{label}_changelist") + "?q=aphira"
    yield reverse("admin:accounts_user_change", args=[person.pk])
    yield reverse("admin:accounts_user_history", args=[person.pk])


@pytest.mark.parametrize("who", ["reviewer", "navigator"])
@pytest.mark.parametrize("own", ["nothing", "draft", "handed in"])
def test_nothing_planted_reaches_a_blind_reviewer(client, world, who, own):
    reviewer = getattr(world, who)
    if own == "draft":
        save_review(world.applications[0], by=reviewer, scores={})
    if own == "handed in":
        hand_in(world.applications[0], by=reviewer, scores=world.scores(1, 1))
        hand_in(world.applications[0], by=world.organiser, scores=world.scores(1, 1))
    client.force_login(reviewer)
    for address in addresses(world):
        text = client.get(address, follow=True).content.decode()
        for planted in PLANTED:
            assert planted not in text, (address, planted)


def test_a_search_for_the_name_finds_as_little_as_any_other(client, world):
    client.force_login(world.reviewer)
    page = reverse("admin:cohorts_review_changelist")
    assert client.get(page + f"?q={NAME}").context["page"].paginator.count == 0
    assert client.get(page + f"?q={world.applications[0].pk}").context["page"].paginator.count == 1
    assert client.get(page + f"?applicant={world.applications[0].applicant.pk}").context["page"].paginator.count == 3


def test_organisers_and_the_operator_do_see_them(client, world):
    application = world.applications[0]
    for user in (world.organiser, world.operator):
        client.force_login(user)
        page = client.get(reverse("admin:cohorts_application_change", args=[application.pk])).content.decode()
        for planted in (NAME, EMAIL, LOGIN, "Planted sensitive answer", "Planted note", "Planted reason"):
            assert planted in page
        assert NAME in client.get(reverse("admin:cohorts_application_changelist") + "?q=zaphira").content.decode()
        assert EMAIL in client.get(reverse("admin:cohorts_application_export")).content.decode()
        assert NAME in client.get(reverse("admin:cohorts_review_application", args=[application.pk])).content.decode()
        assert NAME in client.get(reverse("admin:accounts_message_changelist")).content.decode()


def test_with_open_names_reviewers_see_the_name_and_nothing_confidential(client, world):
    type(world.session).objects.filter(pk=world.session.pk).update(review_names_hidden=False)
    client.force_login(world.reviewer)
    page = client.get(reverse("admin:cohorts_review_application", args=[world.applications[0].pk])).content.decode()
    assert NAME in page
    for confidential in (EMAIL, "Planted sensitive answer", "Planted note", "Planted reason"):
        assert confidential not in page
    assert NAME in client.get(reverse("admin:cohorts_review_changelist")).content.decode()


def test_an_organiser_of_one_session_stays_blind_in_another(client, world):
    elsewhere = SessionRoleFactory(session=SessionFactory(reviewing=True), user=world.reviewer, role="organiser").session
    ApplicationFactory(session=elsewhere)
    client.force_login(world.reviewer)
    for address in addresses(world):
        text = client.get(address, follow=True).content.decode()
        for planted in PLANTED:
            assert planted not in text, (address, planted)


class TestTheOnePlace:
    def test_who_may_see_the_applicant(self, world):
        application = world.applications[0]
        assert may_see_applicant(application.applicant, application)
        assert may_see_applicant(world.organiser, application)
        assert may_see_applicant(world.operator, application)
        for who in ("reviewer", "navigator", "captain", "stranger"):
            assert not may_see_applicant(getattr(world, who), application), who

    def test_open_names_are_for_reviewers_of_what_they_may_review(self, world):
        type(world.session).objects.filter(pk=world.session.pk).update(review_names_hidden=False)
        assert may_see_applicant(world.reviewer, world.applications[0])
        assert not may_see_applicant(world.captain, world.applications[0])
        assert not may_see_applicant(UserFactory(), world.applications[0])

    def test_visitors_see_nobody(self, world):
        from django.contrib.auth.models import AnonymousUser

        assert not with_visible_applicant(Application.objects.all(), AnonymousUser()).exists()

    def test_what_a_hidden_applicant_is_called(self, world):
        application = world.applications[0]
        assert shown_name(application, visible=True) == NAME
        assert shown_name(application, visible=False) == f"Application {application.pk}"
        assert NAME not in str(application)


def test_a_pending_decision_and_a_place_do_not_show_in_the_review(client, world):
    application = world.applications[0]
    set_pending_decision(application, "offer", by=world.organiser)
    place(application, world.cohort, by=world.organiser)
    client.force_login(world.reviewer)
    page = client.get(reverse("admin:cohorts_review_application", args=[application.pk])).content.decode()
    assert world.cohort.name not in page
    assert "Offer" not in page
