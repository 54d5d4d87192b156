"""A pending decision shows nowhere to the person it is about: no page, mail, export, calendar, and not for organisers who applied."""

import re

import pytest
from django.urls import reverse

from accounts.feeds import entries_for
from accounts.models import Message
from accounts.personal_data import export
from cohorts.assessing import assess
from cohorts.decisions import plan_publication
from cohorts.models import Membership, Session
from cohorts.pending import set_pending_decision
from cohorts.placing import place
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, CohortFactory, SessionRoleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world(applications=2)


def everything_shown(client, world, application):
    """Every page that the applicant can open, the export and the calendar, without what differs at each load."""
    session = world.session.slug
    names = ("home", "sessions", "my_applications", "my_progress", "me", "my_data", "projects", "availability")
    addresses = [reverse(name) for name in names]
    addresses += [reverse(name, args=[session]) for name in ("session", "apply")]
    addresses += [reverse(name, args=[application.pk]) for name in ("application", "withdraw", "decline", "discard")]
    addresses.append(reverse("cohort", args=[world.cohort.pk]))
    shown = {}
    for address in addresses:
        response = client.get(address)
        shown[address] = (
            response.status_code,
            re.sub(r'value="[\w-]{12,}"|"[\w-]{64}"|nonce="[^"]+"', "", response.content.decode()),
        )
    shown["export"] = {name: part for name, part in export(application.applicant).items() if name != "exported_at"}
    shown["calendar"] = entries_for(application.applicant)
    shown["mails"] = Message.objects.filter(recipient=application.applicant).count()
    return shown


@pytest.mark.parametrize("decision", ["offer", "waitlist", "not_selected"])
def test_the_applicant_sees_the_same_before_and_after(client, world, decision):
    application = world.applications[0]
    client.force_login(application.applicant)
    before = everything_shown(client, world, application)
    set_pending_decision(application, decision, by=world.organiser, rank=1 if decision == "waitlist" else None)
    assess(application, by=world.organiser, eligibility="needs_a_look", reason="Not sure about it", tier=0)
    if decision == "offer":
        place(application, world.cohort, by=world.organiser)
    after = everything_shown(client, world, application)
    assert {name for name in before if before[name] != after[name]} == set()


class TestAnOrganiserWhoApplied:
    """Another organiser has decided on the application, and keeps a place."""

    @pytest.fixture
    def application(self, world):
        both = SessionRoleFactory(session=world.session, role="organiser").user
        both.name = "Quilla Both"
        both.save()
        application = ApplicationFactory(session=world.session, applicant=both)
        set_pending_decision(application, "offer", by=world.organiser)
        place(application, world.cohort, by=world.organiser)
        place(world.applications[0], world.cohort, by=world.organiser)
        return application

    def test_no_page_tells_of_the_place(self, client, world, application):
        person = application.applicant
        kept = Membership.objects.get(user=person)
        client.force_login(person)
        assert not Membership.objects.visible_to(person).contains(kept)
        page = client.get(reverse("admin:cohorts_cohort_change", args=[world.cohort.pk]))
        (members,) = [
            formset for formset in page.context["inline_admin_formsets"] if formset.opts.verbose_name_plural.startswith("mem")
        ]
        assert [form.instance.user for form in members.formset.forms] == [world.applications[0].applicant]
        assert client.get(reverse("progress", args=[kept.pk])).status_code == 404
        assert kept.pk not in [
            row["you"].pk for row in [client.get(reverse("cohort", args=[world.cohort.pk])).context] if row["you"]
        ]
        assert client.get(reverse("my_progress")).context.get("membership") is None

    def test_publishing_warns_of_others_alone(self, world, application):
        Session.objects.filter(pk=world.session.pk).update(review_closed_at=world.session.applications_close_at)
        session = Session.objects.get(pk=world.session.pk)
        named = {name for warned in plan_publication(session, by=application.applicant).warnings for name in warned.names}
        assert application.applicant.get_full_name() not in named
        assert world.applications[0].applicant.get_full_name() in named

    def test_saving_the_cohort_keeps_the_place(self, client, world, application):
        client.force_login(application.applicant)
        address = reverse("admin:cohorts_cohort_change", args=[world.cohort.pk])
        page = client.get(address)
        data = {"name": "Venus again", "project": ""}
        for formset in page.context["inline_admin_formsets"]:
            for form in [formset.formset.management_form, *formset.formset.initial_forms]:
                data |= {form.add_prefix(name): form[name].value() or "" for name in form.fields}
        response = client.post(address, data)
        assert response.status_code == 302, response.context["errors"]
        assert Membership.objects.filter(user=application.applicant, state="invited").exists()

    def test_making_oneself_a_navigator_tells_nothing(self, client, world, application):
        """Neither that a place is kept in this cohort, nor in another one, nor that none is."""
        client.force_login(application.applicant)
        other = ApplicationFactory(
            session=world.session, applicant=SessionRoleFactory(session=world.session, role="organiser").user
        )
        said = []
        for person, cohort in (
            (application.applicant, world.cohort),
            (application.applicant, CohortFactory(session=world.session)),
            (other.applicant, world.cohort),
        ):
            client.force_login(person)
            address = reverse("admin:cohorts_cohort_change", args=[cohort.pk])
            data = {"name": "Venus again", "project": ""}
            for formset in client.get(address).context["inline_admin_formsets"]:
                for form in [formset.formset.management_form, *formset.formset.initial_forms]:
                    data |= {
                        form.add_prefix(name): form[name].value() if form[name].value() is not None else ""
                        for name in form.fields
                    }
            number = int(data["memberships-TOTAL_FORMS"])
            leader = {"person_email": person.email, "role": "navigator", "state": "active"}
            data |= {f"memberships-{number}-{name}": value for name, value in leader.items()}
            data["memberships-TOTAL_FORMS"] = number + 1
            errors = client.post(address, data).context["errors"]
            said.append([re.sub(r"-\d+-", "", str(error)) for error in errors])
        assert said[0] == said[1] == said[2]
        assert "another organiser decides about them" in str(said[0])
