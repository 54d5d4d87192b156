"""Two organisers at the same moment: one proposal is made, and one accepts it."""

import pytest

from cohorts.models import Proposal
from cohorts.proposals import ProposalError, accept, propose
from tests.cohorts.forming_world import make_forming, places
from tests.cohorts.test_at_once import at_once
from tests.factories import SessionRoleFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_organisers_who_accept_a_proposal_one_wins_and_the_other_is_told(tasks):
    forming = make_forming()
    other = SessionRoleFactory(session=forming.session, role="organiser").user
    for cohort in forming.cohorts:
        for _ in range(2):
            forming.apply(cohort=cohort)
    proposal = forming.proposal(tasks)
    answers = at_once(lambda: accept(proposal, by=forming.organiser), lambda: accept(Proposal.objects.get(), by=other))
    assert sorted(str(answer) for answer in answers) == ["4", "This proposal cannot be accepted: it is “Accepted”."]
    assert len(places()) == 4


def test_of_two_who_ask_for_a_proposal_one_is_told_that_it_is_being_made():
    forming = make_forming()
    forming.apply()
    answers = at_once(*[lambda: propose(forming.session, by=forming.organiser) for _ in range(2)])
    assert sorted(type(answer).__name__ for answer in answers) == ["Proposal", "ProposalError"]
    assert any(isinstance(answer, ProposalError) and "already" in str(answer) for answer in answers)
