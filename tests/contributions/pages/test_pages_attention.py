"""Why somebody is named on a board: ages, resting, before and after; what is never held against anybody."""

import datetime
from datetime import UTC

import pytest

from cohorts.attention import gather
from cohorts.models import Application, CheckIn, Cohort, Membership, Session, Week
from cohorts.resting import Rest
from contributions.item_reasons import reason_of_item
from contributions.matters import matters_of
from contributions.models import Contribution, MemberSync, ReviewGiven, WorkItem
from tests import factories

from .conftest import NOW, ago, event

WEDNESDAY = datetime.datetime(2027, 2, 24, 10, tzinfo=UTC)
BEFORE = datetime.datetime(2027, 1, 20, 10, tzinfo=UTC)
AFTER = datetime.datetime(2027, 3, 20, 10, tzinfo=UTC)


def reasons(membership, now=NOW):
    return {reason.kind: reason for reason in gather([membership], now)}


def item_reason(*, weeks_of_rest=(), **values):
    """The reason that one item gives, without a database; `turn_since` in days before Wednesday of week 4."""
    session = Session(starts_on=datetime.date(2027, 2, 1), weeks=6, time_zone="UTC")
    membership = Membership(pk=1, cohort=Cohort(session=session))
    days = values.pop("days")
    values = {"state": "open", "kind": "pull_request", "title": "Fix it", **values}
    item = WorkItem(turn_since=WEDNESDAY - datetime.timedelta(days=days), **values)
    rest = Rest(membership)
    for number in weeks_of_rest:
        first = datetime.date(2027, 2, 1) + datetime.timedelta(weeks=number - 1)
        rest.weeks.append(Week(number=number, starts_on=first, ends_on=first + datetime.timedelta(days=6)))
    return reason_of_item(Contribution(pk=7, membership=membership, work_item=item), rest, WEDNESDAY)


MEMBER, REVIEWER, MAINTAINER = {"turn": "member"}, {"turn": "reviewer"}, {"turn": "maintainer"}
CHANGES = MEMBER | {"turn_reason": "changes_requested"}
RED = MEMBER | {"turn_reason": "ci_failing"}
DRAFT = MEMBER | {"turn_reason": "draft", "state": "draft"}


@pytest.mark.parametrize(
    ("values", "kind", "topic", "alarm", "text"),
    [
        (CHANGES | {"days": 5}, "waits_for_author", "reviews", True, "“Fix it” waits for them since Friday: changes requested"),
        (MEMBER | {"turn_reason": "new", "days": 5}, "waits_for_author", "reviews", True, "“Fix it” waits for them since Friday"),
        (RED | {"days": 2}, "ci_red", "checks", True, "the checks of “Fix it” fail since Monday"),
        (DRAFT | {"days": 14}, "draft", "reviews", False, "“Fix it” has been a draft since 10 February"),
        (
            REVIEWER | {"days": 9}, "waits_for_review", "reviews", False,
            "“Fix it” waits for a review, 7 working days; not in their hands",
        ),
        (
            MAINTAINER | {"days": 40}, "waits_for_maintainer", "reviews", False,
            "“Fix it” is with the maintainers, 17 working days; not in their hands",
        ),
    ],
)  # fmt: skip
def test_what_waits_for_long_is_told_with_what_one_could_do(values, kind, topic, alarm, text):
    reason = item_reason(**values)
    assert (reason.kind, reason.topic, reason.alarm, reason.text) == (kind, topic, alarm, text)
    assert reason.help
    assert reason.url == "/work/7/"


@pytest.mark.parametrize(
    "values",
    [
        CHANGES | {"days": 1},
        CHANGES | {"days": 9, "state": "merged"},
        RED | {"days": 0},
        # The week of rest does not count.
        RED | {"days": 5, "weeks_of_rest": [4]},
        DRAFT | {"days": 7},
        REVIEWER | {"days": 6},
        REVIEWER | {"days": 12, "weeks_of_rest": [3]},
        {"turn": "", "turn_reason": "linked_pull_request", "days": 30},
        # Nothing counts before the first day: what is left of week 1 is too short.
        DRAFT | {"days": 60, "weeks_of_rest": [2, 3, 4]},
    ],
)
def test_what_waits_for_a_short_while_or_for_nobody_is_not_told(values):
    assert item_reason(**values) is None


def test_an_item_of_somebody_else_is_not_the_members_to_move(world, track):
    track(world.jun, part={"role": "helper"}, turn="member", turn_reason="changes_requested", turn_since=ago(days=9))
    assert set(reasons(world.jun)) == {"silent"}


@pytest.fixture
def followed(world):
    """GitHub was asked about both members, and answered."""
    for membership in (world.amara, world.jun):
        MemberSync.objects.create(membership=membership, synced_at=NOW)


def test_nothing_open_is_good_to_know_and_gone_quiet_is_worth_a_question(world, followed, track):
    merged = track(world.jun, state="merged", merged_at=ago(days=1), turn="", created_at=ago(days=12)).work_item
    assert not {"nothing_open", "gone_quiet"} & set(reasons(world.jun))
    for days, kind, alarm in ((7, "nothing_open", False), (12, "gone_quiet", True)):
        WorkItem.objects.filter(pk=merged.pk).update(merged_at=ago(days=days))
        found = reasons(world.jun)
        assert {"nothing_open", "gone_quiet"} & set(found) == {kind}
        assert found[kind].alarm is alarm
    assert found["gone_quiet"].text == "has gone quiet on GitHub: nothing since 12 February"


def test_waiting_for_others_is_no_silence_and_a_review_given_is_a_sign(world, followed, track):
    assert reasons(world.jun)["gone_quiet"].text == "has not been seen on GitHub in these weeks"
    review = track(world.jun, part={"role": "reviewer"}, author_login="other", turn_since=ago(days=1))
    ReviewGiven.objects.create(contribution=review, database_id=1, submitted_at=ago(days=2))
    assert "gone_quiet" not in reasons(world.jun)
    track(world.amara, turn="maintainer", created_at=ago(days=30), part={"source": "pasted"})
    assert not {"gone_quiet", "nothing_open"} & set(reasons(world.amara))


def test_a_word_on_github_is_a_sign_whatever_its_case(world, followed, track):
    item = {"turn": "member", "turn_reason": "draft", "state": "draft", "created_at": ago(days=20), "turn_since": ago(days=9)}
    contribution = track(world.jun, **item)
    assert "gone_quiet" in reasons(world.jun)
    WorkItem.objects.filter(pk=contribution.work_item_id).update(events=[event("commented", ago(days=2), by="JunTanaka")])
    assert "gone_quiet" not in reasons(world.jun)


def test_where_nobody_looked_nobody_is_called_quiet(world):
    assert set(reasons(world.jun)) == {"silent"}


@pytest.mark.parametrize("code", ["unknown_login", "account_gone", "not_told", ""])
def test_a_login_that_does_not_work_is_told_where_the_member_can_mend_it(world, code):
    MemberSync.objects.create(membership=world.jun, problem_code=code, problem="x", problem_since=NOW if code else None)
    found = reasons(world.jun)
    assert [kind for kind in found if kind == code] == ([] if code in ("not_told", "") else [code])
    world.repository.delete()
    assert code not in reasons(world.jun)


def test_a_missing_login_is_good_to_know_before_the_start_and_in_the_way_afterwards(world):
    world.jun.user.github.delete()
    assert not reasons(world.jun, BEFORE)["no_login"].alarm
    assert reasons(world.jun)["no_login"].alarm
    assert "no_login" not in reasons(world.jun, AFTER)


@pytest.mark.parametrize(
    ("days_left", "alarm", "words"),
    [(6, False, "stands until 2 March"), (2, True, "stands until 26 February"), (-1, True, "the time for it is over")],
)
def test_an_offer_without_an_answer_becomes_pressing(world, days_left, alarm, words):
    Membership.objects.filter(pk=world.jun.pk).update(state="invited")
    world.jun.refresh_from_db()
    assert reasons(world.jun) == {}
    factories.ApplicationFactory(
        session=world.session, applicant=world.jun.user, status=Application.Status.OFFERED,
        answer_by=NOW + datetime.timedelta(days=days_left),
    )  # fmt: skip
    reason = reasons(world.jun)["offer_unanswered"]
    assert (reason.alarm, words in reason.text) == (alarm, True)
    assert "offer_unanswered" in reasons(world.jun, BEFORE)


def test_before_the_start_and_after_the_end_nobody_is_chased(world, followed, track):
    track(world.jun, title="Late", turn="member", turn_reason="ci_failing", created_at=ago(days=15), turn_since=ago(days=9))
    factories.CheckInFactory(membership=world.jun, week=world.session.calendar.get(number=3), stuck="Help", wants_to_talk=True)
    assert {"ci_red", "stuck", "talk"} <= set(reasons(world.jun))
    assert reasons(world.jun, BEFORE) == {}
    after = reasons(world.jun, AFTER)
    assert set(after) == {"still_open"}
    assert not after["still_open"].alarm
    assert "“Late”" in after["still_open"].text
    assert reasons(world.jun, AFTER + datetime.timedelta(weeks=13)) == {}


@pytest.mark.parametrize("state", ["resting", "completed", "left"])
def test_who_rests_completed_or_left_is_left_alone(world, followed, track, state):
    track(world.jun, turn="member", turn_reason="ci_failing", turn_since=ago(days=9))
    Membership.objects.filter(pk=world.jun.pk).update(state=state, left_at=NOW)
    world.jun.refresh_from_db()
    assert set(reasons(world.jun)) == ({"resting"} if state == "resting" else set())
    assert not [reason for reason in gather([world.jun], NOW) if reason.alarm]


def test_who_rests_may_still_ask_for_a_talk(world):
    week = world.session.calendar.get(number=4)
    CheckIn.objects.create(membership=world.jun, week=week, resting=True, wants_to_talk=True, stuck="x", written_at=NOW)
    assert set(reasons(world.jun)) == {"talk", "resting"}


def test_an_old_story_is_not_told_again(world):
    checkin = factories.CheckInFactory(
        membership=world.jun, week=world.session.calendar.get(number=1), stuck="Old", energy=1, written_at=ago(days=21)
    )
    assert set(reasons(world.jun)) == {"silent"}
    # What nobody answered is told for longer than what they only mentioned.
    CheckIn.objects.filter(pk=checkin.pk).update(written_at=ago(days=14))
    assert set(reasons(world.jun)) == {"silent", "stuck"}
    CheckIn.objects.filter(pk=checkin.pk).update(written_at=ago(days=3))
    assert {"stuck", "energy"} <= set(reasons(world.jun))


def test_people_stand_by_name_and_each_with_alarms_first(world, followed):
    found = gather([world.jun, world.amara], NOW)
    assert [reason.membership.user.name for reason in found] == ["Amara Okafor"] * 2 + ["Jun Tanaka"] * 2
    assert gather([], NOW) == []


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["organiser", "operator"])
def test_what_is_between_a_member_and_who_leads_is_not_for_the_operator(part):
    session = factories.SessionFactory(published_at=BEFORE, starts_on=datetime.date(2027, 2, 1), time_zone="UTC")
    member = factories.MembershipFactory(cohort=factories.CohortFactory(session=session), joined_at=BEFORE)
    week = session.calendar.get(number=4)
    factories.CheckInFactory(membership=member, week=week, stuck="Lost", energy=1, wants_to_talk=True, written_at=ago(days=1))
    reader = factories.UserFactory(is_superuser=part == "operator")
    if part == "organiser":
        factories.SessionRoleFactory(session=session, user=reader)
    matters = matters_of(reader, [member], [], NOW, leads=True, organises=True)
    private = {"talk", "energy"} if part == "organiser" else set()
    assert {reason.kind for person in matters.alarms for reason in person.reasons} == private | {"stuck"}
    assert any(row.wait.private for row in matters.waiting) is (part == "organiser")
