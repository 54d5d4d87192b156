"""The end of a session: farewells, what is wished for next time, certificates, alumni, testimonials."""

import datetime
from types import SimpleNamespace

import pytest
import time_machine
from django.core.exceptions import PermissionDenied

from accounts.models import User
from accounts.people_registry import deletion_previews, erasers, export_sections
from cohorts import farewells, places, testimonials
from cohorts.alumni import classes, sessions_with_alumni
from cohorts.certificates import certificate_of
from cohorts.completing import complete_due
from cohorts.ending_personal_data import erase, preview
from cohorts.models import Farewell, Membership, Testimonial
from tests import factories

#: The session begins on Monday 5 October 2026; week 6 begins on 9 November and ends on the 15th.
BEFORE = datetime.datetime(2026, 11, 8, 23, 59, tzinfo=datetime.UTC)
NOW = datetime.datetime(2026, 11, 11, 12, tzinfo=datetime.UTC)
AFTER = datetime.datetime(2026, 11, 16, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def in_those_days():
    """Rows that are made with the clock of their making belong to the same year, whenever the test runs."""
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def world(in_those_days, db):
    session = factories.SessionFactory(starts_on=datetime.date(2026, 10, 5), time_zone="UTC")
    cohort = factories.CohortFactory(session=session)
    names = ("member", "mate", "navigator", "organiser", "stranger")
    people = {name: factories.UserFactory(name=name, email=f"{name}@example.org", verified_email=False) for name in names}
    member = factories.MembershipFactory(cohort=cohort, user=people["member"])
    factories.MembershipFactory(cohort=cohort, user=people["mate"])
    navigator = factories.MembershipFactory(cohort=cohort, user=people["navigator"], role="navigator")
    factories.SessionRoleFactory(session=session, user=people["organiser"])
    return SimpleNamespace(session=session, cohort=cohort, place=member, lead=navigator, **people)


def hand_in(place, *, now=NOW, **values):
    return farewells.hand_in(place, by=place.user, values={"did": "Words", **values}, now=now)


@pytest.mark.parametrize(("now", "opens"), [(BEFORE, False), (NOW, True), (AFTER, True)])
def test_a_farewell_opens_with_the_last_week(world, now, opens):
    assert (farewells.obstacle_to_writing(world.place, by=world.member, now=now) is None) is opens


def test_who_left_may_say_farewell_at_once_and_nobody_else_for_them(world):
    left = places.leave(world.place, by=world.member, now=BEFORE)
    saved = hand_in(left, now=BEFORE)
    assert Farewell.objects.visible_to(world.member).get() == saved
    assert [one.membership.user for one in farewells.farewells_of(world.cohort, viewer=world.mate)] == [world.member]
    with pytest.raises(PermissionDenied):
        farewells.hand_in(left, by=world.mate, values={"did": "x"}, now=NOW)
    assert farewells.farewells_of(world.cohort, viewer=world.stranger) == []


def test_a_draft_is_ones_own_until_it_is_handed_in_and_again_when_taken_back(world):
    farewells.save_draft(world.place, by=world.member, values={"did": "Half"}, now=NOW)
    assert not Farewell.objects.visible_to(world.mate).exists()
    hand_in(world.place)
    assert Farewell.objects.visible_to(world.mate).exists()
    farewells.take_back(world.place, by=world.member, now=NOW)
    assert not Farewell.objects.visible_to(world.mate).exists()
    assert Farewell.objects.visible_to(world.member).get().did == "Words"


def test_nothing_typed_in_two_tabs_is_lost(world):
    first = farewells.save_draft(world.place, by=world.member, values={"did": "One"}, version=0, form="a", now=NOW)
    # The same form again, although its page does not know the new version.
    farewells.save_draft(world.place, by=world.member, values={"did": "One two"}, version=0, form="a", now=NOW)
    with pytest.raises(farewells.FarewellStale) as stale:
        farewells.save_draft(world.place, by=world.member, values={"did": "Other"}, version=0, form="b", now=NOW)
    assert stale.value.farewell.did == "One two"
    # Once it had saved one field it would pass for up to date, and hand in the other one as it was.
    with pytest.raises(farewells.FarewellStale):
        farewells.save_draft(world.place, by=world.member, values={"thanks": "Ada"}, version=first.version, form="b", now=NOW)
    # The same text is no quarrel.
    farewells.save_draft(world.place, by=world.member, values={"did": "One two", "thanks": "Ada"}, version=0, form="c", now=NOW)
    kept = Farewell.objects.get()
    assert (kept.did, kept.thanks) == ("One two", "Ada")


def test_a_farewell_needs_a_word_and_no_more_is_written_once_archived(world):
    with pytest.raises(farewells.NothingWritten):
        farewells.hand_in(world.place, by=world.member, values={"did": "  ", "wants_navigator": True}, now=NOW)
    world.session.archived_at = AFTER
    world.session.save()
    world.place.cohort.session.refresh_from_db()
    with pytest.raises(farewells.FarewellClosed):
        hand_in(world.place, now=AFTER)


def test_who_wants_to_do_more_is_for_organisers_of_the_session(world):
    hand_in(world.place, wants_navigator=True, wants_organiser=True, wants_note="In spring")
    hand_in(Membership.objects.get(user=world.mate))
    farewells.save_draft(world.lead, by=world.navigator, values={"did": "x", "wants_captain": True}, now=NOW)
    [wish] = farewells.wishes_for(world.session, by=world.organiser)
    assert (wish.person, wish.roles, wish.note) == (world.member, ("navigator", "organiser"), "In spring")
    assert farewells.wishes_for(by=world.organiser) == [wish]
    assert farewells.wishes_for(by=world.navigator) == farewells.wishes_for(by=world.stranger) == []


def test_a_certificate_only_after_completing_and_signed_by_the_organisers(world):
    assert certificate_of(world.place) is None
    factories.SessionRoleFactory(session=world.session, user=factories.UserFactory(name="", verified_email=False))
    complete_due(AFTER)
    made = certificate_of(Membership.objects.select_related("cohort__session").get(pk=world.place.pk))
    assert (made.weeks, made.first_day, made.last_day) == (6, datetime.date(2026, 10, 5), datetime.date(2026, 11, 15))
    assert (made.completed_on, made.organisers) == (datetime.date(2026, 11, 16), ["organiser"])
    left = factories.MembershipFactory(cohort=world.cohort, state="left", left_at=NOW)
    assert certificate_of(left) is None


def named(now=AFTER) -> list[str]:
    return [one.user.name for group in classes(now) for one in (*group.members, *group.leaders)]


def test_alumni_are_those_who_agree_completed_and_have_a_name(world, django_assert_num_queries):
    User.objects.filter(pk__in=[world.member.pk, world.navigator.pk, world.stranger.pk]).update(consent_alumni=True)
    nameless = factories.UserFactory(name="", consent_alumni=True, verified_email=False)
    factories.MembershipFactory(cohort=world.cohort, user=nameless)
    extended = factories.UserFactory(name="extended", consent_alumni=True, verified_email=False)
    going_on = factories.MembershipFactory(cohort=world.cohort, user=extended)
    places.extend(going_on, datetime.date(2026, 11, 29), by=world.organiser, now=NOW)
    assert named() == []
    complete_due(AFTER)
    with django_assert_num_queries(1):
        assert named() == ["member", "navigator"]
    assert sessions_with_alumni(AFTER) == [world.session]
    assert sessions_with_alumni(NOW) == classes(AFTER, []) == []
    User.objects.filter(pk=world.member.pk).update(consent_alumni=False)
    assert named() == ["navigator"]
    # A session whose dates were moved afterwards is not over.
    assert named(NOW) == []


def test_a_testimonial_is_read_before_it_is_published_and_taken_back_at_once(world):
    with pytest.raises(PermissionDenied):
        testimonials.write(world.session, by=world.stranger, text="Spam", now=NOW)
    with pytest.raises(PermissionDenied):
        testimonials.write(world.session, by=world.member, text="Too early", now=BEFORE)
    said = testimonials.write(world.session, by=world.member, text=" Good ", signed=" M.  M. ", now=NOW)
    assert (said.text, said.signed, said.state) == ("Good", "M. M.", "waiting")
    assert not testimonials.published(AFTER).exists()
    testimonials.publish(said, by=world.organiser, seen=said.updated_at, now=NOW)
    assert testimonials.published(AFTER).get() == said
    # Other words wait again; the same ones do not.
    assert testimonials.write(world.session, by=world.member, text="Good", signed="M. M.", now=NOW).state == "published"
    assert testimonials.write(world.session, by=world.member, text="Better", now=NOW).state == "waiting"
    with pytest.raises(testimonials.TestimonialError, match="changed after you opened it"):
        testimonials.publish(said, by=world.organiser, seen=said.updated_at, now=NOW)
    testimonials.publish(said, by=world.organiser, now=NOW)
    testimonials.take_back(said, by=world.member)
    assert not testimonials.published(AFTER).exists()
    with pytest.raises(testimonials.TestimonialError, match="took it back"):
        testimonials.publish(said, by=world.organiser, now=NOW)


def test_who_decides_about_a_testimonial(world):
    said = testimonials.write(world.session, by=world.member, text="Good", now=NOW)
    for nobody in (world.navigator, world.stranger, world.member):
        with pytest.raises(testimonials.TestimonialError):
            testimonials.publish(said, by=nobody)
    factories.SessionRoleFactory(session=world.session, user=world.member)
    with pytest.raises(testimonials.TestimonialError, match="yourself"):
        testimonials.publish(said, by=world.member)
    declined = testimonials.decline(said, by=world.organiser, note="Please leave the name of Bo out", now=NOW)
    assert (declined.state, declined.moderation_note) == ("declined", "Please leave the name of Bo out")
    with pytest.raises(PermissionDenied):
        testimonials.take_back(said, by=world.organiser)


def test_what_is_exported_and_what_goes_with_an_account(world):
    places.rest(world.place, by=world.navigator, note="Ill", now=NOW)
    hand_in(world.place)
    testimonials.write(world.session, by=world.member, text="Good", now=NOW)
    assert [row["note"] for row in export_sections["changes_of_places"](world.member)] == ["Ill"]
    assert export_sections["changes_of_places"](world.mate) == export_sections["changes_of_places"](world.navigator) == []
    assert export_sections["farewells"](world.member)[0]["did"] == "Words"
    assert export_sections["testimonials"](world.member)[0]["text"] == "Good"
    assert preview in deletion_previews
    assert erase in erasers
    assert len(preview(world.member).goes) == 2
    assert len(preview(world.navigator).stays) == 1
    erase(world.member)
    assert not Testimonial.objects.exists()
    erase(world.navigator)
    assert world.place.events.get().actor is None
