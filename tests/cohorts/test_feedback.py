"""Feedback: its forms, asking, writing, and what leaves with whoever leaves."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Message
from accounts.personal_data import delete_account, export, preview_deletion
from cohorts.feedback import asking, writing
from cohorts.feedback.editing import (
    OF_A_FORM,
    Asked,
    FeedbackFormError,
    FormChangedElsewhere,
    asked_by,
    retire_form,
    save_form,
    stamp_of,
    use_again,
)
from cohorts.feedback.results import results_of
from cohorts.feedback.steps import feedback_steps
from cohorts.feedback.usual import add_usual_forms
from cohorts.models import CheckIn, Feedback, FeedbackForm, Membership
from cohorts.reminders import write_due_reminders
from tests.factories import (
    CohortFactory,
    FeedbackFactory,
    FeedbackFormFactory,
    FeedbackQuestionFactory,
    MembershipFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

#: The Wednesday of week 1 of a session from Monday 1 February to Sunday 14 March 2027.
NOW = datetime.datetime(2027, 2, 3, 10, 0, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
END = datetime.datetime(2027, 3, 13, 10, 0, tzinfo=datetime.UTC)


@pytest.fixture
def session():
    begins = datetime.date(2027, 2, 1)
    long_ago = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
    return SessionFactory(starts_on=begins, time_zone="UTC", announced_at=long_ago, published_at=long_ago)


@pytest.fixture
def organiser(session):
    return SessionRoleFactory(session=session).user


@pytest.fixture
def cohort(session):
    return CohortFactory(session=session)


def place(cohort, joined=NOW - 30 * DAY, **values):
    membership = MembershipFactory(cohort=cohort, **values)
    Membership.objects.filter(pk=membership.pk).update(joined_at=joined)
    membership.refresh_from_db()
    return membership


def asked() -> list[tuple]:
    return list(Feedback.objects.order_by("pk").values_list("form__key", "membership__user__email", "about__user__email"))


def typed(feedback, *answers):
    return {question.pk: answer for question, answer in zip(feedback.form.questions.all(), answers, strict=False)}


def write(feedback, *answers, now=NOW, **options):
    return writing.hand_in(feedback, by=feedback.membership.user, typed=typed(feedback, *answers), now=now, **options)


# Forms


def test_a_session_gets_the_usual_forms_with_one_press_and_no_second_time(session, organiser):
    made = add_usual_forms(session, by=organiser)
    assert [form.checkpoint for form in made] == ["start", "middle", "end", "end"]
    measured = [question.label for form in made for question in form.questions.all() if question.measure == "comfort"]
    assert len(measured) == 3
    assert len(set(measured)) == 1
    with pytest.raises(FeedbackFormError):
        add_usual_forms(session, by=organiser)
    with pytest.raises(FeedbackFormError):
        add_usual_forms(session, by=UserFactory())


def values_of(form, **changes):
    return {name: getattr(form, name) for name in OF_A_FORM} | changes


def test_words_that_somebody_answers_stay_and_a_change_is_a_new_version(session, organiser, cohort):
    form = FeedbackFormFactory(session=session, key="start")
    question = FeedbackQuestionFactory(form=form, label="How?")
    begun, untouched = (FeedbackFactory(form=form, membership=place(cohort), due_on="2027-02-07") for _number in range(2))
    change = {"by": organiser, "form": form, "values": values_of(form, title="Better")}

    # Nobody has typed anything: the words change in place.
    assert save_form(session, seen=stamp_of(form), questions=asked_by(form), **change).pk == form.pk
    form.refresh_from_db()
    writing.save_draft(begun, by=begun.membership.user, typed={form.questions.get().pk: "4"}, now=NOW)

    second = save_form(session, seen=stamp_of(form), questions=[Asked(label="How, really?")], **change)
    assert (second.key, second.version) == ("start", 2)
    begun.refresh_from_db()
    untouched.refresh_from_db()
    assert (begun.form, untouched.form) == (form, second)
    assert question.label == "How?"
    # Saving the same once more changes nothing, and an older page is told.
    assert (
        save_form(session, seen=stamp_of(second), questions=[Asked(label="How, really?")], **change | {"form": second}) == second
    )
    with pytest.raises(FormChangedElsewhere):
        save_form(session, seen="", questions=[Asked(label="Other")], **change | {"form": second})
    form.refresh_from_db()
    with pytest.raises(FeedbackFormError):
        use_again(form, by=organiser)


@pytest.mark.parametrize(
    ("changes", "questions", "field"),
    [
        ({"title": ""}, [Asked(label="A")], "title"),
        ({"checkpoint": "week", "week_number": None}, [Asked(label="A")], "week_number"),
        ({"checkpoint": "week", "week_number": 7}, [Asked(label="A")], "week_number"),
        ({"days_to_answer": 0}, [Asked(label="A")], "days_to_answer"),
        ({}, [], ""),
        ({}, [Asked(label="A")] * 41, ""),
        ({}, [Asked(label="A", kind="choice", choices="one")], "choices"),
        ({}, [Asked(label="A", choices="a\nb\nc")], "choices"),
        ({}, [Asked(label="A", kind="text", choices="a\nb")], "choices"),
        ({}, [Asked(label="A", kind="text", measure="comfort")], "measure"),
        ({}, [Asked(label="A", measure="comfort"), Asked(label="B", measure="comfort")], "measure"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_where_it_is_wrong(session, organiser, changes, questions, field):
    values = values_of(FeedbackForm(title="Form", checkpoint="start"), **changes)
    with pytest.raises(FeedbackFormError) as refused:
        save_form(session, by=organiser, values=values, questions=questions)
    found = set(refused.value.errors) | {name for place in refused.value.questions.values() for name in place}
    assert field in found
    assert not FeedbackForm.objects.exists()


# Asking


def test_everybody_is_asked_once_when_their_day_has_come(session, organiser, cohort):
    add_usual_forms(session, by=organiser)
    members = [place(cohort), place(cohort, state="resting"), place(cohort, state="completed")]
    place(cohort, state="invited")
    place(cohort, state="left", left_at=NOW - DAY)
    navigator = place(cohort, role="navigator")
    assert asking.ask_due_feedback(NOW - 3 * DAY) == 0
    assert asking.ask_due_feedback(NOW) == 3
    assert asking.ask_due_feedback(NOW + DAY) == 0
    assert asked() == [("start", each.user.email, None) for each in members]
    assert set(Feedback.objects.values_list("due_on", flat=True)) == {datetime.date(2027, 2, 7)}
    # A worker that stood still for weeks asks what is asked now, not what was missed.
    assert asking.ask_due_feedback(END) == 4
    assert [row[:2] for row in asked()[3:]] == [
        *(("end", each.user.email) for each in members),
        ("leaders", navigator.user.email),
    ]


def test_whoever_changes_the_cohort_or_meets_a_new_version_is_not_asked_again(session, organiser, cohort):
    form = FeedbackFormFactory(session=session, key="start")
    FeedbackQuestionFactory(form=form)
    first = place(cohort)
    asking.ask_due_feedback(NOW)
    write(Feedback.objects.get(), "4")
    save_form(session, by=organiser, form=form, seen=stamp_of(form), values=values_of(form), questions=[Asked(label="Other")])
    Membership.objects.filter(pk=first.pk).update(state="left", left_at=NOW)
    place(CohortFactory(session=session), user=first.user, joined=NOW)
    assert asking.ask_due_feedback(NOW + DAY) == 0


def test_people_are_asked_about_those_of_their_cohort(session, cohort):
    FeedbackFormFactory(session=session, key="members", direction="leader_member")
    FeedbackFormFactory(session=session, key="leaders", direction="member_leader")
    member, navigator, captain = place(cohort), place(cohort, role="navigator"), place(cohort, role="captain")
    place(CohortFactory(session=session))
    place(cohort, state="left", left_at=NOW)
    asking.ask_due_feedback(NOW)
    emails = [each.user.email for each in (member, navigator, captain)]
    assert asked() == [
        ("members", emails[1], emails[0]),
        ("leaders", emails[0], emails[1]),
        ("leaders", emails[0], emails[2]),
    ]


def test_who_left_is_not_asked_any_more_and_may_tell_once_if_they_want(session, organiser, cohort):
    add_usual_forms(session, by=organiser)
    member = place(cohort)
    asking.ask_due_feedback(NOW)
    Membership.objects.filter(pk=member.pk).update(state="left", left_at=NOW + DAY)
    for now in (NOW + DAY, NOW + 14 * DAY, END):
        assert asking.ask_due_feedback(now) == 0
    started = Feedback.objects.get()
    assert started.excused_at is not None
    assert not list(feedback_steps(member.user, NOW + DAY))
    # What was excused may still be handed in.
    assert write(started, "4", now=NOW + DAY).feedback.written_at
    ((offered, form),) = asking.offered_to_who_left(member.user, END)
    assert (offered, form.key) == (member, "end")
    told = asking.begin_to_tell(member, by=member.user, now=END)
    asking.ask_due_feedback(END)
    told.refresh_from_db()
    assert told.excused_at == END
    with pytest.raises(asking.NothingToTell):
        asking.begin_to_tell(member, by=member.user, now=END)
    # Back again: what is not over yet is asked after all.
    Membership.objects.filter(pk=member.pk).update(state="active")
    asking.ask_due_feedback(END)
    told.refresh_from_db()
    assert told.excused_at is None
    assert Feedback.objects.count() == 2


def test_who_goes_on_longer_has_until_later_and_is_asked_once(session, cohort):
    FeedbackFormFactory(session=session, key="end", checkpoint="end")
    known, early = place(cohort, extended_until=datetime.date(2027, 4, 4)), place(cohort)
    asking.ask_due_feedback(END)
    (row,) = Feedback.objects.all()
    assert (row.membership, row.due_on) == (early, datetime.date(2027, 3, 21))
    Membership.objects.filter(pk=early.pk).update(extended_until=datetime.date(2027, 3, 28))
    asking.ask_due_feedback(END + DAY)
    row.refresh_from_db()
    assert row.due_on == datetime.date(2027, 4, 4)
    assert asking.ask_due_feedback(datetime.datetime(2027, 4, 3, tzinfo=datetime.UTC)) == 1
    assert Feedback.objects.get(membership=known).due_on == datetime.date(2027, 4, 11)


def test_neither_unpublished_nor_archived_sessions_ask(session, cohort):
    FeedbackFormFactory(session=session)
    place(cohort)
    type(session).objects.update(archived_at=NOW)
    assert asking.ask_due_feedback(NOW) == 0
    type(session).objects.update(archived_at=None, published_at=None)
    assert asking.ask_due_feedback(NOW) == 0


def test_asking_costs_as_many_statements_for_many_as_for_one(session, cohort):
    FeedbackFormFactory(session=session)
    place(cohort)

    def statements():
        with CaptureQueriesContext(
            connection,
        ) as found:
            asking.ask_due_feedback(NOW)
        return len(found)

    few = statements()
    Feedback.objects.all().delete()
    for _number in range(12):
        place(cohort)
    assert statements() == few


# Writing


@pytest.fixture
def feedback(session, cohort):
    form = FeedbackFormFactory(session=session)
    FeedbackQuestionFactory(form=form, required=True, order=1)
    FeedbackQuestionFactory(form=form, kind="text", order=2)
    return FeedbackFactory(form=form, membership=place(cohort), due_on=datetime.date(2027, 2, 7))


def test_what_is_required_is_required_at_the_end_only(feedback):
    scale, text = feedback.form.questions.all()
    by = feedback.membership.user
    saved = writing.save_draft(feedback, by=by, typed={text.pk: "Well."}, now=NOW)
    assert (saved.feedback.values, saved.errors) == ({str(text.pk): "Well."}, {})
    saved = writing.hand_in(feedback, by=by, typed={text.pk: "Very well."}, now=NOW)
    assert list(saved.errors) == [scale.pk]
    assert saved.feedback.written_at is None
    assert saved.feedback.values == {str(text.pk): "Very well."}
    saved = writing.hand_in(feedback, by=by, typed={scale.pk: "5"}, now=NOW)
    assert saved.feedback.written_at == NOW
    # An answer that is required can be changed and not be taken away.
    saved = writing.save_draft(feedback, by=by, typed={scale.pk: ""}, now=NOW)
    assert list(saved.errors) == [scale.pk]
    assert Feedback.objects.get().values[str(scale.pk)] == 5


def test_a_wrong_answer_keeps_the_right_ones_from_nothing(feedback):
    scale, text = feedback.form.questions.all()
    saved = writing.save_draft(feedback, by=feedback.membership.user, typed={scale.pk: "9", text.pk: "Well."}, now=NOW)
    assert list(saved.errors) == [scale.pk]
    assert saved.feedback.values == {str(text.pk): "Well."}


def test_an_empty_form_is_not_handed_in(feedback):
    feedback.form.questions.filter(required=True).delete()
    assert write(feedback, " ").errors
    assert Feedback.objects.get().written_at is None


def test_another_tab_is_not_overwritten_unseen(feedback):
    scale, text = feedback.form.questions.all()
    by = feedback.membership.user
    writing.save_draft(feedback, by=by, typed={text.pk: "One"}, version=0, form="first", now=NOW)
    writing.save_draft(feedback, by=by, typed={text.pk: "One and a half"}, version=0, form="first", now=NOW)
    with pytest.raises(writing.ChangedElsewhere) as refused:
        writing.save_draft(feedback, by=by, typed={text.pk: "Two"}, version=0, form="second", now=NOW)
    # Nor by a tab that saved another answer first, and would pass for up to date.
    with pytest.raises(writing.ChangedElsewhere):
        writing.save_draft(feedback, by=by, typed={scale.pk: "4"}, version=0, form="second", now=NOW)
    version = refused.value.feedback.version
    saved = writing.save_draft(feedback, by=by, typed={text.pk: "Two"}, version=version, form="second", now=NOW)
    assert saved.feedback.values[str(text.pk)] == "Two"


def test_one_can_hand_in_late_and_what_is_handed_in_changes_until_ones_day(feedback):
    late = NOW + 10 * DAY
    assert write(feedback, "4", now=late).feedback.written_at == late
    with pytest.raises(writing.FeedbackClosed):
        write(feedback, "5", now=late)
    Feedback.objects.update(written_at=None)
    with pytest.raises(writing.FeedbackClosed):
        write(feedback, "5", now=NOW + 20 * DAY)
    Feedback.objects.update(written_at=NOW)
    assert write(feedback, "5").feedback.values


def test_nobody_writes_for_somebody_else(feedback, organiser):
    with pytest.raises(PermissionDenied):
        writing.save_draft(feedback, by=organiser, typed={}, now=NOW)


# Reminding


def test_who_has_not_answered_is_reminded_once_by_day(feedback, session, cohort):
    Feedback.objects.update(asked_at=NOW - 2 * DAY)
    friday = datetime.datetime(2027, 2, 5, 10, 0, tzinfo=datetime.UTC)
    for too_early in (NOW, friday.replace(hour=3)):
        write_due_reminders(too_early)
        assert not Message.objects.filter(kind="reminder_feedback").exists()
    for _time in range(2):
        write_due_reminders(friday)
    write_due_reminders(friday + DAY)
    message = Message.objects.get(kind="reminder_feedback")
    assert message.recipient == feedback.membership.user
    assert feedback.form.title in message.subject
    assert "/feedback/" in message.body
    assert "7 February, 23:59 UTC" in message.body


@pytest.mark.parametrize("why", ["handed in", "excused", "rests", "rests this week", "switched off", "asked today"])
def test_nobody_is_reminded_without_reason(feedback, session, why):
    friday = datetime.datetime(2027, 2, 5, 10, 0, tzinfo=datetime.UTC)
    Feedback.objects.update(asked_at=NOW - 2 * DAY)
    membership = Membership.objects.filter(pk=feedback.membership_id)
    if why == "handed in":
        Feedback.objects.update(written_at=NOW)
    elif why == "excused":
        Feedback.objects.update(excused_at=NOW)
    elif why == "rests":
        membership.update(state="resting")
    elif why == "rests this week":
        CheckIn.objects.create(membership=feedback.membership, week=session.calendar.get(number=1), resting=True)
    elif why == "switched off":
        type(feedback.membership.user).objects.update(reminders_by_mail=False)
    else:
        Feedback.objects.update(asked_at=friday)
    write_due_reminders(friday)
    assert not Message.objects.filter(kind="reminder_feedback").exists()


def test_the_front_page_asks_until_the_day_is_over(feedback):
    user = feedback.membership.user
    (step,) = feedback_steps(user, NOW)
    assert (step.title, step.url) == (feedback.form.title, f"/feedback/{feedback.pk}/")
    assert not list(feedback_steps(user, NOW + 5 * DAY))
    write(feedback, "4")
    assert not list(feedback_steps(user, NOW))


# Reading, and leaving


def answers(form, cohort, *values, written=NOW, due="2027-02-07"):
    (question,) = form.questions.all()
    return [
        FeedbackFactory(
            form=form, membership=place(cohort), values={str(question.pk): value}, written_at=written, due_on=due
        )
        for value in values
    ]  # fmt: skip


def test_those_who_lead_read_counts_of_enough_people_and_organisers_all(
    session, cohort, organiser, django_assert_max_num_queries
):
    form = FeedbackFormFactory(session=session)
    scale = FeedbackQuestionFactory(form=form)
    rows = answers(form, cohort, 2, 4)
    navigator = place(cohort, role="navigator").user
    later = NOW + 7 * DAY
    assert results_of(session, reader=organiser, now=NOW).forms[0].questions[0].tally.number == 2
    assert results_of(session, reader=navigator, now=later).forms[0].questions[0].tally is None
    rows += answers(form, CohortFactory(session=session), 5)
    secret = FeedbackQuestionFactory(form=form, organisers_only=True, order=2)
    words = FeedbackQuestionFactory(form=form, kind="text", order=3)
    for row in rows:
        row.values |= {str(secret.pk): 1, str(words.pk): f"Mine is {row.pk}"}
        row.save()
    assert results_of(session, reader=navigator, now=NOW).forms[0].questions[0].tally is None
    with django_assert_max_num_queries(6):
        (told,) = results_of(session, reader=navigator, now=later).forms
    assert [each.question for each in told.questions] == [scale]
    assert told.questions[0].tally.number == 3
    assert told.asked is None
    (full,) = results_of(session, reader=organiser, now=later).forms
    assert [each.question for each in full.questions] == [scale, secret, words]
    assert len(full.questions[2].texts) == full.handed_in == 3


def test_nobody_reads_what_was_said_about_themselves(session, cohort, organiser):
    form = FeedbackFormFactory(session=session, direction="member_leader")
    question = FeedbackQuestionFactory(form=form, kind="text")
    member, leader = place(cohort), place(cohort, role="navigator", user=organiser)
    FeedbackFactory(form=form, membership=member, about=leader, values={str(question.pk): "Kind."}, written_at=NOW)
    assert not results_of(session, reader=organiser, now=NOW).forms[0].people
    other = SessionRoleFactory(session=session).user
    (person,) = results_of(session, reader=other, now=NOW).forms[0].people
    assert person.questions[0].texts == ["Kind."]
    # Whoever leads reads nothing that is about one person.
    assert not results_of(session, reader=place(cohort, role="captain").user, now=NOW).forms


def test_the_measure_compares_the_start_with_the_end(session, cohort, organiser):
    start, end = (FeedbackFormFactory(session=session, checkpoint=at) for at in ("start", "end"))
    for form in (start, end):
        FeedbackQuestionFactory(form=form, measure="comfort", label="How comfortable?")
    begun = answers(start, cohort, 1, 2, 3)
    question = end.questions.get()
    for row, value in zip(begun, (3, 2, 5), strict=True):
        FeedbackFactory(
            form=end, membership=row.membership, values={str(question.pk): value}, written_at=END, due_on="2027-03-21"
        )
    # A second form that measures the same is not added up: the sum less the first would be its few answers.
    second = FeedbackFormFactory(session=session, checkpoint="start")
    FeedbackQuestionFactory(form=second, measure="comfort")
    answers(second, cohort, 5)
    navigator = place(cohort, role="navigator").user
    for reader in (organiser, navigator):
        (measure,) = results_of(session, reader=reader, now=END + 30 * DAY).measures
        assert (measure.change.more, measure.change.same, measure.change.less) == (2, 1, 0)
    # A member who deletes the account takes words and name along, and no number: else it could be subtracted.
    delete_account(begun[0].membership.user, by=begun[0].membership.user)
    (measure,) = results_of(session, reader=navigator, now=END + 30 * DAY).measures
    assert (measure.change.more, len(measure.change.start)) == (2, 3)


def test_what_one_said_is_in_the_export_and_its_words_go_with_the_account(feedback):
    scale, text = feedback.form.questions.all()
    user = feedback.membership.user
    write(feedback, "4", "Only mine.")
    unfinished = FeedbackFactory(membership=feedback.membership, values={"0": "Not yet."})
    (said, begun) = export(user)["feedback"]
    assert [each["answer"] for each in said["answers"]] == ["4", "Only mine."]
    assert begun["handed_in_at"] is None
    assert any("feedback forms" in line for line in preview_deletion(user).goes)
    delete_account(user, by=user)
    row = Feedback.objects.get()
    assert (row.membership, row.values) == (None, {str(scale.pk): 4})
    assert not Feedback.objects.filter(pk=unfinished.pk).exists()
    assert text.label


def test_a_form_that_is_put_away_is_asked_of_nobody_new(session, organiser, cohort):
    form = FeedbackFormFactory(session=session)
    retire_form(form, by=organiser)
    place(cohort)
    assert asking.ask_due_feedback(NOW) == 0
    use_again(form, by=organiser)
    assert asking.ask_due_feedback(NOW) == 1
