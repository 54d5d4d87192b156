"""Proposals of cohorts: asking for one, making it in the background, accepting it or not, and taking it back."""

import datetime

import pytest
from django.utils import timezone

from cohorts import proposals
from cohorts.forming_inputs import build_instance
from cohorts.models import Application, Membership, Proposal, Session
from cohorts.pending import set_pending_decision
from cohorts.placing import place
from cohorts.proposals import ProposalError, accept, cancel, discard, make_proposal, propose, undo
from cohorts.reviews import declare_conflict
from cohorts.tasks import form_cohorts_task
from tests.cohorts.forming_world import MORNINGS, available, make_forming, places
from tests.cohorts.publishing import publish
from tests.factories import MembershipFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def forming():
    return make_forming()


def test_a_worker_makes_what_was_asked_for(forming, tasks):
    first, second = forming.cohorts
    wanted = [forming.apply(cohort=first) for _ in range(3)] + [forming.apply(cohort=second) for _ in range(2)]
    early = forming.apply(MORNINGS)
    proposal = forming.proposal(tasks)
    assert (proposal.state, proposal.result["verdict"]) == ("done", "optimal")
    assert {cohort: set(people) for cohort, people in proposal.members.items()} == {
        first.pk: {one.pk for one in wanted[:3]},
        second.pk: {one.pk for one in wanted[3:]},
    }
    assert proposal.result["left_out"] == [early.pk]
    # Nothing of it is written anywhere else.
    assert not places()
    assert set(Application.objects.values_list("pending_decision", flat=True)) == {"none"}


class TestAsking:
    def test_who_is_asked_about(self, forming):
        first = forming.cohorts[0]
        asked = [forming.apply(), forming.apply(status="waitlisted"), forming.apply(tier=None)]
        forming.apply(status="withdrawn")
        forming.apply(eligibility="not_eligible")
        forming.apply(pending_decision="not_selected")
        forming.apply(applicant=UserFactory(is_active=False))
        forming.apply(applicant=forming.organiser)
        declare_conflict(forming.apply(), by=forming.organiser)
        MembershipFactory(cohort=first, role="captain", user=forming.apply().applicant)
        inputs = build_instance(forming.session, by=forming.organiser)
        assert {one.id: one.tier for one in inputs.instance.applicants} == {asked[0].pk: 0, asked[1].pk: 0, asked[2].pk: 1}
        assert len(inputs.decided_against) == 1

    def test_places_pins_bans_and_members_who_stay(self, forming):
        first, second = forming.cohorts
        here, moved, banned = (forming.apply() for _ in range(3))
        for application in (here, moved):
            MembershipFactory(cohort=first, user=application.applicant, state="invited")
        staying = [MembershipFactory(cohort=second).user for _ in range(2)]
        available(staying[0], MORNINGS)
        # Of a person who stays and a cohort that is not there nothing can be asked.
        inputs = build_instance(
            forming.session, by=forming.organiser, pins={moved.pk: second.pk, 0: first.pk}, bans={banned.pk: [first.pk, 0]}
        )
        rules = {one.id: (one.pinned, set(one.banned)) for one in inputs.instance.applicants}
        assert rules == {here.pk: (first.pk, set()), moved.pk: (second.pk, set()), banned.pk: (None, {first.pk})}
        plan = inputs.instance.cohort_by_id[second.pk]
        assert (plan.smallest, plan.largest, len(plan.navigators)) == (1, 1, 2)
        MembershipFactory(cohort=second)
        assert second.pk not in build_instance(forming.session, by=forming.organiser).instance.cohort_by_id

    def test_the_number_of_queries_does_not_depend_on_the_number_of_people(self, forming, django_assert_num_queries):
        for size in (1, 5):
            for _ in range(size):
                forming.apply(cohort=forming.cohorts[0])
            with django_assert_num_queries(4):
                build_instance(forming.session, by=forming.organiser)

    def test_one_at_a_time_and_only_by_organisers(self, forming, tasks):
        with pytest.raises(ProposalError, match="nobody to place"):
            propose(forming.session, by=forming.organiser)
        forming.apply()
        with pytest.raises(ProposalError, match="Only the organisers"):
            propose(forming.session, by=UserFactory())
        proposal = propose(forming.session, by=forming.organiser)
        with pytest.raises(ProposalError, match="being made already"):
            propose(forming.session, by=forming.organiser)
        tasks.assert_enqueued(form_cohorts_task, proposal.pk, times=1)
        Session.objects.update(applications_close_at=timezone.now() + datetime.timedelta(days=1))
        with pytest.raises(ProposalError, match="once applications are closed"):
            propose(forming.session, by=forming.organiser)


class TestMaking:
    def test_a_killed_worker_comes_to_the_same(self, forming, tasks):
        for _ in range(4):
            forming.apply()
        proposal = propose(forming.session, by=forming.organiser, seconds=5)
        tasks.lose_worker(form_cohorts_task, at="start")
        tasks.run()
        made = Proposal.objects.get()
        assert made.state == "done"
        Proposal.objects.update(state="running", result={})
        make_proposal(proposal.pk)
        again = Proposal.objects.get()
        assert (again.state, again.members, again.result["goals"]) == ("done", made.members, made.result["goals"])
        # One that has ended is not made again.
        Proposal.objects.update(result={})
        make_proposal(proposal.pk)
        assert Proposal.objects.get().result == {}

    def test_cancelling_before_and_while_it_runs(self, forming, tasks, monkeypatch):
        forming.apply()
        cancel(propose(forming.session, by=forming.organiser), by=forming.organiser)
        tasks.run()
        assert Proposal.objects.get().state == "cancelled"

        second = propose(forming.session, by=forming.organiser)
        heard = []

        def slow(instance, *, seconds, told):
            for goal in ("answer", "tier 0", "wishes"):
                heard.append((goal, Proposal.objects.get(pk=second.pk).progress))
                if goal == "tier 0":
                    cancel(second, by=forming.organiser)
                if not told(goal):
                    raise proposals.Cancelled
            raise AssertionError("It went on.")

        monkeypatch.setattr(proposals, "form", slow)
        monkeypatch.setattr(proposals, "LOOK_EVERY", 0)
        tasks.run()
        assert heard == [("answer", "start"), ("tier 0", "answer")]
        assert (Proposal.objects.get(pk=second.pk).state, Proposal.objects.get(pk=second.pk).result) == ("cancelled", {})
        with pytest.raises(ProposalError):
            cancel(second, by=forming.organiser)

    def test_what_is_impossible_places_nobody(self, forming, tasks):
        silent, _other, _third = forming.apply(slots=None), forming.apply(), forming.apply()
        proposal = forming.proposal(tasks, pins={silent.pk: forming.cohorts[0].pk})
        assert (proposal.result["verdict"], proposal.result["impossible"]) == ("impossible", [forming.cohorts[0].pk])
        with pytest.raises(ProposalError, match="Nobody has a place in this proposal"):
            accept(proposal, by=forming.organiser)

    def test_what_breaks_is_said_and_raised(self, forming, tasks, monkeypatch):
        forming.apply()
        proposal = propose(forming.session, by=forming.organiser)
        monkeypatch.setattr(proposals, "form", lambda *args, **more: 1 / 0)
        assert tasks.run(fail_silently=True)[0].error is not None
        proposal.refresh_from_db()
        assert (proposal.state, proposal.error) == ("failed", "solver")
        discard(proposal, by=forming.organiser)
        assert propose(forming.session, by=forming.organiser)


class TestAccepting:
    @pytest.fixture
    def made(self, forming, tasks):
        """Three people for the first cohort, two for the second."""
        for cohort, count in zip(forming.cohorts, (3, 2), strict=True):
            for _ in range(count):
                forming.apply(cohort=cohort)
        return forming.proposal(tasks)

    def test_offers_are_pending_and_places_kept_and_undoing_takes_them_back(self, forming, made):
        assert accept(made, by=forming.organiser) == 5
        first, second = forming.cohorts
        wanted = [first.pk] * 3 + [second.pk] * 2
        assert places() == {one.applicant_id: cohort for one, cohort in zip(forming.applications, wanted, strict=True)}
        assert set(Application.objects.values_list("status", "pending_decision")) == {("submitted", "offer")}
        with pytest.raises(ProposalError, match="“Accepted”"):
            accept(made, by=forming.organiser)

        # What somebody changed since stays: one has another cohort, one another decision.
        Membership.objects.filter(user=forming.applications[0].applicant).update(cohort=second)
        set_pending_decision(forming.applications[1], "waitlist", by=forming.organiser)
        assert undo(made, by=forming.organiser) == (3, 2)
        assert places() == {forming.applications[0].applicant_id: second.pk}
        decisions = [Application.objects.get(pk=one.pk).pending_decision for one in forming.applications]
        assert decisions == ["offer", "waitlist", "none", "none", "none"]

    def test_who_had_an_offer_or_a_place_keeps_it_when_undone(self, forming, tasks):
        first, second = forming.cohorts
        had, moved = forming.apply(cohort=first), forming.apply()
        new = [forming.apply(cohort=cohort) for cohort in (first, second, second)]
        for application in (had, moved):
            set_pending_decision(application, "offer", by=forming.organiser)
            place(application, first, by=forming.organiser)
        proposal = forming.proposal(tasks, pins={moved.pk: second.pk})
        accept(proposal, by=forming.organiser)
        assert places() == {one.applicant_id: first.pk for one in (had, new[0])} | {
            one.applicant_id: second.pk for one in (moved, *new[1:])
        }
        undo(proposal, by=forming.organiser)
        assert places() == {had.applicant_id: first.pk, moved.applicant_id: first.pk}
        assert Application.objects.filter(pending_decision="offer").count() == 2

    def change_status(self, forming):
        Application.objects.filter(pk=forming.applications[0].pk).update(status="withdrawn")
        return "the application is “Withdrawn” by now"

    def change_eligibility(self, forming):
        Application.objects.filter(pk=forming.applications[0].pk).update(eligibility="not_eligible")
        return "marked as not eligible by now"

    def change_decision(self, forming):
        set_pending_decision(forming.applications[0], "not_selected", by=forming.organiser)
        return "the pending decision is “Not selected” by now"

    def change_account(self, forming):
        forming.applications[0].delete()
        return "has deleted their application"

    def change_role(self, forming):
        MembershipFactory(cohort=forming.cohorts[1], user=forming.applications[0].applicant, role="captain")
        return "leads a cohort of the session by now"

    def change_place(self, forming):
        place(forming.applications[0], forming.cohorts[1], by=forming.organiser)
        return f"has a place in {forming.cohorts[1]} by now"

    def change_hours(self, forming):
        available(forming.applications[0].applicant, MORNINGS)
        return "has 0 hours a week in common and needs 5 hours"

    def change_navigator(self, forming):
        Membership.objects.filter(cohort=forming.cohorts[0], role="navigator").update(state="left", left_at=timezone.now())
        return f"no longer leads {forming.cohorts[0]}"

    def change_size(self, forming):
        MembershipFactory(cohort=forming.cohorts[0])
        return "has 3 people and takes at most 2"

    def change_room(self, forming):
        for _ in range(3):
            MembershipFactory(cohort=forming.cohorts[0])
        return "is full by now"

    def change_cohort(self, forming):
        forming.cohorts[0].delete()
        return "A cohort of this proposal was deleted"

    def change_published(self, forming):
        Session.objects.update(published_at=timezone.now())
        return "Decisions were published after this proposal was made"

    def change_conflict(self, forming):
        declare_conflict(forming.applications[0], by=forming.organiser)
        return "You declared a conflict of interest about 1 person"

    @pytest.mark.parametrize("what", [name for name in dir() if name.startswith("change_")])
    def test_what_changed_since_is_said_and_nothing_is_written(self, forming, made, what):
        words = getattr(self, what)(forming)
        before = (places(), list(Application.objects.order_by("pk").values_list("pending_decision", flat=True)))
        with pytest.raises(ProposalError) as refused:
            accept(made, by=forming.organiser)
        assert any(words in reason for reason in refused.value.reasons), refused.value.reasons
        assert before == (places(), list(Application.objects.order_by("pk").values_list("pending_decision", flat=True)))
        assert Proposal.objects.get().state == "done"

    def test_nobody_accepts_what_is_about_themselves(self, forming, made):
        other = SessionRoleFactory(session=forming.session, user=forming.applications[4].applicant).user
        with pytest.raises(ProposalError) as refused:
            accept(made, by=other)
        assert "Your own application is part of this proposal. Another organiser accepts it." in refused.value.reasons
        with pytest.raises(ProposalError, match="Only the organisers"):
            accept(made, by=forming.applications[0].applicant)

    def test_one_who_cannot_be_placed_after_all_takes_all_back(self, forming, made, monkeypatch):
        real = proposals.place_all

        def refuse_at_the_end(places, *, by):
            real(places, by=by)
            raise proposals.PlacingError("Full in the last moment.")

        monkeypatch.setattr(proposals, "place_all", refuse_at_the_end)
        with pytest.raises(ProposalError) as refused:
            accept(made, by=forming.organiser)
        assert refused.value.reasons == ["Full in the last moment."]
        assert not places()
        assert set(Application.objects.values_list("pending_decision", flat=True)) == {"none"}

    def test_what_is_published_is_not_taken_back(self, forming, made):
        accept(made, by=forming.organiser)
        Session.objects.update(review_closed_at=timezone.now())
        forming.session.refresh_from_db()
        assert publish(forming.session, by=forming.organiser).offers == 5
        with pytest.raises(ProposalError, match="published"):
            undo(made, by=forming.organiser)
