"""The pages on which organisers let cohorts be formed."""

import datetime

import pytest
from django.urls import reverse

from accounts.models import User
from cohorts.models import Application, Proposal
from cohorts.proposals import accept, propose
from cohorts.reviews import declare_conflict
from tests.cohorts.forming_world import EVENINGS, MORNINGS, available, make_forming, places
from tests.factories import ApplicationFactory, MembershipFactory, SessionRoleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def forming():
    return make_forming()


@pytest.fixture
def start(client, forming):
    client.force_login(forming.organiser)
    return reverse("admin:cohorts_session_form_cohorts", args=[forming.session.pk])


def filled(*rules, seconds=5, **more):
    """The form with lines of (application, “in” or “out”, cohort)."""
    data = {"seconds": seconds, "rules-TOTAL_FORMS": len(rules), "rules-INITIAL_FORMS": 0, **more}
    for number, (application, rule, cohort) in enumerate(rules):
        data |= {
            f"rules-{number}-person": application and application.pk,
            f"rules-{number}-rule": rule,
            f"rules-{number}-cohort": cohort and cohort.pk,
        }
    return {name: "" if value is None else value for name, value in data.items()}


def of(proposal, name="") -> str:
    return reverse(f"admin:cohorts_session_proposal{name and '_' + name}", args=[proposal.session_id, proposal.pk])


def test_the_way_from_asking_to_accepting_and_back(client, forming, start, tasks):
    first, second = forming.cohorts
    people = [forming.apply(cohort=cohort) for cohort in (first, first, second, second)]
    late = forming.apply(MORNINGS, tier=1)
    assert f'href="{start}"' in client.get(reverse("admin:cohorts_session_change", args=[forming.session.pk])).text

    answer = client.post(start, filled((people[0], "in", first), (people[1], "out", second), (None, "in", None)), follow=True)
    assert "Waiting for a worker" in answer.text
    proposal = Proposal.objects.get()
    assert (proposal.pins, proposal.bans) == ({people[0].pk: first.pk}, {people[1].pk: [second.pk]})
    assert "A proposal is being made" in client.get(start).text
    part = client.get(of(proposal), headers={"hx-request": "true"})
    assert "Waiting for a worker" in part.text
    assert "<html" not in part.text

    tasks.run()
    assert client.get(of(proposal), headers={"hx-request": "true"}).headers["HX-Refresh"] == "true"
    text = client.get(of(proposal)).text
    for words in [
        "Nothing better is possible.", "4 people have a place.", "1 has none.", "20 hours a week in common", "Monday 18:00 to 22:00",
        "fixed by an organiser", "first wish", "tier 0", "Fits no cohort.", "0 hours in common with its navigators, and 5 hours are needed",
        late.applicant.get_full_name(), f"?from={proposal.pk}&amp;pin={people[2].pk}-{second.pk}", "Tier 1: 0 of 1",
    ]:  # fmt: skip
        assert words in text, words
    listed = client.get(start).text
    assert "Nothing better is possible." in listed
    assert "4 people (tier 0: 4)" in listed

    answer = client.post(of(proposal, "accept"), follow=True)
    assert "Accepted: 4 people have a pending offer and a kept place." in answer.text
    assert len(places()) == 4
    assert "This proposal cannot be accepted: it is “Accepted”." in client.post(of(proposal, "accept"), follow=True).text
    assert "4 places are taken back." in client.post(of(proposal, "undo"), follow=True).text
    assert not places()
    assert "The proposal is put aside." in client.post(of(proposal, "discard"), follow=True).text
    assert (
        str(proposal)
        not in client.get(start).content.decode().split("Ask for a proposal")[0].split("messagelist")[-1].split("</ul>", 1)[1]
    )


def test_what_is_missing_is_said_before(client, forming, start):
    first, second = forming.cohorts
    second.memberships.all().delete()
    type(second).objects.filter(pk=second.pk).update(project=None)
    MembershipFactory(cohort=first, role="captain")
    forming.apply()
    silent = forming.apply(slots=None, tier=None)
    forming.apply(pending_decision="waitlist")
    forming.apply(applicant=forming.organiser)
    declare_conflict(forming.apply(), by=forming.organiser)
    text = client.get(start).text
    for words in [
        "These cohorts have no navigator.", "has not said when they have time. Nobody fits there", "These cohorts have no project.",
        "1 person has not said when they have time, and fits nowhere.", silent.applicant.get_full_name(),
        "1 person has no tier and comes after all others.", "1 person is left out, because the waitlist",
        "1 person is left out, because you declared a conflict", "Your own application is left out.",
    ]:  # fmt: skip
        assert words in text, words


def test_contradictions_are_named_and_lines_are_added_without_losing_any(client, forming, start):
    first, second = forming.cohorts
    person = forming.apply()
    text = client.post(start, filled((person, "in", first), (person, "in", second))).text
    assert f"{person.applicant} cannot be in two cohorts." in text
    assert (
        f"{person.applicant} cannot be in a cohort and not in it."
        in client.post(start, filled((person, "in", first), (person, "out", first))).text
    )
    assert "Choose both a person and a cohort" in client.post(start, filled((person, "in", None))).text
    answer = client.post(start, filled((person, "out", second), more="1"))
    assert answer.context["rules"].total_form_count() == 4
    assert f'<option value="{person.pk}" selected>' in answer.text
    assert client.post(start, filled(seconds=7)).status_code == 200
    assert client.post(start, {"seconds": 5, "more": "x"}).status_code == 200
    assert not Proposal.objects.exists()
    # Asking again takes over what was asked, with one more line from a link.
    proposal = propose(forming.session, by=forming.organiser, bans={person.pk: [second.pk]})
    Proposal.objects.update(state="cancelled")
    lines = client.get(f"{start}?from={proposal.pk}&pin={person.pk}-{second.pk}").context["rules"].initial
    assert [(line["person"], line["rule"], line["cohort"]) for line in lines] == [(person.pk, "in", second.pk)]
    assert client.get(f"{start}?from=x&pin=1-x&ban=9-9").status_code == 200


def test_who_may_not_know_reads_no_names(client, forming, start, tasks):
    people = [forming.apply() for _ in range(3)]
    forming.apply(MORNINGS)
    proposal = forming.proposal(tasks)
    other = SessionRoleFactory(session=forming.session).user
    declare_conflict(people[0], by=other)
    client.force_login(other)
    text = client.get(of(proposal)).text
    assert people[0].applicant.get_full_name() not in text
    assert people[1].applicant.get_full_name() in text
    assert "Somebody on whom another organiser decides" in text
    assert "You declared a conflict of interest about 1 person who is placed here." in text

    client.force_login(SessionRoleFactory(session=forming.session, user=people[1].applicant).user)
    text = client.get(of(proposal)).text
    assert "Your own application is part of this proposal." in text
    assert people[0].applicant.get_full_name() not in text


def test_nothing_is_lost_where_people_and_cohorts_are_gone(client, forming, start, tasks):
    people = [forming.apply(cohort=cohort) for cohort in forming.cohorts for _ in range(2)]
    forming.apply(MORNINGS)
    proposal = forming.proposal(tasks)
    accept(proposal, by=forming.organiser)
    Proposal.objects.update(state="done")
    people[0].delete()
    forming.applications[4].delete()
    forming.cohorts[1].memberships.all().delete()
    forming.cohorts[1].delete()
    text = client.get(of(proposal)).text
    assert "It cannot be accepted as it is" in text
    assert "Somebody who is placed here has deleted their application." in text
    assert "A cohort of this proposal was deleted." in text


def test_the_hours_of_a_cohort_stand_half_hour_by_half_hour(client, forming, start, tasks):
    first, _second = forming.cohorts
    people = [
        forming.apply(cohort=first),
        forming.apply([*EVENINGS, 44], cohort=first),
        forming.apply([*EVENINGS, 44], cohort=first),
    ]
    proposal = forming.proposal(tasks)
    hours = reverse("admin:cohorts_session_proposal_hours", args=[forming.session.pk, proposal.pk, first.pk])
    assert hours in client.get(of(proposal)).text
    look = client.get(hours).context["look"]
    assert look.names == [first.memberships.get().user.get_full_name(), *(one.applicant.get_full_name() for one in people)]
    assert [(time, [(cell.people, cell.step) for cell in cells[:2]]) for time, cells in look.rows] == [
        *((f"{18 + half // 2}:{'30' if half % 2 else '00'}", [(4, 4), (4, 4)]) for half in range(8)),
        ("22:00", [(2, 2), (0, 0)]),
    ]
    assert look.one_short == []
    available(first.memberships.get().user, [*EVENINGS, 44])
    assert client.get(f"{hours}?week=99").context["look"].one_short == [
        (people[0].applicant.get_full_name(), ["Monday 22:00 to 22:30"])
    ]
    assert client.get(hours.replace(f"/{first.pk}/", "/0/")).status_code == 404
    client.force_login(SessionRoleFactory(session=forming.session, user=people[0].applicant).user)
    assert client.get(hours).status_code == 404


def test_an_impossible_one_says_why(client, forming, start, tasks):
    one, other, _third, _fourth = (forming.apply() for _ in range(4))
    available(other.applicant, MORNINGS)
    first = forming.cohorts[0]
    text = client.get(of(forming.proposal(tasks, pins={one.pk: first.pk, other.pk: first.pk}))).text
    assert f"Not possible: {first} cannot be formed as asked." in text
    assert f"{first} has 0 hours a week in common and needs 5 hours. Without {other.applicant} it would be enough." in text


def test_each_unproven_goal_is_said_in_words(client, forming, start, tasks):
    for tier in (0, None):
        forming.apply(tier=tier)
    proposal = forming.proposal(tasks)
    goals = proposal.result["goals"]
    words = {
        "tier 0": "At most 2 more people of tier 0 could be placed.",
        "tier 1": "At most 2 more people without a tier could be placed.",
        "complete": "At most 2 more cohorts could be complete.",
        "wishes": "is at",
        "hours": "the time ended at the goal “half hours in common”",
    }
    for name, text in words.items():
        changed = [
            {**goal, "proven": False, "bound": None if name == "hours" else goal["reached"] + 2} if goal["name"] == name else goal
            for goal in goals
        ]
        Proposal.objects.update(result={**proposal.result, "verdict": "within", "goals": changed})
        assert text in client.get(of(proposal)).text, name


def test_cancelling_and_what_failed(client, forming, start, tasks):
    forming.apply()
    proposal = propose(forming.session, by=forming.organiser)
    Proposal.objects.update(created_at=proposal.created_at - datetime.timedelta(hours=1))
    assert "the worker of the site may be away" in client.get(of(proposal)).text
    assert "The search is cancelled." in client.post(of(proposal, "cancel"), follow=True).text
    assert "This search was cancelled." in client.get(of(proposal)).text
    assert "is not being made any more" in client.post(of(proposal, "cancel"), follow=True).text
    Proposal.objects.update(state="failed", error="solver")
    assert "The search broke off." in client.get(of(proposal)).text


def test_the_number_of_queries_does_not_depend_on_the_number_of_people(
    client, forming, start, tasks, django_assert_max_num_queries
):
    def asked() -> list[int]:
        proposal = forming.proposal(tasks)
        counts = []
        for address in (start, of(proposal)):
            with django_assert_max_num_queries(60) as found:
                assert client.get(address).status_code == 200
            counts.append(len(found))
        return counts

    for _ in range(4):
        forming.apply(cohort=forming.cohorts[0])
        forming.apply(MORNINGS)
    before = asked()
    for _ in range(4):
        forming.apply(cohort=forming.cohorts[1])
        forming.apply(MORNINGS)
        ApplicationFactory(session=forming.session)
    assert asked() == before
    assert Application.objects.count() == 20
    assert User.objects.exists()
