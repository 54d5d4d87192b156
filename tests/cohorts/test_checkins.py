"""Check-ins: who writes them and until when, what nobody else sees, and resting."""

import datetime
from datetime import UTC

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from cohorts import checkins
from cohorts.attention import gather
from cohorts.models import CheckIn
from cohorts.working_days import working_days
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


@pytest.fixture
def membership(time_machine):
    time_machine.move_to(NOW, tick=False)
    session = SessionFactory(starts_on=datetime.date(2027, 2, 1), time_zone="UTC")
    membership = MembershipFactory(cohort=CohortFactory(session=session))
    type(membership).objects.filter(pk=membership.pk).update(joined_at=session.begins_at)
    membership.refresh_from_db()
    return membership


def week(membership, number):
    return membership.cohort.session.calendar.get(number=number)


def write(membership, number=4, **values):
    by = values.pop("by", membership.user)
    seen = values.pop("seen", None)
    return checkins.hand_in(membership, week(membership, number), by=by, values=values or {"did": "Read."}, seen=seen)


def leader_of(membership, role="navigator"):
    return MembershipFactory(cohort=membership.cohort, role=role).user


def address(membership, number=4):
    return reverse("checkin", args=[membership.pk, number])


# Writing


def test_a_draft_is_kept_and_shown_to_nobody_else(membership):
    draft = checkins.save_draft(membership, week(membership, 4), by=membership.user, values={"did": "Read"})
    assert draft.did == "Read"
    assert draft.written_at is None
    assert CheckIn.objects.visible_to(membership.user).count() == 1
    assert not CheckIn.objects.visible_to(leader_of(membership)).exists()


def test_a_draft_keeps_the_fields_that_it_does_not_name(membership):
    checkins.save_draft(membership, week(membership, 4), by=membership.user, values={"did": "Read"})
    draft = checkins.save_draft(membership, week(membership, 4), by=membership.user, values={"learned": "Patience"})
    assert (draft.did, draft.learned) == ("Read", "Patience")


def test_handing_in_shows_it_to_the_cohort_and_keeps_the_first_time(membership, time_machine):
    other = MembershipFactory(cohort=membership.cohort).user
    first = write(membership).written_at
    time_machine.shift(3600)
    again = write(membership, did="Read more.", seen=timezone.now())
    assert again.written_at == first
    assert CheckIn.objects.visible_to(other).get().did == "Read more."


def test_nothing_at_all_cannot_be_handed_in(membership):
    with pytest.raises(checkins.NothingWritten):
        write(membership, did="  ", hours=3)
    assert not CheckIn.objects.exists()


def test_the_week_after_is_time_enough_and_then_it_is_over(membership, time_machine):
    time_machine.move_to(datetime.datetime(2027, 3, 7, 23, 59, tzinfo=UTC))
    assert write(membership).written_at
    time_machine.move_to(datetime.datetime(2027, 3, 8, 0, 0, tzinfo=UTC))
    with pytest.raises(checkins.CheckInClosed):
        write(membership)


def test_a_week_that_has_not_begun_cannot_be_written(membership):
    with pytest.raises(checkins.CheckInClosed):
        write(membership, number=5)


@pytest.mark.parametrize("who", ["navigator", "organiser", "another member", "stranger"])
def test_nobody_writes_for_a_member(membership, who):
    by = {
        "navigator": lambda: leader_of(membership),
        "organiser": lambda: SessionRoleFactory(session=membership.cohort.session).user,
        "another member": lambda: MembershipFactory(cohort=membership.cohort).user,
        "stranger": UserFactory,
    }[who]()
    with pytest.raises(PermissionDenied):
        write(membership, by=by)


@pytest.mark.parametrize("state", ["left", "invited"])
def test_who_does_not_belong_to_the_cohort_writes_no_more(membership, state):
    membership.state, membership.left_at = state, timezone.now()
    membership.save()
    with pytest.raises(PermissionDenied):
        write(membership)


def test_a_week_of_another_session_is_an_error(membership):
    other = SessionFactory(starts_on=datetime.date(2027, 2, 1)).calendar.get(number=4)
    with pytest.raises(ValueError, match="another session"):
        checkins.save_draft(membership, other, by=membership.user, values={})


def test_only_known_fields_are_written(membership):
    with pytest.raises(ValueError, match="written_at"):
        checkins.save_draft(membership, week(membership, 4), by=membership.user, values={"written_at": NOW})


def test_an_older_tab_does_not_overwrite_what_a_newer_one_saved(membership, time_machine):
    opened = write(membership, did="One").updated_at
    time_machine.shift(60)
    write(membership, did="Two", seen=opened)
    time_machine.shift(60)
    with pytest.raises(checkins.ChangedElsewhere) as error:
        write(membership, did="Three", seen=opened)
    assert error.value.checkin.did == "Two"
    assert CheckIn.objects.get().did == "Two"


def test_a_tab_that_saves_one_field_does_not_pass_for_up_to_date_with_the_others(membership):
    def save(form, **values):
        return checkins.save_draft(membership, week(membership, 4), by=membership.user, values=values, form=form)

    save("one", did="A long text")
    with pytest.raises(checkins.ChangedElsewhere):
        save("two", learned="Patience")
    saved = save("two", did="A long text", learned="Patience")
    assert (saved.did, saved.learned) == ("A long text", "Patience")


def test_what_is_still_empty_may_be_filled_in(membership, time_machine):
    opened = write(membership, did="One").updated_at
    time_machine.shift(60)
    write(membership, learned="Patience", seen=opened)
    time_machine.shift(60)
    assert write(membership, stuck="Tests", seen=opened).learned == "Patience"


# Resting


def test_resting_keeps_what_was_written_and_can_be_taken_back(membership):
    write(membership, did="Read")
    checkins.rest(membership, week(membership, 4), by=membership.user)
    rested = checkins.rest(membership, week(membership, 4), by=membership.user)
    assert (rested.resting, rested.did) == (True, "Read")
    assert not checkins.stop_resting(membership, week(membership, 4), by=membership.user).resting


def test_there_is_nothing_to_rest_from_outside_the_weeks(membership, time_machine):
    assert checkins.week_to_rest(membership).number == 4
    time_machine.move_to(datetime.datetime(2027, 1, 20, tzinfo=UTC))
    with pytest.raises(checkins.CheckInClosed):
        checkins.week_to_rest(membership)


def test_resting_is_one_click_and_undo_another(membership, client):
    client.force_login(membership.user)
    page = client.post(reverse("rest", args=[membership.pk]), follow=True)
    assert "You rest this week" in page.text
    assert CheckIn.objects.get().resting
    client.post(reverse("rest", args=[membership.pk]), {"undo": "1"})
    assert not CheckIn.objects.get().resting


def test_resting_takes_a_post_of_the_member(membership, client):
    client.force_login(membership.user)
    assert client.get(reverse("rest", args=[membership.pk])).status_code == 405
    client.force_login(leader_of(membership))
    assert client.post(reverse("rest", args=[membership.pk])).status_code == 404
    assert not CheckIn.objects.exists()


@pytest.mark.parametrize("to", ["https://evil.example.org/", "//evil.example.org/", "/\\evil.example.org/", "nowhere", "a:b"])
def test_resting_leads_back_to_no_other_site(membership, client, to):
    client.force_login(membership.user)
    answer = client.post(reverse("rest", args=[membership.pk]), {"next": to})
    assert answer.url == reverse("progress", args=[membership.pk])


def test_the_page_of_an_open_week_has_its_own_way_to_rest(membership, client):
    client.force_login(membership.user)
    rest = reverse("rest", args=[membership.pk])
    client.post(rest, {"week": "3", "next": address(membership, 3)})
    assert CheckIn.objects.get().week.number == 3
    assert "can no longer be changed" in client.post(rest, {"week": "2"}, follow=True).text
    assert [client.post(rest, {"week": text}).status_code for text in ("99", "x")] == [404, 404]


def test_who_rests_owes_no_word(membership, client):
    checkins.rest(membership, week(membership, 4), by=membership.user)
    client.force_login(membership.user)
    page = client.post(address(membership), {"did": " ", "hours": "1"}, follow=True)
    assert "no word is needed" in page.text
    stored = CheckIn.objects.get()
    assert (stored.resting, stored.written_at) == (True, None)


# The page


def test_a_member_writes_and_hands_in(membership, client):
    client.force_login(membership.user)
    assert "What did you do?" in client.get(address(membership)).text
    page = client.post(address(membership), {"did": "Read the guide", "hours": "2.5", "energy": "4"}, follow=True)
    assert "Your cohort can read it now." in page.text
    stored = CheckIn.objects.get()
    assert (stored.did, stored.energy, float(stored.hours)) == ("Read the guide", 4, 2.5)
    assert stored.written_at


def test_a_field_is_saved_as_it_is_left(membership, client):
    client.force_login(membership.user)
    headers = {"HX-Request": "true"}
    answer = client.post(address(membership), {"did": "Read", "field": "did", "save": "draft"}, headers=headers)
    assert "Saved 11:00" in answer.text  # the person lives in Rome
    client.post(address(membership), {"field": "wants_to_talk", "wants_to_talk": "on", "save": "draft"}, headers=headers)
    stored = CheckIn.objects.get()
    assert (stored.did, stored.wants_to_talk, stored.written_at) == ("Read", True, None)
    client.post(address(membership), {"field": "wants_to_talk", "save": "draft"}, headers=headers)
    stored.refresh_from_db()
    assert (stored.did, stored.wants_to_talk) == ("Read", False)


def test_a_field_that_is_wrong_says_so_as_it_is_left(membership, client):
    client.force_login(membership.user)
    answer = client.post(
        address(membership), {"hours": "lots", "field": "hours", "save": "draft"}, headers={"HX-Request": "true"}
    )
    assert "Not saved" in answer.text
    assert "Enter a number" in answer.text


def test_a_draft_is_saved_without_a_script(membership, client):
    client.force_login(membership.user)
    page = client.post(address(membership), {"did": "Read", "save": "draft"}, follow=True)
    assert "Saved 11:00. Only you see it until you hand it in." in page.text  # the person lives in Rome
    assert CheckIn.objects.get().written_at is None


def test_an_error_keeps_every_word_and_names_the_field(membership, client):
    client.force_login(membership.user)
    page = client.post(address(membership), {"did": "A long story", "hours": "lots"})
    assert page.status_code == 200
    assert "A long story" in page.text
    assert 'href="#id_hours"' in page.text
    stored = CheckIn.objects.get()
    assert (stored.did, stored.written_at) == ("A long story", None)


def test_an_empty_check_in_is_asked_for_a_line(membership, client):
    client.force_login(membership.user)
    assert "Write at least one line" in client.post(address(membership), {"did": ""}).text


def test_two_tabs_show_both_texts(membership, client, time_machine):
    client.force_login(membership.user)
    opened = write(membership, did="First words").updated_at
    time_machine.shift(60)
    write(membership, did="Words of the other tab", seen=opened)
    time_machine.shift(60)
    page = client.post(address(membership), {"did": "My words", "seen": opened.isoformat()})
    assert page.status_code == 409
    assert "My words" in page.text
    assert "Words of the other tab" in page.text
    stored = CheckIn.objects.get()
    client.post(address(membership), {"did": "My words", "seen": stored.updated_at.isoformat()})
    stored.refresh_from_db()
    assert stored.did == "My words"


def test_a_page_is_no_other_tab_for_itself(membership, client, time_machine):
    client.force_login(membership.user)
    values = {"field": "did", "save": "draft", "form": "page-1", "seen": ""}
    client.post(address(membership), values | {"did": "One"}, headers={"HX-Request": "true"})
    time_machine.shift(5)
    # The answer to the first never arrived: the page does not know the new time.
    answer = client.post(address(membership), values | {"did": "One, two"}, headers={"HX-Request": "true"})
    assert "Another tab" not in answer.text
    time_machine.shift(5)
    other = client.post(address(membership), values | {"did": "Else", "form": "page-2"}, headers={"HX-Request": "true"})
    assert "Another tab" in other.text
    assert CheckIn.objects.get().did == "One, two"


def test_half_a_megabyte_is_refused_with_words_and_kept_in_the_form(membership, client):
    client.force_login(membership.user)
    words = "é" * 500_000
    page = client.post(address(membership), {"did": words, "learned": "Patience", "form": "one"})
    assert "At most 5000 characters fit here. You wrote 500000." in page.text
    assert words in page.text
    stored = CheckIn.objects.get()
    assert (stored.did, stored.learned, stored.written_at) == ("", "Patience", None)
    while_typing = client.post(
        address(membership), {"did": words, "field": "did", "save": "draft"}, headers={"HX-Request": "true"}
    )
    assert "At most 5000" in while_typing.text
    # A line end counts as one character, as on the page.
    assert (
        "Your cohort can read it now."
        in client.post(address(membership), {"did": "a\r\n" * 2500, "form": "one"}, follow=True).text
    )


def test_the_member_chooses_when_to_be_reminded(membership, client):
    client.force_login(membership.user)
    reminder = reverse("checkin_reminder", args=[membership.pk])
    assert "Friday at 12:00 on your clock (Europe/Rome)" in client.get(address(membership)).text
    client.post(reminder, {"day": "6", "time": "18:30"})
    membership.refresh_from_db()
    assert (membership.reminder_day, membership.reminder_time) == (6, datetime.time(18, 30))
    for wrong in ({"day": "2", "time": ""}, {"day": "2", "time": "soon"}, {"day": "9", "time": "12:00"}):
        assert "Please check this" in client.post(reminder, wrong).text
    client.post(reminder, {"day": "", "time": ""})
    membership.refresh_from_db()
    assert (membership.reminder_day, membership.reminder_time) == (None, datetime.time(18, 30))
    client.force_login(leader_of(membership))
    assert client.post(reminder, {"day": "1", "time": "12:00"}).status_code == 404


def test_words_that_come_after_the_log_in_ran_out_are_in_the_form_again(membership, client):
    headers = {"HX-Request": "true"}
    answer = client.post(address(membership), {"did": "Typed too long", "field": "did", "save": "draft"}, headers=headers)
    assert "You are logged out. What you typed is kept." in answer.text
    assert client.post(address(membership), {"learned": "Patience"}).status_code == 302
    client.force_login(membership.user)
    page = client.get(address(membership)).text
    assert "Typed too long" in page
    assert "Patience" in page
    assert "It is not saved yet" in page
    client.post(address(membership), {"did": "Typed too long", "field": "did", "save": "draft"}, headers=headers)
    assert "Patience" in client.get(address(membership)).text
    client.post(address(membership), {"did": "Typed too long", "learned": "Patience"})
    assert "It is not saved yet" not in client.get(address(membership)).text
    client.logout()
    assert "Copy your words" in client.post(address(membership), {"did": "x" * 70_000}, headers=headers).text


def test_the_front_page_lets_one_rest_with_one_press(membership, client):
    client.force_login(membership.user)
    rest = reverse("rest", args=[membership.pk])
    home = reverse("home")
    assert rest in client.get(home).text
    assert client.post(rest, {"next": home}).url == home
    assert "I am back" in client.get(home).text
    client.post(rest, {"undo": "1", "next": home})
    write(membership)
    assert rest not in client.get(home).text


def test_two_tabs_are_told_while_typing(membership, client, time_machine):
    client.force_login(membership.user)
    write(membership, did="Words of the other tab")
    time_machine.shift(60)
    answer = client.post(address(membership), {"did": "Mine", "field": "did", "save": "draft"}, headers={"HX-Request": "true"})
    assert "Another tab saved other words" in answer.text
    assert CheckIn.objects.get().did == "Words of the other tab"


def test_after_the_time_it_is_read_only_and_a_direct_post_loses_no_word(membership, client):
    client.force_login(membership.user)
    CheckInFactory(membership=membership, week=week(membership, 1), did="Long ago")
    page = client.get(address(membership, 1))
    assert "Long ago" in page.text
    assert "can no longer be changed" in page.text
    assert 'name="did"' not in page.text
    page = client.post(address(membership, 1), {"did": "Too late"})
    assert page.status_code == 409
    assert "Too late" in page.text
    assert CheckIn.objects.get().did == "Long ago"
    answer = client.post(address(membership, 1), {"did": "x", "field": "did", "save": "draft"}, headers={"HX-Request": "true"})
    assert "can no longer be changed" in answer.text


def test_a_week_to_come_says_when_it_opens(membership, client):
    client.force_login(membership.user)
    assert "Its check-in opens" in client.get(address(membership, 5)).text
    assert client.get(address(membership, 9)).status_code == 404


@pytest.mark.parametrize(
    ("who", "private"), [("member", False), ("navigator", True), ("captain", True), ("organiser", True), ("operator", False)]
)
def test_energy_and_the_wish_to_talk_are_for_those_who_lead(membership, client, who, private):
    write(membership, did="Read the guide", energy=2, wants_to_talk=True)
    if who == "organiser":
        user = SessionRoleFactory(session=membership.cohort.session).user
    elif who == "operator":
        user = UserFactory(is_superuser=True)
    else:
        user = MembershipFactory(cohort=membership.cohort, role=who).user
    client.force_login(user)
    page = client.get(address(membership))
    assert "Read the guide" in page.text
    assert ("Energy 2 of 5" in page.text) is private
    assert ("would like to talk" in page.text) is private
    assert client.post(address(membership), {"did": "Mine"}).status_code == 404


def test_others_get_404_and_visitors_the_log_in(membership, client):
    assert client.get(address(membership)).status_code == 302
    client.force_login(UserFactory())
    assert client.get(address(membership)).status_code == 404
    client.force_login(SessionRoleFactory(session=SessionFactory()).user)
    assert client.get(address(membership)).status_code == 404


def test_a_draft_of_somebody_else_is_an_empty_page(membership, client):
    checkins.save_draft(membership, week(membership, 4), by=membership.user, values={"did": "Secret until handed in"})
    client.force_login(leader_of(membership))
    page = client.get(address(membership))
    assert "has not written a check-in for this week" in page.text
    assert "Secret" not in page.text


# Working days and attention


@pytest.mark.parametrize(
    ("since", "days"),
    [
        (datetime.datetime(2027, 2, 24, 8, tzinfo=UTC), 0),
        (datetime.datetime(2027, 2, 23, 23, tzinfo=UTC), 1),
        (datetime.datetime(2027, 2, 19, 9, tzinfo=UTC), 3),  # Friday: the weekend does not count
        (datetime.datetime(2027, 2, 20, 9, tzinfo=UTC), 3),
        (datetime.datetime(2026, 12, 1, tzinfo=UTC), 17),  # nothing before the first day
    ],
)
def test_ages_count_working_days_of_the_session(membership, since, days):
    assert working_days(membership.cohort.session, since, NOW) == days


def test_ages_stand_still_while_resting_and_after_the_end(membership):
    session = membership.cohort.session
    since = datetime.datetime(2027, 2, 12, 9, tzinfo=UTC)
    assert working_days(session, since, NOW) == 8
    assert working_days(session, since, NOW, resting=[week(membership, 3)]) == 3
    assert working_days(session, since, NOW + datetime.timedelta(days=300)) == 20


def reasons(membership, now=NOW):
    return {reason.kind: reason for reason in gather([membership], now)}


def test_silence_is_noticed_after_more_than_a_week(membership):
    CheckInFactory(membership=membership, week=week(membership, 2), written_at=NOW - datetime.timedelta(days=9))
    assert reasons(membership)["silent"].text == "has not written for 7 working days"
    CheckInFactory(membership=membership, week=week(membership, 3), written_at=NOW - datetime.timedelta(days=5))
    assert "silent" not in reasons(membership)


def test_who_never_wrote_is_noticed(membership):
    assert "has not written yet" in reasons(membership)["silent"].text


def test_a_draft_is_no_word(membership):
    checkins.save_draft(membership, week(membership, 4), by=membership.user, values={"stuck": "Secret"})
    found = reasons(membership)
    assert "silent" in found
    assert "stuck" not in found


def test_resting_is_no_alarm_and_silences_the_rest(membership):
    checkins.rest(membership, week(membership, 4), by=membership.user)
    found = reasons(membership)
    assert set(found) == {"resting"}
    assert not found["resting"].alarm


def test_being_stuck_wanting_to_talk_and_an_empty_battery_are_told(membership):
    write(membership, stuck="How do I run one backend only?", wants_to_talk=True, energy=1)
    found = reasons(membership)
    assert set(found) >= {"stuck", "talk", "energy"}
    assert "How do I run one backend only?" in found["stuck"].text
    assert found["talk"].url == address(membership)


def test_what_was_said_long_ago_is_not_told_again(membership):
    CheckInFactory(
        membership=membership, week=week(membership, 1), stuck="Long ago", written_at=NOW - datetime.timedelta(days=20)
    )
    assert "stuck" not in reasons(membership)


@pytest.mark.parametrize("when", [datetime.datetime(2027, 1, 20, tzinfo=UTC), datetime.datetime(2027, 4, 1, tzinfo=UTC)])
def test_nothing_is_told_before_the_start_and_after_the_end(membership, when):
    assert reasons(membership, when) == {}


@pytest.mark.parametrize(
    ("words", "is_stuck"),
    [
        ("The tests hang", True),
        ("Nothing works", True),
        ("no idea how to run them", True),
        ("Nothing.", False),
        (" not\n stuck! ", False),
        ("N/A", False),
        ("-", False),
        ("", False),
    ],
)
def test_nothing_is_not_being_stuck(words, is_stuck):
    assert CheckIn(stuck=words).is_stuck is is_stuck
