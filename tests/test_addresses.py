"""Every address × every role. A new address without an entry here fails.

An entry says who gets the page (200). Everybody else gets what the entry's `others` says: 404 for what is hidden, a redirect to the
log-in for anonymous visitors, 405 for an address that only takes POST. Statuses are those of a GET, unless `post` is set.

Whose account is deleted or closed is a visitor everywhere, with a browser that was logged in as well. And no answer, whatever its
status, tells a word of a row that is not for this role: `PRIVATE` here, and whatever lies in a second world beside this one.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from accounts.models import Message, User
from accounts.personal_data import delete_account
from accounts.unsubscribing import token_for
from cohorts.arranging import begin
from cohorts.models import (
    Answer,
    CheckInReply,
    ConcernContact,
    Farewell,
    Meeting,
    MeetingNote,
    Proposal,
    Publication,
    Question,
    RoleInvitation,
    SessionRole,
    TableImport,
)
from cohorts.role_invitations import key_of as role_key_of
from cohorts.volunteer_mail import key_of
from contributions.models import LearningEntry
from tests import factories, test_visibility
from tests.planted_words import WORD, elsewhere, plant

ROLES = (
    "anonymous", "stranger", "applicant", "member", "other_member", "navigator", "captain", "reviewer", "storyteller",
    "organiser", "other_organiser", "operator",
)  # fmt: skip
PEOPLE = frozenset(ROLES) - {"anonymous"}
EVERYBODY = frozenset(ROLES)
#: They had a part in the session, and their browsers still hold the key of a log-in.
GONE = ("deleted", "closed")
NOBODY: frozenset[str] = frozenset()
COHORT = frozenset({"member", "navigator", "captain", "organiser", "operator"})
SESSION = COHORT | {"other_member", "storyteller"}
ADMIN = frozenset({"navigator", "captain", "reviewer", "organiser", "other_organiser", "operator"})
REVIEWERS = frozenset({"reviewer", "organiser", "operator"})
ORGANISERS = frozenset({"organiser", "operator"})
READERS = ORGANISERS | {"navigator", "captain"}
ALL_ORGANISERS = frozenset({"organiser", "other_organiser", "operator"})


@dataclass(frozen=True)
class Entry:
    """`ok`: who gets 200 (or `status`). `others`: what people who are logged in and not among them get."""

    ok: frozenset[str]
    arguments: Callable[[SimpleNamespace], list] = field(default=lambda world: [])
    others: int = 404
    anonymous: int = 302
    status: int = 200
    post: bool = False

    def expected(self, role: str) -> int:
        if role in self.ok:
            return self.status
        return self.anonymous if role == "anonymous" else self.others


def public(arguments=lambda world: []) -> Entry:
    return Entry(EVERYBODY, arguments)


def own(arguments=lambda world: [], **options) -> Entry:
    return Entry(PEOPLE, arguments, **options)


def figures(arguments=lambda world: [world.session.slug]) -> Entry:
    """Hidden like the work that they count, and public once the session is over."""
    return Entry(SESSION, arguments, anonymous=404)


def membership(world):
    return [world.membership.pk]


SITE = {
    "home": public(),
    "sessions": public(),
    "session": public(lambda world: [world.session.slug]),
    "apply": public(lambda world: [world.open.slug]),
    "answer_file": Entry(REVIEWERS | {"applicant"}, lambda world: [world.file.key], anonymous=404),
    "apply_file": Entry(PEOPLE, lambda world: [world.open.slug, world.file_question.pk], post=True, anonymous=422),
    "apply_preview": Entry(ORGANISERS, lambda world: [world.open.slug], anonymous=404),
    "late_code": own(lambda world: [world.reviewing.slug]),
    "projects": public(),
    "words": public(),
    "project": public(lambda world: [world.project.slug]),
    "session_figures": figures(),
    "session_figures_csv": figures(),
    "session_figures_json": figures(),
    "session_picture": figures(lambda world: [world.session.slug, "weeks"]),
    "compare_figures": figures(),
    "compare_picture": figures(),
    "code_of_conduct": public(),
    "privacy": public(),
    "maintainers": public(),
    "contact": public(),
    "terms": own(),
    "report": public(),
    "concerns": own(),
    # Chosen: the captain. Everybody else hears nothing of it, the operator too; who can be opened with a reason is listed to operators.
    "concern": Entry(frozenset({"captain", "member"}), lambda world: [world.concern.pk]),
    "open_concern": Entry(frozenset({"operator"}), lambda world: [world.concern.pk]),
    "follow_concern": Entry(NOBODY, lambda world: ["not-a-token"], anonymous=404),
    "step_down": Entry(frozenset({"captain"}), lambda world: [world.concern_contact.pk], post=True, status=302),
    "healthz": public(),
    "feed": Entry(NOBODY, lambda world: ["not-a-token"], anonymous=404),
    "theme": Entry(EVERYBODY, status=302, post=True),
    # Whoever needs no second step, and whoever has nothing that waits, is led on.
    "second_factor": own(status=302),
    "proven": own(status=302),
    "usersessions_list": own(),
    "mfa_remove_webauthn": Entry(PEOPLE, lambda world: [1], status=302),
    "language": Entry(EVERYBODY, status=302, post=True),
    "my_applications": own(),
    "application": Entry(frozenset({"applicant"}), lambda world: [world.application.pk]),
    "withdraw": Entry(frozenset({"applicant"}), lambda world: [world.application.pk]),
    "decline": Entry(frozenset({"applicant"}), lambda world: [world.offered.pk]),
    "discard": Entry(frozenset({"applicant"}), lambda world: [world.application.pk], status=302),
    "accept": Entry(frozenset({"applicant"}), lambda world: [world.offered.pk]),
    "my_progress": own(),
    "progress": Entry(COHORT, membership),
    "track": Entry(frozenset({"member"}), membership, post=True),
    "sync": Entry(COHORT, membership, post=True, status=302),
    "sync_status": Entry(COHORT, membership, status=302),
    "checkin": Entry(COHORT, lambda world: [world.membership.pk, 4]),
    "rest": Entry(frozenset({"member"}), membership, post=True, status=302),
    "checkin_history": Entry(COHORT, membership),
    "checkin_reminder": Entry(frozenset({"member"}), membership),
    "checkin_reply": Entry(COHORT, lambda world: [world.checkin.pk], post=True, status=422),
    "checkin_cheer": Entry(COHORT - {"member"}, lambda world: [world.checkin.pk], post=True, status=302),
    "edit_reply": Entry(frozenset({"navigator"}), lambda world: [world.reply.pk]),
    "delete_reply": Entry(frozenset({"navigator"}), lambda world: [world.reply.pk]),
    "handle_attention": Entry(COHORT - {"member"}, membership, post=True, status=302),
    "take_back_nudge": Entry(COHORT - {"member"}, lambda world: [world.nudge.pk], post=True, status=302),
    "learning": Entry(COHORT, membership),
    "new_learning": Entry(frozenset({"member"}), membership),
    "learning_export": Entry(frozenset({"member"}), membership),
    "learning_entry": Entry(COHORT - {"operator"}, lambda world: [world.entry.pk]),
    "delete_learning": Entry(frozenset({"member"}), lambda world: [world.entry.pk]),
    "my_feedback": own(),
    "feedback": Entry(frozenset({"member"}), lambda world: [world.feedback.pk]),
    "tell_feedback": Entry(frozenset({"member"}), membership, post=True, status=302),
    "session_feedback": Entry(READERS, lambda world: [world.session.slug]),
    "session_feedback_csv": Entry(ORGANISERS, lambda world: [world.session.slug]),
    "work": Entry(COHORT, lambda world: [world.contribution.pk]),
    "edit_work": Entry(frozenset({"member"}), lambda world: [world.by_hand.pk]),
    "delete_work": Entry(frozenset({"member"}), lambda world: [world.by_hand.pk]),
    "work_part": Entry(frozenset({"member"}), lambda world: [world.contribution.pk], post=True, status=302),
    "work_together": Entry(frozenset({"member"}), lambda world: [world.contribution.pk], post=True, status=302),
    "hide_work": Entry(frozenset({"member"}), lambda world: [world.contribution.pk], post=True, status=302),
    "restore_work": Entry(frozenset({"member"}), lambda world: [world.contribution.pk], post=True, status=302),
    "cohort": Entry(COHORT, lambda world: [world.cohort.pk]),
    "my_meetings": own(),
    "meetings": Entry(COHORT, lambda world: [world.cohort.pk]),
    "meeting": Entry(COHORT, lambda world: [world.poll.pk]),
    "meeting_answer": Entry(COHORT - ORGANISERS, lambda world: [world.poll.pk], post=True, status=302),
    # Without a word of what is meant, nothing is found.
    "meeting_attended": Entry(NOBODY, lambda world: [world.poll.pk], post=True),
    "meeting_write": Entry(NOBODY, lambda world: [world.poll.pk], post=True),
    "meeting_file": Entry(NOBODY, lambda world: [world.poll.pk]),
    "cohort_feed": Entry(NOBODY, lambda world: ["not-a-token"], anonymous=404),
    "cohort_feed_create": Entry(COHORT - {"member"}, lambda world: [world.cohort.pk], post=True),
    "cohort_feed_revoke": Entry(COHORT - {"member"}, lambda world: [world.cohort.pk], post=True, status=302),
    "new_meeting": Entry(COHORT, lambda world: [world.cohort.pk]),
    "new_session_meeting": Entry(ORGANISERS, lambda world: [world.session.slug]),
    "change_meeting": Entry(COHORT - {"member"}, lambda world: [world.poll.pk]),
    "cancel_meeting": Entry(COHORT - {"member"}, lambda world: [world.poll.pk]),
    "meeting_times": Entry(COHORT, lambda world: [world.poll.pk]),
    "guides": public(),
    "guide": public(lambda world: ["member"]),
    "cohort_details": Entry(COHORT - {"member"}, lambda world: [world.cohort.pk]),
    "cohort_sync": Entry(COHORT - {"member"}, lambda world: [world.cohort.pk], post=True, status=302),
    "cohort_sync_status": Entry(COHORT, lambda world: [world.cohort.pk], status=302),
    "session_board": Entry(ORGANISERS, lambda world: [world.session.slug]),
    "session_sync": Entry(ORGANISERS, lambda world: [world.session.slug], post=True, status=302),
    "session_sync_status": Entry(ORGANISERS, lambda world: [world.session.slug], status=302),
    "apply_reuse": Entry(PEOPLE, lambda world: [world.open.slug], post=True, status=302),
    "apply_login": Entry(PEOPLE, lambda world: [world.open.slug]),
    "place": Entry(COHORT, membership),
    "place_rest": Entry(COHORT, membership, post=True, status=302),
    "place_back": Entry(COHORT, membership, post=True, status=302),
    "leave": Entry(frozenset({"member", "organiser", "operator"}), membership, others=404),
    "place_return": Entry(COHORT, membership, post=True, status=422),
    "place_extend": Entry(COHORT, membership, post=True, status=422),
    "farewell": Entry(frozenset({"member"}), membership),
    "take_farewell_back": Entry(frozenset({"member"}), membership, post=True, status=302),
    "certificate": Entry(NOBODY, membership),
    "closing": Entry(COHORT, lambda world: [world.cohort.pk]),
    "hand_over": Entry(ORGANISERS, lambda world: [world.cohort.pk]),
    "testimonial": Entry(NOBODY, lambda world: [world.session.slug]),
    "take_testimonial_back": Entry(NOBODY, lambda world: [world.session.slug], post=True),
    "volunteer_roles": public(lambda world: [world.open.slug]),
    "volunteer": own(lambda world: [world.open.slug, "navigator"]),
    "volunteer_preview": Entry(ORGANISERS, lambda world: [world.open.slug, "navigator"], anonymous=404),
    "my_volunteering": own(),
    "volunteering": Entry(frozenset({"applicant"}), lambda world: [world.volunteer.pk]),
    "withdraw_volunteer": Entry(frozenset({"applicant"}), lambda world: [world.volunteer.pk]),
    "discard_volunteer": Entry(frozenset({"applicant"}), lambda world: [world.volunteer.pk], post=True, status=302),
    "volunteer_invitation": Entry(EVERYBODY, lambda world: [key_of(world.invitation)]),
    "role_invitation": public(lambda world: [role_key_of(world.role_invitation)]),
    "training": Entry(frozenset({"navigator", "captain", "organiser"}), lambda world: [world.session.slug]),
    "tick_training": Entry(
        frozenset({"navigator", "captain", "organiser"}), lambda world: [world.training.pk], post=True, status=302
    ),
    "alumni": public(),
    "testimonials": public(),
    "github_webhook": Entry(EVERYBODY, post=True, status=401),
    "me": own(),
    "my_github_login": Entry(PEOPLE, post=True, status=302),
    "calendar_create": Entry(PEOPLE, post=True),
    "calendar_revoke": Entry(PEOPLE, post=True, status=302),
    "address_is_well": Entry(PEOPLE, post=True, status=302),
    "unsubscribe": public(lambda world: [token_for(world.people["member"], "reminders")]),
    "subscribe": Entry(EVERYBODY, lambda world: [token_for(world.people["member"], "reminders")], post=True, status=302),
    "my_data": own(),
    "my_data_export": Entry(PEOPLE, status=302, post=True),
    "my_data_download": Entry(PEOPLE, lambda world: [uuid.UUID(int=1)], status=302),
    "my_data_delete": Entry(PEOPLE, status=302, post=True),
    "availability": own(),
    "confirm_availability": Entry(PEOPLE, post=True, status=302),
}


#: Rows whose texts are for few, with the roles that may read them; what else lies beside them is looked at in `test_visibility`.
PRIVATE = {
    "concern": {"captain", "member"},
    "note_among_readers": {"captain"},
    "note_of_the_navigator": {"navigator"},
    "one_to_one": {"member", "navigator", "organiser", "operator"},
    "accommodation": {"applicant", "organiser"},
    "unwritten_checkin": {"member"},
    "own_learning_entry": {"member"},
    "unwritten_farewell": {"member"},
    "draft": {"applicant"},
    "secret_mail": {"member"},
    "late_code": {"organiser", "operator"},
    "nudge": {"navigator", "captain", "organiser", "operator"},
    "hidden_contribution": {"member"},
    "checkin": COHORT,
    "offered": {"applicant", "operator"},
    "review_draft": {"reviewer"},
}


@pytest.fixture(scope="module")
def made(kept):
    return kept(make_both_worlds)


def make_both_worlds() -> SimpleNamespace:
    """This one with private words in it, and beside it another, of whose sessions nobody here has heard but the operator."""
    world = make_world()
    rows = private_rows(world)
    world.private = list(rows.values())
    world.words = {word: (where, PRIVATE[where.partition(".")[0]]) for word, where in plant(rows).items()}
    # What addresses make for themselves is of this world.
    by_hand(world), mail(world)
    others = elsewhere(test_visibility.make_world)
    world.elsewhere = others
    for word, where in plant(others.rows, first=2000).items():
        seen_by = test_visibility.SEEN_BY[where.partition(".")[0]]
        readers = EVERYBODY if "anonymous" in seen_by else {"operator"} & seen_by
        world.words[word] = (f"elsewhere: {where}", readers)
    return world


def private_rows(world) -> dict:
    one_to_one = Meeting.objects.create(
        session=world.session, cohort=world.cohort, kind="one_to_one", few=True, starts_at=timezone.now()
    )
    for name in ("member", "navigator"):
        one_to_one.people.create(user=world.people[name], invited=True)
    member = world.people["member"]
    weeks = list(world.session.calendar.order_by("number"))
    return {
        "concern": world.concern,
        "note_among_readers": world.concern.notes.create(author=world.people["captain"], text="Hm"),
        "one_to_one": one_to_one,
        "note_of_the_navigator": MeetingNote.objects.create(meeting=one_to_one, author=world.people["navigator"], text="Mine"),
        "accommodation": factories.AccommodationFactory(application=world.application),
        "unwritten_checkin": factories.CheckInFactory(membership=world.membership, week=weeks[1], written_at=None),
        "own_learning_entry": LearningEntry.objects.create(membership=world.membership, text="Doubts"),
        "unwritten_farewell": Farewell.objects.create(membership=world.membership, did="Half a word"),
        "draft": factories.ApplicationFactory(
            session=world.open, applicant=world.people["applicant"], status="draft", submitted_at=None, submitted_version=None
        ),
        "secret_mail": Message.objects.create(
            recipient=member, address=member.email, kind="k", subject="s", body="b", secret=True
        ),
        "late_code": world.late_code,
        "nudge": world.nudge,
        "hidden_contribution": factories.ContributionFactory(membership=world.membership, hidden=True),
        "checkin": world.checkin,
        "offered": world.offered,
        "review_draft": factories.ReviewFactory(
            application=world.application, reviewer=world.people["reviewer"], handed_in_at=None
        ),
    }


@pytest.fixture
def world(db, made):
    return made()


def make_world() -> SimpleNamespace:
    """A running session with a cohort, one under review and one that is open; and one person for each role."""
    open_session = factories.SessionFactory(open=True, takes_navigators=True)
    reviewing = factories.SessionFactory(reviewing=True)
    session = factories.SessionFactory()
    project = factories.ProjectFactory()
    session.projects.add(project)
    cohort = factories.CohortFactory(session=session, project=project)
    other_cohort = factories.CohortFactory(session=session)
    people = {role: factories.UserFactory(email=f"{role}@example.org", name=role) for role in ROLES if role != "anonymous"}
    User.objects.filter(pk=people["operator"].pk).update(is_superuser=True)
    member = factories.MembershipFactory(cohort=cohort, user=people["member"])
    factories.GitHubIdentityFactory(user=people["member"])
    factories.MembershipFactory(cohort=cohort, user=people["navigator"], role="navigator")
    factories.MembershipFactory(cohort=cohort, user=people["captain"], role="captain")
    factories.MembershipFactory(cohort=other_cohort, user=people["other_member"])
    gone = {role: factories.UserFactory(email=f"{role}@example.org", name=role) for role in GONE}
    for each in (open_session, reviewing, session):
        factories.SessionRoleFactory(session=each, user=people["organiser"], reads_accommodations=True)
        for person in gone.values():
            factories.SessionRoleFactory(session=each, user=person, reads_accommodations=True)
    factories.SessionRoleFactory(session=reviewing, user=people["reviewer"], role=SessionRole.Role.REVIEWER)
    factories.SessionRoleFactory(session=factories.SessionFactory(), user=people["other_organiser"])
    factories.SessionRoleFactory(session=session, user=people["storyteller"], role=SessionRole.Role.STORYTELLER)
    question = factories.QuestionFactory(session=open_session)
    for kind in sorted({*Question.Kind.values} - {question.kind, "file"}):
        factories.QuestionFactory(session=open_session, kind=kind, choices="One\nTwo\nThree", required=False)
    factories.CriterionFactory(session=reviewing)
    planned = factories.CohortFactory(session=reviewing)
    factories.MembershipFactory(cohort=planned, role="navigator")
    application = factories.ApplicationFactory(session=reviewing, applicant=people["applicant"])
    file = factories.AnswerFileFactory(application=application)
    Answer.objects.create(application=application, question=file.question, value=file.pk, file=file)
    checkin = factories.CheckInFactory(membership=member)
    cookies = {role: cookie_of(person) for role, person in (people | gone).items()}
    User.objects.filter(pk=gone["closed"].pk).update(is_active=False)
    delete_account(gone["deleted"], by=gone["deleted"])
    return SimpleNamespace(
        people=people,
        cookies=cookies,
        checkin=checkin,
        reply=CheckInReply.objects.create(checkin=checkin, author=people["navigator"], text="Well done"),
        nudge=factories.NudgeFactory(membership=member, handled_at=timezone.now()),
        entry=LearningEntry.objects.create(membership=member, text="Patience", shared=True),
        poll=Meeting.objects.create(session=session, cohort=cohort, state="polling"),
        session=session,
        open=open_session,
        concern=factories.ConcernFactory(reporter=people["member"], read_by=people["captain"]),
        concern_contact=ConcernContact.objects.create(user=people["captain"]),
        volunteer=factories.VolunteerFactory(session=open_session, user=people["applicant"], role="captain"),
        offer_to_organise=factories.VolunteerFactory(session=reviewing, role="organiser"),
        role_invitation=RoleInvitation.objects.create(
            session=session, role="reviewer", email="asked@example.org", invited_by=people["organiser"]
        ),
        invitation=factories.VolunteerFactory(
            session=open_session,
            user=None,
            email="asked@example.org",
            state="invited",
            submitted_at=None,
            invited_at=timezone.now(),
        ),
        training=factories.TrainingTaskFactory(session=session),
        reviewing=reviewing,
        late_code=factories.LateCodeFactory(session=reviewing),
        proposal=Proposal.objects.create(session=reviewing, state="cancelled", result={"members": {str(planned.pk): []}}),
        publication=Publication.objects.create(session=reviewing, state="done", decided_at=timezone.now()),
        table_import=TableImport.objects.create(kind="applications", session=reviewing),
        planned=planned,
        project=project,
        cohort=cohort,
        membership=member,
        question=question,
        feedback=factories.FeedbackFactory(membership=member),
        feedback_form=factories.FeedbackFormFactory(session=reviewing),
        announcement=factories.AnnouncementFactory(session=reviewing),
        reviewed_question=factories.QuestionFactory(session=reviewing),
        contribution=factories.ContributionFactory(membership=member),
        by_hand=factories.ContributionFactory(
            membership=member, work_item=factories.WorkItemFactory(kind="other", state="closed")
        ),
        application=application,
        file=file,
        file_question=factories.QuestionFactory(session=open_session, kind="file"),
        offered=factories.ApplicationFactory(
            session=factories.SessionFactory(reviewing=True), applicant=people["applicant"], status="offered"
        ),
    )


def cookie_of(person: User) -> str:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def client_of(world, role: str) -> Client:
    client = Client()
    if role != "anonymous":
        client.cookies[settings.SESSION_COOKIE_NAME] = world.cookies[role]
    return client


def site_patterns(patterns=None, prefix: str = ""):
    """Names of the site's own addresses: allauth's and the admin's are looked at elsewhere."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if getattr(pattern, "app_name", None) == "admin" or str(pattern.pattern) == "accounts/":
            continue
        if hasattr(pattern, "url_patterns"):
            yield from site_patterns(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            yield pattern.name


def test_every_address_of_the_site_has_an_entry():
    assert sorted(site_patterns()) == sorted(SITE)


@pytest.mark.parametrize("name", SITE)
def test_each_role_gets_what_it_may_see(world, name):
    entry = SITE[name]
    found, expected, told = {}, {}, {}
    for role in (*ROLES, *GONE):
        client = client_of(world, role)
        address = reverse(name, args=entry.arguments(world))
        response = client.post(address) if entry.post else client.get(address)
        found[role], expected[role] = response.status_code, entry.expected("anonymous" if role in GONE else role)
        told[role] = told_to(world, role, response)
    assert found == expected
    assert {role: leaks for role, leaks in told.items() if leaks} == {}


def told_to(world, role, response) -> list[str]:
    """What of the private words stands in the answer, and is not for `role`. A download is open until it is read to its end."""
    text = (response.getvalue() if response.streaming else response.content).decode(errors="replace")
    reader = "anonymous" if role in GONE else role
    words = {*WORD.findall(text), *WORD.findall(str(response.headers))}
    return sorted(world.words[word][0] for word in words if reader not in world.words[word][1])


@pytest.mark.parametrize("name", [name for name, entry in SITE.items() if entry.post])
def test_addresses_that_change_something_refuse_get(world, name):
    for role in ("anonymous", "member", "operator"):
        response = client_of(world, role).get(reverse(name, args=SITE[name].arguments(world)))
        # Asked to log in, or to log in once more, or told that only POST is understood, or led to the page with the form.
        assert response.status_code == 405 or response.headers.get("Location", "").startswith(("/accounts/", "/progress/"))


# The admin's own addresses. Lists and forms of models are looked at by `tests/cohorts/test_admin_roles.py`, for every model.
OUTSIDERS = EVERYBODY - ADMIN - {"anonymous"}


def reviewing(world):
    return [world.reviewing.pk]


def applied(world):
    return [world.application.pk]


def mail(world):
    application = world.application
    fields = {"address": application.applicant.email, "kind": "offer", "subject": "An offer", "body": "Yes"}
    return [
        Message.objects.get_or_create(
            recipient=application.applicant,
            about_type=ContentType.objects.get_for_model(application),
            about_id=application.pk,
            defaults=fields,
        )[0].pk
    ]


def proposed(world):
    return [world.reviewing.pk, world.proposal.pk]


def by_hand(world):
    if not hasattr(world, "arranged"):
        world.arranged = begin(world.reviewing, by=world.people["organiser"])
    return [world.reviewing.pk, world.arranged.pk]


def moving_in(world):
    return [world.table_import.pk]


def published(world):
    return [world.reviewing.pk, world.publication.pk]


def announced(world):
    return [world.reviewing.pk, world.announcement.pk]


def offered_to_organise(world):
    return [world.reviewing.pk, world.offer_to_organise.pk]


def mail_of_an_offer(world):
    return [world.reviewing.pk, "decision_offer", "en"]


ADMIN_SITE = {
    "index": Entry(ADMIN, others=302),
    "login": Entry(ADMIN, status=302, others=403),
    "logout": Entry(ADMIN, status=302, others=302),
    "cohorts_application_export": Entry(ALL_ORGANISERS),
    "cohorts_application_conflict": Entry(ORGANISERS, applied, post=True, status=302),
    "cohorts_application_change": Entry(ORGANISERS, applied),
    "cohorts_application_rules": Entry(ORGANISERS, applied, post=True, status=302),
    "cohorts_review_queue": Entry(ADMIN),
    "cohorts_review_next": Entry(NOBODY, post=True),
    "cohorts_review_questions": Entry(REVIEWERS, status=302),
    "cohorts_review_question": Entry(REVIEWERS, lambda world: [world.reviewed_question.pk]),
    "accounts_auditentry_export": Entry(ALL_ORGANISERS),
    "cohorts_review_export": Entry(ADMIN - {"captain"}),
    "cohorts_review_application": Entry(REVIEWERS, applied),
    "cohorts_review_skip": Entry(REVIEWERS, applied, post=True, status=302),
    "cohorts_review_conflict": Entry(REVIEWERS, applied, post=True, status=302),
    "cohorts_review_withdraw_conflict": Entry(NOBODY, lambda world: [0], post=True),
    "cohorts_session_announce": Entry(ORGANISERS, reviewing),
    "cohorts_session_late_codes": Entry(ORGANISERS, reviewing),
    "cohorts_session_wishes": Entry(ORGANISERS, reviewing),
    "cohorts_session_retention": Entry(ORGANISERS, reviewing),
    "cohorts_session_accommodations": Entry(frozenset({"organiser"}), reviewing),
    "cohorts_session_revoke_late_code": Entry(
        ORGANISERS, lambda world: [world.reviewing.pk, world.late_code.pk], post=True, status=302
    ),
    "cohorts_session_close_review": Entry(ORGANISERS, reviewing),
    "cohorts_session_reopen_review": Entry(ORGANISERS, reviewing),
    "cohorts_session_archive": Entry(ORGANISERS, reviewing),
    "cohorts_session_publish": Entry(ORGANISERS, reviewing),
    # While people review nothing is about to go out, to nobody.
    "cohorts_session_publish_message": Entry(NOBODY, lambda world: [world.reviewing.pk, world.application.pk]),
    "cohorts_session_publish_html": Entry(NOBODY, lambda world: [world.reviewing.pk, world.application.pk]),
    "cohorts_session_publish_test": Entry(
        ORGANISERS, lambda world: [world.reviewing.pk, world.application.pk], post=True, status=302
    ),
    "cohorts_moving_in": Entry(ALL_ORGANISERS),
    "cohorts_moving_in_template": Entry(ALL_ORGANISERS, lambda world: ["applications"]),
    "cohorts_moving_in_table": Entry(ORGANISERS, moving_in),
    # What is in the file is for whoever uploaded it, and for the operator.
    "cohorts_moving_in_start": Entry(frozenset({"operator"}), moving_in, post=True, status=302),
    "cohorts_moving_in_undo": Entry(frozenset({"operator"}), moving_in, post=True, status=302),
    "cohorts_moving_in_refused": Entry(frozenset({"operator"}), moving_in, status=302),
    "cohorts_moving_in_discard": Entry(frozenset({"operator"}), moving_in, post=True, status=302),
    "cohorts_session_publications": Entry(ORGANISERS, reviewing),
    "cohorts_session_publication": Entry(ORGANISERS, published),
    "cohorts_session_publication_carry_on": Entry(ORGANISERS, published, post=True, status=302),
    "cohorts_session_publication_settle": Entry(ORGANISERS, published, post=True, status=302),
    "cohorts_session_feedback": Entry(ORGANISERS, reviewing),
    "cohorts_session_feedback_usual": Entry(ORGANISERS, reviewing, post=True, status=302),
    "cohorts_session_feedback_new": Entry(ORGANISERS, reviewing),
    "cohorts_session_feedback_form": Entry(ORGANISERS, lambda world: [world.reviewing.pk, world.feedback_form.pk]),
    "cohorts_session_feedback_use": Entry(
        ORGANISERS, lambda world: [world.reviewing.pk, world.feedback_form.pk], post=True, status=302
    ),
    "cohorts_session_announcements": Entry(ORGANISERS, reviewing),
    "cohorts_session_announcement_new": Entry(ORGANISERS, reviewing),
    "cohorts_session_announcement": Entry(ORGANISERS, announced),
    "cohorts_session_announcement_html": Entry(ORGANISERS, announced),
    "cohorts_session_announcement_schedule": Entry(ORGANISERS, announced),
    "cohorts_session_announcement_preview": Entry(ORGANISERS, reviewing, post=True),
    "cohorts_session_announcement_typed": Entry(ORGANISERS, reviewing, post=True),
    "cohorts_session_announcement_test": Entry(ORGANISERS, reviewing, post=True, status=422),
    "cohorts_session_announcement_cancel": Entry(ORGANISERS, announced, post=True, status=302),
    "cohorts_session_announcement_copy": Entry(ORGANISERS, announced, post=True, status=302),
    "cohorts_session_announcement_discard": Entry(NOBODY, lambda world: [world.reviewing.pk, 0], post=True),
    "cohorts_session_mails": Entry(ORGANISERS, reviewing),
    "cohorts_session_mail": Entry(ORGANISERS, mail_of_an_offer),
    "cohorts_session_mail_preview": Entry(ORGANISERS, mail_of_an_offer, post=True),
    "cohorts_session_mail_html": Entry(ORGANISERS, mail_of_an_offer),
    "cohorts_session_mail_test": Entry(ORGANISERS, mail_of_an_offer, post=True, status=422),
    "cohorts_session_mail_reset": Entry(ORGANISERS, mail_of_an_offer),
    "cohorts_session_ranking": Entry(ORGANISERS, reviewing),
    "cohorts_session_ranking_export": Entry(ORGANISERS, reviewing),
    "cohorts_session_ranking_reviewers": Entry(ORGANISERS, reviewing),
    "cohorts_session_tiers": Entry(ORGANISERS, reviewing),
    "cohorts_session_decide": Entry(ORGANISERS, reviewing, post=True, status=302),
    "cohorts_session_take_back": Entry(ORGANISERS, reviewing),
    "cohorts_session_waitlist": Entry(ORGANISERS, reviewing),
    "cohorts_session_waitlist_automatic": Entry(ORGANISERS, reviewing, post=True, status=302),
    "cohorts_session_waitlist_offer": Entry(ORGANISERS, lambda world: [world.reviewing.pk, world.application.pk], status=302),
    "cohorts_session_import_scores": Entry(ORGANISERS, reviewing),
    "cohorts_session_import_scores_template": Entry(ORGANISERS, reviewing),
    "cohorts_session_import_scores_reviews": Entry(ORGANISERS, reviewing),
    "cohorts_session_copy": Entry(ORGANISERS, reviewing),
    "cohorts_session_volunteers": Entry(ORGANISERS, reviewing),
    "cohorts_session_volunteers_usual": Entry(ORGANISERS, reviewing, post=True, status=302),
    "cohorts_session_invite": Entry(ORGANISERS, lambda world: [world.reviewing.pk, "captain"]),
    "cohorts_session_training": Entry(ORGANISERS, reviewing),
    "cohorts_session_take_back_invitation": Entry(NOBODY, lambda world: [world.reviewing.pk, 0], post=True),
    "cohorts_session_volunteer": Entry(ORGANISERS, offered_to_organise),
    "cohorts_session_volunteer_place": Entry(ORGANISERS, offered_to_organise, post=True, status=302),
    "cohorts_session_volunteer_organiser": Entry(ORGANISERS, offered_to_organise),
    "cohorts_session_copy_questions": Entry(ORGANISERS, reviewing),
    "cohorts_session_copy_criteria": Entry(ORGANISERS, reviewing),
    "cohorts_session_assign_reviews": Entry(ORGANISERS, reviewing),
    "cohorts_session_apply_rules": Entry(ORGANISERS, reviewing),
    "cohorts_session_form_cohorts": Entry(ORGANISERS, reviewing),
    "cohorts_session_compare_proposals": Entry(ORGANISERS, reviewing),
    "cohorts_session_proposal": Entry(ORGANISERS, proposed),
    "cohorts_session_proposal_hours": Entry(ORGANISERS, lambda world: [*proposed(world), world.planned.pk]),
    "cohorts_session_proposal_cancel": Entry(ORGANISERS, proposed, post=True, status=302),
    "cohorts_session_proposal_discard": Entry(ORGANISERS, proposed, post=True, status=302),
    "cohorts_session_proposal_accept": Entry(ORGANISERS, proposed, post=True, status=302),
    "cohorts_session_proposal_undo": Entry(ORGANISERS, proposed, post=True, status=302),
    "cohorts_session_arrange_begin": Entry(ORGANISERS, lambda world: [world.reviewing.pk], post=True, status=302),
    "cohorts_session_arrange": Entry(ORGANISERS, by_hand),
    "cohorts_session_arrange_person": Entry(ORGANISERS, lambda world: [*by_hand(world), world.application.pk]),
    "cohorts_session_arrange_cohort": Entry(ORGANISERS, lambda world: [*by_hand(world), world.planned.pk]),
    "cohorts_session_arrange_change": Entry(ORGANISERS, by_hand, post=True, status=302),
    "cohorts_session_arrange_accept": Entry(ORGANISERS, by_hand),
    "accounts_message_html": Entry(ORGANISERS, mail),
    "accounts_user_second_step": Entry(frozenset({"operator"}), lambda world: [world.people["member"].pk]),
    "contributions_syncrun_now": Entry(ORGANISERS, lambda world: [world.session.pk]),
    "contributions_syncrun_now_project": Entry(ORGANISERS, lambda world: [world.session.pk, world.session.projects.get().pk]),
    "contributions_syncrun_now_member": Entry(ORGANISERS, membership),
    "contributions_membersync_session": Entry(ORGANISERS, lambda world: [world.session.pk]),
}
OF_A_MODEL = ("_changelist", "_add", "_history", "_delete", "_change")


def own_admin_names() -> set[str]:
    """Addresses of the admin that this project adds to Django's."""
    names = set()
    (admin_urls,) = [each for each in get_resolver().url_patterns if getattr(each, "app_name", None) == "admin"]
    for pattern in admin_urls.url_patterns:
        for each in getattr(pattern, "url_patterns", [pattern]):
            ours = each.callback.__module__.startswith(("accounts.", "background.", "cohorts.", "contributions."))
            if ours and each.name and not each.name.endswith(OF_A_MODEL):
                names.add(each.name)
    return names


def test_every_address_of_the_admin_has_an_entry():
    assert sorted(own_admin_names() | {"cohorts_application_change", "cohorts_session_arrange_change"}) == sorted(ADMIN_SITE)


@pytest.mark.parametrize("name", ADMIN_SITE)
def test_each_role_gets_what_it_may_see_in_the_admin(world, name):
    entry = ADMIN_SITE[name]
    found, expected, told = {}, {}, {}
    for role in (*ROLES, *GONE):
        client = client_of(world, role)
        address = reverse(f"admin:{name}", args=entry.arguments(world))
        response = client.post(address) if entry.post else client.get(address)
        found[role], expected[role] = response.status_code, entry.expected("anonymous" if role in GONE else role)
        told[role] = told_to(world, role, response)
        if role in OUTSIDERS and response.status_code == 302:
            # To the door, which says 403: see `login`.
            expected[role] = 302
    assert found == expected
    assert {role: leaks for role, leaks in told.items() if leaks} == {}
