"""The front page, the sessions and one session: who sees what, and the words for each stage."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from cohorts.models import Project
from tests.factories import (
    ApplicationFactory,
    CohortFactory,
    MembershipFactory,
    ProjectFactory,
    ReviewFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def page(client, name, *args) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def log_in(client):
    def log_in(person=None):
        person = person or UserFactory()
        client.force_login(person)
        return person

    return log_in


def test_the_front_page_works_with_nothing_to_show(client):
    assert "No session is open right now" in page(client, "home")
    assert "No session is planned right now" in page(client, "sessions")


def test_the_front_page_shows_open_and_running_sessions(client):
    opened = SessionFactory(open=True, name="Spring")
    running = SessionFactory(name="Autumn")
    SessionFactory(finished=True, name="Long ago")
    html = page(client, "home")
    assert reverse("apply", args=[opened.slug]) in html
    assert "Autumn" in html
    assert "Running, week 4" in html
    assert "Long ago" not in html
    assert reverse("apply", args=[running.slug]) not in html


def test_a_deadline_is_shown_in_the_visitors_zone_in_utc_and_as_a_countdown(client):
    closes = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) + datetime.timedelta(days=10)
    SessionFactory(open=True, applications_close_at=closes)
    client.cookies["tz"] = "Asia/Kolkata"
    html = page(client, "home")
    assert "17:30</strong>" in html
    assert "(Kolkata)" in html
    assert "12:00 UTC" in html
    assert f'data-countdown="{closes:%Y-%m-%dT%H:%M:%S}+00:00"' in html
    assert "in 9 days" in html or "in 10 days" in html


def test_the_sessions_stand_by_stage_and_past_ones_below(client):
    names = {"running": {}, "open": {"open": True}, "reviewing": {"reviewing": True}, "finished": {"finished": True}}
    for name, trait in names.items():
        SessionFactory(name=f"S-{name}", **trait)
    html = page(client, "sessions")
    order = [html.index(f"S-{name}") for name in ("open", "running", "reviewing", "finished")]
    assert order == sorted(order)
    assert html.index("Past sessions") < order[-1]


def test_drafts_are_there_for_those_who_prepare_them_only(client, log_in):
    draft = SessionFactory(draft=True, name="Secret plan")
    address = reverse("session", args=[draft.slug])
    assert client.get(address).status_code == 404
    log_in()
    assert client.get(address).status_code == 404
    assert "Secret plan" not in page(client, "home") + page(client, "sessions")
    log_in(SessionRoleFactory(session=draft).user)
    assert "Draft, not public" in page(client, "session", draft.slug)
    assert "Secret plan" in page(client, "sessions")
    log_in(UserFactory(is_superuser=True))
    assert "Secret plan" in page(client, "session", draft.slug)


@pytest.mark.parametrize(
    ("trait", "words"),
    [
        ({"open": True}, "Applications are open"),
        ({"reviewing": True}, "Applications are closed"),
        ({}, "It is running: week 4 of 6"),
        ({"finished": True}, "This session is over"),
    ],
)
def test_a_session_says_where_it_stands(client, trait, words):
    assert words in page(client, "session", SessionFactory(**trait).slug)


def test_a_session_that_was_announced_says_when_to_apply(client):
    soon = timezone.now() + datetime.timedelta(days=3)
    session = SessionFactory(open=True, applications_open_at=soon, applications_close_at=soon + datetime.timedelta(days=9))
    assert "Applications open on" in page(client, "session", session.slug)
    session.applications_open_at = session.applications_close_at = None
    session.save()
    assert "not set yet" in page(client, "session", session.slug)


def test_a_session_describes_itself_in_markdown_that_cannot_hurt(client):
    session = SessionFactory(open=True, description="# Hello\n\n<script>alert(1)</script> [x](javascript:alert(2)) **bold**")
    html = page(client, "session", session.slug)
    assert "<strong>bold</strong>" in html
    assert "<script>alert" not in html
    assert 'href="javascript' not in html
    assert html.count("<h1>") == 1


def test_projects_say_how_they_see_ai(client):
    session = SessionFactory(open=True, has_week_zero=True)
    for policy in Project.AIPolicy:
        session.projects.add(ProjectFactory(ai_policy=policy))
    html = page(client, "session", session.slug)
    for policy in Project.AIPolicy:
        assert str(policy.label) in html
    assert "We have not checked this policy lately" in html
    assert "Week 0" in html


def test_figures_of_past_sessions_name_nobody(client):
    session = SessionFactory(finished=True)
    cohort = CohortFactory(session=session)
    for number in range(3):
        MembershipFactory(cohort=cohort, user__name=f"Somebody{number}", state="completed")
    MembershipFactory(cohort=cohort, role="navigator", state="completed")
    MembershipFactory(cohort=cohort, state="left", left_at=timezone.now())
    MembershipFactory(cohort=cohort, state="invited")
    for html in (page(client, "sessions"), page(client, "session", session.slug)):
        assert "1 cohort" in html
        assert "3 members" in html
        assert "1 navigator or captain" in html
        assert "Somebody" not in html


def test_figures_wait_for_the_end(client):
    session = SessionFactory()
    MembershipFactory(cohort=CohortFactory(session=session))
    assert "1 member<" not in page(client, "session", session.slug)


# Next steps


def test_visitors_have_no_next_steps(client):
    SessionFactory(open=True)
    assert "Next for you" not in page(client, "home")


def test_an_applicant_reads_the_status(client, log_in):
    person = log_in()
    session = SessionFactory(open=True, name="Spring")
    application = ApplicationFactory(session=session, applicant=person, status="draft", submitted_at=None)
    html = page(client, "home")
    assert "Draft, not yet submitted" in html
    assert "Go on writing" in html
    assert "Go on with your application" in page(client, "session", session.slug)
    application.status, application.submitted_at = "submitted", timezone.now()
    application.save()
    assert "See your application" in page(client, "home")
    assert reverse("application", args=[application.pk]) in page(client, "session", session.slug)


def test_what_is_over_is_no_next_step(client, log_in):
    person = log_in()
    ApplicationFactory(session=SessionFactory(), applicant=person, status="accepted")
    ApplicationFactory(session=SessionFactory(reviewing=True), applicant=person, status="withdrawn")
    MembershipFactory(cohort=CohortFactory(session=SessionFactory(finished=True)), user=person, state="completed")
    assert "Next for you" not in page(client, "home")


def test_an_offer_comes_first(client, log_in):
    person = log_in()
    ApplicationFactory(session=SessionFactory(reviewing=True, name="Later"), applicant=person)
    upcoming = SessionFactory(name="Sooner", starts_on=timezone.localdate() + datetime.timedelta(days=9))
    ApplicationFactory(
        session=upcoming, applicant=person, status="offered", answer_by=timezone.now() + datetime.timedelta(days=2)
    )
    html = page(client, "home")
    steps = html[html.index("Next for you") : html.index('class="columns"')]
    assert steps.index("Answer the offer") < steps.index("In review")


def test_a_member_goes_to_progress_and_a_navigator_to_the_cohort(client, log_in):
    cohort = CohortFactory(session=SessionFactory(name="Autumn"), name="Venus")
    log_in(MembershipFactory(cohort=cohort).user)
    html = page(client, "home")
    assert "Week 4" in html
    assert "Open my progress" in html
    log_in(MembershipFactory(cohort=cohort, role="navigator").user)
    html = page(client, "home")
    assert "Open the cohort" in html
    assert reverse("cohort", args=[cohort.pk]) in html


@pytest.mark.parametrize(("role", "name"), [("organiser", "session_board"), ("storyteller", "session_figures")])
def test_who_runs_or_tells_a_session_goes_there_while_it_runs(client, log_in, role, name):
    session = SessionFactory()
    log_in(SessionRoleFactory(session=session, role=role).user)
    assert reverse(name, args=[session.slug]) in next_steps_of(page(client, "home"))
    assert "Week 4" in next_steps_of(page(client, "home"))
    session.archived_at = timezone.now()
    session.save()
    assert "Week 4" not in next_steps_of(page(client, "home"))


def next_steps_of(html) -> str:
    """The part of the front page that is for the reader; empty without one."""
    return html[html.index("Next for you") :].split("</section>")[0] if "Next for you" in html else ""


def test_a_member_before_the_start_meets_the_cohort(client, log_in):
    session = SessionFactory(starts_on=timezone.localdate() + datetime.timedelta(days=9))
    log_in(MembershipFactory(cohort=CohortFactory(session=session)).user)
    assert "Meet your cohort" in page(client, "home")


def test_a_place_that_is_only_kept_shows_to_nobody(client, log_in):
    session = SessionFactory(starts_on=timezone.localdate() + datetime.timedelta(days=9))
    log_in(MembershipFactory(cohort=CohortFactory(session=session, name="Vega"), state="invited").user)
    assert "Vega" not in page(client, "home")


def test_a_reviewer_reads_how_many_wait(client, log_in):
    session = SessionFactory(reviewing=True, name="Winter")
    reviewer = log_in(SessionRoleFactory(session=session, role="reviewer").user)
    for _number in range(3):
        ApplicationFactory(session=session)
    assert "3 applications wait for your review." in page(client, "home")
    ReviewFactory(application=ApplicationFactory(session=session), reviewer=reviewer)
    ReviewFactory(application=session.applications.first(), reviewer=reviewer, handed_in_at=None)
    html = page(client, "home")
    assert "3 applications wait for your review." in html
    assert reverse("admin:cohorts_review_queue") in html
    for application in session.applications.exclude(reviews__handed_in_at__isnull=False)[:2]:
        ReviewFactory(application=application, reviewer=UserFactory())
    session.review_closed_at = timezone.now()
    session.save()
    assert "wait for your review" not in page(client, "home")


def test_a_session_says_when_its_pause_is_and_why(client):
    session = SessionFactory(
        announced_at=timezone.now(), starts_on=datetime.date(2027, 6, 7), pause_after=2, pause_weeks=1, pause_note="A holiday."
    )
    assert "There is a pause from 21 June to 27 June. A holiday." in page(client, "session", session.slug)
