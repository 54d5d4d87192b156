"""A session under review in which the applicants' names lie in every place where they could come to the light."""

import datetime
from dataclasses import dataclass, field

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.messages import queue_message
from accounts.models import GitHubIdentity, Message, User
from cohorts.models import (
    Accommodation,
    Answer,
    AnswerFile,
    Application,
    ApplicationEvent,
    Concern,
    Conflict,
    LateAccess,
    LateCode,
    Membership,
    Review,
    ReviewAssignment,
    TableImport,
)
from cohorts.pending import set_pending_decision
from cohorts.placing import place
from cohorts.reviews import declare_conflict, hand_in, save_review
from tests.cohorts.world import World, make_world
from tests.factories import (
    ApplicationFactory,
    CohortFactory,
    ConcernFactory,
    MembershipFactory,
    QuestionFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

#: Words that stand in what is planted, and nowhere else. Searches use parts of them, so that a page that repeats what was typed
#: tells nothing by that.
WORDS = ("zaphira", "quillfeather", "xplanted")
TYPED = ("aphira", "uillfeathe", "xplante")
#: A key of a person that stands in no other number.
PERSON = 918_273_640


@dataclass
class Planted(World):
    """`applications`: unread, drafted, handed in and given up by the reviewer and the navigator; the last was withdrawn."""

    people: list[User] = field(default_factory=list)


def plant() -> Planted:
    """Call it in a transaction that is rolled back, with a storage for files that goes with the test."""
    world = Planted(**vars(make_world(applications=5, hear_by=timezone.localdate() + datetime.timedelta(days=3))))
    sensitive = QuestionFactory(session=world.session, label="In confidence", sensitive=True)
    unshown = QuestionFactory(session=world.session, label="Your name again", shown_to_reviewers=False)
    upload = QuestionFactory(session=world.session, label="Your work", kind="file")
    for number, application in enumerate(world.applications):
        person = _named(application, number)
        _answer(application, sensitive, unshown, upload)
        _record(application, person, world)
        world.people.append(person)
    for reviewer in (world.reviewer, world.navigator):
        _review(world, reviewer)
        for application in world.applications[:2]:
            ReviewAssignment.objects.create(application=application, reviewer=reviewer)
    _others_reviews(world)
    _decide(world)
    _earlier(world)
    _confide(world)
    _bring_in(world)
    return world


def _earlier(world: Planted) -> None:
    """What became of some of them before, which organisers read beside the application: on the waitlist, or a member."""
    earlier = SessionFactory(
        name="The one before",
        finished=True,
        starts_on=world.session.starts_on - datetime.timedelta(days=300),
        published_at=timezone.now(),
    )
    SessionRoleFactory(session=earlier, user=world.organiser)
    crew = CohortFactory(session=earlier, name="Xplanted crew")
    for number, person in enumerate(world.people[:3]):
        status = "accepted" if number == 2 else "waitlisted"
        ApplicationFactory(session=earlier, applicant=person, status=status, waitlist_rank=4300 + number)
    MembershipFactory(cohort=crew, user=world.people[2], state="completed")


def _confide(world: Planted) -> None:
    """What one of them reported in confidence to an outsider, about the session and everybody who leads it."""
    concern = ConcernFactory(
        reporter=world.people[0],
        session=world.session,
        text="xplanted concern of Zaphira",
        happened="xplanted moment",
        reach="xplanted number",
        read_by=UserFactory(name="Xplanted Confidant"),
    )
    concern.left_out.set([world.organiser, world.navigator])
    concern.notes.create(text="xplanted note on Zaphira", shared=True)


def _bring_in(world: Planted) -> None:
    """A table of an organiser, which others who organise know of and do not open."""
    table = TableImport(kind="applications", session=world.session, made_by=world.organiser, file_name="zaphira-xplanted.csv")
    table.state, table.why_stopped = "stopped", "Look again."
    table.file.save("", ContentFile(b"email,name\nzaphira@xplanted.example,Zaphira Quillfeather\n"))


def _named(application: Application, number: int) -> User:
    """Another row for the person: with a key that is seen in a page."""
    old = application.applicant
    person = User.objects.create_user(
        f"zaphira.{number}@xplanted.example",
        pk=PERSON + number,
        name=f"Zaphira Quillfeather {number}",
        bio="I am Zaphira, xplanted bio",
        pronouns="xplanted/hers",
    )
    Application.objects.filter(pk=application.pk).update(applicant=person)
    GitHubIdentity.objects.filter(user=old).update(user=person, login=f"quillfeather-{number}")
    old.delete()
    application.refresh_from_db()
    return person


def _answer(application: Application, sensitive, unshown, upload) -> None:
    Answer.objects.create(application=application, question=sensitive, value="xplanted sensitive answer")
    Answer.objects.create(application=application, question=unshown, value="Zaphira Quillfeather")
    stored = AnswerFile(
        application=application, question=upload, name="zaphira-xplanted.pdf", content_type="application/pdf", size=40
    )
    stored.file.save("zaphira-xplanted.pdf", ContentFile(b"%PDF-1.4\n% what the file itself tells\n%%EOF"))
    Answer.objects.create(application=application, question=upload, value=stored.pk, file=stored)
    application.draft = {"1": "xplanted draft of Zaphira", "github_login": "quillfeather"}
    application.eligibility, application.eligibility_reason = "needs_a_look", "xplanted reason"
    application.rule_reasons = ["xplanted rule"]
    application.content_warning = "Mentions an illness"
    application.save()
    Accommodation.objects.create(application=application, text="xplanted accommodation of Zaphira")


def _record(application: Application, person: User, world: World) -> None:
    """Histories, mails, the admin's log, the code that let the person in late."""
    ApplicationEvent.objects.create(
        application=application,
        from_status="draft",
        to_status="submitted",
        actor=person,
        at=application.submitted_at,
        note="xplanted note",
    )
    queue_message(person, kind="planted", about=application, subject="For Zaphira xplanted", body="Dear Zaphira xplanted")
    for model, row in (("application", application), ("session", world.session), ("cohort", world.cohort)):
        LogEntry.objects.create(
            user=world.organiser,
            content_type=ContentType.objects.get(app_label="cohorts", model=model),
            object_id=str(row.pk),
            object_repr="xplanted Zaphira",
            action_flag=CHANGE,
            change_message="xplanted change for Zaphira",
        )
    code = LateCode.objects.create(
        session=world.session,
        code=f"xplanted-code-{application.pk}",
        note="xplanted for Zaphira",
        expires_at=timezone.now() - datetime.timedelta(days=4),
        made_by=world.organiser,
    )
    LateAccess.objects.create(code=code, person=person)


def _review(world: Planted, reviewer: User) -> None:
    _unread, drafted, done, given_up, _withdrawn = world.applications
    save_review(drafted, by=reviewer, scores=world.scores(1))
    hand_in(done, by=reviewer, scores=world.scores(1, 1), private_comment="Mine alone", shareable_comment="Well done")
    declare_conflict(given_up, by=reviewer, reason="We share an office")


def _others_reviews(world: Planted) -> None:
    """What others wrote of what the reviewer has not handed in: the session shows it afterwards only."""
    other = SessionRoleFactory(session=world.session, role="reviewer").user
    other.name = "Xplanted Otherreviewer"
    other.save()
    for application in world.applications[:2]:
        comments = {"private_comment": "xplanted comment on Zaphira", "shareable_comment": "xplanted kind words"}
        hand_in(application, by=other, scores=world.scores(3, 3), **comments)
    declare_conflict(world.applications[2], by=other, reason="xplanted: Zaphira is my cousin")


def _decide(world: Planted) -> None:
    for application in world.applications[:2]:
        set_pending_decision(application, "offer", by=world.organiser)
        place(application, world.cohort, by=world.organiser)
    Application.objects.filter(pk=world.applications[0].pk).update(tier=77)
    last = world.applications[-1]
    Application.objects.filter(pk=last.pk).update(status="withdrawn")


def disguise(world: Planted) -> None:
    """Everything that a reviewer must not know becomes something else: other names, in another order, other notes and marks."""
    for number, person in enumerate(world.people):
        other = 9 - number
        User.objects.filter(pk=person.pk).update(
            name=f"Abdias Underhill {other}",
            email=f"abdias.{other}@elsewhere.example",
            bio="",
            pronouns="",
            is_active=number != 1,
        )
        GitHubIdentity.objects.filter(user=person).update(login=f"underhill{other}")
    Answer.objects.filter(question__sensitive=True).update(value="Nothing")
    Answer.objects.filter(question__shown_to_reviewers=False).update(value="Somebody else")
    AnswerFile.objects.update(name="b.pdf")
    Application.objects.update(
        draft={},
        eligibility="eligible",
        eligibility_reason="",
        rule_reasons=[],
        tier=None,
        pending_decision="none",
        pending_rank=None,
    )
    # Somebody else took part before, as often: what everybody may count stays.
    for row in [
        *Membership.objects.filter(cohort__session__name="The one before"),
        *Application.objects.filter(session__name="The one before"),
    ]:
        somebody = {"user": UserFactory()} if isinstance(row, Membership) else {"applicant": UserFactory()}
        type(row).objects.filter(pk=row.pk).update(**somebody)
    Accommodation.objects.all().delete()
    Concern.objects.all().delete()
    ApplicationEvent.objects.all().delete()
    Message.objects.filter(recipient__in=world.people).delete()
    LogEntry.objects.exclude(user__in=[world.reviewer, world.navigator, world.captain]).delete()
    LateCode.objects.all().delete()
    others = [world.reviewer, world.navigator, world.captain]
    Conflict.objects.exclude(reviewer__in=others).update(reason="")
    # Others' comments and scores count for nobody yet who has not handed in the own ones. How many there are does: by it the
    # queue shares out the work.
    reviews = Review.objects.exclude(reviewer__in=others)
    for review in reviews.filter(application__in=world.applications[:2]):
        review.scores.update(value=0)
    reviews.update(private_comment="", shareable_comment="", score=0)
