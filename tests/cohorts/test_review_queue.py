"""Which application comes next, for one reviewer and for several at once."""

import datetime

import pytest
from django.utils import timezone

from cohorts.claims import claim, is_read_by_others, next_for, prune_claims, release
from cohorts.models import Application, ReviewAssignment, ReviewClaim
from cohorts.review_queue import next_application, progress, waiting_for, waiting_in_words
from cohorts.reviews import declare_conflict, hand_in, save_review
from tests.cohorts.test_at_once import at_once
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, SessionFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def test_assigned_first_then_those_with_the_fewest_reviews():
    world = make_world(applications=4)
    assigned, twice, once, never = world.applications
    ReviewAssignment.objects.create(application=assigned, reviewer=world.reviewer)
    for application, reviewers in (
        (assigned, [world.navigator] * 1),
        (twice, [world.navigator, world.organiser]),
        (once, [world.navigator]),
    ):
        for reviewer in reviewers:
            hand_in(application, by=reviewer, scores=world.scores(1, 1))
    assert list(waiting_for(world.reviewer, world.session)) == [assigned, never, once, twice]


def test_a_living_claim_of_somebody_else_is_a_review_to_come():
    world = make_world(applications=3)
    reviewed_and_claimed, claimed_twice, handed_in = world.applications
    third = SessionRoleFactory(session=world.session, role="reviewer").user
    hand_in(reviewed_and_claimed, by=world.organiser, scores=world.scores(1, 1))
    hand_in(handed_in, by=world.organiser, scores=world.scores(1, 1))
    for reviewer in (world.navigator, third):
        claim(claimed_twice, by=reviewer)
    claim(reviewed_and_claimed, by=world.navigator)
    # Whoever reads again what is handed in promises no further review.
    claim(handed_in, by=world.organiser)
    assert waiting_for(world.reviewer, world.session).first() == handed_in
    ReviewClaim.objects.update(until=timezone.now())
    assert waiting_for(world.reviewer, world.session).first() == claimed_twice


def test_the_order_is_stable_for_one_reviewer_and_differs_between_reviewers():
    world = make_world(applications=12)
    mine = list(waiting_for(world.reviewer, world.session))
    assert mine == list(waiting_for(world.reviewer, world.session))
    assert mine != list(waiting_for(world.navigator, world.session))
    assert mine != sorted(mine, key=lambda one: one.pk)


def test_nobody_is_favoured_by_a_number():
    """Over many reviewers each of ten applications comes first about as often as any other: a tenth of 300, give or take."""
    world = make_world(applications=10)
    operators = [UserFactory.build(pk=10_000 + number, is_superuser=True) for number in range(300)]
    first = [waiting_for(each, world.session).values_list("pk", flat=True).first() for each in operators]
    counts = [first.count(one.pk) for one in world.applications]
    assert min(counts) > 12
    assert max(counts) < 52


def test_drafts_stay_and_handed_in_ones_go(world):
    first, second = world.applications
    save_review(first, by=world.reviewer, scores={})
    hand_in(second, by=world.reviewer, scores=world.scores(1, 1))
    assert list(waiting_for(world.reviewer, world.session)) == [first]


def test_skipped_ones_come_back_when_nothing_else_is_left(world):
    first, second = waiting_for(world.reviewer, world.session)
    assert next_application(world.reviewer, world.session, skipped=[first.pk]) == second
    assert next_application(world.reviewer, world.session, skipped=[first.pk, second.pk]) == first


def test_own_and_foreign_and_not_eligible_applications_are_never_served(world):
    ApplicationFactory(session=world.session, applicant=world.reviewer)
    ApplicationFactory(session=SessionFactory(reviewing=True))
    ApplicationFactory(session=world.session, eligibility="not_eligible")
    assert {one.pk for one in waiting_for(world.reviewer, world.session)} == {one.pk for one in world.applications}


def test_a_reviewer_of_two_sessions_reviews_both():
    one, other = make_world(applications=1), make_world(applications=1)
    SessionRoleFactory(session=other.session, user=one.reviewer, role="reviewer")
    assert list(waiting_for(one.reviewer, other.session)) == other.applications
    assert not Application.objects.reviewable_by(UserFactory()).exists()


def test_progress_of_oneself_and_of_all(world):
    first, second = world.applications
    hand_in(first, by=world.reviewer, scores=world.scores(1, 1))
    hand_in(first, by=world.navigator, scores=world.scores(1, 1))
    save_review(second, by=world.reviewer, scores={})
    ApplicationFactory(session=world.session, eligibility="not_eligible")
    found = progress(world.session, reviewer=world.reviewer)
    assert (found.mine, found.handed_in, found.drafts, found.left) == (2, 1, 1, 1)
    assert (found.total, found.enough) == (2, 1)


def test_progress_counts_what_is_assigned_and_not_handed_in(world):
    for application in world.applications[:2]:
        ReviewAssignment.objects.create(application=application, reviewer=world.reviewer)
    ReviewAssignment.objects.create(application=world.applications[0], reviewer=world.navigator)
    assert progress(world.session, reviewer=world.reviewer).assigned == 2
    hand_in(world.applications[0], by=world.reviewer, scores=world.scores(1, 1))
    assert progress(world.session, reviewer=world.reviewer).assigned == 1


@pytest.mark.parametrize(
    ("left", "assigned", "words"),
    [
        (43, 8, "43 applications wait for your review. 8 are assigned to you."),
        (2, 1, "2 applications wait for your review. 1 is assigned to you."),
        (8, 8, "8 applications wait for your review."),
        (1, 0, "1 application waits for your review."),
    ],
)
def test_what_waits_is_said_in_words(left, assigned, words):
    assert waiting_in_words(left, assigned) == words


def test_progress_counts_the_own_application_nowhere(world):
    own = ApplicationFactory(session=world.session, applicant=world.reviewer)
    for reviewer in (world.navigator, world.organiser):
        hand_in(own, by=reviewer, scores=world.scores(1, 1))
    found = progress(world.session, reviewer=world.reviewer)
    assert (found.mine, found.total, found.enough) == (2, 2, 0)


class TestClaims:
    def test_the_next_one_is_claimed_and_stays_mine_until_it_is_handed_in(self, world):
        taken = next_for(world.reviewer, world.session)
        until = ReviewClaim.objects.get(reviewer=world.reviewer).until
        assert datetime.timedelta(minutes=29) < until - timezone.now() <= datetime.timedelta(minutes=30)
        # Whoever comes back to the queue goes on with it, and others are served something else.
        assert next_for(world.reviewer, world.session) == taken
        assert next_for(world.navigator, world.session) != taken
        assert is_read_by_others(taken, reviewer=world.organiser)
        assert not is_read_by_others(taken, reviewer=world.reviewer)
        hand_in(taken, by=world.reviewer, scores=world.scores(1, 1))
        assert not is_read_by_others(taken, reviewer=world.organiser)

    def test_saving_a_draft_renews_it_and_a_conflict_ends_it(self, world):
        application = world.applications[0]
        ReviewClaim.objects.create(application=application, reviewer=world.reviewer, until=timezone.now())
        for _twice in range(2):
            ReviewClaim.objects.update(until=timezone.now())
            save_review(application, by=world.reviewer, scores=world.scores(2))
            assert ReviewClaim.objects.alive().exists()
        declare_conflict(application, by=world.reviewer)
        assert not ReviewClaim.objects.exists()

    def test_releasing_is_for_oneself_and_old_ones_are_deleted(self, world):
        first, second = world.applications
        claim(first, by=world.reviewer)
        claim(first, by=world.navigator)
        release(first, by=world.reviewer)
        assert ReviewClaim.objects.get().reviewer == world.navigator
        ReviewClaim.objects.update(until=timezone.now() - datetime.timedelta(days=2))
        claim(second, by=world.reviewer)
        assert (prune_claims(), ReviewClaim.objects.count()) == (1, 1)

    def test_nothing_left_is_none(self, world):
        for application in world.applications:
            hand_in(application, by=world.reviewer, scores=world.scores(1, 1))
        assert next_for(world.reviewer, world.session) is None


@pytest.mark.django_db(transaction=True)
def test_reviewers_who_ask_at_the_same_moment_get_different_ones():
    world = make_world(applications=3)
    reviewers = [world.reviewer, world.navigator, world.organiser]
    taken = at_once(*[lambda one=one: next_for(one, world.session) for one in reviewers])
    assert {one.pk for one in taken} == {one.pk for one in world.applications}


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_who_save_at_once_are_both_stored():
    world = make_world(applications=1)
    application = world.applications[0]
    saves = [
        lambda: hand_in(application, by=world.reviewer, scores=world.scores(1, 2)),
        lambda: hand_in(application, by=world.navigator, scores=world.scores(3, 3)),
        lambda: save_review(application, by=world.organiser, scores=world.scores(2)),
    ]
    answers = at_once(*saves)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert sorted(application.reviews.values_list("reviewer", "score")) == sorted(
        [(world.reviewer.pk, 1.5), (world.navigator.pk, 3.0), (world.organiser.pk, 2.0)]
    )
