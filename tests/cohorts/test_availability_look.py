"""Hours are asked for again when a session opens; nothing waits for the answer."""

import datetime

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils import timezone

from accounts.availability import confirm_availability, set_availability
from cohorts.availability_look import availability_needs_a_look
from cohorts.next_steps import next_steps
from tests.factories import ApplicationFactory, LateAccessFactory, SessionFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture
def person():
    return UserFactory()


@pytest.fixture
def session():
    return SessionFactory(open=True, name="Spring")


def said(person, days, slots=(20, 21)):
    with time_machine.travel(timezone.now() - days * DAY):
        return set_availability(person, slots, time_zone="Europe/Rome")


def test_hours_from_before_the_session_opened_need_a_look(person, session):
    assert "did not say yet" in availability_needs_a_look(person, session).text
    found = said(person, 40)
    look = availability_needs_a_look(person, session)
    assert look.can_confirm
    assert "You said 1\xa0month ago that you have 1 hour a week." in look.text
    confirm_availability(found)
    assert availability_needs_a_look(person, session) is None


def test_who_is_not_asked(person, session):
    assert availability_needs_a_look(AnonymousUser(), session) is None
    assert availability_needs_a_look(person, SessionFactory(draft=True)) is None
    assert availability_needs_a_look(person, session, session.applications_open_at - DAY) is None
    said(person, 1)
    assert availability_needs_a_look(person, session) is None
    # No hours at all are as good as none said.
    said(person, 0, slots=())
    assert availability_needs_a_look(person, session) is not None


def test_it_is_a_next_step_once_and_stands_beside_the_form_and_the_application(client, person, session):
    assert [step.label for step in next_steps(person)] == []
    application = ApplicationFactory(session=session, applicant=person)
    ApplicationFactory(session=SessionFactory(reviewing=True), applicant=person)
    ApplicationFactory(session=SessionFactory(finished=True), applicant=person)
    assert [step.url for step in next_steps(person) if step.label == "Your hours"] == [reverse("availability")]
    client.force_login(person)
    pages = [reverse("apply", args=[session.slug]), reverse("application", args=[application.pk])]
    assert all("Nothing waits for it" in client.get(page).text for page in pages)
    said(person, 1)
    assert not [step for step in next_steps(person) if step.label == "Your hours"]
    assert not any("Nothing waits for it" in client.get(page).text for page in pages)


@pytest.mark.parametrize("status", ["withdrawn", "accepted", "not_selected"])
def test_nobody_is_asked_when_it_matters_no_more(person, status):
    ApplicationFactory(session=SessionFactory(reviewing=True), applicant=person, status=status)
    assert not [step for step in next_steps(person) if step.label == "Your hours"]


def test_who_writes_late_by_a_code_is_asked_as_well(person):
    late = ApplicationFactory(session=SessionFactory(reviewing=True), applicant=person, status="draft", submitted_at=None)
    assert not [step for step in next_steps(person) if step.label == "Your hours"]
    LateAccessFactory(person=person, code__session=late.session)
    assert [step.label for step in next_steps(person)].count("Your hours") == 1


def test_organisers_see_how_old_the_hours_are(client, person):
    session = SessionFactory(reviewing=True)
    application = ApplicationFactory(session=session, applicant=person)
    client.force_login(SessionRoleFactory(session=session).user)
    address = reverse("admin:cohorts_application_change", args=[application.pk])
    assert "Not said yet" in client.get(address).text
    said(person, 120)
    page = client.get(address).text
    assert "1 hour a week, in Europe/Rome" in page
    assert "before this session opened" in page
