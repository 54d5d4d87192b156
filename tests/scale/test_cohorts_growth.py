"""Pages about sessions and applications cost the same number of queries, however many there are."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cohorts.models import Answer, ProjectPreference
from tests.factories import (
    ApplicationFactory,
    CohortFactory,
    MembershipFactory,
    ProjectFactory,
    QuestionFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def grow(person, number):
    """So many sessions of every kind, with applications, cohorts, reviews to write and questions."""
    for _ in range(number):
        project = ProjectFactory()
        for trait in ({"open": True}, {"reviewing": True}, {}, {"finished": True}):
            session = SessionFactory(**trait)
            session.projects.add(project)
            ApplicationFactory(session=session, applicant=person)
            MembershipFactory(cohort=CohortFactory(session=session))
        MembershipFactory(cohort=CohortFactory(session=SessionFactory()), user=person)
        MembershipFactory(cohort=CohortFactory(session=SessionFactory()), user=person, role="navigator")
        reviewed = SessionRoleFactory(session=SessionFactory(reviewing=True), user=person, role="reviewer").session
        ApplicationFactory(session=reviewed)


def grow_one(session, person, number):
    application, _ = session.applications.get_or_create(
        applicant=person, defaults={"status": "submitted", "submitted_at": timezone.now(), "version": 1}
    )
    for _ in range(number):
        project = ProjectFactory()
        session.projects.add(project)
        question = QuestionFactory(session=session)
        Answer.objects.create(application=application, question=question, value="text")
        last = application.project_preferences.count()
        ProjectPreference.objects.create(application=application, project=project, rank=last + 1)
        application.events.create(from_status="submitted", to_status="submitted", at=timezone.now())
    return application


def queries(client, address) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize(
    ("name", "is_logged_in"),
    [("home", True), ("home", False), ("sessions", True), ("sessions", False), ("my_applications", True)],
)
def test_lists(client, name, is_logged_in):
    person = UserFactory()
    if is_logged_in:
        client.force_login(person)
    grow(person, 1)
    queries(client, reverse(name))
    few = queries(client, reverse(name))
    grow(person, 29)
    assert queries(client, reverse(name)) == few


@pytest.mark.parametrize("name", ["session", "apply", "application"])
def test_one_session(client, name):
    person = UserFactory()
    client.force_login(person)
    session = SessionFactory(open=True, starts_on=timezone.localdate() + datetime.timedelta(days=30))
    application = grow_one(session, person, 2)
    address = reverse(name, args=[application.pk if name == "application" else session.slug])
    queries(client, address)
    few = queries(client, address)
    grow_one(session, person, 30)
    assert queries(client, address) == few
