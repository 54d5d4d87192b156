"""Cohorts put together by hand: begun, changed, taken back, accepted knowingly."""

import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cohorts import arranging
from cohorts.arranging import ArrangingError, OutdatedError, begin, look_up
from cohorts.decisions import plan_publication
from cohorts.models import Application, Membership, Proposal, SessionRole
from cohorts.pending import set_pending_decision
from cohorts.placing import place
from cohorts.proposal_changes import broken_rules, inputs_now
from cohorts.proposals import ProposalError, accept, propose, undo
from cohorts.reviews import declare_conflict
from tests.cohorts.forming_world import MORNINGS, make_forming, places
from tests.factories import CohortFactory, MembershipFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def forming():
    return make_forming()


@pytest.fixture
def people(forming):
    """Four who have time in the evening: two want the first cohort's project, two the second's."""
    first, second = forming.cohorts
    return [forming.apply(cohort=cohort) for cohort in (first, first, second, second)]


def state(proposal) -> tuple:
    proposal.refresh_from_db()
    return proposal.members, proposal.pins, proposal.bans, proposal.result


def moved(forming, proposal, **more):
    """`_0=cohort` puts the first of `forming.applications` there."""
    proposal.refresh_from_db()
    wanted = {forming.applications[int(name[1:])].pk: cohort and cohort.pk for name, cohort in more.items()}
    return arranging.move(proposal, wanted, by=forming.organiser, version=proposal.version)


def despite(proposal, by) -> str:
    proposal.refresh_from_db()
    return broken_rules(proposal, inputs_now(proposal), by=by).fingerprint


class TestBeginning:
    def test_from_nothing_from_places_and_from_a_proposal(self, forming, people, tasks):
        first, second = forming.cohorts
        place(people[0], first, by=forming.organiser)
        assert begin(forming.session, by=forming.organiser).members == {first.pk: [], second.pk: []}
        kept = begin(forming.session, by=forming.organiser, from_places=True)
        assert kept.members == {first.pk: [people[0].pk], second.pk: []}
        assert (kept.state, kept.origin, kept.version, kept.moves) == ("done", "hand", 0, [])
        found = forming.proposal(tasks, pins={people[1].pk: first.pk}, bans={people[2].pk: [first.pk]})
        copied = begin(forming.session, by=forming.organiser, copy_of=found)
        assert {cohort: set(inside) for cohort, inside in copied.members.items()} == {
            cohort: set(inside) for cohort, inside in found.members.items()
        }
        assert (copied.based_on, copied.pins, copied.bans) == (found, found.pins, found.bans)
        # A search is not disturbed by one by hand, nor the other way round.
        assert propose(forming.session, by=forming.organiser, seconds=5)

    def test_a_copy_has_who_is_still_there_and_places_given_since(self, forming, people, tasks):
        first, second = forming.cohorts
        found = forming.proposal(tasks)
        Application.objects.filter(pk=people[0].pk).update(status="withdrawn")
        place(people[1], second, by=forming.organiser)
        assert begin(forming.session, by=forming.organiser, copy_of=found).members == {
            first.pk: [],
            second.pk: sorted(one.pk for one in people[1:]),
        }

    def test_who_may_not(self, forming, people, tasks):
        with pytest.raises(ArrangingError, match="Only the organisers"):
            begin(forming.session, by=UserFactory())
        with pytest.raises(ArrangingError, match="cannot be copied"):
            begin(forming.session, by=forming.organiser, copy_of=Proposal.objects.create(session=forming.session, state="failed"))
        found = forming.proposal(tasks)
        SessionRole.objects.create(session=forming.session, user=people[0].applicant, role="organiser")
        with pytest.raises(ArrangingError, match="cannot be copied"):
            begin(forming.session, by=people[0].applicant, copy_of=found)
        type(forming.session).objects.update(cohort_size_min=3, cohort_size_max=3)
        forming.session.cohorts.all().delete()
        with pytest.raises(ArrangingError, match="nobody to place"):
            begin(forming.session, by=forming.organiser)


class TestChanging:
    def test_moves_swaps_rules_and_what_the_next_search_takes_along(self, forming, people):
        first, second = forming.cohorts
        proposal = begin(forming.session, by=forming.organiser)
        moved(forming, proposal, _0=first)
        moved(forming, proposal, _1=first, _2=second)
        now = moved(forming, proposal, _0=second, _2=first)
        assert now.arrangement.place_of == {people[0].pk: second.pk, people[1].pk: first.pk, people[2].pk: first.pk}
        assert proposal.version == 2
        assert [one.code for one in now.arrangement.problems()] == ["project", "too few", "project"]

        by = {"by": forming.organiser}
        arranging.fix(proposal, people[0].pk, **by, version=3)
        arranging.keep_out(proposal, people[2].pk, first.pk, **by, version=4)
        proposal.refresh_from_db()
        assert (proposal.pins, proposal.bans) == ({people[0].pk: second.pk}, {people[2].pk: [first.pk]})
        assert proposal.members[first.pk] == [people[1].pk]
        # Fixed where the wish was another is no problem any more; elsewhere nobody is fixed, and a ban is lifted by moving there.
        assert "project" not in [one.code for one in look_up(proposal, **by).arrangement.problems()]
        moved(forming, proposal, _0=None, _2=first)
        proposal.refresh_from_db()
        assert (proposal.pins, proposal.bans) == ({}, {})
        arranging.keep_out(proposal, people[3].pk, first.pk, **by, version=6)
        arranging.let_loose(proposal, people[3].pk, **by, version=7)
        # Where nothing changes, there is nothing to take back.
        arranging.let_loose(proposal, people[3].pk, **by, version=8)
        proposal.refresh_from_db()
        assert (proposal.version, len(proposal.moves), proposal.bans) == (8, 8, {})

    @pytest.mark.parametrize("seed", range(3))
    def test_whatever_is_changed_and_taken_back_is_as_it_began(self, forming, people, seed):
        chance = random.Random(seed)
        first, second = forming.cohorts
        place(people[0], first, by=forming.organiser)
        proposal = begin(forming.session, by=forming.organiser, from_places=True)
        before, by = state(proposal), {"by": forming.organiser}
        for _ in range(12):
            one, other = (each.pk for each in chance.sample(people, 2))
            cohort, version = chance.choice([first.pk, second.pk]), proposal.version
            change = chance.choice(["move", "out", "swap", "fix", "loose", "ban"])
            there = {pk: here for here, inside in proposal.members.items() for pk in inside}
            if change == "fix" and one in there:
                arranging.fix(proposal, one, **by, version=version)
            elif change == "ban":
                arranging.keep_out(proposal, one, cohort, **by, version=version)
            elif change == "loose":
                arranging.let_loose(proposal, one, **by, version=version)
            else:
                wanted = {"swap": {one: there.get(other), other: there.get(one)}, "out": {one: None}}
                arranging.move(proposal, wanted.get(change, {one: cohort}), **by, version=version)
            proposal.refresh_from_db()
            inside = [pk for people in proposal.members.values() for pk in people]
            assert len(inside) == len(set(inside))
            assert set(inside).isdisjoint(proposal.result["left_out"])
        assert proposal.moves
        arranging.take_back(proposal, **by, version=proposal.version, count=len(proposal.moves))
        assert state(proposal) == before

    def test_two_at_once_nobody_overwrites_the_other(self, forming, people):
        first, second = forming.cohorts
        proposal = begin(forming.session, by=forming.organiser)
        other = SessionRoleFactory(session=forming.session).user
        arranging.move(proposal, {people[0].pk: first.pk}, by=forming.organiser, version=0)
        with pytest.raises(OutdatedError, match="Somebody changed these cohorts meanwhile"):
            arranging.move(proposal, {people[0].pk: second.pk}, by=other, version=0)
        assert arranging.take_back(proposal, by=other, version=1).arrangement.place_of == {}
        with pytest.raises(ArrangingError, match="nothing to take back"):
            arranging.take_back(proposal, by=other, version=2)

    def test_what_is_refused(self, forming, people):
        first = forming.cohorts[0]
        proposal = begin(forming.session, by=forming.organiser)
        by = {"by": forming.organiser, "version": 0}
        with pytest.raises(ArrangingError, match="Only the organisers"):
            arranging.move(proposal, {people[0].pk: first.pk}, by=UserFactory(), version=0)
        with pytest.raises(ArrangingError, match="deleted or filled"):
            arranging.move(proposal, {people[0].pk: CohortFactory().pk}, **by)
        with pytest.raises(ArrangingError, match="deleted or filled"):
            arranging.keep_out(proposal, people[0].pk, 0, **by)
        with pytest.raises(ArrangingError, match="cannot be placed"):
            arranging.move(proposal, {0: first.pk}, **by)
        with pytest.raises(ArrangingError, match="in no cohort"):
            arranging.fix(proposal, people[0].pk, **by)
        declare_conflict(people[0], by=forming.organiser)
        with pytest.raises(ArrangingError, match="Another organiser decides"):
            arranging.move(proposal, {people[0].pk: first.pk}, **by)
        Proposal.objects.update(state="accepted")
        with pytest.raises(ArrangingError, match="“Accepted”"):
            arranging.move(proposal, {people[1].pk: first.pk}, **by)

    def test_what_happened_meanwhile_is_taken_in(self, forming, people):
        first, second = forming.cohorts
        proposal = begin(forming.session, by=forming.organiser)
        moved(forming, proposal, _0=first, _1=first, _2=second, _3=second)
        assert not look_up(proposal, by=forming.organiser).is_outdated
        Application.objects.filter(pk=people[0].pk).update(status="withdrawn")
        place(people[1], second, by=forming.organiser)
        late = forming.apply()
        proposal.refresh_from_db()
        now = look_up(proposal, by=forming.organiser)
        assert (now.gone, now.placed_elsewhere, now.newcomers) == ([people[0].pk], {people[1].pk: second.pk}, {late.pk})
        proposal.refresh_from_db()
        now = arranging.bring_up_to_date(proposal, by=forming.organiser, version=proposal.version)
        assert not now.is_outdated
        assert now.arrangement.left_out() == [late.pk]
        assert now.proposal.members == {first.pk: [], second.pk: sorted(one.pk for one in people[1:])}
        first.delete()
        assert not look_up(now.proposal, by=forming.organiser).is_outdated

    def test_the_number_of_queries_does_not_depend_on_the_number_of_people(self, forming, people):
        proposal = begin(forming.session, by=forming.organiser)
        counts = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                proposal.refresh_from_db()
                arranging.move(proposal, {people[0].pk: forming.cohorts[0].pk}, by=forming.organiser, version=proposal.version)
            counts.append(len(queries))
            arranging.take_back(proposal, by=forming.organiser, version=1)
            for _more in range(6):
                forming.apply(cohort=forming.cohorts[1])
            proposal.refresh_from_db()
            proposal = begin(forming.session, by=forming.organiser)
        assert counts[0] == counts[1]


class TestAccepting:
    def test_a_swap_of_full_cohorts_and_a_lost_place_and_back(self, forming, people):
        first, second = forming.cohorts
        more = [forming.apply(cohort=cohort) for cohort in (first, second)]
        for each, cohort in zip([*people, *more], (first, first, second, second, first, second), strict=True):
            place(each, cohort, by=forming.organiser)
        before = places()
        proposal = begin(forming.session, by=forming.organiser, from_places=True)
        moved(forming, proposal, _0=second, _2=first)
        moved(forming, proposal, _1=None)
        with pytest.raises(ProposalError, match="named projects"):
            accept(proposal, by=forming.organiser)
        assert places() == before
        assert accept(proposal, by=forming.organiser, despite=despite(proposal, forming.organiser)) == 5
        after = dict(before)
        after |= {people[0].applicant_id: second.pk, people[2].applicant_id: first.pk}
        del after[people[1].applicant_id]
        assert places() == after
        proposal.refresh_from_db()
        noted = proposal.inputs["accepted_despite"]
        assert noted["by"] == forming.organiser.pk
        assert {(one["code"], one["applicant"]) for one in noted["problems"]} == {
            ("project", people[0].pk),
            ("project", people[2].pk),
        }
        assert undo(proposal, by=forming.organiser) == (6, 0)
        assert places() == before
        assert set(Application.objects.values_list("pending_decision", flat=True)) == {"none"}

    def test_what_one_agreed_to_is_what_holds_when_it_is_accepted(self, forming, people):
        proposal = begin(forming.session, by=forming.organiser)
        moved(forming, proposal, _0=forming.cohorts[0])
        seen = despite(proposal, forming.organiser)
        moved(forming, proposal, _3=forming.cohorts[0])
        with pytest.raises(ProposalError, match="named projects, and that of"):
            accept(proposal, by=forming.organiser, despite=seen)

    @pytest.mark.parametrize("case", ["too many", "gone", "leads", "conflict", "own", "decided"])
    def test_what_can_never_be(self, forming, people, case):
        first, second = forming.cohorts
        proposal = begin(forming.session, by=forming.organiser)
        moved(forming, proposal, _0=first, _1=first, _2=second, _3=second)
        by = forming.organiser
        if case == "too many":
            moved(forming, proposal, _2=first, _3=first)
        elif case == "gone":
            Application.objects.filter(pk=people[0].pk).update(status="withdrawn")
        elif case == "leads":
            MembershipFactory(cohort=second, role="captain", user=people[0].applicant)
        elif case == "conflict":
            declare_conflict(people[0], by=by)
        elif case == "own":
            by = people[0].applicant
            SessionRoleFactory(session=forming.session, user=by)
        elif case == "decided":
            set_pending_decision(people[0], "not_selected", by=by)
        with pytest.raises(ProposalError) as refused:
            accept(proposal, by=by, despite=despite(proposal, by))
        words = {
            "too many": "takes at most 3", "gone": "by now", "leads": "leads a cohort", "conflict": "conflict of interest",
            "own": "Your own application", "decided": "the pending decision is",
        }  # fmt: skip
        assert words[case] in str(refused.value)
        assert not Membership.objects.filter(state="invited").exists()

    def test_hours_that_do_not_suffice_are_accepted_knowingly_and_published(self, forming, people):
        early = forming.apply(MORNINGS)
        proposal = begin(forming.session, by=forming.organiser)
        moved(forming, proposal, _0=forming.cohorts[0], _4=forming.cohorts[0])
        with pytest.raises(ProposalError, match="0 hours a week in common"):
            accept(proposal, by=forming.organiser)
        accept(proposal, by=forming.organiser, despite=despite(proposal, forming.organiser))
        assert places() == dict.fromkeys([people[0].applicant_id, early.applicant_id], forming.cohorts[0].pk)
        assert plan_publication(forming.session, by=forming.organiser) is not None
