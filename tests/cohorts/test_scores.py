"""What a review comes to is stored with it, and stays right whatever changes."""

import importlib
import threading
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.urls import reverse

from cohorts.models import Application, Criterion, Review
from cohorts.reviews import declare_conflict, hand_in, save_review
from cohorts.scores import figures_of, keep_reviews_waiting, rescore_session, with_mean_score
from tests.cohorts.test_at_once import at_once
from tests.cohorts.world import make_world
from tests.factories import CriterionFactory

pytestmark = pytest.mark.django_db


def computed(review) -> float | None:
    """The weighted mean as one would say it: N/A and independent criteria count nowhere, and only the division rounds."""
    pairs = [
        (int(one.criterion.weight * 100), one.value)
        for one in review.scores.all()
        if one.value is not None and not one.criterion.independent
    ]
    weights = sum(weight for weight, _value in pairs)
    return sum(weight * value for weight, value in pairs) / weights if weights else None


def assert_stored(expected: int) -> None:
    """Each stored score is the computed one, to the last bit."""
    reviews = Review.objects.prefetch_related("scores__criterion")
    assert len(reviews) == expected
    assert {one.pk: one.score for one in reviews} == {one.pk: computed(one) for one in reviews}


@pytest.fixture
def world():
    """Weights whose sums no binary fraction holds, one of nothing, and a criterion apart; reviews of every kind."""
    world = make_world(applications=3)
    for criterion, weight in zip(world.criteria, ("0.29", "1.10"), strict=True):
        criterion.weight = Decimal(weight)
        criterion.save()
    world.criteria += [
        CriterionFactory(session=world.session, weight=Decimal("0.70")),
        CriterionFactory(session=world.session, weight=0),
        CriterionFactory(session=world.session, independent=True),
    ]
    first, second, third = world.applications
    hand_in(first, by=world.reviewer, scores=world.scores(3, 1, 2, 3, 3))
    hand_in(first, by=world.navigator, scores=world.scores(1, None, 3, 0, None))
    hand_in(second, by=world.reviewer, scores=world.scores(None, None, None, 3, 3))
    save_review(second, by=world.navigator, scores=world.scores(2))
    save_review(third, by=world.navigator, scores={}, private_comment="Later")
    return world


def change(world, number, **values):
    Criterion.objects.filter(pk=world.criteria[number].pk).update(**values)


def test_writing_a_review_stores_its_score(world):
    assert_stored(5)
    found = list(Review.objects.order_by("pk").values_list("score", flat=True))
    assert found == [(29 * 3 + 110 + 70 * 2) / 209, (29 + 70 * 3) / 99, None, 2.0, None]
    assert hand_in(world.applications[0], by=world.reviewer, scores=world.scores(0, 0, 0, 3, 3)).score == 0
    assert save_review(world.applications[1], by=world.navigator, scores={}).score is None
    assert declare_conflict(world.applications[0], by=world.reviewer)
    assert_stored(5)


@pytest.mark.parametrize(
    "changes",
    [
        lambda world: change(world, 0, weight=Decimal("99.99")),
        lambda world: change(world, 1, weight=0),
        lambda world: change(world, 3, weight=1),
        lambda world: change(world, 1, independent=True),
        lambda world: change(world, 4, independent=False),
        lambda world: Criterion.objects.all().update(weight=0),
        lambda world: Criterion.objects.filter(pk=world.criteria[0].pk).delete(),
        lambda world: CriterionFactory(session=world.session),
        lambda world: Criterion.objects.all().delete(),
    ],
    ids=["weight", "weight 0", "weight back", "apart", "counts", "nothing counts", "one gone", "one more", "none left"],
)
def test_whatever_becomes_of_the_criteria_the_stored_score_is_the_computed_one(world, changes):
    other = make_world(applications=1)
    hand_in(other.applications[0], by=other.reviewer, scores=other.scores(1, 2))
    Review.objects.filter(application__session=other.session).update(score=77)
    changes(world)
    rescore_session(world.session)
    assert Review.objects.get(application__session=other.session).score == 77, "other sessions stay as they are"
    rescore_session(other.session)
    assert_stored(6)


def test_the_organisers_page_keeps_it_right(world, client):
    client.force_login(world.organiser)
    address = reverse("admin:cohorts_session_change", args=[world.session.pk])
    formsets = client.get(address).context["inline_admin_formsets"]
    data = {}
    for form in [client.get(address).context["adminform"].form, *(form for one in formsets for form in one.formset.forms)]:
        for field in form:
            value = field.value()
            if field.field.__class__.__name__ == "SplitDateTimeField":
                for part, text in zip(("_0", "_1"), field.field.widget.decompress(value), strict=True):
                    data[field.html_name + part] = "" if text is None else str(text)
            elif value is not None and value is not False:
                data[field.html_name] = value
    for one in formsets:
        for field in one.formset.management_form:
            data[field.html_name] = field.value()
    data["criteria-0-weight"], data["criteria-2-independent"] = "5", "on"
    response = client.post(address, data)
    assert response.status_code == 302, response.context["errors"]
    assert Criterion.objects.get(pk=world.criteria[0].pk).weight == 5
    assert Review.objects.order_by("pk").first().score == (500 * 3 + 110) / 610
    assert_stored(5)


def test_rows_from_before_are_filled(world):
    expected = dict(Review.objects.values_list("pk", "score"))
    Review.objects.update(score=None)
    importlib.import_module("cohorts.migrations.0009_stored_scores").fill(apps, None)
    assert dict(Review.objects.values_list("pk", "score")) == expected


def test_means_come_from_what_is_stored(world, django_assert_num_queries):
    with django_assert_num_queries(2):
        figures = figures_of(world.applications, viewer=world.organiser)
    first, second = (figures[one.pk] for one in world.applications[:2])
    assert (first.count, second.count, second.mean) == (2, 1, None)
    assert first.independent == {world.criteria[4].pk: 3}
    sorted_by_it = with_mean_score(Application.objects.all(), viewer=world.organiser)
    assert {one.pk: one.mean_score for one in sorted_by_it} == {
        one.pk: figures[one.pk].mean if one.pk in figures else None for one in world.applications
    }


@pytest.mark.django_db(transaction=True)
def test_a_weight_that_changes_while_somebody_hands_in(world):
    """Whichever comes first: the score that stays is that of the weights that stay."""
    third = world.applications[2]
    begun = threading.Event()

    def change_weights():
        with transaction.atomic():
            keep_reviews_waiting(world.session)
            begun.set()
            change(world, 0, weight=7)
            rescore_session(world.session)

    def review():
        begun.wait(60)
        return hand_in(third, by=world.reviewer, scores=world.scores(3, 1, 2, 3, 3))

    answers = at_once(change_weights, review, lambda: hand_in(third, by=world.navigator, scores=world.scores(3, 1, 2, 3, 3)))
    assert not [one for one in answers if isinstance(one, Exception)], answers
    assert_stored(6)
    connection.close()
