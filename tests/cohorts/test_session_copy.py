"""A session copied for next time, without people; and nothing that a session has is forgotten."""

import datetime
import zoneinfo

import pytest
from django.urls import reverse
from django.utils import timezone

from cohorts import copying, session_copy
from cohorts.feedback import editing
from cohorts.models import (
    Criterion,
    EligibilityRule,
    FeedbackForm,
    FeedbackQuestion,
    MessageTemplate,
    Question,
    ReviewPhase,
    Session,
    SessionRole,
    TrainingTask,
    Week,
)
from cohorts.session_copy import Dates, SessionCopyError, copy_session, plan_copy, propose_first_day, propose_names, shifted
from tests.factories import (
    ApplicationFactory,
    CohortFactory,
    CriterionFactory,
    EligibilityRuleFactory,
    ProjectFactory,
    QuestionFactory,
    ReviewPhaseFactory,
    SessionFactory,
    SessionRoleFactory,
)
from tests.page_forms import form_of


def fields_of(model) -> set[str]:
    return {field.name for field in model._meta.get_fields()}


def test_everything_that_a_session_has_is_copied_given_anew_or_left_behind():
    lists = (session_copy.SETTINGS, session_copy.GIVEN, session_copy.ALSO, session_copy.LEFT)
    named = [name for each in lists for name in each]
    assert sorted(named) == sorted(fields_of(Session)), "Name the new field in one of the lists of cohorts.session_copy."


@pytest.mark.parametrize(
    ("model", "copied", "left"),
    [
        (ReviewPhase, session_copy.OF_A_PHASE, "id session opens_at closes_at"),
        (Week, session_copy.OF_A_WEEK, "id session number starts_on ends_on start_shift end_shift checkins announcements"),
        (MessageTemplate, session_copy.OF_A_TEMPLATE, "id session version updated_by updated_at"),
        (Question, copying._OF_A_QUESTION, "id session order retired_at copied_from copies answers eligibility_rules files"),
        (EligibilityRule, copying._OF_A_RULE, "id session order question"),
        (FeedbackForm, editing.OF_A_FORM, "id session key version retired_at created_at questions feedback"),
        (FeedbackQuestion, editing.OF_A_QUESTION, "id form order"),
        (Criterion, copying._OF_A_CRITERION, "id session order scores"),
        (TrainingTask, session_copy.OF_A_TASK, "id session due_on done"),
    ],
)
def test_so_is_everything_that_hangs_on_it(model, copied, left):
    assert sorted([*copied, *left.split()]) == sorted(fields_of(model))


@pytest.mark.parametrize(
    ("moment", "days", "later"),
    [
        # Noon in Rome stays noon, also across a change of its clocks.
        ("2026-11-01T11:00+00:00", 182, "2027-05-02T10:00+00:00"),
        # The end of a day anywhere on Earth stays that.
        ("2026-11-01T12:00+00:00", 182, "2027-05-02T12:00+00:00"),
        ("2026-11-01T11:00+00:00", -1, "2026-10-31T11:00+00:00"),
    ],
)
def test_moments_move_by_days_on_the_clock_of_the_session(moment, days, later):
    found = shifted(datetime.datetime.fromisoformat(moment), days, zoneinfo.ZoneInfo("Europe/Rome"))
    assert found == datetime.datetime.fromisoformat(later)


@pytest.fixture
def organiser(db):
    return SessionRoleFactory(
        session=SessionFactory(name="2026 Session 9", slug="2026-9", finished=True, time_zone="UTC", weeks=5, reply_days=3),
        reads_accommodations=True,
    )


@pytest.fixture
def source(organiser):
    """A finished session with one of each."""
    session = organiser.session
    session.projects.add(ProjectFactory())
    session.hear_by = session.starts_on
    first, second = (
        QuestionFactory(session=session, kind="rating"),
        QuestionFactory(session=session, not_before="2026-01-01", kind="date"),
    )
    QuestionFactory(session=session, label=f" {first.label.upper()}")
    gone = QuestionFactory(session=session, retired_at=timezone.now())
    for question in (second, gone):
        EligibilityRuleFactory(session=session, question=question)
    session.experience_question = first
    session.save()
    CriterionFactory(session=session)
    ReviewPhaseFactory(session=session, name="First reading")
    MessageTemplate.objects.create(session=session, kind="offer", language="en", subject="Welcome", body="Hello", version=7)
    session.calendar.filter(number=2).update(title="Second", announcement="Words")
    QuestionFactory(session=session, asked_of="navigator", label=first.label)
    TrainingTask.objects.create(session=session, role="captain", title="Read the guide", text="Words", due_on=session.starts_on)
    TrainingTask.objects.create(session=session, title="Say hello", link="https://example.org/")
    ApplicationFactory(session=session)
    CohortFactory(session=session)
    SessionRoleFactory(session=session, role=SessionRole.Role.REVIEWER)
    return session


def dates_of(source, starts_on):
    return plan_copy(source, starts_on).dates


def test_what_comes_along_and_what_does_not(source, organiser):
    day = source.starts_on + datetime.timedelta(weeks=52)
    copy = copy_session(source, by=organiser.user, name="Next", slug="next", dates=dates_of(source, day))
    copy.refresh_from_db()
    assert [getattr(copy, name) for name in session_copy.SETTINGS] == [getattr(source, name) for name in session_copy.SETTINGS]
    assert list(copy.projects.all()) == list(source.projects.all())
    assert (copy.starts_on, copy.hear_by) == (day, day)
    assert copy.applications_close_at - source.applications_close_at == datetime.timedelta(weeks=52)
    asked = list(copy.questions.of_form())
    assert [one.copied_from for one in asked] == list(source.questions.of_form())[:2]
    assert copy.experience_question == asked[0]
    assert [rule.question for rule in copy.eligibility_rules.all()] == [asked[1]]
    assert [(one.asked_of, one.label) for one in copy.questions.exclude(asked_of="member")] == [("navigator", asked[0].label)]
    training = copy.training_tasks.values_list("role", "title", "text", "link", "due_on")
    assert list(training) == [
        ("captain", "Read the guide", "Words", "", day),
        ("", "Say hello", "", "https://example.org/", None),
    ]
    assert copy.criteria.count() == 1
    phase, before = copy.review_phases.get(), source.review_phases.get()
    assert (phase.name, phase.opens_at - before.opens_at) == ("First reading", datetime.timedelta(weeks=52))
    template = copy.message_templates.get()
    assert (template.subject, template.version, template.updated_by) == ("Welcome", 1, organiser.user)
    weeks = list(copy.calendar.values_list("number", "title", "starts_on"))
    assert weeks[1] == (2, "Second", day + datetime.timedelta(weeks=1))
    assert len(weeks) == 5
    role = copy.roles.get()
    assert (role.user, role.role, role.reads_accommodations) == (organiser.user, "organiser", False)
    stamps = [copy.announced_at, copy.review_closed_at, copy.published_at, copy.archived_at]
    assert stamps == [None] * 4
    assert not copy.applications.exists()
    assert not copy.cohorts.exists()


def test_what_cannot_be_copied_so_leaves_nothing_behind(source, organiser):
    day = source.starts_on + datetime.timedelta(weeks=52)
    dates = dates_of(source, day)

    def refused(field, words, **more):
        given = {"by": organiser.user, "name": "Next", "slug": "next", "dates": dates, **more}
        with pytest.raises(SessionCopyError) as error:
            copy_session(source, **given)
        assert words in " ".join(error.value.errors[field])
        assert Session.objects.filter(slug="next").count() == 0

    refused("slug", "already: “2026-9”", slug="2026-9")
    refused("", "Only the organisers", by=SessionRoleFactory().user)
    late = Dates(day, dates.applications_open_at, dates.applications_close_at + datetime.timedelta(days=90), None)
    refused("parts", "“First reading” opens before applications close", dates=late)
    assert copy_session(source, by=organiser.user, name="Next", slug="x", dates=late, parts=["weeks"]).questions.count() == 0
    refused("", "before they close", dates=Dates(day, dates.applications_close_at, dates.applications_open_at, None))
    refused("", "Give both", dates=Dates(day, dates.applications_open_at, None, None))
    source.claim_minutes = 0
    refused("", "minutes that an opened application", dates=dates)


@pytest.mark.django_db
def test_names_and_days_are_proposed():
    for slug, name in (("2026-9", "2026 Session 9"), ("2026-10", "x"), ("spring", "Spring"), ("b-09", "B")):
        SessionFactory(slug=slug, name=name, starts_on=datetime.date(2031, 1, 6))
    proposed = [propose_names(one) for one in Session.objects.filter(slug__in=("2026-9", "spring", "b-09")).order_by("pk")]
    assert proposed == [("2026 Session 11", "2026-11"), ("Spring 2", "spring-2"), ("B 2", "b-10")]
    winter = Session(name="2030 Session 2", slug="2030-2", starts_on=datetime.date(2030, 10, 7))
    assert propose_names(winter) == ("2031 Session 1", "2031-1")
    SessionFactory(slug="2031-1")
    assert propose_names(winter) == ("2031 Session 2", "2031-2")
    old = Session(starts_on=datetime.date(2020, 1, 6))
    first = propose_first_day(old)
    assert first.weekday() == 0
    assert first > timezone.localdate() + datetime.timedelta(weeks=7)
    assert propose_names(Session(slug="9" * 60, name="n" * 120, starts_on=old.starts_on)) == ("n" * 120, "9" * 60)


def test_the_page_shows_what_comes_before_it_copies(client, source, organiser):
    Session.objects.filter(pk=source.pk).update(archived_at=timezone.now(), name="Spring 9", slug="spring-9")
    SessionRoleFactory(user=organiser.user)
    client.force_login(organiser.user)
    page = reverse("admin:cohorts_session_copy", args=[source.pk])
    assert page in client.get(reverse("admin:cohorts_session_changelist")).text
    assert "Copy for next time" in client.get(reverse("admin:cohorts_session_change", args=[source.pk])).text
    answer = client.get(page)
    for words in (
        "Questions, with their rules about who can take part: 2", "with 1 rule about who can take part", "Words of mails: 1", "First reading",
        "2 questions are not copied", "1 rule about them is not copied either.", "These questions take days of the earlier session along",
        "Forming cohorts balances by the copy of", "1 application, 1 cohort, 2 roles",
    ):  # fmt: skip
        assert words in answer.text, words
    filled = form_of(answer)
    assert (filled["name"], filled["slug"]) == ("Spring 10", "spring-10")

    # With another first day nothing is copied that was not shown: the dates are worked out first.
    answer = client.post(page, {**filled, "starts_on": "2031-06-02", "copy": "1"})
    assert "The dates below are worked out for a first day on 2 June 2031." in answer.text
    assert answer.context["plan"].dates.starts_on.year == 2031
    filled = form_of(answer)
    assert filled["applications_close_at_0"].startswith("2031")
    assert Session.objects.count() == 2
    taken = client.post(page, {**filled, "slug": "spring-9", "copy": "1"})
    assert "Another session has this short name already" in taken.text
    for day in ("", "0001-01-01", "9999-12-31"):
        assert client.post(page, {**filled, "starts_on": day, "copy": "1"}).status_code == 200
    assert Session.objects.count() == 2

    answer = client.post(page, {**filled, "copy": "1"}, follow=True)
    assert "Copied from Spring 9. It is a draft" in answer.text
    copy = Session.objects.get(slug="spring-10")
    assert copy.starts_on == datetime.date(2031, 6, 2)
    assert copy.questions.of_form().count() == 2

    # A question about experience that is no longer asked stays behind, and is missed.
    Question.objects.filter(pk=source.experience_question_id).update(retired_at=timezone.now())
    assert "The question about experience is not copied" in client.get(page).text
