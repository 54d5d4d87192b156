"""Taking one's data along, and deleting it: everything that is mine, nothing that is somebody else's."""

import datetime
import json

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.availability import confirm_availability, set_availability
from accounts.bounces import note_trouble, troubled_addresses
from accounts.feeds import create_feed
from accounts.messages import queue_message
from accounts.models import Message, User
from accounts.personal_data import delete_account, export, preview_deletion
from cohorts.models import Application, Membership, Review, Session
from contributions.models import WorkItem
from tests.factories import (
    PASSWORD,
    ApplicationFactory,
    CheckInFactory,
    ContributionFactory,
    GitHubIdentityFactory,
    MembershipFactory,
    ReviewFactory,
    SessionRoleFactory,
    UserFactory,
    WorkItemFactory,
)


@pytest.fixture
def active_person(person):
    """Somebody with a row of every kind."""
    GitHubIdentityFactory(user=person, login="noor-h")
    confirm_availability(set_availability(person, [20, 21], time_zone="Europe/Rome"))
    create_feed(person)
    queue_message(person, kind="news", subject="News", body="Plain news")
    queue_message(person, kind="code", subject="Code", body="ABC-DEF", secret=True)
    membership = MembershipFactory(user=person)
    CheckInFactory(membership=membership, did="Fixed a typo in the tutorial.")
    ContributionFactory(membership=membership, note="My first one")
    ApplicationFactory(applicant=person, draft={"1": "Why I apply"})
    return person


def test_export_holds_what_is_mine(active_person):
    data = export(active_person)
    assert data["profile"]["email"] == "noor@example.org"
    assert data["github"]["login"] == "noor-h"
    assert data["availability"]["half_hours"] == ["Monday 10:00", "Monday 10:30"]
    assert data["availability"]["confirmed_at"]
    assert data["memberships"][0]["checkins"][0]["did"] == "Fixed a typo in the tutorial."
    assert data["contributions"][0]["note"] == "My first one"
    assert data["applications"][0]["draft"] == {"1": "Why I apply"}
    assert [message["body"] for message in data["messages"]] == ["Plain news", None]


def test_export_holds_no_secrets_and_nothing_of_others(active_person):
    other = UserFactory(name="Somebody Else")
    application = ApplicationFactory(applicant=other)
    ReviewFactory(reviewer=active_person, application=application, private_comment="Mine to read")
    ReviewFactory(application=active_person.applications.get(), private_comment="About me, for organisers only")
    MembershipFactory(user=active_person, state="invited")
    Application.objects.filter(applicant=active_person).update(pending_decision="not_selected", tier=3)
    text = json.dumps(export(active_person))
    assert "Mine to read" in text
    for hidden in ["Somebody Else", other.email, "About me", "ABC-DEF", "pending", "tier", "password", "token_hash", "invited"]:
        assert hidden not in text


def test_export_and_deletion_cover_work_added_by_hand_and_reviews_given(person):
    item = WorkItemFactory(kind="other", other_kind="talk", title="A talk", url="", state="closed", database_id=None)
    ContributionFactory(membership__user=person, work_item=item, ai_use="none")
    review = ContributionFactory(membership__user=person, role="reviewer").reviews_given.create(
        database_id=1, state="approved", submitted_at=timezone.now(), url="https://github.com/o/r/pull/1#r1"
    )
    talk, reviewed = export(person)["contributions"]
    assert (talk["title"], talk["other_kind"], talk["ai_use"]) == ("A talk", "talk", "none")
    assert [(given["state"], given["url"]) for given in reviewed["reviews_given"]] == [("approved", review.url)]
    lines = preview_deletion(person).goes
    assert any("kept nowhere else" in line for line in lines)
    delete_account(person, by=person)
    assert not WorkItem.objects.exists()
    assert not type(review).objects.exists()


def test_what_mail_servers_said_of_an_address_is_exported_and_goes(person):
    note_trouble("Noor@Example.org", "refused", "5.1.1 no such user")
    note_trouble("other@example.org", "refused")
    # Anybody can name somebody else's address: until it is confirmed it is nobody's.
    EmailAddress.objects.create(user=person, email="other@example.org", verified=False)
    (trouble,) = export(person)["addresses_in_trouble"]
    assert (trouble["address"], trouble["detail"]) == ("noor@example.org", "5.1.1 no such user")
    delete_account(person, by=person)
    assert list(troubled_addresses(["noor@example.org", "other@example.org"])) == ["other@example.org"]


def test_every_model_that_points_to_a_person_is_thought_of():
    """A new foreign key to a person must be in the export and in the deletion: then add its model here."""
    known = {
        "account.EmailAddress", "accounts.Availability", "accounts.CalendarFeed", "accounts.DataRequest", "accounts.GitHubIdentity", "accounts.Message",
        "admin.LogEntry", "cohorts.Announcement", "cohorts.Application", "cohorts.ApplicationEvent", "cohorts.CheckInReply", "cohorts.Cheer", "cohorts.Conflict", "cohorts.LateAccess", "cohorts.LateCode",
        "cohorts.Membership", "cohorts.MessageTemplate", "cohorts.Nudge", "cohorts.NudgeTold", "cohorts.Proposal", "cohorts.Publication", "cohorts.ReviewClaim",
        "cohorts.Review", "cohorts.ReviewAssignment", "cohorts.ReviewCapacity", "cohorts.RoleInvitation", "cohorts.SessionRole", "contributions.SyncRun", "mfa.Authenticator",
        "socialaccount.SocialAccount", "usersessions.UserSession", "cohorts.Volunteer", "cohorts.TrainingDone", "cohorts.CohortFeed", "cohorts.Meeting", "cohorts.MeetingNote", "cohorts.MeetingNotice",
        "cohorts.MeetingPerson", "accounts.TermsAcceptance", "cohorts.Concern", "cohorts.ConcernContact", "cohorts.ConcernNote", "cohorts.ConcernReader", "cohorts.MembershipEvent", "cohorts.SlotAnswer", "cohorts.TableImport", "cohorts.Testimonial",
    }  # fmt: skip
    pointing = {
        model._meta.label
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and field.related_model is User and not field.auto_created
    }
    assert pointing == known


def prove_it_is_me(client, person):
    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def test_deleting_asks_for_the_password_and_for_a_tick(client, active_person):
    client.force_login(active_person)
    assert client.get(reverse("my_data_delete")).url.startswith(reverse("account_reauthenticate"))
    client.post(reverse("my_data_delete"), {"confirm": "on"})
    assert User.objects.filter(pk=active_person.pk).exists()

    prove_it_is_me(client, active_person)
    page = client.get(reverse("my_data_delete")).text
    assert "1 application" in page
    assert "1 weekly check-in" in page
    assert "1 tracked contribution" in page
    response = client.post(reverse("my_data_delete"), {})
    assert response.status_code == 422
    assert "Nothing was deleted" in response.text
    assert User.objects.filter(pk=active_person.pk).exists()


def test_deleting_removes_everything(client, active_person, tasks):
    Session.objects.update(starts_on=datetime.date(2020, 1, 6))
    prove_it_is_me(client, active_person)
    response = client.post(reverse("my_data_delete"), {"confirm": "on"}, follow=True)
    assert "Your account is closed" in response.text
    assert "_auth_user_id" not in client.session
    tasks.run()
    assert not User.objects.filter(pk=active_person.pk).exists()
    assert [message.kind for message in Message.objects.all()] == ["account_deleted"]
    for model in [EmailAddress, UserSession, Membership, Application]:
        assert not model.objects.exists(), model
    assert not WorkItem.objects.exists()


def test_work_that_is_somebody_elses_too_stays(person):
    item = WorkItemFactory()
    ContributionFactory(work_item=item, membership__user=person)
    other = ContributionFactory(work_item=item)
    delete_account(person, by=person)
    other.refresh_from_db()
    assert other.work_item == item


def test_reviews_that_decisions_rest_on_stay_without_a_name(person):
    kept = ReviewFactory(reviewer=person, private_comment="Solid")
    ReviewFactory(reviewer=person, handed_in_at=None)
    ReviewFactory(reviewer=person, application=ApplicationFactory(applicant=person))
    assert "1 review that you handed in" in " ".join(preview_deletion(person).stays)
    delete_account(person, by=person)
    review = Review.objects.get()
    assert review == kept
    shell = review.reviewer
    assert (shell.name, shell.is_active, shell.has_usable_password()) == ("Deleted account", False, False)
    assert shell.email.endswith("@deleted.invalid")
    assert shell.bio == ""
    assert not EmailAddress.objects.filter(user=shell).exists()
    assert not Message.objects.filter(recipient=shell).exists()


def test_history_does_not_keep_the_name(active_person):
    organiser = UserFactory(is_superuser=True)
    for row in [active_person, active_person.memberships.get(), active_person.github, organiser]:
        LogEntry.objects.create(
            user=organiser,
            content_type=ContentType.objects.get_for_model(row),
            object_id=str(row.pk),
            object_repr=str(row),
            action_flag=CHANGE,
        )
    delete_account(active_person, by=active_person)
    assert [entry.object_repr for entry in LogEntry.objects.all()] == [str(organiser)]


def test_what_an_organiser_changed_stays_in_the_history_without_the_name(person):
    LogEntry.objects.create(user=person, object_repr="Session 1", action_flag=CHANGE)
    delete_account(person, by=person)
    assert LogEntry.objects.get().user.name == "Deleted account"


def test_mails_to_organisers_about_my_application_go_too(active_person):
    organiser = UserFactory()
    application = active_person.applications.get()
    queue_message(organiser, kind="new", subject="Noor Haddad applied", body="…", about=application)
    delete_account(active_person, by=active_person)
    assert not Message.objects.filter(recipient=organiser).exists()


def test_the_only_organiser_and_the_only_operator_are_warned(person):
    role = SessionRoleFactory(user=person)
    person.is_superuser = True
    person.save()
    warnings = " ".join(preview_deletion(person).warnings)
    assert f"only organiser of “{role.session.name}”" in warnings
    assert "only operator" in warnings
    SessionRoleFactory(session=role.session)
    UserFactory(is_superuser=True)
    assert preview_deletion(person).warnings == []


def test_nobody_deletes_somebody_else(person):
    with pytest.raises(PermissionDenied):
        delete_account(person, by=UserFactory())


def test_the_address_can_be_used_again_after_deleting(person):
    ReviewFactory(reviewer=person)
    delete_account(person, by=person)
    assert UserFactory(email="noor@example.org")
