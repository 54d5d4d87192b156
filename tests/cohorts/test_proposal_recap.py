"""How balanced a proposal is, in all and cohort by cohort."""

import pytest
from django.urls import reverse

from cohorts.models import Answer, Proposal
from cohorts.proposal_spread import spread_over
from cohorts.reviews import declare_conflict
from tests.cohorts.forming_world import make_forming
from tests.factories import QuestionFactory, SessionRoleFactory


def test_a_spread_is_counts_and_bars_that_fill_the_width():
    parts = [(0, "never"), (1, "once"), (2, "often"), (-1, "not said")]
    level = {1: 0, 2: 0, 3: 2, 4: -1}
    spread = spread_over(
        "experience", "Experience", parts, level.get, [("All", [1, 2, 3, 4]), ("J" * 60, [3]), ("Empty", [])], unsaid=-1
    )
    assert spread.parts == [("never", "0"), ("often", "5"), ("not said", "unsaid")]
    assert [(row.counts, row.people) for row in spread.rows] == [([2, 1, 1], 4), ([0, 1, 0], 1), ([0, 0, 0], 0)]
    assert [(bar.x, bar.width, bar.colour, bar.count) for bar in spread.rows[0].bars] == [
        (0, 50, "0", 2), (50, 25, "5", 1), (75, 25, "unsaid", 1),
    ]  # fmt: skip
    assert len(spread.rows[1].short) == 44
    assert not spread_over("tiers", "Tiers", [(0, "Tier 0")], lambda pk: 0, [("All", [1])]).says_something


@pytest.mark.django_db
def test_a_cohort_of_beginners_stands_out_before_it_is_accepted(client, tasks):
    forming = make_forming()
    question = QuestionFactory(session=forming.session, kind="choice", choices="never\nonce\noften", label="How often?")
    forming.session.experience_question = question
    forming.session.save()
    beginners = [forming.apply(cohort=forming.cohorts[0]) for _ in range(2)]
    others = [forming.apply(cohort=forming.cohorts[1], tier=1) for _ in range(3)]
    for one, value in zip((*beginners, *others), ("never", "never", "once", "often", None), strict=True):
        if value:
            Answer.objects.create(application=one, question=question, value=value)
    proposal = forming.proposal(tasks)
    page = reverse("admin:cohorts_session_proposal", args=[forming.session.pk, proposal.pk])
    client.force_login(forming.organiser)
    answer = client.get(page)
    recap = answer.context["look"].recap
    first, second = (str(cohort) for cohort in forming.cohorts)
    assert recap.notes == [f"{first} has beginners only: everybody whose experience is known is at “never”."]
    assert '<p class="stands-out">' in answer.text
    experience = recap.spreads[0]
    assert [words for words, _colour in experience.parts] == ["never", "once", "often", "Not said"]
    assert [(row.label, row.counts) for row in experience.rows] == [
        ("All who were considered", [2, 1, 1, 1]), ("All who have a place", [2, 1, 1, 1]), (first, [2, 0, 0, 0]), (second, [0, 1, 1, 1]),
    ]  # fmt: skip
    assert [goal for goal, _reached, _known in answer.context["look"].goals if "experience" in goal]
    assert ("Projects: who named it, and is placed in it", [2, 3]) in [
        (heading, [line.placed for line in lines]) for heading, lines in recap.groups
    ]

    # Whoever may not know about somebody reads nothing of that person here either.
    colleague = SessionRoleFactory(session=forming.session).user
    declare_conflict(others[1], by=colleague)
    client.force_login(colleague)
    assert client.get(page).context["look"].recap.spreads[0].rows[1].counts == [2, 1, 1]

    # Without the question nothing is said of experience, and the page says where to choose one.
    type(forming.session).objects.update(experience_question=None)
    text = client.get(page).text
    assert "Experience is not looked at" in text
    assert "beginners only" not in text


@pytest.mark.django_db
def test_what_places_nobody_is_not_offered_to_be_accepted(client, tasks):
    forming = make_forming()
    forming.apply(slots=None)
    proposal = forming.proposal(tasks)
    client.force_login(forming.organiser)
    answer = client.get(reverse("admin:cohorts_session_proposal", args=[forming.session.pk, proposal.pk]))
    assert not answer.context["may_accept"]
    assert Proposal.objects.get().state == "done"
