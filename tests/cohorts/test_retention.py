"""What a session does not keep any longer goes by itself, in batches, told and repeatable; numbers stay the same."""

import datetime
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.messages import queue_message
from accounts.models import Message
from cohorts import retention
from cohorts.models import (
    Accommodation,
    Answer,
    Application,
    CheckIn,
    CheckInReply,
    Farewell,
    Feedback,
    FeedbackForm,
    FeedbackQuestion,
    LateCode,
    Meeting,
    MeetingNote,
    MeetingPerson,
    MeetingSlot,
    Nudge,
    Proposal,
    RetentionRule,
    RetentionRun,
    Review,
    SlotAnswer,
    Testimonial,
    Volunteer,
)
from cohorts.retention import removing
from cohorts.retention.schedule import due_at_once
from contributions.models import Contribution, LearningEntry
from tests.factories import (
    AnswerFileFactory,
    ApplicationFactory,
    CheckInFactory,
    ContributionFactory,
    CriterionFactory,
    FeedbackFormFactory,
    MembershipFactory,
    QuestionFactory,
    ReviewFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

PLANTED = "zaphira"
DAY = datetime.timedelta(days=1)


def make():
    """A session with something of every kind."""
    session = SessionFactory()
    question = QuestionFactory(session=session, label="Why")
    upload = QuestionFactory(session=session, label="Work", kind="file")
    found = {}
    for status in ("accepted", "not_selected", "draft"):
        application = ApplicationFactory(
            session=session, status=status, submitted_at=None if status == "draft" else timezone.now(),
            draft={str(question.pk): PLANTED}, content_warning=PLANTED, eligibility_reason=PLANTED, rule_reasons=[PLANTED],
        )  # fmt: skip
        file = AnswerFileFactory(application=application, question=upload)
        if status != "draft":
            Answer.objects.create(application=application, question=question, value=PLANTED)
            Answer.objects.create(application=application, question=upload, value=file.pk, file=file)
        Accommodation.objects.create(application=application, text=PLANTED)
        found[status] = application
    criterion = CriterionFactory(session=session)
    review = ReviewFactory(application=found["accepted"], private_comment=PLANTED, shareable_comment=PLANTED, score=2.5)
    review.scores.create(criterion=criterion, value=2)
    membership = MembershipFactory(cohort__session=session, leaving_reason=PLANTED)
    checkin = CheckInFactory(membership=membership, did=PLANTED, hours=4, energy=2)
    CheckInReply.objects.create(checkin=checkin, author=review.reviewer, text=PLANTED)
    ContributionFactory(membership=membership, note=PLANTED, own_words=PLANTED)
    LearningEntry.objects.create(membership=membership, text=PLANTED)
    Nudge.objects.create(membership=membership, kind="silent", key="1", note=PLANTED)
    Farewell.objects.create(membership=membership, did=PLANTED, written_at=timezone.now())
    for author, state, said in ((membership.user, "published", "Come."), (review.reviewer, "declined", PLANTED)):
        Testimonial.objects.create(session=session, author=author, state=state, text=said, moderation_note=PLANTED)
    meeting = Meeting.objects.create(session=session, starts_at=timezone.now(), agenda=PLANTED, notes=PLANTED)
    MeetingNote.objects.create(meeting=meeting, author=review.reviewer, text=PLANTED)
    MeetingPerson.objects.create(meeting=meeting, user=membership.user, attendance="there")
    slot = MeetingSlot.objects.create(meeting=meeting, starts_at=timezone.now())
    SlotAnswer.objects.create(slot=slot, user=membership.user, can="yes")
    form = FeedbackFormFactory(session=session, direction=FeedbackForm.Direction.MEMBER_PROGRAM)
    text = FeedbackQuestion.objects.create(form=form, label="Say", kind=FeedbackQuestion.Kind.TEXT, order=90)
    scale = FeedbackQuestion.objects.create(form=form, label="How", kind=FeedbackQuestion.Kind.SCALE, order=91)
    Feedback.objects.create(
        form=form, membership=membership, due_on=timezone.localdate(), written_at=timezone.now(),
        values={str(text.pk): PLANTED, str(scale.pk): 4},
    )  # fmt: skip
    LateCode.objects.create(session=session, code="ABCD-EFGH-2345", note=PLANTED, expires_at=timezone.now())
    Volunteer.objects.create(session=session, user=UserFactory(), role="navigator", state="submitted", values={"1": PLANTED})
    Proposal.objects.create(session=session, state="done", inputs={"who": PLANTED})
    for about, state in ((found["accepted"], "sent"), (membership, "queued")):
        message = queue_message(membership.user, kind="offer", subject=f"{PLANTED}, an offer", body=PLANTED, about=about)
        Message.objects.filter(pk=message.pk).update(state=state)
    SessionRoleFactory(session=session, user__email="organiser@example.org")
    later = SessionFactory(starts_on=session.starts_on + 2000 * DAY)
    other = CheckInFactory(did=PLANTED, membership__cohort__session=later)
    return SimpleNamespace(session=session, found=found, scale=scale, other=other, organiser=session.roles.get().user)


@pytest.fixture(scope="module")
def made(kept):
    return kept(make)


@pytest.fixture
def world(db, made):
    return made()


def test_all_goes_in_its_time_and_the_numbers_stay(world):
    session = world.session
    before = retention.numbers_of(session)
    counts = {line.kind.key: line.count for line in retention.schedule_of(session, counted=True)}
    assert min(counts.values()) > 0, counts
    assert retention.remove_due(session.ends_at + 6 * DAY) == 0
    assert not RetentionRun.objects.exists()

    assert retention.remove_due(session.ends_at + 7 * DAY) == 3
    assert not Accommodation.objects.exists()
    assert PLANTED in str(Application.objects.filter(session=session).values("draft"))
    retention.remove_due(session.ends_at + 180 * DAY)
    assert set(Answer.objects.values_list("application__status", flat=True)) == {"accepted"}
    assert not Application.objects.filter(status="draft").exists()
    assert CheckIn.objects.filter(membership__cohort__session=session, did=PLANTED).exists()

    retention.remove_due(session.ends_at + 731 * DAY)
    left = {line.kind.key: line.count for line in retention.schedule_of(session, counted=True)}
    # A mail that was not sent yet is left alone.
    assert set(left.values()) == {0}
    assert retention.numbers_of(session) == before
    assert set(RetentionRun.objects.values_list("figures_kept", "state")) == {(True, "done")}
    for model in (
        Application,
        Review,
        CheckIn,
        CheckInReply,
        Contribution,
        LearningEntry,
        Nudge,
        Farewell,
        Meeting,
        MeetingNote,
        Volunteer,
        Proposal,
        LateCode,
        Testimonial,
    ):
        rows = model.objects.exclude(pk=world.other.pk) if model is CheckIn else model.objects.all()
        assert PLANTED not in str(list(rows.values())), model
    assert PLANTED not in str(list(Message.objects.exclude(state="queued").values()))
    assert Message.objects.filter(state="queued", body=PLANTED).count() == 1
    assert Feedback.objects.get().values == {str(world.scale.pk): 4}
    assert Testimonial.objects.get().text == "Come."
    # Of another session nothing went, and the log says nothing of people.
    world.other.refresh_from_db()
    assert world.other.did == PLANTED
    assert PLANTED not in str(list(RetentionRun.objects.values()))
    assert retention.remove_due(session.ends_at + 732 * DAY) == 0


def test_a_run_that_was_interrupted_goes_on_in_the_same_row(world, monkeypatch):
    for _more in range(4):
        ApplicationFactory(session=world.session, status="draft", submitted_at=None)
    monkeypatch.setattr(removing, "AT_ONCE", 2)
    real, calls = removing._batch, []

    def lost(*args):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args)

    now, drafts = world.session.ends_at + 30 * DAY, retention.kind_named("drafts")
    monkeypatch.setattr(removing, "_batch", lost)
    with pytest.raises(KeyboardInterrupt):
        removing.remove_kind(world.session, drafts, now=now)
    assert RetentionRun.objects.get().state == "running"
    monkeypatch.setattr(removing, "_batch", real)
    assert removing.remove_kind(world.session, drafts, now=now) == 3
    run = RetentionRun.objects.get()
    assert (run.removed, run.state) == (5, "done")


def test_what_fails_stops_no_other_kind_and_tells_no_words(world, monkeypatch, caplog):
    def fail(keys):
        raise ValueError(PLANTED)

    drafts = retention.kind_named("drafts")
    broken = retention.Kind("drafts", "", "", "", 30, (retention.Part(drafts.parts[0].rows, fail),))
    monkeypatch.setitem(removing.kinds.__globals__["_kinds"], "drafts", broken)
    with pytest.raises(removing.RetentionError, match="drafts: ValueError") as caught:
        retention.remove_due(world.session.ends_at + 30 * DAY)
    assert PLANTED not in str(caught.value) + caplog.text
    assert not Accommodation.objects.exists()
    assert RetentionRun.objects.get(kind="drafts").error == "ValueError"
    # A part that empties nothing does not go on for ever.
    idle = retention.Kind("drafts", "", "", "", 30, (retention.Part(drafts.parts[0].rows, lambda keys: None),))
    monkeypatch.setitem(removing.kinds.__globals__["_kinds"], "drafts", idle)
    with pytest.raises(removing.RetentionError):
        retention.remove_due(world.session.ends_at + 30 * DAY)
    monkeypatch.setitem(removing.kinds.__globals__["_kinds"], "drafts", drafts)
    assert retention.remove_due(world.session.ends_at + 30 * DAY) == 1
    assert RetentionRun.objects.filter(kind="drafts").values_list("state", "removed").get() == ("done", 1)


def test_organisers_set_the_days(world):
    session = world.session
    assert retention.set_days(session, {"drafts": 5, "reviews": 365}, by=world.organiser) == ["drafts"]
    assert [(rule.kind, rule.days) for rule in RetentionRule.objects.all()] == [("drafts", 5)]
    assert retention.set_days(session, {"drafts": 30}, by=world.organiser) == ["drafts"]
    assert not RetentionRule.objects.exists()
    with pytest.raises(PermissionDenied):
        retention.set_days(session, {"drafts": 5}, by=UserFactory())
    for days in (0, 3651):
        with pytest.raises(ValidationError):
            retention.set_days(session, {"drafts": days}, by=world.organiser)
    now = session.ends_at + 8 * DAY
    assert [line.kind.key for line in due_at_once(session, {"drafts": 5, "checkins": 9}, now)] == ["drafts"]
    assert {kind.key: days for kind, days in retention.times_kept(of_applying=True)}["accommodations"] == 7


def test_the_page_of_the_organisers(client, world):
    session = world.session
    address = reverse("admin:cohorts_session_retention", args=[session.pk])
    client.force_login(world.organiser)
    page = client.get(address).text
    assert "What would help people take part" in page
    assert PLANTED not in page
    days = {f"days_{line.kind.key}": line.days for line in retention.schedule_of(session)}
    assert client.post(address, {**days, "days_drafts": "0"}).status_code == 422
    assert client.post(address, {**days, "days_drafts": "soon"}).status_code == 422
    session.starts_on = datetime.date(2020, 1, 6)
    session.save()
    RetentionRule.objects.create(session=session, kind="drafts", days=3650)
    days["days_drafts"] = 3650
    asked = client.post(address, {**days, "days_drafts": "10"})
    assert asked.status_code == 422
    assert "With these days the next removal takes" in asked.text
    assert RetentionRule.objects.get().days == 3650
    assert client.post(address, {**days, "days_drafts": "10", "confirm": "on"}).status_code == 302
    assert RetentionRule.objects.get().days == 10
    retention.remove_due()
    assert "the same as before" in client.get(address).text
    client.force_login(UserFactory())
    assert client.get(address).status_code in (302, 404)
