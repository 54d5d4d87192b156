"""The cohort's board, attention, wins; and the page of projects."""

import datetime
from datetime import UTC

import pytest
from django.urls import reverse
from django.utils import timezone

from cohorts.attention import gather
from cohorts.models import Tracker
from contributions.models import SyncRun
from tests import factories

from .conftest import NOW, ago, event


def board(client, world, user, **headers):
    client.force_login(user)
    return client.get(reverse("cohort", args=[world.cohort.pk]), headers=headers)


def reasons(membership, now=NOW):
    return {reason.kind: reason for reason in gather([membership], now)}


# The board


def test_members_see_each_other_by_name_with_work_and_words(world, track, client):
    track(world.jun, title="Explain the order", turn="maintainer", turn_reason="approved")
    factories.CheckInFactory(membership=world.jun, week=world.session.calendar.get(number=3), did="", next="Rest a little")
    text = board(client, world, world.amara.user).text
    assert text.index("Amara Okafor") < text.index("Jun Tanaka", text.index("Everybody"))
    for words in (
        "Explain the order",
        "Approved, with the maintainers, 5 days",
        "Rest a little",
        "Nothing open",
        "Cohort Venus, week 4",
    ):
        assert words in text
    assert "Who could use you" not in text


def test_the_local_time_of_each_is_theirs_and_not_the_readers(world, client):
    world.jun.user.time_zone = "Asia/Tokyo"
    world.jun.user.save()
    assert "Tokyo, 19:00" in board(client, world, world.amara.user).text


@pytest.mark.parametrize("who", ["navigator", "captain", "organiser"])
def test_those_who_lead_see_whom_to_look_after_and_private_facts(world, client, who):
    factories.CheckInFactory(
        membership=world.jun,
        week=world.session.calendar.get(number=3),
        stuck="How do I run one backend?",
        energy=2,
        wants_to_talk=True,
    )
    text = board(client, world, getattr(world, who)).text
    for words in (
        "Who could use you",
        "Is stuck: “How do I run one backend?”",
        "Would like to talk",
        "Energy 2 of 5",
        "Has not written yet, 17 working days into the session",
    ):
        assert words in text


def test_cohort_mates_see_no_private_facts(world, client):
    factories.CheckInFactory(membership=world.jun, week=world.session.calendar.get(number=3), energy=2, wants_to_talk=True)
    text = board(client, world, world.amara.user).text
    assert "Energy" not in text
    assert "would like to talk" not in text.lower()


def test_hidden_items_and_drafts_stay_hidden_from_those_who_lead(world, track, client):
    track(world.jun, title="Not mine", part={"hidden": True}, turn="member", turn_reason="ci_failing")
    factories.CheckInFactory(
        membership=world.jun, week=world.session.calendar.get(number=4), stuck="Secret draft", written_at=None
    )
    text = board(client, world, world.navigator).text
    assert "Not mine" not in text
    assert "Secret draft" not in text


def test_a_member_sees_the_own_hidden_item_nowhere_on_the_board(world, track, client):
    track(world.jun, title="Not mine", part={"hidden": True})
    assert "Not mine" not in board(client, world, world.jun.user).text


def test_most_pressing_work_stands_first_and_the_rest_is_a_click_away(world, track, client):
    track(world.jun, title="With reviewers", turn="reviewer", turn_since=ago(days=9))
    track(world.jun, title="Mine to do", turn="member", turn_reason="commented")
    track(world.jun, title="Also waiting", turn="reviewer", turn_since=ago(days=1))
    track(world.jun, title="Merged long ago", state="merged", merged_at=ago(days=20), turn="")
    text = board(client, world, world.amara.user).text
    text = text[text.index("Everybody") :]
    assert text.index("Mine to do") < text.index("With reviewers")
    assert "and 1 more" in text
    assert "Also waiting" not in text
    assert "Merged long ago" not in text


def test_resting_is_said_kindly_and_is_no_alarm(world, track, client):
    track(world.jun, turn="member", turn_reason="ci_failing", turn_since=ago(days=9))
    factories.CheckInFactory(
        membership=world.jun, week=world.session.calendar.get(number=4), resting=True, written_at=None, did=""
    )
    assert set(reasons(world.jun)) == {"resting"}
    assert "Rests this week" in board(client, world, world.amara.user).text


def test_a_member_who_rests_for_long_is_left_alone(world, track):
    world.jun.state = "resting"
    world.jun.save()
    track(world.jun, turn="member", turn_reason="ci_failing", turn_since=ago(days=9))
    assert set(reasons(world.jun)) == {"resting"}


def test_who_left_is_not_on_the_board(world, client):
    world.jun.state, world.jun.left_at = "left", NOW
    world.jun.save()
    assert "Jun Tanaka" not in board(client, world, world.navigator).text


def test_a_place_that_was_not_accepted_shows_only_to_those_who_lead(world, client):
    world.jun.state = "invited"
    world.jun.save()
    assert "has not answered yet" in board(client, world, world.navigator).text
    assert "Jun Tanaka" not in board(client, world, world.amara.user).text
    assert board(client, world, world.jun.user).status_code == 404


def test_before_publishing_members_get_404_and_those_who_lead_the_page(world, client):
    world.session.published_at = None
    world.session.save()
    assert board(client, world, world.amara.user).status_code == 404
    for user in (world.navigator, world.organiser):
        assert "This cohort is not published." in board(client, world, user).text


@pytest.mark.parametrize("who", ["stranger", "other_organiser"])
def test_hidden_from_others_with_404(world, client, who):
    assert board(client, world, getattr(world, who)).status_code == 404


def test_a_navigator_of_another_cohort_and_a_reviewer_of_the_session_see_nothing_of_it(world, client):
    other = factories.MembershipFactory(cohort=factories.CohortFactory(session=world.session), role="navigator").user
    reviewer = factories.SessionRoleFactory(session=world.session, role="reviewer").user
    for user in (other, reviewer):
        assert board(client, world, user).status_code == 404


def test_organisers_get_from_one_cohort_to_another_and_members_do_not(world, client):
    other = factories.CohortFactory(session=world.session, name="Mars")
    link = f'href="{reverse("cohort", args=[other.pk])}"'
    assert link in board(client, world, world.organiser).text
    assert link not in board(client, world, world.navigator).text
    assert link not in board(client, world, world.amara.user).text


def test_the_weeks_announcement_is_shown_as_cleaned_markdown(world, client):
    world.session.calendar.filter(number=4).update(
        title="Asking", announcement="Be **kind** <script>x</script>", before_tasks="Read", after_tasks="Rest"
    )
    text = board(client, world, world.amara.user).text
    assert "<strong>kind</strong>" in text
    assert "<script>x" not in text


def test_wins_are_told_by_name_without_counting_anybody(world, track, client):
    track(world.amara, title="Keep filters", state="merged", merged_at=ago(days=2), turn="")
    track(world.jun, title="Spelling", state="landed", closed_at=ago(days=1), turn="")
    track(world.jun, title="Async page", turn="maintainer", events=[event("approved", ago(days=3))])
    track(world.amara, title="Slow list", kind="issue", state="closed", closed_at=ago(days=1), turn="")
    track(world.amara, title="A talk", kind="other", state="closed", created_at=ago(days=1), turn="")
    track(world.amara, title="Theirs", state="merged", merged_at=ago(days=1), turn="", part={"role": "helper"})
    track(world.amara, title="Given up", state="closed", closed_at=ago(days=1), turn="")
    track(world.amara, title="Last month", state="merged", merged_at=ago(days=20), turn="")
    track(world.amara, title="Vanished", state="gone", gone="deleted", closed_at=ago(days=1), turn="")
    text = board(client, world, world.jun.user).text
    wins = text[text.index("Wins of the last seven days") :]
    for words in (
        "Keep filters</a>” was merged",
        "Spelling</a>” landed",
        "Async page</a>” was approved",
        "Slow list</a>” was resolved",
        "Amara shared “",
        "with Amara’s help, is done",
    ):
        assert words in wins
    for words in ("Given up", "Last month", "Vanished"):
        assert words not in wins


def test_what_people_did_together_is_one_win(world, track, client):
    keep = track(world.amara, title="Keep filters", state="merged", merged_at=ago(days=2), turn="").work_item
    factories.ContributionFactory(membership=world.jun, work_item=keep, role="reviewer")
    wins = board(client, world, world.jun.user).text
    assert "Keep filters</a>” was merged, with Jun’s help." in wins
    assert "is done" not in wins
    world.jun.contributions.update(role="co_author")
    assert "Amara and Jun’s “<a" in board(client, world, world.jun.user).text


def test_one_reads_of_oneself_in_the_second_person(world, track, client):
    track(world.jun, title="Type hints", state="draft", turn="member", turn_reason="draft", turn_since=ago(days=3))
    assert "Your turn since" in board(client, world, world.jun.user).text
    assert "Your turn since" not in board(client, world, world.amara.user).text


def test_an_empty_cohort_says_what_to_do(world, client):
    world.cohort.memberships.filter(role="member").delete()
    assert "Organisers place people in the admin." in board(client, world, world.organiser).text


def test_when_nobody_needs_anything_it_says_so(world, track, client):
    for membership in (world.amara, world.jun):
        track(membership)
        factories.CheckInFactory(membership=membership, week=world.session.calendar.get(number=4))
    assert "Nobody needs you right now." in board(client, world, world.navigator).text


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (datetime.datetime(2027, 1, 20, tzinfo=UTC), "nobody waits for anything"),
        (datetime.datetime(2027, 5, 1, tzinfo=UTC), "The session is over."),
    ],
)
def test_before_and_after_nobody_is_chased(world, track, client, time_machine, when, words):
    track(world.jun, turn="member", turn_reason="ci_failing", turn_since=when - datetime.timedelta(days=9))
    time_machine.move_to(when, tick=False)
    assert not [reason for reason in gather([world.jun], when) if reason.alarm]
    assert words in board(client, world, world.navigator).text


def test_those_who_lead_sync_the_session_from_the_board(world, client):
    address = reverse("cohort_sync", args=[world.cohort.pk])
    for user, status in ((world.amara.user, 404), (world.stranger, 404), (world.navigator, 302)):
        client.force_login(user)
        assert client.post(address).status_code == status
    assert SyncRun.objects.get().membership is None
    client.force_login(world.amara.user)
    text = client.get(reverse("cohort_sync_status", args=[world.cohort.pk]), headers={"HX-Request": "true"}).text
    assert "The sync has waited for its turn" in text
    SyncRun.objects.update(state="done", finished_at=timezone.now())
    over = client.get(reverse("cohort_sync_status", args=[world.cohort.pk]), headers={"HX-Request": "true"})
    assert over.status_code == 286
    assert "Sync now" not in over.text
    text = board(client, world, world.amara.user, **{"HX-Request": "true", "HX-Target": "work"}).text
    assert text.lstrip().startswith('<div id="work"')


# Projects


def test_projects_are_public_with_what_they_ask(world, client):
    world.project.ai_policy = "not_accepted"
    world.project.contributing_url = "https://lumen.example.org/guide"
    world.project.save()
    Tracker.objects.create(project=world.project, url="https://code.lumen.example.org")
    factories.ProjectFactory(name="Quill", ai_policy="welcome", ai_policy_checked_on=NOW.date())
    factories.ProjectFactory(name="Atlas")
    text = client.get(reverse("projects")).text
    for words in (
        "AI help is not accepted",
        "Nobody has checked this yet",
        "https://lumen.example.org/guide",
        "lumen/lumen",
        "https://code.lumen.example.org",
        "You may use AI help. Read and understand",
        "Checked on 24 February 2027.",
        "No AI policy stated",
    ):
        assert words in text


def test_repositories_lie_on_the_github_that_is_set_up(world, client, settings):
    factories.RepositoryFactory(project=world.project, host="git.example.org", full_name="else/where")
    settings.GITHUB_URL = "https://github.example.org"
    world.repository.host = "github.example.org"
    world.repository.save()
    text = client.get(reverse("projects")).text
    assert 'href="https://github.example.org/lumen/lumen"' in text
    assert 'href="https://git.example.org/else/where"' in text


def test_without_projects_it_says_when_they_come(db, client):
    assert "There are no projects yet." in client.get(reverse("projects")).text


def test_nobody_is_no_reason(db):
    assert gather([], NOW) == []


def test_an_approval_of_somebody_elses_work_is_not_the_helpers_win(world, track, client):
    track(world.jun, title="Theirs", turn="maintainer", events=[event("approved", ago(days=1))], part={"role": "helper"})
    assert "was approved" not in board(client, world, world.amara.user).text
