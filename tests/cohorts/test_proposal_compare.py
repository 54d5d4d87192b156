"""Two proposals side by side, and one with the places as they are."""

import pytest
from django.urls import reverse

from cohorts.models import ProjectPreference, Proposal
from cohorts.placing import place, take_out
from cohorts.proposal_compare import compare
from cohorts.proposals import accept
from cohorts.reviews import declare_conflict
from tests.cohorts.forming_world import MORNINGS, make_forming
from tests.factories import SessionRoleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def forming():
    return make_forming()


@pytest.fixture
def address(client, forming):
    client.force_login(forming.organiser)
    return reverse("admin:cohorts_session_compare_proposals", args=[forming.session.pk])


def named(people):
    return [one.application and one.application.pk for one in people]


def two_proposals(forming, tasks):
    """Three of the first cohort and two of the second; then one of tier 0 is kept out of where they belong."""
    first, second = forming.cohorts
    people = [forming.apply(cohort=first), forming.apply(cohort=first), forming.apply(cohort=first)]
    people += [forming.apply(cohort=second), forming.apply(cohort=second, tier=1)]
    free = forming.apply()
    one = forming.proposal(tasks)
    other = forming.proposal(tasks, bans={people[0].pk: [first.pk]}, pins={free.pk: first.pk})
    return people, free, one, other


def test_words_measures_cohorts_and_people(client, forming, address, tasks):
    people, free, one, other = two_proposals(forming, tasks)
    first, second = forming.cohorts
    found = compare(forming.session, one, other, by=forming.organiser)
    assert found.words == [
        "By the order of what counts, A is better: people of tier 0 placed, 5 instead of 4.",
        "4 people are in the same cohort in both, 1 is in another one, 1 has a place in A only.",
    ]
    measures = {label: (a, b, better) for label, a, b, better in found.measures}
    assert measures["People who have a place"] == ("6", "5", "A")
    assert measures["People in the project of their first wish"] == ("5", "4", "A")
    assert measures["Verdict of the search"][:2] == ("Nothing better is possible.",) * 2
    assert "Levels of experience that meet" not in measures
    by_cohort = {each.cohort: each for each in found.cohorts}
    assert named(by_cohort[first].only_a) == [people[0].pk]
    assert named(by_cohort[first].only_b) == [free.pk]
    assert set(named(by_cohort[second].both)) == {people[3].pk, people[4].pk}
    assert by_cohort[first].hours_a == by_cohort[first].hours_b == "20 hours"
    assert [(each.application, each.in_a, each.in_b) for each in found.people] == [
        (people[0], f"{first}, first wish", "no place"),
        (free, f"{second}, named no project", f"{first}, named no project"),
    ]
    text = client.get(address, {"a": one.pk, "b": other.pk}).text
    assert "A is better" in text
    assert people[0].applicant.get_full_name() in text
    assert address in client.get(reverse("admin:cohorts_session_form_cohorts", args=[forming.session.pk])).text


def test_with_the_places_as_they_are(client, forming, address, tasks):
    people, _free, one, _other = two_proposals(forming, tasks)
    first = forming.cohorts[0]
    late = forming.apply(MORNINGS)
    place(late, first, by=forming.organiser)
    place(people[1], first, by=forming.organiser)
    found = client.get(address, {"a": one.pk, "b": "now"}).context["comparison"]
    assert found.words[0] == "B breaks 1 rule by what holds today; its page says which."
    assert "1 has a place in B only" in found.words[-1]
    assert [each.in_a for each in found.people if each.application == late] == ["was not part of it"]
    take_out(late, by=forming.organiser)
    late.delete()
    accept(one, by=forming.organiser)
    found = client.get(address, {"a": one.pk, "b": "now"}).context["comparison"]
    assert found.words == ["By the order of what counts, both are equally good.", "Everybody is in the same place in both."]
    assert not found.people
    assert not found.differing
    # What is not under review any more is said, and counts in no figure.
    people[0].status = "withdrawn"
    people[0].save()
    assert (
        "In A people or cohorts have a place that are not part of forming any more: 1."
        in client.get(address, {"a": one.pk, "b": "now"}).text
    )


def test_nobody_learns_what_another_organiser_decides(client, forming, address, tasks):
    people, _free, one, other = two_proposals(forming, tasks)
    both = {"a": one.pk, "b": other.pk}
    colleague = SessionRoleFactory(session=forming.session).user
    declare_conflict(people[0], by=colleague)
    client.force_login(colleague)
    text = client.get(address, both).text
    assert people[0].applicant.get_full_name() not in text
    assert "The place of 1 person on whom another organiser decides differs as well." in text
    client.force_login(SessionRoleFactory(session=forming.session, user=people[1].applicant).user)
    text = client.get(address, both).text
    assert "Your own application is part of one of them." in text
    assert people[2].applicant.get_full_name() not in text


def test_what_cannot_be_compared(client, forming, address, tasks):
    assert "There is no proposal with a result yet." in client.get(address).text
    forming.apply()
    one = forming.proposal(tasks)
    assert client.get(address).context["chosen_a"] == str(one.pk)
    assert "Choose two that are not the same." in client.get(address, {"a": one.pk, "b": one.pk}).text
    for value in ("x", "9" * 30, "0", str(Proposal.objects.create(session=forming.session).pk)):
        assert client.get(address, {"a": one.pk, "b": value}).status_code == 404


def test_the_number_of_queries_does_not_depend_on_the_number_of_people(
    client, forming, address, tasks, django_assert_max_num_queries
):
    def asked() -> int:
        one, other = forming.proposal(tasks), forming.proposal(tasks)
        with django_assert_max_num_queries(60) as found:
            assert client.get(address, {"a": one.pk, "b": other.pk}).status_code == 200
        return len(found)

    for cohort in (*forming.cohorts, forming.cohorts[0]):
        forming.apply(cohort=cohort)
    before = asked()
    for cohort in forming.cohorts:
        ProjectPreference.objects.create(application=forming.apply(), project=cohort.project, rank=1)
        forming.apply(MORNINGS)
    assert asked() == before
