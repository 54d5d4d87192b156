"""The page of one piece of work."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from contributions import statements
from contributions.models import MemberSync, WorkItem
from contributions.story import FIRST, LAST, story_of
from tests import factories

from .conftest import ago, event


def page_of(client, contribution, user):
    client.force_login(user)
    return client.get(reverse("work", args=[contribution.pk]))


def test_the_story_is_told_in_sentences(world, track, client):
    contribution = track(
        world.amara,
        title="Clearer errors",
        additions=400,
        deletions=2,
        trailers=["Assisted-by: A Model"],
        labels=[{"name": "docs", "color": "ff0000"}],
        linked=[{"url": "https://github.com/lumen/lumen/issues/7", "number": 7, "repository": "lumen/lumen", "title": "Slow"}],
        events=[
            event("opened", ago(days=10), "amara-o"),
            event("pushed", ago(days=9), "amara-o"),
            event("pushed", ago(days=8), "amara-o"),
            event("commented", ago(days=7), "ci-bot", human=False),
            event("changes_requested", ago(days=5), "vera"),
        ],
    )
    text = page_of(client, contribution, world.navigator).text
    for words in (
        "Clearer errors",
        "pushed 2 changes",
        "(a program)",
        "asked for changes",
        "Assisted-by: A Model",
        "docs",
        "large for Lumen",
        "https://github.com/lumen/lumen/issues/7",
        'rel="noopener"',
        "Waits for a review",
    ):
        assert words in text


def test_a_long_story_shows_its_beginning_and_its_end(world, track):
    events = [event("reviewed", ago(hours=100 - hour), f"person{hour}") for hour in range(40)]
    story = story_of(track(world.amara, events=[*events, {"what": "reviewed", "at": None}]).work_item)
    assert (len(story.first), len(story.middle), len(story.last)) == (FIRST, 40 - FIRST - LAST, LAST)


@pytest.mark.parametrize(
    "what",
    [
        "opened",
        "ready",
        "draft",
        "commented",
        "approved",
        "changes_requested",
        "reviewed",
        "pushed",
        "review_requested",
        "closed",
        "reopened",
        "merged",
        "landed",
        "renamed",
    ],
)
def test_every_kind_of_event_has_words(world, track, client, what):
    contribution = track(world.amara, events=[event(what, ago(days=2)), event(what, ago(days=1))])
    chapter = story_of(contribution.work_item).first[0]
    assert chapter.words
    assert page_of(client, contribution, world.amara.user).status_code == 200


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "gone", "gone": "deleted", "turn": ""}, "It was deleted on GitHub."),
        ({"state": "gone", "gone": "not_visible", "turn": ""}, "GitHub no longer shows it to us"),
        ({"moved_from": "lumen/old#3"}, "It was moved from lumen/old#3"),
        ({"problem": "GitHub did not answer in time.", "problem_at": ago(hours=1)}, "What you see is older."),
        ({"fetched_at": None, "turn": ""}, "It is fetched with the next sync."),
        ({"kind": "other", "state": "closed", "events": []}, "there is no story to fetch"),
        ({"kind": "ticket", "fetched_at": None}, "A ticket of the project’s tracker"),
        ({"created_at": ago(days=200)}, "from before the session"),
        ({"conflicting": True, "ci": "failure", "review_state": "approved"}, "with newer changes of the project"),
        ({"ci": "pending", "first_response_at": ago(days=1)}, "first answer after"),
        ({"state": "landed", "closed_at": ago(days=1), "turn": ""}, "Landed by hand"),
        ({"state": "merged", "merged_at": ago(days=1), "turn": ""}, "Merged in week 4"),
    ],
)
def test_what_became_of_it_is_told(world, track, client, values, words):
    assert words in page_of(client, track(world.amara, **values), world.navigator).text


def test_a_vanished_item_has_no_link(world, track, client):
    contribution = track(world.amara, state="gone", gone="deleted")
    assert "Open on GitHub" not in page_of(client, contribution, world.navigator).text


def test_those_who_share_an_item_see_each_other(world, track, client):
    contribution = track(world.amara)
    factories.ContributionFactory(membership=world.jun, work_item=contribution.work_item)
    assert "Jun Tanaka" in page_of(client, contribution, world.amara.user).text


def test_the_member_writes_about_it_and_others_read(world, track, client):
    contribution = track(world.amara)
    assert "has not written about it" in page_of(client, contribution, world.navigator).text
    client.force_login(world.amara.user)
    values = {
        "own_words": "It asks **once**.",
        "ai_use": "assisted",
        "ai_disclosure": "It named things.",
        "note": "Look tomorrow",
    }
    page = client.post(reverse("work", args=[contribution.pk]), values, follow=True)
    assert "Saved 10:00. Your cohort can read it." in page.text
    text = page_of(client, contribution, world.navigator).text
    for words in ("<strong>once</strong>", "How AI helped", "It named things.", "Look tomorrow"):
        assert words in text
    assert "<textarea" not in text


def test_an_error_keeps_every_word(world, track, client):
    contribution = track(world.amara)
    client.force_login(world.amara.user)
    page = client.post(reverse("work", args=[contribution.pk]), {"own_words": "x" * 2001, "note": "Kept"})
    assert "Please check this" in page.text
    assert "Kept" in page.text
    contribution.refresh_from_db()
    assert (contribution.own_words, contribution.note) == ("", "Kept")


def test_help_by_ai_asks_for_a_sentence_and_keeps_the_choice(world, track, client):
    contribution = track(world.amara)
    client.force_login(world.amara.user)
    page = client.post(reverse("work", args=[contribution.pk]), {"ai_use": "assisted", "ai_disclosure": " "})
    assert "Say in a sentence how AI helped." in page.text
    contribution.refresh_from_db()
    assert contribution.ai_use == "assisted"
    assert "how is not said" in page_of(client, contribution, world.navigator).text
    client.force_login(world.amara.user)
    client.post(reverse("work", args=[contribution.pk]), {"ai_use": "none"})
    assert "No AI helped." in page_of(client, contribution, world.navigator).text


def save(client, contribution, **values):
    return client.post(reverse("work", args=[contribution.pk]), values, headers={"HX-Request": "true"})


def test_each_field_saves_itself_and_the_points_follow(world, track, client):
    contribution = track(world.amara)
    seen = statements.version_of(contribution)
    client.force_login(world.amara.user)
    assert "Say it in your own words" in client.get(reverse("work", args=[contribution.pk])).text
    answer = save(client, contribution, field="own_words", own_words="It asks once.", note="Not this one", seen=seen)
    assert "Saved 10:00" in answer.text
    assert "Said in own words" in answer.text
    contribution.refresh_from_db()
    assert (contribution.own_words, contribution.note) == ("It asks once.", "")
    assert f'value="{statements.version_of(contribution)}"' in answer.text
    too_long = save(client, contribution, field="note", note="x" * 2001)
    assert "Not saved:" in too_long.text
    assert "</section>" not in answer.text.partition("</section>")[2]


def test_a_second_tab_overwrites_no_words_and_keeps_its_own(world, track, client):
    contribution = track(world.amara)
    seen = statements.version_of(contribution)
    client.force_login(world.amara.user)
    save(client, contribution, field="own_words", own_words="The first tab.", seen=seen)
    assert (
        "Another tab saved other words."
        in save(client, contribution, field="own_words", own_words="The second tab.", seen=seen).text
    )
    assert "Saved" in save(client, contribution, field="note", note="From the second.", seen=seen).text
    values = {"own_words": "The second tab.", "seen": seen}
    page = client.post(reverse("work", args=[contribution.pk]), values)
    assert page.status_code == 409
    for words in ("The first tab.", "The second tab."):
        assert words in page.text
    contribution.refresh_from_db()
    assert (contribution.own_words, contribution.note) == ("The first tab.", "From the second.")
    client.post(reverse("work", args=[contribution.pk]), values | {"seen": statements.version_of(contribution)})
    contribution.refresh_from_db()
    assert contribution.own_words == "The second tab."


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_words_that_come_after_the_log_in_ran_out_are_kept(world, track, client, headers):
    contribution = track(world.amara)
    address = reverse("work", args=[contribution.pk])
    answer = client.post(address, {"field": "own_words", "own_words": "It asks once."}, headers=headers)
    log_in = reverse("account_login")
    assert (log_in in answer.text and "is kept" in answer.text) if headers else answer.url.startswith(log_in)
    client.force_login(world.jun.user)
    assert "It asks once." not in client.get(address).text
    client.logout()
    client.post(address, {"own_words": "It asks once."})
    client.force_login(world.amara.user)
    page = client.get(address)
    assert "You were logged out while you wrote." in page.text
    assert "It asks once." in page.text
    contribution.refresh_from_db()
    assert contribution.own_words == ""
    client.post(address, {"own_words": "It asks once."})
    assert "You were logged out" not in client.get(address).text


def test_what_no_form_could_hold_is_not_kept_without_a_log_in(world, track, client):
    contribution = track(world.amara)
    address = reverse("work", args=[contribution.pk])
    answer = save(client, contribution, note="x" * 5000)
    assert "Copy what you typed" in answer.text
    client.force_login(world.amara.user)
    assert "You were logged out" not in client.get(address).text


def test_the_own_part_can_be_changed(world, track, client):
    contribution = track(world.amara, author_node_id="U_somebody")
    client.force_login(world.amara.user)
    answer = client.post(reverse("work_part", args=[contribution.pk]), {"role": "helper"}, follow=True)
    assert "Your part is “Helper” now." in answer.text
    answer = client.post(reverse("work_part", args=[contribution.pk]), {"role": "author"}, follow=True)
    assert "somebody else opened this" in answer.text
    client.post(reverse("work_part", args=[contribution.pk]), {"role": "king"})
    contribution.refresh_from_db()
    assert contribution.role == "helper"


def test_a_mate_is_named_as_a_co_author(world, track, client):
    contribution = track(world.amara)
    address = reverse("work_together", args=[contribution.pk])
    client.force_login(world.amara.user)
    assert "We worked on this together" in client.get(reverse("work", args=[contribution.pk])).text
    outsider = factories.MembershipFactory()
    for wrong in (outsider.pk, "", world.amara.pk):
        assert "Choose a member of your cohort." in client.post(address, {"partner": wrong}, follow=True).text
    page = client.post(address, {"partner": world.jun.pk}, follow=True)
    assert "Jun Tanaka sees it too now" in page.text
    assert "We worked on this together" not in page.text
    assert contribution.work_item.contributions.get(membership=world.jun).role == "co_author"
    contribution.hidden = True
    contribution.save()
    contribution.work_item.contributions.filter(membership=world.jun).delete()
    assert "You hid this" in client.post(address, {"partner": world.jun.pk}, follow=True).text


def test_the_points_are_there_for_those_who_lead_in_the_third_person(world, track, client):
    contribution = track(world.amara, ci="failure")
    text = page_of(client, contribution, world.navigator).text
    assert "are left for Amara" in text
    assert "Offer to read the first red check together." in text
    assert "Before you ask maintainers" not in page_of(client, track(world.amara, state="merged"), world.amara.user).text


def test_reviews_given_are_listed(world, track, client):
    contribution = track(world.amara, part={"role": "reviewer"}, author_login="vera")
    contribution.reviews_given.create(database_id=1, state="approved", submitted_at=ago(days=3), url="https://github.com/x#r1")
    page = page_of(client, contribution, world.navigator).text
    assert "Reviews given" in page
    assert "https://github.com/x#r1" in page
    assert "Before you ask maintainers" not in page


def test_nobody_writes_for_the_member(world, track, client):
    contribution = track(world.amara)
    for user in (world.navigator, world.organiser, world.jun.user, world.stranger):
        client.force_login(user)
        for name in ("work", "hide_work", "restore_work", "work_part", "work_together"):
            assert client.post(reverse(name, args=[contribution.pk]), {"note": "x"}).status_code == 404
        for change in (statements.hide, statements.restore):
            with pytest.raises(PermissionDenied):
                change(contribution, by=user)
    contribution.refresh_from_db()
    assert (contribution.note, contribution.hidden) == ("", False)


def test_only_the_members_own_fields_are_written(world, track):
    with pytest.raises(ValueError, match="hidden"):
        statements.describe(track(world.amara), by=world.amara.user, values={"hidden": "yes"})


def test_hidden_from_strangers(world, track, client):
    contribution = track(world.amara)
    assert page_of(client, contribution, world.stranger).status_code == 404
    assert page_of(client, contribution, world.other_organiser).status_code == 404
    client.logout()
    assert client.get(reverse("work", args=[contribution.pk])).status_code == 302


def test_an_open_item_that_did_not_change_is_as_fresh_as_the_last_sync(world, track, client):
    fetched, synced = ago(hours=3), ago(minutes=5)
    contribution = track(world.amara, fetched_at=fetched)
    MemberSync.objects.update_or_create(membership=contribution.membership, defaults={"synced_at": synced})
    rows = WorkItem.objects.filter(pk=contribution.work_item_id)

    def checked_at():
        return page_of(client, contribution, contribution.membership.user).context["checked_at"]

    assert checked_at() == synced
    # What could not be fetched, and what is over and not asked about any more, is as old as it is.
    rows.update(problem="GitHub did not tell.")
    assert checked_at() == fetched
    rows.update(problem="", state=WorkItem.State.MERGED)
    assert checked_at() == fetched
