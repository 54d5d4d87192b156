"""What changes under a reviewer's hands: what was typed is kept or given back, others' work stays, and figures are right afterwards."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.personal_data import delete_account
from cohorts.models import Application, Criterion, Review, ReviewPhase, Session, SessionRole
from cohorts.review_queue import progress
from cohorts.reviews import hand_in, save_review
from tests.cohorts.test_at_once import at_once
from tests.cohorts.world import make_world
from tests.factories import CriterionFactory

TYPED = "Two pages of thoughts that took an hour"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def world(db):
    return make_world(applications=2)


def address(application) -> str:
    return reverse("admin:cohorts_review_application", args=[application.pk])


def said(world, **more) -> dict:
    """A whole review as the page sends it."""
    scores = {f"criterion_{criterion.pk}": "1" for criterion in world.criteria}
    return {**scores, "private_comment": TYPED, "shareable_comment": "Kind words", "version": "0", **more}


@pytest.fixture
def client(client):
    client.raise_request_exception = False
    return client


@pytest.fixture
def reading(client, world):
    """The reviewer has the page open."""
    client.force_login(world.reviewer, backend=BACKEND)
    assert client.get(address(world.applications[0])).status_code == 200
    return client


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_who_save_at_once_are_both_kept():
    world = make_world(applications=1)
    (application,) = world.applications
    answers = at_once(
        lambda: hand_in(application, by=world.reviewer, scores=world.scores(1, 1), private_comment="One"),
        lambda: hand_in(application, by=world.navigator, scores=world.scores(3, 3), private_comment="Two"),
        lambda: save_review(application, by=world.organiser, scores=world.scores(2), private_comment="Three"),
    )
    assert all(isinstance(answer, Review) for answer in answers), answers
    kept = Review.objects.order_by("private_comment").values_list("private_comment", "reviewer", "scores__value")
    assert set(kept) == {("One", world.reviewer.pk, 1), ("Two", world.navigator.pk, 3), ("Three", world.organiser.pk, 2)}


@pytest.mark.parametrize("button", ["draft", "hand_in"])
def test_in_two_tabs_the_older_one_is_told_and_its_text_stands_beside(reading, world, button):
    application = world.applications[0]
    reading.post(address(application), said(world, private_comment="From the other tab", draft="1", tab="other"))
    response = reading.post(address(application), said(world, **{button: "1", "tab": "mine"}))
    assert response.status_code == 409
    assert TYPED in response.text
    assert "From the other tab" in response.text
    assert Review.objects.get().private_comment == "From the other tab"
    # Told so, the person decides: the page carries the newer version.
    version = response.context["review"].version
    reading.post(address(application), said(world, **{button: "1", "version": str(version)}))
    assert Review.objects.get().private_comment == TYPED


def test_the_applicant_deletes_the_account_meanwhile(reading, world):
    gone, left = world.applications
    hand_in(gone, by=world.navigator, scores=world.scores(1, 1))
    hand_in(left, by=world.navigator, scores=world.scores(1, 1))
    delete_account(gone.applicant, by=gone.applicant)
    for button in ("draft", "hand_in", "hand_in_next", "skip", "conflict"):
        response = reading.post(address(gone), said(world, **{button: "1"}))
        assert response.status_code == 404
        assert TYPED in response.text
        assert "Kind words" in response.text
    assert progress(world.session, reviewer=world.reviewer).total == 1
    assert progress(world.session, reviewer=world.reviewer).mine == 1
    assert progress(world.session, reviewer=world.navigator).handed_in == 1
    assert Review.objects.count() == 1
    reading.force_login(world.organiser, backend=BACKEND)
    for page in ("cohorts_application_changelist", "cohorts_review_queue", "cohorts_review_changelist"):
        assert reading.get(reverse(f"admin:{page}")).status_code == 200
    ranking = reading.get(reverse("admin:cohorts_session_ranking", args=[world.session.pk]))
    assert f"/{left.pk}/" in ranking.text
    assert f"/application/{gone.pk}/" not in ranking.text


@pytest.mark.parametrize("button", ["draft", "hand_in_next", "conflict"])
def test_the_reviewer_loses_the_role_meanwhile(reading, world, button):
    SessionRole.objects.filter(user=world.reviewer).delete()
    response = reading.post(address(world.applications[0]), said(world, **{button: "1"}))
    assert 400 <= response.status_code < 500
    assert TYPED in response.text
    assert not Review.objects.exists()
    assert reading.get(address(world.applications[0])).status_code in (302, 403, 404)


@pytest.mark.parametrize("what", ["archived_at", "review_closed_at", "published_at"])
def test_the_session_is_archived_or_its_review_closed_meanwhile(reading, world, what):
    Session.objects.update(**{what: timezone.now()})
    response = reading.post(address(world.applications[0]), said(world, hand_in="1"))
    assert 400 <= response.status_code < 500
    assert TYPED in response.text
    assert not Review.objects.exists()


def test_the_phase_closes_meanwhile(reading, world):
    now = timezone.now()
    ReviewPhase.objects.create(
        session=world.session,
        name="First",
        opens_at=now - datetime.timedelta(days=2),
        closes_at=now - datetime.timedelta(seconds=1),
    )
    response = reading.post(address(world.applications[0]), said(world, hand_in="1"))
    assert response.status_code == 409
    assert TYPED in response.text
    assert not Review.objects.exists()


@pytest.mark.parametrize("status", ["withdrawn", "draft"])
def test_the_application_is_withdrawn_meanwhile(reading, world, status):
    Application.objects.filter(pk=world.applications[0].pk).update(status=status)
    response = reading.post(address(world.applications[0]), said(world, draft="1"))
    assert response.status_code == 404
    assert TYPED in response.text


class TestCriteria:
    def test_one_is_removed_meanwhile(self, reading, world):
        application = world.applications[0]
        hand_in(application, by=world.navigator, scores=world.scores(1, 3))
        world.criteria[1].delete()
        response = reading.post(address(application), said(world, hand_in="1"), follow=True)
        assert response.status_code == 200
        review = Review.objects.get(reviewer=world.reviewer)
        assert review.private_comment == TYPED
        assert list(review.scores.values_list("criterion", flat=True)) == [world.criteria[0].pk]
        assert reading.get(reverse("admin:cohorts_review_export")).status_code == 200

    def test_one_is_added_meanwhile(self, reading, world):
        CriterionFactory(session=world.session, name="A new one")
        response = reading.post(address(world.applications[0]), said(world, hand_in="1"))
        assert response.status_code in (200, 422)
        assert "A new one" in response.text
        assert TYPED in response.text
        # Nothing of it is handed in half.
        assert not Review.objects.handed_in().exists()
        # A draft may be partial.
        reading.post(address(world.applications[0]), said(world, draft="1"))
        assert Review.objects.get().private_comment == TYPED

    def test_one_has_fewer_steps_by_now(self, reading, world):
        Criterion.objects.filter(pk=world.criteria[0].pk).update(anchors="No\nYes")
        high = {f"criterion_{world.criteria[0].pk}": "3"}
        response = reading.post(address(world.applications[0]), said(world, hand_in="1", **high))
        assert response.status_code in (200, 422)
        assert TYPED in response.text
        assert not Review.objects.exists()

    def test_scores_above_the_steps_that_are_left_are_shown_and_hurt_nothing(self, reading, world):
        application = world.applications[0]
        hand_in(application, by=world.reviewer, scores=world.scores(3, 3))
        Criterion.objects.update(anchors="No\nYes")
        assert reading.get(address(application)).status_code == 200
        reading.force_login(world.organiser, backend=BACKEND)
        for page in (
            reverse("admin:cohorts_session_ranking", args=[world.session.pk]),
            reverse("admin:cohorts_session_ranking_export", args=[world.session.pk]),
            reverse("admin:cohorts_application_change", args=[application.pk]),
        ):
            assert reading.get(page).status_code == 200

    def test_all_of_them_are_removed(self, reading, world):
        hand_in(world.applications[0], by=world.navigator, scores=world.scores(1, 3), private_comment="Theirs")
        Criterion.objects.all().delete()
        assert reading.get(address(world.applications[0])).status_code == 200
        reading.post(address(world.applications[0]), said(world, hand_in="1"))
        assert Review.objects.get(reviewer=world.reviewer).private_comment == TYPED
        reading.force_login(world.organiser, backend=BACKEND)
        assert reading.get(reverse("admin:cohorts_session_ranking", args=[world.session.pk])).status_code == 200
