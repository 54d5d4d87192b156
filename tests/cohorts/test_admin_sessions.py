"""Setting a session up in the admin."""

import datetime
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from cohorts.models import Cohort, Criterion, Project, Question, Session, SessionRole
from cohorts.reviews import hand_in
from tests.cohorts.world import make_world
from tests.factories import ProjectFactory, SessionFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db

PARTS = (
    "questions", "eligibility_rules", "criteria", "review_phases", "roles", "cohorts", "calendar", "volunteer_questions", "training_tasks",
)  # fmt: skip


def inlines(**counts):
    forms = {}
    for part in PARTS:
        total, initial = counts.get(part, (0, 0))
        forms |= {f"{part}-TOTAL_FORMS": total, f"{part}-INITIAL_FORMS": initial}
    return forms


def fields(**more):
    return {
        "name": "2027 Session 2",
        "slug": "2027-2",
        "time_zone": "Europe/Rome",
        "starts_on": "2027-06-07",
        "weeks": "6",
        "reply_days": "7",
        "cohort_size_min": "3",
        "cohort_size_max": "4",
        "min_cohort_overlap_hours": "5",
        "min_captain_overlap_hours": "3",
        "review_names_hidden": "on",
        "review_others_scores": "after_own",
        "reviews_each": "2",
        "claim_minutes": "45",
        **more,
    }


@pytest.fixture
def organiser(client):
    user = SessionRoleFactory(session=SessionFactory()).user
    client.force_login(user)
    return user


def test_whoever_sets_a_session_up_organises_it_and_gets_its_weeks(client, organiser):
    UserFactory(email="reviewer@example.org")
    project = ProjectFactory()
    data = fields(
        projects=[project.pk],
        **inlines(questions=(1, 0), criteria=(1, 0), roles=(1, 0), cohorts=(1, 0)),
        **{
            "questions-0-order": "1",
            "questions-0-kind": "long_text",
            "questions-0-label": "Why?",
            "criteria-0-order": "1",
            "criteria-0-weight": "1",
            "criteria-0-name": "Motivation",
            "criteria-0-anchors": "None\n\n  Much ",
            "roles-0-person_email": "reviewer@example.org",
            "roles-0-role": "reviewer",
            "cohorts-0-name": "Venus",
            "cohorts-0-project": project.pk,
        },
    )
    response = client.post(reverse("admin:cohorts_session_add"), data)
    assert response.status_code == 302, response.context["errors"]
    session = Session.objects.get(slug="2027-2")
    assert [week.number for week in session.calendar.all()] == [1, 2, 3, 4, 5, 6]
    assert set(session.roles.values_list("user__email", "role")) == {(organiser.email, "organiser")}
    # Whom the organiser does not know is asked.
    assert set(session.role_invitations.values_list("email", "role")) == {("reviewer@example.org", "reviewer")}
    assert Question.objects.get(session=session).label == "Why?"
    assert Criterion.objects.get(session=session).anchor_list == ["None", "Much"]
    assert Cohort.objects.get(session=session).project == project
    assert (session.announced_at, session.claim_minutes) == (None, 45)


def test_changed_dates_change_the_weeks_and_keep_their_texts(client, organiser):
    session = Session.objects.get(roles__user=organiser)
    weeks = list(session.calendar.all())
    role = session.roles.get()
    data = fields(
        name=session.name,
        slug=session.slug,
        weeks="8",
        starts_on="2027-01-04",
        **inlines(calendar=(6, 6), roles=(1, 1)),
        **{"roles-0-id": role.pk, "roles-0-session": session.pk, "roles-0-role": "organiser"},
    )
    for number, week in enumerate(weeks):
        data |= {
            f"calendar-{number}-id": week.pk,
            f"calendar-{number}-session": session.pk,
            f"calendar-{number}-title": f"Title {number}",
        }
    response = client.post(reverse("admin:cohorts_session_change", args=[session.pk]), data)
    assert response.status_code == 302, response.context["errors"]
    found = list(session.calendar.order_by("number"))
    assert [week.starts_on for week in found][:2] == [datetime.date(2027, 1, 4), datetime.date(2027, 1, 11)]
    assert [week.title for week in found] == [f"Title {number}" for number in range(6)] + ["", ""]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"applications_open_at_0": "2027-01-01", "applications_open_at_1": "00:00"},
            "Give both when applications open and when they close",
        ),
        ({"cohort_size_min": "5"}, "smallest cohort cannot be larger"),
        ({"time_zone": "Mars/Base"}, "not a time zone"),
        ({"slug": "not a slug"}, "valid"),
        ({"weeks": "0"}, "greater than or equal to 1"),
    ],
)
def test_wrong_values_are_named_and_nothing_is_written(client, organiser, values, message):
    response = client.post(reverse("admin:cohorts_session_add"), fields(**values, **inlines()))
    assert response.status_code == 200
    assert message in response.content.decode()
    assert Session.objects.count() == 1


class TestWhatStays:
    @pytest.fixture
    def world(self, client):
        world = make_world()
        client.force_login(world.organiser)
        return world

    def post(self, client, world, **data):
        roles = list(world.session.roles.all())
        data = {**inlines(roles=(len(roles), len(roles)), **data.pop("counts", {})), **data}
        for number, role in enumerate(roles):
            defaults = {
                f"roles-{number}-id": role.pk,
                f"roles-{number}-session": world.session.pk,
                f"roles-{number}-role": role.role,
            }
            data = {**defaults, **data}
        base = fields(name=world.session.name, slug=world.session.slug, starts_on=str(world.session.starts_on))
        return client.post(reverse("admin:cohorts_session_change", args=[world.session.pk]), {**base, **data})

    def test_a_question_with_answers(self, client, world):
        question = world.session.questions.get()
        data = {
            "questions-0-id": question.pk,
            "questions-0-session": world.session.pk,
            "questions-0-order": "1",
            "questions-0-kind": "long_text",
            "questions-0-label": question.label,
            "questions-0-DELETE": "on",
        }
        response = self.post(client, world, counts={"questions": (1, 1)}, **data)
        assert response.status_code == 302
        assert Question.objects.filter(pk=question.pk).exists()

    def test_a_criterion_with_scores_and_the_anchors_that_were_used(self, client, world):
        hand_in(world.applications[0], by=world.reviewer, scores=world.scores(3, 1))
        criterion = world.criteria[0]
        data = {
            "criteria-0-id": criterion.pk,
            "criteria-0-session": world.session.pk,
            "criteria-0-order": "0",
            "criteria-0-weight": "1",
            "criteria-0-name": criterion.name,
            "criteria-0-anchors": criterion.anchors,
        }
        response = self.post(client, world, counts={"criteria": (1, 1)}, **data, **{"criteria-0-DELETE": "on"})
        assert response.status_code == 302
        assert Criterion.objects.filter(pk=criterion.pk).exists()
        response = self.post(client, world, counts={"criteria": (1, 1)}, **{**data, "criteria-0-anchors": "No\nYes"})
        assert "keep at least 4 anchors" in response.content.decode()
        response = self.post(client, world, counts={"criteria": (1, 1)}, **{**data, "criteria-0-anchors": "Alone"})
        assert "at least two anchors" in response.content.decode()

    def test_a_cohort_with_people(self, client, world):
        data = {
            "cohorts-0-id": world.cohort.pk,
            "cohorts-0-session": world.session.pk,
            "cohorts-0-name": world.cohort.name,
            "cohorts-0-project": world.cohort.project.pk,
            "cohorts-0-DELETE": "on",
        }
        response = self.post(client, world, counts={"cohorts": (1, 1)}, **data)
        assert response.status_code == 302
        assert Cohort.objects.filter(pk=world.cohort.pk).exists()

    def test_the_page_says_why_they_stay(self, client, world):
        hand_in(world.applications[0], by=world.reviewer, scores=world.scores(3, 1))
        text = client.get(reverse("admin:cohorts_session_change", args=[world.session.pk])).content.decode()
        for why in ("Has answers: stays", "Has scores: stays", "Has people: stays"):
            assert why in text

    def test_the_last_organiser(self, client, world):
        number = [role.role for role in world.session.roles.all()].index("organiser")
        response = self.post(client, world, **{f"roles-{number}-DELETE": "on"})
        assert "A session needs an organiser" in response.content.decode()
        assert SessionRole.objects.filter(session=world.session, role="organiser").exists()

    def test_the_same_role_twice_is_named(self, client, world):
        roles = world.session.roles.count()
        data = {
            f"roles-{roles}-person_email": world.reviewer.email.upper(),
            f"roles-{roles}-role": "reviewer",
            f"roles-{roles}-session": world.session.pk,
        }
        response = self.post(client, world, **{**data, "roles-TOTAL_FORMS": roles + 1})
        assert "This person has this role already." in response.content.decode()

    def test_a_session_with_applications(self, client, world):
        client.force_login(world.operator)
        assert client.post(reverse("admin:cohorts_session_delete", args=[world.session.pk]), {"post": "yes"}).status_code == 403


class TestSteps:
    @pytest.mark.parametrize(
        ("traits", "step", "field"),
        [
            ({"draft": True}, "announce", "announced_at"),
            ({"reviewing": True}, "close_review", "review_closed_at"),
            ({"finished": True}, "archive", "archived_at"),
        ],
    )
    def test_a_page_asks_before_a_step_is_taken(self, client, traits, step, field):
        role = SessionRoleFactory(session=SessionFactory(**traits))
        client.force_login(role.user)
        address = reverse(f"admin:cohorts_session_{step}", args=[role.session.pk])
        assert address in client.get(reverse("admin:cohorts_session_change", args=[role.session.pk])).content.decode()
        assert client.get(address).status_code == 200
        assert getattr(Session.objects.get(pk=role.session.pk), field) is None
        client.post(address)
        assert getattr(Session.objects.get(pk=role.session.pk), field) is not None

    @pytest.mark.parametrize(
        ("traits", "words"),
        [
            ({"opens": -1, "closes": 5}, "People can apply at once"),
            ({"opens": 2, "closes": 5}, "People can apply from"),
            ({"opens": -5, "closes": -1}, "is over already"),
        ],
    )
    def test_announcing_says_when_people_can_apply(self, client, traits, words):
        days = {name: timezone.now() + datetime.timedelta(days=number) for name, number in traits.items()}
        session = SessionFactory(draft=True, applications_open_at=days["opens"], applications_close_at=days["closes"])
        client.force_login(SessionRoleFactory(session=session).user)
        page = client.get(reverse("admin:cohorts_session_announce", args=[session.pk])).text
        assert words in page
        assert "It has no criteria yet" in page

    def test_a_closed_review_opens_again(self, client):
        role = SessionRoleFactory(session=SessionFactory(reviewing=True, review_closed_at=timezone.now()))
        client.force_login(role.user)
        client.post(reverse("admin:cohorts_session_reopen_review", args=[role.session.pk]))
        assert Session.objects.get(pk=role.session.pk).review_closed_at is None

    def test_a_step_at_the_wrong_stage_is_explained(self, client):
        role = SessionRoleFactory(session=SessionFactory(draft=True))
        client.force_login(role.user)
        address = reverse("admin:cohorts_session_close_review", args=[role.session.pk])
        assert "cannot be taken at the moment" in client.get(address).content.decode()
        assert "not in review" in client.post(address, follow=True).content.decode()


def test_a_project_in_use_is_not_deleted(client, organiser):
    used, unused = ProjectFactory(), ProjectFactory()
    Session.objects.get(roles__user=organiser).projects.add(used)
    for project, status in ((used, 403), (unused, 302)):
        address = reverse("admin:cohorts_project_delete", args=[project.pk])
        assert client.post(address, {"post": "yes"}).status_code == status
    assert Project.objects.filter(pk=used.pk).exists()


def test_the_admin_s_colours_are_the_site_s():
    """admin.css cannot take site.css in, whose element styles would meet Django's: it repeats the tokens."""
    css = Path(settings.BASE_DIR) / "static" / "css"

    def tokens(name):
        text = (css / name).read_text()
        root = text[text.index(":root {") : text.index("\n  }\n" if name == "site.css" else "\n}\n", text.index(":root {"))]
        return {key: " ".join(value.split()) for key, value in re.findall(r"(--[\w-]+):\s*([^;]+);", root)}

    site, of_admin = tokens("site.css"), tokens("admin.css")
    assert {key: of_admin.get(key) for key in site} == site


def test_a_session_leads_to_its_board_once_it_is_published_and_to_testimonials_at_the_end(client):
    user, now = UserFactory(), timezone.now()
    before = SessionFactory(announced_at=None, published_at=None)
    over = SessionFactory(starts_on=datetime.date(2020, 6, 1), announced_at=now, published_at=now)
    for session in (before, over):
        SessionRoleFactory(session=session, user=user, role="organiser")
    client.force_login(user)
    for session, leads in ((before, False), (over, True)):
        text = client.get(reverse("admin:cohorts_session_change", args=[session.pk])).text
        assert (reverse("session_board", args=[session.slug]) in text) is leads
        assert (f"{reverse('admin:cohorts_testimonial_changelist')}?session" in text) is leads
