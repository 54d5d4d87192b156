"""One session from its opening to its alumni: time goes by, people do what they do, and the site does the rest, each thing once."""

import datetime
from collections import Counter

import pytest
from django.tasks import Task
from django.urls import reverse
from django.utils import timezone

from accounts.models import Message
from accounts.tasks import send_waiting_messages_task
from background.schedules import scheduled
from cohorts import announcements, checkins, farewells, testimonials
from cohorts import tasks as cohorts_tasks
from cohorts.applications import accept_offer, save_draft, submit
from cohorts.checkin_replies import reply
from cohorts.entries import Entry
from cohorts.feedback import usual, writing
from cohorts.meetings import create_series
from cohorts.models import Application, Feedback, Meeting, Membership, Nudge, Week
from cohorts.pending import set_pending_decision
from cohorts.places import extend
from cohorts.placing import place
from cohorts.publishing import publish
from cohorts.reviews import hand_in
from cohorts.stages import stage_of
from cohorts.this_week import week_lines
from tests.factories import (
    CohortFactory,
    CriterionFactory,
    GitHubIdentityFactory,
    MembershipFactory,
    QuestionFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
UTC = datetime.UTC
#: Week 1 begins; after week 3 there is a pause of a week; the last day is 20 June.
BEGINS = datetime.date(2027, 5, 3)
#: What a worker does by itself, GitHub apart.
SCHEDULED = [one for one in vars(cohorts_tasks).values() if isinstance(one, Task) and one.module_path in scheduled]


def at(day: str, hour: int = 9) -> datetime.datetime:
    return datetime.datetime.fromisoformat(f"{day}T{hour:02}:30:00+00:00")


def kinds(person, *, since=None) -> Counter:
    found = Message.objects.filter(recipient=person)
    return Counter((found if since is None else found.filter(created_at__gt=since)).values_list("kind", flat=True))


class Run:
    """The session and its people. `until` lets time pass as a worker lives it: every second day."""

    def __init__(self, tasks):
        self.tasks = tasks
        tasks.travel_to(at("2027-03-01"))
        self.session = SessionFactory(
            starts_on=BEGINS, pause_after=3, announced_at=at("2027-03-01"), applications_open_at=at("2027-03-03"),
            applications_close_at=at("2027-03-20"), review_closed_at=None, published_at=None, contact_email="us@example.org",
        )  # fmt: skip
        self.organiser = SessionRoleFactory(session=self.session, role="organiser").user
        self.cohort = CohortFactory(session=self.session)
        self.navigator = MembershipFactory(cohort=self.cohort, role="navigator").user
        self.question = QuestionFactory(session=self.session)
        self.criteria = [CriterionFactory(session=self.session)]
        usual.add_usual_forms(self.session, by=self.organiser)
        #: The one who writes, the one who rests, the one who goes silent and goes on longer, and the one who gets no place.
        self.writes, self.rests, self.silent, self.other = (
            UserFactory(name=name) for name in ("Ada", "Bogdana", "Cyprien", "Dilnoza")
        )
        self.people = (self.writes, self.rests, self.silent)

    def until(self, day: str, hour: int = 9) -> None:
        end = at(day, hour)
        while timezone.now() < end:
            self.tasks.travel_to(min(timezone.now() + datetime.timedelta(hours=48), end))
            self.tasks.run_schedules(send_waiting_messages_task, *SCHEDULED)

    def stopped_until(self, day: str, hour: int = 9) -> None:
        """The worker is down until then, and comes back."""
        self.tasks.travel_to(at(day, hour))
        self.tasks.run_schedules(send_waiting_messages_task, *SCHEDULED)

    def membership(self, person) -> Membership:
        return Membership.objects.select_related("cohort__session", "user").get(cohort=self.cohort, user=person)

    def week(self, number: int) -> Week:
        return Week.objects.select_related("session").get(session=self.session, number=number)

    def write(self, person, number: int, **values) -> None:
        checkins.hand_in(self.membership(person), self.week(number), by=person, values={"did": "Something small."} | values)


@pytest.fixture
def run(tasks):
    return Run(tasks)


def test_from_the_opening_to_the_alumni(run, client):
    apply_and_review(run)
    decide_and_answer(run, client)
    the_first_weeks(run, client)
    the_pause_and_a_stopped_worker(run)
    the_end(run, client)
    # All that time: nothing failed, and nobody was told the same thing twice.
    unsent = Message.objects.exclude(state__in=["sent", "dropped"])
    assert list(unsent.values_list("kind", "state", "error", "created_at")) == []
    told = Message.objects.filter(about_id__isnull=False).values_list("recipient", "kind", "about_type", "about_id", "round")
    assert max(Counter(told).values()) == 1
    # No day on which somebody got more than four mails.
    days = Counter((person, moment.date()) for person, moment in Message.objects.values_list("recipient", "created_at"))
    assert max(days.values()) <= 4, days.most_common(3)


def apply_and_review(run: Run) -> None:
    run.stopped_until("2027-03-04")
    assert stage_of(run.session) == "open"
    for person in (*run.people, run.other):
        GitHubIdentityFactory(user=person)
        text = "Because I want to learn, and I have the time for it."
        application = save_draft(run.session, Entry(texts={run.question.pk: text}), by=person, version=0)
        assert submit(application, by=person)
    run.stopped_until("2027-03-21")
    assert stage_of(run.session) == "reviewing"
    for application in Application.objects.all():
        hand_in(application, by=run.navigator, scores={run.criteria[0].pk: 2})


def decide_and_answer(run: Run, client) -> None:
    run.tasks.travel_to(at("2027-04-01"))
    run.session.review_closed_at = timezone.now()
    run.session.save()
    for application in Application.objects.select_related("applicant"):
        if application.applicant == run.other:
            set_pending_decision(application, "not_selected", by=run.organiser)
        else:
            set_pending_decision(application, "offer", by=run.organiser)
            place(application, run.cohort, by=run.organiser)
    publish(run.session, by=run.organiser)
    run.tasks.run()
    run.session.refresh_from_db()
    run.stopped_until("2027-04-03")
    for application in Application.objects.filter(status="offered").select_related("applicant"):
        accept_offer(application, by=application.applicant)
    assert Application.objects.get(applicant=run.other).status == "not_selected"
    assert Membership.objects.members().filter(state="active").count() == 3
    client.force_login(run.other)
    assert client.get(reverse("cohort", args=[run.cohort.pk])).status_code == 404


def the_first_weeks(run: Run, client) -> None:
    run.stopped_until("2027-05-03")
    create_series(
        run.session,
        by=run.navigator,
        cohort=run.cohort,
        first_on=datetime.date(2027, 5, 5),
        at=datetime.time(18),
        time_zone="Europe/Rome",
    )
    assert Meeting.objects.count() == 6, "one a week, and none in the pause"
    for person in run.people:
        run.write(person, 1)
    run.until("2027-05-08")
    assert kinds(run.writes)["reminder_checkin"] == 0, "who has written is not reminded"
    run.until("2027-05-10", hour=12)
    assert kinds(run.writes)["digest"] == kinds(run.navigator)["digest"] == 1
    run.write(run.writes, 2, stuck="The tests do not run.")
    checkins.rest(run.membership(run.rests), run.week(2), by=run.rests)
    run.until("2027-05-16")
    assert (kinds(run.rests)["reminder_checkin"], kinds(run.silent)["reminder_checkin"]) == (0, 1)
    assert Nudge.objects.open().filter(membership=run.membership(run.writes), kind="stuck").count() == 1
    client.force_login(run.navigator)
    assert "The tests do not run." in client.get(reverse("cohort", args=[run.cohort.pk])).content.decode()
    reply(run.membership(run.writes).checkins.get(week__number=2), by=run.navigator, text="Try them with `-k`.")
    run.until("2027-05-18")
    assert not Nudge.objects.open().filter(membership=run.membership(run.writes), kind="stuck").exists()
    asked = Feedback.objects.filter(form__key="start", membership__in=Membership.objects.members())
    assert asked.count() == 3
    said = asked.get(membership__user=run.writes)
    comfort = said.form.questions.get(measure="comfort")
    writing.hand_in(said, by=run.writes, typed={comfort.pk: "2"})
    run.write(run.writes, 3)
    run.write(run.rests, 3)


def the_pause_and_a_stopped_worker(run: Run) -> None:
    run.until("2027-05-24")
    (line,) = week_lines([run.membership(run.writes)], [], timezone.now())
    assert (line.week, line.next.number) == (None, 4)
    begun = timezone.now()
    draft = announcements.Draft(
        "Half-way", "Three weeks are left.", "everybody", run.week(4), run.week(4).starts_on, datetime.time(8)
    )
    announced = announcements.save_announcement(run.session, draft, by=run.organiser)
    announcements.schedule(announced, by=run.organiser, seen=announcements.stamp_of(announced))
    run.until("2027-05-30")
    assert not kinds(run.silent, since=begun)["reminder_checkin"], "nothing is asked in the pause"
    assert not kinds(run.navigator, since=begun)["nudges"]
    run.until("2027-06-05")
    assert [kinds(person)["announcement"] for person in (*run.people, run.navigator)] == [1, 1, 1, 1]
    # From Saturday to Tuesday nothing runs: the digest of Monday comes on Tuesday, once, and so does what else was due.
    before = timezone.now()
    run.stopped_until("2027-06-08")
    caught_up = kinds(run.navigator, since=before)
    assert caught_up["digest"] == 1
    assert max(caught_up.values()) == 1
    assert Nudge.objects.filter(membership=run.membership(run.silent), kind="silent", escalated_at__isnull=False).count() <= 1


def the_end(run: Run, client) -> None:
    run.until("2027-06-16")
    extend(run.membership(run.silent), by=run.organiser, until=datetime.date(2027, 7, 4), note="Was ill.")
    farewells.hand_in(run.membership(run.writes), by=run.writes, values={"did": "I fixed a filter.", "wants_navigator": True})
    words = testimonials.write(run.session, by=run.writes, text="I dare to ask now.", signed="Ada")
    run.until("2027-06-22")
    states = {person.name: run.membership(person).state for person in run.people}
    assert states == {"Ada": "completed", "Bogdana": "completed", "Cyprien": "active"}
    assert not Feedback.objects.filter(form__key="end", membership__user=run.silent).exists(), "who goes on is asked at the end"
    run.writes.consent_alumni = True
    run.writes.save()
    testimonials.publish(words, by=run.organiser)
    client.logout()
    alumni = client.get("/alumni/").content.decode()
    assert "Ada" in alumni
    assert "Bogdana" not in alumni
    assert "I dare to ask now." in client.get("/testimonials/").content.decode()
    client.force_login(run.writes)
    assert client.get(reverse("certificate", args=[run.membership(run.writes).pk])).status_code == 200
    assert "I fixed a filter." in client.get(reverse("closing", args=[run.cohort.pk])).content.decode()
    assert [wish.person for wish in farewells.wishes_for(run.session, by=run.organiser)] == [run.writes]
    run.until("2027-07-06")
    assert run.membership(run.silent).state == "completed"
    assert Feedback.objects.filter(form__key="end", membership__user=run.silent).count() == 1
    since = timezone.now()
    run.stopped_until("2027-07-26")
    assert not kinds(run.writes, since=since), "the end is an end"
