"""Eligibility rules: what they say of answers, what is refused, what applicants and organisers read, and applying them to all."""

import datetime
import re

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cohorts.applications import save_draft, submit
from cohorts.assessing import assess, let_rules_decide
from cohorts.eligibility import CONDITIONS, judge, stored_value, trouble_with
from cohorts.entries import Entry
from cohorts.models import Answer, Application, EligibilityRule, Question, Session
from cohorts.pending import DecisionError
from cohorts.rejudging import RejudgingError, apply_to_all, plan_rules
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, EligibilityRuleFactory, QuestionFactory, SessionFactory, UserFactory
from tests.page_forms import form_of

HERE = Session(pk=1, slug="here", name="Here", starts_on=datetime.date(2027, 5, 3))
CHOICES = "Europe\nAfrica\nAsia"
RETIRED = datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)


def rule(kind, condition, value="", *, outcome="not_eligible", reason="Because", question=None, **more) -> EligibilityRule:
    """Not saved, about a question of its own with the id 7."""
    asked = question or Question(
        pk=7, session=HERE, kind=kind, label="Asked", choices=CHOICES if "choice" in kind else "", **more
    )
    return EligibilityRule(session=HERE, question=asked, condition=condition, value=value, outcome=outcome, reason=reason)


#: kind, condition, value, answer → whether the rule holds. Where nothing was answered the answer is None.
HOLDS = [
    ("number", "below", "18", "17.99", True),
    ("number", "below", "18", "18", False),
    ("number", "above", "9", "10", True),
    ("number", "above", "9", "9", False),
    ("number", "is", "10", "10.0", True),
    ("number", "is_not", "10", "10", False),
    ("number", "below", "0", "-0.5", True),
    ("number", "is", "0", "0", True),
    ("number", "below", "18", None, False),
    ("number", "above", "18", None, False),
    ("number", "is_not", "18", None, True),
    ("number", "empty", "", None, True),
    ("number", "empty", "", "0", False),
    ("number", "answered", "", "0", True),
    ("date", "below", "2009-01-31", "2009-01-30", True),
    ("date", "below", "2009-01-31", "2009-01-31", False),
    ("date", "above", "2009-01-31", "2010-01-01", True),
    ("date", "is", "2009-01-31", "2009-01-31", True),
    ("rating", "below", "3", 2, True),
    ("rating", "above", "3", 3, False),
    ("rating", "is", "5", 5, True),
    ("yes_no", "is", "yes", True, True),
    ("yes_no", "is", "no", False, True),
    ("yes_no", "is_not", "yes", False, True),
    ("yes_no", "is_not", "yes", None, True),
    ("yes_no", "is", "no", None, False),
    ("yes_no", "empty", "", False, False),
    ("choice", "is", "europe", "Europe", True),
    ("choice", "is_not", "Europe", "Asia", True),
    ("choice", "is_not", "Europe", "Europe", False),
    ("choice", "answered", "", None, False),
    ("choices", "includes", "Asia", ["Europe", "Asia"], True),
    ("choices", "includes", "Africa", ["Europe", "Asia"], False),
    ("choices", "includes_not", "Africa", ["Europe", "Asia"], True),
    ("choices", "includes_not", "Africa", None, True),
    ("choices", "includes", "Africa", [], False),
    ("choices", "empty", "", [], True),
    ("short_text", "is", "  FRANCE ", "France", True),
    ("short_text", "is_not", "France", "francés", True),
    ("long_text", "includes", "django girls", "I met Django\nGirls.", True),
    ("long_text", "includes_not", "x", "", True),
    ("url", "includes", "github.com", "https://GitHub.com/me", True),
    ("email", "includes_not", "@example.org", "me@example.com", True),
    ("file", "empty", "", None, True),
    ("file", "answered", "", 12, True),
]


@pytest.mark.parametrize(("kind", "condition", "value", "answer", "holds"), HOLDS)
def test_a_condition_compares_by_the_kind_of_the_answer(kind, condition, value, answer, holds):
    found = judge([rule(kind, condition, value)], {} if answer is None else {7: answer})
    assert (found.outcome == "not_eligible", found.reasons, found.unclear) == (holds, ("Because",) if holds else (), ())


def test_every_kind_of_answer_can_be_asked_about():
    assert set(CONDITIONS) == set(Question.Kind.values)


@pytest.mark.parametrize(
    ("kind", "condition", "value", "field", "words"),
    [
        ("short_text", "below", "b", "condition", "can be asked about so: is, is not, includes"),
        ("file", "is", "x", "condition", "can be asked about so: is empty, is answered"),
        ("choices", "is", "Asia", "condition", "includes"),
        ("yes_no", "above", "no", "condition", "is, is not"),
        ("number", "below", "", "value", "Say what"),
        ("number", "below", "eighteen", "value", "Write a number"),
        ("number", "below", "1,234", "value", "Write a number"),
        ("number", "above", "nan", "value", "Write a number"),
        ("date", "below", "31.1.2009", "value", "Write a day"),
        ("rating", "below", "6", "value", "from 1 to 5"),
        ("yes_no", "is", "maybe", "value", "“yes” or “no”"),
        ("choice", "is", "Oceania", "value", "not among the choices: “Europe”, “Africa”, “Asia”"),
        ("choices", "includes", "Oceania", "value", "not among the choices"),
    ],
)
def test_what_makes_no_sense_is_refused_with_words(kind, condition, value, field, words):
    with pytest.raises(ValidationError) as refused:
        stored_value(rule(kind, condition, value))
    assert words in " ".join(refused.value.message_dict[field])


@pytest.mark.parametrize(
    ("kind", "condition", "value", "stored"),
    [
        ("number", "below", " 18,50 ", "18.5"),
        ("yes_no", "is", "YES", "yes"),
        ("date", "above", "2027-01-31", "2027-01-31"),
        ("short_text", "is", " a  b ", "a b"),
        ("short_text", "empty", "left over", ""),
    ],
)
def test_values_are_stored_alike_in_every_language(kind, condition, value, stored):
    assert stored_value(rule(kind, condition, value)) == stored


def test_not_eligible_wins_and_all_reasons_are_kept_once_in_their_order():
    look = rule("yes_no", "is_not", "yes", outcome="needs_a_look", reason="Please look")
    never = rule("yes_no", "is_not", "yes", reason="Cannot be")
    assert judge([look], {7: False}).outcome == "needs_a_look"
    both = judge([look, never, look], {7: False})
    assert (both.outcome, both.reasons) == ("not_eligible", ("Please look", "Cannot be"))
    assert judge([look, never], {7: True}).outcome == "eligible"
    assert judge([], {7: False}).outcome == "eligible"


def test_a_question_that_is_no_longer_asked_decides_nothing_and_is_marked():
    retired = rule("yes_no", "is_not", "yes", retired_at=RETIRED)
    assert judge([retired], {7: False}).outcome == "eligible"
    assert "no longer asked" in trouble_with(retired)


@pytest.mark.parametrize(
    ("broken", "answer"),
    [
        (rule("short_text", "below", "18"), "17"),
        (rule("number", "below", "eighteen"), "17"),
        (rule("choice", "is_not", "Oceania"), "Asia"),
        (rule("number", "below", "18"), "seventeen"),
        (rule("number", "below", "18"), ["17"]),
        (rule("yes_no", "is", "yes"), "yes"),
        (rule("rating", "below", "3"), True),
        (rule("date", "below", "2027-01-31"), "soon"),
        (rule("yes_no", "is", "yes", question=Question(pk=7, session_id=2, kind="yes_no", label="Theirs")), True),
        (rule("yes_no", "sounds like", "yes"), True),
    ],
)
def test_a_rule_that_cannot_be_judged_never_fails_and_asks_organisers_to_look(broken, answer):
    found = judge([broken], {7: answer})
    assert (found.outcome, found.reasons) == ("needs_a_look", ())
    assert "could not be judged" in found.note
    assert len(judge([broken] * 30, {7: answer}).note) == 300


# Submitting


@pytest.fixture
def asked(db):
    """An open session whose form asks whether one is of age, with a rule about it."""
    session = SessionFactory(open=True, calendar=False)
    question = QuestionFactory(
        session=session, kind="yes_no", label="Are you of age? Zzz-sensitive", required=False, sensitive=True
    )
    EligibilityRuleFactory(question=question, reason="You need to be <of> age.")
    return question


def hand_in(question, answer: str, person=None) -> Application:
    person = person or UserFactory()
    before = Application.objects.filter(session=question.session, applicant=person).first()
    entry = Entry(texts={question.pk: answer}, github_login="octocat")
    application = save_draft(question.session, entry, by=person, version=before.version if before else 0)
    submit(application, by=person)
    return application


def test_submitting_judges_and_a_better_answer_is_judged_again(asked):
    application = hand_in(asked, "no")
    assert (application.status, application.eligibility) == ("submitted", "not_eligible")
    assert application.rule_reasons == ["You need to be <of> age."]
    application = hand_in(asked, "yes", application.applicant)
    assert (application.eligibility, application.rule_reasons) == ("eligible", [])


def test_a_rule_that_cannot_be_judged_lets_people_submit(asked):
    EligibilityRule.objects.update(value="perhaps")
    application = hand_in(asked, "no")
    assert (application.status, application.eligibility, application.rule_reasons) == ("submitted", "needs_a_look", [])
    assert "could not be judged" in application.eligibility_reason


def test_what_an_organiser_set_by_hand_stands_until_the_rules_may_decide_again(asked):
    from tests.factories import SessionRoleFactory

    organiser = SessionRoleFactory(session=asked.session, role="organiser").user
    application = hand_in(asked, "no")
    # Saving the page as it is changes nothing, and needs no reason.
    assess(application, by=organiser, eligibility="not_eligible", tier=2)
    assert (application.eligibility_by_hand, application.tier) == (False, 2)
    assess(application, by=organiser, eligibility="eligible", tier=2)
    assert application.eligibility_by_hand
    application = hand_in(asked, "no", application.applicant)
    assert application.eligibility == "eligible"
    with pytest.raises(DecisionError):
        let_rules_decide(application, by=application.applicant)
    let_rules_decide(application, by=organiser)
    assert (application.eligibility, application.eligibility_by_hand, application.tier) == ("not_eligible", False, 2)


def test_applicants_read_why_and_no_answer_is_repeated(client, asked):
    application = hand_in(asked, "no")
    client.force_login(application.applicant)
    page = reverse("application", args=[application.pk])
    text = client.get(page).text
    said = re.search(r'<section class="card" aria-labelledby="eligibility">.*?</section>', text, re.DOTALL)[0]
    assert "By the rules of this session you cannot take part" in said
    assert "You need to be &lt;of&gt; age." in said
    assert "submit again before the deadline" in said
    assert "Zzz-sensitive" not in said
    EligibilityRule.objects.update(outcome="needs_a_look")
    hand_in(asked, "", application.applicant)
    assert "organisers take a look at this" in client.get(page).text
    Application.objects.update(eligibility_by_hand=True)
    assert 'id="eligibility"' not in client.get(page).text
    Application.objects.update(eligibility_by_hand=False, status="not_selected")
    assert 'id="eligibility"' not in client.get(page).text


# Applying rules to all


def answered(question, answer, **fields) -> Application:
    application = ApplicationFactory(session=question.session, **fields)
    if answer is not None:
        Answer.objects.create(application=application, question=question, value=answer)
    return application


@pytest.fixture
def judged(db):
    """A world under review: one application each with yes, no, and by hand; the organiser's own; one with a conflict."""
    world = make_world(applications=0)
    world.question = QuestionFactory(session=world.session, kind="yes_no", label="Are you of age?")
    EligibilityRuleFactory(question=world.question)
    world.yes, world.no = answered(world.question, True), answered(world.question, False)
    world.by_hand = answered(world.question, False, eligibility_by_hand=True)
    world.own = answered(world.question, False, applicant=world.organiser)
    return world


def test_applying_to_all_shows_first_and_writes_what_was_shown(judged):
    plan = plan_rules(judged.session, by=judged.organiser)
    assert [one.application for one in plan.changes] == [judged.no]
    assert (plan.unchanged, plan.by_hand, plan.left_out) == (1, 1, 1)
    assert plan.counts() == [("Not eligible", 1)]
    late = answered(judged.question, None)
    with pytest.raises(RejudgingError, match="has changed since"):
        apply_to_all(judged.session, by=judged.organiser, expected=plan.fingerprint)
    assert not Application.objects.exclude(eligibility="eligible").exists()
    plan = plan_rules(judged.session, by=judged.organiser)
    apply_to_all(judged.session, by=judged.organiser, expected=plan.fingerprint)
    found = set(Application.objects.filter(eligibility="not_eligible"))
    assert found == {judged.no, late}
    assert Application.objects.get(pk=late.pk).rule_reasons == ["You need to be of age."]
    assert not plan_rules(judged.session, by=judged.organiser).changes
    with pytest.raises(RejudgingError, match="Only the organisers"):
        apply_to_all(judged.session, by=judged.reviewer, expected=plan.fingerprint)
    # Rules that are gone leave nothing behind.
    EligibilityRule.objects.all().delete()
    plan = plan_rules(judged.session, by=judged.organiser)
    assert plan.counts() == [("Eligible", 2)]
    Session.objects.filter(pk=judged.session.pk).update(review_closed_at=timezone.now(), published_at=timezone.now())
    with pytest.raises(RejudgingError, match="publishing of decisions"):
        apply_to_all(judged.session, by=judged.organiser, expected=plan.fingerprint)


def test_the_number_of_queries_does_not_grow_with_the_applications(judged):
    def queries():
        plan = plan_rules(judged.session, by=judged.organiser)
        with CaptureQueriesContext(connection) as found:
            apply_to_all(judged.session, by=judged.organiser, expected=plan.fingerprint)
        Application.objects.update(eligibility="eligible", rule_reasons=[])
        return len(found)

    few = queries()
    for _ in range(5):
        answered(judged.question, False)
    assert queries() == few


def test_the_page_shows_who_changes_and_one_button_does_it(client, judged):
    EligibilityRuleFactory(question=QuestionFactory(session=judged.session, label="Gone", kind="number"), value="x")
    page = reverse("admin:cohorts_session_apply_rules", args=[judged.session.pk])
    for person in (judged.reviewer, judged.stranger):
        client.force_login(person)
        assert client.get(page).status_code in (302, 404)
    client.force_login(judged.organiser)
    assert page in client.get(reverse("admin:cohorts_session_change", args=[judged.session.pk])).text
    shown = client.get(page)
    assert judged.no.applicant.get_full_name() in shown.text
    assert "cannot be judged" in shown.text
    assert judged.organiser.get_full_name() not in shown.text.partition("<table")[2]
    done = client.post(page, form_of(shown), follow=True)
    assert "The rules are applied: 2 applications have changed." in done.text
    judged.no.refresh_from_db()
    assert judged.no.eligibility == "not_eligible"
    assert "Nothing to change" in client.get(page).text
    assert "has changed since you looked" in client.post(page, {"fingerprint": "x"}, follow=True).text


def test_organisers_let_the_rules_decide_again_on_the_page_of_an_application(client, judged):
    client.force_login(judged.organiser)
    page = reverse("admin:cohorts_application_change", args=[judged.by_hand.pk])
    shown = client.get(page)
    assert "Let the rules decide again" in shown.text
    again = reverse("admin:cohorts_application_rules", args=[judged.by_hand.pk])
    assert client.get(again).status_code == 405
    assert "By the rules: Not eligible." in client.post(again, follow=True).text
    # A decision is saved beside it, without a reason of one's own.
    shown = client.get(page)
    assert "The applicant reads:" in shown.text
    client.post(page, form_of(shown) | {"decision": "not_selected"})
    judged.by_hand.refresh_from_db()
    assert (judged.by_hand.pending_decision, judged.by_hand.eligibility_by_hand) == ("not_selected", False)
    own = reverse("admin:cohorts_application_rules", args=[judged.own.pk])
    assert client.post(own).status_code == 404


def test_rules_are_set_up_on_the_page_of_the_session(client, judged):
    elsewhere = QuestionFactory(kind="yes_no")
    retired = QuestionFactory(session=judged.session, label="Old", kind="number", retired_at=timezone.now())
    page = reverse("admin:cohorts_session_change", args=[judged.session.pk])
    client.force_login(judged.organiser)
    EligibilityRule.objects.all().delete()
    shown = client.get(page)
    assert "Without rules, everybody who submits is eligible" in shown.text

    def save(**row):
        values = {"order": "1", "outcome": "not_eligible", "reason": "You need to be of age.", **row}
        data = form_of(shown) | {"eligibility_rules-TOTAL_FORMS": "1"}
        return client.post(page, data | {f"eligibility_rules-0-{name}": value for name, value in values.items()}, follow=True)

    asked = str(judged.question.pk)
    assert "Select a valid choice" in save(question=str(elsewhere.pk), condition="is", value="yes").text
    assert "is no longer asked" in save(question=str(retired.pk), condition="below", value="3").text
    assert "can be asked about so: is, is not" in save(question=asked, condition="below", value="18").text
    assert "Write “yes” or “no”" in save(question=asked, condition="is_not", value="18").text
    assert not EligibilityRule.objects.exists()
    save(question=asked, condition="is_not", value=" YES")
    assert EligibilityRule.objects.get().value == "yes"
    # A rule whose question is retired later is marked, and does not stand in the way of other changes.
    Question.objects.filter(pk=judged.question.pk).update(retired_at=timezone.now())
    shown = client.get(page)
    assert "the rule decides nothing" in shown.text
    client.post(page, form_of(shown) | {"name": "Another name"})
    assert Session.objects.get(pk=judged.session.pk).name == "Another name"
