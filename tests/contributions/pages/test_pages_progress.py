"""The progress page: what the member sees and does there, and what others see of it."""

import datetime
import re

import pytest
from django.urls import reverse

from contributions.models import Contribution, MemberSync, SyncRun
from tests import factories

from .conftest import NOW, ago, event


def page_of(client, membership, user=None, **headers):
    client.force_login(user or membership.user)
    return client.get(reverse("progress", args=[membership.pk]), headers=headers)


# Who sees it


@pytest.mark.parametrize("who", ["navigator", "captain", "organiser"])
def test_those_who_lead_see_it_without_anything_to_edit(world, track, client, who):
    track(world.amara, title="Clearer errors", part={"own_words": "Mine"})
    page = page_of(client, world.amara, getattr(world, who))
    assert "Amara Okafor, week 4" in page.text
    assert "Clearer errors" in page.text
    for control in ("Track something else", "I rest this week", "Write it"):
        assert control not in page.text


def test_a_cohort_mate_sees_it(world, track, client):
    track(world.amara, title="Clearer errors")
    assert "Clearer errors" in page_of(client, world.amara, world.jun.user).text


@pytest.mark.parametrize("who", ["other_organiser", "stranger"])
def test_hidden_from_others_with_404(world, client, who):
    assert page_of(client, world.amara, getattr(world, who)).status_code == 404


def test_visitors_are_sent_to_the_log_in(world, client):
    assert client.get(reverse("progress", args=[world.amara.pk])).status_code == 302
    assert client.get(reverse("my_progress")).url.endswith("?next=/progress/")


def test_before_publishing_only_those_who_lead_see_it(world, client):
    world.session.published_at = None
    world.session.save()
    assert page_of(client, world.amara).status_code == 404
    assert page_of(client, world.amara, world.navigator).status_code == 200
    assert page_of(client, world.amara, world.organiser).status_code == 200


def test_a_navigator_has_no_progress_page(world, client):
    navigator = world.cohort.memberships.get(user=world.navigator)
    assert page_of(client, navigator).status_code == 404


# My progress


def test_my_progress_is_the_newest_and_names_the_others(world, client):
    old = factories.CohortFactory(session=factories.SessionFactory(name="2026 Session 1", starts_on=datetime.date(2026, 9, 1)))
    factories.MembershipFactory(cohort=old, user=world.amara.user, state="completed")
    client.force_login(world.amara.user)
    page = client.get(reverse("my_progress"))
    assert "Your week 4" in page.text
    assert "2026 Session 1" in page.text


def test_without_a_cohort_it_says_what_to_do_next(world, client):
    client.force_login(world.stranger)
    assert "See the sessions" in client.get(reverse("my_progress")).text
    client.force_login(world.navigator)
    page = client.get(reverse("my_progress"))
    assert reverse("cohort", args=[world.cohort.pk]) in page.text


# What it says


def test_work_is_listed_by_whose_turn_it_is(world, track, client):
    track(
        world.amara,
        title="Answer me",
        turn="member",
        turn_reason="changes_requested",
        ci="failure",
        review_state="changes_requested",
    )
    track(world.amara, title="Be patient", additions=48, deletions=12, changed_files=3)
    text = page_of(client, world.amara).text
    assert text.index("Your turn since Friday: changes requested") < text.index("Waits for a review, 5 days")
    for fact in ("checks fail", "+48 −12, 3 files", "first answer: none yet", "Answer me", "Be patient"):
        assert fact in text


def test_where_nothing_waits_for_the_member_it_says_so(world, track, client):
    track(world.amara)
    assert "Nothing waits for you." in page_of(client, world.amara).text
    assert "Nothing waits for you." not in page_of(client, world.amara, world.navigator).text


def test_an_empty_page_says_what_comes(world, client):
    text = page_of(client, world.amara).text
    assert "Nothing tracked yet" in text
    assert "https://github.com/lumen/lumen/issues" in text
    assert 'class="strip' not in text


def test_reviews_and_other_work_have_lists_of_their_own(world, track, client):
    given = track(world.amara, title="Their change", part={"role": "reviewer"}, author_login="vera", turn="member")
    given.reviews_given.create(database_id=1, state="changes_requested", submitted_at=ago(days=3))
    given.reviews_given.create(database_id=2, state="approved", submitted_at=ago(days=2))
    track(world.amara, title="My talk", kind="other", other_kind="talk", state="closed", turn="", url="", host="example.org")
    text = page_of(client, world.amara).text
    for words in ("Reviews you gave", "by vera", "you approved it on 22 February, 2 reviews", "Other work", "Talk"):
        assert words in text
    assert "Nothing waits for you." not in text
    assert "Your turn" not in text
    assert "approved on 22 February" in page_of(client, world.amara, world.navigator).text


@pytest.mark.parametrize(
    ("events", "asked"),
    [
        ([event("approved", ago(days=3), "amara-o"), event("review_requested", ago(days=1), "vera")], True),
        ([event("approved", ago(days=3), "amara-o"), event("review_requested", ago(days=4), "vera")], False),
        # Of two reviewers nobody can tell which one is asked.
        (
            [
                event("approved", ago(days=3), "amara-o"),
                event("reviewed", ago(days=2), "jun"),
                event("review_requested", ago(days=1), "vera"),
            ],
            False,
        ),
        ([], False),
    ],
)
def test_somebody_elses_work_is_the_reviewers_turn_only_when_asked_again(world, track, client, events, asked):
    given = track(world.amara, part={"role": "reviewer"}, author_login="vera", turn="member", events=events)
    given.reviews_given.create(database_id=1, state="approved", submitted_at=ago(days=3))
    assert ("Your turn since yesterday: another review is asked for" in page_of(client, world.amara).text) is asked


def test_what_became_of_it_and_what_is_left_stand_in_the_list(world, track, client):
    track(world.amara, moved_from="https://github.com/lumen/old/pull/7", number=7)
    text = page_of(client, world.amara).text
    assert "Its repository was called" in text
    assert "#before" in text
    assert "2 things before you ask" in text or "1 thing before you ask" in text


def test_the_strip_has_a_table_with_the_same_facts(world, track, client):
    track(world.amara, title="Clearer errors", events=[event("approved", ago(days=2))])
    text = page_of(client, world.amara).text
    assert 'class="strip roomy' in text
    assert "The same as a table" in text
    table = text[text.index("strip-table") :]
    assert "Clearer errors" in table
    assert "22 Feb" in table
    assert "none yet" in table
    assert "style=" not in text


def test_numbers_in_the_picture_are_not_translated(world, track, client, settings):
    from django.utils import translation

    track(world.amara, created_at=ago(days=9, hours=5))
    client.force_login(world.amara.user)
    settings.LANGUAGES = [("it", "Italiano")]
    settings.LANGUAGE_CODE = "it"
    with translation.override("it"):
        text = client.get(reverse("progress", args=[world.amara.pk])).text
    assert 'x1="33.33%"' in text
    assert not re.search(r'="[0-9]+,[0-9]+%?"', text)


def test_gone_and_older_items_are_folded_and_explained(world, track, client):
    track(world.amara, title="Vanished", state="gone", gone="deleted", turn="")
    track(world.amara, title="Ancient", created_at=ago(days=200), turn="member")
    text = page_of(client, world.amara).text
    assert "Deleted on GitHub" in text
    assert "nobody has touched these since it began" in text


def test_policies_and_wishes_of_the_project_are_told(world, track, client):
    world.project.ai_policy, world.project.ai_policy_url = "disclosure", "https://lumen.example.org/ai"
    world.project.ai_policy_checked_on = NOW.date() - datetime.timedelta(days=91)
    world.project.issue_first = True
    world.project.save()
    track(world.amara, turn="member", turn_reason="draft", state="draft")
    text = page_of(client, world.amara).text
    for words in (
        "AI help must be disclosed",
        "https://lumen.example.org/ai",
        "which is long ago",
        "large from 300 lines",
        "An issue or ticket comes before",
        "4 things before you ask",
    ):
        assert words in text


def test_titles_from_github_are_escaped(world, track, client):
    track(world.amara, title="<script>alert(1)</script>", labels=[{"name": "<b>", "color": "red"}])
    assert "<script>alert" not in page_of(client, world.amara).text


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (datetime.datetime(2027, 1, 20, tzinfo=datetime.UTC), "Before you begin"),
        (datetime.datetime(2027, 5, 1, tzinfo=datetime.UTC), "The session ended on 14 March 2027."),
    ],
)
def test_before_and_after_are_told_in_words(world, track, client, time_machine, when, words):
    track(world.amara)
    time_machine.move_to(when, tick=False)
    page = page_of(client, world.amara)
    assert words in page.text
    assert "I rest this week" not in page.text


def test_an_unknown_login_says_what_to_do(world, client):
    MemberSync.objects.create(membership=world.amara, problem_code="unknown_login", problem="No", problem_since=NOW)
    text = page_of(client, world.amara).text
    assert "GitHub knows no person called “amara-o”." in text
    assert reverse("me") in text
    assert "can mend it in the profile" in page_of(client, world.amara, world.navigator).text


def test_a_missing_login_says_what_to_do(world, client):
    newcomer = world.person("Noor Haddad")
    assert "We do not know your GitHub login." in page_of(client, newcomer).text
    assert "We do not know the GitHub login of Noor Haddad" in page_of(client, newcomer, world.navigator).text


def test_old_data_is_shown_with_its_age_and_the_reason(world, track, client):
    track(world.amara, title="Still here")
    MemberSync.objects.create(membership=world.amara, synced_at=ago(hours=5))
    SyncRun.objects.create(
        session=world.session,
        state="failed",
        queued_at=ago(hours=2),
        finished_at=ago(hours=2),
        retry_at=ago(hours=-1),
        errors=[{"code": "unauthorized", "where": "discover", "about": "", "message": "no"}],
    )
    text = page_of(client, world.amara).text
    assert "Still here" in text
    assert "GitHub does not accept this site&#x27;s token any more since 08:00" in text


# Check-in and private facts


def test_the_check_in_of_the_week_is_asked_for_and_can_be_rested_from(world, client):
    week = world.session.calendar.get(number=4)
    text = page_of(client, world.amara).text
    assert reverse("checkin", args=[world.amara.pk, 4]) in text
    assert "I rest this week" in text
    assert "Week 3 is still open" in text
    factories.CheckInFactory(membership=world.amara, week=week, resting=True, written_at=None, did="")
    assert "I am back: undo" in page_of(client, world.amara).text


def test_last_words_are_shown_and_private_facts_only_to_those_who_lead(world, client):
    factories.CheckInFactory(
        membership=world.amara, week=world.session.calendar.get(number=3), stuck="Which backend?", energy=2, wants_to_talk=True
    )
    mate = page_of(client, world.amara, world.jun.user).text
    assert "Which backend?" in mate
    assert "Energy 2" not in mate
    assert "would like to talk" not in mate
    assert "Energy 2 of 5" in page_of(client, world.amara, world.captain).text


# Hiding and tracking


def test_a_wrong_match_is_hidden_and_shown_again(world, track, client):
    wrong = track(world.amara, title="Not mine at all")
    client.force_login(world.amara.user)
    page = client.post(reverse("hide_work", args=[wrong.pk]), follow=True)
    assert "1 hidden: not yours" in page.text
    assert "Not mine at all" not in page_of(client, world.amara, world.jun.user).text
    leader = page_of(client, world.amara, world.navigator).text
    assert "Not mine at all" not in leader
    assert "hid 1 item" in leader
    assert "hid 1 item" not in page_of(client, world.amara, world.jun.user).text
    assert client.get(reverse("work", args=[wrong.pk])).status_code == 404
    client.force_login(world.amara.user)
    assert "You hid this" in client.get(reverse("work", args=[wrong.pk])).text
    client.post(reverse("restore_work", args=[wrong.pk]))
    assert not Contribution.objects.get().hidden


def test_a_pasted_link_is_tracked(world, client):
    client.force_login(world.amara.user)
    page = client.post(
        reverse("track", args=[world.amara.pk]),
        {"url": "https://talks.example.org/1", "title": "My talk", "other_kind": "talk"},
        follow=True,
    )
    assert "My talk" in page.text
    assert Contribution.objects.get().source == "pasted"


@pytest.mark.parametrize("url", ["https://github.com/lumen/lumen/pull/x", "not a link", ""])
def test_a_link_that_is_not_understood_stays_in_the_field_with_the_reason(world, client, url):
    client.force_login(world.amara.user)
    page = client.post(reverse("track", args=[world.amara.pk]), {"url": url, "title": "Kept words"})
    assert page.status_code == 200
    assert "Kept words" in page.text
    if url:
        assert f'value="{url}"' in page.text
        assert "https://github.com/owner/name/pull/123" in page.text
    assert not Contribution.objects.exists()


def test_nobody_tracks_links_for_a_member(world, client):
    for user in (world.navigator, world.jun.user, world.stranger):
        client.force_login(user)
        answer = client.post(reverse("track", args=[world.amara.pk]), {"url": "https://talks.example.org/1", "title": "x"})
        assert answer.status_code == 404
    assert not Contribution.objects.exists()


def test_who_left_keeps_the_page_but_tracks_nothing_more(world, client):
    world.amara.state, world.amara.left_at = "left", NOW
    world.amara.save()
    text = page_of(client, world.amara).text
    assert "You left this cohort" in text
    assert "Track something else" not in text


# Syncing


def ask(client, membership, user=None, **headers):
    client.force_login(user or membership.user)
    return client.post(reverse("sync", args=[membership.pk]), headers=headers)


def test_sync_now_without_a_script_leads_back_and_says_how_it_stands(world, client):
    answer = ask(client, world.amara)
    assert answer.url == reverse("progress", args=[world.amara.pk])
    assert SyncRun.objects.get().membership == world.amara
    text = client.get(answer.url).text
    assert "The sync has waited for its turn since 10:00." in text
    assert "Reload to see" in text


def test_pressing_twice_asks_once(world, client):
    ask(client, world.amara)
    ask(client, world.amara, world.navigator)
    assert SyncRun.objects.count() == 1


def test_a_sync_is_watched_until_it_is_over(world, client):
    text = ask(client, world.amara, **{"HX-Request": "true"}).text
    status = reverse("sync_status", args=[world.amara.pk])
    assert f'hx-get="{status}"' in text
    assert "every 2s" in text
    run = SyncRun.objects.get()
    run.state, run.started_at, run.doing, run.done, run.total = "running", NOW, "refresh", 3, 12
    run.save()
    waiting = client.get(status, headers={"HX-Request": "true"})
    assert waiting.status_code == 200
    assert "fetching what changed" in waiting.text
    assert "3 of 12" in waiting.text
    run.state, run.finished_at = "done", NOW
    run.save()
    MemberSync.objects.create(membership=world.amara, synced_at=NOW)
    over = client.get(status, headers={"HX-Request": "true"})
    assert over.status_code == 286
    assert over.headers["HX-Trigger"] == '{"synced": {}}'
    assert "every 2s" not in over.text
    assert "data-announce" in over.text


def test_a_sync_that_nobody_takes_on_says_so(world, client, time_machine):
    ask(client, world.amara)
    time_machine.shift(300)
    text = client.get(reverse("sync_status", args=[world.amara.pk]), headers={"HX-Request": "true"}).text
    assert "stays right, only older" in text


def test_the_status_alone_is_no_page(world, client):
    client.force_login(world.amara.user)
    assert client.get(reverse("sync_status", args=[world.amara.pk])).url == reverse("progress", args=[world.amara.pk])


def test_the_lists_alone_are_fetched_again_after_a_sync(world, track, client):
    track(world.amara, title="Fresh")
    text = page_of(client, world.amara, **{"HX-Request": "true", "HX-Target": "work"}).text
    assert text.lstrip().startswith('<div id="work"')
    assert "Fresh" in text


def test_strangers_cannot_sync(world, client):
    assert ask(client, world.amara, world.stranger).status_code == 404
    assert ask(client, world.amara, world.other_organiser).status_code == 404
    assert not SyncRun.objects.exists()
