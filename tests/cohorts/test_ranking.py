"""The ranking of a session: what it counts, for whom, and its pages."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cohorts.models import Application, Conflict, ProjectPreference, Review, Score
from cohorts.ranking import is_worth_discussing, means_apart, rank, scale_of
from cohorts.reviews import declare_conflict, hand_in, save_review, withdraw_conflict
from cohorts.scores import figures_of, rescore_session
from tests.cohorts.world import make_world
from tests.factories import (
    ApplicationFactory,
    CriterionFactory,
    ProjectFactory,
    SessionFactory,
    SessionRoleFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    """Three applications with reviews that differ, one of them with an N/A, and one without a review; a criterion stands apart."""
    world = make_world(applications=4)
    world.criteria.append(CriterionFactory(session=world.session, independent=True, name="Stands apart"))
    first, second, third, _unread = world.applications
    world.second_reviewer = SessionRoleFactory(session=world.session, role="reviewer").user
    for application, by, values in (
        (first, world.reviewer, (3, 3, 1)),
        (first, world.second_reviewer, (2, None, 3)),
        (second, world.reviewer, (3, 2, None)),
        (second, world.second_reviewer, (0, 0, 0)),
        (third, world.navigator, (None, None, None)),
    ):
        hand_in(application, by=by, scores=world.scores(*values))
    return world


def criteria_of(world):
    return list(world.session.criteria.all())


def reviewed(scores):
    return set(scores.spans) | set(scores.without)


def ranked(world, viewer):
    return rank(world.session, criteria_of(world), viewer=viewer)


def address(world, name="ranking", query=""):
    return reverse(f"admin:cohorts_session_{name}", args=[world.session.pk]) + query


@pytest.fixture
def organiser(client, world):
    client.force_login(world.organiser)
    return client


def exported(client, world, query=""):
    response = client.get(address(world, "ranking_export", query))
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def shown(response):
    return [row.application for row in response.context["rows"]]


# --- what is counted


def test_the_figures_are_those_of_every_other_page(world):
    world.criteria[0].weight = 3
    world.criteria[0].save()
    rescore_session(world.session)
    found = ranked(world, world.organiser).scores
    apart = means_apart(world.criteria)
    figures = figures_of(world.applications, viewer=world.organiser)
    assert reviewed(found) == set(figures)
    for pk, expected in figures.items():
        facts = found.facts(pk)
        assert facts.reviews == expected.count
        for name in ("mean", "median", "lowest", "highest", "spread"):
            assert getattr(facts, name) == pytest.approx(getattr(expected, name)), name
        assert {one: means[pk] for one, means in apart.items() if pk in means} == pytest.approx(expected.independent)


def test_na_is_never_nought_and_no_score_is_no_place(world):
    first, _second, third, unread = (one.pk for one in world.applications)
    ranking = ranked(world, world.organiser)
    assert ranking.facts(first).mean == pytest.approx((3 + 2) / 2)
    assert (ranking.facts(third).reviews, ranking.facts(third).mean, ranking.facts(third).adjusted) == (1, None, None)
    assert ranking.facts(unread).reviews == 0
    assert third not in ranking.places
    assert unread not in ranking.places


@pytest.mark.parametrize("part", ["organiser", "applied", "conflict", "operator", "operator applied", "operator conflict"])
def test_it_counts_the_handed_in_reviews_that_the_viewer_may_see_of_what_the_viewer_decides(world, part):
    viewer = world.operator if part.startswith("operator") else world.organiser
    if part.endswith("applied"):
        Application.objects.filter(pk=world.applications[0].pk).update(applicant=viewer)
    if part.endswith("conflict"):
        Conflict.objects.create(application=world.applications[0], reviewer=viewer)
    save_review(world.applications[3], by=world.reviewer, scores=world.scores(1, 1, 1))
    decided = Application.objects.decided_by(viewer).filter(session=world.session)
    visible = Review.objects.visible_to(viewer).handed_in().filter(application__in=decided)
    found = ranked(world, viewer).scores
    assert sum(found.facts(pk).reviews for pk in reviewed(found)) == visible.count()
    assert reviewed(found) == set(visible.values_list("application_id", flat=True))
    hidden = "applied" in part or "conflict" in part
    assert (world.applications[0].pk in reviewed(found)) is not hidden


def test_an_own_application_counts_nowhere_not_even_in_the_strictness_of_reviewers(world, client):
    SessionRoleFactory(session=world.session, user=world.applications[1].applicant, role="organiser")
    applied, other = world.applications[1].applicant, world.organiser
    theirs = ranked(world, applied).scores
    assert world.applications[1].pk not in reviewed(theirs)
    assert theirs.reviewers()[world.reviewer.pk].reviews == 1
    assert ranked(world, other).scores.reviewers()[world.reviewer.pk].reviews == 2
    client.force_login(applied)
    for name in ("ranking", "ranking_export"):
        text = client.get(address(world, name)).content.decode()
        assert applied.email not in text
        assert reverse("admin:cohorts_application_change", args=[world.applications[1].pk]) not in text
    assert "You applied here yourself" in client.get(address(world)).content.decode()


def test_what_changes_shows_at_once(world):
    first, second = world.applications[:2]

    def mean(application=first):
        return ranked(world, world.organiser).facts(application.pk).mean

    assert mean() == 2.5
    hand_in(first, by=world.reviewer, scores=world.scores(0, 0, 0))
    assert mean() == 1
    world.criteria[0].weight = 0
    world.criteria[0].save()
    rescore_session(world.session)
    assert mean() == 0
    conflict = declare_conflict(second, by=world.organiser)
    assert mean(second) is None
    withdraw_conflict(conflict, by=world.organiser)
    assert mean(second) == 1
    declare_conflict(second, by=world.reviewer)
    assert mean(second) == 0
    Review.objects.filter(application=first).delete()
    assert mean() is None


def test_withdrawn_applications_have_no_place(world):
    first, second = world.applications[:2]
    assert ranked(world, world.organiser).places == {first.pk: 1, second.pk: 2}
    Application.objects.filter(pk=first.pk).update(status="withdrawn")
    ranking = ranked(world, world.organiser)
    assert ranking.places == {second.pk: 1}
    assert ranking.facts(first.pk).mean == 2.5


def test_equal_scores_share_a_place(world):
    for application in world.applications:
        Score.objects.filter(review__application=application).update(value=2)
    rescore_session(world.session)
    Review.objects.update(updated_at=timezone.now())
    ranking = ranked(world, world.organiser)
    assert set(ranking.places.values()) == {1}
    assert {ranking.climb(pk) for pk in ranking.places} == {0}


def test_the_scale_leaves_out_what_counts_nowhere(world):
    assert scale_of(criteria_of(world)) == 3
    assert scale_of([]) == 0
    facts = ranked(world, world.organiser).facts(world.applications[1].pk)
    assert is_worth_discussing(facts, 2.5)
    assert not is_worth_discussing(facts, 2.6)
    assert not is_worth_discussing(ranked(world, world.organiser).facts(world.applications[3].pk), 0)


# --- the pages


def test_the_page_shows_raw_and_adjusted_side_by_side_and_says_why(organiser, world):
    response = organiser.get(address(world))
    first, second, third, unread = world.applications
    assert shown(response) == [first, second, third, unread]
    facts = response.context["rows"][0].facts
    text = response.content.decode()
    for expected in (
        f"<b>{facts.adjusted:.2f}</b>",
        "2.50",
        "Its reviewers score",
        "Stands apart",
        "Discuss",
        "What “adjusted” means",
    ):
        assert expected in text


def test_orders_put_those_without_a_value_last(organiser, world):
    first, second, third, unread = world.applications
    Application.objects.filter(pk=third.pk).update(tier=0)
    apart = f"criterion-{world.criteria[-1].pk}"
    for order, expected in (
        ("mean", [second, first, third, unread]),
        ("-mean", [first, second, third, unread]),
        ("spread", [first, second, third, unread]),
        ("-number", [unread, third, second, first]),
        ("tier", [third, first, second, unread]),
        (apart, [second, first, third, unread]),
        ("-" + apart, [first, second, third, unread]),
        ("-password", [first, second, third, unread]),
        ("--mean", [first, second, third, unread]),
        ("\0", [first, second, third, unread]),
    ):
        assert shown(organiser.get(address(world), {"o": order})) == expected, order


def test_filters(organiser, world):
    first, second, third, unread = world.applications
    project = ProjectFactory()
    world.session.projects.add(project)
    ProjectPreference.objects.create(application=second, project=project, rank=1)
    earlier = SessionFactory(finished=True)
    ApplicationFactory(session=earlier, applicant=first.applicant)
    Application.objects.filter(pk=third.pk).update(status="withdrawn", eligibility="needs_a_look", pending_decision="offer")
    world.session.reviews_each = 2
    world.session.save()
    for query, expected in (
        ({}, {first, second, unread}),
        ({"status": "withdrawn"}, {third}),
        ({"status": "withdrawn", "eligibility": "needs_a_look", "decision": "offer"}, {third}),
        ({"eligibility": "needs_a_look"}, set()),
        ({"show": "discuss"}, {first, second}),
        ({"show": "few"}, {unread}),
        ({"project": project.pk}, {second}),
        ({"project": "\0"}, {first, second, unread}),
        ({"status": "draft", "show": "nonsense", "rows": "9999", "p": "x"}, {first, second, unread}),
        # The other session is not for this organiser to know of.
        ({"show": "first"}, {first, second, unread}),
    ):
        assert set(shown(organiser.get(address(world), query))) == expected, query
    SessionRoleFactory(session=earlier, user=world.organiser)
    assert set(shown(organiser.get(address(world), {"show": "first"}))) == {second, unread}


def test_pages_keep_filters_and_order(organiser, world):
    ApplicationFactory.create_batch(22, session=world.session)
    response = organiser.get(address(world), {"o": "number", "show": "few", "p": 1})
    assert len(shown(response)) == 20
    assert "?show=few&o=number&p=2" in response.context["after"]
    assert shown(organiser.get(address(world, query=response.context["after"])))[-1].pk > shown(response)[-1].pk
    assert len(shown(organiser.get(address(world), {"rows": "100"}))) == 26


def test_the_number_of_queries_does_not_grow(organiser, world):
    def queries():
        counted = []
        for name in ("ranking", "ranking_export", "ranking_reviewers"):
            organiser.get(address(world, name))
            with CaptureQueriesContext(connection) as captured:
                organiser.get(address(world, name))
            counted.append(len(captured))
        return counted

    few = queries()
    for application in ApplicationFactory.create_batch(25, session=world.session):
        hand_in(application, by=world.reviewer, scores=world.scores(1, 2, 3))
    hand_in(application, by=world.navigator, scores=world.scores(3, 2, 3))
    assert queries() == few


def test_the_list_of_a_session_leads_to_its_ranking(organiser, world):
    applications = reverse("admin:cohorts_application_changelist")
    leads = f'href="{address(world)}"'
    assert leads in organiser.get(applications, {"session__id__exact": world.session.pk}).content.decode()
    assert leads in organiser.get(reverse("admin:cohorts_session_change", args=[world.session.pk])).content.decode()
    assert leads not in organiser.get(applications).content.decode()


def test_the_export_is_the_list_as_it_stands_with_cells_that_run_nothing(organiser, world):
    person = world.applications[0].applicant
    person.name = "=1+1"
    person.save()
    rows = exported(organiser, world, "?o=mean")
    assert [int(row["number"]) for row in rows] == [world.applications[place].pk for place in (1, 0, 2, 3)]
    second, first, third, _unread = rows
    assert first["name"] == "'=1+1"
    assert (first["place"], first["place_by_mean"], first["mean"], first["Stands apart"]) == ("1", "1", "2.5", "2.0")
    assert float(first["adjusted"]) == pytest.approx(2.5 - float(first["reviewers_above_others_by"]), abs=0.002)
    assert (third["reviews"], third["mean"], third["place"], third["adjusted"]) == ("1", "", "", "")
    assert float(second["spread"]) == 2.5
    assert len(exported(organiser, world, "?show=few")) == 2


def test_how_reviewers_score_is_for_organisers_alone(client, world):
    for user in (world.reviewer, world.navigator, world.captain, world.stranger, world.applications[0].applicant):
        client.force_login(user)
        for name in ("ranking", "ranking_export", "ranking_reviewers"):
            assert client.get(address(world, name)).status_code in (302, 404)
    client.force_login(world.organiser)
    response = client.get(address(world, "ranking_reviewers"))
    assert [one["person"] for one in response.context["reviewers"]] == [world.second_reviewer, world.reviewer]
    text = response.content.decode()
    assert "below others" in text
    assert "above others" in text


def test_nothing_yet_is_a_page_too(client):
    empty = make_world(applications=0)
    client.force_login(empty.organiser)
    assert "Nobody has applied yet" in client.get(address(empty)).content.decode()
    assert "No review has been handed in yet" in client.get(address(empty, "ranking_reviewers")).content.decode()
    assert client.get(address(empty, "ranking_export")).status_code == 200
    assert "No application fits" in client.get(address(empty), {"show": "few"}).content.decode()
