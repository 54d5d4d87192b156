"""The pages on which people review."""

import pytest
from django.test import Client
from django.urls import reverse

from cohorts.claims import claim
from cohorts.models import Conflict, Review
from cohorts.review_queue import waiting_for
from cohorts.reviews import hand_in
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, QuestionFactory, SessionFactory, SessionRoleFactory

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
    client.post(page, filled(world, first="3", hand_in="1", version="1"))
    answer = client.post(page, filled(world, first="1", draft="1", version="1"))
    assert answer.status_code == 409
    assert "Saved elsewhere:" in answer.content.decode()
    assert Review.objects.get().scores.get(criterion=world.criteria[0]).value == 3


def log_out(client, world):
    client.logout()


def lose_the_role(client, world):
    world.session.roles.filter(user=world.reviewer).delete()


def delete_the_account(client, world):
    world.applications[0].applicant.delete()


def withdraw(client, world):
    type(world.applications[0]).objects.filter(pk=world.applications[0].pk).update(status="withdrawn")


def close_the_review(client, world):
    type(world.session).objects.filter(pk=world.session.pk).update(review_closed_at=world.session.applications_close_at)


@pytest.mark.parametrize(
    ("what_happens", "status", "why"),
    [
        (log_out, 403, "You are logged out."),
        (lose_the_role, 403, "You have no part in a review any more."),
        (delete_the_account, 404, "not any more: it may have been withdrawn or deleted"),
        (withdraw, 404, "not any more: it may have been withdrawn or deleted"),
        (close_the_review, 409, "The review of this session is closed."),
    ],
)
def test_what_cannot_be_saved_is_given_back_to_copy(client, world, page, what_happens, status, why):
    what_happens(client, world)
    answer = client.post(page, filled(world, hand_in="1", private_comment="Kept <b>\x00 words"))
    text = answer.content.decode()
    assert answer.status_code == status
    for kept in (why, "Kept &lt;b&gt; words", "For you"):
        assert kept in text
    answer = client.post(page, filled(world, draft="1"), headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert "Not saved." in answer.content.decode()
    assert not Review.objects.exists()


def test_after_the_review_closed_the_page_is_read(client, world, page):
    close_the_review(client, world)
    assert "You have not written one." in client.get(page).content.decode()


class TestAutosave:
    def save(self, client, world, page, **values):
        return client.post(page, filled(world, **values), headers={"HX-Request": "true"})

    def test_a_draft_is_saved_by_itself_and_the_form_learns_its_version(self, client, world, page):
        for version in (1, 2):
            answer = self.save(client, world, page, second="", first=str(version), tab="one", version=str(version - 1))
            assert answer.status_code == 200
            assert f'id="review-version" value="{version}"' in answer.content.decode()
        # The answer got lost on the way: the same form sends its old version again, with newer words.
        assert self.save(client, world, page, first="3", tab="one", version="1").status_code == 200
        assert Review.objects.get().handed_in_at is None

    def test_another_tab_is_told_and_keeps_its_words_beside_the_saved_ones(self, client, world, page):
        self.save(client, world, page, tab="one", version="0", private_comment="Saved there")
        stale = {"tab": "two", "version": "0", "private_comment": "Typed here", "first": "0"}
        answer = self.save(client, world, page, **stale)
        assert (answer.status_code, "another tab or device" in answer.content.decode()) == (409, True)
        answer = client.post(page, filled(world, **stale, hand_in="1"))
        text = answer.content.decode()
        assert answer.status_code == 409
        for words in ("Saved there", "Typed here", "2 · Good", "Another tab or device saved something else"):
            assert words in text
        assert "hx-post" not in text
        assert Review.objects.get().private_comment == "Saved there"
        # Who has seen both decides.
        assert client.post(page, filled(world, **stale | {"version": "1"}, hand_in="1")).status_code == 302
        assert Review.objects.get().private_comment == "Typed here"

    def test_a_form_with_an_error_stays_as_old_as_it_was(self, client, world, page):
        self.save(client, world, page, tab="one", version="0", private_comment="Saved there")
        answer = client.post(page, filled(world, second="", tab="two", version="0", private_comment="Saved there", hand_in="1"))
        assert 'name="version" id="review-version" value="0"' in answer.content.decode()

    def test_a_comment_that_is_too_long_is_refused_and_kept(self, client, world, page):
        long = "é" * 10_001
        answer = self.save(client, world, page, private_comment=long)
        assert (answer.status_code, "You wrote 10001." in answer.content.decode()) == (422, True)
        text = client.post(page, filled(world, private_comment=long, draft="1")).content.decode()
        assert "At most 10000 characters fit here. You wrote 10001." in text
        assert long in text
        assert "maxlength" not in text[text.index("private_comment") : text.index("shareable_comment")]

    def test_line_ends_of_a_browser_count_once(self, client, world, page):
        assert client.post(page, filled(world, private_comment="a\r\n" * 5000, draft="1")).status_code == 302


def test_a_conflict_from_the_form_keeps_what_was_typed_for_the_way_back(client, world, page):
    answer = client.post(page, filled(world, second="", conflict="1", reason="A friend"))
    assert answer.url == reverse("admin:cohorts_review_application", args=[world.applications[1].pk])
    assert Conflict.objects.get().reason == "A friend"
    client.post(reverse("admin:cohorts_review_withdraw_conflict", args=[Conflict.objects.get().pk]))
    assert "For us" in client.get(page).content.decode()


def test_skipping_without_a_word_leaves_no_draft(client, world, page):
    assert client.post(page, {"skip": "1"}).status_code == 302
    assert not Review.objects.exists()


def test_the_page_says_that_somebody_reads_and_not_who(client, world, page):
    claim(world.applications[0], by=world.navigator)
    text = client.get(page).content.decode()
    assert "Somebody is reading this one at present." in text
    assert world.navigator.name not in text
    assert not world.reviewer.review_claims.exists()


def test_the_content_warning_comes_first_and_folds_the_answers(client, world, page):
    type(world.applications[0]).objects.filter(pk=world.applications[0].pk).update(content_warning="A long <illness>")
    text = client.get(page).content.decode()
    places = [
        text.index(each) for each in ("A long &lt;illness&gt;", '<details class="behind-warning">', "Because I want to learn.")
    ]
    assert places == sorted(places)


def test_a_question_of_other_words_and_a_retired_one_say_so(client, world, page):
    answer = world.applications[0].answers.get()
    answer.asked = "Why us?"
    answer.save()
    type(answer.question).objects.filter(pk=answer.question.pk).update(retired_at=world.session.applications_close_at)
    text = client.get(page).content.decode()
    for words in ("Why us?", "the question read:", "No longer asked"):
        assert words in text


def test_a_review_of_an_older_version_says_so(client, world, page):
    hand_in(world.applications[0], by=world.reviewer, scores=world.scores(1, 1))
    type(world.applications[0]).objects.filter(pk=world.applications[0].pk).update(submitted_version=2)
    assert "The application has changed since you reviewed it." in client.get(page).content.decode()


def test_from_the_list_one_goes_through_the_list(client):
    world = make_world(applications=3)
    client.force_login(world.reviewer)
    first, middle, last = (reverse("admin:cohorts_review_application", args=[one.pk]) for one in world.applications)
    row = client.get(reverse("admin:cohorts_review_changelist") + "?state=todo&p=1").content.decode()
    assert f"{middle}?list=state%3Dtodo" in row
    context = client.get(f"{middle}?list=state%3Dtodo").context
    assert (context["previous_url"], context["next_url"]) == (f"{first}?list=state%3Dtodo", f"{last}?list=state%3Dtodo")
    answer = client.post(f"{middle}?list=state%3Dtodo", filled(world, list="state=todo", hand_in_next="1"))
    assert answer.url == f"{last}?list=state%3Dtodo"
    assert client.get(f"{last}?list=state%3Dtodo").context["previous_url"] == f"{first}?list=state%3Dtodo"
    assert client.get(f"{last}?list=%00session%3D%2500").status_code == 200


class TestSideBySide:
    def test_all_answers_to_one_question_in_an_order_of_ones_own(self, client):
        world = make_world(applications=30)
        question = world.session.questions.get()
        hand_in(world.applications[0], by=world.reviewer, scores=world.scores(1, 1))
        type(world.applications[0]).objects.filter(pk=world.applications[1].pk).update(content_warning="Grief")
        orders = {}
        for who in (world.reviewer, world.navigator):
            client.force_login(who)
            address = reverse("admin:cohorts_review_questions") + f"?session={world.session.slug}"
            page = client.get(address, follow=True)
            assert page.redirect_chain[-1][0] == reverse("admin:cohorts_review_question", args=[question.pk])
            rows = page.context["rows"] + client.get(page.request["PATH_INFO"] + "?p=2").context["rows"]
            orders[who] = [row["application"].pk for row in rows]
            assert (len(page.context["rows"]), len(rows)) == (25, 30)
            assert {row["name"] for row in rows} == {str(one) for one in world.applications}
        assert sorted(orders[world.reviewer]) == sorted(orders[world.navigator])
        assert orders[world.reviewer] != orders[world.navigator]
        text = "".join(client.get(f"{page.request['PATH_INFO']}?p={number}").content.decode() for number in (1, 2))
        assert text.count('<details class="behind-warning">') == 1

    @pytest.mark.parametrize("hidden", [{"sensitive": True}, {"shown_to_reviewers": False}])
    def test_what_reviewers_do_not_read_is_not_there(self, client, world, hidden):
        question = QuestionFactory(session=world.session, **hidden)
        address = reverse("admin:cohorts_review_question", args=[question.pk])
        for who, status in ((world.reviewer, 404), (world.organiser, 200)):
            client.force_login(who)
            assert client.get(address).status_code == status

    def test_a_question_of_another_session_is_not_there(self, client, world):
        client.force_login(world.reviewer)
        other = QuestionFactory(session=SessionFactory(reviewing=True))
        assert client.get(reverse("admin:cohorts_review_question", args=[other.pk])).status_code == 404


def test_skipping_serves_another_one_first(client, world, page):
    first, second = waiting_for(world.reviewer, world.session)
    answer = client.post(reverse("admin:cohorts_review_skip", args=[first.pk]))
    assert answer.url == reverse("admin:cohorts_review_application", args=[second.pk])
    assert f"{first} waits at the end of your queue." in client.get(answer.url).content.decode()
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


def test_a_form_with_an_old_token_gives_back_what_was_written(world, page):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.reviewer)
    words = "Many words <b> about an application"
    for origin, is_kept in (("http://testserver", True), ("https://elsewhere.example", False)):
        answer = strict.post(page, {"private_comment": words, "password": words[1:]}, headers={"Origin": origin})
        text = answer.content.decode()
        assert (answer.status_code, "Many words &lt;b&gt; about" in text) == (403, is_kept)
        assert ">any words" not in text
