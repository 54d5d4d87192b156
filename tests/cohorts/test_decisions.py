"""Pending decisions and publishing."""

import datetime

import pytest
from django.utils import timezone

from accounts.models import Message
from cohorts.assessing import assess
from cohorts.decisions import plan_publication
from cohorts.models import Application, ApplicationEvent, Membership, ProjectPreference, Session
from cohorts.pending import DecisionError, set_pending_decision
from cohorts.placing import place
from cohorts.publishing import PublishError
from cohorts.reviews import declare_conflict
from cohorts.session_steps import StepError, announce, archive, close_review, reopen_review
from tests.cohorts.publishing import publish
from tests.cohorts.world import make_world
from tests.factories import (
    ApplicationFactory,
    CohortFactory,
    MembershipFactory,
    ProjectFactory,
    SessionFactory,
    SessionRoleFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world(applications=4, review_closed_at=timezone.now() - datetime.timedelta(hours=1))


def decide(world, *decisions):
    for application, decision in zip(world.applications, decisions, strict=False):
        set_pending_decision(application, decision, by=world.organiser, rank=1 if decision == "waitlist" else None)


def statuses(world):
    return [Application.objects.get(pk=one.pk).status for one in world.applications]


class TestPending:
    def test_nothing_but_the_pending_decision_changes(self, world):
        decide(world, "offer")
        application = Application.objects.get(pk=world.applications[0].pk)
        assert (application.status, application.pending_decision) == ("submitted", "offer")
        assert not Message.objects.exists()
        assert not ApplicationEvent.objects.exists()

    @pytest.mark.parametrize("who", ["reviewer", "navigator", "captain", "stranger"])
    def test_only_organisers_decide(self, world, who):
        with pytest.raises(DecisionError):
            set_pending_decision(world.applications[0], "offer", by=getattr(world, who))
        with pytest.raises(DecisionError):
            assess(world.applications[0], by=getattr(world, who), eligibility="eligible")

    def test_nobody_decides_on_themselves_or_in_a_conflict_of_interest(self, world):
        own = ApplicationFactory(session=world.session, applicant=world.organiser)
        declare_conflict(world.applications[0], by=world.organiser)
        for application in (own, world.applications[0]):
            with pytest.raises(DecisionError):
                set_pending_decision(application, "offer", by=world.organiser)
            with pytest.raises(DecisionError):
                assess(application, by=world.organiser, eligibility="eligible")

    def test_a_rank_belongs_to_the_waitlist(self, world):
        with pytest.raises(DecisionError):
            set_pending_decision(world.applications[0], "offer", by=world.organiser, rank=1)
        with pytest.raises(DecisionError):
            set_pending_decision(world.applications[0], "waitlist", by=world.organiser, rank=0)

    @pytest.mark.parametrize(
        ("status", "decision"),
        [("withdrawn", "offer"), ("accepted", "not_selected"), ("draft", "offer"), ("submitted", "nonsense")],
    )
    def test_what_the_table_of_moves_forbids_cannot_be_decided(self, world, status, decision):
        Application.objects.filter(pk=world.applications[0].pk).update(status=status)
        with pytest.raises(DecisionError):
            set_pending_decision(world.applications[0], decision, by=world.organiser)

    def test_a_no_gives_a_kept_place_free(self, world):
        place(world.applications[0], world.cohort, by=world.organiser)
        decide(world, "not_selected")
        assert not Membership.objects.members().exists()

    def test_assessing_needs_a_reason_for_a_doubt(self, world):
        with pytest.raises(DecisionError):
            assess(world.applications[0], by=world.organiser, eligibility="needs_a_look", reason=" ")
        with pytest.raises(DecisionError):
            assess(world.applications[0], by=world.organiser, eligibility="nonsense")
        assess(world.applications[0], by=world.organiser, eligibility="not_eligible", reason="Took part twice", tier=2)
        application = Application.objects.get(pk=world.applications[0].pk)
        assert (application.eligibility, application.eligibility_reason, application.tier) == (
            "not_eligible",
            "Took part twice",
            2,
        )


class TestPublishing:
    def test_pending_decisions_become_statuses_and_messages(self, world):
        place(world.applications[0], world.cohort, by=world.organiser)
        decide(world, "offer", "waitlist", "not_selected")
        publish(world.session, by=world.organiser)
        assert statuses(world) == ["offered", "waitlisted", "not_selected", "submitted"]
        assert world.session.published_at is not None
        assert {message.kind for message in Message.objects.all()} == {
            "decision_offer",
            "decision_waitlist",
            "decision_not_selected",
        }
        assert ApplicationEvent.objects.filter(actor=world.organiser).count() == 3
        waitlisted = Application.objects.get(pk=world.applications[1].pk)
        assert (waitlisted.waitlist_rank, waitlisted.pending_decision, waitlisted.pending_rank) == (1, "none", None)

    def test_an_offer_says_what_to_do_until_when_and_where(self, world):
        place(world.applications[0], world.cohort, by=world.organiser)
        decide(world, "offer")
        publish(world.session, by=world.organiser)
        message = Message.objects.get()
        application = Application.objects.get(pk=world.applications[0].pk)
        assert message.subject.startswith("Action required")
        assert f"/applications/{application.pk}/" in message.body
        assert world.cohort.name in message.body
        day = (timezone.now() + datetime.timedelta(days=world.session.reply_days)).date()
        assert application.answer_by == datetime.datetime.combine(day, datetime.time(23, 59), tzinfo=world.session.zone)
        assert "&" not in message.body

    def test_the_others_get_a_subject_without_a_demand(self, world):
        decide(world, "not_selected", "waitlist")
        publish(world.session, by=world.organiser)
        assert not any("Action required" in message.subject for message in Message.objects.all())

    def test_publishing_twice_changes_nothing_and_tells_nobody_twice(self, world):
        decide(world, "offer", "not_selected")
        publish(world.session, by=world.organiser)
        stamp = Session.objects.get(pk=world.session.pk).published_at
        other = SessionRoleFactory(session=world.session).user
        with pytest.raises(PublishError, match="Nothing is left"):
            publish(world.session, by=other)
        assert Message.objects.count() == 2
        assert ApplicationEvent.objects.count() == 2
        assert Session.objects.get(pk=world.session.pk).published_at == stamp

    def test_whoever_agreed_to_something_else_is_told(self, world):
        decide(world, "offer")
        seen = plan_publication(world.session, by=world.organiser).fingerprint
        decide(world, "offer", "not_selected")
        with pytest.raises(PublishError, match="changed"):
            publish(world.session, by=world.organiser, expected=seen)
        assert not Message.objects.exists()
        assert statuses(world)[0] == "submitted"
        publish(world.session, by=world.organiser, expected=plan_publication(world.session, by=world.organiser).fingerprint)

    def test_a_later_round_publishes_what_is_new(self, world):
        decide(world, "not_selected", "waitlist")
        publish(world.session, by=world.organiser)
        set_pending_decision(world.applications[1], "offer", by=world.organiser)
        assert publish(world.session, by=world.organiser).offers == 1
        assert statuses(world)[:2] == ["not_selected", "offered"]
        assert Message.objects.count() == 3

    def test_a_second_offer_is_told_again(self, world):
        decide(world, "offer")
        publish(world.session, by=world.organiser)
        Application.objects.filter(pk=world.applications[0].pk).update(status="declined")
        set_pending_decision(world.applications[0], "offer", by=world.organiser)
        publish(world.session, by=world.organiser)
        assert sorted(Message.objects.values_list("round", flat=True)) == [1, 2]

    @pytest.mark.parametrize("role", ["navigator", "captain"])
    def test_who_leads_a_cohort_by_now_never_gets_a_rejection(self, world, role):
        decide(world, "not_selected", "not_selected")
        MembershipFactory(cohort=world.cohort, user=world.applications[0].applicant, role=role)
        plan = plan_publication(world.session, by=world.organiser)
        assert [held.application.pk for held in plan.held] == [world.applications[0].pk]
        publish(world.session, by=world.organiser)
        assert statuses(world)[:2] == ["submitted", "not_selected"]
        assert [message.recipient for message in Message.objects.all()] == [world.applications[1].applicant]

    def test_who_withdrew_meanwhile_is_left_alone(self, world):
        decide(world, "offer")
        Application.objects.filter(pk=world.applications[0].pk).update(status="withdrawn")
        assert len(plan_publication(world.session, by=world.organiser).held) == 1
        publish(world.session, by=world.organiser)
        assert statuses(world)[0] == "withdrawn"
        assert not Message.objects.exists()

    @pytest.mark.parametrize("who", ["reviewer", "navigator", "captain", "stranger"])
    def test_only_organisers_publish(self, world, who):
        decide(world, "offer")
        with pytest.raises(PublishError):
            publish(world.session, by=getattr(world, who))
        assert statuses(world)[0] == "submitted"

    def test_an_organiser_who_applied_does_not_publish_the_own_decision(self, world):
        own = ApplicationFactory(session=world.session, applicant=world.organiser)
        set_pending_decision(own, "offer", by=world.operator)
        decide(world, "offer")
        publish(world.session, by=world.organiser)
        assert statuses(world)[0] == "offered"
        assert Application.objects.get(pk=own.pk).status == "submitted"
        publish(world.session, by=world.operator)
        assert Application.objects.get(pk=own.pk).status == "offered"

    def test_not_while_people_review(self):
        world = make_world()
        with pytest.raises(PublishError, match="Close the review"):
            publish(world.session, by=world.organiser)

    def test_not_after_the_end(self, world):
        finished = SessionFactory(finished=True)
        SessionRoleFactory(session=finished, user=world.organiser)
        with pytest.raises(PublishError, match="over"):
            publish(finished, by=world.organiser)

    def test_a_session_without_decisions_can_be_published_once(self, world):
        publish(world.session, by=world.organiser)
        assert world.session.published_at is not None

    def test_the_plan_warns_of_what_an_organiser_may_have_forgotten(self, world):
        assess(world.applications[0], by=world.organiser, eligibility="needs_a_look", reason="Age?")
        decide(world, "offer")
        place(world.applications[1], world.cohort, by=world.organiser)
        Membership.objects.filter(role="navigator").delete()
        texts = " ".join(warning.text for warning in plan_publication(world.session, by=world.organiser).warnings)
        for expected in (
            "in no cohort",
            "not marked as eligible",
            "without a navigator",
            "fewer than",
            "no offer is pending",
            "3 applications have no decision",
        ):
            assert expected in texts

    def test_the_plan_warns_of_a_project_that_was_not_chosen(self, world):
        chosen, other = ProjectFactory(name="Lantern"), ProjectFactory(name="Harbour")
        cohort = CohortFactory(session=world.session, project=other)
        for application in world.applications[:2]:
            place(application, cohort, by=world.organiser)
        ProjectPreference.objects.create(application=world.applications[0], project=chosen, rank=1)
        decide(world, "offer", "offer")
        (warned,) = [one for one in plan_publication(world.session, by=world.organiser).warnings if "did not choose" in one.text]
        assert warned.names == (f"{world.applications[0].applicant} ({cohort})",)

    def test_the_plan_warns_of_late_answers_and_large_cohorts(self, world):
        for _ in range(world.session.cohort_size_max + 1):
            MembershipFactory(cohort=world.cohort)
        Session.objects.filter(pk=world.session.pk).update(starts_on=timezone.now().date() + datetime.timedelta(days=2))
        world.session.refresh_from_db()
        decide(world, "offer")
        texts = " ".join(warning.text for warning in plan_publication(world.session, by=world.organiser).warnings)
        assert "more than" in texts
        assert "after the session has begun" in texts

    def test_the_plan_costs_the_same_for_one_and_for_many(self, world, django_assert_num_queries):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        decide(world, "offer")
        with CaptureQueriesContext(
            connection,
        ) as once:
            plan_publication(Session.objects.get(pk=world.session.pk), by=world.organiser)
        decide(world, "offer", "waitlist", "not_selected", "offer")
        with CaptureQueriesContext(connection) as many:
            plan_publication(Session.objects.get(pk=world.session.pk), by=world.organiser)
        assert len(many) == len(once)


class TestSteps:
    def test_each_step_at_its_stage_alone(self):
        world = make_world()
        close_review(world.session, by=world.organiser)
        with pytest.raises(StepError):
            close_review(world.session, by=world.organiser)
        reopen_review(world.session, by=world.organiser)
        assert world.session.review_closed_at is None
        with pytest.raises(StepError):
            archive(world.session, by=world.organiser)
        with pytest.raises(StepError):
            announce(world.session, by=world.organiser)

    def test_announcing_a_draft_and_archiving_a_finished_session(self):
        for step, traits, field in ((announce, {"draft": True}, "announced_at"), (archive, {"finished": True}, "archived_at")):
            role = SessionRoleFactory(session=SessionFactory(**traits))
            step(role.session, by=role.user)
            assert getattr(Session.objects.get(pk=role.session.pk), field) is not None

    def test_others_take_no_step(self):
        world = make_world()
        with pytest.raises(StepError):
            close_review(world.session, by=world.reviewer)
