"""Places that came free: organisers are told once, or the site offers them by rank where a session leaves it to the site."""

import datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import messages
from accounts.messages import send_message
from accounts.models import Message
from cohorts import waitlist, waitlist_offers
from cohorts.applications import accept_offer, decline_offer, expire_offers
from cohorts.assessing import assess
from cohorts.decision_messages import write_message
from cohorts.message_templates import TemplateFailed
from cohorts.models import Application, ApplicationEvent, Membership, ProjectPreference, Session
from cohorts.pending import set_pending_decision
from cohorts.placing import place
from cohorts.waitlist import free_places, look_after_free_places
from tests.cohorts.publishing import publish
from tests.cohorts.world import make_world
from tests.factories import (
    ApplicationFactory,
    CohortFactory,
    MembershipFactory,
    ProjectFactory,
    SessionRoleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

Status = Application.Status


@pytest.fixture
def world():
    """Two are offered a place in a cohort, and two are on the waitlist: the last one first."""
    world = make_world(applications=4, name="Spring", review_closed_at=timezone.now() - datetime.timedelta(hours=1))
    for application in world.applications[:2]:
        set_pending_decision(application, "offer", by=world.organiser)
        place(application, world.cohort, by=world.organiser)
    for application, rank in zip(world.applications[2:], (2, 1), strict=True):
        set_pending_decision(application, "waitlist", by=world.organiser, rank=rank)
    publish(world.session, by=world.organiser)
    for application in world.applications:
        application.refresh_from_db()
    Message.objects.all().delete()
    return world


def decline(world, number=0):
    application = world.applications[number]
    application.refresh_from_db()
    decline_offer(application, by=application.applicant)


def told() -> list[Message]:
    return list(Message.objects.filter(kind="places_free").order_by("pk"))


def deliver(message) -> str:
    send_message(message.pk)
    message.refresh_from_db()
    return message.state


def statuses(world) -> list[str]:
    return [Application.objects.get(pk=one.pk).status for one in world.applications]


class TestFreePlaces:
    def test_none_as_long_as_offers_stand_or_are_taken(self, world):
        assert free_places(world.session) == (0, 0)
        accept_offer(world.applications[0], by=world.applications[0].applicant)
        assert free_places(world.session) == (0, 0)

    def test_declined_expired_and_given_back_after_accepting(self, world):
        accept_offer(world.applications[0], by=world.applications[0].applicant)
        decline(world, 0)
        assert free_places(world.session) == (1, 1)
        Application.objects.filter(status="offered").update(answer_by=timezone.now())
        expire_offers()
        assert free_places(world.session) == (2, 2)

    def test_an_offer_afterwards_takes_one_whomever_it_goes_to(self, world):
        decline(world, 0)
        decline(world, 1)
        set_pending_decision(world.applications[3], "offer", by=world.organiser)
        assert free_places(world.session) == (2, 2)
        publish(world.session, by=world.organiser)
        assert free_places(world.session) == (1, 2)

    def test_more_offers_than_places_are_no_debt(self, world):
        set_pending_decision(world.applications[3], "offer", by=world.organiser)
        publish(world.session, by=world.organiser)
        decline(world, 0)
        assert free_places(world.session) == (1, 1)


class TestOrganisersAreTold:
    def test_once_for_each_time_a_place_comes_back(self, world):
        assert look_after_free_places() == 0
        decline(world, 0)
        assert look_after_free_places() == 1
        assert look_after_free_places() == 0
        decline(world, 1)
        assert look_after_free_places() == 1
        first, second = told()
        assert first.recipient == second.recipient == world.organiser
        assert first.subject == "Action required: 1 place in Spring is free again"
        assert second.subject == "Action required: 2 places in Spring are free again"
        assert f"/session/{world.session.pk}/waitlist/" in first.body

    def test_nobodys_name_is_in_it(self, world):
        decline(world)
        look_after_free_places()
        assert not [one for one in world.applications if one.applicant.name in told()[0].body + told()[0].subject]

    def test_nobody_is_offered_anything(self, world):
        decline(world)
        look_after_free_places()
        assert statuses(world) == ["declined", "offered", "waitlisted", "waitlisted"]

    def test_only_while_somebody_waits(self, world):
        decline(world)
        Application.objects.filter(status="waitlisted").update(status="withdrawn")
        assert look_after_free_places() == 0

    def test_an_organiser_who_waits_alone_is_not_told(self, world):
        SessionRoleFactory(session=world.session, user=world.applications[2].applicant, role="organiser")
        decline(world)
        assert look_after_free_places() == 2
        Message.objects.all().delete()
        Application.objects.filter(pk=world.applications[3].pk).update(status="withdrawn")
        assert look_after_free_places() == 1
        assert told()[0].recipient == world.organiser

    @pytest.mark.parametrize("change", [{"archived_at": timezone.now()}, {"published_at": None}])
    def test_nothing_about_a_session_that_is_put_away_or_not_published(self, world, change):
        decline(world)
        Session.objects.update(**change)
        assert look_after_free_places() == 0

    def test_nothing_after_the_end(self, world):
        decline(world)
        assert look_after_free_places(world.session.ends_at) == 0
        assert look_after_free_places(world.session.ends_at - datetime.timedelta(hours=1)) == 1

    def test_it_is_sent_while_it_is_true(self, world):
        decline(world)
        look_after_free_places()
        assert deliver(told()[0]) == "sent"

    def test_it_is_not_sent_once_the_place_is_offered(self, world):
        decline(world)
        look_after_free_places()
        set_pending_decision(world.applications[3], "offer", by=world.organiser)
        publish(world.session, by=world.organiser)
        assert deliver(told()[0]) == "dropped"

    def test_it_is_not_sent_to_whoever_organises_no_longer_nor_after_the_end(self, world):
        decline(world)
        look_after_free_places()
        with time_machine.travel(world.session.ends_at, tick=False):
            assert not waitlist._still_true(told()[0])
        world.session.roles.filter(user=world.organiser).delete()
        assert deliver(told()[0]) == "dropped"

    def test_the_number_of_queries_does_not_depend_on_how_many_organise_and_wait(self, world, monkeypatch):
        monkeypatch.setattr(messages, "send_after_commit", lambda message_id: None)
        decline(world)
        look_after_free_places()
        counts = []
        for number in (1, 30):
            for _ in range(number):
                SessionRoleFactory(session=world.session)
                ApplicationFactory(session=world.session, status="waitlisted")
            with CaptureQueriesContext(connection) as captured:
                assert look_after_free_places() == number
            counts.append(len(captured))
        assert counts[0] == counts[1]

    def test_one_session_that_fails_keeps_no_other_from_its_turn(self, world, monkeypatch, caplog):
        decline(world)
        other = make_world(applications=2, review_closed_at=timezone.now() - datetime.timedelta(hours=1))
        set_pending_decision(other.applications[0], "offer", by=other.organiser)
        set_pending_decision(other.applications[1], "waitlist", by=other.organiser)
        publish(other.session, by=other.organiser)
        decline(other)
        real = waitlist.tell_organisers

        def tell(session):
            if session == world.session:
                raise LookupError
            return real(session)

        monkeypatch.setattr(waitlist, "tell_organisers", tell)
        with pytest.raises(ExceptionGroup):
            look_after_free_places()
        assert [message.recipient for message in told()] == [other.organiser]
        assert f"session {world.session.pk}" in caplog.text


class TestTheSiteOffers:
    @pytest.fixture(autouse=True)
    def left_to_the_site(self, world):
        Session.objects.update(offers_free_places=True)
        world.session.refresh_from_db()

    def test_the_first_on_the_waitlist_gets_the_place_with_a_mail_and_a_record(self, world):
        decline(world)
        assert look_after_free_places() == 1
        assert statuses(world) == ["declined", "offered", "waitlisted", "offered"]
        application = Application.objects.get(pk=world.applications[3].pk)
        assert application.answer_by is not None
        assert (application.pending_decision, application.waitlist_rank) == ("none", None)
        event = application.events.get(to_status="offered")
        assert (event.actor, event.note) == (None, "Offered by the site, in the order of the waitlist")
        message = Message.objects.get(kind="decision_offer")
        assert message.recipient == application.applicant
        assert f"Your cohort is {world.cohort}" in message.body
        kept = Membership.objects.get(user=application.applicant)
        assert (kept.cohort, kept.state) == (world.cohort, "invited")
        assert deliver(message) == "sent"

    def test_once_and_nobody_has_to_be_told(self, world):
        decline(world)
        look_after_free_places()
        assert look_after_free_places() == 0
        assert statuses(world).count("offered") == 2
        assert told() == []

    def test_as_many_as_there_are_places(self, world):
        decline(world, 0)
        decline(world, 1)
        assert look_after_free_places() == 2
        assert statuses(world) == ["declined", "declined", "offered", "offered"]

    def test_who_takes_part_already_keeps_their_cohort_and_the_next_is_offered_the_place(self, world):
        first = world.applications[3]
        member = MembershipFactory(cohort=CohortFactory(session=world.session), user=first.applicant, state="active")
        decline(world)
        assert look_after_free_places() == 1
        assert statuses(world) == ["declined", "offered", "offered", "waitlisted"]
        member.refresh_from_db()
        assert member.state == "active"
        assert Membership.objects.filter(user=first.applicant).count() == 1

    def test_who_has_no_rank_is_for_the_organisers(self, world):
        Application.objects.update(waitlist_rank=None)
        decline(world)
        look_after_free_places()
        assert statuses(world).count("waitlisted") == 2
        assert len(told()) == 1

    @pytest.mark.parametrize("why", ["eligibility", "pending", "leads", "closed"])
    def test_who_needs_a_persons_look_is_passed_over(self, world, why):
        first = world.applications[3]
        if why == "eligibility":
            assess(first, by=world.organiser, eligibility="needs_a_look", reason="Studies there")
        elif why == "pending":
            set_pending_decision(first, "not_selected", by=world.organiser)
        elif why == "leads":
            MembershipFactory(cohort=world.cohort, user=first.applicant, role="captain")
        else:
            type(first.applicant).objects.filter(pk=first.applicant_id).update(is_active=False)
        decline(world)
        look_after_free_places()
        assert statuses(world) == ["declined", "offered", "offered", "waitlisted"]

    def test_an_offer_that_organisers_prepared_counts_as_made(self, world):
        set_pending_decision(world.applications[2], "offer", by=world.organiser)
        decline(world)
        look_after_free_places()
        assert statuses(world) == ["declined", "offered", "waitlisted", "waitlisted"]
        assert len(told()) == 1

    def test_a_project_that_somebody_left_out_is_not_offered(self, world):
        other = ProjectFactory()
        world.session.projects.add(other, world.cohort.project)
        ProjectPreference.objects.create(application=world.applications[3], project=other, rank=1)
        decline(world)
        look_after_free_places()
        assert statuses(world) == ["declined", "offered", "offered", "waitlisted"]

    def test_the_favourite_project_comes_first_then_the_smaller_cohort(self, world):
        first = world.applications[3]
        favourite = CohortFactory(session=world.session)
        second = CohortFactory(session=world.session, project=favourite.project)
        MembershipFactory(cohort=favourite)
        for rank, project in enumerate([favourite.project, world.cohort.project], start=1):
            ProjectPreference.objects.create(application=first, project=project, rank=rank)
        decline(world)
        look_after_free_places()
        assert Membership.objects.get(user=first.applicant).cohort == second

    def test_a_full_cohort_takes_nobody(self, world):
        Session.objects.update(cohort_size_min=1, cohort_size_max=1)
        decline(world)
        look_after_free_places()
        assert statuses(world) == ["declined", "offered", "waitlisted", "waitlisted"]
        assert len(told()) == 1

    def test_where_there_are_no_cohorts_yet_the_place_is_offered_without_one(self, world):
        world.session.cohorts.all().delete()
        decline(world)
        look_after_free_places()
        assert statuses(world)[3] == "offered"
        assert "Your cohort is not named yet." in Message.objects.get(kind="decision_offer").body

    def test_not_where_the_answer_could_come_after_the_start(self, world):
        Session.objects.update(starts_on=timezone.now().date() + datetime.timedelta(days=5), reply_days=7)
        decline(world)
        look_after_free_places()
        assert statuses(world).count("waitlisted") == 2
        assert len(told()) == 1

    def test_not_where_the_organisers_took_it_back_meanwhile(self, world):
        decline(world)
        before = Session.objects.get(pk=world.session.pk)
        Session.objects.update(offers_free_places=False)
        assert waitlist.offer_free_places(before, timezone.now()) == 0

    def test_an_applicant_reads_of_the_offer_and_nothing_of_how(self, world, client):
        decline(world)
        look_after_free_places()
        application = world.applications[3]
        client.force_login(application.applicant)
        page = client.get(f"/applications/{application.pk}/").content.decode()
        assert "You are offered a place" in page
        assert "by the site" not in page

    def test_who_organises_the_session_is_for_the_other_organisers(self, world):
        SessionRoleFactory(session=world.session, role="organiser", user=world.applications[3].applicant)
        decline(world)
        look_after_free_places()
        assert statuses(world)[2:] == ["offered", "waitlisted"]

    def test_whose_mail_cannot_be_written_is_for_the_organisers_and_the_next_gets_the_place(self, world, monkeypatch):
        first = world.applications[3]

        def write(application, **values):
            if application.pk == first.pk:
                raise TemplateFailed("{name} is empty for this person.")
            return write_message(application, **values)

        Session.objects.filter(pk=world.session.pk).update(cohort_size_min=1, cohort_size_max=2)
        for module in (waitlist, waitlist_offers):
            monkeypatch.setattr(module, "write_message", write)
        decline(world)
        look_after_free_places()
        assert statuses(world)[2:] == ["offered", "waitlisted"]
        with pytest.raises(waitlist_offers.OfferError, match="is empty for this person"):
            waitlist_offers.plan_offer(world.session, first.pk, by=world.organiser)

    def test_a_failure_in_the_middle_leaves_nothing_behind(self, world, monkeypatch):
        decline(world)
        monkeypatch.setattr(waitlist, "keep_place", lambda *args: (_ for _ in ()).throw(RuntimeError))
        with pytest.raises(ExceptionGroup):
            look_after_free_places()
        assert statuses(world) == ["declined", "offered", "waitlisted", "waitlisted"]
        assert not Message.objects.filter(kind="decision_offer").exists()
        assert not ApplicationEvent.objects.filter(application=world.applications[3], to_status="offered").exists()


def test_a_stranger_sees_none_of_these_mails(world):
    decline(world)
    look_after_free_places()
    assert not Message.objects.visible_to(UserFactory()).exists()
    assert not Message.objects.visible_to(world.reviewer).exists()
