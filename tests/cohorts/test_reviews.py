"""Writing reviews, their figures, and the queue."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from cohorts.models import Application, Conflict, Review, ReviewAssignment, Score
from cohorts.review_queue import waiting_for
from cohorts.reviews import (
    LONGEST_COMMENT,
    ReviewError,
    ReviewStale,
    declare_conflict,
    hand_in,
    save_review,
    withdraw_conflict,
)
from cohorts.scores import figures_of, with_mean_score
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, CriterionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def figures(world, application, viewer=None):
    return figures_of([application], viewer=viewer or world.organiser).get(application.pk)


class TestWriting:
    def test_a_draft_may_be_partial_and_does_not_count(self, world):
        application = world.applications[0]
        review = save_review(application, by=world.reviewer, scores=world.scores(2), private_comment="half way")
        assert review.handed_in_at is None
        assert [score.value for score in review.scores.all()] == [2]
        assert figures(world, application) is None

    def test_saving_again_replaces_scores_and_keeps_one_review(self, world):
        application = world.applications[0]
        save_review(application, by=world.reviewer, scores=world.scores(2, 3))
        save_review(application, by=world.reviewer, scores=world.scores(1))
        assert Review.objects.count() == 1
        assert list(Score.objects.values_list("value", flat=True)) == [1]

    def test_handing_in_needs_each_required_criterion(self, world):
        with pytest.raises(ValidationError) as error:
            hand_in(world.applications[0], by=world.reviewer, scores=world.scores(2))
        assert list(error.value.message_dict) == [f"criterion_{world.criteria[1].pk}"]
        assert not Review.objects.exists()

    def test_not_applicable_is_an_answer(self, world):
        review = hand_in(world.applications[0], by=world.reviewer, scores=world.scores(2, None))
        assert review.handed_in_at is not None

    def test_an_optional_criterion_may_stay_open(self, world):
        CriterionFactory(session=world.session, required=False)
        hand_in(world.applications[0], by=world.reviewer, scores=world.scores(1, 1))

    @pytest.mark.parametrize("value", [-1, 4, 99])
    def test_impossible_scores_are_refused_in_drafts_too(self, world, value):
        with pytest.raises(ValidationError):
            save_review(world.applications[0], by=world.reviewer, scores=world.scores(value))
        assert not Review.objects.exists()

    def test_a_criterion_of_another_session_is_refused(self, world):
        foreign = CriterionFactory()
        with pytest.raises(ReviewError):
            save_review(world.applications[0], by=world.reviewer, scores={foreign.pk: 1})

    def test_handed_in_is_changed_by_handing_in_again_not_by_a_draft(self, world):
        application = world.applications[0]
        hand_in(application, by=world.reviewer, scores=world.scores(1, 1))
        with pytest.raises(ReviewError):
            save_review(application, by=world.reviewer, scores=world.scores(3))
        hand_in(application, by=world.reviewer, scores=world.scores(3, 3))
        assert figures(world, application).scores == (3.0,)

    def test_an_older_tab_is_refused_unless_it_says_the_same(self, world):
        application = world.applications[0]
        first = save_review(application, by=world.reviewer, scores=world.scores(2), private_comment="One", version=0)
        save_review(application, by=world.reviewer, scores=world.scores(2), private_comment="Two", version=first.version)
        for write in (save_review, hand_in):
            with pytest.raises(ReviewStale) as stale:
                write(application, by=world.reviewer, scores=world.scores(2, 1), private_comment="Three", version=first.version)
            assert stale.value.review.private_comment == "Two"
        again = save_review(application, by=world.reviewer, scores=world.scores(2), private_comment="Two", version=0)
        assert again.version == 2
        handed_in = hand_in(application, by=world.reviewer, scores=world.scores(1, 1), version=2)
        assert save_review(application, by=world.reviewer, scores=world.scores(1, 1)).handed_in_at == handed_in.handed_in_at

    def test_a_form_is_not_out_of_date_by_what_it_saved_itself(self, world):
        """Its automatic save and its button may be under way at once: both name the version that the page was made from."""
        application = world.applications[0]
        typed = {"by": world.reviewer, "scores": world.scores(2, 1), "version": 0}
        save_review(application, private_comment="By itself", form="this", **typed)
        handed_in = hand_in(application, private_comment="By the button", form="this", **typed)
        assert (handed_in.private_comment, handed_in.handed_in_at is None) == ("By the button", False)
        for other in ("other", ""):
            with pytest.raises(ReviewStale):
                hand_in(application, private_comment="Elsewhere", form=other, **typed)

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"private_comment": "x" * (LONGEST_COMMENT + 1)}, "private_comment"),
            ({"shareable_comment": "x" * (LONGEST_COMMENT + 1)}, "shareable_comment"),
            ({"confidence": 7}, "confidence"),
        ],
    )
    def test_what_does_not_fit_is_refused_whole(self, world, said, field):
        with pytest.raises(ValidationError) as error:
            save_review(world.applications[0], by=world.reviewer, scores=world.scores(1), **said)
        assert list(error.value.message_dict) == [field]
        assert not Review.objects.exists()

    @pytest.mark.parametrize(
        ("typed", "stored"),
        [("a\0b", "ab"), ("one\r\ntwo", "one\ntwo"), ("👩‍🚀 שלום مرحبا", "👩‍🚀 שלום مرحبا"), ("é" * LONGEST_COMMENT,) * 2],
        ids=["nul", "lines", "scripts", "longest"],
    )
    def test_comments_are_kept_as_written_but_for_what_no_database_takes(self, world, typed, stored):
        review = save_review(world.applications[0], by=world.reviewer, scores={}, private_comment=typed, confidence=2)
        review.refresh_from_db()
        assert (review.private_comment, review.confidence) == (stored, 2)

    def test_the_version_that_was_reviewed_is_noted(self, world):
        application = world.applications[0]
        Application.objects.filter(pk=application.pk).update(submitted_version=4)
        assert save_review(application, by=world.reviewer, scores={}).application_version == 4

    @pytest.mark.parametrize("who", ["stranger", "captain"])
    def test_others_cannot_review(self, world, who):
        with pytest.raises(ReviewError):
            hand_in(world.applications[0], by=getattr(world, who), scores=world.scores(1, 1))

    @pytest.mark.parametrize("who", ["organiser", "reviewer", "navigator", "operator"])
    def test_reviewers_navigators_and_organisers_can(self, world, who):
        assert hand_in(world.applications[0], by=getattr(world, who), scores=world.scores(1, 1))

    def test_nobody_reviews_the_own_application(self, world):
        own = ApplicationFactory(session=world.session, applicant=world.reviewer)
        with pytest.raises(ReviewError):
            hand_in(own, by=world.reviewer, scores=world.scores(1, 1))

    def test_nobody_reviews_while_applications_are_open(self, world):
        soon = timezone.now() + datetime.timedelta(days=1)
        type(world.session).objects.filter(pk=world.session.pk).update(applications_close_at=soon)
        with pytest.raises(ReviewError):
            save_review(world.applications[0], by=world.reviewer, scores={})

    def test_nobody_reviews_after_the_review_closed(self, world):
        type(world.session).objects.filter(pk=world.session.pk).update(review_closed_at=timezone.now())
        with pytest.raises(ReviewError, match="closed"):
            save_review(world.applications[0], by=world.reviewer, scores={})

    def test_withdrawn_applications_are_not_reviewed(self, world):
        Application.objects.filter(pk=world.applications[0].pk).update(status="withdrawn")
        with pytest.raises(ReviewError):
            save_review(world.applications[0], by=world.reviewer, scores={})

    def test_only_assigned_ones_where_the_session_says_so(self):
        world = make_world(review_assigned_only=True)
        first, second = world.applications
        ReviewAssignment.objects.create(application=first, reviewer=world.reviewer)
        save_review(first, by=world.reviewer, scores={})
        with pytest.raises(ReviewError):
            save_review(second, by=world.reviewer, scores={})
        save_review(second, by=world.organiser, scores={})


class TestConflicts:
    def test_a_conflict_takes_the_application_away_and_the_review_out_of_the_figures(self, world):
        application = world.applications[0]
        hand_in(application, by=world.reviewer, scores=world.scores(3, 3))
        declare_conflict(application, by=world.reviewer, reason="a friend")
        declare_conflict(application, by=world.reviewer)
        assert Conflict.objects.count() == 1
        assert figures(world, application) is None
        assert application not in Application.objects.visible_to(world.reviewer)
        assert application not in waiting_for(world.reviewer, world.session)

    def test_it_can_be_taken_back_by_the_person_alone(self, world):
        conflict = declare_conflict(world.applications[0], by=world.reviewer)
        with pytest.raises(ReviewError):
            withdraw_conflict(conflict, by=world.organiser)
        withdraw_conflict(conflict, by=world.reviewer)
        assert world.applications[0] in waiting_for(world.reviewer, world.session)

    def test_whoever_has_nothing_to_do_with_it_cannot_declare_one(self, world):
        with pytest.raises(ReviewError):
            declare_conflict(world.applications[0], by=world.stranger)

    def test_an_organiser_with_a_conflict_sees_no_reviews_of_it(self, world):
        application = world.applications[0]
        hand_in(application, by=world.reviewer, scores=world.scores(3, 3))
        declare_conflict(application, by=world.organiser)
        assert figures(world, application) is None


class TestFigures:
    def test_weighted_mean_of_a_review_then_mean_median_and_spread(self):
        world = make_world(applications=1)
        heavy, _light = world.criteria
        heavy.weight = 3
        heavy.save()
        application = world.applications[0]
        for reviewer, values in ((world.reviewer, (3, 1)), (world.navigator, (0, 0)), (world.organiser, (2, 2))):
            hand_in(application, by=reviewer, scores=world.scores(*values))
        found = figures(world, application)
        assert sorted(found.scores) == [0.0, 2.0, 2.5]
        assert found.count == 3
        assert found.mean == pytest.approx(1.5)
        assert found.median == 2.0
        assert (found.lowest, found.highest, found.spread) == (0.0, 2.5, 2.5)

    def test_not_applicable_is_left_out_and_never_zero(self, world):
        application = world.applications[0]
        hand_in(application, by=world.reviewer, scores=world.scores(3, None))
        assert figures(world, application).mean == 3.0

    def test_a_review_with_nothing_but_not_applicable_counts_as_a_review_without_score(self, world):
        application = world.applications[0]
        hand_in(application, by=world.reviewer, scores=world.scores(None, None))
        found = figures(world, application)
        assert (found.count, found.mean, found.median, found.spread) == (1, None, None, None)

    def test_independent_criteria_stand_apart(self, world):
        apart = CriterionFactory(session=world.session, independent=True)
        application = world.applications[0]
        hand_in(application, by=world.reviewer, scores={**world.scores(2, 2), apart.pk: 0})
        hand_in(application, by=world.navigator, scores={**world.scores(2, 2), apart.pk: 3})
        found = figures(world, application)
        assert found.mean == 2.0
        assert found.independent == {apart.pk: 1.5}

    def test_weights_of_zero_divide_nothing_by_zero(self, world):
        for criterion in world.criteria:
            criterion.weight = 0
            criterion.save()
        hand_in(world.applications[0], by=world.reviewer, scores=world.scores(2, 2))
        assert figures(world, world.applications[0]).mean is None

    def test_the_database_sorts_by_the_same_mean(self):
        world = make_world(applications=3)
        world.criteria[0].weight = 2
        world.criteria[0].save()
        CriterionFactory(session=world.session, independent=True, required=False)
        for number, application in enumerate(world.applications[:2]):
            hand_in(application, by=world.reviewer, scores=world.scores(number, None))
            hand_in(application, by=world.navigator, scores=world.scores(number + 1, 3))
        found = {one.pk: one.mean_score for one in with_mean_score(Application.objects.all(), viewer=world.organiser)}
        expected = figures_of(world.applications, viewer=world.organiser)
        for application in world.applications[:2]:
            assert found[application.pk] == pytest.approx(expected[application.pk].mean)
        assert found[world.applications[2].pk] is None

    def test_whoever_applied_sees_no_figure_of_the_own_application(self, world):
        own = ApplicationFactory(session=world.session, applicant=world.organiser)
        hand_in(own, by=world.reviewer, scores=world.scores(3, 3))
        assert figures(world, own) is None
        assert figures(world, own, viewer=world.operator).mean == 3.0

    def test_queries_do_not_grow(self, world, django_assert_num_queries):
        for application in world.applications:
            hand_in(application, by=world.reviewer, scores=world.scores(1, 2))
            hand_in(application, by=world.navigator, scores=world.scores(1, 2))
        with django_assert_num_queries(2):
            figures_of(world.applications, viewer=world.organiser)
