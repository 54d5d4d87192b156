"""The page on which organisers share applications out among the reviewers."""

import pytest
from django.urls import reverse
from django.utils import timezone

from cohorts.assigning import AssigningError, Wish, assign, plan_assignment
from cohorts.models import Conflict, ReviewAssignment, ReviewCapacity
from cohorts.review_queue import waiting_for
from cohorts.reviews import declare_conflict, hand_in, save_review
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, SessionRoleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(client):
    world = make_world(applications=4)
    client.force_login(world.organiser)
    return world


@pytest.fixture
def page(world):
    return reverse("admin:cohorts_session_assign_reviews", args=[world.session.pk])


def people(world):
    return [world.organiser, world.reviewer, world.navigator]


def filled(world, *most, each=2, **more):
    """The form: limits in the order of `people`."""
    limits = {f"most_{person.pk}": limit for person, limit in zip(people(world), most, strict=False)}
    return {"each": each, **limits, **more}


def shown(client, page, data) -> dict:
    """The form again, with the fingerprint of the plan that it leads to."""
    plan = client.post(page, data).context["plan"]
    return {**data, "fingerprint": plan.fingerprint, "assign": "1"}


def loads(world) -> list[int]:
    return [ReviewAssignment.objects.filter(reviewer=person).count() for person in people(world)]


def test_the_page_lists_who_may_review_with_what_they_have(client, world, page):
    ReviewAssignment.objects.create(application=world.applications[0], reviewer=world.navigator)
    hand_in(world.applications[0], by=world.reviewer, scores=world.scores(1, 1))
    ReviewCapacity.objects.create(session=world.session, reviewer=world.navigator, most=7)
    answer = client.get(page)
    rows = {one.person: (one.roles, one.handed_in, one.waiting, one.most) for one, _field in answer.context["rows"]}
    assert rows == {
        world.organiser: (["Organiser"], 0, 0, None),
        world.reviewer: (["Reviewer"], 1, 0, None),
        world.navigator: (["Navigator"], 0, 1, 7),
    }
    assert answer.context["counts"] == {"applications": 4, "handed_in": 1, "waiting": 1}
    assert f'name="most_{world.navigator.pk}" value="7"' in answer.text
    assert world.captain.get_full_name() not in answer.text


def test_looking_changes_nothing_and_assigning_does_what_was_shown(client, world, page):
    data = filled(world, "1", "", "")
    answer = client.post(page, data)
    assert answer.context["plan"].proposal.missing == 0
    assert "Each application gets as many reviewers as you asked for." in answer.text
    assert (ReviewAssignment.objects.count(), ReviewCapacity.objects.count()) == (0, 0)

    answer = client.post(page, {**data, "fingerprint": answer.context["plan"].fingerprint, "assign": "1"}, follow=True)
    assert "8 assignments added." in answer.text
    assert loads(world)[0] == 1
    assert sorted(loads(world)[1:]) == [3, 4]
    assert ReviewCapacity.objects.get().most == 1
    world.session.refresh_from_db()
    assert world.session.reviews_each == 2


def test_limits_can_be_saved_alone_and_taken_away(client, world, page):
    client.post(page, shown(client, page, filled(world, "0", "", "", each=1)))
    before = loads(world)
    client.post(page, shown(client, page, filled(world, "", "9", "0", each=1)))
    assert dict(ReviewCapacity.objects.values_list("reviewer", "most")) == {world.reviewer.pk: 9, world.navigator.pk: 0}
    # Nothing is taken from whoever has it, unless one asks for it.
    assert loads(world) == before
    assert "Nothing to change" in client.post(page, filled(world, "", "9", "0", each=1)).text


def test_what_stays_unfilled_is_said_with_the_reason(client, world, page):
    for person in (world.reviewer, world.navigator):
        Conflict.objects.create(application=world.applications[0], reviewer=person)
    text = client.post(page, filled(world, each=2)).text
    assert f"Application {world.applications[0].pk} lacks 1 reviewer: all others have a conflict of interest." in text
    assert "For 1 review there is nobody" in text


def test_redistributing_takes_back_only_what_nobody_has_begun(client, world, page):
    for application in world.applications:
        ReviewAssignment.objects.create(application=application, reviewer=world.reviewer)
    save_review(world.applications[0], by=world.reviewer, scores={})
    hand_in(world.applications[1], by=world.reviewer, scores=world.scores(1, 1))
    client.post(page, shown(client, page, filled(world, "2", "0", "", each=1, redistribute="on")))
    kept = ReviewAssignment.objects.filter(reviewer=world.reviewer).values_list("application", flat=True)
    assert set(kept) == {world.applications[0].pk, world.applications[1].pk}
    assert loads(world) == [1, 2, 1]


@pytest.mark.parametrize("what", ["conflict", "hand_in", "application", "typed"])
def test_a_plan_that_has_changed_is_refused_and_shown_anew(client, world, page, what):
    data = shown(client, page, filled(world, each=3))
    if what == "conflict":
        declare_conflict(world.applications[0], by=world.reviewer)
    elif what == "hand_in":
        hand_in(world.applications[0], by=world.reviewer, scores=world.scores(1, 1))
    elif what == "application":
        ApplicationFactory(session=world.session)
    else:
        data["each"] = 1
    answer = client.post(page, data)
    assert "Something has changed since you looked at the plan. Nothing was assigned." in answer.text
    assert not ReviewAssignment.objects.exists()
    assert client.post(page, {**data, "fingerprint": answer.context["plan"].fingerprint}).status_code == 302
    assert ReviewAssignment.objects.exists()


@pytest.mark.parametrize(("field", "value"), [("each", "0"), ("each", "x"), ("most", "-1"), ("most", "1e9")])
def test_impossible_numbers_are_named_and_what_was_typed_stays(client, world, page, field, value):
    name = "each" if field == "each" else f"most_{world.reviewer.pk}"
    answer = client.post(page, {**filled(world, "5"), name: value, "assign": "1"})
    assert answer.status_code == 200
    assert f'href="#id_{name}"' in answer.text
    assert "Give a number from" in answer.text
    assert 'value="5"' in answer.text
    assert answer.context["plan"] is None


def test_nothing_of_the_own_application_of_an_organiser_is_shown_or_touched(client, world, page):
    own = ApplicationFactory(session=world.session, applicant=world.organiser)
    ReviewAssignment.objects.create(application=own, reviewer=world.navigator)
    hand_in(own, by=world.reviewer, scores=world.scores(3, 3))
    answer = client.post(page, filled(world, redistribute="on"))
    plan = answer.context["plan"]
    assert answer.context["counts"] == {"applications": 4, "handed_in": 0, "waiting": 0}
    assert own.pk not in {pair[0] for pair in plan.proposal.added + plan.proposal.kept + plan.proposal.removed}
    assert "Your own application is not part of this" in answer.text
    # The operator sees it, and the applicant does not get it.
    plan = plan_assignment(world.session, Wish(each=3), by=world.operator)
    assert (own.pk, world.organiser.pk) not in plan.proposal.added
    assert [(one.application, one.own) for one in plan.proposal.unfilled] == [(own.pk, 1)]


def test_names_of_applicants_are_not_on_the_page(client, world, page):
    text = client.post(page, filled(world)).text
    for application in world.applications:
        assert application.applicant.name not in text
        assert application.applicant.email not in text


@pytest.mark.parametrize("who", ["reviewer", "navigator", "captain", "stranger"])
def test_only_organisers_of_the_session_get_there(client, world, page, who):
    client.force_login(getattr(world, who))
    assert client.post(page, filled(world)).status_code in (302, 404)
    with pytest.raises(AssigningError, match="Only the organisers"):
        assign(world.session, Wish(each=1), by=getattr(world, who), expected="")
    stranger = SessionRoleFactory(role="organiser").user
    client.force_login(stranger)
    assert client.get(page).status_code == 404


def test_outside_the_review_the_page_says_why_and_does_nothing(client, world, page):
    data = shown(client, page, filled(world))
    world.session.review_closed_at = timezone.now()
    world.session.save()
    answer = client.post(page, data)
    assert "The review of this session is closed." in answer.text
    assert "Show what would change" not in answer.text
    with pytest.raises(AssigningError, match="closed"):
        assign(world.session, Wish(each=2), by=world.organiser, expected=data["fingerprint"])
    assert not ReviewAssignment.objects.exists()
    steps = client.get(reverse("admin:cohorts_session_change", args=[world.session.pk])).context["steps"]
    assert page not in [step["url"] for step in steps]


def test_the_page_of_the_session_leads_there(client, world, page):
    steps = client.get(reverse("admin:cohorts_session_change", args=[world.session.pk])).context["steps"]
    assert page in [step["url"] for step in steps]


def test_whoever_was_assigned_finds_that_first_in_the_queue(client, world, page):
    client.post(page, shown(client, page, filled(world, "0", "", "", each=1)))
    for person in (world.reviewer, world.navigator):
        mine = set(ReviewAssignment.objects.filter(reviewer=person).values_list("application", flat=True))
        queue = [one.pk for one in waiting_for(person, world.session)]
        assert len(mine) == 2
        assert set(queue[:2]) == mine


def test_queries_do_not_grow(client, world, page, django_assert_max_num_queries):
    def count(data):
        with django_assert_max_num_queries(60) as queries:
            assert client.post(page, data).context["plan"].proposal.added
        return len(queries)

    few = count(filled(world))
    for _ in range(6):
        SessionRoleFactory(session=world.session, role="reviewer")
        hand_in(ApplicationFactory(session=world.session), by=world.reviewer, scores=world.scores(1, 1))
    assert count(filled(world)) == few
