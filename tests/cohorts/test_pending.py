"""Deciding on many at once: what is noted, who is left out, and taking it back."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cohorts.models import Application, Membership, ReviewPhase
from cohorts.pending import DecisionError, plan_decisions, set_pending_decision, set_pending_decisions, take_back
from cohorts.placing import place
from cohorts.reviews import declare_conflict
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world(applications=4, review_closed_at=timezone.now() - datetime.timedelta(hours=1))


def numbers(world):
    return [one.pk for one in world.applications]


def noted(world):
    rows = Application.objects.in_bulk(numbers(world))
    return [(rows[pk].pending_decision, rows[pk].pending_rank) for pk in numbers(world)]


def decide(world, decision, of=None, **wish):
    return set_pending_decisions(world.session, of or numbers(world), decision, by=world.organiser, **wish)


def test_many_are_noted_in_a_number_of_statements_that_does_not_grow(world):
    counts = []
    for many in (1, 25):
        of = [ApplicationFactory(session=world.session).pk for _ in range(many)]
        with CaptureQueriesContext(connection) as captured:
            decide(world, "waitlist", of)
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert Application.objects.filter(pending_decision="waitlist").count() == 26


def test_ranks_follow_the_order_given_after_those_that_wait_already(world):
    Application.objects.filter(pk=world.applications[0].pk).update(status="waitlisted", waitlist_rank=7)
    rest = numbers(world)[1:]
    decide(world, "waitlist", rest[::-1])
    assert [rank for _decision, rank in noted(world)] == [None, 10, 9, 8]
    decide(world, "waitlist", rest, ranks={rest[0]: 5, rest[1]: 2, rest[2]: 2})
    assert [rank for _decision, rank in noted(world)] == [None, 10, 8, 9]
    decide(world, "waitlist", rest, ranked=False)
    assert noted(world)[1:] == [("waitlist", None)] * 3


def test_who_cannot_be_decided_on_is_left_out_with_the_reason_and_what_is_hidden_is_only_counted(world):
    withdrawn, leads, conflict, fine = world.applications
    Application.objects.filter(pk=withdrawn.pk).update(status="withdrawn")
    MembershipFactory(cohort=world.cohort, user=leads.applicant, role="captain")
    declare_conflict(conflict, by=world.organiser)
    own = ApplicationFactory(session=world.session, applicant=world.organiser)
    elsewhere = ApplicationFactory(session__reviewing=True)
    plan, _change = decide(world, "not_selected", [*numbers(world), own.pk, elsewhere.pk])
    assert [one.application for one in plan.changes] == [fine]
    reasons = {one.application: one.reason for one in plan.left_out}
    assert "Withdrawn" in reasons[withdrawn]
    assert "is captain of" in reasons[leads]
    assert plan.hidden == 3
    assert {one.pending_decision for one in Application.objects.exclude(pk=fine.pk)} == {"none"}


def test_the_same_checks_as_for_one(world):
    leads, other = world.applications[:2]
    MembershipFactory(cohort=world.cohort, user=leads.applicant, role="navigator")
    with pytest.raises(DecisionError, match="is navigator of"):
        set_pending_decision(leads, "not_selected", by=world.organiser)
    ReviewPhase.objects.create(
        session=world.session,
        name="Reading",
        opens_at=timezone.now() - datetime.timedelta(days=1),
        closes_at=timezone.now() + datetime.timedelta(days=1),
        decisions="nobody",
    )
    type(world.session).objects.update(review_closed_at=None)
    world.session.refresh_from_db()
    other.refresh_from_db()
    (left,) = plan_decisions(world.session, [other.pk], "offer", by=world.organiser).left_out
    with pytest.raises(DecisionError) as refused:
        set_pending_decision(other, "offer", by=world.organiser)
    assert str(refused.value) == left.reason


@pytest.mark.parametrize("who", ["reviewer", "navigator", "stranger"])
def test_only_organisers(world, who):
    with pytest.raises(DecisionError):
        set_pending_decisions(world.session, numbers(world), "offer", by=getattr(world, who))


def test_nothing_is_noted_where_something_changed_since_it_was_shown(world):
    seen = plan_decisions(world.session, numbers(world), "offer", by=world.organiser).fingerprint
    set_pending_decision(world.applications[2], "not_selected", by=world.organiser)
    with pytest.raises(DecisionError, match="changed since"):
        decide(world, "offer", expected=seen)
    assert [decision for decision, _rank in noted(world)] == ["none", "none", "not_selected", "none"]


class TestTakingBack:
    def test_what_was_noted_before_and_the_kept_places_come_back(self, world):
        decide(world, "offer", numbers(world)[:2])
        place(world.applications[0], world.cohort, by=world.organiser)
        plan, change = decide(world, "not_selected")
        assert [one.loses.cohort for one in plan.loses_place] == [world.cohort]
        assert not Membership.objects.filter(role="member").exists()
        result = take_back(change, by=world.organiser)
        assert (result.done, result.left_out, result.without_place) == (4, [], [])
        assert [decision for decision, _rank in noted(world)] == ["offer", "offer", "none", "none"]
        kept = Membership.objects.get(role="member")
        assert (kept.user, kept.cohort, kept.state) == (world.applications[0].applicant, world.cohort, "invited")

    def test_what_was_decided_since_stays_and_a_full_cohort_is_told(self, world):
        first, second = world.applications[:2]
        decide(world, "offer", [first.pk])
        place(first, world.cohort, by=world.organiser)
        _plan, change = decide(world, "waitlist")
        set_pending_decision(second, "offer", by=world.organiser)
        for _ in range(world.session.cohort_size_max):
            MembershipFactory(cohort=world.cohort)
        result = take_back(change, by=world.organiser)
        assert (result.done, [one.application for one in result.left_out], result.without_place) == (3, [second], [first])
        assert [decision for decision, _rank in noted(world)] == ["offer", "offer", "none", "none"]


class TestPages:
    @pytest.fixture
    def client(self, world, client):
        client.force_login(world.organiser)
        return client

    def test_from_the_list_asked_noted_and_taken_back(self, world, client):
        MembershipFactory(cohort=world.cohort, user=world.applications[3].applicant, role="navigator")
        chosen = {"action": "decide_waitlist", "_selected_action": numbers(world)}
        page = client.post(reverse("admin:cohorts_application_changelist"), chosen)
        text = page.content.decode()
        assert "is navigator of" in text
        assert noted(world) == [("none", None)] * 4
        plan = page.context["plan"]
        first = plan.changes[0].application
        form = {"decision": "waitlist", "chosen": page.context["chosen"], "order": "shown", "order_shown": "shown", "write": "1"}
        form |= {"fingerprint": plan.fingerprint, f"rank-{first.pk}": "9"}
        form |= {f"rank-{one.application.pk}": str(one.after_rank) for one in plan.changes[1:]}
        address = reverse("admin:cohorts_session_decide", args=[world.session.pk])
        done = client.post(address, form, follow=True).content.decode()
        assert "3 decisions are pending." in done
        rows = Application.objects.in_bulk(numbers(world))
        assert (rows[first.pk].pending_rank, rows[world.applications[3].pk].pending_decision) == (3, "none")
        undo = reverse("admin:cohorts_session_take_back", args=[world.session.pk])
        assert undo in done
        assert "3 people" in client.get(undo).content.decode()
        assert "3 decisions are as before." in client.post(undo, follow=True).content.decode()
        assert noted(world) == [("none", None)] * 4
        assert "nothing to take back" in client.post(undo, follow=True).content.decode()

    def test_the_page_names_those_who_are_not_eligible(self, world, client):
        client.force_login(world.organiser)
        one = world.applications[0]
        Application.objects.filter(pk=one.pk).update(eligibility="not_eligible")
        address = reverse("admin:cohorts_session_decide", args=[world.session.pk])
        chosen = ",".join(map(str, numbers(world)))
        for decision, named in (("waitlist", [one]), ("offer", [one]), ("not_selected", [])):
            page = client.post(address, {"who": "ticked", "decision": decision, "chosen": chosen})
            assert page.context["not_eligible"] == named
            assert ("1 of them is marked as not eligible" in page.content.decode()) == bool(named)

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"who": "first", "first": "2"}, 2),
            ({"who": "undecided"}, 3),
            ({"who": "undecided", "query": "?decision=offer"}, 0),
            ({"who": "first", "first": "x"}, 0),
            ({"who": "ticked", "chosen": "a,,99999999999999999999"}, 0),
            ({"who": "ticked", "chosen": "7", "decision": "nonsense"}, 0),
        ],
    )
    def test_from_the_ranking_the_first_or_all_without_a_decision(self, world, client, fields, expected):
        set_pending_decision(world.applications[0], "offer", by=world.organiser)
        address = reverse("admin:cohorts_session_decide", args=[world.session.pk])
        page = client.post(address, {"decision": "not_selected", "came_from": "ranking"} | fields)
        if not expected:
            assert page.status_code == 302
            return
        assert len(page.context["plan"].changes) == expected
        assert page.context["back"].startswith(reverse("admin:cohorts_session_ranking", args=[world.session.pk]))

    def test_another_order_is_shown_before_it_is_noted(self, world, client):
        for application, tier in zip(world.applications, (None, 2, 1, 1), strict=True):
            Application.objects.filter(pk=application.pk).update(tier=tier)
        form = {"decision": "waitlist", "chosen": ",".join(map(str, numbers(world))), "order": "tier", "order_shown": "shown"}
        page = client.post(reverse("admin:cohorts_session_decide", args=[world.session.pk]), form | {"write": "1"})
        assert [one.application.tier for one in page.context["plan"].changes] == [1, 1, 2, None]
        assert noted(world) == [("none", None)] * 4
