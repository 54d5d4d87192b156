"""What is said to check-ins: who may, what is kept, who hears of it by mail, and how the pages show it."""

import datetime
from datetime import UTC

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.messages import send_message
from accounts.models import Message, User
from accounts.personal_data import delete_account, export, preview_deletion
from background.models import TaskRun
from cohorts import checkin_replies
from cohorts.checkin_mail import tell_replies
from cohorts.models import CheckIn, CheckInReply, Cheer, Membership, Session
from tests.factories import (
    CheckInFactory,
    CohortFactory,
    MembershipFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

#: A Wednesday in week 4 of a session that began on a Monday.
NOW = datetime.datetime(2027, 2, 24, 10, 0, tzinfo=UTC)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def checkin(time_machine):
    time_machine.move_to(NOW, tick=False)
    session = SessionFactory(starts_on=datetime.date(2027, 2, 1), time_zone="UTC", name="Spring")
    member = MembershipFactory(cohort=CohortFactory(session=session), user=UserFactory(name="Amara Okafor"))
    return CheckInFactory(membership=member, week=session.calendar.get(number=4), did="Read the guide", written_at=NOW)


@pytest.fixture
def navigator(checkin):
    return MembershipFactory(cohort=checkin.membership.cohort, role="navigator", user=UserFactory(name="Rosa Lindqvist")).user


def say(checkin, by, text="Try one test alone first."):
    return checkin_replies.reply(checkin, by=by, text=text)


def page_of(checkin) -> str:
    return reverse("checkin", args=[checkin.membership_id, checkin.week.number])


def mails() -> list[Message]:
    return list(Message.objects.filter(kind="checkin_reply").order_by("pk"))


# Who may


@pytest.mark.parametrize(
    ("who", "may"),
    [("member", True), ("mate", True), ("navigator", True), ("captain", True), ("organiser", True), ("left", False), ("stranger", False)],
)  # fmt: skip
def test_the_cohort_and_those_who_lead_reply(checkin, who, may):
    cohort = checkin.membership.cohort
    by = {
        "member": lambda: checkin.membership.user,
        "mate": lambda: MembershipFactory(cohort=cohort).user,
        "navigator": lambda: MembershipFactory(cohort=cohort, role="navigator").user,
        "captain": lambda: MembershipFactory(cohort=cohort, role="captain").user,
        "organiser": lambda: SessionRoleFactory(session=cohort.session).user,
        "left": lambda: MembershipFactory(cohort=cohort, state="left", left_at=NOW).user,
        "stranger": UserFactory,
    }[who]()
    assert checkin_replies.may_reply(by, checkin) is may
    if not may:
        with pytest.raises(PermissionDenied):
            say(checkin, by)


@pytest.mark.parametrize("change", [{"written_at": None}, {"archived_at": NOW}])
def test_nothing_is_said_to_a_draft_or_in_an_archived_session(checkin, navigator, change):
    (Session if "archived_at" in change else CheckIn).objects.update(**change)
    with pytest.raises(PermissionDenied):
        say(CheckIn.objects.get(), navigator)


def test_a_text_that_is_empty_or_too_long_is_refused_with_words(checkin, navigator):
    with pytest.raises(ValidationError, match="Write a few words"):
        say(checkin, navigator, " \n ")
    # A browser sends two characters for a line end, and shows one.
    assert say(checkin, navigator, "a\r\n" * 2500).text.count("\n") == 2499
    with pytest.raises(ValidationError, match="At most 5000 characters fit here"):
        say(checkin, navigator, "x" * 500_000)


def test_sent_twice_it_stands_there_once(checkin, navigator):
    assert say(checkin, navigator) == say(checkin, navigator)
    assert CheckInReply.objects.count() == 1


def test_own_words_can_be_changed_for_a_day(checkin, navigator, time_machine):
    written = say(checkin, navigator)
    with pytest.raises(PermissionDenied):
        checkin_replies.edit_reply(written, by=checkin.membership.user, text="No")
    time_machine.shift(datetime.timedelta(hours=23))
    assert checkin_replies.edit_reply(written, by=navigator, text="Better").edited_at
    time_machine.shift(datetime.timedelta(hours=2))
    for change in (
        lambda: checkin_replies.edit_reply(written, by=navigator, text="Late"),
        lambda: checkin_replies.delete_reply(written, by=navigator),
    ):
        with pytest.raises(checkin_replies.ReplyError):
            change()
    assert CheckInReply.objects.get().text == "Better"


def test_cheers_are_once_a_person_and_never_ones_own(checkin, navigator):
    for _ in range(2):
        checkin_replies.cheer(checkin, by=navigator)
    assert Cheer.objects.count() == 1
    with pytest.raises(PermissionDenied):
        checkin_replies.cheer(checkin, by=checkin.membership.user)
    checkin_replies.take_cheer_back(checkin, by=navigator)
    assert not Cheer.objects.exists()


# Mail


def test_several_replies_within_some_minutes_are_one_mail_to_the_member(checkin, navigator, mailoutbox):
    mate = MembershipFactory(cohort=checkin.membership.cohort, user=UserFactory(name="Jun Tanaka")).user
    say(checkin, navigator)
    say(checkin, mate, "I had that, too.")
    assert TaskRun.objects.filter(task_path__endswith="tell_replies_task").count() == 1
    assert tell_replies(checkin.pk) == 1
    assert tell_replies(checkin.pk) == 0
    [mail] = mails()
    assert mail.recipient == checkin.membership.user
    assert mail.subject == "2 replies to your check-in of week 4 (Spring)"
    assert "Rosa Lindqvist and Jun Tanaka replied to your check-in of week 4:" in mail.body
    assert "Try one test alone first." in mail.body
    assert f"/progress/{checkin.membership_id}/check-in/4/#replies" in mail.body
    send_message(mail.pk)
    assert [sent.to for sent in mailoutbox] == [[checkin.membership.user.email]]


def test_who_replied_hears_what_the_member_answers_and_nothing_else(checkin, navigator, time_machine):
    mate = MembershipFactory(cohort=checkin.membership.cohort).user
    say(checkin, navigator)
    time_machine.shift(60)
    say(checkin, mate, "Me too")
    tell_replies(checkin.pk)
    time_machine.shift(60)
    say(checkin, checkin.membership.user, "That helped, thank you")
    assert tell_replies(checkin.pk) == 2
    told = {mail.recipient: mail for mail in mails()[1:]}
    assert set(told) == {navigator, mate}
    assert told[mate].subject == "A reply to what you said about week 4 (Spring)"
    assert "That helped" in told[navigator].body
    time_machine.shift(60)
    say(checkin, navigator, "Good to hear")
    assert tell_replies(checkin.pk) == 1
    assert [(mail.recipient, mail.round) for mail in mails()[3:]] == [(checkin.membership.user, 2)]


def test_a_reply_that_was_deleted_is_told_to_nobody(checkin, navigator, time_machine):
    first, second = say(checkin, navigator), say(checkin, navigator, "Second thought")
    checkin_replies.delete_reply(first, by=navigator)
    tell_replies(checkin.pk)
    assert "Try one test" not in mails()[0].body
    checkin_replies.delete_reply(second, by=navigator)
    assert not mails()
    assert tell_replies(checkin.pk) == 0


def test_a_mail_about_words_that_are_gone_is_dropped_at_the_last_moment(checkin, navigator):
    say(checkin, navigator)
    tell_replies(checkin.pk)
    CheckInReply.objects.all().delete()
    [mail] = mails()
    send_message(mail.pk)
    mail.refresh_from_db()
    assert mail.state == "dropped"


def test_who_does_not_belong_to_the_cohort_any_more_gets_no_mail_that_waits(checkin, navigator, time_machine):
    say(checkin, navigator)
    time_machine.shift(60)
    say(checkin, checkin.membership.user, "Thanks")
    assert tell_replies(checkin.pk) == 2
    Membership.objects.filter(user=navigator).update(state="left", left_at=NOW)
    for one in mails():
        send_message(one.pk)
    assert {one.recipient: one.state for one in mails()} == {checkin.membership.user: "sent", navigator: "dropped"}


def test_a_changed_reply_is_told_with_its_new_words(checkin, navigator):
    written = say(checkin, navigator)
    tell_replies(checkin.pk)
    checkin_replies.edit_reply(written, by=navigator, text="Changed words")
    tell_replies(checkin.pk)
    [mail] = mails()
    assert "Changed words" in mail.body


def test_a_change_keeps_no_mail_from_whom_the_first_one_did_not_reach(checkin, navigator, time_machine):
    say(checkin, navigator)
    tell_replies(checkin.pk)
    time_machine.shift(60)
    mate = MembershipFactory(cohort=checkin.membership.cohort).user
    say(checkin, mate, "Me too")
    written = say(checkin, checkin.membership.user, "Thanks")
    say(checkin, navigator, "Gladly")
    tell_replies(checkin.pk)
    to_member, to_mate = mails()[1:]
    assert (to_member.recipient, to_mate.recipient) == (checkin.membership.user, mate)
    Message.objects.filter(pk=to_member.pk).update(state="sent")
    TaskRun.objects.all().delete()
    checkin_replies.edit_reply(written, by=checkin.membership.user, text="Many thanks")
    assert TaskRun.objects.filter(task_path__endswith="tell_replies_task").count() == 1
    tell_replies(checkin.pk)
    assert "Many thanks" in mails()[-1].body
    # What was deleted in another tab is not written into nothing.
    checkin_replies.delete_reply(CheckInReply.objects.get(text="Many thanks"), by=checkin.membership.user)
    with pytest.raises(checkin_replies.ReplyError, match="Copy your words"):
        checkin_replies.edit_reply(written, by=checkin.membership.user, text="More words")


@pytest.mark.parametrize("choice", [{"replies_by_mail": False}, {"is_active": False}])
def test_who_wants_no_mail_about_replies_gets_none(checkin, navigator, choice):
    User.objects.filter(pk=checkin.membership.user_id).update(**choice)
    say(checkin, navigator)
    assert tell_replies(checkin.pk) == 0


# Pages


def test_a_reply_on_the_page_is_cleaned_and_shown(checkin, navigator, client):
    client.force_login(navigator)
    address = reverse("checkin_reply", args=[checkin.pk])
    hostile = "**Well done** <script>alert(1)</script> [x](javascript:alert(2)) ![y](https://evil.example.org/z.png)"
    page = client.post(address, {"text": hostile}, follow=True)
    assert "Your reply stands there" in page.text
    assert "<strong>Well done</strong>" in page.text
    assert "<script>alert" not in page.text
    assert 'href="javascript' not in page.text
    assert "<img" not in page.text
    part = client.post(address, {"text": "Once more"}, headers=HTMX)
    assert part.text.lstrip().startswith("<section")
    assert "Once more" in part.text


def test_what_cannot_be_saved_stays_in_the_form(checkin, navigator, client):
    client.force_login(navigator)
    address = reverse("checkin_reply", args=[checkin.pk])
    words = "many words " * 600
    page = client.post(address, {"text": words})
    assert page.status_code == 422
    for answer in (page, client.post(address, {"text": words}, headers=HTMX)):
        assert "At most 5000 characters fit here" in answer.text
        assert words.strip() in answer.text
    part = client.post(address, {"text": words, "place": "row", "next": "/cohorts/1/"}, headers=HTMX)
    assert words.strip() in part.text
    assert "<details" in part.text


def test_from_a_board_one_stays_at_the_board(checkin, navigator, client):
    client.force_login(navigator)
    board = reverse("cohort", args=[checkin.membership.cohort_id])
    assert f'value="{board}#answer-row-{checkin.membership_id}"' in client.get(board).text
    address = reverse("checkin_reply", args=[checkin.pk])
    sent = client.post(address, {"text": "Well done", "place": "row", "next": f"{board}#answer-row-1"})
    assert sent.url == f"{board}#answer-row-1"
    assert client.post(address, {"text": "Again", "next": "https://evil.example.org/"}).url.startswith("/progress/")
    part = client.post(address, {"text": "Once more", "place": "row", "next": board}, headers=HTMX)
    assert "You replied to Amara" in part.text
    assert "<textarea" not in part.text


def test_cheers_are_shown_by_name_and_toggled(checkin, navigator, client):
    client.force_login(navigator)
    address = reverse("checkin_cheer", args=[checkin.pk])
    assert "Glad with Amara: Rosa Lindqvist" in client.post(address, headers=HTMX).text
    assert "Glad with Amara" in client.get(page_of(checkin)).text
    assert "Glad with" not in client.post(address, {"undo": "1"}, headers=HTMX).text
    client.force_login(checkin.membership.user)
    assert client.post(address).status_code == 404


def test_changing_and_deleting_are_for_the_writer(checkin, navigator, client, time_machine):
    written = say(checkin, navigator)
    addresses = [reverse("edit_reply", args=[written.pk]), reverse("delete_reply", args=[written.pk])]
    client.force_login(checkin.membership.user)
    assert [client.get(address).status_code for address in addresses] == [404, 404]
    client.force_login(navigator)
    assert client.post(addresses[0], {"text": ""}).status_code == 422
    assert "Changed words" in client.post(addresses[0], {"text": "Changed words"}, follow=True).text
    assert "Changed words" in client.get(addresses[1]).text
    assert "Your reply is deleted." in client.post(addresses[1], follow=True).text
    late = say(checkin, navigator)
    time_machine.shift(datetime.timedelta(days=2))
    words = {"text": "Words too late"}
    answer = client.post(reverse("edit_reply", args=[late.pk]), words)
    assert "This one is older" in answer.text
    assert "Words too late" in answer.text


def test_all_weeks_stand_on_one_page_with_a_constant_number_of_queries(checkin, navigator, client):
    session, member = checkin.membership.cohort.session, checkin.membership
    other = MembershipFactory(cohort=CohortFactory(session=SessionFactory(name="Autumn")), user=member.user)
    CheckInFactory(membership=other, week=other.cohort.session.calendar.get(number=1), did="Elsewhere")
    address = reverse("checkin_history", args=[member.pk])
    client.force_login(member.user)
    say(checkin, navigator, "**Well** done")

    def statements():
        with CaptureQueriesContext(connection) as queries:
            page = client.get(address)
        return len(queries), page.text

    few, text = statements()
    assert "<strong>Well</strong> done" in text
    assert "No words this week." in text
    assert "Autumn" in text
    assert "Elsewhere" not in text
    for number in (1, 2, 3):
        row = CheckInFactory(membership=member, week=session.calendar.get(number=number), did=f"Words {number}")
        for _ in range(3):
            say(row, MembershipFactory(cohort=member.cohort).user)
        checkin_replies.cheer(row, by=navigator)
    many, text = statements()
    assert many == few
    assert text.index("Words 3") < text.index("Words 1")


def test_the_history_shows_others_no_draft_and_nothing_private(checkin, navigator, client):
    member = checkin.membership
    CheckInFactory(membership=member, week=member.cohort.session.calendar.get(number=3), did="Half a word", written_at=None)
    CheckIn.objects.filter(pk=checkin.pk).update(energy=2, wants_to_talk=True)
    address = reverse("checkin_history", args=[member.pk])
    client.force_login(MembershipFactory(cohort=member.cohort).user)
    page = client.get(address).text
    assert "Read the guide" in page
    assert "Half a word" not in page
    assert "Energy" not in page
    client.force_login(navigator)
    assert "Energy 2 of 5" in client.get(address).text
    client.force_login(UserFactory())
    assert client.get(address).status_code == 404


# An account that is deleted


def test_words_in_a_talk_stay_without_the_name(checkin, navigator, client):
    say(checkin, navigator)
    checkin_replies.cheer(checkin, by=navigator)
    tell_replies(checkin.pk)
    sent = mails()[0]
    send_message(sent.pk)
    assert export(navigator)["checkin_replies"][0]["text"] == "Try one test alone first."
    assert "1 reply of yours to somebody’s check-in" in " ".join(preview_deletion(navigator).stays)
    delete_account(navigator, by=navigator)
    sent.refresh_from_db()
    assert "Rosa" not in sent.subject + sent.body + sent.html
    client.force_login(checkin.membership.user)
    page = client.get(page_of(checkin)).text
    assert "Somebody whose account was deleted" in page
    assert "Try one test alone first." in page
    assert "Rosa" not in page
    assert "Glad with you" not in page
