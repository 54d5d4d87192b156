"""What people who help learn before a session begins: whose tasks they are, ticking, the reminder, and what organisers see."""

import datetime

import pytest
import time_machine
from django.urls import reverse

from accounts.models import Message
from cohorts.models import TrainingDone, TrainingTask
from cohorts.next_steps import next_steps
from cohorts.reminders import write_due_reminders
from cohorts.training import due_day, open_training, progress, tick, training_of, training_still_true, untick
from tests.factories import (
    CohortFactory,
    MembershipFactory,
    SessionFactory,
    SessionRoleFactory,
    TrainingTaskFactory,
    UserFactory,
    VolunteerFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def session():
    return SessionFactory(open=True, slug="spring", time_zone="Asia/Kolkata")


@pytest.fixture
def navigator(session):
    return VolunteerFactory(session=session, state="accepted", user__name="Nora").user


def titles(tasks):
    return [one.task.title for one in tasks]


def test_everybody_who_helps_has_the_tasks_of_their_roles(session, navigator):
    everybody, for_captains = TrainingTaskFactory(session=session, order=2), TrainingTaskFactory(session=session, role="captain")
    for_navigators = TrainingTaskFactory(session=session, order=3, role="navigator")
    captain = MembershipFactory(cohort=CohortFactory(session=session), role="captain", user__name="Caro").user
    MembershipFactory(cohort=CohortFactory(session=session), role="member")
    VolunteerFactory(session=session, state="submitted")
    SessionRoleFactory(session=session, user=navigator, role="organiser")
    assert titles(training_of(session, navigator)) == [everybody.title, for_navigators.title]
    tick(everybody, by=navigator)
    tick(everybody, by=navigator)
    people = progress(session)
    assert [(one.person, one.done, titles(one.open)) for one in people] == [
        (captain, 0, [for_captains.title, everybody.title]),
        (navigator, 1, [for_navigators.title]),
    ]
    assert people[1].role_names == "Navigator, Organiser"
    untick(everybody, by=navigator)
    assert not TrainingDone.objects.exists()


def test_the_days_of_tasks(session):
    day = datetime.date(2027, 1, 4)
    assert due_day(TrainingTask(due_on=day), session) == day
    assert due_day(TrainingTask(), session) == session.first_day - datetime.timedelta(days=1)


def test_a_reminder_comes_once_for_each_day_and_only_while_something_is_left(session, navigator, django_assert_max_num_queries):
    soon = TrainingTaskFactory(session=session, title="Read the guide")
    TrainingTaskFactory(session=session, title="Later", due_on=session.starts_on)
    TrainingTaskFactory(session=session, title="Over", due_on=session.first_day - datetime.timedelta(days=9))
    none_wanted = VolunteerFactory(session=session, state="accepted", user__reminders_by_mail=False)
    before = session.begins_at - datetime.timedelta(days=1, hours=12)
    assert write_due_reminders(session.begins_at - datetime.timedelta(days=8)) == 0
    with django_assert_max_num_queries(60):
        write_due_reminders(before)
    write_due_reminders(before + datetime.timedelta(hours=1))
    sent = Message.objects.filter(kind="reminder_training").order_by("round")
    assert [one.recipient for one in sent] == [navigator, navigator]
    assert [("Read the guide" in one.body, "Later" in one.body) for one in sent] == [(True, False), (False, True)]
    assert not Message.objects.filter(recipient=none_wanted.user).exists()
    assert training_still_true(sent[0], before)
    assert not training_still_true(sent[0], session.begins_at)
    tick(soon, by=navigator)
    assert not training_still_true(sent[0], before)


def test_the_page_and_the_front_page(session, navigator, client):
    task = TrainingTaskFactory(session=session, title="Read <b>", text="Look at **this**", link="https://example.org/guide")
    client.force_login(navigator)
    assert [step.label for step in next_steps(navigator)] == ["Training"]
    page = reverse("training", args=["spring"])
    shown = client.get(page).text
    assert "Read &lt;b&gt;" in shown
    assert "<strong>this</strong>" in shown
    assert 'href="https://example.org/guide"' in shown
    tick_it = reverse("tick_training", args=[task.pk])
    assert client.post(tick_it).url == f"{page}#task-{task.pk}"
    assert "All done" in client.get(page).text
    assert open_training(navigator) == []
    part = client.post(tick_it, {"undo": "1"}, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "I have done it" in part
    with time_machine.travel(session.begins_at, tick=False):
        assert open_training(navigator) == []
    client.force_login(UserFactory())
    assert client.get(page).status_code == 404
    assert client.post(tick_it).status_code == 404


def test_lists_cost_the_same_for_many(session, navigator, django_assert_num_queries):
    def count():
        with django_assert_num_queries(5):
            progress(session)
        with django_assert_num_queries(4):
            open_training(navigator)

    TrainingTaskFactory(session=session)
    count()
    for _more in range(4):
        tick(TrainingTaskFactory(session=session), by=navigator)
        VolunteerFactory(session=session, state="accepted")
    count()


def test_organisers_see_who_has_done_what(session, navigator, client):
    done, left = (
        TrainingTaskFactory(session=session, title="Done thing"),
        TrainingTaskFactory(session=session, title="Left thing"),
    )
    tick(done, by=navigator)
    client.force_login(SessionRoleFactory(session=session).user)
    page = client.get(reverse("admin:cohorts_session_training", args=[session.pk])).text
    assert "Nora" in page
    assert "1 of 2" in page
    assert left.title in page
