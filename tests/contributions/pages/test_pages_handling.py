"""Marking on a board what was handled: who may, what shows afterwards, and what organisers see first."""

import datetime

import pytest
from django.urls import reverse

from cohorts import attention, nudges
from cohorts.models import CheckInReply, Membership, Nudge, Session
from contributions.models import WorkItem
from tests import factories

from .conftest import NOW, ago


@pytest.fixture
def stuck(world):
    """Jun wrote yesterday that he is stuck and would like to talk."""
    return factories.CheckInFactory(
        membership=world.jun, week=world.session.calendar.get(number=4), stuck="The tests hang", wants_to_talk=True,
        written_at=ago(days=1),
    )  # fmt: skip


def board(client, world, user, query=""):
    client.force_login(user)
    return client.get(reverse("cohort", args=[world.cohort.pk]) + query)


def press(client, world, stuck, user, *kinds, **values):
    client.force_login(user)
    chosen = [f"{kind} checkin-{stuck.pk}" for kind in kinds or ["stuck"]]
    data = {"reason": chosen, "note": "We sit together on Friday.", **values}
    return client.post(reverse("handle_attention", args=[world.jun.pk]), data, follow=True)


def test_handled_with_a_note_moves_to_the_folded_list_and_can_be_taken_back(world, stuck, client):
    text = board(client, world, world.navigator).text
    assert 'class="handled"' not in text
    here = reverse("cohort", args=[world.cohort.pk]) + "?help=talk"
    answer = press(client, world, stuck, world.navigator, next=here)
    assert answer.redirect_chain == [(here, 302)]
    assert "Marked as handled." in answer.text
    called, handled = answer.text.split('class="handled"')
    assert "The tests hang" not in called
    assert "would like to talk" in called
    assert "Rosa handled it" in handled
    assert "We sit together on Friday." in handled
    nudge = Nudge.objects.get()
    client.force_login(world.captain)
    answer = client.post(reverse("take_back_nudge", args=[nudge.pk]), follow=True)
    assert "The tests hang" in answer.text
    assert 'class="handled"' not in answer.text


def test_a_reply_of_who_leads_shows_as_handled_by_itself(world, stuck, client):
    CheckInReply.objects.create(checkin=stuck, author=world.captain, text="Try -x")
    called, handled = board(client, world, world.navigator).text.split('class="handled"')
    assert "is stuck" not in called.split('id="everybody-title"')[0].split("Who waits for whom")[0]
    assert "Kofi answered" in handled
    assert "take-back" not in handled


def test_members_see_nothing_of_it_and_nobody_reads_about_themselves(world, stuck, client):
    press(client, world, stuck, world.navigator)
    for user in (world.amara.user, world.jun.user):
        text = board(client, world, user).text
        assert "We sit together" not in text
        assert "Mark as handled" not in text
    # Jun organises the session as well.
    factories.SessionRoleFactory(session=world.session, user=world.jun.user)
    text = board(client, world, world.jun.user).text
    assert "We sit together" not in text
    assert f"/progress/{world.jun.pk}/handled/" not in text
    assert f"/progress/{world.amara.pk}/handled/" in text


@pytest.mark.parametrize("who", ["amara", "jun", "stranger", "other_organiser"])
def test_nobody_else_marks_or_takes_back(world, stuck, client, who):
    press(client, world, stuck, world.navigator)
    user = getattr(getattr(world, who), "user", getattr(world, who))
    assert press(client, world, stuck, user, "talk").status_code == 404
    assert client.post(reverse("take_back_nudge", args=[Nudge.objects.get().pk])).status_code == 404
    assert Nudge.objects.get().handled_at == NOW


def test_who_comes_too_late_reads_who_was_quicker_and_loses_no_word(world, stuck, client):
    press(client, world, stuck, world.navigator)
    answer = press(client, world, stuck, world.captain, note="I call <b>Jun</b>")
    assert "Rosa has handled this already. Your note was: “I call &lt;b&gt;Jun&lt;/b&gt;”" in answer.text
    answer = press(client, world, stuck, world.captain, "nonsense", note="", next="https://elsewhere.example/")
    assert "This is over by now." in answer.text
    assert answer.redirect_chain == [(reverse("cohort", args=[world.cohort.pk]), 302)]


def test_several_reasons_are_handled_with_one_press_and_none_by_none(world, stuck, client):
    text = board(client, world, world.navigator).text
    assert f'value="talk checkin-{stuck.pk}" checked' in text
    assert "Tick what you have looked after. Your note was" in press(client, world, stuck, world.navigator, reason=[]).text
    press(client, world, stuck, world.navigator, "stuck", "talk", "silent", "talk")
    assert sorted(Nudge.objects.values_list("kind", flat=True)) == ["stuck", "talk"]


def test_a_note_can_be_long_and_hostile(world, stuck, client):
    press(client, world, stuck, world.navigator, note="<script>alert(1)</script>\x00" * 30_000)
    assert len(Nudge.objects.get().note) == nudges.handling.LONGEST_NOTE
    assert "<script>alert(1)" not in board(client, world, world.navigator).text


def test_what_waits_for_a_maintainer_offers_nothing_to_handle(world, track, client):
    track(world.amara, title="Patch", turn="maintainer", turn_since=ago(days=20))
    text = board(client, world, world.navigator, "?help=reviews").text
    assert "is with the maintainers" in text
    assert "Mark as handled" not in text


class TestOrganisers:
    @pytest.fixture
    def later(self, world, stuck, time_machine):
        nudges.notice(NOW)
        time_machine.move_to(NOW + datetime.timedelta(days=7), tick=False)

    def session_board(self, client, world, query=""):
        client.force_login(world.organiser)
        return client.get(reverse("session_board", args=[world.session.slug]) + query).text

    def test_see_first_whom_nobody_answered_and_to_whom_they_could_write(self, world, later, client):
        text = self.session_board(client, world)
        first = text[: text.index('class="card cohort-block"')]
        assert "Nobody has answered Jun for 8 days" in first
        assert "navigator: Rosa Lindqvist" in " ".join(first.split())
        assert f'href="mailto:{world.navigator.email}"' in first
        assert "Write to Rosa" in first
        assert "Nobody has answered" not in self.session_board(client, world, "?help=reviews")
        assert "Nobody has answered" not in board(client, world, world.navigator).text

    def test_where_nobody_leads_they_are_led_to_find_somebody(self, world, later, client):
        Membership.objects.filter(role__in=["navigator", "captain"]).delete()
        text = self.session_board(client, world)
        assert "Find somebody who leads it" in text
        assert reverse("admin:cohorts_cohort_change", args=[world.cohort.pk]) in text

    def test_in_the_pause_nobody_is_called(self, world, later, client):
        Session.objects.filter(pk=world.session.pk).update(pause_after=4)
        text = self.session_board(client, world)
        assert "Nobody has answered" not in text
        assert "Mark as handled" not in text


def test_the_board_asks_as_much_with_many_handled_as_with_none(world, stuck, client, track, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries():
        client.force_login(world.organiser)
        counted = []
        for page in (reverse("cohort", args=[world.cohort.pk]), reverse("session_board", args=[world.session.slug])):
            client.get(page)
            with CaptureQueriesContext(connection) as captured:
                assert client.get(page).status_code == 200
            counted.append(len(captured))
        return counted

    few = queries()
    for number in range(5):
        membership = world.person(f"Member {number}")
        track(membership, turn="member", turn_reason="changes_requested", turn_since=ago(days=9))
    nudges.notice(NOW)
    for reason in attention.gather(list(Membership.objects.select_related("user", "cohort__session").members()), NOW):
        if reason.kind == "waits_for_author":
            nudges.handle(reason.membership, *reason.identity[1:], by=world.navigator, now=NOW)
    assert Nudge.objects.filter(handled_by=world.navigator).count() == 5
    assert WorkItem.objects.count() == 5
    assert queries() == few
