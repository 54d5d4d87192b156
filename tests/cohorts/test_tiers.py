"""Tiers that are proposed from the scores."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cohorts.admin.tiers import TierForm
from cohorts.models import Application
from cohorts.reviews import declare_conflict, hand_in
from cohorts.tiers import TierError, TierWish, plan_tiers, set_tiers, tiers_by_place, tiers_by_score
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory


@pytest.mark.parametrize(
    ("places", "sizes", "tiers"),
    [
        ([1, 2, 3, 4], [1, 2], [0, 1, 1, 2]),
        ([1, 2, 2, 4], [2], [0, 0, 0, 1]),
        ([1, 1, 1], [1, 1], [0, 0, 0]),
        ([1, 2, 2, 2, 5, 6], [1, 2, 1], [0, 1, 1, 1, 3, 3]),
        ([], [3], []),
        ([1, 2], [5], [0, 0]),
    ],
)
def test_who_shares_a_place_shares_a_tier(places, sizes, tiers):
    assert list(tiers_by_place(dict(enumerate(places)), sizes).values()) == tiers


def test_cut_offs_are_the_lowest_score_of_each_tier():
    assert list(tiers_by_score(dict(enumerate([3.5, 3.2, 3.2 - 1e-15, 3.1, 2.5, 0])), [3.2, 2.5]).values()) == [0, 0, 0, 1, 1, 2]


@pytest.mark.parametrize(
    ("by", "numbers", "expected"),
    [
        ("sizes", "18 30", [18, 30]),
        ("sizes", "18, 30,", [18, 30]),
        ("scores", "3.2; 2,5", [3.2, 2.5]),
        ("scores", "3.2, 2.5", [3.2, 2.5]),
        ("sizes", "0", None),
        ("sizes", "1.5", None),
        ("sizes", "-1", None),
        ("sizes", "٣", None),
        ("sizes", "1 1 1 1 1 1 1 1 1", None),
        ("scores", "nan", None),
        ("scores", "inf 2", None),
        ("scores", "2 3", None),
        ("scores", "2 2", None),
        ("scores", "x", None),
        ("sizes", "", None),
        ("other", "3", None),
    ],
)
def test_what_the_form_takes(by, numbers, expected):
    form = TierForm({"by": by, "numbers": numbers})
    assert form.is_valid() is (expected is not None)
    if expected:
        assert (form.wish.sizes or form.wish.cut_offs) == expected


@pytest.fixture
def world(db):
    """Scores 3, 2, 2, 1 by one reviewer, and one application without any."""
    world = make_world(applications=5)
    for application, score in zip(world.applications, (3, 2, 2, 1), strict=False):
        hand_in(application, by=world.reviewer, scores=world.scores(score, score))
    return world


def tiers(world):
    return list(Application.objects.order_by("pk").values_list("tier", flat=True))


def write(world, wish, by=None):
    by = by or world.organiser
    return set_tiers(world.session, wish, by=by, expected=plan_tiers(world.session, wish, by=by).fingerprint)


def test_tiers_are_written_as_they_were_proposed(world):
    plan = write(world, TierWish(sizes=[1, 1]))
    assert tiers(world) == [0, 1, 1, 2, None]
    assert (plan.counts, plan.unscored, plan.kept) == ([(0, 1, 1), (1, 2, 2), (2, 1, 1)], 1, 0)
    again = plan_tiers(world.session, TierWish(sizes=[4]), by=world.organiser)
    assert (again.proposed, again.kept) == ([], 4)
    assert len(write(world, TierWish(cut_offs=[2], everybody=True)).changes) == 3
    assert tiers(world) == [0, 0, 0, 1, None]


def test_who_is_not_eligible_or_not_under_review_or_not_ones_own_to_decide_gets_none(world):
    numbers = [one.pk for one in world.applications]
    Application.objects.filter(pk=numbers[0]).update(eligibility="not_eligible")
    Application.objects.filter(pk=numbers[1]).update(status="withdrawn")
    declare_conflict(world.applications[2], by=world.organiser)
    # Whoever is left out takes no place either.
    write(world, TierWish(sizes=[1]))
    assert tiers(world) == [None, None, None, 0, None]


def test_another_proposal_than_the_one_that_was_shown_is_not_written(world):
    wish = TierWish(sizes=[1])
    plan = plan_tiers(world.session, wish, by=world.organiser)
    hand_in(world.applications[4], by=world.reviewer, scores=world.scores(3, 3))
    with pytest.raises(TierError, match="Something has changed"):
        set_tiers(world.session, wish, by=world.organiser, expected=plan.fingerprint)
    with pytest.raises(TierError, match="Only the organisers"):
        write(world, wish, by=world.reviewer)
    assert set(tiers(world)) == {None}


def test_the_page(world, client):
    client.force_login(world.organiser)
    address = reverse("admin:cohorts_session_tiers", args=[world.session.pk])
    assert "Give a number for each tier." in client.post(address, {"by": "sizes"}).content.decode()
    assert "What decides" in client.post(address, {"numbers": "3"}).content.decode()
    data = {"by": "sizes", "numbers": "1 1", "preview": "1"}
    page = client.post(address, data)
    assert "4 tiers would change" in page.content.decode()
    assert set(tiers(world)) == {None}
    assert client.post(address, {**data, "write": "1", "fingerprint": "other"}).status_code == 200
    assert set(tiers(world)) == {None}
    done = client.post(address, {**data, "write": "1", "fingerprint": page.context["plan"].fingerprint}, follow=True)
    assert "4 tiers are set." in done.content.decode()
    assert tiers(world) == [0, 1, 1, 2, None]
    assert LogEntry.objects.latest("pk").get_change_message() == "4 tiers are set."


def test_the_number_of_queries_does_not_grow(world, client):
    client.force_login(world.organiser)
    address = reverse("admin:cohorts_session_tiers", args=[world.session.pk])

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.post(address, {"by": "sizes", "numbers": "1 1"}).status_code == 200
        return len(captured)

    queries()
    few = queries()
    for application in ApplicationFactory.create_batch(30, session=world.session):
        hand_in(application, by=world.reviewer, scores=world.scores(1, 2))
    assert queries() == few
