"""The waitlist in an organiser's hands: its order, offering a place from it, and what was tried."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Message
from cohorts.models import Application, Membership, ProjectPreference, Session
from cohorts.pending import DecisionError, set_pending_decision
from cohorts.reviews import declare_conflict
from cohorts.waitlist import look_after_free_places
from cohorts.waitlist_offers import OfferError, next_up, offer_place, plan_offer
from cohorts.waitlist_order import PENDING, PUBLISHED, reorder, standing
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, CohortFactory, MembershipFactory, ProjectFactory

pytestmark = pytest.mark.django_db

Status = Application.Status


@pytest.fixture
def world():
    """Published; four are on the waitlist in their order."""
    now = timezone.now()
    world = make_world(applications=4, name="Spring", review_closed_at=now - datetime.timedelta(hours=2))
    Session.objects.filter(pk=world.session.pk).update(published_at=now - datetime.timedelta(hours=1))
    for rank, application in enumerate(world.applications, start=1):
        Application.objects.filter(pk=application.pk).update(status="waitlisted", waitlist_rank=rank)
        application.refresh_from_db()
    world.session.refresh_from_db()
    return world


def ranks(world, field="waitlist_rank"):
    rows = Application.objects.in_bulk([one.pk for one in world.applications])
    return [getattr(rows[one.pk], field) for one in world.applications]


def order(world, typed=None, which=PUBLISHED, **wish):
    seen = standing(world.session, by=world.organiser)
    wanted = {world.applications[index].pk: number for index, number in (typed or {}).items()}
    wish = {"expected": seen.fingerprint(which), "by": world.organiser} | wish
    return reorder(world.session, which, wanted, **wish)


class TestOrder:
    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ({3: 1}, [2, 3, 4, 1]),
            ({0: 4}, [4, 1, 2, 3]),
            ({0: 900, 1: 900}, [3, 4, 1, 2]),
            ({1: None}, [1, None, 2, 3]),
            ({}, [1, 2, 3, 4]),
        ],
    )
    def test_typed_numbers_decide_and_close_up(self, world, typed, expected):
        order(world, typed)
        assert ranks(world) == expected

    @pytest.mark.parametrize(("index", "by", "expected"), [(2, -1, [1, 3, 2, 4]), (0, -1, [1, 2, 3, 4]), (2, 1, [1, 2, 4, 3])])
    def test_one_step_up_or_down(self, world, index, by, expected):
        order(world, step=(world.applications[index].pk, by))
        assert ranks(world) == expected

    def test_those_noted_come_after_those_who_wait(self, world):
        noted = [ApplicationFactory(session=world.session) for _ in range(2)]
        for application in noted:
            set_pending_decision(application, "waitlist", by=world.organiser, rank=1)
        order(world, which=PENDING, step=(noted[1].pk, -1))
        assert [Application.objects.get(pk=one.pk).pending_rank for one in noted] == [6, 5]

    def test_whom_somebody_does_not_decide_on_keeps_the_place_and_no_number_tells_of_it(self, world):
        declare_conflict(world.applications[1], by=world.organiser)
        seen = standing(world.session, by=world.organiser)
        assert [place.number for place in seen.published] == [1, 2, 3]
        assert seen.leaves_out
        order(world, {3: 1})
        assert ranks(world) == [3, 2, 4, 1]

    def test_nothing_moves_where_the_list_is_another_or_somebody_else_asks(self, world):
        with pytest.raises(DecisionError, match="has changed"):
            order(world, {3: 1}, expected="old")
        with pytest.raises(DecisionError):
            order(world, {3: 1}, by=world.reviewer)
        assert ranks(world) == [1, 2, 3, 4]

    def test_gaps_close_by_themselves_where_somebody_left(self, world):
        Application.objects.filter(pk=world.applications[1].pk).update(status="withdrawn")
        look_after_free_places()
        assert ranks(world) == [1, 2, 2, 3]


class TestOffering:
    def offer(self, world, index=0, **wish):
        plan = plan_offer(world.session, world.applications[index].pk, by=world.organiser)
        wish = {"expected": plan.fingerprint, "cohort": plan.cohort and plan.cohort.pk} | wish
        return offer_place(world.session, world.applications[index].pk, by=world.organiser, **wish)

    def test_as_publishing_does_with_a_place_kept_and_the_ranks_closed(self, world):
        self.offer(world)
        first = Application.objects.get(pk=world.applications[0].pk)
        assert (first.status, first.waitlist_rank, first.events.get().actor) == ("offered", None, world.organiser)
        assert first.answer_by is not None
        assert Membership.objects.get(user=first.applicant).state == "invited"
        assert Message.objects.get(recipient=first.applicant).kind == "decision_offer"
        assert ranks(world)[1:] == [1, 2, 3]

    def test_twice_is_once(self, world):
        plan = plan_offer(world.session, world.applications[0].pk, by=world.organiser)
        self.offer(world)
        with pytest.raises(OfferError, match="not on the waitlist any more"):
            offer_place(
                world.session, world.applications[0].pk, by=world.organiser, expected=plan.fingerprint, cohort=world.cohort.pk
            )
        assert Message.objects.count() == 1

    def test_only_what_was_read(self, world):
        with pytest.raises(OfferError, match="changed since"):
            self.offer(world, expected="old")

    @pytest.mark.parametrize(
        ("case", "words"),
        [
            ("leads", "is captain of"),
            ("member", "is member of"),
            ("closed", "closed the account"),
            ("noted", "Take that back first"),
            ("archived", "over"),
            ("unpublished", "Publish the decisions first"),
        ],
    )
    def test_who_cannot_be_offered_a_place(self, world, case, words):
        first = world.applications[0]
        if case in ("leads", "member"):
            MembershipFactory(cohort=world.cohort, user=first.applicant, role="captain" if case == "leads" else "member")
        elif case == "closed":
            type(first.applicant).objects.filter(pk=first.applicant_id).update(is_active=False)
        elif case == "noted":
            set_pending_decision(first, "not_selected", by=world.organiser)
        elif case == "archived":
            Session.objects.update(archived_at=timezone.now())
        else:
            Session.objects.update(published_at=None)
        world.session.refresh_from_db()
        with pytest.raises(OfferError, match=words):
            self.offer(world)
        assert not Message.objects.exists()

    def test_not_to_whom_somebody_does_not_decide_on(self, world):
        declare_conflict(world.applications[0], by=world.organiser)
        with pytest.raises(Application.DoesNotExist):
            self.offer(world)
        assert next_up(world.session, by=world.organiser)[0] == world.applications[1]

    def test_another_cohort_a_full_one_and_none(self, world):
        other = CohortFactory(session=world.session, project=ProjectFactory())
        ProjectPreference.objects.create(application=world.applications[0], project=other.project, rank=1)
        assert plan_offer(world.session, world.applications[0].pk, by=world.organiser).cohort == other
        plan = plan_offer(world.session, world.applications[0].pk, by=world.organiser, cohort=world.cohort.pk, chosen=True)
        assert any("left out that of the cohort" in text for text in plan.warnings)
        plan = plan_offer(world.session, world.applications[0].pk, by=world.organiser, cohort=None, chosen=True)
        assert plan.cohort is None
        for _ in range(world.session.cohort_size_max):
            MembershipFactory(cohort=other)
        with pytest.raises(OfferError, match="no room"):
            plan_offer(world.session, world.applications[0].pk, by=world.organiser, cohort=other.pk, chosen=True)


class TestPages:
    @pytest.fixture
    def client(self, world, client):
        client.force_login(world.organiser)
        return client

    def page(self, world):
        return reverse("admin:cohorts_session_waitlist", args=[world.session.pk])

    def test_reordered_switched_and_offered_with_the_mail_shown_first(self, world, client):
        seen = client.get(self.page(world))
        (which, places, fingerprint, _more), _pending = seen.context["lists"]
        form = {"list": which, "fingerprint": fingerprint, "down": str(places[0].application.pk)}
        client.post(self.page(world), form | {f"rank-{places[1].application.pk}": "x", "rank-y": "1"})
        assert ranks(world) == [2, 1, 3, 4]
        assert "has changed since" in client.post(self.page(world), form, follow=True).content.decode()
        client.post(reverse("admin:cohorts_session_waitlist_automatic", args=[world.session.pk]), {"on": "1"})
        assert Session.objects.get(pk=world.session.pk).offers_free_places
        first = world.applications[1]
        address = reverse("admin:cohorts_session_waitlist_offer", args=[world.session.pk, first.pk])
        shown = client.get(address)
        text = shown.content.decode()
        assert first.applicant.email in text
        assert "Action required" in text
        assert not Message.objects.exists()
        plan = shown.context["plan"]
        sent = client.post(address, {"fingerprint": plan.fingerprint, "cohort": plan.cohort.pk}, follow=True).content.decode()
        assert "The mail is on its way" in sent
        assert "On the waitlist → Offered a place" in sent
        assert Message.objects.count() == 1
        assert "not on the waitlist any more" in client.get(address, follow=True).content.decode()

    def test_the_number_of_queries_does_not_depend_on_how_many_wait(self, world, client):
        client.get(self.page(world))
        counts = []
        for many in (1, 30):
            for number in range(many):
                ApplicationFactory(session=world.session, status="waitlisted", waitlist_rank=many + 10 + number)
            with CaptureQueriesContext(connection) as captured:
                assert client.get(self.page(world)).status_code == 200
            counts.append(len(captured))
        assert counts[0] == counts[1]
