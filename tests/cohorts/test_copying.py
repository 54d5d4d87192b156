"""Questions and criteria of an earlier session, copied into the next one."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from cohorts.copying import CopyingError, copy_criteria, copy_questions, copyable_questions, sources_for
from cohorts.models import Criterion, Question
from tests.factories import (
    ApplicationFactory,
    CriterionFactory,
    EligibilityRuleFactory,
    QuestionFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def earlier():
    return SessionFactory(name="Spring")


@pytest.fixture
def later():
    return SessionFactory(name="Autumn", draft=True)


@pytest.fixture
def organiser(earlier, later):
    user = UserFactory()
    for session in (earlier, later):
        SessionRoleFactory(session=session, user=user)
    return user


def test_copies_are_whole_and_come_last(earlier, later, organiser):
    day = datetime.date(2027, 3, 1)
    source = QuestionFactory(
        session=earlier, order=2, label="When?", help_text="Soon", kind=Question.Kind.DATE, required=False, sensitive=True,
        shown_to_reviewers=False, not_before=day, not_after=day,
    )  # fmt: skip
    second = QuestionFactory(
        session=earlier, order=3, label="Which?", kind=Question.Kind.CHOICES, choices="a\nb", at_least=1, at_most=2
    )
    there = QuestionFactory(session=later, order=32767)
    when, which = copy_questions(earlier, later, by=organiser, questions=[second, source])
    assert list(later.questions.all()) == [there, when, which]
    skipped = {"id", "session", "order", "copied_from", "retired_at"}
    for copy, original in ((when, source), (which, second)):
        copy.refresh_from_db()
        assert copy.copied_from == original
        copy.full_clean()
        for field in Question._meta.concrete_fields:
            if field.name not in skipped:
                assert getattr(copy, field.name) == getattr(original, field.name), field.name


def test_rules_come_with_their_question_and_in_their_order(earlier, later, organiser):
    asked, other = QuestionFactory(session=earlier, label="Time?", kind="yes_no"), QuestionFactory(session=earlier)
    second = EligibilityRuleFactory(question=asked, order=5, condition="is", value="no", outcome="not_eligible", reason="Later.")
    first = EligibilityRuleFactory(question=asked, order=4, condition="empty", reason="Say it.")
    EligibilityRuleFactory(question=other)
    (copy,) = copy_questions(earlier, later, by=organiser, questions=[asked])
    rules = later.eligibility_rules.values_list("question", "condition", "value", "outcome", "reason")
    wanted = [(copy.pk, one.condition, one.value, one.outcome, one.reason) for one in (first, second)]
    assert list(rules) == wanted
    assert copy_questions(earlier, later, by=organiser, questions=[asked]) == []
    assert later.eligibility_rules.count() == 2


def test_what_is_there_by_the_same_words_is_left_out(earlier, later, organiser):
    same = QuestionFactory(session=earlier, label="Why do  you want to take part?")
    new = [QuestionFactory(session=earlier, label=label) for label in ("How?", "how?")]
    retired = QuestionFactory(session=earlier, label="Old?", retired_at=timezone.now())
    QuestionFactory(session=later, label="why do you want to take part?", retired_at=timezone.now())
    assert [each.is_there for each in copyable_questions(earlier, later)] == [True, False, False]
    made = copy_questions(earlier, later, by=organiser, questions=[same, *new])
    assert [copy.label for copy in made] == ["How?"]
    assert copy_questions(earlier, later, by=organiser, questions=[same, *new]) == []
    with pytest.raises(CopyingError, match="changed meanwhile"):
        copy_questions(earlier, later, by=organiser, questions=[retired])


def test_criteria_are_copied_too(earlier, later, organiser):
    criterion = CriterionFactory(
        session=earlier, name="Motivation", weight=Decimal("2.5"), anchors="None\nSome\nMuch", independent=True
    )
    (copy,) = copy_criteria(earlier, later, by=organiser, criteria=[criterion])
    copy.refresh_from_db()
    assert (copy.session, copy.name, copy.weight, copy.anchor_list, copy.independent) == (
        later, "Motivation", criterion.weight, ["None", "Some", "Much"], True,
    )  # fmt: skip
    assert copy_criteria(earlier, later, by=organiser, criteria=[criterion]) == []


def test_only_who_organises_both_may(earlier, later, organiser):
    question = QuestionFactory(session=earlier)
    of_one = SessionRoleFactory(session=later).user
    reviewer = SessionRoleFactory(session=later, role="reviewer").user
    assert sources_for(later, organiser) == [earlier]
    assert sources_for(later, of_one) == sources_for(later, reviewer) == sources_for(earlier, of_one) == []
    for person in (of_one, reviewer, UserFactory()):
        with pytest.raises(CopyingError, match="organise both"):
            copy_questions(earlier, later, by=person, questions=[question])
    with pytest.raises(CopyingError, match="another session"):
        copy_questions(earlier, earlier, by=organiser, questions=[question])
    with pytest.raises(CopyingError, match="changed meanwhile"):
        copy_questions(earlier, later, by=organiser, questions=[QuestionFactory()])
    assert later.questions.count() == 0


class TestThePage:
    def test_it_shows_what_would_come_and_copies_what_is_ticked(
        self, client, earlier, later, organiser, django_assert_max_num_queries
    ):
        client.force_login(organiser)
        new, unticked = QuestionFactory(session=earlier, label="New?"), QuestionFactory(session=earlier, label="Not this?")
        EligibilityRuleFactory(question=unticked)
        there = QuestionFactory(session=earlier, label="There?")
        QuestionFactory(session=later, label="there?")
        address = reverse("admin:cohorts_session_copy_questions", args=[later.pk])
        assert "Show what it has" in client.get(address).content.decode()
        with django_assert_max_num_queries(20):
            text = client.get(address, {"from": earlier.pk}).content.decode()
        assert "Left out: there already, with the same words" in text
        assert text.count("with 1 rule about who can take part") == 1
        response = client.post(address, {"from": earlier.pk, "part": [new.pk, there.pk, "x"]}, follow=True)
        assert "1 question copied." in response.content.decode()
        assert sorted(later.questions.values_list("label", flat=True)) == ["New?", "there?"]
        assert unticked.copies.count() == 0

    def test_it_says_when_nothing_is_ticked_and_when_people_applied(self, client, earlier, later, organiser):
        client.force_login(organiser)
        CriterionFactory(session=earlier), QuestionFactory(session=earlier)
        ApplicationFactory(session=later)
        address = reverse("admin:cohorts_session_copy_criteria", args=[later.pk])
        assert "Tick at least one to copy." in client.post(address, {"from": earlier.pk}).content.decode()
        assert not Criterion.objects.filter(session=later).exists()
        address = reverse("admin:cohorts_session_copy_questions", args=[later.pk])
        assert "People have submitted applications already." in client.get(address, {"from": earlier.pk}).content.decode()

    def test_sessions_of_others_are_no_source(self, client, later):
        question = QuestionFactory()
        client.force_login(SessionRoleFactory(session=later).user)
        address = reverse("admin:cohorts_session_copy_questions", args=[later.pk])
        text = client.get(address, {"from": question.session_id}).content.decode()
        assert question.label not in text
        assert "You organise no other session" in text
        client.post(address, {"from": question.session_id, "part": [question.pk]})
        assert later.questions.count() == 0
