"""The pages about a place and about the end, as people use them."""

import datetime
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cohorts import farewells, testimonials
from cohorts.completing import complete_due
from cohorts.models import Farewell, Membership, MembershipEvent, Testimonial
from cohorts.next_steps import next_steps
from tests import factories

DAY = datetime.timedelta(days=1)


@pytest.fixture
def world(db):
    """A session whose last week runs: it ends in some days, whatever day it is."""
    session = factories.SessionFactory(starts_on=timezone.now().date() - 38 * DAY, time_zone="UTC")
    cohort = factories.CohortFactory(session=session)
    people = {name: factories.UserFactory(name=name, email=f"{name}@example.org", verified_email=False) for name in PEOPLE}
    place = factories.MembershipFactory(cohort=cohort, user=people["ada"])
    factories.MembershipFactory(cohort=cohort, user=people["mate"])
    lead = factories.MembershipFactory(cohort=cohort, user=people["nav"], role="navigator")
    factories.SessionRoleFactory(session=session, user=people["org"])
    return SimpleNamespace(session=session, cohort=cohort, place=place, lead=lead, people=people, url=f"/progress/{place.pk}")


PEOPLE = ("ada", "mate", "nav", "org", "new")


def client(world, name: str, **options) -> Client:
    made = Client(**options)
    made.force_login(world.people[name], backend="allauth.account.auth_backends.AuthenticationBackend")
    return made


def text(response) -> str:
    return response.content.decode()


def test_resting_and_coming_back_by_the_buttons(world):
    ada = client(world, "ada")
    page = text(ada.post(f"{world.url}/place/rest/", {"rest-until": "", "rest-note": "Exams"}, follow=True))
    assert "You rest." in page
    assert "Exams" in page
    assert "Exams" not in text(client(world, "mate").get(f"/cohorts/{world.cohort.pk}/"))
    assert "Exams" in text(client(world, "nav").get(f"{world.url}/place/"))
    assert "Welcome back." in text(ada.post(f"{world.url}/place/back/", follow=True))
    wrong = ada.post(f"{world.url}/place/rest/", {"rest-until": "1999-01-01"})
    assert wrong.status_code == 422
    assert "Choose a day" in text(wrong)
    assert Membership.objects.get(pk=world.place.pk).state == "active"


def test_leaving_by_the_button_and_reading_on(world):
    checkin = factories.CheckInFactory(
        membership=world.place, week=world.session.calendar.first(), did="My words", written_at=timezone.now()
    )
    ada = client(world, "ada")
    assert "Rest instead" in text(ada.get(f"{world.url}/place/leave/"))
    page = text(ada.post(f"{world.url}/place/leave/", {"reason": "A secret"}, follow=True))
    assert "still yours" in page
    for address in (
        f"{world.url}/",
        f"{world.url}/check-in/{checkin.week.number}/",
        f"{world.url}/farewell/",
        f"{world.url}/place/",
    ):
        assert ada.get(address).status_code == 200, address
    assert ada.get(f"/cohorts/{world.cohort.pk}/").status_code == 404
    assert ada.get(f"{world.url}/certificate/").status_code == 404
    # Leaders and organisers read why; mates find neither the page nor the reason.
    assert client(world, "mate").get(f"{world.url}/place/").status_code == 404
    assert "A secret" not in text(client(world, "mate").get(f"/cohorts/{world.cohort.pk}/"))
    assert "A secret" in text(client(world, "org").get(f"{world.url}/place/"))
    back = client(world, "org").post(f"{world.url}/place/return/", {"return-note": ""}, follow=True)
    assert "They are back" in text(back)
    assert ada.get(f"/cohorts/{world.cohort.pk}/").status_code == 200


def test_extending_by_the_form(world):
    until = world.session.last_day + 10 * DAY
    page = client(world, "org").post(f"{world.url}/place/extend/", {"extend-until": until.isoformat()}, follow=True)
    assert "they go on longer" in text(page)
    assert Membership.objects.get(pk=world.place.pk).extended_until == until
    assert client(world, "nav").post(f"{world.url}/place/extend/", {"extend-until": until.isoformat()}).status_code == 422


def test_handing_a_cohort_over(world):
    url, org = f"/cohorts/{world.cohort.pk}/hand-over/", client(world, "org")
    nobody = org.post(url, {"leader": world.lead.pk, "email": "nobody@example.org"})
    stranger = org.post(url, {"leader": world.lead.pk, "email": "new@example.org"})
    assert (nobody.status_code, stranger.status_code) == (422, 422)
    for refused in (nobody, stranger):
        assert "Nobody of your sessions has this address." in text(refused), "with an account or without, the same"
    factories.SessionRoleFactory(session=world.session, user=world.people["new"], role="reviewer")
    assert org.post(url, {"leader": world.place.pk, "email": "new@example.org"}).status_code == 422
    done = org.post(url, {"leader": world.lead.pk, "email": "NEW@example.org", "note": "Between us"}, follow=True)
    assert "new leads" in text(done)
    board = text(client(world, "mate").get(f"/cohorts/{world.cohort.pk}/"))
    assert "new is a navigator of this cohort, after nav." in board
    assert "Between us" not in board
    assert "Between us" in text(
        client(world, "new").get(f"/progress/{Membership.objects.get(user=world.people['new']).pk}/place/")
    )
    assert client(world, "nav").get(url).status_code == 404


def test_words_of_a_farewell_that_come_after_the_log_in_ran_out_are_in_the_form_again(world):
    ada, url = client(world, "ada"), f"{world.url}/farewell/"
    ada.logout()
    while_typing = ada.post(url, {"did": "Half", "save": "draft", "field": "did"}, headers={"HX-Request": "true"})
    assert "You are logged out. What you typed is kept." in text(while_typing)
    assert ada.post(url, {"thanks": "Grace"}).status_code == 302
    ada.force_login(world.people["ada"])
    page = text(ada.get(url))
    assert ">\nHalf</textarea>" in page
    assert ">\nGrace</textarea>" in page
    ada.post(url, {"did": "Half", "thanks": "Grace", "version": "0", "tab": "t"})
    assert "It is not saved yet" not in text(ada.get(url))


def test_a_farewell_saves_itself_field_by_field(world):
    ada, url = client(world, "ada"), f"{world.url}/farewell/"
    page = text(ada.get(url))
    assert 'name="version"' in page
    part = ada.post(
        url, {"did": "Half", "save": "draft", "field": "did", "version": "0", "tab": "t"}, headers={"HX-Request": "true"}
    )
    assert 'id="saved"' in text(part)
    assert 'value="1"' in text(part)
    long = {"wants_note": "x" * 501, "save": "draft", "field": "wants_note", "version": "1", "tab": "t"}
    assert "Not saved" in text(ada.post(url, long, headers={"HX-Request": "true"}))
    stale = {"did": "Other words", "thanks": "", "proud": "", "version": "0", "tab": "another", "save": "draft"}
    conflict = ada.post(url, stale)
    assert conflict.status_code == 409
    assert "Half" in text(conflict)
    assert "Other words" in text(conflict)
    done = ada.post(url, {"did": "<script>Whole</script>", "wants_navigator": "on", "version": "1", "tab": "t"}, follow=True)
    assert "Your cohort can read it now." in text(done)
    closing = text(client(world, "mate").get(f"/cohorts/{world.cohort.pk}/closing/"))
    assert "Whole" in closing
    assert "<script>Whole" not in closing
    assert "navigator next" not in closing
    assert "be a navigator" in text(client(world, "org").get(f"/admin/cohorts/session/{world.session.pk}/next-time/"))
    ada.post(f"{url}take-back/")
    assert "Whole" not in text(client(world, "mate").get(f"/cohorts/{world.cohort.pk}/closing/"))


def test_the_closing_page_costs_the_same_for_many(world, django_assert_max_num_queries):
    for _ in range(6):
        place = factories.MembershipFactory(cohort=world.cohort, user=factories.UserFactory(verified_email=False))
        farewells.hand_in(place, by=place.user, values={"did": "Words"})
        factories.ContributionFactory(membership=place)
    reader = client(world, "mate")
    with django_assert_max_num_queries(26):
        assert text(reader.get(f"/cohorts/{world.cohort.pk}/closing/")).count("Words") == 6


def test_before_the_last_week_the_end_says_when_it_opens(world):
    world.session.starts_on = timezone.now().date() - 20 * DAY
    world.session.save()
    assert "It opens with the last week" in text(client(world, "ada").get(f"/cohorts/{world.cohort.pk}/closing/"))
    assert "opens with the last week" in text(client(world, "ada").get(f"{world.url}/farewell/"))
    late = client(world, "ada").post(f"{world.url}/farewell/", {"did": "Typed in vain"})
    assert late.status_code == 409
    assert "Typed in vain" in text(late)


def test_the_name_on_a_certificate_is_kept_nowhere(world):
    world.session.starts_on = timezone.now().date() - 60 * DAY
    world.session.save()
    complete_due()
    ada, url = client(world, "ada"), f"{world.url}/certificate/"
    assert "Written for paper &amp; me" in text(ada.post(url, {"name": "Written for paper & me"}))
    page = ada.get(url)
    assert "Written for paper" not in text(page)
    assert "no-store" in page.headers["Cache-Control"]
    assert User.objects.get(pk=world.people["ada"].pk).name == "ada"
    assert ada.post(url, {"name": " "}).status_code == 422
    for other in ("mate", "nav", "org"):
        assert client(world, other).get(url).status_code == 404


def test_alumni_and_testimonials_as_everybody_reads_them(world):
    world.session.starts_on = timezone.now().date() - 60 * DAY
    world.session.save()
    complete_due()
    ada, anybody = client(world, "ada"), Client()
    User.objects.filter(pk=world.people["ada"].pk).update(consent_alumni=True)
    assert "<li>ada" in text(anybody.get("/alumni/"))
    User.objects.filter(pk=world.people["ada"].pk).update(consent_alumni=False)
    assert "<li>ada" not in text(anybody.get("/alumni/"))
    url = f"/sessions/{world.session.slug}/testimonial/"
    assert "An organiser reads it" in text(ada.post(url, {"text": "<b>Come</b> along", "signed": ""}, follow=True))
    assert "along" not in text(anybody.get("/testimonials/"))
    said, org = Testimonial.objects.get(), client(world, "org")
    page = f"/admin/cohorts/testimonial/{said.pk}/change/"
    stale = org.post(page, {"decision": "publish", "seen": (said.updated_at - DAY).isoformat()})
    assert "changed after you opened it" in text(stale)
    assert org.post(page, {"decision": "publish", "seen": said.updated_at.isoformat()}).status_code == 302
    assert "&lt;b&gt;Come&lt;/b&gt; along" in text(anybody.get("/testimonials/"))
    assert "Somebody who was there" in text(anybody.get("/testimonials/"))
    ada.post(f"{url}take-back/")
    assert "along" not in text(anybody.get("/testimonials/"))
    assert org.get(page).status_code == 404
    assert client(world, "new").get(url).status_code == 404


def test_the_front_page_leads_to_the_farewell_and_then_to_the_certificate(world):
    ada = world.people["ada"]
    assert "Write your farewell" in [step.action for step in next_steps(ada)]
    farewells.hand_in(world.place, by=ada, values={"did": "Words"})
    assert not Farewell.objects.exclude(written_at=None).exclude(membership=world.place).exists()
    world.session.starts_on = timezone.now().date() - 50 * DAY
    world.session.save()
    complete_due()
    assert "See your certificate" in [step.action for step in next_steps(ada)]


def test_leaders_in_the_admin_leave_and_return_with_events(world):
    org, url = client(world, "org"), f"/admin/cohorts/cohort/{world.cohort.pk}/change/"

    def save(state):
        form = {"name": world.cohort.name, "project": world.cohort.project_id or ""}
        for prefix, total, initial in (("memberships", 1, 1), ("memberships-2", 0, 0)):
            form |= {f"{prefix}-TOTAL_FORMS": total, f"{prefix}-INITIAL_FORMS": initial}
        form |= {"memberships-0-id": world.lead.pk, "memberships-0-cohort": world.cohort.pk}
        form |= {"memberships-0-role": "navigator", "memberships-0-state": state}
        response = org.post(url, form)
        assert response.status_code == 302, text(response)
        return Membership.objects.get(pk=world.lead.pk).state

    assert save("left") == "left"
    assert save("active") == "active"
    Membership.objects.filter(pk=world.lead.pk).update(state="completed")
    # What is shown as it is stays as it is.
    assert save("completed") == "completed"
    assert list(MembershipEvent.objects.values_list("what", "actor")) == [
        ("left", world.people["org"].pk),
        ("returned", world.people["org"].pk),
    ]
    assert testimonials.was_there(world.people["nav"], world.session) == world.lead
