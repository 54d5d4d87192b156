"""The pages on which organisers put cohorts together by hand."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cohorts.models import Application, Proposal
from cohorts.placing import place
from cohorts.reviews import declare_conflict
from tests.cohorts.forming_world import MORNINGS, make_forming, places
from tests.factories import SessionRoleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def forming():
    return make_forming()


@pytest.fixture
def people(forming):
    first, second = forming.cohorts
    return [forming.apply(cohort=cohort) for cohort in (first, first, second, second)]


@pytest.fixture
def proposal(client, forming, people):
    client.force_login(forming.organiser)
    client.post(reverse("admin:cohorts_session_arrange_begin", args=[forming.session.pk]), {"empty": "1"})
    return Proposal.objects.get()


def address(proposal, name="", *more) -> str:
    return reverse(f"admin:cohorts_session_arrange{name and '_' + name}", args=[proposal.session_id, proposal.pk, *more])


def change(client, proposal, act, person=None, cohort=None, **more):
    proposal.refresh_from_db()
    headers = more.pop("headers", None)
    data = {"act": act, "version": proposal.version, "person": person and person.pk, "cohort": cohort and cohort.pk} | more
    sent = {name: value for name, value in data.items() if value is not None}
    return client.post(address(proposal, "change"), sent, follow=True, headers=headers)


def test_the_way_from_empty_cohorts_to_accepting_and_back_without_javascript(client, forming, people, proposal):
    first, second = forming.cohorts
    early = forming.apply(MORNINGS, tier=1)
    start = client.get(reverse("admin:cohorts_session_form_cohorts", args=[forming.session.pk])).text
    assert "Begin with empty cohorts" in start
    assert "by hand</span>" in start
    text = client.get(address(proposal)).text
    for words in ["of 6 places filled", "All rules hold.", "1 more person can be placed.", "Nobody yet", "Fits: "]:
        assert words in text, words
    assert "Brought up to date." in change(client, proposal, "bring_up_to_date").text

    # What each place does is said before.
    text = client.get(address(proposal, "person", early.pk)).text
    for words in [
        f"{first} has 0 hours a week in common and needs 5 hours.",
        "1 more person of tier 1 has a place.",
        "Move here",
    ]:
        assert words in text, words
    asked = client.get(address(proposal, "person", early.pk) + f"?to={first.pk}").text
    assert f"Put {early.applicant} into {first}?" in asked
    assert "Do it all the same" in asked
    text = client.get(address(proposal, "cohort", second.pk)).text
    assert text.index(str(people[2].applicant)) < text.index(str(people[0].applicant)) < text.index(str(early.applicant))

    text = change(client, proposal, "move", people[0], first).text
    assert f"{people[0].applicant} is in {first}. 1 rule does not hold." in text
    change(client, proposal, "move", people[1], first)
    change(client, proposal, "move", people[2], second)
    assert "changed places" in change(client, proposal, "swap", people[0], other=people[2].pk).text
    text = change(client, proposal, "fix", people[0]).text
    assert "Search again around what is fixed" in text
    text = change(client, proposal, "keep_out", people[3], first).text
    assert "is kept out of" in text
    assert "5 changes" not in text
    assert "Kept out of:" in client.get(address(proposal, "person", people[3].pk)).text
    change(client, proposal, "let_loose", people[0])
    assert "There is nothing to take back." in change(client, proposal, "take_back", count=99).text
    assert "Taken back." in change(client, proposal, "take_back", count=4).text
    assert "Choose what to change." in change(client, proposal, "dance").text

    change(client, proposal, "move", early, second)
    text = client.get(address(proposal, "accept")).text
    assert "4 people get a pending offer and a kept place." in text
    assert f"{second} has 0 hours a week in common" in text
    assert "Look at the rules that do not hold" in client.post(address(proposal, "accept")).text
    despite = client.get(address(proposal, "accept")).context["broken"].fingerprint
    answer = client.post(address(proposal, "accept"), {"despite": despite}, follow=True)
    assert "Accepted: 4 people" in answer.text
    assert len(places()) == 4
    assert "Accepted although: " in LogEntry.objects.latest("pk").get_change_message()
    assert str(early.applicant) not in LogEntry.objects.latest("pk").get_change_message()
    assert "and cannot be changed." in client.get(address(proposal)).text
    assert "and cannot be accepted." in client.get(address(proposal, "accept")).text
    undo = reverse("admin:cohorts_session_proposal_undo", args=[forming.session.pk, proposal.pk])
    assert "4 places are taken back." in client.post(undo, follow=True).text

    # A copy goes on from there.
    begin = reverse("admin:cohorts_session_arrange_begin", args=[forming.session.pk])
    client.post(begin, {"copy": proposal.pk})
    assert Proposal.objects.latest("pk").based_on == proposal
    assert (
        "Put together by hand."
        in client.get(reverse("admin:cohorts_session_proposal", args=[forming.session.pk, Proposal.objects.latest("pk").pk])).text
    )


def test_an_older_tab_is_told_and_sees_the_new_state(client, forming, people, proposal):
    first = forming.cohorts[0]
    data = {"act": "move", "version": 0, "person": people[0].pk, "cohort": first.pk}
    htmx = {"HX-Request": "true"}
    answer = client.post(address(proposal, "change"), data, headers=htmx)
    assert answer.text.lstrip().startswith('<div id="board"')
    assert f"{people[0].applicant} is in {first}." in answer.text
    for headers, status in ((htmx, 200), ({}, 409)):
        answer = client.post(address(proposal, "change"), data | {"person": people[1].pk}, headers=headers)
        assert answer.status_code == status
        assert "Somebody changed these cohorts meanwhile, so your change was not made." in answer.text
        assert 'name="version" value="1"' in answer.text
    proposal.refresh_from_db()
    assert proposal.members[first.pk] == [people[0].pk]


def test_what_is_not_there_or_not_for_one(client, forming, people, proposal, tasks):
    found = forming.proposal(tasks)
    declare_conflict(people[0], by=forming.organiser)
    for page in [
        address(found),
        address(proposal, "person", people[0].pk),
        address(proposal, "person", people[1].pk) + "?to=9999999",
        address(proposal, "cohort", 9999999),
    ]:
        assert client.get(page).status_code == 404, page
    assert str(people[0].applicant) not in client.get(address(proposal)).text
    # Who applied does not see cohorts that are about them.
    client.force_login(SessionRoleFactory(session=forming.session, user=people[1].applicant).user)
    assert client.get(address(proposal)).status_code == 404
    type(forming.session).objects.update(published_at=None)
    Application.objects.all().update(status="withdrawn")
    client.force_login(forming.organiser)
    begin = reverse("admin:cohorts_session_arrange_begin", args=[forming.session.pk])
    assert "nobody to place" in client.post(begin, follow=True).text


def test_a_place_that_is_lost_is_named_before(client, forming, people, proposal):
    first, second = forming.cohorts
    for each in people[:3]:
        place(each, first, by=forming.organiser)
    begin = reverse("admin:cohorts_session_arrange_begin", args=[forming.session.pk])
    client.post(begin, {"places": "1"})
    made = Proposal.objects.latest("pk")
    change(client, made, "move", people[0])
    text = client.get(address(made, "accept")).text
    assert f"{people[0].applicant} ({first})" in text
    assert second.name not in text


def test_the_list_without_a_place_is_searched_and_queries_stay_constant(client, forming, people, proposal):
    counts = []
    for _ in range(2):
        change(client, proposal, "bring_up_to_date")
        pages = [
            address(proposal),
            address(proposal, "person", people[0].pk),
            address(proposal, "cohort", forming.cohorts[0].pk),
            address(proposal, "accept"),
        ]
        for page in pages:
            client.get(page)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(page).status_code == 200
            counts.append(len(queries))
        for _more in range(8):
            forming.apply(cohort=forming.cohorts[1], tier=None)
    assert counts[:4] == counts[4:]
    name = people[0].applicant.get_full_name()
    text = client.get(address(proposal) + f"?q={name}&tier=0").text
    assert name in text
    assert str(people[3].applicant) not in text
    assert "Nobody of whom you search." in client.get(address(proposal) + "?q=zzz").text
    assert client.get(address(proposal) + "?page=x&tier=none").status_code == 200
