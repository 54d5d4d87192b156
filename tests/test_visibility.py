"""Every model × every role: what `visible_to` shows. A new model without an entry fails.

Views, admin, exports and feeds start from `visible_to`, so what is hidden here is hidden everywhere.
"""

from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from accounts.audit import record
from accounts.models import AddressTrouble, Availability, CalendarFeed, DataRequest, Message, TermsAcceptance, User
from cohorts.context_processors import Navigation
from cohorts.models import (
    Answer,
    ApplicationEvent,
    CheckInReply,
    Cheer,
    Cohort,
    CohortFeed,
    ConcernContact,
    ConcernNote,
    Conflict,
    Farewell,
    Meeting,
    MeetingNote,
    MeetingNotice,
    MeetingPerson,
    MeetingSlot,
    Membership,
    MembershipEvent,
    MessageTemplate,
    Proposal,
    Publication,
    RetentionRule,
    RetentionRun,
    ReviewAssignment,
    ReviewCapacity,
    ReviewClaim,
    RoleInvitation,
    Session,
    SessionRole,
    SlotAnswer,
    TableImport,
    Testimonial,
    Tracker,
    TrainingDone,
)
from cohorts.roles import may_use_admin
from contributions.models import LearningEntry, MemberSync, ReviewGiven, SyncRun
from tests import factories

ROLES = (
    "anonymous", "stranger", "applicant", "member", "mate", "other_member", "navigator", "captain", "reviewer", "storyteller",
    "organiser", "other_organiser", "operator",
)  # fmt: skip
EVERYBODY = set(ROLES)
COHORT = {"member", "mate", "navigator", "captain", "organiser", "operator"}
ORGANISERS = {"organiser", "operator"}
REVIEWERS = {"reviewer", *ORGANISERS}

#: The name of a row in the world → who sees it.
SEEN_BY = {
    "session": EVERYBODY,
    "unannounced_session": ORGANISERS,
    "role": REVIEWERS,
    "week": EVERYBODY,
    "unannounced_week": ORGANISERS,
    "question": EVERYBODY,
    "criterion": REVIEWERS,
    "project": EVERYBODY,
    "repository": EVERYBODY,
    "tracker": EVERYBODY,
    "cohort": COHORT,
    "planned_cohort": ORGANISERS,
    "membership": COHORT,
    "kept_place": ORGANISERS,
    "announcement": COHORT | {"other_member"},
    "announcement_for_leaders": {"navigator", "captain", "organiser", "operator"},
    "scheduled_announcement": ORGANISERS,
    "checkin": COHORT,
    "unwritten_checkin": {"member"},
    "feedback_form": COHORT | {"other_member", "storyteller"},
    "feedback_question": COHORT | {"other_member", "storyteller"},
    "feedback": {"member", *ORGANISERS},
    "unwritten_feedback": {"member"},
    "nudge": COHORT - {"member", "mate"},
    "checkin_reply": COHORT,
    "cheer": COHORT,
    "shared_learning_entry": COHORT - {"operator"},
    "own_learning_entry": {"member"},
    "place_event": {"member", "navigator", "captain", "organiser"},
    "farewell": COHORT,
    "unwritten_farewell": {"mate"},
    "testimonial": EVERYBODY,
    "waiting_testimonial": {"mate", "organiser", "operator"},
    "meeting": COHORT,
    "meeting_of_the_session": {"member", "mate", "other_member", "navigator", "captain", "storyteller", "organiser", "operator"},
    "one_to_one": {"member", "navigator", "organiser", "operator"},
    "person_at_a_meeting": COHORT,
    "person_at_a_one_to_one": {"member", "navigator", "organiser", "operator"},
    "proposed_time": COHORT,
    "answer_to_a_proposed_time": COHORT,
    "private_note": {"navigator"},
    "shared_note": {"navigator", "captain", "organiser"},
    "meeting_notice": {"member"},
    "cohort_feed": COHORT,
    "concern": {"member", "captain"},
    "reader_of_a_concern": {"member", "captain"},
    "note_for_who_reported": {"member", "captain"},
    "note_among_readers": {"captain"},
    "contact_for_concerns": EVERYBODY,
    "past_contact_for_concerns": {"captain", *ORGANISERS},
    "terms_accepted": {"member", "operator"},
    "volunteer": {"stranger", *ORGANISERS},
    "unsent_offer_to_help": {"stranger"},
    "invitation_to_help": {"mate", *ORGANISERS},
    "role_invitation": {"mate", *ORGANISERS},
    "training_task": {"navigator", "captain", *ORGANISERS},
    "training_done": {"navigator", *ORGANISERS},
    "application": {"applicant", *REVIEWERS},
    "application_in_conflict": {"applicant", *ORGANISERS},
    "unsubmitted_application": {"applicant"},
    "answer": {"applicant", *REVIEWERS},
    "sensitive_answer": {"applicant", *ORGANISERS},
    "file": {"applicant", *REVIEWERS},
    "file_of_a_draft": {"applicant"},
    "accommodation": {"applicant"},
    "accommodation_for_a_named_organiser": {"applicant", "organiser"},
    "event": {"applicant", *ORGANISERS},
    "review": REVIEWERS,
    "review_draft": {"reviewer"},
    "conflict": REVIEWERS,
    "assignment": REVIEWERS,
    "claim": REVIEWERS,
    "review_capacity": REVIEWERS,
    "review_phase": REVIEWERS,
    "eligibility_rule": ORGANISERS,
    "review_of_an_organiser": {"reviewer", "operator"},
    "conflict_about_an_organiser": {"reviewer", "operator"},
    "assignment_about_an_organiser": {"reviewer", "operator"},
    "late_code": ORGANISERS,
    "proposal": ORGANISERS,
    "publication": ORGANISERS,
    "table_import": ORGANISERS,
    "table_import_of_sessions": {"other_organiser", "operator"},
    "retention_rule": ORGANISERS,
    "retention_run": ORGANISERS,
    "message_template": ORGANISERS,
    "late_access": {"applicant", *ORGANISERS},
    "person_in_a_cohort": COHORT,
    "person_who_applied": {"applicant", *ORGANISERS},
    "identity": COHORT,
    "availability": COHORT,
    "message": {"member", "operator"},
    "message_about_an_application": {"applicant", *ORGANISERS},
    "secret_message": {"member"},
    "trouble_of_an_applicant": {"applicant", *ORGANISERS},
    "trouble_of_nobody_any_more": {"operator"},
    "feed": {"member"},
    "audit_entry": ORGANISERS,
    "audit_entry_about_an_organiser": {"operator"},
    "audit_entry_of_no_session": {"operator"},
    "own_log_in": {"member", "operator"},
    "data_request": {"member"},
    "item": COHORT,
    "contribution": COHORT,
    "hidden_contribution": {"member"},
    "review_given": COHORT,
    "sync": ORGANISERS,
    "freshness": COHORT,
}
#: Parts of rows above, and records for the operator alone: nobody asks for them by themselves.
WITHOUT = {
    "cohorts.importedrow",
    "cohorts.score", "cohorts.projectpreference", "contributions.apibudget", "contributions.webhookdelivery",
    "contributions.budgetsample", "contributions.sessionsync",
    "cohorts.nudgetold",
    "background.workerbeat", "background.schedule", "background.taskrun",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(kept):
    return kept(make_world)


@pytest.fixture
def world(db, made):
    return made()


def make_world() -> SimpleNamespace:
    people = {role: factories.UserFactory(email=f"{role}@example.org", name=role) for role in ROLES if role != "anonymous"}
    User.objects.filter(pk=people["operator"].pk).update(is_superuser=True)
    running, reviewing = factories.SessionFactory(), factories.SessionFactory(reviewing=True)
    open_session, unannounced = factories.SessionFactory(open=True), factories.SessionFactory(draft=True)
    for session in (running, reviewing, open_session, unannounced):
        factories.SessionRoleFactory(session=session, user=people["organiser"])
    factories.SessionRoleFactory(session=factories.SessionFactory(), user=people["other_organiser"])
    role = factories.SessionRoleFactory(session=reviewing, user=people["reviewer"], role=SessionRole.Role.REVIEWER)

    for session in (running, reviewing, open_session):
        factories.SessionRoleFactory(session=session, user=people["storyteller"], role=SessionRole.Role.STORYTELLER)
    project = factories.ProjectFactory()
    cohort = factories.CohortFactory(session=running, project=project)
    member = factories.MembershipFactory(cohort=cohort, user=people["member"])
    mate = factories.MembershipFactory(cohort=cohort, user=people["mate"])
    for leader in ("navigator", "captain"):
        factories.MembershipFactory(cohort=cohort, user=people[leader], role=leader)
    factories.MembershipFactory(cohort=factories.CohortFactory(session=running), user=people["other_member"])
    planned = factories.CohortFactory(session=reviewing)
    weeks = list(running.calendar.all())
    contribution = factories.ContributionFactory(membership=member)

    application = factories.ApplicationFactory(session=reviewing, applicant=people["applicant"])
    # The same person, in another session, with an application that the reviewer must not see.
    second = factories.SessionFactory(reviewing=True)
    factories.SessionRoleFactory(session=second, user=people["organiser"], reads_accommodations=True)
    factories.SessionRoleFactory(session=second, user=people["reviewer"], role=SessionRole.Role.REVIEWER)
    in_conflict = factories.ApplicationFactory(session=second, applicant=people["applicant"])
    by_organiser = factories.ApplicationFactory(session=reviewing, applicant=people["organiser"])
    in_conflict_by_organiser = factories.ApplicationFactory(session=second, applicant=people["organiser"])
    late_access = factories.LateAccessFactory(code__session=reviewing, person=people["applicant"])
    question = factories.QuestionFactory(session=reviewing)
    sensitive = factories.QuestionFactory(session=reviewing, sensitive=True)

    feedback = factories.FeedbackFactory(membership=member, written_at=timezone.now())
    file = factories.AnswerFileFactory(application=application)
    Answer.objects.create(application=application, question=file.question, value=file.pk, file=file)

    meeting = Meeting.objects.create(session=running, cohort=cohort, starts_at=timezone.now())
    one_to_one = Meeting.objects.create(session=running, cohort=cohort, kind="one_to_one", few=True, starts_at=timezone.now())
    for name in ("member", "navigator"):
        MeetingPerson.objects.create(meeting=one_to_one, user=people[name], invited=True)
    slot = MeetingSlot.objects.create(meeting=meeting, starts_at=timezone.now())

    def message(to, **fields):
        return Message.objects.create(recipient=people[to], address=people[to].email, kind="k", subject="s", body="b", **fields)

    rows = {
        "session": running,
        "unannounced_session": unannounced,
        "role": role,
        "week": weeks[0],
        "unannounced_week": unannounced.calendar.first(),
        "question": factories.QuestionFactory(session=open_session),
        "criterion": factories.CriterionFactory(session=reviewing),
        "project": project,
        "repository": factories.RepositoryFactory(project=project),
        "tracker": Tracker.objects.create(project=project, url="https://tickets.example.org"),
        "cohort": cohort,
        "planned_cohort": planned,
        "membership": member,
        "kept_place": factories.MembershipFactory(cohort=planned, user=people["applicant"], state="invited"),
        "announcement": factories.AnnouncementFactory(session=running, state="sent"),
        "announcement_for_leaders": factories.AnnouncementFactory(session=running, state="sending", audience="leaders"),
        "scheduled_announcement": factories.AnnouncementFactory(session=running, state="scheduled"),
        "checkin": factories.CheckInFactory(membership=member, week=weeks[0], written_at=timezone.now()),
        "nudge": factories.NudgeFactory(membership=member),
        "unwritten_checkin": factories.CheckInFactory(membership=member, week=weeks[1], did="Half a word", written_at=None),
        "feedback_form": feedback.form,
        "feedback_question": factories.FeedbackQuestionFactory(form=feedback.form),
        "feedback": feedback,
        "unwritten_feedback": factories.FeedbackFactory(membership=member, values={"1": 2}),
        "place_event": MembershipEvent.objects.create(membership=member, what="resting", note="Private"),
        "farewell": Farewell.objects.create(membership=member, did="Words", written_at=timezone.now()),
        "unwritten_farewell": Farewell.objects.create(membership=mate, did="Half a word"),
        "testimonial": Testimonial.objects.create(session=running, author=people["member"], text="Good", state="published"),
        "waiting_testimonial": Testimonial.objects.create(session=running, author=people["mate"], text="Good"),
        "checkin_reply": CheckInReply.objects.create(
            checkin=factories.CheckInFactory(membership=member, week=weeks[2]), author=people["mate"], text="Well done"
        ),
        "cheer": Cheer.objects.create(
            checkin=factories.CheckInFactory(membership=member, week=weeks[3]), user=people["navigator"]
        ),
        "shared_learning_entry": LearningEntry.objects.create(membership=member, text="Patience", shared=True),
        "own_learning_entry": LearningEntry.objects.create(membership=member, text="Doubts"),
        "meeting": meeting,
        "meeting_of_the_session": Meeting.objects.create(session=running, starts_at=timezone.now()),
        "one_to_one": one_to_one,
        "person_at_a_meeting": MeetingPerson.objects.create(meeting=meeting, user=people["mate"], answer="yes"),
        "person_at_a_one_to_one": one_to_one.people.get(user=people["member"]),
        "proposed_time": slot,
        "answer_to_a_proposed_time": SlotAnswer.objects.create(slot=slot, user=people["mate"], can="yes"),
        "private_note": MeetingNote.objects.create(meeting=one_to_one, author=people["navigator"], text="Mine"),
        "shared_note": MeetingNote.objects.create(meeting=meeting, author=people["navigator"], text="Ours", shared=True),
        "meeting_notice": MeetingNotice.objects.create(meeting=meeting, user=people["member"]),
        "cohort_feed": CohortFeed.objects.create(cohort=cohort, token_hash="1" * 64),
        "concern": (concern := factories.ConcernFactory(reporter=people["member"], read_by=people["captain"])),
        "reader_of_a_concern": concern.reading.get(),
        "note_for_who_reported": ConcernNote.objects.create(concern=concern, author=people["captain"], text="Yes", shared=True),
        "note_among_readers": ConcernNote.objects.create(concern=concern, author=people["captain"], text="Hm"),
        "contact_for_concerns": ConcernContact.objects.create(user=people["captain"]),
        "past_contact_for_concerns": ConcernContact.objects.create(user=people["captain"], session=running, active=False),
        "terms_accepted": TermsAcceptance.objects.create(user=people["member"], version="1"),
        "volunteer": factories.VolunteerFactory(session=reviewing, user=people["stranger"]),
        "unsent_offer_to_help": factories.VolunteerFactory(
            session=reviewing, user=people["stranger"], role="captain", state="draft", submitted_at=None
        ),
        "invitation_to_help": factories.VolunteerFactory(
            session=reviewing, user=None, email="mate@example.org", state="invited", submitted_at=None
        ),
        "role_invitation": RoleInvitation.objects.create(session=reviewing, role="reviewer", email="mate@example.org"),
        "training_task": (training := factories.TrainingTaskFactory(session=running)),
        "training_done": TrainingDone.objects.create(task=training, user=people["navigator"]),
        "application": application,
        "application_in_conflict": in_conflict,
        "unsubmitted_application": factories.ApplicationFactory(
            session=open_session, applicant=people["applicant"], status="draft", submitted_at=None
        ),
        "answer": Answer.objects.create(application=application, question=question, value="Because"),
        "sensitive_answer": Answer.objects.create(application=application, question=sensitive, value="A need"),
        "file": file,
        "file_of_a_draft": factories.AnswerFileFactory(application=application),
        "accommodation": factories.AccommodationFactory(application=application),
        "accommodation_for_a_named_organiser": factories.AccommodationFactory(application=in_conflict),
        "event": ApplicationEvent.objects.create(
            application=application, from_status="draft", to_status="submitted", at=timezone.now()
        ),
        "review": factories.ReviewFactory(application=application, reviewer=people["reviewer"]),
        "review_draft": factories.ReviewFactory(
            application=factories.ApplicationFactory(session=reviewing), reviewer=people["reviewer"], handed_in_at=None
        ),
        "conflict": Conflict.objects.create(application=in_conflict, reviewer=people["reviewer"]),
        "assignment": ReviewAssignment.objects.create(application=application, reviewer=people["reviewer"]),
        "claim": ReviewClaim.objects.create(application=application, reviewer=people["reviewer"], until=timezone.now()),
        "review_capacity": ReviewCapacity.objects.create(session=reviewing, reviewer=people["reviewer"], most=5),
        "review_phase": factories.ReviewPhaseFactory(session=reviewing),
        "eligibility_rule": factories.EligibilityRuleFactory(question=question),
        "review_of_an_organiser": factories.ReviewFactory(application=by_organiser, reviewer=people["reviewer"]),
        "conflict_about_an_organiser": Conflict.objects.create(application=in_conflict_by_organiser, reviewer=people["reviewer"]),
        "assignment_about_an_organiser": ReviewAssignment.objects.create(application=by_organiser, reviewer=people["reviewer"]),
        "late_code": late_access.code,
        "proposal": Proposal.objects.create(session=reviewing),
        "publication": Publication.objects.create(session=reviewing),
        "table_import": TableImport.objects.create(kind="applications", session=reviewing),
        "table_import_of_sessions": TableImport.objects.create(kind="sessions", made_by=people["other_organiser"]),
        "data_request": DataRequest.objects.create(
            user=people["member"], person_key=people["member"].pk, kind="export", requested_at=timezone.now()
        ),
        "retention_rule": RetentionRule.objects.create(session=reviewing, kind="drafts", days=9),
        "retention_run": RetentionRun.objects.create(session=reviewing, kind="drafts", days=9, started_at=timezone.now()),
        "message_template": MessageTemplate.objects.create(session=reviewing, kind="decision_offer", language="en"),
        "late_access": late_access,
        "person_in_a_cohort": people["member"],
        "person_who_applied": people["applicant"],
        "identity": factories.GitHubIdentityFactory(user=people["member"]),
        "availability": Availability.objects.create(user=people["member"], time_zone="UTC", slots=[1, 2]),
        "message": message("member"),
        "message_about_an_application": message("applicant", about=application),
        "secret_message": message("member", secret=True),
        "trouble_of_an_applicant": AddressTrouble.objects.create(address="Applicant@example.org", reason="bounced"),
        "trouble_of_nobody_any_more": AddressTrouble.objects.create(address="gone@example.org", reason="bounced"),
        "audit_entry": record("role.given", to=people["member"], scope=running),
        "audit_entry_about_an_organiser": record("decision.noted", to=people["organiser"], scope=running),
        "audit_entry_of_no_session": record("task.changed", by=people["organiser"]),
        "own_log_in": record("log_in.failed", to=people["member"]),
        "feed": CalendarFeed.objects.create(user=people["member"], token_hash="0" * 64),
        "item": contribution.work_item,
        "contribution": contribution,
        "review_given": ReviewGiven.objects.create(contribution=contribution, database_id=1, submitted_at=timezone.now()),
        "hidden_contribution": factories.ContributionFactory(membership=member, hidden=True),
        "sync": SyncRun.objects.create(session=running),
        "freshness": MemberSync.objects.create(membership=member),
    }
    return SimpleNamespace(people=people, rows=rows)


@pytest.mark.parametrize("name", SEEN_BY)
def test_who_sees_it(world, name):
    row = world.rows[name]
    # As the database has them: the operator was made one behind the back of the row in memory.
    people = {user.name: user for user in User.objects.filter(pk__in=[user.pk for user in world.people.values()])}
    everybody = {"anonymous": AnonymousUser(), **people}
    seen_by = {role for role, user in everybody.items() if type(row).objects.visible_to(user).filter(pk=row.pk).exists()}
    assert seen_by == SEEN_BY[name]


def test_no_model_is_forgotten_here(world):
    ours = [
        model for app in ("accounts", "background", "cohorts", "contributions") for model in apps.get_app_config(app).get_models()
    ]
    shown = {type(row)._meta.label_lower for row in world.rows.values()}
    assert world.rows.keys() == SEEN_BY.keys()
    assert {model._meta.label_lower for model in ours} == shown | WITHOUT
    assert not [label for label in WITHOUT if hasattr(apps.get_model(label)._default_manager, "visible_to")]


def test_the_navigation_offers_what_its_addresses_show(world):
    """It reads its own rows, for the sake of speed: what it offers must be what the querysets allow, for every role."""
    for user in User.objects.filter(pk__in=[user.pk for user in world.people.values()]):
        offered = Navigation(user)
        assert offered.may_use_admin == may_use_admin(user), user.name
        own = Cohort.objects.visible_to(user).filter(memberships__user=user)
        assert (offered.cohort in own) if offered.cohort else not own.exists(), user.name
        assert offered.organised is None or offered.organised in Session.objects.organised_by(user), user.name
        members = Membership.objects.visible_to(user).members().present().filter(user=user)
        assert offered.has_progress == members.exists(), user.name
