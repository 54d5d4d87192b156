"""The six weeks of those who lead and organise, in a browser: a navigator on a phone and at a desk, a captain's 1:1 with a note that nobody
else reads, an organiser who announces, reads what people say and hands a cohort over; and every page of the weeks on the narrowest screen."""

import datetime
from types import SimpleNamespace

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts.models import Availability
from cohorts.models import Announcement, Meeting, MeetingNote, MeetingPerson, Membership, Nudge, Week
from tests import factories

from .browser import axe_in_both_themes, enter, reach

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PHONE, DESK = {"width": 390, "height": 800}, {"width": 1280, "height": 900}
#: From eight to twenty on each day of the week.
DAYTIME = [day * 48 + slot for day in range(7) for slot in range(16, 40)]
#: Whether one sees where the focus is.
SHOWN = """element => [element, element.closest('label')].some((one) => {
  const style = one && getComputedStyle(one);
  return style && (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none');
})"""


class Hands:
    """Does what people do on a page: with the keyboard alone, or by tapping what is shown."""

    def __init__(self, page: Page, *, keyboard: bool = True) -> None:
        self.page, self.keyboard = page, keyboard

    def _go(self, goal: Locator, key: str = "") -> None:
        if not self.keyboard:
            goal.click()
            return
        reach(self.page, goal)
        assert goal.evaluate(SHOWN), f"Nobody sees that {goal} has the focus."
        if key:
            self.page.keyboard.press(key)

    def press(self, goal: Locator) -> None:
        self._go(goal, "Enter")

    def follow(self, goal: Locator, to: str | Locator) -> None:
        """Press what leads to another page: `to` is its heading, or something else that only that page has. It is all there afterwards."""
        self.press(goal)
        expect(self.page.get_by_role("heading", name=to, level=1) if isinstance(to, str) else to).to_be_visible()
        self.page.wait_for_load_state()

    def tick(self, goal: Locator) -> None:
        self._go(goal, "Space")
        expect(goal).to_be_checked()

    def write(self, goal: Locator, words: str) -> None:
        self._go(goal)
        self.page.keyboard.insert_text(words)

    def choose(self, goal: Locator, label: str) -> None:
        if self.keyboard:
            self._go(goal)
            self.page.keyboard.type(label)
        else:
            goal.select_option(label=label)


def look(page: Page) -> None:
    """The page is in order as it stands, and nothing sticks out on a phone or at a desk."""
    axe_in_both_themes(page)
    before = page.viewport_size
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], (page.url, size)
    page.set_viewport_size(before)


@pytest.fixture
def venus():
    """Venus in its fourth week: Amara is stuck, Jun would like to talk, and there was a stand-up today."""
    now = timezone.now()
    cohort = factories.CohortFactory(name="Venus")
    people = {
        login: factories.UserFactory(email=f"{login}@example.org", name=name)
        for login, name in (
            ("amara", "Amara Okafor"), ("jun", "Jun Tanaka"), ("rosa", "Rosa Lindqvist"),
            ("carla", "Carla Fontana"), ("olga", "Olga Novak"), ("nils", "Nils Berg"),
        )
    }  # fmt: skip
    places = {
        login: factories.MembershipFactory(cohort=cohort, user=people[login], role=role)
        for login, role in (("amara", "member"), ("jun", "member"), ("rosa", "navigator"), ("carla", "captain"))
    }
    factories.SessionRoleFactory(session=cohort.session, user=people["olga"])
    factories.SessionRoleFactory(session=cohort.session, user=people["nils"], role="reviewer")
    for login in ("amara", "rosa"):
        Availability.objects.create(user=people[login], time_zone="Europe/Rome", slots=DAYTIME)
    week = cohort.session.calendar.get(number=4)
    yesterday = now - datetime.timedelta(days=1)
    factories.CheckInFactory(membership=places["amara"], week=week, stuck="Which branch is it?", written_at=yesterday)
    factories.CheckInFactory(membership=places["jun"], week=week, wants_to_talk=True, written_at=yesterday)
    standup = Meeting.objects.create(
        session=cohort.session, cohort=cohort, title="Stand-up of this morning", starts_at=now - datetime.timedelta(hours=3)
    )
    return SimpleNamespace(cohort=cohort, session=cohort.session, standup=standup, places=places, **people)


@pytest.mark.parametrize(("size", "keyboard"), [(PHONE, False), (DESK, True)], ids=["phone", "keyboard"])
def test_a_navigators_week(page: Page, live_server, venus, size, keyboard):
    hands = Hands(page, keyboard=keyboard)
    page.set_viewport_size(size)
    enter(page, live_server.url, venus.rosa)
    page.goto(live_server.url + reverse("cohort", args=[venus.cohort.pk]))

    # A check-in is answered in place.
    page.evaluate("window.sameDocument = true")
    answer = page.locator(f"#answer-who-{venus.places['amara'].pk}")
    hands.press(answer.locator("summary"))
    hands.write(answer.locator("textarea"), "Always the main one.")
    hands.press(answer.get_by_role("button"))
    expect(page.get_by_text("You replied to Amara.")).to_be_focused()
    assert page.evaluate("window.sameDocument")

    # What is looked after is marked, with a line about it, and leaves the list.
    handle = page.locator(f"#handle-{venus.places['jun'].pk}")
    hands.press(handle.locator("summary"))
    hands.write(handle.locator("textarea"), "Called him.")
    if not keyboard:
        look(page)
    hands.follow(handle.get_by_role("button", name="Handled"), page.get_by_text("Marked as handled."))
    expect(page.locator(".people")).to_have_count(0)
    hands.press(page.locator("#handled-here > summary"))
    expect(page.locator("#handled-here").get_by_text("“Called him.”")).to_be_visible()
    nudge = Nudge.objects.get(kind="talk")
    assert (nudge.membership, nudge.handled_by, nudge.note) == (venus.places["jun"], venus.rosa, "Called him.")

    # A time that suits both, and the meeting is made.
    tab = page.get_by_role("navigation", name="Pages of cohort Venus").get_by_role("link", name="Meetings")
    hands.follow(tab, "Meetings of Venus")
    hands.follow(page.get_by_role("link", name="New meeting"), "A meeting of cohort Venus")
    times, kind = page.locator("#times"), page.get_by_label("What kind of meeting")
    hands.choose(kind, "1:1")
    expect(times).to_contain_text("Choose with whom")
    if keyboard:
        expect(kind).to_be_focused()
    amara = page.get_by_role("checkbox", name="Amara Okafor")
    hands.tick(amara)
    expect(times.get_by_text("Everybody can").first).to_be_visible()
    if keyboard:
        expect(amara).to_be_focused()
    hands.tick(times.locator(".meet-times").get_by_role("checkbox").first)
    if keyboard:
        look(page)
    hands.follow(page.get_by_role("button", name="Look at what that means"), "Make this meeting?")
    expect(page.get_by_text("Everybody can")).to_be_visible()
    hands.follow(page.get_by_role("button", name="Make the meeting"), page.get_by_text("The meeting is made."))
    made = Meeting.objects.exclude(pk=venus.standup.pk).get()
    invited = MeetingPerson.objects.filter(meeting=made, invited=True)
    assert (made.kind, made.state, made.few) == ("one_to_one", "confirmed", True)
    assert set(invited.values_list("user__name", flat=True)) >= {"Amara Okafor"}

    # Who was there, each with one press; the focus stays.
    hands.follow(page.locator(".page-head").get_by_role("link", name="Meetings"), "Meetings of Venus")
    hands.follow(page.get_by_role("link", name="Stand-up of this morning"), "Stand-up of this morning")
    there = page.locator(f"#noted-{venus.amara.pk}-there")
    page.evaluate("window.sameDocument = true")
    hands.press(there)
    expect(there).to_have_attribute("aria-pressed", "true")
    expect(there).to_be_focused()
    assert page.evaluate("window.sameDocument")
    if not keyboard:
        look(page)
    assert MeetingPerson.objects.get(meeting=venus.standup).attendance == "there"


def test_a_captains_note_is_nobody_elses(page: Page, live_server, venus):
    talk = Meeting.objects.create(
        session=venus.session, cohort=venus.cohort, kind="one_to_one", few=True, made_by=venus.carla,
        starts_at=timezone.now() + datetime.timedelta(days=1),
    )  # fmt: skip
    for person in (venus.carla, venus.amara):
        MeetingPerson.objects.create(meeting=talk, user=person, invited=True)
    hands, address = Hands(page), live_server.url + reverse("meeting", args=[talk.pk])
    own, secret = page.get_by_label("Your own notes"), "She is tired: leave the second ticket."
    page.set_viewport_size(PHONE)

    # It saves itself while it is written, and is there again.
    enter(page, live_server.url, venus.carla)
    page.goto(address)
    hands.write(own, secret)
    expect(page.locator("#private-saved")).to_contain_text("Saved")
    expect(own).to_be_focused()
    look(page)
    page.reload()
    expect(own).to_have_value(secret)
    assert MeetingNote.objects.get().text == secret

    # The member meets her, says so with one press, and reads nothing of it. Neither does whoever organises.
    enter(page, live_server.url, venus.amara)
    page.goto(address)
    come = page.get_by_role("button", name="I come")
    hands.press(come)
    expect(page.locator("#answer-yes")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#answer-yes")).to_be_focused()
    expect(page.get_by_role("heading", name="For those who lead")).to_have_count(0)
    expect(own).to_have_count(0)
    assert secret not in page.content()
    for person in (venus.rosa, venus.olga):
        enter(page, live_server.url, person)
        page.goto(address)
        assert secret not in page.content()


def test_an_organisers_morning(page: Page, live_server, venus):
    Week.objects.filter(session=venus.session, number=5).update(title="Reviews", announcement="Ask early.")
    start, end = (factories.FeedbackFormFactory(session=venus.session, checkpoint=at) for at in ("start", "end"))
    long_ago = timezone.now() - datetime.timedelta(days=10)
    for form, values in ((start, (2, 3, 3)), (end, (4, 3, 5))):
        question = factories.FeedbackQuestionFactory(form=form, measure="comfort", label="How comfortable are you?")
        for login, value in zip(("amara", "jun", "carla"), values, strict=True):
            answers = {"values": {str(question.pk): value}, "written_at": long_ago, "due_on": long_ago.date()}
            factories.FeedbackFactory(form=form, membership=venus.places[login], **answers)
    hands = Hands(page)
    page.set_viewport_size(DESK)
    enter(page, live_server.url, venus.olga)

    # The text of a week becomes an announcement: seen as it is written, then for the morning of each.
    page.goto(live_server.url + reverse("admin:cohorts_session_announcements", args=[venus.session.pk]))
    subject = page.get_by_label("Subject")
    hands.follow(page.get_by_role("link", name="Week 5: Reviews"), subject)
    expect(subject).to_have_value("Week 5: Reviews")
    reach(page, subject)
    page.keyboard.press("End")
    page.keyboard.insert_text(" and rest")
    expect(page.locator("#mail-preview")).to_contain_text("Week 5: Reviews and rest")
    expect(subject).to_be_focused()
    look(page)
    hands.follow(page.get_by_role("button", name="Save and see who gets it"), page.get_by_text("4 people get it by mail."))
    look(page)
    assert Announcement.objects.get().state == "draft"
    hands.follow(page.get_by_role("button", name="Schedule it"), page.get_by_role("button", name="Cancel it"))
    announced = Announcement.objects.get()
    assert (announced.subject, announced.state) == ("Week 5: Reviews and rest", "scheduled")

    # What people say.
    page.goto(live_server.url + reverse("cohort", args=[venus.cohort.pk]))
    feedback = page.get_by_role("navigation", name="Pages of cohort Venus").get_by_role("link", name="Feedback")
    hands.follow(feedback, page.get_by_text("2 say more than at the start"))
    look(page)

    # Somebody else leads from now on.
    page.goto(live_server.url + reverse("cohort", args=[venus.cohort.pk]))
    hands.follow(page.get_by_role("link", name="Change who leads"), "Who leads cohort Venus")
    look(page)
    hands.choose(page.get_by_label("Who hands over?"), "Rosa")
    hands.write(page.get_by_label("Email address of who takes over"), "nils@example.org")
    told = page.get_by_text("Nils Berg leads Venus now, instead of Rosa Lindqvist.")
    hands.follow(page.get_by_role("button", name="Hand over"), told)
    expect(page.locator(".hand-over")).to_contain_text("Nils Berg is a navigator of this cohort, after Rosa Lindqvist.")
    assert Membership.objects.get(user=venus.nils).role == "navigator"
    enter(page, live_server.url, venus.nils)
    page.goto(live_server.url + reverse("cohort", args=[venus.cohort.pk]))
    expect(page.get_by_role("heading", name="Who could use you")).to_be_visible()
