"""The page of one piece of work."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from contributions import statements
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
    values = {"own_words": "It asks **once**.", "ai_disclosure": "Not at all", "note": "Review tomorrow"}
    page = client.post(reverse("work", args=[contribution.pk]), values, follow=True)
    assert "Saved." in page.text
    text = page_of(client, contribution, world.navigator).text
    for words in ("<strong>once</strong>", "Not at all", "Review tomorrow"):
        assert words in text
    assert "<textarea" not in text


def test_an_error_keeps_every_word(world, track, client):
    contribution = track(world.amara)
    client.force_login(world.amara.user)
    page = client.post(reverse("work", args=[contribution.pk]), {"own_words": "x" * 2001, "note": "Kept"})
    assert "Please check this" in page.text
    assert "Kept" in page.text
    contribution.refresh_from_db()
    assert contribution.note == ""


def test_nobody_writes_for_the_member(world, track, client):
    contribution = track(world.amara)
    for user in (world.navigator, world.organiser, world.jun.user, world.stranger):
        client.force_login(user)
        for name in ("work", "hide_work", "restore_work"):
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
