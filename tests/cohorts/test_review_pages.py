"""The pages on which people review."""

import pytest
from django.urls import reverse

from cohorts.models import Conflict, Review
from cohorts.review_queue import waiting_for
from cohorts.reviews import hand_in
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, SessionFactory, SessionRoleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def page(client, world):
    client.force_login(world.reviewer)
    return reverse("admin:cohorts_review_application", args=[world.applications[0].pk])


def filled(world, first="2", second="na", **more):
    values = {
        f"criterion_{criterion.pk}": value for criterion, value in zip(world.criteria, (first, second), strict=True) if value
    }
    return {**values, "private_comment": "For us", "shareable_comment": "For you", **more}


def test_the_page_shows_answers_and_each_score_with_its_words(client, world, page):
    text = client.get(page).content.decode()
    assert "Because I want to learn." in text
    for words in ("0 · Nothing", "3 · Very good", "N/A · I cannot tell"):
        assert text.count(words) == 2
    assert 'type="radio"' in text


def test_a_draft_is_saved_and_comes_back(client, world, page):
    assert client.post(page, filled(world, second="", draft="1")).status_code == 302
    review = Review.objects.get()
    assert (review.handed_in_at, review.private_comment, review.shareable_comment) == (None, "For us", "For you")
    text = client.get(page).content.decode()
    assert "This is a draft" in text
    assert "For us" in text
    assert "checked" in text


def test_handing_in_and_going_on(client, world, page):
    answer = client.post(page, filled(world, hand_in_next="1"))
    assert answer.url == reverse("admin:cohorts_review_application", args=[world.applications[1].pk])
    assert Review.objects.get().handed_in_at is not None


def test_after_the_last_one_the_queue_says_thank_you(client, world, page):
    hand_in(world.applications[1], by=world.reviewer, scores=world.scores(1, 1))
    answer = client.post(page, filled(world, hand_in_next="1"), follow=True)
    assert "Nothing waits for you any more" in answer.content.decode()


def test_an_incomplete_review_keeps_everything_typed_and_names_the_criterion(client, world, page):
    answer = client.post(page, filled(world, second="", hand_in="1"))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Choose a score, or N/A if you cannot tell." in text
    assert f"#field-criterion_{world.criteria[1].pk}" in text
    assert "For us" in text
    assert "For you" in text
    assert 'value="2"' in text
    assert not Review.objects.exists()


@pytest.mark.parametrize("value", ["4", "-1", "x", "1e9"])
def test_an_impossible_score_keeps_the_text(client, world, page, value):
    answer = client.post(page, filled(world, first=value, hand_in="1"))
    assert answer.status_code == 200
    assert "For us" in answer.content.decode()
    assert not Review.objects.exists()


def test_a_second_tab_writes_the_same_review(client, world, page):
    client.post(page, filled(world, draft="1"))
    client.post(page, filled(world, first="3", hand_in="1"))
    answer = client.post(page, filled(world, first="1", draft="1"))
    assert answer.status_code == 409
    assert "Saved elsewhere:" in answer.content.decode()
    assert Review.objects.get().scores.get(criterion=world.criteria[0]).value == 3


def test_after_the_review_closed_a_post_is_refused_and_the_text_stays(client, world, page):
    type(world.session).objects.filter(pk=world.session.pk).update(review_closed_at=world.session.applications_close_at)
    answer = client.post(page, filled(world, hand_in="1"))
    assert "The review of this session is closed." in answer.content.decode()
    assert not Review.objects.exists()
    assert "You have not written one." in client.get(page).content.decode()


def test_skipping_serves_another_one_first(client, world, page):
    first, second = waiting_for(world.reviewer, world.session)
    answer = client.post(reverse("admin:cohorts_review_skip", args=[first.pk]))
    assert answer.url == reverse("admin:cohorts_review_application", args=[second.pk])
    # What was typed is kept, and what is left are the skipped ones.
    answer = client.post(answer.url, filled(world, skip="1"), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("admin:cohorts_review_application", args=[first.pk])
    assert "Only applications that you skipped are left." in answer.content.decode()
    assert Review.objects.get().application == second


def test_a_conflict_of_interest_in_one_click_and_back(client, world, page):
    application = world.applications[0]
    client.post(reverse("admin:cohorts_review_conflict", args=[application.pk]))
    conflict = Conflict.objects.get()
    assert client.get(page).status_code == 404
    assert client.post(reverse("admin:cohorts_review_conflict", args=[application.pk])).status_code == 404
    for name in ("changelist", "export"):
        text = client.get(reverse(f"admin:cohorts_review_{name}")).content.decode()
        assert f"Application {application.pk}<" not in text.replace(
            f"Application {application.pk},", f"Application {application.pk}<"
        )
    assert client.get(reverse("admin:cohorts_review_changelist") + f"?q={application.pk}").context["rows"] == []
    withdraw = reverse("admin:cohorts_review_withdraw_conflict", args=[conflict.pk])
    client.force_login(world.navigator)
    assert client.post(withdraw).status_code == 404
    client.force_login(world.reviewer)
    client.post(withdraw)
    assert client.get(page).status_code == 200


def test_the_queue_shows_progress_in_words(client, world, page):
    hand_in(world.applications[0], by=world.reviewer, scores=world.scores(1, 1))
    hand_in(world.applications[0], by=world.navigator, scores=world.scores(1, 1))
    text = client.get(reverse("admin:cohorts_review_queue")).content.decode()
    assert "<b>1</b> of 2 by you" in text
    assert "<b>1</b> of 2 have 2 reviews" in text


def test_the_queue_says_when_review_begins(client):
    session = SessionFactory(open=True)
    role = SessionRoleFactory(session=session, role="reviewer")
    application = ApplicationFactory(session=session)
    client.force_login(role.user)
    text = client.get(reverse("admin:cohorts_review_queue")).content.decode()
    assert "Review of this session begins when applications close." in text
    assert client.get(reverse("admin:cohorts_review_application", args=[application.pk])).status_code == 404
    answer = client.post(reverse("admin:cohorts_review_next"), {"session": session.slug})
    assert answer.url == reverse("admin:cohorts_review_queue")


def test_the_next_one_is_a_button_away(client, world, page):
    answer = client.post(reverse("admin:cohorts_review_next"), {"session": world.session.slug})
    assert answer.url == reverse("admin:cohorts_review_application", args=[waiting_for(world.reviewer, world.session)[0].pk])


def test_the_list_tells_the_state_of_each(client, world, page):
    hand_in(world.applications[0], by=world.reviewer, scores=world.scores(3, None))
    address = reverse("admin:cohorts_review_changelist")
    rows = client.get(address).context["rows"]
    assert [(row.state, row.score) for row in rows] == [("handed_in", 3.0), ("todo", None)]
    for state, count in (("todo", 1), ("draft", 0), ("handed_in", 1), ("nonsense", 2)):
        assert len(client.get(address + f"?state={state}&session={world.session.slug}").context["rows"]) == count


def test_the_export_holds_own_work_alone(client, world, page):
    hand_in(world.applications[0], by=world.reviewer, scores=world.scores(3, 1), private_comment="=cmd()")
    hand_in(world.applications[0], by=world.navigator, scores=world.scores(0, 0), private_comment="Theirs")
    text = client.get(reverse("admin:cohorts_review_export")).content.decode()
    assert (
        f"{world.applications[0].pk},{world.session.slug},Application {world.applications[0].pk},handed_in,2.0,'=cmd()," in text
    )
    assert "Theirs" not in text


def test_a_form_without_criteria_takes_comments(client, world, page):
    world.session.criteria.all().delete()
    assert client.post(page, {"private_comment": "Good", "hand_in": "1"}).status_code == 302
    assert Review.objects.get().private_comment == "Good"


def test_what_people_wrote_is_text_and_never_markup(client, world, page):
    world.applications[0].answers.update(value="<script>alert(1)</script>")
    assert b"<script>alert(1)" not in client.get(page).content
