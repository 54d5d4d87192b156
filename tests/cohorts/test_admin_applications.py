"""Applications as organisers see them."""

import csv
import io

import pytest
from django.urls import reverse

from cohorts.csv_cells import harmless_cell
from cohorts.models import Application, Membership, Publication, Session
from cohorts.publishing import carry_on
from cohorts.reviews import hand_in
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, CohortFactory, MembershipFactory, SessionFactory, SessionRoleFactory

pytestmark = pytest.mark.django_db

LIST = "admin:cohorts_application_changelist"


@pytest.fixture
def world():
    return make_world(applications=3)


@pytest.fixture
def organiser(client, world):
    client.force_login(world.organiser)
    return client


def shown(response):
    return [one.pk for one in response.context["cl"].result_list]


def form(**values):
    return {"eligibility": "eligible", "reason": "", "tier": "", "decision": "none", "rank": "", "cohort": "", **values}


def test_the_list_shows_figures_and_sorts_by_them(organiser, world):
    for application, value in zip(world.applications, (1, 3), strict=False):
        hand_in(application, by=world.reviewer, scores=world.scores(value, value))
    hand_in(world.applications[0], by=world.navigator, scores=world.scores(2, 2))
    response = organiser.get(reverse(LIST) + "?o=-5")
    first, second, third = world.applications
    assert shown(response) == [second.pk, first.pk, third.pk]
    text = response.content.decode()
    assert "1.50" in text
    assert "1.00–2.00" in text


def test_search_by_name_address_login_and_number(organiser, world):
    wanted = world.applications[1]
    person = wanted.applicant
    for term in (person.name, person.email, person.github.login, str(wanted.pk)):
        assert wanted.pk in shown(organiser.get(reverse(LIST), {"q": term}))
    assert shown(organiser.get(reverse(LIST), {"q": "nobody at all"})) == []


def test_filters(organiser, world):
    Application.objects.filter(pk=world.applications[0].pk).update(pending_decision="offer", tier=1, eligibility="needs_a_look")
    MembershipFactory(cohort=world.cohort, user=world.applications[1].applicant, state="invited")
    first, second, third = (one.pk for one in world.applications)
    for query, expected in (
        ({"pending_decision__exact": "offer"}, {first}),
        ({"eligibility__exact": "needs_a_look"}, {first}),
        ({"placed": "yes"}, {second}),
        ({"placed": "no"}, {first, third}),
        ({"session__id__exact": world.session.pk}, {first, second, third}),
        ({"status__exact": "offered"}, set()),
    ):
        assert set(shown(organiser.get(reverse(LIST), query))) == expected, query


@pytest.mark.parametrize(
    "query", ["applicant__name__startswith=P", "draft__icontains=x", "answers__value__icontains=x", "applicant=1"]
)
def test_the_address_asks_nothing_that_is_not_a_filter(organiser, world, query):
    response = organiser.get(reverse(LIST) + f"?{query}")
    assert response.status_code in (302, 400)


@pytest.mark.parametrize("action", ["offer", "waitlist", "not_selected", "none"])
def test_decisions_in_bulk_are_asked_about_first(organiser, world, action):
    """What the page does then: `test_pending`."""
    Application.objects.filter(pk=world.applications[2].pk).update(status="withdrawn")
    data = {"action": f"decide_{action}", "_selected_action": [one.pk for one in world.applications], "index": "0"}
    response = organiser.post(reverse(LIST), data)
    assert response.context["plan"].decision == action
    assert ("cannot get the decision" in response.content.decode()) == (action != "none")
    assert [Application.objects.get(pk=one.pk).pending_decision for one in world.applications] == ["none"] * 3


def test_decisions_in_bulk_are_about_one_session(organiser, world):
    other = ApplicationFactory(session=SessionFactory(reviewing=True))
    SessionRoleFactory(session=other.session, user=world.organiser)
    data = {"action": "decide_offer", "_selected_action": [world.applications[0].pk, other.pk], "index": "0"}
    assert "of one session at a time" in organiser.post(reverse(LIST), data, follow=True).content.decode()


def test_nothing_can_be_deleted_in_bulk_or_alone(organiser, world, client):
    for user in (world.organiser, world.operator):
        client.force_login(user)
        data = {"action": "delete_selected", "_selected_action": [world.applications[0].pk], "post": "yes"}
        client.post(reverse(LIST), data)
        assert (
            client.post(reverse("admin:cohorts_application_delete", args=[world.applications[0].pk]), {"post": "yes"}).status_code
            == 403
        )
    assert Application.objects.filter(pk=world.applications[0].pk).exists()


class TestThePage:
    @pytest.fixture
    def page(self, world):
        return reverse("admin:cohorts_application_change", args=[world.applications[0].pk])

    def test_everything_is_saved_at_once(self, organiser, world, page):
        response = organiser.post(
            page, form(decision="offer", cohort=world.cohort.pk, tier="1", eligibility="needs_a_look", reason="Age")
        )
        assert response.status_code == 302
        application = Application.objects.get(pk=world.applications[0].pk)
        assert (application.pending_decision, application.tier, application.eligibility_reason) == ("offer", 1, "Age")
        assert Membership.objects.get(user=application.applicant).state == "invited"
        assert application.status == "submitted"

    def test_or_nothing_and_the_form_says_why(self, organiser, world, page):
        for _ in range(world.session.cohort_size_max):
            MembershipFactory(cohort=world.cohort)
        response = organiser.post(page, form(decision="offer", cohort=world.cohort.pk, tier="3"))
        assert "is full" in response.content.decode()
        application = Application.objects.get(pk=world.applications[0].pk)
        assert (application.pending_decision, application.tier) == ("none", None)

    def test_a_no_takes_a_kept_place_away(self, organiser, world, page):
        organiser.post(page, form(decision="offer", cohort=world.cohort.pk))
        organiser.post(page, form(decision="not_selected", cohort=world.cohort.pk))
        assert not Membership.objects.filter(user=world.applications[0].applicant).exists()

    def test_moving_and_taking_out(self, organiser, world, page):
        other = CohortFactory(session=world.session)
        organiser.post(page, form(cohort=world.cohort.pk))
        organiser.post(page, form(cohort=other.pk))
        assert Membership.objects.get(user=world.applications[0].applicant).cohort == other
        organiser.post(page, form())
        assert not Membership.objects.filter(user=world.applications[0].applicant).exists()

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"rank": "2"}, "A rank goes with the waitlist only."),
            ({"eligibility": "not_eligible"}, "Say why"),
            ({"decision": "nonsense"}, "Select a valid choice"),
            ({"tier": "-1"}, "greater than or equal to 0"),
        ],
    )
    def test_errors_keep_what_was_typed(self, organiser, world, page, values, message):
        response = organiser.post(page, form(**values))
        assert message in response.content.decode()
        assert Application.objects.get(pk=world.applications[0].pk).pending_decision == "none"

    def test_a_cohort_of_another_session_is_no_choice(self, organiser, world, page):
        response = organiser.post(page, form(cohort=CohortFactory().pk))
        assert response.context["form"].errors["cohort"]

    def test_whoever_leads_keeps_the_cohort(self, organiser, world, page):
        MembershipFactory(cohort=world.cohort, user=world.applications[0].applicant, role="navigator")
        organiser.post(page, form(cohort=""))
        assert Membership.objects.get(user=world.applications[0].applicant).role == "navigator"

    def test_it_shows_answers_reviews_and_history(self, organiser, world, page):
        hand_in(world.applications[0], by=world.reviewer, scores=world.scores(3, None), private_comment="Plainly good")
        text = organiser.get(page).content.decode()
        for expected in ("Because I want to learn.", world.reviewer.name, "Plainly good", "1 review"):
            assert expected in text


class TestExport:
    def rows(self, response):
        return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))

    def test_cells_cannot_become_formulas(self, organiser, world):
        person = world.applications[0].applicant
        person.name = '=HYPERLINK("https://evil.example")'
        person.save()
        world.applications[0].answers.update(value="@SUM(A1)")
        row = self.rows(organiser.get(reverse("admin:cohorts_application_export")))[0]
        assert row["name"] == '\'=HYPERLINK("https://evil.example")'
        assert row["Why this program?"] == "'@SUM(A1)"

    def test_it_follows_the_filters(self, organiser, world):
        Application.objects.filter(pk=world.applications[1].pk).update(pending_decision="offer")
        rows = self.rows(organiser.get(reverse("admin:cohorts_application_export") + "?pending_decision__exact=offer"))
        assert [row["number"] for row in rows] == [str(world.applications[1].pk)]

    def test_figures_are_in_it(self, organiser, world):
        hand_in(world.applications[0], by=world.reviewer, scores=world.scores(1, 2))
        row = self.rows(organiser.get(reverse("admin:cohorts_application_export")))[0]
        assert (row["reviews"], row["mean"]) == ("1", "1.5")

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("=1", "'=1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\t=1", "'\t=1"),
            (" =1", "' =1"),
            ("＝1", "'＝1"),
            ("plain", "plain"),
            (-1.5, "-1.5"),
            (None, ""),
            (True, "True"),
            ("", ""),
        ],
    )
    def test_what_is_escaped(self, value, expected):
        assert harmless_cell(value) == expected


class TestPublishPage:
    def test_the_page_shows_each_message_with_its_link_and_changes_nothing(self, organiser, world):
        Session.objects.filter(pk=world.session.pk).update(review_closed_at=world.session.applications_close_at)
        Application.objects.filter(pk=world.applications[0].pk).update(pending_decision="offer")
        address = reverse("admin:cohorts_session_publish", args=[world.session.pk])
        response = organiser.get(address)
        text = response.content.decode()
        for expected in (
            "Action required",
            f"/applications/{world.applications[0].pk}/",
            "in no cohort yet",
            "Publish and send 1 message",
        ):
            assert expected in text
        assert Application.objects.get(pk=world.applications[0].pk).status == "submitted"
        fingerprint = response.context["plan"].fingerprint
        assert "changed since you looked" in organiser.post(address, {"fingerprint": "old"}, follow=True).content.decode()
        assert organiser.post(address, {"fingerprint": fingerprint}).status_code == 302
        carry_on(Publication.objects.get().pk)
        assert Application.objects.get(pk=world.applications[0].pk).status == "offered"
        assert organiser.post(address, {"fingerprint": fingerprint}).status_code == 302
        assert Publication.objects.count() == 1

    def test_while_people_review_it_says_what_to_do_first(self, organiser, world):
        address = reverse("admin:cohorts_session_publish", args=[world.session.pk])
        assert "Close the review first" in organiser.get(address).content.decode()
        organiser.post(address, {"fingerprint": ""})
        assert Session.objects.get(pk=world.session.pk).published_at is None
