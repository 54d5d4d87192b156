"""Asking somebody to take a part by address: organisers do not learn who has an account, and nobody gets a part without saying yes."""

import datetime
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Message
from accounts.personal_data import delete_account
from accounts.sending import send_message
from cohorts.forms.places import HandOverForm
from cohorts.models import Membership, RoleInvitation, SessionRole
from cohorts.role_invitations import (
    KIND,
    LASTS,
    MOST,
    RoleInvitationError,
    accept,
    forget_old,
    invitation_of,
    invite,
    key_of,
    known_person,
    refuse,
    take_back,
)
from tests.factories import ApplicationFactory, CohortFactory, MembershipFactory, SessionFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db
THEIRS, NOBODYS = "theirs@example.org", "nobodys@example.org"


@pytest.fixture
def organiser():
    return SessionRoleFactory(role=SessionRole.Role.ORGANISER)


@pytest.fixture
def stranger():
    """Somebody with an account, of whom the organiser knows nothing."""
    return UserFactory(email=THEIRS)


def test_an_address_with_an_account_and_one_without_get_the_same_answer(organiser, stranger):
    found = [invite(organiser.session, "reviewer", address, by=organiser.user) for address in (THEIRS.upper(), NOBODYS)]
    assert [one.email for one in found] == [THEIRS, NOBODYS]
    mails = Message.objects.filter(kind=KIND).order_by("pk")
    assert [(one.recipient, one.address) for one in mails] == [(None, THEIRS), (None, NOBODYS)]
    without = [re.sub(r"/sessions/part/\S+", "", one.body) for one in mails]
    assert without[0] == without[1]
    assert not SessionRole.objects.filter(user=stranger).exists()
    assert invite(organiser.session, "reviewer", THEIRS, by=organiser.user) == found[0]
    assert Message.objects.filter(kind=KIND).count() == 2


def test_forms_know_only_people_of_the_organisers_sessions(organiser, stranger):
    assert known_person(THEIRS, by=organiser.user) is None
    assert known_person(THEIRS, by=UserFactory(is_superuser=True)) == stranger
    leaders = Membership.objects.none()
    errors = [
        HandOverForm({"email": address}, leaders=leaders, by=organiser.user).errors["email"] for address in (THEIRS, NOBODYS)
    ]
    assert errors[0] == errors[1]
    ApplicationFactory(session=organiser.session, applicant=stranger)
    assert known_person(THEIRS.upper(), by=organiser.user) == stranger


def test_saying_yes_gives_the_part_once_and_to_the_address_alone(client, organiser, stranger):
    key = key_of(invite(organiser.session, "organiser", THEIRS, by=organiser.user, reads_accommodations=True))
    address = reverse("role_invitation", args=[key])
    page = Client().get(address)
    assert "Sign up to say yes" in page.text
    assert THEIRS not in page.text
    other = Client()
    other.force_login(UserFactory())
    assert "went to an address that your account does not have" in other.get(address).text
    assert "went to another address" in other.post(address, {"answer": "yes"}, follow=True).text
    client.force_login(stranger)
    assert "You answer as" in client.get(address).text
    assert not SessionRole.objects.filter(user=stranger).exists()
    assert client.post(address, {"answer": "yes"}).url == reverse("session", args=[organiser.session.slug])
    assert SessionRole.objects.get(user=stranger).reads_accommodations
    assert client.get(address).status_code == 410
    with pytest.raises(RoleInvitationError):
        accept(key, by=stranger)


def test_saying_no_needs_no_account_and_forgets_the_address(client, organiser):
    key = key_of(invite(organiser.session, "reviewer", NOBODYS, by=organiser.user))
    assert client.post(reverse("role_invitation", args=[key]), {"answer": "no"}).status_code == 302
    assert not RoleInvitation.objects.exists()
    assert not Message.objects.exists()


def test_somebody_who_is_logged_in_under_another_address_says_no_as_well(client, organiser, stranger):
    key = key_of(invite(organiser.session, "reviewer", NOBODYS, by=organiser.user))
    client.force_login(stranger)
    client.post(reverse("role_invitation", args=[key]), {"answer": "no"})
    assert not RoleInvitation.objects.exists()


@pytest.mark.parametrize("why", ["taken back", "old", "archived", "organises no more", "inviter gone", "forged"])
def test_a_link_that_is_over_opens_nothing(client, organiser, stranger, why):
    invitation = invite(organiser.session, "reviewer", THEIRS, by=organiser.user)
    key = key_of(invitation)
    if why == "taken back":
        take_back(invitation, by=organiser.user)
        message = Message.objects.get(kind=KIND)
        send_message(message.pk)
        message.refresh_from_db()
        assert message.sent_at is None
    elif why == "old":
        RoleInvitation.objects.update(invited_at=timezone.now() - LASTS - datetime.timedelta(hours=1))
    elif why == "archived":
        organiser.session.archived_at = timezone.now()
        organiser.session.save()
    elif why == "organises no more":
        organiser.delete()
    elif why == "inviter gone":
        delete_account(organiser.user, by=organiser.user)
    else:
        key = f"{invitation.pk}.forged"
    assert invitation_of(key) is None
    client.force_login(stranger)
    for answer in (client.get, client.post):
        assert answer(reverse("role_invitation", args=[key])).status_code == 410
    assert not SessionRole.objects.filter(user=stranger).exists()


def test_whoever_is_asked_to_lead_gets_the_cohort_unless_they_have_another_place(organiser, stranger):
    cohort = CohortFactory(session=organiser.session)
    elsewhere = CohortFactory(session=SessionFactory())
    with pytest.raises(RoleInvitationError):
        invite(organiser.session, "navigator", THEIRS, by=organiser.user, cohort=elsewhere)
    with pytest.raises(RoleInvitationError):
        invite(organiser.session, "reviewer", THEIRS, by=stranger)
    key = key_of(invite(organiser.session, "navigator", THEIRS, by=organiser.user, cohort=cohort))
    place = MembershipFactory(cohort=CohortFactory(session=organiser.session), user=stranger)
    with pytest.raises(RoleInvitationError, match="one cohort"):
        accept(key, by=stranger)
    place.delete()
    accept(key, by=stranger)
    assert Membership.objects.get(user=stranger).role == "navigator"


def test_an_address_is_asked_to_lead_one_cohort_of_a_session_and_the_organiser_hears_of_the_other(client, organiser):
    from tests.page_forms import form_of

    first, second = (CohortFactory(session=organiser.session, name=name) for name in ("Comet", "Meteor"))
    asked = invite(organiser.session, "navigator", NOBODYS, by=organiser.user, cohort=first)
    assert invite(organiser.session, "navigator", NOBODYS, by=organiser.user, cohort=first) == asked
    for role in ("navigator", "captain"):
        with pytest.raises(RoleInvitationError, match="asked to lead Comet"):
            invite(organiser.session, role, NOBODYS.upper(), by=organiser.user, cohort=second)
    client.force_login(organiser.user)
    address = reverse("admin:cohorts_cohort_change", args=[second.pk])
    data = form_of(client.get(address)) | {
        "memberships-TOTAL_FORMS": "1",
        "memberships-0-person_email": NOBODYS,
        "memberships-0-role": "navigator",
        "memberships-0-state": "active",
    }
    page = client.post(address, data)
    assert page.status_code == 200
    assert "asked to lead Comet already" in page.text
    assert list(RoleInvitation.objects.values_list("cohort__name", flat=True)) == ["Comet"]
    data["memberships-0-person_email"] = "another@example.org"
    assert client.post(address, data).status_code == 302
    assert RoleInvitation.objects.filter(cohort=second).count() == 1


def test_too_many_and_old_ones(organiser):
    RoleInvitation.objects.bulk_create(
        RoleInvitation(session=organiser.session, role="reviewer", email=f"a{n}@example.org", invited_by=organiser.user)
        for n in range(MOST)
    )
    with pytest.raises(RoleInvitationError, match="Many"):
        invite(organiser.session, "reviewer", NOBODYS, by=organiser.user)
    assert forget_old(timezone.now()) == 0
    answered = invite(SessionRoleFactory(role="organiser", user=organiser.user).session, "reviewer", NOBODYS, by=organiser.user)
    take_back(answered, by=organiser.user)
    assert forget_old(timezone.now() + LASTS + datetime.timedelta(days=1)) == MOST
    assert not Message.objects.filter(address=NOBODYS).exists()
    refuse("x.y")


def test_the_page_of_the_session_says_the_same_of_both_and_shows_who_was_asked(client, organiser, stranger):
    from tests.page_forms import form_of

    client.force_login(organiser.user)
    address = reverse("admin:cohorts_session_change", args=[organiser.session.pk])
    for email in (THEIRS, NOBODYS):
        data = form_of(client.get(address))
        row = int(data["roles-TOTAL_FORMS"])
        data |= {"roles-TOTAL_FORMS": str(row + 1), f"roles-{row}-person_email": email, f"roles-{row}-role": "reviewer"}
        assert client.post(address, data).status_code == 302
        assert RoleInvitation.objects.filter(email=email, role="reviewer").exists()
    page = client.get(address).text
    assert THEIRS in page
    assert NOBODYS in page
    assert not SessionRole.objects.filter(user=stranger).exists()
    first = RoleInvitation.objects.order_by("pk").first()
    data = form_of(client.get(address)) | {"role_invitations-0-DELETE": "on"}
    assert client.post(address, data).status_code == 302
    assert list(RoleInvitation.objects.all()) == list(RoleInvitation.objects.exclude(pk=first.pk))
    assert RoleInvitation.objects.count() == 1
