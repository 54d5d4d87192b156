"""Writing, submitting, withdrawing and answering, by the domain functions alone."""

import datetime

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accounts.messages import send_message
from accounts.models import GitHubIdentity, Message
from cohorts.application_mail import CHANGES_WAIT
from cohorts.applications import (
    DraftStale,
    TooLate,
    accept_offer,
    decline_offer,
    discard_changes,
    expire_offers,
    save_draft,
    submit,
    withdraw,
)
from cohorts.entries import LARGEST_ENTRY, Entry, EntryInvalid, EntryTooLarge
from cohorts.models import Answer, Application, Membership, Question
from cohorts.moves import MoveError
from cohorts.public_status import history, public_status, with_public_status
from cohorts.tasks import expire_offers_task
from cohorts.version_changes import as_note
from tests.factories import (
    ApplicationFactory,
    CohortFactory,
    GitHubIdentityFactory,
    MembershipFactory,
    ProjectFactory,
    QuestionFactory,
    SessionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
Status = Application.Status
SECOND = datetime.timedelta(seconds=1)


@pytest.fixture
def session():
    found = SessionFactory(open=True, name="Spring")
    found.projects.set([ProjectFactory(name="Kettle"), ProjectFactory(name="Lantern"), ProjectFactory(name="Stilts")])
    return found


@pytest.fixture
def why(session):
    return QuestionFactory(session=session, label="Why?", max_words=5)


@pytest.fixture
def sure(session):
    return QuestionFactory(session=session, label="Sure?", kind=Question.Kind.YES_NO)


@pytest.fixture
def person():
    return UserFactory()


def saved(session, person, entry, version=None, **more):
    mine = Application.objects.filter(session=session, applicant=person).first()
    current = mine.version if mine and version is None else version or 0
    return save_draft(session, entry, by=person, version=current, **more)


def submitted(session, person, entry):
    application = saved(session, person, entry)
    assert submit(application, by=person)
    return application


# Drafts


def test_a_draft_is_kept_unchecked(session, why, sure, person):
    application = saved(session, person, Entry({why.pk: "far too many words for this", sure.pk: "?"}, (), "not a login!"))
    assert (application.status, application.version) == (Status.DRAFT, 1)
    assert Entry.of(application).texts[why.pk] == "far too many words for this"
    assert not Answer.objects.exists()
    assert not GitHubIdentity.objects.exists()


def test_saving_the_same_again_changes_nothing(session, why, person):
    first = saved(session, person, Entry({why.pk: "Because"}))
    again = saved(session, person, Entry({why.pk: "Because"}), version=0)
    assert (again.pk, again.version, again.updated_at) == (first.pk, 1, first.updated_at)


def test_an_older_tab_cannot_save_over_a_newer_one(session, why, person):
    saved(session, person, Entry({why.pk: "one"}), version=0, tab="a")
    saved(session, person, Entry({why.pk: "two"}), version=1, tab="b")
    with pytest.raises(DraftStale) as caught:
        saved(session, person, Entry({why.pk: "three"}), version=1, tab="a")
    assert Entry.of(caught.value.application).texts == {why.pk: "two"}
    assert Entry.of(Application.objects.get()).texts == {why.pk: "two"}


def test_two_tabs_that_both_began_with_nothing_are_told_apart(session, why, person):
    saved(session, person, Entry({why.pk: "one"}), version=0, tab="a")
    with pytest.raises(DraftStale):
        saved(session, person, Entry({why.pk: "two"}), version=0, tab="b")


def test_a_save_whose_answer_was_lost_does_not_lock_the_same_tab_out(session, why, person):
    saved(session, person, Entry({why.pk: "one"}), version=0, tab="a")
    application = saved(session, person, Entry({why.pk: "one two"}), version=0, tab="a")
    assert Entry.of(application).texts == {why.pk: "one two"}


def test_a_draft_has_a_largest_size(session, why, person):
    with pytest.raises(EntryTooLarge):
        saved(session, person, Entry({why.pk: "a" * (LARGEST_ENTRY + 1)}))
    assert not Application.objects.exists()


def test_the_deadline_counts_to_the_second_and_text_that_it_passes_over_stays_with_its_writer(session, why, person):
    application = submitted(session, person, Entry({why.pk: "in time"}, accommodations="Captions"))
    closes = session.applications_close_at
    with time_machine.travel(closes - SECOND, tick=False):
        saved(session, person, Entry({why.pk: "a second before"}, accommodations="Captions"))
    with time_machine.travel(closes, tick=False):
        with pytest.raises(TooLate, match="Applications for this session are closed"):
            saved(session, person, Entry({why.pk: "late"}, accommodations="More time"))
        with pytest.raises(MoveError):
            submit(application, by=person)
        with pytest.raises(MoveError) as never_begun:
            saved(session, UserFactory(), Entry({why.pk: "late"}))
    assert not isinstance(never_begun.value, TooLate)
    application.refresh_from_db()
    # For everybody else nothing changed, what would help included.
    assert (application.status, application.submitted_version, application.answers.get().value) == (
        Status.SUBMITTED,
        1,
        "in time",
    )
    assert Entry.of(application) == Entry({why.pk: "late"}, accommodations="Captions")
    assert Application.objects.count() == 1


@pytest.mark.parametrize("status", [Status.OFFERED, Status.ACCEPTED, Status.WAITLISTED, Status.NOT_SELECTED])
def test_nothing_is_written_once_it_is_decided(session, why, person, status):
    ApplicationFactory(session=session, applicant=person, status=status)
    with pytest.raises(MoveError):
        saved(session, person, Entry({why.pk: "more"}))


# Submitting


def test_submitting_writes_typed_answers(session, why, sure, person):
    kettle, lantern, _stilts = session.projects.all()
    optional = QuestionFactory(session=session, required=False)
    application = submitted(
        session, person, Entry({why.pk: " Because I want ", sure.pk: "no", optional.pk: ""}, (lantern.pk, kettle.pk), "@ada-w")
    )
    application.refresh_from_db()
    assert (application.status, application.submitted_version, application.draft) == (Status.SUBMITTED, 1, {})
    assert {answer.question: answer.value for answer in application.answers.all()} == {why: "Because I want", sure: False}
    assert [preference.project for preference in application.project_preferences.all()] == [lantern, kettle]
    assert (person.github.login, person.github.verified) == ("ada-w", False)


def test_every_error_is_named_and_nothing_is_written(session, why, sure, person):
    kettle = session.projects.first()
    application = saved(session, person, Entry({why.pk: "one two three four five six"}, (kettle.pk, kettle.pk), "two--words"))
    with pytest.raises(EntryInvalid) as caught:
        submit(application, by=person)
    assert set(caught.value.errors) == {f"question_{why.pk}", f"question_{sure.pk}", "preference_2", "github_login"}
    application.refresh_from_db()
    assert application.status == Status.DRAFT
    assert Entry.of(application).texts[why.pk] == "one two three four five six"
    assert not application.answers.exists()
    assert not application.events.exists()
    assert not Message.objects.exists()


def test_submitting_ends_with_the_deadline_to_the_second(session, why, person):
    application = saved(session, person, Entry({why.pk: "Because"}))
    with time_machine.travel(session.applications_close_at, tick=False), pytest.raises(MoveError):
        submit(application, by=person)
    with time_machine.travel(session.applications_close_at - SECOND, tick=False):
        assert submit(application, by=person)


def test_nobody_submits_for_somebody_else(session, why, person):
    application = saved(session, person, Entry({why.pk: "Because"}))
    with pytest.raises(MoveError):
        submit(application, by=UserFactory(is_superuser=True))


def test_a_submitted_application_stands_while_a_new_version_is_written(session, why, person):
    application = submitted(session, person, Entry({why.pk: "first"}))
    application = saved(session, person, Entry({why.pk: "second"}))
    assert application.status == Status.SUBMITTED
    assert application.answers.get().value == "first"
    assert "discard" in public_status(application).may
    assert submit(application, by=person)
    assert application.answers.get().value == "second"
    assert [event.to_status for event in application.events.all()] == [Status.SUBMITTED, Status.SUBMITTED]


def test_submitting_what_is_submitted_does_nothing(session, why, person):
    application = submitted(session, person, Entry({why.pk: "first"}))
    assert not submit(application, by=person)
    assert application.events.count() == 1
    assert Message.objects.count() == 1


def test_answers_and_preferences_can_be_emptied_again(session, why, person):
    why.required = False
    why.save()
    kettle, lantern, _stilts = session.projects.all()
    application = submitted(session, person, Entry({why.pk: "Because"}, (kettle.pk, lantern.pk), "ada"))
    saved(session, person, Entry({why.pk: ""}, (), ""))
    assert submit(application, by=person)
    assert not application.answers.exists()
    assert not application.project_preferences.exists()
    assert not GitHubIdentity.objects.filter(user=person).exists()


def test_the_answer_to_a_question_that_is_gone_from_the_form_does_no_harm(session, why, person):
    other = QuestionFactory(label="Of another session?")
    saved(session, person, Entry({why.pk: "Because", other.pk: "foreign"}))
    application = Application.objects.get()
    assert submit(application, by=person)
    assert [answer.question for answer in application.answers.all()] == [why]


def test_a_proven_github_account_is_never_overwritten(session, why, person):
    GitHubIdentityFactory(user=person, login="proven", verified=True, database_id=7)
    submitted(session, person, Entry({why.pk: "Because"}, (), "other"))
    person.github.refresh_from_db()
    assert (person.github.login, person.github.verified, person.github.database_id) == ("proven", True, 7)


def test_a_login_that_somebody_else_has_proven_is_refused(session, why, person):
    GitHubIdentityFactory(login="taken", verified=True, database_id=7)
    application = saved(session, person, Entry({why.pk: "Because"}, (), "Taken"))
    with pytest.raises(EntryInvalid) as caught:
        submit(application, by=person)
    assert set(caught.value.errors) == {"github_login"}


def test_changes_can_be_dropped(session, why, person):
    application = submitted(session, person, Entry({why.pk: "first"}))
    saved(session, person, Entry({why.pk: "second"}), tab="a")
    discard_changes(application, by=person)
    application.refresh_from_db()
    assert Entry.of(application).texts == {why.pk: "first"}
    assert application.submitted_version == 1
    with pytest.raises(DraftStale):
        saved(session, person, Entry({why.pk: "second and more"}), version=2, tab="a")


def test_a_draft_can_be_deleted_by_its_writer_alone(session, why, person):
    application = saved(session, person, Entry({why.pk: "first"}))
    with pytest.raises(MoveError):
        discard_changes(application, by=UserFactory(is_superuser=True))
    discard_changes(application, by=person)
    assert not Application.objects.exists()


def test_dropping_changes_where_there_are_none_changes_nothing(session, why, person):
    application = submitted(session, person, Entry({why.pk: "first"}))
    discard_changes(application, by=person)
    application.refresh_from_db()
    assert (application.version, application.status) == (1, Status.SUBMITTED)


def test_a_draft_that_was_deleted_meanwhile_cannot_be_submitted(session, why, person):
    application = saved(session, person, Entry({why.pk: "first"}))
    Application.objects.all().delete()
    with pytest.raises(MoveError, match="This application is gone"):
        submit(application, by=person)


def test_the_deadline_between_saving_and_submitting_says_that_the_text_is_stored(session, why, person):
    application = saved(session, person, Entry({why.pk: "first"}))
    with time_machine.travel(session.applications_close_at, tick=False), pytest.raises(TooLate):
        submit(application, by=person)


def test_withdrawing_and_coming_back(session, why, person):
    application = submitted(session, person, Entry({why.pk: "first"}))
    withdraw(application, by=person)
    assert application.status == Status.WITHDRAWN
    assert submit(application, by=person)
    assert application.status == Status.SUBMITTED
    assert application.answers.get().value == "first"
    withdraw(application, by=person)
    with time_machine.travel(session.applications_close_at, tick=False), pytest.raises(MoveError):
        submit(application, by=person)
    assert [words for _at, words in history(application)] == [
        "You began to write.",
        "You submitted it.",
        "You withdrew it.",
        "You came back and submitted it again.",
        "You withdrew it.",
    ]


# Offers


@pytest.fixture
def offered():
    session = SessionFactory(starts_on=timezone.localdate() + datetime.timedelta(days=20), name="Spring")
    found = ApplicationFactory(session=session, status=Status.OFFERED, answer_by=timezone.now() + datetime.timedelta(days=3))
    MembershipFactory(cohort=CohortFactory(session=session), user=found.applicant, state=Membership.State.INVITED)
    return found


def place(application):
    return Membership.objects.filter(user=application.applicant, cohort__session=application.session).first()


def test_accepting_opens_the_place(offered):
    accept_offer(offered, by=offered.applicant)
    assert offered.status == Status.ACCEPTED
    assert place(offered).state == Membership.State.ACTIVE


def test_accepting_without_a_place_in_a_cohort_works(offered):
    place(offered).delete()
    accept_offer(offered, by=offered.applicant)
    assert offered.status == Status.ACCEPTED


def test_declining_frees_the_place(offered):
    decline_offer(offered, by=offered.applicant)
    assert offered.status == Status.DECLINED
    assert place(offered) is None


def test_giving_the_place_back_before_the_start(offered):
    accept_offer(offered, by=offered.applicant)
    decline_offer(offered, by=offered.applicant)
    assert (place(offered).state, place(offered).left_at is not None) == (Membership.State.LEFT, True)


def test_nobody_gives_the_place_back_after_the_start(offered):
    accept_offer(offered, by=offered.applicant)
    with time_machine.travel(offered.session.begins_at, tick=False), pytest.raises(MoveError, match="Talk to your organisers"):
        decline_offer(offered, by=offered.applicant)
    assert place(offered).state == Membership.State.ACTIVE


def test_an_offer_can_be_accepted_until_its_second(offered):
    with time_machine.travel(offered.answer_by, tick=False), pytest.raises(MoveError, match="time to answer"):
        accept_offer(offered, by=offered.applicant)
    assert place(offered).state == Membership.State.INVITED
    with time_machine.travel(offered.answer_by - SECOND, tick=False):
        accept_offer(offered, by=offered.applicant)


def test_nobody_else_accepts(offered):
    for other in (UserFactory(), UserFactory(is_superuser=True), None):
        with pytest.raises(MoveError):
            accept_offer(offered, by=other)
    assert place(offered).state == Membership.State.INVITED


def test_offers_expire_once_and_free_their_places(offered):
    other = ApplicationFactory(session=offered.session, status=Status.OFFERED, answer_by=offered.answer_by + SECOND)
    assert expire_offers() == 0
    with time_machine.travel(offered.answer_by, tick=False):
        assert expire_offers() == 1
        assert expire_offers() == 0
    offered.refresh_from_db()
    other.refresh_from_db()
    assert (offered.status, other.status) == (Status.EXPIRED, Status.OFFERED)
    assert place(offered) is None
    assert offered.events.get().actor is None
    assert Message.objects.get().kind == "offer_expired"


def test_an_offer_that_was_answered_meanwhile_does_not_expire(offered, monkeypatch):
    from cohorts import applications

    original = applications.move

    def answered_first(application, to, **how):
        Application.objects.filter(pk=application.pk).update(status=Status.ACCEPTED)
        return original(application, to, **how)

    monkeypatch.setattr(applications, "move", answered_first)
    with time_machine.travel(offered.answer_by, tick=False):
        assert expire_offers() == 0
    offered.refresh_from_db()
    # The answer itself is undone with the savepoint in which this test made it.
    assert offered.status != Status.EXPIRED
    assert place(offered).state == Membership.State.INVITED
    assert not Message.objects.exists()


def test_the_schedule_expires_offers(offered):
    with time_machine.travel(offered.answer_by, tick=False):
        assert expire_offers_task.call() == 1


# Mail


def test_the_first_version_is_confirmed_at_once(session, why, person):
    application = submitted(session, person, Entry({why.pk: "first"}))
    message = Message.objects.get(recipient=person)
    assert message.subject == "We have your application to Spring"
    assert "We have your application to Spring" in message.body
    assert f"/applications/{application.pk}/" in message.body
    assert "(Rome)" in message.body
    assert " UTC" in message.body
    assert "&" not in message.body


def test_many_versions_in_a_few_minutes_are_one_mail_that_names_what_changed(session, why, sure, person, tasks, settings):
    settings.GITHUB_TOKENS = []
    kettle = session.projects.first()
    application = submitted(session, person, Entry({why.pk: "first", sure.pk: "yes"}))
    for number in range(9):
        tasks.advance(minutes=1)
        saved(session, person, Entry({why.pk: f"version {number}", sure.pk: "yes"}, (kettle.pk,), "ada", content_warning="Blood"))
        submit(application, by=person)
    tasks.run()
    assert not Message.objects.filter(kind="application_changed").exists()
    tasks.advance(CHANGES_WAIT)
    tasks.run()
    changed = Message.objects.get(kind="application_changed")
    assert changed.subject == "We have the new version of your application to Spring"
    assert "We have 9 new versions of your application" in changed.body
    assert "Changed: Why?; Projects you would like; Your GitHub login; What readers should know first" in changed.body
    assert changed.body.count("Changed: Why?\n") == 8
    assert "version" not in changed.body.replace("new versions", "")
    assert "Sure?" not in changed.body
    # A later one is told again, with what changed since.
    tasks.advance(seconds=1)
    saved(session, person, Entry({why.pk: "version 8", sure.pk: "no"}, (kettle.pk,), "ada", content_warning="Blood"))
    submit(application, by=person)
    tasks.advance(CHANGES_WAIT)
    tasks.run()
    last = Message.objects.filter(kind="application_changed").latest("pk")
    assert "Changed: Sure?" in last.body
    assert "Why?" not in last.body
    assert [words for _at, words in history(application)][-1] == "You submitted a new version. Changed: Sure?."


def test_a_new_version_that_was_withdrawn_meanwhile_is_not_told(session, why, person, tasks):
    application = submitted(session, person, Entry({why.pk: "first"}))
    saved(session, person, Entry({why.pk: "second"}))
    submit(application, by=person)
    withdraw(application, by=person)
    tasks.advance(CHANGES_WAIT)
    tasks.run()
    assert set(Message.objects.values_list("kind", flat=True)) == {"application_submitted", "application_withdrawn"}
    assert submit(application, by=person)
    back = Message.objects.filter(kind="application_submitted").latest("pk")
    assert back.subject == "You are back: your application to Spring"


def test_the_note_of_a_version_fits_whatever_the_questions_are_called():
    assert as_note([]) == ""
    assert as_note(["Why?", "When\nand where?"]) == "Changed: Why?; When and where?"
    long = as_note(["a" * 300] * 12)
    assert len(long) <= 300
    assert long.endswith("…; and 9 more")


def test_a_mail_to_somebody_in_utc_gives_each_time_once(session, why):
    person = UserFactory(time_zone="UTC")
    submitted(session, person, Entry({why.pk: "first"}))
    body = Message.objects.get().body
    assert "(UTC)" in body
    assert " UTC." not in body


def test_nothing_is_mailed_for_what_was_rolled_back(session, why, person, tasks, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(EntryInvalid):
        submit(saved(session, person, Entry({why.pk: ""})), by=person)
    tasks.assert_nothing_enqueued()
    assert not Message.objects.exists()


def test_a_mail_that_is_no_longer_true_is_dropped(session, why, person):
    application = submitted(session, person, Entry({why.pk: "first"}))
    confirmation = Message.objects.get()
    withdraw(application, by=person)
    send_message(confirmation.pk)
    confirmation.refresh_from_db()
    assert confirmation.state == Message.State.DROPPED
    withdrawn = Message.objects.get(kind="application_withdrawn")
    send_message(withdrawn.pk)
    assert [sent.subject for sent in mail.outbox] == ["You withdrew your application to Spring"]
    assert "You can submit it again until" in mail.outbox[0].body


@pytest.mark.parametrize(
    ("act", "kind", "words"),
    [
        (accept_offer, "offer_accepted", "You took your place in Spring"),
        (decline_offer, "offer_declined", "You declined your place"),
    ],
)
def test_answers_are_confirmed_by_mail(offered, act, kind, words):
    act(offered, by=offered.applicant)
    message = Message.objects.get(recipient=offered.applicant)
    assert message.kind == kind
    assert words in message.body
    assert "{" not in message.body


# Words


def test_words_give_the_days_that_matter():
    day = datetime.date(2027, 1, 6)
    in_review = ApplicationFactory(session=SessionFactory(reviewing=True, hear_by=day))
    assert "6 January 2027" in public_status(in_review).detail
    upcoming = SessionFactory(starts_on=timezone.localdate() + datetime.timedelta(days=9))
    assert "begins on" in public_status(ApplicationFactory(session=upcoming, status="accepted")).detail
    assert "began on" in public_status(ApplicationFactory(session=SessionFactory(), status="accepted")).detail


def test_a_status_without_words_is_an_error_not_a_guess():
    with pytest.raises(ValueError, match="No words"):
        public_status(ApplicationFactory.build(session=SessionFactory(), applicant=UserFactory(), status="new"))


@pytest.mark.parametrize(
    ("status", "fields", "trait", "label"),
    [
        ("draft", {"submitted_at": None}, "open", "Draft, not yet submitted"),
        ("draft", {"submitted_at": None}, "reviewing", "Not submitted"),
        ("submitted", {}, "open", "Submitted"),
        ("submitted", {"draft": {"github_login": "x"}}, "open", "Submitted, with changes that are not"),
        ("submitted", {}, "reviewing", "In review"),
        # A decision that is not published shows nowhere.
        ("submitted", {"pending_decision": "offer", "tier": 0}, "reviewing", "In review"),
        ("submitted", {"pending_decision": "not_selected"}, "reviewing", "In review"),
        ("withdrawn", {}, "open", "Withdrawn"),
        ("withdrawn", {}, "reviewing", "Withdrawn"),
        ("waitlisted", {}, "reviewing", "On the waitlist"),
        ("waitlisted", {"waitlist_rank": 3}, "reviewing", "On the waitlist"),
        ("offered", {"answer_by": "later"}, "reviewing", "You are offered a place"),
        ("offered", {"answer_by": "over"}, "reviewing", "The offer has ended"),
        ("accepted", {}, "reviewing", "You are in"),
        ("accepted", {}, "finished", "You took part"),
        ("declined", {}, "reviewing", "You declined"),
        ("expired", {}, "reviewing", "The offer has ended"),
        ("not_selected", {}, "reviewing", "Not selected this time"),
    ],
)
def test_every_status_has_plain_words(status, fields, trait, label, django_assert_num_queries):
    moments = {"later": timezone.now() + SECOND * 3600, "over": timezone.now() - SECOND}
    fields = {name: moments.get(value, value) if name == "answer_by" else value for name, value in fields.items()}
    made = ApplicationFactory(session=SessionFactory(**{trait: True}), status=status, **fields)
    application = with_public_status(Application.objects.select_related("session", "applicant")).get(pk=made.pk)
    with django_assert_num_queries(0):
        found = public_status(application)
    assert found.label == label
    assert found.detail
    assert bool(found.until) == bool(found.until_label)
