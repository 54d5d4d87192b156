"""The pages of publishing: everything that goes out is on them, in pages that stay light, and afterwards what became of it."""

import datetime
import gzip

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.bounces import note_trouble
from accounts.models import Message
from cohorts.models import Application, Membership, Publication
from cohorts.pending import set_pending_decision
from cohorts.publishing import carry_on, publish
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = make_world(applications=4, review_closed_at=timezone.now() - datetime.timedelta(hours=1))
    for application, kind in zip(world.applications, ["offer", "waitlist", "not_selected", "not_selected"], strict=True):
        set_pending_decision(application, kind, by=world.organiser, rank=1 if kind == "waitlist" else None)
    Membership.objects.create(cohort=world.cohort, user=world.applications[3].applicant, role="captain")
    return world


@pytest.fixture
def client(world):
    client = Client()
    client.force_login(world.organiser)
    return client


def address(name, world, *more):
    return reverse(f"admin:cohorts_session_{name}", args=[world.session.pk, *more])


def text_of(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


class TestBefore:
    def test_it_shows_counts_warnings_who_is_held_and_every_message(self, client, world):
        note_trouble(world.applications[2].applicant.email, "refused", "550")
        type(world.organiser).objects.filter(pk=world.applications[1].applicant_id).update(is_active=False)
        page = text_of(client.get(address("publish", world)))
        for expected in (
            "Publish and send 3 messages",
            "did not arrive before",
            "account is closed",
            "in no cohort yet",
            "held back",
        ):
            assert expected in page
        held = text_of(client.get(address("publish", world) + "?kind=held"))
        assert "is captain of" in held

    @pytest.mark.parametrize(
        ("query", "shown"),
        [("kind=offer", [0]), ("kind=waitlist", [1]), ("warning=no-cohort", [0]), ("q=nobody-of-that-name", []), ("kind=x&p=99", [0, 1, 2])],
    )  # fmt: skip
    def test_it_can_be_narrowed(self, client, world, query, shown):
        answer = client.get(f"{address('publish', world)}?{query}")
        assert [one.application for one in answer.context["page"]] == [world.applications[number] for number in shown]

    def test_a_search_finds_people_by_name_and_address(self, client, world):
        person = world.applications[1].applicant
        for text in (person.name, person.email.upper(), str(world.applications[1].pk)):
            page = client.get(address("publish", world), {"q": text}).context["page"]
            assert world.applications[1] in [one.application for one in page]

    def test_with_many_it_stays_light_and_every_message_can_be_reached(self, client, world):
        def queries():
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(address("publish", world))
            return len(captured), answer

        queries()
        few, _answer = queries()
        ApplicationFactory.create_batch(60, session=world.session)
        Application.objects.filter(pending_decision="none").update(pending_decision="not_selected")
        many, answer = queries()
        assert many == few
        assert len(gzip.compress(answer.content)) < 20_000
        found = set()
        for number in range(1, answer.context["page"].paginator.num_pages + 1):
            page = client.get(address("publish", world), {"p": number}).context["page"]
            found |= {one.application.pk for one in page}
        assert len(found) == 63

    def test_one_message_in_full_with_its_html_and_its_links(self, client, world):
        number = world.applications[0].pk
        page = text_of(client.get(address("publish_message", world, number)))
        assert f"/applications/{number}/" in page
        html = client.get(address("publish_html", world, number))
        assert "sandbox" in html["Content-Security-Policy"]
        assert world.applications[0].applicant.name in html.content.decode()
        assert client.post(address("publish_test", world, number)).status_code == 302
        assert Message.objects.get().recipient == world.organiser

    @pytest.mark.parametrize("who", ["reviewer", "navigator", "stranger"])
    def test_others_see_none_of_it(self, client, world, who):
        client.force_login(getattr(world, who))
        for name in ("publish_message", "publish_html"):
            assert client.get(address(name, world, world.applications[0].pk)).status_code in (302, 404)
        assert client.post(address("publish_test", world, world.applications[0].pk)).status_code in (302, 404)
        assert client.post(address("publish", world)).status_code in (302, 404)
        assert not Message.objects.exists()
        assert not Publication.objects.exists()


class TestAfter:
    def test_pressing_leads_to_the_page_that_polls_until_it_is_done(self, client, world):
        seen = client.get(address("publish", world)).context["plan"].fingerprint
        answer = client.post(address("publish", world), {"fingerprint": seen})
        publication = Publication.objects.get()
        there = address("publication", world, publication.pk)
        assert answer["Location"] == there
        assert "every 2s" in text_of(client.get(there))
        assert "Publication" not in text_of(client.get(there, headers={"HX-Request": "true"})).split("<div", 1)[0]
        assert "is publishing at this moment" in text_of(client.get(address("publish", world)))
        carry_on(publication.pk)
        assert client.get(there, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
        assert "hx-get" not in text_of(client.get(there))
        assert there in text_of(client.get(address("publications", world)))

    def test_a_page_that_has_changed_publishes_nothing(self, client, world):
        answer = client.post(address("publish", world), {"fingerprint": "another"}, follow=True)
        assert "have changed since you looked" in text_of(answer)
        assert not Publication.objects.exists()

    def test_what_was_stopped_says_why(self, client, world):
        publication = publish(world.session, by=world.organiser)
        set_pending_decision(world.applications[0], "not_selected", by=world.organiser)
        carry_on(publication.pk)
        page = text_of(client.get(address("publication", world, publication.pk)))
        assert "Something changed between" in page
        assert "nobody was told anything" in page

    @pytest.mark.parametrize(("arrived", "state"), [("yes", "sent"), ("no", "queued"), ("perhaps", "unsure")])
    def test_somebody_settles_what_nobody_knows(self, client, world, arrived, state):
        publication = publish(world.session, by=world.organiser)
        carry_on(publication.pk)
        message = Message.objects.order_by("pk")[0]
        Message.objects.filter(pk=message.pk).update(state="unsure", tried_at=timezone.now())
        assert "Nobody knows whether these arrived" in text_of(client.get(address("publication", world, publication.pk)))
        client.post(address("publication_settle", world, publication.pk), {"message": message.pk, "arrived": arrived})
        assert Message.objects.get(pk=message.pk).state == state

    def test_failures_come_with_advice_and_late_ones_can_be_woken(self, client, world, tasks):
        publication = publish(world.session, by=world.organiser)
        Publication.objects.update(created_at=timezone.now() - datetime.timedelta(minutes=5))
        assert "worker of the site may be away" in text_of(client.get(address("publication", world, publication.pk)))
        client.post(address("publication_carry_on", world, publication.pk))
        carry_on(publication.pk)
        Message.objects.update(state="failed", trouble="address")
        page = text_of(client.get(address("publication", world, publication.pk)))
        assert "Reach the person another way" in page

    def test_one_of_another_session_is_not_there(self, client, world):
        other = make_world(applications=0)
        MembershipFactory(cohort=other.cohort)
        publication = Publication.objects.create(session=other.session, state="done")
        assert client.get(address("publication", world, publication.pk)).status_code == 404
        assert client.get(address("publication", other, publication.pk)).status_code == 404
